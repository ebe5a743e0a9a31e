package job

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"

	"igny8/internal/clock"
	"igny8/internal/db"
	"igny8/internal/fault"
	"igny8/internal/tenant"
	"igny8/internal/words"
)

// ticket is what River keeps of a job: where to find it, and which run of it
// this is.
type ticket struct {
	Account tenant.AccountID `json:"account"`
	Job     ID               `json:"job"`
	Token   int64            `json:"token"`
	What    string           `json:"what"`
}

// Kind implements river.JobArgs.
func (ticket) Kind() string { return "account_job" }

// Run is one run of a job, as its handler sees it.
type Run struct {
	q     *Queue
	scope tenant.Scope
	job   ID
	token int64
	kind  string
	args  json.RawMessage
}

// What is said of a job between its messages.
const (
	waitsAgain words.Text = "Waiting to try again"
	broken     words.Text = "Interrupted; waiting to go on"
	isDone     words.Text = "Done"
)

// Job names the job that runs.
func (r *Run) Job() ID { return r.job }

// Progress tells the account how far the work is.
func (r *Run) Progress(ctx context.Context, done, total int64, message words.Text) error {
	return r.q.st.Update(ctx, r.scope, func(ctx context.Context, tx *tenant.Tx) error {
		n, err := tx.Exec(ctx, `
			UPDATE jobs SET done = $4, total = $5, message = $6, heartbeat_at = $7
			WHERE account_id = $1 AND id = $2 AND token = $3 AND state = 'running'`,
			r.job, r.token, done, total, message.Packed(), clock.Micros(tx.Now()))
		return lostIfNone(n, err)
	})
}

func lostIfNone(n int64, err error) error {
	if err == nil && n == 0 {
		return errLost
	}
	return err
}

// Finish ends the job with success in the handler's own transaction: for work
// that must not be done, or counted, twice. Do then returns nil and the same
// result.
func (r *Run) Finish(ctx context.Context, tx *tenant.Tx, result any) error {
	return r.succeed(ctx, tx, result)
}

// worker is the one kind of worker that River knows.
type worker struct {
	river.WorkerDefaults[ticket]
	q *Queue
}

// Work implements river.Worker.
func (w *worker) Work(ctx context.Context, j *river.Job[ticket]) error {
	began := w.q.d.Clock().Now()
	run, err := w.q.begin(ctx, j.Args)
	if err != nil || run == nil {
		return err
	}
	log := w.q.log.With("job", run.job, "kind", run.kind, "account", j.Args.Account, "attempt", j.Attempt)
	result, err := run.do(ctx)
	over, err := run.conclude(ctx, result, err, j.Attempt >= maxTries)
	took := w.q.d.Clock().Now().Sub(began).Milliseconds()
	switch {
	case err == nil:
		log.InfoContext(ctx, "job done", "ms", took)
		return nil
	case errors.Is(err, errLost):
		log.WarnContext(ctx, "job taken over", "ms", took)
		return nil
	case ctx.Err() != nil:
		log.InfoContext(ctx, "job interrupted", "ms", took)
		return river.JobSnooze(0)
	case over:
		log.WarnContext(ctx, "job ended without success", "ms", took, "err", err)
		return river.JobCancel(keepable(err))
	default:
		log.WarnContext(ctx, "job will be tried again", "ms", took, "err", err)
		return keepable(err)
	}
}

