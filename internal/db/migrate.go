package db

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"
	"github.com/riverqueue/river/riverdriver/riverdatabasesql"
	"github.com/riverqueue/river/riverdriver/riversqlite"
	"github.com/riverqueue/river/rivermigrate"
)

//go:embed migrations
var migrations embed.FS

// ErrNewerSchema is a database that a later release has migrated.
var ErrNewerSchema = errors.New("the database was migrated by a newer igny8; run that release, or restore a backup from before it")

// Step is one migration and whether the database has it.
type Step struct {
	Version int64
	Name    string
	Applied bool
}

// Migrate brings the schema up to this binary. Processes that start together
// wait for one another. ErrNewerSchema when the database is ahead. On
// PostgreSQL it also sees to the role that serves, first, so that a login that
// may not leaves the schema as it was; the error then says what an
// administrator has to run.
func (d *DB) Migrate(ctx context.Context) error {
	return d.change(ctx, func(p *goose.Provider) error {
		if err := d.refuseNewer(ctx, p); err != nil {
			return err
		}
		// On SQLite nothing keeps two processes from beginning the same step: the
		// second is refused, by the tables that the first has made. It goes on from
		// where the first is, and gives up when nobody got any further.
		for {
			was, err := p.GetDBVersion(ctx)
			if err != nil {
				return translate(err)
			}
			if _, err = p.Up(ctx); err == nil || d.engine != SQLite {
				return translate(err)
			}
			if now, nowErr := p.GetDBVersion(ctx); nowErr != nil || now <= was {
				return translate(err)
			}
		}
	})
}

// MigrateTo moves the schema to a version, up or down; zero is an empty
// database.
func (d *DB) MigrateTo(ctx context.Context, version int64) error {
	return d.change(ctx, func(p *goose.Provider) error {
		now, err := p.GetDBVersion(ctx)
		if err != nil {
			return translate(err)
		}
		if version < now {
			_, err = p.DownTo(ctx, version)
		} else {
			_, err = p.UpTo(ctx, version)
		}
		return translate(err)
	})
}

// MigrateDown undoes the newest migration that the database has.
func (d *DB) MigrateDown(ctx context.Context) error {
	return d.change(ctx, func(p *goose.Provider) error {
		if err := d.refuseNewer(ctx, p); err != nil {
			return err
		}
		_, err := p.Down(ctx)
		return translate(err)
	})
}

// MigrationStatus lists every migration of this binary, oldest first.
func (d *DB) MigrationStatus(ctx context.Context) ([]Step, error) {
	var steps []Step
	err := d.migrating(func(own *sql.DB) error {
		p, err := d.migrator(own)
		if err != nil {
			return err
		}
		status, err := p.Status(ctx)
		if err != nil {
			return translate(err)
		}
		for _, s := range status {
			steps = append(steps, Step{Version: s.Source.Version, Name: stepName(s.Source), Applied: s.State == goose.StateApplied})
		}
		return nil
	})
	return steps, err
}

func stepName(s *goose.Source) string {
	if s.Path == "" {
		return queueName
	}
	return s.Path
}

// change runs one change of the schema with what goes before and after it.
func (d *DB) change(ctx context.Context, fn func(*goose.Provider) error) error {
	return d.migrating(func(own *sql.DB) error {
		p, err := d.migrator(own)
		if err != nil {
			return err
		}
		if d.engine != Postgres {
			return fn(p)
		}
		if err := ensureRole(ctx, own, d.pool.Config().ConnConfig.User); err != nil {
			return err
		}
		if err := fn(p); err != nil {
			return ownerNeeded(err)
		}
		if err := grant(ctx, own); err != nil {
			return translate(err)
		}
		d.pool.Reset() // connections from before there was a role act as the login
		return nil
	})
}

// ownerNeeded says what to do when the login that migrates may not.
func ownerNeeded(err error) error {
	var pg *pgconn.PgError
	if errors.As(err, &pg) && pg.Code == insufficientPrivilege {
		return fmt.Errorf("%w; migrations need the login that owns the schema: name it in IGNY8_MIGRATE_DATABASE_URL", err)
	}
	return err
}

// migrating opens what migrations run on: on PostgreSQL, connections of the
// login that owns the schema. They refuse a statement that row-level security
// would narrow, instead of changing only the rows that it shows.
func (d *DB) migrating(fn func(*sql.DB) error) error {
	if d.engine != Postgres {
		return fn(d.write)
	}
	cfg := d.login.Copy()
	cfg.RuntimeParams["row_security"] = "off"
	own := stdlib.OpenDB(*cfg)
	return errors.Join(fn(own), own.Close())
}

