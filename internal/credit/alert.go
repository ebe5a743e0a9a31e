package credit

import (
	"context"
	"fmt"
	"time"

	"igny8/internal/account"
	"igny8/internal/audit"
	"igny8/internal/clock"
	"igny8/internal/fault"
	"igny8/internal/job"
	"igny8/internal/mail"
	"igny8/internal/tenant"
)

// Alert is when an account is warned that its credits run out. What counts is
// what is left, held credits included: those that come back would otherwise
// warn again and again.
type Alert struct {
	Threshold Credits // below it; 0: never
	Automatic bool    // a tenth of what the plan grants, or of a larger grant
	Warned    time.Time
	Low       bool // at the reader's moment
}

// ErrInvalidThreshold is a threshold that is none.
var ErrInvalidThreshold = fault.New(fault.Invalid, "credit.invalid_threshold", "A threshold is a whole number of credits from 0, which is never, to a billion.")

// ErrNoCredits is an account that has never been granted anything.
var ErrNoCredits = fault.New(fault.Conflict, "credit.none_yet", "The account has no credits yet, so there is nothing to warn of. Set this once it has some.")

const mostThreshold = 1_000_000_000

// tenth is what part of a grant an automatic threshold is.
const tenth = 10

// AlertOf is when the account is warned. One that was never granted anything is
// not.
func AlertOf(ctx context.Context, r tenant.Reader) (Alert, error) {
	a := Alert{Automatic: true}
	var warned *int64
	err := r.Get(ctx, `SELECT threshold, automatic, warned_at FROM credit_alerts WHERE account_id = $1`, nil, &a.Threshold, &a.Automatic, &warned)
	if tenant.IsNotFound(err) {
		return a, nil
	}
	if err != nil {
		return Alert{}, fmt.Errorf("when to warn of low credits: %w", err)
	}
	b, err := BalanceOf(ctx, r)
	a.Warned, a.Low = clock.FromNull(warned), a.below(b.Available+b.Held)
	return a, err
}

func (a Alert) below(left Credits) bool { return left < a.Threshold }

// SetThreshold decides below which number of credits the account is warned; nil
// leaves it to the grants. An account that has never been granted anything has
// no credits to run out, and it is ErrNoCredits.
func SetThreshold(ctx context.Context, tx *tenant.Tx, n *Credits) (Alert, error) {
	if n != nil && (*n < 0 || *n > mostThreshold) {
		return Alert{}, ErrInvalidThreshold.At("body.threshold", "must be 0 to 1000000000, or null", int64(*n))
	}
	to := n
	if to == nil {
		to = new(Credits)
		err := tx.Get(ctx, `
			SELECT coalesce((SELECT amount FROM credit_lots WHERE account_id = $1 AND source = 'plan' ORDER BY created_at DESC, id DESC LIMIT 1),
				(SELECT max(amount) FROM credit_lots WHERE account_id = $1), 0)`, nil, to)
		if err != nil {
			return Alert{}, fmt.Errorf("what the plan grants: %w", err)
		}
		*to /= tenth
	}
	changed, err := tx.Exec(ctx, `UPDATE credit_alerts SET threshold = $2, automatic = $3 WHERE account_id = $1`, *to, n == nil)
	if err == nil && changed == 0 {
		err = ErrNoCredits
	}
	if err == nil {
		err = audit.Record(ctx, tx, "credits.threshold", "credits", map[string]*Credits{"threshold": n})
	}
	if err != nil {
		return Alert{}, fmt.Errorf("set when to warn of low credits: %w", err)
	}
	return AlertOf(ctx, tx)
}

// expectGrant lets an automatic threshold follow a grant.
func expectGrant(ctx context.Context, tx *tenant.Tx, n NewLot) error {
	_, err := tx.Exec(ctx, `
		INSERT INTO credit_alerts (account_id, threshold, automatic) VALUES ($1, $2, TRUE)
		ON CONFLICT (account_id) DO UPDATE SET threshold = excluded.threshold
		WHERE credit_alerts.automatic AND ($3 OR excluded.threshold > credit_alerts.threshold)`, n.Amount/tenth, n.Source == PlanCredits)
	if err != nil {
		return fmt.Errorf("when to warn of low credits: %w", err)
	}
	return nil
}

// owners is who writes to those who answer for an account.
type owners interface {
	TellOwners(ctx context.Context, tx *tenant.Tx, m mail.Message) error
}

// alertEvery is how often accounts are looked at.
const alertEvery = time.Minute

// AlertRound writes to the owners of accounts whose credits have fallen below
// their threshold: once, until they have risen above it again.
func AlertRound(people owners) job.Round {
	return job.Round{Name: "low credits", Every: alertEvery, Find: toAlert, Do: func(ctx context.Context, tx *tenant.Tx) error {
		if err := alert(ctx, tx, people); err != nil {
			return fmt.Errorf("warn of low credits: %w", err)
		}
		return nil
	}}
}

// toAlert is the accounts that have fallen or risen, and those of which time
// decides.
func toAlert(ctx context.Context, r job.Rows, at time.Time, limit int) ([]tenant.AccountID, error) {
	var all []tenant.AccountID
	err := r.Each(ctx, `
		SELECT a.account_id FROM credit_alerts a JOIN credit_balances b ON b.account_id = a.account_id
		WHERE (a.warned_at IS NULL) = (b.available + b.held < a.threshold) OR a.threshold > 0 AND b.next_change <= $1
		ORDER BY a.account_id LIMIT $2`, []any{clock.Micros(at), limit}, func(scan tenant.Scan) error {
		var a tenant.AccountID
		err := scan(&a)
		all = append(all, a)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("accounts with low credits: %w", err)
	}
	return all, nil
}

// alert looks at one account. Its row is locked, so that of two that look one
// writes.
func alert(ctx context.Context, tx *tenant.Tx, people owners) error {
	b, err := current(ctx, tx)
	if err == nil {
		err = b.write(ctx, tx)
	}
	if err != nil {
		return err
	}
	a, err := AlertOf(ctx, tx)
	if err != nil || a.Low == !a.Warned.IsZero() {
		return err
	}
	var warned *int64
	if a.Low {
		now := clock.Micros(tx.Now())
		warned = &now
	}
	if _, err := tx.Exec(ctx, `UPDATE credit_alerts SET warned_at = $2 WHERE account_id = $1`, warned); err != nil || !a.Low {
		return err
	}
	acc, err := account.Load(ctx, tx)
	if err != nil || acc.Status == account.Suspended || acc.Status == account.Cancelled {
		return err // it can do nothing about it
	}
	return people.TellOwners(ctx, tx, mail.CreditsLow{Left: int64(b.available + b.held), Threshold: int64(a.Threshold)})
}
