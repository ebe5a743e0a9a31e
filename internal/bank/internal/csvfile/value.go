package csvfile

import (
	"regexp"
	"strings"
	"time"

	"igny8/internal/bank/internal/statement"
	"igny8/internal/money"
)

// dayLayout is the mapping's format or the only one in which every day can be
// read. Two that read the same days differently are refused.
func (r *reader) dayLayout(days []row) string {
	if r.mapping.DateFormat != "" {
		return layout(r.mapping.DateFormat)
	}
	var fit []string
	for _, f := range DateFormats {
		all := true
		for _, d := range days {
			if _, err := parseDay(layout(f), d.cells[0]); err != nil {
				all = false
				break
			}
		}
		if all {
			fit = append(fit, f)
		}
	}
	switch {
	case len(days) == 0:
		return layout(DateFormats[0])
	case len(fit) == 1:
		return layout(fit[0])
	case len(fit) > 1:
		r.refusal.Add(days[0].at, "The days can be read as %s: say which.", strings.Join(fit, " or as "))
	default:
		r.refusal.Add(days[0].at, "The days of the file are in no one format, such as %s here: say which.", statement.Quote(days[0].cells[0]))
	}
	return ""
}

func parseDay(layout, s string) (time.Time, error) {
	if i := strings.IndexAny(s, " T"); i > 0 {
		s = s[:i]
	}
	return time.Parse(layout, s)
}

// day is that of a cell, zero of an empty one.
func (r *reader) day(x row, column int) time.Time {
	s := x.cell(column)
	if s == "" {
		return time.Time{}
	}
	t, err := parseDay(r.layout, s)
	if err != nil || t.Year() < 1970 {
		r.refusal.Add(x.at, "%s is no day in the format of this file.", statement.Quote(s))
		return time.Time{}
	}
	return t
}

// number is an amount in its parts: a sign before or behind, a currency on
// either side, digits with marks.
var number = regexp.MustCompile(`^([A-Z]{3}|€|£|\$)?\s*([-+\x{2212}])?\s*([A-Z]{3}|€|£|\$)?\s*([0-9][0-9.,' \x{a0}\x{202f}\x{2019}]*?|[.,][0-9]+)\s*([-+])?\s*([A-Z]{3}|€|£|\$)?$`)

// decimalMark is the mapping's, or the only one with which every amount can be
// read. Amounts like 1.234 do not tell, and where no other does the file is
// refused.
func (r *reader) decimalMark(amounts []row) string {
	if r.mapping.Decimal != "" {
		return r.mapping.Decimal
	}
	told, open := make(map[string]int), 0
	for _, a := range amounts {
		switch mark := markOf(a.cells[0]); mark {
		case "":
		case "?":
			open = a.at
		default:
			told[mark] = a.at
		}
	}
	switch {
	case len(told) == 2:
		r.refusal.Add(max(told[","], told["."]), "Some amounts of the file have a decimal comma, others a decimal point.")
	case told[","] > 0:
		return ","
	case told["."] == 0 && open > 0:
		r.refusal.Add(open, "It cannot be told whether a mark in an amount is for thousands or for decimals: say which.")
	}
	return "."
}

// markOf is the decimal mark of an amount, "" where it has none, "?" where its
// mark may be for thousands.
func markOf(s string) string {
	comma, point := strings.LastIndex(s, ","), strings.LastIndex(s, ".")
	commas, points := strings.Count(s, ","), strings.Count(s, ".")
	switch {
	case commas+points == 0:
		return ""
	case commas > 0 && points > 0 && comma > point, points > 1 && commas == 0:
		return ","
	case commas > 0 && points > 0, commas > 1:
		return "."
	}
	mark := max(comma, point)
	digits := 0
	for _, c := range s[mark+1:] {
		if c >= '0' && c <= '9' {
			digits++
		}
	}
	if digits == 3 {
		return "?"
	}
	return s[mark : mark+1]
}

// spaces are signs between thousands as ASCII; marks are those that are left.
var (
	spaces = strings.NewReplacer("\u00a0", " ", "\u202f", " ", "\u2019", "'")
	marks  = strings.NewReplacer(",", "", ".", "", "'", "", " ", "")
)

