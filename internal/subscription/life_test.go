package subscription_test

import (
	"context"
	"testing"
	"time"

	"igny8/internal/account"
	"igny8/internal/audit"
	"igny8/internal/db/dbtest"
	"igny8/internal/plan"
	"igny8/internal/subscription"
	"igny8/internal/tenant"
)

func TestATrialBeginsAtOnceAndEndsToTheMoment(t *testing.T) {
	t.Parallel()
	h := newHouse(t, noon)
	s := h.trial()
	end := day(2030, time.January, 24)
	if s.Status != subscription.Trialing || !s.PeriodStart.Equal(noon) || !s.PeriodEnd.Equal(end) || s.PaymentMethod != account.Stripe {
		t.Errorf("began as %+v", s)
	}
	if kept := h.load(s.ID); kept != s {
		t.Errorf("kept is %+v, answered was %+v", kept, s)
	}
	for _, tt := range []struct {
		at        time.Time
		standing  string
		available int
	}{
		{noon, "", 1000},
		{end.Add(-time.Microsecond), "", 1000},
		{end, "trial.ended", 0},
		{end.Add(subscription.Grace), "trial.ended", 0}, // nobody owes anything: there is no grace
	} {
		h.to(tt.at)
		if got := h.standing(); got != tt.standing {
			t.Errorf("at %s: %q, want %q", tt.at, got, tt.standing)
		}
		if got := h.available(); int(got) != tt.available {
			t.Errorf("at %s: %d credits, want %d", tt.at, got, tt.available)
		}
	}
}

func TestAFirstPaymentBeginsNow(t *testing.T) {
	t.Parallel()
	h := newHouse(t, noon)
	trial, s := h.trial(), h.order("growth")
	h.to(noon.AddDate(0, 0, 3))
	s = h.paid(s.ID)
	h.runs(s, day(2030, time.January, 13), day(2030, time.February, 13))
	if s.ExternalPaymentID != "BANK" || s.PaymentMethod != account.BankTransfer {
		t.Errorf("paid %+v", s)
	}
	if old := h.load(trial.ID); old.Status != subscription.Expired {
		t.Errorf("the trial that it replaced is %s", old.Status)
	}
	if a := h.account(); a.Status != account.Active || a.PaymentMethod != account.BankTransfer {
		t.Errorf("the account is %s and pays by %s", a.Status, a.PaymentMethod)
	}
	if got := h.available(); got != 3000 { // what the trial gave stays until it would have ended
		t.Errorf("%d credits", got)
	}
	h.to(day(2030, time.January, 24))
	if got := h.available(); got != 2000 {
		t.Errorf("%d credits after the trial's end", got)
	}
}

// TestPaidAgain is about a subscription that runs from 10 January until 10
// February.
func TestPaidAgain(t *testing.T) {
	t.Parallel()
	feb, mar := day(2030, time.February, 10), day(2030, time.March, 10)
	afterGrace := feb.Add(subscription.Grace)
	for _, tt := range []struct {
		name       string
		at         time.Time
		start, end time.Time
	}{
		{"long before the end", day(2030, time.January, 20), noon, mar},
		{"in the last moment", feb.Add(-time.Microsecond), noon, mar},
		{"at the end", feb, feb, mar},
		{"within the grace", feb.AddDate(0, 0, 5), feb, mar},
		{"in the last moment of the grace", afterGrace.Add(-time.Microsecond), feb, mar},
		{"after the grace", afterGrace, afterGrace, day(2030, time.March, 17)},
		{"a year later", day(2031, time.January, 10), day(2031, time.January, 10), day(2031, time.February, 10)},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t, noon)
			s := h.paid(h.order("starter").ID)
			h.to(tt.at)
			s = h.paid(s.ID)
			h.runs(s, tt.start, tt.end)
			// Never two intervals' credits at once, never none.
			for _, at := range []time.Time{tt.at, feb, tt.end.Add(-time.Microsecond)} {
				if at.Before(tt.at) {
					continue
				}
				h.to(at)
				if got := h.available(); got != 1000 {
					t.Errorf("%d credits at %s, want 1000", got, at)
				}
			}
			h.to(tt.end)
			if got := h.available(); got != 0 {
				t.Errorf("%d credits after the end, want none", got)
			}
			if got := h.standing(); got != "" {
				t.Errorf("within the grace: %s", got)
			}
			h.to(tt.end.Add(subscription.Grace))
			if got := h.standing(); got != "account.payment_required" {
				t.Errorf("after the grace: %q", got)
			}
		})
	}
}

// TestPaidAheadForMonths pays three times in one day.
func TestPaidAheadForMonths(t *testing.T) {
	t.Parallel()
	h := newHouse(t, noon)
	s := h.order("starter")
	for range 3 {
		s = h.paid(s.ID)
	}
	h.runs(s, noon, day(2030, time.April, 10))
	for _, at := range []time.Time{noon, day(2030, time.February, 10), day(2030, time.March, 10)} {
		h.to(at)
		if got := h.available(); got != 1000 { // each month's credits come and go with the month
			t.Errorf("%s: %d credits, want 1000", at, got)
		}
	}
}

