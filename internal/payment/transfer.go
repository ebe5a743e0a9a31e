package payment

import (
	"context"
	"fmt"
	"net/url"
	"strings"

	"igny8/internal/account"
	"igny8/internal/audit"
	"igny8/internal/clock"
	"igny8/internal/id"
	"igny8/internal/invoice"
	"igny8/internal/money"
	"igny8/internal/subscription"
	"igny8/internal/tenant"
)

// Transfer is a bank transfer that somebody of the staff has seen.
type Transfer struct {
	Subscription subscription.ID // zero: the oldest open invoice, whichever it is for
	ExternalID   string          // what the bank calls it
	Amount       money.Money     // an empty currency is the invoice's
	PayerName    string
	ProofURL     string // may be empty
}

// Confirmation is what a confirmed transfer brought about.
type Confirmation struct {
	Payment      Payment
	Invoice      invoice.Invoice
	Subscription subscription.Subscription
}

// ConfirmTransfer records a transfer for an open invoice and all that follows
// from it: the invoice is paid, the subscription runs, the account may work,
// the credits are granted. Told a second time, by whomever, it changes nothing
// and answers the payment that there is; ErrConflict when that is of another
// amount. ErrNothingDue without an open invoice, ErrAmountMismatch, with what
// is due, for any other amount.
func ConfirmTransfer(ctx context.Context, tx *tenant.Tx, t Transfer) (Confirmation, error) {
	t, err := t.parse()
	if err != nil {
		return Confirmation{}, err
	}
	// Locked in the order of Checkout, so that the two wait for each other and
	// do not fall over each other.
	if err := account.Lock(ctx, tx); err != nil {
		return Confirmation{}, err
	}
	// Who holds the account's open invoices decides alone; only then can it be
	// known whether somebody else has been told of this transfer.
	open, err := invoice.LockOpen(ctx, tx)
	if err != nil {
		return Confirmation{}, err
	}
	known, err := read(func(dest ...any) error {
		return tx.Get(ctx, `SELECT `+columns+` FROM payments WHERE account_id = $1 AND method = 'bank_transfer' AND external_payment_id = $2`,
			[]any{t.ExternalID}, dest...)
	})
	switch {
	case err == nil:
		return again(ctx, tx, known, t)
	case !tenant.IsNotFound(err):
		return Confirmation{}, fmt.Errorf("find payment %q: %w", t.ExternalID, err)
	}
	i, err := t.choose(open)
	if err != nil {
		return Confirmation{}, err
	}
	return confirm(ctx, tx, i, t)
}

// parse is the transfer without what nobody meant, or ErrInvalid with every
// field that cannot be.
func (t Transfer) parse() (Transfer, error) {
	f := ErrInvalid
	var ok bool
	if t.ExternalID, ok = account.Printable(t.ExternalID, 140); !ok {
		f = f.At("body.external_payment_id", "the bank's reference, 1 to 140 printable characters", nil)
	}
	if t.PayerName, ok = account.Printable(t.PayerName, 140); !ok {
		f = f.At("body.payer_name", "1 to 140 printable characters", nil)
	}
	if t.Amount.Amount <= 0 {
		f = f.At("body.amount", "must be above zero, in minor units", t.Amount.Amount)
	}
	if t.ProofURL = strings.TrimSpace(t.ProofURL); t.ProofURL != "" {
		u, err := url.Parse(t.ProofURL)
		if err != nil || (u.Scheme != "https" && u.Scheme != "http") || u.Host == "" || len(t.ProofURL) > 2000 {
			f = f.At("body.proof_url", "must be an http or https address", nil)
		}
	}
	if len(f.Fields) > 0 {
		return Transfer{}, f
	}
	return t, nil
}

