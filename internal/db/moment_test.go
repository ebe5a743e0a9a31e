package db_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"igny8/internal/clock"
	"igny8/internal/db"
	"igny8/internal/db/dbtest"
)

func momentOf(t *testing.T, d *db.DB) db.Moment {
	t.Helper()
	m, err := d.Moment(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if m == (db.Moment{}) {
		t.Fatal("a moment is none")
	}
	return m
}

// TestAMomentEndsWithEveryCommit, be it of this process, of another one, or of
// somebody at a prompt, and does not come back.
func TestAMomentEndsWithEveryCommit(t *testing.T) {
	t.Parallel()
	url := dbtest.URL(t)
	here, there := dbtest.Reopen(t, url, clock.Clock{}), dbtest.Reopen(t, url, clock.Clock{})
	seen := map[db.Moment]bool{momentOf(t, here): true}
	for i := range 30 {
		insert := fmt.Sprintf(`INSERT INTO invoice_series (name, last) VALUES ('%d', 1)`, i)
		if i%3 == 2 {
			dbtest.AsOwner(t, url, insert)
		} else {
			err := []*db.DB{here, there}[i%3].Update(t.Context(), func(ctx context.Context, tx *db.Tx) error {
				_, err := tx.Exec(ctx, insert)
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		m := momentOf(t, here)
		if seen[m] {
			t.Fatalf("after commit %d the moment is one that was before", i)
		}
		seen[m] = true
	}
}

// TestAMomentLastsWhileNothingIsCommitted: what others read, and what was
// undone on SQLite, does not end it. A server of PostgreSQL may do work of its
// own, so there most moments last.
func TestAMomentLastsWhileNothingIsCommitted(t *testing.T) {
	t.Parallel()
	d := dbtest.Open(t)
	lasted := 0
	for range 50 {
		before := momentOf(t, d)
		err := d.View(t.Context(), func(ctx context.Context, v *db.View) error {
			return v.Get(ctx, `SELECT count(*) FROM plans`, nil, new(int))
		})
		if err != nil {
			t.Fatal(err)
		}
		if momentOf(t, d) == before {
			lasted++
		}
	}
	if lasted == 0 || d.Engine() == db.SQLite && lasted != 50 {
		t.Errorf("%d of 50 moments lasted", lasted)
	}
}

// TestMomentsOfTwoConnectionsAreNotCompared: after the connection broke, the
// next answer comes on another one, and is equal to none before.
func TestMomentsOfTwoConnectionsAreNotCompared(t *testing.T) {
	t.Parallel()
	d := dbtest.Open(t)
	before := momentOf(t, d)
	d.BreakMoments()
	if after := momentOf(t, d); after == before {
		t.Error("the moment of another connection is equal to that of the one that broke")
	}
}

func TestWhoIsGoneGetsNoMoment(t *testing.T) {
	t.Parallel()
	d := dbtest.Open(t)
	ctx, stop := context.WithCancel(t.Context())
	stop()
	for range 100 { // he may lead, and then is answered
		if _, err := d.Moment(ctx); err != nil && !errors.Is(err, context.Canceled) {
			t.Fatal(err)
		}
	}
	momentOf(t, d)
}
