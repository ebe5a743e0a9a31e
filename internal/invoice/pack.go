package invoice

import (
	"context"
	"fmt"
	"time"

	"igny8/internal/clock"
	"igny8/internal/job"
	"igny8/internal/tenant"
)

// PacksDueBefore is the accounts that have an open invoice for a package of
// credits which was due at a moment or before it, at most limit of them.
func PacksDueBefore(ctx context.Context, r job.Rows, at time.Time, limit int) ([]tenant.AccountID, error) {
	var all []tenant.AccountID
	err := r.Each(ctx, `
		SELECT account_id FROM invoices WHERE status = 'open' AND package_code <> '' AND due_at <= $1
		GROUP BY account_id ORDER BY min(due_at), account_id LIMIT $2`, []any{clock.Micros(at), limit}, func(scan tenant.Scan) error {
		var a tenant.AccountID
		err := scan(&a)
		all = append(all, a)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("packages that are overdue: %w", err)
	}
	return all, nil
}
