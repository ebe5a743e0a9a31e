// Package dbtest opens real, migrated, empty databases for tests.
//
// IGNY8_TEST_ENGINE chooses sqlite (the default) or postgres. PostgreSQL is
// the server at IGNY8_TEST_DATABASE_URL, or else a throw-away cluster that
// this process starts and that dies with it.
package dbtest

import (
	"errors"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"igny8/internal/clock"
	"igny8/internal/db"
)

// Open is a database of its own for t, at the machine's time.
func Open(t testing.TB) *db.DB {
	t.Helper()
	return OpenAt(t, clock.Clock{})
}

// OpenAt is Open with a clock.
func OpenAt(t testing.TB, c clock.Clock) *db.DB {
	t.Helper()
	return Reopen(t, URL(t), c)
}

// Reopen opens a database that URL made once more, as a second process would.
func Reopen(t testing.TB, url string, c clock.Clock) *db.DB {
	t.Helper()
	d, err := db.Open(t.Context(), url, c)
	if err != nil {
		t.Fatalf("open %s: %v", url, err)
	}
	t.Cleanup(func() {
		if err := d.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return d
}

// AsOwner runs statements on a database that URL or BareURL made, as the login
// that owns its schema: what a server must not do, somebody at a prompt can.
func AsOwner(t testing.TB, url string, statements ...string) {
	t.Helper()
	for _, q := range statements {
		if err := TryAsOwner(t, url, q); err != nil {
			t.Fatalf("%s: %v", q, err)
		}
	}
}

// TryAsOwner is AsOwner for a statement that may be refused.
func TryAsOwner(t testing.TB, url, statement string) error {
	t.Helper()
	if Engine() == db.Postgres {
		return admin(t.Context(), url, statement)
	}
	d, err := db.Open(t.Context(), url, clock.Clock{})
	if err != nil {
		return err
	}
	_, err = d.Writer().ExecContext(t.Context(), statement)
	return errors.Join(err, d.Close())
}

// Engine is the engine that this run tests.
func Engine() db.Engine {
	switch e := os.Getenv("IGNY8_TEST_ENGINE"); {
	case e == string(db.Postgres), e == "" && os.Getenv("IGNY8_TEST_DATABASE_URL") != "":
		return db.Postgres
	default:
		return db.SQLite
	}
}

// URL makes a migrated, empty database for t and names it.
func URL(t testing.TB) string {
	t.Helper()
	if Engine() == db.Postgres {
		return postgresURL(t, true)
	}
	path := filepath.Join(t.TempDir(), "igny8.db")
	if err := copyFile(path, sqliteTemplate(t)); err != nil {
		t.Fatalf("copy the template database: %v", err)
	}
	return "sqlite:" + path
}

// BareURL makes a database with no schema for t and names it.
func BareURL(t testing.TB) string {
	t.Helper()
	if Engine() == db.Postgres {
		return postgresURL(t, false)
	}
	return "sqlite:" + filepath.Join(t.TempDir(), "igny8.db")
}

// Migrating once and copying the file is what makes a fresh database cheap.
var template struct {
	once sync.Once
	file []byte
	err  error
}

func sqliteTemplate(t testing.TB) []byte {
	t.Helper()
	template.once.Do(func() { template.file, template.err = makeTemplate(t) })
	if template.err != nil {
		t.Fatalf("make the template database: %v", template.err)
	}
	return template.file
}

func makeTemplate(t testing.TB) ([]byte, error) {
	dir, err := os.MkdirTemp("", "igny8-template-")
	if err != nil {
		return nil, err
	}
	defer func() { _ = os.RemoveAll(dir) }() // a temporary folder: the system's own cleaning gets what stays
	path := filepath.Join(dir, "igny8.db")
	if err := migrate(t, "sqlite:"+path); err != nil {
		return nil, err
	}
	return os.ReadFile(path)
}

// migrate leaves all in the one file: closing the last connection folds the
// write-ahead log into it.
func migrate(t testing.TB, url string) error {
	d, err := db.Open(t.Context(), url, clock.Clock{})
	if err != nil {
		return err
	}
	if err := d.Migrate(t.Context()); err != nil {
		_ = d.Close() // the migration's error is the one to report
		return err
	}
	return d.Close()
}

func copyFile(path string, content []byte) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	if _, err := f.Write(content); err != nil {
		_ = f.Close()
		return err
	}
	return f.Close()
}
