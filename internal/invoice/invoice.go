// Package invoice owns what an account is asked to pay, and where to.
//
// A number is taken from its series in the transaction that issues the
// invoice: a year's numbers have no gap, however many transactions fail. The
// payment reference is what a bank transfer is recognised by; it has nothing
// to do with the number, and no two invoices share one.
//
// What an invoice says does not change any more: seller, buyer and tax are kept
// with it as they were at its issue. What is taken back is a credit note, with
// a number of a series of its own.
package invoice

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"igny8/internal/account"
	"igny8/internal/clock"
	"igny8/internal/credit"
	"igny8/internal/fault"
	"igny8/internal/id"
	"igny8/internal/money"
	"igny8/internal/subscription"
	"igny8/internal/tenant"
)

type invoiceKind struct{}

func (invoiceKind) Prefix() string { return "inv" }

// ID names an invoice.
type ID = id.ID[invoiceKind]

// ParseID reads an invoice's id.
func ParseID(s string) (ID, error) { return id.Parse[invoiceKind](s) }

// Status is where an invoice is in its life.
type Status string

// The statuses.
const (
	Draft         Status = "draft"
	Open          Status = "open"
	Paid          Status = "paid"
	Void          Status = "void"
	Uncollectible Status = "uncollectible"
)

// Invoice is a demand for payment.
type Invoice struct {
	ID            ID
	Subscription  subscription.ID // that it asks for; with a Pack the one that the account had at the issue
	Pack          Pack            // the credits that it sells; zero: it is for a plan
	Number        string          // "2030-000001"
	Reference     string          // ISO 11649, without spaces
	Status        Status
	PaymentMethod account.PaymentMethod
	Net           money.Money
	Tax           money.Money
	Total         money.Money // net and tax
	Paid          money.Money
	Credited      money.Money // what credit notes have taken back of the total
	Taxed         Tax
	TaxIncluded   bool   // the prices of the lines have the tax in them
	Seller        Seller // as it was at the issue; zero: of the release that kept none
	Buyer         Buyer  // likewise
	Lines         []Line // only where Load or Issue gave it
	Issued        time.Time
	Due           time.Time
	PaidAt        time.Time // zero: not paid
}

// Pack is credits that an invoice sells, as they were offered at its issue.
type Pack struct {
	Code    string
	Credits credit.Credits
	Days    int64 // how long they are valid; zero: for ever
}

// IsZero tells whether the invoice is for a plan.
func (p Pack) IsZero() bool { return p.Code == "" }

// Of tells whether the invoice asks for an interval of a subscription. One for
// a package of credits asks for none.
func (i Invoice) Of(s subscription.ID) bool { return i.Pack.IsZero() && i.Subscription == s }

// AmountDue is what is left to pay, in the currency of the total.
func (i Invoice) AmountDue() money.Money {
	if i.Status != Open {
		return money.Of(0, i.Total.Currency)
	}
	return money.Of(i.Total.Amount-i.Paid.Amount, i.Total.Currency)
}

// Line is one thing that is charged.
type Line struct {
	Description string
	Quantity    int64
	Unit        money.Money
}

// What a caller can be told.
var (
	ErrNotFound = fault.New(fault.NotFound, "invoice.not_found", "There is no such invoice.")
	ErrNotOpen  = fault.New(fault.Conflict, "invoice.not_open", "This invoice is not open.")
)

const columns = `id, subscription_id, number, reference, status, payment_method, currency, total, paid, issued_at, due_at, paid_at,
	coalesce(net, total), tax, tax_rate, tax_category, tax_note, prices_include_tax, seller, buyer, credited,
	package_code, package_credits, package_days`

func read(scan tenant.Scan) (Invoice, error) {
	var i Invoice
	var currency, seller, buyer string
	var issued, due int64
	var paidAt *int64
	err := scan(&i.ID, &i.Subscription, &i.Number, &i.Reference, &i.Status, &i.PaymentMethod, &currency,
		&i.Total.Amount, &i.Paid.Amount, &issued, &due, &paidAt,
		&i.Net.Amount, &i.Tax.Amount, &i.Taxed.Rate, &i.Taxed.Category, &i.Taxed.Note, &i.TaxIncluded, &seller, &buyer, &i.Credited.Amount,
		&i.Pack.Code, &i.Pack.Credits, &i.Pack.Days)
	if err != nil {
		return Invoice{}, err
	}
	for _, m := range []*money.Money{&i.Total, &i.Paid, &i.Net, &i.Tax, &i.Credited} {
		m.Currency = currency
	}
	i.Issued, i.Due, i.PaidAt = clock.FromMicros(issued), clock.FromMicros(due), clock.FromNull(paidAt)
	if seller != "" { // the release before kept none
		err = json.Unmarshal([]byte(seller), &i.Seller)
	}
	if buyer != "" && err == nil {
		err = json.Unmarshal([]byte(buyer), &i.Buyer)
	}
	if err != nil {
		return Invoice{}, fmt.Errorf("the parties of invoice %s: %w", i.Number, err)
	}
	return i, nil
}

