package subscription

import (
	"context"
	"errors"
	"fmt"
	"time"

	"igny8/internal/account"
	"igny8/internal/audit"
	"igny8/internal/clock"
	"igny8/internal/job"
	"igny8/internal/tenant"
)

// ForReview is the accounts with a subscription in which something is due at a
// moment, at most limit, those that wait longest first.
func ForReview(ctx context.Context, r job.Rows, at time.Time, limit int) ([]tenant.AccountID, error) {
	var all []tenant.AccountID
	err := r.Each(ctx, `
		SELECT account_id FROM subscriptions
		WHERE status IN ('trialing', 'pending_payment', 'active', 'past_due') AND (review_at IS NULL OR review_at <= $1)
		GROUP BY account_id ORDER BY min(coalesce(review_at, 0)), account_id LIMIT $2`, []any{clock.Micros(at), limit}, func(scan tenant.Scan) error {
		var a tenant.AccountID
		err := scan(&a)
		all = append(all, a)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("subscriptions to review: %w", err)
	}
	return all, nil
}

// Review says when the subscription is to be looked at next.
func Review(ctx context.Context, tx *tenant.Tx, s Subscription, at time.Time) error {
	_, err := tx.Exec(ctx, `UPDATE subscriptions SET review_at = $3 WHERE account_id = $1 AND id = $2`, s.ID, clock.Micros(at))
	if err != nil {
		return fmt.Errorf("review of %s: %w", s.ID, err)
	}
	return nil
}

// Lapse says that the period has ended and the next was not paid for: the
// account works on until the grace is over. One that has lapsed stays so.
func Lapse(ctx context.Context, tx *tenant.Tx, s Subscription) error {
	n, err := tx.Exec(ctx, `UPDATE subscriptions SET status = 'past_due', updated_at = $3 WHERE account_id = $1 AND id = $2 AND status = 'active'`,
		s.ID, clock.Micros(tx.Now()))
	if err != nil {
		return fmt.Errorf("subscription %s is past due: %w", s.ID, err)
	}
	if n == 0 {
		return nil
	}
	if err := account.SetStatus(ctx, tx, account.PastDue); err != nil {
		return err
	}
	return audit.Record(ctx, tx, "subscription.past_due", s.ID.String(), map[string]string{"ended": s.PeriodEnd.Format(time.RFC3339)})
}

// End ends a subscription that runs or waits: cancelled when its owner wanted
// it so, expired when it was not paid for. The account then waits for an
// order, unless something else of its runs.
func End(ctx context.Context, tx *tenant.Tx, s Subscription, as Status) error {
	n, err := tx.Exec(ctx, `
		UPDATE subscriptions SET status = $3, updated_at = $4
		WHERE account_id = $1 AND id = $2 AND status IN ('trialing', 'pending_payment', 'active', 'past_due')`,
		s.ID, string(as), clock.Micros(tx.Now()))
	if err != nil {
		return fmt.Errorf("end subscription %s: %w", s.ID, err)
	}
	if n == 0 {
		return nil
	}
	if s.Status != PendingPayment {
		if err := account.SetStatus(ctx, tx, account.PendingPayment); err != nil {
			return err
		}
	}
	return audit.Record(ctx, tx, "subscription.ended", s.ID.String(), map[string]string{"status": string(as), "plan": s.Plan.Code})
}

// CancelAtEnd says whether what runs ends with its period instead of being
// renewed. ErrOver when nothing runs that was paid for.
func CancelAtEnd(ctx context.Context, tx *tenant.Tx, cancel bool) (Subscription, error) {
	if err := account.Lock(ctx, tx); err != nil {
		return Subscription{}, err
	}
	s, err := Current(ctx, tx)
	if err != nil {
		return Subscription{}, err
	}
	if s.Status != Active && s.Status != PastDue {
		return Subscription{}, ErrOver.Sayf("Nothing runs that could be cancelled: the subscription is %s.", s.Status)
	}
	if s.CancelAtEnd == cancel {
		return s, nil
	}
	_, err = tx.Exec(ctx, `UPDATE subscriptions SET cancel_at_period_end = $3, updated_at = $4, review_at = NULL WHERE account_id = $1 AND id = $2`,
		s.ID, cancel, clock.Micros(tx.Now()))
	if err != nil {
		return Subscription{}, fmt.Errorf("cancel subscription %s: %w", s.ID, err)
	}
	s.CancelAtEnd = cancel
	action := "subscription.cancelled_at_end"
	if !cancel {
		action = "subscription.resumed"
	}
	return s, audit.Record(ctx, tx, action, s.ID.String(), map[string]string{"until": s.PeriodEnd.Format(time.RFC3339)})
}

// Turn lets the current period be the one in which the transaction's moment
// is, where a later one had been paid ahead, and tells when that one ends: zero
// when no period that was paid for contains the moment.
func Turn(ctx context.Context, tx *tenant.Tx, s Subscription) (ends time.Time, err error) {
	var start, end int64
	err = tx.Get(ctx, `
		SELECT starts_at, ends_at FROM subscription_periods
		WHERE account_id = $1 AND subscription_id = $2 AND reversed_at IS NULL AND starts_at <= $3 AND ends_at > $3`,
		[]any{s.ID, clock.Micros(tx.Now())}, &start, &end)
	if tenant.IsNotFound(err) {
		return time.Time{}, nil
	}
	if err == nil {
		_, err = tx.Exec(ctx, `UPDATE subscriptions SET current_period_start = $3 WHERE account_id = $1 AND id = $2 AND current_period_start <> $3`, s.ID, start)
	}
	if err != nil {
		return time.Time{}, fmt.Errorf("period of %s: %w", s.ID, err)
	}
	return clock.FromMicros(end), nil
}

// Running is the subscription that runs, and whether there is one.
func Running(ctx context.Context, r tenant.Reader) (Subscription, bool, error) {
	s, err := get(ctx, r, `SELECT `+columns+` FROM subscriptions WHERE account_id = $1 AND status IN ('trialing', 'active', 'past_due')`)
	if errors.Is(err, ErrNotFound) {
		return Subscription{}, false, nil
	}
	if err != nil {
		return Subscription{}, false, fmt.Errorf("running subscription: %w", err)
	}
	return s, true, nil
}
