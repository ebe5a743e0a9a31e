package writer_test

import (
	"context"
	"errors"
	"reflect"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"igny8/internal/ai"
	"igny8/internal/ai/aitest"
	"igny8/internal/audit"
	"igny8/internal/fault"
	"igny8/internal/job"
	"igny8/internal/tenant"
	"igny8/internal/tenant/tenanttest"
	"igny8/internal/writer"
)

func (h *house) apply(cid writer.ContentID, e writer.Edit) (c writer.Content, err error) {
	err = h.update(func(ctx context.Context, tx *tenant.Tx) (err error) {
		c, err = writer.Apply(ctx, tx, cid, e)
		return err
	})
	return c, err
}

func (h *house) approve(cid writer.ContentID) (c writer.Content) {
	h.t.Helper()
	h.must(func(ctx context.Context, tx *tenant.Tx) (err error) {
		c, err = writer.Approve(ctx, tx, cid, 0)
		return err
	})
	return c
}

func TestEditMakesAVersion(t *testing.T) {
	t.Parallel()
	h := newHouse(t, aitest.Script{})
	c := h.written("Bees")
	title, text := "  Bees and wasps ", "# Bees\n\nThey *sting*.\n"
	got, err := h.apply(c.ID, writer.Edit{Version: 1, Title: &title, Markdown: &text})
	if err != nil {
		t.Fatal(err)
	}
	if got.Version != 2 || got.Title != "Bees and wasps" || got.Markdown != text || got.Words != 3 || got.Slug != c.Slug || got.Excerpt != c.Excerpt {
		t.Errorf("edited %+v", got)
	}
	if stored := h.content(c.ID); !reflect.DeepEqual(stored, got) {
		t.Errorf("stored %+v, want %+v", stored, got)
	}
	var all []writer.Version
	h.view(func(ctx context.Context, v *tenant.View) (err error) {
		all, err = writer.Versions(ctx, v, c.ID)
		return err
	})
	if len(all) != 2 || all[0].Number != 2 || all[0].Title != "Bees and wasps" || all[0].Words != 3 || all[1].Number != 1 ||
		all[1].Title != "Bees" || all[1].Words != 100 || all[0].Actor != "user:usr_test" || all[0].Created.Before(all[1].Created) {
		t.Errorf("versions %+v", all)
	}
}

func TestEditOfAnOldVersion(t *testing.T) {
	t.Parallel()
	h := newHouse(t, aitest.Script{})
	c := h.written("Bees")
	var won, lost atomic.Int64
	var all sync.WaitGroup
	for range 6 { // who all read version 1
		all.Go(func() {
			title := "Wasps"
			_, err := h.apply(c.ID, writer.Edit{Version: 1, Title: &title})
			switch f := fault.Of(err); {
			case err == nil:
				won.Add(1)
			case errors.Is(err, writer.ErrContentChanged) && f.Kind == fault.Conflict && f.Extra["version"] == int64(2):
				lost.Add(1)
			default:
				t.Error(err)
			}
		})
	}
	all.Wait()
	if won.Load() != 1 || lost.Load() != 5 {
		t.Errorf("%d won and %d lost", won.Load(), lost.Load())
	}
	if got := h.content(c.ID); got.Version != 2 || got.Title != "Wasps" {
		t.Errorf("the article is %q in version %d", got.Title, got.Version)
	}
}

func TestEditThatIsNoArticle(t *testing.T) {
	t.Parallel()
	h := newHouse(t, aitest.Script{})
	c := h.written("Bees")
	long := strings.Repeat("é", 4001)
	for _, tt := range []struct {
		name, where, value string
		field              func(*writer.Edit, *string)
	}{
		{"no title", "body.title", " ", func(e *writer.Edit, s *string) { e.Title = s }},
		{"a title of two lines", "body.title", "a\nb", func(e *writer.Edit, s *string) { e.Title = s }},
		{"no slug", "body.slug", "", func(e *writer.Edit, s *string) { e.Slug = s }},
		{"a slug with a capital", "body.slug", "Bees", func(e *writer.Edit, s *string) { e.Slug = s }},
		{"a slug that goes up", "body.slug", "../bees", func(e *writer.Edit, s *string) { e.Slug = s }},
		{"a slug with an accent", "body.slug", "abejas-pequeñas", func(e *writer.Edit, s *string) { e.Slug = s }},
		{"a slug that ends with a hyphen", "body.slug", "bees-", func(e *writer.Edit, s *string) { e.Slug = s }},
		{"a long description", "body.meta_description", long, func(e *writer.Edit, s *string) { e.MetaDescription = s }},
		{"a long excerpt", "body.excerpt", long, func(e *writer.Edit, s *string) { e.Excerpt = s }},
		{"a zero byte", "body.excerpt", "a\x00b", func(e *writer.Edit, s *string) { e.Excerpt = s }},
		{"a text of no words", "body.markdown", "## --", func(e *writer.Edit, s *string) { e.Markdown = s }},
		{"a text with a zero byte", "body.markdown", "a\x00b", func(e *writer.Edit, s *string) { e.Markdown = s }},
		{"a text that is not UTF-8", "body.markdown", "a\xffb", func(e *writer.Edit, s *string) { e.Markdown = s }},
	} {
		e := writer.Edit{Version: 1}
		tt.field(&e, &tt.value)
		_, err := h.apply(c.ID, e)
		if f := fault.Of(err); !errors.Is(err, writer.ErrInvalidContent) || len(f.Fields) != 1 || f.Fields[0].Location != tt.where {
			t.Errorf("%s: %v %+v", tt.name, err, f)
		}
	}
	slug := "bees-2-go"
	if got, err := h.apply(c.ID, writer.Edit{Version: 1, Slug: &slug}); err != nil || got.Slug != slug {
		t.Errorf("a good slug: %q, %v", got.Slug, err)
	}
}

