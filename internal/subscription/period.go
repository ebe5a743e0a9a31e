package subscription

import (
	"context"
	"errors"
	"fmt"
	"time"

	"igny8/internal/account"
	"igny8/internal/audit"
	"igny8/internal/clock"
	"igny8/internal/credit"
	"igny8/internal/plan"
	"igny8/internal/tenant"
)

// period is one interval that was paid for, and by which invoice. It stays
// when its payment is undone, with the moment of that.
type period struct {
	subscription   ID
	ordinal        int64
	plan           plan.ID
	invoice        string
	start, end     time.Time
	replaced       ID // what ran until then; zero: nothing did
	replacedStatus Status
}

// grantReference names the grant of the period's credits. An invoice whose
// payment was undone may be paid again: that is another period, and another
// grant.
func (p period) grantReference() string {
	return fmt.Sprintf("%s %s %d", p.subscription, p.start.Format(time.RFC3339), p.ordinal)
}

func (p *period) insert(ctx context.Context, tx *tenant.Tx) error {
	err := tx.Get(ctx, `SELECT coalesce(max(ordinal), 0) + 1 FROM subscription_periods WHERE account_id = $1 AND subscription_id = $2`,
		[]any{p.subscription}, &p.ordinal)
	if err != nil {
		return fmt.Errorf("period of %s: %w", p.subscription, err)
	}
	var status *string
	if !p.replaced.IsZero() {
		status = new(string)
		*status = string(p.replacedStatus)
	}
	_, err = tx.Exec(ctx, `
		INSERT INTO subscription_periods (account_id, invoice_id, subscription_id, plan_id, starts_at, ends_at, grant_reference,
			replaced_id, replaced_status, created_at, ordinal)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`,
		p.invoice, p.subscription, p.plan, clock.Micros(p.start), clock.Micros(p.end), p.grantReference(),
		p.replaced, status, clock.Micros(tx.Now()), p.ordinal)
	if err != nil {
		return fmt.Errorf("period of %s: %w", p.subscription, err)
	}
	return nil
}

const periodColumns = `subscription_id, ordinal, plan_id, invoice_id, starts_at, ends_at, replaced_id, coalesce(replaced_status, '')`

func readPeriod(scan tenant.Scan) (period, error) {
	var p period
	var start, end int64
	err := scan(&p.subscription, &p.ordinal, &p.plan, &p.invoice, &start, &end, &p.replaced, &p.replacedStatus)
	p.start, p.end = clock.FromMicros(start), clock.FromMicros(end)
	return p, err
}

// periodOf is the period that an invoice has paid for, and whether there is one.
func periodOf(ctx context.Context, r tenant.Reader, invoice string) (period, bool, error) {
	p, err := readPeriod(func(dest ...any) error {
		return r.Get(ctx, `SELECT `+periodColumns+` FROM subscription_periods WHERE account_id = $1 AND invoice_id = $2 AND reversed_at IS NULL`,
			[]any{invoice}, dest...)
	})
	if tenant.IsNotFound(err) {
		return period{}, false, nil
	}
	if err != nil {
		return period{}, false, fmt.Errorf("period of invoice %s: %w", invoice, err)
	}
	return p, true, nil
}

// Unpaid takes back what Paid did for an invoice, in the reverse order: the
// credits, the period, and what ran before runs again if its time is not over.
// open tells whether the invoice can be asked for again: not when another
// order has taken its place. ErrLaterPaid while a later period stands;
// ErrNoPeriod when the invoice paid for none.
func Unpaid(ctx context.Context, tx *tenant.Tx, invoice string) (r credit.Revocation, open bool, err error) {
	p, found, err := periodOf(ctx, tx, invoice)
	if err == nil && !found {
		err = ErrNoPeriod
	}
	if err != nil {
		return r, false, err
	}
	s, err := get(ctx, tx, `SELECT `+columns+` FROM subscriptions WHERE account_id = $1 AND id = $2`+tx.ForUpdate(), p.subscription)
	if err != nil {
		return r, false, fmt.Errorf("subscription %s: %w", p.subscription, err)
	}
	before, err := beforeAndAfter(ctx, tx, s, p)
	if err != nil {
		return r, false, err
	}
	if _, err := tx.Exec(ctx, `UPDATE subscription_periods SET reversed_at = $4 WHERE account_id = $1 AND subscription_id = $2 AND ordinal = $3`,
		p.subscription, p.ordinal, clock.Micros(tx.Now())); err != nil {
		return r, false, fmt.Errorf("undo the period of %s: %w", p.subscription, err)
	}
	r, err = credit.Revoke(ctx, tx, p.grantReference())
	if err != nil && !errors.Is(err, credit.ErrLotNotFound) { // a plan may include none
		return r, false, err
	}
	open, err = s.back(ctx, tx, p, before)
	if err != nil {
		return r, false, err
	}
	return r, open, audit.Record(ctx, tx, "subscription.unpaid", s.ID.String(), map[string]string{
		"invoice": invoice, "from": p.start.Format(time.RFC3339), "until": p.end.Format(time.RFC3339),
	})
}

