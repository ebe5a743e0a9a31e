package db

import (
	"context"
	"errors"
	"fmt"
)

// reach is whose rows a transaction meets: one account's, those of all (to
// read), or, when it is zero, only rows that belong to no account. PostgreSQL
// holds every statement to it by row-level security; SQLite has none, and there
// it costs nothing and says nothing.
type reach struct {
	account string
	all     bool
}

// The settings that the policies of 0030_row_level_security.sql read. They are
// set for one transaction, never for a session: a connection that goes back to
// the pool remembers nobody.
const (
	accountSetting = "igny8.account"
	reachSetting   = "igny8.reach"
)

// sets is what follows BEGIN, in the same round trip.
func (r reach) sets() string {
	switch {
	case r.all:
		return "; SET LOCAL " + reachSetting + " = 'all'"
	case r.account != "":
		return "; SET LOCAL " + accountSetting + " = '" + r.account + "'"
	default:
		return ""
	}
}

var errNoAccount = errors.New("db: the transaction names no account")

// only is the reach of one account. Its name becomes a part of a statement, so
// it is looked at first; those of the program are all of this form.
func only(account string) (reach, error) {
	if account == "" {
		return reach{}, errNoAccount
	}
	for _, c := range []byte(account) {
		if c != '_' && (c < '0' || c > '9') && (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') {
			return reach{}, fmt.Errorf("db: %.60q does not name an account", account)
		}
	}
	return reach{account: account}, nil
}

// ViewOf is View that meets the rows of one account beside those that belong
// to none. Package tenant calls it; rooms have a tenant.View.
func (d *DB) ViewOf(ctx context.Context, account string, fn func(context.Context, *View) error) error {
	r, err := only(account)
	if err != nil {
		return err
	}
	return d.view(ctx, r, fn)
}

// UpdateOf is Update that reads and writes the rows of one account beside
// those that belong to none. Package tenant calls it; rooms have a tenant.Tx.
func (d *DB) UpdateOf(ctx context.Context, account string, fn func(context.Context, *Tx) error) error {
	r, err := only(account)
	if err != nil {
		return err
	}
	return d.retry(ctx, r, fn)
}

// ViewAcross is View that meets the rows of every account. There is no such
// Update, and on PostgreSQL there cannot be: the policy that lets a transaction
// look across accounts lets it neither write nor lock there. Who may call it is
// a list in internal/arch.
func (d *DB) ViewAcross(ctx context.Context, fn func(context.Context, *View) error) error {
	return d.view(ctx, reach{all: true}, fn)
}

// Narrow opens a transaction of the platform's to the rows of one account, for
// the rest of it. A transaction that was narrowed, or opened by UpdateOf, is
// never turned to another account: that is an error.
func (t *Tx) Narrow(ctx context.Context, account string) error {
	if t.reach.account == account && account != "" {
		return nil
	}
	if t.reach.account != "" {
		return fmt.Errorf("db: the transaction is %s's and cannot become that of %.60q", t.reach.account, account)
	}
	r, err := only(account)
	if err != nil {
		return err
	}
	if err := t.set(ctx, accountSetting, account); err != nil {
		return fmt.Errorf("narrow the transaction to %s: %w", account, err)
	}
	t.reach = r
	return nil
}

// Within runs fn on the rows of one account, and then goes back to what the
// transaction was: what happens to a person is written into every account of
// which he is a member. After an error of fn's the transaction must be undone.
func (t *Tx) Within(ctx context.Context, account string, fn func() error) error {
	r, err := only(account)
	if err != nil {
		return err
	}
	before := t.reach
	if err := t.set(ctx, accountSetting, account); err != nil {
		return fmt.Errorf("turn the transaction to %s: %w", account, err)
	}
	t.reach = r
	if err := fn(); err != nil {
		return err
	}
	if err := t.set(ctx, accountSetting, before.account); err != nil {
		return fmt.Errorf("turn the transaction back from %s: %w", account, err)
	}
	t.reach = before
	return nil
}

// LookAcross runs fn, which reads the rows of every account and writes
// nothing. After an error of fn's the transaction must be undone. Who may call
// it is a list in internal/arch.
func (t *Tx) LookAcross(ctx context.Context, fn func(Reader) error) error {
	if err := t.set(ctx, reachSetting, "all"); err != nil {
		return fmt.Errorf("look across accounts: %w", err)
	}
	if err := fn(t); err != nil {
		return err
	}
	if err := t.set(ctx, reachSetting, ""); err != nil {
		return fmt.Errorf("look at one account again: %w", err)
	}
	return nil
}

func (t *Tx) set(ctx context.Context, setting, value string) error {
	if t.engine != Postgres {
		return nil
	}
	_, err := t.Exec(ctx, `SELECT set_config('`+setting+`', $1, true)`, value)
	return err
}
