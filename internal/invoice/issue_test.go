package invoice_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"reflect"
	"slices"
	"sync"
	"testing"
	"time"

	"igny8/internal/audit"
	"igny8/internal/clock"
	"igny8/internal/db"
	"igny8/internal/db/dbtest"
	"igny8/internal/invoice"
	"igny8/internal/money"
	"igny8/internal/tenant"
)

func TestIssueAndLoad(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	i := h.issue(h.ours, line(2, eur(5_000)), line(1, eur(-1_000)))
	if i.Number != "2030-000001" || i.Total != eur(9_000) || i.Paid != eur(0) || i.AmountDue() != eur(9_000) || i.Status != invoice.Open {
		t.Errorf("issued %+v", i)
	}
	if now := h.hand.Clock().Now(); !i.Issued.Equal(now) || !i.Due.Equal(now.Add(14*24*time.Hour)) || !i.PaidAt.IsZero() {
		t.Errorf("issued %s, due %s, paid %s", i.Issued, i.Due, i.PaidAt)
	}
	if r, ok := invoice.ParseReference(i.Reference); !ok || r != i.Reference {
		t.Errorf("the reference is %q", i.Reference)
	}
	if kept := h.load(h.ours, i.ID); !reflect.DeepEqual(kept, i) {
		t.Errorf("kept is\n%+v, answered was\n%+v", kept, i)
	}
}

