package renewal_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"igny8/internal/account"
	"igny8/internal/audit"
	"igny8/internal/clock"
	"igny8/internal/credit"
	"igny8/internal/db/dbtest"
	"igny8/internal/fault"
	"igny8/internal/identity"
	"igny8/internal/identity/identitytest"
	"igny8/internal/invoice"
	"igny8/internal/job"
	"igny8/internal/money"
	"igny8/internal/payment"
	"igny8/internal/plan"
	"igny8/internal/renewal"
	"igny8/internal/subscription"
	"igny8/internal/tenant"
	"igny8/internal/tenant/tenanttest"
)

const day = 24 * time.Hour

var begin = time.Date(2030, 1, 31, 12, 0, 0, 0, time.UTC)

// house is an account, a clock that the test moves, and a round.
type house struct {
	t      *testing.T
	st     *tenant.Store
	s      tenant.Scope
	hand   *clock.Hand
	q      *job.Queue
	desk   *payment.Desk
	keeper *renewal.Keeper
}

func newHouse(t *testing.T) *house {
	t.Helper()
	hand := clock.NewHand(begin)
	d := dbtest.OpenAt(t, hand.Clock())
	ids := identitytest.New(t, d, identity.Options{})
	h := &house{t: t, st: tenant.NewStore(d), s: tenanttest.New(t, d), hand: hand, desk: payment.NewDesk(ids)}
	h.keeper = renewal.New(h.desk, ids)
	var err error
	if h.q, err = job.New(d, slog.New(slog.DiscardHandler), job.Options{}); err != nil {
		t.Fatal(err)
	}
	if err := h.st.UpdateShared(t.Context(), plan.Seed); err != nil {
		t.Fatal(err)
	}
	return h
}

func (h *house) in(fn func(context.Context, *tenant.Tx) error) {
	h.t.Helper()
	if err := h.st.Update(h.t.Context(), h.s, fn); err != nil {
		h.t.Fatal(err)
	}
}

func (h *house) round() {
	h.t.Helper()
	if err := h.q.Make(h.t.Context(), h.keeper.Round()); err != nil {
		h.t.Fatal(err)
	}
}

// until moves the clock to a moment, with a round at every step on the way.
func (h *house) until(moment time.Time, step time.Duration) {
	h.t.Helper()
	for h.hand.Clock().Now().Before(moment) {
		h.hand.Advance(min(step, moment.Sub(h.hand.Clock().Now())))
		h.round()
	}
}

func (h *house) order(code string) {
	h.t.Helper()
	h.in(func(ctx context.Context, tx *tenant.Tx) error {
		p, err := plan.ForSale(ctx, tx.Shared(), code)
		if err == nil {
			_, _, err = h.desk.Checkout(ctx, tx, p, account.BankTransfer)
		}
		return err
	})
}

func (h *house) pay(reference string, amount int64) {
	h.t.Helper()
	h.in(func(ctx context.Context, tx *tenant.Tx) error {
		_, err := h.desk.Receive(ctx, tx, payment.Received{
			Method: account.BankTransfer, ExternalID: reference, Amount: money.Of(amount, "EUR"), PayerName: "P",
		})
		return err
	})
}

// state is what is left to see of an account: all but when it was written.
func (h *house) state() string {
	h.t.Helper()
	var b strings.Builder
	err := h.st.View(h.t.Context(), h.s, func(ctx context.Context, v *tenant.View) error {
		a, err := account.Load(ctx, v)
		if err != nil {
			return err
		}
		s, err := subscription.Current(ctx, v)
		if err != nil {
			return err
		}
		balance, err := credit.BalanceOf(ctx, v)
		if err != nil {
			return err
		}
		fmt.Fprintf(&b, "account %s, %s %s from %s until %s, %d credits, ", a.Status, s.Plan.Code, s.Status,
			s.PeriodStart.Format("01-02"), s.PeriodEnd.Format("01-02"), balance.Available)
		why := subscription.Standing(ctx, v)
		if why == nil {
			b.WriteString("works")
		} else {
			b.WriteString(fault.Of(why).Code)
		}
		invoices, err := invoice.List(ctx, v, invoice.ID{}, 100)
		if err != nil {
			return err
		}
		for _, i := range slices.Backward(invoices) {
			fmt.Fprintf(&b, "; %s %s due %s", i.Number, i.Status, i.Due.Format("01-02"))
		}
		broken, err := payment.Verify(ctx, v)
		if err != nil {
			return err
		}
		more, err := credit.Verify(ctx, v)
		for _, x := range append(broken, more...) {
			h.t.Error(x)
		}
		return err
	})
	if err != nil {
		h.t.Fatal(err)
	}
	return b.String()
}

