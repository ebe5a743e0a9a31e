// Package account owns tenants, their members and roles.
//
// An account has one status, which says whether it may work; what an
// operator's suspension interrupted is kept beside it, so that lifting the
// suspension never has to guess. A change of status counts from the commit:
// nothing here is cached.
package account

import (
	"context"
	"fmt"
	"strings"
	"time"

	"igny8/internal/audit"
	"igny8/internal/clock"
	"igny8/internal/fault"
	"igny8/internal/tenant"
)

// Kind is what sort of account it is.
type Kind string

// The kinds. A system account belongs to the operator, and cannot be
// suspended.
const (
	Tenant Kind = "tenant"
	System Kind = "system"
)

// Account is a tenant.
type Account struct {
	ID            tenant.AccountID
	Name          string
	Country       string // ISO 3166-1 alpha-2; empty for a system account
	Kind          Kind
	Status        Status
	PaymentMethod PaymentMethod // Stripe when none was ever given
	Created       time.Time
	Updated       time.Time
}

// What a caller can be told.
var (
	ErrNotFound        = fault.New(fault.NotFound, "account.not_found", "There is no such account.")
	ErrSuspended       = fault.New(fault.Forbidden, "account.suspended", "This account is suspended. Write to the operator.")
	ErrCancelled       = fault.New(fault.Forbidden, "account.cancelled", "This account has been cancelled.")
	ErrPaymentRequired = fault.New(fault.PaymentRequired, "account.payment_required", "This account waits for a payment.")
	ErrSystem          = fault.New(fault.Conflict, "account.system", "A system account cannot be suspended.")
	ErrNotSystem       = fault.New(fault.Conflict, "account.not_system", "This is done to system accounts only.")
	ErrNotGrantable    = fault.New(fault.Invalid, "account.not_grantable", "No account can be granted this privilege; it is for people.")
	ErrInvalidName     = fault.New(fault.Invalid, "account.invalid_name", "The name of an account has 1 to 120 printable characters.")
	ErrInvalidCountry  = fault.New(fault.Invalid, "account.invalid_country", "A country is given by its two letters (ISO 3166-1), such as DE.")
	ErrInvalidReason   = fault.New(fault.Invalid, "account.invalid_reason", "A reason of 1 to 500 printable characters is needed.")
	ErrUnknownMethod   = fault.New(fault.Invalid, "payment_method.unknown", "The payment method must be stripe, paypal or bank_transfer.")
	ErrUnknownRole     = fault.New(fault.Invalid, "account.unknown_role", "The role must be owner, admin, editor or viewer.")
	ErrNotMember       = fault.New(fault.NotFound, "account.member_not_found", "There is no such member.")
	ErrMember          = fault.New(fault.Conflict, "account.already_member", "This person is a member already.")
	ErrLastOwner       = fault.New(fault.Conflict, "account.last_owner", "An account keeps at least one owner.")
	ErrNotInvited      = fault.New(fault.NotFound, "invitation.not_found", "There is no such invitation, or it has ended.")
	ErrInvitedJustNow  = fault.New(fault.TooMany, "invitation.too_soon", "A letter went to this address less than a minute ago. Wait a moment.")
)

// New says what a new account is like. An empty PaymentMethod is Stripe.
type New struct {
	Name, Country string
	Kind          Kind
	Status        Status
	PaymentMethod PaymentMethod
}

// Create makes the account that tx is bound to: its id was made with the
// scope, before there was a row.
func Create(ctx context.Context, tx *tenant.Tx, n New) (Account, error) {
	a := Account{ID: tx.Scope().Account(), Kind: n.Kind, Status: n.Status, Created: tx.Now(), Updated: tx.Now()}
	var err error
	if a.Name, err = parseName(n.Name, "body.account_name"); err != nil {
		return Account{}, err
	}
	if n.Kind != System { // the operator's own is in no country
		if a.Country, err = parseCountry(n.Country); err != nil {
			return Account{}, err
		}
	}
	if a.PaymentMethod, err = ParsePaymentMethod(string(n.PaymentMethod)); err != nil {
		return Account{}, err
	}
	_, err = tx.Exec(ctx, `
		INSERT INTO accounts (id, name, country, kind, status, payment_method, created_at, updated_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $7)`,
		a.Name, a.Country, string(a.Kind), string(a.Status), string(a.PaymentMethod), clock.Micros(a.Created))
	if err != nil {
		return Account{}, fmt.Errorf("create account %s: %w", a.ID, err)
	}
	return a, audit.Record(ctx, tx, "account.created", a.ID.String(), map[string]string{"status": string(a.Status)})
}

