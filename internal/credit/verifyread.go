package credit

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"igny8/internal/tenant"
)

func (x *examiner) readBalance(ctx context.Context, r tenant.Reader) error {
	var next, headSeq *int64
	var head []byte
	s := &x.stated
	err := r.Get(ctx, `SELECT available, held, seq, next_change, head, head_seq FROM credit_balances WHERE account_id = $1`, nil,
		&s.available, &s.held, &s.seq, &next, &head, &headSeq)
	if tenant.IsNotFound(err) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("balance: %w", err)
	}
	s.there, s.next, s.headSeq = true, orZero(next), orZero(headSeq)
	copy(s.head[:], head)
	if (len(head) == 0) != (headSeq == nil) {
		x.say("the balance has a head of the chain, or says where it is, without the other")
	}
	return nil
}

func (x *examiner) readLots(ctx context.Context, r tenant.Reader) error {
	return r.Each(ctx, `
		SELECT id, reference, amount, remaining, counted, revoked, effective_at, coalesce(expires_at, 0)
		FROM credit_lots WHERE account_id = $1 ORDER BY created_at, id`, nil, func(scan tenant.Scan) error {
		var l pastLot
		if err := scan(&l.id, &l.reference, &l.amount, &l.remaining, &l.counted, &l.revoked, &l.effective, &l.expires); err != nil {
			return fmt.Errorf("lots: %w", err)
		}
		x.lotAt[l.id] = int32(len(x.lots))
		x.lots = append(x.lots, l)
		return nil
	})
}

func (x *examiner) readHolds(ctx context.Context, r tenant.Reader) error {
	var texts, id, operation, reference, state string
	err := r.Each(ctx, `
		SELECT amount, used, CASE WHEN lapses THEN coalesce(lease_until, 0) ELSE 0 END, coalesce(ended_at, 0),
			concat_ws($2, id, state, operation, reference)
		FROM credit_holds WHERE account_id = $1`, []any{between}, func(scan tenant.Scan) error {
		var h pastHold
		if err := scan(&h.amount, &h.used, &h.lapse, &h.ended, &texts); err != nil {
			return err
		}
		cut(texts, &id, &state, &operation, &reference)
		if len(id) != len(h.name) {
			x.say("hold %q has a name that is none", id)
			return nil
		}
		copy(h.name[:], id)
		h.what = x.what(operation, reference)
		if h.status = statusOf(state); h.status == "" {
			x.say("hold %s has the state %q, which is none", id, state)
		}
		x.holds = append(x.holds, h)
		return nil
	})
	if err != nil {
		return fmt.Errorf("holds: %w", err)
	}
	byName := func(a, b pastHold) int { return bytes.Compare(a.name[:], b.name[:]) }
	if !slices.IsSortedFunc(x.holds, byName) {
		slices.SortFunc(x.holds, byName)
	}
	return nil
}

// between stands between texts that are read as one, which is what makes a
// million rows quick. The last of them may have it in it.
const between = "\x1f"

// cut takes the texts apart.
func cut(texts string, into ...*string) {
	for i, s := range into {
		if i == len(into)-1 {
			*s = texts
			return
		}
		*s, texts, _ = strings.Cut(texts, between)
	}
}

// statusOf is the state of that name, which costs no memory; "" for none.
func statusOf(s string) status {
	for _, known := range []status{reserved, opened, settled, released} {
		if s == string(known) {
			return known
		}
	}
	return ""
}

func (x *examiner) readParts(ctx context.Context, r tenant.Reader) error {
	var texts, hold, lot string
	at := -1
	err := r.Each(ctx, `
		SELECT ordinal, amount, concat_ws($2, hold_id, lot_id) FROM credit_hold_lots WHERE account_id = $1
		UNION ALL SELECT 0, amount, concat_ws($2, id, lot_id) FROM credit_holds WHERE account_id = $1 AND lot_id IS NOT NULL`, []any{between}, func(scan tenant.Scan) error {
		var p pastPart
		if err := scan(&p.ordinal, &p.amount, &texts); err != nil {
			return err
		}
		cut(texts, &hold, &lot)
		if at+1 < len(x.holds) && string(x.holds[at+1].name[:]) == hold { // they mostly come in order
			at++
		} else if at < 0 || string(x.holds[at].name[:]) != hold {
			at = x.hold(hold)
		}
		l, ok := x.lotAt[lot]
		switch {
		case at < 0:
			x.say("hold %s took %d from lot %s, and is not there", hold, p.amount, lot)
			return nil
		case !ok:
			x.say("hold %s took %d from lot %s, which is not there", hold, p.amount, lot)
			return nil
		}
		p.hold, p.lot = int32(at), l
		x.parts = append(x.parts, p)
		return nil
	})
	if err != nil {
		return fmt.Errorf("parts of holds: %w", err)
	}
	inOrder := func(a, b pastPart) int { return cmp.Or(cmp.Compare(a.hold, b.hold), cmp.Compare(a.ordinal, b.ordinal)) }
	if !slices.IsSortedFunc(x.parts, inOrder) {
		slices.SortFunc(x.parts, inOrder)
	}
	for i, p := range x.parts {
		h := &x.holds[p.hold]
		if h.parts == 0 {
			h.first = int32(i)
		}
		h.parts++
	}
	return nil
}

func (x *examiner) readDebts(ctx context.Context, r tenant.Reader) error {
	return r.Each(ctx, `SELECT lot_id, amount, remaining FROM credit_debts WHERE account_id = $1 ORDER BY lot_id`, nil, func(scan tenant.Scan) error {
		var d pastDebt
		err := scan(&d.lot, &d.amount, &d.remaining)
		x.debts = append(x.debts, d)
		return err
	})
}
