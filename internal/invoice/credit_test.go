package invoice_test

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"igny8/internal/clock"
	"igny8/internal/db/dbtest"
	"igny8/internal/fault"
	"igny8/internal/invoice"
	"igny8/internal/money"
	"igny8/internal/tenant"
)

// takeBack issues a credit note, in a transaction that ends as end says.
func (h *house) takeBack(c customer, i invoice.Invoice, amount money.Money, end error) (n invoice.CreditNote, err error) {
	err = h.in(c, func(ctx context.Context, tx *tenant.Tx) error {
		n, err = invoice.IssueCredit(ctx, tx, i, amount, "not delivered")
		if err == nil {
			err = end
		}
		return err
	})
	return n, err
}

func (h *house) credits(c customer) (all []invoice.CreditNote) {
	h.t.Helper()
	h.view(c, func(ctx context.Context, v *tenant.View) (err error) {
		all, err = invoice.Credits(ctx, v, invoice.CreditID{}, 100)
		return err
	})
	return all
}

func TestCreditNotesTakeBackAnInvoice(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	_, err := h.sells(company(func(*invoice.Settings) {}))
	is(t, err, nil)
	_, err = h.buys(h.ours, invoice.Buyer{Company: "Müller KG", Address: invoice.Address{Country: "DE"}, Language: "de"})
	is(t, err, nil)
	i := h.issue(h.ours, line(1, eur(333))) // 3.96 with its tax of 63 cents
	var notes []invoice.CreditNote
	for _, amount := range []int64{100, 195, 101} {
		n, err := h.takeBack(h.ours, i, eur(amount), nil)
		is(t, err, nil)
		if n.Net.Amount+n.Tax.Amount != amount || n.Total != eur(amount) || n.Left() != eur(amount) {
			t.Errorf("took back %+v", n)
		}
		notes = append(notes, n)
	}
	tax := notes[0].Tax.Amount + notes[1].Tax.Amount + notes[2].Tax.Amount
	if tax != i.Tax.Amount || notes[0].Number != "2030-C000001" || notes[2].Number != "2030-C000003" {
		t.Errorf("tax %d of %s, numbers %s to %s", tax, i.Tax, notes[0].Number, notes[2].Number)
	}
	if got := h.load(h.ours, i.ID); got.Credited != i.Total || got.AmountDue() != i.Total {
		t.Errorf("the invoice: %+v", got)
	}
	_, err = h.takeBack(h.ours, i, eur(1), nil)
	is(t, err, invoice.ErrAboveInvoice)
	slices.Reverse(notes)
	if got := h.credits(h.ours); !reflect.DeepEqual(got, notes) {
		t.Errorf("listed\n%+v\nwant\n%+v", got, notes)
	}
	h.view(h.ours, func(ctx context.Context, v *tenant.View) error {
		d, err := invoice.CreditDocumentOf(ctx, v, notes[0])
		if d.Title != "Rechnungskorrektur" || d.Number != "2030-C000003" || d.To.Name != "Müller KG" || len(d.Totals) != 3 || d.Payment != nil ||
			!strings.Contains(fmt.Sprint(d.Facts), i.Number) {
			t.Errorf("reads %+v", d)
		}
		_, err2 := invoice.Paper(d)
		return errors.Join(err, err2)
	})
	if next := h.issue(h.ours, month); next.Number != "2030-000002" {
		t.Errorf("credit notes took numbers of invoices: %s", next.Number)
	}
}

func TestWhatCannotBeTakenBack(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	i, void := h.issue(h.ours, month), h.issue(h.ours, month)
	is(t, h.in(h.ours, withdraw(void)), nil)
	before := dbtest.Dump(t, h.d)
	for _, tt := range []struct {
		c      customer
		i      invoice.Invoice
		amount money.Money
		want   error
	}{
		{h.ours, i, eur(20_001), invoice.ErrAboveInvoice},
		{h.ours, i, eur(1<<63 - 1), invoice.ErrAboveInvoice},
		{h.ours, i, eur(0), invoice.ErrInvalidCredit},
		{h.ours, i, eur(-1), invoice.ErrInvalidCredit},
		{h.ours, i, money.Of(1, "USD"), invoice.ErrInvalidCredit},
		{h.ours, void, eur(1), invoice.ErrNotCreditable},
		{h.theirs, i, eur(1), invoice.ErrNotFound},
	} {
		_, err := h.takeBack(tt.c, tt.i, tt.amount, nil)
		is(t, err, tt.want)
	}
	is(t, h.in(h.ours, func(ctx context.Context, tx *tenant.Tx) error {
		_, err := invoice.IssueCredit(ctx, tx, i, eur(1), "  ")
		return err
	}), invoice.ErrInvalidCredit)
	if got := dbtest.Dump(t, h.d); !reflect.DeepEqual(got, before) {
		t.Error("something stayed")
	}
	_, err := h.takeBack(h.ours, i, eur(19_000), nil)
	is(t, err, nil)
	_, err = h.takeBack(h.ours, i, eur(1_001), nil)
	if left := fault.Of(err).Extra["left"]; !errors.Is(err, invoice.ErrAboveInvoice) || left != eur(1_000) {
		t.Errorf("%v with %v left", err, left)
	}
}

