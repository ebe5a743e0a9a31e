package bank

import (
	"crypto/sha256"
	"encoding/base64"
	"strconv"
	"strings"
	"time"

	"igny8/internal/bank/internal/statement"
	"igny8/internal/clock"
)

// A line has no name of its own that all formats and all banks give it. What
// it is known by, the strongest first:
//
//  1. the bank's own reference of the payment;
//  2. what the payer's bank calls it (end to end), with the payer's account;
//  3. what it says: payer, account and text.
//
// Each counts only among lines of the same bank account, day, amount, side and
// kind (booked, announced, reversal): an announcement and its booking are two
// lines, and a bank that begins its numbers anew each day loses none.
//
// Two lines of one statement are two lines, whatever they have in common. A
// line of another statement is known when a line that was kept is the same, and
// no other line of its statement is that one already. So twins are counted: of
// a day there are as many as the statement with the most of them has.

// moved is what lines must have in common before anything else is asked.
type moved struct {
	day      int64
	currency string
	amount   int64
	credit   bool
	booked   bool
	reversal bool
}

// features is what a line is recognised by.
type features struct {
	moved
	format   statement.Format
	identity string // among lines of the same format: equal for the same line, and for twins
	bank     string // the bank's own reference; empty: none
	endToEnd string
	payer    string // account
	words    string // a digest of the text; empty: none
}

func featuresOf(f statement.Format, l statement.Line) features {
	c := l.Counterparty()
	x := features{
		moved: moved{
			day: clock.Micros(dayOf(l)), currency: l.Amount.Currency, amount: l.Amount.Amount,
			credit: l.Credit, booked: l.Booked, reversal: l.Reversal,
		},
		format: f, bank: bankReference(l.IDs), endToEnd: letters(l.IDs.EndToEndID), payer: letters(c.Account.Number()),
	}
	if said := letters(strings.Join(l.Text, "")) + letters(join(l.References)); said != "" {
		x.words = digest(said)
	}
	switch {
	case x.bank != "":
		x.identity = x.key("bank", x.bank)
	case x.endToEnd != "":
		x.identity = x.key("end_to_end", x.endToEnd, x.payer)
	default:
		x.identity = x.key("said", x.payer, letters(c.Name), x.words)
	}
	return x
}

func (x features) key(kind string, of ...string) string {
	all := append([]string{
		string(x.format), strconv.FormatInt(x.day, 10), x.currency, strconv.FormatInt(x.amount, 10),
		strconv.FormatBool(x.credit), strconv.FormatBool(x.booked), strconv.FormatBool(x.reversal),
	}, of...)
	return kind + ":" + digest(strings.Join(all, "\x00"))
}

// dayOf is the day of a line; the zero time stands for none.
func dayOf(l statement.Line) time.Time {
	if d := l.Day(); !d.IsZero() {
		return d
	}
	return time.Unix(0, 0).UTC()
}

func join(all []statement.Reference) string {
	var b strings.Builder
	for _, r := range all {
		b.WriteString(r.Value)
	}
	return b.String()
}

func bankReference(n statement.Identities) string {
	for _, s := range []string{n.TxAcctSvcrRef, n.AcctSvcrRef, n.BankRef, n.StatementColumn} {
		if s = letters(s); strings.Trim(s, "0") != "" {
			return s
		}
	}
	return ""
}

// sameness is how sure one must be to take two lines for one.
type sameness int

// From the surest on: who is taken for the same by a surer rule cannot be taken
// for another by a looser one.
const (
	byBank sameness = iota
	byEndToEnd
	byWords
	samenesses
)

// same tells whether two lines of different statements are one, by a rule.
func (x features) same(y features, by sameness) bool {
	if x.moved != y.moved {
		return false
	}
	if x.format == y.format {
		return by == byBank && x.identity == y.identity
	}
	bothNamed := x.bank != "" && y.bank != ""
	switch {
	case by == byBank:
		return bothNamed && x.bank == y.bank
	case bothNamed && x.family() == y.family():
		return false // the same bank's names for two things
	case by == byEndToEnd:
		return x.endToEnd != "" && x.endToEnd == y.endToEnd && likePayer(x.payer, y.payer)
	case x.endToEnd != "" && y.endToEnd != "":
		return false
	}
	return x.words == y.words && likePayer(x.payer, y.payer)
}

