package planner_test

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"igny8/internal/ai"
	"igny8/internal/ai/aitest"
	"igny8/internal/credit"
	"igny8/internal/fault"
	"igny8/internal/job"
	"igny8/internal/planner"
	"igny8/internal/tenant"
)

// newHive is a house with a cluster of one keyword for each name, and 1000
// credits still.
func newHive(t *testing.T, script aitest.Script, names ...string) (*house, []planner.ClusterID) {
	t.Helper()
	h := newHouse(t, script, unlimited)
	return h, h.hive(names...)
}

func (h *house) hive(names ...string) []planner.ClusterID {
	h.t.Helper()
	h.add(names...)
	h.clusterBy(firstWord)
	h.grant(1) // for the clustering
	return h.named(names...)
}

// titled is a model that has these ideas for every cluster.
func titled(titles ...string) func(context.Context, ai.IdeasBrief) ([]ai.Idea, error) {
	return func(context.Context, ai.IdeasBrief) ([]ai.Idea, error) {
		var all []ai.Idea
		for _, title := range titles {
			all = append(all, ai.Idea{Title: title})
		}
		return all, nil
	}
}

func TestGenerateIdeas(t *testing.T) {
	t.Parallel()
	briefs := make(chan ai.IdeasBrief, 9)
	h := newHouse(t, aitest.Script{Ideas: func(_ context.Context, in ai.IdeasBrief) ([]ai.Idea, error) {
		briefs <- in
		return []ai.Idea{{
			Title: "All about " + in.Cluster, Angle: "From the hive", Audience: "Cooks", Intent: "commercial",
			Outline: []ai.Section{{Heading: "What it is", Keywords: []string{"honey"}}, {Heading: "Recipes"}}, Keywords: []string{"honey", "honey cake"},
			Questions: []string{"Does it keep?"},
		}}, nil
	}}, unlimited)
	h.add("honey:10", "honey cake:20", "honey tea:30", "bee")
	h.clusterBy(firstWord)
	cs := h.named("bee", "honey")
	o := h.order(3, cs[0], cs[1], cs[0]) // named twice, ordered once
	if j := h.job(o.Job); o.Quote != 30 || j.Total != 2 || j.Quote == nil || *j.Quote != 30 {
		t.Errorf("ordered %+v, %+v, want 3 of 5 credits for each of 2", o, j)
	}
	h.want(969, 30)
	h.start(h.q)
	h.wantResult(o.Job)
	h.want(989, 0) // for the two that there are
	h.wantIdeas("All about bee", "All about honey")

	got := h.ideas(planner.IdeaFilter{Cluster: cs[1]})[0]
	want := planner.Idea{
		ID: got.ID, Site: h.site, Cluster: cs[1], Title: "All about honey", Angle: "From the hive", Audience: "Cooks", Intent: "commercial", Status: "proposed",
		Outline: []planner.Section{{Heading: "What it is", Keywords: []string{"honey"}}, {Heading: "Recipes"}}, Keywords: []string{"honey", "honey cake"},
		Questions: []string{"Does it keep?"}, Created: got.Created,
	}
	if !reflect.DeepEqual(got, want) || got.Created.IsZero() {
		t.Errorf("saved %+v, want %+v", got, want)
	}
	h.view(func(ctx context.Context, v *tenant.View) error {
		loaded, err := planner.LoadIdea(ctx, v, got.ID)
		if !reflect.DeepEqual(loaded, got) {
			t.Errorf("loaded %+v, listed %+v", loaded, got)
		}
		return err
	})
	receive(t, briefs)
	in := receive(t, briefs) // the pillar first, and then what is most searched for
	if in.Language != "de" || in.Site != "bees.example" || in.Industry != "Beekeeping" || in.Cluster != "honey" || in.Count != 3 ||
		fmt.Sprint(in.Keywords) != "[{honey 10 0 } {honey tea 30 0 } {honey cake 20 0 }]" || strings.Join(in.Avoid, "|") != "All about bee" {
		t.Errorf("the model was told %+v", in)
	}
}

