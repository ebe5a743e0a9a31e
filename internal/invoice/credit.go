package invoice

import (
	"context"
	"fmt"
	"time"

	"igny8/internal/account"
	"igny8/internal/audit"
	"igny8/internal/clock"
	"igny8/internal/fault"
	"igny8/internal/id"
	"igny8/internal/money"
	"igny8/internal/tenant"
	"igny8/internal/words"
)

type creditKind struct{}

func (creditKind) Prefix() string { return "crn" }

// CreditID names a credit note.
type CreditID = id.ID[creditKind]

// ParseCreditID reads a credit note's id.
func ParseCreditID(s string) (CreditID, error) { return id.Parse[creditKind](s) }

// CreditNote takes back a part of an invoice, or all of it. What it is worth
// can be used to pay invoices, see TakeCredit.
type CreditNote struct {
	ID      CreditID
	Invoice ID
	Number  string // "2030-C000001"
	Reason  string
	Net     money.Money
	Tax     money.Money
	Total   money.Money // net and tax, above zero
	Applied money.Money // what of it has paid invoices
	Issued  time.Time
	By      string // see tenant.Actor
}

// Left is what can still be used of it.
func (c CreditNote) Left() money.Money {
	return money.Of(c.Total.Amount-c.Applied.Amount, c.Total.Currency)
}

// What a caller can be told.
var (
	ErrCreditNotFound = fault.New(fault.NotFound, "credit_note.not_found", "There is no such credit note.")
	ErrInvalidCredit  = fault.New(fault.Invalid, "credit_note.invalid", "A credit note cannot be like this.").FieldsSay()
	ErrAboveInvoice   = fault.New(fault.Conflict, "credit_note.above_invoice", "Credit notes cannot take back more than the invoice asks for.")
	ErrNotCreditable  = fault.New(fault.Conflict, "invoice.not_creditable", "Of this invoice nothing can be taken back: it asks for nothing.")
	ErrCreditSpent    = fault.New(fault.Conflict, "credit_note.spent", "Not so much of this credit note is left.")
)

// IssueCredit takes back amount, in the currency and with the tax of the
// invoice, and holds the invoice until tx ends. All credit notes of an invoice
// together never take back more than its total, and when they take back all of
// it they take back its tax to the cent. ErrNotCreditable for a draft and for
// what is void, ErrAboveInvoice, with what is left, for too much.
func IssueCredit(ctx context.Context, tx *tenant.Tx, i Invoice, amount money.Money, reason string) (CreditNote, error) {
	c := check{f: ErrInvalidCredit, place: "body"}
	c.text("reason", &reason, 1, 300)
	if amount.Amount <= 0 || amount.Currency != i.Total.Currency {
		c.wrong("amount", words.With("must be above zero and in %s", i.Total.Currency))
	}
	if len(c.f.Fields) > 0 {
		return CreditNote{}, c.f
	}
	before, err := takeBack(ctx, tx, i, amount)
	if err != nil {
		return CreditNote{}, fmt.Errorf("credit note for invoice %s: %w", i.Number, err)
	}
	n := CreditNote{
		ID: id.New[creditKind](), Invoice: i.ID, Reason: reason, Total: amount, Applied: money.Of(0, amount.Currency),
		Issued: tx.Now(), By: tx.Scope().Actor().String(),
	}
	if n.Tax, err = i.taxOf(before, amount); err != nil {
		return CreditNote{}, fmt.Errorf("credit note for invoice %s: %w", i.Number, err)
	}
	n.Net = money.Of(n.Total.Amount-n.Tax.Amount, amount.Currency)
	if n.Number, err = nextNumber(ctx, tx.SharedTx(), "C"); err != nil {
		return CreditNote{}, err
	}
	_, err = tx.Exec(ctx, `
		INSERT INTO credit_notes (account_id, id, number, invoice_id, reason, currency, net, tax, total, applied, issued_at, created_by)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 0, $10, $11)`,
		n.ID, n.Number, n.Invoice, n.Reason, n.Total.Currency, n.Net.Amount, n.Tax.Amount, n.Total.Amount, clock.Micros(n.Issued), n.By)
	if err != nil {
		return CreditNote{}, fmt.Errorf("issue credit note %s: %w", n.Number, err)
	}
	return n, audit.Record(ctx, tx, "credit_note.issued", n.ID.String(), map[string]string{
		"number": n.Number, "invoice": i.Number, "total": n.Total.String(), "reason": n.Reason,
	})
}

// takeBack raises what has been taken back of an invoice, and says what it was
// before. The statement locks the invoice.
func takeBack(ctx context.Context, tx *tenant.Tx, i Invoice, amount money.Money) (before int64, err error) {
	err = tx.Get(ctx, `
		UPDATE invoices SET credited = credited + $3
		WHERE account_id = $1 AND id = $2 AND status IN ('open', 'paid', 'uncollectible') AND credited <= total - $3
		RETURNING credited - $3`, []any{i.ID, amount.Amount}, &before)
	if !tenant.IsNotFound(err) {
		return before, err
	}
	now, err := Load(ctx, tx, i.ID)
	switch {
	case err != nil:
		return 0, err
	case now.Status == Draft || now.Status == Void:
		return 0, ErrNotCreditable
	}
	left := money.Of(now.Total.Amount-now.Credited.Amount, now.Total.Currency)
	return 0, ErrAboveInvoice.Sayf("Of invoice %s %s can still be taken back, and this is %s. Nothing was changed.", i.Number, left, amount).With("left", left)
}

