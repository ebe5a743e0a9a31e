package planner_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"igny8/internal/ai/aitest"
	"igny8/internal/job"
	"igny8/internal/planner"
	"igny8/internal/site"
	"igny8/internal/tenant"
)

// TestAnotherAccountGetsNothing asks for everything of account A as B.
func TestAnotherAccountGetsNothing(t *testing.T) {
	t.Parallel()
	a, _ := newLibrary(t)
	b := a.neighbour()
	k, c, i := a.keywords(planner.KeywordFilter{})[0], a.clusters(planner.ClusterFilter{})[0], a.ideas(planner.IdeaFilter{})[0]
	mine := b.add("honey")[0]
	for _, tt := range []struct {
		name string
		do   func(context.Context, *tenant.Tx) error
		want error
	}{
		{"read a cluster", func(ctx context.Context, tx *tenant.Tx) error {
			_, err := planner.LoadCluster(ctx, tx, c.ID)
			return err
		}, planner.ErrClusterNotFound},
		{"read an idea", func(ctx context.Context, tx *tenant.Tx) error { _, err := planner.LoadIdea(ctx, tx, i.ID); return err }, planner.ErrIdeaNotFound},
		{"add to a site", func(ctx context.Context, tx *tenant.Tx) error {
			_, err := b.p.Add(ctx, tx, []planner.NewKeyword{{Site: a.site, Phrase: "stolen"}})
			return err
		}, site.ErrNotFound},
		{"add to a sector", func(ctx context.Context, tx *tenant.Tx) error {
			_, err := b.p.Add(ctx, tx, []planner.NewKeyword{{Site: b.site, Sector: k.Sector, Phrase: "stolen"}})
			return err
		}, site.ErrSectorNotFound},
		{"import into a site", func(ctx context.Context, tx *tenant.Tx) error {
			_, err := b.p.Import(ctx, tx, planner.Upload{Site: a.site, Body: []byte("stolen\n")})
			return err
		}, site.ErrNotFound},
		{"import into a sector", func(ctx context.Context, tx *tenant.Tx) error {
			_, err := b.p.Import(ctx, tx, planner.Upload{Site: b.site, Sector: k.Sector, Body: []byte("stolen\n")})
			return err
		}, site.ErrSectorNotFound},
		{"cluster a site", func(ctx context.Context, tx *tenant.Tx) error {
			_, err := b.p.AutoCluster(ctx, tx, a.site, nil)
			return err
		}, site.ErrNotFound},
		{"cluster a keyword", func(ctx context.Context, tx *tenant.Tx) error {
			_, err := b.p.AutoCluster(ctx, tx, b.site, []planner.KeywordID{mine.ID, k.ID})
			return err
		}, planner.ErrKeywordNotFound},
		{"find ideas for a cluster", func(ctx context.Context, tx *tenant.Tx) error {
			_, err := b.p.GenerateIdeas(ctx, tx, []planner.ClusterID{c.ID}, 1)
			return err
		}, planner.ErrClusterNotFound},
	} {
		if err := b.update(tt.do); !errors.Is(err, tt.want) {
			t.Errorf("%s: %v, want %v", tt.name, err, tt.want)
		}
	}
	for _, f := range []planner.KeywordFilter{{Site: a.site}, {Cluster: c.ID}} {
		if all := b.keywords(f); len(all) != 0 {
			t.Errorf("keywords of %+v: %+v", f, all)
		}
	}
	b.wantKeywords(planner.KeywordFilter{}, "honey")
	for _, f := range []planner.ClusterFilter{{}, {Site: a.site}, {Site: b.site}} {
		if all := b.clusters(f); len(all) != 0 {
			t.Errorf("clusters of %+v: %+v", f, all)
		}
	}
	for _, f := range []planner.IdeaFilter{{}, {Site: a.site}, {Site: b.site}, {Cluster: c.ID}} {
		if all := b.ideas(f); len(all) != 0 {
			t.Errorf("ideas of %+v: %+v", f, all)
		}
	}
	b.want(1000, 0)
}

// TestTwoAccountsDoTheSame side by side: what one has neither is a duplicate
// of, nor counts against, nor moves with, what the other has.
func TestTwoAccountsDoTheSame(t *testing.T) {
	t.Parallel()
	const file = "keyword,volume\nhoney,90\nhoney cake,\nbee,5\n"
	a := newHouse(t, aitest.Script{}, upTo(3))
	b := a.neighbour()
	a.start(a.q)
	for _, h := range []*house{a, b} {
		if got := h.imported(file); got.Imported != 3 {
			t.Errorf("imported %+v, want 3", got)
		}
		h.clusterBy(firstWord)
		h.await(h.order(1, h.named("honey", "bee")...).Job, job.Succeeded)
	}
	before := sights(a)
	b.imported("keyword,volume\nhoney cake,10\n")
	b.clusterBy(together("all"))
	b.wantClusters("all: bee, honey, honey cake", "bee: ", "honey: ")
	b.wantIdeas("All about honey", "All about bee")
	b.want(988, 0)
	if after := sights(a); after != before {
		t.Errorf("what B did changed A from\n%s\nto\n%s", before, after)
	}
	a.wantClusters("honey: honey, honey cake", "bee: bee")
	a.want(989, 0)
}

// sights is all that an account can see of its planner.
func sights(h *house) string {
	h.t.Helper()
	s := fmt.Sprintf("%+v\n%+v\n", h.clusters(planner.ClusterFilter{}), h.ideas(planner.IdeaFilter{}))
	for _, k := range h.keywords(planner.KeywordFilter{}) {
		s += fmt.Sprintf("%s %s %s\n", k.ID, k.Cluster, shown(k))
	}
	return s
}
