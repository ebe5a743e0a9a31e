package writer_test

import (
	"context"
	"errors"
	"reflect"
	"strings"
	"testing"

	"igny8/internal/ai"
	"igny8/internal/ai/aitest"
	"igny8/internal/fault"
	"igny8/internal/job"
	"igny8/internal/planner"
	"igny8/internal/site"
	"igny8/internal/tenant"
	"igny8/internal/tenant/tenanttest"
	"igny8/internal/writer"
)

func (h *house) create(n writer.NewTask) (t writer.Task, err error) {
	err = h.update(func(ctx context.Context, tx *tenant.Tx) (err error) {
		t, err = writer.CreateTask(ctx, tx, n)
		return err
	})
	return t, err
}

// idea is an idea that the planner had.
func (h *house) idea() (i planner.Idea) {
	h.t.Helper()
	q, _ := h.employ(aitest.Script{})
	p := planner.New(h.st, aitest.New(h.st, aitest.Script{}), q, func(context.Context, tenant.Reader, int64, int64) error { return nil })
	p.Register()
	if err := q.Start(h.t.Context()); err != nil {
		h.t.Fatal(err)
	}
	defer func() { // its writer is not the one under test
		if err := q.Stop(h.t.Context()); err != nil {
			h.t.Errorf("stop: %v", err)
		}
	}()
	var o planner.Ordered
	h.must(func(ctx context.Context, tx *tenant.Tx) (err error) {
		if _, err = p.Add(ctx, tx, []planner.NewKeyword{{Site: h.site, Phrase: "honey bees", Intent: "informational"}}); err == nil {
			o, err = p.AutoCluster(ctx, tx, h.site, nil)
		}
		return err
	})
	h.await(o.Job, job.Succeeded)
	h.must(func(ctx context.Context, tx *tenant.Tx) error {
		all, err := planner.Clusters(ctx, tx, planner.ClusterFilter{Site: h.site, Limit: 1})
		if err == nil {
			o, err = p.GenerateIdeas(ctx, tx, []planner.ClusterID{all[0].ID}, 1)
		}
		return err
	})
	h.await(o.Job, job.Succeeded)
	h.view(func(ctx context.Context, v *tenant.View) error {
		all, err := planner.Ideas(ctx, v, planner.IdeaFilter{Site: h.site, Limit: 1})
		if err == nil {
			i = all[0]
		}
		return err
	})
	return i
}

// TestTaskFromAnIdea follows an idea to the model.
func TestTaskFromAnIdea(t *testing.T) {
	t.Parallel()
	briefs := make(chan ai.ArticleBrief, 1)
	h := newHouse(t, aitest.Script{Article: func(ctx context.Context, in ai.ArticleBrief) (ai.Article, error) {
		briefs <- in
		return aitest.Article(ctx, in)
	}})
	i := h.idea()
	got, err := h.create(writer.NewTask{Site: h.site, Idea: i.ID, Brief: writer.Brief{Audience: "Keepers"}})
	if err != nil {
		t.Fatal(err)
	}
	want := writer.Brief{Angle: i.Angle, Audience: "Keepers", Intent: "informational", Outline: i.Outline, Keywords: []string{"honey bees"}}
	if got.Idea != i.ID || got.Title != i.Title || got.Words != 1200 || got.Status != writer.Todo || !got.Content.IsZero() || !reflect.DeepEqual(got.Brief, want) {
		t.Errorf("created %+v, want the brief %+v", got, want)
	}
	if stored := h.load(got.ID); !reflect.DeepEqual(stored, got) {
		t.Errorf("stored %+v, want %+v", stored, got)
	}
	h.start(h.q)
	h.await(h.order(got.ID).Job, job.Succeeded)
	in := <-briefs
	if in.Title != i.Title || in.Angle != i.Angle || in.Audience != "Keepers" || in.Intent != "informational" || in.Words != 1200 ||
		len(in.Outline) != len(i.Outline) || in.Outline[0].Heading != i.Outline[0].Heading || len(in.Keywords) != 1 || in.Keywords[0].Text != "honey bees" {
		t.Errorf("the model was told %+v", in)
	}
}

func TestTaskFromATitle(t *testing.T) {
	t.Parallel()
	h := newHouse(t, aitest.Script{})
	got, err := h.create(writer.NewTask{Site: h.site, Title: " Bees ", Words: 5000, Brief: writer.Brief{Keywords: []string{"bees", " honey "}}})
	if err != nil {
		t.Fatal(err)
	}
	if got.Title != "Bees" || got.Words != 5000 || strings.Join(got.Brief.Keywords, "|") != "bees|honey" || !got.Idea.IsZero() {
		t.Errorf("created %+v", got)
	}
}

