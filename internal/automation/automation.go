// Package automation lets a site go from keywords to posts by itself, within
// limits a day and a budget a month that the account has set.
//
// It orders what a person could order, by the same functions and at the same
// prices, one thing at a time for each site. What is next is decided by what
// there is, from the end of the way to its beginning: what is approved is
// published before anything new is written. So nothing has to be remembered
// between two looks, and a server that dies in between leaves nothing undone.
package automation

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"igny8/internal/account"
	"igny8/internal/audit"
	"igny8/internal/clock"
	"igny8/internal/credit"
	"igny8/internal/fault"
	"igny8/internal/id"
	"igny8/internal/job"
	"igny8/internal/publish"
	"igny8/internal/site"
	"igny8/internal/tenant"
	"igny8/internal/words"
)

// Step is one kind of work that a pipeline orders.
type Step string

// The steps, in the order of the way from keywords to posts.
const (
	Cluster Step = "cluster"
	Ideas   Step = "ideas"
	Write   Step = "write"
	Approve Step = "approve" // without a person having looked
	Publish Step = "publish"
)

// Settings are what an account decides about a site's pipeline.
type Settings struct {
	Paused   bool
	Steps    []Step
	Ideas    int64           // asked for a day at most, 0 to 100
	Articles int64           // a day at most, 0 to 50
	Posts    int64           // a day at most, 0 to 50
	Budget   *credit.Credits // that it may spend in a month; nil: as much as there is
}

// Pipeline is a site's pipeline. Days and months are those of UTC.
type Pipeline struct {
	Settings
	Site  site.ID
	Waits string // the code of what it waits for; empty: for nothing
	Next  time.Time
}

type runKind struct{}

func (runKind) Prefix() string { return "run" }

// RunID names an order of a pipeline.
type RunID = id.ID[runKind]

// ParseRunID reads a run's id.
func ParseRunID(s string) (RunID, error) { return id.Parse[runKind](s) }

// Run is one order that a pipeline gave.
type Run struct {
	ID      RunID
	Site    site.ID
	Step    Step
	Items   int64
	Quote   credit.Credits // what was reserved for it
	Job     job.ID         // zero: it was done at once
	Created time.Time
}

// What a caller can be told, and what a pipeline waits for.
var (
	ErrNone            = fault.New(fault.NotFound, "pipeline.none", "This site has no pipeline yet. Set one up with PUT.")
	ErrInvalid         = fault.New(fault.Invalid, "pipeline.invalid", "These settings of the pipeline cannot be used.").FieldsSay()
	errWorking         = fault.New(fault.Conflict, "pipeline.working", "What was ordered last is still being done.")
	errBudgetSpent     = fault.New(fault.PaymentRequired, "pipeline.budget_spent", "What the pipeline may spend this month does not pay for the next step.")
	errDayDone         = fault.New(fault.Conflict, "pipeline.day_done", "What it may do today is done.")
	errNothingToDo     = fault.New(fault.Conflict, "pipeline.nothing_to_do", "There is nothing to do: add keywords, or switch further steps on.")
	errNothingWasThere = errors.New("nothing was there for the step")
)

const columns = `site_id, paused, steps, ideas_per_day, articles_per_day, posts_per_day, budget, waits, next_at`

func read(scan tenant.Scan) (Pipeline, error) {
	var p Pipeline
	var steps string
	var budget, next *int64
	if err := scan(&p.Site, &p.Paused, &steps, &p.Ideas, &p.Articles, &p.Posts, &budget, &p.Waits, &next); err != nil {
		return Pipeline{}, err
	}
	if p.Next = clock.FromNull(next); budget != nil {
		n := credit.Credits(*budget)
		p.Budget = &n
	}
	if err := json.Unmarshal([]byte(steps), &p.Steps); err != nil {
		return Pipeline{}, fmt.Errorf("steps of the pipeline of %s: %w", p.Site, err)
	}
	return p, nil
}

// Load reads a site's pipeline: ErrNone when it has none, site.ErrNotFound when
// there is no such site.
func Load(ctx context.Context, r tenant.Reader, sid site.ID) (Pipeline, error) {
	p, err := read(func(dest ...any) error {
		return r.Get(ctx, `SELECT `+columns+` FROM pipelines WHERE account_id = $1 AND site_id = $2`, []any{sid}, dest...)
	})
	if tenant.IsNotFound(err) {
		if _, err = site.Load(ctx, r, sid); err == nil {
			err = ErrNone
		}
	}
	if err != nil {
		return Pipeline{}, fmt.Errorf("pipeline of %s: %w", sid, err)
	}
	return p, nil
}