// Load reads one invoice with its lines.
func Load(ctx context.Context, r tenant.Reader, iid ID) (Invoice, error) {
	i, err := read(func(dest ...any) error {
		return r.Get(ctx, `SELECT `+columns+` FROM invoices WHERE account_id = $1 AND id = $2`, []any{iid}, dest...)
	})
	if tenant.IsNotFound(err) {
		err = ErrNotFound
	}
	if err == nil {
		i.Lines, err = lines(ctx, r, i)
	}
	if err != nil {
		return Invoice{}, fmt.Errorf("invoice %s: %w", iid, err)
	}
	return i, nil
}

func lines(ctx context.Context, r tenant.Reader, i Invoice) ([]Line, error) {
	var all []Line
	err := r.Each(ctx, `
		SELECT description, quantity, unit_amount FROM invoice_lines WHERE account_id = $1 AND invoice_id = $2 ORDER BY ordinal`,
		[]any{i.ID}, func(scan tenant.Scan) error {
			l := Line{Unit: money.Of(0, i.Total.Currency)}
			err := scan(&l.Description, &l.Quantity, &l.Unit.Amount)
			all = append(all, l)
			return err
		})
	return all, err
}

// List is the account's invoices, newest first, from the one after on, at
// most limit. The zero ID begins at the newest.
func List(ctx context.Context, r tenant.Reader, after ID, limit int) ([]Invoice, error) {
	query, args := `SELECT `+columns+` FROM invoices WHERE account_id = $1 ORDER BY id DESC LIMIT $2`, []any{limit}
	if !after.IsZero() {
		query, args = `SELECT `+columns+` FROM invoices WHERE account_id = $1 AND id < $3 ORDER BY id DESC LIMIT $2`, []any{limit, after}
	}
	return list(ctx, r, query, args...)
}

func list(ctx context.Context, r tenant.Reader, query string, args ...any) ([]Invoice, error) {
	var all []Invoice
	err := r.Each(ctx, query, args, func(scan tenant.Scan) error {
		i, err := read(scan)
		all = append(all, i)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("list invoices: %w", err)
	}
	return all, nil
}

// Last is the newest invoice that asked for a subscription, whatever became of
// it, or ErrNotFound when there is none.
func Last(ctx context.Context, r tenant.Reader, s subscription.ID) (Invoice, error) {
	all, err := list(ctx, r, `SELECT `+columns+` FROM invoices WHERE account_id = $1 AND subscription_id = $2 AND package_code = '' ORDER BY id DESC LIMIT 1`, s)
	if err != nil {
		return Invoice{}, err
	}
	if len(all) == 0 {
		return Invoice{}, ErrNotFound
	}
	return all[0], nil
}

// LockOpen is the account's open invoices, oldest first, held until tx ends:
// nobody else can pay them meanwhile.
func LockOpen(ctx context.Context, tx *tenant.Tx) ([]Invoice, error) {
	return list(ctx, tx, `SELECT `+columns+` FROM invoices WHERE account_id = $1 AND status = 'open' ORDER BY id`+tx.ForUpdate())
}

// ListOpen is what LockOpen holds, to look at.
func ListOpen(ctx context.Context, r tenant.Reader) ([]Invoice, error) {
	return list(ctx, r, `SELECT `+columns+` FROM invoices WHERE account_id = $1 AND status = 'open' ORDER BY id`)
}

// OldestOpen is the invoice that the account has to pay first to go on, or
// ErrNotFound when none is open. What asks for a package of credits only keeps
// nobody out.
func OldestOpen(ctx context.Context, r tenant.Reader) (Invoice, error) {
	all, err := list(ctx, r, `SELECT `+columns+` FROM invoices WHERE account_id = $1 AND status = 'open' AND package_code = '' ORDER BY id LIMIT 1`)
	if err != nil {
		return Invoice{}, err
	}
	if len(all) == 0 {
		return Invoice{}, ErrNotFound
	}
	return all[0], nil
}
