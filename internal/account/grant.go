package account

import (
	"context"
	"fmt"
	"slices"
	"time"

	"igny8/internal/audit"
	"igny8/internal/clock"
	"igny8/internal/tenant"
	"igny8/internal/words"
)

// Grant is one privilege of a system account.
type Grant struct {
	Privilege tenant.Privilege
	GrantedBy string // see tenant.Actor
	Granted   time.Time
}

// grantable is what an account, as against a person, can make use of.
var grantable = []tenant.Privilege{tenant.ThrottleExempt}

// Grantable lists what a system account can be granted.
func Grantable() []tenant.Privilege { return slices.Clone(grantable) }

type grantDetail struct {
	Privilege tenant.Privilege `json:"privilege"`
}

// Entrust grants a system account a privilege, from the next request on. One
// that is granted stays as it is, with no second event. ErrNotSystem for a
// tenant's account, ErrNotGrantable for a privilege that only people use.
func Entrust(ctx context.Context, tx *tenant.Tx, p tenant.Privilege) error {
	if !slices.Contains(grantable, p) {
		return ErrNotGrantable.At("body.privilege", words.With("must be one of %v", fmt.Sprint(grantable)), nil)
	}
	if err := RequireSystem(ctx, tx); err != nil {
		return err
	}
	n, err := tx.Exec(ctx, `
		INSERT INTO account_grants (account_id, privilege, granted_by, granted_at) VALUES ($1, $2, $3, $4)
		ON CONFLICT (account_id, privilege) DO NOTHING`, string(p), tx.Scope().Actor().String(), clock.Micros(tx.Now()))
	if err != nil {
		return fmt.Errorf("grant %s to account %s: %w", p, tx.Scope().Account(), err)
	}
	if n == 0 {
		return nil
	}
	return audit.Record(ctx, tx, "privilege.granted", tx.Scope().Account().String(), grantDetail{p})
}

// Withdraw takes a privilege from a system account, from the next request on.
// Taking one that is not there changes nothing.
func Withdraw(ctx context.Context, tx *tenant.Tx, p tenant.Privilege) error {
	n, err := tx.Exec(ctx, `DELETE FROM account_grants WHERE account_id = $1 AND privilege = $2`, string(p))
	if err != nil {
		return fmt.Errorf("revoke %s from account %s: %w", p, tx.Scope().Account(), err)
	}
	if n == 0 {
		return nil
	}
	return audit.Record(ctx, tx, "privilege.revoked", tx.Scope().Account().String(), grantDetail{p})
}

// Grants lists the privileges of the account. A tenant's has none.
func Grants(ctx context.Context, r tenant.Reader) ([]Grant, error) {
	var all []Grant
	err := r.Each(ctx, `SELECT privilege, granted_by, granted_at FROM account_grants WHERE account_id = $1 ORDER BY privilege`, nil,
		func(scan tenant.Scan) error {
			var g Grant
			var at int64
			err := scan(&g.Privilege, &g.GrantedBy, &at)
			g.Granted = clock.FromMicros(at)
			all = append(all, g)
			return err
		})
	if err != nil {
		return nil, fmt.Errorf("privileges of account %s: %w", r.Scope().Account(), err)
	}
	return all, nil
}

// Entrusted tells whether the account has a privilege.
func Entrusted(ctx context.Context, r tenant.Reader, p tenant.Privilege) (bool, error) {
	var n int
	err := r.Get(ctx, `SELECT count(*) FROM account_grants WHERE account_id = $1 AND privilege = $2`, []any{string(p)}, &n)
	if err != nil {
		return false, fmt.Errorf("privilege %s of account %s: %w", p, r.Scope().Account(), err)
	}
	return n > 0, nil
}

// RequireSystem is ErrNotSystem for a tenant's account.
func RequireSystem(ctx context.Context, r tenant.Reader) error {
	a, err := Load(ctx, r)
	if err == nil && a.Kind != System {
		err = fmt.Errorf("account %s: %w", a.ID, ErrNotSystem)
	}
	return err
}