func TestTaskThatCannotBe(t *testing.T) {
	t.Parallel()
	h := newHouse(t, aitest.Script{})
	missing, _ := site.ParseID("site_00000000000000000000000000")
	noIdea, _ := planner.ParseIdeaID("idea_00000000000000000000000000")
	for _, tt := range []struct {
		name, where string
		task        writer.NewTask
		want        error
	}{
		{"no title", "body.title", writer.NewTask{}, writer.ErrInvalidTask},
		{"a title of two lines", "body.title", writer.NewTask{Title: "a\nb"}, writer.ErrInvalidTask},
		{"too short", "body.words", writer.NewTask{Title: "Bees", Words: 99}, writer.ErrInvalidTask},
		{"too long", "body.words", writer.NewTask{Title: "Bees", Words: 5001}, writer.ErrInvalidTask},
		{"less than nothing", "body.words", writer.NewTask{Title: "Bees", Words: -1}, writer.ErrInvalidTask},
		{"an angle without end", "body.angle", writer.NewTask{Title: "Bees", Brief: writer.Brief{Angle: strings.Repeat("a", 1001)}}, writer.ErrInvalidTask},
		{"everybody", "body.audience", writer.NewTask{Title: "Bees", Brief: writer.Brief{Audience: strings.Repeat("a", 301)}}, writer.ErrInvalidTask},
		{"too many keywords", "body.keywords", writer.NewTask{Title: "Bees", Brief: writer.Brief{Keywords: strings.Split(strings.Repeat("a ", 50)+"a", " ")}}, writer.ErrInvalidTask},
		{"an empty keyword", "body.keywords[1]", writer.NewTask{Title: "Bees", Brief: writer.Brief{Keywords: []string{"a", ""}}}, writer.ErrInvalidTask},
		{"no site", "", writer.NewTask{Title: "Bees", Site: missing}, site.ErrNotFound},
		{"no such idea", "", writer.NewTask{Title: "Bees", Idea: noIdea}, planner.ErrIdeaNotFound},
	} {
		if tt.task.Site.IsZero() {
			tt.task.Site = h.site
		}
		_, err := h.create(tt.task)
		f := fault.Of(err)
		if !errors.Is(err, tt.want) {
			t.Errorf("%s: %v, want %v", tt.name, err, tt.want)
		} else if tt.where != "" && (len(f.Fields) != 1 || f.Fields[0].Location != tt.where) {
			t.Errorf("%s: blames %+v, want %s", tt.name, f.Fields, tt.where)
		}
	}
	h.view(func(ctx context.Context, v *tenant.View) error {
		all, err := writer.Tasks(ctx, v, writer.TaskFilter{})
		if len(all) != 0 {
			t.Errorf("there are tasks: %+v", all)
		}
		return err
	})
}

// TestTaskFromAnothersIdea is an idea of account A, used by B.
func TestTaskFromAnothersIdea(t *testing.T) {
	t.Parallel()
	h := newHouse(t, aitest.Script{})
	i := h.idea()
	b := *h
	b.s = tenanttest.New(t, h.d)
	b.site = b.newSite(b.s)
	if _, err := b.create(writer.NewTask{Site: b.site, Idea: i.ID}); !errors.Is(err, planner.ErrIdeaNotFound) {
		t.Errorf("another's idea: %v", err)
	}
	if _, err := b.create(writer.NewTask{Site: h.site, Title: "Bees"}); !errors.Is(err, site.ErrNotFound) {
		t.Errorf("another's site: %v", err)
	}
}

func TestTasks(t *testing.T) {
	t.Parallel()
	h := newHouse(t, aitest.Script{})
	ts := []writer.TaskID{h.task("One"), h.task("Two"), h.task("Three")}
	h.order(ts[1])
	for _, tt := range []struct {
		name string
		f    writer.TaskFilter
		want string
	}{
		{"all", writer.TaskFilter{}, "One Two Three"},
		{"of the site", writer.TaskFilter{Site: h.site}, "One Two Three"},
		{"the first", writer.TaskFilter{Limit: 1}, "One"},
		{"those after", writer.TaskFilter{After: ts[0].String(), Limit: 10}, "Two Three"},
		{"queued", writer.TaskFilter{Site: h.site, Status: writer.Queued}, "Two"},
		{"to do, after the first", writer.TaskFilter{Status: writer.Todo, After: ts[0].String()}, "Three"},
		{"written", writer.TaskFilter{Status: writer.Written}, ""},
	} {
		var titles []string
		h.view(func(ctx context.Context, v *tenant.View) error {
			all, err := writer.Tasks(ctx, v, tt.f)
			for _, t := range all {
				titles = append(titles, t.Title)
			}
			return err
		})
		if got := strings.Join(titles, " "); got != tt.want {
			t.Errorf("%s: %s, want %s", tt.name, got, tt.want)
		}
	}
}
