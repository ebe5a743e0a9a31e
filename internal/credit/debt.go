package credit

import (
	"context"
	"errors"
	"fmt"
	"time"

	"igny8/internal/account"
	"igny8/internal/audit"
	"igny8/internal/clock"
	"igny8/internal/fault"
	"igny8/internal/tenant"
)

// What a caller can be told.
var (
	ErrLotNotFound = fault.New(fault.NotFound, "credit.lot_not_found", "There is no such grant of credits.")
	ErrNoDebt      = fault.New(fault.NotFound, "credit.no_debt", "Nothing is owed for this grant of credits.")
)

// Debt is credits that were spent and turned out not to be paid for. The next
// grant repays it, before anything of that grant can be spent.
type Debt struct {
	Lot       LotID
	Reference string // of the grant that was taken back
	Amount    Credits
	Remaining Credits // neither repaid nor written off
	Created   time.Time
}

// Revocation is what became of a grant that was taken back.
type Revocation struct {
	Taken Credits // was neither spent nor held, and is gone
	Owed  Credits // was spent, or is held by work that goes on
}

// Revoke takes back a grant, by the reference that it was granted for, because
// what paid for it has been undone. What is left of it goes; what was spent or
// is held is owed from now on, and what of that a hold gives back later is
// owed no more. A grant that has been taken back already gives Revocation{}.
// ErrLotNotFound when nothing was granted for the reference.
func Revoke(ctx context.Context, tx *tenant.Tx, reference string) (Revocation, error) {
	r, err := revoke(ctx, tx, reference)
	if err != nil {
		return Revocation{}, fmt.Errorf("take back the grant for %s: %w", reference, err)
	}
	return r, nil
}

func revoke(ctx context.Context, tx *tenant.Tx, reference string) (Revocation, error) {
	b, err := current(ctx, tx)
	if err != nil {
		return Revocation{}, err
	}
	l, err := b.granted(ctx, tx, reference)
	if err != nil || l.revoked {
		return Revocation{}, err
	}
	d := by(tx)
	if !l.counted { // it has not begun: it begins and ends now
		b.begin(d, l)
	}
	if err := b.write(ctx, tx); err != nil {
		return Revocation{}, err
	}
	owed, err := spentOf(ctx, tx, l.Lot)
	if err != nil {
		return Revocation{}, err
	}
	r := Revocation{Taken: l.Remaining, Owed: owed}
	if l.Remaining > 0 {
		b.shrink(d, l, l.Remaining, Adjusted, l.Reference)
	}
	l.revoke(d.now)
	if err := b.write(ctx, tx); err != nil {
		return Revocation{}, err
	}
	if owed > 0 {
		_, err = tx.Exec(ctx, `
			INSERT INTO credit_debts (account_id, lot_id, reference, amount, remaining, created_at) VALUES ($1, $2, $3, $4, $4, $5)`,
			l.ID, l.Reference, owed, d.now)
		if err != nil {
			return Revocation{}, err
		}
	}
	return r, audit.Record(ctx, tx, "credits.revoked", l.ID.String(), struct {
		Reference string  `json:"reference"`
		Taken     Credits `json:"taken"`
		Owed      Credits `json:"owed"`
	}{l.Reference, r.Taken, r.Owed})
}

// granted is the lot that was granted for a reference, in the book.
// ErrLotNotFound when there is none.
func (b *book) granted(ctx context.Context, r tenant.Reader, reference string) (*lot, error) {
	if err := b.readLots(ctx, r, `AND reference = $2`, reference); err != nil {
		return nil, err
	}
	for _, l := range b.lots {
		if l.Reference == reference {
			return l, nil
		}
	}
	return nil, ErrLotNotFound
}

// spentOf is what of a lot is not there any more because it was used, or is
// held: all but what is left, ended with its time, or was taken by an operator.
func spentOf(ctx context.Context, r tenant.Reader, l Lot) (Credits, error) {
	var gone Credits
	err := r.Get(ctx, `
		SELECT coalesce(-sum(amount), 0) FROM credit_entries
		WHERE account_id = $1 AND lot_id = $2 AND kind IN ('expire', 'adjust')`, []any{l.ID}, &gone)
	return l.Amount - l.Remaining - gone, err
}

