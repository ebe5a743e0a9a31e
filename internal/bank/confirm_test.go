package bank

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"igny8/internal/audit"
	"igny8/internal/bank/internal/statement"
	"igny8/internal/invoice"
	"igny8/internal/payment"
	"igny8/internal/tenant"
)

func TestAConfirmedLineIsAPayment(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	a, b := h.customer(), h.customer()
	i := h.owe(a, eur(100))
	h.bring(credit("R1", eur(100), i.Reference))
	l := h.line("R1")
	out, err := h.confirm(a, l, Choice{Invoices: []invoice.ID{i.ID}})
	is(t, err, nil)
	if p := out.Payment; p.ExternalID != "R1" || p.Amount != eur(100) || p.PayerName != "Payer" || p.Status != payment.Succeeded || out.Line.Handling.Payment != p.ID {
		t.Errorf("got %+v and %+v", p, out.Line.Handling)
	}
	if h.invoice(a, i.ID).Status != invoice.Paid {
		t.Error("the invoice is not paid")
	}
	// Once more it is the same payment, and nobody else's.
	again, err := h.confirm(a, l, Choice{})
	if is(t, err, nil); again.Payment.ID != out.Payment.ID || len(h.payments(a)) != 1 {
		t.Errorf("got payment %s, want %s", again.Payment.ID, out.Payment.ID)
	}
	_, err = h.confirm(b, l, Choice{})
	is(t, err, ErrHandled)
	if len(h.payments(b)) != 0 {
		t.Error("another account has got the money too")
	}
	// It is put back only when its payment does not count any more.
	release := func() error {
		return h.ids.Act(t.Context(), h.use, a.Account(), func(ctx context.Context, tx *tenant.Tx) error {
			_, err := Release(ctx, tx, l.ID)
			return err
		})
	}
	is(t, release(), ErrPaymentCounts)
	is(t, h.ids.Act(t.Context(), h.use, a.Account(), func(ctx context.Context, tx *tenant.Tx) error {
		_, err := h.desk.Undo(ctx, tx, out.Payment.ID, "it was somebody else's")
		return err
	}), nil)
	is(t, release(), nil)
	third, err := h.confirm(a, l, Choice{Invoices: []invoice.ID{i.ID}})
	if is(t, err, nil); third.Payment.ID == out.Payment.ID {
		t.Error("the payment that was undone counts again")
	}
}

func TestIgnoredAndReopened(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	a := h.customer()
	h.bring(credit("R1", eur(100)), debit(credit("R2", eur(100))))
	l, out := h.line("R1"), h.line("R2")
	change := func(fn func(context.Context, *tenant.SharedTx, LineID) (Line, error), l Line) error {
		return h.ids.ActShared(t.Context(), h.use, func(ctx context.Context, tx *tenant.SharedTx) error {
			_, err := fn(ctx, tx, l.ID)
			return err
		})
	}
	ignore := func(ctx context.Context, tx *tenant.SharedTx, lid LineID) (Line, error) {
		return Ignore(ctx, tx, lid, "interest")
	}
	is(t, change(Reopen, l), ErrNotHandled)
	is(t, change(ignore, l), nil)
	is(t, change(ignore, l), ErrHandled)
	_, err := h.confirm(a, l, Choice{})
	is(t, err, ErrHandled)
	if got := h.line("R1").Handling; got.State != Ignored || got.Reason != "interest" {
		t.Errorf("got %+v", got)
	}
	is(t, change(Reopen, l), nil)
	is(t, change(ignore, out), ErrInert)
	is(t, change(Reopen, out), ErrInert)
	_, err = h.confirm(a, out, Choice{})
	is(t, err, ErrInert)
	is(t, change(func(ctx context.Context, tx *tenant.SharedTx, lid LineID) (Line, error) {
		return Ignore(ctx, tx, lid, " ")
	}, l), ErrReason)
}