// family is the formats in which a bank gives a payment the same name.
func (x features) family() string {
	s, _, _ := strings.Cut(string(x.format), ".")
	return s
}

// likePayer is whether two formats may mean one account: one has none, or has
// the number that is within the other's IBAN.
func likePayer(a, b string) bool {
	if len(a) > len(b) {
		a, b = b, a
	}
	return a == "" || strings.HasSuffix(b, strings.TrimLeft(a, "0"))
}

// letters is a text without what formats put in and leave out: capital letters
// and digits of ASCII.
func letters(s string) string {
	var b strings.Builder
	for i := range len(s) {
		switch c := s[i]; {
		case c >= '0' && c <= '9', c >= 'A' && c <= 'Z':
			b.WriteByte(c)
		case c >= 'a' && c <= 'z':
			b.WriteByte(c - 'a' + 'A')
		}
	}
	return b.String()
}

func digest(s string) string {
	sum := sha256.Sum256([]byte(s))
	return base64.RawURLEncoding.EncodeToString(sum[:16])
}

// known is the lines of one bank account that were kept.
type known struct {
	lines   []features
	claimed []bool
	by      map[trait][]int
	count   map[string]int // identity -> occurrences
}

// trait is what two lines must share to be one by a rule.
type trait struct {
	moved
	by    sameness
	value string
}

func newKnown() *known { return &known{by: map[trait][]int{}, count: map[string]int{}} }

// traits is what x may share with the same line in the same format, and in
// another.
func (x features) traits(by sameness) []trait {
	switch by {
	case byBank:
		return []trait{{x.moved, by, x.identity}, {x.moved, by, x.bank}}
	case byEndToEnd:
		return []trait{{x.moved, by, x.endToEnd}}
	default:
		return []trait{{x.moved, by, x.words}}
	}
}

func (k *known) add(x features) (occurrence int) {
	for by := range samenesses {
		for _, t := range x.traits(by) {
			k.by[t] = append(k.by[t], len(k.lines))
		}
	}
	k.lines, k.claimed = append(k.lines, x), append(k.claimed, false)
	k.count[x.identity]++
	return k.count[x.identity]
}

// forget begins another statement: what was claimed may be claimed again.
func (k *known) forget() { clear(k.claimed) }

// news tells which of the lines of a statement were not known.
func (k *known) news(all []features) []bool {
	fresh := make([]bool, len(all))
	for i := range fresh {
		fresh[i] = true
	}
	for by := range samenesses {
		for i, x := range all {
			if fresh[i] {
				fresh[i] = !k.claim(x, by)
			}
		}
	}
	return fresh
}

// claim takes a line that is the same as x, and that nobody has taken.
func (k *known) claim(x features, by sameness) bool {
	for _, t := range x.traits(by) {
		for _, at := range k.by[t] {
			if !k.claimed[at] && x.same(k.lines[at], by) {
				k.claimed[at] = true
				return true
			}
		}
	}
	return false
}

// names is every name by which somebody could know a line, in capitals.
func names(l statement.Line) []string {
	n := l.IDs
	var all []string
	seen := map[string]bool{}
	for _, s := range []string{
		n.TxAcctSvcrRef, n.AcctSvcrRef, n.BankRef, n.StatementColumn, n.EndToEndID, n.TxID, n.UETR, n.InstructionID,
		n.ClearingRef, n.EntryRef, n.CustomerRef,
	} {
		if s = nameOf(s); s != "" && !seen[s] {
			seen[s] = true
			all = append(all, s)
		}
	}
	return all
}

// nameOf is a name as it is compared: people copy it with other spaces and in
// other letters.
func nameOf(s string) string {
	s = strings.ToUpper(strings.Join(strings.Fields(s), ""))
	if len(s) > 140 {
		s = s[:140]
	}
	return strings.ToValidUTF8(s, "")
}
