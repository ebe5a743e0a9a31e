package throttle_test

import (
	"errors"
	"net/http"
	"net/netip"
	"testing"
	"time"

	"igny8/internal/clock"
	"igny8/internal/fault"
	"igny8/internal/tenant"
	"igny8/internal/throttle"
)

var epoch = time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)

// one is a key of somebody.
func one() throttle.Key { return throttle.ByAccount(throttle.Read, tenant.NewAccountID()) }

func TestABucketByHand(t *testing.T) {
	t.Parallel()
	hand := clock.NewHand(epoch)
	m, k := throttle.NewMemory(hand.Clock()), one()
	rate := throttle.Rate{Count: 60, Window: time.Minute, Burst: 3}
	for i, tt := range []struct {
		after            time.Duration
		allowed          bool
		remaining        int64
		reset, waitAgain time.Duration
	}{
		{0, true, 2, time.Second, 0},
		{0, true, 1, 2 * time.Second, 0},
		{0, true, 0, 3 * time.Second, 0},
		{0, false, 0, 3 * time.Second, time.Second},
		{999_999 * time.Microsecond, false, 0, 2000001 * time.Microsecond, time.Microsecond},
		{time.Microsecond, true, 0, 3 * time.Second, 0},
		{2 * time.Second, true, 1, 2 * time.Second, 0},
		{time.Hour, true, 2, time.Second, 0},
	} {
		hand.Advance(tt.after)
		want := throttle.Decision{
			Allowed: tt.allowed, Scope: throttle.Read, Limit: 3, Window: 3 * time.Second,
			Remaining: tt.remaining, Reset: tt.reset, RetryAfter: tt.waitAgain,
		}
		if got := m.Take(t.Context(), k, rate); got != want {
			t.Errorf("%d: got %+v, want %+v", i, got, want)
		}
	}
	hand.Advance(-24 * time.Hour) // a clock set back
	m.Take(t.Context(), k, rate)
	for range 3 {
		hand.Advance(time.Second)
		if d := m.Take(t.Context(), k, rate); !d.Allowed {
			t.Errorf("a day before: %+v", d)
		}
	}
}

func TestARateOfNothingAllowsNothing(t *testing.T) {
	t.Parallel()
	m := throttle.NewMemory(clock.At(epoch))
	for _, r := range []throttle.Rate{{}, {Count: 5}, {Window: time.Minute}, throttle.PerMinute(-1)} {
		if d := m.Take(t.Context(), one(), r); d.Allowed || d.RetryAfter < time.Second {
			t.Errorf("%+v: %+v", r, d)
		}
	}
	if m.Len() != 0 {
		t.Errorf("%d buckets of nothing", m.Len())
	}
}

func TestFieldsOfAnAnswer(t *testing.T) {
	t.Parallel()
	hand := clock.NewHand(epoch)
	g, k := throttle.NewGate(throttle.NewMemory(hand.Clock()), false), one()
	h := http.Header{}
	for range 2 {
		h = http.Header{}
		g.Take(t.Context(), k, throttle.PerMinute(2)).Tell(h)
	}
	fields(t, h, `"read";q=2;w=60`, `"read";r=0;t=60`, "")
	hand.Advance(1500 * time.Millisecond)
	d := g.Take(t.Context(), k, throttle.PerMinute(2))
	h = http.Header{}
	d.Tell(h)
	fields(t, h, `"read";q=2;w=60`, `"read";r=0;t=29`, "29")
	f := fault.Of(d.Err())
	if !errors.Is(d.Err(), throttle.ErrExceeded) || f.Kind != fault.TooMany || f.Extra["retry_after"] != int64(29) {
		t.Errorf("refused with %+v", f)
	}
	g.Take(t.Context(), throttle.ByEmail("login", "a@example.com"), throttle.LoginByEmail).Tell(h)
	fields(t, h, `"read";q=2;w=60, "auth_email";q=10;w=300`, `"read";r=0;t=29, "auth_email";r=9;t=30`, "29")

	h = http.Header{}
	open := throttle.NewGate(throttle.NewMemory(hand.Clock()), true)
	for range 3 {
		d := open.Take(t.Context(), k, throttle.PerMinute(1))
		d.Tell(h)
		if d.Err() != nil || len(h) != 0 {
			t.Errorf("exempt: %v, %v", d.Err(), h)
		}
	}
}