// All lists the pipelines of an account.
func All(ctx context.Context, r tenant.Reader) ([]Pipeline, error) {
	var all []Pipeline
	err := r.Each(ctx, `SELECT `+columns+` FROM pipelines WHERE account_id = $1 ORDER BY site_id`, nil, func(scan tenant.Scan) error {
		p, err := read(scan)
		all = append(all, p)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("pipelines: %w", err)
	}
	return all, nil
}

// Set sets a site's pipeline up, or changes it: it looks for work at once. What
// it has ordered goes on when it is paused. One that goes on and approves or
// publishes by itself needs content.approve.
func Set(ctx context.Context, tx *tenant.Tx, sid site.ID, s Settings) (Pipeline, error) {
	if _, err := site.Load(ctx, tx, sid); err != nil {
		return Pipeline{}, err
	}
	if err := s.check(); err != nil {
		return Pipeline{}, err
	}
	if !s.Paused && (slices.Contains(s.Steps, Approve) || slices.Contains(s.Steps, Publish)) {
		if err := tx.Scope().Require(tenant.ApproveContent); err != nil {
			return Pipeline{}, err
		}
	}
	steps, err := json.Marshal(s.Steps)
	if err != nil {
		return Pipeline{}, err
	}
	var next *int64
	if now := clock.Micros(tx.Now()); !s.Paused {
		next = &now
	}
	_, err = tx.Exec(ctx, `
		INSERT INTO pipelines (account_id, site_id, paused, steps, ideas_per_day, articles_per_day, posts_per_day, budget, waits, next_at, created_at, updated_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, '', $9, $10, $10)
		ON CONFLICT (account_id, site_id) DO UPDATE SET paused = excluded.paused, steps = excluded.steps, ideas_per_day = excluded.ideas_per_day,
			articles_per_day = excluded.articles_per_day, posts_per_day = excluded.posts_per_day, budget = excluded.budget, waits = '',
			next_at = excluded.next_at, updated_at = excluded.updated_at`,
		sid, s.Paused, string(steps), s.Ideas, s.Articles, s.Posts, (*int64)(s.Budget), next, clock.Micros(tx.Now()))
	if err != nil {
		return Pipeline{}, fmt.Errorf("set the pipeline of %s: %w", sid, err)
	}
	if err := audit.Record(ctx, tx, "pipeline.set", sid.String(), map[string]any{"paused": s.Paused, "steps": s.Steps, "budget": s.Budget}); err != nil {
		return Pipeline{}, err
	}
	return Load(ctx, tx, sid)
}

// Pause stops a site's pipeline from ordering anything, or lets it go on. What
// it has ordered goes on.
func Pause(ctx context.Context, tx *tenant.Tx, sid site.ID, paused bool) (Pipeline, error) {
	p, err := Load(ctx, tx, sid)
	if err != nil {
		return Pipeline{}, err
	}
	p.Paused = paused
	return Set(ctx, tx, sid, p.Settings)
}

// The most that a pipeline may do in a day.
const (
	mostIdeas    = 100
	mostArticles = 50
	mostPosts    = 50
)

func (s *Settings) check() error {
	f := ErrInvalid
	seen := map[Step]bool{}
	var steps []Step
	for _, step := range s.Steps {
		switch step {
		case Cluster, Ideas, Write, Approve, Publish:
			if !seen[step] {
				steps = append(steps, step)
			}
			seen[step] = true
		default:
			f = f.At("body.steps", "must be of cluster, ideas, write, approve, publish", string(step))
		}
	}
	s.Steps = steps
	for _, n := range []struct {
		name        string
		value, most int64
	}{{"ideas_per_day", s.Ideas, mostIdeas}, {"articles_per_day", s.Articles, mostArticles}, {"posts_per_day", s.Posts, mostPosts}} {
		if n.value < 0 || n.value > n.most {
			f = f.At("body."+n.name, words.With("must be 0 to %d", n.most), n.value)
		}
	}
	if s.Budget != nil && *s.Budget < 0 {
		f = f.At("body.budget", "must be 0 or more; null is without a limit", int64(*s.Budget))
	}
	if len(f.Fields) > 0 {
		return f
	}
	return nil
}

// Runs lists what the pipeline of a site has ordered, newest first, before one
// of them; the zero before begins with the newest.
func Runs(ctx context.Context, r tenant.Reader, sid site.ID, before RunID, limit int) ([]Run, error) {
	var all []Run
	err := r.Each(ctx, `
		SELECT id, site_id, step, items, quote, job_id, created_at FROM pipeline_runs
		WHERE account_id = $1 AND site_id = $2 AND ($3 = '' OR id < $3) ORDER BY id DESC LIMIT $4`, []any{sid, before.String(), limit},
		func(scan tenant.Scan) error {
			var n Run
			var created int64
			err := scan(&n.ID, &n.Site, &n.Step, &n.Items, &n.Quote, &n.Job, &created)
			n.Created = clock.FromMicros(created)
			all = append(all, n)
			return err
		})
	if err != nil {
		return nil, fmt.Errorf("runs of the pipeline of %s: %w", sid, err)
	}
	return all, nil
}

// Reason is what the pipeline waits for, in words; empty: for nothing.
func (p Pipeline) Reason() words.Text {
	for _, f := range []*fault.Fault{errWorking, errBudgetSpent, errDayDone, errNothingToDo, credit.ErrInsufficient, publish.ErrNoChannel, account.ErrToBeDeleted} {
		if f.Code == p.Waits {
			return f.Msg
		}
	}
	return words.Verbatim(p.Waits)
}
