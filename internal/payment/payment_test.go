package payment_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"igny8/internal/account"
	"igny8/internal/audit"
	"igny8/internal/clock"
	"igny8/internal/credit"
	"igny8/internal/db"
	"igny8/internal/db/dbtest"
	"igny8/internal/fault"
	"igny8/internal/identity"
	"igny8/internal/identity/identitytest"
	"igny8/internal/invoice"
	"igny8/internal/money"
	"igny8/internal/payment"
	"igny8/internal/plan"
	"igny8/internal/subscription"
	"igny8/internal/tenant"
	"igny8/internal/tenant/tenanttest"
)

// desk is two accounts, what is for sale, and a clock that the test moves.
type desk struct {
	t    *testing.T
	st   *tenant.Store
	s, b tenant.Scope
	hand *clock.Hand
	d    *db.DB
	ids  *identity.Service
	desk *payment.Desk
}

func newDesk(t *testing.T) *desk {
	t.Helper()
	t.Parallel()
	return openDesk(t)
}

func openDesk(t *testing.T) *desk {
	t.Helper()
	hand := clock.NewHand(time.Date(2030, 1, 10, 12, 0, 0, 0, time.UTC))
	d := dbtest.OpenAt(t, hand.Clock())
	ids := identitytest.New(t, d, identity.Options{})
	k := &desk{t: t, d: d, ids: ids, st: tenant.NewStore(d), s: tenanttest.New(t, d), b: tenanttest.New(t, d), hand: hand, desk: payment.NewDesk(ids)}
	if err := k.st.UpdateShared(t.Context(), plan.Seed); err != nil {
		t.Fatal(err)
	}
	return k
}

func (k *desk) in(s tenant.Scope, fn func(context.Context, *tenant.Tx) error) error {
	return k.st.Update(k.t.Context(), s, fn)
}

func (k *desk) checkout(s tenant.Scope, code string) (sub subscription.Subscription, inv invoice.Invoice) {
	k.t.Helper()
	err := k.in(s, func(ctx context.Context, tx *tenant.Tx) error {
		p, err := plan.ForSale(ctx, tx.Shared(), code)
		if err != nil {
			return err
		}
		sub, inv, err = k.desk.Checkout(ctx, tx, p, account.BankTransfer)
		return err
	})
	if err != nil {
		k.t.Fatal(err)
	}
	return sub, inv
}

// pay is one of the staff who has seen a transfer and types it in.
func (k *desk) pay(s tenant.Scope, tr payment.Received) (payment.Confirmation, error) {
	tr.Method, tr.Exact = account.BankTransfer, true
	return k.receive(s, tr)
}

func (k *desk) receive(s tenant.Scope, tr payment.Received) (c payment.Confirmation, err error) {
	err = k.in(s, func(ctx context.Context, tx *tenant.Tx) error {
		c, err = k.desk.Receive(ctx, tx, tr)
		return err
	})
	return c, err
}

// seen is what an account looks like from outside.
type seen struct {
	Status              account.Status
	Plan                string
	Subscription        subscription.Status
	Available           credit.Credits
	Payments, Events    int
	Open, Paid, Void    int
	Standing            string
	PeriodStart, Period time.Time
}

func (k *desk) look(s tenant.Scope) (v seen) {
	k.t.Helper()
	err := k.st.View(k.t.Context(), s, func(ctx context.Context, r *tenant.View) error {
		a, err := account.Load(ctx, r)
		if err != nil {
			return err
		}
		sub, err := subscription.Current(ctx, r)
		if err != nil {
			return err
		}
		b, err := credit.BalanceOf(ctx, r)
		if err != nil {
			return err
		}
		v = seen{Status: a.Status, Plan: sub.Plan.Code, Subscription: sub.Status, Available: b.Available, PeriodStart: sub.PeriodStart, Period: sub.PeriodEnd}
		ps, err := payment.List(ctx, r, payment.ID{}, 100)
		if err != nil {
			return err
		}
		v.Payments = len(ps)
		is, err := invoice.List(ctx, r, invoice.ID{}, 100)
		if err != nil {
			return err
		}
		for _, i := range is {
			switch i.Status {
			case invoice.Open:
				v.Open++
			case invoice.Paid:
				v.Paid++
			case invoice.Void:
				v.Void++
			case invoice.Draft, invoice.Uncollectible:
			}
		}
		events, err := audit.Of(ctx, r, audit.EventID{}, 1000)
		if err != nil {
			return err
		}
		for _, e := range events {
			if e.Action == "payment.confirmed" {
				v.Events++
			}
		}
		if err := subscription.Standing(ctx, r); err != nil {
			v.Standing = fault.Of(err).Code
		}
		wrong, err := payment.Verify(ctx, r)
		if err != nil {
			return err
		}
		broken, err := credit.Verify(ctx, r)
		for _, x := range append(broken, wrong...) {
			k.t.Error(x)
		}
		return err
	})
	if err != nil {
		k.t.Fatal(err)
	}
	return v
}

