package throttle_test

import (
	"context"
	"testing"
	"time"

	"github.com/throttled/throttled/v2"
	"pgregory.net/rapid"

	"igny8/internal/clock"
	"igny8/internal/throttle"
)

// kept is the oracle's store, on a clock that the test moves.
type kept struct {
	clock clock.Clock
	at    map[string]int64
}

func (s kept) GetWithTime(_ context.Context, key string) (int64, time.Time, error) {
	at, there := s.at[key]
	if !there {
		return -1, s.clock.Now(), nil
	}
	return at, s.clock.Now(), nil
}

func (s kept) SetIfNotExistsWithTTL(_ context.Context, key string, value int64, _ time.Duration) (bool, error) {
	if _, there := s.at[key]; there {
		return false, nil
	}
	s.at[key] = value
	return true, nil
}

func (s kept) CompareAndSwapWithTTL(_ context.Context, key string, before, value int64, _ time.Duration) (bool, error) {
	if s.at[key] != before {
		return false, nil
	}
	s.at[key] = value
	return true, nil
}

// TestAgainstAnotherGCRA compares every figure of every decision with those of
// throttled, over any rate and any times of asking.
func TestAgainstAnotherGCRA(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		each := rapid.Int64Range(1, 90_000_000).Draw(t, "microseconds each")
		burst := rapid.Int64Range(1, 50).Draw(t, "burst")
		hand := clock.NewHand(epoch)
		m, k := throttle.NewMemory(hand.Clock()), one()
		rate := throttle.Rate{Count: 1, Window: time.Duration(each) * time.Microsecond, Burst: burst}
		oracle, err := throttled.NewGCRARateLimiterCtx(kept{hand.Clock(), map[string]int64{}}, throttled.RateQuota{
			MaxRate: throttled.PerDuration(1, rate.Window), MaxBurst: int(burst) - 1,
		})
		if err != nil {
			t.Fatal(err)
		}
		for range rapid.IntRange(1, 200).Draw(t, "requests") {
			hand.Advance(time.Duration(rapid.Int64Range(0, 2*each).Draw(t, "pause")) * time.Microsecond / 2)
			limited, want, err := oracle.RateLimitCtx(context.Background(), "k", 1)
			if err != nil {
				t.Fatal(err)
			}
			got := m.Take(context.Background(), k, rate)
			retry := want.RetryAfter
			if retry == -1 {
				retry = 0
			}
			if got.Allowed == limited || got.Limit != int64(want.Limit) || got.Remaining != int64(want.Remaining) ||
				got.Reset != want.ResetAfter || got.RetryAfter != retry {
				t.Fatalf("got %+v, want limited %v, %+v", got, limited, want)
			}
		}
	})
}

// TestNeverMoreThanTheRate counts what passes in every window, whatever comes:
// the rate, and the burst that was saved before.
func TestNeverMoreThanTheRate(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		rate := throttle.Rate{
			Count: rapid.Int64Range(1, 30).Draw(t, "count"), Window: time.Minute,
			Burst: rapid.Int64Range(0, 30).Draw(t, "burst"),
		}
		burst := rate.Burst
		if burst == 0 {
			burst = rate.Count
		}
		hand := clock.NewHand(epoch)
		m, k := throttle.NewMemory(hand.Clock()), one()
		var passed []time.Time
		for range rapid.IntRange(1, 300).Draw(t, "requests") {
			hand.Advance(time.Duration(rapid.Int64Range(0, 4_000_000).Draw(t, "pause")) * time.Microsecond)
			now := hand.Clock().Now()
			d := m.Take(context.Background(), k, rate)
			if d.Allowed {
				passed = append(passed, now)
			}
			in := int64(0)
			for _, at := range passed {
				if at.After(now.Add(-time.Minute)) {
					in++
				}
			}
			if in > burst+rate.Count {
				t.Fatalf("%d passed within a minute of %+v", in, rate)
			}
			if !d.Allowed {
				hand.Advance(d.RetryAfter - time.Microsecond)
				if m.Take(context.Background(), k, rate).Allowed {
					t.Fatal("let in before it was said")
				}
				hand.Advance(time.Microsecond)
				if !m.Take(context.Background(), k, rate).Allowed {
					t.Fatal("not let in when it was said")
				}
				passed = append(passed, hand.Clock().Now())
			}
		}
	})
}
