package plan

import (
	"context"
	"fmt"
	"strings"

	"igny8/internal/credit"
	"igny8/internal/fault"
	"igny8/internal/id"
	"igny8/internal/money"
	"igny8/internal/tenant"
)

type packKind struct{}

func (packKind) Prefix() string { return "pack" }

// PackID names a package of credits.
type PackID = id.ID[packKind]

// Pack is credits that are sold beside the plans, for one price.
type Pack struct {
	ID       PackID
	Code     string
	Name     string
	Credits  credit.Credits
	Prices   []money.Money // its own first; one at least
	Days     int64         // how long the credits are valid from their payment on; zero: for ever
	Active   bool          // for sale
	Position int64         // where it stands among those that are shown
}

// PriceIn is what the package costs in a currency, and its own price where it
// is not sold in that one.
func (p Pack) PriceIn(currency string) money.Money {
	for _, m := range p.Prices {
		if m.Currency == currency {
			return m
		}
	}
	return p.Prices[0]
}

// Wished is the price in the currency that is wished for: with none that of the
// country, where the package has one, and its own anywhere else. ErrCurrency
// when it has no price in a currency that was named.
func (p Pack) Wished(w Wish) (money.Money, error) {
	named := strings.ToUpper(strings.TrimSpace(w.Currency))
	if named == "" {
		return p.PriceIn(money.OfCountry(w.Country)), nil
	}
	if m := p.PriceIn(named); m.Currency == named {
		return m, nil
	}
	return money.Money{}, noSuchPrice(p.Prices)
}

// What a caller can be told of packages.
var (
	ErrPackNotFound = fault.New(fault.NotFound, "plan.package_not_found", "There is no such package of credits.")
	ErrPackExists   = fault.New(fault.Conflict, "plan.package_exists", "There is a package of credits with this code already.")
	ErrPackInvalid  = fault.New(fault.Invalid, "plan.package_invalid", "The package of credits cannot be like this.").FieldsSay()
	ErrPackNotSold  = fault.New(fault.Conflict, "plan.package_not_for_sale", "This package of credits is not for sale.")
)

const packColumns = `id, code, name, credits, price_amount, price_currency, valid_days, active, position`

func readPack(scan tenant.Scan) (Pack, error) {
	var p Pack
	var m money.Money
	err := scan(&p.ID, &p.Code, &p.Name, &p.Credits, &m.Amount, &m.Currency, &p.Days, &p.Active, &p.Position)
	p.Prices = []money.Money{m}
	return p, err
}

// Packs is the packages that are for sale, in the order in which they are shown.
func Packs(ctx context.Context, r tenant.Shared) ([]Pack, error) {
	return packs(ctx, r, `SELECT `+packColumns+` FROM credit_packages WHERE active ORDER BY position, code`)
}

// AllPacks is every package, for sale or not, in the same order.
func AllPacks(ctx context.Context, r tenant.Shared) ([]Pack, error) {
	return packs(ctx, r, `SELECT `+packColumns+` FROM credit_packages ORDER BY position, code`)
}

func packs(ctx context.Context, r tenant.Shared, text string) ([]Pack, error) {
	var all []Pack
	err := r.Each(ctx, text, nil, func(scan tenant.Scan) error {
		p, err := readPack(scan)
		all = append(all, p)
		return err
	})
	for n := range all {
		if err == nil {
			err = all[n].otherPrices(ctx, r)
		}
	}
	if err != nil {
		return nil, fmt.Errorf("list packages: %w", err)
	}
	return all, nil
}

func (p *Pack) otherPrices(ctx context.Context, r tenant.Shared) error {
	return r.Each(ctx, `SELECT amount, currency FROM credit_package_prices WHERE package_id = $1 AND currency <> $2 ORDER BY currency`,
		[]any{p.ID, p.Prices[0].Currency}, func(scan tenant.Scan) error {
			var m money.Money
			err := scan(&m.Amount, &m.Currency)
			p.Prices = append(p.Prices, m)
			return err
		})
}

// FindPack is the package with a code or an id, for sale or not.
func FindPack(ctx context.Context, r tenant.Shared, codeOrID string) (Pack, error) {
	p, err := readPack(func(dest ...any) error {
		return r.Get(ctx, `SELECT `+packColumns+` FROM credit_packages WHERE code = $1 OR id = $1`, []any{codeOrID}, dest...)
	})
	if tenant.IsNotFound(err) {
		err = ErrPackNotFound
	}
	if err == nil {
		err = p.otherPrices(ctx, r)
	}
	if err != nil {
		return Pack{}, fmt.Errorf("package %q: %w", codeOrID, err)
	}
	return p, nil
}

// PackForSale is FindPack for who wants to buy: ErrPackNotSold when it is not
// offered any more.
func PackForSale(ctx context.Context, r tenant.Shared, codeOrID string) (Pack, error) {
	p, err := FindPack(ctx, r, codeOrID)
	if err == nil && !p.Active {
		err = fmt.Errorf("package %s: %w", p.Code, ErrPackNotSold)
	}
	return p, err
}
