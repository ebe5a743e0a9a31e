package bank

import (
	"context"
	"strings"
	"testing"

	"igny8/internal/bank/internal/statement"
	"igny8/internal/invoice"
	"igny8/internal/tenant"
)

// TestReferencesAreFoundAnywhere writes one reference in the ways that payers
// and banks have.
func TestReferencesAreFoundAnywhere(t *testing.T) {
	const r = "RF18539007547034"
	for _, tt := range []struct {
		name, where string
		line        statement.Line
	}{
		{"structured", "references[0]", statement.Line{References: []statement.Reference{{Type: "SCOR", Value: r}}}},
		{"in fours", "text", statement.Line{Text: []string{"RF18 5390 0754 7034"}}},
		{"in small letters, with punctuation", "text", statement.Line{Text: []string{"rf18-5390.0754/7034"}}},
		{"split over lines", "text", statement.Line{Text: []string{"invoice RF18 5390 0", "754 7034 thanks"}}},
		{"glued to digits and letters", "text", statement.Line{Text: []string{"REF2030" + r + "99X"}}},
		{"end to end", "end_to_end_id", statement.Line{IDs: statement.Identities{EndToEndID: r}}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			for _, f := range references(tt.line) {
				if f.what == r && f.where == tt.where {
					return
				}
			}
			t.Errorf("not found in %+v: %+v", tt.line, references(tt.line))
		})
	}
}

// TestNoSlipIsAReference swaps every two neighbours of a reference, and puts
// every other digit at every place: none is taken for a reference of ours, and
// what is left in the line is told as a slip.
func TestNoSlipIsAReference(t *testing.T) {
	ours := invoice.NewReference()
	var wrong []string
	for i := 2; i < len(ours); i++ {
		for d := byte('0'); d <= '9'; d++ {
			if d != ours[i] {
				wrong = append(wrong, ours[:i]+string(d)+ours[i+1:])
			}
		}
		if i+1 < len(ours) && ours[i] != ours[i+1] {
			wrong = append(wrong, ours[:i]+ours[i+1:i+2]+ours[i:i+1]+ours[i+2:])
		}
	}
	for _, w := range wrong {
		l := statement.Line{Text: []string{w}}
		for _, f := range references(l) {
			if f.what == ours {
				t.Errorf("%s is taken for %s", w, ours)
			}
		}
		if len(slips(l)) != 1 {
			t.Errorf("%s: the slips are %v", w, slips(l))
		}
	}
	t.Logf("%d slips", len(wrong))
}

func TestNumbers(t *testing.T) {
	for text, want := range map[string]string{
		"Invoice 2030-000007": "2030-000007", "Re.2030 000007,": "2030-000007", "2030000007": "2030-000007", "2030-\n000007": "2030-000007",
		"2030-0000071": "", "12030-000007": "", "2030-00007": "", "1830-000007": "",
	} {
		got := ""
		for _, f := range numbers(statement.Line{Text: []string{text}}) {
			got += f.what
		}
		if got != want {
			t.Errorf("in %q stands %q, want %q", text, got, want)
		}
	}
}

