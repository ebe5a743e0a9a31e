package invoice

import (
	"context"
	"fmt"
	"time"

	"igny8/internal/audit"
	"igny8/internal/clock"
	"igny8/internal/fault"
	"igny8/internal/money"
	"igny8/internal/tenant"
)

// ErrTooMuch is more money than an invoice has room for.
var ErrTooMuch = fault.New(fault.Conflict, "invoice.too_much", "This is more than what is due.")

// Apply puts money on an open invoice, which the caller holds by LockOpen and
// has the money for: above zero, in its currency, at most what is due. The
// invoice is paid when nothing is left. Its lines are not read again.
func Apply(ctx context.Context, tx *tenant.Tx, i Invoice, amount money.Money) (Invoice, error) {
	if amount.Currency != i.Total.Currency || amount.Amount <= 0 {
		return Invoice{}, fmt.Errorf("put %s on invoice %s: %w", amount, i.Number, ErrTooMuch)
	}
	n, err := tx.Exec(ctx, `
		UPDATE invoices SET paid = paid + $3,
			status = CASE WHEN paid + $3 = total THEN 'paid' ELSE status END,
			paid_at = CASE WHEN paid + $3 = total THEN $4 ELSE paid_at END
		WHERE account_id = $1 AND id = $2 AND status = 'open' AND paid + $3 <= total`, i.ID, amount.Amount, clock.Micros(tx.Now()))
	if err == nil && n == 0 {
		err = refusal(ctx, tx, i.ID)
	}
	if err != nil {
		return Invoice{}, fmt.Errorf("put %s on invoice %s: %w", amount, i.Number, err)
	}
	i.Paid.Amount += amount.Amount
	if i.Paid != i.Total {
		return i, audit.Record(ctx, tx, "invoice.part_paid", i.ID.String(), map[string]string{"number": i.Number, "amount": amount.String(), "due": i.AmountDue().String()})
	}
	i.Status, i.PaidAt = Paid, tx.Now()
	return i, audit.Record(ctx, tx, "invoice.paid", i.ID.String(), map[string]string{"number": i.Number})
}

// refusal is why an invoice took no money.
func refusal(ctx context.Context, tx *tenant.Tx, iid ID) error {
	i, err := Load(ctx, tx, iid)
	switch {
	case err != nil:
		return err
	case i.Status != Open:
		return ErrNotOpen
	}
	return ErrTooMuch
}

// Unapply takes money off an invoice again: a paid one is open again, and due
// when it was.
func Unapply(ctx context.Context, tx *tenant.Tx, i Invoice, amount money.Money) (Invoice, error) {
	n, err := tx.Exec(ctx, `
		UPDATE invoices SET paid = paid - $3, status = 'open', paid_at = NULL
		WHERE account_id = $1 AND id = $2 AND status IN ('open', 'paid') AND currency = $4 AND paid >= $3`, i.ID, amount.Amount, amount.Currency)
	if err == nil && n == 0 {
		err = ErrNotOpen
	}
	if err != nil {
		return Invoice{}, fmt.Errorf("take %s off invoice %s: %w", amount, i.Number, err)
	}
	i.Paid.Amount -= amount.Amount
	i.Status, i.PaidAt = Open, time.Time{}
	return i, audit.Record(ctx, tx, "invoice.reopened", i.ID.String(), map[string]string{"number": i.Number, "amount": amount.String(), "due": i.AmountDue().String()})
}
