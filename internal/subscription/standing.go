package subscription

import (
	"context"
	"errors"
	"fmt"
	"time"

	"igny8/internal/account"
	"igny8/internal/plan"
	"igny8/internal/tenant"
	"igny8/internal/throttle"
)

// Grace is how long an account works on after a period that was not paid for.
const Grace = 7 * 24 * time.Hour

// Standing says, as a fault, why the account may not work at the reader's
// moment, or nil. It is the one check of account, subscription and plan: the
// gate asks it for every request, and the job queue before every run.
func Standing(ctx context.Context, r tenant.Reader) error {
	_, err := Terms(ctx, r)
	return err
}

// Terms is Standing, and how often the account may ask, which is known even
// where it may not work: what the plan says, as far as Standing has to read
// it, or throttle.Basic.
func Terms(ctx context.Context, r tenant.Reader) (throttle.Rates, error) {
	a, err := account.Load(ctx, r)
	if err != nil {
		return throttle.Basic, err
	}
	if err := a.Status.Standing(); err != nil {
		return throttle.Basic, err
	}
	if a.Kind == account.System {
		rates := throttle.Basic
		rates.Exempt, err = account.Entrusted(ctx, r, tenant.ThrottleExempt)
		return rates, err
	}
	s, err := Current(ctx, r)
	if errors.Is(err, ErrNotFound) {
		return throttle.Basic, fmt.Errorf("no subscription: %w", account.ErrPaymentRequired)
	}
	if err != nil {
		return throttle.Basic, err
	}
	return s.Plan.Rates, s.standing(r.Now())
}

func (s Subscription) standing(now time.Time) error {
	switch s.Status {
	case Trialing:
		if !now.Before(s.PeriodEnd) {
			return ErrTrialEnded
		}
	case Active, PastDue:
		if !now.Before(s.PeriodEnd.Add(Grace)) {
			return account.ErrPaymentRequired
		}
	case PendingPayment, Cancelled, Expired:
		return account.ErrPaymentRequired
	}
	if !s.Plan.Active {
		return plan.ErrInactive
	}
	return nil
}

// Resource is something of which a plan allows so many.
type Resource string

// The resources.
const (
	Sites    Resource = "sites"
	Users    Resource = "users"
	Keywords Resource = "keywords"
)

// Allow is ErrLimit, with the resource, the limit and what there is, unless
// the plan allows an account that has so many to have more. A system account
// has no plan and no limits. The caller holds what it counted until it
// commits.
func Allow(ctx context.Context, r tenant.Reader, what Resource, have, more int64) error {
	s, err := Current(ctx, r)
	if errors.Is(err, ErrNotFound) {
		a, loadErr := account.Load(ctx, r)
		if loadErr == nil && a.Kind == account.System {
			return nil
		}
		err = errors.Join(err, loadErr)
	}
	if err != nil {
		return err
	}
	limit := limitOf(s.Plan, what)
	if have+more <= limit {
		return nil
	}
	return ErrLimit.Sayf("The plan %s allows %d %s. There are %d, and this would add %d.", s.Plan.Name, limit, what, have, more).
		With("resource", string(what)).With("limit", limit).With("have", have)
}

func limitOf(p plan.Plan, what Resource) int64 {
	switch what {
	case Sites:
		return p.Limits.Sites
	case Users:
		return p.Limits.Users
	case Keywords:
		return p.Limits.Keywords
	}
	return 0
}
