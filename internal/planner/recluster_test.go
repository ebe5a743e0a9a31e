package planner_test

import (
	"errors"
	"testing"

	"igny8/internal/ai/aitest"
	"igny8/internal/job"
	"igny8/internal/planner"
)

// TestReclusteringMovesKeywords leaves the others where they are, and counts
// what they were taken from anew.
func TestReclusteringMovesKeywords(t *testing.T) {
	t.Parallel()
	h := newHouse(t, aitest.Script{}, unlimited)
	ks := h.add("honey:90", "honey cake:10", "bee:5", "bee wax:3")
	h.clusterBy(firstWord)
	h.wantClusters("honey: honey, honey cake", "bee: bee, bee wax")

	h.clusterBy(together("kitchen"), ks[1].ID, ks[3].ID)
	h.wantClusters("honey: honey", "bee: bee", "kitchen: bee wax, honey cake")
	h.clusterBy(together("all"))
	h.wantClusters("all: bee, bee wax, honey, honey cake")
	h.want(997, 0)
}

// TestReclusteringKeepsWhatHasIdeas drops the clusters that are left empty,
// other than those that have ideas: these can be read still, and not be worked
// with.
func TestReclusteringKeepsWhatHasIdeas(t *testing.T) {
	t.Parallel()
	h := newHouse(t, aitest.Script{}, unlimited)
	h.add("honey:90", "honey cake:10", "bee:5")
	h.clusterBy(firstWord)
	honey, bee := h.named("honey")[0], h.named("bee")[0]
	h.start(h.q)
	h.await(h.order(1, honey).Job, job.Succeeded)
	h.clusterBy(together("all"))
	h.wantClusters("honey: ", "all: bee, honey, honey cake")

	var kept planner.Cluster
	for _, c := range h.clusters(planner.ClusterFilter{}) {
		if c.ID == honey {
			kept = c
		}
	}
	if kept.Size != 2 || kept.Volume != 100 {
		t.Errorf("the cluster that is kept has %d keywords with %d searches, want 2 with 100 as before", kept.Size, kept.Volume)
	}
	if all := h.ideas(planner.IdeaFilter{Cluster: honey}); len(all) != 1 {
		t.Errorf("its ideas are %+v", all)
	}
	for _, tt := range []struct {
		name string
		c    planner.ClusterID
		want error
	}{{"with ideas", honey, planner.ErrClusterEmpty}, {"without", bee, planner.ErrClusterNotFound}} {
		if o, err := h.ideate(1, h.named("all")[0], tt.c); !errors.Is(err, tt.want) || !o.Job.IsZero() {
			t.Errorf("ideas for an emptied cluster %s: %+v, %v, want %v", tt.name, o, err, tt.want)
		}
	}
	h.want(993, 0)
}

// TestReclusteringOfOneSite leaves the other alone.
func TestReclusteringOfOneSite(t *testing.T) {
	t.Parallel()
	h := newHouse(t, aitest.Script{}, unlimited)
	h.add("honey", "bee")
	h.clusterBy(firstWord)
	wasps := h.beside("wasps.example")
	wasps.add("sting", "nest")
	wasps.clusterBy(firstWord)
	h.wantClusters("honey: honey", "bee: bee", "sting: sting", "nest: nest")
	wasps.clusterBy(together("wasps"))
	h.wantClusters("honey: honey", "bee: bee", "wasps: nest, sting")
}
