package bank

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"igny8/internal/account"
	"igny8/internal/bank/internal/statement"
	"igny8/internal/clock"
	"igny8/internal/db"
	"igny8/internal/db/dbtest"
	"igny8/internal/identity"
	"igny8/internal/identity/identitytest"
	"igny8/internal/invoice"
	"igny8/internal/money"
	"igny8/internal/payment"
	"igny8/internal/plan"
	"igny8/internal/subscription"
	"igny8/internal/tenant"
	"igny8/internal/tenant/tenanttest"
)

const (
	ourIBAN   = "DE89370400440532013000"
	theirIBAN = "GB82WEST12345698765432"
	otherIBAN = "FR1420041010050500013M02606"
)

// house is an operator with a bank account, and an office.
type house struct {
	t      testing.TB
	d      *db.DB
	st     *tenant.Store
	ids    *identity.Service
	desk   *payment.Desk
	office *Office
	use    identity.Use
	hand   *clock.Hand
}

func newHouse(t testing.TB) *house {
	t.Helper()
	hand := clock.NewHand(time.Date(2030, 1, 10, 12, 0, 0, 0, time.UTC))
	d := dbtest.OpenAt(t, hand.Clock())
	h := &house{t: t, d: d, st: tenant.NewStore(d), ids: identitytest.New(t, d, identity.Options{}), hand: hand}
	h.desk = payment.NewDesk(h.ids)
	h.office = NewOffice(h.ids, h.desk)
	h.use = identity.Use{Operator: tenanttest.Operator(tenant.AllPrivileges()...), Privilege: tenant.PaymentsConfirm, Operation: "test"}
	h.must(h.st.UpdateShared(t.Context(), plan.Seed))
	h.shared(func(ctx context.Context, tx *tenant.SharedTx) error {
		_, err := invoice.SetBankAccount(ctx, tx, tx.Operator(), invoice.BankAccount{Currency: "EUR", Holder: "Igny8", IBAN: ourIBAN, BankName: "Bank"})
		return err
	})
	return h
}

func (h *house) must(err error) {
	h.t.Helper()
	if err != nil {
		h.t.Fatal(err)
	}
}

func (h *house) shared(fn func(context.Context, *tenant.SharedTx) error) {
	h.t.Helper()
	h.must(h.ids.ActShared(h.t.Context(), h.use, fn))
}

// customer is an account and what its invoices are for.
type customer struct {
	tenant.Scope
	sub subscription.ID
}

func (h *house) customer() customer {
	h.t.Helper()
	c := customer{Scope: tenanttest.New(h.t, h.d)}
	h.in(c, func(ctx context.Context, tx *tenant.Tx) error {
		p, err := plan.Find(ctx, tx.Shared(), "growth")
		if err != nil {
			return err
		}
		s, err := subscription.Order(ctx, tx, p, account.BankTransfer)
		c.sub = s.ID
		return err
	})
	return c
}

func (h *house) in(c customer, fn func(context.Context, *tenant.Tx) error) {
	h.t.Helper()
	h.must(h.st.Update(h.t.Context(), c.Scope, fn))
}

// owe issues an invoice.
func (h *house) owe(c customer, m money.Money) (i invoice.Invoice) {
	h.t.Helper()
	h.in(c, func(ctx context.Context, tx *tenant.Tx) (err error) {
		i, err = invoice.Issue(ctx, tx, invoice.New{
			Subscription: c.sub, PaymentMethod: account.BankTransfer, Lines: []invoice.Line{{Description: "Growth", Quantity: 1, Unit: m}},
		})
		return err
	})
	return i
}

func (h *house) invoice(c customer, iid invoice.ID) (i invoice.Invoice) {
	h.t.Helper()
	h.must(h.st.View(h.t.Context(), c.Scope, func(ctx context.Context, v *tenant.View) (err error) {
		i, err = invoice.Load(ctx, v, iid)
		return err
	}))
	return i
}

func (h *house) payments(c customer) (all []payment.Payment) {
	h.t.Helper()
	h.must(h.st.View(h.t.Context(), c.Scope, func(ctx context.Context, v *tenant.View) (err error) {
		all, err = payment.List(ctx, v, payment.ID{}, 100)
		return err
	}))
	return all
}

func eur(n int64) money.Money { return money.Of(n, "EUR") }

func day(n int) time.Time { return time.Date(2030, 1, n, 0, 0, 0, 0, time.UTC) }

