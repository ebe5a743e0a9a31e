package planner_test

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"igny8/internal/ai/aitest"
	"igny8/internal/job"
	"igny8/internal/planner"
	"igny8/internal/tenant"
)

// newLibrary has two sites with keywords, clusters and ideas. Its clusters are
// "bee" and "honey" of two keywords, "wax" of one; "sting" is on the other
// site, and "pollen" in no cluster.
func newLibrary(t *testing.T) (h, wasps *house) {
	t.Helper()
	h = newHouse(t, aitest.Script{}, unlimited)
	wasps = h.beside("wasps.example")
	h.add("wax", "bee hotel", "honey", "bee", "honey cake")
	h.clusterBy(firstWord)
	h.add("pollen")
	wasps.add("sting")
	wasps.clusterBy(firstWord)
	h.start(h.q)
	h.await(h.order(2, h.named("honey", "bee", "sting")...).Job, job.Succeeded)
	return h, wasps
}

func TestKeywords(t *testing.T) {
	t.Parallel()
	h, wasps := newLibrary(t)
	all := h.keywords(planner.KeywordFilter{})
	honey := h.named("honey")[0]
	for _, tt := range []struct {
		name string
		f    planner.KeywordFilter
		want string
	}{
		{"all", planner.KeywordFilter{}, "wax|bee hotel|honey|bee|honey cake|pollen|sting"},
		{"of a site", planner.KeywordFilter{Site: h.site}, "wax|bee hotel|honey|bee|honey cake|pollen"},
		{"of the other", planner.KeywordFilter{Site: wasps.site}, "sting"},
		{"of a cluster", planner.KeywordFilter{Cluster: honey}, "honey|honey cake"},
		{"of a cluster of another site", planner.KeywordFilter{Site: wasps.site, Cluster: honey}, ""},
		{"in no cluster", planner.KeywordFilter{Unclustered: true}, "pollen"},
		{"in no cluster of the other", planner.KeywordFilter{Site: wasps.site, Unclustered: true}, ""},
		{"the first two", planner.KeywordFilter{Limit: 2}, "wax|bee hotel"},
		{"those after", planner.KeywordFilter{After: all[1].ID.String(), Limit: 2}, "honey|bee"},
		{"those after, of a cluster", planner.KeywordFilter{Site: h.site, Cluster: honey, After: all[2].ID.String(), Limit: 9}, "honey cake"},
		{"those after the last", planner.KeywordFilter{After: all[6].ID.String()}, ""},
	} {
		var got []string
		for _, k := range h.keywords(tt.f) {
			got = append(got, k.Phrase)
		}
		if strings.Join(got, "|") != tt.want {
			t.Errorf("%s: %q, want %s", tt.name, got, tt.want)
		}
	}
}

// TestClusters reads the list a part at a time: where two are as large as each
// other, each comes once.
func TestClusters(t *testing.T) {
	t.Parallel()
	h, wasps := newLibrary(t)
	all := h.clusters(planner.ClusterFilter{})
	var sizes []int64
	for _, c := range all {
		sizes = append(sizes, c.Size)
	}
	if fmt.Sprint(sizes) != "[2 2 1 1]" {
		t.Errorf("sizes %v, want the largest first", sizes)
	}
	for limit := 1; limit <= 4; limit++ {
		var got []planner.Cluster
		for f := (planner.ClusterFilter{Limit: limit}); ; f.After = got[len(got)-1].Cursor() {
			part := h.clusters(f)
			if len(part) == 0 {
				break
			}
			if got = append(got, part...); len(part) > limit || len(got) > len(all) {
				t.Fatalf("%d at a time: %+v", limit, got)
			}
		}
		if !slices.Equal(got, all) {
			t.Errorf("%d at a time: %+v, want %+v", limit, got, all)
		}
	}
	if got := h.clusters(planner.ClusterFilter{Site: wasps.site}); len(got) != 1 || got[0].Name != "sting" {
		t.Errorf("of the other site: %+v", got)
	}
	if got := h.clusters(planner.ClusterFilter{Site: h.site, After: all[0].Cursor(), Limit: 2}); len(got) != 2 || got[0] != all[1] || got[1].Name != "wax" {
		t.Errorf("of a site, after the first: %+v", got)
	}
	h.view(func(ctx context.Context, v *tenant.View) error {
		c, err := planner.LoadCluster(ctx, v, all[3].ID)
		if c != all[3] {
			t.Errorf("loaded %+v, listed %+v", c, all[3])
		}
		return err
	})
}

func TestCursorThatIsNone(t *testing.T) {
	t.Parallel()
	h := newHouse(t, aitest.Script{}, unlimited)
	const last = "clu_00000000000000000000000000"
	for _, text := range []string{"", "2", "2 ", last, "two " + last, "2 kw_00000000000000000000000000", "2 " + last + "'", "99999999999999999999 " + last} {
		after := base64.RawURLEncoding.EncodeToString([]byte(text))
		if text == "" {
			after = "***"
		}
		h.view(func(ctx context.Context, v *tenant.View) error {
			if all, err := planner.Clusters(ctx, v, planner.ClusterFilter{After: after}); !errors.Is(err, planner.ErrInvalidCursor) {
				t.Errorf("after %q: %+v, %v, want %v", text, all, err, planner.ErrInvalidCursor)
			}
			return nil
		})
	}
}

func TestIdeas(t *testing.T) {
	t.Parallel()
	h, wasps := newLibrary(t)
	all := h.ideas(planner.IdeaFilter{})
	bee := h.named("bee")[0]
	for _, tt := range []struct {
		name string
		f    planner.IdeaFilter
		want string
	}{
		{"all", planner.IdeaFilter{}, "honey|honey, again|bee|bee, again|sting|sting, again"},
		{"of a site", planner.IdeaFilter{Site: h.site}, "honey|honey, again|bee|bee, again"},
		{"of the other", planner.IdeaFilter{Site: wasps.site}, "sting|sting, again"},
		{"of a cluster", planner.IdeaFilter{Cluster: bee}, "bee|bee, again"},
		{"of a cluster of another site", planner.IdeaFilter{Site: wasps.site, Cluster: bee}, ""},
		{"the first", planner.IdeaFilter{Limit: 1}, "honey"},
		{"those after", planner.IdeaFilter{After: all[0].ID.String(), Limit: 2}, "honey, again|bee"},
		{"those after, of a cluster", planner.IdeaFilter{Cluster: bee, After: all[2].ID.String(), Limit: 2}, "bee, again"},
	} {
		var got []string
		for _, i := range h.ideas(tt.f) {
			got = append(got, strings.TrimPrefix(i.Title, "All about "))
		}
		if strings.Join(got, "|") != tt.want {
			t.Errorf("%s: %q, want %s", tt.name, got, tt.want)
		}
	}
}
