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
	"time"

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
	// A lot began or ended since the last entry: the lots know.
	err = r.Get(ctx, `
		SELECT coalesce(sum(remaining), 0) FROM credit_lots
		WHERE account_id = $1 AND effective_at <= $2 AND (expires_at IS NULL OR expires_at > $2)`,
		[]any{clock.Micros(r.Now())}, &b.Available)
	if err != nil {
		return Balance{}, fmt.Errorf("balance from lots: %w", err)
	}
	return b, nil
}

// moved is the balance row after a change, and the number of the entry that
// records it.
type moved struct {
	available, held Credits
	seq             int64
}

// move changes the balance row, which locks the account's credits until the
// commit. It is ErrInsufficient when the row would go below zero, or is not
// there.
func move(ctx context.Context, tx *tenant.Tx, available, held Credits) (moved, error) {
	var m moved
	err := tx.Get(ctx, `
		UPDATE credit_balances SET available = available + $2, held = held + $3, seq = seq + 1
		WHERE account_id = $1 AND available + $2 >= 0
		RETURNING available, held, seq`, []any{available, held}, &m.available, &m.held, &m.seq)
	if tenant.IsNotFound(err) {
		return m, ErrInsufficient
	}
	return m, err
}

// bringForward lets the balance row know that a lot begins or ends at t.
func bringForward(ctx context.Context, tx *tenant.Tx, t time.Time) error {
	if t.IsZero() {
		return nil
	}
	_, err := tx.Exec(ctx, `
		UPDATE credit_balances SET next_change = $2
		WHERE account_id = $1 AND (next_change IS NULL OR next_change > $2)`, clock.Micros(t))
	return err
}
