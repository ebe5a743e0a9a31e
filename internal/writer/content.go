package writer

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"igny8/internal/account"
	"igny8/internal/ai"
	"igny8/internal/audit"
	"igny8/internal/clock"
	"igny8/internal/credit"
	"igny8/internal/site"
	"igny8/internal/tenant"
)

// ContentStatus is where an article is in its life.
type ContentStatus string

// The statuses.
const (
	Draft     ContentStatus = "draft"
	Review    ContentStatus = "review"
	Approved  ContentStatus = "approved"
	Published ContentStatus = "published"
)

// Content is an article in its current version.
type Content struct {
	ID              ContentID
	Site            site.ID
	Task            TaskID
	Status          ContentStatus
	Version         int64
	Title           string
	Slug            string
	MetaDescription string
	Excerpt         string
	Markdown        string   // empty in a list
	FAQ             []Answer // none in a list
	Words           int64    // the answers included
	URL             string   // where it can be read on its site; empty: nowhere
	Created         time.Time
	Updated         time.Time
}

// Answer is a question of readers and what there is to say to it, in Markdown.
type Answer struct {
	Question string `json:"question"`
	Answer   string `json:"answer"`
}

const (
	contentColumns = `c.id, c.site_id, c.task_id, c.status, c.version, v.title, v.slug, v.meta_description, v.excerpt, v.words, c.url, c.created_at, c.updated_at, `
	contentText    = `v.markdown, v.faq`
	noText         = `'', '[]'`
)

const contentFrom = ` FROM contents c JOIN content_versions v ON v.account_id = c.account_id AND v.content_id = c.id AND v.version = c.version
	WHERE c.account_id = $1`

func readContent(scan tenant.Scan) (Content, error) {
	var c Content
	var created, updated int64
	var faq string
	err := scan(&c.ID, &c.Site, &c.Task, &c.Status, &c.Version, &c.Title, &c.Slug, &c.MetaDescription, &c.Excerpt, &c.Words, &c.URL, &created, &updated, &c.Markdown, &faq)
	if err != nil {
		return Content{}, err
	}
	c.Created, c.Updated = clock.FromMicros(created), clock.FromMicros(updated)
	return c, c.answer(faq)
}

// answer reads the answers as they are stored.
func (c *Content) answer(faq string) error {
	c.FAQ = nil
	if faq == "[]" {
		return nil
	}
	if err := json.Unmarshal([]byte(faq), &c.FAQ); err != nil {
		return fmt.Errorf("answers of article %s: %w", c.ID, err)
	}
	return nil
}

// count is how many words an article has.
func (c Content) count() int64 {
	n := ai.Words(c.Markdown)
	for _, a := range c.FAQ {
		n += ai.Words(a.Question) + ai.Words(a.Answer)
	}
	return int64(n)
}

// ContentFilter narrows a list. Zero fields do not.
type ContentFilter struct {
	Site   site.ID
	Status ContentStatus
	After  string // the id of the last one before
	Limit  int    // zero: 50
}

// Contents lists articles, without their text, in the order in which they were
// written.
func Contents(ctx context.Context, r tenant.Reader, f ContentFilter) ([]Content, error) {
	q := query{text: `SELECT ` + contentColumns + noText + contentFrom}
	if !f.Site.IsZero() {
		q.and("c.site_id", f.Site)
	}
	if f.Status != "" {
		q.and("c.status", string(f.Status))
	}
	return list(ctx, r, q, f.After, f.Limit, "c.id", readContent)
}

// Load reads one article.
func Load(ctx context.Context, r tenant.Reader, cid ContentID) (Content, error) {
	c, err := readContent(func(dest ...any) error {
		return r.Get(ctx, `SELECT `+contentColumns+contentText+contentFrom+` AND c.id = $2`, []any{cid}, dest...)
	})
	if tenant.IsNotFound(err) {
		err = ErrContentNotFound
	}
	if err != nil {
		return Content{}, fmt.Errorf("article %s: %w", cid, err)
	}
	return c, nil
}

