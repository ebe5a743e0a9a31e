package credit

import (
	"cmp"
	"fmt"
	"slices"

	"igny8/internal/id"
)

// book is an account's credits in memory, and the rules by which they move: it
// knows no database. Whoever holds the account's lock reads one, lets it do
// what is asked, and writes down what it did, all of it or nothing. What it is
// asked for beyond what it has is refused before anything has changed.
type book struct {
	account         string
	available, held Credits
	seq             int64     // of the newest entry
	head            chainHash // its link
	next            int64     // micros: before then no lot begins or ends and no hold lapses; 0: never
	lots            []*lot    // that have something left, and those of the holds in hand; in the order of spending
	debts           []*debt   // oldest first; known when something is due

	// What it did since it was read.
	was     int64 // seq when it was read
	looked  int64 // next when it was read
	holds   []*hold
	entries []row
}

// lot is a grant as a book knows it.
type lot struct {
	Lot
	priority           int64
	effective, expires int64 // micros; expires 0: never
	counted            bool  // it has begun, and its entry is written
	revoked            bool  // what paid for it was undone
	state              dirt
}

// debt is a Debt as a book knows it.
type debt struct {
	Debt
	state dirt
}

// dirt tells what has to be written of a record.
type dirt int8

const (
	clean dirt = iota
	changed
	fresh
)

func (d *dirt) touch() { *d = max(*d, changed) }

// hold is a hold as a book knows it.
type hold struct {
	id           HoldID
	want         Want
	amount, used Credits
	status       status
	fence        int64
	lease        int64 // micros; 0: none
	lapses       bool  // ends by itself with its lease
	created      int64
	ended        int64 // micros; 0: not yet
	parts        []part
	state        dirt
}

// status is where a hold is in its life.
type status string

const (
	reserved status = "reserved"
	opened   status = "open"
	settled  status = "settled"
	released status = "released"
)

// part is what a hold took from a lot.
type part struct {
	lot    *lot
	amount Credits
}

// row is an entry of the ledger as it is written.
type row struct {
	seq       int64
	id        EntryID
	kind      Kind
	amount    Credits
	balance   Credits // available, after it
	held      Credits // the change
	heldAfter Credits
	operation Operation
	reference string
	hold      HoldID
	lot       LotID
	actor     string
	at        int64
	hash      chainHash
}

// doing is who does something, and when.
type doing struct {
	actor string
	now   int64 // micros
}

// post moves the two parts of the balance, and writes the entry that says so.
func (b *book) post(d doing, e row) {
	b.available += e.amount
	b.held += e.held
	b.seq++
	e.seq, e.balance, e.heldAfter = b.seq, b.available, b.held
	e.id, e.actor, e.at = id.New[entryKind](), d.actor, d.now
	b.head = b.head.link(b.account, &e)
	e.hash = b.head
	b.entries = append(b.entries, e)
}

// due tells whether a lot began or ended, or a hold lapsed, since the last
// entry.
func (b *book) due(now int64) bool { return b.next != 0 && b.next <= now }

// bringForward lets the book look again at t.
func (b *book) bringForward(t int64) {
	if t != 0 && (b.next == 0 || t < b.next) {
		b.next = t
	}
}

// add makes a lot known. Lots stay in the order of spending.
func (b *book) add(l *lot) {
	at, _ := slices.BinarySearchFunc(b.lots, l, (*lot).order)
	b.lots = slices.Insert(b.lots, at, l)
}

// order is the order in which lots are spent: inOrder, in Go.
func (l *lot) order(o *lot) int {
	never := int64(1<<63 - 1)
	end := func(l *lot) int64 {
		if l.expires == 0 {
			return never
		}
		return l.expires
	}
	return cmp.Or(cmp.Compare(l.priority, o.priority), cmp.Compare(end(l), end(o)), cmp.Compare(l.ID.String(), o.ID.String()))
}

func (b *book) lot(id LotID) *lot {
	for _, l := range b.lots {
		if l.ID == id {
			return l
		}
	}
	return nil
}

// mature brings the book up to now: lots that have begun count, holds whose
// lease has run out lapse, lots that have ended are taken out, each with its
// entry. It expires only what is neither spent nor held. lapsed are all holds
// that lapse by now, and lease is when the next one would.
func (b *book) mature(d doing, lapsed []*hold, lease int64) {
	for _, l := range b.lots {
		if !l.counted && l.effective <= d.now {
			b.begin(d, l)
		}
	}
	for _, h := range lapsed {
		b.end(d, h, Released, 0)
	}
	b.next = lease
	for _, l := range b.lots {
		switch {
		case l.Remaining == 0:
		case !l.counted:
			b.bringForward(l.effective)
		case l.over(d.now):
			b.expire(d, l)
		default:
			b.bringForward(l.expires)
		}
	}
}

// over tells whether what is left of a lot can no longer be spent.
func (l *lot) over(now int64) bool { return l.revoked || l.expires != 0 && l.expires <= now }

// begin counts a lot.
func (b *book) begin(d doing, l *lot) {
	l.counted = true
	l.state.touch()
	b.post(d, row{kind: Granted, amount: l.Remaining, reference: l.Reference, lot: l.ID})
}

