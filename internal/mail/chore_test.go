package mail_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"igny8/internal/clock"
	"igny8/internal/db"
	"igny8/internal/mail"
)

func TestOldLettersArePutAway(t *testing.T) {
	t.Parallel()
	o := newOffice(t, &post{})
	now := o.hand.Clock().Now()
	letters := func(kind string, n int, state string, done time.Duration) {
		t.Helper()
		err := o.d.Update(t.Context(), func(ctx context.Context, tx *db.Tx) error {
			at, sealed := any(clock.Micros(now.Add(done))), any(nil)
			if state == "queued" {
				at, sealed = nil, []byte("x")
			}
			for i := range n {
				if _, err := tx.Exec(ctx, `
					INSERT INTO letters (id, kind, recipient, state, sealed, created_at, expires_at, done_at) VALUES ($1, $2, 'a', $3, $4, 0, 0, $5)`,
					fmt.Sprintf("ltr_%s%d", kind, i), kind, state, sealed, at); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	letters("new", 2, "sent", 0)
	letters("younger", 3, "failed", -mail.Kept)
	letters("older", 1001, "sent", -mail.Kept-time.Microsecond)
	letters("lost", 4, "failed", -2*mail.Kept)
	letters("waiting", 5, "queued", 0)
	is := func(want string) {
		t.Helper()
		if err := o.q.Do(t.Context(), o.f.Chore()); err != nil {
			t.Fatal(err)
		}
		got := ""
		err := o.d.View(t.Context(), func(ctx context.Context, v *db.View) error {
			return v.Each(ctx, `SELECT kind, count(*) FROM letters GROUP BY kind ORDER BY kind`, nil, func(scan db.Scan) error {
				var kind string
				var n int
				err := scan(&kind, &n)
				got += fmt.Sprintf("%d %s ", n, kind)
				return err
			})
		})
		if err != nil || got != want {
			t.Errorf("left are %s, want %s (%v)", got, want, err)
		}
	}
	is("2 new 5 waiting 3 younger ")
	o.hand.Advance(time.Hour)
	is("2 new 5 waiting ")
	o.hand.Advance(mail.Kept)
	is("5 waiting ")
}
