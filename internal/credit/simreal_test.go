package credit

import (
	"context"
	"errors"
	"flag"
	"testing"
	"time"

	"igny8/internal/clock"
	"igny8/internal/db"
	"igny8/internal/db/dbtest"
	"igny8/internal/tenant"
	"igny8/internal/tenant/tenanttest"
)

var simReals = flag.Int("sim.real", 2000, "how many operations TestSimulationOnTheDatabase does")

// TestSimulationOnTheDatabase is TestSimulation with the functions that the
// product calls, on the database that it runs on.
func TestSimulationOnTheDatabase(t *testing.T) {
	seed := uint64(simFixed)
	if *simSeed != 0 {
		seed = *simSeed
	}
	hand := clock.NewHand(time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC))
	d := dbtest.OpenAt(t, hand.Clock())
	st := tenant.NewStore(d)
	teller := NewTeller(st)
	w := newSimWorld(seed, 1, func(int) (simBank, tenant.Scope) {
		s := tenanttest.New(t, d)
		return &simReal{ctx: t.Context(), d: d, st: st, teller: teller, s: s, hand: hand}, s
	})
	w.life = 200
	err := w.run(*simReals)
	for _, a := range w.all {
		err = errors.Join(err, a.bank.verify())
	}
	t.Logf("%d operations: %v", w.step, w.did)
	if err != nil {
		t.Errorf("seed %d, %v\nAgain: go test ./internal/credit -run '^TestSimulationOnTheDatabase$' -args -sim.seed=%d -sim.real=%d", seed, err, seed, w.step+1)
	}
}

// simReal is an account on a database.
type simReal struct {
	ctx    context.Context
	d      *db.DB
	st     *tenant.Store
	teller *Teller
	s      tenant.Scope
	hand   *clock.Hand
}

func (b *simReal) at(now int64) {
	c := b.hand.Clock()
	b.hand.Advance(clock.FromMicros(now).Sub(c.Now()))
}

func (b *simReal) do(op *simOp, crash simCrash) error {
	if crash.dies { // before a statement or the commit; from then on the database is gone
		left := 3 * crash.after
		b.d.Disturb(func() error {
			if left--; left < 0 {
				return errSimDied
			}
			return nil
		})
		defer b.d.Disturb(nil)
	}
	err := b.doWhole(op)
	if err == nil && crash.lost {
		err = errSimLost
	}
	return err
}

func (b *simReal) doWhole(op *simOp) error {
	if op.verb == simTeller {
		return b.tell(op.orders)
	}
	return b.st.Update(b.ctx, b.s, func(ctx context.Context, tx *tenant.Tx) (err error) {
		h := &Hold{id: op.hold, amount: op.most, fence: op.fence}
		switch op.verb {
		case simGrant:
			_, err = Grant(ctx, tx, op.lot)
		case simReserve:
			if len(op.wants) == 1 {
				_, err = Reserve(ctx, tx, op.wants[0])
			} else {
				_, err = ReserveAll(ctx, tx, op.wants)
			}
		case simOpen:
			_, err = Open(ctx, tx, op.hold)
		case simExtend:
			if op.lapses {
				_, err = Prolong(ctx, tx, op.hold, Lease)
			} else {
				err = Extend(ctx, tx, h)
			}
		case simReturn:
			err = Return(ctx, tx, h)
		case simReclaim:
			err = Reclaim(ctx, tx, op.hold)
		case simSettle:
			err = Settle(ctx, tx, h, op.used)
		case simRelease:
			err = Release(ctx, tx, op.hold)
		case simTake:
			err = take(ctx, tx, op.used, op.ref)
		case simRevoke:
			_, err = Revoke(ctx, tx, op.ref)
		case simTouch:
			var book *book
			if book, err = current(ctx, tx); err == nil {
				err = book.write(ctx, tx)
			}
		}
		return err
	})
}

// tell gives a teller one order, or has done what it does with several that
// have come together.
func (b *simReal) tell(orders []*order) (err error) {
	if len(orders) > 1 {
		return b.st.Update(b.ctx, b.s, func(ctx context.Context, tx *tenant.Tx) error {
			return (&group{account: b.s.Account().String(), orders: orders}).inTurn(ctx, tx)
		})
	}
	switch o := orders[0]; {
	case o.reserves():
		_, o.err = b.teller.Reserve(b.ctx, b.s, o.want, o.lease)
	case o.kind == Settled:
		o.err = b.teller.Settle(b.ctx, b.s, o.ends, o.used)
	default:
		o.err = b.teller.Release(b.ctx, b.s, o.ends)
	}
	if o := orders[0]; !refused(o.err) || errors.Is(o.err, errSimDied) {
		return o.err
	}
	return nil
}

func (b *simReal) see(after int64) (seen simSeen, err error) {
	err = b.st.View(b.ctx, b.s, func(ctx context.Context, v *tenant.View) error {
		var next *int64
		err := v.Get(ctx, `SELECT available, held, next_change FROM credit_balances WHERE account_id = $1`, nil, &seen.row.Available, &seen.row.Held, &next)
		if err != nil && !tenant.IsNotFound(err) {
			return err
		}
		seen.next = orZero(next)
		if seen.balance, err = BalanceOf(ctx, v); err != nil {
			return err
		}
		all := &book{}
		if err := all.readLots(ctx, v, ``); err != nil {
			return err
		}
		seen.lots = all.lots
		owed, err := Debts(ctx, v)
		if err != nil {
			return err
		}
		for _, d := range owed {
			seen.owed += d.Remaining
		}
		if seen.news, err = rowsAfter(ctx, v, after, 1000); err != nil {
			return err
		}
		i := 0
		return v.Each(ctx, `SELECT hash FROM credit_entries WHERE account_id = $1 AND seq > $2 ORDER BY seq`, []any{after}, func(scan tenant.Scan) error {
			var hash []byte
			err := scan(&hash)
			copy(seen.news[i].hash[:], hash)
			i++
			return err
		})
	})
	return seen, err
}

func (b *simReal) verify() error {
	return b.st.View(b.ctx, b.s, func(ctx context.Context, v *tenant.View) error {
		broken, err := Verify(ctx, v)
		for _, what := range broken {
			err = errors.Join(err, errors.New(what))
		}
		return err
	})
}