// expire takes out what is left of a lot. Of one that was taken back a hold
// gave back what had been owed, and so it is owed no more.
func (b *book) expire(d doing, l *lot) {
	b.lessen(l.ID, l.Remaining)
	b.shrink(d, l, l.Remaining, Expired, l.Reference)
}

// revoke ends a lot of which nothing is left: what a hold gives back expires
// like what is left of any other.
func (l *lot) revoke(now int64) {
	end := max(now, l.effective+1)
	if l.expires == 0 || l.expires > end {
		l.expires = end
	}
	l.revoked = true
	l.state.touch()
}

// shrink takes n from a lot, with an entry.
func (b *book) shrink(d doing, l *lot, n Credits, kind Kind, reference string) {
	l.Remaining -= n
	l.state.touch()
	b.post(d, row{kind: kind, amount: -n, reference: reference, lot: l.ID})
}

// lessen takes from what is owed for a lot, as far as there is anything.
func (b *book) lessen(l LotID, by Credits) {
	for _, d := range b.debts {
		if d.Lot == l {
			d.Remaining -= min(d.Remaining, by)
			d.state.touch()
		}
	}
}

// repayment is what was paid of a debt.
type repayment struct {
	lot    LotID
	amount Credits
}

// repay lets what is available pay what is owed, oldest debt first.
func (b *book) repay(d doing) ([]repayment, error) {
	var paid []repayment
	for _, owed := range b.debts {
		n := min(owed.Remaining, b.available)
		if n == 0 {
			continue
		}
		if err := b.take(d, n, "debt "+owed.Lot.String()); err != nil {
			return nil, err
		}
		b.lessen(owed.Lot, n)
		paid = append(paid, repayment{owed.Lot, n})
	}
	return paid, nil
}

// take removes n available credits in the order in which they would be spent,
// with an entry for each lot. ErrInsufficient when there are fewer.
func (b *book) take(d doing, n Credits, reference string) error {
	if b.available < n {
		return b.short(n)
	}
	parts, err := b.split(n, d.now)
	if err != nil {
		return err
	}
	for _, p := range parts {
		b.shrink(d, p.lot, p.amount, Adjusted, reference)
	}
	return nil
}

// spendable is what is available but for what a hold gave back since to a lot
// that had ended: that is due to be taken out.
func (b *book) spendable(now int64) Credits {
	n := b.available
	if !b.due(now) {
		return n
	}
	for _, l := range b.lots {
		if l.counted && l.over(now) {
			n -= l.Remaining
		}
	}
	return n
}

// split says from which lots n credits come, in order.
func (b *book) split(n Credits, now int64) ([]part, error) {
	parts := make([]part, 0, 1)
	for _, l := range b.lots {
		if n == 0 {
			break
		}
		if !l.counted || l.Remaining == 0 || l.over(now) {
			continue
		}
		p := min(n, l.Remaining)
		parts = append(parts, part{l, p})
		n -= p
	}
	if n > 0 {
		return nil, fmt.Errorf("the lots are %d short of the balance", n)
	}
	return parts, nil
}

// reserve promises what is wanted. With a lease the hold is open at once, and
// lapses when the lease runs out. ErrInsufficient when fewer are available.
func (b *book) reserve(d doing, w Want, lease int64) (*hold, error) {
	if w.Amount <= 0 {
		return nil, ErrInvalidAmount
	}
	if b.spendable(d.now) < w.Amount {
		return nil, b.short(w.Amount)
	}
	parts, err := b.split(w.Amount, d.now)
	if err != nil {
		return nil, err
	}
	h := &hold{id: id.New[holdKind](), want: w, amount: w.Amount, status: reserved, created: d.now, parts: parts, state: fresh}
	if lease != 0 {
		h.status, h.fence, h.lease, h.lapses = opened, 1, lease, true
		b.bringForward(lease)
	}
	for _, p := range h.parts {
		p.lot.Remaining -= p.amount
		p.lot.state.touch()
	}
	b.holds = append(b.holds, h)
	b.post(d, row{kind: Reserved, amount: -w.Amount, held: w.Amount, operation: w.Operation, reference: w.Reference, hold: h.id})
	return h, nil
}

// short is ErrInsufficient with the figures.
func (b *book) short(needed Credits) error {
	return ErrInsufficient.Sayf("This needs %d credits and %d are available.", needed, b.available).
		With("needed", needed).With("available", b.available).With("held", b.held)
}

// end ends a hold that has not ended: used credits of it are spent, and the
// rest goes back to the lots it came from, in the booked order reversed. A lot
// that ended meanwhile is due at once.
func (b *book) end(d doing, h *hold, kind Kind, used Credits) {
	h.used, h.ended, h.lease = used, d.now, 0
	h.status = released
	if kind == Settled {
		h.status = settled
	}
	if h.state == clean {
		b.holds = append(b.holds, h)
	}
	h.state.touch()
	rest := h.amount - used
	left := rest
	for _, p := range slices.Backward(h.parts) {
		back := min(left, p.amount)
		if back == 0 {
			break
		}
		left -= back
		p.lot.Remaining += back
		p.lot.state.touch()
		if p.lot.revoked {
			b.bringForward(d.now)
		}
		b.bringForward(p.lot.expires)
	}
	b.post(d, row{kind: kind, amount: rest, held: -h.amount, operation: h.want.Operation, reference: h.want.Reference, hold: h.id})
}
