package credit

import (
	"context"
	"hash/fnv"
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