// begin takes the job, if it still waits and its account may still work. A
// nil Run means that there is nothing to do.
func (q *Queue) begin(ctx context.Context, t ticket) (*Run, error) {
	var run *Run
	err := q.update(ctx, t.Account, func(ctx context.Context, tx *tenant.Tx) error {
		run = nil
		r := &Run{q: q, job: t.Job, token: t.Token}
		var actor, args string
		var cancelled bool
		err := tx.Get(ctx, `
			UPDATE jobs SET state = 'running', heartbeat_at = $4, started_at = coalesce(started_at, $4)
			WHERE account_id = $1 AND id = $2 AND token = $3 AND state = 'queued'
			RETURNING kind, actor, args, cancel_requested`, []any{t.Job, t.Token, clock.Micros(tx.Now())}, &r.kind, &actor, &args, &cancelled)
		if tenant.IsNotFound(err) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("begin %s: %w", t.Job, err)
		}
		who, err := tenant.ParseActor(actor)
		if err != nil {
			return err
		}
		r.scope, r.args = tenant.Mint(t.Account, who, tenant.AllPermissions), json.RawMessage(args)
		if cancelled { // while a process had it that died, or put it back
			return q.end(ctx, tx, r.job, r.kind, r.args, Cancelled, errCancelled)
		}
		if q.opt.Admit != nil {
			if err := q.opt.Admit(ctx, tx); fault.Of(err) != nil && fault.Of(err).Kind != fault.Internal {
				return q.end(ctx, tx, r.job, r.kind, r.args, Failed, err)
			} else if err != nil {
				return err
			}
		}
		run = r
		return nil
	})
	return run, err
}

// update opens a transaction in the name of the program, before it is known
// who ordered the job.
func (q *Queue) update(ctx context.Context, a tenant.AccountID, fn func(context.Context, *tenant.Tx) error) error {
	return q.updateAs(ctx, "", a, fn)
}

// updateAs is update by one part of the program.
func (q *Queue) updateAs(ctx context.Context, who string, a tenant.AccountID, fn func(context.Context, *tenant.Tx) error) error {
	return q.st.Update(ctx, tenant.Mint(a, tenant.Actor{Kind: tenant.System, ID: cmp.Or(who, "job")}, tenant.AllPermissions), fn)
}

// How the liveness of a run is known. A run whose heart has not beaten for
// lease is taken over.
const (
	beat  = 2 * time.Second
	lease = 10 * time.Second
)

// do runs the handler with a heart that beats beside it, and stops it when
// the account cancels the job or another run takes it over.
func (r *Run) do(ctx context.Context) (any, error) {
	h, ok := r.q.handlers[r.kind]
	if !ok {
		return nil, fmt.Errorf("job %s: no handler for %s", r.job, r.kind)
	}
	ctx, cancel := context.WithCancelCause(ctx)
	var heart sync.WaitGroup
	heart.Go(func() { r.beat(ctx, cancel) })
	result, err := h.do(ctx, r.scope, r, r.args)
	if cause := context.Cause(ctx); err != nil && (errors.Is(cause, errCancelled) || errors.Is(cause, errLost)) {
		err = cause
	}
	cancel(nil)
	heart.Wait()
	return result, err
}

// Cancelling tells whether the context of a handler is over because the account
// has cancelled the job, and not because the server stops or another run has
// taken the job over.
func Cancelling(ctx context.Context) bool { return errors.Is(context.Cause(ctx), errCancelled) }

func (r *Run) beat(ctx context.Context, cancel context.CancelCauseFunc) {
	tick := time.NewTicker(beat)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		var stop bool
		err := r.q.st.Update(ctx, r.scope, func(ctx context.Context, tx *tenant.Tx) error {
			return tx.Get(ctx, `
				UPDATE jobs SET heartbeat_at = $4 WHERE account_id = $1 AND id = $2 AND token = $3 AND state = 'running'
				RETURNING cancel_requested`, []any{r.job, r.token, clock.Micros(tx.Now())}, &stop)
		})
		switch {
		case tenant.IsNotFound(err):
			cancel(errLost)
		case err != nil && ctx.Err() == nil:
			r.q.log.WarnContext(ctx, "job heartbeat failed", "job", r.job, "err", err)
		case stop:
			cancel(errCancelled)
		}
	}
}

