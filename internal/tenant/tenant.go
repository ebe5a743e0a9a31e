// Package tenant makes "whose data?" a type. Code that can read or write an
// account's rows holds a *View or a *Tx, and each is bound to one account for
// life: there is no parameter with which to ask for another's.
//
// On PostgreSQL the database is told the account as well, and shows no other's
// rows even to a statement that forgets to ask.
//
// A statement on an account's rows must use $1, which is always the account;
// View and Tx put it there themselves. What belongs to no account (plans,
// prices) is read through Shared, which refuses every other table.
package tenant

import (
	"context"
	"errors"
	"fmt"
	"time"

	"igny8/internal/db"
)

// Store opens views and transactions for scopes.
type Store struct{ db *db.DB }

// NewStore makes a Store on d.
func NewStore(d *db.DB) *Store { return &Store{db: d} }

// Reader reads the rows of one account. View and Tx are Readers.
type Reader interface {
	// Get reads the one row of a query into dest; see IsNotFound. In the query
	// $1 is the account and args begin at $2.
	Get(ctx context.Context, query string, args []any, dest ...any) error
	// Each calls row for every row of a query, in order, and stops at the first
	// error.
	Each(ctx context.Context, query string, args []any, row func(Scan) error) error
	// Shared reads the tables that belong to no account.
	Shared() Shared
	// Scope is who reads, and whose rows.
	Scope() Scope
	// Now is the time of the transaction.
	Now() time.Time
}

// Scan reads the current row into dest.
type Scan = db.Scan

// View reads the rows of one account, on one snapshot.
type View struct {
	scope Scope
	r     db.Reader
}

// Tx reads and writes the rows of one account in one transaction.
type Tx struct {
	View
	tx    *db.Tx
	noted bool // an event of the account has been written
}

// ErrNoScope is the zero Scope, which opens nothing.
var ErrNoScope = errors.New("tenant: the scope names no account")

// View runs fn on one read-only snapshot of the account's rows. An operator's
// scope opens none: what he reads is written down, see MintStaff. That of a
// visit does, see MintVisit.
func (st *Store) View(ctx context.Context, s Scope, fn func(context.Context, *View) error) error {
	if err := s.own(); err != nil {
		return err
	}
	return st.db.ViewOf(ctx, s.account.String(), func(ctx context.Context, v *db.View) error {
		return fn(ctx, &View{scope: s, r: v})
	})
}

// Update runs fn in one transaction on the account's rows: all of it is
// committed or nothing is. It may run fn again after a deadlock, so fn must
// change nothing but the transaction and variables that it sets anew. With an
// operator's scope it is ErrUnwritten, and undone, unless fn wrote an event.
func (st *Store) Update(ctx context.Context, s Scope, fn func(context.Context, *Tx) error) error {
	if s.account.IsZero() {
		return ErrNoScope
	}
	return st.db.UpdateOf(ctx, s.account.String(), func(ctx context.Context, tx *db.Tx) error {
		t := bind(tx, s)
		if err := fn(ctx, t); err != nil {
			return err
		}
		if s.unwritten() && !t.noted {
			return ErrUnwritten
		}
		return nil
	})
}

func bind(tx *db.Tx, s Scope) *Tx {
	return &Tx{View: View{scope: s, r: tx}, tx: tx}
}

// Bind narrows a transaction of the platform's to one account, for the rest of
// it: what is bound to one account cannot be bound to another. Only identity
// and job may call it: they find out whose transaction it is. An operator's
// scope is refused, since nobody would look for its event.
func Bind(ctx context.Context, tx *db.Tx, s Scope) (*Tx, error) {
	if err := s.own(); err != nil {
		return nil, err
	}
	if err := tx.Narrow(ctx, s.account.String()); err != nil {
		return nil, err
	}
	return bind(tx, s), nil
}

// Within runs fn on the rows of one account in a transaction of the
// platform's, which may do so for several, one after the other. Only identity
// may call it: what happens to a person is written into each of his accounts.
func Within(ctx context.Context, tx *db.Tx, s Scope, fn func(*Tx) error) error {
	if err := s.own(); err != nil {
		return err
	}
	return tx.Within(ctx, s.account.String(), func() error { return fn(bind(tx, s)) })
}

// Raw is the transaction without its wall, for the rows that belong to no
// account: users, the job queue. Only identity, job and replay may call it.
func Raw(u Unit) *db.Tx { return u.raw() }

// Get implements Reader.
func (v *View) Get(ctx context.Context, query string, args []any, dest ...any) error {
	all, err := v.bound(query, args)
	if err != nil {
		return err
	}
	return v.r.Get(ctx, query, all, dest...)
}

// Each implements Reader.
func (v *View) Each(ctx context.Context, query string, args []any, row func(Scan) error) error {
	all, err := v.bound(query, args)
	if err != nil {
		return err
	}
	return v.r.Each(ctx, query, all, row)
}

// Shared implements Reader.
func (v *View) Shared() Shared { return Shared{r: v.r} }

// Scope implements Reader.
func (v *View) Scope() Scope { return v.scope }

// Now implements Reader.
func (v *View) Now() time.Time { return v.r.Now() }

// Exec runs a statement, in which $1 is the account and args begin at $2, and
// says how many rows it changed.
func (t *Tx) Exec(ctx context.Context, query string, args ...any) (int64, error) {
	all, err := t.bound(query, args)
	if err != nil {
		return 0, err
	}
	return t.tx.Exec(ctx, query, all...)
}

// Purge runs DELETEs of an account that is being erased, in their order, until
// one has deleted something, and says how many rows: none when all is gone. In
// each of them $2 is how many rows it may delete.
func (t *Tx) Purge(ctx context.Context, limit int, deletes ...string) (int64, error) {
	for _, d := range deletes {
		if n, err := t.Exec(ctx, d, limit); n > 0 || err != nil {
			return n, err
		}
	}
	return 0, nil
}

// ForUpdate is the fragment that ends a SELECT which must hold its rows until
// the commit.
func (t *Tx) ForUpdate() string { return t.tx.ForUpdate() }

func (v *View) bound(query string, args []any) ([]any, error) {
	if !bindsAccount(query) {
		return nil, fmt.Errorf("tenant: statement does not bind the account ($1): %.80s", query)
	}
	return append([]any{v.scope.account.String()}, args...), nil
}

// IsNotFound tells whether err is a query without its row.
func IsNotFound(err error) bool { return errors.Is(err, db.ErrNotFound) }

// IsDuplicate tells whether err is a key that exists.
func IsDuplicate(err error) bool { return errors.Is(err, db.ErrDuplicate) }

// IsForeignKey tells whether err is a reference to a row that is not there.
func IsForeignKey(err error) bool { return errors.Is(err, db.ErrForeignKey) }

// IsCheck tells whether err is a value that the schema forbids.
func IsCheck(err error) bool { return errors.Is(err, db.ErrCheck) }