func TestListGoesFromTheNewestOn(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	var want []string
	for range 5 {
		want = append(want, h.issue(h.ours, month).Number)
	}
	slices.Reverse(want)
	var got []string
	h.view(h.ours, func(ctx context.Context, v *tenant.View) error {
		for after := (invoice.ID{}); ; {
			part, err := invoice.List(ctx, v, after, 2)
			if err != nil || len(part) == 0 {
				return err
			}
			for _, i := range part {
				got = append(got, i.Number)
			}
			after = part[len(part)-1].ID
		}
	})
	if !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestWhatCannotBeIssuedTakesNoNumber(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	before := dbtest.Dump(t, h.d)
	for name, tt := range map[string]struct {
		lines []invoice.Line
		want  error // nil: any
	}{
		"no lines":                     {nil, nil},
		"two currencies":               {[]invoice.Line{month, line(1, money.Of(1, "USD"))}, money.ErrCurrency},
		"no currency":                  {[]invoice.Line{line(1, money.Of(1, ""))}, money.ErrUnknown},
		"an unknown currency":          {[]invoice.Line{line(1, money.Of(1, "ZZZ"))}, money.ErrUnknown},
		"a line that overflows":        {[]invoice.Line{line(math.MaxInt64, eur(20_000))}, money.ErrOverflow},
		"a total that overflows":       {[]invoice.Line{line(1, eur(math.MaxInt64)), line(1, eur(1))}, money.ErrOverflow},
		"the least line, times itself": {[]invoice.Line{line(math.MinInt64, eur(-1))}, money.ErrOverflow},
		"a total below nothing":        {[]invoice.Line{line(1, eur(-1))}, db.ErrCheck},
		"none of something":            {[]invoice.Line{line(0, eur(1))}, db.ErrCheck},
		"less than none of something":  {[]invoice.Line{month, line(-1, eur(1))}, db.ErrCheck},
	} {
		i, err := h.try(h.ours, nil, tt.lines...)
		if err == nil || tt.want != nil && !errors.Is(err, tt.want) {
			t.Errorf("%s: %+v, %v; want %v", name, i, err, tt.want)
		}
	}
	if got := dbtest.Dump(t, h.d); !reflect.DeepEqual(got, before) {
		t.Errorf("something stayed: %v, before it was %v", got["invoices"], before["invoices"])
	}
	// A large quantity costs no time: it is multiplied.
	if i := h.issue(h.ours, line(math.MaxInt64/20_000, eur(20_000))); i.Number != "2030-000001" || i.Total.Amount < 1<<62 {
		t.Errorf("issued %+v", i)
	}
}

// TestNumbersHaveNoGap has two processes on one database issue at once, for
// two accounts, with every third transaction undone at its end.
func TestNumbersHaveNoGap(t *testing.T) {
	t.Parallel()
	hand := clock.NewHand(time.Date(2030, 1, 10, 12, 0, 0, 0, time.UTC))
	url := dbtest.URL(t)
	first := on(t, dbtest.Reopen(t, url, hand.Clock()), hand)
	second := *first
	second.d = dbtest.Reopen(t, url, hand.Clock())
	second.st = tenant.NewStore(second.d)
	boom := errors.New("boom")
	var wg sync.WaitGroup
	for n := range 36 {
		h, c, end := first, first.ours, error(nil)
		if n%2 == 1 {
			h = &second
		}
		if n%4 > 1 {
			c = first.theirs
		}
		if n%3 == 0 {
			end = boom
		}
		wg.Go(func() {
			if _, err := h.try(c, end, month); !errors.Is(err, end) {
				t.Errorf("issue: %v, want %v", err, end)
			}
		})
	}
	wg.Wait()
	var got, want []string
	for _, c := range []customer{first.ours, first.theirs} {
		for _, i := range first.list(c) {
			got = append(got, i.Number)
		}
	}
	slices.Sort(got)
	for n := range 24 {
		want = append(want, fmt.Sprintf("2030-%06d", n+1))
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %v", got)
	}
}

func TestNumbersBeginAgainWithTheYear(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	at := func(moment time.Time, want string) {
		t.Helper()
		h.hand.Advance(moment.Sub(h.hand.Clock().Now()))
		if i := h.issue(h.ours, month); i.Number != want {
			t.Errorf("at %s: %s, want %s", moment, i.Number, want)
		}
	}
	newYear := time.Date(2031, 1, 1, 0, 0, 0, 0, time.UTC)
	at(newYear.Add(-time.Hour), "2030-000001")
	at(newYear.Add(-time.Microsecond), "2030-000002")
	at(newYear, "2031-000001")
	at(newYear.In(time.FixedZone("east", 3600)), "2031-000002")
	at(newYear.Add(-time.Second), "2030-000003") // a process whose clock is behind
	if err := h.d.Update(t.Context(), func(ctx context.Context, tx *db.Tx) error {
		_, err := tx.Exec(ctx, `UPDATE invoice_series SET last = 999999 WHERE name = '2030'`)
		return err
	}); err != nil {
		t.Fatal(err)
	}
	at(newYear.Add(-time.Second), "2030-1000000")
}

func TestIssueIsWhole(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	dbtest.FailEverywhere(t, h.d, func() error {
		_, err := h.try(h.ours, nil, month, month)
		return err
	})
	if all := h.list(h.ours); len(all) != 1 || all[0].Number != "2030-000001" {
		t.Errorf("after the one success: %+v", all)
	}
}

func settle(i invoice.Invoice) func(context.Context, *tenant.Tx) error {
	return func(ctx context.Context, tx *tenant.Tx) error {
		_, err := invoice.Apply(ctx, tx, i, money.Of(i.Total.Amount-i.Paid.Amount, i.Total.Currency))
		return err
	}
}

func withdraw(i invoice.Invoice) func(context.Context, *tenant.Tx) error {
	return func(ctx context.Context, tx *tenant.Tx) error { return invoice.Withdraw(ctx, tx, i) }
}

func TestOnlyAnOpenInvoiceIsSettledOrWithdrawn(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	paid, void := h.issue(h.ours, month), h.issue(h.ours, month)
	h.hand.Advance(time.Hour)
	is(t, h.in(h.ours, func(ctx context.Context, tx *tenant.Tx) error {
		got, err := invoice.Apply(ctx, tx, paid, paid.Total)
		if got.Status != invoice.Paid || got.Paid != eur(20_000) || got.AmountDue() != eur(0) || !got.PaidAt.Equal(tx.Now()) {
			t.Errorf("settled %+v", got)
		}
		return err
	}), nil)
	is(t, h.in(h.ours, withdraw(void)), nil)
	kept := h.load(h.ours, paid.ID)
	if kept.Status != invoice.Paid || kept.Paid != kept.Total || !kept.PaidAt.Equal(h.hand.Clock().Now()) {
		t.Errorf("paid is kept as %+v", kept)
	}
	if i := h.load(h.ours, void.ID); i.Status != invoice.Void || i.Number != void.Number || i.AmountDue() != eur(0) {
		t.Errorf("void is kept as %+v", i)
	}
	before := dbtest.Dump(t, h.d)
	for _, i := range []invoice.Invoice{paid, void} {
		is(t, h.in(h.ours, settle(i)), invoice.ErrNotOpen)
		is(t, h.in(h.ours, withdraw(i)), invoice.ErrNotOpen)
	}
	part := h.issue(h.ours, month)
	for _, status := range []invoice.Status{invoice.Draft, invoice.Uncollectible} {
		h.set(part, string(status), 0)
		is(t, h.in(h.ours, settle(part)), invoice.ErrNotOpen)
		is(t, h.in(h.ours, withdraw(part)), invoice.ErrNotOpen)
	}
	h.set(part, "open", 5_000) // part of it is paid: it cannot be withdrawn any more
	if due := h.load(h.ours, part.ID).AmountDue(); due != eur(15_000) {
		t.Errorf("due %s of an invoice that is paid in part", due)
	}
	is(t, h.in(h.ours, withdraw(part)), invoice.ErrNotOpen)
	is(t, h.in(h.ours, settle(part)), invoice.ErrTooMuch) // all of it, when a part is paid
	is(t, h.in(h.ours, settle(h.load(h.ours, part.ID))), nil)
	if got := dbtest.Dump(t, h.d)["audit_events"]; len(got) != len(before["audit_events"])+2 { // issued and paid
		t.Errorf("what was refused left events: %q", got)
	}
}

// set puts an invoice in a state behind the room's back.
func (h *house) set(i invoice.Invoice, status string, paid int64) {
	h.t.Helper()
	is(h.t, h.d.UpdateOf(h.t.Context(), h.ours.Account().String(), func(ctx context.Context, tx *db.Tx) error {
		_, err := tx.Exec(ctx, `UPDATE invoices SET status = $2, paid = $3 WHERE id = $1`, i.ID, status, paid)
		return err
	}), nil)
}

func TestManySettleOneInvoice(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	i := h.issue(h.ours, month)
	errs := make([]error, 6)
	var wg sync.WaitGroup
	for n := range errs {
		wg.Go(func() { errs[n] = h.in(h.ours, settle(i)) })
	}
	wg.Wait()
	won := 0
	for _, err := range errs {
		if err == nil {
			won++
			continue
		}
		is(t, err, invoice.ErrNotOpen)
	}
	if won != 1 {
		t.Errorf("%d settled the same invoice: %v", won, errs)
	}
}

func TestNothingOfAnotherAccount(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	ours, theirs := h.issue(h.ours, month), h.issue(h.theirs, line(3, eur(1)))
	if ours.Reference == theirs.Reference || ours.Number == theirs.Number {
		t.Errorf("two invoices share %s or %s", ours.Number, ours.Reference)
	}
	before := h.load(h.ours, ours.ID)
	h.view(h.theirs, func(ctx context.Context, v *tenant.View) error {
		_, err := invoice.Load(ctx, v, ours.ID)
		is(t, err, invoice.ErrNotFound)
		all, err := invoice.List(ctx, v, invoice.ID{}, 10)
		if len(all) != 1 || all[0].ID != theirs.ID {
			t.Errorf("listed %+v", all)
		}
		return err
	})
	is(t, h.in(h.theirs, settle(ours)), invoice.ErrNotFound)
	is(t, h.in(h.theirs, withdraw(ours)), invoice.ErrNotOpen)
	is(t, h.in(h.theirs, func(ctx context.Context, tx *tenant.Tx) error {
		open, err := invoice.LockOpen(ctx, tx)
		if len(open) != 1 || open[0].ID != theirs.ID {
			t.Errorf("open are %+v", open)
		}
		return err
	}), nil)
	_, err := h.try(customer{Scope: h.theirs.Scope, sub: h.ours.sub}, nil, month)
	is(t, err, db.ErrForeignKey) // nobody is charged for another's subscription
	if after := h.load(h.ours, ours.ID); !reflect.DeepEqual(after, before) {
		t.Errorf("after the other's attempts:\n got %+v\nwant %+v", after, before)
	}
	h.view(h.theirs, func(ctx context.Context, v *tenant.View) error {
		events, err := audit.Of(ctx, v, audit.EventID{}, 100)
		for _, e := range events {
			if e.Subject == ours.ID.String() {
				t.Errorf("an event about another's invoice: %+v", e)
			}
		}
		return err
	})
}