func (d *DB) refuseNewer(ctx context.Context, p *goose.Provider) error {
	now, err := p.GetDBVersion(ctx)
	if err != nil {
		return translate(err)
	}
	all := p.ListSources()
	if newest := all[len(all)-1].Version; now > newest {
		return fmt.Errorf("schema version %d, this binary knows %d: %w", now, newest, ErrNewerSchema)
	}
	return nil
}

func (d *DB) migrator(own *sql.DB) (*goose.Provider, error) {
	opts := []goose.ProviderOption{
		goose.WithDisableGlobalRegistry(true),
		goose.WithGoMigrations(d.queueMigration()),
	}
	dialect := goose.DialectSQLite3
	if d.engine == Postgres {
		dialect = goose.DialectPostgres
		locker, err := lock.NewPostgresSessionLocker(lock.WithLockTimeout(1, 300)) // asks every second, for five minutes
		if err != nil {
			return nil, fmt.Errorf("migration lock: %w", err)
		}
		opts = append(opts, goose.WithSessionLocker(locker))
	}
	files, err := newUnion(migrations, "migrations/shared", "migrations/"+string(d.engine))
	if err != nil {
		return nil, err
	}
	return goose.NewProvider(dialect, own, files, opts...)
}

// The tables of the job queue are River's. Its own migrations run as one of
// ours, up to a version that is written down here: a newer River brings a new
// migration of ours, not a changed one.
const (
	queueVersion = 2
	queueName    = "0002_river_queue"
	riverVersion = 8
)

// queueMigration runs in goose's transaction on SQLite, whose one connection
// goose holds, and outside of it on PostgreSQL, where a new value of an enum
// cannot be used before the commit.
func (d *DB) queueMigration() *goose.Migration {
	step := func(dir rivermigrate.Direction, target int) *goose.GoFunc {
		opts := &rivermigrate.MigrateOpts{TargetVersion: target}
		if d.engine == Postgres {
			return &goose.GoFunc{RunDB: func(ctx context.Context, pool *sql.DB) error {
				m, err := rivermigrate.New(riverdatabasesql.New(pool), quiet)
				if err != nil {
					return fmt.Errorf("river migrator: %w", err)
				}
				_, err = m.Migrate(ctx, dir, opts)
				return err
			}}
		}
		return &goose.GoFunc{RunTx: func(ctx context.Context, tx *sql.Tx) error {
			m, err := rivermigrate.New(riversqlite.New(d.write), quiet)
			if err != nil {
				return fmt.Errorf("river migrator: %w", err)
			}
			_, err = m.MigrateTx(ctx, tx, dir, opts) //nolint:staticcheck // only PostgreSQL has migrations that cannot share a transaction
			return err
		}}
	}
	return goose.NewGoMigration(queueVersion,
		step(rivermigrate.DirectionUp, riverVersion), step(rivermigrate.DirectionDown, -1))
}

// quiet keeps River's migrator from logging: goose says what it did.
var quiet = &rivermigrate.Config{Logger: slog.New(slog.DiscardHandler)}

// union shows several folders as one, so that migrations for one engine stand
// in line with those for both.
type union []fs.FS

func newUnion(root fs.FS, dirs ...string) (union, error) {
	var u union
	for _, dir := range dirs {
		sub, err := fs.Sub(root, dir)
		if err != nil {
			return nil, fmt.Errorf("migrations: %w", err)
		}
		u = append(u, sub)
	}
	return u, nil
}

// Open implements fs.FS.
func (u union) Open(name string) (fs.File, error) {
	err := fs.ErrNotExist
	for _, f := range u {
		var file fs.File
		if file, err = f.Open(name); err == nil {
			return file, nil
		}
	}
	return nil, err
}

// ReadDir implements fs.ReadDirFS.
func (u union) ReadDir(name string) ([]fs.DirEntry, error) {
	var all []fs.DirEntry
	for _, f := range u {
		entries, err := fs.ReadDir(f, name)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
		all = append(all, entries...)
	}
	return all, nil
}

// SchemaHash changes whenever a migration does. Tests name their template
// databases by it.
func SchemaHash() ([sha256.Size]byte, error) {
	h := sha256.New()
	_, _ = fmt.Fprintln(h, queueName, riverVersion) // a hash never fails
	err := fs.WalkDir(migrations, ".", func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		b, err := fs.ReadFile(migrations, path)
		_, _ = fmt.Fprintf(h, "%s %d\n%s", path, len(b), b) // a hash never fails
		return err
	})
	return [sha256.Size]byte(h.Sum(nil)), err
}
