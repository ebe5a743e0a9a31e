package credit

import (
	"context"
	"fmt"

	"igny8/internal/clock"
	"igny8/internal/tenant"
)

// jointly commits groups together on PostgreSQL. An account whose book was left
// by the batch before, and of which nothing is to be ended, is not read again:
// what is worked out from that book is written in the one statement that looks
// whether it still holds. All others are locked and read in one round trip,
// and written in a second. It returns the groups that are not done: those of
// which something is due, and, with an error, all.
func (q *line) jointly(ctx context.Context, all []*group) (rest []*group, err error) {
	for again := false; len(all) > 0; again = true {
		left, err := q.jointlyOnce(ctx, all, again)
		if err != nil {
			for _, g := range all {
				delete(q.books, g.account)
			}
			if tenant.IsUncertain(err) {
				err = fmt.Errorf("%w (%w)", ErrUncertain, err)
			}
			return append(rest, all...), err
		}
		if again { // they were locked, and yet: something is due
			return append(rest, left...), nil
		}
		all = left
	}
	return rest, nil
}

// jointlyOnce returns the groups that were not written: their book was old, or
// something is due.
func (q *line) jointlyOnce(ctx context.Context, all []*group, lock bool) (left []*group, err error) {
	scopes := make([]tenant.Scope, 0, len(all))
	for _, g := range all {
		scopes = append(scopes, g.scope())
	}
	err = q.st.Jointly(ctx, scopes, func(ctx context.Context, j *tenant.Joint) error {
		left = nil
		m := q.open(all, clock.Micros(j.Now()), lock)
		if err := m.read(ctx, j); err != nil {
			return err
		}
		var out sheet
		for _, g := range all {
			b, err := m.apply(g)
			switch {
			case err != nil:
				return err
			case b == nil:
				left = append(left, g)
			case b.seq != b.was:
				out.add(g, b)
			}
		}
		if len(out.groups) == 0 {
			return nil // it is undone, with nothing in it
		}
		old, err := out.send(ctx, j)
		if err != nil {
			return err
		}
		left = append(left, old...)
		q.keep(out.written)
		return nil
	})
	return left, err
}

// desk is what a batch has before it: the books of its accounts, of which some
// were left by the batch before, and the holds that are to be ended.
type desk struct {
	now   int64
	books map[string]*book
	left  map[string]bool // by the batch before
	ask   []*group        // whose books are to be read
	holds map[HoldID]*hold
}

// open takes the books that were left by the batch before, and may be used,
// from the line: it gets them back when they are written.
func (q *line) open(all []*group, now int64, lock bool) *desk {
	m := &desk{now: now, books: map[string]*book{}, left: map[string]bool{}, holds: map[HoldID]*hold{}}
	for _, g := range all {
		b := q.books[g.account]
		delete(q.books, g.account)
		if b == nil || lock || b.due(now) || !g.onlyReserves() {
			m.ask = append(m.ask, g)
			continue
		}
		m.books[g.account], m.left[g.account] = b, true
	}
	return m
}

// apply does what a group wants. It returns no book when that is to be done
// otherwise: something is due, the chain is to be worked out, or what refused
// an order may be old news.
func (m *desk) apply(g *group) (*book, error) {
	b := m.books[g.account]
	if b.due(m.now) || b.head == (chainHash{}) && b.seq > 0 {
		return nil, nil
	}
	if err := g.apply(b, m.now, m.holds); err != nil {
		return nil, err
	}
	if m.left[g.account] && g.refused() {
		return nil, nil
	}
	return b, nil
}

// keep keeps the books of accounts that were written, for the next batch.
func (q *line) keep(all []*book) {
	for _, b := range all {
		b.settle()
		if len(q.books) >= booksMost {
			for account := range q.books { // any
				delete(q.books, account)
				break
			}
		}
		q.books[b.account] = b
	}
}

// booksMost is how many accounts a teller keeps in memory.
const booksMost = 20_000

func (g *group) onlyReserves() bool {
	for _, o := range g.orders {
		if !o.reserves() {
			return false
		}
	}
	return true
}

func (g *group) refused() bool {
	for _, o := range g.orders {
		if o.err != nil {
			return true
		}
	}
	return false
}

