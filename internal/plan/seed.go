package plan

import (
	"context"
	"fmt"

	"igny8/internal/id"
	"igny8/internal/money"
	"igny8/internal/tenant"
	"igny8/internal/throttle"
)

// first is what a new installation sells. A trial takes a whole export of a
// keyword tool, so that somebody who tries Igny8 sees it with his own data.
var first = []Plan{
	{Code: "trial", Name: "Trial", Price: money.Of(0, "EUR"), Interval: Month, TrialDays: 14, Credits: 1000, Limits: Limits{1, 1, 20_000}, Rates: throttle.Rates{Read: 600, Write: 300, AI: 60, Bridge: 300}},
	{Code: "starter", Name: "Starter", Price: money.Of(10_000, "EUR"), Interval: Month, Credits: 1000, Limits: Limits{2, 2, 20_000}, Rates: throttle.Rates{Read: 600, Write: 300, AI: 60, Bridge: 300}},
	{Code: "growth", Name: "Growth", Price: money.Of(20_000, "EUR"), Interval: Month, Credits: 2000, Limits: Limits{5, 3, 100_000}, Rates: throttle.Rates{Read: 1200, Write: 600, AI: 120, Bridge: 600}},
	{Code: "scale", Name: "Scale", Price: money.Of(50_000, "EUR"), Interval: Month, Credits: 5000, Limits: Limits{99, 5, 500_000}, Rates: throttle.Rates{Read: 3000, Write: 1500, AI: 300, Bridge: 1500}},
}

// Seed writes the first plans where there are none, and the first packages of
// credits likewise. Once there is one, the list is the operator's, and Seed
// changes nothing in it.
func Seed(ctx context.Context, tx *tenant.SharedTx) error {
	if err := seedPacks(ctx, tx); err != nil {
		return err
	}
	var n int64
	if err := tx.Get(ctx, `SELECT count(*) FROM plans`, nil, &n); err != nil {
		return fmt.Errorf("count plans: %w", err)
	}
	if n > 0 {
		return nil
	}
	for i, p := range first {
		_, err := tx.Exec(ctx, `
			INSERT INTO plans (id, code, name, price_amount, price_currency, period, trial_days, included_credits,
				limit_sites, limit_users, limit_keywords, rate_read, rate_write, rate_ai, rate_bridge, active, position)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, TRUE, $16) ON CONFLICT (code) DO NOTHING`,
			id.New[planKind](), p.Code, p.Name, p.Price.Amount, p.Price.Currency, string(p.Interval), p.TrialDays, p.Credits,
			p.Limits.Sites, p.Limits.Users, p.Limits.Keywords,
			p.Rates.Read, p.Rates.Write, p.Rates.AI, p.Rates.Bridge, i+1)
		if err != nil {
			return fmt.Errorf("seed plan %s: %w", p.Code, err)
		}
	}
	return nil
}
