// Package payment owns money that came in, and what it was for.
//
// The bank's or vendor's own reference is the natural key of a payment:
// telling us twice is one payment. What a payment brings about (the invoice is
// paid, the subscription runs, the credits are there, the audit log knows, the
// letters are on their way) is one transaction with it, and so is taking all
// of it back. Money goes to invoices by allocations, many to many; what is
// left over is the account's unapplied balance, and pays the next invoice.
//
// Where the operator has said so, a second person must approve: who confirmed
// a payment can never be who approves it, whatever his privileges.
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
	Pending          Status = "pending"           // a vendor was asked for it
	PendingReview    Status = "pending_review"    // the tenant says that he has sent it
	AwaitingApproval Status = "awaiting_approval" // confirmed by one, and a second person must approve
	Succeeded        Status = "succeeded"         // the money is there
	Rejected         Status = "rejected"          // it is not
	Refunded         Status = "refunded"          // it was there, and went back
	Reversed         Status = "reversed"          // the confirmation was wrong, and was undone
)

// ParseStatus reads the name of a status, and tells whether there is such one.
func ParseStatus(s string) (Status, bool) {
	switch st := Status(s); st {
	case Pending, PendingReview, AwaitingApproval, Succeeded, Rejected, Refunded, Reversed:
		return st, true
	}
	return "", false
}

// Payment is money that came in, or is said to have.
type Payment struct {
	ID          ID
	Invoice     invoice.ID // the first that it is for; zero: none yet
	Status      Status
	Method      account.PaymentMethod
	Amount      money.Money
	Allocated   money.Money // went to invoices
	Refunded    money.Money // went back
	Reported    money.Money // what the tenant said; zero: he said nothing
	ExternalID  string      // what the bank or vendor calls it
	PayerName   string
	ProofURL    string // may be empty
	HasProof    bool   // a file was uploaded: see ProofOf
	CreatedBy   string // see tenant.Actor
	ConfirmedBy string // empty: nobody yet
	ApprovedBy  string // empty: no second person was asked, or not yet
	EndedBy     string // who rejected or undid it; empty: nobody
	Reason      string // why; empty: neither
	Created     time.Time
	Confirmed   time.Time // zero: not confirmed
	Ended       time.Time // zero: neither rejected nor undone
}

// Unapplied is what of a payment that counts has gone to no invoice.
func (p Payment) Unapplied() money.Money {
	if p.Status != Succeeded {
		return money.Of(0, p.Amount.Currency)
	}
	return money.Of(p.Amount.Amount-p.Allocated.Amount-p.Refunded.Amount, p.Amount.Currency)
}

// What a caller can be told.
var (
	ErrNotFound       = fault.New(fault.NotFound, "payment.not_found", "There is no such payment.")
	ErrNothingDue     = fault.New(fault.Conflict, "payment.nothing_due", "This account has no open invoice to be paid by bank transfer.")
	ErrAmountMismatch = fault.New(fault.Invalid, "payment.amount_mismatch", "The amount is not what is due.")
	ErrConflict       = fault.New(fault.Conflict, "payment.conflict", "A payment with this reference is known, and is another one.")
	ErrInvalid        = fault.New(fault.Invalid, "payment.invalid", "The payment cannot be recorded like this.").FieldsSay()
	ErrUnavailable    = fault.New(fault.Invalid, "payment_method.unavailable", "This way to pay is coming soon. Choose another one.")
	ErrSwitchedOff    = fault.New(fault.Invalid, "payment_method.switched_off", "This way to pay is not offered to you at the moment. Choose another one.")
	ErrFreePlan       = fault.New(fault.Conflict, "plan.free", "This plan costs nothing and cannot be bought: a new account starts with it.")
	ErrState          = fault.New(fault.Conflict, "payment.state", "The payment is not in a state that allows this.")
	ErrSamePerson     = fault.New(fault.Forbidden, "payment.same_person", "Who confirmed a payment cannot approve it. Ask a second person.")
	ErrOwnAccount     = fault.New(fault.Forbidden, "payment.own_account", "You are a member of this account: somebody else must do this.")
	ErrChanged        = fault.New(fault.Conflict, "payment.changed", "What is due has changed since the payment was confirmed. Reject it, and confirm it anew.")
	ErrPartRefund     = fault.New(fault.Conflict, "payment.part_refunded", "A part of this payment has been sent back, so it cannot be undone as a whole.")
)

const columns = `id, invoice_id, status, method, currency, amount, allocated, refunded, coalesce(reported_amount, 0), external_payment_id, payer_name,
	proof_url, EXISTS (SELECT 1 FROM payment_proofs f WHERE f.account_id = payments.account_id AND f.payment_id = payments.id), created_by,
	coalesce(confirmed_by, ''), coalesce(approved_by, ''), coalesce(ended_by, ''), reason, created_at, confirmed_at, ended_at`

