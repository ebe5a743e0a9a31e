package writer

import (
	"context"
	"errors"
	"fmt"

	"igny8/internal/ai"
	"igny8/internal/credit"
	"igny8/internal/fault"
	"igny8/internal/job"
	"igny8/internal/site"
	"igny8/internal/tenant"
	"igny8/internal/words"
)

// Part is a section of an article: what stands under a heading of the second
// level, or before the first of them.
type Part struct {
	Heading string // empty: of the beginning
	Words   int64
}

// Parts is the sections of an article. There is one at least, the beginning.
func (c Content) Parts() []Part {
	var all []Part
	for _, p := range ai.Parts(c.Markdown) {
		all = append(all, Part{Heading: p.Heading, Words: int64(ai.Words(p.Text))})
	}
	return all
}

// RewriteArgs is what the job that writes a section anew is told.
type RewriteArgs struct {
	Content ContentID     `json:"content"`
	Version int64         `json:"version"` // that was read
	Section int           `json:"section"` // as in Parts of that version
	Wish    string        `json:"wish"`
	Hold    credit.HoldID `json:"hold"`
}

// Kind implements job.Args.
func (RewriteArgs) Kind() string { return "writer.regenerate_section" }

// Rewritten is what came of it.
type Rewritten struct {
	Content ContentID `json:"content_id"`
	Version int64     `json:"version"` // that has the new section, or a later one
}

// Rewrite says which section is to be written anew, and how.
type Rewrite struct {
	Version int64  // of the article, that was read
	Section int    // as in Parts
	Wish    string // of the account, such as "shorter"; empty: none
}

// ErrSectionNotFound is a section that an article has not. ErrInvalidWish is a
// wish that cannot be told to anybody.
var (
	ErrSectionNotFound = fault.New(fault.NotFound, "content.section_not_found", "The article has no such section.")
	ErrInvalidWish     = fault.New(fault.Invalid, "content.invalid_wish", "This wish cannot be told to the AI provider.").FieldsSay()
)

// What a section may be at least, in words, and a wish at most, in characters.
const (
	leastSection = 50
	maxWish      = 500
)

// Regenerate orders that one section of an article is written anew, about as
// long as it is: a new version, in which the others stay as they are.
// ErrContentChanged when there is a newer version than the one that was read.
func (w *Writer) Regenerate(ctx context.Context, tx *tenant.Tx, cid ContentID, r Rewrite) (Ordered, error) {
	c, err := Load(ctx, tx, cid)
	if err == nil && c.Version != r.Version {
		err = changed(c)
	}
	if err != nil {
		return Ordered{}, err
	}
	parts := c.Parts()
	if r.Section < 0 || r.Section >= len(parts) {
		return Ordered{}, ErrSectionNotFound
	}
	wish, ok := optional(r.Wish, maxWish)
	if !ok {
		return Ordered{}, ErrInvalidWish.At("body.wish", "at most 500 printable characters", nil)
	}
	p, err := credit.PriceOf(ctx, tx, credit.RegenerateSection)
	if err != nil {
		return Ordered{}, err
	}
	quote := p.Of(withHeadroom(max(leastSection, parts[r.Section].Words)))
	hid, err := credit.Reserve(ctx, tx, credit.Want{Amount: quote, Operation: credit.RegenerateSection, Reference: cid.String(), Site: c.Site.String()})
	if err != nil {
		return Ordered{}, err
	}
	jid, err := w.queue.Enqueue(ctx, tx, RewriteArgs{Content: cid, Version: r.Version, Section: r.Section, Wish: wish, Hold: hid},
		job.Order{Total: 1, Quote: (*int64)(&quote), Message: "Waiting to write"})
	return Ordered{Job: jid, Quote: quote}, err
}

// rewriter writes sections anew.
type rewriter struct{ w *Writer }

// Do writes the section. What an earlier run of the job has written is there,
// and paid from its hold.
func (h rewriter) Do(ctx context.Context, s tenant.Scope, r *job.Run, a RewriteArgs) (any, error) {
	var brief ai.RewriteBrief
	var part ai.Part
	result := Rewritten{Content: a.Content}
	var done bool
	err := h.w.st.Update(ctx, s, func(ctx context.Context, tx *tenant.Tx) error {
		if err := credit.Reclaim(ctx, tx, a.Hold); err != nil {
			return err
		}
		err := tx.Get(ctx, `SELECT version FROM content_versions WHERE account_id = $1 AND content_id = $2 AND hold_id = $3`,
			[]any{a.Content, a.Hold}, &result.Version)
		if done = err == nil; done || !tenant.IsNotFound(err) {
			return err
		}
		c, err := LoadVersion(ctx, tx, a.Content, a.Version)
		if err != nil {
			return err
		}
		part = ai.Parts(c.Markdown)[a.Section]
		brief, err = rewriteBrief(ctx, tx, c, part, a.Wish)
		return err
	})
	if err != nil || done {
		return result, err
	}
	if err := r.Progress(ctx, 0, 1, words.With("Writing %q anew", part.Heading)); err != nil {
		return nil, err
	}
	err = h.w.gate.Rewrite(ctx, s, a.Hold, brief, func(ctx context.Context, tx *tenant.Tx, p ai.Passage) error {
		c, err := replace(ctx, tx, a, part, p)
		result.Version = c.Version
		return err
	})
	if err != nil {
		f := fault.Of(err)
		return nil, fmt.Errorf("section %d of article %s: %w (%w)", a.Section, a.Content, f.Sayf("The section was not written anew. %s", f.Msg), err)
	}
	return result, nil
}

// Abandon gives back the credits of what was not written.
func (rewriter) Abandon(ctx context.Context, tx *tenant.Tx, a RewriteArgs) error {
	if err := credit.Release(ctx, tx, a.Hold); err != nil && !errors.Is(err, credit.ErrHoldSpent) {
		return err
	}
	return nil
}

func rewriteBrief(ctx context.Context, r tenant.Reader, c Content, part ai.Part, wish string) (ai.RewriteBrief, error) {
	s, err := site.Load(ctx, r, c.Site)
	if err != nil {
		return ai.RewriteBrief{}, err
	}
	t, err := LoadTask(ctx, r, c.Task)
	if err != nil {
		return ai.RewriteBrief{}, err
	}
	b := ai.RewriteBrief{
		Language: s.Language, Tone: s.Tone, Title: c.Title, Heading: part.Heading, Text: part.Text, Wish: wish, Words: max(leastSection, ai.Words(part.Text)),
	}
	for _, p := range ai.Parts(c.Markdown)[1:] {
		b.Outline = append(b.Outline, p.Heading)
	}
	for _, o := range t.Brief.Outline {
		if o.Heading == part.Heading {
			b.Keywords = o.Keywords
		}
	}
	return b, nil
}

// replace puts the new section where the old one is, in whatever version is the
// current one: what somebody has edited elsewhere meanwhile stays. It is
// ErrContentChanged when the section itself was edited.
func replace(ctx context.Context, tx *tenant.Tx, a RewriteArgs, old ai.Part, p ai.Passage) (Content, error) {
	c, err := loadForUpdate(ctx, tx, a.Content)
	if err != nil {
		return Content{}, err
	}
	at := -1
	for n, now := range ai.Parts(c.Markdown) {
		if now.Heading == old.Heading && now.Text == old.Text && (at < 0 || n == a.Section) {
			at = n
		}
	}
	if at < 0 {
		return Content{}, changed(c)
	}
	c.Markdown = ai.Replace(c.Markdown, at, clean(p.Markdown))
	return next(ctx, tx, c, c.Slug, author{a.Hold, &p.Prompt})
}
