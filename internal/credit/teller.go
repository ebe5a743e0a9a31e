package credit

import (
	"context"
	"errors"
	"hash/fnv"
	"slices"
	"sync"
	"time"

	"igny8/internal/clock"
	"igny8/internal/fault"
	"igny8/internal/tenant"
)

// Teller commits the credits of many callers together. While one commit runs,
// those who come queue; what has queued is the next commit, in the order of
// arrival within each account, and each caller hears of his own when it is
// durable. There is no timer and no goroutine: who finds nobody at work does
// the work, for himself and for all who wait, and hands it on. Several
// processes may have a teller each; the guarded update of the balance decides
// between them.
//
// What a teller reserves is open at once and lapses with its lease, unless it
// is ended before. It is for work that is done elsewhere; what is done here is
// reserved in the transaction that orders it.
type Teller struct{ lines []*line }

// line is where the callers of some accounts queue. An account is always in the
// same line.
type line struct {
	st *tenant.Store

	mu      sync.Mutex
	queue   []*order
	leading bool

	books map[string]*book // of the leader: accounts as they were left, PostgreSQL only
}

// NewTeller makes a Teller. A process has one. Where several commits can run
// at once it has several lines, so that accounts of one do not wait for those
// of another; SQLite has one writer.
func NewTeller(st *tenant.Store) *Teller {
	t := &Teller{lines: make([]*line, 1)}
	if st.Joins() {
		t.lines = make([]*line, linesAtOnce)
	}
	for i := range t.lines {
		t.lines[i] = &line{st: st, books: map[string]*book{}}
	}
	return t
}

// of is the line of an account.
func (t *Teller) of(s tenant.Scope) *line {
	h := fnv.New32a()
	_, _ = h.Write([]byte(s.Account().String())) // a hash does not fail
	return t.lines[h.Sum32()%uint32(len(t.lines))]
}

// Limits of a teller.
const (
	ShortestLease = time.Second
	LongestLease  = 24 * time.Hour
	queueMost     = 4096 // callers that wait; more are sent away
	batchMost     = 512  // what is committed together
	commitLimit   = 30 * time.Second
	linesAtOnce   = 2
)

// What a caller can be told.
var (
	ErrTellerBusy   = fault.New(fault.Unavailable, "credit.busy", "Too many reservations are waiting. Nothing was reserved or charged; try again in a moment.")
	ErrUncertain    = fault.New(fault.Unavailable, "credit.uncertain", "The database broke off while this was being saved. Look at the ledger to see whether it was; a reservation ends by itself with its lease.")
	ErrInvalidLease = fault.New(fault.Invalid, "credit.invalid_lease", "A lease is between one second and one day.")
)

// Ticket is what a teller has reserved.
type Ticket struct {
	Hold   HoldID
	Amount Credits
	Made   time.Time
	Until  time.Time // when it lapses
}

// Reserve promises credits for the time of a lease. ErrInsufficient, with the
// figures, when there are not enough. A caller that goes away before his turn
// has reserved nothing; once it is his turn he waits for what came of it.
func (t *Teller) Reserve(ctx context.Context, s tenant.Scope, w Want, lease time.Duration) (Ticket, error) {
	if lease < ShortestLease || lease > LongestLease {
		return Ticket{}, ErrInvalidLease
	}
	if w.Amount <= 0 {
		return Ticket{}, ErrInvalidAmount
	}
	o := newOrder(s)
	o.want, o.lease = w, lease
	if err := t.of(s).do(ctx, o); err != nil {
		return Ticket{}, err
	}
	return Ticket{Hold: o.got.id, Amount: o.got.amount, Made: clock.FromMicros(o.got.created), Until: clock.FromMicros(o.got.lease)}, nil
}

// Settle ends what this or another teller reserved: used credits are spent,
// never more than are held, and the rest goes back where it came from.
// ErrHoldSpent when it has ended or lapsed.
func (t *Teller) Settle(ctx context.Context, s tenant.Scope, hid HoldID, used Credits) error {
	if used < 0 {
		return ErrInvalidAmount
	}
	return t.end(ctx, s, hid, Settled, used)
}

// Release ends what a teller reserved and nothing was spent of.
func (t *Teller) Release(ctx context.Context, s tenant.Scope, hid HoldID) error {
	return t.end(ctx, s, hid, Released, 0)
}

func (t *Teller) end(ctx context.Context, s tenant.Scope, hid HoldID, kind Kind, used Credits) error {
	if hid.IsZero() {
		return ErrHoldNotFound
	}
	o := newOrder(s)
	o.ends, o.kind, o.used = hid, kind, used
	return t.of(s).do(ctx, o)
}

// Prolong gives what a teller reserved a new lease from now: the heartbeat of
// work that goes on. A lease that runs longer already stays: nothing would look
// at the account when a shorter one is over. ErrHoldSpent when it has ended or
// lapsed.
func Prolong(ctx context.Context, tx *tenant.Tx, hid HoldID, lease time.Duration) (Ticket, error) {
	if lease < ShortestLease || lease > LongestLease {
		return Ticket{}, ErrInvalidLease
	}
	k := Ticket{Hold: hid}
	var made, until int64
	err := tx.Get(ctx, `
		UPDATE credit_holds SET lease_until = CASE WHEN lease_until > $3 THEN lease_until ELSE $3 END
		WHERE account_id = $1 AND id = $2 AND lapses AND ended_at IS NULL AND lease_until > $4
		RETURNING amount, created_at, lease_until`, []any{hid, clock.Micros(tx.Now().Add(lease)), clock.Micros(tx.Now())}, &k.Amount, &made, &until)
	k.Made, k.Until = clock.FromMicros(made), clock.FromMicros(until)
	if tenant.IsNotFound(err) {
		err = spentOrMissing(ctx, tx, hid)
	}
	return k, err
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
