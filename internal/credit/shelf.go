package credit

import (
	"context"
	"errors"
	"fmt"

	"igny8/internal/audit"
	"igny8/internal/clock"
	"igny8/internal/tenant"
)

// read locks the account's credits until the commit, and reads its book. An
// account that was never granted anything has an empty one.
func read(ctx context.Context, tx *tenant.Tx) (*book, error) {
	b := &book{account: tx.Scope().Account().String()}
	var next, known *int64
	var head []byte
	err := tx.Get(ctx, `
		UPDATE credit_balances SET seq = seq WHERE account_id = $1
		RETURNING available, held, seq, next_change, head, head_seq`, nil, &b.available, &b.held, &b.seq, &next, &head, &known)
	if tenant.IsNotFound(err) {
		return b, nil
	}
	if err != nil {
		return nil, fmt.Errorf("lock the balance: %w", err)
	}
	b.was = b.seq
	if next != nil {
		b.next, b.looked = *next, *next
	}
	if known != nil {
		copy(b.head[:], head)
	} else {
		known = new(int64)
	}
	if err := b.catchUp(ctx, tx, *known); err != nil {
		return nil, err
	}
	err = b.readLots(ctx, tx, `AND remaining > 0`)
	return b, err
}

// readLots makes those lots known that are not yet.
func (b *book) readLots(ctx context.Context, r tenant.Reader, where string, args ...any) error {
	err := r.Each(ctx, `
		SELECT id, source, reference, amount, remaining, priority, counted, revoked, effective_at, expires_at
		FROM credit_lots WHERE account_id = $1 `+where+inOrder, args, func(scan tenant.Scan) error {
		l, err := scanLot(scan)
		if err == nil && b.lot(l.ID) == nil {
			b.add(l)
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("read the lots: %w", err)
	}
	return nil
}

func scanLot(scan tenant.Scan) (*lot, error) {
	l := new(lot)
	var expires *int64
	err := scan(&l.ID, &l.Source, &l.Reference, &l.Amount, &l.Remaining, &l.priority, &l.counted, &l.revoked, &l.effective, &expires)
	if expires != nil {
		l.expires = *expires
	}
	l.Effective, l.Expires = clock.FromMicros(l.effective), clock.FromNull(expires)
	return l, err
}

// current is read, brought up to the transaction's moment.
func current(ctx context.Context, tx *tenant.Tx) (*book, error) {
	b, err := read(ctx, tx)
	if err != nil || !b.due(clock.Micros(tx.Now())) {
		return b, err
	}
	return b, b.catchTime(ctx, tx)
}

// catchTime does what has become due, and lets what is there pay what is owed.
func (b *book) catchTime(ctx context.Context, tx *tenant.Tx) error {
	d := by(tx)
	lapsed, err := b.lapsed(ctx, tx, d.now)
	if err != nil {
		return err
	}
	lease, err := b.nextLease(ctx, tx, d.now)
	if err != nil {
		return err
	}
	owed, err := Debts(ctx, tx)
	if err != nil {
		return err
	}
	b.debts = nil
	for _, o := range owed {
		b.debts = append(b.debts, &debt{Debt: o})
	}
	b.mature(d, lapsed, lease)
	paid, err := b.repay(d)
	if err != nil {
		return err
	}
	for _, p := range paid {
		if err := audit.Record(ctx, tx, "credits.debt_repaid", p.lot.String(), map[string]Credits{"amount": p.amount}); err != nil {
			return err
		}
	}
	return nil
}

// by is who does what a transaction does.
func by(tx *tenant.Tx) doing {
	return doing{actor: tx.Scope().Actor().String(), now: clock.Micros(tx.Now())}
}

// lapsed reads the holds whose lease has run out by now, and the lots that they
// came from.
func (b *book) lapsed(ctx context.Context, tx *tenant.Tx, now int64) ([]*hold, error) {
	var all []*hold
	err := tx.Each(ctx, `
		SELECT id, operation, reference, amount, fence, lease_until, created_at FROM credit_holds
		WHERE account_id = $1 AND lapses AND ended_at IS NULL AND lease_until <= $2
		ORDER BY lease_until, id`+tx.ForUpdate(), []any{now}, func(scan tenant.Scan) error {
		h := &hold{status: opened, lapses: true}
		err := scan(&h.id, &h.want.Operation, &h.want.Reference, &h.amount, &h.fence, &h.lease, &h.created)
		all = append(all, h)
		return err
	})
	for i := 0; err == nil && i < len(all); i++ {
		err = b.readParts(ctx, tx, all[i])
	}
	if err != nil {
		return nil, fmt.Errorf("holds that lapse: %w", err)
	}
	return all, nil
}

func (b *book) nextLease(ctx context.Context, r tenant.Reader, now int64) (int64, error) {
	var lease *int64
	err := r.Get(ctx, `
		SELECT min(lease_until) FROM credit_holds
		WHERE account_id = $1 AND lapses AND ended_at IS NULL AND lease_until > $2`, []any{now}, &lease)
	if err != nil || lease == nil {
		return 0, err
	}
	return *lease, nil
}

// readParts reads what a hold took from which lots.
func (b *book) readParts(ctx context.Context, r tenant.Reader, h *hold) error {
	err := b.readLots(ctx, r, `AND id IN (
		SELECT lot_id FROM credit_hold_lots WHERE account_id = $1 AND hold_id = $2
		UNION ALL SELECT lot_id FROM credit_holds WHERE account_id = $1 AND id = $2)`, h.id)
	if err != nil {
		return err
	}
	return r.Each(ctx, `
		SELECT lot_id, amount, ordinal FROM credit_hold_lots WHERE account_id = $1 AND hold_id = $2
		UNION ALL SELECT lot_id, amount, 0 FROM credit_holds WHERE account_id = $1 AND id = $2 AND lot_id IS NOT NULL
		ORDER BY ordinal`, []any{h.id}, func(scan tenant.Scan) error {
		var l LotID
		var n Credits
		if err := scan(&l, &n, new(int64)); err != nil {
			return err
		}
		return h.took(b.lot(l), l, n)
	})
}

// took adds what the hold took from a lot.
func (h *hold) took(l *lot, lid LotID, n Credits) error {
	if l == nil {
		return fmt.Errorf("hold %s was taken from %s, which is not there", h.id, lid)
	}
	h.parts = append(h.parts, part{lot: l, amount: n})
	return nil
}

// sole is the lot that all of a hold came from, where the hold itself says so,
// and zero otherwise.
func (h *hold) sole() LotID {
	if h.lapses && len(h.parts) == 1 {
		return h.parts[0].lot.ID
	}
	return LotID{}
}

// orNull is the moment, or NULL for none.
func orNull(micros int64) *int64 {
	if micros == 0 {
		return nil
	}
	return &micros
}

// errMoved is a row that changed though the account's credits were locked.
var errMoved = errors.New("the credits changed meanwhile")

// write writes down what the book did since it was read or written.
func (b *book) write(ctx context.Context, tx *tenant.Tx) error {
	if err := b.writeAll(ctx, tx); err != nil {
		return fmt.Errorf("write the credits down: %w", err)
	}
	b.was, b.looked, b.holds, b.entries = b.seq, b.next, nil, nil
	return nil
}

func (b *book) writeAll(ctx context.Context, tx *tenant.Tx) error {
	one := func(query string, args ...any) error {
		n, err := tx.Exec(ctx, query, args...)
		if err == nil && n != 1 {
			err = errMoved
		}
		return err
	}
	if b.seq != b.was || b.next != b.looked {
		err := one(`
			UPDATE credit_balances SET available = $2, held = $3, seq = $4, next_change = $5, head = $6, head_seq = $4
			WHERE account_id = $1 AND seq = $7`, b.available, b.held, b.seq, orNull(b.next), b.head[:], b.was)
		if err != nil {
			return fmt.Errorf("balance: %w", err)
		}
	}
	for _, l := range b.lots {
		if l.state == clean {
			continue
		}
		err := one(`
			UPDATE credit_lots SET remaining = $3, counted = $4, revoked = $5, expires_at = $6
			WHERE account_id = $1 AND id = $2`, l.ID, l.Remaining, l.counted, l.revoked, orNull(l.expires))
		if err != nil {
			return fmt.Errorf("lot %s: %w", l.ID, err)
		}
		l.state = clean
	}
	for _, d := range b.debts {
		if d.state == clean {
			continue
		}
		if err := one(`UPDATE credit_debts SET remaining = $3 WHERE account_id = $1 AND lot_id = $2`, d.Lot, d.Remaining); err != nil {
			return fmt.Errorf("debt %s: %w", d.Lot, err)
		}
		d.state = clean
	}
	for _, h := range b.holds {
		if err := h.write(ctx, tx, one); err != nil {
			return fmt.Errorf("hold %s: %w", h.id, err)
		}
	}
	for i := range b.entries {
		if err := b.entries[i].write(ctx, tx); err != nil {
			return fmt.Errorf("entry %d: %w", b.entries[i].seq, err)
		}
	}
	return nil
}

func (h *hold) write(ctx context.Context, tx *tenant.Tx, one func(string, ...any) error) error {
	if h.state == changed {
		h.state = clean
		return one(`
			UPDATE credit_holds SET state = $3, used = $4, lease_until = NULL, ended_at = $5
			WHERE account_id = $1 AND id = $2 AND ended_at IS NULL`, h.id, string(h.status), h.used, h.ended)
	}
	h.state = clean
	_, err := tx.Exec(ctx, `
		INSERT INTO credit_holds (account_id, id, operation, reference, site_id, amount, used, state, fence, lease_until, lapses, lot_id, created_at, ended_at)
		VALUES ($1, $2, $3, $4, NULLIF($5, ''), $6, $7, $8, $9, $10, $11, $12, $13, $14)`,
		h.id, string(h.want.Operation), h.want.Reference, h.want.Site, h.amount, h.used, string(h.status), h.fence, orNull(h.lease), h.lapses, h.sole(), h.created, orNull(h.ended))
	if !h.sole().IsZero() {
		return err
	}
	for i := 0; err == nil && i < len(h.parts); i++ {
		_, err = tx.Exec(ctx, `INSERT INTO credit_hold_lots (account_id, hold_id, ordinal, lot_id, amount) VALUES ($1, $2, $3, $4, $5)`,
			h.id, i, h.parts[i].lot.ID, h.parts[i].amount)
	}
	return err
}

func (e *row) write(ctx context.Context, tx *tenant.Tx) error {
	_, err := tx.Exec(ctx, `
		INSERT INTO credit_entries (account_id, seq, id, kind, amount, balance_after, held_change, held_after,
			operation, reference, hold_id, lot_id, actor, created_at, hash)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)`,
		e.seq, e.id, string(e.kind), e.amount, e.balance, e.held, e.heldAfter,
		string(e.operation), e.reference, e.hold, e.lot, e.actor, e.at, e.hash[:])
	return err
}
