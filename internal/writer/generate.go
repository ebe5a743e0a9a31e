package writer

import (
	"cmp"
	"context"
	"errors"
	"fmt"

	"igny8/internal/account"
	"igny8/internal/ai"
	"igny8/internal/clock"
	"igny8/internal/credit"
	"igny8/internal/fault"
	"igny8/internal/id"
	"igny8/internal/job"
	"igny8/internal/site"
	"igny8/internal/tenant"
	"igny8/internal/words"
)

// DraftArgs is what a writing job is told.
type DraftArgs struct {
	Items []TaskHold `json:"items"`
}

// TaskHold is a task and the hold that pays for its article.
type TaskHold struct {
	Task TaskID        `json:"task"`
	Hold credit.HoldID `json:"hold"`
}

// Kind implements job.Args.
func (DraftArgs) Kind() string { return "writer.generate_content" }

// Drafted is what came of a writing job: the articles in the order in which
// their tasks were named, and those that could not be written.
type Drafted struct {
	Contents []ContentID `json:"contents"`
	Failed   []Unwritten `json:"failed"`
}

// Unwritten is an article that could not be written. Its task can be ordered
// again.
type Unwritten struct {
	Task   TaskID     `json:"task_id"`
	Title  string     `json:"title"`
	Code   string     `json:"code"`
	Detail words.Text `json:"detail"`
}

// headroom is how much longer than asked an article may be, in per cent: a
// model does not count, and what it does not use goes back.
const headroom = 20

// mostAtOnce is how many articles one job writes.
const mostAtOnce = 50

// GenerateContent orders the articles of 1 to 50 tasks. The credits of all are
// reserved, or of none. It is ErrTaskBusy, naming the task, when one of them is
// being written or has been.
func (w *Writer) GenerateContent(ctx context.Context, tx *tenant.Tx, ts []TaskID) (Ordered, error) {
	if len(ts) == 0 {
		return Ordered{}, ErrNothingChosen
	}
	if len(ts) > mostAtOnce {
		return Ordered{}, ErrTooManyChosen
	}
	chosen, wants, err := price(ctx, tx, ts)
	if err != nil {
		return Ordered{}, err
	}
	holds, err := credit.ReserveAll(ctx, tx, wants)
	if err != nil {
		return Ordered{}, err
	}
	var a DraftArgs
	var quote credit.Credits
	for n, t := range chosen {
		if err := queue(ctx, tx, t, holds[n]); err != nil {
			return Ordered{}, err
		}
		quote += wants[n].Amount
		a.Items = append(a.Items, TaskHold{t.ID, holds[n]})
	}
	jid, err := w.queue.Enqueue(ctx, tx, a, job.Order{Total: int64(len(a.Items)), Quote: (*int64)(&quote), Message: "Waiting to write"})
	return Ordered{Job: jid, Quote: quote}, err
}

// Cost is what is reserved for an article of so many words.
func Cost(ctx context.Context, r tenant.Reader, words int64) (credit.Credits, error) {
	return credit.Quote(ctx, r, credit.GenerateContent, withHeadroom(words))
}

func withHeadroom(words int64) int64 { return words * (100 + headroom) / 100 }

// busy says which task cannot be ordered again.
func busy(t Task) error {
	f := ErrTaskBusy.Sayf("The task %q is being written, or has been.", t.Title).With("task_id", t.ID.String())
	return fmt.Errorf("queue task %s: %w", t.ID, f)
}

// price loads tasks, each once, and says what their articles cost at most.
func price(ctx context.Context, tx *tenant.Tx, ts []TaskID) (all []Task, wants []credit.Want, err error) {
	p, err := credit.PriceOf(ctx, tx, credit.GenerateContent)
	if err != nil {
		return nil, nil, err
	}
	seen := map[TaskID]bool{}
	for _, tid := range ts {
		if seen[tid] {
			continue
		}
		seen[tid] = true
		t, err := LoadTask(ctx, tx, tid)
		if err != nil {
			return nil, nil, err
		}
		if t.Status != Todo { // said before what it would cost
			return nil, nil, busy(t)
		}
		all = append(all, t)
		wants = append(wants, credit.Want{
			Amount: p.Of(withHeadroom(t.Words)), Operation: credit.GenerateContent, Reference: tid.String(), Site: t.Site.String(),
		})
	}
	return all, wants, nil
}

