package planner_test

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"igny8/internal/ai"
	"igny8/internal/ai/aitest"
	"igny8/internal/credit"
	"igny8/internal/job"
	"igny8/internal/planner"
)

// failing is a model that has ideas, and fails for the cluster bee before its
// call number until. It counts its calls.
func failing(calls *atomic.Int64, err error, until int64) aitest.Script {
	return aitest.Script{Ideas: func(ctx context.Context, in ai.IdeasBrief) ([]ai.Idea, error) {
		ideas, _ := aitest.Ideas(ctx, in)
		if calls.Add(1) < until && in.Cluster == "bee" {
			return ideas, err
		}
		return ideas, nil
	}}
}

// TestModelFailsForTheSecond keeps the ideas of the others, gives back what was
// not bought, and says for which cluster. A model that is away is asked for none
// of the rest.
func TestModelFailsForTheSecond(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name  string
		fails error
		calls int64
		code  string
	}{
		{"refused", aitest.ErrRefused, 3, "ai.refused"},
		{"away", aitest.ErrUnavailable, 5, "ai.unavailable"},
		{"breaks off", errors.New("unexpected EOF"), 5, "ai.unavailable"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var calls atomic.Int64
			h, cs := newHive(t, failing(&calls, tt.fails, 99), "honey", "bee", "wax")
			o := h.order(2, cs...)
			h.want(970, 30)
			h.start(h.q)
			if errors.Is(tt.fails, aitest.ErrRefused) { // each is asked for
				var got planner.Ideated
				j := h.await(o.Job, job.Succeeded)
				if err := json.Unmarshal(j.Result, &got); err != nil {
					t.Fatal(err)
				}
				if len(got.Ideas) != 4 || len(got.Failed) != 1 || got.Failed[0].Cluster != cs[1] || got.Failed[0].Code != tt.code {
					t.Errorf("result %s", j.Result)
				}
			} else {
				h.fails(o.Job, tt.code)
			}
			if calls.Load() != tt.calls {
				t.Errorf("the model was asked %d times, want %d", calls.Load(), tt.calls)
			}
			if errors.Is(tt.fails, aitest.ErrRefused) {
				h.wantIdeas("All about honey", "All about honey, again", "All about wax", "All about wax, again")
				h.want(980, 0)
			} else {
				h.wantIdeas("All about honey", "All about honey, again")
				h.want(990, 0)
			}
		})
	}
}

// TestModelFailsOnce is what trying again is for: the first is not bought
// twice, and all that was bought is told of.
func TestModelFailsOnce(t *testing.T) {
	t.Parallel()
	var calls atomic.Int64
	h, cs := newHive(t, failing(&calls, aitest.ErrUnavailable, 3), "honey", "bee")
	o := h.order(1, cs...)
	h.start(h.q)
	h.wantResult(o.Job)
	if calls.Load() != 3 {
		t.Errorf("the model was asked %d times, want 3", calls.Load())
	}
	h.wantIdeas("All about honey", "All about bee")
	h.want(990, 0)
}

// TestModelFailsOnceAfterNothingNew goes on behind a cluster that is paid for
// and has no idea to show for it.
func TestModelFailsOnceAfterNothingNew(t *testing.T) {
	t.Parallel()
	var calls atomic.Int64
	h, cs := newHive(t, failing(&calls, aitest.ErrUnavailable, 4), "honey", "bee")
	before, o := h.order(1, cs[0]), h.order(1, cs...)
	h.start(h.q)
	h.await(before.Job, job.Succeeded)
	got := result[planner.Ideated](h, o.Job).Ideas
	if all := h.ideas(planner.IdeaFilter{Cluster: cs[1]}); len(all) != 1 || !slices.Equal(got, []planner.IdeaID{all[0].ID}) {
		t.Errorf("result %v, want that of bee alone: %+v", got, all)
	}
	if calls.Load() != 4 {
		t.Errorf("the model was asked %d times, want 4", calls.Load())
	}
	h.wantIdeas("All about honey", "All about bee")
	h.want(985, 0)
}

// TestClusterEmptiedMeanwhile costs nothing, whether it is gone or kept for the
// ideas it had, and the others go on.
func TestClusterEmptiedMeanwhile(t *testing.T) {
	t.Parallel()
	h, cs := newHive(t, aitest.Script{Cluster: together("garden")}, "honey", "bee", "wax")
	ks := h.keywords(planner.KeywordFilter{})
	h.order(1, cs[2]) // and then honey and wax are emptied
	h.cluster(ks[0].ID, ks[2].ID)
	some, none := h.order(2, cs...), h.order(2, cs[0], cs[2])
	h.want(944, 56)
	h.start(h.q)
	h.fails(none.Job, "cluster.empty")
	all := h.ideas(planner.IdeaFilter{Cluster: cs[1]})
	if got := result[planner.Ideated](h, some.Job).Ideas; len(all) != 2 || !slices.Equal(got, []planner.IdeaID{all[0].ID, all[1].ID}) {
		t.Errorf("result %v, want those of bee: %+v", got, all)
	}
	h.wantIdeas("All about wax", "All about bee", "All about bee, again")
	h.want(984, 0)
}

