package db_test

import (
	"context"
	"errors"
	"net/url"
	"strings"
	"testing"
	"time"

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

// TestNoAccountStaysOnAConnection lets requests die half-way on a pool of one,
// and looks at what the next one is given.
func TestNoAccountStaysOnAConnection(t *testing.T) {
	onPostgres(t)
	d := dbtest.Reopen(t, withParam(t, dbtest.URL(t), "pool_max_conns", "1"), clock.Clock{})
	found(t, d)
	boom := errors.New("boom")
	opens := map[string]func(context.Context, func(context.Context, db.Reader) error) error{
		"view": func(ctx context.Context, fn func(context.Context, db.Reader) error) error {
			return d.ViewOf(ctx, "acc_a", func(ctx context.Context, v *db.View) error { return fn(ctx, v) })
		},
		"update": func(ctx context.Context, fn func(context.Context, db.Reader) error) error {
			return d.UpdateOf(ctx, "acc_a", func(ctx context.Context, tx *db.Tx) error { return fn(ctx, tx) })
		},
		"narrowed": func(ctx context.Context, fn func(context.Context, db.Reader) error) error {
			return d.Update(ctx, func(ctx context.Context, tx *db.Tx) error {
				if err := tx.Narrow(ctx, "acc_a"); err != nil {
					return err
				}
				return fn(ctx, tx)
			})
		},
		"across": func(ctx context.Context, fn func(context.Context, db.Reader) error) error {
			return d.ViewAcross(ctx, func(ctx context.Context, v *db.View) error { return fn(ctx, v) })
		},
	}
	for how, open := range opens {
		for name, die := range map[string]func(){
			"not at all": func() { _ = open(t.Context(), func(context.Context, db.Reader) error { return nil }) },
			"error":      func() { _ = open(t.Context(), func(context.Context, db.Reader) error { return boom }) },
			"bad statement": func() {
				_ = open(t.Context(), func(ctx context.Context, r db.Reader) error { return r.Get(ctx, `SELECT nonsense`, nil) })
			},
			"panic": func() {
				defer func() { _ = recover() }()
				_ = open(t.Context(), func(context.Context, db.Reader) error { panic(boom) })
			},
			"cancelled between statements": func() {
				ctx, cancel := context.WithCancel(t.Context())
				_ = open(ctx, func(context.Context, db.Reader) error { cancel(); return ctx.Err() })
			},
			"cancelled, and nobody noticed": func() {
				ctx, cancel := context.WithCancel(t.Context())
				_ = open(ctx, func(context.Context, db.Reader) error { cancel(); return nil })
			},
			"cancelled in a statement": func() {
				ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
				defer cancel()
				_ = open(ctx, func(ctx context.Context, r db.Reader) error {
					return r.Get(ctx, `SELECT 1 FROM pg_sleep(60)`, nil, new(int))
				})
			},
		} {
			die()
			err := d.View(t.Context(), func(ctx context.Context, v *db.View) error {
				var account, reach, role string
				if err := v.Get(ctx, `SELECT coalesce(current_setting('igny8.account', true), ''), coalesce(current_setting('igny8.reach', true), ''), current_user`,
					nil, &account, &reach, &role); err != nil {
					return err
				}
				got, err := seen(ctx, v)
				if account+reach+got != "" || role != "igny8_runtime" {
					t.Errorf("after %s, %s: account %q, reach %q, rows %q, as %s", how, name, account, reach, got, role)
				}
				return err
			})
			if err != nil {
				t.Errorf("after %s, %s: %v", how, name, err)
			}
		}
	}
	if n := d.Pool().Stat().NewConnsCount(); n > 1+2*int64(len(opens)) {
		t.Errorf("%d connections were made: who goes away between statements costs none", n)
	}
}

// TestNarrowIsForGood holds on SQLite too, so that a room's test finds it.
func TestNarrowIsForGood(t *testing.T) {
	d := dbtest.Open(t)
	err := d.UpdateOf(t.Context(), "acc_a", func(ctx context.Context, tx *db.Tx) error {
		if err := tx.Narrow(ctx, "acc_a"); err != nil {
			t.Errorf("to its own account: %v", err)
		}
		for _, other := range []string{"acc_b", ""} {
			if err := tx.Narrow(ctx, other); err == nil {
				t.Errorf("turned to %q", other)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, bad := range []string{"", "acc'; SET ROLE postgres; --", "acc_ä", "acc a"} {
		if err := d.UpdateOf(t.Context(), bad, nil); err == nil {
			t.Errorf("UpdateOf(%q) ran", bad)
		}
		if err := d.ViewOf(t.Context(), bad, nil); err == nil {
			t.Errorf("ViewOf(%q) ran", bad)
		}
		if err := d.Update(t.Context(), func(ctx context.Context, tx *db.Tx) error { return tx.Narrow(ctx, bad) }); err == nil {
			t.Errorf("Narrow(%q) ran", bad)
		}
	}
}
