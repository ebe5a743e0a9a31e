package db_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"igny8/internal/clock"
	"igny8/internal/db"
	"igny8/internal/db/dbtest"
)

func insertUser(ctx context.Context, tx *db.Tx, id, email string) error {
	_, err := tx.Exec(ctx, `INSERT INTO users (id, email, email_key, password_hash, first_name, last_name, created_at)
		VALUES ($1, $2, $2, '', '', '', $3)`, id, email, clock.Micros(tx.Now()))
	return err
}

func TestUpdateIsAllOrNothing(t *testing.T) {
	d := dbtest.Open(t)
	boom := errors.New("boom")
	err := d.Update(t.Context(), func(ctx context.Context, tx *db.Tx) error {
		if err := insertUser(ctx, tx, "usr_1", "a@example.com"); err != nil {
			return err
		}
		return boom
	})
	if !errors.Is(err, boom) {
		t.Fatalf("Update = %v, want boom", err)
	}
	err = d.View(t.Context(), func(ctx context.Context, v *db.View) error {
		var n int
		if err := v.Get(ctx, `SELECT count(*) FROM users`, nil, &n); err != nil || n != 0 {
			t.Errorf("%d users stayed, %v", n, err)
		}
		return v.Get(ctx, `SELECT id FROM users WHERE id = $1`, []any{"usr_1"}, new(string))
	})
	if !errors.Is(err, db.ErrNotFound) {
		t.Errorf("Get of nothing = %v, want ErrNotFound", err)
	}
}

func TestErrorsHaveNames(t *testing.T) {
	d := dbtest.Open(t)
	for _, tt := range []struct {
		name string
		run  func(context.Context, *db.Tx) error
		want error
	}{
		{"duplicate", func(ctx context.Context, tx *db.Tx) error {
			return errors.Join(insertUser(ctx, tx, "usr_1", "a@example.com"), insertUser(ctx, tx, "usr_2", "a@example.com"))
		}, db.ErrDuplicate},
		{"foreign key", func(ctx context.Context, tx *db.Tx) error {
			_, err := tx.Exec(ctx, `INSERT INTO staff_grants (user_id, privilege, granted_by, granted_at) VALUES ('usr_none', 'x', 'x', 1)`)
			return err
		}, db.ErrForeignKey},
		{"check", func(ctx context.Context, tx *db.Tx) error {
			_, err := tx.Exec(ctx, `INSERT INTO accounts (id, name, country, kind, status, created_at, updated_at) VALUES ('acc_1', 'a', 'DE', 'odd', 'trial', 1, 1)`)
			return err
		}, db.ErrCheck},
		{"not null", func(ctx context.Context, tx *db.Tx) error {
			_, err := tx.Exec(ctx, `INSERT INTO accounts (id, name, country, kind, status, created_at, updated_at) VALUES ('acc_1', NULL, 'DE', 'tenant', 'trial', 1, 1)`)
			return err
		}, db.ErrCheck},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if err := d.UpdateOf(t.Context(), "acc_1", tt.run); !errors.Is(err, tt.want) {
				t.Errorf("got %v, want %v", err, tt.want)
			}
		})
	}
}

