package replay

import (
	"bytes"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"igny8/internal/clock"
	"igny8/internal/db/dbtest"
)

func openAt(t *testing.T) (*Log, *clock.Hand) {
	t.Helper()
	t.Parallel()
	hand := clock.NewHand(time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC))
	l, err := New(dbtest.OpenAt(t, hand.Clock()), bytes.Repeat([]byte{7}, 32))
	if err != nil {
		t.Fatal(err)
	}
	return l, hand
}

func (l *Log) wins(t *testing.T, r Request) Claim {
	t.Helper()
	_, answered, c, err := l.Claim(t.Context(), r)
	if err != nil || answered || c.token == "" {
		t.Fatalf("got %v, %+v, %v, want the claim", answered, c, err)
	}
	return c
}

func (l *Log) says(t *testing.T, r Request, want string) {
	t.Helper()
	got, answered, _, err := l.Claim(t.Context(), r)
	if err != nil || !answered || string(got) != want {
		t.Errorf("got %q, %v, %v, want %q", got, answered, err, want)
	}
}

func TestAClaimIsAnsweredOnce(t *testing.T) {
	l, _ := openAt(t)
	r := request("k", "POST /x", "{}")
	c := l.wins(t, r)
	if _, _, _, err := l.Claim(t.Context(), r); !errors.Is(err, ErrInProgress) {
		t.Errorf("while the first runs: %v", err)
	}
	if _, _, err := l.Answered(t.Context(), r); !errors.Is(err, ErrInProgress) {
		t.Errorf("asked while the first runs: %v", err)
	}
	if err := l.Keep(t.Context(), c, []byte("first")); err != nil {
		t.Fatal(err)
	}
	l.says(t, r, "first")
	if _, _, _, err := l.Claim(t.Context(), request("k", "POST /x", "[]")); !errors.Is(err, ErrMismatch) {
		t.Errorf("another body: %v", err)
	}
	if err := l.Drop(t.Context(), c); err != nil { // too late: it has been answered
		t.Fatal(err)
	}
	l.says(t, r, "first")
}

func TestADroppedClaimMayBeTriedAgain(t *testing.T) {
	l, _ := openAt(t)
	r := request("k", "POST /x", "{}")
	if err := l.Drop(t.Context(), l.wins(t, r)); err != nil {
		t.Fatal(err)
	}
	l.wins(t, r)
}

// Who claimed and is gone loses the claim, and what he says later is nothing.
func TestAClaimRunsOut(t *testing.T) {
	l, hand := openAt(t)
	r := request("k", "POST /x", "{}")
	slow := l.wins(t, r)
	hand.Advance(Lease - time.Microsecond)
	if _, _, _, err := l.Claim(t.Context(), r); !errors.Is(err, ErrInProgress) {
		t.Errorf("before the end of the lease: %v", err)
	}
	hand.Advance(time.Microsecond)
	next := l.wins(t, r)
	if err := errors.Join(l.Keep(t.Context(), slow, []byte("slow")), l.Drop(t.Context(), slow)); err != nil {
		t.Fatal(err)
	}
	if err := l.Keep(t.Context(), next, []byte("next")); err != nil {
		t.Fatal(err)
	}
	l.says(t, r, "next")
}

func TestOneOfManyClaims(t *testing.T) {
	l, hand := openAt(t)
	r := request("k", "POST /x", "{}")
	for range 2 { // a new key, and one that was left
		var won atomic.Int64
		var wg sync.WaitGroup
		for range 20 {
			wg.Go(func() {
				_, _, c, err := l.Claim(t.Context(), r)
				switch {
				case err == nil && c.token != "":
					won.Add(1)
				case !errors.Is(err, ErrInProgress):
					t.Errorf("got %+v, %v", c, err)
				}
			})
		}
		wg.Wait()
		if n := won.Load(); n != 1 {
			t.Errorf("%d claims, want 1", n)
		}
		hand.Advance(Lease)
	}
}

// TestClaimsThatAreDropped has many claim one key that each drops: who comes
// while another's row goes is told to ask again, and nothing worse.
func TestClaimsThatAreDropped(t *testing.T) {
	l, _ := openAt(t)
	r := request("k", "POST /x", "{}")
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 50 {
				_, _, c, err := l.Claim(t.Context(), r)
				if err == nil {
					err = l.Drop(t.Context(), c)
				}
				if err != nil && !errors.Is(err, ErrInProgress) {
					t.Errorf("claim: %v", err)
				}
			}
		})
	}
	wg.Wait()
}

func TestNoKeyNoClaim(t *testing.T) {
	l, _ := openAt(t)
	_, answered, c, err := l.Claim(t.Context(), request("", "POST /x", "{}"))
	if answered || err != nil {
		t.Fatalf("got %v, %v", answered, err)
	}
	if err := errors.Join(l.Keep(t.Context(), c, nil), l.Drop(t.Context(), c)); err != nil {
		t.Error(err)
	}
}
