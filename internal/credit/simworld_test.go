package credit

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"igny8/internal/clock"
)

// simWorld is a few accounts, a clock, a sweeper and people who do anything at
// any moment. All that it does follows from its seed.
type simWorld struct {
	r       *rand.Rand
	now     int64
	sweeps  int // in a hundred operations
	crashes int // in a hundred operations
	life    int // operations of an account, after which there is a new one
	open    func(n int) (simBank, string)
	all     []*simAccount
	opened  int
	step    int
	last    []string // operations
}

type simAccount struct {
	bank    simBank
	m       *simModel
	ops     int
	granted int
	trace   [40]*simOp
	told    [40]error
}

func newSimWorld(seed, world uint64, open func(n int) (simBank, string)) *simWorld {
	w := &simWorld{r: rand.New(rand.NewPCG(seed, world)), crashes: 10, life: 400, open: open}
	w.now = clock.Micros(time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC))
	w.sweeps = []int{0, 5, 50}[world%3]
	for range 3 {
		w.all = append(w.all, w.account())
	}
	return w
}

func (w *simWorld) account() *simAccount {
	w.opened++
	bank, name := w.open(w.opened)
	return &simAccount{bank: bank, m: &simModel{account: name, now: w.now}}
}

// chance is true in so many of a hundred.
func (w *simWorld) chance(n int) bool { return w.r.IntN(100) < n }

// run does so many operations, and checks everything after each.
func (w *simWorld) run(ops int) error {
	for w.step < ops {
		i := w.r.IntN(len(w.all))
		a := w.all[i]
		if err := w.turn(a); err != nil {
			return fmt.Errorf("step %d, account %d: %w\nThe last operations of the account:\n%s", w.step, i, err, a.said())
		}
		if a.ops >= w.life {
			if err := a.bank.verify(); err != nil {
				return fmt.Errorf("step %d, account %d, from the first entry: %w", w.step, i, err)
			}
			w.all[i] = w.account()
		}
	}
	return nil
}

// said is the last operations, the newest at the end.
func (a *simAccount) said() string {
	var s strings.Builder
	for i := range a.trace {
		n := (a.ops + i) % len(a.trace)
		if op := a.trace[n]; op != nil {
			fmt.Fprintf(&s, "  %s -> %v\n", op, a.told[n])
		}
	}
	return s.String()
}

// turn lets time pass and does something, with a crash or without.
func (w *simWorld) turn(a *simAccount) error {
	w.pass(a)
	op := w.pick(a)
	var crash simCrash
	if w.chance(w.crashes) {
		crash = simCrash{dies: true, after: w.r.IntN(9)}
		if w.chance(40) {
			crash = simCrash{lost: true}
		}
	}
	err := w.do(a, op, crash)
	if err != nil || crash == (simCrash{}) || !w.chance(60) {
		return err
	}
	if crash.lost && (op.verb == simReserve || op.verb == simTake || op.verb == simTeller || op.verb == simOpen) {
		return nil // he looks first whether it was done
	}
	if w.chance(50) {
		w.pass(a)
	}
	return w.do(a, op, simCrash{}) // again, as if nothing had been
}

func (w *simWorld) do(a *simAccount, op *simOp, crash simCrash) error {
	op = new(*op)
	op.now = w.now
	a.m.now = w.now
	a.bank.at(w.now)
	err := a.bank.do(op, crash)
	w.step++
	a.trace[a.ops%len(a.trace)], a.told[a.ops%len(a.told)] = op, err
	a.ops++
	seen, failed := a.bank.see(a.m.seq)
	switch {
	case failed != nil:
		return failed
	case errors.Is(err, errSimDied):
		if len(seen.news) > 0 {
			return fmt.Errorf("it died, and %d entries stayed", len(seen.news))
		}
		return a.m.compare(&seen)
	case errors.Is(err, errSimLost):
		err = nil
	case err != nil && !refused(err):
		return err
	}
	if err := a.m.follow(op, err, &seen); err != nil {
		return err
	}
	if err := a.m.compare(&seen); err != nil {
		return err
	}
	if (op.verb == simTouch || op.verb == simReserve || op.verb == simSettle) && err == nil && seen.next != 0 && seen.next <= w.now {
		return errors.New("something is due that was to be done")
	}
	return nil
}

// pass lets time pass: often hardly any, sometimes weeks, and often just until
// something begins, ends or lapses, or a microsecond before or after.
func (w *simWorld) pass(a *simAccount) {
	switch n := w.r.IntN(100); {
	case n < 40:
	case n < 60:
		w.now += w.r.Int64N(4)
	case n < 80:
		if next := a.m.next(); next != 0 {
			w.now = max(w.now, next-1+w.r.Int64N(3))
		}
	default:
		w.now += w.span()
	}
}

// span is a time of any size.
func (w *simWorld) span() int64 {
	unit := []time.Duration{time.Microsecond, time.Second, time.Second, time.Minute, time.Minute, time.Hour, time.Hour, 24 * time.Hour, 7 * 24 * time.Hour}
	n := unit[w.r.IntN(len(unit))].Microseconds()
	return n + w.r.Int64N(3*n)
}

// next is when something happens by itself.
func (m *simModel) next() (next int64) {
	sooner := func(t int64) {
		if t > m.now && t != math.MaxInt64 && (next == 0 || t < next) {
			next = t
		}
	}
	for _, l := range m.lots {
		if l.rest()+l.held > 0 {
			sooner(l.from)
			sooner(l.until)
		}
	}
	for _, h := range m.open {
		sooner(h.lease)
	}
	return next
}

// pick makes an operation.
func (w *simWorld) pick(a *simAccount) *simOp {
	op := &simOp{verb: simTouch}
	if w.chance(w.sweeps) {
		return op
	}
	verbs := []simVerb{simGrant, simGrant, simGrant, simReserve, simReserve, simReserve, simReserve, simTeller, simTeller, simTeller, simTeller,
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
		if len(a.m.lots) == 0 {
			return &simOp{verb: simTouch}
		}
		op.ref = a.m.lots[w.r.IntN(len(a.m.lots))].ref
	case simTeller:
		for range 1 + w.r.IntN(4) {
			op.orders = append(op.orders, w.order(a))
		}
	default:
		h := w.hold(a, func(h *modelHold) bool { return op.verb != simReturn && op.verb != simExtend || h.open })
		if h == nil {
			return &simOp{verb: simTouch}
		}
		if h.lapses && (op.verb == simReturn || op.verb == simSettle) { // only a teller can
			op.verb = simExtend
		}
		op.hold, op.fence, op.used = h.id, h.fence, w.use(h)
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
	n := NewLot{Reference: fmt.Sprintf("grant_%d", a.granted), Amount: Credits(1 + w.r.IntN(60)), Effective: clock.FromMicros(w.now)}
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
	o := simOrder()
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