// credit is money that came in, with a name of the bank's own.
func credit(ref string, amount money.Money, text ...string) statement.Line {
	return statement.Line{
		BookedOn: day(9), ValueOn: day(9), Amount: amount, Credit: true, Booked: true, Status: "BOOK",
		IDs:    statement.Identities{AcctSvcrRef: ref},
		Debtor: statement.Party{Name: "Payer", Account: statement.Account{IBAN: theirIBAN}},
		Text:   text,
	}
}

func statementOf(f statement.Format, lines ...statement.Line) statement.Statement {
	return statement.Statement{Format: f, At: 1, ID: "S", Account: statement.Account{IBAN: ourIBAN}, Currency: "EUR", Lines: lines}
}

// fileOf is a file as Read would give it.
func fileOf(all ...statement.Statement) File {
	text, err := json.Marshal(all)
	if err != nil {
		panic(err)
	}
	sum := sha256.Sum256(text)
	return File{name: "statement.xml", sum: hex.EncodeToString(sum[:]), statements: all}
}

func (h *house) bring(lines ...statement.Line) Report {
	h.t.Helper()
	return h.take(fileOf(statementOf(statement.CAMT053, lines...)))
}

func (h *house) take(f File) Report {
	h.t.Helper()
	r, err := h.office.Import(h.t.Context(), h.use, f)
	h.must(err)
	return r
}

func (h *house) auto() {
	h.t.Helper()
	h.shared(func(ctx context.Context, tx *tenant.SharedTx) error {
		return SetSettings(ctx, tx, Settings{AutoConfirm: true})
	})
}

// lines is every line, oldest first, with what it may pay for.
func (h *house) lines() (all []Line, matchings map[string]Matching) {
	h.t.Helper()
	matchings = map[string]Matching{}
	h.must(h.ids.Survey(h.t.Context(), h.use, func(ctx context.Context, s *tenant.Survey) (err error) {
		if all, err = Lines(ctx, s.Shared(), Filter{}); err != nil {
			return err
		}
		book, err := Compare(ctx, s, all)
		if err == nil {
			err = book.Recall(ctx, s, all)
		}
		for _, l := range all {
			matchings[l.told.IDs.AcctSvcrRef] = book.Match(l)
		}
		return err
	}))
	slices.Reverse(all)
	return all, matchings
}

// line is the one line with a name of the bank's.
func (h *house) line(ref string) Line {
	h.t.Helper()
	all, _ := h.lines()
	for _, l := range all {
		if l.told.IDs.AcctSvcrRef == ref {
			return l
		}
	}
	h.t.Fatalf("no line %q", ref)
	return Line{}
}

func (h *house) match(ref string) Matching {
	h.t.Helper()
	_, m := h.lines()
	return m[ref]
}

func (h *house) confirm(c customer, l Line, choice Choice) (out Outcome, err error) {
	err = h.ids.Act(h.t.Context(), h.use, c.Account(), func(ctx context.Context, tx *tenant.Tx) error {
		out, err = Confirm(ctx, tx, h.desk, l.ID, choice)
		return err
	})
	return out, err
}

// byHand is one of the staff who types a transfer in.
func (h *house) byHand(c customer, name string, m money.Money, invoices ...invoice.ID) (payment.Confirmation, error) {
	var out payment.Confirmation
	err := h.ids.Act(h.t.Context(), h.use, c.Account(), func(ctx context.Context, tx *tenant.Tx) error {
		known, found, err := Recorded(ctx, tx, name, m)
		if err != nil {
			return err
		}
		if found {
			name = known.ExternalID
		}
		out, err = h.desk.Receive(ctx, tx, payment.Received{
			Method: account.BankTransfer, ExternalID: name, Amount: m, PayerName: "Payer", Invoices: invoices, Exact: true,
		})
		return err
	})
	return out, err
}

func is(t testing.TB, got, want error) {
	t.Helper()
	if !errors.Is(got, want) {
		t.Errorf("got the error %v, want %v", got, want)
	}
}

// says is a matching in few words.
func says(m Matching) string {
	s := ""
	for _, p := range m.Proposals {
		s += fmt.Sprintf("T%d(", p.Tier)
		for _, i := range p.Invoices {
			s += i.Number[len(i.Number)-1:]
		}
		s += ") "
	}
	for _, f := range m.Findings {
		s += f.Kind + " "
	}
	return s
}

func usd(n int64) money.Money { return money.Of(n, "USD") }

func pending(l statement.Line) statement.Line {
	l.Booked, l.Status = false, "PDNG"
	return l
}

func debit(l statement.Line) statement.Line {
	l.Credit, l.Creditor, l.Debtor = false, l.Debtor, statement.Party{}
	return l
}

func reversal(l statement.Line) statement.Line {
	l.Reversal = true
	return l
}

func returned(l statement.Line) statement.Line {
	l.Returned = "AC04"
	return l
}
