package db_test

import (
	"context"
	"errors"
	"net/url"
	"strings"
	"testing"

	"igny8/internal/clock"
	"igny8/internal/db"
	"igny8/internal/db/dbtest"
)

// onPostgres skips what only PostgreSQL has.
func onPostgres(t *testing.T) {
	t.Helper()
	if dbtest.Engine() != db.Postgres {
		t.Skip("SQLite has no row-level security and no roles")
	}
}

// withParam adds a parameter to the URL of a database.
func withParam(t *testing.T, raw, key, value string) string {
	t.Helper()
	u, err := url.Parse(raw)
	if err != nil {
		t.Fatal(err)
	}
	q := u.Query()
	q.Set(key, value)
	u.RawQuery = q.Encode()
	return u.String()
}

// found makes two accounts with a job each.
func found(t *testing.T, d *db.DB) {
	t.Helper()
	for _, acc := range []string{"acc_a", "acc_b"} {
		err := d.UpdateOf(t.Context(), acc, func(ctx context.Context, tx *db.Tx) error {
			_, err := tx.Exec(ctx, `INSERT INTO accounts (id, name, country, kind, status, created_at, updated_at)
				VALUES ($1, $1, 'DE', 'tenant', 'active', 1, 1)`, acc)
			if err != nil {
				return err
			}
			_, err = tx.Exec(ctx, insertJob, acc, "job_1")
			return err
		})
		if err != nil {
			t.Fatalf("found %s: %v", acc, err)
		}
	}
}

const insertJob = `INSERT INTO jobs (account_id, id, kind, state, token, actor, args, created_at) VALUES ($1, $2, 'k', 'queued', 1, 'user:u', '{}', 1)`

// seen lists the accounts whose rows r meets in two tables, with no predicate.
func seen(ctx context.Context, r db.Reader) (string, error) {
	var all []string
	err := r.Each(ctx, `SELECT 'account ' || id FROM accounts UNION ALL SELECT 'job of ' || account_id FROM jobs ORDER BY 1`, nil, func(scan db.Scan) error {
		var s string
		err := scan(&s)
		all = append(all, s)
		return err
	})
	return strings.Join(all, ", "), err
}

