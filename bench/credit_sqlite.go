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
	see, set, guard, add prepared
}

// prepared is a statement for any transaction of the connection; the ledger
// closes it.
type prepared struct{ *sql.Stmt }

func (p prepared) run(ctx context.Context, tx *sql.Tx, args ...any) error {
	_, err := tx.StmtContext(ctx, p.Stmt).ExecContext(ctx, args...) //nolint:sqlclosecheck // the transaction closes it
	return err
}

func (p prepared) get(ctx context.Context, tx *sql.Tx, args []any, to ...any) error {
	return tx.StmtContext(ctx, p.Stmt).QueryRowContext(ctx, args...).Scan(to...) //nolint:sqlclosecheck // the transaction closes it
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
		to    *prepared
		query string
	}{
		{&l.see, `SELECT available, held FROM balances WHERE account = $1`},
		{&l.set, `UPDATE balances SET available = $2, held = $3 WHERE account = $1`},
		{&l.guard, guardedUpdate},
		{&l.add, addEntry},
	} {
		if s.to.Stmt, err = d.PrepareContext(ctx, s.query); err != nil {
			return nil, fmt.Errorf("%s: %w", s.query, err)
		}
	}
	return l, nil
}

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
	if err := l.see.get(ctx, tx, []any{m.account}, &available, &held); err != nil {
		return err
	}
	available, held = available+m.available, held+m.held
	if available < 0 || held < 0 {
		return errShort
	}
	if err := l.set.run(ctx, tx, m.account, available, held); err != nil {
		return err
	}
	return l.add.run(ctx, tx, m.account, m.available, m.held, available, m.hold, time.Now().UnixMicro())
}

func guardedSQLite(ctx context.Context, l *ledger, tx *sql.Tx, m move) error {
	var available int64
	if err := l.guard.get(ctx, tx, []any{m.account, m.available, m.held}, &available); err != nil {
		return err
	}
	return l.add.run(ctx, tx, m.account, m.available, m.held, available, m.hold, time.Now().UnixMicro())
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
	before := make(map[int64]int64, len(b.accounts))
	for i, account := range b.accounts {
		var available int64
		if err := l.guard.get(ctx, tx, []any{account, b.available[i], b.held[i]}, &available); err != nil {
			return err
		}
		before[account] = available - b.available[i]
	}
	now := time.Now().UnixMicro()
	for i, account := range b.moves.accounts {
		if err := l.add.run(ctx, tx, account, b.moves.available[i], b.moves.held[i], before[account]+b.moves.running[i], b.moves.holds[i], now); err != nil {
			return err
		}
	}
	return nil
}