// conclude writes how the run ended. over tells that it was the last one.
func (r *Run) conclude(ctx context.Context, result any, err error, last bool) (over bool, _ error) {
	if errors.Is(err, errLost) {
		return false, err
	}
	interrupted := ctx.Err() != nil
	// The server may be stopping: what happened is still written down.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	over = err == nil || !interrupted && (last || Final(err))
	werr := r.q.st.Update(ctx, r.scope, func(ctx context.Context, tx *tenant.Tx) error {
		switch {
		case err == nil:
			return r.succeed(ctx, tx, result)
		case !over:
			n, err := tx.Exec(ctx, `
				UPDATE jobs SET state = 'queued', message = $4
				WHERE account_id = $1 AND id = $2 AND token = $3 AND state = 'running'`, r.job, r.token, waitsAgain.Packed())
			return lostIfNone(n, err)
		}
		if err := r.own(ctx, tx); err != nil {
			return err
		}
		state := Failed
		if errors.Is(err, errCancelled) {
			state = Cancelled
		}
		return r.q.end(ctx, tx, r.job, r.kind, r.args, state, err)
	})
	if werr != nil {
		return false, fmt.Errorf("conclude %s: %w", r.job, errors.Join(werr, err))
	}
	return over, err
}

// own locks the job's row and makes sure that this run still has it.
func (r *Run) own(ctx context.Context, tx *tenant.Tx) error {
	n, err := tx.Exec(ctx, `UPDATE jobs SET heartbeat_at = $4 WHERE account_id = $1 AND id = $2 AND token = $3 AND state = 'running'`,
		r.job, r.token, clock.Micros(tx.Now()))
	return lostIfNone(n, err)
}

func (r *Run) succeed(ctx context.Context, tx *tenant.Tx, result any) error {
	var text *string
	if result != nil {
		b, err := json.Marshal(result)
		if err != nil {
			return fmt.Errorf("result: %w", err)
		}
		s := string(b)
		text = &s
	}
	n, err := tx.Exec(ctx, `
		UPDATE jobs SET state = 'succeeded', message = $6, result = $4, finished_at = $5, done = total
		WHERE account_id = $1 AND id = $2 AND token = $3 AND state = 'running'`, r.job, r.token, text, clock.Micros(tx.Now()), isDone.Packed())
	if err == nil && n == 0 {
		err = tx.Get(ctx, `SELECT 1 FROM jobs WHERE account_id = $1 AND id = $2 AND token = $3 AND state = 'succeeded'`,
			[]any{r.job, r.token}, new(int)) // Finish was here
		if tenant.IsNotFound(err) {
			err = errLost
		}
	}
	return err
}

// Final tells that trying again would not help: the error has a public face,
// and not that of something that is away for a while.
func Final(err error) bool {
	k := fault.Of(err).Kind
	return k != fault.Internal && k != fault.Unavailable
}

// end writes that a job is over without success, and undoes what it promised.
func (q *Queue) end(ctx context.Context, tx *tenant.Tx, jid ID, kind string, args json.RawMessage, s State, cause error) error {
	h, ok := q.handlers[kind]
	if !ok {
		return fmt.Errorf("job %s: no handler for %s", jid, kind)
	}
	if err := h.abandon(ctx, tx, args); err != nil {
		return fmt.Errorf("abandon %s %s: %w", kind, jid, err)
	}
	f := fault.Of(cause)
	problem, err := json.Marshal(keptProblem{f.Code, f.Msg.Packed()})
	if err != nil {
		return err
	}
	_, err = tx.Exec(ctx, `UPDATE jobs SET state = $3, message = $4, error = $5, finished_at = $6 WHERE account_id = $1 AND id = $2`,
		jid, string(s), f.Msg.Packed(), string(problem), clock.Micros(tx.Now()))
	return err
}

