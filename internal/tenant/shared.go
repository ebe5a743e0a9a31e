package tenant

import (
	"context"
	"fmt"
	"time"

	"igny8/internal/db"
)

// Shared reads the tables that belong to no account: what is for sale, what
// it costs, where money goes. A statement that names any other table is
// refused.
type Shared struct{ r db.Reader }

// Get reads the one row of a query into dest; args begin at $1.
func (s Shared) Get(ctx context.Context, query string, args []any, dest ...any) error {
	if err := onlyShared(query); err != nil {
		return err
	}
	return s.r.Get(ctx, query, args, dest...)
}

// Each calls row for every row of a query; args begin at $1.
func (s Shared) Each(ctx context.Context, query string, args []any, row func(Scan) error) error {
	if err := onlyShared(query); err != nil {
		return err
	}
	return s.r.Each(ctx, query, args, row)
}

// SharedTx writes the tables that belong to no account.
type SharedTx struct {
	Shared
	tx       *db.Tx
	operator Operator // zero: the program itself
	by       Privilege
	noted    bool
}

// Exec runs a statement and says how many rows it changed; args begin at $1.
func (s *SharedTx) Exec(ctx context.Context, query string, args ...any) (int64, error) {
	if err := onlyShared(query); err != nil {
		return 0, err
	}
	return s.tx.Exec(ctx, query, args...)
}

// Now is the time of the transaction.
func (s *SharedTx) Now() time.Time { return s.tx.Now() }

// SharedTx is the part of the transaction that writes what belongs to no
// account, such as the counter of a series of invoice numbers.
func (t *Tx) SharedTx() *SharedTx { return &SharedTx{Shared: t.Shared(), tx: t.tx, by: t.scope.by} }

// SharedOf is the part of a transaction of the platform's that belongs to no
// account. Only identity may call it: everybody else's transaction is bound to
// one, see Tx.SharedTx.
func SharedOf(tx *db.Tx) *SharedTx { return &SharedTx{Shared: Shared{r: tx}, tx: tx} }

// RawShared is Raw for what belongs to no account. Only job may call it.
func RawShared(tx *SharedTx) *db.Tx { return tx.tx }

// ViewShared runs fn on one read-only snapshot of what belongs to no account.
func (st *Store) ViewShared(ctx context.Context, fn func(context.Context, Shared) error) error {
	return st.db.View(ctx, func(ctx context.Context, v *db.View) error { return fn(ctx, Shared{r: v}) })
}

// UpdateShared runs fn in one transaction on what belongs to no account.
func (st *Store) UpdateShared(ctx context.Context, fn func(context.Context, *SharedTx) error) error {
	return st.db.Update(ctx, func(ctx context.Context, tx *db.Tx) error {
		return fn(ctx, SharedOf(tx))
	})
}

// Survey reads across accounts, for the operator's lists and for finding
// whose row an id is. It cannot write: what an operator changes, he changes
// within one account's Tx.
type Survey struct {
	Operator Operator
	by       Privilege
	r        db.Reader
}

// Get reads the one row of a query into dest; args begin at $1.
func (s *Survey) Get(ctx context.Context, query string, args []any, dest ...any) error {
	return s.r.Get(ctx, query, args, dest...)
}

// Each calls row for every row of a query; args begin at $1.
func (s *Survey) Each(ctx context.Context, query string, args []any, row func(Scan) error) error {
	return s.r.Each(ctx, query, args, row)
}

// Now is the time of the snapshot.
func (s *Survey) Now() time.Time { return s.r.Now() }

// Shared reads, on the survey's snapshot, what belongs to no account.
func (s *Survey) Shared() Shared { return Shared{r: s.r} }

// Of is the rows of one account on the survey's snapshot, for a check that
// goes over all accounts. What an operator wants to see of one account is
// read in that account's Update, and is in that account's log.
func (s *Survey) Of(a AccountID) *View {
	return &View{scope: Scope{account: a, actor: s.Operator.Actor(), by: s.by}, r: s.r}
}

// Survey runs fn on one read-only snapshot of all accounts, for an operator
// whose look at them is in the log.
func (st *Store) Survey(ctx context.Context, l Look, fn func(context.Context, *Survey) error) error {
	if l.by == "" {
		return ErrUnwritten
	}
	return st.db.ViewAcross(ctx, func(ctx context.Context, v *db.View) error {
		return fn(ctx, &Survey{Operator: l.operator, by: l.by, r: v})
	})
}

func onlyShared(query string) error {
	for _, table := range tablesIn(query) {
		if !sharedTables[table] {
			return fmt.Errorf("tenant: table %s belongs to accounts; read it through View or Tx", table)
		}
	}
	return nil
}
