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
		now := clock.Micros(j.Now())
		books, holds := map[string]*book{}, map[HoldID]*hold{}
		var ask []*group
		for _, g := range all {
			if b := q.books[g.account]; b != nil && !lock && !b.due(now) && g.onlyReserves() {
				books[g.account] = b
			} else {
				ask = append(ask, g)
			}
		}
		if len(ask) > 0 {
			if err := readJointly(ctx, j, ask, books, holds); err != nil {
				return err
			}
		}
		var out sheet
		for _, g := range all {
			b := books[g.account]
			cached := q.books[g.account] == b
			delete(q.books, g.account) // until it is written
			if b.due(now) || b.head == (chainHash{}) && b.seq > 0 {
				left = append(left, g)
				continue
			}
			if err := g.apply(b, now, holds); err != nil {
				return err
			}
			if cached && g.refused() { // by what may be old news
				left = append(left, g)
				continue
			}
			if b.seq != b.was {
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

// readJointly locks accounts in their order and reads their books, and the
// holds that are to be ended. An account without a balance gets an empty book.
func readJointly(ctx context.Context, j *tenant.Joint, ask []*group, books map[string]*book, holds map[HoldID]*hold) error {
	var accounts, of, ids []string
	asked := map[HoldID]bool{}
	for _, g := range ask {
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
		Row: func(scan tenant.Scan) error {
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
			books[b.account] = b
			return nil
		},
	}, {
		Query: jointLots + `AND account_id = ANY ($2) AND remaining > 0`,
		Args:  []any{accounts},
		Row:   addLot(books),
	}}
	if len(ids) > 0 {
		all = append(all, tenant.JointStatement{
			Query: jointLots + `AND (account_id, id) IN (
				SELECT p.account_id, p.lot_id FROM unnest($2::text[], $3::text[]) w (account_id, id)
				JOIN credit_hold_lots p ON p.account_id = w.account_id AND p.hold_id = w.id
				UNION ALL
				SELECT h.account_id, h.lot_id FROM unnest($2::text[], $3::text[]) w (account_id, id)
				JOIN credit_holds h ON h.account_id = w.account_id AND h.id = w.id)`,
			Args: []any{of, ids},
			Row:  addLot(books),
		}, tenant.JointStatement{
			Query: `SELECT h.account_id, h.id, h.operation, h.reference, h.amount, h.state, h.fence, h.lease_until, h.lapses, h.lot_id, h.created_at, h.ended_at
				FROM unnest($2::text[], $3::text[]) w (account_id, id) JOIN credit_holds h ON h.account_id = w.account_id AND h.id = w.id
				WHERE w.account_id = ANY ($1) FOR UPDATE OF h`,
			Args: []any{of, ids},
			Row: func(scan tenant.Scan) error {
				h := new(hold)
				var account string
				var lid LotID
				var lease, ended *int64
				err := scan(&account, &h.id, &h.want.Operation, &h.want.Reference, &h.amount, &h.status, &h.fence, &lease, &h.lapses, &lid, &h.created, &ended)
				h.lease, h.ended = orZero(lease), orZero(ended)
				holds[h.id] = h
				if err == nil && !lid.IsZero() {
					err = h.took(books[account].lot(lid), lid, h.amount)
				}
				return err
			},
		}, tenant.JointStatement{
			Query: `SELECT p.account_id, p.hold_id, p.lot_id, p.amount
				FROM unnest($2::text[], $3::text[]) w (account_id, id) JOIN credit_hold_lots p ON p.account_id = w.account_id AND p.hold_id = w.id
				WHERE w.account_id = ANY ($1) ORDER BY p.account_id, p.hold_id, p.ordinal`,
			Args: []any{of, ids},
			Row: func(scan tenant.Scan) error {
				var account string
				var hid HoldID
				var lid LotID
				var n Credits
				if err := scan(&account, &hid, &lid, &n); err != nil {
					return err
				}
				h := holds[hid]
				if h == nil {
					return fmt.Errorf("a part of hold %s is there and the hold is not", hid)
				}
				return h.took(books[account].lot(lid), lid, n)
			},
		})
	}
	if err := j.Send(ctx, false, all...); err != nil {
		return fmt.Errorf("read the credits of %d accounts: %w", len(ask), err)
	}
	for _, g := range ask {
		if books[g.account] == nil {
			books[g.account] = &book{account: g.account}
		}
	}
	return nil
}

const jointLots = `
	SELECT account_id, id, source, reference, amount, remaining, priority, counted, revoked, effective_at, expires_at
	FROM credit_lots WHERE account_id = ANY ($1) `

func addLot(books map[string]*book) func(tenant.Scan) error {
	return func(scan tenant.Scan) error {
		var account string
		l, err := scanLot(func(dest ...any) error { return scan(append([]any{&account}, dest...)...) })
		if err != nil {
			return err
		}
		if b := books[account]; b.lot(l.ID) == nil {
			b.add(l)
		}
		return nil
	}
}
