package payment_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"igny8/internal/account"
	"igny8/internal/credit"
	"igny8/internal/invoice"
	"igny8/internal/money"
	"igny8/internal/payment"
	"igny8/internal/plan"
	"igny8/internal/renewal"
	"igny8/internal/subscription"
	"igny8/internal/tenant"
)

// buy orders a package, to be paid by transfer.
func (k *desk) buy(s tenant.Scope, code string) (i invoice.Invoice) {
	k.t.Helper()
	err := k.in(s, func(ctx context.Context, tx *tenant.Tx) error {
		p, err := plan.PackForSale(ctx, tx.Shared(), code)
		if err != nil {
			return err
		}
		i, err = k.desk.BuyPack(ctx, tx, p, plan.Wish{Currency: "EUR"}, account.BankTransfer)
		return err
	})
	if err != nil {
		k.t.Fatal(err)
	}
	return i
}

// lives is an account whose plan is paid.
func (k *desk) lives(s tenant.Scope) subscription.Subscription {
	k.t.Helper()
	sub, i := k.checkout(s, "starter")
	if _, err := k.pay(s, payment.Received{ExternalID: "PLAN", PayerName: "Acme", ProofURL: "https://bank.example/1", Amount: i.Total, Invoices: []invoice.ID{i.ID}}); err != nil {
		k.t.Fatal(err)
	}
	return sub
}

// sound fails the test where the money or the credits do not add up.
func (k *desk) sound(s tenant.Scope) {
	k.t.Helper()
	err := k.st.View(k.t.Context(), s, func(ctx context.Context, v *tenant.View) error {
		broken, err := payment.Verify(ctx, v)
		for _, b := range broken {
			k.t.Error(b)
		}
		return err
	})
	if err != nil {
		k.t.Fatal(err)
	}
}

// bought is the lots that were bought, and what is owed.
func (k *desk) bought(s tenant.Scope) (lots []credit.Lot, owed credit.Credits) {
	k.t.Helper()
	err := k.st.View(k.t.Context(), s, func(ctx context.Context, v *tenant.View) error {
		all, err := credit.Lots(ctx, v)
		if err != nil {
			return err
		}
		for _, l := range all {
			if l.Source == credit.Purchase {
				lots = append(lots, l)
			}
		}
		debts, err := credit.Debts(ctx, v)
		for _, d := range debts {
			owed += d.Remaining
		}
		return err
	})
	if err != nil {
		k.t.Fatal(err)
	}
	return lots, owed
}

func TestAPaidPackageGrantsOneLotAndLeavesTheSubscriptionAlone(t *testing.T) {
	k := newDesk(t)
	sub := k.lives(k.s)
	before := k.look(k.s)
	i := k.buy(k.s, "credits-500")
	if lots, _ := k.bought(k.s); len(lots) != 0 {
		t.Fatalf("credits before the payment: %+v", lots)
	}
	if _, err := k.pay(k.s, payment.Received{ExternalID: "FOR-PLAN", PayerName: "Acme", ProofURL: "https://bank.example/1", Amount: i.Total, Subscription: sub.ID}); err == nil {
		t.Error("money for the subscription paid a package")
	}
	for range 2 { // told twice
		if _, err := k.pay(k.s, payment.Received{ExternalID: "PACK", PayerName: "Acme", ProofURL: "https://bank.example/1", Amount: i.Total, Invoices: []invoice.ID{i.ID}}); err != nil {
			t.Fatal(err)
		}
	}
	lots, _ := k.bought(k.s)
	if len(lots) != 1 || lots[0].Amount != 500 || lots[0].Remaining != 500 || !lots[0].Expires.IsZero() {
		t.Errorf("lots %+v, want one of 500 for ever", lots)
	}
	after := k.look(k.s)
	if after.Available != before.Available+500 || after.Period != before.Period || after.PeriodStart != before.PeriodStart ||
		after.Subscription != before.Subscription || after.Status != before.Status {
		t.Errorf("before %+v, after %+v", before, after)
	}
	k.sound(k.s)
}