// loadForUpdate is Load for who changes the article. It locks first and reads
// then: in one statement, who waited for the lock would join the new row with
// the version of the old.
func loadForUpdate(ctx context.Context, tx *tenant.Tx, cid ContentID) (Content, error) {
	err := tx.Get(ctx, `SELECT version FROM contents WHERE account_id = $1 AND id = $2`+tx.ForUpdate(), []any{cid}, new(int64))
	if err != nil && !tenant.IsNotFound(err) {
		return Content{}, fmt.Errorf("lock article %s: %w", cid, err)
	}
	return Load(ctx, tx, cid)
}

// Version is one version of an article, in short.
type Version struct {
	Number  int64
	Title   string
	Words   int64
	Actor   string // see tenant.Actor
	Prompt  *int64 // by which version of its prompt a model wrote it, zero the program's; nil: a person did
	Created time.Time
}

// Versions lists the versions of an article, the newest first.
func Versions(ctx context.Context, r tenant.Reader, cid ContentID) ([]Version, error) {
	if _, err := Load(ctx, r, cid); err != nil {
		return nil, err
	}
	var all []Version
	err := r.Each(ctx, `SELECT version, title, words, actor, prompt, created_at FROM content_versions WHERE account_id = $1 AND content_id = $2 ORDER BY version DESC`,
		[]any{cid}, func(scan tenant.Scan) error {
			var v Version
			var created int64
			err := scan(&v.Number, &v.Title, &v.Words, &v.Actor, &v.Prompt, &created)
			v.Created = clock.FromMicros(created)
			all = append(all, v)
			return err
		})
	if err != nil {
		return nil, fmt.Errorf("versions of article %s: %w", cid, err)
	}
	return all, nil
}

// author is who wrote a version: the zero one is a person.
type author struct {
	hold   credit.HoldID // that pays for it
	prompt *int64        // by which version of its prompt
}

func addVersion(ctx context.Context, tx *tenant.Tx, c Content, by author) error {
	faq, err := json.Marshal(append([]Answer{}, c.FAQ...))
	if err != nil {
		return err
	}
	_, err = tx.Exec(ctx, `
		INSERT INTO content_versions (account_id, content_id, version, title, slug, meta_description, excerpt, markdown, faq, words, actor, created_at, hold_id, prompt)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)`,
		c.ID, c.Version, c.Title, c.Slug, c.MetaDescription, c.Excerpt, c.Markdown, string(faq), c.Words, tx.Scope().Actor().String(), clock.Micros(tx.Now()), by.hold, by.prompt)
	if err != nil {
		return fmt.Errorf("version %d of article %s: %w", c.Version, c.ID, err)
	}
	return nil
}

// Edit says what changes; nil leaves it as it is.
type Edit struct {
	Version         int64 // the version that was read
	Title           *string
	Slug            *string
	MetaDescription *string
	Excerpt         *string
	Markdown        *string
	FAQ             *[]Answer
}

// Apply makes a new version of an article. ErrContentChanged when there is a
// newer one than the one that was read, and ErrInvalidContent with the field
// when it cannot be like this: two of a site have not one address. What was approved has to be approved
// again.
func Apply(ctx context.Context, tx *tenant.Tx, cid ContentID, e Edit) (Content, error) {
	c, err := loadForUpdate(ctx, tx, cid)
	if err != nil {
		return Content{}, err
	}
	if c.Version != e.Version {
		return Content{}, changed(c)
	}
	slug := c.Slug
	for _, f := range []struct{ from, to *string }{
		{e.Title, &c.Title}, {e.Slug, &c.Slug}, {e.MetaDescription, &c.MetaDescription}, {e.Excerpt, &c.Excerpt}, {e.Markdown, &c.Markdown},
	} {
		if f.from != nil {
			*f.to = *f.from
		}
	}
	if e.FAQ != nil {
		c.FAQ = slices.Clone(*e.FAQ)
	}
	return next(ctx, tx, c, slug, author{})
}

// next makes an article that was changed its next version. slug is what its
// address was before.
func next(ctx context.Context, tx *tenant.Tx, c Content, slug string, by author) (Content, error) {
	if err := c.check(); err != nil {
		return Content{}, err
	}
	c.Version, c.Words, c.Updated = c.Version+1, c.count(), tx.Now()
	if c.Status == Approved || c.Status == Published {
		c.Status = Draft
	}
	if c.Slug != slug {
		if err := c.move(ctx, tx); err != nil {
			return Content{}, err
		}
	}
	if err := addVersion(ctx, tx, c, by); err != nil {
		return Content{}, err
	}
	_, err := tx.Exec(ctx, `UPDATE contents SET version = $3, status = $4, updated_at = $5 WHERE account_id = $1 AND id = $2`,
		c.ID, c.Version, string(c.Status), clock.Micros(c.Updated))
	if err != nil {
		return Content{}, fmt.Errorf("change article %s: %w", c.ID, err)
	}
	return c, nil
}