// queue marks a task as one that is paid by a hold.
func queue(ctx context.Context, tx *tenant.Tx, t Task, hid credit.HoldID) error {
	moved, err := tx.Exec(ctx, `
		UPDATE tasks SET status = 'queued', hold_id = $3, updated_at = $4 WHERE account_id = $1 AND id = $2 AND status = 'todo'`,
		t.ID, hid, clock.Micros(tx.Now()))
	if err != nil {
		return fmt.Errorf("queue task %s: %w", t.ID, err)
	}
	if moved == 0 {
		return busy(t)
	}
	return nil
}

// drafter does writing jobs.
type drafter struct{ w *Writer }

// Do writes the articles one after the other. What an earlier run of the job
// has written is there, and told of again. One that cannot be written keeps none
// of the others from it: only when none can, or the model is away, the job
// fails.
func (h drafter) Do(ctx context.Context, s tenant.Scope, r *job.Run, a DraftArgs) (any, error) {
	result := Drafted{Contents: []ContentID{}, Failed: []Unwritten{}}
	var first error
	for n, i := range a.Items {
		t, err := h.w.task(ctx, s, i.Task)
		if err != nil {
			return nil, err
		}
		if t.Content.IsZero() && t.Hold == i.Hold {
			if err := r.Progress(ctx, int64(n), int64(len(a.Items)), words.With("Writing %q", t.Title)); err != nil {
				return nil, err
			}
			var failed error
			if t.Content, failed, err = h.w.try(ctx, s, t, i); err != nil {
				return nil, err
			}
			first = cmp.Or(first, failed)
			if failed != nil {
				f := fault.Of(failed)
				result.Failed = append(result.Failed, Unwritten{t.ID, t.Title, f.Code, f.Msg})
				continue
			}
		}
		if t.Content.IsZero() { // an earlier run has given it up
			result.Failed = append(result.Failed, Unwritten{t.ID, t.Title, ErrGivenUp.Code, ErrGivenUp.Msg})
			continue
		}
		result.Contents = append(result.Contents, t.Content)
	}
	if len(result.Contents) == 0 && first != nil {
		return nil, first
	}
	return result, nil
}

// try writes one article. failed is why it cannot be written, when that is for
// good: its credits are given back and its task is ready again. err is what ends
// this run of the job.
func (w *Writer) try(ctx context.Context, s tenant.Scope, t Task, i TaskHold) (cid ContentID, failed, err error) {
	if cid, err = w.draft(ctx, s, t, i.Hold); err == nil {
		return cid, nil, nil
	}
	if err = blame(t, err); ctx.Err() != nil || !job.Final(err) {
		return ContentID{}, nil, err
	}
	return ContentID{}, err, w.giveUp(ctx, s, i)
}

// giveUp gives back the credits of one task, and makes it ready to be ordered
// again.
func (w *Writer) giveUp(ctx context.Context, s tenant.Scope, i TaskHold) error {
	return w.st.Update(ctx, s, func(ctx context.Context, tx *tenant.Tx) error {
		return drafter{w}.Abandon(ctx, tx, DraftArgs{Items: []TaskHold{i}})
	})
}

// blame makes an error say which article it kept from being written.
func blame(t Task, err error) error {
	f := fault.Of(err)
	return fmt.Errorf("write task %s: %w (%w)", t.ID, f.Sayf("%q was not written. %s", t.Title, f.Msg), err)
}

// Abandon gives back the credits of the tasks that are not written, and makes
// them ready to be ordered again.
func (drafter) Abandon(ctx context.Context, tx *tenant.Tx, a DraftArgs) error {
	for _, i := range a.Items {
		if err := credit.Release(ctx, tx, i.Hold); err != nil && !errors.Is(err, credit.ErrHoldSpent) {
			return err
		}
		_, err := tx.Exec(ctx, `
			UPDATE tasks SET status = 'todo', hold_id = NULL, updated_at = $4
			WHERE account_id = $1 AND id = $2 AND status = 'queued' AND hold_id = $3`, i.Task, i.Hold, clock.Micros(tx.Now()))
		if err != nil {
			return fmt.Errorf("unqueue task %s: %w", i.Task, err)
		}
	}
	return nil
}

func (w *Writer) task(ctx context.Context, s tenant.Scope, tid TaskID) (t Task, err error) {
	err = w.st.View(ctx, s, func(ctx context.Context, v *tenant.View) error {
		t, err = LoadTask(ctx, v, tid)
		return err
	})
	return t, err
}

