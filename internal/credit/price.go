package credit

import (
	"context"
	"fmt"

	"igny8/internal/tenant"
)

// Operation is something that is paid for.
type Operation string

// The operations that have a price from the start.
const (
	AutoCluster       Operation = "auto_cluster"
	GenerateIdeas     Operation = "generate_ideas"
	GenerateContent   Operation = "generate_content"
	RegenerateSection Operation = "regenerate_section"
)

// Price turns usage into credits: so many for every so many units, rounded
// up, and never below the minimum.
type Price struct {
	Operation Operation
	Unit      string // what is counted: keyword, idea, word
	Per       int64  // units that Credits buys
	Credits   Credits
	Minimum   Credits
	Overrun   int64 // how much above its hold the work may be charged, in per cent of it
}

// OverrunOf is the most that is charged above a hold of n credits.
func (p Price) OverrunOf(n Credits) Credits { return n * Credits(p.Overrun) / 100 }

// Of is the cost of so many units.
func (p Price) Of(units int64) Credits {
	cost := (max(0, units)*int64(p.Credits) + p.Per - 1) / p.Per
	return max(Credits(cost), p.Minimum)
}

// Upto is the most units that n credits pay for.
func (p Price) Upto(n Credits) int64 {
	if n < p.Minimum || p.Credits == 0 {
		return 0
	}
	return int64(n) * p.Per / int64(p.Credits)
}

// Prices is the price list, by the name of the operation.
func Prices(ctx context.Context, r tenant.Shared) ([]Price, error) {
	var all []Price
	err := r.Each(ctx, `SELECT operation, unit, per, credits, minimum, overrun FROM credit_prices ORDER BY operation`, nil, func(scan tenant.Scan) error {
		var p Price
		err := scan(&p.Operation, &p.Unit, &p.Per, &p.Credits, &p.Minimum, &p.Overrun)
		all = append(all, p)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("price list: %w", err)
	}
	return all, nil
}

// PriceOf is the price of an operation.
func PriceOf(ctx context.Context, r tenant.Reader, op Operation) (Price, error) {
	p := Price{Operation: op}
	err := r.Shared().Get(ctx, `SELECT unit, per, credits, minimum, overrun FROM credit_prices WHERE operation = $1`,
		[]any{string(op)}, &p.Unit, &p.Per, &p.Credits, &p.Minimum, &p.Overrun)
	if tenant.IsNotFound(err) {
		err = ErrUnknownPrice
	}
	if err != nil {
		return Price{}, fmt.Errorf("price of %s: %w", op, err)
	}
	return p, nil
}

// Quote is what so many units of an operation cost: what to show before it
// runs, and what to reserve for it.
func Quote(ctx context.Context, r tenant.Reader, op Operation, units int64) (Credits, error) {
	p, err := PriceOf(ctx, r, op)
	if err != nil {
		return 0, err
	}
	return p.Of(units), nil
}

// firstPrices is the price list of a new installation.
var firstPrices = []Price{
	{Operation: AutoCluster, Unit: "keyword", Per: 100, Credits: 1, Minimum: 1},
	{Operation: GenerateIdeas, Unit: "idea", Per: 1, Credits: 5, Minimum: 5},
	{Operation: GenerateContent, Unit: "word", Per: 100, Credits: 2, Minimum: 2, Overrun: 25},
	{Operation: RegenerateSection, Unit: "word", Per: 100, Credits: 2, Minimum: 1, Overrun: 25},
}

// SeedPrices writes the first price list, and the first rules of failures, where
// there are none.
func SeedPrices(ctx context.Context, tx *tenant.SharedTx) error {
	for _, p := range firstPrices {
		_, err := tx.Exec(ctx, `
			INSERT INTO credit_prices (operation, unit, per, credits, minimum, overrun) VALUES ($1, $2, $3, $4, $5, $6)
			ON CONFLICT (operation) DO NOTHING`, string(p.Operation), p.Unit, p.Per, p.Credits, p.Minimum, p.Overrun)
		if err != nil {
			return fmt.Errorf("seed the price of %s: %w", p.Operation, err)
		}
	}
	return seedRules(ctx, tx)
}
