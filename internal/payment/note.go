package payment

import (
	"context"
	"fmt"
	"math/big"

	"igny8/internal/clock"
	"igny8/internal/credit"
	"igny8/internal/invoice"
	"igny8/internal/money"
	"igny8/internal/subscription"
	"igny8/internal/tenant"
)

// Credit takes a part of a paid invoice back: a credit note is issued, and what
// it is worth is the account's unapplied balance. An invoice that is not paid
// is withdrawn instead: invoice.ErrNotCreditable.
func (d *Desk) Credit(ctx context.Context, tx *tenant.Tx, iid invoice.ID, amount money.Money, reason string) (invoice.CreditNote, error) {
	if _, err := lock(ctx, tx); err != nil {
		return invoice.CreditNote{}, err
	}
	return creditInvoice(ctx, tx, iid, amount, reason)
}

func creditInvoice(ctx context.Context, tx *tenant.Tx, iid invoice.ID, amount money.Money, reason string) (invoice.CreditNote, error) {
	i, err := invoice.Load(ctx, tx, iid)
	if err != nil {
		return invoice.CreditNote{}, err
	}
	if i.Status != invoice.Paid {
		return invoice.CreditNote{}, invoice.ErrNotCreditable.Sayf("Invoice %s is %s. Only what is paid can be taken back.", i.Number, i.Status)
	}
	n, err := invoice.IssueCredit(ctx, tx, i, amount, reason)
	if err != nil {
		return invoice.CreditNote{}, err
	}
	return n, move(ctx, tx, Entry{Kind: MoneyCredited, Amount: n.Total, CreditNote: n.ID.String()})
}

// allocateNote is allocate for what a credit note is worth.
func (d *Desk) allocateNote(ctx context.Context, tx *tenant.Tx, n invoice.CreditNote, i invoice.Invoice, part int64) (invoice.Invoice, error) {
	amount := money.Of(part, n.Total.Currency)
	_, err := invoice.TakeCredit(ctx, tx, n.ID, amount)
	if err == nil {
		_, err = tx.Exec(ctx, `
			INSERT INTO credit_note_allocations (account_id, credit_note_id, invoice_id, amount, created_at) VALUES ($1, $2, $3, $4, $5)
			ON CONFLICT (account_id, credit_note_id, invoice_id) DO UPDATE SET amount = excluded.amount, created_at = excluded.created_at, reversed_at = NULL
			WHERE credit_note_allocations.reversed_at IS NOT NULL`, n.ID, i.ID, part, clock.Micros(tx.Now()))
	}
	if err == nil {
		err = move(ctx, tx, Entry{Kind: MoneyAllocated, Amount: money.Of(-part, amount.Currency), CreditNote: n.ID.String(), Invoice: i.ID})
	}
	if err == nil {
		i, err = invoice.Apply(ctx, tx, i, amount)
	}
	if err != nil {
		return invoice.Invoice{}, fmt.Errorf("put %s of credit note %s on invoice %s: %w", amount, n.Number, i.Number, err)
	}
	if i.Status != invoice.Paid {
		return i, nil
	}
	return i, d.paid(ctx, tx, i, n.Number)
}

// releaseNotes takes what credit notes paid of an open invoice off it again.
func releaseNotes(ctx context.Context, tx *tenant.Tx, i invoice.Invoice) (invoice.Invoice, error) {
	return releaseWhere(ctx, tx, i, `AND invoice_id = $2`, i.ID)
}

func releaseWhere(ctx context.Context, tx *tenant.Tx, i invoice.Invoice, where string, args ...any) (invoice.Invoice, error) {
	type part struct {
		note   invoice.CreditID
		amount int64
	}
	var parts []part
	err := tx.Each(ctx, `SELECT credit_note_id, amount FROM credit_note_allocations WHERE account_id = $1 AND reversed_at IS NULL `+where, args,
		func(scan tenant.Scan) error {
			var p part
			err := scan(&p.note, &p.amount)
			parts = append(parts, p)
			return err
		})
	for _, p := range parts {
		amount := money.Of(p.amount, i.Total.Currency)
		if err == nil {
			_, err = tx.Exec(ctx, `UPDATE credit_note_allocations SET reversed_at = $4 WHERE account_id = $1 AND credit_note_id = $2 AND invoice_id = $3`,
				p.note, i.ID, clock.Micros(tx.Now()))
		}
		if err == nil {
			_, err = invoice.GiveBackCredit(ctx, tx, p.note, amount)
		}
		if err == nil {
			err = move(ctx, tx, Entry{Kind: MoneyReleased, Amount: amount, CreditNote: p.note.String(), Invoice: i.ID})
		}
		if err == nil {
			i, err = invoice.Unapply(ctx, tx, i, amount)
		}
	}
	if err != nil {
		return invoice.Invoice{}, fmt.Errorf("take credit notes off an invoice: %w", err)
	}
	return i, nil
}

// creditUnused gives back what was paid for the plan that the one of invoice i
// has replaced, as far as it is not used: the share of the time that is left,
// or of the credits if fewer of those are. As many credits go.
func (d *Desk) creditUnused(ctx context.Context, tx *tenant.Tx, i invoice.Invoice) error {
	all, err := subscription.UnusedAfter(ctx, tx, i.ID.String())
	if err != nil {
		return err
	}
	for _, u := range all {
		if err := creditPeriod(ctx, tx, i, u); err != nil {
			return err
		}
	}
	return nil
}