// read locks the accounts whose books are not there, in their order, and reads
// them and the holds that are to be ended. An account without a balance gets an
// empty book.
func (m *desk) read(ctx context.Context, j *tenant.Joint) error {
	if len(m.ask) == 0 {
		return nil
	}
	var accounts, of, ids []string
	asked := map[HoldID]bool{}
	for _, g := range m.ask {
		accounts = append(accounts, g.account)
		for _, o := range g.orders {
			if !o.reserves() && !asked[o.ends] {
				asked[o.ends] = true
				of, ids = append(of, g.account), append(ids, o.ends.String())
			}
		}
	}
	all := []tenant.JointStatement{{
		Query: `SELECT account_id, available, held, seq, next_change, head, head_seq FROM credit_balances
			WHERE account_id = ANY ($1) AND account_id = ANY ($2) ORDER BY account_id FOR UPDATE`,
		Args: []any{accounts},
		Row:  m.addBalance,
	}, {
		Query: jointLots + `AND account_id = ANY ($2) AND remaining > 0`,
		Args:  []any{accounts},
		Row:   m.addLot,
	}}
	if len(ids) > 0 {
		all = append(all, m.readHolds(of, ids)...)
	}
	if err := j.Send(ctx, false, all...); err != nil {
		return fmt.Errorf("read the credits of %d accounts: %w", len(m.ask), err)
	}
	for _, g := range m.ask {
		if m.books[g.account] == nil {
			m.books[g.account] = &book{account: g.account}
		}
	}
	return nil
}

// readHolds reads holds of accounts, the lots that they came from, and their
// parts.
func (m *desk) readHolds(of, ids []string) []tenant.JointStatement {
	const wanted = `unnest($2::text[], $3::text[]) w (account_id, id)`
	args := []any{of, ids}
	return []tenant.JointStatement{{
		Query: jointLots + `AND (account_id, id) IN (
			SELECT p.account_id, p.lot_id FROM ` + wanted + ` JOIN credit_hold_lots p ON p.account_id = w.account_id AND p.hold_id = w.id
			UNION ALL
			SELECT h.account_id, h.lot_id FROM ` + wanted + ` JOIN credit_holds h ON h.account_id = w.account_id AND h.id = w.id)`,
		Args: args,
		Row:  m.addLot,
	}, {
		Query: `SELECT h.account_id, h.id, h.operation, h.reference, h.amount, h.state, h.fence, h.lease_until, h.lapses, h.lot_id, h.created_at, h.ended_at
			FROM ` + wanted + ` JOIN credit_holds h ON h.account_id = w.account_id AND h.id = w.id
			WHERE w.account_id = ANY ($1) FOR UPDATE OF h`,
		Args: args,
		Row:  m.addHold,
	}, {
		Query: `SELECT p.account_id, p.hold_id, p.lot_id, p.amount
			FROM ` + wanted + ` JOIN credit_hold_lots p ON p.account_id = w.account_id AND p.hold_id = w.id
			WHERE w.account_id = ANY ($1) ORDER BY p.account_id, p.hold_id, p.ordinal`,
		Args: args,
		Row:  m.addPart,
	}}
}

func (m *desk) addBalance(scan tenant.Scan) error {
	b := new(book)
	var next, known *int64
	var head []byte
	if err := scan(&b.account, &b.available, &b.held, &b.seq, &next, &head, &known); err != nil {
		return err
	}
	b.was, b.next = b.seq, orZero(next)
	b.looked = b.next
	if orZero(known) == b.seq {
		copy(b.head[:], head)
	} // else the head is zero: it is worked out elsewhere
	m.books[b.account] = b
	return nil
}

func (m *desk) addHold(scan tenant.Scan) error {
	h := new(hold)
	var account string
	var lid LotID
	var lease, ended *int64
	err := scan(&account, &h.id, &h.want.Operation, &h.want.Reference, &h.amount, &h.status, &h.fence, &lease, &h.lapses, &lid, &h.created, &ended)
	if err != nil {
		return err
	}
	h.lease, h.ended = orZero(lease), orZero(ended)
	m.holds[h.id] = h
	if lid.IsZero() {
		return nil
	}
	return h.took(m.books[account].lot(lid), lid, h.amount)
}

func (m *desk) addPart(scan tenant.Scan) error {
	var account string
	var hid HoldID
	var lid LotID
	var n Credits
	if err := scan(&account, &hid, &lid, &n); err != nil {
		return err
	}
	h := m.holds[hid]
	if h == nil {
		return fmt.Errorf("a part of hold %s is there and the hold is not", hid)
	}
	return h.took(m.books[account].lot(lid), lid, n)
}

const jointLots = `
	SELECT account_id, id, source, reference, amount, remaining, priority, counted, revoked, effective_at, expires_at
	FROM credit_lots WHERE account_id = ANY ($1) `

func (m *desk) addLot(scan tenant.Scan) error {
	var account string
	l, err := scanLot(func(dest ...any) error { return scan(append([]any{&account}, dest...)...) })
	if err != nil {
		return err
	}
	if b := m.books[account]; b.lot(l.ID) == nil {
		b.add(l)
	}
	return nil
}