func fields(t *testing.T, h http.Header, policy, limit, retry string) {
	t.Helper()
	if h.Get("RateLimit-Policy") != policy || h.Get("RateLimit") != limit || h.Get("Retry-After") != retry {
		t.Errorf("got %v, want %s, %s, %s", h, policy, limit, retry)
	}
}

func TestWhoSharesABucket(t *testing.T) {
	t.Parallel()
	address := func(s string) throttle.Key { return throttle.ByAddress(throttle.Auth, netip.MustParseAddr(s)) }
	mail := func(s string) throttle.Key { return throttle.ByEmail("login", s) }
	for _, same := range [][2]throttle.Key{
		{address("2001:db8:1:2::1"), address("2001:db8:1:2:ffff::9")},
		{address("192.0.2.1"), address("::ffff:192.0.2.1")},
		{mail("Anna@Example.com "), mail("anna@example.com")},
	} {
		if same[0] != same[1] {
			t.Errorf("%v and %v are two", same[0], same[1])
		}
	}
	a := tenant.NewAccountID()
	for _, two := range [][2]throttle.Key{
		{address("2001:db8:1:2::1"), address("2001:db8:1:3::1")},
		{address("192.0.2.1"), address("192.0.2.2")},
		{mail("anna@example.com"), mail("bert@example.com")},
		{mail("anna@example.com"), throttle.ByEmail("register", "anna@example.com")},
		{throttle.ByAccount(throttle.Read, a), throttle.ByAccount(throttle.Write, a)},
		{throttle.ByAccount(throttle.Read, a), throttle.ByAccount(throttle.Read, tenant.NewAccountID())},
		{throttle.ByAddress(throttle.Auth, netip.Addr{}), address("192.0.2.1")},
	} {
		if two[0] == two[1] {
			t.Errorf("%v is shared", two[0])
		}
	}
}

func TestSharesAddUp(t *testing.T) {
	t.Parallel()
	for _, n := range []int64{1, 2, 3, 7, 40} {
		hand := clock.NewHand(epoch)
		m, k := throttle.NewMemory(hand.Clock()), one()
		rate := throttle.Rate{Count: 10, Window: time.Minute}.Share(n)
		passed := int64(0)
		for range 600 * n {
			if m.Take(t.Context(), k, rate).Allowed {
				passed++
			}
			hand.Advance(time.Second)
		}
		// Ten minutes for each of n: a burst, and then the rate.
		if want := 100 + max(10/n, 1); passed > want || passed < 99 {
			t.Errorf("one of %d let through %d, want about %d", n, passed, want)
		}
	}
}

func TestIdleBucketsAreDropped(t *testing.T) {
	t.Parallel()
	hand := clock.NewHand(epoch)
	m := throttle.NewMemory(hand.Clock())
	for range 200 {
		for range 1000 {
			m.Take(t.Context(), one(), throttle.PerMinute(60))
		}
		hand.Advance(time.Minute)
	}
	if m.Len() > 20_000 {
		t.Errorf("%d buckets are kept, of 1,000 that are in use", m.Len())
	}
}

func TestAFloodIsBounded(t *testing.T) {
	t.Parallel()
	m := throttle.NewMemory(clock.At(epoch))
	victim, rate := one(), throttle.PerMinute(60)
	for range 60 {
		m.Take(t.Context(), victim, rate)
	}
	for range 300_000 {
		m.Take(t.Context(), one(), rate)
	}
	if n := m.Len(); n > 64*4096 || n < 200_000 {
		t.Errorf("%d buckets are kept", n)
	}
	if m.Take(t.Context(), victim, rate).Allowed {
		t.Error("the flood washed away a bucket that was used up")
	}
}
