package job

import (
	"context"
	"fmt"
	"time"

	"igny8/internal/clock"
	"igny8/internal/tenant"
	"igny8/internal/words"
)

// Watched is a job of some account's, for the operator: what it is and how far,
// not what came of it.
type Watched struct {
	ID       ID
	Account  tenant.AccountID
	Kind     string
	State    State
	Done     int64
	Total    int64
	Message  words.Text
	Created  time.Time
	Finished time.Time // zero: not yet
}

// Watch lists jobs of all accounts, newest first, in a state (empty: in any),
// from the one after on, at most limit. It needs jobs.manage.
func Watch(ctx context.Context, s *tenant.Survey, state State, after ID, limit int) ([]Watched, error) {
	if err := s.Operator.Require(tenant.JobsManage); err != nil {
		return nil, err
	}
	var all []Watched
	err := s.Each(ctx, `
		SELECT id, account_id, kind, state, done, total, message, created_at, finished_at FROM jobs
		WHERE ($1 = '' OR id < $1) AND ($2 = '' OR state = $2) ORDER BY id DESC LIMIT $3`, []any{after.String(), string(state), limit},
		func(scan tenant.Scan) error {
			var w Watched
			var created int64
			var finished *int64
			err := scan(&w.ID, &w.Account, &w.Kind, &w.State, &w.Done, &w.Total, &w.Message, &created, &finished)
			w.Created, w.Finished = clock.FromMicros(created), clock.FromNull(finished)
			all = append(all, w)
			return err
		})
	if err != nil {
		return nil, fmt.Errorf("jobs of all accounts: %w", err)
	}
	return all, nil
}

// Locate finds whose job it is, for an operator.
func Locate(ctx context.Context, s *tenant.Survey, jid ID) (tenant.AccountID, error) {
	var a tenant.AccountID
	err := s.Get(ctx, `SELECT account_id FROM jobs WHERE id = $1`, []any{jid}, &a)
	if tenant.IsNotFound(err) {
		err = ErrNotFound
	}
	if err != nil {
		return tenant.AccountID{}, fmt.Errorf("whose is job %s: %w", jid, err)
	}
	return a, nil
}
