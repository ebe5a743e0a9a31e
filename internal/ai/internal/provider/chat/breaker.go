package chat

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"igny8/internal/ai/internal/provider"
	"igny8/internal/clock"
	"igny8/internal/credit"
)

// When a vendor that fails is left alone.
const (
	enough       = 5 // failures in a row
	firstPause   = 15 * time.Second
	longestPause = 5 * time.Minute
)

// breaker leaves a vendor alone for a while when it fails again and again, so
// that work does not wait for it and it is not asked more than it can bear. When
// the while is over one is let through: what becomes of it decides.
type breaker struct {
	mu      sync.Mutex
	failed  int           // in a row
	pause   time.Duration // of the last time
	until   time.Time
	probing bool
}

// do asks, or says that the vendor is left alone.
func (b *breaker) do(ctx context.Context, ask func() error) error {
	if err := b.enter(); err != nil {
		return err
	}
	err := ask()
	b.leave(ctx, err)
	return err
}

func (b *breaker) enter() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	now := clock.Clock{}.Now()
	switch {
	case b.failed < enough:
		return nil
	case now.Before(b.until) || b.probing:
		wait := max(0, b.until.Sub(now))
		return &provider.Failed{
			Failure: credit.Unsent, RetryAfter: wait, Err: fmt.Errorf("left alone for %s more, after %d failures in a row", wait.Round(time.Second), b.failed),
		}
	}
	b.probing = true
	return nil
}

// leave counts what became of a request. What the account's own request is
// refused for, or who goes away, says nothing about the vendor.
func (b *breaker) leave(ctx context.Context, err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.probing = false
	switch f := provider.FailureOf(err); {
	case err == nil, f == credit.Rejected, f == credit.Unusable:
		b.failed, b.pause = 0, 0
	case ctx.Err() != nil, errors.Is(err, context.Canceled):
	default:
		if b.failed++; b.failed < enough {
			return
		}
		b.pause = min(max(firstPause, 2*b.pause), longestPause)
		b.until = clock.Clock{}.Now().Add(b.pause)
	}
}
