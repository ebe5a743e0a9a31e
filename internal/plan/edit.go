package plan

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"igny8/internal/account"
	"igny8/internal/audit"
	"igny8/internal/credit"
	"igny8/internal/id"
	"igny8/internal/money"
	"igny8/internal/tenant"
	"igny8/internal/words"
)

// Offer is a plan with all its prices.
type Offer struct {
	Plan
	Prices []money.Money // the plan's own first
}

// OfferOf is the plan with a code or an id, for sale or not, with its prices.
func OfferOf(ctx context.Context, r tenant.Shared, codeOrID string) (Offer, error) {
	p, err := Find(ctx, r, codeOrID)
	if err != nil {
		return Offer{}, err
	}
	prices, err := Prices(ctx, r, p)
	return Offer{p, prices}, err
}

// Offers is the plans with their prices.
func Offers(ctx context.Context, r tenant.Shared, plans []Plan) ([]Offer, error) {
	all := make([]Offer, 0, len(plans))
	for _, p := range plans {
		prices, err := Prices(ctx, r, p)
		if err != nil {
			return nil, err
		}
		all = append(all, Offer{p, prices})
	}
	return all, nil
}

// Create adds a plan. Its Prices are those besides its own. It needs
// plans.manage.
func Create(ctx context.Context, tx *tenant.SharedTx, o Offer) (Offer, error) {
	by := tx.Operator()
	if err := by.Require(tenant.PlansManage); err != nil {
		return Offer{}, err
	}
	o.ID = id.New[planKind]()
	o, err := o.check()
	if err != nil {
		return Offer{}, err
	}
	p := o.Plan
	n, err := tx.Exec(ctx, `
		INSERT INTO plans (id, code, name, price_amount, price_currency, period, trial_days, included_credits,
			limit_sites, limit_users, limit_keywords, rate_read, rate_write, rate_ai, rate_bridge, active, position, offered)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $16) ON CONFLICT (code) DO NOTHING`,
		p.ID, p.Code, p.Name, p.Price.Amount, p.Price.Currency, string(p.Interval), p.TrialDays, p.Credits,
		p.Limits.Sites, p.Limits.Users, p.Limits.Keywords, p.Rates.Read, p.Rates.Write, p.Rates.AI, p.Rates.Bridge, p.Active, p.Position)
	if err != nil {
		return Offer{}, fmt.Errorf("create plan %s: %w", p.Code, err)
	}
	if n == 0 {
		return Offer{}, ErrExists.At("body.code", "is taken", nil)
	}
	if err := o.savePrices(ctx, tx); err != nil {
		return Offer{}, err
	}
	return o, audit.RecordShared(ctx, tx, by.Actor(), "plan.created", p.ID.String(), o.facts())
}

// Change changes what a plan is from now on, and writes down what that
// changed. Invoices keep what they ask for, and what was paid stays paid. The
// code stays; so does the interval once the plan has been for sale:
// ErrOffered. It needs plans.manage.
func Change(ctx context.Context, tx *tenant.SharedTx, codeOrID string, edit func(*Offer)) (Offer, error) {
	by := tx.Operator()
	if err := by.Require(tenant.PlansManage); err != nil {
		return Offer{}, err
	}
	// This holds the plan, so that what is read is what is replaced.
	if _, err := tx.Exec(ctx, `UPDATE plans SET position = position WHERE code = $1 OR id = $1`, codeOrID); err != nil {
		return Offer{}, fmt.Errorf("hold plan %q: %w", codeOrID, err)
	}
	was, err := OfferOf(ctx, tx.Shared, codeOrID)
	if err != nil {
		return Offer{}, err
	}
	o := Offer{Plan: was.Plan, Prices: was.Prices[1:]}
	edit(&o)
	o.ID, o.Code = was.ID, was.Code
	if o, err = o.check(); err != nil {
		return Offer{}, err
	}
	if o.Interval != was.Interval {
		if err := neverOffered(ctx, tx, o.Plan); err != nil {
			return Offer{}, err
		}
	}
	changed := changes(was, o)
	if len(changed) == 0 {
		return o, nil
	}
	p := o.Plan
	if _, err := tx.Exec(ctx, `
		UPDATE plans SET name = $2, price_amount = $3, price_currency = $4, period = $5, trial_days = $6, included_credits = $7,
			limit_sites = $8, limit_users = $9, limit_keywords = $10, rate_read = $11, rate_write = $12, rate_ai = $13, rate_bridge = $14,
			active = $15, position = $16, offered = offered OR $15 WHERE id = $1`,
		p.ID, p.Name, p.Price.Amount, p.Price.Currency, string(p.Interval), p.TrialDays, p.Credits,
		p.Limits.Sites, p.Limits.Users, p.Limits.Keywords, p.Rates.Read, p.Rates.Write, p.Rates.AI, p.Rates.Bridge, p.Active, p.Position); err != nil {
		return Offer{}, fmt.Errorf("change plan %s: %w", p.Code, err)
	}
	if err := o.savePrices(ctx, tx); err != nil {
		return Offer{}, err
	}
	return o, audit.RecordShared(ctx, tx, by.Actor(), "plan.changed", p.ID.String(), changed)
}