func TestIntervalsThatBeginAtTheEndOfAMonth(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name     string
		interval plan.Interval
		from     time.Time
		ends     []time.Time
	}{
		{"month", plan.Month, day(2030, time.January, 31), []time.Time{day(2030, time.February, 28), day(2030, time.March, 31), day(2030, time.April, 30)}},
		{"month in a leap year", plan.Month, day(2032, time.January, 31), []time.Time{day(2032, time.February, 29), day(2032, time.March, 31)}},
		{"year", plan.Year, day(2030, time.January, 31), []time.Time{day(2031, time.January, 31), day(2032, time.January, 31)}},
		{"year from a leap day", plan.Year, day(2032, time.February, 29), []time.Time{day(2033, time.February, 28)}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t, tt.from)
			if err := h.behind(`UPDATE plans SET period = $1 WHERE code = 'starter'`, string(tt.interval)); err != nil {
				t.Fatal(err)
			}
			s := h.order("starter")
			for _, end := range tt.ends {
				start := h.hand.Clock().Now()
				s = h.paid(s.ID)
				h.runs(s, start, end)
				h.to(end)
			}
		})
	}
}

func TestWhatIsOverCannotBePaid(t *testing.T) {
	t.Parallel()
	h := newHouse(t, noon)
	trial := h.trial()
	h.paid(h.order("starter").ID)
	before := dbtest.Dump(t, h.d)
	_, err := h.pay(trial.ID)
	is(t, err, subscription.ErrOver)
	missing, err := subscription.ParseID("sub_00000000000000000000000000")
	is(t, err, nil)
	_, err = h.pay(missing)
	is(t, err, subscription.ErrNotFound)
	for table, rows := range dbtest.Dump(t, h.d) {
		if len(rows) != len(before[table]) {
			t.Errorf("%s was changed: %q", table, rows)
		}
	}
	is(t, h.behind(`UPDATE subscriptions SET status = 'cancelled' WHERE status = 'active'`), nil)
	h.view(func(ctx context.Context, v *tenant.View) error {
		s, err := subscription.Current(ctx, v)
		if s.Status != subscription.Cancelled || err != nil {
			t.Errorf("with nothing that runs or waits, current is the last one: %+v, %v", s, err)
		}
		_, err = h.pay(s.ID)
		is(t, err, subscription.ErrOver)
		return nil
	})
}

// TestPayingDoesNotLiftASuspension: the money is taken, the account is to
// resume as active, and only the operator can let it.
func TestPayingDoesNotLiftASuspension(t *testing.T) {
	t.Parallel()
	h := newHouse(t, noon)
	s := h.order("starter")
	is(t, h.update(func(ctx context.Context, tx *tenant.Tx) error {
		_, err := account.Suspend(ctx, tx, "test")
		return err
	}), nil)
	h.runs(h.paid(s.ID), noon, day(2030, time.February, 10))
	if got := h.standing(); got != "account.suspended" {
		t.Errorf("paid and suspended: %q", got)
	}
	is(t, h.update(func(ctx context.Context, tx *tenant.Tx) error {
		_, err := account.Reactivate(ctx, tx, "test")
		return err
	}), nil)
	if got := h.standing(); got != "" {
		t.Errorf("paid and reactivated: %q", got)
	}
}

func TestAPlanWithoutCreditsGrantsNone(t *testing.T) {
	t.Parallel()
	h := newHouse(t, noon)
	is(t, h.behind(`UPDATE plans SET included_credits = 0`), nil)
	h.paid(h.order("starter").ID)
	if got := h.available(); got != 0 {
		t.Errorf("%d credits", got)
	}
}

// TestEveryStepIsWhole fails each statement in turn.
func TestEveryStepIsWhole(t *testing.T) {
	t.Parallel()
	h := newHouse(t, noon)
	h.trial()
	n := dbtest.FailEverywhere(t, h.d, func() error {
		return h.update(func(ctx context.Context, tx *tenant.Tx) error {
			p, err := plan.Find(ctx, tx.Shared(), "growth")
			if err != nil {
				return err
			}
			s, err := subscription.Order(ctx, tx, p, account.BankTransfer)
			if err != nil {
				return err
			}
			_, err = subscription.Paid(ctx, tx, s.ID, subscription.Bill{Invoice: "inv_1", ExternalID: "BANK"})
			return err
		})
	})
	if n < 10 {
		t.Errorf("only %d statements", n)
	}
	var actions []string
	h.view(func(ctx context.Context, v *tenant.View) error {
		all, err := audit.Of(ctx, v, audit.EventID{}, 10)
		for _, e := range all {
			actions = append(actions, e.Action)
		}
		return err
	})
	if len(actions) != 3 || actions[0] != "subscription.paid" || actions[1] != "subscription.created" {
		t.Errorf("audit: %v", actions)
	}
}