// draft writes one article. A run of the job that died may have left the hold
// open: it is taken back first, and the dead can no longer settle.
func (w *Writer) draft(ctx context.Context, s tenant.Scope, t Task, hid credit.HoldID) (cid ContentID, err error) {
	var where site.Site
	var links []Link
	err = w.st.Update(ctx, s, func(ctx context.Context, tx *tenant.Tx) error {
		if err := credit.Reclaim(ctx, tx, hid); err != nil {
			return err
		}
		if where, err = site.Load(ctx, tx, t.Site); err != nil {
			return err
		}
		links, err = readable(ctx, tx, t.Brief.Links)
		return err
	})
	if err != nil {
		return ContentID{}, err
	}
	err = w.gate.Article(ctx, s, hid, briefOf(t, where, links), func(ctx context.Context, tx *tenant.Tx, d ai.Draft) error {
		cid, err = save(ctx, tx, t, hid, d)
		return err
	})
	return cid, err
}

func briefOf(t Task, s site.Site, links []Link) ai.ArticleBrief {
	b := ai.ArticleBrief{
		Language: s.Language, Site: s.Domain, Tone: s.Tone, Title: t.Title, Angle: t.Brief.Angle, Audience: t.Brief.Audience,
		Intent: ai.Intent(t.Brief.Intent), Words: int(t.Words), Questions: t.Brief.Questions,
	}
	for _, l := range links {
		b.Links = append(b.Links, ai.Link{Title: l.Title, URL: l.URL})
	}
	for _, o := range t.Brief.Outline {
		b.Outline = append(b.Outline, ai.Section{Heading: o.Heading, Keywords: o.Keywords})
	}
	for _, k := range t.Brief.Keywords {
		b.Keywords = append(b.Keywords, ai.Keyword{Text: k})
	}
	return b
}

// save keeps an article as the first version of its task's content.
func save(ctx context.Context, tx *tenant.Tx, t Task, hid credit.HoldID, d ai.Draft) (ContentID, error) {
	c := Content{
		ID: id.New[contentKind](), Site: t.Site, Task: t.ID, Status: Draft, Version: 1, Title: clean(d.Title), Slug: d.Slug,
		MetaDescription: clean(d.MetaDescription), Excerpt: clean(d.Excerpt), Markdown: clean(d.Markdown), Created: tx.Now(), Updated: tx.Now(),
	}
	if ai.Words(c.Markdown) == 0 {
		return ContentID{}, fmt.Errorf("%w (%w)", ErrEmptyArticle, ai.ErrUnusable)
	}
	for _, a := range d.FAQ {
		if q, ok := account.Printable(clean(a.Question), 300); ok && ai.Words(a.Answer) > 0 && len(c.FAQ) < mostAnswers {
			c.FAQ = append(c.FAQ, Answer{q, clean(a.Answer)})
		}
	}
	c.Words = c.count()
	if c.Title == "" {
		c.Title = t.Title
	}
	if err := c.insert(ctx, tx); err != nil {
		return ContentID{}, err
	}
	if err := addVersion(ctx, tx, c, author{hid, &d.Prompt}); err != nil {
		return ContentID{}, err
	}
	n, err := tx.Exec(ctx, `
		UPDATE tasks SET status = 'written', hold_id = NULL, updated_at = $4
		WHERE account_id = $1 AND id = $2 AND status = 'queued' AND hold_id = $3`, t.ID, hid, clock.Micros(tx.Now()))
	if err == nil && n == 0 {
		err = ErrTaskBusy
	}
	if err != nil {
		return ContentID{}, fmt.Errorf("task %s is written: %w", t.ID, err)
	}
	return c.ID, nil
}

// insert adds an article with an address that no other of its site has: the one
// that it came with, or else that with the first number that makes it new.
func (c *Content) insert(ctx context.Context, tx *tenant.Tx) error {
	for base, n := c.Slug, 1; ; n++ {
		if n > 1 {
			c.Slug = fmt.Sprintf("%s-%d", base, n)
		}
		added, err := tx.Exec(ctx, `
			INSERT INTO contents (account_id, id, site_id, task_id, status, version, slug, created_at, updated_at) VALUES ($1, $2, $3, $4, $5, 1, $6, $7, $7)
			ON CONFLICT (account_id, site_id, slug) WHERE slug <> '' DO NOTHING`,
			c.ID, c.Site, c.Task, string(c.Status), c.Slug, clock.Micros(c.Created))
		if err != nil {
			return fmt.Errorf("save the article of task %s: %w", c.Task, err)
		}
		if added == 1 {
			return nil
		}
	}
}
