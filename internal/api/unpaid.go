package api

import (
	"context"
	"errors"
	"time"

	"igny8/internal/fault"
	"igny8/internal/invoice"
	"igny8/internal/money"
	"igny8/internal/tenant"
)

// checkoutPath is where a plan is ordered.
const checkoutPath = "/billing/checkout"

// dueView is an invoice as a refusal names it.
type dueView struct {
	ID        string      `json:"id"`
	Number    string      `json:"number"`
	Reference string      `json:"reference"`
	AmountDue money.Money `json:"amount_due"`
	Due       time.Time   `json:"due_at"`
	Bank      *bankView   `json:"bank_details"`
}

// Unpaid is an identity.Unpaid: what to pay, and where. The problem document
// has a member invoice, the one to pay first, or, where none is open, a member
// checkout, the path on which to order a plan. Who may not read bills is only
// told whom to ask.
func Unpaid(ctx context.Context, r tenant.Reader, may tenant.Permissions, refused error) error {
	f := fault.Of(refused)
	if !may.Has(tenant.ReadBilling) {
		return f.Sayf("%s Ask an owner of the account to pay.", f.Msg)
	}
	i, err := invoice.OldestOpen(ctx, r)
	if errors.Is(err, invoice.ErrNotFound) {
		return f.With("checkout", Base+checkoutPath)
	}
	if err != nil {
		return err
	}
	v, err := invoiceOf(ctx, r, i)
	if err != nil {
		return err
	}
	return f.With("invoice", dueView{ID: v.ID, Number: v.Number, Reference: v.Reference, AmountDue: v.AmountDue, Due: v.Due, Bank: v.Bank})
}
