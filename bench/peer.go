package main

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/csv"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"time"

	_ "modernc.org/sqlite" // the driver "sqlite"
)

// phrases is the first column of a file of comma-separated values, without the
// header.
func phrases(file []byte) []string {
	r := csv.NewReader(bytes.NewReader(file))
	r.FieldsPerRecord, r.LazyQuotes = -1, true
	rows, err := r.ReadAll()
	if err != nil || len(rows) == 0 {
		return nil
	}
	var all []string
	for _, row := range rows[1:] {
		all = append(all, row[0])
	}
	return all
}

// naiveImport is what one would write in an afternoon: read the rows, insert
// each, with an index against duplicates, in one durable transaction. It knows
// no other format, encoding or spelling, and there is no HTTP before it.
func naiveImport(ctx context.Context, file []byte) (took time.Duration, err error) {
	dir, err := os.MkdirTemp("", "igny8-peer-")
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	d, err := sql.Open("sqlite", "file:"+filepath.Join(dir, "peer.db")+"?_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)&_txlock=immediate")
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, d.Close()) }()
	d.SetMaxOpenConns(1)
	if _, err := d.ExecContext(ctx, `CREATE TABLE keywords (id INTEGER PRIMARY KEY, phrase TEXT NOT NULL UNIQUE)`); err != nil {
		return 0, err
	}
	began := time.Now()
	tx, err := d.BeginTx(ctx, nil)
	if err != nil {
		return 0, err
	}
	for _, p := range phrases(file) {
		if _, err := tx.ExecContext(ctx, `INSERT INTO keywords (phrase) VALUES ($1) ON CONFLICT DO NOTHING`, p); err != nil {
			return 0, errors.Join(err, tx.Rollback())
		}
	}
	err = tx.Commit()
	return time.Since(began), err
}

var perOp = regexp.MustCompile(`BenchmarkFreshDatabase\S*\s+\d+\s+([0-9.]+) ns/op`)

// freshDatabase is what a test waits for an empty, migrated database.
func freshDatabase(ctx context.Context) (float64, error) {
	out, err := exec.CommandContext(ctx, "go", "test", "-run", "^$", "-bench", "FreshDatabase", "-benchtime", "50x", "./internal/db").CombinedOutput()
	m := perOp.FindSubmatch(out)
	if err != nil || m == nil {
		return 0, fmt.Errorf("go test -bench FreshDatabase: %w\n%s", err, out)
	}
	ns, err := strconv.ParseFloat(string(m[1]), 64)
	return ns / 1e9, err
}

// throttles are the figures of the throttle, and the benchmarks that have them.
var throttles = []struct{ name, benchmark string }{
	{"throttle in memory, decisions", "Memory"},
	{"throttle over Redis, 2 clients", "Redis"},
	{"throttle over Redis, 64 clients", "RedisClients64"},
}

func haveRedis() bool {
	_, err := exec.LookPath("redis-server")
	return err == nil
}

var opsPerSecond = regexp.MustCompile(`(?m)^Benchmark(\w+?)(?:-\d+)?\s.*?([0-9.]+) ops/s`)

// decisions is how many requests the throttle decides about in a second.
func decisions(ctx context.Context, figures []*figure) error {
	which := "^BenchmarkMemory$"
	if haveRedis() {
		which = "^Benchmark(Memory|Redis|RedisClients64)$"
	}
	out, err := exec.CommandContext(ctx, "go", "test", "-run", "^$", "-bench", which, "-cpu", "2", "./internal/throttle").CombinedOutput()
	if err != nil {
		return fmt.Errorf("go test -bench of the throttle: %w\n%s", err, out)
	}
	for _, m := range opsPerSecond.FindAllSubmatch(out, -1) {
		for i, l := range throttles {
			if l.benchmark == string(m[1]) {
				v, err := strconv.ParseFloat(string(m[2]), 64)
				if err != nil {
					return err
				}
				figures[i].values = append(figures[i].values, v)
			}
		}
	}
	if len(figures[0].values) == 0 {
		return fmt.Errorf("go test -bench of the throttle says nothing:\n%s", out)
	}
	return nil
}
