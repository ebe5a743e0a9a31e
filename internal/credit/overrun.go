package credit

import (
	"context"
	"errors"
	"fmt"

	"igny8/internal/audit"
	"igny8/internal/clock"
	"igny8/internal/fault"
	"igny8/internal/tenant"
)

// Overrun is work that cost more than was held for it.
type Overrun struct {
	Charged Credits // above the hold, by a hold of its own
	Extra   HoldID  // that hold; zero: nothing was charged
	Unpaid  Credits // what nobody paid
	Reason  string  // the code of why not; empty: all was paid
}

// overrunLimit is the reason of an overrun that is above what the price list
// allows.
const overrunLimit = "credit.overrun_limit"

// Admit says, as a fault, why an account may not go on spending, or nil.
type Admit func(context.Context, tenant.Reader) error

// SettleAll ends an open hold for work that came to a cost. What is above the
// hold is charged as well, as far as the price list allows and if the account
// could begin such work now: it is admitted, and has the credits. What is not
// charged is written down by name, with the reason, and never silently dropped.
// It belongs in the transaction that saves what was bought. ErrHoldSpent as of
// Settle.
func SettleAll(ctx context.Context, tx *tenant.Tx, h *Hold, p Price, cost Credits, admit Admit) (Overrun, error) {
	if err := Settle(ctx, tx, h, cost); err != nil || cost <= h.amount {
		return Overrun{}, err
	}
	o, err := overrun(ctx, tx, h, p, cost-h.amount, admit)
	if err != nil {
		return Overrun{}, fmt.Errorf("settle %s above what it holds: %w", h.id, err)
	}
	return o, nil
}

func overrun(ctx context.Context, tx *tenant.Tx, h *Hold, p Price, above Credits, admit Admit) (Overrun, error) {
	var o Overrun
	if o.Charged = min(above, p.OverrunOf(h.amount)); o.Charged < above {
		o.Reason = overrunLimit
	}
	if o.Charged > 0 {
		refusal := admit(ctx, tx)
		if refusal == nil {
			o.Extra, refusal = spendMore(ctx, tx, h, o.Charged)
		}
		if refusal != nil {
			f := fault.Of(refusal)
			if f.Kind == fault.Internal || f.Kind == fault.Unavailable {
				return Overrun{}, refusal
			}
			o.Charged, o.Reason = 0, f.Code
		}
	}
	o.Unpaid = above - o.Charged
	_, err := tx.Exec(ctx, `
		INSERT INTO credit_overruns (account_id, hold_id, charged, extra_id, unpaid, reason, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7)`,
		h.id, o.Charged, o.Extra, o.Unpaid, o.Reason, clock.Micros(tx.Now()))
	if err != nil {
		return Overrun{}, err
	}
	return o, audit.Record(ctx, tx, "credits.overrun", h.id.String(), struct {
		Charged Credits `json:"charged"`
		Unpaid  Credits `json:"unpaid"`
		Reason  string  `json:"reason,omitempty"`
	}{o.Charged, o.Unpaid, o.Reason})
}

// spendMore reserves and spends n credits for the work of a hold.
func spendMore(ctx context.Context, tx *tenant.Tx, h *Hold, n Credits) (HoldID, error) {
	w := Want{Amount: n, Operation: h.op, Reference: h.ref}
	err := tx.Get(ctx, `SELECT coalesce(site_id, '') FROM credit_holds WHERE account_id = $1 AND id = $2`, []any{h.id}, &w.Site)
	if err != nil {
		return HoldID{}, err
	}
	b, err := current(ctx, tx)
	if err != nil {
		return HoldID{}, err
	}
	d := by(tx)
	extra, refusal := b.reserve(d, w, 0)
	if refusal == nil {
		b.end(d, extra, Settled, n)
	} else if !errors.Is(refusal, ErrInsufficient) {
		return HoldID{}, refusal
	}
	if err := b.write(ctx, tx); err != nil {
		return HoldID{}, err
	}
	if refusal != nil {
		return HoldID{}, refusal
	}
	return extra.id, nil
}

// OverrunOf reads what a hold's work cost above it, and whether it did.
func OverrunOf(ctx context.Context, r tenant.Reader, hid HoldID) (Overrun, bool, error) {
	var o Overrun
	err := r.Get(ctx, `SELECT charged, extra_id, unpaid, reason FROM credit_overruns WHERE account_id = $1 AND hold_id = $2`,
		[]any{hid}, &o.Charged, &o.Extra, &o.Unpaid, &o.Reason)
	if tenant.IsNotFound(err) {
		return Overrun{}, false, nil
	}
	if err != nil {
		return Overrun{}, false, fmt.Errorf("overrun of %s: %w", hid, err)
	}
	return o, true, nil
}