// TestNobodyPaysTwice confirms a transfer by hand and from the statement, in
// either order and under every name.
func TestNobodyPaysTwice(t *testing.T) { //nolint:tparallel // one house for all, and each has a customer of its own
	t.Parallel()
	h := newHouse(t)
	for n, called := range []func(statement.Line, invoice.Invoice) string{
		func(l statement.Line, _ invoice.Invoice) string { return l.IDs.AcctSvcrRef },
		func(l statement.Line, _ invoice.Invoice) string { return " e2e " + l.IDs.EndToEndID[3:] },
		func(_ statement.Line, i invoice.Invoice) string { return i.Reference },
		func(statement.Line, invoice.Invoice) string { return "something else" },
	} {
		for _, handFirst := range []bool{true, false} {
			t.Run(fmt.Sprint(n, handFirst), func(t *testing.T) {
				c := h.customer()
				// Two invoices ask for the same, so that a second payment would find one to pay.
				amount := eur(int64(1000 + 2*n))
				i, other := h.owe(c, amount), h.owe(c, amount)
				l := credit(fmt.Sprint("BANK", n, handFirst), amount, i.Reference)
				l.IDs.EndToEndID = fmt.Sprint("E2E", n, handFirst)
				h.bring(l)
				line := h.line(l.IDs.AcctSvcrRef)
				if handFirst {
					_, err := h.byHand(c, called(l, i), amount, i.ID)
					is(t, err, nil)
					if m := h.match(l.IDs.AcctSvcrRef); len(m.Findings) == 0 {
						t.Errorf("nothing says that the transfer is known: %+v", m)
					}
					out, err := h.confirm(c, line, Choice{Invoices: []invoice.ID{other.ID}})
					if n < 2 { // by a name that only this transfer has, it is the same
						if is(t, err, nil); out.New {
							t.Error("the money was counted again")
						}
					} else {
						is(t, err, ErrProbablyKnown)
						out, err = h.confirm(c, line, Choice{Payment: h.payments(c)[0].ID})
						if is(t, err, nil); out.New {
							t.Error("the money was counted again")
						}
					}
				} else {
					_, err := h.confirm(c, line, Choice{Invoices: []invoice.ID{i.ID}})
					is(t, err, nil)
					if n == 3 {
						return // by a name of his own making somebody can record another transfer
					}
					again, err := h.byHand(c, called(l, i), amount, other.ID)
					if is(t, err, nil); again.New {
						t.Error("the money was counted again")
					}
				}
				if got := h.payments(c); len(got) != 1 {
					t.Errorf("%d payments of one transfer", len(got))
				}
				if h.invoice(c, other.ID).Status != invoice.Open {
					t.Error("the other invoice was paid with the same money")
				}
			})
		}
	}
}

// TestTwinsAreTwoPayments: the payer has sent the same twice, under the same
// name, and means two invoices.
func TestTwinsAreTwoPayments(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	c := h.customer()
	i, j := h.owe(c, eur(100)), h.owe(c, eur(100))
	batch := credit("BATCH", eur(100), "thanks") // the bank's name of both
	batch.IDs.EndToEndID = "RENT"
	h.bring(batch, batch)
	lines, _ := h.lines()
	for n, l := range lines {
		out, err := h.confirm(c, l, Choice{Invoices: []invoice.ID{[]invoice.ID{i.ID, j.ID}[n]}, Another: true})
		if is(t, err, nil); !out.New {
			t.Errorf("line %d is taken for the other", n)
		}
	}
	if len(h.payments(c)) != 2 || h.invoice(c, i.ID).Status != invoice.Paid || h.invoice(c, j.ID).Status != invoice.Paid {
		t.Errorf("%d payments", len(h.payments(c)))
	}
}

func TestAReportIsBorneOut(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	c := h.customer()
	i := h.owe(c, eur(100))
	var claim payment.Payment
	h.in(c, func(ctx context.Context, tx *tenant.Tx) (err error) {
		claim, err = h.desk.Report(ctx, tx, payment.Report{Invoice: i.ID, ExternalID: "my transfer", Amount: eur(100), PayerName: "Payer"})
		return err
	})
	h.bring(credit("R1", eur(100), i.Reference))
	m := h.match("R1")
	if e := m.Proposals[0].Evidence; len(m.Findings) > 0 || e[len(e)-1].Kind != "reported" {
		t.Errorf("got %+v", m)
	}
	out, err := h.confirm(c, h.line("R1"), Choice{Invoices: []invoice.ID{i.ID}})
	if is(t, err, nil); out.Payment.ID != claim.ID || out.Payment.Status != payment.Succeeded || len(h.payments(c)) != 1 {
		t.Errorf("got %+v, want payment %s", out.Payment, claim.ID)
	}
}