func TestARowIsThereForItsAccountOnly(t *testing.T) {
	onPostgres(t)
	d := dbtest.Open(t)
	found(t, d)
	look := func(want string) func(context.Context, db.Reader) error {
		return func(ctx context.Context, r db.Reader) error {
			got, err := seen(ctx, r)
			if got != want {
				t.Errorf("saw %q, want %q", got, want)
			}
			return err
		}
	}
	view := func(fn func(context.Context, db.Reader) error) func(context.Context, *db.View) error {
		return func(ctx context.Context, v *db.View) error { return fn(ctx, v) }
	}
	update := func(fn func(context.Context, db.Reader) error) func(context.Context, *db.Tx) error {
		return func(ctx context.Context, tx *db.Tx) error { return fn(ctx, tx) }
	}
	const a, both = "account acc_a, job of acc_a", "account acc_a, account acc_b, job of acc_a, job of acc_b"
	for name, err := range map[string]error{
		"view of none":      d.View(t.Context(), view(look(""))),
		"update of none":    d.Update(t.Context(), update(look(""))),
		"view of one":       d.ViewOf(t.Context(), "acc_a", view(look(a))),
		"update of one":     d.UpdateOf(t.Context(), "acc_a", update(look(a))),
		"view of a missing": d.ViewOf(t.Context(), "acc_none", view(look(""))),
		"view across":       d.ViewAcross(t.Context(), view(look(both))),
		"narrowed": d.Update(t.Context(), func(ctx context.Context, tx *db.Tx) error {
			return errors.Join(look("")(ctx, tx), tx.Narrow(ctx, "acc_a"), look(a)(ctx, tx))
		}),
	} {
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestForgedStatements says another's account in raw SQL, in every way that
// changes a row, as a room with a bug or a statement with a hole would.
func TestForgedStatements(t *testing.T) {
	onPostgres(t)
	d := dbtest.Open(t)
	found(t, d)
	const refused = "row-level security"
	for _, tt := range []struct {
		name, statement string
		want            string // of the error; empty: it changes no row
	}{
		{"insert", `INSERT INTO jobs (account_id, id, kind, state, token, actor, args, created_at) VALUES ('acc_b', 'job_2', 'k', 'queued', 1, 'user:u', '{}', 1)`, refused},
		{"update", `UPDATE jobs SET message = 'mine' WHERE account_id = 'acc_b'`, ""},
		{"delete", `DELETE FROM jobs WHERE account_id = 'acc_b'`, ""},
		{"account", `UPDATE accounts SET name = 'mine' WHERE id = 'acc_b'`, ""},
		{"upsert", `INSERT INTO jobs (account_id, id, kind, state, token, actor, args, created_at) VALUES ('acc_b', 'job_1', 'k', 'queued', 1, 'user:u', '{}', 1)
			ON CONFLICT (account_id, id) DO UPDATE SET message = 'mine'`, refused},
		{"new account", `INSERT INTO accounts (id, name, country, kind, status, created_at, updated_at) VALUES ('acc_c', 'c', 'DE', 'tenant', 'active', 1, 1)`, refused},
		{"truncate", `TRUNCATE jobs`, "permission denied"},
		{"policy off", `ALTER TABLE jobs DISABLE ROW LEVEL SECURITY`, "must be owner"},
		{"policy more", `CREATE POLICY mine ON jobs USING (true)`, "must be owner"},
		{"list of migrations", `DELETE FROM goose_db_version`, "permission denied"},
		{"row security off", `SET LOCAL row_security = off`, ""},
	} {
		for whose, update := range map[string]func(func(context.Context, *db.Tx) error) error{
			"acc_a":  func(fn func(context.Context, *db.Tx) error) error { return d.UpdateOf(t.Context(), "acc_a", fn) },
			"nobody": func(fn func(context.Context, *db.Tx) error) error { return d.Update(t.Context(), fn) },
		} {
			err := update(func(ctx context.Context, tx *db.Tx) error {
				n, err := tx.Exec(ctx, tt.statement)
				if n != 0 {
					t.Errorf("%s by %s changed %d rows", tt.name, whose, n)
				}
				return err
			})
			if tt.want == "" && err != nil || tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)) {
				t.Errorf("%s by %s: %v, want an error of %q", tt.name, whose, err, tt.want)
			}
		}
	}
	err := d.UpdateOf(t.Context(), "acc_a", func(ctx context.Context, tx *db.Tx) error {
		_, err := tx.Exec(ctx, `UPDATE jobs SET account_id = 'acc_b'`) // to give a row away
		return err
	})
	if err == nil || !strings.Contains(err.Error(), refused) {
		t.Errorf("a row was given away: %v", err)
	}
}

// TestAcrossReadsOnly says the reach in a transaction that may write, which the
// program cannot: the policy for it still lets nothing be changed or locked.
func TestAcrossReadsOnly(t *testing.T) {
	onPostgres(t)
	d := dbtest.Open(t)
	found(t, d)
	err := d.Update(t.Context(), func(ctx context.Context, tx *db.Tx) error {
		if _, err := tx.Exec(ctx, `SET LOCAL igny8.reach = 'all'`); err != nil {
			return err
		}
		var jobs int
		if err := tx.Get(ctx, `SELECT count(*) FROM jobs`, nil, &jobs); err != nil || jobs != 2 {
			t.Errorf("sees %d jobs, %v", jobs, err)
		}
		for _, q := range []string{`UPDATE jobs SET message = 'mine'`, `DELETE FROM jobs`, `SELECT 1 FROM jobs FOR UPDATE`} {
			if n, err := tx.Exec(ctx, q); n != 0 || err != nil {
				t.Errorf("%s: %d rows, %v", q, n, err)
			}
		}
		_, err := tx.Exec(ctx, insertJob, "acc_b", "job_2")
		return err
	})
	if err == nil || !strings.Contains(err.Error(), "row-level security") {
		t.Errorf("an insert across accounts: %v", err)
	}
	err = d.ViewAcross(t.Context(), func(ctx context.Context, v *db.View) error {
		return v.Get(ctx, `UPDATE jobs SET message = 'mine' RETURNING 1`, nil, new(int))
	})
	if err == nil || !strings.Contains(err.Error(), "read-only") {
		t.Errorf("a view across accounts wrote: %v", err)
	}
}

