package payment

import (
	"context"
	"fmt"
	"time"

	"igny8/internal/clock"
	"igny8/internal/invoice"
	"igny8/internal/money"
	"igny8/internal/tenant"
)

// EntryKind is what an entry of the account's money records.
type EntryKind string

// The kinds of entries.
const (
	MoneyReceived  EntryKind = "received"  // a payment was confirmed
	MoneyCredited  EntryKind = "credited"  // a credit note was issued
	MoneyAllocated EntryKind = "allocated" // it went to an invoice
	MoneyReleased  EntryKind = "released"  // it was taken off an invoice again
	MoneyReversed  EntryKind = "reversed"  // the confirmation was undone
	MoneyRefunded  EntryKind = "refunded"  // it went back to who had sent it
)

// Entry is one line of an account's money. Amount is what it did to the
// unapplied balance; BalanceAfter is the running sum.
type Entry struct {
	Seq          int64 // 1, 2, 3, ... within account and currency
	Kind         EntryKind
	Amount       money.Money
	BalanceAfter money.Money
	Payment      ID         // zero: it is of a credit note
	CreditNote   string     // empty: it is of a payment
	Invoice      invoice.ID // zero: it is of none
	Actor        string
	At           time.Time
}

// move writes an entry and the balance that it leads to.
func move(ctx context.Context, tx *tenant.Tx, e Entry) error {
	if e.Amount.Amount == 0 {
		return nil
	}
	_, err := tx.Exec(ctx, `
		INSERT INTO money_balances (account_id, currency, unapplied, seq) VALUES ($1, $2, 0, 0)
		ON CONFLICT (account_id, currency) DO NOTHING`, e.Amount.Currency)
	if err != nil {
		return fmt.Errorf("open the money of %s: %w", e.Amount.Currency, err)
	}
	var after, seq int64
	err = tx.Get(ctx, `
		UPDATE money_balances SET unapplied = unapplied + $3, seq = seq + 1
		WHERE account_id = $1 AND currency = $2 AND unapplied + $3 >= 0
		RETURNING unapplied, seq`, []any{e.Amount.Currency, e.Amount.Amount}, &after, &seq)
	if err != nil {
		return fmt.Errorf("%s %s: %w", e.Kind, e.Amount, err)
	}
	var note *string
	if e.CreditNote != "" {
		note = &e.CreditNote
	}
	_, err = tx.Exec(ctx, `
		INSERT INTO money_entries (account_id, currency, seq, kind, amount, balance_after, payment_id, credit_note, invoice_id, actor, created_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`,
		e.Amount.Currency, seq, string(e.Kind), e.Amount.Amount, after, e.Payment, note, e.Invoice, tx.Scope().Actor().String(), clock.Micros(tx.Now()))
	if err != nil {
		return fmt.Errorf("%s %s: %w", e.Kind, e.Amount, err)
	}
	return nil
}

// Balances is what the account has paid or been credited and not used up, in
// each currency in which there was ever any.
func Balances(ctx context.Context, r tenant.Reader) ([]money.Money, error) {
	var all []money.Money
	err := r.Each(ctx, `SELECT currency, unapplied FROM money_balances WHERE account_id = $1 ORDER BY currency`, nil, func(scan tenant.Scan) error {
		var m money.Money
		err := scan(&m.Currency, &m.Amount)
		all = append(all, m)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("unapplied balance: %w", err)
	}
	return all, nil
}

// Entries lists the account's money in a currency, newest first, those before
// a Seq (zero: from the newest), at most limit.
func Entries(ctx context.Context, r tenant.Reader, currency string, before int64, limit int) ([]Entry, error) {
	if before <= 0 {
		before = 1<<63 - 1
	}
	var all []Entry
	err := r.Each(ctx, `
		SELECT seq, kind, amount, balance_after, payment_id, coalesce(credit_note, ''), invoice_id, actor, created_at FROM money_entries
		WHERE account_id = $1 AND currency = $2 AND seq < $3 ORDER BY seq DESC LIMIT $4`, []any{currency, before, limit}, func(scan tenant.Scan) error {
		e := Entry{Amount: money.Of(0, currency), BalanceAfter: money.Of(0, currency)}
		var at int64
		err := scan(&e.Seq, &e.Kind, &e.Amount.Amount, &e.BalanceAfter.Amount, &e.Payment, &e.CreditNote, &e.Invoice, &e.Actor, &at)
		e.At = clock.FromMicros(at)
		all = append(all, e)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("list money of %s: %w", currency, err)
	}
	return all, nil
}