// TestNoWrongConfirmation imports a statement made to deceive, where what
// leaves no doubt is confirmed by itself.
func TestNoWrongConfirmation(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.auto()
	a, b, c := h.customer(), h.customer(), h.customer()
	right := h.owe(a, eur(100))
	good := credit("GOOD", eur(100), right.Reference)
	good.Debtor.Account.IBAN = otherIBAN
	if r := h.bring(good); len(r.Confirmed) != 1 {
		t.Fatalf("what leaves no doubt was not confirmed: %+v", r)
	}
	// A second person's privileges are payment's to ask; who confirmed is in the log.
	var events []audit.Event
	h.must(h.st.View(t.Context(), a.Scope, func(ctx context.Context, v *tenant.View) (err error) {
		events, err = audit.Of(ctx, v, audit.EventID{}, 100)
		return err
	}))
	by := ""
	for _, e := range events {
		if e.Action == "bank_line.matched" {
			by = e.Actor + " " + string(e.Privilege)
		}
	}
	if want := h.use.Operator.Actor().String() + " payments.confirm"; by != want {
		t.Errorf("matched by %q, want %q", by, want)
	}

	open := []struct {
		customer
		invoice.Invoice
	}{}
	owe := func(c customer, n int64) invoice.Invoice {
		i := h.owe(c, eur(n))
		open = append(open, struct {
			customer
			invoice.Invoice
		}{c, i})
		return i
	}
	var lines []statement.Line
	add := func(l statement.Line) {
		l.IDs.AcctSvcrRef = fmt.Sprint("BAD", len(lines))
		lines = append(lines, l)
	}
	i, j, k := owe(a, 300), owe(a, 300), owe(b, 300)
	for n := 2; n < len(i.Reference)-1; n++ {
		r := []byte(i.Reference)
		if r[n] == r[n+1] {
			continue
		}
		r[n], r[n+1] = r[n+1], r[n]
		add(credit("", eur(300), string(r)))
	}
	for n := 2; n < len(i.Reference); n++ {
		r := []byte(i.Reference)
		r[n] = '0' + (r[n]-'0'+3)%10
		add(credit("", eur(300), "pays "+string(r)))
	}
	add(credit("", eur(600), i.Reference, j.Reference))
	add(credit("", eur(300), i.Reference, j.Reference))
	add(credit("", eur(300), i.Reference, k.Reference))
	add(credit("", eur(300), i.Reference, k.Number))
	add(credit("", eur(290), i.Reference))
	add(credit("", eur(310), k.Reference))
	add(credit("", eur(300), i.Number))
	add(credit("", eur(300), "thanks"))
	add(credit("", eur(100), right.Reference))
	add(credit("", eur(300), right.Reference+" "+i.Reference))
	add(credit("", usd(300), i.Reference))
	add(credit("", eur(0), i.Reference))
	add(credit("", eur(-300), i.Reference))
	add(pending(credit("", eur(300), i.Reference)))
	add(debit(credit("", eur(300), i.Reference)))
	add(reversal(credit("", eur(300), i.Reference)))
	add(reversal(debit(credit("", eur(300), i.Reference))))
	add(returned(credit("", eur(300), i.Reference)))
	undivided := credit("", eur(300), i.Reference)
	undivided.Parts = []statement.Line{credit("", eur(0), j.Reference), credit("", eur(0), k.Reference)}
	add(undivided)
	foreign := credit("", eur(300), k.Reference) // the payer has paid for a before
	foreign.Debtor.Account.IBAN = otherIBAN
	add(foreign)
	sum := credit("", eur(600), "all")
	sum.Debtor.Account.IBAN = otherIBAN
	add(sum)
	dollars := h.owe(c, usd(300))
	add(credit("", eur(300), dollars.Reference))
	void := h.owe(c, eur(44))
	h.in(c, func(ctx context.Context, tx *tenant.Tx) error { return invoice.Withdraw(ctx, tx, void) })
	add(credit("", eur(44), void.Reference))
	// Confirmed by hand the day before, under a name that nobody can know.
	hand, next := owe(c, 55), owe(c, 55)
	if _, err := h.byHand(c, "seen at the bank", eur(55), hand.ID); err != nil {
		t.Fatal(err)
	}
	add(credit("", eur(55), next.Reference))
	// And under the line's own name, for another invoice than the line says.
	hand2, next2 := owe(c, 56), owe(c, 56)
	if _, err := h.byHand(c, "E2E56", eur(56), hand2.ID); err != nil {
		t.Fatal(err)
	}
	named := credit("", eur(56), next2.Reference)
	named.IDs.EndToEndID = "E2E56"
	add(named)
	r := h.bring(lines...)
	if len(r.Confirmed) != 0 || r.New != len(lines) {
		t.Errorf("of %d lines %d are new and %d were confirmed: %+v", len(lines), r.New, len(r.Confirmed), r.Confirmed)
	}
	for _, o := range open {
		if got := h.invoice(o.customer, o.ID); got.Paid.Amount != 0 && o.ID != hand.ID && o.ID != hand2.ID {
			t.Errorf("invoice %s: %s were paid", got.Number, got.Paid)
		}
	}
	t.Logf("%d lines, best evidence %v, %d with findings", len(lines), r.Tiers, r.Findings)

	// Twins: the first pays, the second finds a paid invoice.
	twin := credit("TWIN1", eur(300), i.Reference)
	other := credit("TWIN2", eur(300), i.Reference)
	if r := h.bring(twin, other); len(r.Confirmed) != 1 {
		t.Errorf("of twins %d were confirmed", len(r.Confirmed))
	}
	if got := len(h.payments(a)); got != 2 {
		t.Errorf("%d payments, want 2", got)
	}
}

