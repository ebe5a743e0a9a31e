package payment_test

import (
	"context"
	"fmt"
	"log/slog"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"igny8/internal/account"
	"igny8/internal/audit"
	"igny8/internal/credit"
	"igny8/internal/db/dbtest"
	"igny8/internal/fault"
	"igny8/internal/invoice"
	"igny8/internal/job"
	"igny8/internal/money"
	"igny8/internal/payment"
	"igny8/internal/plan"
	"igny8/internal/renewal"
	"igny8/internal/tenant"
)

// TestWhateverHappensToMoney does what tenants, two of the staff and the clock
// can do, in any order, and checks every invariant after every step: what was
// refused has changed nothing, and what is told twice is one.
//
// The long form: go test ./internal/payment -run Whatever -rapid.checks=2000
func TestWhateverHappensToMoney(t *testing.T) {
	dbtest.Tries(t, 8, 3)
	t.Parallel()
	rapid.Check(t, func(r *rapid.T) {
		p := newPlay(t, r)
		r.Repeat(map[string]func(*rapid.T){
			"order": p.order, "receive": p.receive, "report": p.report, "decide": p.decide, "undo": p.undo, "refund": p.refund, "send back": p.sendBack,
			"spend": p.spend, "wait": p.wait, "cancel": p.cancel, "credit": p.credit, "": p.check,
		})
	})
}

// play is one account and what was done to it.
type play struct {
	*desk
	round job.Round
	queue *job.Queue
	told  []payment.Received // that counted, or wait for a second person
	next  int
}

func newPlay(t *testing.T, r *rapid.T) *play {
	p := &play{desk: openDesk(t)}
	p.rules(payment.Rules{Above: []money.Money{eur(40_000)}, Uncertain: rapid.Bool().Draw(r, "uncertain")})
	var err error
	if p.queue, err = job.New(p.d, slog.New(slog.DiscardHandler), job.Options{}); err != nil {
		t.Fatal(err)
	}
	p.round = renewal.New(p.desk.desk, p.ids).Round()
	return p
}

// try does something that may be refused: then nothing has changed.
func (p *play) try(r *rapid.T, what string, do func() error) bool {
	before := dbtest.Dump(p.t, p.d)
	err := do()
	if err == nil {
		return true
	}
	if fault.Of(err).Kind == fault.Internal {
		r.Fatalf("%s: %v", what, err)
	}
	if after := dbtest.Dump(p.t, p.d); !reflect.DeepEqual(before, after) {
		r.Fatalf("%s was refused (%v) and changed something", what, err)
	}
	return false
}

func (p *play) order(r *rapid.T) {
	code := rapid.SampledFrom([]string{"starter", "growth", "scale"}).Draw(r, "plan")
	p.try(r, "order", func() error {
		return p.in(p.s, func(ctx context.Context, tx *tenant.Tx) error {
			offer, err := plan.ForSale(ctx, tx.Shared(), code)
			if err == nil {
				_, _, err = p.desk.desk.Checkout(ctx, tx, offer, account.BankTransfer)
			}
			return err
		})
	})
}

func (p *play) clerk(r *rapid.T) account.UserID {
	return rapid.SampledFrom([]account.UserID{olga, otto}).Draw(r, "clerk")
}

func (p *play) receive(r *rapid.T) {
	u := p.clerk(r)
	if len(p.told) > 0 && rapid.IntRange(0, 2).Draw(r, "again") == 0 {
		again := rapid.SampledFrom(p.told).Draw(r, "told")
		again.Exact = false
		before := dbtest.Dump(p.t, p.d)
		c, err := p.confirm(u, p.s, again)
		if err == nil && c.New {
			return // it had been undone or rejected since, and counts anew
		}
		if err != nil && fault.Of(err).Kind == fault.Internal {
			r.Fatalf("told again: %v", err)
		}
		after := dbtest.Dump(p.t, p.d)
		for _, table := range []string{"payments", "payment_allocations", "invoices", "subscriptions", "credit_entries", "money_entries", "letters"} {
			if !slices.Equal(before[table], after[table]) {
				r.Fatalf("told again, %s changed", table)
			}
		}
		return
	}
	p.next++
	t := payment.Received{
		ExternalID: fmt.Sprintf("bank %d", p.next), PayerName: "P", Exact: rapid.Bool().Draw(r, "exact"),
		Amount: eur(rapid.SampledFrom([]int64{1, 5_000, 10_000, 20_000, 25_000, 50_000}).Draw(r, "amount")),
	}
	if p.try(r, "receive", func() error { _, err := p.confirm(u, p.s, t); return err }) {
		p.told = append(p.told, t)
	}
}

