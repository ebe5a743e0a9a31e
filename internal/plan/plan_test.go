package plan_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"igny8/internal/db/dbtest"
	"igny8/internal/plan"
	"igny8/internal/tenant"
	"igny8/internal/throttle"
)

func TestIntervalEndsOnTheLastDayOfAShortMonth(t *testing.T) {
	for _, c := range []struct {
		from string
		each plan.Interval
		want string
	}{
		{"2030-01-15", plan.Month, "2030-02-15"},
		{"2030-01-31", plan.Month, "2030-02-28"},
		{"2032-01-31", plan.Month, "2032-02-29"},
		{"2030-03-31", plan.Month, "2030-04-30"},
		{"2030-12-31", plan.Month, "2031-01-31"},
		{"2032-02-29", plan.Year, "2033-02-28"},
		{"2030-06-01", plan.Year, "2031-06-01"},
	} {
		from, err := time.Parse(time.DateOnly, c.from)
		if err != nil {
			t.Fatal(err)
		}
		if got := c.each.After(from, 0).Format(time.DateOnly); got != c.want {
			t.Errorf("a %s after %s is %s, want %s", c.each, c.from, got, c.want)
		}
	}
}

func TestSeedOnceAndFind(t *testing.T) {
	t.Parallel()
	st := tenant.NewStore(dbtest.Open(t))
	for range 2 {
		if err := st.UpdateShared(t.Context(), plan.Seed); err != nil {
			t.Fatal(err)
		}
	}
	err := st.UpdateShared(t.Context(), func(ctx context.Context, tx *tenant.SharedTx) error {
		_, err := tx.Exec(ctx, `UPDATE plans SET active = FALSE WHERE code = 'scale'`)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	err = st.ViewShared(t.Context(), func(ctx context.Context, r tenant.Shared) error {
		all, err := plan.List(ctx, r)
		if err != nil {
			return err
		}
		codes := ""
		for _, p := range all {
			codes += p.Code + " "
		}
		if codes != "trial starter growth " {
			t.Errorf("for sale: %s", codes)
		}
		byID, err := plan.Find(ctx, r, all[2].ID.String())
		if err != nil || byID != all[2] || byID.Code != "growth" || byID.Price.String() != "200.00 EUR" || byID.Free() ||
			byID.Rates != (throttle.Rates{Read: 1200, Write: 600, AI: 120, Bridge: 600}) {
			t.Errorf("found %+v by id, %v", byID, err)
		}
		if _, err := plan.Find(ctx, r, "nothing"); !errors.Is(err, plan.ErrNotFound) {
			t.Errorf("a plan that is not there: %v", err)
		}
		if _, err := plan.Find(ctx, r, "scale"); err != nil {
			t.Errorf("a plan that is not for sale is still found: %v", err)
		}
		if _, err := plan.ForSale(ctx, r, "scale"); !errors.Is(err, plan.ErrNotSold) {
			t.Errorf("buying a plan that is not for sale: %v", err)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