func TestTransactionHasOneTime(t *testing.T) {
	hand := clock.NewHand(time.Date(2030, 1, 31, 23, 59, 59, 0, time.UTC))
	d := dbtest.OpenAt(t, hand.Clock())
	err := d.Update(t.Context(), func(_ context.Context, tx *db.Tx) error {
		before := tx.Now()
		hand.Advance(time.Hour)
		if !tx.Now().Equal(before) {
			t.Errorf("time moved inside a transaction: %v, then %v", before, tx.Now())
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if got := clock.FromMicros(clock.Micros(hand.Clock().Now())); !got.Equal(hand.Clock().Now()) {
		t.Errorf("Micros and Time do not round-trip: %v", got)
	}
}

func TestViewCannotWrite(t *testing.T) {
	d := dbtest.Open(t)
	err := d.View(t.Context(), func(ctx context.Context, v *db.View) error {
		return v.Get(ctx, `INSERT INTO invoice_series (name, last) VALUES ('x', 1) RETURNING last`, nil, new(int))
	})
	if err == nil {
		t.Fatal("a View wrote")
	}
}

func TestInTx(t *testing.T) {
	d := dbtest.Open(t)
	if db.InTx(t.Context()) {
		t.Error("InTx outside a transaction")
	}
	err := d.View(t.Context(), func(ctx context.Context, _ *db.View) error {
		if !db.InTx(ctx) {
			t.Error("not InTx inside one")
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// TestMigrations goes up, down to nothing, and up again: what is left after
// the way down would stop the second way up.
func TestMigrations(t *testing.T) {
	d := dbtest.Reopen(t, dbtest.BareURL(t), clock.Clock{})
	for range 2 {
		if err := d.Migrate(t.Context()); err != nil {
			t.Fatalf("up: %v", err)
		}
		steps, err := d.MigrationStatus(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		last := int64(0)
		for _, s := range steps {
			if !s.Applied || s.Name == "" || s.Version <= last {
				t.Errorf("after %d: %+v", last, s)
			}
			last = s.Version
		}
		for range steps {
			if err := d.MigrateDown(t.Context()); err != nil {
				t.Fatalf("down: %v", err)
			}
		}
	}
}

func TestProcessesMigrateTogether(t *testing.T) {
	url := dbtest.BareURL(t)
	var wg sync.WaitGroup
	for range 4 {
		d := dbtest.Reopen(t, url, clock.Clock{})
		wg.Go(func() {
			if err := d.Migrate(t.Context()); err != nil {
				t.Errorf("migrate: %v", err)
			}
		})
	}
	wg.Wait()
}

func TestNewerSchemaIsRefused(t *testing.T) {
	url := dbtest.URL(t)
	dbtest.AsOwner(t, url, `INSERT INTO goose_db_version (version_id, is_applied) VALUES (9999, TRUE)`)
	d := dbtest.Reopen(t, url, clock.Clock{})
	if err := d.Migrate(t.Context()); !errors.Is(err, db.ErrNewerSchema) {
		t.Errorf("Migrate = %v, want ErrNewerSchema", err)
	}
	if err := d.MigrateDown(t.Context()); !errors.Is(err, db.ErrNewerSchema) {
		t.Errorf("MigrateDown = %v, want ErrNewerSchema", err)
	}
}

func TestPaymentMethodMigration(t *testing.T) {
	url := dbtest.BareURL(t)
	d := dbtest.Reopen(t, url, clock.Clock{})
	to := func(v int64) {
		t.Helper()
		if err := d.MigrateTo(t.Context(), v); err != nil {
			t.Fatalf("migrate to %d: %v", v, err)
		}
	}
	to(10)
	err := d.Update(t.Context(), func(ctx context.Context, tx *db.Tx) error {
		for _, q := range []string{
			`INSERT INTO plans VALUES ('pln_1', 'starter', 'Starter', 100, 'EUR', 'month', 0, 0, 1, 1, 1, TRUE, 1)`,
			`INSERT INTO accounts (id, name, country, kind, status, created_at, updated_at) VALUES
				('acc_stripe', 'a', 'DE', 'tenant', 'active', 1, 1), ('acc_other', 'b', 'DE', 'tenant', 'active', 1, 1)`,
			`INSERT INTO subscriptions (account_id, id, plan_id, status, stripe_subscription_id, created_at, updated_at) VALUES
				('acc_stripe', 'sub_1', 'pln_1', 'active', 'sub_x', 1, 1), ('acc_other', 'sub_2', 'pln_1', 'active', NULL, 1, 1)`,
		} {
			if _, err := tx.Exec(ctx, q); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	check := func() {
		t.Helper()
		var got []string
		err := d.ViewAcross(t.Context(), func(ctx context.Context, v *db.View) error {
			return v.Each(ctx, `SELECT a.id, coalesce(a.payment_method, 'null'), coalesce(s.payment_method, 'null'), coalesce(s.stripe_subscription_id, 'null')
				FROM accounts a JOIN subscriptions s ON s.account_id = a.id ORDER BY a.id`, nil, func(scan db.Scan) error {
				var a, b, c, e string
				err := scan(&a, &b, &c, &e)
				got = append(got, strings.Join([]string{a, b, c, e}, " "))
				return err
			})
		})
		if err != nil {
			t.Fatal(err)
		}
		if want := "acc_other null null null|acc_stripe stripe stripe sub_x"; strings.Join(got, "|") != want {
			t.Errorf("after the backfill: %v, want %s", got, want)
		}
	}
	to(11)
	check()
	to(10)
	to(11)
	check()
	// Two processes of the release with everything, on those rows, and back.
	to(10)
	var wg sync.WaitGroup
	for range 2 {
		p := dbtest.Reopen(t, url, clock.Clock{})
		wg.Go(func() {
			if err := p.Migrate(t.Context()); err != nil {
				t.Errorf("migrate together: %v", err)
			}
		})
	}
	wg.Wait()
	check()
	to(11)
	check()
	to(10)
	if err := d.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	check()
}

func TestOpenSaysWhatIsWrong(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "notes.txt")
	if err := os.WriteFile(file, []byte(strings.Repeat("not a database ", 100)), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct{ url, want string }{
		"scheme":       {"mysql://x", "want sqlite:PATH or postgres://"},
		"empty":        {"sqlite:", "wants the path of a file"},
		"folder":       {"sqlite:" + dir, "cannot be written"},
		"below a file": {"sqlite:" + file + "/x.db", "folder cannot be made"},
		"not sqlite":   {"sqlite:" + file, "is it an SQLite database?"},
		"no server":    {"postgres://nobody@127.0.0.1:1/none?connect_timeout=2", "database none at 127.0.0.1"},
	} {
		t.Run(name, func(t *testing.T) {
			d, err := db.Open(t.Context(), tt.url, clock.Clock{})
			if err == nil {
				_ = d.Close()
				t.Fatal("it opened")
			}
			if !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %q does not say %q", err, tt.want)
			}
		})
	}
}

func TestAwkwardPath(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a b?c#d%20", "é.db")
	d := dbtest.Reopen(t, "sqlite:"+path, clock.Clock{})
	if err := d.Ping(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(path); err != nil {
		t.Errorf("the database is not where it was asked for: %v", err)
	}
}

func BenchmarkFreshDatabase(b *testing.B) {
	for b.Loop() {
		d, err := db.Open(b.Context(), dbtest.URL(b), clock.Clock{})
		if err != nil {
			b.Fatal(err)
		}
		if err := d.Close(); err != nil {
			b.Fatal(err)
		}
	}
}
