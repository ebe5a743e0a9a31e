package credit

import (
	"context"
	"errors"
	"testing"
	"time"

	"igny8/internal/clock"
	"igny8/internal/db/dbtest"
	"igny8/internal/tenant"
	"igny8/internal/tenant/tenanttest"
)

// What the simulation has found, each as a test of its own.

// found is an account with 10 credits that end in an hour, 5 that do not, and
// a teller's hold on the 10 for two hours.
func found(t *testing.T) (b *simReal, hid HoldID) {
	t.Helper()
	hand := clock.NewHand(time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC))
	d := dbtest.OpenAt(t, hand.Clock())
	st := tenant.NewStore(d)
	b = &simReal{ctx: t.Context(), d: d, st: st, teller: NewTeller(st), s: tenanttest.New(t, d), hand: hand}
	err := st.Update(b.ctx, b.s, func(ctx context.Context, tx *tenant.Tx) error {
		_, err := Grant(ctx, tx, NewLot{Source: PlanCredits, Reference: "plan", Amount: 10, Expires: tx.Now().Add(time.Hour)})
		if err == nil {
			_, err = Grant(ctx, tx, NewLot{Source: Purchase, Reference: "bought", Amount: 5})
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	k, err := b.teller.Reserve(b.ctx, b.s, Want{Amount: 10, Operation: GenerateContent, Reference: "work"}, 2*time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	return b, k.Hold
}

func (b *simReal) wants(t *testing.T, want Balance) {
	t.Helper()
	seen, err := b.see(0)
	if err != nil || seen.balance != want {
		t.Errorf("%+v, want %+v, %v", seen.balance, want, err)
	}
	if err := b.verify(); err != nil {
		t.Error(err)
	}
}

// TestABatchDoesNotSpendWhatEnded is a teller that ends a hold on a lot that
// has ended meanwhile, and is asked to reserve in the same commit.
func TestABatchDoesNotSpendWhatEnded(t *testing.T) {
	b, hid := found(t)
	b.hand.Advance(time.Hour)
	work := func(n Credits) *order {
		o := newOrder(b.s)
		o.want, o.lease = Want{Amount: n, Operation: GenerateContent, Reference: "next"}, time.Minute
		return o
	}
	back := newOrder(b.s)
	back.ends, back.kind = hid, Released
	most, all, one := work(6), work(5), work(1)
	if err := b.tell([]*order{back, most, all, one}); err != nil {
		t.Fatal(err)
	}
	if back.err != nil || all.err != nil {
		t.Errorf("given back: %v, five of five: %v", back.err, all.err)
	}
	if !errors.Is(most.err, ErrInsufficient) || !errors.Is(one.err, ErrInsufficient) {
		t.Errorf("six of five: %v, one of none: %v", most.err, one.err)
	}
	b.wants(t, Balance{0, 5})
	b.hand.Advance(time.Minute)
	b.wants(t, Balance{5, 0})
	if err := b.do(&simOp{verb: simTouch}, simCrash{}); err != nil {
		t.Fatal(err)
	}
	b.wants(t, Balance{5, 0})
}

// TestAHeartbeatDoesNotShortenALease: nobody would notice its new end.
func TestAHeartbeatDoesNotShortenALease(t *testing.T) {
	b, hid := found(t)
	start := b.hand.Clock().Now()
	for _, step := range []struct{ lease, until time.Duration }{{time.Minute, 2 * time.Hour}, {3 * time.Hour, 3 * time.Hour}} {
		err := b.st.Update(b.ctx, b.s, func(ctx context.Context, tx *tenant.Tx) error {
			k, err := Prolong(ctx, tx, hid, step.lease)
			if until := start.Add(step.until); !k.Until.Equal(until) {
				t.Errorf("prolonged by %s until %s, want %s", step.lease, k.Until, until)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	b.hand.Advance(3*time.Hour - time.Microsecond)
	b.wants(t, Balance{5, 10})
	b.hand.Advance(time.Microsecond)
	b.wants(t, Balance{5, 0})
}

// TestWhatLapsedDoesNotOpen: nor is it taken from who holds it before.
func TestWhatLapsedDoesNotOpen(t *testing.T) {
	b, hid := found(t)
	for range 2 {
		if err := b.do(&simOp{verb: simReclaim, hold: hid}, simCrash{}); err != nil {
			t.Fatal(err)
		}
		if err := b.do(&simOp{verb: simOpen, hold: hid}, simCrash{}); !errors.Is(err, ErrHoldSpent) {
			t.Errorf("opened: %v", err)
		}
		b.hand.Advance(2 * time.Hour)
		b.wants(t, Balance{5, 0})
	}
}

// TestWhatWasRevokedDoesNotCount in the very microsecond in which it began: a
// lot ends later than it begins, and what a batch gives back to it is there
// until somebody looks.
func TestWhatWasRevokedDoesNotCount(t *testing.T) {
	b, hid := found(t)
	if err := b.do(&simOp{verb: simRevoke, ref: "plan"}, simCrash{}); err != nil {
		t.Fatal(err)
	}
	back := newOrder(b.s)
	back.ends, back.kind = hid, Released
	if err := b.tell([]*order{back}); err != nil || back.err != nil {
		t.Fatal(err, back.err)
	}
	b.wants(t, Balance{5, 0})
	err := b.st.View(b.ctx, b.s, func(ctx context.Context, v *tenant.View) error {
		lots, err := Lots(ctx, v)
		if len(lots) != 1 || lots[0].Reference != "bought" {
			t.Errorf("%+v", lots)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}
