package db_test

import (
	"context"
	"fmt"
	"testing"

	"igny8/internal/clock"
	"igny8/internal/db"
	"igny8/internal/db/dbtest"
)

// TestOneStatementInsideItself runs a query again while its rows are read.
func TestOneStatementInsideItself(t *testing.T) {
	d := dbtest.Open(t)
	const three = `SELECT 1 AS n UNION ALL SELECT 2 UNION ALL SELECT 3 ORDER BY n`
	if d.Engine() == db.Postgres {
		t.Skip("PostgreSQL reads one query of a transaction at a time")
	}
	var seen []string
	for range 2 {
		err := d.View(t.Context(), func(ctx context.Context, v *db.View) error {
			return v.Each(ctx, three, nil, func(scan db.Scan) error {
				var outer int
				if err := scan(&outer); err != nil {
					return err
				}
				return v.Each(ctx, three, nil, func(scan db.Scan) error {
					var inner int
					err := scan(&inner)
					seen = append(seen, fmt.Sprint(outer, inner))
					return err
				})
			})
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if len(seen) != 18 || seen[5] != "2 3" || seen[17] != "3 3" {
		t.Errorf("read %v", seen)
	}
}

// TestManyStatements runs more statements than a connection keeps, one of them
// from beginning to end, and has the schema changed under it.
func TestManyStatements(t *testing.T) {
	url := dbtest.URL(t)
	dbtest.AsOwner(t, url, `CREATE TABLE notes (id BIGINT NOT NULL)`)
	d := dbtest.Reopen(t, url, clock.Clock{})
	const insert, count = `INSERT INTO notes (id) VALUES ($1)`, `SELECT count(*) FROM notes`
	err := d.Update(t.Context(), func(ctx context.Context, tx *db.Tx) error {
		for i := range 600 {
			if _, err := tx.Exec(ctx, insert, int64(i)); err != nil {
				return err
			}
			var n int
			if err := tx.Get(ctx, fmt.Sprintf(`SELECT count(*) + %d FROM notes`, i), nil, &n); err != nil || n != 2*i+1 {
				return fmt.Errorf("statement %d counts %d: %w", i, n, err)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	dbtest.AsOwner(t, url, `ALTER TABLE notes ADD COLUMN title TEXT`)
	for range 2 {
		err := d.Update(t.Context(), func(ctx context.Context, tx *db.Tx) error {
			if _, err := tx.Exec(ctx, insert, int64(-1)); err != nil {
				return err
			}
			var n int
			if err := tx.Get(ctx, count, nil, &n); err != nil || n != 601 {
				return fmt.Errorf("counts %d: %w", n, err)
			}
			return errUndo
		})
		if err != errUndo { //nolint:errorlint // the very value comes back
			t.Fatal(err)
		}
	}
}

var errUndo = fmt.Errorf("undo")