// TestChangeIdea edits and dismisses ideas. A dismissed one is not proposed
// again, and one of which a task was made is the task's matter.
func TestChangeIdea(t *testing.T) {
	t.Parallel()
	h, cs := newHive(t, aitest.Script{Ideas: titled("Honey at home", "Wax")}, "honey")
	h.start(h.q)
	h.wantResult(h.order(2, cs[0]).Job)
	all := h.ideas(planner.IdeaFilter{})
	change := func(ch planner.IdeaChange) (i planner.Idea, err error) {
		err = h.st.Update(t.Context(), h.s, func(ctx context.Context, tx *tenant.Tx) error {
			i, err = planner.ChangeIdea(ctx, tx, all[0].ID, ch)
			return err
		})
		return i, err
	}
	title, angle, gone := "Honey, made at home", "", planner.IdeaDismissed
	outline, keywords, questions := []planner.Section{{Heading: "First", Keywords: []string{"honey"}}}, []string{"honey"}, []string{"Does it keep?"}
	got, err := change(planner.IdeaChange{Status: &gone, Title: &title, Angle: &angle, Outline: &outline, Keywords: &keywords, Questions: &questions})
	if err != nil || got.Title != title || got.Status != gone || !reflect.DeepEqual(got.Outline, outline) || !reflect.DeepEqual(got.Questions, questions) {
		t.Errorf("changed to %+v, %v", got, err)
	}
	if left := h.ideas(planner.IdeaFilter{Status: gone}); len(left) != 1 || !reflect.DeepEqual(left[0], got) {
		t.Errorf("stored as %+v, want %+v", left, got)
	}
	twin, mad, long := " WAX ", "accepted", strings.Repeat("x", 1001)
	for field, ch := range map[string]planner.IdeaChange{"body.title": {Title: &twin}, "body.status": {Status: &mad}, "body.angle": {Angle: &long}} {
		if f := fault.Of(second(change(ch))); !errors.Is(f, planner.ErrInvalidIdea) || len(f.Fields) != 1 || f.Fields[0].Location != field {
			t.Errorf("%s is blamed as %+v", field, f)
		}
	}
	h.must(func(ctx context.Context, tx *tenant.Tx) error { return planner.Accept(ctx, tx, all[0].ID) })
	if err := second(change(planner.IdeaChange{Title: &title})); !errors.Is(err, planner.ErrIdeaAccepted) {
		t.Errorf("after a task was made of it: %v", err)
	}
}

func second[T any](_ T, err error) error { return err }

// TestIdeasAreOrderedAllOrNothing has credits for one cluster of two, and says
// what both need.
func TestIdeasAreOrderedAllOrNothing(t *testing.T) {
	t.Parallel()
	h, cs := newHive(t, aitest.Script{}, "honey", "bee")
	h.promise(1000, 49)
	o, err := h.ideate(5, cs...)
	f := fault.Of(err)
	if !errors.Is(err, credit.ErrInsufficient) || f.Kind != fault.PaymentRequired || !o.Job.IsZero() ||
		f.Extra["needed"] != credit.Credits(50) || f.Extra["available"] != credit.Credits(49) || f.Extra["held"] != credit.Credits(951) {
		t.Errorf("short of one credit: %+v, %v %v", o, err, f.Extra)
	}
	h.want(49, 951)
	h.grant(2)
	h.order(5, cs...)
	h.want(1, 1001)
}

func TestHowManyIdeas(t *testing.T) {
	t.Parallel()
	h, cs := newHive(t, aitest.Script{}, "honey")
	missing, _ := planner.ParseClusterID("clu_00000000000000000000000000")
	for _, tt := range []struct {
		name  string
		count int
		cs    []planner.ClusterID
		want  error
	}{
		{"less than none", -1, cs, planner.ErrInvalidCount},
		{"more than 20", 21, cs, planner.ErrInvalidCount},
		{"for no cluster", 5, nil, planner.ErrNothingChosen},
		{"for one that is not there", 5, []planner.ClusterID{cs[0], missing}, planner.ErrClusterNotFound},
	} {
		_, err := h.ideate(tt.count, tt.cs...)
		f := fault.Of(err)
		if !errors.Is(err, tt.want) {
			t.Errorf("%s: %v, want %v", tt.name, err, tt.want)
		} else if errors.Is(tt.want, planner.ErrInvalidCount) && (len(f.Fields) != 1 || f.Fields[0].Location != "body.count") {
			t.Errorf("%s: blames %+v", tt.name, f.Fields)
		}
	}
	h.want(1000, 0)
	for count, quote := range map[int]credit.Credits{0: 25, 1: 5, 20: 100} {
		o := h.order(count, cs...)
		if o.Quote != quote {
			t.Errorf("%d ideas cost %d, want %d", count, o.Quote, quote)
		}
		h.cancel(o.Job)
	}
	h.start(h.q)
	h.await(h.order(0, cs...).Job, job.Succeeded)
	if all := h.ideas(planner.IdeaFilter{}); len(all) != 5 {
		t.Errorf("%d ideas when nobody says how many, want 5", len(all))
	}
	h.want(975, 0)
}

// TestOneIdeaForATitle whatever the spelling, within an answer and against what
// the site has. Another site may have it too.
func TestOneIdeaForATitle(t *testing.T) {
	t.Parallel()
	h, cs := newHive(t, aitest.Script{Ideas: titled("Honey at home", "HÓNEY  at home", "“Honey at home”", " ", "Wax")}, "honey", "bee")
	h.start(h.q)
	o := h.order(5, cs[0])
	h.wantResult(o.Job)
	h.wantIdeas("Honey at home", "Wax")
	o = h.order(5, cs[1])
	if got := result[planner.Ideated](h, o.Job); got.Ideas == nil || len(got.Ideas) != 0 {
		t.Errorf("what the site has already came again as %+v", got)
	}
	h.wantIdeas("Honey at home", "Wax")

	h.await(h.order(5, h.beside("wasps.example").hive("sting")...).Job, job.Succeeded)
	h.wantIdeas("Honey at home", "Wax", "Honey at home", "Wax")
}
