package clock_test

import (
	"testing"
	"time"

	"igny8/internal/clock"
)

func TestClock(t *testing.T) {
	noon := time.Date(2030, 1, 31, 12, 0, 0, 1999, time.FixedZone("x", 3600))
	if got, want := clock.At(noon).Now(), time.Date(2030, 1, 31, 11, 0, 0, 1000, time.UTC); !got.Equal(want) || got.Location() != time.UTC {
		t.Errorf("At: got %v, want %v", got, want)
	}
	var zero clock.Clock
	if d := time.Since(zero.Now()); d < -time.Minute || d > time.Minute {
		t.Errorf("the zero clock is %v off the machine's", d)
	}
	h := clock.NewHand(noon)
	c := h.Clock()
	h.Advance(time.Hour)
	if got := c.Now().Sub(clock.At(noon).Now()); got != time.Hour {
		t.Errorf("after Advance(1h) the clock moved %v", got)
	}
}
