// Package subscription owns which plan an account is on, for how long, and
// whether that lets it work.
//
// An account has one subscription that runs, and at most one beside it that
// waits for its first payment. The period is kept here and nowhere else, and
// whether it is over is asked of the clock, not of a job that might be late.
package subscription

import (
	"context"
	"errors"
	"fmt"
	"time"

	"igny8/internal/account"
	"igny8/internal/clock"
	"igny8/internal/fault"
	"igny8/internal/id"
	"igny8/internal/plan"
	"igny8/internal/tenant"
)

type subscriptionKind struct{}

func (subscriptionKind) Prefix() string { return "sub" }

// ID names a subscription.
type ID = id.ID[subscriptionKind]

// ParseID reads a subscription's id.
func ParseID(s string) (ID, error) { return id.Parse[subscriptionKind](s) }

// Status is where a subscription is in its life.
type Status string

// The statuses.
const (
	Trialing       Status = "trialing"
	PendingPayment Status = "pending_payment"
	Active         Status = "active"
	PastDue        Status = "past_due"
	Cancelled      Status = "cancelled"
	Expired        Status = "expired" // over, or replaced by the next
)

// Subscription is an account on a plan.
type Subscription struct {
	ID                ID
	Plan              plan.Plan
	Status            Status
	PaymentMethod     account.PaymentMethod // Stripe when none was ever given
	ExternalPaymentID string                // of the last payment, as the bank or PayPal calls it
	StripeID          string                // empty: not paid by Stripe
	PeriodStart       time.Time             // zero: nothing was paid yet
	PeriodEnd         time.Time
	CancelAtEnd       bool // it will not be renewed
	Created           time.Time

	anchor int // the day of the month on which periods end; 0: none has begun
}

// What a caller can be told.
var (
	ErrNotFound   = fault.New(fault.NotFound, "subscription.not_found", "There is no such subscription.")
	ErrTrialEnded = fault.New(fault.PaymentRequired, "trial.ended", "The trial is over. Choose a plan to go on.")
	ErrOver       = fault.New(fault.Conflict, "subscription.over", "This subscription is over.")
	ErrLaterPaid  = fault.New(fault.Conflict, "subscription.later_period_paid", "A later period has been paid for. Undo that payment first.")
	ErrNoPeriod   = fault.New(fault.Conflict, "subscription.no_period", "It is not on record which period this invoice paid for.")
	ErrLimit      = fault.New(fault.Conflict, "plan.limit_reached", "The plan does not allow more of these.")
)

const columns = `id, plan_id, status, coalesce(payment_method, 'stripe'), coalesce(external_payment_id, ''),
	coalesce(stripe_subscription_id, ''), current_period_start, current_period_end, cancel_at_period_end,
	coalesce(anchor_day, 0), created_at`

// get reads one subscription with its plan.
func get(ctx context.Context, r tenant.Reader, query string, args ...any) (Subscription, error) {
	var s Subscription
	var planID plan.ID
	var start, end *int64
	var created int64
	err := r.Get(ctx, query, args, &s.ID, &planID, &s.Status, &s.PaymentMethod, &s.ExternalPaymentID, &s.StripeID, &start, &end,
		&s.CancelAtEnd, &s.anchor, &created)
	if tenant.IsNotFound(err) {
		err = ErrNotFound
	}
	if err != nil {
		return Subscription{}, err
	}
	s.PeriodStart, s.PeriodEnd, s.Created = clock.FromNull(start), clock.FromNull(end), clock.FromMicros(created)
	s.Plan, err = plan.Find(ctx, r.Shared(), planID.String())
	return s, err
}

// Current is the subscription that runs; else the one that waits for its
// first payment; else the last one there was. ErrNotFound when there never
// was one.
func Current(ctx context.Context, r tenant.Reader) (Subscription, error) {
	s, err := get(ctx, r, `
		SELECT `+columns+` FROM subscriptions WHERE account_id = $1
		ORDER BY CASE WHEN status IN ('trialing', 'active', 'past_due') THEN 0 WHEN status = 'pending_payment' THEN 1 ELSE 2 END, id DESC
		LIMIT 1`)
	if err != nil {
		return Subscription{}, fmt.Errorf("current subscription: %w", err)
	}
	return s, nil
}

// Waiting is the subscription that waits for its first payment, and whether
// there is one.
func Waiting(ctx context.Context, r tenant.Reader) (Subscription, bool, error) {
	s, err := get(ctx, r, `SELECT `+columns+` FROM subscriptions WHERE account_id = $1 AND status = 'pending_payment'`)
	if errors.Is(err, ErrNotFound) {
		return Subscription{}, false, nil
	}
	if err != nil {
		return Subscription{}, false, fmt.Errorf("waiting subscription: %w", err)
	}
	return s, true, nil
}

// Load reads one subscription.
func Load(ctx context.Context, r tenant.Reader, sid ID) (Subscription, error) {
	s, err := get(ctx, r, `SELECT `+columns+` FROM subscriptions WHERE account_id = $1 AND id = $2`, sid)
	if err != nil {
		return Subscription{}, fmt.Errorf("subscription %s: %w", sid, err)
	}
	return s, nil
}

// Locate finds whose subscription it is, for an operator.
func Locate(ctx context.Context, s *tenant.Survey, sid ID) (tenant.AccountID, error) {
	var a tenant.AccountID
	err := s.Get(ctx, `SELECT account_id FROM subscriptions WHERE id = $1`, []any{sid}, &a)
	if tenant.IsNotFound(err) {
		err = ErrNotFound
	}
	if err != nil {
		return tenant.AccountID{}, fmt.Errorf("whose is subscription %s: %w", sid, err)
	}
	return a, nil
}

// SetStripeID keeps what Stripe calls the subscription there that pays this
// one.
func SetStripeID(ctx context.Context, tx *tenant.Tx, sid ID, stripeID string) error {
	_, err := tx.Exec(ctx, `UPDATE subscriptions SET stripe_subscription_id = $3, updated_at = $4 WHERE account_id = $1 AND id = $2`,
		sid, stripeID, clock.Micros(tx.Now()))
	if err != nil {
		return fmt.Errorf("subscription %s at Stripe: %w", sid, err)
	}
	return nil
}
