package db

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"

	"modernc.org/sqlite"
)

// statements makes SQLite connections that keep what they have parsed. The
// program has few statements and runs them often, and without this a third of
// its time on SQLite went into parsing them again; pgx does the same of its
// own.
type statements struct{ driver.Connector }

// openStatements is sql.Open with connections that keep their statements.
func openStatements(dsn string) (*sql.DB, error) {
	c, err := sqlite.NewConnector(dsn)
	if err != nil {
		return nil, err
	}
	return sql.OpenDB(statements{c}), nil
}

// connection is what the driver's connections can do, all of which database/sql
// has to see.
type connection interface {
	driver.Conn
	driver.ConnBeginTx
	driver.ConnPrepareContext
	driver.ExecerContext
	driver.QueryerContext
	driver.Pinger
	driver.SessionResetter
	driver.Validator
}

// statement is what the driver's statements can do.
type statement interface {
	driver.Stmt
	driver.StmtExecContext
	driver.StmtQueryContext
}

// Connect implements driver.Connector.
func (s statements) Connect(ctx context.Context) (driver.Conn, error) {
	c, err := s.Connector.Connect(ctx)
	if err != nil {
		return nil, err
	}
	all, ok := c.(connection)
	if !ok {
		return nil, errors.Join(fmt.Errorf("a connection of the driver is a %T, which lacks what it needs", c), c.Close())
	}
	return &keeper{connection: all, kept: map[string]*parsed{}}, nil
}

// mostKept bounds what a connection keeps. Lists of odd lengths come and go.
const mostKept = 256

// keeper is a connection with its statements. database/sql lets only one
// goroutine use it at a time.
type keeper struct {
	connection
	kept map[string]*parsed
}

type parsed struct {
	statement
	reading bool // its rows are not closed yet, and it cannot be run again meanwhile
}

// Unwrap lets the driver's own functions see through.
func (k *keeper) Unwrap() driver.Conn { return k.connection }

// parse is the statement for a query, or nil while it is in use.
func (k *keeper) parse(ctx context.Context, query string) (*parsed, error) {
	if p, ok := k.kept[query]; ok {
		if p.reading {
			return nil, nil
		}
		return p, nil
	}
	made, err := k.PrepareContext(ctx, query)
	if err != nil {
		return nil, err
	}
	s, ok := made.(statement)
	if !ok {
		return nil, errors.Join(fmt.Errorf("a statement of the driver is a %T, which lacks what it needs", made), made.Close())
	}
	if err := k.makeRoom(); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	p := &parsed{statement: s}
	k.kept[query] = p
	return p, nil
}

// makeRoom forgets a statement when there are too many: any that is not in
// use, since those that matter are soon back.
func (k *keeper) makeRoom() error {
	if len(k.kept) < mostKept {
		return nil
	}
	for query, p := range k.kept {
		if !p.reading {
			delete(k.kept, query)
			return p.Close()
		}
	}
	return nil
}

// ExecContext implements driver.ExecerContext.
func (k *keeper) ExecContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	p, err := k.parse(ctx, query)
	if err != nil {
		return nil, err
	}
	if p == nil {
		return k.connection.ExecContext(ctx, query, args)
	}
	return p.ExecContext(ctx, args)
}

// QueryContext implements driver.QueryerContext.
func (k *keeper) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	p, err := k.parse(ctx, query)
	if err != nil {
		return nil, err
	}
	if p == nil {
		return k.connection.QueryContext(ctx, query, args)
	}
	rows, err := p.QueryContext(ctx, args)
	if err != nil {
		return nil, err
	}
	p.reading = true
	return &reading{rows, p}, nil
}

// Close implements driver.Conn.
func (k *keeper) Close() error {
	var err error
	for query, p := range k.kept {
		delete(k.kept, query)
		err = errors.Join(err, p.Close())
	}
	return errors.Join(err, k.connection.Close())
}

// reading gives the statement free when its rows are closed.
type reading struct {
	driver.Rows
	of *parsed
}

// Close implements driver.Rows.
func (r *reading) Close() error {
	r.of.reading = false
	return r.Rows.Close()
}
