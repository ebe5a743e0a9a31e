package keywordfile

import (
	"math"
	"strings"
	"unicode"
)

// micro is one, in the fixed-point numbers of this package: six decimals.
const micro = 1_000_000

// span is what a cell says of a number, in millionths. Tools write a range
// where they do not want to tell. Its low end is what is kept as the number: it
// is the promise that holds, where a mean would be invented.
type span struct {
	low, high int64 // the same where there is no range
	open      bool  // no upper end is known
	currency  string
}

type kind int

const (
	count   kind = iota // whole: "1.234" is more than a thousand
	decimal             // "1.234" depends on the file
	money               // decimal, and may carry a currency
)

// unknown are the ways to write that a number is not known.
var unknown = map[string]bool{
	"": true, "-": true, "--": true, "–": true, "—": true, "n/a": true, "na": true, "n.a.": true, "#n/a": true,
	"none": true, "null": true, "nil": true, "nan": true, "?": true, "unknown": true,
	"no data": true, "not available": true, "not set": true, "(not set)": true, "not provided": true,
}

// isUnknown is true of a cell that says nothing, which is no mistake.
func isUnknown(cell string) bool {
	return cell == "" || len(cell) <= 16 && unknown[strings.ToLower(cell)]
}

// numbers reads the numbers of one file.
type numbers struct {
	decimal byte // '.' or ',': what "1.234" means where it could be either
}

// span reads "1,234", "1 234", "12K", "1K – 10K", "<10", "€ 0,34", "33.33%".
// It is false for what is no number.
//
// Grouping and decimals are told apart like this. Blanks and apostrophes group.
// Of "." and "," together the last is the decimal mark. One that comes twice
// groups. One that comes once, with other than three digits behind it, is the
// decimal mark; with three, it groups in a count, and elsewhere the decimal
// mark of the file decides.
func (n numbers) span(cell string, k kind) (span, bool) {
	var s span
	if k == money {
		cell, s.currency = cutCurrency(cell)
	}
	var ok bool
	switch {
	case strings.HasPrefix(cell, "<"), strings.HasPrefix(cell, "≤"):
		s.high, ok = n.single(strings.TrimLeft(cell, "<≤= "), k)
		return s, ok && s.high >= 0
	case strings.HasPrefix(cell, ">"), strings.HasPrefix(cell, "≥"), strings.HasSuffix(cell, "+"):
		s.low, ok = n.single(strings.TrimRight(strings.TrimLeft(cell, ">≥= "), "+ "), k)
		s.open = true
		return s, ok
	}
	if low, high, isRange := cutRange(cell); isRange {
		var ok2 bool
		s.low, ok = n.single(low, k)
		s.high, ok2 = n.single(high, k)
		return s, ok && ok2 && s.low <= s.high
	}
	s.low, ok = n.single(cell, k)
	s.high = s.low
	return s, ok
}

// cutRange parts "1K – 10K" and "10 to 100". A dash at the start is a sign.
func cutRange(s string) (low, high string, ok bool) {
	if low, high, ok = strings.Cut(s, " to "); ok {
		return low, high, true
	}
	i := strings.IndexAny(s, "-–—")
	if i <= 0 {
		return "", "", false
	}
	return strings.TrimSpace(s[:i]), strings.TrimLeft(s[i:], "-–— \u00a0\u202f"), true
}

// single reads one number with an optional sign, per cent sign and K, M or B.
func (n numbers) single(s string, k kind) (int64, bool) {
	if k == money {
		s, _ = cutCurrency(s)
	}
	s = strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(s), "%"))
	digits, negative := strings.CutPrefix(s, "-")
	if !negative {
		digits, negative = strings.CutPrefix(s, "−")
	}
	digits, times := cutMultiplier(digits)
	if times > 1 && k == count {
		k = decimal // "1.234K" is no thousand thousands
	}
	v, ok := n.fixed(strings.TrimSpace(digits), k)
	if !ok || v > math.MaxInt64/times {
		return 0, false
	}
	if v *= times; negative {
		v = -v
	}
	return v, true
}

func cutMultiplier(s string) (digits string, times int64) {
	if s == "" {
		return s, 1
	}
	switch s[len(s)-1] {
	case 'k', 'K':
		times = 1e3
	case 'm', 'M':
		times = 1e6
	case 'b', 'B':
		times = 1e9
	default:
		return s, 1
	}
	return s[:len(s)-1], times
}

