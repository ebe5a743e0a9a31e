package job

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/riverqueue/river"

	"igny8/internal/tenant"
)

// errand is work of the program's own that belongs to no account, such as
// taking a letter to the post. It has no row in jobs, since there is no
// account to see one, and its handler is given no scope: it opens nobody's
// data. Its state is kept by the room whose errand it is.
type errand struct {
	What string          `json:"what"`
	Args json.RawMessage `json:"args"`
}

// Kind implements river.JobArgs.
func (errand) Kind() string { return "errand" }

const (
	// errandTime is how long one try may take.
	errandTime = time.Minute
	// errandLost is after how long a try whose process died is made again.
	errandLost = 5 * time.Minute
	// errandTries and errandWait keep an errand going for more than a day:
	// when to stop before that, its handler knows.
	errandTries = 120
	errandWait  = 15 * time.Minute
)

type errandHandler func(context.Context, json.RawMessage) error

// HandleErrand names the handler of a kind of errand. It is called before
// Start, and panics on a second handler for one kind. An error means try
// again, after a while that grows to a quarter of an hour; the handler may be
// run twice, also after it did its work.
func HandleErrand[A Args](q *Queue, do func(context.Context, A) error) {
	var zero A
	if _, dup := q.errands[zero.Kind()]; dup {
		panic("job: two handlers for the errand " + zero.Kind())
	}
	q.errands[zero.Kind()] = func(ctx context.Context, raw json.RawMessage) error {
		var a A
		if err := json.Unmarshal(raw, &a); err != nil {
			return fmt.Errorf("args: %w", err)
		}
		return do(ctx, a)
	}
}

// Errand orders an errand in the transaction that promises it: it is run if
// that commits, and never otherwise.
func (q *Queue) Errand(ctx context.Context, tx *tenant.SharedTx, a Args) error {
	raw, err := json.Marshal(a)
	if err != nil {
		return fmt.Errorf("errand %s: %w", a.Kind(), err)
	}
	_, err = q.insert.InsertTx(ctx, tenant.RawShared(tx).SQL(), errand{What: a.Kind(), Args: raw}, &river.InsertOpts{MaxAttempts: errandTries})
	if err != nil {
		return fmt.Errorf("errand %s: %w", a.Kind(), err)
	}
	return nil
}

// errandWorker runs errands for River.
type errandWorker struct {
	river.WorkerDefaults[errand]
	q *Queue
}

// Timeout implements river.Worker.
func (w *errandWorker) Timeout(*river.Job[errand]) time.Duration { return errandTime }

// NextRetry implements river.Worker.
func (w *errandWorker) NextRetry(j *river.Job[errand]) time.Time {
	// Past some tries the wait is the longest, and must not overflow.
	wait := min(w.q.opt.Backoff(min(len(j.Errors)+1, 10)), errandWait)
	return now().Add(wait)
}

// Work implements river.Worker.
func (w *errandWorker) Work(ctx context.Context, j *river.Job[errand]) error {
	do, ok := w.q.errands[j.Args.What]
	if !ok {
		return fmt.Errorf("no handler for the errand %s", j.Args.What)
	}
	log := w.q.log.With("errand", j.Args.What, "attempt", j.Attempt)
	err := do(ctx, j.Args.Args)
	switch {
	case err == nil:
		log.DebugContext(ctx, "errand done")
		return nil
	case ctx.Err() != nil && context.Cause(ctx) == context.Canceled: //nolint:errorlint // the queue stops: the very value
		log.InfoContext(ctx, "errand interrupted")
		return river.JobSnooze(0)
	default:
		log.WarnContext(ctx, "errand will be tried again", "err", err)
		return keepable(err)
	}
}

// keepable is an error as River can write it down. PostgreSQL keeps no NUL
// character, which a server far away may well send, and the job of an error
// that cannot be kept would never be tried again.
func keepable(err error) error {
	return errors.New(strings.ToValidUTF8(strings.ReplaceAll(err.Error(), "\x00", ""), "?"))
}
