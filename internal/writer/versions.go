package writer

import (
	"context"
	"fmt"
	"strings"

	"github.com/aymanbagabas/go-udiff"

	"igny8/internal/clock"
	"igny8/internal/fault"
	"igny8/internal/tenant"
)

// ErrVersionNotFound is a version that an article has not.
var ErrVersionNotFound = fault.New(fault.NotFound, "content.version_not_found", "The article has no such version.")

// LoadVersion reads one version of an article, whole. Its Status and Updated are
// those of the article.
func LoadVersion(ctx context.Context, r tenant.Reader, cid ContentID, n int64) (Content, error) {
	c, err := Load(ctx, r, cid)
	if err != nil {
		return Content{}, err
	}
	var created int64
	var faq string
	err = r.Get(ctx, `
		SELECT version, title, slug, meta_description, excerpt, markdown, faq, words, created_at FROM content_versions
		WHERE account_id = $1 AND content_id = $2 AND version = $3`, []any{cid, n},
		&c.Version, &c.Title, &c.Slug, &c.MetaDescription, &c.Excerpt, &c.Markdown, &faq, &c.Words, &created)
	if tenant.IsNotFound(err) {
		err = ErrVersionNotFound
	}
	if err == nil {
		err = c.answer(faq)
	}
	if err != nil {
		return Content{}, fmt.Errorf("version %d of article %s: %w", n, cid, err)
	}
	c.Updated = clock.FromMicros(created)
	return c, nil
}

// Restore makes an earlier version of an article its current one, as a new
// version: nothing is lost. ErrContentChanged when there is a newer one than the
// one that was read.
func Restore(ctx context.Context, tx *tenant.Tx, cid ContentID, read, n int64) (Content, error) {
	v, err := LoadVersion(ctx, tx, cid, n)
	if err != nil {
		return Content{}, err
	}
	return Apply(ctx, tx, cid, Edit{
		Version: read, Title: &v.Title, Slug: &v.Slug, MetaDescription: &v.MetaDescription, Excerpt: &v.Excerpt, Markdown: &v.Markdown, FAQ: &v.FAQ,
	})
}

// Op is what became of a line between two versions.
type Op string

// What can become of it.
const (
	Same    Op = "same"
	Added   Op = "added"
	Removed Op = "removed"
)

// DiffLine is a line of either version.
type DiffLine struct {
	Op   Op
	Text string // without its end
}

// Comparison is two versions of an article beside each other: what each says of
// the short fields, and the lines of the text and the answers with what became of
// them.
type Comparison struct {
	From, To Content
	Lines    []DiffLine
	Added    int // lines
	Removed  int
}

// Compare compares two versions of an article.
func Compare(ctx context.Context, r tenant.Reader, cid ContentID, from, to int64) (Comparison, error) {
	var c Comparison
	var err error
	if c.From, err = LoadVersion(ctx, r, cid, from); err != nil {
		return Comparison{}, err
	}
	if c.To, err = LoadVersion(ctx, r, cid, to); err != nil {
		return Comparison{}, err
	}
	if c.Lines, err = diffLines(c.From.whole(""), c.To.whole("")); err != nil {
		return Comparison{}, fmt.Errorf("compare versions %d and %d of %s: %w", from, to, cid, err)
	}
	for _, l := range c.Lines {
		switch l.Op {
		case Added:
			c.Added++
		case Removed:
			c.Removed++
		case Same:
		}
	}
	return c, nil
}

// diffLines is the lines of both texts, in the order in which one reads them.
func diffLines(before, after string) ([]DiffLine, error) {
	end := func(s string) string {
		if s != "" && !strings.HasSuffix(s, "\n") {
			s += "\n"
		}
		return s
	}
	before, after = end(before), end(after)
	edits := udiff.Lines(before, after)
	lines := strings.Count(before, "\n") + strings.Count(after, "\n")
	u, err := udiff.ToUnifiedDiff("", "", before, edits, lines)
	if err != nil {
		return nil, err
	}
	var all []DiffLine
	for _, h := range u.Hunks {
		for _, l := range h.Lines {
			op := Same
			switch l.Kind {
			case udiff.Insert:
				op = Added
			case udiff.Delete:
				op = Removed
			case udiff.Equal:
			}
			all = append(all, DiffLine{op, strings.TrimSuffix(l.Content, "\n")})
		}
	}
	if len(u.Hunks) == 0 {
		for l := range strings.Lines(before) {
			all = append(all, DiffLine{Same, strings.TrimSuffix(l, "\n")})
		}
	}
	return all, nil
}
