package credit

import (
	"context"
	"fmt"
	"slices"
	"time"

	"igny8/internal/clock"
	"igny8/internal/fault"
	"igny8/internal/id"
	"igny8/internal/tenant"
)

// ErrEntryNotFound is an entry that is not in the account's ledger.
var ErrEntryNotFound = fault.New(fault.NotFound, "credit.entry_not_found", "There is no such entry of the ledger.")

// ParseEntryID reads an entry's id.
func ParseEntryID(s string) (EntryID, error) { return id.Parse[entryKind](s) }

// EntryStory is an entry and what it is about: a hold, or a lot.
type EntryStory struct {
	Entry
	Hold HoldID // zero: it is about a lot
	Lot  LotID  // zero: it is about a hold
}

// ExplainEntry reads one entry of the ledger, or is ErrEntryNotFound.
func ExplainEntry(ctx context.Context, r tenant.Reader, eid EntryID) (EntryStory, error) {
	all, err := stories(ctx, r, `AND id = $2`, eid)
	if err == nil && len(all) == 0 {
		err = ErrEntryNotFound
	}
	if err != nil {
		return EntryStory{}, fmt.Errorf("entry %s: %w", eid, err)
	}
	return all[0], nil
}

func stories(ctx context.Context, r tenant.Reader, where string, args ...any) ([]EntryStory, error) {
	var all []EntryStory
	err := r.Each(ctx, `
		SELECT id, seq, kind, amount, balance_after, held_change, held_after, operation, reference, actor, created_at, hold_id, lot_id
		FROM credit_entries WHERE account_id = $1 `+where, args, func(scan tenant.Scan) error {
		var e EntryStory
		var at int64
		err := scan(&e.ID, &e.Seq, &e.Kind, &e.Amount, &e.BalanceAfter, &e.HeldChange, &e.HeldAfter, &e.Operation, &e.Reference, &e.Actor, &at, &e.Hold, &e.Lot)
		e.At = clock.FromMicros(at)
		all = append(all, e)
		return err
	})
	return all, err
}

// HoldStory is a hold, from which lots it was taken, and what they got back.
type HoldStory struct {
	ID        HoldID
	Operation Operation
	Reference string // what the work was about
	State     string // reserved, open, settled or released
	Amount    Credits
	Used      Credits // of it; none before it is settled
	Created   time.Time
	Ended     time.Time // zero: not yet
	Shares    []Share
}

// Share is what a hold took from a lot. Paid is what it used of that.
type Share struct {
	Lot               LotID
	Taken, Back, Paid Credits
}

// ExplainHold reads one hold, or is ErrHoldNotFound.
func ExplainHold(ctx context.Context, r tenant.Reader, hid HoldID) (HoldStory, error) {
	all, err := holdStories(ctx, r, `= $2`, hid)
	if err == nil && len(all) == 0 {
		err = ErrHoldNotFound
	}
	if err != nil {
		return HoldStory{}, fmt.Errorf("hold %s: %w", hid, err)
	}
	return all[0], nil
}

// holdStories reads holds by a condition on their id, oldest first.
func holdStories(ctx context.Context, r tenant.Reader, which string, args ...any) ([]HoldStory, error) {
	var all []HoldStory
	err := r.Each(ctx, `
		SELECT h.id, h.operation, h.reference, h.state, h.amount, h.used, h.created_at, h.ended_at, coalesce(p.lot_id, h.lot_id), coalesce(p.amount, h.amount)
		FROM credit_holds h LEFT JOIN credit_hold_lots p ON p.account_id = h.account_id AND p.hold_id = h.id
		WHERE h.account_id = $1 AND h.id `+which+` ORDER BY h.id, p.ordinal`, args, func(scan tenant.Scan) error {
		var h HoldStory
		var s Share
		var created int64
		var ended *int64
		if err := scan(&h.ID, &h.Operation, &h.Reference, &h.State, &h.Amount, &h.Used, &created, &ended, &s.Lot, &s.Taken); err != nil {
			return err
		}
		if n := len(all); n == 0 || all[n-1].ID != h.ID {
			h.Created, h.Ended = clock.FromMicros(created), clock.FromNull(ended)
			all = append(all, h)
		}
		last := &all[len(all)-1]
		last.Shares = append(last.Shares, s)
		return nil
	})
	for i := range all {
		all[i].giveBack()
	}
	return all, err
}

