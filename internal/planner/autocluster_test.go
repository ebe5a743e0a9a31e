package planner_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strings"
	"sync/atomic"
	"testing"

	"igny8/internal/ai"
	"igny8/internal/ai/aitest"
	"igny8/internal/credit"
	"igny8/internal/fault"
	"igny8/internal/job"
	"igny8/internal/planner"
	"igny8/internal/site"
)

func TestAutoCluster(t *testing.T) {
	t.Parallel()
	briefs := make(chan ai.ClusterBrief, 9)
	h := newHouse(t, aitest.Script{Cluster: func(ctx context.Context, in ai.ClusterBrief) ([]ai.Group, error) {
		briefs <- in
		return firstWord(ctx, in)
	}}, unlimited)
	if _, err := h.tryAdd(planner.NewKeyword{Site: h.site, Phrase: "honey cake", Volume: new(int64(90)), Intent: "commercial"}); err != nil {
		t.Fatal(err)
	}
	h.add("honey:10", "bee hotel")
	o := h.cluster()
	if j := h.job(o.Job); o.Quote != 1 || j.Total != 3 || j.Quote == nil || *j.Quote != 1 {
		t.Errorf("ordered %+v, %+v, want 3 keywords for 1 credit", o, j)
	}
	h.want(999, 1)
	h.start(h.q)
	if got := result[planner.Clustered](h, o.Job); got != (planner.Clustered{Clusters: 2, Keywords: 3}) {
		t.Errorf("clustered %+v, want 3 keywords in 2", got)
	}
	h.want(999, 0)
	h.wantClusters("bee: bee hotel", "honey: honey, honey cake")
	honey := h.clusters(planner.ClusterFilter{})[0]
	want := planner.Cluster{
		ID: honey.ID, Site: h.site, Name: "honey", Pillar: "honey cake", Intent: "commercial", Size: 2, Volume: 100, Cohesion: 500, Created: honey.Created,
	}
	if honey != want || honey.Created.IsZero() {
		t.Errorf("the largest is %+v, want %+v", honey, want)
	}
	in := receive(t, briefs)
	if in.Language != "de" || fmt.Sprint(in.Phrases) != "[{honey cake 90 commercial [] []} {honey 10  [] []} {bee hotel 0  [] []}]" {
		t.Errorf("the model was told %+v", in)
	}
}

// TestClusteringChargesWhatItClusters reserves for what is there when it is
// ordered, and pays for what is left of it when it runs.
func TestClusteringChargesWhatItClusters(t *testing.T) {
	t.Parallel()
	h := newHouse(t, aitest.Script{Cluster: firstWord}, unlimited)
	var ids []planner.KeywordID
	for n := range 150 {
		ids = append(ids, h.add(fmt.Sprint("bee ", n))[0].ID)
	}
	some := h.cluster(ids[:100]...)
	all, again := h.cluster(), h.cluster()
	if some.Quote != 1 || all.Quote != 2 || again.Quote != 2 {
		t.Errorf("quotes %d, %d and %d, want 1, 2 and 2", some.Quote, all.Quote, again.Quote)
	}
	h.want(995, 5)
	h.start(h.q)
	if got := result[planner.Clustered](h, all.Job); got.Keywords != 50 {
		t.Errorf("clustered %+v, want the other 50", got)
	}
	h.fails(again.Job, "planner.nothing_to_cluster")
	h.want(998, 0)
}

// TestWhichKeywords are meant: those named, those in no cluster, or all.
func TestWhichKeywords(t *testing.T) {
	t.Parallel()
	briefs := make(chan string, 9)
	h := newHouse(t, aitest.Script{Cluster: func(ctx context.Context, in ai.ClusterBrief) ([]ai.Group, error) {
		var phrases []string
		for _, ph := range in.Phrases {
			phrases = append(phrases, ph.Text)
		}
		briefs <- strings.Join(phrases, " ")
		return firstWord(ctx, in)
	}}, unlimited)
	h.start(h.q)
	ks := h.add("one", "two", "three")
	wasps := h.beside("wasps.example")
	wasps.add("sting")
	for _, tt := range []struct {
		name  string
		site  site.ID
		ks    []planner.KeywordID
		total int64
		want  string
	}{
		{"named", h.site, []planner.KeywordID{ks[1].ID}, 1, "two"},
		{"in no cluster", h.site, nil, 2, "one three"},
		{"all", h.site, nil, 3, "one two three"},
		{"named twice, and in a cluster", h.site, []planner.KeywordID{ks[2].ID, ks[0].ID, ks[2].ID}, 2, "one three"},
		{"of another site", wasps.site, nil, 1, "sting"},
	} {
		o, err := h.tryCluster(tt.site, tt.ks...)
		if err != nil {
			t.Fatalf("%s: %v", tt.name, err)
		}
		h.await(o.Job, job.Succeeded)
		if got := receive(t, briefs); got != tt.want || h.job(o.Job).Total != tt.total {
			t.Errorf("%s: %s of %d, want %s of %d", tt.name, got, h.job(o.Job).Total, tt.want, tt.total)
		}
	}
}

