package payment

import (
	"context"

	"igny8/internal/account"
	"igny8/internal/invoice"
	"igny8/internal/mail"
	"igny8/internal/plan"
	"igny8/internal/subscription"
	"igny8/internal/tenant"
)

// Checkout orders a plan: the subscription waits for its first payment, and
// an invoice asks for it. What an earlier order asked for is withdrawn, and
// what the account had paid and not used goes to the invoice: when that is
// enough, the plan begins at once.
// ErrUnavailable when the method is coming soon, ErrFreePlan when there is
// nothing to pay.
func (d *Desk) Checkout(ctx context.Context, tx *tenant.Tx, p plan.Plan, m account.PaymentMethod) (subscription.Subscription, invoice.Invoice, error) {
	var none invoice.Invoice
	if err := d.usable(m); err != nil {
		return subscription.Subscription{}, none, err
	}
	if p.Free() {
		return subscription.Subscription{}, none, ErrFreePlan
	}
	s, err := subscription.Order(ctx, tx, p, m)
	if err != nil {
		return subscription.Subscription{}, none, err
	}
	open, err := invoice.LockOpen(ctx, tx)
	if err != nil {
		return subscription.Subscription{}, none, err
	}
	for _, i := range open {
		if i.Subscription != s.ID {
			continue
		}
		if err := withdraw(ctx, tx, i); err != nil {
			return subscription.Subscription{}, none, err
		}
	}
	i, err := invoice.Issue(ctx, tx, invoice.New{
		Subscription: s.ID, PaymentMethod: m,
		Lines: []invoice.Line{{Description: "Igny8 " + p.Name + ", one " + string(p.Interval), Quantity: 1, Unit: p.Price}},
	})
	if err != nil {
		return subscription.Subscription{}, none, err
	}
	if i, err = d.Use(ctx, tx, i); err != nil {
		return subscription.Subscription{}, none, err
	}
	if s, err = subscription.Load(ctx, tx, s.ID); err != nil {
		return subscription.Subscription{}, none, err
	}
	return s, i, d.people.TellOwners(ctx, tx, mail.InvoiceIssued{
		Number: i.Number, Total: i.Total.String(), Due: i.Due, StillDue: positive(i.AmountDue()), Reference: i.Reference, ByTransfer: m == account.BankTransfer,
	})
}
