package payment

import (
	"context"
	"fmt"

	"igny8/internal/subscription"
	"igny8/internal/tenant"
)

// Undecided is how many payments were reported or confirmed by one person, and
// are neither confirmed for good nor rejected.
func Undecided(ctx context.Context, r tenant.Reader) (n int64, err error) {
	err = r.Get(ctx, `SELECT count(*) FROM payments WHERE account_id = $1 AND status IN ('pending', 'pending_review', 'awaiting_approval')`, nil, &n)
	if err != nil {
		return 0, fmt.Errorf("payments that are not decided: %w", err)
	}
	return n, nil
}

// Close ends all that an account has ordered and is asked for: open invoices
// are withdrawn, subscriptions end, and vendors take no more. What had been
// paid and is not used stays the account's balance.
func (d *Desk) Close(ctx context.Context, tx *tenant.Tx) error {
	open, err := lock(ctx, tx)
	for i := 0; err == nil && i < len(open); i++ {
		err = withdraw(ctx, tx, open[i])
	}
	if err == nil {
		err = endWhere(ctx, tx, subscription.Running)
	}
	if err == nil {
		err = endWhere(ctx, tx, subscription.Waiting)
	}
	if err == nil {
		err = d.stopAll(ctx, tx)
	}
	if err != nil {
		return fmt.Errorf("close the books: %w", err)
	}
	return nil
}

// endWhere ends the subscription that is found.
func endWhere(ctx context.Context, tx *tenant.Tx, find func(context.Context, tenant.Reader) (subscription.Subscription, bool, error)) error {
	s, found, err := find(ctx, tx)
	if err != nil || !found {
		return err
	}
	return subscription.End(ctx, tx, s, subscription.Cancelled)
}

func (d *Desk) stopAll(ctx context.Context, tx *tenant.Tx) error {
	all, err := active(ctx, tx)
	for i := 0; err == nil && i < len(all); i++ {
		err = d.stopLater(ctx, tx, all[i])
	}
	return err
}
