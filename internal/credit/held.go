package credit

import (
	"context"
	"fmt"
	"time"

	"igny8/internal/clock"
	"igny8/internal/tenant"
)

// Held is a hold as it is shown.
type Held struct {
	ID        HoldID
	Operation Operation
	Reference string
	Site      string // empty: for none
	Amount    Credits
	Used      Credits // of one that was settled
	State     string  // reserved, open, settled, released
	Lapses    bool    // ends by itself at Until
	Until     time.Time
	Created   time.Time
	Ended     time.Time // zero: not yet
	Overrun   *Overrun  // nil: it cost no more than was held
}

// LoadHeld is one hold, as it is at the reader's moment. ErrHoldNotFound when
// there is none.
func LoadHeld(ctx context.Context, r tenant.Reader, hid HoldID) (Held, error) {
	all, err := heldWhere(ctx, r, `AND id = $2`, hid)
	if err == nil && len(all) == 0 {
		err = ErrHoldNotFound
	}
	if err != nil {
		return Held{}, fmt.Errorf("load %s: %w", hid, err)
	}
	return all[0], nil
}

// Holds lists holds, newest first, those before one of them; the zero before
// begins with the newest.
func Holds(ctx context.Context, r tenant.Reader, before HoldID, limit int) ([]Held, error) {
	all, err := heldWhere(ctx, r, `AND ($2 = '' OR id < $2) ORDER BY id DESC LIMIT $3`, before.String(), limit)
	if err != nil {
		return nil, fmt.Errorf("list holds: %w", err)
	}
	return all, nil
}

func heldWhere(ctx context.Context, r tenant.Reader, where string, args ...any) ([]Held, error) {
	var all []Held
	err := r.Each(ctx, `
		SELECT id, operation, reference, coalesce(site_id, ''), amount, used, state, lapses, lease_until, h.created_at, ended_at,
			charged, extra_id, unpaid, reason
		FROM credit_holds h LEFT JOIN credit_overruns o ON o.account_id = h.account_id AND o.hold_id = h.id
		WHERE h.account_id = $1 `+where, args, func(scan tenant.Scan) error {
		var h Held
		var created int64
		var until, ended *int64
		var charged, unpaid *Credits
		var reason *string
		var o Overrun
		err := scan(&h.ID, &h.Operation, &h.Reference, &h.Site, &h.Amount, &h.Used, &h.State, &h.Lapses, &until, &created, &ended,
			&charged, &o.Extra, &unpaid, &reason)
		if charged != nil {
			o.Charged, o.Unpaid, o.Reason = *charged, *unpaid, *reason
			h.Overrun = &o
		}
		h.Until, h.Created, h.Ended = clock.FromNull(until), clock.FromMicros(created), clock.FromNull(ended)
		if h.Lapses && h.Ended.IsZero() && !h.Until.After(r.Now()) { // time has ended it, whether or not anybody looked
			h.State, h.Ended = string(released), h.Until
		}
		all = append(all, h)
		return err
	})
	return all, err
}