// sweepLoop takes over, from time to time, what dead processes left.
func (q *Queue) sweepLoop(ctx context.Context) {
	tick := time.NewTicker(beat)
	defer tick.Stop()
	for {
		if err := errors.Join(q.sweep(ctx), q.sweepTaken(ctx)); err != nil && ctx.Err() == nil {
			q.log.WarnContext(ctx, "job sweep failed", "err", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// maxTakeovers is how often a job may bring its process down before it is
// given up.
const maxTakeovers = 5

func (q *Queue) sweep(ctx context.Context) error {
	var dead []ticket
	cutoff := clock.Micros(q.d.Clock().Now().Add(-lease))
	err := q.d.ViewAcross(ctx, func(ctx context.Context, v *db.View) error {
		dead = nil
		return v.Each(ctx, `SELECT account_id, id, token, kind FROM jobs WHERE state = 'running' AND heartbeat_at < $1 ORDER BY heartbeat_at LIMIT 100`,
			[]any{cutoff}, func(scan db.Scan) error {
				var t ticket
				err := scan(&t.Account, &t.Job, &t.Token, &t.What)
				dead = append(dead, t)
				return err
			})
	})
	for _, t := range dead {
		err = errors.Join(err, q.takeOver(ctx, t, cutoff))
	}
	return err
}

// takenMost is at how many tickets a sweep looks, the newest first.
const takenMost = 500

// sweepTaken gives a new ticket to jobs that wait though their ticket is taken:
// the process that took it died before it began them, or after it had put them
// back, and River looks after no ticket without a timeout.
func (q *Queue) sweepTaken(ctx context.Context) error {
	taken, err := q.work.JobList(ctx, river.NewJobListParams().Kinds(ticket{}.Kind()).States(rivertype.JobStateRunning).
		OrderBy(river.JobListOrderByID, river.SortOrderDesc).First(takenMost))
	if err != nil {
		return fmt.Errorf("list the tickets that are taken: %w", err)
	}
	long := now().Add(-lease)
	for _, row := range taken.Jobs {
		if row.AttemptedAt == nil || row.AttemptedAt.After(long) {
			continue
		}
		var t ticket
		err = errors.Join(err, json.Unmarshal(row.EncodedArgs, &t))
		if !t.Job.IsZero() {
			err = errors.Join(err, q.renew(ctx, t))
		}
	}
	return err
}

// renew replaces the ticket of a job that still waits for it.
func (q *Queue) renew(ctx context.Context, t ticket) error {
	return q.update(ctx, t.Account, func(ctx context.Context, tx *tenant.Tx) error {
		n, err := tx.Exec(ctx, `
			UPDATE jobs SET token = token + 1 WHERE account_id = $1 AND id = $2 AND token = $3 AND state = 'queued'`, t.Job, t.Token)
		if err != nil || n == 0 {
			return err
		}
		q.log.WarnContext(ctx, "job that waited for a process that died is ordered anew", "job", t.Job, "kind", t.What)
		again := t
		again.Token++
		return q.push(ctx, tenant.Raw(tx), again)
	})
}

func (q *Queue) takeOver(ctx context.Context, t ticket, cutoff int64) error {
	return q.update(ctx, t.Account, func(ctx context.Context, tx *tenant.Tx) error {
		var args string
		err := tx.Get(ctx, `
			UPDATE jobs SET state = 'queued', token = token + 1, message = $5
			WHERE account_id = $1 AND id = $2 AND token = $3 AND state = 'running' AND heartbeat_at < $4
			RETURNING args`, []any{t.Job, t.Token, cutoff, broken.Packed()}, &args)
		if tenant.IsNotFound(err) {
			return nil
		}
		if err != nil {
			return err
		}
		if t.Token >= maxTakeovers {
			return q.end(ctx, tx, t.Job, t.What, json.RawMessage(args), Failed, errPoison)
		}
		q.log.WarnContext(ctx, "job taken over from a process that died", "job", t.Job, "kind", t.What)
		t.Token++
		return q.push(ctx, tenant.Raw(tx), t)
	})
}
