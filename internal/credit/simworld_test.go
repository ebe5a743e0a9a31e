package credit

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"time"

	"igny8/internal/clock"
	"igny8/internal/fault"
	"igny8/internal/tenant"
)

// simWorld is a few accounts, a clock, a sweeper and people who do anything at
// any moment. All that it does follows from its seed.
type simWorld struct {
	r       *rand.Rand
	now     int64
	sweeps  int // in a hundred operations
	crashes int // in a hundred operations
	life    int // operations of an account, after which there is a new one
	open    func(n int) (simBank, tenant.Scope)
	all     []*simAccount
	opened  int
	rush    int // how much more happens to one account at one moment
	step    int
	did     map[string]int // how often what happened
}

type simAccount struct {
	bank    simBank
	scope   tenant.Scope
	m       *simModel
	ops     int
	granted int
	trace   [40]*simOp
	told    [40]error
}

func newSimWorld(seed, world uint64, open func(n int) (simBank, tenant.Scope)) *simWorld {
	w := &simWorld{r: rand.New(rand.NewPCG(seed, world)), crashes: 10, life: 400, open: open, did: map[string]int{}}
	w.now = clock.Micros(time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC))
	w.sweeps = []int{0, 5, 50}[world%3]
	for range 3 {
		w.all = append(w.all, w.account())
	}
	return w
}

func (w *simWorld) account() *simAccount {
	w.opened++
	bank, s := w.open(w.opened)
	return &simAccount{bank: bank, scope: s, m: &simModel{account: s.Account().String(), now: w.now}}
}

// chance is true in so many of a hundred.
func (w *simWorld) chance(n int) bool { return w.r.IntN(100) < n }

// run does so many operations, and checks everything after each.
func (w *simWorld) run(ops int) error {
	for i := 0; w.step < ops; {
		if w.rush = max(0, w.rush-1); w.rush == 0 {
			i = w.r.IntN(len(w.all))
			if w.chance(4) {
				w.rush = 1 + w.r.IntN(12)
			}
		}
		a := w.all[i]
		if err := w.turn(a); err != nil {
			return fmt.Errorf("step %d, account %d: %w\nThe last operations of the account:\n%s", w.step, i, err, a.said())
		}
		if a.ops >= w.life {
			if err := a.bank.verify(); err != nil {
				return fmt.Errorf("step %d, account %d, from the first entry: %w", w.step, i, err)
			}
			w.all[i], w.rush = w.account(), 0
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
	w.count(op, err, seen.news)
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

func (w *simWorld) count(op *simOp, err error, news []row) {
	what := "done"
	switch {
	case errors.Is(err, errSimDied):
		what = errSimDied.Error()
	case errors.Is(err, errSimLost):
		what = errSimLost.Error()
	case err != nil:
		what = "refused"
	}
	w.did[op.verb+" "+what]++
	for i := range news {
		w.did["entry "+string(news[i].kind)]++
		if strings.HasPrefix(news[i].reference, "debt ") {
			w.did["debt repaid"]++
		}
	}
}

// pass lets time pass: often hardly any, sometimes weeks, and often just until
// something begins, ends or lapses, or a microsecond before or after.
func (w *simWorld) pass(a *simAccount) {
	switch n := w.r.IntN(100); {
	case n < 45 || w.rush > 0:
	case n < 65:
		w.now += w.r.Int64N(4)
	case n < 88:
		if next := a.m.next(); next != 0 {
			w.now = max(w.now, next-1+w.r.Int64N(3))
		}
	default:
		w.now += w.span()
	}
}

// span is a time of any size.
func (w *simWorld) span() int64 {
	unit := []time.Duration{time.Microsecond, time.Second, time.Second, time.Minute, time.Minute, time.Minute, time.Hour, time.Hour, 24 * time.Hour, 7 * 24 * time.Hour}
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

// refused tells whether an error is one of those that a caller is told.
func refused(err error) bool { return err != nil && fault.Of(err).Kind != fault.Internal }
