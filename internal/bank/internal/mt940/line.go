package mt940

import (
	"fmt"
	"regexp"
	"strings"
	"time"

	"igny8/internal/bank/internal/statement"
	"igny8/internal/money"
)

// statementLine is :61: up to its references: value date, entry date, mark,
// third letter of the currency, amount, type. Some banks break the line, or
// put a space, before the amount.
var statementLine = regexp.MustCompile(`^(\d{6})(\d{4})?(E[CD]|R?[CD])([A-Z])?[\n ]?(\d{1,15}(?:,\d*)?)([A-Z][A-Z0-9 ]{3})?((?s).*)$`)

const (
	customerRefLen = 16
	bankRefLen     = 23
)

// line reads :61:.
func (r *reader) line(f field) {
	m := r.current
	r.lines++
	if m.has("62F", "62M") {
		r.refusal.Add(f.at, "There is a line after the closing balance.")
	}
	part := statementLine.FindStringSubmatch(strings.Join(f.lines, "\n"))
	if part == nil || part[6] == "" && strings.TrimSpace(part[7]) != "" && part[7][0] != '\n' {
		r.refusal.Add(f.at, "The line cannot be read: %s.", statement.Quote(f.lines[0]))
		return
	}
	mark := part[3]
	l := statement.Line{
		At:       f.at,
		ValueOn:  r.day(f.at, part[1]),
		Credit:   mark == "C" || mark == "RD" || mark == "EC",
		Reversal: mark[0] == 'R',
		Booked:   mark[0] != 'E',
		Amount:   r.amount(f.at, part[5], m.Currency),
		Code:     statement.Code{Proprietary: strings.TrimSpace(part[6])},
	}
	if part[2] != "" {
		l.BookedOn = r.entered(f.at, l.ValueOn, part[2])
	}
	references(&l, part[7])
	m.Lines = append(m.Lines, l)
}

// entered is the entry date, which has no year: that which is nearest to the
// value date.
func (r *reader) entered(at int, value time.Time, monthDay string) time.Time {
	var best time.Time
	for year := value.Year() - 1; year <= value.Year()+1; year++ {
		t, err := time.Parse("20060102", fmt.Sprintf("%04d%s", year, monthDay))
		if err == nil && (best.IsZero() || t.Sub(value).Abs() < best.Sub(value).Abs()) {
			best = t
		}
	}
	if best.IsZero() {
		r.refusal.Add(at, "There is no entry date %s.", statement.Quote(monthDay))
	}
	return best
}

// pointers are references that only say where in :86: the reference is.
var pointers = map[string]bool{"KREF+": true, "KREF": true, "EREF+": true, "EREF": true}

// references reads what stands after the type of :61:. The customer's
// reference has 16 characters at most. What a bank writes behind them on the
// same line is the name of the other side; on the next lines it is
// supplementary.
func references(l *statement.Line, text string) {
	same, more, _ := strings.Cut(text, "\n")
	ref, bank, strokes := strings.Cut(same, "//")
	if !strokes || len(ref) > customerRefLen+1 {
		bank = ""
		ref, same = cut(same, customerRefLen)
	} else {
		bank, same = cut(bank, bankRefLen)
	}
	if l.IDs.CustomerRef, l.IDs.BankRef = statement.Identity(ref), statement.Identity(bank); pointers[l.IDs.CustomerRef] {
		l.IDs.CustomerRef = ""
	}
	l.IDs.Supplementary = statement.Clean(same + " " + more)
	other := other(l)
	if other.Name = statement.Clean(same); other.Name == "" {
		other.Account.IBAN, _ = statement.ParseIBAN(more)
	}
	exchange(l, "/"+strings.ReplaceAll(more, "\n", ""))
}

// cut is the first n characters of a text, and the rest.
func cut(s string, n int) (head, rest string) {
	for i := range s {
		if n == 0 {
			return s[:i], s[i:]
		}
		n--
	}
	return s, ""
}

// other is the side of a line that the account holder is not on.
func other(l *statement.Line) *statement.Party {
	if l.Credit != l.Reversal {
		return &l.Debtor
	}
	return &l.Creditor
}

// own is the side of the account holder.
func own(l *statement.Line) *statement.Party {
	if l.Credit != l.Reversal {
		return &l.Creditor
	}
	return &l.Debtor
}

var (
	before = regexp.MustCompile(`/OCMT/([A-Z]{3})(\d{1,15}(?:,\d*)?)`)
	rate   = regexp.MustCompile(`/EXCH/(\d+,\d*)`)
	fees   = regexp.MustCompile(`/CHGS/([A-Z]{3})(\d{1,15}(?:,\d*)?)`)
)

// exchange reads the amount before an exchange, the rate and charges. They are
// for people to read: what is not exact is left where it stands.
func exchange(l *statement.Line, text string) {
	if part := before.FindStringSubmatch(text); part != nil {
		if m, err := money.Parse(strings.Replace(part[2], ",", ".", 1), part[1]); err == nil && m != l.Amount {
			l.Original = &statement.Original{Amount: m}
			if r := rate.FindStringSubmatch(text); r != nil {
				l.Original.Rate = strings.Replace(r[1], ",", ".", 1)
			}
		}
	}
	if part := fees.FindStringSubmatch(text); part != nil {
		if m, err := money.Parse(strings.Replace(part[2], ",", ".", 1), part[1]); err == nil {
			l.Charges = append(l.Charges, statement.Charge{Amount: m})
		}
	}
}
