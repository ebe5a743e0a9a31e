package credit

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"fmt"

	"igny8/internal/tenant"
)

// chainHash is a link of an account's chain: the SHA-256 of the link before and
// of everything that the entry says. Whoever changes, removes or slips in an
// entry has to write every later one anew.
type chainHash [sha256.Size]byte

const chainVersion = "igny8 credit entry 1"

// said is what an entry says: all that its link is made of, in plain types.
type said struct {
	seq, amount, balance, held, heldAfter, at      int64
	id, kind, operation, reference, hold, lot, who string
}

// link continues the chain of an account by one entry. The link before the
// first entry is zero.
func (prev chainHash) link(account string, e *row) chainHash {
	s := said{
		seq: e.seq, amount: int64(e.amount), balance: int64(e.balance), held: int64(e.held), heldAfter: int64(e.heldAfter), at: e.at,
		id: e.id.String(), kind: string(e.kind), operation: string(e.operation), reference: e.reference,
		hold: e.hold.String(), lot: e.lot.String(), who: e.actor,
	}
	return sha256.Sum256(s.append(make([]byte, 0, 512), prev, account))
}

// append adds what the link of the entry is the hash of. Texts are preceded by
// their length and numbers are eight bytes, so that no two entries read the
// same.
func (s *said) append(b []byte, prev chainHash, account string) []byte {
	text := func(s string) {
		b = binary.AppendUvarint(b, uint64(len(s)))
		b = append(b, s...)
	}
	number := func(n int64) { b = binary.BigEndian.AppendUint64(b, uint64(n)) }
	b = append(b, chainVersion...)
	b = append(b, prev[:]...)
	text(account)
	number(s.seq)
	text(s.id)
	text(s.kind)
	number(s.amount)
	number(s.balance)
	number(s.held)
	number(s.heldAfter)
	text(s.operation)
	text(s.reference)
	text(s.hold)
	text(s.lot)
	text(s.who)
	number(s.at)
	return b
}

// catchUp works out the link of the account's newest entry from that of the entry
// known. The release before this one writes entries without a link.
func (b *book) catchUp(ctx context.Context, r tenant.Reader, known int64) error {
	for known < b.seq {
		rows, err := rowsAfter(ctx, r, known, catchUpPage)
		if err != nil {
			return fmt.Errorf("continue the chain after entry %d: %w", known, err)
		}
		if len(rows) == 0 {
			return fmt.Errorf("continue the chain: entry %d of %d is missing", known+1, b.seq)
		}
		for i := range rows {
			b.head = b.head.link(b.account, &rows[i])
		}
		known = rows[len(rows)-1].seq
	}
	return nil
}

const catchUpPage = 10_000

// rowsAfter reads entries in their order.
func rowsAfter(ctx context.Context, r tenant.Reader, seq int64, limit int) ([]row, error) {
	var all []row
	err := r.Each(ctx, `
		SELECT seq, id, kind, amount, balance_after, held_change, held_after, operation, reference, hold_id, lot_id, actor, created_at
		FROM credit_entries WHERE account_id = $1 AND seq > $2 ORDER BY seq LIMIT $3`, []any{seq, limit}, func(scan tenant.Scan) error {
		var e row
		err := scan(&e.seq, &e.id, &e.kind, &e.amount, &e.balance, &e.held, &e.heldAfter, &e.operation, &e.reference, &e.hold, &e.lot, &e.actor, &e.at)
		all = append(all, e)
		return err
	})
	return all, err
}
