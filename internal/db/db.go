// Package db runs SQL and transactions on SQLite or PostgreSQL from one text,
// and knows no table but its own. What it knows of accounts is that a
// transaction is opened for one, for none, or to read across all: on PostgreSQL
// the database holds it to that. See reach.go.
//
// Times are BIGINT microseconds since 1970 UTC, money is BIGINT minor units,
// ids are TEXT made in Go, placeholders are $1. A driver's error never leaves
// this package: see errors.go for what a caller can ask.
package db

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"igny8/internal/clock"
)

// Engine is which database is underneath.
type Engine string

// The two engines.
const (
	SQLite   Engine = "sqlite"
	Postgres Engine = "postgres"
)

// DB is an open database. On SQLite one connection writes and a pool reads;
// on PostgreSQL one pool does both.
type DB struct {
	engine Engine
	write  *sql.DB
	read   *sql.DB
	pool   *pgxpool.Pool          // PostgreSQL only
	login  *pgx.ConnConfig        // PostgreSQL only: who migrates
	actsAs atomic.Pointer[string] // the role that CheckWall found good
	clock  clock.Clock

	watch   watch
	moments joint[Moment]

	disturb func() error // nil but in a test: see Disturb
}

// Open opens "sqlite:PATH" or "postgres://...", and refuses a database whose
// settings are not what the program relies on. It does not migrate.
func Open(ctx context.Context, url string, c clock.Clock) (*DB, error) {
	switch {
	case strings.HasPrefix(url, "sqlite:"):
		return openSQLite(ctx, strings.TrimPrefix(url, "sqlite:"), c)
	case strings.HasPrefix(url, "postgres://"), strings.HasPrefix(url, "postgresql://"):
		return openPostgres(ctx, url, c)
	default:
		return nil, fmt.Errorf("database %.20q: want sqlite:PATH or postgres://USER@HOST/NAME", url)
	}
}

// Close waits for running statements and closes every connection.
func (d *DB) Close() error {
	err := d.write.Close()
	if d.read != d.write {
		err = errors.Join(err, d.read.Close())
	}
	if d.pool != nil {
		d.pool.Close()
	}
	return errors.Join(err, d.watch.close())
}

// Engine says which database this is.
func (d *DB) Engine() Engine { return d.engine }

// Clock is the clock that transactions take their time from.
func (d *DB) Clock() clock.Clock { return d.clock }

// Writer is the pool that may write. It is for the job queue, which brings
// its own SQL; everything else uses Update.
func (d *DB) Writer() *sql.DB { return d.write }

// Pool is the native PostgreSQL pool, nil on SQLite. It is for the job queue.
func (d *DB) Pool() *pgxpool.Pool { return d.pool }

// Ping tells whether the database answers.
func (d *DB) Ping(ctx context.Context) error {
	return translate(d.read.PingContext(ctx))
}

// View runs fn on one consistent snapshot, read-only, of the rows that belong
// to no account. See ViewOf and ViewAcross.
func (d *DB) View(ctx context.Context, fn func(context.Context, *View) error) error {
	return d.view(ctx, reach{}, fn)
}

func (d *DB) view(ctx context.Context, r reach, fn func(context.Context, *View) error) error {
	var opts *sql.TxOptions
	if d.engine == Postgres {
		opts = &sql.TxOptions{ReadOnly: true, Isolation: sql.LevelRepeatableRead}
	}
	tx, err := d.begin(ctx, d.read, opts, r)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }() // for a panic of fn; otherwise it has ended below
	err = fn(within(ctx), &View{d.conn(tx, r)})
	if rerr := tx.Rollback(); rerr != nil && !errors.Is(rerr, sql.ErrTxDone) && err == nil && ctx.Err() == nil {
		return fmt.Errorf("end of view: %w", translate(rerr))
	}
	return err
}

// attempts is how often Update runs fn when PostgreSQL breaks a deadlock by
// sacrificing its transaction.
const attempts = 4

// Update runs fn in one transaction: all of it is committed or nothing is.
// When the database undoes the transaction to break a deadlock, fn runs again
// from the start, so fn must change nothing but the transaction and variables
// that it sets anew. The transaction meets rows that belong to no account; see
// UpdateOf and Tx.Narrow.
func (d *DB) Update(ctx context.Context, fn func(context.Context, *Tx) error) error {
	return d.retry(ctx, reach{}, fn)
}

func (d *DB) retry(ctx context.Context, r reach, fn func(context.Context, *Tx) error) error {
	for try := 1; ; try++ {
		err := d.update(ctx, r, fn)
		if try == attempts || !errors.Is(err, errAgain) {
			return err
		}
	}
}

func (d *DB) update(ctx context.Context, r reach, fn func(context.Context, *Tx) error) error {
	tx, err := d.begin(ctx, d.write, nil, r)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }() // after a commit it does nothing; otherwise the first error counts
	c := d.conn(tx, r)
	if err := fn(within(ctx), &Tx{c}); err != nil {
		return err
	}
	if err := c.step(); err != nil {
		return fmt.Errorf("commit: %w", err)
	}
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("commit: %w", translate(err))
	}
	return nil
}

type inTx struct{}

func within(ctx context.Context) context.Context { return context.WithValue(ctx, inTx{}, true) }

// InTx tells whether ctx is that of a running transaction. What waits for the
// network asks it, and refuses.
func InTx(ctx context.Context) bool { return ctx.Value(inTx{}) != nil }
