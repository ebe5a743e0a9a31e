package credit

import (
	"context"
	"fmt"

	"igny8/internal/account"
	"igny8/internal/audit"
	"igny8/internal/id"
	"igny8/internal/tenant"
)

type adjustmentKind struct{}

func (adjustmentKind) Prefix() string { return "adj" }

// Correction is credits that the operator gave or took, and why. The ledger
// names it by its id, the audit log by its reason.
type Correction struct {
	ID     id.ID[adjustmentKind]
	Amount Credits
	Reason string
}

// maxAdjustment is more than anybody means.
const maxAdjustment Credits = 1_000_000_000

// Adjust gives the account credits, or takes available ones when amount is
// negative, in the order in which they would be spent. What is held is out of
// reach. It is ErrInsufficient, with needed, available and held, when fewer
// are available than are to be taken; ErrInvalidAdjust for none or too many.
func Adjust(ctx context.Context, tx *tenant.Tx, amount Credits, reason string) (Correction, error) {
	a := Correction{ID: id.New[adjustmentKind](), Amount: amount}
	if amount == 0 || amount > maxAdjustment || amount < -maxAdjustment {
		return Correction{}, ErrInvalidAdjust.At("body.amount", "a whole number, not zero, of at most a billion", nil)
	}
	var ok bool
	if a.Reason, ok = account.Printable(reason, 500); !ok {
		return Correction{}, account.ErrInvalidReason.At("body.reason", "1 to 500 printable characters", nil)
	}
	var err error
	if amount > 0 {
		_, err = Grant(ctx, tx, NewLot{Source: Adjustment, Reference: a.ID.String(), Amount: amount})
	} else {
		err = take(ctx, tx, -amount, a.ID.String())
	}
	if err != nil {
		return Correction{}, fmt.Errorf("adjust by %d: %w", amount, err)
	}
	return a, audit.Record(ctx, tx, "credits.adjusted", a.ID.String(), struct {
		Amount Credits `json:"amount"`
		Reason string  `json:"reason"`
	}{a.Amount, a.Reason})
}

// take removes n available credits from the lots, with an entry for each.
func take(ctx context.Context, tx *tenant.Tx, n Credits, reference string) error {
	b, err := current(ctx, tx)
	if err != nil {
		return err
	}
	if err := b.take(by(tx), n, reference); err != nil {
		return err
	}
	return b.write(ctx, tx)
}
