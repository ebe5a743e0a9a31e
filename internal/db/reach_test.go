package db_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"igny8/internal/clock"
	"igny8/internal/db"
	"igny8/internal/db/dbtest"
)

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

// TestAnEventOfAPersonIsWrittenIntoEachOfHisAccounts is how identity looks up
// the accounts, and writes into one after the other.
func TestAnEventOfAPersonIsWrittenIntoEachOfHisAccounts(t *testing.T) {
	d := dbtest.Open(t)
	found(t, d)
	err := d.Update(t.Context(), func(ctx context.Context, tx *db.Tx) error {
		var across string
		err := tx.LookAcross(ctx, func(r db.Reader) (err error) {
			across, err = seen(ctx, r)
			return err
		})
		if want := "account acc_a, account acc_b, job of acc_a, job of acc_b"; err != nil || across != want {
			t.Errorf("across: saw %q, %v", across, err)
		}
		for _, acc := range []string{"acc_a", "acc_b"} {
			if err := tx.Within(ctx, acc, func() error {
				_, err := tx.Exec(ctx, insertJob, acc, "job_2")
				return err
			}); err != nil {
				return err
			}
		}
		if d.Engine() != db.Postgres {
			return nil
		}
		if got, err := seen(ctx, tx); err != nil || got != "" {
			t.Errorf("afterwards the transaction of nobody sees %q, %v", got, err)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	err = d.UpdateOf(t.Context(), "acc_a", func(ctx context.Context, tx *db.Tx) error {
		if err := tx.Within(ctx, "acc_b", func() error { return nil }); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, insertJob, "acc_a", "job_3")
		return err
	})
	if err != nil {
		t.Errorf("back in its own account: %v", err)
	}
	if d.Engine() != db.Postgres {
		return
	}
	err = d.Update(t.Context(), func(ctx context.Context, tx *db.Tx) error {
		return tx.Within(ctx, "acc_a", func() error {
			_, err := tx.Exec(ctx, insertJob, "acc_b", "job_3")
			return err
		})
	})
	if err == nil {
		t.Error("wrote a row of acc_b within acc_a")
	}
}
