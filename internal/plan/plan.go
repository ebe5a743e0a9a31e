// Package plan owns what is for sale: what it costs, what it includes, and
// how much of everything it allows.
package plan

import (
	"context"
	"fmt"
	"time"

	"igny8/internal/credit"
	"igny8/internal/fault"
	"igny8/internal/id"
	"igny8/internal/money"
	"igny8/internal/tenant"
	"igny8/internal/throttle"
)

type planKind struct{}

func (planKind) Prefix() string { return "plan" }

// ID names a plan.
type ID = id.ID[planKind]

// Interval is how long one payment lasts.
type Interval string

// The intervals.
const (
	Month Interval = "month"
	Year  Interval = "year"
)

// After is the moment one interval later, on the day of the month given: that
// of the first period, so that who began on a 31st is asked on the last day of
// a short month and on the 31st again after it. Zero is the day of t.
func (i Interval) After(t time.Time, day int) time.Time {
	months := 1
	if i == Year {
		months = 12
	}
	if day == 0 {
		day = t.Day()
	}
	first := time.Date(t.Year(), t.Month(), 1, t.Hour(), t.Minute(), t.Second(), t.Nanosecond(), t.Location()).AddDate(0, months, 0)
	last := first.AddDate(0, 1, -1).Day()
	return first.AddDate(0, 0, min(day, last)-1)
}

// Limits is how many of each thing an account may have.
type Limits struct{ Sites, Users, Keywords int64 }

// Plan is one offer.
type Plan struct {
	ID        ID
	Code      string
	Name      string
	Price     money.Money // for one interval; nothing for a trial
	Interval  Interval
	TrialDays int            // zero: it is paid for before it begins
	Credits   credit.Credits // in each interval, or once in a trial
	Limits    Limits
	Rates     throttle.Rates // requests in a minute
	Active    bool           // false: not for sale, and who is on it has to choose another
	Position  int64          // where it stands among those that are shown
}

// Free tells whether the plan begins at once, without a payment.
func (p Plan) Free() bool { return p.Price.Amount == 0 }

// What a caller can be told.
var (
	ErrNotFound = fault.New(fault.NotFound, "plan.not_found", "There is no such plan.")
	ErrInactive = fault.New(fault.PaymentRequired, "plan.inactive", "The plan of this account is no longer offered. Choose another one.")
	ErrExists   = fault.New(fault.Conflict, "plan.exists", "There is a plan with this code already.")
	ErrInvalid  = fault.New(fault.Invalid, "plan.invalid", "The plan cannot be like this.").FieldsSay()
	ErrOffered  = fault.New(fault.Conflict, "plan.interval_fixed", "This plan has been for sale, and whoever ordered it pays for the interval it had. Make a new plan.")
	ErrCurrency = fault.New(fault.Invalid, "plan.no_such_price", "This plan has no price in this currency.")
	ErrNotSold  = fault.New(fault.Conflict, "plan.not_for_sale", "This plan is not for sale.")
)

const columns = `id, code, name, price_amount, price_currency, period, trial_days, included_credits,
	limit_sites, limit_users, limit_keywords, rate_read, rate_write, rate_ai, rate_bridge, active, position`

func read(scan tenant.Scan) (Plan, error) {
	var p Plan
	err := scan(&p.ID, &p.Code, &p.Name, &p.Price.Amount, &p.Price.Currency, &p.Interval, &p.TrialDays, &p.Credits,
		&p.Limits.Sites, &p.Limits.Users, &p.Limits.Keywords,
		&p.Rates.Read, &p.Rates.Write, &p.Rates.AI, &p.Rates.Bridge, &p.Active, &p.Position)
	return p, err
}

// List is what is for sale, in the order in which it is shown.
func List(ctx context.Context, r tenant.Shared) ([]Plan, error) {
	return query(ctx, r, `SELECT `+columns+` FROM plans WHERE active ORDER BY position, code`)
}

// All is every plan, for sale or not, in the same order.
func All(ctx context.Context, r tenant.Shared) ([]Plan, error) {
	return query(ctx, r, `SELECT `+columns+` FROM plans ORDER BY position, code`)
}

func query(ctx context.Context, r tenant.Shared, text string) ([]Plan, error) {
	var all []Plan
	err := r.Each(ctx, text, nil, func(scan tenant.Scan) error {
		p, err := read(scan)
		all = append(all, p)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("list plans: %w", err)
	}
	return all, nil
}

// Find is the plan with a code or an id, for sale or not.
func Find(ctx context.Context, r tenant.Shared, codeOrID string) (Plan, error) {
	p, err := read(func(dest ...any) error {
		return r.Get(ctx, `SELECT `+columns+` FROM plans WHERE code = $1 OR id = $1`, []any{codeOrID}, dest...)
	})
	if tenant.IsNotFound(err) {
		err = ErrNotFound
	}
	if err != nil {
		return Plan{}, fmt.Errorf("plan %q: %w", codeOrID, err)
	}
	return p, nil
}

// ForSale is Find for who wants to buy: ErrNotSold when the plan is not
// offered any more.
func ForSale(ctx context.Context, r tenant.Shared, codeOrID string) (Plan, error) {
	p, err := Find(ctx, r, codeOrID)
	if err == nil && !p.Active {
		err = fmt.Errorf("plan %s: %w", p.Code, ErrNotSold)
	}
	return p, err
}