// Debts lists what is owed, oldest first.
func Debts(ctx context.Context, r tenant.Reader) ([]Debt, error) {
	var all []Debt
	err := r.Each(ctx, `
		SELECT lot_id, reference, amount, remaining, created_at FROM credit_debts
		WHERE account_id = $1 AND remaining > 0 ORDER BY created_at, lot_id`, nil, func(scan tenant.Scan) error {
		var d Debt
		var created int64
		err := scan(&d.Lot, &d.Reference, &d.Amount, &d.Remaining, &created)
		d.Created = clock.FromMicros(created)
		all = append(all, d)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("list debts: %w", err)
	}
	return all, nil
}

// lessen takes from what is owed for a lot, as far as there is anything.
func lessen(ctx context.Context, tx *tenant.Tx, l LotID, by Credits) error {
	_, err := tx.Exec(ctx, `
		UPDATE credit_debts SET remaining = CASE WHEN remaining > $3 THEN remaining - $3 ELSE 0 END
		WHERE account_id = $1 AND lot_id = $2 AND remaining > 0`, l, by)
	return err
}

// WriteOff forgives what is still owed for a lot. ErrNoDebt when nothing is.
func WriteOff(ctx context.Context, tx *tenant.Tx, l LotID, reason string) (Credits, error) {
	why, ok := account.Printable(reason, 500)
	if !ok {
		return 0, account.ErrInvalidReason.At("body.reason", "1 to 500 printable characters", nil)
	}
	b, err := current(ctx, tx) // and holds the balance from here on
	if err == nil {
		err = b.write(ctx, tx)
	}
	if err != nil {
		return 0, err
	}
	var left Credits
	err = tx.Get(ctx, `SELECT remaining FROM credit_debts WHERE account_id = $1 AND lot_id = $2 AND remaining > 0`, []any{l}, &left)
	if tenant.IsNotFound(err) {
		err = ErrNoDebt
	}
	if err == nil {
		err = lessen(ctx, tx, l, left)
	}
	if err != nil {
		return 0, fmt.Errorf("write off what is owed for %s: %w", l, err)
	}
	return left, audit.Record(ctx, tx, "credits.debt_written_off", l.String(), struct {
		Amount Credits `json:"amount"`
		Reason string  `json:"reason"`
	}{left, why})
}

// Part is what of a grant is there.
type Part struct{ Amount, Remaining Credits }

// PartOf is what is left of a grant, by its reference; the zero Part when
// nothing was granted for it. It holds the balance until tx ends.
func PartOf(ctx context.Context, tx *tenant.Tx, reference string) (Part, error) {
	b, err := current(ctx, tx)
	if err != nil {
		return Part{}, err
	}
	if err := b.write(ctx, tx); err != nil {
		return Part{}, err
	}
	l, err := b.granted(ctx, tx, reference)
	if errors.Is(err, ErrLotNotFound) || err == nil && l.revoked {
		return Part{}, nil
	}
	if err != nil {
		return Part{}, fmt.Errorf("what is left of the grant for %s: %w", reference, err)
	}
	return Part{Amount: l.Amount, Remaining: l.Remaining}, nil
}

// TakePart takes n credits that are left of a grant back, by its reference,
// because the money for them is given back. ErrInsufficient when fewer are
// left.
func TakePart(ctx context.Context, tx *tenant.Tx, reference string, n Credits) error {
	if n == 0 {
		return nil
	}
	b, err := current(ctx, tx)
	if err != nil {
		return err
	}
	l, err := b.granted(ctx, tx, reference)
	if err != nil {
		return fmt.Errorf("take %d of what was granted for %s: %w", n, reference, err)
	}
	if n < 0 || n > l.Remaining || l.revoked {
		return fmt.Errorf("take %d of what was granted for %s: %w", n, reference, ErrInsufficient)
	}
	d := by(tx)
	if !l.counted { // it has not begun: it begins now, for what is left to be taken
		b.begin(d, l)
	}
	b.shrink(d, l, n, Adjusted, l.Reference)
	return b.write(ctx, tx)
}