// TestCreditNumbersHaveNoGap has two processes take back the same invoice in
// parts, with every third transaction undone at its end, and more in all than
// it asks for.
func TestCreditNumbersHaveNoGap(t *testing.T) {
	t.Parallel()
	hand := clock.NewHand(time.Date(2030, 1, 10, 12, 0, 0, 0, time.UTC))
	url := dbtest.URL(t)
	first := on(t, dbtest.Reopen(t, url, hand.Clock()), hand)
	second := *first
	second.d = dbtest.Reopen(t, url, hand.Clock())
	second.st = tenant.NewStore(second.d)
	i := first.issue(first.ours, month)
	boom := errors.New("boom")
	var wg sync.WaitGroup
	for n := range 36 {
		h, end := first, error(nil)
		if n%2 == 1 {
			h = &second
		}
		if n%3 == 0 {
			end = boom
		}
		wg.Go(func() {
			_, err := h.takeBack(first.ours, i, eur(1_000), end) // twenty fit
			if !errors.Is(err, end) && !errors.Is(err, invoice.ErrAboveInvoice) {
				t.Errorf("take back: %v, want %v", err, end)
			}
		})
	}
	wg.Wait()
	var got, want []string
	for n, c := range first.credits(first.ours) {
		got = append(got, c.Number)
		want = append(want, fmt.Sprintf("2030-C%06d", n+1))
	}
	slices.Sort(got)
	if kept := first.load(first.ours, i.ID); !slices.Equal(got, want) || len(got) != 20 || kept.Credited != kept.Total {
		t.Errorf("%d notes, %v; of %s %s were taken back", len(got), got, kept.Total, kept.Credited)
	}
}

func TestCreditIsUsedOnce(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	i := h.issue(h.ours, month)
	n, err := h.takeBack(h.ours, i, eur(1_000), nil)
	is(t, err, nil)
	move := func(c customer, fn func(context.Context, *tenant.Tx, invoice.CreditID, money.Money) (invoice.CreditNote, error), amount money.Money) error {
		return h.in(c, func(ctx context.Context, tx *tenant.Tx) error {
			_, err := fn(ctx, tx, n.ID, amount)
			return err
		})
	}
	errs := make([]error, 8)
	var wg sync.WaitGroup
	for k := range errs {
		wg.Go(func() { errs[k] = move(h.ours, invoice.TakeCredit, eur(300)) })
	}
	wg.Wait()
	won := 0
	for _, err := range errs {
		if err == nil {
			won++
			continue
		}
		is(t, err, invoice.ErrCreditSpent)
	}
	if left := h.credits(h.ours)[0].Left(); won != 3 || left != eur(100) {
		t.Errorf("%d took 300 of 1000, and %s are left", won, left)
	}
	is(t, move(h.ours, invoice.TakeCredit, eur(1<<63-1)), invoice.ErrCreditSpent)
	is(t, move(h.ours, invoice.TakeCredit, money.Of(1, "USD")), invoice.ErrCreditSpent)
	is(t, move(h.ours, invoice.TakeCredit, eur(0)), invoice.ErrInvalidCredit)
	is(t, move(h.ours, invoice.GiveBackCredit, eur(901)), invoice.ErrCreditSpent)
	is(t, move(h.theirs, invoice.TakeCredit, eur(1)), invoice.ErrCreditNotFound)
	is(t, move(h.theirs, invoice.GiveBackCredit, eur(1)), invoice.ErrCreditNotFound)
	is(t, move(h.ours, invoice.GiveBackCredit, eur(900)), nil)
	h.view(h.ours, func(ctx context.Context, v *tenant.View) error {
		left, err := invoice.CreditsLeft(ctx, v, "EUR")
		if len(left) != 1 || left[0].Applied != eur(0) {
			t.Errorf("left are %+v", left)
		}
		return err
	})
	is(t, move(h.ours, invoice.TakeCredit, eur(1_000)), nil)
	h.view(h.ours, func(ctx context.Context, v *tenant.View) error {
		left, err := invoice.CreditsLeft(ctx, v, "EUR")
		if len(left) != 0 {
			t.Errorf("left are %+v", left)
		}
		return err
	})
	if all := h.credits(h.theirs); len(all) != 0 {
		t.Errorf("the other has %+v", all)
	}
	h.view(h.theirs, func(ctx context.Context, v *tenant.View) error {
		_, err := invoice.LoadCredit(ctx, v, n.ID)
		is(t, err, invoice.ErrCreditNotFound)
		return nil
	})
}
