package db

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"modernc.org/sqlite"

	"igny8/internal/clock"
)

// pragma is a setting of SQLite and what it must read back as. The driver
// ignores options that it does not know, so what was set is not believed
// until it has been read.
type pragma struct{ name, set, want string }

var pragmas = []pragma{
	{"journal_mode", "WAL", "wal"},
	{"synchronous", "FULL", "2"},
	{"foreign_keys", "1", "1"},
	{"busy_timeout", "5000", "5000"},
}

// readOnly is for connections that only read.
var readOnly = pragma{name: "query_only", set: "1"}

func openSQLite(ctx context.Context, path string, c clock.Clock) (*DB, error) {
	if path == "" || strings.HasPrefix(path, ":memory:") {
		return nil, errors.New("database sqlite: wants the path of a file, such as sqlite:./igny8-data/igny8.db")
	}
	if err := writable(path); err != nil {
		return nil, fmt.Errorf("database file %s: %w", path, err)
	}
	write, err := openStatements(dsn(path, "immediate"))
	if err != nil {
		return nil, err
	}
	write.SetMaxOpenConns(1)
	read, err := openStatements(dsn(path, "deferred", readOnly))
	if err != nil {
		return nil, errors.Join(err, write.Close())
	}
	read.SetMaxOpenConns(max(4, 2*runtime.NumCPU()))
	read.SetMaxIdleConns(max(4, 2*runtime.NumCPU()))
	watching, err := sqlite.NewConnector(dsn(path, "deferred", readOnly))
	if err != nil {
		return nil, errors.Join(err, write.Close(), read.Close())
	}
	d := &DB{engine: SQLite, write: write, read: read, clock: c, watch: watch{open: watchSQLite(watching)}}
	d.moments.ask = d.watch.ask
	if err := d.readBack(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("database file %s: %w", path, err), d.Close())
	}
	return d, nil
}

// writable makes the file, for its owner only, and finds out early what
// SQLite would report as "unable to open database file".
func writable(path string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return fmt.Errorf("its folder cannot be made: %w", err)
	}
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return fmt.Errorf("cannot be written: %w", err)
	}
	return f.Close()
}

func dsn(path, txlock string, more ...pragma) string {
	q := url.Values{"_txlock": {txlock}}
	for _, p := range append(pragmas[:len(pragmas):len(pragmas)], more...) {
		q.Add("_pragma", p.name+"("+p.set+")")
	}
	return (&url.URL{Scheme: "file", Opaque: (&url.URL{Path: path}).EscapedPath(), RawQuery: q.Encode()}).String()
}

func (d *DB) readBack(ctx context.Context) error {
	for _, pool := range []*sql.DB{d.write, d.read} {
		for _, p := range pragmas {
			var got string
			if err := pool.QueryRowContext(ctx, "PRAGMA "+p.name).Scan(&got); err != nil {
				return fmt.Errorf("is it an SQLite database? %w", translate(err))
			}
			if got != p.want {
				return fmt.Errorf("PRAGMA %s is %q after it was set to %s; want %q", p.name, got, p.set, p.want)
			}
		}
	}
	return nil
}
