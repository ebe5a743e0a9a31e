package payment

import (
	"context"

	"igny8/internal/account"
	"igny8/internal/invoice"
	"igny8/internal/plan"
	"igny8/internal/subscription"
	"igny8/internal/tenant"
)

// Checkout orders a plan: the subscription waits for its first payment, and
// an invoice asks for it. What an earlier order asked for is withdrawn.
// ErrUnavailable when the method is coming soon, ErrSwitchedOff when a flag
// keeps it from the account, ErrFreePlan when there is nothing to pay. What
// was ordered before a flag was switched can still be paid.
func Checkout(ctx context.Context, tx *tenant.Tx, p plan.Plan, m account.PaymentMethod) (subscription.Subscription, invoice.Invoice, error) {
	open, err := Methods(ctx, tx)
	if err == nil {
		err = usable(m, open)
	}
	if err != nil {
		return subscription.Subscription{}, invoice.Invoice{}, err
	}
	return order(ctx, tx, p, m)
}

// FirstCheckout is Checkout for an account that is being opened, by somebody
// with an e-mail address: what is open to newcomers decides.
func FirstCheckout(ctx context.Context, tx *tenant.Tx, p plan.Plan, m account.PaymentMethod, address string) (subscription.Subscription, invoice.Invoice, error) {
	open, err := MethodsForNewcomer(ctx, tx.Shared(), address)
	if err == nil {
		err = usable(m, open)
	}
	if err != nil {
		return subscription.Subscription{}, invoice.Invoice{}, err
	}
	return order(ctx, tx, p, m)
}

func order(ctx context.Context, tx *tenant.Tx, p plan.Plan, m account.PaymentMethod) (subscription.Subscription, invoice.Invoice, error) {
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
		if i.Subscription != s.ID {
			continue
		}
		if err := invoice.Withdraw(ctx, tx, i); err != nil {
			return subscription.Subscription{}, none, err
		}
	}
	i, err := invoice.Issue(ctx, tx, invoice.New{
		Subscription: s.ID, PaymentMethod: m,
		Lines: []invoice.Line{{Description: "Igny8 " + p.Name + ", one " + string(p.Interval), Quantity: 1, Unit: p.Price}},
	})
	return s, i, err
}
