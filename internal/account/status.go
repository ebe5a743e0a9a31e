package account

import (
	"context"
	"errors"
	"fmt"

	"igny8/internal/audit"
	"igny8/internal/clock"
	"igny8/internal/tenant"
)

// Status is whether an account may work.
type Status string

// The statuses.
const (
	Trial          Status = "trial"
	PendingPayment Status = "pending_payment"
	Active         Status = "active"
	PastDue        Status = "past_due"
	Suspended      Status = "suspended"
	Cancelled      Status = "cancelled"
)

// Standing is what the status alone forbids: ErrSuspended, ErrCancelled,
// ErrPaymentRequired, or nil. How long a trial lasts and how long past due is
// tolerated, the subscription knows.
func (s Status) Standing() error {
	switch s {
	case Trial, Active, PastDue:
		return nil
	case PendingPayment:
		return ErrPaymentRequired
	case Suspended:
		return ErrSuspended
	case Cancelled:
		return ErrCancelled
	}
	return fmt.Errorf("account status %q is not known", string(s))
}

var errSuspendOnly = errors.New("account: only Suspend suspends")

// SetStatus follows the subscription: trial, pending, active, past due,
// cancelled. While the account is suspended it stays so, and to is what it
// will resume as.
func SetStatus(ctx context.Context, tx *tenant.Tx, to Status) error {
	if to == Suspended {
		return errSuspendOnly
	}
	_, err := one(ctx, tx, `
		UPDATE accounts SET
			status = CASE WHEN status = 'suspended' THEN status ELSE $2 END,
			resume_status = CASE WHEN status = 'suspended' THEN $2 ELSE resume_status END,
			updated_at = $3
		WHERE id = $1 RETURNING `+columns, string(to), clock.Micros(tx.Now()))
	return err
}

// Suspend withdraws all access from the next request on, and writes the audit
// event. An account that is suspended stays so, with no second event. A
// system account is ErrSystem.
func Suspend(ctx context.Context, tx *tenant.Tx, reason string) (Account, error) {
	return toggle(ctx, tx, "account.suspended", reason, `
		UPDATE accounts SET status = 'suspended', resume_status = status, updated_at = $2
		WHERE id = $1 AND status <> 'suspended' AND kind <> 'system' RETURNING `+columns)
}

// Reactivate lifts the suspension: the account is again what its subscription
// says. One that is not suspended stays as it is, with no event.
func Reactivate(ctx context.Context, tx *tenant.Tx, reason string) (Account, error) {
	return toggle(ctx, tx, "account.reactivated", reason, `
		UPDATE accounts SET status = resume_status, resume_status = NULL, updated_at = $2
		WHERE id = $1 AND status = 'suspended' RETURNING `+columns)
}

func toggle(ctx context.Context, tx *tenant.Tx, action, reason, query string) (Account, error) {
	why, ok := Printable(reason, 500)
	if !ok {
		return Account{}, ErrInvalidReason.At("body.reason", "1 to 500 printable characters", nil)
	}
	a, err := one(ctx, tx, query, clock.Micros(tx.Now()))
	if errors.Is(err, ErrNotFound) {
		return unmoved(ctx, tx, action)
	}
	if err != nil {
		return Account{}, err
	}
	return a, audit.Record(ctx, tx, action, a.ID.String(), map[string]string{"reason": why, "status": string(a.Status)})
}

// unmoved tells why a toggle found nothing to change.
func unmoved(ctx context.Context, tx *tenant.Tx, action string) (Account, error) {
	a, err := Load(ctx, tx)
	if err == nil && a.Kind == System && action == "account.suspended" {
		err = fmt.Errorf("account %s: %w", a.ID, ErrSystem)
	}
	return a, err
}