func read(scan tenant.Scan, more ...any) (Payment, error) {
	var p Payment
	var created int64
	var confirmed, ended *int64
	err := scan(append([]any{
		&p.ID, &p.Invoice, &p.Status, &p.Method, &p.Amount.Currency, &p.Amount.Amount, &p.Allocated.Amount, &p.Refunded.Amount,
		&p.Reported.Amount, &p.ExternalID, &p.PayerName, &p.ProofURL, &p.HasProof, &p.CreatedBy, &p.ConfirmedBy, &p.ApprovedBy,
		&p.EndedBy, &p.Reason, &created, &confirmed, &ended,
	}, more...)...)
	p.Allocated.Currency, p.Refunded.Currency = p.Amount.Currency, p.Amount.Currency
	if p.Reported.Amount != 0 {
		p.Reported.Currency = p.Amount.Currency
	}
	p.Created, p.Confirmed, p.Ended = clock.FromMicros(created), clock.FromNull(confirmed), clock.FromNull(ended)
	return p, err
}

// Load reads one payment, or is ErrNotFound.
func Load(ctx context.Context, r tenant.Reader, pid ID) (Payment, error) {
	return load(ctx, r, `AND id = $2`, pid)
}

func load(ctx context.Context, r tenant.Reader, where string, args ...any) (Payment, error) {
	p, err := read(func(dest ...any) error {
		return r.Get(ctx, `SELECT `+columns+` FROM payments WHERE account_id = $1 `+where, args, dest...)
	})
	if tenant.IsNotFound(err) {
		err = ErrNotFound
	}
	if err != nil {
		return Payment{}, fmt.Errorf("payment: %w", err)
	}
	return p, nil
}

// List is the account's payments, newest first, from the one after on, at
// most limit. The zero ID begins at the newest.
func List(ctx context.Context, r tenant.Reader, after ID, limit int) ([]Payment, error) {
	return list(ctx, r, `AND ($2 = '' OR id < $2) ORDER BY id DESC LIMIT $3`, after.String(), limit)
}

// OfInvoice is the payments that were reported for an invoice or went to it,
// oldest first: what its timeline tells.
func OfInvoice(ctx context.Context, r tenant.Reader, i invoice.ID) ([]Payment, error) {
	return list(ctx, r, `AND (invoice_id = $2 OR EXISTS (SELECT 1 FROM payment_allocations a
		WHERE a.account_id = payments.account_id AND a.payment_id = payments.id AND a.invoice_id = $2)) ORDER BY id`, i)
}

func list(ctx context.Context, r tenant.Reader, where string, args ...any) ([]Payment, error) {
	var all []Payment
	err := r.Each(ctx, `SELECT `+columns+` FROM payments WHERE account_id = $1 `+where, args, func(scan tenant.Scan) error {
		p, err := read(scan)
		all = append(all, p)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("list payments: %w", err)
	}
	return all, nil
}

// Queued is a payment of some account's, for the operator.
type Queued struct {
	Payment
	Account tenant.AccountID
}

// Queue lists payments of all accounts, newest first, in one of the statuses
// (none: in any), from the one after on, at most limit.
func Queue(ctx context.Context, s *tenant.Survey, status Status, after ID, limit int) ([]Queued, error) {
	if err := s.Operator.Require(tenant.PaymentsConfirm); err != nil {
		if err := s.Operator.Require(tenant.PaymentsApprove); err != nil {
			return nil, err
		}
	}
	var all []Queued
	err := s.Each(ctx, `
		SELECT `+columns+`, account_id FROM payments WHERE ($1 = '' OR id < $1) AND ($2 = '' OR status = $2) ORDER BY id DESC LIMIT $3`,
		[]any{after.String(), string(status), limit}, func(scan tenant.Scan) (err error) {
			var q Queued
			q.Payment, err = read(scan, &q.Account)
			all = append(all, q)
			return err
		})
	if err != nil {
		return nil, fmt.Errorf("payments of all accounts: %w", err)
	}
	return all, nil
}

// Counts is how many payments of all accounts there are in each status.
func Counts(ctx context.Context, s *tenant.Survey) (map[Status]int64, error) {
	all := map[Status]int64{}
	err := s.Each(ctx, `SELECT status, COUNT(*) FROM payments GROUP BY status`, nil, func(scan tenant.Scan) error {
		var status Status
		var n int64
		err := scan(&status, &n)
		all[status] = n
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("count payments: %w", err)
	}
	return all, nil
}

// Locate finds whose payment it is, for an operator.
func Locate(ctx context.Context, s *tenant.Survey, pid ID) (tenant.AccountID, error) {
	var a tenant.AccountID
	err := s.Get(ctx, `SELECT account_id FROM payments WHERE id = $1`, []any{pid}, &a)
	if tenant.IsNotFound(err) {
		err = ErrNotFound
	}
	if err != nil {
		return tenant.AccountID{}, fmt.Errorf("whose is payment %s: %w", pid, err)
	}
	return a, nil
}