// fixed reads digits with grouping and decimals as millionths.
func (n numbers) fixed(s string, k kind) (int64, bool) {
	s, ok := joinGroups(s, isBlankGroup)
	if !ok {
		return 0, false
	}
	whole, fraction := s, ""
	if mark := n.mark(s, k); mark != 0 {
		i := strings.LastIndexByte(s, mark)
		whole, fraction = s[:i], s[i+1:]
		if whole == "" && fraction != "" {
			whole = "0" // ".5"
		}
	}
	if whole, ok = joinGroups(whole, func(r rune) bool { return r == '.' || r == ',' }); !ok {
		return 0, false
	}
	return parseFixed(whole, fraction)
}

// isBlankGroup is true of what groups digits and is never a decimal mark.
func isBlankGroup(r rune) bool {
	return unicode.IsSpace(r) || r == '\'' || r == '’'
}

// mark is the decimal mark in s; 0 where there is none.
func (n numbers) mark(s string, k kind) byte {
	i := strings.LastIndexAny(s, ".,")
	if i < 0 {
		return 0
	}
	mark, whole, fraction := s[i], s[:i], s[i+1:]
	switch {
	case strings.IndexByte(whole, mark) >= 0:
		return 0
	case strings.ContainsAny(whole, ".,"), len(fraction) != 3, whole == "", whole[0] == '0', len(whole) > 3:
		return mark
	case k != count && mark == n.decimal:
		return mark
	}
	return 0
}

// joinGroups takes the marks out of "1 234 567" and, as India writes it,
// "12,34,567". It is false where the groups are not those of a number. A last
// group may have decimals behind it.
func joinGroups(s string, isMark func(rune) bool) (string, bool) {
	if strings.IndexFunc(s, isMark) < 0 {
		return s, true
	}
	groups := strings.FieldsFunc(s, isMark)
	marks := 0
	for _, r := range s {
		if isMark(r) {
			marks++
		}
	}
	if marks != len(groups)-1 || len(groups[0]) > 3 {
		return "", false
	}
	for i, g := range groups[1:] {
		digits, rest, cut := strings.Cut(strings.ReplaceAll(g, ",", "."), ".")
		last := i == len(groups)-2
		if cut && (!last || rest == "") || len(digits) != 3 && (last || len(digits) != 2) {
			return "", false
		}
	}
	return strings.Join(groups, ""), true
}

// parseFixed puts digits together, rounding the seventh decimal half up.
func parseFixed(whole, fraction string) (int64, bool) {
	const digits = 12 // of the whole part: a million million is no number of searches
	if whole == "" || len(whole) > digits || !isDigits(whole) || !isDigits(fraction) {
		return 0, false
	}
	v := int64(0)
	for i := range len(whole) {
		v = v*10 + int64(whole[i]-'0')
	}
	for i := range 6 {
		v *= 10
		if i < len(fraction) {
			v += int64(fraction[i] - '0')
		}
	}
	if len(fraction) > 6 && fraction[6] >= '5' {
		v++
	}
	return v, true
}

func isDigits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return true
}

// round is v in steps of unit millionths, half up.
func round(v, unit int64) int64 { return (v + unit/2) / unit }

// decimalMark tells which mark a file uses, from cells that can be read one way
// only. Without any, a semicolon between cells speaks for a comma in numbers.
func decimalMark(h header, rows []record, delimiter byte) byte {
	dots, commas := 0, 0
	for _, m := range []Meaning{CPCColumn, PositionColumn, CTRColumn, DifficultyColumn} {
		i := h.column(m)
		for _, r := range rows {
			if r.line <= h.line {
				continue
			}
			switch surelyDecimal(r.cell(i)) {
			case '.':
				dots++
			case ',':
				commas++
			}
		}
	}
	if commas > dots || commas == dots && delimiter == ';' {
		return ','
	}
	return '.'
}

// surelyDecimal is the mark of a number such as 0,34 or 12.5; 0 for others.
func surelyDecimal(cell string) byte {
	cell, _ = cutCurrency(cell)
	cell = strings.TrimSpace(strings.TrimSuffix(cell, "%"))
	i := strings.IndexAny(cell, ".,")
	if i <= 0 || i != strings.LastIndexAny(cell, ".,") || !isDigits(cell[:i]) || !isDigits(cell[i+1:]) {
		return 0
	}
	if len(cell)-i-1 == 3 && cell[0] != '0' {
		return 0
	}
	return cell[i]
}
