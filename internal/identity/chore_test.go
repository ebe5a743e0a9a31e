package identity_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"igny8/internal/clock"
	"igny8/internal/db"
	"igny8/internal/identity"
)

func TestWhatIsOverIsPutAwayAndNothingElse(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	const days = 24 * time.Hour
	old := h.found("old@example.com")
	chore := func() {
		t.Helper()
		if err := h.jobs.Do(t.Context(), h.ids.Chore()); err != nil {
			t.Fatal(err)
		}
	}
	is := func(when string, sessions, refresh, cookies, links, challenges int) {
		t.Helper()
		for table, want := range map[string]int{
			"token_families": sessions, "refresh_tokens": refresh, "browser_sessions": cookies, "one_time_tokens": links, "sign_in_challenges": challenges,
		} {
			if n := h.count(`SELECT count(*) FROM ` + table); n != want {
				t.Errorf("%s: %d of %s, want %d", when, n, table, want)
			}
		}
	}
	if _, ok, err := h.ids.FirstStaffToken(t.Context()); err != nil || !ok {
		t.Fatal(ok, err)
	}
	next, err := h.ids.Refresh(t.Context(), old.tokens.Refresh)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := h.ids.Keep(t.Context(), next); err != nil {
		t.Fatal(err)
	}
	ended := h.found("ended@example.com")
	if err := h.ids.Logout(t.Context(), ended.tokens.Refresh); err != nil {
		t.Fatal(err)
	}
	links := h.count(`SELECT count(*) FROM one_time_tokens`)
	err = h.d.Update(t.Context(), func(ctx context.Context, tx *db.Tx) error {
		_, err := tx.Exec(ctx, `INSERT INTO sign_in_challenges (hash, user_id, created_at, expires_at) SELECT 'h', min(id), 0, $1 FROM users`,
			clock.Micros(h.hand.Clock().Now().Add(75*days)))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	is("at first", 2, 3, 1, links, 1)
	chore()
	is("while all is new", 2, 3, 1, links, 1)
	h.hand.Advance(29 * days)
	chore()
	// Whoever uses a token for the second time still ends the session.
	if _, err := h.ids.Refresh(t.Context(), old.tokens.Refresh); !errors.Is(err, identity.ErrInvalid) {
		t.Errorf("a used token: %v", err)
	}
	if n := h.count(`SELECT count(*) FROM token_families WHERE end_reason = 'reuse'`); n != 1 {
		t.Errorf("%d sessions ended by a theft, want one", n)
	}
	is("after a month", 2, 3, 1, 0, 1)
	h.hand.Advance(2 * days)
	chore()
	is("a month after one has ended", 1, 2, 1, 0, 1)
	h.hand.Advance(100 * days)
	chore()
	is("at last", 0, 0, 0, 0, 0)
	if _, err := h.ids.Refresh(t.Context(), old.tokens.Refresh); !errors.Is(err, identity.ErrInvalid) {
		t.Errorf("a token that was put away: %v", err)
	}
}