func neverOffered(ctx context.Context, tx *tenant.SharedTx, p Plan) error {
	var offered bool
	if err := tx.Get(ctx, `SELECT offered FROM plans WHERE id = $1`, []any{p.ID}, &offered); err != nil {
		return fmt.Errorf("was plan %s ever offered: %w", p.Code, err)
	}
	if offered {
		return ErrOffered.At("body.interval", "cannot be changed", nil)
	}
	return nil
}

func (o Offer) savePrices(ctx context.Context, tx *tenant.SharedTx) error {
	if _, err := tx.Exec(ctx, `DELETE FROM plan_prices WHERE plan_id = $1`, o.ID); err != nil {
		return fmt.Errorf("prices of plan %s: %w", o.Code, err)
	}
	for _, m := range o.Prices[1:] {
		if _, err := tx.Exec(ctx, `INSERT INTO plan_prices (plan_id, currency, amount) VALUES ($1, $2, $3)`, o.ID, m.Currency, m.Amount); err != nil {
			return fmt.Errorf("price of plan %s in %s: %w", o.Code, m.Currency, err)
		}
	}
	return nil
}

// What a plan can be.
var codeShape = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,49}$`) // no underscore: it is no id

const (
	most       = 1_000_000_000_000
	mostDays   = 366
	mostPrices = 50
)

// check reads what an operator wrote. The Prices that come in are those
// besides the plan's own, which comes out in front of them; one in the same
// currency is the plan's own again.
func (o Offer) check() (Offer, error) {
	f := ErrInvalid
	blame := func(ok bool, where string, says words.Text) {
		if !ok {
			f = f.At("body."+where, says, nil)
		}
	}
	name, ok := account.Printable(o.Name, 120)
	blame(ok, "name", "1 to 120 printable characters")
	o.Name = name
	blame(codeShape.MatchString(o.Code), "code", "1 to 50 small letters, digits and hyphens")
	blame(o.Interval == Month || o.Interval == Year, "interval", "is month or year")
	blame(o.Price.Amount >= 0 && o.Price.Amount <= most && o.Price.Check() == nil, "price", "is not below nothing, in a currency that there is")
	blame(o.TrialDays >= 0 && o.TrialDays <= mostDays && (o.TrialDays > 0 || !o.Free()), "trial_days", "is from 1 to 366 for a plan that costs nothing")
	blame(o.Credits >= 0 && o.Credits <= credit.Credits(most), "included_credits", "is not below nothing")
	for where, n := range map[string]int64{"limits.sites": o.Limits.Sites, "limits.users": o.Limits.Users, "limits.keywords": o.Limits.Keywords} {
		blame(n >= 0 && n <= most, where, "is not below nothing")
	}
	for where, n := range map[string]int64{"rates.read": o.Rates.Read, "rates.write": o.Rates.Write, "rates.ai": o.Rates.AI, "rates.bridge": o.Rates.Bridge} {
		blame(n > 0 && n <= 1_000_000, where, "is from 1 to 1000000")
	}
	blame(o.Position >= 0 && o.Position <= most, "position", "is not below nothing")
	prices, sound := []money.Money{o.Price}, len(o.Prices) <= mostPrices
	seen := map[string]bool{}
	for _, m := range o.Prices {
		if seen[m.Currency] || m.Currency == o.Price.Currency && m != o.Price {
			sound = false
		}
		seen[m.Currency] = true
		if m == o.Price {
			continue
		}
		sound = sound && m.Amount > 0 && m.Amount <= most && m.Check() == nil && !o.Free()
		prices = append(prices, m)
	}
	blame(sound, "prices", "one for each currency, each above nothing, and none for a plan that costs nothing")
	o.Prices = prices
	if len(f.Fields) > 0 {
		return Offer{}, f
	}
	slices.SortFunc(o.Prices[1:], func(a, b money.Money) int { return strings.Compare(a.Currency, b.Currency) })
	return o, nil
}

// facts is what the log says of a plan.
func (o Offer) facts() map[string]any {
	prices := make([]string, 0, len(o.Prices))
	for _, m := range o.Prices {
		prices = append(prices, m.String())
	}
	return map[string]any{
		"code": o.Code, "name": o.Name, "price": o.Price.String(), "prices": strings.Join(prices, ", "), "interval": o.Interval,
		"trial_days": o.TrialDays, "included_credits": o.Credits,
		"limit_sites": o.Limits.Sites, "limit_users": o.Limits.Users, "limit_keywords": o.Limits.Keywords,
		"rate_read": o.Rates.Read, "rate_write": o.Rates.Write, "rate_ai": o.Rates.AI, "rate_bridge": o.Rates.Bridge,
		"active": o.Active, "position": o.Position,
	}
}

// changes is what differs, before and after.
func changes(was, is Offer) map[string]any {
	return differences(was.facts(), is.facts())
}

func differences(was, is map[string]any) map[string]any {
	all := map[string]any{}
	for name, after := range is {
		if was[name] != after {
			all[name] = map[string]any{"before": was[name], "after": after}
		}
	}
	return all
}
