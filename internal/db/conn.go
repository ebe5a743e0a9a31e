package db

import (
	"context"
	"database/sql"
	"fmt"
	"time"
)

// Reader runs queries. View and Tx are Readers.
type Reader interface {
	// Get reads the one row of a query into dest; ErrNotFound when there is none.
	Get(ctx context.Context, query string, args []any, dest ...any) error
	// Each calls row for every row of a query, in order. It stops at the first
	// error and returns it.
	Each(ctx context.Context, query string, args []any, row func(Scan) error) error
	// Now is the time of the transaction.
	Now() time.Time
}

// Scan reads the current row into dest.
type Scan func(dest ...any) error

type conn struct {
	tx     *sql.Tx
	engine Engine
	now    time.Time
	reach  reach

	disturb func() error
}

func (d *DB) conn(tx *sql.Tx, r reach) conn {
	return conn{tx: tx, engine: d.engine, now: d.clock.Now(), reach: r, disturb: d.disturb}
}

// Disturb is for tests of what stays when something fails half-way: fn is
// asked before every statement of every transaction that begins from now on,
// and before every commit, and an error of it is what the statement or the
// commit answers instead of being done. nil ends it. Nothing else may use the
// database while it is set. See dbtest.FailEverywhere.
func (d *DB) Disturb(fn func() error) { d.disturb = fn }

func (c *conn) step() error {
	if c.disturb == nil {
		return nil
	}
	return c.disturb()
}

// View is a read-only transaction.
type View struct{ conn }

// Tx is a transaction.
type Tx struct{ conn }

// Now is the time of the transaction: the same for all that happens in it.
func (c *conn) Now() time.Time { return c.now }

// Engine says which database this is.
func (c *conn) Engine() Engine { return c.engine }

// Get implements Reader.
func (c *conn) Get(ctx context.Context, query string, args []any, dest ...any) error {
	if err := c.step(); err != nil {
		return err
	}
	return translate(c.tx.QueryRowContext(ctx, query, args...).Scan(dest...))
}

// Each implements Reader.
func (c *conn) Each(ctx context.Context, query string, args []any, row func(Scan) error) error {
	if err := c.step(); err != nil {
		return err
	}
	rows, err := c.tx.QueryContext(ctx, query, args...)
	if err != nil {
		return translate(err)
	}
	defer func() { _ = rows.Close() }() // rows.Err below has the error that matters
	for rows.Next() {
		if err := row(rows.Scan); err != nil {
			return err
		}
	}
	return translate(rows.Err())
}

// Exec runs a statement and says how many rows it changed.
func (t *Tx) Exec(ctx context.Context, query string, args ...any) (int64, error) {
	if err := t.step(); err != nil {
		return 0, err
	}
	res, err := t.tx.ExecContext(ctx, query, args...)
	if err != nil {
		return 0, translate(err)
	}
	n, err := res.RowsAffected()
	if err != nil {
		return 0, fmt.Errorf("rows affected: %w", err)
	}
	return n, nil
}

// SQL is the transaction as database/sql knows it. It is for the job queue,
// which brings its own SQL.
func (t *Tx) SQL() *sql.Tx { return t.tx }

// ForUpdate is the fragment that ends a SELECT which must hold its rows until
// the commit. SQLite has one writer and needs none.
func (t *Tx) ForUpdate() string {
	if t.engine == Postgres {
		return " FOR UPDATE"
	}
	return ""
}

// SkipLocked is the fragment that ends a SELECT which takes what nobody else
// has taken.
func (t *Tx) SkipLocked() string {
	if t.engine == Postgres {
		return " FOR UPDATE SKIP LOCKED"
	}
	return ""
}
