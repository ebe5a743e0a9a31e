package throttle_test

import (
	"bytes"
	"context"
	"log/slog"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"igny8/internal/clock"
	"igny8/internal/throttle"
	"igny8/internal/throttle/redistest"
)

// logbook is a log that a test reads.
type logbook struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *logbook) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(b)
}

func (l *logbook) count(text string) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Count(l.b.String(), text)
}

// process is a Shared as a server runs it.
func process(t testing.TB, url string, log *logbook) *throttle.Shared {
	t.Helper()
	s, err := throttle.NewShared(t.Context(), url, slog.New(slog.NewTextHandler(log, nil)), clock.Clock{})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	var heart sync.WaitGroup
	heart.Go(func() { s.Beat(ctx) })
	t.Cleanup(func() {
		stop()
		heart.Wait()
		if err := s.Close(context.Background()); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return s
}

// until waits for something that a beat brings about.
func until(t testing.TB, what string, is func() bool) {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); !is(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("not in 30 s: %s", what)
		}
	}
}

// race sends 1,000 requests at once to all processes in turn, and counts those
// that pass.
func race(t testing.TB, k throttle.Key, r throttle.Rate, all ...throttle.Store) int64 {
	t.Helper()
	var passed atomic.Int64
	var wg sync.WaitGroup
	for i := range 1000 {
		wg.Go(func() {
			if all[i%len(all)].Take(t.Context(), k, r).Allowed {
				passed.Add(1)
			}
		})
	}
	wg.Wait()
	return passed.Load()
}

// hourly refills so slowly that no test sees it.
func hourly(n int64) throttle.Rate { return throttle.Rate{Count: n, Window: 100 * time.Hour} }

func TestTheLastRequestIsWonOnce(t *testing.T) {
	t.Parallel()
	url := redistest.Start(t).URL()
	a, b := process(t, url, new(logbook)), process(t, url, new(logbook))
	for _, n := range []int64{1, 10, 137} {
		if passed := race(t, one(), hourly(n), a, b); passed != n {
			t.Errorf("%d of 1,000 passed through two processes, want %d", passed, n)
		}
		m := throttle.NewMemory(clock.Clock{})
		if passed := race(t, one(), hourly(n), m); passed != n {
			t.Errorf("%d of 1,000 passed through memory, want %d", passed, n)
		}
	}
	if s := a.State(); s.Losses+s.Fallbacks+b.State().Fallbacks != 0 {
		t.Errorf("Redis was away: %+v", s)
	}
}

// TestRedisDecidesAsMemoryDoes asks both in turn for whatever does not depend
// on how fast the test is.
func TestRedisDecidesAsMemoryDoes(t *testing.T) {
	t.Parallel()
	s, m := process(t, redistest.Start(t).URL(), new(logbook)), throttle.NewMemory(clock.Clock{})
	for _, r := range []throttle.Rate{hourly(1), hourly(7), {Count: 3, Window: 10 * time.Hour, Burst: 2}, {}, {Count: 1, Window: 24 * time.Hour, Burst: 365}} {
		k := one()
		for i := range 9 {
			got, want := s.Take(t.Context(), k, r), m.Take(t.Context(), k, r)
			near := func(a, b time.Duration) bool { return (a - b).Abs() < time.Minute }
			if got.Allowed != want.Allowed || got.Scope != want.Scope || got.Limit != want.Limit || got.Window != want.Window ||
				got.Remaining != want.Remaining || !near(got.Reset, want.Reset) || !near(got.RetryAfter, want.RetryAfter) {
				t.Errorf("%+v, %d: got %+v, want %+v", r, i, got, want)
			}
		}
	}
	k, r := one(), throttle.Rate{Count: 1, Window: 50 * time.Millisecond}
	s.Take(t.Context(), k, r)
	until(t, "a bucket of Redis fills", func() bool { return s.Take(t.Context(), k, r).Allowed })
}

