package paypal

import (
	"fmt"

	"github.com/bojanz/currency"

	"igny8/internal/money"
)

// amount is money as PayPal's newer interfaces write it.
type amount struct {
	Value    string `json:"value"`
	Currency string `json:"currency_code"`
}

// oldAmount is money as the older ones do.
type oldAmount struct {
	Total    string `json:"total"`
	Currency string `json:"currency"`
}

// wholeOnly are currencies in which PayPal takes no fractions, although they
// have some.
var wholeOnly = map[string]bool{"HUF": true, "TWD": true}

func amountOf(m money.Money) (amount, error) {
	a, err := currency.NewAmountFromInt64(m.Amount, m.Currency)
	if err != nil {
		return amount{}, fmt.Errorf("amount %s: %w", m, err)
	}
	if wholeOnly[m.Currency] {
		if m.Amount%100 != 0 {
			return amount{}, fmt.Errorf("PayPal takes no fractions of %s", m.Currency)
		}
		a = a.RoundTo(0, currency.RoundDown)
	}
	return amount{Value: a.Number(), Currency: m.Currency}, nil
}

func (a amount) money() (money.Money, error) {
	parsed, err := currency.NewAmount(a.Value, a.Currency)
	if err != nil {
		return money.Money{}, fmt.Errorf("an amount of PayPal's: %w", err)
	}
	n, err := parsed.Int64()
	if err != nil {
		return money.Money{}, fmt.Errorf("an amount of PayPal's: %w", err)
	}
	return money.Of(n, a.Currency), nil
}
