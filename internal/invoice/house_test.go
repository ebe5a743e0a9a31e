package invoice_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"igny8/internal/account"
	"igny8/internal/clock"
	"igny8/internal/db"
	"igny8/internal/db/dbtest"
	"igny8/internal/invoice"
	"igny8/internal/money"
	"igny8/internal/plan"
	"igny8/internal/subscription"
	"igny8/internal/tenant"
	"igny8/internal/tenant/tenanttest"
)

// house is two accounts that have ordered a plan, and a clock that the test
// moves.
type house struct {
	t      testing.TB
	d      *db.DB
	st     *tenant.Store
	hand   *clock.Hand
	ours   customer
	theirs customer
}

// customer is an account and what its invoices are for.
type customer struct {
	tenant.Scope
	sub subscription.ID
}

func newHouse(t testing.TB) *house {
	t.Helper()
	hand := clock.NewHand(time.Date(2030, 1, 10, 12, 0, 0, 0, time.UTC))
	return on(t, dbtest.OpenAt(t, hand.Clock()), hand)
}

// on opens the house in a database of the test's.
func on(t testing.TB, d *db.DB, hand *clock.Hand) *house {
	t.Helper()
	h := &house{t: t, d: d, st: tenant.NewStore(d), hand: hand}
	if err := h.st.UpdateShared(t.Context(), plan.Seed); err != nil {
		t.Fatal(err)
	}
	h.ours, h.theirs = h.customer(), h.customer()
	return h
}

func (h *house) customer() customer {
	h.t.Helper()
	c := customer{Scope: tenanttest.New(h.t, h.d)}
	is(h.t, h.in(c, func(ctx context.Context, tx *tenant.Tx) error {
		p, err := plan.Find(ctx, tx.Shared(), "growth")
		if err != nil {
			return err
		}
		s, err := subscription.Order(ctx, tx, p, account.BankTransfer)
		c.sub = s.ID
		return err
	}), nil)
	return c
}

func (h *house) in(c customer, fn func(context.Context, *tenant.Tx) error) error {
	return h.st.Update(h.t.Context(), c.Scope, fn)
}

func (h *house) view(c customer, fn func(context.Context, *tenant.View) error) {
	h.t.Helper()
	if err := h.st.View(h.t.Context(), c.Scope, fn); err != nil {
		h.t.Fatal(err)
	}
}

// try issues an invoice for lines, in a transaction that ends as end says.
func (h *house) try(c customer, end error, lines ...invoice.Line) (i invoice.Invoice, err error) {
	err = h.in(c, func(ctx context.Context, tx *tenant.Tx) error {
		i, err = invoice.Issue(ctx, tx, invoice.New{Subscription: c.sub, PaymentMethod: account.BankTransfer, Lines: lines})
		if err == nil {
			err = end
		}
		return err
	})
	return i, err
}

func (h *house) issue(c customer, lines ...invoice.Line) invoice.Invoice {
	h.t.Helper()
	i, err := h.try(c, nil, lines...)
	if err != nil {
		h.t.Fatal(err)
	}
	return i
}

func (h *house) load(c customer, id invoice.ID) (i invoice.Invoice) {
	h.t.Helper()
	h.view(c, func(ctx context.Context, v *tenant.View) (err error) {
		i, err = invoice.Load(ctx, v, id)
		return err
	})
	return i
}

func (h *house) list(c customer) (all []invoice.Invoice) {
	h.t.Helper()
	h.view(c, func(ctx context.Context, v *tenant.View) (err error) {
		all, err = invoice.List(ctx, v, invoice.ID{}, 100)
		return err
	})
	return all
}

// month is a line that costs 200 EUR.
var month = line(1, eur(20_000))

func line(quantity int64, unit money.Money) invoice.Line {
	return invoice.Line{Description: "Growth", Quantity: quantity, Unit: unit}
}

func eur(n int64) money.Money { return money.Of(n, "EUR") }

// is fails the test unless got is want; a nil want is success.
func is(t testing.TB, got, want error) {
	t.Helper()
	if !errors.Is(got, want) {
		t.Errorf("got the error %v, want %v", got, want)
	}
}
