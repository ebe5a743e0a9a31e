package planner_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"pgregory.net/rapid"

	"igny8/internal/ai/aitest"
	"igny8/internal/db/dbtest"
	"igny8/internal/job"
	"igny8/internal/planner"
	"igny8/internal/tenant"
)

// edit does one change by hand.
func (h *house) edit(do func(context.Context, *tenant.Tx) (planner.Cluster, error)) (c planner.Cluster, err error) {
	err = h.update(func(ctx context.Context, tx *tenant.Tx) (err error) {
		c, err = do(ctx, tx)
		return err
	})
	return c, err
}

func (h *house) mustEdit(do func(context.Context, *tenant.Tx) (planner.Cluster, error)) planner.Cluster {
	h.t.Helper()
	c, err := h.edit(do)
	if err != nil {
		h.t.Fatal(err)
	}
	return c
}

func (h *house) rename(cid planner.ClusterID, name string) planner.Cluster {
	h.t.Helper()
	return h.mustEdit(func(ctx context.Context, tx *tenant.Tx) (planner.Cluster, error) {
		return planner.ChangeCluster(ctx, tx, cid, planner.ClusterChange{Name: &name})
	})
}

// TestEditedClustersAreKept clusters again after each kind of edit, all and by
// name: what a person did stays.
func TestEditedClustersAreKept(t *testing.T) {
	t.Parallel()
	h := newHouse(t, aitest.Script{}, unlimited)
	ks := h.add("honey:90", "honey cake:10", "bee:5", "bee wax:3", "wasp:2", "wasp nest:1", "ant:7")
	h.clusterBy(firstWord)
	honey, bee, wasp := h.named("honey")[0], h.named("bee")[0], h.named("wasp")[0]

	if c := h.rename(honey, "  Sweet   things "); c.Name != "Sweet things" || !c.Locked {
		t.Errorf("renamed: %+v", c)
	}
	moved := h.mustEdit(func(ctx context.Context, tx *tenant.Tx) (planner.Cluster, error) {
		return planner.MoveKeywords(ctx, tx, bee, []planner.KeywordID{ks[1].ID})
	})
	if moved.Size != 3 || moved.Volume != 18 || !moved.Locked {
		t.Errorf("moved into: %+v", moved)
	}
	h.clusterBy(together("all"), ks[0].ID, ks[1].ID, ks[4].ID)
	h.wantClusters("Sweet things: honey", "bee: bee, bee wax, honey cake", "wasp: wasp nest", "ant: ant", "all: wasp")
	h.clusterBy(together("rest"))
	h.wantClusters("Sweet things: honey", "bee: bee, bee wax, honey cake", "rest: ant, wasp, wasp nest")

	if _, err := h.tryCluster(h.site, ks[0].ID); !errors.Is(err, planner.ErrNothingToCluster) {
		t.Errorf("clustering what a person has placed: %v", err)
	}
	open := false
	h.mustEdit(func(ctx context.Context, tx *tenant.Tx) (planner.Cluster, error) {
		return planner.ChangeCluster(ctx, tx, honey, planner.ClusterChange{Locked: &open})
	})
	h.clusterBy(together("opened"))
	h.wantClusters("bee: bee, bee wax, honey cake", "opened: ant, honey, wasp, wasp nest")
	if _, err := h.edit(func(ctx context.Context, tx *tenant.Tx) (planner.Cluster, error) {
		return planner.MoveKeywords(ctx, tx, wasp, []planner.KeywordID{ks[0].ID})
	}); !errors.Is(err, planner.ErrClusterNotFound) {
		t.Errorf("moving into a cluster that is gone: %v", err)
	}
}

// TestSplitMergeDelete is what else a person does, with the ideas that hang on
// clusters.
func TestSplitMergeDelete(t *testing.T) {
	t.Parallel()
	h := newHouse(t, aitest.Script{}, unlimited)
	ks := h.add("honey:90", "honey cake:10", "honey jar:4", "bee:5")
	h.clusterBy(firstWord)
	honey, bee := h.named("honey")[0], h.named("bee")[0]
	h.start(h.q)
	h.await(h.order(1, honey).Job, job.Succeeded)

	split := h.mustEdit(func(ctx context.Context, tx *tenant.Tx) (planner.Cluster, error) {
		return planner.SplitCluster(ctx, tx, honey, "", []planner.KeywordID{ks[0].ID})
	})
	if split.Size != 1 || split.Volume != 90 || split.Pillar != "honey" || !split.Locked {
		t.Errorf("split off: %+v", split)
	}
	for _, c := range h.clusters(planner.ClusterFilter{}) {
		if c.ID == honey && (c.Size != 2 || c.Volume != 14 || c.Pillar != "honey cake") {
			t.Errorf("what was split: %+v", c)
		}
	}
	for _, tt := range []struct {
		name string
		want error
		do   func(context.Context, *tenant.Tx) (planner.Cluster, error)
	}{
		{"split off all", planner.ErrClusterSplit, func(ctx context.Context, tx *tenant.Tx) (planner.Cluster, error) {
			return planner.SplitCluster(ctx, tx, bee, "x", []planner.KeywordID{ks[3].ID})
		}},
		{"split off another's", planner.ErrKeywordNotFound, func(ctx context.Context, tx *tenant.Tx) (planner.Cluster, error) {
			return planner.SplitCluster(ctx, tx, honey, "x", []planner.KeywordID{ks[3].ID})
		}},
		{"merge into itself", planner.ErrClusterMerge, func(ctx context.Context, tx *tenant.Tx) (planner.Cluster, error) {
			return planner.MergeClusters(ctx, tx, bee, []planner.ClusterID{bee})
		}},
		{"delete under ideas", planner.ErrClusterHasIdeas, func(ctx context.Context, tx *tenant.Tx) (planner.Cluster, error) {
			return planner.Cluster{}, planner.DeleteCluster(ctx, tx, honey)
		}},
	} {
		if _, err := h.edit(tt.do); !errors.Is(err, tt.want) {
			t.Errorf("%s: %v, want %v", tt.name, err, tt.want)
		}
	}
	merged := h.mustEdit(func(ctx context.Context, tx *tenant.Tx) (planner.Cluster, error) {
		return planner.MergeClusters(ctx, tx, bee, []planner.ClusterID{honey})
	})
	if merged.Size != 3 || merged.Volume != 19 || !merged.Locked {
		t.Errorf("merged: %+v", merged)
	}
	if all := h.ideas(planner.IdeaFilter{Cluster: bee}); len(all) != 1 {
		t.Errorf("ideas after the merge: %+v", all)
	}
	h.must(func(ctx context.Context, tx *tenant.Tx) error { return planner.DeleteCluster(ctx, tx, split.ID) })
	h.wantClusters("bee: bee, honey cake, honey jar")
	if free := h.keywords(planner.KeywordFilter{Unclustered: true}); len(free) != 1 || free[0].Phrase != "honey" {
		t.Errorf("in no cluster: %+v", free)
	}
}

