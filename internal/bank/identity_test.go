package bank

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"igny8/internal/bank/internal/statement"
)

// booked is a movement of money as it happened, of which files tell.
type booked struct {
	day    int
	amount int64
	credit bool
	ref    string // the bank's own; in MT940 another
	e2e    string
	payer  string
	text   string
}

// line is how a format tells of it. MT940 cuts the text and names accounts
// without what an IBAN puts before the number.
func (b booked) line(f statement.Format) statement.Line {
	l := statement.Line{
		BookedOn: day(b.day), Amount: eur(b.amount), Credit: b.credit, Booked: true, Status: "BOOK",
		IDs: statement.Identities{EndToEndID: b.e2e}, Text: []string{b.text},
	}
	who := statement.Party{Name: "Payer", Account: statement.ParseAccount(b.payer)}
	switch f {
	case statement.MT940:
		if b.ref != "" {
			l.IDs.BankRef = "MT" + b.ref
		}
		who.Account = statement.Account{Other: b.payer[8:]}
		l.Text = []string{strings.ToUpper(b.text[:len(b.text)/2]), strings.ToUpper(b.text[len(b.text)/2:])}
	default:
		l.IDs.AcctSvcrRef = b.ref
	}
	if b.credit {
		l.Debtor = who
	} else {
		l.Creditor = who
	}
	return l
}

// history draws movements of a week, twins among them. Each either has a
// reference of the bank's, which no other has, or may be told apart from
// others by its text and payer, or not at all.
func history(t *rapid.T, refs bool) []booked {
	payers := []string{theirIBAN, otherIBAN}
	n := rapid.IntRange(1, 25).Draw(t, "lines")
	all := make([]booked, n)
	for i := range all {
		b := booked{
			day: rapid.IntRange(1, 5).Draw(t, "day"), amount: rapid.Int64Range(1, 2).Draw(t, "amount"), credit: rapid.Bool().Draw(t, "credit"),
			payer: rapid.SampledFrom(payers).Draw(t, "payer"), text: rapid.SampledFrom([]string{"Invoice one", "Invoice two"}).Draw(t, "text"),
		}
		if rapid.Bool().Draw(t, "named") {
			b.e2e = rapid.SampledFrom([]string{"E1", "E2"}).Draw(t, "end to end")
		}
		if refs {
			b.ref = fmt.Sprintf("REF%04d", i)
		}
		all[i] = b
	}
	slices.SortStableFunc(all, func(a, b booked) int { return a.day - b.day })
	return all
}

// keeper is Import without a database.
type keeper struct {
	known *known
	kept  map[string]int // day, amount and side -> how many
}

func (k *keeper) bring(f statement.Format, all []booked) (fresh int) {
	k.known.forget()
	xs := make([]features, len(all))
	for i, b := range all {
		xs[i] = featuresOf(f, b.line(f))
	}
	for i, isNew := range k.known.news(xs) {
		if isNew {
			k.known.add(xs[i])
			k.kept[fmt.Sprint(xs[i].moved)]++
			fresh++
		}
	}
	return fresh
}

func countOf(all []booked) map[string]int {
	counts := map[string]int{}
	for _, b := range all {
		counts[fmt.Sprint(featuresOf(statement.CAMT053, b.line(statement.CAMT053)).moved)]++
	}
	return counts
}

// TestOverlapsAddNothing imports a history in files that overlap however they
// like, in any order and some of them twice: where the bank names its lines,
// each is kept once; where it does not, whole days tell how many twins there
// are.
func TestOverlapsAddNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		refs := rapid.Bool().Draw(t, "refs")
		mixed := rapid.Bool().Draw(t, "formats")
		all := history(t, refs)
		k := keeper{newKnown(), map[string]int{}}
		formats := []statement.Format{statement.CAMT053}
		if mixed {
			formats = append(formats, statement.CAMT054, statement.MT940)
		}
		covered := make([]bool, len(all))
		for file := 0; slices.Contains(covered, false); file++ {
			from := rapid.IntRange(0, len(all)-1).Draw(t, "from")
			until := rapid.IntRange(from+1, len(all)).Draw(t, "until")
			if file > 30 {
				from, until = 0, len(all)
			}
			if !refs || mixed { // whole days
				for from > 0 && all[from-1].day == all[from].day {
					from--
				}
				for until < len(all) && all[until].day == all[until-1].day {
					until++
				}
			}
			f := rapid.SampledFrom(formats).Draw(t, "format")
			k.bring(f, all[from:until])
			if fresh := k.bring(f, all[from:until]); fresh != 0 {
				t.Fatalf("the same lines again added %d", fresh)
			}
			for i := from; i < until; i++ {
				covered[i] = true
			}
		}
		want := countOf(all)
		for m, n := range want {
			if k.kept[m] != n {
				t.Errorf("%s: kept %d, and there are %d", m, k.kept[m], n)
			}
		}
		if len(k.kept) != len(want) {
			t.Errorf("kept %v, want %v", k.kept, want)
		}
	})
}

func TestTwinsOfOneStatementAreTwo(t *testing.T) {
	b := booked{day: 3, amount: 5, credit: true, payer: theirIBAN, text: "Invoice one"}
	k := keeper{newKnown(), map[string]int{}}
	for i, want := range []int{2, 0, 1, 0} {
		all := []booked{b, b}
		if i >= 2 {
			all = append(all, b)
		}
		if got := k.bring(statement.CAMT053, all); got != want {
			t.Errorf("statement %d: %d new lines, want %d", i, got, want)
		}
	}
}

func TestWhatIsNotTheSame(t *testing.T) {
	base := booked{day: 3, amount: 5, credit: true, ref: "R1", e2e: "E1", payer: theirIBAN, text: "Invoice one"}
	for _, tt := range []struct {
		name string
		make func(*statement.Line)
		same bool
	}{
		{"itself", func(*statement.Line) {}, true},
		{"other words and spaces in names", func(l *statement.Line) { l.IDs.AcctSvcrRef, l.Text = "r 1", []string{"else"} }, true},
		{"another reference of the bank's", func(l *statement.Line) { l.IDs.AcctSvcrRef = "R2" }, false},
		{"announced only", func(l *statement.Line) { l.Booked, l.Status = false, "PDNG" }, false},
		{"taken back", func(l *statement.Line) { l.Reversal = true }, false},
		{"money that went out", func(l *statement.Line) { l.Credit = false }, false},
		{"another day", func(l *statement.Line) { l.BookedOn = day(4) }, false},
		{"another amount", func(l *statement.Line) { l.Amount = eur(6) }, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			l := base.line(statement.CAMT053)
			tt.make(&l)
			for _, other := range []statement.Format{statement.CAMT053, statement.CAMT054} {
				k := newKnown()
				k.add(featuresOf(statement.CAMT053, base.line(statement.CAMT053)))
				if got := !k.news([]features{featuresOf(other, l)})[0]; got != tt.same {
					t.Errorf("in %s: the same is %v, want %v", other, got, tt.same)
				}
			}
		})
	}
}
