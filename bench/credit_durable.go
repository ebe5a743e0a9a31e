package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
)

// describe says what a commit is on this machine: how long the disk takes, who
// else is busy, and that the databases wait for the disk. It fails where one does not: figures without
// durability are of something else.
func describe(ctx context.Context, o options, out io.Writer) error {
	disk, err := fsyncs()
	if err != nil {
		return err
	}
	_, _ = fmt.Fprintf(out, "fsync of 4 KB appended to a file: median %.3f ms, p99 %.3f ms\n", 1000*disk.p50, 1000*disk.p99)
	if load, err := os.ReadFile("/proc/loadavg"); err == nil { // Linux has it
		_, _ = fmt.Fprintf(out, "%d processors, load when it began: %s", runtime.NumCPU(), load)
	}
	if err := describeSQLite(ctx, out); err != nil || o.database == "" {
		return err
	}
	return describePostgres(ctx, o, out)
}

// fsyncs appends to a file where the databases of the bench are, and waits for
// the disk each time.
func fsyncs() (s sample, err error) {
	f, err := os.CreateTemp("", "igny8-fsync-")
	if err != nil {
		return sample{}, err
	}
	defer func() { err = errors.Join(err, f.Close(), os.Remove(f.Name())) }()
	page := make([]byte, 4096)
	took := make([]time.Duration, 0, 300)
	for range cap(took) {
		began := time.Now()
		if _, err := f.Write(page); err != nil {
			return sample{}, err
		}
		if err := f.Sync(); err != nil {
			return sample{}, err
		}
		took = append(took, time.Since(began))
	}
	var all time.Duration
	for _, t := range took {
		all += t
	}
	return summary(took, all), nil
}

func describeSQLite(ctx context.Context, out io.Writer) (err error) {
	dir, err := os.MkdirTemp("", "igny8-credits-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	l, err := openLedger(ctx, "sqlite:"+filepath.Join(dir, "credits.db"))
	if err != nil {
		return err
	}
	b := l.books()
	defer func() { err = errors.Join(err, b.shut()) }()
	var version, journal, synchronous string
	err = errors.Join(b.read(ctx, `SELECT sqlite_version()`, nil, &version), b.read(ctx, `PRAGMA journal_mode`, nil, &journal),
		b.read(ctx, `PRAGMA synchronous`, nil, &synchronous))
	if err != nil {
		return err
	}
	if journal != "wal" || synchronous != "2" {
		return fmt.Errorf("SQLite is not durable: journal_mode %s, synchronous %s", journal, synchronous)
	}
	_, err = fmt.Fprintf(out, "SQLite %s: journal_mode wal, synchronous FULL, one connection that writes, BEGIN IMMEDIATE\n", version)
	return err
}

func describePostgres(ctx context.Context, o options, out io.Writer) (err error) {
	c, err := pgx.Connect(ctx, o.database)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, c.Close(ctx)) }()
	names := []string{"server_version", "fsync", "synchronous_commit", "full_page_writes", "wal_sync_method", "commit_delay", "shared_buffers"}
	said := make([]string, len(names))
	for i, name := range names {
		var value string
		if err := c.QueryRow(ctx, `SELECT current_setting($1)`, name).Scan(&value); err != nil {
			return err
		}
		said[i] = name + " " + value
	}
	for _, must := range []string{"fsync on", "synchronous_commit on"} {
		if !slices.Contains(said, must) {
			return fmt.Errorf("PostgreSQL is not durable: %s", strings.Join(said, ", "))
		}
	}
	_, err = fmt.Fprintf(out, "PostgreSQL: %s; up to %d connections a peer\n", strings.Join(said, ", "), o.pool)
	return err
}