func creditPeriod(ctx context.Context, tx *tenant.Tx, i invoice.Invoice, u subscription.Unused) error {
	old, err := invoiceOf(ctx, tx, u.Invoice)
	if err != nil {
		return err
	}
	lot, err := credit.PartOf(ctx, tx, u.Reference)
	if err != nil {
		return err
	}
	share := big.NewRat(int64(u.Left), int64(u.All))
	if lot.Amount > 0 {
		if left := big.NewRat(int64(lot.Remaining), int64(lot.Amount)); left.Cmp(share) < 0 {
			share = left
		}
	}
	worth := min(of(old.Total.Amount, share), old.Total.Amount-old.Credited.Amount)
	if worth <= 0 {
		return nil
	}
	taken := credit.Credits(of(int64(lot.Amount), share))
	if err := credit.TakePart(ctx, tx, u.Reference, taken); err != nil {
		return err
	}
	n, err := creditInvoice(ctx, tx, old.ID, money.Of(worth, old.Total.Currency), "Unused time after a change of plan")
	if err != nil {
		return err
	}
	_, err = tx.Exec(ctx, `
		INSERT INTO plan_changes (account_id, invoice_id, credit_note_id, grant_reference, credits, expires_at, created_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7)`, i.ID, n.ID, u.Reference, taken, clock.Micros(u.End), clock.Micros(tx.Now()))
	if err != nil {
		return fmt.Errorf("change of plan by invoice %s: %w", i.Number, err)
	}
	return nil
}

// of is a share of a whole, rounded down.
func of(whole int64, share *big.Rat) int64 {
	n := new(big.Int).Mul(big.NewInt(whole), share.Num())
	return n.Quo(n, share.Denom()).Int64()
}

func invoiceOf(ctx context.Context, tx *tenant.Tx, id string) (invoice.Invoice, error) {
	iid, err := invoice.ParseID(id)
	if err != nil {
		return invoice.Invoice{}, err
	}
	return invoice.Load(ctx, tx, iid)
}

// uncreditUnused undoes creditUnused, because the payment of invoice i is
// undone: the credit notes are worth nothing any more, and the credits are
// there again. subscription.ErrLaterPaid when a credit note has paid for
// something that stands.
func uncreditUnused(ctx context.Context, tx *tenant.Tx, i invoice.Invoice) error {
	type changed struct {
		note      invoice.CreditID
		reference string
		credits   credit.Credits
		expires   int64
	}
	var all []changed
	err := tx.Each(ctx, `
		SELECT credit_note_id, grant_reference, credits, expires_at FROM plan_changes
		WHERE account_id = $1 AND invoice_id = $2 AND reversed_at IS NULL ORDER BY credit_note_id DESC`, []any{i.ID}, func(scan tenant.Scan) error {
		var c changed
		err := scan(&c.note, &c.reference, &c.credits, &c.expires)
		all = append(all, c)
		return err
	})
	if err != nil {
		return fmt.Errorf("changes of plan by invoice %s: %w", i.Number, err)
	}
	for _, c := range all {
		if err := takeNoteBack(ctx, tx, c.note); err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, `UPDATE plan_changes SET reversed_at = $3 WHERE account_id = $1 AND credit_note_id = $2`, c.note, clock.Micros(tx.Now())); err != nil {
			return fmt.Errorf("change of plan by invoice %s: %w", i.Number, err)
		}
		if end := clock.FromMicros(c.expires); c.credits > 0 && end.After(tx.Now()) {
			_, err := credit.Grant(ctx, tx, credit.NewLot{Source: credit.PlanCredits, Reference: "back " + c.note.String() + " " + c.reference, Amount: c.credits, Expires: end})
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// takeNoteBack makes a credit note worth nothing, after taking it off the
// invoices that are open.
func takeNoteBack(ctx context.Context, tx *tenant.Tx, id invoice.CreditID) error {
	var on []invoice.ID
	err := tx.Each(ctx, `SELECT invoice_id FROM credit_note_allocations WHERE account_id = $1 AND credit_note_id = $2 AND reversed_at IS NULL`, []any{id},
		func(scan tenant.Scan) error {
			var i invoice.ID
			err := scan(&i)
			on = append(on, i)
			return err
		})
	if err != nil {
		return fmt.Errorf("what credit note %s paid: %w", id, err)
	}
	for _, iid := range on {
		i, err := invoice.Load(ctx, tx, iid)
		if err != nil {
			return err
		}
		if i.Status == invoice.Paid {
			return fmt.Errorf("invoice %s: %w", i.Number, subscription.ErrLaterPaid)
		}
		if _, err := releaseWhere(ctx, tx, i, `AND invoice_id = $2 AND credit_note_id = $3`, iid, id); err != nil {
			return err
		}
	}
	n, err := invoice.LoadCredit(ctx, tx, id)
	if err != nil {
		return err
	}
	if _, err := invoice.TakeCredit(ctx, tx, id, n.Left()); err != nil {
		return err
	}
	return move(ctx, tx, Entry{Kind: MoneyReversed, Amount: money.Of(-n.Left().Amount, n.Total.Currency), CreditNote: id.String()})
}