func TestRedisGoesAndComesBack(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t)
	var log logbook
	a, b := process(t, server.URL(), &log), process(t, server.URL(), new(logbook))
	until(t, "both have seen each other", func() bool { return a.State().Processes == 2 && b.State().Processes == 2 })
	k := one()
	if passed := race(t, k, hourly(100), a, b); passed != 100 {
		t.Errorf("%d passed, want 100", passed)
	}
	server.Stop()
	for _, want := range []int64{50, 0} {
		if passed := race(t, k, hourly(100), a); passed != want {
			t.Errorf("%d passed while Redis is away, want %d: half of 100, once", passed, want)
		}
	}
	if passed := race(t, one(), hourly(1), a); passed != 1 {
		t.Errorf("%d passed of a rate of 1, want 1", passed)
	}
	if s := a.State(); !s.Away || s.Losses != 1 || s.Fallbacks != 3000 || s.Processes != 2 {
		t.Errorf("away: %+v", s)
	}
	server.Again()
	until(t, "both are back", func() bool { return !a.State().Away && !b.State().Away })
	if n := a.State().Processes; n != 2 {
		t.Errorf("%d processes at once after Redis came back empty, want the 2 there were", n)
	}
	if passed := race(t, one(), hourly(100), a, b); passed != 100 {
		t.Errorf("%d passed after Redis is back, want 100", passed)
	}
	if away, back := log.count("Redis is away"), log.count("Redis is back"); away != 1 || back != 1 {
		t.Errorf("said %d times that Redis is away and %d times that it is back:\n%s", away, back, &log.b)
	}
}

func TestAProcessThatLeavesIsNotCounted(t *testing.T) {
	t.Parallel()
	url := redistest.Start(t).URL()
	a := process(t, url, new(logbook))
	b, err := throttle.NewShared(t.Context(), url, slog.New(slog.DiscardHandler), clock.Clock{})
	if err != nil {
		t.Fatal(err)
	}
	if n := b.State().Processes; n != 2 {
		t.Errorf("the second process counts %d", n)
	}
	until(t, "the first has seen the second", func() bool { return a.State().Processes == 2 })
	if err := b.Close(t.Context()); err != nil {
		t.Error(err)
	}
	until(t, "the first is alone", func() bool { return a.State().Processes == 1 })
}

func TestRedisThatIsNotThere(t *testing.T) {
	t.Parallel()
	var log logbook
	s := process(t, "redis://127.0.0.1:1/0", &log)
	if passed := race(t, one(), hourly(10), s); passed != 10 || log.count("Redis is away") != 1 {
		t.Errorf("%d passed, want 10:\n%s", passed, &log.b)
	}
	for _, url := range []string{"http://:hunter2@h", "redis://:hunter2@h/x", "redis://:hunter2@h/0?what=1", "redis://:hunter2@%zz"} {
		if _, err := throttle.NewShared(t.Context(), url, nil, clock.Clock{}); err == nil || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: %v", url, err)
		}
	}
}

// TestRedisThatHangs is a Redis that takes connections and never answers.
// Nobody waits for it more than once.
func TestRedisThatHangs(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	began := time.Now()
	s := process(t, "redis://"+l.Addr().String(), new(logbook))
	if passed := race(t, one(), hourly(10), s); passed != 10 || !s.State().Away {
		t.Errorf("%d passed, want 10; %+v", passed, s.State())
	}
	if took := time.Since(began); took > 20*time.Second {
		t.Errorf("1,000 requests took %s", took)
	}
}

// TestWhoHangsUpIsCounted takes with a context that has ended.
func TestWhoHangsUpIsCounted(t *testing.T) {
	t.Parallel()
	s := process(t, redistest.Start(t).URL(), new(logbook))
	gone, stop := context.WithCancel(t.Context())
	stop()
	k := one()
	if d := s.Take(gone, k, hourly(2)); !d.Allowed || d.Remaining != 1 {
		t.Errorf("got %+v", d)
	}
	if st := s.State(); st.Away || st.Fallbacks != 0 {
		t.Errorf("Redis was blamed: %+v", st)
	}
}
