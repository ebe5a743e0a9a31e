package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"igny8/internal/clock"
	"igny8/internal/credit"
	"igny8/internal/db"
	"igny8/internal/tenant"
)

// product is the product's own desk: credits in lots, holds with a lease, and a
// chained ledger, through its teller.
type product struct {
	d      *db.DB
	st     *tenant.Store
	teller *credit.Teller
	of     []tenant.Scope
}

func openProduct(ctx context.Context, at place) (_ desk, err error) {
	d, err := db.Open(ctx, at.url, clock.Clock{})
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, d.Close())
		}
	}()
	if err := d.Migrate(ctx); err != nil {
		return nil, err
	}
	st := tenant.NewStore(d)
	p := &product{d: d, st: st, teller: credit.NewTeller(st)}
	for range at.accounts {
		p.of = append(p.of, tenant.Mint(tenant.NewAccountID(), tenant.Actor{Kind: tenant.User, ID: "usr_bench"}, tenant.AllPermissions))
	}
	return p, p.furnish(ctx)
}

// furnish makes the accounts, and gives each its credits.
func (p *product) furnish(ctx context.Context) error {
	err := p.st.InTurn(ctx, func(ctx context.Context, open func(tenant.Scope, func(*tenant.Tx) error) error) error {
		for _, s := range p.of {
			err := open(s, func(tx *tenant.Tx) error {
				_, err := tx.Exec(ctx, `INSERT INTO accounts (id, name, country, kind, status, created_at, updated_at)
					VALUES ($1, 'Bench', 'DE', 'tenant', 'active', $2, $2)`, clock.Micros(tx.Now()))
				if err == nil {
					_, err = credit.Grant(ctx, tx, credit.NewLot{Source: credit.Purchase, Reference: "opening", Amount: opening})
				}
				return err
			})
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil || p.d.Engine() != db.Postgres {
		return err
	}
	for _, table := range []string{"credit_balances", "credit_lots"} {
		if _, err := p.d.Pool().Exec(ctx, `ANALYZE `+table); err != nil { // or the first to come along does it, some time
			return err
		}
	}
	return nil
}

func (p *product) reserve(ctx context.Context, account int) (string, error) {
	k, err := p.teller.Reserve(ctx, p.of[account%len(p.of)], credit.Want{Amount: 1, Operation: credit.GenerateContent, Reference: "bench"}, time.Hour)
	return k.Hold.String(), err
}

func (p *product) settle(ctx context.Context, account int, hold string) error {
	hid, err := credit.ParseHoldID(hold)
	if err != nil {
		return err
	}
	return p.teller.Settle(ctx, p.of[account%len(p.of)], hid, 1)
}

func (p *product) check(ctx context.Context, told tally) error {
	var in tally
	var unproven int64
	err := p.d.ViewAcross(ctx, func(ctx context.Context, v *db.View) error {
		err := v.Get(ctx, `SELECT count(CASE WHEN kind = 'reserve' THEN 1 END), count(CASE WHEN kind = 'settle' THEN 1 END) FROM credit_entries`,
			nil, &in.reserved, &in.settled)
		if err != nil {
			return err
		}
		return v.Get(ctx, `SELECT count(*) FROM credit_balances b
			JOIN (SELECT account_id, sum(amount) AS amount, sum(held_change) AS held FROM credit_entries GROUP BY account_id) s ON s.account_id = b.account_id
			WHERE b.available <> s.amount OR b.held <> s.held`, nil, &unproven)
	})
	switch {
	case err != nil:
		return err
	case in != told:
		return fmt.Errorf("callers were told of %d reserved and %d settled, and the entries are %d and %d", told.reserved, told.settled, in.reserved, in.settled)
	case unproven > 0:
		return fmt.Errorf("%d balances are not the sum of their entries", unproven)
	}
	return nil
}

func (p *product) close() error { return p.d.Close() }
