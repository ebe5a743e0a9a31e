package money

import (
	"errors"
	"fmt"
	"math"
	"strings"
	"unicode"

	"github.com/bojanz/currency"
)

// Errors of Parse.
var (
	ErrNumber   = errors.New("not a decimal number")
	ErrDecimals = errors.New("more decimals than the currency has")
)

// Parse reads a decimal number as programs write it, such as "-12.34", into
// minor units of an ISO 4217 currency: digits, at most one point, a sign
// before them. Nothing is ever rounded: decimals that the currency does not
// have must be zeros, so 8.850 EUR is 885 cents and 8.855 EUR is ErrDecimals.
func Parse(number, code string) (Money, error) {
	m := Of(0, code)
	if err := m.Check(); err != nil {
		return Money{}, err
	}
	digits, known := currency.GetDigits(code)
	if !known {
		return Money{}, fmt.Errorf("%q: %w", code, ErrUnknown)
	}
	unsigned := strings.TrimPrefix(number, "-")
	negative := len(unsigned) < len(number)
	if !negative {
		unsigned = strings.TrimPrefix(number, "+")
	}
	minor, err := minorUnits(unsigned, int(digits))
	if err != nil {
		return Money{}, err
	}
	if m.Amount = minor; negative {
		m.Amount = -minor
	}
	return m, nil
}

func minorUnits(number string, digits int) (int64, error) {
	whole, decimals, _ := strings.Cut(number, ".")
	if whole+decimals == "" || strings.Trim(whole+decimals, "0123456789") != "" {
		return 0, ErrNumber
	}
	if len(decimals) > digits && strings.Trim(decimals[digits:], "0") != "" {
		return 0, ErrDecimals
	}
	minor := int64(0)
	for i := range len(whole) + digits {
		digit := int64(0) // of a decimal that was not written
		switch {
		case i < len(whole):
			digit = int64(whole[i] - '0')
		case i-len(whole) < len(decimals):
			digit = int64(decimals[i-len(whole)] - '0')
		}
		if minor > (math.MaxInt64-digit)/10 {
			return 0, ErrOverflow
		}
		minor = minor*10 + digit
	}
	return minor, nil
}

// ParseTyped reads an amount as people type it, wherever they are: "1234.50",
// "1,234.50", "1.234,50", "1 234,5". A point or a comma that stands alone is
// before the decimals, unless three digits follow that the currency has no
// room for: "1.234" EUR is a thousand and more. What could be read in two ways
// is ErrNumber.
func ParseTyped(text, code string) (Money, error) {
	digits, known := currency.GetDigits(code)
	if !known {
		return Money{}, fmt.Errorf("%q: %w", code, ErrUnknown)
	}
	text = strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) || r == '\'' || r == '’' {
			return -1
		}
		return r
	}, text)
	whole, decimals := text, ""
	if at := strings.LastIndexAny(text, ".,"); at >= 0 {
		mark := text[at : at+1]
		if tail := text[at+1:]; strings.Count(text, mark) == 1 && (len(tail) <= int(digits) || strings.ContainsAny(text[:at], ".,")) {
			whole, decimals = text[:at], tail
		}
	}
	groups := strings.FieldsFunc(whole, func(r rune) bool { return r == '.' || r == ',' })
	if strings.Contains(whole, ".") && strings.Contains(whole, ",") {
		return Money{}, ErrNumber
	}
	for n, g := range groups {
		if n > 0 && len(g) != 3 || len(groups) > 1 && len(g) > 3 {
			return Money{}, ErrNumber
		}
	}
	if strings.Count(whole, ".")+strings.Count(whole, ",") != max(0, len(groups)-1) {
		return Money{}, ErrNumber
	}
	return Parse(strings.Join(groups, "")+"."+decimals, code)
}
