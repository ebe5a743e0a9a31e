package credit

import (
	"context"
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
	if err := mature(ctx, tx); err != nil { // and holds the balance from here on
		return Revocation{}, err
	}
	var revoked, counted bool
	err := tx.Get(ctx, `SELECT revoked, counted FROM credit_lots WHERE account_id = $1 AND reference = $2`, []any{reference}, &revoked, &counted)
	if tenant.IsNotFound(err) {
		err = ErrLotNotFound
	}
	if err != nil || revoked {
		return Revocation{}, err
	}
	l, err := lotByReference(ctx, tx, reference)
	if err != nil {
		return Revocation{}, err
	}
	if !counted { // it has not begun: it begins and ends now
		if err := change(ctx, tx, l, `counted = TRUE`, entry{kind: Granted, amount: l.Remaining, reference: l.Reference, lot: l.ID}); err != nil {
			return Revocation{}, err
		}
	}
	owed, err := spentOf(ctx, tx, l)
	if err != nil {
		return Revocation{}, err
	}
	if l.Remaining > 0 {
		if err := change(ctx, tx, l, `remaining = 0`, entry{kind: Adjusted, amount: -l.Remaining, reference: l.Reference, lot: l.ID}); err != nil {
			return Revocation{}, err
		}
	}
	// Ended: what a hold gives back is expired by mature, like of any other.
	end := tx.Now()
	if !end.After(l.Effective) {
		end = l.Effective.Add(time.Microsecond)
	}
	if !l.Expires.IsZero() && l.Expires.Before(end) {
		end = l.Expires
	}
	_, err = tx.Exec(ctx, `UPDATE credit_lots SET revoked = TRUE, expires_at = $3 WHERE account_id = $1 AND id = $2`, l.ID, clock.Micros(end))
	if err == nil && owed > 0 {
		_, err = tx.Exec(ctx, `
			INSERT INTO credit_debts (account_id, lot_id, reference, amount, remaining, created_at) VALUES ($1, $2, $3, $4, $4, $5)`,
			l.ID, l.Reference, owed, clock.Micros(tx.Now()))
	}
	if err != nil {
		return Revocation{}, err
	}
	r := Revocation{Taken: l.Remaining, Owed: owed}
	return r, audit.Record(ctx, tx, "credits.revoked", l.ID.String(), struct {
		Reference string  `json:"reference"`
		Taken     Credits `json:"taken"`
		Owed      Credits `json:"owed"`
	}{l.Reference, r.Taken, r.Owed})
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

// repay lets what is available pay what is owed, oldest debt first.
func repay(ctx context.Context, tx *tenant.Tx) error {
	debts, err := Debts(ctx, tx)
	if err != nil || len(debts) == 0 {
		return err
	}
	for _, d := range debts {
		b, err := BalanceOf(ctx, tx)
		if err != nil {
			return err
		}
		part := min(d.Remaining, b.Available)
		if part == 0 {
			return nil
		}
		if err := take(ctx, tx, part, "debt "+d.Lot.String()); err != nil {
			return err
		}
		if err := lessen(ctx, tx, d.Lot, part); err != nil {
			return err
		}
		if err := audit.Record(ctx, tx, "credits.debt_repaid", d.Lot.String(), map[string]Credits{"amount": part}); err != nil {
			return err
		}
	}
	return nil
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
	if err := mature(ctx, tx); err != nil {
		return 0, err
	}
	var left Credits
	err := tx.Get(ctx, `SELECT remaining FROM credit_debts WHERE account_id = $1 AND lot_id = $2 AND remaining > 0`, []any{l}, &left)
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
	if err := mature(ctx, tx); err != nil {
		return Part{}, err
	}
	var p Part
	err := tx.Get(ctx, `SELECT amount, remaining FROM credit_lots WHERE account_id = $1 AND reference = $2 AND NOT revoked`, []any{reference}, &p.Amount, &p.Remaining)
	if tenant.IsNotFound(err) {
		return Part{}, nil
	}
	if err != nil {
		return Part{}, fmt.Errorf("what is left for %s: %w", reference, err)
	}
	return p, nil
}

// TakePart takes n credits that are left of a grant back, by its reference,
// because the money for them is given back. ErrInsufficient when fewer are
// left.
func TakePart(ctx context.Context, tx *tenant.Tx, reference string, n Credits) error {
	p, err := PartOf(ctx, tx, reference)
	if err != nil || n == 0 {
		return err
	}
	if n < 0 || n > p.Remaining {
		return fmt.Errorf("take %d of what was granted for %s: %w", n, reference, ErrInsufficient)
	}
	l, err := lotByReference(ctx, tx, reference)
	if err != nil {
		return err
	}
	if l.Effective.After(tx.Now()) { // it has not begun: it begins now, for what is left to be taken
		if err := change(ctx, tx, l, `counted = TRUE`, entry{kind: Granted, amount: l.Remaining, reference: l.Reference, lot: l.ID}); err != nil {
			return err
		}
	}
	return change(ctx, tx, l, fmt.Sprintf(`remaining = remaining - %d`, n), entry{kind: Adjusted, amount: -n, reference: l.Reference, lot: l.ID})
}