func TestImportsAtOnce(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.auto()
	c := h.customer()
	const n = 20
	var lines []statement.Line
	for i := range n {
		lines = append(lines, credit(fmt.Sprint("R", i), eur(100+int64(i)), h.owe(c, eur(100+int64(i))).Reference))
	}
	same := fileOf(statementOf(statement.CAMT053, lines...))
	files := []File{same, same, fileOf(statementOf(statement.CAMT053, lines[5:]...)), fileOf(statementOf(statement.CAMT054, lines[:15]...))}
	var wg sync.WaitGroup
	reports := make([]Report, len(files))
	errs := make([]error, len(files))
	for i, f := range files {
		wg.Go(func() { reports[i], errs[i] = h.office.Import(t.Context(), h.use, f) })
	}
	wg.Wait()
	fresh, repeated := 0, 0
	for i, r := range reports {
		is(t, errs[i], nil)
		if fresh += r.New; r.Repeated {
			repeated++
		}
	}
	if all, _ := h.lines(); fresh != n || repeated != 1 || len(all) != n {
		t.Errorf("%d new lines, %d kept, %d repeated files; want %d, %d, 1", fresh, len(all), repeated, n, n)
	}
	if got := h.payments(c); len(got) != n {
		t.Errorf("%d payments, want %d", len(got), n)
	}
}

// TestOneLineForTwoAccountsAtOnce: two of the staff take it for different
// tenants' money, and one of them is told.
func TestOneLineForTwoAccountsAtOnce(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	a, b := h.customer(), h.customer()
	for n := range 6 {
		h.bring(credit(fmt.Sprint("R", n), eur(int64(900+n))))
		l := h.line(fmt.Sprint("R", n))
		errs := make([]error, 2)
		var wg sync.WaitGroup
		for i, c := range []customer{a, b} {
			wg.Go(func() { _, errs[i] = h.confirm(c, l, Choice{}) })
		}
		wg.Wait()
		if (errs[0] == nil) == (errs[1] == nil) || !errors.Is(errors.Join(errs...), ErrHandled) {
			t.Errorf("try %d: got %v and %v", n, errs[0], errs[1])
		}
	}
	if got := len(h.payments(a)) + len(h.payments(b)); got != 6 {
		t.Errorf("%d payments of 6 lines", got)
	}
}

