package db

import (
	"context"
	"fmt"
	"runtime"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"igny8/internal/clock"
)

func openPostgres(ctx context.Context, url string, c clock.Clock) (*DB, error) {
	cfg, err := pgxpool.ParseConfig(url)
	if err != nil {
		return nil, fmt.Errorf("database: %w", err) // pgx leaves the password out
	}
	if !strings.Contains(url, "pool_max_conns") {
		cfg.MaxConns = int32(max(8, 4*runtime.NumCPU()))
	}
	d := &DB{engine: Postgres, login: cfg.ConnConfig, clock: c}
	cfg.AfterConnect = d.actAsRuntime
	pool, err := pgxpool.NewWithConfig(ctx, cfg)
	if err != nil {
		return nil, fmt.Errorf("database: %w", err)
	}
	if err := pool.Ping(ctx); err != nil {
		pool.Close()
		return nil, fmt.Errorf("database %s at %s: %w", cfg.ConnConfig.Database, cfg.ConnConfig.Host, err)
	}
	std := openSessions(pool)
	d.pool, d.write, d.read = pool, std, std
	d.watch.open = watchPostgres(cfg.ConnConfig)
	d.moments.ask = d.watch.ask
	return d, nil
}

// MigrateAs makes migrations run by the login of another URL of the same
// database, which owns the schema. Without it the
// login of Open migrates. It is called before the first migration.
func (d *DB) MigrateAs(url string) error {
	if d.engine != Postgres {
		return fmt.Errorf("a login of its own for migrations is for PostgreSQL")
	}
	cfg, err := pgxpool.ParseConfig(url) // it knows what a pool's URL may say
	if err != nil {
		return fmt.Errorf("database for migrations: %w", err) // pgx leaves the password out
	}
	d.login = cfg.ConnConfig
	return nil
}

// actAsRuntime makes a connection act as the runtime role, if its login may:
// before the first migration there is no such role. CheckWall then looks at
// whom the connections act as, however that came about, and from then on a
// connection that would act as anybody else is not used.
func (d *DB) actAsRuntime(ctx context.Context, c *pgx.Conn) error {
	var role string
	err := c.QueryRow(ctx, `SELECT coalesce((SELECT set_config('role', rolname, false) FROM pg_roles
		WHERE rolname = '`+runtimeRole+`' AND pg_has_role(session_user, oid, `+maySetRole+`)), current_user)`,
		pgx.QueryExecModeSimpleProtocol).Scan(&role)
	if err != nil {
		return fmt.Errorf("act as %s: %w", runtimeRole, err)
	}
	if checked := d.actsAs.Load(); checked != nil && role != *checked {
		return fmt.Errorf("%w: new connections act as %s, and the server was started as %s; start it again to see why", ErrWall, role, *checked)
	}
	return nil
}