func TestApprove(t *testing.T) {
	t.Parallel()
	h := newHouse(t, aitest.Script{})
	c := h.written("Bees")
	for range 2 {
		if got := h.approve(c.ID); got.Status != writer.Approved || got.Version != 1 {
			t.Errorf("approved %+v", got)
		}
	}
	title := "Wasps"
	if got, err := h.apply(c.ID, writer.Edit{Version: 1, Title: &title}); err != nil || got.Status != writer.Draft {
		t.Errorf("an edit after: %s, %v", got.Status, err)
	}
	if got := h.content(c.ID); got.Status != writer.Draft {
		t.Errorf("stored as %s", got.Status)
	}
	h.approve(c.ID)
	var details []string
	h.view(func(ctx context.Context, v *tenant.View) error {
		events, err := audit.Of(ctx, v, audit.EventID{}, 100)
		for _, e := range events {
			if e.Action == "content.approved" && e.Subject == c.ID.String() && e.Actor == "user:usr_test" {
				details = append(details, string(e.Detail))
			}
		}
		return err
	})
	if got := strings.Join(details, " "); got != `{"version":2} {"version":1}` {
		t.Errorf("audited %s", got)
	}
}

// TestApproveWhatWasRead refuses when there is a newer version.
func TestApproveWhatWasRead(t *testing.T) {
	t.Parallel()
	h := newHouse(t, aitest.Script{})
	c := h.written("Bees")
	title := "Wasps"
	if _, err := h.apply(c.ID, writer.Edit{Version: 1, Title: &title}); err != nil {
		t.Fatal(err)
	}
	approve := func(read int64) error {
		return h.update(func(ctx context.Context, tx *tenant.Tx) error {
			_, err := writer.Approve(ctx, tx, c.ID, read)
			return err
		})
	}
	if err := approve(1); !errors.Is(err, writer.ErrContentChanged) || h.content(c.ID).Status != writer.Draft {
		t.Errorf("a version that is not current any more: %v", err)
	}
	if err := approve(2); err != nil || h.content(c.ID).Status != writer.Approved {
		t.Errorf("the current version: %v", err)
	}
}

// TestAddressesAreOneOfASite: a model gives the same one again and again, and
// nobody moves an article to where another is.
func TestAddressesAreOneOfASite(t *testing.T) {
	t.Parallel()
	h := newHouse(t, aitest.Script{Article: func(ctx context.Context, in ai.ArticleBrief) (ai.Article, error) {
		a, err := aitest.Article(ctx, in)
		a.Slug = "bees"
		return a, err
	}})
	first, second, third := h.written("Bees"), h.written("All bees"), h.written("More bees")
	if first.Slug != "bees" || second.Slug != "bees-2" || third.Slug != "bees-3" {
		t.Errorf("at %q, %q and %q", first.Slug, second.Slug, third.Slug)
	}
	_, err := h.apply(third.ID, writer.Edit{Version: 1, Slug: &second.Slug})
	if f := fault.Of(err); !errors.Is(err, writer.ErrInvalidContent) || len(f.Fields) != 1 || f.Fields[0].Location != "body.slug" {
		t.Errorf("to where another is: %v", err)
	}
	gone := "wasps"
	if _, err := h.apply(second.ID, writer.Edit{Version: 1, Slug: &gone}); err != nil {
		t.Fatal(err)
	}
	if c, err := h.apply(third.ID, writer.Edit{Version: 1, Slug: &second.Slug}); err != nil || c.Slug != "bees-2" {
		t.Errorf("to where nobody is any more: %q, %v", c.Slug, err)
	}
}

