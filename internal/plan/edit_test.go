package plan_test

import (
	"context"
	"errors"
	"testing"

	"igny8/internal/db/dbtest"
	"igny8/internal/money"
	"igny8/internal/plan"
	"igny8/internal/tenant"
)

func TestAPlanIsMadeChangedAndSoldInTwoCurrencies(t *testing.T) {
	t.Parallel()
	d := dbtest.Open(t)
	st := tenant.NewStore(d)
	clerk := tenant.MintOperator("clerk", []tenant.Privilege{tenant.PlansManage})
	if err := st.UpdateShared(t.Context(), plan.Seed); err != nil {
		t.Fatal(err)
	}
	do := func(fn func(context.Context, *tenant.SharedTx) error) error {
		return st.UpdateFor(t.Context(), clerk, tenant.PlansManage, fn)
	}
	change := func(code string, edit func(*plan.Offer)) error {
		return do(func(ctx context.Context, tx *tenant.SharedTx) error {
			_, err := plan.Change(ctx, tx, code, edit)
			return err
		})
	}
	create := func(code string) error {
		return do(func(ctx context.Context, tx *tenant.SharedTx) error {
			o, err := plan.OfferOf(ctx, tx.Shared, "starter")
			if err != nil {
				return err
			}
			o.Code, o.Active, o.Prices = code, false, nil
			_, err = plan.Create(ctx, tx, o)
			return err
		})
	}
	for _, tt := range []struct {
		name      string
		got, want error
	}{
		{"new", create("annual"), nil},
		{"the code again", create("annual"), plan.ErrExists},
		{"a code that is none", create("An Id"), plan.ErrInvalid},
		{"interval before it is offered", change("annual", func(o *plan.Offer) { o.Interval = plan.Year }), nil},
		{"offered", change("annual", func(o *plan.Offer) { o.Active = true }), nil},
		{"withdrawn", change("annual", func(o *plan.Offer) { o.Active = false }), nil},
		{"interval after it was offered", change("annual", func(o *plan.Offer) { o.Interval = plan.Month }), plan.ErrOffered},
		{"prices", change("growth", func(o *plan.Offer) { o.Prices = []money.Money{money.Of(21_000, "USD"), money.Of(19_000, "CHF")} }), nil},
		{"two in one currency", change("growth", func(o *plan.Offer) { o.Prices = append(o.Prices, money.Of(1, "USD")) }), plan.ErrInvalid},
		{"nothing in a currency", change("growth", func(o *plan.Offer) { o.Prices = []money.Money{money.Of(0, "USD")} }), plan.ErrInvalid},
		{"below nothing", change("growth", func(o *plan.Offer) { o.Price.Amount = -1 }), plan.ErrInvalid},
		{"not there", change("gold", func(*plan.Offer) {}), plan.ErrNotFound},
	} {
		if !errors.Is(tt.got, tt.want) {
			t.Errorf("%s: %v, want %v", tt.name, tt.got, tt.want)
		}
	}
	if err := st.UpdateShared(t.Context(), plan.Seed); err != nil { // a restart
		t.Fatal(err)
	}
	for _, tt := range []struct {
		wish plan.Wish
		want string
		err  error
	}{
		{plan.Wish{}, "200.00 EUR", nil},
		{plan.Wish{Country: "DE"}, "200.00 EUR", nil},
		{plan.Wish{Country: "us"}, "210.00 USD", nil},
		{plan.Wish{Country: "JP"}, "200.00 EUR", nil},
		{plan.Wish{Country: "US", Currency: "chf"}, "190.00 CHF", nil},
		{plan.Wish{Country: "US", Currency: "JPY"}, "", plan.ErrCurrency},
	} {
		err := st.ViewShared(t.Context(), func(ctx context.Context, r tenant.Shared) error {
			p, err := plan.ForSaleIn(ctx, r, "growth", tt.wish)
			if err == nil && p.Price.String() != tt.want {
				t.Errorf("%+v: %s, want %s", tt.wish, p.Price, tt.want)
			}
			return err
		})
		if !errors.Is(err, tt.err) {
			t.Errorf("%+v: %v, want %v", tt.wish, err, tt.err)
		}
	}
	if n := len(dbtest.Dump(t, d)["staff_audit_events"]); n != 5 {
		t.Errorf("%d events, want one for each change", n)
	}
}