// taxOf is the tax in the next amount that is taken back, after before was:
// the share of all so far, less what it was before. So the parts add up to the
// invoice's tax, however it is cut.
func (i Invoice) taxOf(before int64, amount money.Money) (money.Money, error) {
	earlier, err := share(before, i.Tax.Amount, i.Total.Amount)
	if err != nil {
		return money.Money{}, err
	}
	all, err := share(before+amount.Amount, i.Tax.Amount, i.Total.Amount)
	return money.Of(all-earlier, amount.Currency), err
}

const creditColumns = `id, invoice_id, number, reason, currency, net, tax, total, applied, issued_at, created_by`

func readCredit(scan tenant.Scan) (CreditNote, error) {
	var c CreditNote
	var currency string
	var issued int64
	err := scan(&c.ID, &c.Invoice, &c.Number, &c.Reason, &currency, &c.Net.Amount, &c.Tax.Amount, &c.Total.Amount, &c.Applied.Amount, &issued, &c.By)
	for _, m := range []*money.Money{&c.Net, &c.Tax, &c.Total, &c.Applied} {
		m.Currency = currency
	}
	c.Issued = clock.FromMicros(issued)
	return c, err
}

// LoadCredit reads one credit note.
func LoadCredit(ctx context.Context, r tenant.Reader, cid CreditID) (CreditNote, error) {
	c, err := readCredit(func(dest ...any) error {
		return r.Get(ctx, `SELECT `+creditColumns+` FROM credit_notes WHERE account_id = $1 AND id = $2`, []any{cid}, dest...)
	})
	if tenant.IsNotFound(err) {
		err = ErrCreditNotFound
	}
	if err != nil {
		return CreditNote{}, fmt.Errorf("credit note %s: %w", cid, err)
	}
	return c, nil
}

// Credits is the account's credit notes, newest first, from the one after on,
// at most limit. The zero CreditID begins at the newest.
func Credits(ctx context.Context, r tenant.Reader, after CreditID, limit int) ([]CreditNote, error) {
	query, args := `SELECT `+creditColumns+` FROM credit_notes WHERE account_id = $1 ORDER BY id DESC LIMIT $2`, []any{limit}
	if !after.IsZero() {
		query, args = `SELECT `+creditColumns+` FROM credit_notes WHERE account_id = $1 AND id < $3 ORDER BY id DESC LIMIT $2`, []any{limit, after}
	}
	return credits(ctx, r, query, args...)
}

// CreditsLeft is the credit notes of which something can still be used, in one
// currency, oldest first.
func CreditsLeft(ctx context.Context, r tenant.Reader, currency string) ([]CreditNote, error) {
	return credits(ctx, r, `
		SELECT `+creditColumns+` FROM credit_notes WHERE account_id = $1 AND currency = $2 AND applied < total ORDER BY id`, currency)
}

func credits(ctx context.Context, r tenant.Reader, query string, args ...any) ([]CreditNote, error) {
	var all []CreditNote
	err := r.Each(ctx, query, args, func(scan tenant.Scan) error {
		c, err := readCredit(scan)
		all = append(all, c)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("list credit notes: %w", err)
	}
	return all, nil
}

// TakeCredit uses amount of what is left of a credit note, in one statement
// that two cannot win. What it pays for is the caller's to write down.
// ErrCreditSpent when less is left.
func TakeCredit(ctx context.Context, tx *tenant.Tx, cid CreditID, amount money.Money) (CreditNote, error) {
	return moveCredit(ctx, tx, cid, amount, "credit_note.taken", `
		UPDATE credit_notes SET applied = applied + $3
		WHERE account_id = $1 AND id = $2 AND currency = $4 AND applied <= total - $3 RETURNING `+creditColumns)
}

// GiveBackCredit undoes a TakeCredit, or a part of it. ErrCreditSpent when
// less was taken.
func GiveBackCredit(ctx context.Context, tx *tenant.Tx, cid CreditID, amount money.Money) (CreditNote, error) {
	return moveCredit(ctx, tx, cid, amount, "credit_note.given_back", `
		UPDATE credit_notes SET applied = applied - $3
		WHERE account_id = $1 AND id = $2 AND currency = $4 AND applied >= $3 RETURNING `+creditColumns)
}

func moveCredit(ctx context.Context, tx *tenant.Tx, cid CreditID, amount money.Money, action, query string) (CreditNote, error) {
	if amount.Amount <= 0 {
		return CreditNote{}, ErrInvalidCredit.At("body.amount", "must be above zero", amount.Amount)
	}
	c, err := readCredit(func(dest ...any) error {
		return tx.Get(ctx, query, []any{cid, amount.Amount, amount.Currency}, dest...)
	})
	if tenant.IsNotFound(err) {
		if _, err = LoadCredit(ctx, tx, cid); err == nil {
			err = ErrCreditSpent
		}
	}
	if err != nil {
		return CreditNote{}, fmt.Errorf("%s, %s of %s: %w", action, amount, cid, err)
	}
	return c, audit.Record(ctx, tx, action, cid.String(), map[string]string{"number": c.Number, "amount": amount.String()})
}

// partiesOf is the invoice that a credit note belongs to, with seller and
// buyer as the invoice has them.
func partiesOf(ctx context.Context, r tenant.Reader, c CreditNote) (Invoice, error) {
	i, err := Load(ctx, r, c.Invoice)
	if err != nil || i.Buyer.Company != "" {
		return i, err
	}
	a, err := account.Load(ctx, r)
	i.Buyer = Buyer{Company: a.Name, Address: Address{Country: a.Country}, Language: english}
	return i, err
}
