package chat

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"igny8/internal/ai/internal/provider"
	"igny8/internal/credit"
)

// TestBreaker fails until the vendor is left alone, waits, fails once more, waits
// longer, and comes back.
func TestBreaker(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var b breaker
		asked := 0
		ask := func(err error) error {
			return b.do(t.Context(), func() error {
				asked++
				return err
			})
		}
		bad := provider.Fail(credit.Silent, errors.New("away"))
		for range enough - 1 {
			_ = ask(bad)
		}
		if err := ask(nil); err != nil || asked != enough {
			t.Fatalf("four failures and a success: %v", err)
		}
		for range enough {
			_ = ask(bad)
		}
		asked = 0
		var f *provider.Failed
		if err := ask(nil); !errors.As(err, &f) || f.Failure != credit.Unsent || f.RetryAfter != firstPause || asked != 0 {
			t.Fatalf("it is asked after five failures in a row: %v", err)
		}
		time.Sleep(firstPause)
		if err := ask(bad); asked != 1 || !errors.Is(err, bad) {
			t.Fatalf("one is let through: %v", err)
		}
		if err := ask(nil); !errors.As(err, &f) || f.RetryAfter != 2*firstPause {
			t.Fatalf("it failed again: %v", err)
		}
		time.Sleep(2 * firstPause)
		if err := b.do(t.Context(), func() error {
			if err := ask(nil); err == nil { // another, while the first is let through
				t.Error("two are let through")
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		for range 3 {
			if err := ask(nil); err != nil {
				t.Fatalf("it is back: %v", err)
			}
		}
	})
}

// TestWhatSaysNothingAboutTheVendor is refused, or left.
func TestWhatSaysNothingAboutTheVendor(t *testing.T) {
	t.Parallel()
	var b breaker
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	for range 3 * enough {
		_ = b.do(t.Context(), func() error { return provider.Fail(credit.Rejected, errors.New("no")) })
		_ = b.do(gone, func() error { return gone.Err() })
	}
	if err := b.do(t.Context(), func() error { return nil }); err != nil {
		t.Error(err)
	}
}