// slow is a model that says which cluster it works for, and ends with the
// answer that it is given.
type slow struct {
	working chan string
	answer  chan error
}

func newSlow() slow { return slow{make(chan string), make(chan error)} }

// at waits until the model works, and is the name of the cluster.
func (m slow) at(t *testing.T) string {
	t.Helper()
	return receive(t, m.working)
}

func (m slow) say(t *testing.T, err error) {
	t.Helper()
	select {
	case m.answer <- err:
	case <-time.After(patience):
		t.Fatal("the model does not work")
	}
}

func (m slow) script() aitest.Script {
	return aitest.Script{Ideas: func(ctx context.Context, in ai.IdeasBrief) ([]ai.Idea, error) {
		select {
		case m.working <- in.Cluster:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
		ideas, _ := aitest.Ideas(ctx, in)
		select {
		case err := <-m.answer:
			return ideas, err
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}}
}

// TestClusterEmptiedWhileTheModelWorks makes the answer worthless: it is not
// paid for.
func TestClusterEmptiedWhileTheModelWorks(t *testing.T) {
	t.Parallel()
	m := newSlow()
	h, cs := newHive(t, m.script(), "honey", "bee")
	o := h.order(1, cs...)
	h.start(h.q)
	m.at(t)
	h.clusterBy(together("garden"), h.keywords(planner.KeywordFilter{})[0].ID)
	m.say(t, nil)
	if name := m.at(t); name != "bee" {
		t.Errorf("then it works for %s, want bee", name)
	}
	m.say(t, nil)
	h.wantResult(o.Job)
	h.wantIdeas("All about bee")
	h.want(994, 0)
}

// TestClusterEmptiedAfterItsIdeas are bought, and before the job has told of
// them.
func TestClusterEmptiedAfterItsIdeas(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name  string
		moves int // keywords that go elsewhere, of honey and bee
		ideas []string
		left  credit.Credits
	}{
		{"the first of two", 1, []string{"All about honey", "All about bee"}, 989},
		{"both", 2, []string{"All about honey"}, 994},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			m := newSlow()
			h, cs := newHive(t, m.script(), "honey", "bee")
			o := h.order(1, cs...)
			h.start(h.q)
			m.at(t)
			m.say(t, nil)
			m.at(t)
			var moved []planner.KeywordID
			for _, k := range h.keywords(planner.KeywordFilter{})[:tt.moves] {
				moved = append(moved, k.ID)
			}
			h.clusterBy(together("garden"), moved...)
			m.say(t, aitest.ErrUnavailable)
			if tt.moves == 1 {
				m.at(t)
				m.say(t, nil)
			}
			h.wantResult(o.Job)
			h.wantIdeas(tt.ideas...)
			h.want(tt.left, 0)
		})
	}
}

func TestWorkCancelledWhileItWaits(t *testing.T) {
	t.Parallel()
	h, cs := newHive(t, aitest.Script{}, "honey", "bee")
	ideas, clusters := h.order(5, cs...), h.cluster()
	h.want(949, 51)
	h.cancel(ideas.Job)
	h.want(999, 1)
	h.cancel(clusters.Job)
	h.want(1000, 0)
	for _, jid := range []job.ID{ideas.Job, clusters.Job} {
		if j := h.job(jid); j.State != job.Cancelled {
			t.Errorf("the job is %s", j.State)
		}
	}
}

// TestIdeasOfTwoOrders for the same clusters are two orders: each pays for its
// own, and is told of its own.
func TestIdeasOfTwoOrders(t *testing.T) {
	t.Parallel()
	var calls atomic.Int64
	h, cs := newHive(t, aitest.Script{Ideas: func(ctx context.Context, in ai.IdeasBrief) ([]ai.Idea, error) {
		if calls.Add(1) == 1 {
			return titled("One")(ctx, in)
		}
		return titled("Two")(ctx, in)
	}}, "honey")
	first, second := h.order(1, cs...), h.order(1, cs...)
	h.start(h.q)
	got := slices.Concat(result[planner.Ideated](h, first.Job).Ideas, result[planner.Ideated](h, second.Job).Ideas)
	all := h.ideas(planner.IdeaFilter{})
	if len(got) != 2 || len(all) != 2 || got[0] != all[0].ID || got[1] != all[1].ID {
		t.Errorf("told of %v, want one each of %+v", got, all)
	}
	h.want(990, 0)
}
