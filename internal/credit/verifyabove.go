package credit

import (
	"context"
	"fmt"

	"igny8/internal/tenant"
)

// readOverruns checks that what was charged above a hold is another hold, which
// was spent whole, and that the first was.
func (x *examiner) readOverruns(ctx context.Context, r tenant.Reader) error {
	err := r.Each(ctx, `SELECT hold_id, charged, coalesce(extra_id, '') FROM credit_overruns WHERE account_id = $1`, nil, func(scan tenant.Scan) error {
		var hold, extra string
		var charged int64
		if err := scan(&hold, &charged, &extra); err != nil {
			return err
		}
		if h := x.settledHold(hold); h == nil || h.used != h.amount {
			x.say("work cost more than hold %s, which was not spent whole", hold)
		}
		if extra == "" {
			return nil
		}
		if h := x.settledHold(extra); h == nil || h.used != h.amount || h.amount != charged {
			x.say("%d was charged above hold %s, and hold %s is not that", charged, hold, extra)
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("overruns: %w", err)
	}
	return nil
}

// readFailures checks that a failure that was charged has ended its hold with
// that.
func (x *examiner) readFailures(ctx context.Context, r tenant.Reader) error {
	err := r.Each(ctx, `SELECT hold_id, failure, charged FROM credit_failures WHERE account_id = $1 AND charged IS NOT NULL`, nil, func(scan tenant.Scan) error {
		var hold, failure string
		var charged int64
		if err := scan(&hold, &failure, &charged); err != nil {
			return err
		}
		if h := x.settledHold(hold); h == nil || h.used != charged {
			x.say("%d was charged of hold %s because it was %s, and it is not settled with that", charged, hold, failure)
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("failures: %w", err)
	}
	return nil
}

// settledHold is a hold that was settled; nil when it was not, or is not there.
func (x *examiner) settledHold(id string) *pastHold {
	i := x.hold(id)
	if i < 0 || x.holds[i].status != settled {
		return nil
	}
	return &x.holds[i]
}
