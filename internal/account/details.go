package account

import (
	"context"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/bojanz/currency"

	"igny8/internal/audit"
	"igny8/internal/clock"
	"igny8/internal/tenant"
)

// PaymentMethod is how an account pays.
type PaymentMethod string

// The payment methods.
const (
	Stripe       PaymentMethod = "stripe"
	PayPal       PaymentMethod = "paypal"
	BankTransfer PaymentMethod = "bank_transfer"
)

// ParsePaymentMethod reads the name of a method; none given is Stripe.
func ParsePaymentMethod(s string) (PaymentMethod, error) {
	switch m := PaymentMethod(s); m {
	case Stripe, PayPal, BankTransfer:
		return m, nil
	case "":
		return Stripe, nil
	}
	return "", ErrUnknownMethod.At("body.payment_method", "must be stripe, paypal or bank_transfer", shown(s))
}

// shown is what was given, cut to what an answer may repeat.
func shown(s string) string {
	if utf8.RuneCountInString(s) <= 60 {
		return s
	}
	return string([]rune(s)[:60]) + "..."
}

// Change says which details change; nil leaves one as it is.
type Change struct{ Name, Country *string }

// Rename changes the name, the country, or both.
func Rename(ctx context.Context, tx *tenant.Tx, c Change) (Account, error) {
	a, err := Load(ctx, tx)
	if err != nil {
		return Account{}, err
	}
	if c.Name != nil {
		if a.Name, err = parseName(*c.Name, "body.name"); err != nil {
			return Account{}, err
		}
	}
	if c.Country != nil {
		if a.Country, err = parseCountry(*c.Country); err != nil {
			return Account{}, err
		}
	}
	a, err = one(ctx, tx, `
		UPDATE accounts SET name = CASE WHEN $2 THEN $3 ELSE name END,
			country = CASE WHEN $4 THEN $5 ELSE country END, updated_at = $6
		WHERE id = $1 RETURNING `+columns, c.Name != nil, a.Name, c.Country != nil, a.Country, clock.Micros(tx.Now()))
	if err != nil {
		return Account{}, err
	}
	return a, audit.Record(ctx, tx, "account.renamed", a.ID.String(), map[string]string{"name": a.Name, "country": a.Country})
}

// SetPaymentMethod changes how the account pays.
func SetPaymentMethod(ctx context.Context, tx *tenant.Tx, m PaymentMethod) error {
	m, err := ParsePaymentMethod(string(m))
	if err != nil {
		return err
	}
	_, err = one(ctx, tx, `UPDATE accounts SET payment_method = $2, updated_at = $3 WHERE id = $1 RETURNING `+columns,
		string(m), clock.Micros(tx.Now()))
	return err
}

// Printable is s without space around it, if that has 1 to limit characters
// and all can be seen: no control characters, none that turn the direction of
// writing, no broken UTF-8. The two joiners that Persian and Indic names are
// written with are allowed inside.
func Printable(s string, limit int) (string, bool) {
	s = strings.TrimSpace(s)
	if s == "" || !utf8.ValidString(s) || utf8.RuneCountInString(s) > limit {
		return "", false
	}
	seen := false
	for _, r := range s {
		joiner := r == '\u200c' || r == '\u200d'
		if !unicode.IsPrint(r) && !joiner {
			return "", false
		}
		seen = seen || !joiner
	}
	return s, seen
}

func parseName(s, location string) (string, error) {
	name, ok := Printable(s, 120)
	if !ok {
		return "", ErrInvalidName.At(location, "1 to 120 printable characters", nil)
	}
	return name, nil
}

func parseCountry(s string) (string, error) {
	code, known := Country(s)
	if !known {
		return "", ErrInvalidCountry.At("body.country", "two letters of ISO 3166-1, such as DE", shown(s))
	}
	return code, nil
}

// Country reads two letters of ISO 3166-1. The list is that of the
// countries with a currency, to which Antarctica (AQ) is added and from which
// five islands that ISO only reserves are taken; Kosovo (XK), which ISO has
// yet to list, does business and stays.
func Country(s string) (string, bool) {
	code := strings.ToUpper(strings.TrimSpace(s))
	if !isCountry(code) {
		return "", false
	}
	return code, true
}

func isCountry(code string) bool {
	_, known := currency.ForCountryCode(code)
	switch code {
	case "AQ":
		known = true
	case "AC", "DG", "EA", "IC", "TA":
		known = false
	}
	return known
}

// Countries lists the codes of the countries that an account can be in.
func Countries() []string {
	var all []string
	for a := 'A'; a <= 'Z'; a++ {
		for b := 'A'; b <= 'Z'; b++ {
			if code := string(a) + string(b); isCountry(code) {
				all = append(all, code)
			}
		}
	}
	return all
}
