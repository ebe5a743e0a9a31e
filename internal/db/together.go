package db

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
)

// Together is a transaction on the rows of several accounts, in the tables that
// have a policy for it: see 0051_credits_together.sql. It exists on PostgreSQL
// only, where a round trip is what a small transaction costs; several
// statements go in one.
type Together struct {
	conn     *pgxpool.Conn
	accounts string
	begun    bool
	ended    bool
	now      time.Time
	disturb  func() error
}

// Statement is what Send sends. Row is called for every row that it answers.
type Statement struct {
	Query string
	Args  []any
	Row   func(Scan) error
}

// ErrUncertain is a commit of which nobody heard whether it was done: the
// connection broke. It is never tried again.
var ErrUncertain = errors.New("the connection broke during the commit")

// togetherSets says whose transaction it is. All that is looked for is found by
// its key: a plan that was made while the tables were small, and kept, must not
// read all of them when they have grown.
const togetherSets = `SELECT set_config('igny8.accounts', $1, true), set_config('enable_seqscan', 'off', true)`

// UpdateTogether runs fn in one transaction on the rows of several accounts.
// It ends with the Send that says so; a transaction that fn leaves open is
// undone. When the database undoes it to break a deadlock, fn runs again.
// Package tenant calls it.
func (d *DB) UpdateTogether(ctx context.Context, accounts []string, fn func(context.Context, *Together) error) error {
	if d.engine != Postgres {
		return errors.New("db: only PostgreSQL commits accounts together")
	}
	for _, a := range accounts {
		if _, err := only(a); err != nil {
			return err
		}
	}
	for try := 1; ; try++ {
		err := d.together(ctx, accounts, fn)
		if try == attempts || !errors.Is(err, errAgain) {
			return err
		}
	}
}

func (d *DB) together(ctx context.Context, accounts []string, fn func(context.Context, *Together) error) error {
	conn, err := d.pool.Acquire(ctx)
	if err != nil {
		return fmt.Errorf("begin: %w", translate(err))
	}
	defer conn.Release()
	t := &Together{conn: conn, accounts: strings.Join(accounts, ","), now: d.clock.Now(), disturb: d.disturb}
	defer t.undo(ctx)
	return fn(within(ctx), t)
}

// undo leaves the connection as it was for the next.
func (t *Together) undo(ctx context.Context) {
	if !t.begun || t.ended {
		return
	}
	ctx, stop := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer stop()
	_, _ = t.conn.Exec(ctx, "ROLLBACK") // a connection that cannot is closed by its pool
}

// Now is the time of the transaction.
func (t *Together) Now() time.Time { return t.now }

// Send runs statements in one round trip, in their order, and with last commits
// behind them in the same. Their rows are handed out when all have been
// answered, or up to the first that fails.
func (t *Together) Send(ctx context.Context, last bool, all ...Statement) error {
	if t.ended {
		return errors.New("db: the transaction has ended")
	}
	if t.disturb != nil {
		if err := t.disturb(); err != nil {
			return err
		}
	}
	var b pgx.Batch
	if !t.begun {
		t.begun = true
		b.Queue("BEGIN")
		b.Queue(togetherSets, t.accounts)
	}
	for _, s := range all {
		q := b.Queue(s.Query, s.Args...)
		if s.Row != nil {
			q.Query(func(rows pgx.Rows) error {
				for rows.Next() {
					if err := s.Row(rows.Scan); err != nil {
						return err
					}
				}
				return rows.Err()
			})
		}
	}
	if last {
		b.Queue("COMMIT")
	}
	err := t.conn.SendBatch(ctx, &b).Close()
	if err == nil {
		t.ended = last
		return nil
	}
	var refused *pgconn.PgError
	if last && !errors.As(err, &refused) {
		return fmt.Errorf("%w: %w", ErrUncertain, err)
	}
	return translate(err)
}
