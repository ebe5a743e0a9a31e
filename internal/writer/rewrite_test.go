package writer_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"igny8/internal/ai"
	"igny8/internal/ai/aitest"
	"igny8/internal/fault"
	"igny8/internal/job"
	"igny8/internal/tenant"
	"igny8/internal/writer"
)

const hive = "Once upon a time.\n\n## Honey\n\nIt is sweet.\n\n## Wax\n\nIt burns."

// article is a house with an article of these sections, for which 3 credits
// went.
func article(t *testing.T, rewrite func(context.Context, ai.RewriteBrief) (string, error)) (*house, writer.Content) {
	t.Helper()
	h := newHouse(t, aitest.Script{Rewrite: rewrite, Article: func(_ context.Context, in ai.ArticleBrief) (ai.Article, error) {
		return ai.Article{Title: in.Title, Slug: "hive", Markdown: hive}, nil
	}})
	c := h.written("The hive")
	return h, c
}

func (h *house) regenerate(cid writer.ContentID, r writer.Rewrite) (o writer.Ordered, err error) {
	err = h.update(func(ctx context.Context, tx *tenant.Tx) error {
		o, err = h.w.Regenerate(ctx, tx, cid, r)
		return err
	})
	return o, err
}

// TestRegenerate writes one section anew, for its own price, and leaves the
// others to the letter.
func TestRegenerate(t *testing.T) {
	t.Parallel()
	briefs := make(chan ai.RewriteBrief, 9)
	h, c := article(t, func(_ context.Context, in ai.RewriteBrief) (string, error) {
		briefs <- in
		return "It is **very** sweet.", nil
	})
	before := h.balance()
	o, err := h.regenerate(c.ID, writer.Rewrite{Version: 1, Section: 1, Wish: "more"})
	if err != nil || o.Quote != 2 {
		t.Fatalf("ordered %+v, %v; want 2 credits for 60 words at most", o, err)
	}
	h.await(o.Job, job.Succeeded)
	got := h.content(c.ID)
	if want := strings.Replace(c.Markdown, "It is sweet.", "It is **very** sweet.", 1); got.Markdown != want || got.Version != 2 || got.Words != c.Words+1 {
		t.Errorf("version %d, %d words: %q, want %q", got.Version, got.Words, got.Markdown, want)
	}
	if in := <-briefs; in.Heading != "Honey" || in.Text != "It is sweet." || in.Wish != "more" || strings.Join(in.Outline, "|") != "Honey|Wax" || in.Title != "The hive" || in.Words != 50 {
		t.Errorf("the model was told %+v", in)
	}
	if spent := before - h.balance(); spent != 1 {
		t.Errorf("%d credits were spent, want 1 for 4 words", spent)
	}
	h.view(func(ctx context.Context, v *tenant.View) error {
		all, err := writer.Versions(ctx, v, c.ID)
		if len(all) != 2 || all[0].Prompt == nil || *all[0].Prompt != 0 || all[1].Prompt == nil {
			t.Errorf("versions %+v", all)
		}
		return err
	})
}

// TestRegenerateWhatIsEdited: an edit of another section stays, one of the same
// is not written over, and costs nothing.
func TestRegenerateWhatIsEdited(t *testing.T) {
	t.Parallel()
	var edit func()
	h, c := article(t, func(context.Context, ai.RewriteBrief) (string, error) {
		edit()
		return "It is **very** sweet.", nil
	})
	change := func(version int64, from, to string) {
		text := strings.Replace(h.content(c.ID).Markdown, from, to, 1)
		if _, err := h.apply(c.ID, writer.Edit{Version: version, Markdown: &text}); err != nil {
			t.Error(err)
		}
	}
	edit = func() { change(1, "It burns.", "It burns well.") }
	o, err := h.regenerate(c.ID, writer.Rewrite{Version: 1, Section: 1})
	if err != nil {
		t.Fatal(err)
	}
	h.await(o.Job, job.Succeeded)
	if got := h.content(c.ID); got.Version != 3 || !strings.Contains(got.Markdown, "very") || !strings.Contains(got.Markdown, "burns well") {
		t.Errorf("version %d: %q", got.Version, got.Markdown)
	}

	before := h.balance()
	edit = func() { change(3, "It is **very** sweet.", "It is not sweet.") }
	if o, err = h.regenerate(c.ID, writer.Rewrite{Version: 3, Section: 1}); err != nil {
		t.Fatal(err)
	}
	if j := h.await(o.Job, job.Failed); j.Error == nil || j.Error.Code != "content.changed" {
		t.Errorf("ended with %+v", j.Error)
	}
	if got := h.content(c.ID); got.Version != 4 || !strings.Contains(got.Markdown, "not sweet") || h.balance() != before {
		t.Errorf("version %d: %q, %d credits where %d were", got.Version, got.Markdown, h.balance(), before)
	}
}

func TestRegenerateWhatIsNotThere(t *testing.T) {
	t.Parallel()
	h, c := article(t, nil)
	for _, tt := range []struct {
		r    writer.Rewrite
		want *fault.Fault
	}{
		{writer.Rewrite{Version: 2, Section: 1}, writer.ErrContentChanged},
		{writer.Rewrite{Version: 1, Section: 3}, writer.ErrSectionNotFound},
		{writer.Rewrite{Version: 1, Section: -1}, writer.ErrSectionNotFound},
		{writer.Rewrite{Version: 1, Section: 0, Wish: strings.Repeat("x", 501)}, writer.ErrInvalidWish},
	} {
		if _, err := h.regenerate(c.ID, tt.r); !errors.Is(err, tt.want) {
			t.Errorf("%+v: %v, want %v", tt.r, err, tt.want)
		}
	}
	o, err := h.regenerate(c.ID, writer.Rewrite{Version: 1, Section: 0}) // the beginning is one too
	if err != nil {
		t.Fatal(err)
	}
	h.await(o.Job, job.Succeeded)
	if got := h.content(c.ID); !strings.HasPrefix(got.Markdown, "Anew") || !strings.HasSuffix(got.Markdown, "## Honey\n\nIt is sweet.\n\n## Wax\n\nIt burns.") {
		t.Errorf("the beginning anew: %q", got.Markdown)
	}
}
