package plan

import (
	"context"
	"fmt"
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

// firstPacks is what a new installation sells beside its plans.
var firstPacks = []Pack{
	{Code: "credits-500", Name: "500 credits", Credits: 500, Prices: []money.Money{money.Of(6_000, "EUR"), money.Of(6_500, "USD")}},
	{Code: "credits-2000", Name: "2000 credits", Credits: 2000, Prices: []money.Money{money.Of(22_000, "EUR"), money.Of(24_000, "USD")}},
	{Code: "credits-5000", Name: "5000 credits", Credits: 5000, Prices: []money.Money{money.Of(50_000, "EUR"), money.Of(55_000, "USD")}},
}

// seedPacks writes the first packages where there are none.
func seedPacks(ctx context.Context, tx *tenant.SharedTx) error {
	var n int64
	if err := tx.Get(ctx, `SELECT count(*) FROM credit_packages`, nil, &n); err != nil {
		return fmt.Errorf("count packages: %w", err)
	}
	if n > 0 {
		return nil
	}
	for i, p := range firstPacks {
		p.ID, p.Active, p.Position = id.New[packKind](), true, int64(i+1)
		added, err := p.insert(ctx, tx)
		if err == nil && added > 0 { // none: another process was first
			err = p.savePrices(ctx, tx)
		}
		if err != nil {
			return fmt.Errorf("seed package %s: %w", p.Code, err)
		}
	}
	return nil
}

func (p Pack) insert(ctx context.Context, tx *tenant.SharedTx) (int64, error) {
	return tx.Exec(ctx, `
		INSERT INTO credit_packages (id, code, name, credits, price_amount, price_currency, valid_days, active, position)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT (code) DO NOTHING`,
		p.ID, p.Code, p.Name, p.Credits, p.Prices[0].Amount, p.Prices[0].Currency, p.Days, p.Active, p.Position)
}

// CreatePack adds a package. It needs plans.manage.
func CreatePack(ctx context.Context, tx *tenant.SharedTx, p Pack) (Pack, error) {
	by := tx.Operator()
	if err := by.Require(tenant.PlansManage); err != nil {
		return Pack{}, err
	}
	p.ID = id.New[packKind]()
	p, err := p.check()
	if err != nil {
		return Pack{}, err
	}
	n, err := p.insert(ctx, tx)
	if err != nil {
		return Pack{}, fmt.Errorf("create package %s: %w", p.Code, err)
	}
	if n == 0 {
		return Pack{}, ErrPackExists.At("body.code", "is taken", nil)
	}
	if err := p.savePrices(ctx, tx); err != nil {
		return Pack{}, err
	}
	return p, audit.RecordShared(ctx, tx, by.Actor(), "package.created", p.ID.String(), p.facts())
}

// ChangePack changes what a package is from now on, and writes down what that
// changed. An invoice keeps what it sells and asks for. The code stays. It
// needs plans.manage.
func ChangePack(ctx context.Context, tx *tenant.SharedTx, codeOrID string, edit func(*Pack)) (Pack, error) {
	by := tx.Operator()
	if err := by.Require(tenant.PlansManage); err != nil {
		return Pack{}, err
	}
	// This holds the package, so that what is read is what is replaced.
	if _, err := tx.Exec(ctx, `UPDATE credit_packages SET position = position WHERE code = $1 OR id = $1`, codeOrID); err != nil {
		return Pack{}, fmt.Errorf("hold package %q: %w", codeOrID, err)
	}
	was, err := FindPack(ctx, tx.Shared, codeOrID)
	if err != nil {
		return Pack{}, err
	}
	p := was
	p.Prices = slices.Clone(was.Prices)
	edit(&p)
	p.ID, p.Code = was.ID, was.Code
	if p, err = p.check(); err != nil {
		return Pack{}, err
	}
	changed := differences(was.facts(), p.facts())
	if len(changed) == 0 {
		return p, nil
	}
	if _, err := tx.Exec(ctx, `
		UPDATE credit_packages SET name = $2, credits = $3, price_amount = $4, price_currency = $5, valid_days = $6, active = $7, position = $8
		WHERE id = $1`, p.ID, p.Name, p.Credits, p.Prices[0].Amount, p.Prices[0].Currency, p.Days, p.Active, p.Position); err != nil {
		return Pack{}, fmt.Errorf("change package %s: %w", p.Code, err)
	}
	if err := p.savePrices(ctx, tx); err != nil {
		return Pack{}, err
	}
	return p, audit.RecordShared(ctx, tx, by.Actor(), "package.changed", p.ID.String(), changed)
}

func (p Pack) savePrices(ctx context.Context, tx *tenant.SharedTx) error {
	if _, err := tx.Exec(ctx, `DELETE FROM credit_package_prices WHERE package_id = $1`, p.ID); err != nil {
		return fmt.Errorf("prices of package %s: %w", p.Code, err)
	}
	for _, m := range p.Prices[1:] {
		if _, err := tx.Exec(ctx, `INSERT INTO credit_package_prices (package_id, currency, amount) VALUES ($1, $2, $3)`, p.ID, m.Currency, m.Amount); err != nil {
			return fmt.Errorf("price of package %s in %s: %w", p.Code, m.Currency, err)
		}
	}
	return nil
}

// check reads what an operator wrote.
func (p Pack) check() (Pack, error) {
	f := ErrPackInvalid
	blame := func(ok bool, where string, says words.Text) {
		if !ok {
			f = f.At("body."+where, says, nil)
		}
	}
	name, ok := account.Printable(p.Name, 120)
	blame(ok, "name", "1 to 120 printable characters")
	p.Name = name
	blame(codeShape.MatchString(p.Code), "code", "1 to 50 small letters, digits and hyphens")
	blame(p.Credits > 0 && p.Credits <= credit.Credits(most), "credits", "is above nothing")
	blame(p.Days >= 0 && p.Days <= mostPackDays, "valid_days", "is from 0 to 3660")
	blame(p.Position >= 0 && p.Position <= most, "position", "is not below nothing")
	sound := len(p.Prices) > 0 && len(p.Prices) <= mostPrices+1
	seen := map[string]bool{}
	for _, m := range p.Prices {
		sound = sound && !seen[m.Currency] && m.Amount > 0 && m.Amount <= most && m.Check() == nil
		seen[m.Currency] = true
	}
	blame(sound, "prices", "one at least, one for each currency, each above nothing")
	if len(f.Fields) > 0 {
		return Pack{}, f
	}
	slices.SortFunc(p.Prices[1:], func(a, b money.Money) int { return strings.Compare(a.Currency, b.Currency) })
	return p, nil
}

const mostPackDays = 3660

// facts is what the log says of a package.
func (p Pack) facts() map[string]any {
	prices := make([]string, 0, len(p.Prices))
	for _, m := range p.Prices {
		prices = append(prices, m.String())
	}
	return map[string]any{
		"code": p.Code, "name": p.Name, "credits": p.Credits, "prices": strings.Join(prices, ", "), "valid_days": p.Days,
		"active": p.Active, "position": p.Position,
	}
}
