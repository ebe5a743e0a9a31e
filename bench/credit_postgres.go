package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

var errShort = errors.New("the account has too few credits")

// postgresPeer is a peer that books by a function of the pool.
func postgresPeer(book func(context.Context, *pgxpool.Pool, move) error) opener {
	return func(ctx context.Context, at place) (desk, error) {
		pool, err := openPool(ctx, at)
		if err != nil {
			return nil, err
		}
		p := postgresBooks(pool)
		p.book = func(ctx context.Context, m move) error { return book(ctx, pool, m) }
		return p, nil
	}
}

func postgresBooks(pool *pgxpool.Pool) peer {
	return peer{
		read: func(ctx context.Context, query string, args []any, to ...any) error {
			return pool.QueryRow(ctx, query, args...).Scan(to...)
		},
		rest: pool.Reset, // a server has 100 connections, if nobody says otherwise
		shut: func() error {
			pool.Close()
			return nil
		},
	}
}

// openPool opens a pool, and makes the tables.
func openPool(ctx context.Context, at place) (*pgxpool.Pool, error) {
	config, err := pgxpool.ParseConfig(at.url)
	if err != nil {
		return nil, err
	}
	config.MaxConns = int32(at.pool)
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return nil, err
	}
	for _, q := range schema("BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY") {
		if _, err := pool.Exec(ctx, q); err != nil {
			pool.Close()
			return nil, fmt.Errorf("%s: %w", q, err)
		}
	}
	return pool, nil
}

const addEntry = `INSERT INTO entries (account, amount, held, balance_after, hold, created_at) VALUES ($1, $2, $3, $4, $5, $6)`

func naivePostgres(ctx context.Context, pool *pgxpool.Pool, m move) error {
	return pgx.BeginFunc(ctx, pool, func(tx pgx.Tx) error {
		var available, held int64
		if err := tx.QueryRow(ctx, `SELECT available, held FROM balances WHERE account = $1 FOR UPDATE`, m.account).Scan(&available, &held); err != nil {
			return err
		}
		available, held = available+m.available, held+m.held
		if available < 0 || held < 0 {
			return errShort
		}
		if _, err := tx.Exec(ctx, `UPDATE balances SET available = $2, held = $3 WHERE account = $1`, m.account, available, held); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, addEntry, m.account, m.available, m.held, available, m.hold, time.Now().UnixMicro())
		return err
	})
}

const guardedUpdate = `
	UPDATE balances SET available = available + $2, held = held + $3
	WHERE account = $1 AND available + $2 >= 0 AND held + $3 >= 0 RETURNING available`

func guardedPostgres(ctx context.Context, pool *pgxpool.Pool, m move) error {
	return pgx.BeginFunc(ctx, pool, func(tx pgx.Tx) error {
		var available int64
		if err := tx.QueryRow(ctx, guardedUpdate, m.account, m.available, m.held).Scan(&available); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, addEntry, m.account, m.available, m.held, available, m.hold, time.Now().UnixMicro())
		return err
	})
}

const singleStatement = `
	WITH moved AS (` + guardedUpdate + `)
	INSERT INTO entries (account, amount, held, balance_after, hold, created_at) SELECT $1, $2, $3, available, $4, $5 FROM moved`

func singlePostgres(ctx context.Context, pool *pgxpool.Pool, m move) error {
	tag, err := pool.Exec(ctx, singleStatement, m.account, m.available, m.held, m.hold, time.Now().UnixMicro())
	if err == nil && tag.RowsAffected() != 1 {
		err = errShort
	}
	return err
}

// A whole batch in one statement: $1 to $3 are the accounts with the sums of
// their moves, $4 to $8 the moves, each with the sum of those before it and
// itself.
const batchStatement = `
	WITH moved AS (
		UPDATE balances b SET available = b.available + s.available, held = b.held + s.held
		FROM unnest($1::bigint[], $2::bigint[], $3::bigint[]) AS s (account, available, held)
		WHERE b.account = s.account AND b.available + s.available >= 0 AND b.held + s.held >= 0
		RETURNING b.account, b.available - s.available AS before)
	INSERT INTO entries (account, amount, held, balance_after, hold, created_at)
	SELECT m.account, m.amount, m.held, moved.before + m.running, m.hold, $9
	FROM unnest($4::bigint[], $5::bigint[], $6::bigint[], $7::bigint[], $8::text[]) AS m (account, amount, held, running, hold)
	JOIN moved ON moved.account = m.account`

func postgresBatcher(ctx context.Context, at place) (desk, error) {
	pool, err := openPool(ctx, place{url: at.url, pool: 1})
	if err != nil {
		return nil, err
	}
	p := postgresBooks(pool)
	return newBatcher(ctx, p, func(ctx context.Context, b batch) error {
		tag, err := pool.Exec(ctx, batchStatement, b.accounts, b.available, b.held,
			b.moves.accounts, b.moves.available, b.moves.held, b.moves.running, b.moves.holds, time.Now().UnixMicro())
		if err == nil && tag.RowsAffected() != int64(len(b.moves.holds)) {
			err = errShort // of those in the batch it does not know whom; the bench ends here
		}
		return err
	}), nil
}
