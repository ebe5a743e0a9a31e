package keywordfile

import "strings"

// Reason is why a row was rejected or a cell left out. It is stable; the
// sentence of an Issue is not.
type Reason string

// Why a row is rejected.
const (
	NoKeyword         Reason = "no_keyword"
	TooLong           Reason = "too_long"
	TooManyWords      Reason = "too_many_words"
	ControlCharacters Reason = "control_characters"
	ExtraCells        Reason = "extra_cells"
	RepeatedHeader    Reason = "repeated_header"
)

// Why a cell is left out of a row that is kept.
const (
	BadNumber   Reason = "bad_number"
	Negative    Reason = "negative"
	OutOfRange  Reason = "out_of_range"
	BadIntent   Reason = "bad_intent"
	BadCountry  Reason = "bad_country"
	BadCurrency Reason = "bad_currency"
	BadURL      Reason = "bad_url"
)

const maxValueRunes = 80

// shorten cuts a value for people to read, and takes the control characters
// out, so that a report can be shown and logged.
func shorten(s string, n int) string {
	cut := ""
	runes := 0
	for i := range s {
		if runes++; runes > n {
			s, cut = s[:i], "…"
			break
		}
	}
	return strings.Map(printable, s) + cut
}

func printable(r rune) rune {
	switch {
	case r == '\n', r == '\t', r == '\r':
		return ' '
	case r < ' ', r >= 0x7f && r < 0xa0:
		return '\uFFFD'
	}
	return r
}
