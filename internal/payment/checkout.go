package payment

import (
	"context"
	"time"

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
// account.ErrToBeDeleted when the account's deletion is ordered,
// ErrUnavailable when the method is coming soon, ErrSwitchedOff when a flag
// keeps it from the account, ErrFreePlan when there is nothing to pay. What
// was ordered before a flag was switched can still be paid.
func (d *Desk) Checkout(ctx context.Context, tx *tenant.Tx, p plan.Plan, m account.PaymentMethod) (subscription.Subscription, invoice.Invoice, error) {
	if err := account.Stays(ctx, tx); err != nil {
		return subscription.Subscription{}, invoice.Invoice{}, err
	}
	open, err := d.Methods(ctx, tx)
	if err == nil {
		err = d.usable(m, open)
	}
	if err != nil {
		return subscription.Subscription{}, invoice.Invoice{}, err
	}
	return d.order(ctx, tx, p, m)
}

// FirstCheckout is Checkout for an account that is being opened, by somebody
// with an e-mail address: what is open to newcomers decides.
func (d *Desk) FirstCheckout(ctx context.Context, tx *tenant.Tx, p plan.Plan, m account.PaymentMethod, address string) (subscription.Subscription, invoice.Invoice, error) {
	open, err := d.MethodsForNewcomer(ctx, tx.Shared(), address)
	if err == nil {
		err = d.usable(m, open)
	}
	if err != nil {
		return subscription.Subscription{}, invoice.Invoice{}, err
	}
	return d.order(ctx, tx, p, m)
}

func (d *Desk) order(ctx context.Context, tx *tenant.Tx, p plan.Plan, m account.PaymentMethod) (subscription.Subscription, invoice.Invoice, error) {
	var none invoice.Invoice
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
		if !i.Of(s.ID) {
			continue
		}
		if err := withdraw(ctx, tx, i); err != nil {
			return subscription.Subscription{}, none, err
		}
	}
	line, err := invoice.PlanLine(ctx, tx, p, p.Price, time.Time{})
	if err != nil {
		return subscription.Subscription{}, none, err
	}
	i, err := invoice.Issue(ctx, tx, invoice.New{Subscription: s.ID, PaymentMethod: m, Lines: []invoice.Line{line}})
	if err != nil {
		return subscription.Subscription{}, none, err
	}
	if i, err = d.ask(ctx, tx, i); err != nil {
		return subscription.Subscription{}, none, err
	}
	s, err = subscription.Load(ctx, tx, s.ID)
	return s, i, err
}

// Ask lets an invoice that was just issued be paid from the balance, as far as
// that goes, and tells the account of it.
func (d *Desk) Ask(ctx context.Context, tx *tenant.Tx, i invoice.Invoice) error {
	_, err := d.ask(ctx, tx, i)
	return err
}

func (d *Desk) ask(ctx context.Context, tx *tenant.Tx, i invoice.Invoice) (invoice.Invoice, error) {
	i, err := d.Use(ctx, tx, i)
	if err != nil {
		return invoice.Invoice{}, err
	}
	return i, d.people.TellOwners(ctx, tx, mail.InvoiceIssued{
		Number: i.Number, Total: i.Total.String(), Due: i.Due, StillDue: positive(i.AmountDue()), Reference: i.Reference,
		ByTransfer: i.PaymentMethod == account.BankTransfer,
	})
}

// Withdraw makes an open invoice void, which the caller holds. What had gone to
// it is the account's balance again.
func (d *Desk) Withdraw(ctx context.Context, tx *tenant.Tx, i invoice.Invoice) error {
	return withdraw(ctx, tx, i)
}

// Cancel lets what runs end with its period, or, with false, be renewed after
// all. An invoice for the next period that nothing was paid of is withdrawn,
// and a vendor takes no more: who goes on after all pays the next invoice.
// account.ErrToBeDeleted for who would go on in an account whose deletion is
// ordered.
func (d *Desk) Cancel(ctx context.Context, tx *tenant.Tx, cancel bool) (subscription.Subscription, error) {
	open, err := lock(ctx, tx)
	if err == nil && !cancel {
		err = account.Stays(ctx, tx)
	}
	if err != nil {
		return subscription.Subscription{}, err
	}
	s, err := subscription.CancelAtEnd(ctx, tx, cancel)
	if err != nil || !cancel {
		return s, err
	}
	for _, i := range open {
		if i.Of(s.ID) {
			if err := withdraw(ctx, tx, i); err != nil {
				return subscription.Subscription{}, err
			}
		}
	}
	return s, d.StopAgreements(ctx, tx, s.ID)
}