func (p *play) some(r *rapid.T) (payment.Payment, bool) {
	var all []payment.Payment
	err := p.st.View(p.t.Context(), p.s, func(ctx context.Context, v *tenant.View) (err error) {
		all, err = payment.List(ctx, v, payment.ID{}, 100)
		return err
	})
	if err != nil {
		r.Fatal(err)
	}
	if len(all) == 0 {
		return payment.Payment{}, false
	}
	return all[rapid.IntRange(0, len(all)-1).Draw(r, "payment")], true
}

func (p *play) someInvoice(r *rapid.T) (invoice.Invoice, bool) {
	var all []invoice.Invoice
	err := p.st.View(p.t.Context(), p.s, func(ctx context.Context, v *tenant.View) (err error) {
		all, err = invoice.List(ctx, v, invoice.ID{}, 100)
		return err
	})
	if err != nil {
		r.Fatal(err)
	}
	if len(all) == 0 {
		return invoice.Invoice{}, false
	}
	return all[rapid.IntRange(0, len(all)-1).Draw(r, "invoice")], true
}

func (p *play) report(r *rapid.T) {
	i, found := p.someInvoice(r)
	if !found {
		return
	}
	p.next++
	p.try(r, "report", func() error {
		_, err := p.desk.report(p.s, payment.Report{Invoice: i.ID, ExternalID: fmt.Sprintf("bank %d", p.next), Amount: i.Total, PayerName: "P"})
		return err
	})
}

// decide approves, rejects, or confirms what was reported.
func (p *play) decide(r *rapid.T) {
	one, found := p.some(r)
	if !found {
		return
	}
	u := p.clerk(r)
	switch rapid.SampledFrom([]string{"approve", "reject", "confirm"}).Draw(r, "decision") {
	case "approve":
		p.try(r, "approve", func() error { _, err := p.approve(u, p.s, one.ID); return err })
	case "reject":
		p.try(r, "reject", func() error { return p.reject(u, p.s, one.ID) })
	case "confirm":
		p.try(r, "confirm", func() error {
			_, err := p.confirm(u, p.s, payment.Received{ExternalID: one.ExternalID, Amount: one.Amount, PayerName: "P"})
			return err
		})
	}
}

func (p *play) undo(r *rapid.T) {
	if one, found := p.some(r); found {
		p.try(r, "undo", func() error { _, err := p.desk.undo(p.clerk(r), p.s, one.ID); return err })
	}
}

// refund is a vendor, or the bank, that sent the whole of a payment back.
func (p *play) refund(r *rapid.T) {
	one, found := p.some(r)
	if !found {
		return
	}
	p.try(r, "refund", func() error {
		return p.as(p.clerk(r), p.s, func(ctx context.Context, tx *tenant.Tx) error {
			_, err := p.desk.desk.Refunded(ctx, tx, one.ID, "sent back")
			return err
		})
	})
}

func (p *play) sendBack(r *rapid.T) {
	one, found := p.some(r)
	if !found {
		return
	}
	n := rapid.SampledFrom([]int64{1, 5_000}).Draw(r, "amount")
	p.try(r, "send back", func() error {
		return p.as(p.clerk(r), p.s, func(ctx context.Context, tx *tenant.Tx) error {
			_, err := p.desk.desk.SentBack(ctx, tx, one.ID, eur(n), "too much")
			return err
		})
	})
}

