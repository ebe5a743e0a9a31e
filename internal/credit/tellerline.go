package credit

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"igny8/internal/fault"
	"igny8/internal/tenant"
)

// line is where the callers of some accounts queue. An account is always in the
// same line.
type line struct {
	st *tenant.Store

	mu      sync.Mutex
	queue   []*order
	leading bool

	books map[string]*book // of the leader: accounts as they were left, PostgreSQL only
}

// order is what one caller wants done.
type order struct {
	s tenant.Scope

	want  Want // to reserve it
	lease time.Duration

	ends HoldID // or to end this
	kind Kind
	used Credits

	got *hold
	err error

	turn chan turn // one at a time
}

// turn is what a caller that waits is told.
type turn bool

const (
	done turn = false
	lead turn = true // do the work of all who wait
)

func newOrder(s tenant.Scope) *order { return &order{s: s, turn: make(chan turn, 1)} }

func (o *order) reserves() bool { return o.ends.IsZero() }

// do waits until the order is done, or ctx ends before its turn.
func (q *line) do(ctx context.Context, o *order) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	q.mu.Lock()
	if len(q.queue) >= queueMost {
		q.mu.Unlock()
		return ErrTellerBusy
	}
	q.queue = append(q.queue, o)
	first := !q.leading
	q.leading = true
	q.mu.Unlock()
	if first {
		q.lead(ctx, o)
		return o.err
	}
	select {
	case what := <-o.turn:
		if what == lead {
			q.lead(ctx, o)
		}
	case <-ctx.Done():
		if q.leave(o) {
			return ctx.Err()
		}
		if what := <-o.turn; what == lead {
			q.lead(ctx, o)
		}
	}
	return o.err
}

// leave takes an order out of the queue, unless its turn has come.
func (q *line) leave(o *order) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	i := slices.Index(q.queue, o)
	if i < 0 || len(o.turn) > 0 { // it is being done, or is asked to lead
		return false
	}
	q.queue = slices.Delete(q.queue, i, i+1)
	return true
}

// lead does what waits, own among it, and hands the lead on.
func (q *line) lead(ctx context.Context, own *order) {
	q.mu.Lock()
	if ctx.Err() != nil { // it went away as its turn came
		q.queue = slices.DeleteFunc(q.queue, func(o *order) bool { return o == own })
		own.err = ctx.Err()
	}
	n := min(len(q.queue), batchMost)
	batch := slices.Clone(q.queue[:n])
	q.queue = slices.Delete(q.queue, 0, n)
	q.mu.Unlock()

	if n > 0 {
		ctx, stop := context.WithTimeout(context.WithoutCancel(ctx), commitLimit)
		q.commit(ctx, batch)
		stop()
	}

	q.mu.Lock()
	if len(q.queue) > 0 {
		q.queue[0].turn <- lead
	} else {
		q.leading = false
	}
	q.mu.Unlock()
	for _, o := range batch {
		if o != own {
			o.turn <- done
		}
	}
}

// group is what is to be done for one account, in the order of arrival.
type group struct {
	account string
	orders  []*order
}

func (g *group) scope() tenant.Scope { return g.orders[0].s }

// fails lets every order of the group fail.
func (g *group) fails(err error) {
	for _, o := range g.orders {
		o.got, o.err = nil, err
	}
}

// grouped is a batch by account, in the order of the accounts: two processes
// that lock the same lock them in the same order.
func grouped(batch []*order) []*group {
	by := map[string]*group{}
	var all []*group
	for _, o := range batch {
		account := o.s.Account().String()
		g := by[account]
		if g == nil {
			g = &group{account: account}
			by[account] = g
			all = append(all, g)
		}
		g.orders = append(g.orders, o)
	}
	slices.SortFunc(all, func(a, b *group) int {
		if a.account < b.account {
			return -1
		}
		return 1
	})
	return all
}

// commit does a batch, and says to each order what became of it. What fails
// for one account does not fail for another.
func (q *line) commit(ctx context.Context, batch []*order) {
	all := grouped(batch)
	if q.st.Joins() {
		rest, err := q.jointly(ctx, all)
		switch {
		case errors.Is(err, ErrUncertain):
			for _, g := range rest {
				g.fails(err)
			}
			return
		case err == nil && len(rest) == 0:
			return
		}
		all = rest
	}
	if !q.st.Joins() && q.inTurn(ctx, all) == nil {
		return
	}
	for _, g := range all { // one by one: what is due, or what failed together
		if err := q.inTurn(ctx, []*group{g}); err != nil {
			g.fails(err)
		}
	}
}

// apply does what the orders of a group want in the book, one after the other.
// An order that is refused changes nothing. holds are those that are to be
// ended and have not yet.
func (g *group) apply(b *book, now int64, holds map[HoldID]*hold) error {
	for _, o := range g.orders {
		o.got, o.err = nil, nil
		d := doing{actor: o.s.Actor().String(), now: now}
		if o.reserves() {
			o.got, o.err = b.reserve(d, o.want, now+o.lease.Microseconds())
			if o.err != nil && fault.Of(o.err).Kind == fault.Internal {
				return o.err
			}
			continue
		}
		h := holds[o.ends]
		switch {
		case h == nil:
			o.err = ErrHoldNotFound
		case h.ended != 0 || !h.lapses || h.lease <= now:
			o.err = ErrHoldSpent
		default:
			b.end(d, h, o.kind, min(o.used, h.amount))
		}
	}
	return nil
}
