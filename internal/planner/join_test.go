package planner_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"igny8/internal/ai"
	"igny8/internal/ai/aitest"
	"igny8/internal/planner"
	"igny8/internal/tenant"
)

// joining puts a keyword to the cluster of which a keyword has the same first
// word, and the others together by theirs.
func joining(ctx context.Context, in ai.ClusterBrief) ([]ai.Group, error) {
	groups, err := firstWord(ctx, in)
	for i := range groups {
		groups[i].Into = 1 + slices.IndexFunc(in.There, func(c ai.Together) bool {
			return slices.ContainsFunc(c.Phrases, func(p ai.Phrase) bool {
				return p.Text == groups[i].Name || strings.HasPrefix(p.Text, groups[i].Name+" ")
			})
		})
	}
	return groups, err
}

// TestNewKeywordsJoin the clusters that there are, also those that a person has
// named; what is there stays, and only what is new is paid for.
func TestNewKeywordsJoin(t *testing.T) {
	t.Parallel()
	h := newHouse(t, aitest.Script{}, unlimited)
	h.add("honey:90", "honey cake:10", "bee:5")
	h.clusterBy(firstWord)
	h.rename(h.named("honey")[0], "All of honey")
	h.add("honey wax:7", "bee bread:3", "bee dance", "tea:1")
	before := h.balance()
	if got := h.clusterBy(joining); got != (planner.Clustered{Clusters: 1, Keywords: 4, Joined: 3}) {
		t.Errorf("clustered %+v, want 4 keywords of which 3 joined", got)
	}
	if spent := before - h.balance(); spent != 1 {
		t.Errorf("%d credits were spent, want 1 for 4 keywords", spent)
	}
	h.wantClusters("All of honey: honey, honey cake, honey wax", "bee: bee, bee bread, bee dance", "tea: tea")
	for _, c := range h.clusters(planner.ClusterFilter{}) {
		if c.Locked != (c.Name == "All of honey") {
			t.Errorf("%s is locked: %v", c.Name, c.Locked)
		}
	}
}

// TestJoinWhatHasGone makes a cluster of their own of the keywords for which the
// cluster is not there any more.
func TestJoinWhatHasGone(t *testing.T) {
	t.Parallel()
	h := newHouse(t, aitest.Script{}, unlimited)
	h.add("honey:90", "bee:5")
	h.clusterBy(firstWord)
	honey := h.named("honey")[0]
	h.add("honey wax:7", "honey tea:8", "bee bread:3")
	got := h.clusterBy(func(ctx context.Context, in ai.ClusterBrief) ([]ai.Group, error) {
		h.must(func(ctx context.Context, tx *tenant.Tx) error { return planner.DeleteCluster(ctx, tx, honey) })
		return joining(ctx, in)
	})
	if got != (planner.Clustered{Clusters: 1, Keywords: 3, Joined: 1}) {
		t.Errorf("clustered %+v", got)
	}
	h.wantClusters("honey wax: honey tea, honey wax", "bee: bee, bee bread")
}

// TestResultsAreTold of keywords whose file knew them.
func TestResultsAreTold(t *testing.T) {
	t.Parallel()
	briefs := make(chan ai.ClusterBrief, 9)
	h := newHouse(t, aitest.Script{}, unlimited)
	h.start(h.q)
	var urls []string
	for i := range 12 {
		urls = append(urls, fmt.Sprintf("https://example.com/%d", i))
	}
	h.imported("Keyword,SERP URLs\nhoney,\"" + strings.Join(urls, "\n") + "\"\nbee,\n")
	h.clusterBy(func(ctx context.Context, in ai.ClusterBrief) ([]ai.Group, error) {
		briefs <- in
		return firstWord(ctx, in)
	})
	in := receive(t, briefs)
	i := slices.IndexFunc(in.Phrases, func(p ai.Phrase) bool { return p.Text == "honey" })
	if got := in.Phrases[i].Results; strings.Join(got, " ") != strings.Join(urls[:10], " ") || len(in.Phrases[1-i].Results) != 0 {
		t.Errorf("told %q and %q", got, in.Phrases[1-i].Results)
	}
}

// TestDescriptionsAreTrueAfterAMove: what a person makes of clusters has its own
// intent and cohesion.
func TestDescriptionsAreTrueAfterAMove(t *testing.T) {
	t.Parallel()
	h := newHouse(t, aitest.Script{}, unlimited)
	ks := h.add("buy honey", "buy raw honey", "buy honey online", "what is a bee", "how bees dance")
	h.clusterBy(together("all"))
	all := h.named("all")[0]
	bees := h.mustEdit(func(ctx context.Context, tx *tenant.Tx) (planner.Cluster, error) {
		return planner.SplitCluster(ctx, tx, all, "Bees", []planner.KeywordID{ks[3].ID, ks[4].ID})
	})
	var rest planner.Cluster
	h.view(func(ctx context.Context, v *tenant.View) (err error) {
		rest, err = planner.LoadCluster(ctx, v, all)
		return err
	})
	if bees.Intent != "informational" || rest.Intent != "transactional" {
		t.Errorf("bees are %q, honey is %q", bees.Intent, rest.Intent)
	}
	if bees.Cohesion >= rest.Cohesion || rest.Cohesion == 1000 {
		t.Errorf("bees hold together by %d, honey by %d", bees.Cohesion, rest.Cohesion)
	}
}
