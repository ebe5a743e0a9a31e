package writer

import (
	"context"
	"encoding/json"
	"fmt"

	"igny8/internal/audit"
	"igny8/internal/clock"
	"igny8/internal/planner"
	"igny8/internal/tenant"
)

// TaskChange says what changes; nil leaves it as it is.
type TaskChange struct {
	Title     *string
	Words     *int64
	Angle     *string
	Audience  *string
	Outline   *[]planner.Section
	Keywords  *[]string
	Questions *[]string
}

// ChangeTask edits what is to be written, as long as nobody writes it:
// ErrTaskBusy then. The articles to link to are chosen anew.
func ChangeTask(ctx context.Context, tx *tenant.Tx, tid TaskID, ch TaskChange) (Task, error) {
	if err := tx.Get(ctx, `SELECT 1 FROM tasks WHERE account_id = $1 AND id = $2`+tx.ForUpdate(), []any{tid}, new(int)); err != nil && !tenant.IsNotFound(err) {
		return Task{}, fmt.Errorf("lock task %s: %w", tid, err)
	}
	t, err := LoadTask(ctx, tx, tid)
	if err == nil && t.Status != Todo {
		err = busy(t)
	}
	if err != nil {
		return Task{}, err
	}
	n := NewTask{Site: t.Site, Idea: t.Idea, Title: t.Title, Brief: t.Brief, Words: t.Words}
	set(ch.Title, &n.Title)
	set(ch.Words, &n.Words)
	set(ch.Angle, &n.Brief.Angle)
	set(ch.Audience, &n.Brief.Audience)
	set(ch.Outline, &n.Brief.Outline)
	set(ch.Keywords, &n.Brief.Keywords)
	set(ch.Questions, &n.Brief.Questions)
	now, err := n.parse()
	if err != nil {
		return Task{}, err
	}
	if now.Brief.Links, err = related(ctx, tx, now); err != nil {
		return Task{}, err
	}
	brief, err := json.Marshal(now.Brief)
	if err != nil {
		return Task{}, err
	}
	t.Title, t.Words, t.Brief, t.Updated = now.Title, now.Words, now.Brief, tx.Now()
	_, err = tx.Exec(ctx, `UPDATE tasks SET title = $3, words = $4, brief = $5, updated_at = $6 WHERE account_id = $1 AND id = $2`,
		tid, t.Title, t.Words, string(brief), clock.Micros(t.Updated))
	if err != nil {
		return Task{}, fmt.Errorf("change task %s: %w", tid, err)
	}
	return t, audit.Record(ctx, tx, "task.changed", tid.String(), nil)
}

func set[T any](from, to *T) {
	if from != nil {
		*to = *from
	}
}