// TestClusteringThatCannotBe changes nothing.
func TestClusteringThatCannotBe(t *testing.T) {
	t.Parallel()
	h := newHouse(t, aitest.Script{}, unlimited)
	empty := h.newSite("empty.example")
	mine := h.add("honey")[0].ID
	elsewhere := h.beside("wasps.example").add("sting")[0].ID
	noSite, _ := site.ParseID("site_00000000000000000000000000")
	noKeyword, _ := planner.ParseKeywordID("kw_00000000000000000000000000")
	for _, tt := range []struct {
		name string
		site site.ID
		ks   []planner.KeywordID
		want error
	}{
		{"no such site", noSite, nil, site.ErrNotFound},
		{"no such keyword", h.site, []planner.KeywordID{noKeyword}, planner.ErrKeywordNotFound},
		{"one that is there, and one that is not", h.site, []planner.KeywordID{mine, noKeyword}, planner.ErrKeywordNotFound},
		{"one twice, and one that is not there", h.site, []planner.KeywordID{mine, noKeyword, mine}, planner.ErrKeywordNotFound},
		{"one of another site", h.site, []planner.KeywordID{mine, elsewhere}, planner.ErrKeywordNotFound},
		{"a site without keywords", empty, nil, planner.ErrNothingToCluster},
	} {
		if o, err := h.tryCluster(tt.site, tt.ks...); !errors.Is(err, tt.want) || !o.Job.IsZero() {
			t.Errorf("%s: %+v, %v, want %v", tt.name, o, err, tt.want)
		}
	}
	h.want(1000, 0)
	h.promise(1000, 0)
	_, err := h.tryCluster(h.site)
	if f := fault.Of(err); !errors.Is(err, credit.ErrInsufficient) || f.Extra["needed"] != credit.Credits(1) || f.Extra["available"] != credit.Credits(0) {
		t.Errorf("without credits: %v %v", err, f.Extra)
	}
	h.want(0, 1000)
	h.wantClusters()
}

// TestKeywordsThatCameAfterTheOrder wait for the next: the hold does not pay
// for them.
func TestKeywordsThatCameAfterTheOrder(t *testing.T) {
	t.Parallel()
	h := newHouse(t, aitest.Script{Cluster: firstWord}, unlimited)
	h.add("bee hotel", "bee")
	o := h.cluster()
	h.add("bee wax", "honey")
	h.start(h.q)
	if got := result[planner.Clustered](h, o.Job); got.Keywords != 2 {
		t.Errorf("clustered %+v, want the 2 that were ordered", got)
	}
	h.wantClusters("bee: bee, bee hotel")

	h.await(h.cluster().Job, job.Succeeded)
	h.wantClusters("bee: bee, bee hotel", "bee: bee wax", "honey: honey")
	h.want(998, 0)
}

// TestAnswerThatCannotBeUsed buys nothing, and is not asked for again.
func TestAnswerThatCannotBeUsed(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name   string
		groups []ai.Group
	}{
		{"a member twice", []ai.Group{{Name: "a", Members: []int{0, 1, 0}}}},
		{"a member of two groups", []ai.Group{{Name: "a", Members: []int{0}}, {Name: "b", Members: []int{1, 0}}}},
		{"a member that is none", []ai.Group{{Name: "a", Members: []int{0}}, {Name: "b", Members: []int{3}}}},
		{"a member before the first", []ai.Group{{Name: "a", Members: []int{-1}}}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var calls atomic.Int64
			h := newHouse(t, aitest.Script{Cluster: func(context.Context, ai.ClusterBrief) ([]ai.Group, error) {
				calls.Add(1)
				return tt.groups, nil
			}}, unlimited)
			h.add("one", "two", "three")
			h.start(h.q)
			h.fails(h.cluster().Job, "ai.unusable")
			if calls.Load() != 1 {
				t.Errorf("the model was asked %d times", calls.Load())
			}
			h.want(1000, 0)
			h.wantClusters()
			if all := h.keywords(planner.KeywordFilter{Unclustered: true}); len(all) != 3 {
				t.Errorf("%d keywords are in no cluster, want all 3", len(all))
			}
		})
	}
}

// TestAnswerThatIsOdd is used as far as it goes.
func TestAnswerThatIsOdd(t *testing.T) {
	t.Parallel()
	h := newHouse(t, aitest.Script{Cluster: func(context.Context, ai.ClusterBrief) ([]ai.Group, error) {
		return []ai.Group{
			{Name: "nobody"},
			{Members: []int{2, 1}, Pillar: 0, Cohesion: 1.0001},
			{Name: "b", Members: []int{3}, Pillar: math.MaxInt, Cohesion: -0.1},
		}, nil
	}}, unlimited)
	h.add("one", "two", "three", "four")
	h.start(h.q)
	if got := result[planner.Clustered](h, h.cluster().Job); got != (planner.Clustered{Clusters: 2, Keywords: 3}) {
		t.Errorf("clustered %+v, want 3 keywords in 2", got)
	}
	h.wantClusters("three: three, two", "b: four")
	all := h.clusters(planner.ClusterFilter{})
	if all[0].Pillar != "three" || all[0].Cohesion != 1000 || all[1].Pillar != "four" || all[1].Cohesion != 0 {
		t.Errorf("clusters %+v", all)
	}
	h.wantKeywords(planner.KeywordFilter{Unclustered: true}, "one")
}

// TestModelThatFailsToCluster costs nothing.
func TestModelThatFailsToCluster(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name  string
		fails error
		tries int64
		code  string
	}{
		{"refused", aitest.ErrRefused, 1, "ai.refused"},
		{"away", aitest.ErrUnavailable, 4, "ai.unavailable"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var tries atomic.Int64
			h := newHouse(t, aitest.Script{Cluster: func(ctx context.Context, in ai.ClusterBrief) ([]ai.Group, error) {
				tries.Add(1)
				groups, err := firstWord(ctx, in)
				return groups, errors.Join(err, tt.fails)
			}}, unlimited)
			h.add("one", "two")
			h.start(h.q)
			h.fails(h.cluster().Job, tt.code)
			if tries.Load() != tt.tries {
				t.Errorf("%d tries, want %d", tries.Load(), tt.tries)
			}
			h.want(1000, 0)
			h.wantClusters()
		})
	}
}
