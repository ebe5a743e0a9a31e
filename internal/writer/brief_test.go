package writer_test

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"igny8/internal/ai"
	"igny8/internal/ai/aitest"
	"igny8/internal/fault"
	"igny8/internal/planner"
	"igny8/internal/tenant"
	"igny8/internal/writer"
)

// TestAnswers are asked for, kept with each version, counted, compared, edited,
// and stand below the text.
func TestAnswers(t *testing.T) {
	t.Parallel()
	briefs := make(chan ai.ArticleBrief, 9)
	h := newHouse(t, aitest.Script{Article: func(ctx context.Context, in ai.ArticleBrief) (ai.Article, error) {
		briefs <- in
		a, err := aitest.Article(ctx, in)
		a.FAQ = []ai.Answer{{Question: "Do they sting?", Answer: "Some *do*."}, {Question: "\x00", Answer: "?"}}
		return a, err
	}})
	c := h.written("Bees", func(n *writer.NewTask) { n.Brief.Questions = []string{"Do they sting?"} })
	if in := <-briefs; fmt.Sprint(in.Questions) != "[Do they sting?]" {
		t.Errorf("the model was asked %q", in.Questions)
	}
	if want := []writer.Answer{{Question: "Do they sting?", Answer: "Some *do*."}}; !reflect.DeepEqual(c.FAQ, want) || c.Words != 105 {
		t.Errorf("saved %+v, %d words", c.FAQ, c.Words)
	}
	html := h.html(c)
	if !strings.Contains(html, "Frequently asked questions</h2>") || !strings.Contains(html, "Do they sting?</h3>\n<p>Some <em>do</em>.</p>") {
		t.Errorf("shown as %s", html)
	}
	none := []writer.Answer{}
	if got, err := h.apply(c.ID, writer.Edit{Version: 1, FAQ: &none}); err != nil || len(got.FAQ) != 0 || got.Words != 100 || strings.Contains(h.html(got), "Frequently") {
		t.Errorf("without answers: %+v, %v", got, err)
	}
	h.view(func(ctx context.Context, v *tenant.View) error {
		d, err := writer.Compare(ctx, v, c.ID, 1, 2)
		if d.Removed == 0 || d.Added != 0 {
			t.Errorf("compared %+v", d)
		}
		return err
	})
	bad := []writer.Answer{{Question: " ", Answer: "x"}, {Question: "Why?", Answer: "--"}}
	_, err := h.apply(c.ID, writer.Edit{Version: 2, FAQ: &bad})
	if f := fault.Of(err); !errors.Is(err, writer.ErrInvalidContent) || len(f.Fields) != 2 || f.Fields[0].Location != "body.faq[0].question" || f.Fields[1].Location != "body.faq[1].answer" {
		t.Errorf("answers that say nothing: %v", err)
	}
}

// TestLinks offers what can be read on the site and has to do with the subject.
func TestLinks(t *testing.T) {
	t.Parallel()
	briefs := make(chan ai.ArticleBrief, 9)
	h := newHouse(t, aitest.Script{Article: func(ctx context.Context, in ai.ArticleBrief) (ai.Article, error) {
		briefs <- in
		return aitest.Article(ctx, in)
	}})
	there := func(c writer.Content, url string) {
		h.must(func(ctx context.Context, tx *tenant.Tx) error {
			return writer.SetPublished(ctx, tx, c.ID, 1, url != "", url)
		})
	}
	honey, wax, rust := h.written("How honey is made"), h.written("What wax is for"), h.written("How to remove rust")
	there(honey, "https://bees.example/honey")
	there(rust, "https://bees.example/rust")
	for range 3 {
		<-briefs
	}
	c := h.written("Honey and wax of the hive")
	if in := <-briefs; fmt.Sprint(in.Links) != "[{How honey is made https://bees.example/honey}]" {
		t.Errorf("offered %v", in.Links)
	}
	there(wax, "https://bees.example/wax")
	tid := h.task("More of honey and wax")
	if got := h.load(tid).Brief.Links; len(got) != 2 {
		t.Errorf("offered %v", got)
	}
	there(honey, "") // withdrawn before it is written
	h.order(tid)
	if in := <-briefs; fmt.Sprint(in.Links) != "[{What wax is for https://bees.example/wax}]" {
		t.Errorf("offered what is not there any more: %v", in.Links)
	}
	h.view(func(ctx context.Context, v *tenant.View) error {
		all, err := writer.Quality(ctx, v, c)
		for _, q := range all {
			if q.Code == "links" && q.Grade != writer.Warn {
				t.Errorf("it links to no other: %+v", q)
			}
		}
		return err
	})
}

// TestChangeTask edits a brief until somebody writes it.
func TestChangeTask(t *testing.T) {
	t.Parallel()
	h := newHouse(t, aitest.Script{})
	tid := h.task("Bees")
	change := func(ch writer.TaskChange) (out writer.Task, err error) {
		err = h.update(func(ctx context.Context, tx *tenant.Tx) error {
			out, err = writer.ChangeTask(ctx, tx, tid, ch)
			return err
		})
		return out, err
	}
	title, words, none := " Wasps ", int64(300), ""
	outline, questions := []planner.Section{{Heading: "What they eat", Keywords: []string{"wasp food"}}}, []string{"Do they sting?"}
	got, err := change(writer.TaskChange{Title: &title, Words: &words, Angle: &none, Outline: &outline, Questions: &questions})
	if err != nil || got.Title != "Wasps" || got.Words != 300 || !reflect.DeepEqual(got.Brief.Outline, outline) || !reflect.DeepEqual(got.Brief.Questions, questions) {
		t.Errorf("changed to %+v, %v", got, err)
	}
	if stored := h.load(tid); !reflect.DeepEqual(stored, got) {
		t.Errorf("stored %+v, want %+v", stored, got)
	}
	few, empty := int64(9), []planner.Section{{}}
	_, err = change(writer.TaskChange{Words: &few, Outline: &empty})
	if f := fault.Of(err); !errors.Is(err, writer.ErrInvalidTask) || len(f.Fields) != 2 {
		t.Errorf("a task that cannot be: %v", err)
	}
	h.order(tid)
	if _, err := change(writer.TaskChange{Title: &title}); !errors.Is(err, writer.ErrTaskBusy) {
		t.Errorf("while it is ordered: %v", err)
	}
}
