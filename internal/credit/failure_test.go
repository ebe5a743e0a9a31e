package credit_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"igny8/internal/clock"
	"igny8/internal/credit"
	"igny8/internal/db/dbtest"
	"igny8/internal/fault"
	"igny8/internal/tenant"
	"igny8/internal/tenant/tenanttest"
)

func newPriced(t testing.TB, n credit.Credits) *house {
	t.Helper()
	h := newHouse(t)
	if err := h.st.UpdateShared(t.Context(), credit.SeedPrices); err != nil {
		t.Fatal(err)
	}
	h.grant(credit.NewLot{Source: credit.BonusCredits, Reference: "bonus", Amount: n})
	return h
}

func (h *house) fail(hold *credit.Hold, f credit.Failure, bought credit.Credits) (v credit.Verdict, err error) {
	h.t.Helper()
	err = h.update(func(ctx context.Context, tx *tenant.Tx) (err error) {
		v, err = credit.Fail(ctx, tx, hold, f, bought)
		return err
	})
	h.sound()
	return v, err
}

func (h *house) rule(r credit.FailureRule) error {
	return h.st.UpdateShared(h.t.Context(), func(ctx context.Context, tx *tenant.SharedTx) error {
		return credit.SetFailureRule(ctx, tx, tenant.Actor{Kind: tenant.User, ID: "usr_1"}, r)
	})
}

// TestFailuresAreForgivenUpToTheirRule brings about one more than is free, and
// waits for the window to pass.
func TestFailuresAreForgivenUpToTheirRule(t *testing.T) {
	t.Parallel()
	h := newPriced(t, 100)
	if err := h.rule(credit.FailureRule{Failure: credit.Unusable, Free: 2, Window: time.Hour}); err != nil {
		t.Fatal(err)
	}
	hid := h.reserve(10)
	for range 2 {
		v, err := h.fail(h.open(hid), credit.Unusable, 3)
		if err != nil || v.Charged {
			t.Fatalf("%+v, %v", v, err)
		}
		h.want(90, 10) // it is reserved for the next try
	}
	v, err := h.fail(h.open(hid), credit.Unusable, 3)
	if err != nil || !v.Charged || v.Cost != 3 {
		t.Fatalf("the third cost %+v, %v", v, err)
	}
	h.want(97, 0)
	hid = h.reserve(10)
	if v, err := h.fail(h.open(hid), credit.Silent, 3); err != nil || v.Charged {
		t.Errorf("another class was charged: %+v, %v", v, err)
	}
	h.hand.Advance(time.Hour)
	if v, err := h.fail(h.open(hid), credit.Unusable, 3); err != nil || v.Charged {
		t.Errorf("the next window was charged: %+v, %v", v, err)
	}
	h.want(87, 10)
}

func TestWhatAFailureCosts(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name    string
		failure credit.Failure
		bought  credit.Credits
		cost    credit.Credits
		charged bool
	}{
		{"never sent", credit.Unsent, 3, 0, false},
		{"turned away", credit.Busy, 3, 0, false},
		{"no answer", credit.Silent, 3, 0, false},
		{"refused", credit.Rejected, 3, 0, false},
		{"good for nothing", credit.Unusable, 3, 0, false},
		{"stopped after it was asked", credit.Cancelled, 3, 3, true},
		{"stopped, with more than was held", credit.Cancelled, 30, 10, true},
		{"of a class without a rule", "odd", 3, 3, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			h := newPriced(t, 10)
			v, err := h.fail(h.open(h.reserve(10)), tt.failure, tt.bought)
			if err != nil || v.Charged != tt.charged || v.Cost != tt.cost {
				t.Fatalf("%+v, %v", v, err)
			}
			if tt.charged {
				h.want(10-tt.cost, 0)
			} else {
				h.want(0, 10)
			}
		})
	}
}

