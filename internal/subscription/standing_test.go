package subscription_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"igny8/internal/account"
	"igny8/internal/clock"
	"igny8/internal/db"
	"igny8/internal/fault"
	"igny8/internal/subscription"
	"igny8/internal/tenant"
	"igny8/internal/tenant/tenanttest"
)

var accountStatuses = []account.Status{
	account.Trial, account.PendingPayment, account.Active, account.PastDue, account.Suspended, account.Cancelled,
}

// lives are where the period of a subscription of each status can be.
var lives = []struct {
	status subscription.Status
	end    time.Duration // of the period, from now on; zero: nothing was paid
	want   string        // in an account that may work, on a plan that is offered
}{
	{subscription.Trialing, time.Microsecond, ""},
	{subscription.Trialing, -time.Microsecond, "trial.ended"},
	{subscription.PendingPayment, 0, "account.payment_required"},
	{subscription.Active, time.Hour, ""},
	{subscription.Active, -time.Hour, ""},
	{subscription.Active, -subscription.Grace + time.Microsecond, ""},
	{subscription.Active, -subscription.Grace, "account.payment_required"},
	{subscription.PastDue, -time.Hour, ""},
	{subscription.PastDue, -subscription.Grace, "account.payment_required"},
	{subscription.Cancelled, time.Hour, "account.payment_required"},
	{subscription.Expired, time.Hour, "account.payment_required"},
	{"", 0, "account.payment_required"}, // there is none
}

// standingOf is the oracle: the account is asked first, then the money, then
// the plan.
func standingOf(a account.Status, ofSubscription string, planActive bool) string {
	switch a {
	case account.PendingPayment:
		return "account.payment_required"
	case account.Suspended:
		return "account.suspended"
	case account.Cancelled:
		return "account.cancelled"
	case account.Trial, account.Active, account.PastDue:
	}
	if ofSubscription == "" && !planActive {
		return "plan.inactive"
	}
	return ofSubscription
}