// letters counts the letters of each kind that the rounds have written.
func (h *house) letters() map[string]int {
	h.t.Helper()
	all := map[string]int{}
	err := h.st.View(h.t.Context(), h.s, func(ctx context.Context, v *tenant.View) error {
		events, err := audit.Of(ctx, v, audit.EventID{}, 1000)
		for _, e := range events {
			if kind, ok := strings.CutPrefix(e.Action, "renewal."); ok {
				all[kind]++
			}
		}
		return err
	})
	if err != nil {
		h.t.Fatal(err)
	}
	return all
}

func (h *house) is(want string) {
	h.t.Helper()
	if got := h.state(); got != want {
		h.t.Errorf("%s\n got %s\nwant %s", h.hand.Clock().Now().Format(time.DateTime), got, want)
	}
}

func (h *house) wrote(want map[string]int) {
	h.t.Helper()
	if got := h.letters(); !maps.Equal(got, want) {
		h.t.Errorf("letters %v, want %v", got, want)
	}
}

func TestWhoPaysInTimeNeverNotices(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.order("starter")
	h.pay("1", 10_000)
	for _, step := range []struct {
		at   time.Time
		pay  string
		want string
	}{
		{begin.Add(10 * day), "", "account active, starter active from 01-31 until 02-28, 1000 credits, works; 2030-000001 paid due 02-14"},
		{begin.Add(15 * day), "2", "account active, starter active from 01-31 until 02-28, 1000 credits, works; 2030-000001 paid due 02-14; 2030-000002 open due 02-28"},
		{begin.Add(29 * day), "", "account active, starter active from 02-28 until 03-31, 1000 credits, works; 2030-000001 paid due 02-14; 2030-000002 paid due 02-28"},
		{begin.Add(46 * day), "3", "account active, starter active from 02-28 until 03-31, 1000 credits, works; 2030-000001 paid due 02-14; 2030-000002 paid due 02-28; 2030-000003 open due 03-31"},
		{begin.Add(60 * day), "", "account active, starter active from 03-31 until 04-30, 1000 credits, works; 2030-000001 paid due 02-14; 2030-000002 paid due 02-28; 2030-000003 paid due 03-31"},
	} {
		h.until(step.at, 12*time.Hour)
		h.is(step.want)
		if step.pay != "" {
			h.pay(step.pay, 10_000)
		}
	}
	h.wrote(map[string]int{})
}

// TestItComesToTheSameWheneverItRuns lets nobody pay, and looks at the same
// moments after rounds of every length. Between the long ones, letters that
// have been overtaken are left out.
func TestItComesToTheSameWheneverItRuns(t *testing.T) {
	t.Parallel()
	states := map[time.Duration][]string{}
	for _, step := range []time.Duration{5 * time.Hour, 24 * time.Hour, 40 * 24 * time.Hour} {
		h := newHouse(t)
		h.order("starter")
		h.pay("1", 10_000)
		for _, days := range []int{20, 29, 34, 36, 88} {
			h.until(begin.Add(time.Duration(days)*day), step)
			states[step] = append(states[step], h.state())
		}
		switch step {
		case 5 * time.Hour, 24 * time.Hour:
			h.wrote(map[string]int{"due_soon": 1, "overdue": 1, "last_reminder": 1, "access_stopped": 1})
		default:
			h.wrote(map[string]int{"overdue": 1, "last_reminder": 1, "access_stopped": 1})
		}
	}
	want := []string{
		"account active, starter active from 01-31 until 02-28, 1000 credits, works; 2030-000001 paid due 02-14; 2030-000002 open due 02-28",
		"account past_due, starter past_due from 01-31 until 02-28, 0 credits, works; 2030-000001 paid due 02-14; 2030-000002 open due 02-28",
		"account past_due, starter past_due from 01-31 until 02-28, 0 credits, works; 2030-000001 paid due 02-14; 2030-000002 open due 02-28",
		"account past_due, starter past_due from 01-31 until 02-28, 0 credits, account.payment_required; 2030-000001 paid due 02-14; 2030-000002 open due 02-28",
		"account pending_payment, starter expired from 01-31 until 02-28, 0 credits, account.payment_required; 2030-000001 paid due 02-14; 2030-000002 void due 02-28",
	}
	for step, got := range states {
		for n := range want {
			if got[n] != want[n] {
				t.Errorf("with a round every %s, look %d\n got %s\nwant %s", step, n, got[n], want[n])
			}
		}
	}
}

func TestPaidWithinTheGrace(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.order("starter")
	h.pay("1", 10_000)
	h.until(begin.Add(31*day), day)
	h.pay("2", 10_000)
	h.is("account active, starter active from 02-28 until 03-31, 1000 credits, works; 2030-000001 paid due 02-14; 2030-000002 paid due 02-28")
}

func TestTheBalanceRenews(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.order("starter")
	h.pay("1", 30_000) // three months at once
	h.until(begin.Add(74*day), 3*day)
	h.is("account active, starter active from 03-31 until 04-30, 1000 credits, works; 2030-000001 paid due 02-14; 2030-000002 paid due 02-28; 2030-000003 paid due 03-31")
	h.wrote(map[string]int{})
}

