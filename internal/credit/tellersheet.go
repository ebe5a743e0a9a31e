package credit

import (
	"context"
	"fmt"

	"igny8/internal/tenant"
)

// sheet is what a batch writes, in columns: one statement takes it all, and
// writes the rows of an account only if its balance is what its book was read
// as.
type sheet struct {
	groups  []*group
	written []*book // of the groups

	balance struct {
		account                                 []string
		was, looked, available, held, seq, next []int64
		head                                    [][]byte
	}
	lot struct {
		of        []int64 // the account's place in balance, from 1
		id        []string
		remaining []int64
	}
	hold struct {
		of                                  []int64
		id, operation, reference, site, lot []string
		amount, lease, created              []int64
	}
	part struct {
		of              []int64
		hold, lot       []string
		ordinal, amount []int64
	}
	end struct {
		of                  []int64
		account, id, status []string
		used, ended         []int64
	}
	entry struct {
		of                                               []int64
		seq, amount, balance, held, heldAfter, at        []int64
		id, kind, operation, reference, hold, lot, actor []string
		hash                                             [][]byte
	}
}

// add adds what a book did.
func (s *sheet) add(g *group, b *book) {
	s.groups, s.written = append(s.groups, g), append(s.written, b)
	of := int64(len(s.groups))
	w := &s.balance
	w.account = append(w.account, b.account)
	w.was, w.looked, w.seq, w.next = append(w.was, b.was), append(w.looked, b.looked), append(w.seq, b.seq), append(w.next, b.next)
	w.available, w.held, w.head = append(w.available, int64(b.available)), append(w.held, int64(b.held)), append(w.head, b.head[:])
	for _, l := range b.lots {
		if l.state != clean {
			w := &s.lot
			w.of, w.id, w.remaining = append(w.of, of), append(w.id, l.ID.String()), append(w.remaining, int64(l.Remaining))
		}
	}
	for _, h := range b.holds {
		s.addHold(of, h)
	}
	for i := range b.entries {
		e, w := &b.entries[i], &s.entry
		w.of, w.seq, w.at = append(w.of, of), append(w.seq, e.seq), append(w.at, e.at)
		w.amount, w.balance = append(w.amount, int64(e.amount)), append(w.balance, int64(e.balance))
		w.held, w.heldAfter = append(w.held, int64(e.held)), append(w.heldAfter, int64(e.heldAfter))
		w.id, w.kind = append(w.id, e.id.String()), append(w.kind, string(e.kind))
		w.operation, w.reference = append(w.operation, string(e.operation)), append(w.reference, e.reference)
		w.hold, w.lot = append(w.hold, e.hold.String()), append(w.lot, e.lot.String())
		w.actor, w.hash = append(w.actor, e.actor), append(w.hash, e.hash[:])
	}
}

func (s *sheet) addHold(of int64, h *hold) {
	if h.state == changed {
		w := &s.end
		w.of, w.account, w.id, w.status = append(w.of, of), append(w.account, s.written[of-1].account), append(w.id, h.id.String()), append(w.status, string(h.status))
		w.used, w.ended = append(w.used, int64(h.used)), append(w.ended, h.ended)
		return
	}
	w := &s.hold
	w.of, w.id, w.site = append(w.of, of), append(w.id, h.id.String()), append(w.site, h.want.Site)
	w.lot = append(w.lot, h.sole().String())
	w.operation, w.reference = append(w.operation, string(h.want.Operation)), append(w.reference, h.want.Reference)
	w.amount, w.lease, w.created = append(w.amount, int64(h.amount)), append(w.lease, h.lease), append(w.created, h.created)
	if !h.sole().IsZero() {
		return
	}
	for i, p := range h.parts {
		w := &s.part
		w.of, w.hold, w.lot = append(w.of, of), append(w.hold, h.id.String()), append(w.lot, p.lot.ID.String())
		w.ordinal, w.amount = append(w.ordinal, int64(i)), append(w.amount, int64(p.amount))
	}
}