func TestStandingOfEverySituation(t *testing.T) {
	t.Parallel()
	h := newHouse(t, noon)
	s := h.trial()
	set := func(a account.Status, status subscription.Status, end time.Duration, planActive bool) {
		t.Helper()
		var resume *string
		if a == account.Suspended {
			resume = new(string)
			*resume = "active"
		}
		var from, until *int64
		if end != 0 {
			until = clock.MicrosOrNull(noon.Add(end))
			from = clock.MicrosOrNull(noon.AddDate(-1, 0, 0))
		}
		err := h.d.UpdateOf(t.Context(), h.s.Account().String(), func(ctx context.Context, tx *db.Tx) error {
			for _, q := range []struct {
				text string
				args []any
			}{
				{`UPDATE accounts SET status = $1, resume_status = $2`, []any{string(a), resume}},
				{`UPDATE plans SET active = $1 WHERE code = 'trial'`, []any{planActive}},
				{`DELETE FROM subscriptions`, nil},
				{`INSERT INTO subscriptions (account_id, id, plan_id, status, current_period_start, current_period_end, created_at, updated_at)
					SELECT $1, $2, id, $3, $4, $5, 1, 1 FROM plans WHERE code = 'trial' AND $3 <> ''`,
					[]any{h.s.Account(), s.ID, string(status), from, until}},
			} {
				if _, err := tx.Exec(ctx, q.text, q.args...); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, a := range accountStatuses {
		for _, l := range lives {
			for _, planActive := range []bool{true, false} {
				set(a, l.status, l.end, planActive)
				want := standingOf(a, l.want, planActive)
				if got := h.standing(); got != want {
					t.Errorf("account %s, subscription %q ending %s from now, plan active %v: %q, want %q", a, l.status, l.end, planActive, got, want)
				}
			}
		}
	}
}

func TestASystemAccountNeedsNoSubscription(t *testing.T) {
	t.Parallel()
	h := newHouse(t, noon)
	if got := h.standing(); got != "account.payment_required" {
		t.Errorf("a tenant without a subscription: %q", got)
	}
	is(t, h.behind(`UPDATE accounts SET kind = 'system'`), nil)
	if got := h.standing(); got != "" {
		t.Errorf("a system account: %q", got)
	}
	is(t, h.behind(`UPDATE accounts SET status = 'cancelled'`), nil)
	if got := h.standing(); got != "account.cancelled" {
		t.Errorf("a cancelled system account: %q", got)
	}
}

func TestAllow(t *testing.T) {
	t.Parallel()
	h := newHouse(t, noon)
	h.paid(h.order("growth").ID) // 5 sites, 3 users, 100,000 keywords
	for _, tt := range []struct {
		what             subscription.Resource
		have, more, over int64
	}{
		{subscription.Sites, 4, 1, 0},
		{subscription.Sites, 5, 0, 0},
		{subscription.Sites, 5, 1, 5},
		{subscription.Sites, 0, 6, 5},
		{subscription.Users, 2, 1, 0},
		{subscription.Users, 3, 1, 3},
		{subscription.Keywords, 0, 100_000, 0},
		{subscription.Keywords, 99_999, 2, 100_000},
		{subscription.Keywords, 200_000, 1, 100_000}, // as after a change to a smaller plan
		{"planets", 0, 1, 0},
	} {
		h.view(func(ctx context.Context, v *tenant.View) error {
			err := subscription.Allow(ctx, v, tt.what, tt.have, tt.more)
			if tt.over == 0 && tt.what != "planets" {
				if err != nil {
					t.Errorf("%d and %d %s: %v", tt.have, tt.more, tt.what, err)
				}
				return nil
			}
			if !errors.Is(err, subscription.ErrLimit) {
				t.Errorf("%d and %d %s: %v", tt.have, tt.more, tt.what, err)
				return nil
			}
			f := fault.Of(err)
			if f.Extra["resource"] != string(tt.what) || f.Extra["limit"] != tt.over || f.Extra["have"] != tt.have {
				t.Errorf("%d and %d %s: told %v, want the limit %d", tt.have, tt.more, tt.what, f.Extra, tt.over)
			}
			return nil
		})
	}
	// What waits to be paid for allows nothing yet.
	h.order("scale")
	h.view(func(ctx context.Context, v *tenant.View) error {
		is(t, subscription.Allow(ctx, v, subscription.Sites, 5, 1), subscription.ErrLimit)
		return nil
	})
}

func TestNothingOfAnotherAccount(t *testing.T) {
	t.Parallel()
	h := newHouse(t, noon)
	ours, waiting := h.paid(h.order("growth").ID), h.order("scale")
	b := *h
	b.s = tenanttest.New(t, h.d)
	before := [2]subscription.Subscription{h.load(ours.ID), h.load(waiting.ID)}
	b.view(func(ctx context.Context, v *tenant.View) error {
		for _, id := range []subscription.ID{ours.ID, waiting.ID} {
			_, err := subscription.Load(ctx, v, id)
			is(t, err, subscription.ErrNotFound)
		}
		_, err := subscription.Current(ctx, v)
		is(t, err, subscription.ErrNotFound)
		if w, found, err := subscription.Waiting(ctx, v); found || err != nil {
			t.Errorf("another's order: %+v, %v", w, err)
		}
		is(t, subscription.Standing(ctx, v), account.ErrPaymentRequired)
		is(t, subscription.Allow(ctx, v, subscription.Sites, 0, 1), subscription.ErrNotFound)
		return nil
	})
	for _, id := range []subscription.ID{ours.ID, waiting.ID} {
		_, err := b.pay(id)
		is(t, err, subscription.ErrNotFound)
	}
	b.trial()
	b.paid(b.order("starter").ID) // ends what runs, in its own account
	if after := [2]subscription.Subscription{h.load(ours.ID), h.load(waiting.ID)}; after != before {
		t.Errorf("after the other's payment:\n got %+v\nwant %+v", after, before)
	}
}