func eur(n int64) money.Money { return money.Of(n, "EUR") }

func TestATransferOpensWhatItPaidFor(t *testing.T) {
	k := newDesk(t)
	sub, inv := k.checkout(k.s, "growth")
	if inv.Total != eur(20_000) || inv.Status != invoice.Open || inv.PaymentMethod != account.BankTransfer || !inv.Due.Equal(inv.Issued.Add(invoice.Term)) {
		t.Errorf("invoice %+v", inv)
	}
	if v := k.look(k.s); v.Standing != "account.payment_required" || v.Available != 0 || v.Subscription != subscription.PendingPayment {
		t.Errorf("before the payment: %+v", v)
	}
	tr := payment.Received{ExternalID: " BANK 1 ", Amount: eur(20_000), PayerName: "Paula", ProofURL: "https://bank.example.com/1"}
	first, err := k.pay(k.s, tr)
	if err != nil {
		t.Fatal(err)
	}
	want := seen{
		Status: account.Active, Plan: "growth", Subscription: subscription.Active, Available: 2000, Payments: 1, Events: 1, Paid: 1,
		PeriodStart: time.Date(2030, 1, 10, 12, 0, 0, 0, time.UTC), Period: time.Date(2030, 2, 10, 12, 0, 0, 0, time.UTC),
	}
	if v := k.look(k.s); v != want {
		t.Errorf("after the payment:\n got %+v\nwant %+v", v, want)
	}
	if first.Payment.ExternalID != "BANK 1" || first.Subscription.ID != sub.ID || first.Subscription.ExternalPaymentID != "BANK 1" || first.Invoice.AmountDue() != eur(0) {
		t.Errorf("confirmation %+v", first)
	}
	k.hand.Advance(time.Hour)
	again, err := k.pay(k.s, payment.Received{ExternalID: "BANK 1", Amount: money.Of(20_000, ""), PayerName: "Somebody else"})
	if err != nil || again.Payment != first.Payment || again.Invoice.ID != inv.ID {
		t.Errorf("told again: %+v, %v", again, err)
	}
	if v := k.look(k.s); v != want {
		t.Errorf("after being told again:\n got %+v\nwant %+v", v, want)
	}
	if _, err := k.pay(k.s, payment.Received{ExternalID: "BANK 1", Amount: eur(19_999), PayerName: "Paula"}); !errors.Is(err, payment.ErrConflict) {
		t.Errorf("the same reference with another amount: %v", err)
	}
}

func TestATransferThatDoesNotFitChangesNothing(t *testing.T) {
	k := newDesk(t)
	sub, _ := k.checkout(k.s, "starter")
	other, _ := k.checkout(k.b, "starter")
	before := k.look(k.s)
	good := payment.Received{ExternalID: "B", Amount: eur(10_000), PayerName: "P"}
	for what, c := range map[string]struct {
		change func(*payment.Received)
		want   error
	}{
		"too little":              {func(t *payment.Received) { t.Amount = eur(9_999) }, payment.ErrAmountMismatch},
		"too much":                {func(t *payment.Received) { t.Amount = eur(10_001) }, payment.ErrAmountMismatch},
		"another currency":        {func(t *payment.Received) { t.Amount = money.Of(10_000, "USD") }, payment.ErrAmountMismatch},
		"nothing":                 {func(t *payment.Received) { t.Amount = eur(0) }, payment.ErrInvalid},
		"less than nothing":       {func(t *payment.Received) { t.Amount = eur(-10_000) }, payment.ErrInvalid},
		"no reference":            {func(t *payment.Received) { t.ExternalID = " " }, payment.ErrInvalid},
		"no payer":                {func(t *payment.Received) { t.PayerName = "" }, payment.ErrInvalid},
		"a script for a proof":    {func(t *payment.Received) { t.ProofURL = "javascript:alert(1)" }, payment.ErrInvalid},
		"somebody's subscription": {func(t *payment.Received) { t.Subscription = other.ID }, payment.ErrNothingDue},
	} {
		tr := good
		c.change(&tr)
		if _, err := k.pay(k.s, tr); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", what, err, c.want)
		}
		if v := k.look(k.s); v != before {
			t.Errorf("%s changed something:\n got %+v\nwant %+v", what, v, before)
		}
	}
	good.Subscription = sub.ID
	if _, err := k.pay(k.s, good); err != nil {
		t.Errorf("one that fits: %v", err)
	}
	if _, err := k.pay(k.s, payment.Received{ExternalID: "C", Amount: eur(10_000), PayerName: "P"}); !errors.Is(err, payment.ErrNothingDue) {
		t.Errorf("a second transfer for a paid invoice: %v", err)
	}
	if v := k.look(k.b); v.Standing != "account.payment_required" || v.Payments != 0 {
		t.Errorf("the other account was touched: %+v", v)
	}
}

