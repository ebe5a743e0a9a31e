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
	return s, grant(ctx, tx, p, s.ID.String()+" "+s.PeriodStart.Format(time.RFC3339), s.PeriodStart, s.PeriodEnd)
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
		UPDATE subscriptions SET plan_id = $3, payment_method = $4, updated_at = $5, review_at = NULL
		WHERE account_id = $1 AND id = $2 AND status = 'pending_payment'`, s.ID, p.ID, string(m), clock.Micros(tx.Now()))
	if err != nil {
		return Subscription{}, fmt.Errorf("change the plan of subscription %s: %w", s.ID, err)
	}
	return s, nil
}

// Bill is what paid for a period: an invoice, by its id, and the last payment
// that went to it, as the bank or vendor calls it.
type Bill struct {
	Invoice    string
	ExternalID string
}

// Paid is told that an invoice for one interval is paid. The subscription runs
// from now, or on from where it would have ended; the account may work; the
// interval's credits are granted and go with it. What ran before is over. The
// same invoice again changes nothing.
func Paid(ctx context.Context, tx *tenant.Tx, sid ID, by Bill) (Subscription, error) {
	s, err := get(ctx, tx, `SELECT `+columns+` FROM subscriptions WHERE account_id = $1 AND id = $2`+tx.ForUpdate(), sid)
	if err != nil {
		return Subscription{}, fmt.Errorf("subscription %s: %w", sid, err)
	}
	if _, found, err := periodOf(ctx, tx, by.Invoice); found || err != nil {
		return s, err
	}
	p := period{subscription: sid, plan: s.Plan.ID, invoice: by.Invoice, start: tx.Now()}
	switch s.Status {
	case Cancelled, Expired:
		return Subscription{}, fmt.Errorf("subscription %s: %w", sid, ErrOver)
	case PendingPayment:
		if p.replaced, p.replacedStatus, err = endRunning(ctx, tx); err != nil {
			return Subscription{}, err
		}
	case Trialing, Active, PastDue:
		// Who pays within the grace has used it: there is no gap, and no gift.
		if p.start.Before(s.PeriodEnd.Add(Grace)) {
			p.start = s.PeriodEnd
		}
	}
	if s.anchor == 0 || !p.start.Equal(s.PeriodEnd) { // it does not go on from where it was
		s.anchor = p.start.Day()
	}
	p.end = s.Plan.Interval.After(p.start, s.anchor)
	if s.Status == PendingPayment || !p.start.After(tx.Now()) {
		s.PeriodStart = p.start
	}
	s.Status, s.ExternalPaymentID, s.PeriodEnd = Active, by.ExternalID, p.end
	if err := save(ctx, tx, s); err != nil {
		return Subscription{}, err
	}
	if err := p.insert(ctx, tx); err != nil {
		return Subscription{}, err
	}
	if err := account.SetStatus(ctx, tx, account.Active); err != nil {
		return Subscription{}, err
	}
	if err := account.SetPaymentMethod(ctx, tx, s.PaymentMethod); err != nil {
		return Subscription{}, err
	}
	if err := grant(ctx, tx, s.Plan, p.grantReference(), p.start, p.end); err != nil {
		return Subscription{}, err
	}
	return s, audit.Record(ctx, tx, "subscription.paid", s.ID.String(), map[string]string{
		"plan": s.Plan.Code, "until": s.PeriodEnd.Format(time.RFC3339), "external_payment_id": by.ExternalID,
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
	var anchor *int
	if s.anchor > 0 {
		anchor = &s.anchor
	}
	_, err := tx.Exec(ctx, `
		UPDATE subscriptions SET status = $3, external_payment_id = $4, current_period_start = $5, current_period_end = $6, anchor_day = $7, updated_at = $8, review_at = NULL
		WHERE account_id = $1 AND id = $2`,
		s.ID, string(s.Status), s.ExternalPaymentID, clock.MicrosOrNull(s.PeriodStart), clock.MicrosOrNull(s.PeriodEnd), anchor, clock.Micros(tx.Now()))
	if err != nil {
		return fmt.Errorf("save subscription %s: %w", s.ID, err)
	}
	return nil
}

// endRunning ends what runs, for the next to take its place, and tells what it
// was: zero when nothing ran.
func endRunning(ctx context.Context, tx *tenant.Tx) (was ID, in Status, err error) {
	err = tx.Get(ctx, `SELECT id, status FROM subscriptions WHERE account_id = $1 AND status IN ('trialing', 'active', 'past_due')`, nil, &was, &in)
	if tenant.IsNotFound(err) {
		return ID{}, "", nil
	}
	if err == nil {
		_, err = tx.Exec(ctx, `UPDATE subscriptions SET status = 'expired', updated_at = $3 WHERE account_id = $1 AND id = $2`, was, clock.Micros(tx.Now()))
	}
	if err != nil {
		return ID{}, "", fmt.Errorf("end the subscription that runs: %w", err)
	}
	return was, in, nil
}

// grant grants the credits of an interval, which go with it. The reference
// makes it happen once.
func grant(ctx context.Context, tx *tenant.Tx, p plan.Plan, reference string, from, until time.Time) error {
	if p.Credits == 0 {
		return nil
	}
	_, err := credit.Grant(ctx, tx, credit.NewLot{
		Source: credit.PlanCredits, Reference: reference, Amount: p.Credits, Effective: from, Expires: until,
	})
	return err
}
