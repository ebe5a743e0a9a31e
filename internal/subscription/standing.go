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
// gate asks it (by TermsOf) for every request, and the job queue before every
// run.
func Standing(ctx context.Context, r tenant.Reader) error {
	t, err := TermsOf(ctx, r)
	if err == nil {
		_, err = t.Standing(r.Now())
	}
	return err
}

// Terms is what decides whether an account may work, as it was read. Time
// decides too, so it holds no answer.
type Terms struct {
	account account.Account
	exempt  bool         // a system account's requests are not counted
	current Subscription // without an ID: there never was one, or the account decides alone
}

// TermsOf reads the terms of an account: its subscription only where the
// account does not decide alone.
func TermsOf(ctx context.Context, r tenant.Reader) (Terms, error) {
	var t Terms
	var err error
	if t.account, err = account.Load(ctx, r); err != nil || t.account.Status.Standing() != nil {
		return t, err
	}
	if t.account.Kind == account.System {
		t.exempt, err = account.Entrusted(ctx, r, tenant.ThrottleExempt)
		return t, err
	}
	t.current, err = Current(ctx, r)
	if errors.Is(err, ErrNotFound) {
		err = nil
	}
	return t, err
}

// Account is whose terms they are.
func (t Terms) Account() account.Account { return t.account }

// Standing says, as a fault, why the account may not work at a moment, or nil;
// and how often it may ask, which is known even where it may not work: what
// the plan says, or throttle.Basic where the plan was not asked.
func (t Terms) Standing(now time.Time) (throttle.Rates, error) {
	rates := throttle.Basic
	if err := t.account.Status.Standing(); err != nil {
		return rates, err
	}
	switch {
	case t.account.Kind == account.System:
		rates.Exempt = t.exempt
		return rates, nil
	case t.current.ID.IsZero():
		return rates, fmt.Errorf("no subscription: %w", account.ErrPaymentRequired)
	}
	return t.current.Plan.Rates, t.current.standing(now)
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

// Limit is how many of a resource the plan of the account allows; zero for an
// account that has none.
func Limit(ctx context.Context, r tenant.Reader, what Resource) (int64, error) {
	s, err := Current(ctx, r)
	if errors.Is(err, ErrNotFound) {
		return 0, nil
	}
	return limitOf(s.Plan, what), err
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