func TestCancelledEndsWithItsPeriod(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.order("starter")
	h.pay("1", 10_000)
	h.until(begin.Add(20*day), day)
	cancel := func(yes bool) {
		h.in(func(ctx context.Context, tx *tenant.Tx) error {
			_, err := h.desk.Cancel(ctx, tx, yes)
			return err
		})
	}
	cancel(true)
	cancel(false) // he thought again
	cancel(true)
	h.is("account active, starter active from 01-31 until 02-28, 1000 credits, works; 2030-000001 paid due 02-14; 2030-000002 void due 02-28")
	h.until(begin.Add(40*day), day)
	h.is("account pending_payment, starter cancelled from 01-31 until 02-28, 0 credits, account.payment_required; 2030-000001 paid due 02-14; 2030-000002 void due 02-28")
	h.order("growth")
	h.pay("2", 20_000)
	h.is("account active, growth active from 03-12 until 04-12, 2000 credits, works; 2030-000001 paid due 02-14; 2030-000002 void due 02-28; 2030-000003 paid due 03-26")
}

func TestATrialAndAnOrderThatNobodyPays(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.in(func(ctx context.Context, tx *tenant.Tx) error {
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
	h.order("starter")
	h.until(begin.Add(60*day), day)
	h.is("account trial, trial trialing from 01-31 until 02-14, 0 credits, trial.ended; 2030-000001 void due 02-14")
	h.wrote(map[string]int{"trial_ending": 1, "trial_ended": 1, "order_due_soon": 1, "order_overdue": 1})
}

// TestManyRoundsAtOnce is several processes that come to one account together.
func TestManyRoundsAtOnce(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.order("starter")
	h.pay("1", 10_000)
	for range 20 {
		h.hand.Advance(3 * day)
		var wg sync.WaitGroup
		for range 4 {
			wg.Go(h.round)
		}
		wg.Wait()
	}
	h.is("account past_due, starter past_due from 01-31 until 02-28, 0 credits, account.payment_required; 2030-000001 paid due 02-14; 2030-000002 open due 02-28")
	for kind, n := range h.letters() {
		if n != 1 {
			t.Errorf("%d letters %s", n, kind)
		}
	}
}

// TestRenewedInItsCurrency asks for the next period in the currency of the
// last, for as long as the plan is sold in it.
func TestRenewedInItsCurrency(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	operator := tenant.MintOperator("clerk", []tenant.Privilege{tenant.PlansManage})
	prices := func(all ...money.Money) {
		t.Helper()
		err := h.st.UpdateFor(t.Context(), operator, tenant.PlansManage, func(ctx context.Context, tx *tenant.SharedTx) error {
			_, err := plan.Change(ctx, tx, "starter", func(o *plan.Offer) { o.Prices = all })
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	asks := func(want string) {
		t.Helper()
		h.in(func(ctx context.Context, tx *tenant.Tx) error {
			s, err := subscription.Current(ctx, tx)
			if err != nil {
				return err
			}
			last, err := invoice.Last(ctx, tx, s.ID)
			if got := last.Number + " " + last.Total.String(); got != want {
				t.Errorf("the last invoice is %s, want %s", got, want)
			}
			return err
		})
	}
	pay := func(reference string, m money.Money) {
		h.in(func(ctx context.Context, tx *tenant.Tx) error {
			_, err := h.desk.Receive(ctx, tx, payment.Received{Method: account.BankTransfer, ExternalID: reference, Amount: m, PayerName: "P"})
			return err
		})
	}
	prices(money.Of(10_900, "USD"))
	h.in(func(ctx context.Context, tx *tenant.Tx) error {
		if _, err := invoice.Last(ctx, tx, subscription.ID{}); !errors.Is(err, invoice.ErrNotFound) {
			t.Errorf("the last invoice of none: %v", err)
		}
		p, err := plan.ForSaleIn(ctx, tx.Shared(), "starter", plan.Wish{Currency: "USD"})
		if err == nil {
			_, _, err = h.desk.Checkout(ctx, tx, p, account.BankTransfer)
		}
		return err
	})
	asks("2030-000001 " + money.Of(10_900, "USD").String())
	pay("1", money.Of(10_900, "USD"))
	prices(money.Of(11_900, "USD"))
	h.until(begin.Add(20*day), day)
	asks("2030-000002 " + money.Of(11_900, "USD").String())
	pay("2", money.Of(11_900, "USD"))
	prices()
	h.until(begin.Add(50*day), day)
	asks("2030-000003 " + money.Of(10_000, "EUR").String())
	pay("3", money.Of(10_000, "EUR"))
	prices(money.Of(10_900, "USD"))
	h.until(begin.Add(80*day), day)
	asks("2030-000004 " + money.Of(10_000, "EUR").String())
}