// TestManyConfirmAtOnce is two of the staff who press the button together.
func TestManyConfirmAtOnce(t *testing.T) {
	k := newDesk(t)
	k.checkout(k.s, "growth")
	const clerks = 8
	errs := make([]error, clerks)
	ids := make([]payment.ID, clerks)
	var wg sync.WaitGroup
	for n := range clerks {
		wg.Go(func() {
			c, err := k.pay(k.s, payment.Received{ExternalID: "SAME", Amount: eur(20_000), PayerName: "P"})
			ids[n], errs[n] = c.Payment.ID, err
		})
	}
	wg.Wait()
	for n := range clerks {
		if errs[n] != nil || ids[n] != ids[0] {
			t.Errorf("clerk %d: %s, %v", n, ids[n], errs[n])
		}
	}
	if v := k.look(k.s); v.Available != 2000 || v.Payments != 1 || v.Events != 1 {
		t.Errorf("after all: %+v", v)
	}
}

func TestATrialGoesOnWhileItsSuccessorWaits(t *testing.T) {
	k := newDesk(t)
	err := k.in(k.s, func(ctx context.Context, tx *tenant.Tx) error {
		p, err := plan.Find(ctx, tx.Shared(), "trial")
		if err != nil {
			return err
		}
		if err := account.SetStatus(ctx, tx, account.Trial); err != nil {
			return err
		}
		_, err = subscription.StartTrial(ctx, tx, p)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	_, first := k.checkout(k.s, "starter")
	_, second := k.checkout(k.s, "growth") // he thought again
	if first.Number == second.Number || first.Reference == second.Reference {
		t.Errorf("two invoices share %s or %s", first.Number, first.Reference)
	}
	if v := k.look(k.s); v.Plan != "trial" || v.Standing != "" || v.Available != 1000 || v.Open != 1 || v.Void != 1 {
		t.Errorf("while it waits: %+v", v)
	}
	if _, err := k.pay(k.s, payment.Received{ExternalID: "1", Amount: eur(20_000), PayerName: "P"}); err != nil {
		t.Fatal(err)
	}
	if v := k.look(k.s); v.Plan != "growth" || v.Standing != "" || v.Available != 3000 || v.Status != account.Active {
		t.Errorf("when it is paid: %+v", v)
	}
	k.hand.Advance(15 * 24 * time.Hour)
	if v := k.look(k.s); v.Standing != "" {
		t.Errorf("after the trial's end: %+v", v)
	}
	k.hand.Advance(16*24*time.Hour + subscription.Grace)
	if v := k.look(k.s); v.Standing != "account.payment_required" {
		t.Errorf("long after the month: %+v", v)
	}
}

func TestWhatCannotBeBought(t *testing.T) {
	k := newDesk(t)
	for what, c := range map[string]struct {
		code   string
		method account.PaymentMethod
		want   error
	}{
		"stripe":      {"growth", account.Stripe, payment.ErrUnavailable},
		"paypal":      {"growth", account.PayPal, payment.ErrUnavailable},
		"a free plan": {"trial", account.BankTransfer, payment.ErrFreePlan},
	} {
		err := k.in(k.s, func(ctx context.Context, tx *tenant.Tx) error {
			p, err := plan.ForSale(ctx, tx.Shared(), c.code)
			if err != nil {
				return err
			}
			_, _, err = k.desk.Checkout(ctx, tx, p, c.method)
			return err
		})
		if !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", what, err, c.want)
		}
	}
}

func TestNothingOfAnotherAccount(t *testing.T) {
	k := newDesk(t)
	sub, inv := k.checkout(k.s, "growth")
	if _, err := k.pay(k.s, payment.Received{ExternalID: "A", Amount: eur(20_000), PayerName: "P"}); err != nil {
		t.Fatal(err)
	}
	err := k.st.View(t.Context(), k.b, func(ctx context.Context, v *tenant.View) error {
		if _, err := subscription.Load(ctx, v, sub.ID); !errors.Is(err, subscription.ErrNotFound) {
			t.Errorf("another's subscription: %v", err)
		}
		if _, err := subscription.Current(ctx, v); !errors.Is(err, subscription.ErrNotFound) {
			t.Errorf("a subscription out of nowhere: %v", err)
		}
		if _, err := invoice.Load(ctx, v, inv.ID); !errors.Is(err, invoice.ErrNotFound) {
			t.Errorf("another's invoice: %v", err)
		}
		is, err := invoice.List(ctx, v, invoice.ID{}, 10)
		if err != nil || len(is) != 0 {
			t.Errorf("another's invoices: %v, %v", is, err)
		}
		ps, err := payment.List(ctx, v, payment.ID{}, 10)
		if len(ps) != 0 {
			t.Errorf("another's payments: %v", ps)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}
