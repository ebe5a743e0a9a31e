package money

import (
	"errors"
	"fmt"
	"math"
	"strings"

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