// TestFailuresAtOnceAreCountedOneByOne lets twenty works fail together with
// five that are free.
func TestFailuresAtOnceAreCountedOneByOne(t *testing.T) {
	t.Parallel()
	h := newPriced(t, 100)
	if err := h.rule(credit.FailureRule{Failure: credit.Unusable, Free: 5, Window: time.Hour}); err != nil {
		t.Fatal(err)
	}
	var all []*credit.Hold
	for range 20 {
		all = append(all, h.open(h.reserve(1)))
	}
	var wg sync.WaitGroup
	for _, hold := range all {
		wg.Go(func() {
			if err := h.update(func(ctx context.Context, tx *tenant.Tx) error {
				_, err := credit.Fail(ctx, tx, hold, credit.Unusable, 1)
				return err
			}); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	h.sound()
	h.want(80, 5)
}

func TestFailOfAHoldThatIsNotOpen(t *testing.T) {
	t.Parallel()
	h := newPriced(t, 10)
	hid := h.reserve(5)
	hold := h.open(hid)
	h.must(func(ctx context.Context, tx *tenant.Tx) error { return credit.Release(ctx, tx, hid) })
	for _, f := range []credit.Failure{credit.Unsent, credit.Cancelled} {
		if _, err := h.fail(hold, f, 1); !errors.Is(err, credit.ErrHoldSpent) {
			t.Errorf("%s: %v", f, err)
		}
	}
	h.want(10, 0)
}

func TestFailureRules(t *testing.T) {
	t.Parallel()
	h := newPriced(t, 1)
	want := credit.FailureRule{Failure: credit.Busy, Free: 7, Window: time.Minute}
	if err := h.rule(want); err != nil {
		t.Fatal(err)
	}
	if err := h.rule(credit.FailureRule{Failure: "odd", Window: time.Minute}); !errors.Is(err, credit.ErrUnknownFailure) {
		t.Errorf("an unknown class: %v", err)
	}
	if err := h.st.UpdateShared(t.Context(), credit.SeedPrices); err != nil { // a server that starts leaves them
		t.Fatal(err)
	}
	var all []credit.FailureRule
	err := h.st.ViewShared(t.Context(), func(ctx context.Context, r tenant.Shared) (err error) {
		all, err = credit.FailureRules(ctx, r)
		return err
	})
	if err != nil || len(all) != 6 || all[0] != want || !all[4].All {
		t.Errorf("%+v, %v", all, err)
	}
}

var errBarred = fault.New(fault.PaymentRequired, "account.barred", "No.")

func TestSettleAll(t *testing.T) {
	t.Parallel()
	price := credit.Price{Operation: credit.GenerateContent, Per: 1, Credits: 1, Minimum: 1, Overrun: 50}
	for _, tt := range []struct {
		name       string
		has, cost  credit.Credits
		barred     bool
		want       credit.Overrun
		available  credit.Credits
		isRecorded bool
	}{
		{name: "within", has: 20, cost: 10, available: 10},
		{name: "above", has: 20, cost: 14, want: credit.Overrun{Charged: 4}, available: 6, isRecorded: true},
		{name: "above the limit", has: 20, cost: 16, want: credit.Overrun{Charged: 5, Unpaid: 1, Reason: "credit.overrun_limit"}, available: 5, isRecorded: true},
		{name: "without the credits", has: 13, cost: 14, want: credit.Overrun{Unpaid: 4, Reason: "credit.insufficient"}, available: 3, isRecorded: true},
		{name: "barred", has: 20, cost: 14, barred: true, want: credit.Overrun{Unpaid: 4, Reason: "account.barred"}, available: 10, isRecorded: true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			h := newPriced(t, tt.has)
			hid := h.reserve(10)
			hold := h.open(hid)
			admit := func(context.Context, tenant.Reader) error {
				if tt.barred {
					return errBarred
				}
				return nil
			}
			settle := func(ctx context.Context, tx *tenant.Tx) error {
				_, err := credit.SettleAll(ctx, tx, hold, price, tt.cost, admit)
				return err
			}
			h.must(settle)
			h.want(tt.available, 0)
			var got credit.Overrun
			var found bool
			err := h.st.View(t.Context(), h.s, func(ctx context.Context, v *tenant.View) (err error) {
				got, found, err = credit.OverrunOf(ctx, v, hid)
				return err
			})
			extra := got.Extra
			got.Extra = credit.HoldID{}
			if err != nil || found != tt.isRecorded || got != tt.want || extra.IsZero() != (tt.want.Charged == 0) {
				t.Errorf("%+v (%s), %v, %v", got, extra, found, err)
			}
			if err := h.update(settle); !errors.Is(err, credit.ErrHoldSpent) {
				t.Errorf("a second settling: %v", err)
			}
			h.want(tt.available, 0)
		})
	}
}

// TestOverrunFailsWithItsReason leaves everything as it was when it cannot be
// known whether the account may spend.
func TestOverrunFailsWithItsReason(t *testing.T) {
	t.Parallel()
	h := newPriced(t, 20)
	hold := h.open(h.reserve(10))
	broken := errors.New("the database is away")
	err := h.update(func(ctx context.Context, tx *tenant.Tx) error {
		_, err := credit.SettleAll(ctx, tx, hold, credit.Price{Overrun: 50}, 14, func(context.Context, tenant.Reader) error { return broken })
		return err
	})
	if !errors.Is(err, broken) {
		t.Errorf("%v", err)
	}
	h.want(10, 10)
}

func TestVerifyFindsWrongOverrunsAndFailures(t *testing.T) {
	t.Parallel()
	hand := clock.NewHand(time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC))
	for _, change := range []string{
		`UPDATE credit_overruns SET charged = charged + 1`,
		`UPDATE credit_overruns SET extra_id = hold_id`,
		`UPDATE credit_failures SET charged = charged + 1`,
	} {
		t.Run(change, func(t *testing.T) {
			t.Parallel()
			url := dbtest.URL(t)
			d := dbtest.Reopen(t, url, hand.Clock())
			h := &house{t: t, d: d, st: tenant.NewStore(d), s: tenanttest.New(t, d), hand: hand}
			if err := h.st.UpdateShared(t.Context(), credit.SeedPrices); err != nil {
				t.Fatal(err)
			}
			h.grant(credit.NewLot{Source: credit.BonusCredits, Reference: "bonus", Amount: 100})
			hold := h.open(h.reserve(10))
			h.must(func(ctx context.Context, tx *tenant.Tx) error {
				_, err := credit.SettleAll(ctx, tx, hold, credit.Price{Overrun: 50}, 14, func(context.Context, tenant.Reader) error { return nil })
				return err
			})
			if _, err := h.fail(h.open(h.reserve(10)), credit.Cancelled, 3); err != nil {
				t.Fatal(err)
			}
			tamper(t, url, change)
			err := h.st.View(t.Context(), h.s, func(ctx context.Context, v *tenant.View) error {
				broken, err := credit.Verify(ctx, v)
				if len(broken) != 1 {
					t.Errorf("verify says %q", broken)
				}
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
		})
	}
}