// choose finds the invoice that the transfer pays.
func (t Transfer) choose(open []invoice.Invoice) (invoice.Invoice, error) {
	for _, i := range open {
		if i.PaymentMethod != account.BankTransfer || (!t.Subscription.IsZero() && i.Subscription != t.Subscription) {
			continue
		}
		due := i.AmountDue()
		if t.Amount.Currency == "" {
			t.Amount.Currency = due.Currency
		}
		if t.Amount != due {
			return invoice.Invoice{}, ErrAmountMismatch.Sayf("Invoice %s asks for %s, and this is %s. Nothing was changed.", i.Number, due, t.Amount).
				At("body.amount", "must be what is due", t.Amount.Amount).With("amount_due", due)
		}
		return i, nil
	}
	return invoice.Invoice{}, ErrNothingDue
}

func confirm(ctx context.Context, tx *tenant.Tx, i invoice.Invoice, t Transfer) (Confirmation, error) {
	p := Payment{
		ID: id.New[paymentKind](), Invoice: i.ID, Status: Succeeded, Method: account.BankTransfer, Amount: i.AmountDue(),
		ExternalID: t.ExternalID, PayerName: t.PayerName, ProofURL: t.ProofURL,
		ConfirmedBy: tx.Scope().Actor().String(), Created: tx.Now(), Confirmed: tx.Now(),
	}
	if err := insert(ctx, tx, p); err != nil {
		return Confirmation{}, err
	}
	if _, err := invoice.Settle(ctx, tx, i); err != nil {
		return Confirmation{}, err
	}
	i, err := invoice.Load(ctx, tx, i.ID)
	if err != nil {
		return Confirmation{}, err
	}
	s, err := subscription.Paid(ctx, tx, i.Subscription, t.ExternalID)
	if err != nil {
		return Confirmation{}, err
	}
	return Confirmation{Payment: p, Invoice: i, Subscription: s}, audit.Record(ctx, tx, "payment.confirmed", p.ID.String(), map[string]string{
		"invoice": i.Number, "amount": p.Amount.String(), "external_payment_id": p.ExternalID, "payer_name": p.PayerName, "proof_url": p.ProofURL,
	})
}

func insert(ctx context.Context, tx *tenant.Tx, p Payment) error {
	_, err := tx.Exec(ctx, `
		INSERT INTO payments (account_id, id, invoice_id, status, method, currency, amount, allocated, external_payment_id,
			payer_name, proof_url, created_by, confirmed_by, created_at, confirmed_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $7, $8, $9, $10, $11, $11, $12, $12)`,
		p.ID, p.Invoice, string(p.Status), string(p.Method), p.Amount.Currency, p.Amount.Amount, p.ExternalID,
		p.PayerName, p.ProofURL, p.ConfirmedBy, clock.Micros(p.Created))
	if err != nil {
		return fmt.Errorf("record payment %q: %w", p.ExternalID, err)
	}
	_, err = tx.Exec(ctx, `
		INSERT INTO payment_allocations (account_id, payment_id, invoice_id, amount, created_at) VALUES ($1, $2, $3, $4, $5)`,
		p.ID, p.Invoice, p.Amount.Amount, clock.Micros(p.Created))
	if err != nil {
		return fmt.Errorf("allocate payment %q: %w", p.ExternalID, err)
	}
	return nil
}

// again answers for a transfer that is known.
func again(ctx context.Context, tx *tenant.Tx, p Payment, t Transfer) (Confirmation, error) {
	if p.Amount.Amount != t.Amount.Amount || (t.Amount.Currency != "" && p.Amount.Currency != t.Amount.Currency) {
		return Confirmation{}, ErrConflict.Sayf("A payment with the reference %q is known already, of %s. Nothing was changed.", p.ExternalID, p.Amount)
	}
	i, err := invoice.Load(ctx, tx, p.Invoice)
	if err != nil {
		return Confirmation{}, err
	}
	if !t.Subscription.IsZero() && t.Subscription != i.Subscription {
		return Confirmation{}, ErrConflict.Sayf("The payment with the reference %q was for another subscription of this account.", p.ExternalID)
	}
	s, err := subscription.Load(ctx, tx, i.Subscription)
	return Confirmation{Payment: p, Invoice: i, Subscription: s}, err
}
