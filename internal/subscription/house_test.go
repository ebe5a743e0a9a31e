package subscription_test

import (
	"context"
	"crypto/rand"
	"errors"
	"testing"
	"time"

	"igny8/internal/account"
	"igny8/internal/clock"
	"igny8/internal/credit"
	"igny8/internal/db"
	"igny8/internal/db/dbtest"
	"igny8/internal/fault"
	"igny8/internal/plan"
	"igny8/internal/subscription"
	"igny8/internal/tenant"
	"igny8/internal/tenant/tenanttest"
)

// house is an account, what is for sale, and a clock that the test moves.
type house struct {
	t    testing.TB
	d    *db.DB
	st   *tenant.Store
	s    tenant.Scope
	hand *clock.Hand
}

var noon = time.Date(2030, 1, 10, 12, 0, 0, 0, time.UTC)

func newHouse(t testing.TB, now time.Time) *house {
	t.Helper()
	hand := clock.NewHand(now)
	d := dbtest.OpenAt(t, hand.Clock())
	h := &house{t: t, d: d, st: tenant.NewStore(d), s: tenanttest.New(t, d), hand: hand}
	if err := h.st.UpdateShared(t.Context(), plan.Seed); err != nil {
		t.Fatal(err)
	}
	return h
}

// to moves the clock to a moment.
func (h *house) to(moment time.Time) { h.hand.Advance(moment.Sub(h.hand.Clock().Now())) }

func (h *house) update(fn func(context.Context, *tenant.Tx) error) error {
	return h.st.Update(h.t.Context(), h.s, fn)
}

func (h *house) view(fn func(context.Context, *tenant.View) error) {
	h.t.Helper()
	if err := h.st.View(h.t.Context(), h.s, fn); err != nil {
		h.t.Fatal(err)
	}
}

// behind changes the database behind the room's back.
func (h *house) behind(query string, args ...any) error {
	return h.d.UpdateOf(h.t.Context(), h.s.Account().String(), func(ctx context.Context, tx *db.Tx) error {
		_, err := tx.Exec(ctx, query, args...)
		return err
	})
}

// begin has StartTrial or Order make a subscription.
func (h *house) begin(code string, fn func(context.Context, *tenant.Tx, plan.Plan) (subscription.Subscription, error)) (s subscription.Subscription, err error) {
	err = h.update(func(ctx context.Context, tx *tenant.Tx) error {
		p, err := plan.Find(ctx, tx.Shared(), code)
		if err != nil {
			return err
		}
		s, err = fn(ctx, tx, p)
		return err
	})
	return s, err
}

func (h *house) trial() subscription.Subscription {
	h.t.Helper()
	s, err := h.begin("trial", subscription.StartTrial)
	if err != nil {
		h.t.Fatal(err)
	}
	return s
}

func (h *house) order(code string) subscription.Subscription {
	h.t.Helper()
	s, err := h.begin(code, func(ctx context.Context, tx *tenant.Tx, p plan.Plan) (subscription.Subscription, error) {
		return subscription.Order(ctx, tx, p, account.BankTransfer)
	})
	if err != nil {
		h.t.Fatal(err)
	}
	return s
}

func (h *house) pay(id subscription.ID) (s subscription.Subscription, err error) {
	err = h.update(func(ctx context.Context, tx *tenant.Tx) error {
		s, err = subscription.Paid(ctx, tx, id, subscription.Bill{Invoice: rand.Text(), ExternalID: "BANK"})
		return err
	})
	return s, err
}

func (h *house) paid(id subscription.ID) subscription.Subscription {
	h.t.Helper()
	s, err := h.pay(id)
	if err != nil {
		h.t.Fatal(err)
	}
	return s
}

func (h *house) load(id subscription.ID) (s subscription.Subscription) {
	h.t.Helper()
	h.view(func(ctx context.Context, v *tenant.View) (err error) {
		s, err = subscription.Load(ctx, v, id)
		return err
	})
	return s
}

func (h *house) account() (a account.Account) {
	h.t.Helper()
	h.view(func(ctx context.Context, v *tenant.View) (err error) {
		a, err = account.Load(ctx, v)
		return err
	})
	return a
}

func (h *house) available() credit.Credits {
	h.t.Helper()
	var b credit.Balance
	h.view(func(ctx context.Context, v *tenant.View) (err error) {
		b, err = credit.BalanceOf(ctx, v)
		return err
	})
	return b.Available
}

// standing is the code of what keeps the account from working; empty when it
// may.
func (h *house) standing() (code string) {
	h.t.Helper()
	h.view(func(ctx context.Context, v *tenant.View) error {
		if err := subscription.Standing(ctx, v); err != nil {
			code = fault.Of(err).Code
		}
		return nil
	})
	return code
}

// runs fails the test unless the subscription is active for the period.
func (h *house) runs(s subscription.Subscription, start, end time.Time) {
	h.t.Helper()
	if s.Status != subscription.Active || !s.PeriodStart.Equal(start) || !s.PeriodEnd.Equal(end) {
		h.t.Errorf("got %s from %s until %s, want active from %s until %s", s.Status, s.PeriodStart, s.PeriodEnd, start, end)
	}
	if kept := h.load(s.ID); kept != s {
		h.t.Errorf("kept is %+v, answered was %+v", kept, s)
	}
}

// is fails the test unless got is want; a nil want is success.
func is(t testing.TB, got, want error) {
	t.Helper()
	if !errors.Is(got, want) {
		t.Errorf("got the error %v, want %v", got, want)
	}
}

func day(year int, month time.Month, d int) time.Time {
	return time.Date(year, month, d, 12, 0, 0, 0, time.UTC)
}