// TestNoClusteringUndoesAnEdit does edits and clusterings in any order. A
// keyword that a person has placed is where it was put, and the sizes and
// volumes of the clusters are those of their keywords.
//
// The long form: go test ./internal/planner -run Undoes -rapid.checks=1000
func TestNoClusteringUndoesAnEdit(t *testing.T) {
	dbtest.Tries(t, 60, 20)
	t.Parallel()
	whole := newHouse(t, aitest.Script{}, unlimited)
	whole.grant(100_000)
	sites := 0
	rapid.Check(t, func(rt *rapid.T) {
		sites++
		h := whole.beside(fmt.Sprintf("s%d.example", sites))
		ks := h.add("a x:1", "a y:2", "b x:3", "b y:4", "c x:5")
		placed := map[planner.KeywordID]planner.ClusterID{}
		h.clusterBy(firstWord)
		for range rapid.IntRange(1, 4).Draw(rt, "steps") {
			cs := h.clusters(planner.ClusterFilter{Site: h.site})
			c := rapid.SampledFrom(cs).Draw(rt, "cluster").ID
			step := rapid.SampledFrom([]string{"move", "lock", "merge", "cluster", "cluster", "grow"}).Draw(rt, "step")
			switch step {
			case "move":
				k := rapid.SampledFrom(ks).Draw(rt, "keyword").ID
				h.mustEdit(func(ctx context.Context, tx *tenant.Tx) (planner.Cluster, error) {
					return planner.MoveKeywords(ctx, tx, c, []planner.KeywordID{k})
				})
			case "lock":
				h.rename(c, "mine")
			case "merge":
				if other := rapid.SampledFrom(cs).Draw(rt, "other").ID; other != c {
					h.mustEdit(func(ctx context.Context, tx *tenant.Tx) (planner.Cluster, error) {
						return planner.MergeClusters(ctx, tx, c, []planner.ClusterID{other})
					})
				}
			case "grow":
				ks = append(ks, h.add(fmt.Sprintf("%s n%d:6", rapid.SampledFrom([]string{"a", "b", "d"}).Draw(rt, "word"), len(ks)))...)
				h.clusterBy(joining)
			case "cluster":
				if len(placed) < len(ks) {
					h.clusterBy(rapid.SampledFrom([]clusterRule{firstWord, together("all")}).Draw(rt, "rule"))
				}
			}
			if step == "cluster" || step == "grow" {
				for k, c := range placed {
					if now := h.clusterOf(k); now != c {
						rt.Fatalf("keyword %s was put into %s, and is in %s", k, c, now)
					}
				}
			}
			placed = h.addsUp(rt)
		}
	})
}

func (h *house) clusterOf(k planner.KeywordID) (c planner.ClusterID) {
	for _, kw := range h.keywords(planner.KeywordFilter{Site: h.site}) {
		if kw.ID == k {
			return kw.Cluster
		}
	}
	return c
}

// addsUp compares the clusters of the site with their keywords, and returns
// where those are that are in locked ones.
func (h *house) addsUp(rt *rapid.T) map[planner.KeywordID]planner.ClusterID {
	size, volume, locked := map[planner.ClusterID]int64{}, map[planner.ClusterID]int64{}, map[planner.ClusterID]bool{}
	cs := h.clusters(planner.ClusterFilter{Site: h.site})
	for _, c := range cs {
		locked[c.ID] = c.Locked
	}
	placed := map[planner.KeywordID]planner.ClusterID{}
	for _, k := range h.keywords(planner.KeywordFilter{Site: h.site}) {
		size[k.Cluster]++
		volume[k.Cluster] += *k.Volume
		if locked[k.Cluster] {
			placed[k.ID] = k.Cluster
		}
	}
	for _, c := range cs {
		if c.Size != size[c.ID] || c.Volume != volume[c.ID] {
			rt.Fatalf("cluster %s says %d with %d searches; it has %d with %d", c.Name, c.Size, c.Volume, size[c.ID], volume[c.ID])
		}
	}
	return placed
}
