// Package clock asks the machine for the time, so that nobody else does.
//
// Everything that needs the time is given a Clock, or takes it from the
// transaction it works in. That is what lets a test stand on the last second
// of a month.
package clock

import (
	"sync"
	"time"
)

// Clock tells the time in UTC, cut to the microsecond that the databases
// keep. The zero Clock is the machine's.
type Clock struct{ now func() time.Time }

// At returns a Clock that always says t.
func At(t time.Time) Clock {
	return Clock{now: func() time.Time { return t }}
}

// Now is the present moment, UTC, in whole microseconds.
func (c Clock) Now() time.Time {
	if c.now == nil {
		return time.Now().UTC().Truncate(time.Microsecond)
	}
	return c.now().UTC().Truncate(time.Microsecond)
}

// Micros is t as the databases keep it: microseconds since 1970 UTC.
func Micros(t time.Time) int64 { return t.UnixMicro() }

// MicrosOrNull is Micros, and NULL for the zero time.
func MicrosOrNull(t time.Time) *int64 {
	if t.IsZero() {
		return nil
	}
	n := t.UnixMicro()
	return &n
}

// FromMicros is the moment that Micros wrote.
func FromMicros(n int64) time.Time { return time.UnixMicro(n).UTC() }

// FromNull is the moment that MicrosOrNull wrote.
func FromNull(n *int64) time.Time {
	if n == nil {
		return time.Time{}
	}
	return FromMicros(*n)
}

// Hand is a clock hand that a test moves. It may be used by many goroutines.
type Hand struct {
	mu sync.Mutex
	t  time.Time
}

// NewHand returns a Hand that stands at t.
func NewHand(t time.Time) *Hand { return &Hand{t: t} }

// Clock is the Clock that reads this hand.
func (h *Hand) Clock() Clock {
	return Clock{now: func() time.Time {
		h.mu.Lock()
		defer h.mu.Unlock()
		return h.t
	}}
}

// Advance moves the hand by d, which may be negative.
func (h *Hand) Advance(d time.Duration) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.t = h.t.Add(d)
}