// changed says that there is a newer version than the one that was read.
func changed(c Content) error {
	return fmt.Errorf("article %s: %w", c.ID, ErrContentChanged.With("version", c.Version))
}

// move makes the end of an article's address its own on the site.
func (c Content) move(ctx context.Context, tx *tenant.Tx) error {
	taken := ErrInvalidContent.Sayf("Another article of the site has this address.").At("body.slug", "is another article's", c.Slug)
	err := tx.Get(ctx, `SELECT 1 FROM contents WHERE account_id = $1 AND site_id = $2 AND slug = $3 AND id <> $4`, []any{c.Site, c.Slug, c.ID}, new(int))
	if err == nil {
		return taken
	}
	if tenant.IsNotFound(err) {
		_, err = tx.Exec(ctx, `UPDATE contents SET slug = $3 WHERE account_id = $1 AND id = $2`, c.ID, c.Slug)
	}
	if tenant.IsDuplicate(err) {
		return taken
	}
	if err != nil {
		return fmt.Errorf("move article %s: %w", c.ID, err)
	}
	return nil
}

// maxMarkdown is how long the text of an article may get, in characters.
const maxMarkdown = 500_000

// clean takes out what is not text, which PostgreSQL does not keep.
func clean(s string) string {
	return strings.ReplaceAll(strings.ToValidUTF8(s, ""), "\x00", "")
}

// check refuses what cannot be an article.
func (c *Content) check() error {
	f := ErrInvalidContent
	var ok bool
	if c.Title, ok = account.Printable(c.Title, maxTitle); !ok {
		f = f.At("body.title", "1 to 200 printable characters", nil)
	}
	if c.Slug == "" || len(c.Slug) > 200 || strings.Trim(c.Slug, "abcdefghijklmnopqrstuvwxyz0123456789-") != "" || strings.Trim(c.Slug, "-") != c.Slug {
		f = f.At("body.slug", "lower-case letters, digits and hyphens between them", nil)
	}
	if c.MetaDescription, ok = optional(c.MetaDescription, 400); !ok {
		f = f.At("body.meta_description", "at most 400 printable characters", nil)
	}
	if c.Excerpt != clean(c.Excerpt) || utf8.RuneCountInString(c.Excerpt) > 4000 {
		f = f.At("body.excerpt", "at most 4000 characters of text", nil)
	}
	if c.Markdown != clean(c.Markdown) || utf8.RuneCountInString(c.Markdown) > maxMarkdown || ai.Words(c.Markdown) == 0 {
		f = f.At("body.markdown", "1 to 500000 characters of text", nil)
	}
	if len(c.FAQ) > mostAnswers {
		f = f.At("body.faq", "at most 20", nil)
	}
	for i, a := range c.FAQ {
		if c.FAQ[i].Question, ok = account.Printable(a.Question, 300); !ok {
			f = f.At(fmt.Sprintf("body.faq[%d].question", i), "1 to 300 printable characters", nil)
		}
		if a.Answer != clean(a.Answer) || utf8.RuneCountInString(a.Answer) > 4000 || ai.Words(a.Answer) == 0 {
			f = f.At(fmt.Sprintf("body.faq[%d].answer", i), "1 to 4000 characters of text", nil)
		}
	}
	if len(f.Fields) > 0 {
		return f
	}
	return nil
}

// mostAnswers is how many questions an article answers apart from its text.
const mostAnswers = 20

// Approve says that an article may be published, in the version that was read,
// or with zero in its current one: ErrContentChanged when there is a newer one.
// One that is approved or published stays as it is.
func Approve(ctx context.Context, tx *tenant.Tx, cid ContentID, read int64) (Content, error) {
	c, err := loadForUpdate(ctx, tx, cid)
	if err == nil && read != 0 && read != c.Version {
		err = changed(c)
	}
	if err != nil || c.Status == Approved || c.Status == Published {
		return c, err
	}
	c.Status, c.Updated = Approved, tx.Now()
	_, err = tx.Exec(ctx, `UPDATE contents SET status = $3, updated_at = $4 WHERE account_id = $1 AND id = $2`, cid, string(c.Status), clock.Micros(c.Updated))
	if err != nil {
		return Content{}, fmt.Errorf("approve article %s: %w", cid, err)
	}
	return c, audit.Record(ctx, tx, "content.approved", cid.String(), map[string]int64{"version": c.Version})
}