// TestTwinTitles are told from others whatever their case.
func TestTwinTitles(t *testing.T) {
	t.Parallel()
	h := newHouse(t, aitest.Script{})
	h.written("Öl und Bienen")
	for title, want := range map[string]writer.Grade{"ÖL UND BIENEN": writer.Fail, "Ol und Bienen": writer.Pass} {
		c := h.written(title)
		h.view(func(ctx context.Context, v *tenant.View) error {
			all, err := writer.Quality(ctx, v, c)
			for _, got := range all {
				if got.Code == "title_unique" && got.Grade != want {
					t.Errorf("%s: %+v", title, got)
				}
			}
			return err
		})
	}
}

func TestContents(t *testing.T) {
	t.Parallel()
	h := newHouse(t, aitest.Script{})
	ts := []writer.TaskID{h.task("One"), h.task("Two"), h.task("Three")}
	h.start(h.q)
	h.await(h.order(ts...).Job, job.Succeeded)
	two := h.load(ts[1]).Content
	h.approve(two)
	for _, tt := range []struct {
		name string
		f    writer.ContentFilter
		want string
	}{
		{"all", writer.ContentFilter{}, "One Two Three"},
		{"of the site", writer.ContentFilter{Site: h.site}, "One Two Three"},
		{"the first two", writer.ContentFilter{Limit: 2}, "One Two"},
		{"those after", writer.ContentFilter{After: two.String(), Limit: 2}, "Three"},
		{"drafts", writer.ContentFilter{Status: writer.Draft}, "One Three"},
		{"approved", writer.ContentFilter{Site: h.site, Status: writer.Approved, Limit: 5}, "Two"},
	} {
		var titles []string
		h.view(func(ctx context.Context, v *tenant.View) error {
			all, err := writer.Contents(ctx, v, tt.f)
			for _, c := range all {
				titles = append(titles, c.Title)
				if c.Markdown != "" || c.Words != 100 || c.Slug == "" {
					t.Errorf("listed %+v", c)
				}
			}
			return err
		})
		if got := strings.Join(titles, " "); got != tt.want {
			t.Errorf("%s: %s, want %s", tt.name, got, tt.want)
		}
	}
}

// TestAnotherAccountGetsNothing asks for everything of account A as B.
func TestAnotherAccountGetsNothing(t *testing.T) {
	t.Parallel()
	h := newHouse(t, aitest.Script{})
	c := h.written("Bees")
	waiting := h.task("Wasps")
	b := *h
	b.s = tenanttest.New(t, h.d)
	theirs := b.newSite(b.s)
	title := "Stolen"
	for _, tt := range []struct {
		name string
		do   func(context.Context, *tenant.Tx) error
		want error
	}{
		{"read an article", func(ctx context.Context, tx *tenant.Tx) error { _, err := writer.Load(ctx, tx, c.ID); return err }, writer.ErrContentNotFound},
		{"read its versions", func(ctx context.Context, tx *tenant.Tx) error { _, err := writer.Versions(ctx, tx, c.ID); return err }, writer.ErrContentNotFound},
		{"edit it", func(ctx context.Context, tx *tenant.Tx) error {
			_, err := writer.Apply(ctx, tx, c.ID, writer.Edit{Version: 1, Title: &title})
			return err
		}, writer.ErrContentNotFound},
		{"approve it", func(ctx context.Context, tx *tenant.Tx) error { _, err := writer.Approve(ctx, tx, c.ID, 0); return err }, writer.ErrContentNotFound},
		{"read a task", func(ctx context.Context, tx *tenant.Tx) error {
			_, err := writer.LoadTask(ctx, tx, waiting)
			return err
		}, writer.ErrTaskNotFound},
		{"order it", func(ctx context.Context, tx *tenant.Tx) error {
			_, err := h.w.GenerateContent(ctx, tx, []writer.TaskID{waiting})
			return err
		}, writer.ErrTaskNotFound},
	} {
		if err := b.update(tt.do); !errors.Is(err, tt.want) {
			t.Errorf("%s: %v, want %v", tt.name, err, tt.want)
		}
	}
	b.must(func(ctx context.Context, tx *tenant.Tx) error {
		for _, f := range []writer.ContentFilter{{}, {Site: h.site}, {Site: theirs}} {
			if all, err := writer.Contents(ctx, tx, f); err != nil || len(all) != 0 {
				t.Errorf("articles of %+v: %+v, %v", f, all, err)
			}
		}
		for _, f := range []writer.TaskFilter{{}, {Site: h.site}, {Site: theirs}} {
			if all, err := writer.Tasks(ctx, tx, f); err != nil || len(all) != 0 {
				t.Errorf("tasks of %+v: %+v, %v", f, all, err)
			}
		}
		return nil
	})
	if got := h.content(c.ID); !reflect.DeepEqual(got, c) {
		t.Errorf("the article became %+v", got)
	}
	h.wantStatus([]writer.TaskID{waiting}, writer.Todo)
}
