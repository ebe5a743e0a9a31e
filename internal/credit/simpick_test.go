package credit

import (
	"fmt"
	"slices"
	"time"

	"igny8/internal/clock"
)

// pick makes an operation.
func (w *simWorld) pick(a *simAccount) *simOp {
	op := &simOp{verb: simTouch}
	if w.chance(w.sweeps) {
		return op
	}
	verbs := []string{simGrant, simGrant, simGrant, simReserve, simReserve, simReserve, simReserve, simTeller, simTeller, simTeller, simTeller,
		simOpen, simOpen, simOpen, simExtend, simReturn, simReclaim, simSettle, simSettle, simSettle, simSettle, simRelease, simTake, simRevoke}
	op.verb = verbs[w.r.IntN(len(verbs))]
	switch op.verb {
	case simGrant:
		op.lot = w.grant(a)
	case simReserve:
		for range 1 + w.r.IntN(3)*w.r.IntN(2) {
			op.wants = append(op.wants, w.want(a))
		}
	case simTake:
		op.used, op.ref = w.amount(a), fmt.Sprintf("adj_%d", a.ops)
	case simRevoke:
		if len(a.m.lots) == 0 || w.chance(60) {
			return &simOp{verb: simTouch}
		}
		op.ref = a.m.lots[w.r.IntN(len(a.m.lots))].ref
		if w.chance(40) {
			op.ref = fmt.Sprintf("grant_%d", a.granted-1)
		}
	case simTeller:
		for range 1 + w.r.IntN(4) {
			op.orders = append(op.orders, w.order(a))
		}
	default:
		h := w.hold(a, func(h *modelHold) bool {
			return h.open || op.verb != simReturn && op.verb != simExtend && op.verb != simSettle
		})
		if h == nil {
			return &simOp{verb: simTouch}
		}
		if h.lapses && (op.verb == simReturn || op.verb == simSettle) { // only a teller can
			op.verb = simExtend
		}
		op.hold, op.most, op.lapses, op.fence, op.used = h.id, h.want.Amount, h.lapses, h.fence, w.use(h)
		if op.verb == simRelease || op.verb == simReclaim {
			op.used = 0
		}
		if len(h.handles) > 0 && w.chance(20) { // somebody whom others believed dead
			op.fence = h.handles[w.r.IntN(len(h.handles))]
		}
	}
	return op
}

func (w *simWorld) grant(a *simAccount) NewLot {
	n := NewLot{Reference: fmt.Sprintf("grant_%d", a.granted), Amount: Credits(1 + w.r.IntN(120)), Effective: clock.FromMicros(w.now)}
	if a.granted > 0 && w.chance(10) {
		n.Reference = fmt.Sprintf("grant_%d", w.r.IntN(a.granted))
	} else {
		a.granted++
	}
	n.Source = []Source{PlanCredits, PlanCredits, BonusCredits, Adjustment, Refund, Purchase}[w.r.IntN(6)]
	if w.chance(25) {
		n.Effective = clock.FromMicros(w.now + w.span())
	}
	if w.chance(70) {
		n.Expires = clock.FromMicros(clock.Micros(n.Effective) + w.span())
	}
	return n
}

// amount is any, and often all that there is, or one more.
func (w *simWorld) amount(a *simAccount) Credits {
	if b := a.m.balance().Available; b > 0 && w.chance(25) {
		return b + Credits(w.r.IntN(2))
	}
	return Credits(1 + w.r.IntN(30))
}

func (w *simWorld) want(a *simAccount) Want {
	return Want{Amount: w.amount(a), Operation: GenerateContent, Reference: fmt.Sprintf("work_%d", a.ops)}
}

func (w *simWorld) use(h *modelHold) Credits {
	return []Credits{-1, 0, h.want.Amount, h.want.Amount + 5, Credits(w.r.Int64N(int64(h.want.Amount)))}[w.r.IntN(5)]
}

// hold is one that has not ended, or sometimes one of the newest that may have.
func (w *simWorld) hold(a *simAccount, fits func(*modelHold) bool) *modelHold {
	from := a.m.open
	if len(from) == 0 || w.chance(10) {
		from = a.m.holds[max(0, len(a.m.holds)-20):]
	}
	if len(from) == 0 {
		return nil
	}
	at := w.r.IntN(len(from))
	if i := slices.IndexFunc(from[at:], fits); i >= 0 {
		at += i
	}
	return from[at]
}

func (w *simWorld) order(a *simAccount) *order {
	o := newOrder(a.scope)
	h := w.hold(a, func(h *modelHold) bool { return h.lapses })
	if h == nil || w.chance(50) {
		o.want = w.want(a)
		o.lease = min(max(time.Duration(w.span())*time.Microsecond, ShortestLease), LongestLease)
		return o
	}
	o.ends, o.kind = h.id, Released
	if w.chance(70) {
		o.kind, o.used = Settled, max(0, w.use(h))
	}
	return o
}