func TestImportAndHandAtOnce(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.auto()
	c := h.customer()
	for n := range 8 {
		amount := eur(int64(500 + n))
		i, other := h.owe(c, amount), h.owe(c, amount)
		l := credit(fmt.Sprint("BANK", n), amount, i.Reference)
		l.IDs.EndToEndID = fmt.Sprint("E2E", n)
		var wg sync.WaitGroup
		var imported, typed error
		wg.Go(func() { _, imported = h.office.Import(t.Context(), h.use, fileOf(statementOf(statement.CAMT053, l))) })
		wg.Go(func() { _, typed = h.byHand(c, l.IDs.EndToEndID, amount, i.ID) })
		wg.Wait()
		if is(t, imported, nil); typed != nil && !errors.Is(typed, invoice.ErrNotOpen) {
			t.Error(typed)
		}
		if h.invoice(c, i.ID).Status != invoice.Paid || h.invoice(c, other.ID).Status != invoice.Open {
			t.Errorf("try %d: one is %s, the other %s", n, h.invoice(c, i.ID).Status, h.invoice(c, other.ID).Status)
		}
	}
	if got := h.payments(c); len(got) != 8 {
		t.Errorf("%d payments of 8 transfers", len(got))
	}
}

func TestForeignStatements(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	foreign := statementOf(statement.CAMT053, credit("R", eur(1)))
	foreign.Account.IBAN = otherIBAN
	nameless := statementOf(statement.CAMT053, credit("R", eur(1)))
	nameless.Account = statement.Account{Other: "12345"}
	for _, f := range []File{fileOf(foreign), fileOf(nameless), fileOf(statementOf(statement.CAMT053, credit("R", eur(1))), foreign)} {
		_, err := h.office.Import(t.Context(), h.use, f)
		is(t, err, ErrForeign)
	}
	if all, _ := h.lines(); len(all) != 0 {
		t.Errorf("%d lines were taken all the same", len(all))
	}
}

func TestOurAccountByItsNumber(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	for number, want := range map[string]error{
		"37040044/532013000": nil, "37040044/0532013000EUR": nil, "370400440532013000": nil,
		"37040044/532013001": ErrForeign, "532013000": ErrForeign, "37040044/": ErrForeign, "/532013000": ErrForeign, "3704/532013000": ErrForeign,
	} {
		s := statementOf(statement.MT940, credit(number, eur(1)))
		s.Account = statement.Account{Other: number}
		_, err := h.office.Import(t.Context(), h.use, fileOf(s))
		if !errors.Is(err, want) {
			t.Errorf("%s: got %v, want %v", number, err, want)
		}
	}
	all, _ := h.lines()
	for _, l := range all {
		if l.IBAN != ourIBAN {
			t.Errorf("a line of %s", l.IBAN)
		}
	}
}

func TestWhatTheBankSaidStays(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.bring(credit("R1", eur(1)))
	for _, statement := range []string{
		`UPDATE bank_lines SET amount = 2`, `DELETE FROM bank_lines`, `UPDATE bank_files SET name = ''`, `DELETE FROM bank_statements`,
		`UPDATE bank_line_names SET name = ''`,
	} {
		err := h.st.UpdateShared(t.Context(), func(ctx context.Context, tx *tenant.SharedTx) error {
			_, err := tx.Exec(ctx, statement)
			return err
		})
		if err == nil {
			t.Errorf("%s was done", statement)
		}
	}
}

// BenchmarkImport brings 10,000 lines where 2,000 invoices are open: a third
// name one, a third are of known payers, and the rest says nothing.
func BenchmarkImport(b *testing.B) {
	h := newHouse(b)
	c := h.customer()
	var refs []string
	for n := range 2000 {
		refs = append(refs, h.owe(c, eur(1000+int64(n))).Reference)
	}
	b.ResetTimer()
	for round := range b.N {
		lines := make([]statement.Line, 10_000)
		for n := range lines {
			text := fmt.Sprint("thanks for everything ", n)
			if n%3 == 0 {
				text = "Invoice " + refs[n%len(refs)]
			}
			lines[n] = credit(fmt.Sprint("R", round, "N", n), eur(1000+int64(n%len(refs))), text)
			lines[n].IDs.EndToEndID = fmt.Sprint("E", n)
			lines[n].BookedOn = day(1).Add(time.Duration(round*30+n%30) * 24 * time.Hour)
		}
		f := fileOf(statementOf(statement.CAMT053, lines...))
		r := h.take(f)
		if r.New != len(lines) {
			b.Fatalf("%d new lines", r.New)
		}
	}
}
