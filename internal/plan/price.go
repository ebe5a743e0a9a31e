package plan

import (
	"context"
	"fmt"
	"strings"

	"igny8/internal/fault"
	"igny8/internal/money"
	"igny8/internal/tenant"
	"igny8/internal/words"
)

// Prices is what a plan costs in each currency that it is sold in, its own
// first.
func Prices(ctx context.Context, r tenant.Shared, p Plan) ([]money.Money, error) {
	all := []money.Money{p.Price}
	err := r.Each(ctx, `SELECT amount, currency FROM plan_prices WHERE plan_id = $1 AND currency <> $2 ORDER BY currency`,
		[]any{p.ID, p.Price.Currency}, func(scan tenant.Scan) error {
			var m money.Money
			err := scan(&m.Amount, &m.Currency)
			all = append(all, m)
			return err
		})
	if err != nil {
		return nil, fmt.Errorf("prices of plan %s: %w", p.Code, err)
	}
	return all, nil
}

// PriceIn is what a plan costs in a currency, and its own price where it is not
// sold in that one.
func PriceIn(ctx context.Context, r tenant.Shared, p Plan, currency string) (money.Money, error) {
	prices, err := Prices(ctx, r, p)
	if err != nil {
		return money.Money{}, err
	}
	for _, m := range prices {
		if m.Currency == currency {
			return m, nil
		}
	}
	return p.Price, nil
}

// Wish is in which currency somebody wants to pay. The zero Wish takes the
// plan's own.
type Wish struct {
	Currency string // empty: that of the country
	Country  string // ISO 3166-1 alpha-2
}

// ForSaleIn is ForSale with the price in the currency that is wished for. With
// none it is the one of the country, where the plan has a price in it, and the
// plan's own anywhere else. ErrCurrency when the plan has no price in a
// currency that was named.
func ForSaleIn(ctx context.Context, r tenant.Shared, codeOrID string, w Wish) (Plan, error) {
	p, err := ForSale(ctx, r, codeOrID)
	if err != nil {
		return Plan{}, err
	}
	named := strings.ToUpper(strings.TrimSpace(w.Currency))
	currency := named
	if currency == "" {
		currency = money.OfCountry(w.Country)
	}
	prices, err := Prices(ctx, r, p)
	if err != nil {
		return Plan{}, err
	}
	for _, m := range prices {
		if m.Currency == currency {
			p.Price = m
			return p, nil
		}
	}
	if named == "" || p.Free() { // nothing is nothing in every currency
		return p, nil
	}
	return Plan{}, noSuchPrice(prices)
}

func noSuchPrice(prices []money.Money) *fault.Fault {
	codes := make([]string, 0, len(prices))
	for _, m := range prices {
		codes = append(codes, m.Currency)
	}
	return ErrCurrency.At("body.currency", words.With("the plan is sold in: %s", strings.Join(codes, ", ")), nil)
}