// giveBack works out what each lot got back and paid: see book.end.
func (h *HoldStory) giveBack() {
	if h.Ended.IsZero() {
		return
	}
	rest := h.Amount - h.Used
	for i := range slices.Backward(h.Shares) {
		s := &h.Shares[i]
		s.Back = min(rest, s.Taken)
		s.Paid = s.Taken - s.Back
		rest -= s.Back
	}
}

// LotStory is a grant and what became of all of it: what was spent, held,
// expired and taken back, and what is left of it, make its amount.
type LotStory struct {
	Lot
	Begun    bool // it counts
	Revoked  bool // what paid for it was undone
	Spent    Credits
	Held     Credits
	Expired  Credits
	Adjusted Credits
	Owed     Credits // of what was spent, because what paid for it was undone
}

// ExplainLot reads one grant, or is ErrLotNotFound.
func ExplainLot(ctx context.Context, r tenant.Reader, lid LotID) (LotStory, error) {
	s, err := explainLot(ctx, r, lid)
	if err != nil {
		return LotStory{}, fmt.Errorf("lot %s: %w", lid, err)
	}
	return s, nil
}

func explainLot(ctx context.Context, r tenant.Reader, lid LotID) (LotStory, error) {
	l, err := scanLot(func(dest ...any) error {
		return r.Get(ctx, `
			SELECT id, source, reference, amount, remaining, priority, counted, revoked, effective_at, expires_at
			FROM credit_lots WHERE account_id = $1 AND id = $2`, []any{lid}, dest...)
	})
	if tenant.IsNotFound(err) {
		err = ErrLotNotFound
	}
	if err != nil {
		return LotStory{}, err
	}
	s := LotStory{Lot: l.Lot, Begun: l.counted, Revoked: l.revoked}
	err = r.Get(ctx, `
		SELECT (SELECT coalesce(-sum(amount), 0) FROM credit_entries WHERE account_id = $1 AND lot_id = $2 AND kind = 'expire'),
			(SELECT coalesce(-sum(amount), 0) FROM credit_entries WHERE account_id = $1 AND lot_id = $2 AND kind = 'adjust'),
			(SELECT coalesce(sum(remaining), 0) FROM credit_debts WHERE account_id = $1 AND lot_id = $2),
			(SELECT coalesce(sum(p.amount), 0) FROM credit_hold_lots p JOIN credit_holds h ON h.account_id = p.account_id AND h.id = p.hold_id
				WHERE p.account_id = $1 AND p.lot_id = $2 AND h.ended_at IS NULL)
			+ (SELECT coalesce(sum(amount), 0) FROM credit_holds WHERE account_id = $1 AND lot_id = $2 AND ended_at IS NULL)`, []any{lid}, &s.Expired, &s.Adjusted, &s.Owed, &s.Held)
	s.Spent = s.Amount - s.Remaining - s.Held - s.Expired - s.Adjusted
	return s, err
}

// HoldsOf is the holds that took from a lot, oldest first, from the one after
// on, at most limit.
func HoldsOf(ctx context.Context, r tenant.Reader, lid LotID, after HoldID, limit int) ([]HoldStory, error) {
	all, err := holdStories(ctx, r, `IN (
		SELECT hold_id FROM (
			SELECT hold_id FROM (SELECT hold_id FROM credit_hold_lots WHERE account_id = $1 AND lot_id = $2 AND hold_id > $3 ORDER BY hold_id LIMIT $4) p
			UNION ALL
			SELECT id FROM (SELECT id FROM credit_holds WHERE account_id = $1 AND lot_id = $2 AND id > $3 ORDER BY id LIMIT $4) h) t
		ORDER BY hold_id LIMIT $4)`, lid, after.String(), limit)
	if err != nil {
		return nil, fmt.Errorf("what took from lot %s: %w", lid, err)
	}
	return all, nil
}

// EntriesOf is the entries about a lot itself, oldest first and at most limit:
// it was granted, it expired, the operator took of it, or a debt.
func EntriesOf(ctx context.Context, r tenant.Reader, lid LotID, limit int) ([]Entry, error) {
	found, err := stories(ctx, r, `AND lot_id = $2 ORDER BY seq LIMIT $3`, lid, limit)
	if err != nil {
		return nil, fmt.Errorf("entries of lot %s: %w", lid, err)
	}
	all := make([]Entry, 0, len(found))
	for _, e := range found {
		all = append(all, e.Entry)
	}
	return all, nil
}
