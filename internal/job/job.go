// Package job runs work later, at least once, for the account that asked.
//
// River decides when work runs; the row in jobs is what the account sees of
// it: state, progress, result. Both are written in the transaction that
// promised the work. A handler is given the scope of whoever asked, restored
// from the row, and must bear being run twice. What belongs to no account is
// an errand, which has no such row and no scope: see HandleErrand.
package job

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"igny8/internal/clock"
	"igny8/internal/fault"
	"igny8/internal/id"
	"igny8/internal/tenant"
	"igny8/internal/words"
)

type jobKind struct{}

func (jobKind) Prefix() string { return "job" }

// ID names a job.
type ID = id.ID[jobKind]

// ParseID reads a job's id.
func ParseID(s string) (ID, error) { return id.Parse[jobKind](s) }

// State is where a job is in its life.
type State string

// The states. The last three are final.
const (
	Queued    State = "queued"
	Running   State = "running"
	Succeeded State = "succeeded"
	Failed    State = "failed"
	Cancelled State = "cancelled"
)

// Final tells whether the state is the last.
func (s State) Final() bool { return s == Succeeded || s == Failed || s == Cancelled }

// What a caller can be told.
var (
	ErrNotFound  = fault.New(fault.NotFound, "job.not_found", "There is no such job.")
	ErrOver      = fault.New(fault.Conflict, "job.over", "This job has ended and cannot be cancelled.")
	errCancelled = fault.New(fault.Conflict, "job.cancelled", "The job was cancelled.")
	errPoison    = fault.New(fault.Internal, "job.gave_up", "The job stopped the server each time it was tried, so it was given up.")
)

// Args says what is to be done: a small struct of ids. Its JSON is stored, so
// fields are only added.
type Args interface {
	// Kind names the work, such as "writer.generate_content". It is what the
	// zero value answers.
	Kind() string
}

// Order is what the account is shown of a job before it runs.
type Order struct {
	Total   int64  // items to do, as far as known
	Quote   *int64 // the credits that are reserved for it; nil: free
	Message words.Text
}

// Job is what the account sees.
type Job struct {
	ID       ID
	Kind     string
	State    State
	Done     int64
	Total    int64
	Message  words.Text
	Quote    *int64
	Result   json.RawMessage // of a job that succeeded; may be nil
	Error    *Problem        // of a job that failed or was cancelled
	Created  time.Time
	Started  time.Time // zero: not yet
	Finished time.Time // zero: not yet
}

// Problem is the face of the error that ended a job.
type Problem struct {
	Code   string
	Detail words.Text
}

// keptProblem is a Problem in the database.
type keptProblem struct {
	Code   string `json:"code"`
	Detail string `json:"detail"` // packed
}

// Load reads one job.
func Load(ctx context.Context, r tenant.Reader, jid ID) (Job, error) {
	all, err := jobs(ctx, r, `AND id = $2`, jid)
	if err == nil && len(all) == 0 {
		err = ErrNotFound
	}
	if err != nil {
		return Job{}, fmt.Errorf("job %s: %w", jid, err)
	}
	return all[0], nil
}

// Filter says which jobs are wanted.
type Filter struct {
	State  State  // empty: in any
	Kind   string // empty: of any
	Before ID     // older than this one; zero: from the newest
	Limit  int
}

// List lists the account's jobs, newest first.
func List(ctx context.Context, r tenant.Reader, f Filter) ([]Job, error) {
	all, err := jobs(ctx, r, `AND ($2 = '' OR id < $2) AND ($3 = '' OR state = $3) AND ($4 = '' OR kind = $4) ORDER BY id DESC LIMIT $5`,
		f.Before.String(), string(f.State), f.Kind, f.Limit)
	if err != nil {
		return nil, fmt.Errorf("list jobs: %w", err)
	}
	return all, nil
}

func jobs(ctx context.Context, r tenant.Reader, where string, args ...any) ([]Job, error) {
	var all []Job
	err := r.Each(ctx, `
		SELECT id, kind, state, done, total, message, quote, result, error, created_at, started_at, finished_at
		FROM jobs WHERE account_id = $1 `+where, args, func(scan tenant.Scan) error {
		var j Job
		var result, problem *string
		var created int64
		var started, finished *int64
		err := scan(&j.ID, &j.Kind, &j.State, &j.Done, &j.Total, &j.Message, &j.Quote, &result, &problem, &created, &started, &finished)
		if err != nil {
			return err
		}
		if result != nil {
			j.Result = json.RawMessage(*result)
		}
		if problem != nil {
			var kept keptProblem
			if err := json.Unmarshal([]byte(*problem), &kept); err != nil {
				return fmt.Errorf("the error of %s: %w", j.ID, err)
			}
			j.Error = &Problem{kept.Code, words.Unpack(kept.Detail)}
		}
		j.Created, j.Started, j.Finished = clock.FromMicros(created), clock.FromNull(started), clock.FromNull(finished)
		all = append(all, j)
		return nil
	})
	return all, err
}

// Unfinished is how many of some of the account's jobs have not ended.
func Unfinished(ctx context.Context, r tenant.Reader, js []ID) (n int64, err error) {
	if len(js) == 0 {
		return 0, nil
	}
	names := make([]any, len(js))
	var in strings.Builder
	for i, j := range js {
		names[i] = j
		if i > 0 {
			in.WriteString(", ")
		}
		fmt.Fprintf(&in, "$%d", i+2)
	}
	err = r.Get(ctx, `SELECT count(*) FROM jobs WHERE account_id = $1 AND id IN (`+in.String()+`) AND state IN ('queued', 'running')`, names, &n)
	if err != nil {
		return 0, fmt.Errorf("which jobs have ended: %w", err)
	}
	return n, nil
}
