package subscription

import (
	"context"
	"fmt"
	"time"

	"igny8/internal/account"
	"igny8/internal/audit"
	"igny8/internal/clock"
	"igny8/internal/credit"
	"igny8/internal/id"
	"igny8/internal/plan"
	"igny8/internal/tenant"
)

// StartTrial puts a new account on a plan that costs nothing, with its
// credits, until the trial ends.
func StartTrial(ctx context.Context, tx *tenant.Tx, p plan.Plan) (Subscription, error) {
	s := Subscription{
		ID: id.New[subscriptionKind](), Plan: p, Status: Trialing, PaymentMethod: account.Stripe,
		PeriodStart: tx.Now(), PeriodEnd: tx.Now().AddDate(0, 0, max(1, p.TrialDays)), Created: tx.Now(),
	}
	if err := insert(ctx, tx, s); err != nil {
		return Subscription{}, err
	}
	return s, grant(ctx, tx, s)
}

// Order puts an account on a plan that has to be paid for first. What runs
// meanwhile goes on running. A subscription that waits already is changed to
// this plan instead, since it has cost nothing yet.
func Order(ctx context.Context, tx *tenant.Tx, p plan.Plan, m account.PaymentMethod) (Subscription, error) {
	if err := account.Lock(ctx, tx); err != nil {
		return Subscription{}, err
	}
	s, found, err := Waiting(ctx, tx)
	if err != nil {
		return Subscription{}, err
	}
	if !found {
		s = Subscription{ID: id.New[subscriptionKind](), Plan: p, Status: PendingPayment, PaymentMethod: m, Created: tx.Now()}
		return s, insert(ctx, tx, s)
	}
	s.Plan, s.PaymentMethod = p, m
	_, err = tx.Exec(ctx, `
		UPDATE subscriptions SET plan_id = $3, payment_method = $4, updated_at = $5
		WHERE account_id = $1 AND id = $2 AND status = 'pending_payment'`, s.ID, p.ID, string(m), clock.Micros(tx.Now()))
	if err != nil {
		return Subscription{}, fmt.Errorf("change the plan of subscription %s: %w", s.ID, err)
	}
	return s, nil
}

// Paid is told of a payment for one interval. The subscription runs from now,
// or on from where it would have ended; the account may work; the interval's
// credits are granted and go with it. What ran before is over.
func Paid(ctx context.Context, tx *tenant.Tx, sid ID, externalPaymentID string) (Subscription, error) {
	s, err := get(ctx, tx, `SELECT `+columns+` FROM subscriptions WHERE account_id = $1 AND id = $2`+tx.ForUpdate(), sid)
	if err != nil {
		return Subscription{}, fmt.Errorf("subscription %s: %w", sid, err)
	}
	from := tx.Now()
	switch s.Status {
	case Cancelled, Expired:
		return Subscription{}, fmt.Errorf("subscription %s: %w", sid, ErrOver)
	case PendingPayment:
		if err := endRunning(ctx, tx); err != nil {
			return Subscription{}, err
		}
	case Trialing, Active, PastDue:
		// Who pays within the grace has used it: there is no gap, and no gift.
		if from.Before(s.PeriodEnd.Add(Grace)) {
			from = s.PeriodEnd
		}
	}
	start := s.PeriodStart
	if s.Status == PendingPayment || !from.After(tx.Now()) {
		start = from
	}
	s.Status, s.ExternalPaymentID = Active, externalPaymentID
	s.PeriodStart, s.PeriodEnd = start, s.Plan.Interval.After(from)
	if err := save(ctx, tx, s); err != nil {
		return Subscription{}, err
	}
	if err := account.SetStatus(ctx, tx, account.Active); err != nil {
		return Subscription{}, err
	}
	if err := account.SetPaymentMethod(ctx, tx, s.PaymentMethod); err != nil {
		return Subscription{}, err
	}
	if err := grantFrom(ctx, tx, s, from); err != nil {
		return Subscription{}, err
	}
	return s, audit.Record(ctx, tx, "subscription.paid", s.ID.String(), map[string]string{
		"plan": s.Plan.Code, "until": s.PeriodEnd.Format(time.RFC3339), "external_payment_id": externalPaymentID,
	})
}

func insert(ctx context.Context, tx *tenant.Tx, s Subscription) error {
	_, err := tx.Exec(ctx, `
		INSERT INTO subscriptions (account_id, id, plan_id, status, payment_method, current_period_start, current_period_end, created_at, updated_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $8)`,
		s.ID, s.Plan.ID, string(s.Status), string(s.PaymentMethod),
		clock.MicrosOrNull(s.PeriodStart), clock.MicrosOrNull(s.PeriodEnd), clock.Micros(s.Created))
	if err != nil {
		return fmt.Errorf("start a subscription to %s: %w", s.Plan.Code, err)
	}
	return audit.Record(ctx, tx, "subscription.created", s.ID.String(), map[string]string{"plan": s.Plan.Code, "status": string(s.Status)})
}

func save(ctx context.Context, tx *tenant.Tx, s Subscription) error {
	_, err := tx.Exec(ctx, `
		UPDATE subscriptions SET status = $3, external_payment_id = $4, current_period_start = $5, current_period_end = $6, updated_at = $7
		WHERE account_id = $1 AND id = $2`,
		s.ID, string(s.Status), s.ExternalPaymentID, clock.Micros(s.PeriodStart), clock.Micros(s.PeriodEnd), clock.Micros(tx.Now()))
	if err != nil {
		return fmt.Errorf("save subscription %s: %w", s.ID, err)
	}
	return nil
}

// endRunning ends what runs, for the next to take its place.
func endRunning(ctx context.Context, tx *tenant.Tx) error {
	_, err := tx.Exec(ctx, `
		UPDATE subscriptions SET status = 'expired', updated_at = $2
		WHERE account_id = $1 AND status IN ('trialing', 'active', 'past_due')`, clock.Micros(tx.Now()))
	if err != nil {
		return fmt.Errorf("end the subscription that runs: %w", err)
	}
	return nil
}

func grant(ctx context.Context, tx *tenant.Tx, s Subscription) error {
	return grantFrom(ctx, tx, s, s.PeriodStart)
}

// grantFrom grants the credits of the interval that begins at from and ends
// with the period. The reference makes it happen once.
func grantFrom(ctx context.Context, tx *tenant.Tx, s Subscription, from time.Time) error {
	if s.Plan.Credits == 0 {
		return nil
	}
	_, err := credit.Grant(ctx, tx, credit.NewLot{
		Source: credit.PlanCredits, Reference: s.ID.String() + " " + from.Format(time.RFC3339),
		Amount: s.Plan.Credits, Effective: from, Expires: s.PeriodEnd,
	})
	return err
}
