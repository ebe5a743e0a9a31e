package payment

import (
	"context"
	"fmt"

	"igny8/internal/clock"
	"igny8/internal/invoice"
	"igny8/internal/money"
	"igny8/internal/subscription"
	"igny8/internal/tenant"
)

// allocate puts a part of a payment on an open invoice, which the caller
// holds. An invoice that is paid by it opens what it asked for.
func (d *Desk) allocate(ctx context.Context, tx *tenant.Tx, p Payment, i invoice.Invoice, part int64) (Payment, error) {
	amount := money.Of(part, p.Amount.Currency)
	n, err := tx.Exec(ctx, `
		UPDATE payments SET allocated = allocated + $3
		WHERE account_id = $1 AND id = $2 AND status = 'succeeded' AND allocated + refunded + $3 <= amount`, p.ID, part)
	if err == nil && n == 0 {
		err = ErrState
	}
	if err == nil {
		_, err = tx.Exec(ctx, `
			INSERT INTO payment_allocations (account_id, payment_id, invoice_id, amount, created_at) VALUES ($1, $2, $3, $4, $5)
			ON CONFLICT (account_id, payment_id, invoice_id) DO UPDATE SET amount = excluded.amount, created_at = excluded.created_at, reversed_at = NULL
			WHERE payment_allocations.reversed_at IS NOT NULL`,
			p.ID, i.ID, part, clock.Micros(tx.Now()))
	}
	if err == nil {
		err = move(ctx, tx, Entry{Kind: MoneyAllocated, Amount: money.Of(-part, amount.Currency), Payment: p.ID, Invoice: i.ID})
	}
	if err == nil {
		i, err = invoice.Apply(ctx, tx, i, amount)
	}
	if err != nil {
		return Payment{}, fmt.Errorf("put %s of payment %q on invoice %s: %w", amount, p.ExternalID, i.Number, err)
	}
	p.Allocated.Amount += part
	if i.Status != invoice.Paid {
		return p, nil
	}
	return p, d.paid(ctx, tx, i, p.ExternalID)
}

// paid is told that an invoice is paid, and by what: what it asked for begins.
func (d *Desk) paid(ctx context.Context, tx *tenant.Tx, i invoice.Invoice, by string) error {
	if !i.Pack.IsZero() {
		return grantPack(ctx, tx, i)
	}
	s, err := subscription.Paid(ctx, tx, i.Subscription, subscription.Bill{Invoice: i.ID.String(), ExternalID: by})
	if err != nil {
		return err
	}
	return d.opened(ctx, tx, i, s)
}

// opened is what follows when an invoice is paid, beside what it asked for:
// nobody asks any more for what another plan has replaced, and what was paid
// for that and is not used is the account's again.
func (d *Desk) opened(ctx context.Context, tx *tenant.Tx, i invoice.Invoice, s subscription.Subscription) error {
	if err := d.withdrawOthers(ctx, tx, s); err != nil {
		return err
	}
	if err := d.creditUnused(ctx, tx, i); err != nil {
		return err
	}
	return d.stopOthers(ctx, tx)
}

// withdrawOthers withdraws what was asked for a subscription that another has
// replaced.
func (d *Desk) withdrawOthers(ctx context.Context, tx *tenant.Tx, now subscription.Subscription) error {
	open, err := invoice.LockOpen(ctx, tx)
	if err != nil {
		return err
	}
	for _, i := range open {
		if i.Of(now.ID) || !i.Pack.IsZero() {
			continue
		}
		s, err := subscription.Load(ctx, tx, i.Subscription)
		if err != nil {
			return err
		}
		if s.Status == subscription.Expired || s.Status == subscription.Cancelled {
			if err := withdraw(ctx, tx, i); err != nil {
				return err
			}
		}
	}
	return nil
}

// withdraw makes an open invoice void. What had gone to it is unapplied again.
func withdraw(ctx context.Context, tx *tenant.Tx, i invoice.Invoice) error {
	var parts []allocation
	err := tx.Each(ctx, `
		SELECT payment_id, invoice_id, amount FROM payment_allocations
		WHERE account_id = $1 AND invoice_id = $2 AND reversed_at IS NULL ORDER BY created_at DESC, payment_id DESC`,
		[]any{i.ID}, readInto(&parts))
	if err != nil {
		return fmt.Errorf("what went to invoice %s: %w", i.Number, err)
	}
	for _, a := range parts {
		if i, err = release(ctx, tx, a, i); err != nil {
			return err
		}
	}
	if i, err = releaseNotes(ctx, tx, i); err != nil {
		return err
	}
	return invoice.Withdraw(ctx, tx, i)
}

// allocation is what of a payment went to an invoice.
type allocation struct {
	payment ID
	invoice invoice.ID
	amount  int64
}

func readInto(all *[]allocation) func(tenant.Scan) error {
	return func(scan tenant.Scan) error {
		var a allocation
		err := scan(&a.payment, &a.invoice, &a.amount)
		*all = append(*all, a)
		return err
	}
}

// release takes an allocation back: the invoice is open again, and the money
// unapplied.
func release(ctx context.Context, tx *tenant.Tx, a allocation, i invoice.Invoice) (invoice.Invoice, error) {
	n, err := tx.Exec(ctx, `
		UPDATE payment_allocations SET reversed_at = $4
		WHERE account_id = $1 AND payment_id = $2 AND invoice_id = $3 AND reversed_at IS NULL`, a.payment, a.invoice, clock.Micros(tx.Now()))
	if err == nil && n == 0 {
		err = ErrState
	}
	if err == nil {
		_, err = tx.Exec(ctx, `UPDATE payments SET allocated = allocated - $3 WHERE account_id = $1 AND id = $2`, a.payment, a.amount)
	}
	amount := money.Of(a.amount, i.Total.Currency)
	if err == nil {
		err = move(ctx, tx, Entry{Kind: MoneyReleased, Amount: amount, Payment: a.payment, Invoice: a.invoice})
	}
	if err == nil {
		i, err = invoice.Unapply(ctx, tx, i, amount)
	}
	if err != nil {
		return invoice.Invoice{}, fmt.Errorf("take %s off invoice %s: %w", amount, i.Number, err)
	}
	return i, nil
}

// Use puts the account's unapplied balance on an open invoice, credit notes
// first and then the oldest money, and answers the invoice as it is then. The
// caller holds the account and its open invoices. An invoice that is paid by it
// opens what it asked for.
func (d *Desk) Use(ctx context.Context, tx *tenant.Tx, i invoice.Invoice) (invoice.Invoice, error) {
	notes, err := invoice.CreditsLeft(ctx, tx, i.Total.Currency)
	if err != nil {
		return invoice.Invoice{}, err
	}
	for _, n := range notes {
		if i.Status != invoice.Open {
			return i, nil
		}
		if i, err = d.allocateNote(ctx, tx, n, i, min(n.Left().Amount, i.AmountDue().Amount)); err != nil {
			return invoice.Invoice{}, err
		}
	}
	left, err := list(ctx, tx, `AND status = 'succeeded' AND currency = $2 AND amount > allocated + refunded ORDER BY id`, i.Total.Currency)
	if err != nil {
		return invoice.Invoice{}, err
	}
	for _, p := range left {
		if i.Status != invoice.Open {
			break
		}
		if _, err := d.allocate(ctx, tx, p, i, min(p.Unapplied().Amount, i.AmountDue().Amount)); err != nil {
			return invoice.Invoice{}, err
		}
		if i, err = invoice.Load(ctx, tx, i.ID); err != nil {
			return invoice.Invoice{}, err
		}
	}
	return i, nil
}
