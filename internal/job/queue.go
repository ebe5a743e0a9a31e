package job

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverdatabasesql"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/riverdriver/riversqlite"
	"github.com/riverqueue/river/rivertype"
	"riverqueue.com/riverui"
	"riverqueue.com/riverui/uiendpoints"

	"igny8/internal/clock"
	"igny8/internal/db"
	"igny8/internal/id"
	"igny8/internal/tenant"
)

// Options of a Queue. The zero Options are right for a server.
type Options struct {
	Workers int // jobs run at once by this process; zero: 8
	// Admit asks, before each run, whether the account may still work: a
	// suspended account's jobs fail with its answer. nil: always.
	Admit func(context.Context, tenant.Reader) error
	// Backoff is the wait after the nth failed try; nil: 1, 5, 25 seconds.
	Backoff func(attempt int) time.Duration
	// UIPath is where people find UI, such as "/staff/queue"; empty: nowhere.
	UIPath string
}

// maxTries is how often a job is tried before its error is final.
const maxTries = 4

// Queue takes orders for work and runs them.
type Queue struct {
	d        *db.DB
	st       *tenant.Store
	log      *slog.Logger
	opt      Options
	handlers map[string]handler
	errands  map[string]errandHandler
	rounds   []Round
	chores   []Chore
	insert   *river.Client[*sql.Tx]
	work     client
	stop     context.CancelFunc
	sweeping sync.WaitGroup
	ui       *riverui.Handler // nil: nobody finds it
}

// client is what the two kinds of River client have in common.
type client interface {
	Start(ctx context.Context) error
	Stop(ctx context.Context) error
	StopAndCancel(ctx context.Context) error
	JobList(ctx context.Context, params *river.JobListParams) (*river.JobListResult, error)
}

// handler is a Handler without its type.
type handler struct {
	do      func(context.Context, tenant.Scope, *Run, json.RawMessage) (any, error)
	abandon func(context.Context, *tenant.Tx, json.RawMessage) error
}

// Handler does the work of one kind.
type Handler[A Args] interface {
	// Do does the work. What it returns is the job's result, as JSON. An error
	// with a public face is final; any other is tried again some times.
	Do(ctx context.Context, s tenant.Scope, r *Run, a A) (result any, err error)
	// Abandon undoes what was promised when the job ends without success, in
	// the transaction that ends it.
	Abandon(ctx context.Context, tx *tenant.Tx, a A) error
}

// New makes a queue on d that runs nothing until Start.
func New(d *db.DB, log *slog.Logger, opt Options) (*Queue, error) {
	if opt.Workers == 0 {
		opt.Workers = 8
	}
	if opt.Backoff == nil {
		opt.Backoff = backoff
	}
	q := &Queue{d: d, st: tenant.NewStore(d), log: log, opt: opt, handlers: map[string]handler{}, errands: map[string]errandHandler{}}
	workers := river.NewWorkers()
	river.AddWorker(workers, &worker{q: q})
	river.AddWorker(workers, &errandWorker{q: q})
	cfg := &river.Config{
		Logger:      slog.New(atLeast{log.Handler(), slog.LevelWarn}),
		Workers:     workers,
		Queues:      map[string]river.QueueConfig{river.QueueDefault: {MaxWorkers: opt.Workers}},
		MaxAttempts: maxTries,
		RetryPolicy: retryPolicy{opt.Backoff},
		JobTimeout:  -1, // the handlers have deadlines of their own
		// Counts for errands alone: sweep looks after what has no timeout.
		RescueStuckJobsAfter: errandLost,
	}
	var err error
	var pages uiendpoints.Bundle
	if d.Engine() == db.Postgres {
		// To rebuild an index one must own it, and the role that serves owns
		// nothing. The operator can, when the queue's have grown.
		cfg.ReindexerIndexNames, cfg.ReindexerSchedule = []string{}, river.NeverSchedule()
		var w *river.Client[pgx.Tx]
		w, err = river.NewClient(riverpgxv5.New(d.Pool()), cfg)
		q.work, pages = w, riverui.NewEndpoints(w, nil)
	} else {
		cfg.FetchPollInterval = 100 * time.Millisecond // nothing tells that a row came
		var w *river.Client[*sql.Tx]
		w, err = river.NewClient(riversqlite.New(d.Writer()), cfg)
		q.work, q.insert, pages = w, w, riverui.NewEndpoints(w, nil)
	}
	if err == nil && q.insert == nil {
		q.insert, err = river.NewClient(riverdatabasesql.New(d.Writer()), &river.Config{Logger: cfg.Logger})
	}
	if err == nil && opt.UIPath != "" {
		q.ui, err = riverui.NewHandler(&riverui.HandlerOpts{Endpoints: pages, Prefix: opt.UIPath, Logger: cfg.Logger})
	}
	if err != nil {
		return nil, fmt.Errorf("job queue: %w", err)
	}
	return q, nil
}

