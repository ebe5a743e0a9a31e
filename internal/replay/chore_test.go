package replay

import (
	"context"
	"fmt"
	"testing"

	"igny8/internal/db"
)

func TestClaimsThatNobodyWillAnswerArePutAway(t *testing.T) {
	l, hand := openAt(t)
	kept := l.wins(t, request("kept", "POST /x", "{}"))
	if err := l.Keep(t.Context(), kept, []byte("first")); err != nil {
		t.Fatal(err)
	}
	dead := request("dead", "POST /x", "{}")
	late := l.wins(t, dead)
	for n := range part + 1 {
		l.wins(t, request(fmt.Sprint("crowd", n), "POST /x", "{}"))
	}
	is := func(rows int) {
		t.Helper()
		for more := true; more; {
			var err error
			if more, err = l.Chore().Do(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		var n int
		err := l.db.View(t.Context(), func(ctx context.Context, v *db.View) error {
			return v.Get(ctx, `SELECT count(*) FROM replay_answers`, nil, &n)
		})
		if err != nil || n != rows {
			t.Errorf("%d rows, want %d (%v)", n, rows, err)
		}
	}
	is(part + 3)
	hand.Advance(Lease + lost)
	l.wins(t, request("running", "POST /x", "{}"))
	is(part + 4)
	hand.Advance(1000)
	is(2)
	l.says(t, request("kept", "POST /x", "{}"), "first")
	// The request is begun again, and who had claimed it keeps nothing.
	again := l.wins(t, dead)
	if err := l.Keep(t.Context(), late, []byte("late")); err != nil {
		t.Fatal(err)
	}
	if err := l.Keep(t.Context(), again, []byte("again")); err != nil {
		t.Fatal(err)
	}
	l.says(t, dead, "again")
}