// TestForcedForTheOwner: even the login that owns the tables is shown nothing,
// and a migration of it fails rather than change only what it is shown.
func TestForcedForTheOwner(t *testing.T) {
	onPostgres(t)
	at := dbtest.URL(t)
	d := dbtest.Reopen(t, at, clock.Clock{})
	found(t, d)
	if owner := login(t, at); owner.super || owner.bypass {
		t.Skipf("%s, which the tests were given, is bound by no policy", owner.name)
	}
	dbtest.AsOwner(t, at, `UPDATE jobs SET message = 'backfilled'`) // of no row
	err := d.ViewAcross(t.Context(), func(ctx context.Context, v *db.View) error {
		var n int
		err := v.Get(ctx, `SELECT count(*) FROM jobs WHERE message = 'backfilled'`, nil, &n)
		if n != 0 {
			t.Errorf("the owner changed %d rows", n)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := dbtest.TryAsOwner(t, withParam(t, at, "row_security", "off"), `UPDATE jobs SET message = 'backfilled'`); err == nil || !strings.Contains(err.Error(), "would be affected by row-level security") {
		t.Errorf("a migration that forgets NO FORCE: %v", err)
	}
}

// TestRowSecurityMigration goes back over the wall and up again with rows there.
func TestRowSecurityMigration(t *testing.T) {
	onPostgres(t)
	d := dbtest.Open(t)
	found(t, d)
	const before, wall = 17, 30
	look := func(want string) {
		t.Helper()
		err := d.View(t.Context(), func(ctx context.Context, v *db.View) error {
			got, err := seen(ctx, v)
			if got != want {
				t.Errorf("a view of nobody's rows saw %q, want %q", got, want)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, step := range []struct {
		to   int64
		want string
	}{{wall, ""}, {before, "account acc_a, account acc_b, job of acc_a, job of acc_b"}, {wall, ""}} {
		if err := d.MigrateTo(t.Context(), step.to); err != nil {
			t.Fatalf("migrate to %d: %v", step.to, err)
		}
		look(step.want)
		if err := d.CheckWall(t.Context()); (err == nil) != (step.to == wall) {
			t.Errorf("at %d the check at start says %v", step.to, err)
		}
	}
	err := d.ViewOf(t.Context(), "acc_b", func(ctx context.Context, v *db.View) error {
		got, err := seen(ctx, v)
		if got != "account acc_b, job of acc_b" {
			t.Errorf("afterwards acc_b sees %q", got)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestScratchLeavesNothing(t *testing.T) {
	onPostgres(t)
	at := dbtest.BareURL(t)
	within, drop, err := db.Scratch(t.Context(), at)
	if err != nil {
		t.Fatal(err)
	}
	d, err := db.Open(t.Context(), within(at), clock.Clock{})
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(d.Migrate(t.Context()), d.CheckWall(t.Context())); err != nil {
		t.Errorf("a server in a schema of its own: %v", err)
	}
	found(t, d)
	if err := errors.Join(d.Close(), drop(t.Context())); err != nil {
		t.Fatal(err)
	}
	left := dbtest.Reopen(t, at, clock.Clock{})
	err = left.View(t.Context(), func(ctx context.Context, v *db.View) error {
		var n int
		err := v.Get(ctx, `SELECT (SELECT count(*) FROM pg_namespace WHERE nspname LIKE 'igny8%') + (SELECT count(*) FROM pg_default_acl)`, nil, &n)
		if n != 0 {
			t.Errorf("%d things stayed", n)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}