// Handle names the handler of a kind of work. It is called before Start, and
// panics on a second handler for one kind.
func Handle[A Args](q *Queue, h Handler[A]) {
	var zero A
	if _, dup := q.handlers[zero.Kind()]; dup {
		panic("job: two handlers for " + zero.Kind())
	}
	q.handlers[zero.Kind()] = handler{
		do: func(ctx context.Context, s tenant.Scope, r *Run, raw json.RawMessage) (any, error) {
			var a A
			if err := json.Unmarshal(raw, &a); err != nil {
				return nil, fmt.Errorf("args: %w", err)
			}
			return h.Do(ctx, s, r, a)
		},
		abandon: func(ctx context.Context, tx *tenant.Tx, raw json.RawMessage) error {
			var a A
			if err := json.Unmarshal(raw, &a); err != nil {
				return fmt.Errorf("args: %w", err)
			}
			return h.Abandon(ctx, tx, a)
		},
	}
}

// Enqueue orders work in the transaction that promises it: it runs if that
// commits, and never otherwise.
func (q *Queue) Enqueue(ctx context.Context, tx *tenant.Tx, a Args, o Order) (ID, error) {
	raw, err := json.Marshal(a)
	if err != nil {
		return ID{}, fmt.Errorf("enqueue %s: %w", a.Kind(), err)
	}
	jid := id.New[jobKind]()
	_, err = tx.Exec(ctx, `
		INSERT INTO jobs (account_id, id, kind, state, token, actor, args, total, message, quote, created_at)
		VALUES ($1, $2, $3, 'queued', 1, $4, $5, $6, $7, $8, $9)`,
		jid, a.Kind(), tx.Scope().Actor().String(), string(raw), o.Total, o.Message.Packed(), o.Quote, clock.Micros(tx.Now()))
	if err != nil {
		return ID{}, fmt.Errorf("enqueue %s: %w", a.Kind(), err)
	}
	return jid, q.push(ctx, tenant.Raw(tx), ticket{Account: tx.Scope().Account(), Job: jid, Token: 1, What: a.Kind()})
}

func (q *Queue) push(ctx context.Context, tx *db.Tx, t ticket) error {
	if _, err := q.insert.InsertTx(ctx, tx.SQL(), t, nil); err != nil {
		return fmt.Errorf("enqueue %s %s: %w", t.What, t.Job, err)
	}
	return nil
}

// Cancel ends a job that waits, at once, and asks one that runs to stop.
// ErrOver when it has ended.
func (q *Queue) Cancel(ctx context.Context, tx *tenant.Tx, jid ID) error {
	var kind, args string
	err := tx.Get(ctx, `SELECT kind, args FROM jobs WHERE account_id = $1 AND id = $2 AND state = 'queued'`+tx.ForUpdate(), []any{jid}, &kind, &args)
	if err == nil {
		return q.end(ctx, tx, jid, kind, json.RawMessage(args), Cancelled, errCancelled)
	}
	if !tenant.IsNotFound(err) {
		return fmt.Errorf("cancel %s: %w", jid, err)
	}
	n, err := tx.Exec(ctx, `UPDATE jobs SET cancel_requested = TRUE WHERE account_id = $1 AND id = $2 AND state = 'running'`, jid)
	if err != nil || n == 1 {
		return err
	}
	if _, err := Load(ctx, tx, jid); err != nil {
		return err
	}
	return fmt.Errorf("cancel %s: %w", jid, ErrOver)
}