func TestUndoingThePaymentOfAPackageTakesItsCreditsBackOnce(t *testing.T) {
	k := newDesk(t)
	k.lives(k.s)
	before := k.look(k.s)
	i := k.buy(k.s, "credits-500")
	c, err := k.pay(k.s, payment.Received{ExternalID: "PACK", PayerName: "Acme", ProofURL: "https://bank.example/1", Amount: i.Total, Invoices: []invoice.ID{i.ID}})
	if err != nil {
		t.Fatal(err)
	}
	k.spend(k.s, before.Available+100) // the plan's go first: 100 of what was bought
	for range 2 {
		err := k.as(olga, k.s, func(ctx context.Context, tx *tenant.Tx) error {
			_, err := k.desk.Undo(ctx, tx, c.Payment.ID, "The bank took it back.")
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	lots, owed := k.bought(k.s)
	if len(lots) != 0 || owed != 100 {
		t.Errorf("%+v is left and %d owed, want nothing and 100", lots, owed)
	}
	after := k.look(k.s)
	if after.Period != before.Period || after.Subscription != before.Subscription || after.Status != before.Status {
		t.Errorf("before %+v, after %+v", before, after)
	}
	k.sound(k.s)
	if _, err := k.pay(k.s, payment.Received{ExternalID: "AGAIN", PayerName: "Acme", ProofURL: "https://bank.example/1", Amount: i.Total, Invoices: []invoice.ID{i.ID}}); err != nil {
		t.Fatal(err)
	}
	if lots, owed := k.bought(k.s); len(lots) != 1 || lots[0].Remaining != 400 || owed != 0 {
		t.Errorf("paid again: %+v, %d owed, want 400 left and nothing owed", lots, owed)
	}
	k.sound(k.s)
}

func TestTwoWhoConfirmOnePackageGrantOneLot(t *testing.T) {
	k := newDesk(t)
	k.lives(k.s)
	i := k.buy(k.s, "credits-2000")
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			if _, err := k.pay(k.s, payment.Received{ExternalID: "PACK", PayerName: "Acme", ProofURL: "https://bank.example/1", Amount: i.Total, Invoices: []invoice.ID{i.ID}}); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if lots, _ := k.bought(k.s); len(lots) != 1 || lots[0].Remaining != 2000 {
		t.Errorf("lots %+v, want one of 2000", lots)
	}
	k.sound(k.s)
}

func TestThePackagesCreditsEndAfterTheirDays(t *testing.T) {
	k := newDesk(t)
	k.lives(k.s)
	var i invoice.Invoice
	err := k.in(k.s, func(ctx context.Context, tx *tenant.Tx) (err error) {
		i, err = k.desk.BuyPack(ctx, tx, plan.Pack{Code: "short", Credits: 10, Days: 30, Prices: []money.Money{money.Of(100, "EUR")}},
			plan.Wish{}, account.BankTransfer)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := k.pay(k.s, payment.Received{ExternalID: "PACK", PayerName: "Acme", ProofURL: "https://bank.example/1", Amount: i.Total, Invoices: []invoice.ID{i.ID}}); err != nil {
		t.Fatal(err)
	}
	lots, _ := k.bought(k.s)
	if want := k.hand.Clock().Now().Add(30 * 24 * time.Hour); len(lots) != 1 || !lots[0].Expires.Equal(want) {
		t.Errorf("lots %+v, want one that ends %s", lots, want)
	}
}

func TestAnOrderOfAPackageThatNobodyPaysIsWithdrawn(t *testing.T) {
	k := newDesk(t)
	k.lives(k.s)
	i := k.buy(k.s, "credits-500")
	status := func() (s invoice.Status) {
		err := k.st.View(t.Context(), k.s, func(ctx context.Context, v *tenant.View) error {
			i, err := invoice.Load(ctx, v, i.ID)
			s = i.Status
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	forget := func() {
		t.Helper()
		if err := k.in(k.s, renewal.New(k.desk, k.ids).Packages().Do); err != nil {
			t.Fatal(err)
		}
	}
	k.hand.Advance(invoice.Term + renewal.Forget - time.Hour)
	if forget(); status() != invoice.Open {
		t.Errorf("before its time: %s", status())
	}
	before := k.look(k.s)
	k.hand.Advance(time.Hour)
	if forget(); status() != invoice.Void {
		t.Errorf("after its time: %s, want void", status())
	}
	if after := k.look(k.s); after.Subscription != before.Subscription || after.Status != before.Status {
		t.Errorf("before %+v, after %+v", before, after)
	}
}
