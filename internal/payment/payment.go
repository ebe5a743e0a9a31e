// Package payment owns money that came in, and what it was for.
//
// The bank's own reference is the natural key of a payment: telling us twice
// is one payment. What a payment brings about (the invoice is paid, the
// subscription runs, the credits are there, the audit log knows) is one
// transaction with it.
package payment

import (
	"context"
	"fmt"
	"time"

	"igny8/internal/account"
	"igny8/internal/clock"
	"igny8/internal/fault"
	"igny8/internal/id"
	"igny8/internal/invoice"
	"igny8/internal/money"
	"igny8/internal/tenant"
)

type paymentKind struct{}

func (paymentKind) Prefix() string { return "pay" }

// ID names a payment.
type ID = id.ID[paymentKind]

// ParseID reads a payment's id.
func ParseID(s string) (ID, error) { return id.Parse[paymentKind](s) }

// Status is where a payment is in its life.
type Status string

// The statuses.
const (
	Pending          Status = "pending"
	PendingReview    Status = "pending_review"
	AwaitingApproval Status = "awaiting_approval"
	Succeeded        Status = "succeeded"
	Rejected         Status = "rejected"
	Refunded         Status = "refunded"
	Reversed         Status = "reversed"
)

// Payment is money that came in, or is said to have.
type Payment struct {
	ID          ID
	Invoice     invoice.ID // zero: for none yet
	Status      Status
	Method      account.PaymentMethod
	Amount      money.Money
	ExternalID  string // what the bank calls it
	PayerName   string
	ProofURL    string // may be empty
	ConfirmedBy string // see tenant.Actor; empty: nobody yet
	Created     time.Time
	Confirmed   time.Time // zero: not confirmed
}

// What a caller can be told.
var (
	ErrNothingDue     = fault.New(fault.Conflict, "payment.nothing_due", "This account has no open invoice to be paid by bank transfer.")
	ErrAmountMismatch = fault.New(fault.Invalid, "payment.amount_mismatch", "The amount is not what is due.")
	ErrConflict       = fault.New(fault.Conflict, "payment.conflict", "A payment with this reference is known, and is another one.")
	ErrInvalid        = fault.New(fault.Invalid, "payment.invalid", "The payment cannot be recorded like this.")
	ErrUnavailable    = fault.New(fault.Invalid, "payment_method.unavailable", "This way to pay is coming soon. Choose another one.")
	ErrSwitchedOff    = fault.New(fault.Invalid, "payment_method.switched_off", "This way to pay is not offered to you at the moment. Choose another one.")
	ErrFreePlan       = fault.New(fault.Conflict, "plan.free", "This plan costs nothing and cannot be bought: a new account starts with it.")
)

const columns = `id, invoice_id, status, method, currency, amount, external_payment_id, payer_name, proof_url, coalesce(confirmed_by, ''),
	created_at, confirmed_at`

func read(scan tenant.Scan) (Payment, error) {
	var p Payment
	var created int64
	var confirmed *int64
	err := scan(&p.ID, &p.Invoice, &p.Status, &p.Method, &p.Amount.Currency, &p.Amount.Amount, &p.ExternalID, &p.PayerName, &p.ProofURL,
		&p.ConfirmedBy, &created, &confirmed)
	p.Created, p.Confirmed = clock.FromMicros(created), clock.FromNull(confirmed)
	return p, err
}

// List is the account's payments, newest first, from the one after on, at
// most limit. The zero ID begins at the newest.
func List(ctx context.Context, r tenant.Reader, after ID, limit int) ([]Payment, error) {
	query, args := `SELECT `+columns+` FROM payments WHERE account_id = $1 ORDER BY id DESC LIMIT $2`, []any{limit}
	if !after.IsZero() {
		query, args = `SELECT `+columns+` FROM payments WHERE account_id = $1 AND id < $3 ORDER BY id DESC LIMIT $2`, []any{limit, after}
	}
	var all []Payment
	err := r.Each(ctx, query, args, func(scan tenant.Scan) error {
		p, err := read(scan)
		all = append(all, p)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("list payments: %w", err)
	}
	return all, nil
}
