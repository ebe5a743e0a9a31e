package db

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"
)

// reachKey is how begin tells a session whose rows the transaction meets:
// database/sql hands a driver nothing else of ours.
type reachKey struct{}

// begin opens a transaction with a reach.
func (d *DB) begin(ctx context.Context, pool *sql.DB, opts *sql.TxOptions, r reach) (*sql.Tx, error) {
	if d.engine == Postgres {
		ctx = context.WithValue(ctx, reachKey{}, r)
	}
	tx, err := pool.BeginTx(ctx, opts)
	if err != nil {
		return nil, fmt.Errorf("begin: %w", translate(err))
	}
	return tx, nil
}

// sessions connects database/sql to a pool, with sessions of ours.
type sessions struct{ driver.Connector }

func openSessions(pool *pgxpool.Pool) *sql.DB {
	d := sql.OpenDB(sessions{stdlib.GetPoolConnector(pool)})
	d.SetMaxIdleConns(0) // the pool keeps them
	return d
}

// Connect implements driver.Connector.
func (s sessions) Connect(ctx context.Context) (driver.Conn, error) {
	c, err := s.Connector.Connect(ctx)
	if err != nil {
		return nil, err
	}
	std, ok := c.(*stdlib.Conn)
	if !ok {
		return nil, fmt.Errorf("pgx connects a %T", c)
	}
	return session{std}, nil
}

// session is a connection whose transactions begin and say whose they are in
// one round trip.
type session struct{ *stdlib.Conn }

// BeginTx implements driver.ConnBeginTx.
func (s session) BeginTx(ctx context.Context, opts driver.TxOptions) (driver.Tx, error) {
	if s.Conn.Conn().IsClosed() {
		return nil, driver.ErrBadConn
	}
	begin := "BEGIN"
	switch sql.IsolationLevel(opts.Isolation) {
	case sql.LevelDefault:
	case sql.LevelRepeatableRead:
		begin += " ISOLATION LEVEL REPEATABLE READ"
	default:
		return nil, fmt.Errorf("db: no transaction runs at %s", sql.IsolationLevel(opts.Isolation))
	}
	if opts.ReadOnly {
		begin += " READ ONLY"
	}
	if r, ok := ctx.Value(reachKey{}).(reach); ok {
		begin += r.sets()
	}
	tx, err := s.Conn.Conn().BeginTx(ctx, pgx.TxOptions{BeginQuery: begin})
	if err != nil {
		return nil, err
	}
	return ending{
		commit: func() error { return tx.Commit(ctx) },
		rollback: func() error {
			// Who asked may be gone; the connection is for the next.
			ctx, stop := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
			defer stop()
			return tx.Rollback(ctx)
		},
	}, nil
}

// ending is how a transaction of a session ends.
type ending struct{ commit, rollback func() error }

// Commit implements driver.Tx.
func (e ending) Commit() error { return e.commit() }

// Rollback implements driver.Tx.
func (e ending) Rollback() error { return e.rollback() }