// groups are digits with marks for thousands between every three.
var groups = regexp.MustCompile(`^(?:[0-9]*|[0-9]{1,3}(?:,[0-9]{3})+|[0-9]{1,3}(?:\.[0-9]{3})+|[0-9]{1,3}(?:'[0-9]{3})+|[0-9]{1,3}(?: [0-9]{3})+)$`)

// amount reads a cell; its currency is that of the row.
func (r *reader) amount(x row, s, currency string) money.Money {
	part := number.FindStringSubmatch(s)
	plain := ""
	if part != nil {
		whole, decimals, _ := strings.Cut(part[4], r.decimal)
		whole = spaces.Replace(whole)
		if groups.MatchString(whole) && strings.Trim(decimals, "0123456789") == "" && !strings.Contains(whole, r.decimal) {
			plain = marks.Replace(whole) + "." + decimals
		}
	}
	if plain == "" || part[2] != "" && part[5] != "" {
		r.refusal.Add(x.at, "%s is no amount.", statement.Quote(s))
		return money.Money{}
	}
	for _, c := range []string{part[1], part[3], part[6]} {
		if sign := map[string]string{"€": "EUR", "£": "GBP", "$": currency}[c]; sign != "" {
			c = sign
		}
		if c != "" && c != currency {
			r.refusal.Add(x.at, "The amount %s is not in %s.", statement.Quote(s), statement.Quote(currency))
		}
	}
	if sign := part[2] + part[5]; sign == "-" || sign == "\u2212" {
		plain = "-" + plain
	}
	m, err := money.Parse(plain, currency)
	if err != nil {
		r.refusal.Add(x.at, "The amount %s %s: %v.", statement.Quote(s), statement.Quote(currency), err)
	}
	return m
}

// money reads amount and direction of a row.
func (r *reader) money(l *statement.Line, x row) {
	currency := r.mapping.FixedCurrency
	if own := x.cell(r.columns.currency); own != "" {
		currency = own
	}
	if r.mapping.Amount == "" {
		r.eitherWay(l, x, currency)
		return
	}
	s := x.cell(r.columns.amount)
	if s == "" {
		r.refusal.Add(x.at, "There is no amount.")
		return
	}
	l.Amount = r.amount(x, s, currency)
	if r.mapping.Direction != "" {
		l.Credit = r.direction(x)
		return
	}
	if l.Credit = l.Amount.Amount >= 0; !l.Credit {
		l.Amount.Amount = -l.Amount.Amount
	}
}

// eitherWay reads a column of what came in and one of what went out, of which
// one holds an amount. The other is empty or zero.
func (r *reader) eitherWay(l *statement.Line, x row, currency string) {
	in, out := x.cell(r.columns.credit), x.cell(r.columns.debit)
	if in == "" && out == "" {
		r.refusal.Add(x.at, "There is no amount, neither in nor out.")
		return
	}
	var came, went money.Money
	if in != "" {
		came = r.amount(x, in, currency)
	}
	if out != "" {
		went = r.amount(x, out, currency)
	}
	switch {
	case came.Amount != 0 && went.Amount != 0:
		r.refusal.Add(x.at, "The line has an amount that came in and one that went out.")
	case went.Amount != 0:
		l.Amount = went
		l.Amount.Amount = max(went.Amount, -went.Amount) // some banks write what went out with a minus
	case in != "":
		l.Amount, l.Credit = came, true
	default:
		l.Amount = went
	}
}

// direction is true of what came in.
func (r *reader) direction(x row) bool {
	switch s := x.cell(r.columns.direction); strings.ToLower(s) {
	case "h", "haben", "c", "cr", "credit", "crdt", "bij", "crédit", "+", "in":
		return true
	case "s", "soll", "d", "dr", "debit", "dbit", "af", "débit", "debet", "-", "out":
		return false
	default:
		r.refusal.Add(x.at, "%s is no direction that is known.", statement.Quote(s))
		return false
	}
}
