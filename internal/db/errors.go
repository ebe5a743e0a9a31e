package db

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5/pgconn"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// What a statement can be refused for.
var (
	ErrNotFound   = errors.New("no such row")
	ErrDuplicate  = errors.New("a row with this key exists")
	ErrForeignKey = errors.New("refers to a row that is not there, or is referred to")
	ErrCheck      = errors.New("the schema forbids this value")
	ErrBusy       = errors.New("the database is locked by another process")
)

// errAgain is a transaction that the database undid for no fault of its own.
var errAgain = errors.New("undone by the database to break a deadlock")

// translate replaces a driver's error by ours, keeping its text for the log.
func translate(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, sql.ErrNoRows):
		return ErrNotFound
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return err
	}
	var pg *pgconn.PgError
	if errors.As(err, &pg) {
		return named(pgErrors[pg.Code], err)
	}
	var lite *sqlite.Error
	if errors.As(err, &lite) {
		return named(liteError(lite.Code()), err)
	}
	return err
}

func named(name, err error) error {
	if name == nil {
		return err
	}
	return fmt.Errorf("%w: %s", name, err.Error())
}

// pgErrors is by SQLSTATE, PostgreSQL documentation, appendix A.
var pgErrors = map[string]error{
	"23505": ErrDuplicate,
	"23503": ErrForeignKey,
	"23514": ErrCheck,
	"23502": ErrCheck,
	"40001": errAgain,
	"40P01": errAgain,
}

// liteError is by extended result code, sqlite.org/rescode.html.
func liteError(code int) error {
	switch code {
	case sqlite3.SQLITE_CONSTRAINT_UNIQUE, sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY:
		return ErrDuplicate
	case sqlite3.SQLITE_CONSTRAINT_FOREIGNKEY:
		return ErrForeignKey
	case sqlite3.SQLITE_CONSTRAINT_CHECK, sqlite3.SQLITE_CONSTRAINT_NOTNULL:
		return ErrCheck
	}
	if code&0xff == sqlite3.SQLITE_BUSY {
		return ErrBusy
	}
	return nil
}
