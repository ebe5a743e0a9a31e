package subscription_test

import (
	"context"
	"testing"
	"time"

	"igny8/internal/account"
	"igny8/internal/db/dbtest"
	"igny8/internal/plan"
	"igny8/internal/subscription"
	"igny8/internal/tenant"
	"igny8/internal/tenant/tenanttest"
)

func TestAWaitingOrderIsChangedInsteadOfAddedTo(t *testing.T) {
	t.Parallel()
	h := newHouse(t, noon)
	first := h.order("starter")
	if first.Status != subscription.PendingPayment || !first.PeriodStart.IsZero() || !first.PeriodEnd.IsZero() {
		t.Errorf("ordered %+v", first)
	}
	h.hand.Advance(time.Hour)
	second, err := h.begin("growth", func(ctx context.Context, tx *tenant.Tx, p plan.Plan) (subscription.Subscription, error) {
		return subscription.Order(ctx, tx, p, account.PayPal)
	})
	is(t, err, nil)
	if second.ID != first.ID || second.Plan.Code != "growth" || second.PaymentMethod != account.PayPal || !second.Created.Equal(first.Created) {
		t.Errorf("changed to %+v", second)
	}
	if kept := h.load(first.ID); kept != second {
		t.Errorf("kept is %+v, answered was %+v", kept, second)
	}
	if got := dbtest.Dump(t, h.d)["subscriptions"]; len(got) != 1 {
		t.Errorf("%d subscriptions: %q", len(got), got)
	}
	h.view(func(ctx context.Context, v *tenant.View) error {
		if w, found, err := subscription.Waiting(ctx, v); !found || err != nil || w != second {
			t.Errorf("waiting: %+v, %v, %v", w, found, err)
		}
		return nil
	})
	// What was paid for is not changed by an order: that one waits beside it.
	h.paid(first.ID)
	third := h.order("scale")
	if third.ID == first.ID || h.load(first.ID).Plan.Code != "growth" {
		t.Errorf("an order changed what runs: %+v", third)
	}
	h.view(func(ctx context.Context, v *tenant.View) error {
		if c, err := subscription.Current(ctx, v); err != nil || c.ID != first.ID {
			t.Errorf("current: %+v, %v", c, err)
		}
		return nil
	})
}

// TestOneRunsAndOneWaits is what the schema allows, whatever the code does.
func TestOneRunsAndOneWaits(t *testing.T) {
	t.Parallel()
	h := newHouse(t, noon)
	h.trial()
	h.order("starter")
	before := dbtest.Dump(t, h.d)["subscriptions"]
	_, err := h.begin("trial", subscription.StartTrial)
	if !tenant.IsDuplicate(err) {
		t.Errorf("a second trial: %v", err)
	}
	const second = `INSERT INTO subscriptions (account_id, id, plan_id, status, created_at, updated_at)
		SELECT account_id, 'sub_second' || $1, plan_id, $1, 1, 1 FROM subscriptions WHERE status = 'trialing'`
	for _, status := range []string{"trialing", "active", "past_due", "pending_payment"} {
		if err := h.behind(second, status); !tenant.IsDuplicate(err) {
			t.Errorf("a second one that is %s: %v", status, err)
		}
	}
	if got := dbtest.Dump(t, h.d)["subscriptions"]; len(got) != len(before) {
		t.Errorf("%d subscriptions, had %d", len(got), len(before))
	}
	for _, status := range []string{"cancelled", "expired"} { // of what is over there may be many
		if err := h.behind(second, status); err != nil {
			t.Errorf("one that is %s: %v", status, err)
		}
	}
}

func TestOrdersAtOnceAreOne(t *testing.T) {
	t.Parallel()
	h := newHouse(t, noon)
	const clicks = 6
	errs := make(chan error, clicks)
	for range clicks {
		go func() {
			_, err := h.begin("starter", func(ctx context.Context, tx *tenant.Tx, p plan.Plan) (subscription.Subscription, error) {
				return subscription.Order(ctx, tx, p, account.BankTransfer)
			})
			errs <- err
		}()
	}
	for range clicks {
		is(t, <-errs, nil)
	}
	if got := dbtest.Dump(t, h.d)["subscriptions"]; len(got) != 1 {
		t.Errorf("%d subscriptions: %q", len(got), got)
	}
}

func TestLocate(t *testing.T) {
	t.Parallel()
	h := newHouse(t, noon)
	s := h.trial()
	is(t, h.st.Survey(t.Context(), tenanttest.Look(t, h.st, tenant.PaymentsConfirm), func(ctx context.Context, r *tenant.Survey) error {
		if a, err := subscription.Locate(ctx, r, s.ID); err != nil || a != h.s.Account() {
			t.Errorf("located in %s, %v", a, err)
		}
		_, err := subscription.Locate(ctx, r, subscription.ID{})
		is(t, err, subscription.ErrNotFound)
		return nil
	}), nil)
}
