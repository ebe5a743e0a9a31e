package credit

import (
	"fmt"
	"time"

	"igny8/internal/clock"
)

// simBank is what the simulation drives: the book on a shelf in memory, or the
// real functions on a real database.
type simBank interface {
	at(now int64)                       // it is so late
	do(op *simOp, crash simCrash) error // in a transaction of its own
	see(after int64) (simSeen, error)   // what is written, and the entries after one
	verify() error                      // everything from scratch
}

// simSeen is what a bank shows of an account.
type simSeen struct {
	row     Balance // as it is written
	next    int64
	balance Balance // as it is answered
	owed    Credits
	lots    []*lot
	news    []row
}

// What is done.
const (
	simGrant   = "grant"
	simReserve = "reserve" // one or several, all or none
	simOpen    = "open"
	simExtend  = "extend" // or Prolong
	simReturn  = "return"
	simReclaim = "reclaim"
	simSettle  = "settle"
	simRelease = "release"
	simTake    = "take" // an adjustment downwards
	simRevoke  = "revoke"
	simTouch   = "touch" // the sweeper
	simTeller  = "teller"
)

// simOp is an operation, and for a teller several.
type simOp struct {
	verb   string
	now    int64
	lot    NewLot
	wants  []Want
	hold   HoldID
	most   Credits // that the hold has
	lapses bool    // the hold does
	fence  int64
	used   Credits // of a hold, or how many are taken
	ref    string  // of the grant that is revoked, or of what is taken
	orders []*order
}

func (op *simOp) String() string {
	s := fmt.Sprintf("%s %s", clock.FromMicros(op.now).Format("01-02T15:04:05.000000"), op.verb)
	switch op.verb {
	case simGrant:
		l := op.lot
		s += fmt.Sprintf(" %d %s %s in %d", l.Amount, l.Source, l.Reference, clock.Micros(l.Effective)-op.now)
		if !l.Expires.IsZero() {
			s += fmt.Sprintf(" until %d", simEnd(l.Expires)-op.now)
		}
	case simReserve:
		for _, w := range op.wants {
			s += fmt.Sprintf(" %d", w.Amount)
		}
	case simTake, simRevoke:
		s += fmt.Sprintf(" %d %s", op.used, op.ref)
	case simTeller:
		for _, o := range op.orders {
			s += fmt.Sprintf(" [reserve %d for %s | %s %s %d -> %v]", o.want.Amount, o.lease, o.kind, o.ends, o.used, o.err)
		}
	case simTouch:
	default:
		s += fmt.Sprintf(" %s fence %d used %d", op.hold, op.fence, op.used)
	}
	return s
}

func simEnd(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return clock.Micros(t)
}
