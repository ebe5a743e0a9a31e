package credit

import (
	"context"
	"fmt"

	"igny8/internal/clock"
	"igny8/internal/tenant"
)

// Turnover is what all accounts together were given and have spent.
type Turnover struct {
	Days    int64 // before the moment of the look, of UTC
	Granted map[Source]Credits
	Spent   Credits // as far as the rollups have come
}

// TurnoverOf is the turnover of so many days up to today, for the operator.
func TurnoverOf(ctx context.Context, s *tenant.Survey, days int64) (Turnover, error) {
	t := Turnover{Days: days, Granted: map[Source]Credits{}}
	first := dayOf(s.Now()) - days + 1
	err := s.Each(ctx, `SELECT source, sum(amount) FROM credit_lots WHERE created_at >= $1 GROUP BY source`, []any{clock.Micros(dayTime(first))},
		func(scan tenant.Scan) error {
			var from Source
			var n Credits
			err := scan(&from, &n)
			t.Granted[from] = n
			return err
		})
	if err == nil {
		err = s.Get(ctx, `SELECT coalesce(sum(credits), 0) FROM credit_usage WHERE day >= $1`, []any{first}, &t.Spent)
	}
	if err != nil {
		return Turnover{}, fmt.Errorf("turnover of %d days: %w", days, err)
	}
	return t, nil
}