// sheetReserves writes reservations; sheetAll what has ended as well. Foreign
// keys are looked at when all of it is there.
const (
	sheetReserves = `
	WITH ok AS (
		UPDATE credit_balances b SET available = w.available, held = w.held, seq = w.seq, next_change = NULLIF(w.next, 0), head = w.head, head_seq = w.seq
		FROM unnest($2::text[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[], $7::bigint[], $8::bigint[], $9::bytea[])
			WITH ORDINALITY AS w (account_id, was, looked, available, held, seq, next, head, place)
		WHERE b.account_id = w.account_id AND b.account_id = ANY ($1) AND b.seq = w.was AND coalesce(b.next_change, 0) = w.looked
		RETURNING b.account_id, w.place
	), lots AS (
		UPDATE credit_lots l SET remaining = w.remaining
		FROM unnest($10::bigint[], $11::text[], $12::bigint[]) AS w (place, id, remaining) JOIN ok USING (place)
		WHERE l.account_id = ok.account_id AND l.id = w.id
	), entries AS (
		INSERT INTO credit_entries (account_id, seq, id, kind, amount, balance_after, held_change, held_after,
			operation, reference, hold_id, lot_id, actor, created_at, hash)
		SELECT ok.account_id, w.seq, w.id, w.kind, w.amount, w.balance, w.held, w.held_after,
			w.operation, w.reference, NULLIF(w.hold, ''), NULLIF(w.lot, ''), w.actor, w.at, w.hash
		FROM unnest($13::bigint[], $14::bigint[], $15::text[], $16::text[], $17::bigint[], $18::bigint[], $19::bigint[], $20::bigint[],
			$21::text[], $22::text[], $23::text[], $24::text[], $25::text[], $26::bigint[], $27::bytea[])
			AS w (place, seq, id, kind, amount, balance, held, held_after, operation, reference, hold, lot, actor, at, hash) JOIN ok USING (place)
	), holds AS (
		INSERT INTO credit_holds (account_id, id, operation, reference, site_id, amount, state, fence, lease_until, lapses, lot_id, created_at)
		SELECT ok.account_id, w.id, w.operation, w.reference, NULLIF(w.site, ''), w.amount, 'open', 1, w.lease, TRUE, NULLIF(w.lot, ''), w.created
		FROM unnest($28::bigint[], $29::text[], $30::text[], $31::text[], $32::text[], $33::bigint[], $34::bigint[], $35::text[], $36::bigint[])
			AS w (place, id, operation, reference, site, amount, lease, lot, created) JOIN ok USING (place)
	), parts AS (
		INSERT INTO credit_hold_lots (account_id, hold_id, ordinal, lot_id, amount)
		SELECT ok.account_id, w.hold, w.ordinal, w.lot, w.amount
		FROM unnest($37::bigint[], $38::text[], $39::bigint[], $40::text[], $41::bigint[]) AS w (place, hold, ordinal, lot, amount) JOIN ok USING (place)
	)`
	sheetAll = sheetReserves + `, ends AS (
		UPDATE credit_holds h SET state = w.status, used = w.used, lease_until = NULL, ended_at = w.ended
		FROM unnest($42::bigint[], $43::text[], $44::text[], $45::text[], $46::bigint[], $47::bigint[]) AS w (place, account_id, id, status, used, ended) JOIN ok USING (place)
		WHERE h.account_id = w.account_id AND h.id = w.id AND h.ended_at IS NULL
	)`
	sheetOK = ` SELECT place FROM ok`
)

// send writes the sheet and commits. It returns the groups that were not
// written because their book was old.
func (s *sheet) send(ctx context.Context, j *tenant.Joint) ([]*group, error) {
	b, l, h, p, n, e := &s.balance, &s.lot, &s.hold, &s.part, &s.end, &s.entry
	args := []any{
		b.account, b.was, b.looked, b.available, b.held, b.seq, b.next, b.head,
		l.of, l.id, l.remaining,
		e.of, e.seq, e.id, e.kind, e.amount, e.balance, e.held, e.heldAfter, e.operation, e.reference, e.hold, e.lot, e.actor, e.at, e.hash,
		h.of, h.id, h.operation, h.reference, h.site, h.amount, h.lease, h.lot, h.created,
		p.of, p.hold, p.ordinal, p.lot, p.amount,
	}
	query := sheetReserves + sheetOK
	if len(n.id) > 0 {
		query = sheetAll + sheetOK
		args = append(args, n.of, n.account, n.id, n.status, n.used, n.ended)
	}
	ok := make([]bool, len(s.groups))
	err := j.Send(ctx, true, tenant.JointStatement{Query: query, Args: args, Row: func(scan tenant.Scan) error {
		var place int64
		if err := scan(&place); err != nil {
			return err
		}
		ok[place-1] = true
		return nil
	}})
	if err != nil {
		return nil, fmt.Errorf("write the credits of %d accounts: %w", len(s.groups), err)
	}
	var old []*group
	var written []*book
	for i, g := range s.groups {
		if ok[i] {
			written = append(written, s.written[i])
		} else {
			old = append(old, g)
		}
	}
	s.written = written
	return old, nil
}

// settle makes a book that was written the start of the next.
func (b *book) settle() {
	b.was, b.looked, b.holds, b.entries = b.seq, b.next, nil, nil
	keep := b.lots[:0]
	for _, l := range b.lots {
		l.state = clean
		if l.Remaining > 0 {
			keep = append(keep, l)
		}
	}
	clear(b.lots[len(keep):])
	b.lots = keep
}
