// Package money adds and splits amounts without floats or mixed currencies.
package money

import (
	"errors"
	"fmt"
	"math"
	"strings"

	"github.com/bojanz/currency"
)

// Money is an amount in minor units (cents, or whole units where a currency
// has none) of one ISO 4217 currency. The zero Money is nothing of no
// currency.
type Money struct {
	Amount   int64  `json:"amount"   doc:"In minor units: 1999 is 19.99 EUR."`
	Currency string `json:"currency" doc:"ISO 4217 code." maxLength:"3" minLength:"3" pattern:"^[A-Z]{3}$"`
}

// Errors of arithmetic and parsing.
var (
	ErrCurrency = errors.New("amounts are in different currencies")
	ErrOverflow = errors.New("amount is too large")
	ErrUnknown  = errors.New("not an ISO 4217 currency")
)

// Of is an amount in minor units. The code is not checked: see Parse.
func Of(minor int64, code string) Money { return Money{Amount: minor, Currency: code} }

// Check refuses a currency that ISO 4217 does not know.
func (m Money) Check() error {
	if m.Currency == "" || !currency.IsValid(m.Currency) { // to the library, none is one
		return fmt.Errorf("%q: %w", m.Currency, ErrUnknown)
	}
	return nil
}

// OfCountry is the currency of a country (ISO 3166-1 alpha-2), and empty for one
// that is not known.
func OfCountry(country string) string {
	code, _ := currency.ForCountryCode(strings.ToUpper(country))
	return code
}

// Add is m + n. It refuses two currencies and an overflow.
func (m Money) Add(n Money) (Money, error) {
	if m.Currency != n.Currency {
		return Money{}, fmt.Errorf("%s and %s: %w", m.Currency, n.Currency, ErrCurrency)
	}
	sum := m.Amount + n.Amount
	if (sum > m.Amount) != (n.Amount > 0) && n.Amount != 0 {
		return Money{}, ErrOverflow
	}
	return Money{Amount: sum, Currency: m.Currency}, nil
}

// Sub is m - n, under the rules of Add.
func (m Money) Sub(n Money) (Money, error) {
	if n.Amount == math.MinInt64 {
		return Money{}, ErrOverflow
	}
	return m.Add(Money{Amount: -n.Amount, Currency: n.Currency})
}

// Times is m, n times over. It refuses an overflow.
func (m Money) Times(n int64) (Money, error) {
	product := m.Amount * n
	if n != 0 && (product/n != m.Amount || n == -1 && m.Amount == math.MinInt64) {
		return Money{}, ErrOverflow
	}
	return Money{Amount: product, Currency: m.Currency}, nil
}

// Split divides m into n parts that add up to it again and differ by one
// minor unit at most, the larger first. n must be positive.
func (m Money) Split(n int) []Money {
	parts := make([]Money, n)
	each, rest := m.Amount/int64(n), m.Amount%int64(n)
	for i := range parts {
		parts[i] = Money{Amount: each, Currency: m.Currency}
		if int64(i) < abs(rest) {
			parts[i].Amount += sign(rest)
		}
	}
	return parts
}

func abs(n int64) int64 {
	if n < 0 {
		return -n
	}
	return n
}

func sign(n int64) int64 {
	if n < 0 {
		return -1
	}
	return 1
}

// String is the amount with its currency and the currency's own number of
// decimals, such as "19.99 EUR": for logs and tests. Pages format by locale.
func (m Money) String() string {
	a, err := currency.NewAmountFromInt64(m.Amount, m.Currency)
	if err != nil {
		return fmt.Sprintf("%d %s", m.Amount, m.Currency)
	}
	return a.Number() + " " + m.Currency
}

// In is the amount with its currency's code, as it is written in a locale such
// as "de-AT": "1.234,50 EUR". Spaces in it do not break.
func (m Money) In(locale string) string { return m.format(locale, currency.DisplayCode) }

// NumberIn is In without the currency.
func (m Money) NumberIn(locale string) string { return m.format(locale, currency.DisplayNone) }

// Format is In with the sign of the currency, where it has one. A locale that is
// not known is written as in English.
func (m Money) Format(locale string) string { return m.format(locale, currency.DisplaySymbol) }

func (m Money) format(locale string, d currency.Display) string {
	a, err := currency.NewAmountFromInt64(m.Amount, m.Currency)
	if err != nil {
		return m.String()
	}
	f := currency.NewFormatter(currency.NewLocale(locale))
	f.CurrencyDisplay = d
	return strings.TrimSpace(f.Format(a))
}
