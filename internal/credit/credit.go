// Package credit neither makes nor loses a credit.
//
// Credits live in lots: granted with a source, a priority and perhaps an end.
// Work is paid in three steps: Reserve moves credits from available to held
// when the work is promised, Open starts it once, and Settle (or Release)
// ends it exactly once, giving back what was not used to the lots it came
// from. Every step is an entry in a ledger that is only added to, and the
// balance is the running sum of the ledger, kept in the same transaction.
//
// Whether a lot counts is a question of time alone: BalanceOf and Reserve
// answer for the transaction's moment, whether or not anything has swept.
package credit

import (
	"context"
	"fmt"

	"igny8/internal/clock"
	"igny8/internal/fault"
	"igny8/internal/id"
	"igny8/internal/tenant"
)

// Credits counts credits, the unit that AI work is paid in. There are no
// parts of one.
type Credits int64

type (
	lotKind   struct{}
	holdKind  struct{}
	entryKind struct{}
)

func (lotKind) Prefix() string   { return "lot" }
func (holdKind) Prefix() string  { return "hld" }
func (entryKind) Prefix() string { return "ent" }

// LotID names a lot.
type LotID = id.ID[lotKind]

// HoldID names a hold.
type HoldID = id.ID[holdKind]

// EntryID names an entry of the ledger.
type EntryID = id.ID[entryKind]

// ParseHoldID reads a hold's id.
func ParseHoldID(s string) (HoldID, error) { return id.Parse[holdKind](s) }

// ParseLotID reads a lot's id.
func ParseLotID(s string) (LotID, error) { return id.Parse[lotKind](s) }

// What a caller can be told.
var (
	ErrInsufficient  = fault.New(fault.PaymentRequired, "credit.insufficient", "You do not have enough credits for this.")
	ErrHoldNotFound  = fault.New(fault.NotFound, "credit.hold_not_found", "There is no such reservation of credits.")
	ErrHoldSpent     = fault.New(fault.Conflict, "credit.hold_spent", "This work has already been started, finished or cancelled.")
	ErrUnknownPrice  = fault.New(fault.Internal, "credit.unknown_price", "This operation has no price.")
	ErrInvalidAdjust = fault.New(fault.Invalid, "credit.invalid_adjustment", "An adjustment is a whole number of credits, not zero, of at most a billion.")
	ErrInvalidAmount = fault.New(fault.Invalid, "credit.invalid_amount", "An amount of credits must be a whole number above zero.")
)

// Balance is what an account has.
type Balance struct {
	Available Credits // can be reserved
	Held      Credits // reserved by work that has not ended
}

// BalanceOf is the balance at the reader's moment. An account that was never
// granted anything has nothing.
func BalanceOf(ctx context.Context, r tenant.Reader) (Balance, error) {
	var b Balance
	var next *int64
	err := r.Get(ctx, `SELECT available, held, next_change FROM credit_balances WHERE account_id = $1`, nil, &b.Available, &b.Held, &next)
	if tenant.IsNotFound(err) {
		return Balance{}, nil
	}
	if err != nil {
		return Balance{}, fmt.Errorf("balance: %w", err)
	}
	if next == nil || *next > clock.Micros(r.Now()) {
		return b, nil
	}
	// A lot began or ended, or a hold lapsed, since the last entry: they know.
	const lapsed = `h.account_id = $1 AND h.lapses AND h.ended_at IS NULL AND h.lease_until <= $2`
	var back Credits // from holds that lapsed, to lots that have not ended
	err = r.Get(ctx, `
		SELECT (SELECT coalesce(sum(remaining), 0) FROM credit_lots l WHERE account_id = $1 AND `+spendableLot+`),
			(SELECT coalesce(sum(p.amount), 0) FROM credit_holds h
				JOIN credit_hold_lots p ON p.account_id = h.account_id AND p.hold_id = h.id
				JOIN credit_lots l ON l.account_id = p.account_id AND l.id = p.lot_id
				WHERE `+lapsed+` AND `+spendableLot+`)
			+ (SELECT coalesce(sum(h.amount), 0) FROM credit_holds h
				JOIN credit_lots l ON l.account_id = h.account_id AND l.id = h.lot_id
				WHERE `+lapsed+` AND `+spendableLot+`),
			(SELECT coalesce(sum(amount), 0) FROM credit_holds h WHERE `+lapsed+`)`,
		[]any{clock.Micros(r.Now())}, &b.Available, &back, &next)
	if err != nil {
		return Balance{}, fmt.Errorf("balance from lots: %w", err)
	}
	b.Available += back
	b.Held -= Credits(*next)
	return b, nil
}

// spendableLot is a lot l that counts at the moment $2. One that is in the
// balance counts even if it began later: a transaction that began later, and
// committed first, has granted it.
const spendableLot = `NOT l.revoked AND (l.counted OR l.effective_at <= $2) AND (l.expires_at IS NULL OR l.expires_at > $2)`
