package credit

import (
	"context"
	"fmt"
	"time"

	"igny8/internal/clock"
	"igny8/internal/id"
	"igny8/internal/tenant"
)

// Source is where a lot's credits come from.
type Source string

// The sources. Plan credits are spent before all others.
const (
	PlanCredits  Source = "plan"
	BonusCredits Source = "bonus"
	Purchase     Source = "purchase"
	Adjustment   Source = "adjustment"
	Refund       Source = "refund"
)

// priority orders lots for spending, lowest first: what goes with the period
// before what stays, what was given before what was bought.
func (s Source) priority() int64 {
	switch s {
	case PlanCredits:
		return 10
	case BonusCredits:
		return 20
	case Adjustment:
		return 30
	case Refund:
		return 40
	case Purchase:
		return 50
	}
	return 50
}

// NewLot is what a grant needs to know.
type NewLot struct {
	Source    Source
	Reference string // what it is granted for; the same reference is granted once, for ever
	Amount    Credits
	Effective time.Time // zero: at once
	Expires   time.Time // zero: never
}

// Lot is a grant and what is left of it.
type Lot struct {
	ID        LotID
	Source    Source
	Reference string
	Amount    Credits
	Remaining Credits // neither spent nor held
	Effective time.Time
	Expires   time.Time // zero: never
}

// Grant gives the account credits. Granting the same reference again changes
// nothing and answers the first lot.
func Grant(ctx context.Context, tx *tenant.Tx, n NewLot) (Lot, error) {
	l := Lot{ID: id.New[lotKind](), Source: n.Source, Reference: n.Reference, Amount: n.Amount, Remaining: n.Amount, Effective: n.Effective, Expires: n.Expires}
	if n.Amount <= 0 {
		return Lot{}, fmt.Errorf("grant %d for %s: %w", n.Amount, n.Reference, ErrInvalidAmount)
	}
	if l.Effective.IsZero() {
		l.Effective = tx.Now()
	}
	if _, err := tx.Exec(ctx, `
		INSERT INTO credit_balances (account_id, available, held, seq) VALUES ($1, 0, 0, 0)
		ON CONFLICT (account_id) DO NOTHING`); err != nil {
		return Lot{}, fmt.Errorf("open the balance: %w", err)
	}
	added, err := tx.Exec(ctx, `
		INSERT INTO credit_lots (account_id, id, source, reference, amount, remaining, priority, counted, effective_at, expires_at, created_at)
		VALUES ($1, $2, $3, $4, $5, $5, $6, FALSE, $7, $8, $9)
		ON CONFLICT (account_id, reference) DO NOTHING`,
		l.ID, string(l.Source), l.Reference, l.Amount, l.Source.priority(),
		clock.Micros(l.Effective), clock.MicrosOrNull(l.Expires), clock.Micros(tx.Now()))
	if err != nil {
		return Lot{}, fmt.Errorf("grant %d for %s: %w", n.Amount, n.Reference, err)
	}
	if added == 0 {
		return lotByReference(ctx, tx, n.Reference)
	}
	b, err := read(ctx, tx)
	if err != nil {
		return Lot{}, err
	}
	b.bringForward(clock.Micros(l.Effective))
	if b.due(clock.Micros(tx.Now())) {
		if err := b.catchTime(ctx, tx); err != nil {
			return Lot{}, err
		}
	}
	if err := b.write(ctx, tx); err != nil {
		return Lot{}, err
	}
	return l, expectGrant(ctx, tx, n)
}

func lotByReference(ctx context.Context, r tenant.Reader, reference string) (Lot, error) {
	lots, err := lots(ctx, r, `AND reference = $2`, reference)
	if err != nil || len(lots) == 0 {
		return Lot{}, fmt.Errorf("lot for %s: %w", reference, err)
	}
	return lots[0], nil
}

// GrantedFor is what was granted for a reference, and whether anything was.
func GrantedFor(ctx context.Context, r tenant.Reader, reference string) (Lot, bool, error) {
	found, err := lots(ctx, r, `AND reference = $2`, reference)
	if err != nil || len(found) == 0 {
		return Lot{}, false, err
	}
	return found[0], true, nil
}

// Lots lists what the account can spend at the reader's moment, in the order
// in which it will be spent.
func Lots(ctx context.Context, r tenant.Reader) ([]Lot, error) {
	return lots(ctx, r, `AND remaining > 0 AND `+spendableLot, clock.Micros(r.Now()))
}

func lots(ctx context.Context, r tenant.Reader, where string, args ...any) ([]Lot, error) {
	var all []Lot
	err := r.Each(ctx, `
		SELECT id, source, reference, amount, remaining, effective_at, expires_at FROM credit_lots l
		WHERE account_id = $1 `+where+inOrder, args, func(scan tenant.Scan) error {
		var l Lot
		var effective int64
		var expires *int64
		err := scan(&l.ID, &l.Source, &l.Reference, &l.Amount, &l.Remaining, &effective, &expires)
		l.Effective, l.Expires = clock.FromMicros(effective), clock.FromNull(expires)
		all = append(all, l)
		return err
	})
	return all, err
}

// inOrder is the order in which lots are spent.
const inOrder = ` ORDER BY priority, expires_at NULLS LAST, id`
