package throttle

import "time"

// Rate is Count requests in a Window, of which Burst may come at once. After a
// burst one more is let through every Window/Count.
type Rate struct {
	Count  int64
	Window time.Duration
	Burst  int64 // zero: Count
}

// PerMinute is n requests in a minute, however they are spread.
func PerMinute(n int64) Rate { return Rate{Count: n, Window: time.Minute} }

// Share is the part of the rate that falls to one of n: what all n let
// through together is the rate, but for bursts smaller than n.
func (r Rate) Share(n int64) Rate {
	if n <= 1 {
		return r
	}
	return Rate{Count: r.Count, Window: r.Window * time.Duration(n), Burst: max(r.burst()/n, 1)}
}

func (r Rate) burst() int64 {
	if r.Burst > 0 {
		return r.Burst
	}
	return r.Count
}

// interval is how many microseconds one request costs, rounded up, so that
// never more than Count pass in a Window.
func (r Rate) interval() int64 {
	return max((r.Window.Microseconds()+r.Count-1)/r.Count, 1)
}

// nothing tells whether the rate lets nothing through at all.
func (r Rate) nothing() bool { return r.Count < 1 || r.Window < time.Microsecond }

// Decision is what became of one request.
type Decision struct {
	Allowed    bool
	Scope      Scope         // empty: the request was not counted
	Limit      int64         // how many may come at once
	Window     time.Duration // in which an empty bucket fills up again
	Remaining  int64         // how many more may come now
	Reset      time.Duration // until the bucket is full again
	RetryAfter time.Duration // until the next one may come; zero unless refused
}

// Exempt is the decision about who is not counted.
var Exempt = Decision{Allowed: true}

// Err is ErrExceeded, saying when to come again, unless the request is
// allowed.
func (d Decision) Err() error {
	if d.Allowed {
		return nil
	}
	wait := seconds(d.RetryAfter)
	return ErrExceeded.Sayf("Too many requests of the kind %q. Try again in %d s.", d.Scope, wait).
		With("scope", string(d.Scope)).With("retry_after", wait)
}

// take is GCRA. A bucket is the moment at which it will be full again, its
// theoretical arrival time, in microseconds; what it lacks at now is its debt.
// A request adds an interval to the debt, and is refused when that would be
// more than the burst pays for. The debt never counts for more than that, so
// that a clock which is set back locks nobody out.
func (r Rate) take(now, full int64) (next int64, d Decision) {
	if r.nothing() {
		return full, Decision{RetryAfter: max(r.Window, time.Second)}
	}
	cost, most := r.interval(), r.interval()*r.burst()
	debt := min(max(full-now, 0), most)
	if debt+cost > most {
		return now + debt, r.tell(debt, false)
	}
	return now + debt + cost, r.tell(debt+cost, true)
}

// tell is the decision that leaves a bucket with a debt.
func (r Rate) tell(debt int64, allowed bool) Decision {
	cost, n := r.interval(), r.burst()
	d := Decision{
		Allowed: allowed, Limit: n, Window: r.Window * time.Duration(n) / time.Duration(r.Count),
		Reset: micros(debt),
	}
	if allowed {
		d.Remaining = (cost*n - debt) / cost
	} else {
		d.RetryAfter = micros(debt + cost - cost*n)
	}
	return d
}

func micros(n int64) time.Duration { return time.Duration(n) * time.Microsecond }

// seconds rounds up, and is at least one: who comes back after it is let in.
func seconds(d time.Duration) int64 { return max(int64((d+time.Second-1)/time.Second), 1) }