// beforeAndAfter is the period before p; ErrLaterPaid when there is one after,
// or when the subscription has been replaced by another since.
func beforeAndAfter(ctx context.Context, tx *tenant.Tx, s Subscription, p period) (before period, err error) {
	if s.Status == Expired || s.Status == Cancelled {
		return before, fmt.Errorf("subscription %s: %w", s.ID, ErrLaterPaid)
	}
	err = tx.Each(ctx, `
		SELECT `+periodColumns+` FROM subscription_periods
		WHERE account_id = $1 AND subscription_id = $2 AND reversed_at IS NULL ORDER BY starts_at`, []any{s.ID}, func(scan tenant.Scan) error {
		other, err := readPeriod(scan)
		switch {
		case err != nil:
			return err
		case other.start.Before(p.start):
			before = other
		case other.start.After(p.start):
			return fmt.Errorf("subscription %s: %w", s.ID, ErrLaterPaid)
		}
		return nil
	})
	return before, err
}

// back puts the subscription where it was before the period.
func (s Subscription) back(ctx context.Context, tx *tenant.Tx, p, before period) (open bool, err error) {
	if before.ordinal != 0 {
		if s.PeriodEnd = before.end; !before.start.After(tx.Now()) {
			s.PeriodStart = before.start
		}
		return true, save(ctx, tx, s)
	}
	_, waiting, err := Waiting(ctx, tx)
	if err != nil {
		return false, err
	}
	s.Status, s.PeriodStart, s.PeriodEnd, s.anchor = PendingPayment, time.Time{}, time.Time{}, 0
	if waiting { // he has ordered something else: this order is over
		s.Status = Cancelled
	}
	s.ExternalPaymentID = ""
	if err := save(ctx, tx, s); err != nil {
		return false, err
	}
	status := account.PendingPayment
	if !p.replaced.IsZero() {
		if status, err = resume(ctx, tx, p); err != nil {
			return false, err
		}
	}
	return !waiting, account.SetStatus(ctx, tx, status)
}

// resume lets what ran before run again, as what it was. Whether its time is
// over is a question of the clock, as ever.
func resume(ctx context.Context, tx *tenant.Tx, p period) (account.Status, error) {
	_, err := tx.Exec(ctx, `UPDATE subscriptions SET status = $3, updated_at = $4, review_at = NULL WHERE account_id = $1 AND id = $2 AND status = 'expired'`,
		p.replaced, string(p.replacedStatus), clock.Micros(tx.Now()))
	if err != nil {
		return "", fmt.Errorf("resume subscription %s: %w", p.replaced, err)
	}
	switch p.replacedStatus {
	case Trialing:
		return account.Trial, nil
	case PastDue:
		return account.PastDue, nil
	case Active, PendingPayment, Cancelled, Expired:
	}
	return account.Active, nil
}

// Unused is a period, or the rest of one, that was paid for and will not be
// used, because another plan has taken its place.
type Unused struct {
	Invoice   string // that paid for it
	Reference string // of the grant of its credits
	Left, All time.Duration
	End       time.Time
}

// UnusedAfter is what will not be used of the plan that the one which an
// invoice has paid for replaced: the rest of the period that ran, and those
// that had been paid ahead.
func UnusedAfter(ctx context.Context, tx *tenant.Tx, invoice string) ([]Unused, error) {
	p, found, err := periodOf(ctx, tx, invoice)
	if err != nil || !found || p.replaced.IsZero() {
		return nil, err
	}
	var all []Unused
	err = tx.Each(ctx, `
		SELECT `+periodColumns+` FROM subscription_periods
		WHERE account_id = $1 AND subscription_id = $2 AND reversed_at IS NULL AND ends_at > $3 ORDER BY starts_at`,
		[]any{p.replaced, clock.Micros(tx.Now())}, func(scan tenant.Scan) error {
			old, err := readPeriod(scan)
			if err != nil {
				return err
			}
			u := Unused{Invoice: old.invoice, Reference: old.grantReference(), All: old.end.Sub(old.start), Left: old.end.Sub(tx.Now()), End: old.end}
			u.Left = min(u.Left, u.All)
			all = append(all, u)
			return nil
		})
	if err != nil {
		return nil, fmt.Errorf("what is not used after invoice %s: %w", invoice, err)
	}
	return all, nil
}

// PeriodsOf counts the periods that an invoice has paid for and that stand: one
// when it is paid, none before.
func PeriodsOf(ctx context.Context, r tenant.Reader, invoice string) (int, error) {
	var n int
	err := r.Get(ctx, `SELECT count(*) FROM subscription_periods WHERE account_id = $1 AND invoice_id = $2 AND reversed_at IS NULL`, []any{invoice}, &n)
	if err != nil {
		return 0, fmt.Errorf("periods of invoice %s: %w", invoice, err)
	}
	return n, nil
}