// CancelAll is Cancel for all jobs of an account that have not ended, at most
// limit of them, and says how many: none when nothing is at work any more.
func (q *Queue) CancelAll(ctx context.Context, tx *tenant.Tx, limit int) (int64, error) {
	var all []ID
	err := tx.Each(ctx, `SELECT id FROM jobs WHERE account_id = $1 AND state IN ('queued', 'running') ORDER BY id LIMIT $2`, []any{limit}, func(scan tenant.Scan) error {
		var jid ID
		err := scan(&jid)
		all = append(all, jid)
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("jobs that have not ended: %w", err)
	}
	for _, jid := range all {
		if err := q.Cancel(ctx, tx, jid); err != nil && !errors.Is(err, ErrOver) { // one that ran may have ended
			return 0, err
		}
	}
	return int64(len(all)), nil
}

// Start begins to run jobs, until Stop.
func (q *Queue) Start(ctx context.Context) error {
	ctx, q.stop = context.WithCancel(context.WithoutCancel(ctx))
	if err := q.work.Start(ctx); err != nil {
		q.stop()
		return fmt.Errorf("job queue: %w", err)
	}
	if q.ui != nil {
		if err := q.ui.Start(ctx); err != nil {
			q.stop()
			return fmt.Errorf("pages of the job queue: %w", err)
		}
	}
	q.sweeping.Go(func() { q.sweepLoop(ctx) })
	for _, r := range q.rounds {
		q.sweeping.Go(func() {
			q.every(ctx, r.Every, "round", r.Name, func(ctx context.Context) error { return q.Make(ctx, r) })
		})
	}
	for _, c := range q.chores {
		q.sweeping.Go(func() {
			q.every(ctx, c.Every, "chore", c.Name, func(ctx context.Context) error { return q.Do(ctx, c) })
		})
	}
	return nil
}

// UI is River's own pages of the queue, below Options.UIPath: what waits, runs
// and was given up, as River sees it. The arguments of what it shows are ids. Nil
// where there is no UIPath. Who may see it, and which of its acts are let
// through, the caller decides.
func (q *Queue) UI() http.Handler {
	if q.ui == nil {
		return nil
	}
	return q.ui
}

// Stop takes no more work and waits for what runs, until ctx ends; what is
// not done by then is interrupted, and goes on at the next start.
func (q *Queue) Stop(ctx context.Context) error {
	err := q.work.Stop(ctx)
	if ctx.Err() != nil {
		last, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
		defer cancel()
		err = q.work.StopAndCancel(last)
	}
	q.stop()
	q.sweeping.Wait()
	return err
}

func backoff(attempt int) time.Duration {
	d := time.Second
	for range attempt - 1 {
		d *= 5
	}
	return d
}

type retryPolicy struct{ backoff func(int) time.Duration }

// NextRetry implements river.ClientRetryPolicy.
func (p retryPolicy) NextRetry(row *rivertype.JobRow) time.Time {
	return now().Add(p.backoff(len(row.Errors) + 1))
}

// now is the machine's time, by which River decides when work runs.
func now() time.Time { return clock.Clock{}.Now() }

// atLeast is a log handler for a library that says too much.
type atLeast struct {
	slog.Handler
	min slog.Level
}

// Enabled implements slog.Handler.
func (a atLeast) Enabled(ctx context.Context, l slog.Level) bool {
	return l >= a.min && a.Handler.Enabled(ctx, l)
}

// WithAttrs implements slog.Handler.
func (a atLeast) WithAttrs(attrs []slog.Attr) slog.Handler {
	return atLeast{a.Handler.WithAttrs(attrs), a.min}
}

// WithGroup implements slog.Handler.
func (a atLeast) WithGroup(name string) slog.Handler {
	return atLeast{a.Handler.WithGroup(name), a.min}
}

var errLost = errors.New("another run has taken this job over")
