package credit

import (
	"context"
	"errors"
	"fmt"
	"time"

	"igny8/internal/clock"
	"igny8/internal/id"
	"igny8/internal/tenant"
)

// Lease is how long an opened hold belongs to who opened it. Whoever works
// longer extends it; after it has run out somebody else may open the hold.
const Lease = 15 * time.Minute

// Hold is credits that pay for work which has started. Only Open makes a
// useful one: the zero Hold, and a nil one, pay for nothing.
type Hold struct {
	id     HoldID
	op     Operation
	ref    string
	amount Credits
	fence  int64
}

// ID names the hold.
func (h *Hold) ID() HoldID { return h.id }

// Amount is what the hold can pay at most.
func (h *Hold) Amount() Credits {
	if h == nil {
		return 0
	}
	return h.amount
}

// Operation is what the hold was reserved for.
func (h *Hold) Operation() Operation { return h.op }

// Want is what is to be reserved, and for what.
type Want struct {
	Amount    Credits
	Operation Operation
	Reference string // what the work is about, for the ledger
	Site      string // the site that it is for; empty: for none
}

// Reserve promises credits to an operation: they leave what is available. It
// is ErrInsufficient, with needed, available and held, when there are not
// enough.
func Reserve(ctx context.Context, tx *tenant.Tx, w Want) (HoldID, error) {
	n, op, reference := w.Amount, w.Operation, w.Reference
	if n <= 0 {
		return HoldID{}, fmt.Errorf("reserve %d for %s: %w", n, reference, ErrInvalidAmount)
	}
	if err := matureIfDue(ctx, tx); err != nil {
		return HoldID{}, err
	}
	m, err := move(ctx, tx, -n, n)
	if err != nil {
		return HoldID{}, fmt.Errorf("reserve %d for %s: %w", n, reference, explain(ctx, tx, n, err))
	}
	h := id.New[holdKind]()
	_, err = tx.Exec(ctx, `
		INSERT INTO credit_holds (account_id, id, operation, reference, site_id, amount, state, created_at)
		VALUES ($1, $2, $3, $4, NULLIF($5, ''), $6, 'reserved', $7)`, h, string(op), reference, w.Site, n, clock.Micros(tx.Now()))
	if err != nil {
		return HoldID{}, fmt.Errorf("reserve %d for %s: %w", n, reference, err)
	}
	if err := takeFromLots(ctx, tx, h, n); err != nil {
		return HoldID{}, fmt.Errorf("reserve %d for %s: %w", n, reference, err)
	}
	return h, write(ctx, tx, m, entry{kind: Reserved, amount: -n, held: n, operation: op, reference: reference, hold: h})
}

func matureIfDue(ctx context.Context, tx *tenant.Tx) error {
	var due bool
	err := tx.Get(ctx, `SELECT coalesce(next_change <= $2, FALSE) FROM credit_balances WHERE account_id = $1`,
		[]any{clock.Micros(tx.Now())}, &due)
	if tenant.IsNotFound(err) {
		return nil
	}
	if err != nil || !due {
		return err
	}
	if err := mature(ctx, tx); err != nil {
		return err
	}
	return repay(ctx, tx) // a grant that was paid ahead has begun
}

// explain adds the figures to ErrInsufficient, in the transaction that found
// it.
func explain(ctx context.Context, tx *tenant.Tx, needed Credits, err error) error {
	if !errors.Is(err, ErrInsufficient) {
		return err
	}
	b, err := BalanceOf(ctx, tx)
	if err != nil {
		return err
	}
	return ErrInsufficient.Sayf("This needs %d credits and %d are available.", needed, b.Available).
		With("needed", needed).With("available", b.Available).With("held", b.Held)
}

func takeFromLots(ctx context.Context, tx *tenant.Tx, h HoldID, n Credits) error {
	all, err := spendable(ctx, tx)
	if err != nil {
		return err
	}
	for i, l := range all {
		part := min(n, l.Remaining)
		if _, err := tx.Exec(ctx, `UPDATE credit_lots SET remaining = remaining - $3 WHERE account_id = $1 AND id = $2`, l.ID, part); err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, `INSERT INTO credit_hold_lots (account_id, hold_id, ordinal, lot_id, amount) VALUES ($1, $2, $3, $4, $5)`, h, i, l.ID, part); err != nil {
			return err
		}
		if n -= part; n == 0 {
			return nil
		}
	}
	return fmt.Errorf("the lots are %d short of the balance", n)
}

// Open starts the work that a hold pays for. A hold opens once; when who
// opened it has let its lease run out, it opens again and the first can no
// longer settle. ErrHoldSpent otherwise.
func Open(ctx context.Context, tx *tenant.Tx, hid HoldID) (*Hold, error) {
	h := Hold{id: hid}
	err := tx.Get(ctx, `
		UPDATE credit_holds SET state = 'open', fence = fence + 1, lease_until = $3
		WHERE account_id = $1 AND id = $2 AND (state = 'reserved' OR state = 'open' AND lease_until <= $4)
		RETURNING operation, reference, amount, fence`,
		[]any{hid, clock.Micros(tx.Now().Add(Lease)), clock.Micros(tx.Now())}, &h.op, &h.ref, &h.amount, &h.fence)
	if tenant.IsNotFound(err) {
		err = spentOrMissing(ctx, tx, hid)
	}
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", hid, err)
	}
	return &h, nil
}

func spentOrMissing(ctx context.Context, r tenant.Reader, hid HoldID) error {
	err := r.Get(ctx, `SELECT id FROM credit_holds WHERE account_id = $1 AND id = $2`, []any{hid}, new(string))
	if tenant.IsNotFound(err) {
		return ErrHoldNotFound
	}
	if err != nil {
		return err
	}
	return ErrHoldSpent
}

