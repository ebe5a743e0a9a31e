package credit

import (
	"context"
	"fmt"
	"time"

	"igny8/internal/clock"
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
	all, err := ReserveAll(ctx, tx, []Want{w})
	if err != nil {
		return HoldID{}, err
	}
	return all[0], nil
}

// ReserveAll promises credits to many works, for each a hold, in their order:
// for all of them, or ErrInsufficient, with the sum of what is needed, and for
// none.
func ReserveAll(ctx context.Context, tx *tenant.Tx, all []Want) ([]HoldID, error) {
	ids, err := reserveAll(ctx, tx, all)
	if err != nil && len(all) == 1 {
		return nil, fmt.Errorf("reserve %d for %s: %w", all[0].Amount, all[0].Reference, err)
	}
	if err != nil {
		return nil, fmt.Errorf("reserve for %d works: %w", len(all), err)
	}
	return ids, nil
}

func reserveAll(ctx context.Context, tx *tenant.Tx, all []Want) ([]HoldID, error) {
	var sum Credits
	for _, w := range all {
		if w.Amount <= 0 {
			return nil, ErrInvalidAmount
		}
		sum += w.Amount
	}
	b, err := current(ctx, tx)
	if err != nil {
		return nil, err
	}
	if b.available < sum {
		return nil, b.short(sum)
	}
	ids := make([]HoldID, 0, len(all))
	for _, w := range all {
		h, err := b.reserve(by(tx), w, 0)
		if err != nil {
			return nil, err
		}
		ids = append(ids, h.id)
	}
	return ids, b.write(ctx, tx)
}

// Open starts the work that a hold pays for. A hold opens once; when who
// opened it has let its lease run out, it opens again and the first can no
// longer settle. What a teller reserved is open from the first and lapses
// instead. ErrHoldSpent otherwise.
func Open(ctx context.Context, tx *tenant.Tx, hid HoldID) (*Hold, error) {
	h := Hold{id: hid}
	err := tx.Get(ctx, `
		UPDATE credit_holds SET state = 'open', fence = fence + 1, lease_until = $3
		WHERE account_id = $1 AND id = $2 AND (state = 'reserved' OR state = 'open' AND NOT lapses AND lease_until <= $4)
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
		WHERE account_id = $1 AND id = $2 AND state = 'open' AND fence = $3 AND (NOT lapses OR lease_until > $5)`,
		h.id, h.fence, clock.Micros(tx.Now().Add(Lease)), clock.Micros(tx.Now()))
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
		WHERE account_id = $1 AND id = $2 AND state = 'open' AND NOT lapses`, hid)
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
	err := end(ctx, tx, h.id, Settled, used, `state = 'open' AND fence = $3`, h.fence)
	if err != nil {
		return fmt.Errorf("settle %s: %w", h.id, err)
	}
	return nil
}

// Release ends a hold of which nothing was bought. ErrHoldSpent when it has
// ended already.
func Release(ctx context.Context, tx *tenant.Tx, hid HoldID) error {
	if err := end(ctx, tx, hid, Released, 0, `ended_at IS NULL`); err != nil {
		return fmt.Errorf("release %s: %w", hid, err)
	}
	return nil
}

// end ends a hold for which the condition holds; its arguments begin at $3.
func end(ctx context.Context, tx *tenant.Tx, hid HoldID, kind Kind, used Credits, condition string, args ...any) error {
	b, err := current(ctx, tx)
	if err != nil {
		return err
	}
	if err := b.write(ctx, tx); err != nil { // what lapsed has ended: the condition sees it
		return err
	}
	h := &hold{id: hid}
	err = tx.Get(ctx, `
		SELECT operation, reference, amount FROM credit_holds
		WHERE account_id = $1 AND id = $2 AND `+condition+tx.ForUpdate(), append([]any{hid}, args...), &h.want.Operation, &h.want.Reference, &h.amount)
	if tenant.IsNotFound(err) {
		return spentOrMissing(ctx, tx, hid)
	}
	if err == nil {
		err = b.readParts(ctx, tx, h)
	}
	if err != nil {
		return err
	}
	d := by(tx)
	b.end(d, h, kind, used)
	if b.due(d.now) { // a lot ended while the hold kept it alive
		if err := b.write(ctx, tx); err != nil {
			return err
		}
		if err := b.catchTime(ctx, tx); err != nil {
			return err
		}
	}
	return b.write(ctx, tx)
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
