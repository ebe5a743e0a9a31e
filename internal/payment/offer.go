package payment

import (
	"context"
	"slices"

	"igny8/internal/account"
	"igny8/internal/flag"
	"igny8/internal/tenant"
)

// Availability is whether a way to pay can be used.
type Availability struct {
	Method    account.PaymentMethod
	Available bool // false: coming soon, or switched off for who asks
}

// ready lists every way to pay, and whether the program is set up for it.
func (d *Desk) ready() []Availability {
	all := []Availability{{account.BankTransfer, true}}
	for _, m := range []account.PaymentMethod{account.Stripe, account.PayPal} {
		_, there := d.vendors[m]
		all = append(all, Availability{m, there})
	}
	return all
}

// switches are the flags of a way to pay.
type switches struct{ registration, checkout flag.Name }

var switchesOf = map[account.PaymentMethod]switches{
	account.BankTransfer: {flag.BankTransferRegistration, flag.BankTransferCheckout},
	account.Stripe:       {flag.StripeRegistration, flag.StripeCheckout},
	account.PayPal:       {flag.PayPalRegistration, flag.PayPalCheckout},
}

// Methods is every way to pay, as the account meets it when it orders a plan.
func (d *Desk) Methods(ctx context.Context, r tenant.Reader) ([]Availability, error) {
	return d.each(func(s switches) (bool, error) { return flag.For(ctx, r, s.checkout) })
}

// MethodsForNewcomer is every way to pay, as somebody meets it who registers
// with an e-mail address; with none, what is open to some.
func (d *Desk) MethodsForNewcomer(ctx context.Context, r tenant.Shared, address string) ([]Availability, error) {
	return d.each(func(s switches) (bool, error) { return flag.ForNewcomer(ctx, r, s.registration, address) })
}

func (d *Desk) each(on func(switches) (bool, error)) ([]Availability, error) {
	all := d.ready()
	for i, a := range all {
		if !a.Available {
			continue
		}
		var err error
		if all[i].Available, err = on(switchesOf[a.Method]); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// usable is nil when the method is among those that can be used,
// ErrSwitchedOff when it could be and is not, and ErrUnavailable when it is
// coming soon.
func (d *Desk) usable(m account.PaymentMethod, open []Availability) error {
	is := func(a Availability) bool { return a.Method == m && a.Available }
	switch {
	case slices.ContainsFunc(open, is):
		return nil
	case slices.ContainsFunc(d.ready(), is):
		return ErrSwitchedOff.At("body.payment_method", "is not offered at the moment", string(m))
	}
	return ErrUnavailable.At("body.payment_method", "is coming soon", string(m))
}