func (p *play) credit(r *rapid.T) {
	i, found := p.someInvoice(r)
	if !found {
		return
	}
	p.try(r, "credit", func() error {
		return p.as(p.clerk(r), p.s, func(ctx context.Context, tx *tenant.Tx) error {
			_, err := p.desk.desk.Credit(ctx, tx, i.ID, eur(rapid.Int64Range(1, 20_000).Draw(r, "amount")), "not delivered")
			return err
		})
	})
}

func (p *play) spend(r *rapid.T) {
	n := credit.Credits(rapid.Int64Range(1, 500).Draw(r, "credits"))
	p.try(r, "spend", func() error {
		return p.in(p.s, func(ctx context.Context, tx *tenant.Tx) error {
			id, err := credit.Reserve(ctx, tx, credit.Want{Amount: n, Operation: credit.GenerateIdeas, Reference: "test"})
			if err != nil || rapid.Bool().Draw(r, "leave it held") {
				return err
			}
			h, err := credit.Open(ctx, tx, id)
			if err != nil {
				return err
			}
			return credit.Settle(ctx, tx, h, n/2)
		})
	})
}

func (p *play) wait(r *rapid.T) {
	p.hand.Advance(time.Duration(rapid.SampledFrom([]int{1, 24, 7 * 24, 20 * 24, 40 * 24}).Draw(r, "hours")) * time.Hour)
	if err := p.queue.Make(p.t.Context(), p.round); err != nil {
		r.Fatalf("round: %v", err)
	}
}

func (p *play) cancel(r *rapid.T) {
	yes := rapid.Bool().Draw(r, "cancel")
	p.try(r, "cancel", func() error {
		return p.in(p.s, func(ctx context.Context, tx *tenant.Tx) error {
			_, err := p.desk.desk.Cancel(ctx, tx, yes)
			return err
		})
	})
}

// check is every invariant.
func (p *play) check(r *rapid.T) {
	err := p.st.View(p.t.Context(), p.s, func(ctx context.Context, v *tenant.View) error {
		wrong, err := payment.Verify(ctx, v)
		if err != nil {
			return err
		}
		broken, err := credit.Verify(ctx, v)
		if err != nil {
			return err
		}
		for _, x := range append(broken, wrong...) {
			r.Error(x)
		}
		invoices, err := invoice.List(ctx, v, invoice.ID{}, 1000)
		if err != nil {
			return err
		}
		numbers := map[string][]string{}
		for _, i := range invoices {
			year, _, _ := strings.Cut(i.Number, "-")
			numbers[year] = append(numbers[year], i.Number)
			if i.Paid.Amount > i.Total.Amount || i.Status == invoice.Void && i.Paid.Amount != 0 {
				r.Errorf("invoice %s, %s: %s of %s", i.Number, i.Status, i.Paid, i.Total)
			}
		}
		for year, all := range numbers {
			slices.Sort(all)
			for n, got := range all {
				if want := fmt.Sprintf("%s-%06d", year, n+1); got != want {
					r.Errorf("number %s, want %s", got, want)
				}
			}
		}
		events := map[string]int{}
		all, err := audit.Of(ctx, v, audit.EventID{}, 10_000)
		for _, e := range all {
			events[e.Action+" "+e.Subject]++
		}
		payments, listErr := payment.List(ctx, v, payment.ID{}, 1000)
		for _, one := range payments {
			counted := one.Status == payment.Succeeded || one.Status == payment.Reversed || one.Status == payment.Refunded
			if n := events["payment.confirmed "+one.ID.String()]; n != map[bool]int{true: 1}[counted] {
				r.Errorf("payment %s is %s and has %d events", one.ExternalID, one.Status, n)
			}
			if one.ApprovedBy != "" && one.ApprovedBy == one.ConfirmedBy {
				r.Errorf("payment %s was confirmed and approved by %s", one.ExternalID, one.ApprovedBy)
			}
		}
		if err == nil {
			err = listErr
		}
		return err
	})
	if err != nil {
		r.Fatal(err)
	}
}
