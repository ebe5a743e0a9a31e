package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"
)

// ledger is the one connection of a peer on SQLite that writes, with its
// statements prepared.
type ledger struct {
	*sql.DB
	see, set, guard, add *sql.Stmt
}

// durable is how a peer opens SQLite: as the product does.
const durable = "_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)&_pragma=busy_timeout(5000)&_txlock=immediate"

func openLedger(ctx context.Context, at string) (_ *ledger, err error) {
	path := url.URL{Path: strings.TrimPrefix(at, "sqlite:")}
	d, err := sql.Open("sqlite", (&url.URL{Scheme: "file", Opaque: path.EscapedPath(), RawQuery: durable}).String())
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, d.Close())
		}
	}()
	d.SetMaxOpenConns(1)
	for _, q := range schema("INTEGER PRIMARY KEY") {
		if _, err := d.ExecContext(ctx, q); err != nil {
			return nil, fmt.Errorf("%s: %w", q, err)
		}
	}
	l := &ledger{DB: d}
	for _, s := range []struct {
		to    **sql.Stmt
		query string
	}{
		{&l.see, `SELECT available, held FROM balances WHERE account = $1`},
		{&l.set, `UPDATE balances SET available = $2, held = $3 WHERE account = $1`},
		{&l.guard, guardedUpdate},
		{&l.add, addEntry},
	} {
		if *s.to, err = prepare(ctx, d, s.query); err != nil {
			return nil, fmt.Errorf("%s: %w", s.query, err)
		}
	}
	return l, nil
}

func prepare(ctx context.Context, d *sql.DB, query string) (*sql.Stmt, error) {
	return d.PrepareContext(ctx, query)
}

// in is a statement within a transaction, which closes it.
func in(ctx context.Context, tx *sql.Tx, s *sql.Stmt) *sql.Stmt { return tx.StmtContext(ctx, s) }

func (l *ledger) books() peer {
	return peer{
		read: func(ctx context.Context, query string, args []any, to ...any) error {
			return l.QueryRowContext(ctx, query, args...).Scan(to...)
		},
		rest: func() {},
		shut: func() error {
			return errors.Join(l.see.Close(), l.set.Close(), l.guard.Close(), l.add.Close(), l.Close())
		},
	}
}

// update is a transaction that takes the right to write when it begins.
func (l *ledger) update(ctx context.Context, f func(*sql.Tx) error) error {
	tx, err := l.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	if err := f(tx); err != nil {
		return errors.Join(err, tx.Rollback())
	}
	return tx.Commit()
}

// sqlitePeer is a peer with one transaction for each move.
func sqlitePeer(book func(context.Context, *ledger, *sql.Tx, move) error) opener {
	return func(ctx context.Context, at place) (desk, error) {
		l, err := openLedger(ctx, at.url)
		if err != nil {
			return nil, err
		}
		p := l.books()
		p.book = func(ctx context.Context, m move) error {
			return l.update(ctx, func(tx *sql.Tx) error { return book(ctx, l, tx, m) })
		}
		return p, nil
	}
}

func naiveSQLite(ctx context.Context, l *ledger, tx *sql.Tx, m move) error {
	var available, held int64
	if err := in(ctx, tx, l.see).QueryRowContext(ctx, m.account).Scan(&available, &held); err != nil {
		return err
	}
	available, held = available+m.available, held+m.held
	if available < 0 || held < 0 {
		return errShort
	}
	if _, err := in(ctx, tx, l.set).ExecContext(ctx, m.account, available, held); err != nil {
		return err
	}
	_, err := in(ctx, tx, l.add).ExecContext(ctx, m.account, m.available, m.held, available, m.hold, time.Now().UnixMicro())
	return err
}

func guardedSQLite(ctx context.Context, l *ledger, tx *sql.Tx, m move) error {
	var available int64
	if err := in(ctx, tx, l.guard).QueryRowContext(ctx, m.account, m.available, m.held).Scan(&available); err != nil {
		return err
	}
	_, err := in(ctx, tx, l.add).ExecContext(ctx, m.account, m.available, m.held, available, m.hold, time.Now().UnixMicro())
	return err
}

// sqliteBatcher has one transaction for each batch.
func sqliteBatcher(ctx context.Context, at place) (desk, error) {
	l, err := openLedger(ctx, at.url)
	if err != nil {
		return nil, err
	}
	return newBatcher(ctx, l.books(), func(ctx context.Context, b batch) error {
		return l.update(ctx, func(tx *sql.Tx) error { return l.write(ctx, tx, b) })
	}), nil
}

func (l *ledger) write(ctx context.Context, tx *sql.Tx, b batch) error {
	guard, add := in(ctx, tx, l.guard), in(ctx, tx, l.add)
	before := make(map[int64]int64, len(b.accounts))
	for i, account := range b.accounts {
		var available int64
		if err := guard.QueryRowContext(ctx, account, b.available[i], b.held[i]).Scan(&available); err != nil {
			return err
		}
		before[account] = available - b.available[i]
	}
	now := time.Now().UnixMicro()
	for i, account := range b.moves.accounts {
		if _, err := add.ExecContext(ctx, account, b.moves.available[i], b.moves.held[i], before[account]+b.moves.running[i], b.moves.holds[i], now); err != nil {
			return err
		}
	}
	return nil
}
