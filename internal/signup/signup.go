// Package signup opens an account with all that belongs to it, or nothing:
// the person, the account, the membership, the subscription, the credits or
// the invoice, and the first session are one transaction.
package signup

import (
	"context"

	"igny8/internal/account"
	"igny8/internal/credit"
	"igny8/internal/fault"
	"igny8/internal/flag"
	"igny8/internal/identity"
	"igny8/internal/invoice"
	"igny8/internal/payment"
	"igny8/internal/plan"
	"igny8/internal/subscription"
	"igny8/internal/tenant"
)

// Order is what somebody signs up for.
type Order struct {
	Person        identity.Prepared
	AccountName   string
	Country       string                // ISO 3166-1 alpha-2
	Plan          string                // a code or an id; empty: the trial
	Currency      string                // of its price; empty: the country's, where the plan has a price in it
	PaymentMethod account.PaymentMethod // of a plan that costs something
	Billing       *invoice.Buyer        // to whom invoices are written; nil: the account by its name
	From          identity.Client       // who asks
}

// Opened is what a new account begins with.
type Opened struct {
	User         identity.User
	Account      account.Account
	Subscription subscription.Subscription
	Balance      credit.Balance
	Alert        credit.Alert
	Lots         []credit.Lot
	Invoice      *invoice.Invoice // nil: nothing has to be paid
	Tokens       identity.Tokens
}

// ErrClosed is a registration while the operator takes none from this person.
var ErrClosed = fault.New(fault.Forbidden, "signup.closed", "No new accounts are opened at the moment.")

// TrialPlan is the plan of who names none.
const TrialPlan = "trial"

// Open opens the account that tx is bound to, by identity.NewAccount. A plan
// that costs nothing begins at once; any other begins with an invoice, and the
// account waits for its payment.
func Open(ctx context.Context, tx *tenant.Tx, ids *identity.Service, desk *payment.Desk, o Order) (Opened, error) {
	open, err := flag.ForNewcomer(ctx, tx.Shared(), flag.SignupOpen, o.Person.Email())
	if err != nil {
		return Opened{}, err
	}
	if !open {
		return Opened{}, ErrClosed
	}
	if o.Plan == "" {
		o.Plan = TrialPlan
	}
	p, err := plan.ForSaleIn(ctx, tx.Shared(), o.Plan, plan.Wish{Currency: o.Currency, Country: o.Country})
	if err != nil {
		return Opened{}, err
	}
	status := account.PendingPayment
	if p.Free() {
		status = account.Trial
	}
	var n Opened
	n.Account, err = account.Create(ctx, tx, account.New{
		Name: o.AccountName, Country: o.Country, Kind: account.Tenant, Status: status, PaymentMethod: o.PaymentMethod,
	})
	if err != nil {
		return Opened{}, err
	}
	if n.User, err = ids.CreateOwner(ctx, tx, o.Person); err != nil {
		return Opened{}, err
	}
	if o.Billing != nil {
		if _, err := invoice.SetBuyer(ctx, tx, *o.Billing, "body.billing"); err != nil {
			return Opened{}, err
		}
	}
	if err := n.subscribe(ctx, tx, desk, p, o.Person.Email()); err != nil {
		return Opened{}, err
	}
	if n.Balance, err = credit.BalanceOf(ctx, tx); err != nil {
		return Opened{}, err
	}
	if n.Alert, err = credit.AlertOf(ctx, tx); err != nil {
		return Opened{}, err
	}
	if n.Lots, err = credit.Lots(ctx, tx); err != nil {
		return Opened{}, err
	}
	n.Tokens, err = ids.StartSession(ctx, tx, n.User.ID, o.From)
	return n, err
}

func (n *Opened) subscribe(ctx context.Context, tx *tenant.Tx, desk *payment.Desk, p plan.Plan, address string) (err error) {
	if p.Free() {
		n.Subscription, err = subscription.StartTrial(ctx, tx, p)
		return err
	}
	var i invoice.Invoice
	n.Subscription, i, err = desk.FirstCheckout(ctx, tx, p, n.Account.PaymentMethod, address)
	n.Invoice = &i
	return err
}
