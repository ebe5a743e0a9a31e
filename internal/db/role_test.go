package db_test

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"

	"igny8/internal/clock"
	"igny8/internal/db"
	"igny8/internal/db/dbtest"
)

type loginRole struct {
	name          string
	super, bypass bool
}

// login is who a URL logs in as.
func login(t *testing.T, at string) loginRole {
	t.Helper()
	c, err := pgx.Connect(t.Context(), at)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close(context.Background()) }()
	var l loginRole
	if err := c.QueryRow(t.Context(), `SELECT rolname, rolsuper, rolbypassrls FROM pg_roles WHERE rolname = session_user`).Scan(&l.name, &l.super, &l.bypass); err != nil {
		t.Fatal(err)
	}
	return l
}

// cluster is a PostgreSQL whose roles a test may change: they belong to all
// databases of a server.
type cluster struct {
	t     *testing.T
	super string // URL of a superuser
}

func newCluster(t *testing.T) cluster {
	t.Helper()
	onPostgres(t)
	super, err := dbtest.StartCluster(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return cluster{t, super}
}

// login makes a role that may log in.
func (c cluster) login(name, attributes string) string {
	c.t.Helper()
	at, err := dbtest.NewLogin(c.t.Context(), c.super, name, attributes)
	if err != nil {
		c.t.Fatal(err)
	}
	return at
}

// database makes an empty one of owner's, and names it for him.
func (c cluster) database(owner string) string {
	c.t.Helper()
	name := "db_" + strings.ToLower(rand.Text())
	dbtest.AsOwner(c.t, c.super, "CREATE DATABASE "+name+" OWNER "+owner)
	return c.as(owner, name)
}

func (c cluster) as(who, database string) string {
	c.t.Helper()
	u, err := url.Parse(c.super)
	if err != nil {
		c.t.Fatal(err)
	}
	u.User, u.Path = url.User(who), "/"+database
	return u.String()
}

// relogin is the same database by another login.
func (c cluster) relogin(at, who string) string {
	c.t.Helper()
	u, err := url.Parse(at)
	if err != nil {
		c.t.Fatal(err)
	}
	return c.as(who, strings.TrimPrefix(u.Path, "/"))
}

// start does what a server does at start.
func start(t *testing.T, at, migrate string) error {
	t.Helper()
	d := dbtest.Reopen(t, at, clock.Clock{})
	if migrate != "" {
		if err := d.MigrateAs(migrate); err != nil {
			return err
		}
	}
	if err := d.Migrate(t.Context()); err != nil {
		return err
	}
	return d.CheckWall(t.Context())
}

// served tells whom a server's connections act as and log in as.
func served(t *testing.T, at string) string {
	t.Helper()
	d := dbtest.Reopen(t, at, clock.Clock{})
	var role, session string
	err := d.View(t.Context(), func(ctx context.Context, v *db.View) error {
		return v.Get(ctx, `SELECT current_user, session_user::text`, nil, &role, &session)
	})
	if err != nil {
		t.Fatal(err)
	}
	return role + " by " + session
}

func says(t *testing.T, name string, err error, want ...string) {
	t.Helper()
	for _, w := range want {
		if err == nil || !strings.Contains(err.Error(), w) {
			t.Errorf("%s: error %q does not say %q", name, fmt.Sprint(err), w)
		}
	}
}

// TestServersStartTogether starts on empty databases of one cluster where there
// is no runtime role yet: two servers on each of two databases.
func TestServersStartTogether(t *testing.T) {
	c := newCluster(t)
	c.login("operator", "CREATEROLE")
	var wg sync.WaitGroup
	one, two := c.database("operator"), c.database("operator")
	for _, at := range []string{one, two, one, two} {
		d := dbtest.Reopen(t, at, clock.Clock{})
		wg.Go(func() {
			if err := errors.Join(d.Migrate(t.Context()), d.CheckWall(t.Context())); err != nil {
				t.Errorf("start: %v", err)
			}
		})
	}
	wg.Wait()
	if got := served(t, one); got != "igny8_runtime by operator" {
		t.Errorf("serves as %s", got)
	}
	if err := start(t, one, ""); err != nil {
		t.Errorf("start again: %v", err)
	}
	// A superuser serves as the same role, from the first start on.
	if err := start(t, c.relogin(c.database("operator"), "postgres"), ""); err != nil {
		t.Errorf("start as a superuser: %v", err)
	}
}

// TestLoginThatMayMakeNoRoles is told what an administrator has to run, and has
// changed nothing; when that was run, it starts.
func TestLoginThatMayMakeNoRoles(t *testing.T) {
	c := newCluster(t)
	c.login("plain", "")
	at := c.database("plain")
	err := start(t, at, "")
	statements := []string{
		`CREATE ROLE igny8_runtime NOLOGIN NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE`,
		`GRANT igny8_runtime TO "plain"`,
	}
	says(t, "start", err, statements...)
	d := dbtest.Reopen(t, at, clock.Clock{})
	steps, err := d.MigrationStatus(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range steps {
		if s.Applied {
			t.Errorf("%s was applied", s.Name)
		}
	}
	dbtest.AsOwner(t, c.super, statements...)
	if err := start(t, at, ""); err != nil {
		t.Errorf("start when it was run: %v", err)
	}
}

// TestLoginsForServingAndMigrating keeps the login that owns the schema out of
// the server's hands.
func TestLoginsForServingAndMigrating(t *testing.T) {
	c := newCluster(t)
	c.login("owner", "CREATEROLE")
	c.login("app", "")
	migrate := c.database("owner")
	at := c.relogin(migrate, "app")
	if err := start(t, at, migrate); err != nil {
		t.Fatalf("start: %v", err)
	}
	if got := served(t, at); got != "igny8_runtime by app" {
		t.Errorf("serves as %s", got)
	}
	d := dbtest.Reopen(t, at, clock.Clock{})
	found(t, d)
	if err := start(t, at, ""); err != nil {
		t.Errorf("start with the schema up to date, and without the owner's login: %v", err)
	}
	says(t, "migrate by app alone", d.MigrateDown(t.Context()), "must be owner", "IGNY8_MIGRATE_DATABASE_URL")
	says(t, "first start by app alone", start(t, c.relogin(c.database("owner"), "app"), ""), "permission denied", "IGNY8_MIGRATE_DATABASE_URL")
	says(t, "two databases", start(t, c.relogin(c.database("owner"), "app"), migrate), "no table of ours", "IGNY8_MIGRATE_DATABASE_URL")
}

// TestRoleIsWithdrawn while a server runs: it gets no new connection, rather
// than one that acts as its login.
func TestRoleIsWithdrawn(t *testing.T) {
	c := newCluster(t)
	c.login("operator", "CREATEROLE")
	at := c.database("operator")
	d := dbtest.Reopen(t, at, clock.Clock{})
	if err := errors.Join(d.Migrate(t.Context()), d.CheckWall(t.Context())); err != nil {
		t.Fatal(err)
	}
	dbtest.AsOwner(t, c.super, `REVOKE igny8_runtime FROM operator`)
	d.Pool().Reset()
	err := d.Ping(t.Context())
	says(t, "ping", err, "new connections act as operator", "started as igny8_runtime")
	if !errors.Is(err, db.ErrWall) {
		t.Errorf("%v is not ErrWall", err)
	}
}

// TestServerRefuses every way in which the wall would not stand.
func TestServerRefuses(t *testing.T) {
	c := newCluster(t)
	c.login("owner", "CREATEROLE")
	c.login("bypass", "BYPASSRLS")
	c.login("friend", "")
	at := c.database("owner")
	if err := start(t, at, ""); err != nil {
		t.Fatal(err)
	}
	super := c.relogin(at, "postgres")
	check := func(at string) error { return dbtest.Reopen(t, at, clock.Clock{}).CheckWall(t.Context()) }
	for _, tt := range []struct {
		name        string
		make, undo  []string
		login, want string
		remedy      string
	}{
		{
			name: "superuser", make: []string{`ALTER ROLE igny8_runtime SUPERUSER`}, undo: []string{`ALTER ROLE igny8_runtime NOSUPERUSER`},
			login: "owner", want: "the server acts as igny8_runtime, a superuser", remedy: "ALTER ROLE igny8_runtime NOSUPERUSER NOBYPASSRLS;",
		},
		{
			name: "bypass", make: []string{`ALTER ROLE igny8_runtime BYPASSRLS`}, undo: []string{`ALTER ROLE igny8_runtime NOBYPASSRLS`},
			login: "owner", want: "the server acts as igny8_runtime, which has BYPASSRLS", remedy: "ALTER ROLE igny8_runtime NOSUPERUSER NOBYPASSRLS;",
		},
		{name: "bypass of the login", login: "bypass", want: "the server acts as bypass, which has BYPASSRLS", remedy: `GRANT igny8_runtime TO "bypass";`},
		{
			name: "owner", make: []string{`REVOKE igny8_runtime FROM owner`}, undo: []string{`GRANT igny8_runtime TO owner`},
			login: "owner", want: "the server acts as owner, which owns account", remedy: `GRANT igny8_runtime TO "owner";`,
		},
		{
			name: "member of the owner", make: []string{`REVOKE igny8_runtime FROM owner`, `GRANT owner TO friend`},
			undo:  []string{`GRANT igny8_runtime TO owner`, `REVOKE owner FROM friend`},
			login: "friend", want: "which owns", remedy: "IGNY8_DATABASE_URL",
		},
		{name: "nobody", login: "friend", want: "sees no table of ours"},
		{
			name: "owner of one table", make: []string{`ALTER TABLE jobs OWNER TO igny8_runtime`}, undo: []string{`ALTER TABLE jobs OWNER TO owner`, `GRANT SELECT ON jobs TO igny8_runtime`},
			login: "owner", want: "the server acts as igny8_runtime, which owns jobs", remedy: "ALTER TABLE jobs OWNER TO",
		},
		{
			name: "not forced", make: []string{`ALTER TABLE jobs NO FORCE ROW LEVEL SECURITY`}, undo: []string{`ALTER TABLE jobs FORCE ROW LEVEL SECURITY`},
			login: "owner", want: "row-level security of the table jobs", remedy: "ALTER TABLE jobs ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;",
		},
		{
			name: "off", make: []string{`ALTER TABLE accounts DISABLE ROW LEVEL SECURITY`}, undo: []string{`ALTER TABLE accounts ENABLE ROW LEVEL SECURITY`},
			login: "owner", want: "row-level security of the table accounts",
		},
		{
			name: "no policy", make: []string{`ALTER POLICY tenant ON sites RENAME TO other`}, undo: []string{`ALTER POLICY other ON sites RENAME TO tenant`},
			login: "owner", want: "row-level security of the table sites", remedy: "SELECT igny8_guard('sites');",
		},
		{
			name: "a new table", make: []string{`CREATE TABLE exports (account_id TEXT NOT NULL)`, `GRANT SELECT ON exports TO igny8_runtime`}, undo: []string{`DROP TABLE exports`},
			login: "owner", want: "row-level security of the table exports", remedy: "SELECT igny8_guard('exports');",
		},
		{
			name: "a view", make: []string{`CREATE VIEW report AS SELECT * FROM jobs`, `GRANT SELECT ON report TO igny8_runtime`}, undo: []string{`DROP VIEW report`},
			login: "owner", want: "the view report shows rows with its owner's rights",
		},
		{
			name: "a kept view", make: []string{`CREATE MATERIALIZED VIEW report AS SELECT * FROM jobs`, `GRANT SELECT ON report TO igny8_runtime`}, undo: []string{`DROP MATERIALIZED VIEW report`},
			login: "owner", want: "the view report shows rows with its owner's rights",
		},
	} {
		dbtest.AsOwner(t, super, tt.make...)
		err := check(c.relogin(at, tt.login))
		says(t, tt.name, err, tt.want, tt.remedy)
		if !errors.Is(err, db.ErrWall) {
			t.Errorf("%s: %v is not ErrWall", tt.name, err)
		}
		dbtest.AsOwner(t, super, tt.undo...)
	}
	dbtest.AsOwner(t, super, `CREATE VIEW report WITH (security_invoker = true) AS SELECT * FROM jobs`, `GRANT SELECT ON report TO igny8_runtime`)
	if err := check(at); err != nil {
		t.Errorf("all undone, and a view of the reader's rights: %v", err)
	}
}
