// Package writer turns an idea into an article.
//
// A task is the decision to write; it is written once, by a job that pays for
// it from a hold of its own. The article and the payment are one transaction.
// What is written has versions, and nothing is ever overwritten.
package writer

import (
	"context"
	"fmt"

	"igny8/internal/ai"
	"igny8/internal/credit"
	"igny8/internal/fault"
	"igny8/internal/id"
	"igny8/internal/job"
	"igny8/internal/tenant"
)

type (
	taskKind    struct{}
	contentKind struct{}
)

func (taskKind) Prefix() string    { return "task" }
func (contentKind) Prefix() string { return "cnt" }

// TaskID names a task.
type TaskID = id.ID[taskKind]

// ContentID names an article.
type ContentID = id.ID[contentKind]

// ParseTaskID reads a task's id.
func ParseTaskID(s string) (TaskID, error) { return id.Parse[taskKind](s) }

// ParseContentID reads an article's id.
func ParseContentID(s string) (ContentID, error) { return id.Parse[contentKind](s) }

// What a caller can be told.
var (
	ErrTaskNotFound    = fault.New(fault.NotFound, "task.not_found", "There is no such task.")
	ErrTaskBusy        = fault.New(fault.Conflict, "writer.task_busy", "This task is being written, or has been.")
	ErrInvalidTask     = fault.New(fault.Invalid, "task.invalid", "The task cannot be like this.").FieldsSay()
	ErrNothingChosen   = fault.New(fault.Invalid, "writer.nothing_chosen", "Name at least one task.")
	ErrTooManyChosen   = fault.New(fault.Invalid, "writer.too_many_chosen", "Name at most 50 tasks at once.")
	ErrContentNotFound = fault.New(fault.NotFound, "content.not_found", "There is no such article.")
	ErrContentChanged  = fault.New(fault.Conflict, "content.changed", "Somebody has changed the article since you read it. Read it again.")
	ErrInvalidContent  = fault.New(fault.Invalid, "content.invalid", "The article cannot be like this.").FieldsSay()
	ErrGivenUp         = fault.New(fault.Conflict, "writer.given_up", "The article could not be written. Its task can be ordered again.")
	ErrEmptyArticle    = fault.New(fault.Conflict, "writer.empty_article", "The AI provider gave no article. No credits were spent.")
)

// Writer orders and does the writer's work.
type Writer struct {
	st    *tenant.Store
	gate  *ai.Gateway
	queue *job.Queue
}

// New makes a Writer. Register must be called before the queue starts.
func New(st *tenant.Store, gate *ai.Gateway, q *job.Queue) *Writer {
	return &Writer{st: st, gate: gate, queue: q}
}

// Register names the handlers of the writer's jobs.
func (w *Writer) Register() {
	job.Handle(w.queue, drafter{w})
	job.Handle(w.queue, rewriter{w})
}

// Ordered is work that was promised, and what is reserved for it.
type Ordered struct {
	Job   job.ID
	Quote credit.Credits
}

// query is a list's statement and its arguments, which begin at $2.
type query struct {
	text string
	args []any
}

func (q *query) and(column string, is any) {
	q.args = append(q.args, is)
	q.text += fmt.Sprintf(` AND %s = $%d`, column, len(q.args)+1)
}

// usualPage is how many a list has when nobody says.
const usualPage = 50

func list[T any](ctx context.Context, r tenant.Reader, q query, after string, limit int, order string, read func(tenant.Scan) (T, error)) ([]T, error) {
	if after != "" {
		q.args = append(q.args, after)
		q.text += fmt.Sprintf(` AND %s > $%d`, order, len(q.args)+1)
	}
	if limit == 0 {
		limit = usualPage
	}
	q.args = append(q.args, limit)
	var all []T
	err := r.Each(ctx, fmt.Sprintf(`%s ORDER BY %s LIMIT $%d`, q.text, order, len(q.args)+1), q.args, func(scan tenant.Scan) error {
		v, err := read(scan)
		all = append(all, v)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("writer list: %w", err)
	}
	return all, nil
}