// Extend keeps an open hold for another lease.
func Extend(ctx context.Context, tx *tenant.Tx, h *Hold) error {
	n, err := tx.Exec(ctx, `
		UPDATE credit_holds SET lease_until = $4
		WHERE account_id = $1 AND id = $2 AND state = 'open' AND fence = $3`, h.id, h.fence, clock.Micros(tx.Now().Add(Lease)))
	return endedOnce(n, err, "extend", h.id)
}

// Return closes an open hold without ending it: nothing was bought, and the
// work will be tried again.
func Return(ctx context.Context, tx *tenant.Tx, h *Hold) error {
	n, err := tx.Exec(ctx, `
		UPDATE credit_holds SET state = 'reserved', lease_until = NULL
		WHERE account_id = $1 AND id = $2 AND state = 'open' AND fence = $3`, h.id, h.fence)
	return endedOnce(n, err, "return", h.id)
}

// Reclaim closes a hold that somebody else opened and did not end: who opened
// it can no longer settle. The caller knows that the other is gone or has lost
// the work, as the next run of a job does. A hold that is not open stays as it
// is.
func Reclaim(ctx context.Context, tx *tenant.Tx, hid HoldID) error {
	_, err := tx.Exec(ctx, `
		UPDATE credit_holds SET state = 'reserved', lease_until = NULL, fence = fence + 1
		WHERE account_id = $1 AND id = $2 AND state = 'open'`, hid)
	if err != nil {
		return fmt.Errorf("reclaim %s: %w", hid, err)
	}
	return nil
}

// Settle ends an open hold: used credits are spent, never more than the hold
// has, and the rest goes back where it came from. It belongs in the
// transaction that saves what was bought. ErrHoldSpent when the hold has
// ended, or was opened by somebody else since.
func Settle(ctx context.Context, tx *tenant.Tx, h *Hold, used Credits) error {
	used = max(0, min(used, h.amount))
	n, err := tx.Exec(ctx, `
		UPDATE credit_holds SET state = 'settled', used = $4, lease_until = NULL, ended_at = $5
		WHERE account_id = $1 AND id = $2 AND state = 'open' AND fence = $3`, h.id, h.fence, used, clock.Micros(tx.Now()))
	if err := endedOnce(n, err, "settle", h.id); err != nil {
		return err
	}
	return giveBack(ctx, tx, h, h.amount-used, Settled)
}

// Release ends a hold of which nothing was bought. ErrHoldSpent when it has
// ended already.
func Release(ctx context.Context, tx *tenant.Tx, hid HoldID) error {
	h := Hold{id: hid}
	err := tx.Get(ctx, `
		UPDATE credit_holds SET state = 'released', lease_until = NULL, ended_at = $3
		WHERE account_id = $1 AND id = $2 AND state IN ('reserved', 'open')
		RETURNING operation, reference, amount`, []any{hid, clock.Micros(tx.Now())}, &h.op, &h.ref, &h.amount)
	if tenant.IsNotFound(err) {
		err = spentOrMissing(ctx, tx, hid)
	}
	if err != nil {
		return fmt.Errorf("release %s: %w", hid, err)
	}
	return giveBack(ctx, tx, &h, h.amount, Released)
}

func endedOnce(n int64, err error, what string, hid HoldID) error {
	if err == nil && n == 0 {
		err = ErrHoldSpent
	}
	if err != nil {
		return fmt.Errorf("%s %s: %w", what, hid, err)
	}
	return nil
}

// giveBack moves rest of a hold that has ended back to available, and writes
// the entry of its end.
func giveBack(ctx context.Context, tx *tenant.Tx, h *Hold, rest Credits, kind Kind) error {
	m, err := move(ctx, tx, rest, -h.amount)
	if err != nil {
		return fmt.Errorf("%s %s: %w", kind, h.id, err)
	}
	due, err := returnToLots(ctx, tx, h.id, rest)
	if err != nil {
		return fmt.Errorf("%s %s: %w", kind, h.id, err)
	}
	err = write(ctx, tx, m, entry{kind: kind, amount: rest, held: -h.amount, operation: h.op, reference: h.ref, hold: h.id})
	if err != nil || !due {
		return err
	}
	return mature(ctx, tx) // a lot ended while the hold kept it alive
}

// returnToLots unwinds in the booked order reversed. due tells that a lot has
// ended meanwhile.
func returnToLots(ctx context.Context, tx *tenant.Tx, hid HoldID, rest Credits) (due bool, err error) {
	type part struct {
		lot     LotID
		amount  Credits
		expires *int64
		revoked bool
	}
	var parts []part
	err = tx.Each(ctx, `
		SELECT b.lot_id, b.amount, l.expires_at, l.revoked
		FROM credit_hold_lots b JOIN credit_lots l ON l.account_id = b.account_id AND l.id = b.lot_id
		WHERE b.account_id = $1 AND b.hold_id = $2 ORDER BY b.ordinal DESC`, []any{hid}, func(scan tenant.Scan) error {
		var p part
		err := scan(&p.lot, &p.amount, &p.expires, &p.revoked)
		parts = append(parts, p)
		return err
	})
	if err != nil {
		return false, err
	}
	for _, p := range parts {
		back := min(rest, p.amount)
		if back == 0 {
			break
		}
		rest -= back
		if _, err := tx.Exec(ctx, `UPDATE credit_lots SET remaining = remaining + $3 WHERE account_id = $1 AND id = $2`, p.lot, back); err != nil {
			return false, err
		}
		expires := clock.FromNull(p.expires)
		if err := bringForward(ctx, tx, expires); err != nil {
			return false, err
		}
		due = due || p.revoked || !expires.IsZero() && !expires.After(tx.Now())
	}
	return due, nil
}