const columns = `id, name, country, kind, status, coalesce(payment_method, 'stripe'), created_at, updated_at`

func read(scan tenant.Scan) (Account, error) {
	var a Account
	var created, updated int64
	err := scan(&a.ID, &a.Name, &a.Country, &a.Kind, &a.Status, &a.PaymentMethod, &created, &updated)
	a.Created, a.Updated = clock.FromMicros(created), clock.FromMicros(updated)
	return a, err
}

// Load reads the account of r, or is ErrNotFound.
func Load(ctx context.Context, r tenant.Reader) (Account, error) {
	return one(ctx, r, `SELECT `+columns+` FROM accounts WHERE id = $1`)
}

// one reads the row of a query or of a RETURNING.
func one(ctx context.Context, r tenant.Reader, query string, args ...any) (Account, error) {
	a, err := read(func(dest ...any) error { return r.Get(ctx, query, args, dest...) })
	if tenant.IsNotFound(err) {
		err = ErrNotFound
	}
	if err != nil {
		return Account{}, fmt.Errorf("account %s: %w", r.Scope().Account(), err)
	}
	return a, nil
}

// Page lists accounts of every tenant for the operator, by id from the one
// after, at most limit.
func Page(ctx context.Context, s *tenant.Survey, after string, limit int) ([]Account, error) {
	var all []Account
	err := s.Each(ctx, `SELECT `+columns+` FROM accounts WHERE id > $1 ORDER BY id LIMIT $2`, []any{after, limit},
		func(scan tenant.Scan) error {
			a, err := read(scan)
			all = append(all, a)
			return err
		})
	if err != nil {
		return nil, fmt.Errorf("accounts after %.40q: %w", after, err)
	}
	return all, nil
}

// Wanted says which accounts an operator looks for; the zero Wanted is all.
type Wanted struct {
	Text   string // an id, or a part of a name in whatever capitals
	Status Status // empty: any
	After  tenant.AccountID
	Limit  int
}

// Search lists accounts of every tenant for the operator, newest first, from
// the one after on.
func Search(ctx context.Context, s *tenant.Survey, w Wanted) ([]Account, error) {
	text := strings.TrimSpace(w.Text)
	part := "%" + strings.NewReplacer(`!`, `!!`, `%`, `!%`, `_`, `!_`).Replace(text) + "%"
	var all []Account
	err := s.Each(ctx, `
		SELECT `+columns+` FROM accounts
		WHERE ($1 = '' OR id < $1) AND ($2 = '' OR status = $2) AND ($3 = '' OR id = $3 OR name LIKE $4 ESCAPE '!' OR lower(name) LIKE $5 ESCAPE '!')
		ORDER BY id DESC LIMIT $6`, []any{w.After.String(), string(w.Status), text, part, strings.ToLower(part), w.Limit},
		func(scan tenant.Scan) error {
			a, err := read(scan)
			all = append(all, a)
			return err
		})
	if err != nil {
		return nil, fmt.Errorf("search accounts: %w", err)
	}
	return all, nil
}

// Lock makes every other transaction that locks the account wait until this
// one ends: for what is counted before it is added to.
func Lock(ctx context.Context, tx *tenant.Tx) error {
	var there int
	if err := tx.Get(ctx, `SELECT 1 FROM accounts WHERE id = $1`+tx.ForUpdate(), nil, &there); err != nil {
		return fmt.Errorf("lock account %s: %w", tx.Scope().Account(), err)
	}
	return nil
}

// Census is how many accounts of tenants there are in each status, for the
// operator.
func Census(ctx context.Context, s *tenant.Survey) (map[Status]int64, error) {
	all := map[Status]int64{}
	err := s.Each(ctx, `SELECT status, count(*) FROM accounts WHERE kind = $1 GROUP BY status`, []any{string(Tenant)}, func(scan tenant.Scan) error {
		var status Status
		var n int64
		err := scan(&status, &n)
		all[status] = n
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("count accounts: %w", err)
	}
	return all, nil
}