// TestTiers has one line for each kind of evidence, and for each thing that
// speaks against it.
func TestTiers(t *testing.T) { //nolint:tparallel // one house for all
	t.Parallel()
	h := newHouse(t)
	a, b := h.customer(), h.customer()
	one, two, three := h.owe(a, eur(100)), h.owe(a, eur(250)), h.owe(b, eur(100))
	dollars := h.owe(b, usd(900))
	paid := h.owe(b, eur(70))
	if _, err := h.byHand(b, "PAID-BEFORE", eur(70), paid.ID); err != nil {
		t.Fatal(err)
	}
	void := h.owe(b, eur(80))
	h.in(b, func(ctx context.Context, tx *tenant.Tx) error { return invoice.Withdraw(ctx, tx, void) })

	known := credit("KNOWN", eur(5), "first")
	known.Debtor.Account.IBAN = otherIBAN
	h.bring(known)
	if _, err := h.confirm(a, h.line("KNOWN"), Choice{Invoices: []invoice.ID{h.owe(a, eur(5)).ID}}); err != nil {
		t.Fatal(err)
	}
	from := func(iban string, l statement.Line) statement.Line {
		l.Debtor.Account.IBAN = iban
		return l
	}
	swapped := []byte(one.Reference)
	for i := 4; ; i++ {
		if swapped[i] != swapped[i+1] {
			swapped[i], swapped[i+1] = swapped[i+1], swapped[i]
			break
		}
	}
	for _, tt := range []struct {
		name string
		line statement.Line
		want string // tiers with the last digit of the numbers, and findings
		auto bool
	}{
		{"reference and amount", credit("", eur(100), one.Reference), "T1(1) ", true},
		{"with the number of the same", credit("", eur(100), one.Reference+" for "+one.Number), "T1(1) ", true},
		{"from a payer who has paid for the account", from(otherIBAN, credit("", eur(100), one.Reference)), "T1(1) ", true},
		{"from a payer who has paid for another", from(otherIBAN, credit("", eur(100), three.Reference)), "T1(3) T4(1) payer_of_another ", false},
		{"a part", credit("", eur(60), one.Reference), "T2(1) ", false},
		{"more", credit("", eur(160), one.Reference), "T2(1) ", false},
		{"a fee was deducted", credit("", eur(85), one.Reference), "T2(1) ", false},
		{"two that add up", credit("", eur(350), one.Reference, two.Reference), "T2(12) ", false},
		{"two, and the amount of one", credit("", eur(250), one.Reference, two.Reference), "T2(12) T2(2) ", false},
		{"two accounts", credit("", eur(200), one.Reference, three.Reference), "T2(1) T2(3) several_accounts ", false},
		{"two accounts, and the amount of each", credit("", eur(100), one.Reference, three.Reference), "T1(1) T1(3) several_accounts ", false},
		{"a reference and another's number", credit("", eur(100), one.Reference, three.Number), "T1(1) T3(3) several_accounts ", false},
		{"a reference and a number of the same account", credit("", eur(100), one.Reference, two.Number), "T1(1) T5(2) several_invoices ", false},
		{"without its letters", credit("", eur(100), one.Reference[2:]), "T2(1) ", false},
		{"swapped neighbours", credit("", eur(100), string(swapped)), "T5(1) T5(3) reference_slip ", false},
		{"number and amount", credit("", eur(100), "Invoice "+one.Number), "T3(1) ", false},
		{"numbers that add up", credit("", eur(350), one.Number, two.Number), "T3(12) ", false},
		{"number and another amount", credit("", eur(60), one.Number), "T5(1) ", false},
		{"payer and sum", from(otherIBAN, credit("", eur(350), "thanks")), "T4(12) ", false},
		{"payer and no sum", from(otherIBAN, credit("", eur(340), "thanks")), "", false},
		{"amount of two accounts", credit("", eur(100), "thanks"), "T5(1) T5(3) ", false},
		{"amount of one", credit("", eur(250), "thanks"), "T5(2) ", false},
		{"paid", credit("", eur(71), paid.Reference), "invoice_paid ", false},
		{"paid, and by hand about now", credit("", eur(70), paid.Reference), "invoice_paid probably_confirmed ", false},
		{"void", credit("", eur(80), void.Reference), "invoice_void ", false},
		{"paid and open", credit("", eur(100), paid.Reference, one.Reference), "T1(1) invoice_paid ", false},
		{"an invoice in dollars", credit("", eur(900), dollars.Reference), "invoice_currency ", false},
		{"money in dollars", credit("", usd(900), dollars.Reference), "", false},
		{"nothing", credit("", eur(0), one.Reference), "", false},
		{"less than nothing", credit("", eur(-100), one.Reference), "", false},
		{"announced", pending(credit("", eur(100), one.Reference)), "", false},
		{"a debit", debit(credit("", eur(100), one.Reference)), "", false},
		{"a reversal", reversal(credit("", eur(100), one.Reference)), "", false},
		{"a returned debit", returned(credit("", eur(100), one.Reference)), "", false},
		{"nobody's reference", credit("", eur(999), invoice.NewReference()), "", false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			tt.line.IDs.AcctSvcrRef = strings.ReplaceAll(tt.name, " ", "-")
			h.bring(tt.line)
			m := h.match(tt.line.IDs.AcctSvcrRef)
			if got := says(m); got != tt.want {
				t.Errorf("got %q, want %q\n%+v", got, tt.want, m)
			}
			if _, certain := m.Certain(); certain != tt.auto {
				t.Errorf("certain is %v, want %v", certain, tt.auto)
			}
			for _, p := range m.Proposals {
				if len(p.Evidence) == 0 {
					t.Errorf("a proposal without evidence: %+v", p)
				}
			}
		})
	}
	if got := h.invoice(a, one.ID); got.Status != invoice.Open || h.invoice(b, three.ID).Status != invoice.Open {
		t.Errorf("nobody confirmed anything, and invoice %s is %s", got.Number, got.Status)
	}
}

func TestSumsAreOfFiveAtMost(t *testing.T) {
	var open []invoice.Candidate
	for range 7 {
		open = append(open, invoice.Candidate{Invoice: invoice.Invoice{Status: invoice.Open, Total: eur(10), Paid: eur(0)}})
	}
	for amount, want := range map[int64]int{10: mostWays, 50: mostWays, 60: 0, 5: 0, 70: 0} {
		if got := len(sums(open, eur(amount))); got != want {
			t.Errorf("%d: %d ways, want %d", amount, got, want)
		}
	}
}