// SetPublished notes that a version of an article can be read on its site, and
// where as far as that is known, or that the article cannot any more. The status
// of one that has changed since stays as it is.
func SetPublished(ctx context.Context, tx *tenant.Tx, cid ContentID, version int64, there bool, url string) error {
	from, to := Published, Approved
	if there {
		from, to = Approved, Published
	} else {
		url = ""
	}
	_, err := tx.Exec(ctx, `
		UPDATE contents SET url = $7, status = CASE WHEN status = $3 AND (version = $5 OR NOT $6) THEN $4 ELSE status END WHERE account_id = $1 AND id = $2`,
		cid, string(from), string(to), version, there, url)
	if err != nil {
		return fmt.Errorf("article %s is published: %w", cid, err)
	}
	return nil
}

// Headline is an article in short.
type Headline struct {
	Title   string
	Version int64
	Status  ContentStatus
}

// Headlines is some articles in short; those that are not there are not in it.
func Headlines(ctx context.Context, r tenant.Reader, cs []ContentID) (map[ContentID]Headline, error) {
	all := make(map[ContentID]Headline, len(cs))
	if len(cs) == 0 {
		return all, nil
	}
	args := make([]any, len(cs))
	in := make([]string, len(cs))
	for i, c := range cs {
		args[i], in[i] = c, fmt.Sprintf("$%d", i+2)
	}
	err := r.Each(ctx, `
		SELECT c.id, v.title, c.version, c.status FROM contents c
		JOIN content_versions v ON v.account_id = c.account_id AND v.content_id = c.id AND v.version = c.version
		WHERE c.account_id = $1 AND c.id IN (`+strings.Join(in, ", ")+`)`, args, func(scan tenant.Scan) error {
		var c ContentID
		var h Headline
		err := scan(&c, &h.Title, &h.Version, &h.Status)
		all[c] = h
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("headlines: %w", err)
	}
	return all, nil
}

// ApprovedOf is the oldest approved articles of a site, from the one after on.
func ApprovedOf(ctx context.Context, r tenant.Reader, sid site.ID, after ContentID, limit int) ([]ContentID, error) {
	return ids(ctx, r, `status = 'approved'`, sid, after, limit)
}

// Fresh is the oldest drafts of a site that nobody has touched since they were
// written.
func Fresh(ctx context.Context, r tenant.Reader, sid site.ID, limit int) ([]ContentID, error) {
	return ids(ctx, r, `status = 'draft' AND version = 1`, sid, ContentID{}, limit)
}

func ids(ctx context.Context, r tenant.Reader, which string, sid site.ID, after ContentID, limit int) ([]ContentID, error) {
	var all []ContentID
	err := r.Each(ctx, `
		SELECT id FROM contents WHERE account_id = $1 AND site_id = $2 AND id > $3 AND `+which+` ORDER BY id LIMIT $4`,
		[]any{sid, after.String(), limit}, func(scan tenant.Scan) error {
			var c ContentID
			err := scan(&c)
			all = append(all, c)
			return err
		})
	if err != nil {
		return nil, fmt.Errorf("articles of %s: %w", sid, err)
	}
	return all, nil
}

// Tally is how many articles each site of an account has in each status.
func Tally(ctx context.Context, r tenant.Reader) (map[site.ID]map[ContentStatus]int64, error) {
	all := map[site.ID]map[ContentStatus]int64{}
	err := r.Each(ctx, `SELECT site_id, status, count(*) FROM contents WHERE account_id = $1 GROUP BY site_id, status`, nil, func(scan tenant.Scan) error {
		var sid site.ID
		var s ContentStatus
		var n int64
		if err := scan(&sid, &s, &n); err != nil {
			return err
		}
		if all[sid] == nil {
			all[sid] = map[ContentStatus]int64{}
		}
		all[sid][s] = n
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("count articles: %w", err)
	}
	return all, nil
}
