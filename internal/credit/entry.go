package credit

import (
	"context"
	"time"

	"igny8/internal/clock"
	"igny8/internal/tenant"
)

// Kind is what an entry of the ledger records.
type Kind string

// The kinds of entries.
const (
	Granted  Kind = "grant"
	Reserved Kind = "reserve"
	Settled  Kind = "settle"
	Released Kind = "release"
	Expired  Kind = "expire"
	Adjusted Kind = "adjust" // taken back by the operator; what he gives is a grant
)

// Entry is one line of the ledger. Amount and HeldChange are what the line
// did to the two parts of the balance; BalanceAfter and HeldAfter are their
// running sums.
type Entry struct {
	ID           EntryID
	Seq          int64 // 1, 2, 3, ... within the account
	Kind         Kind
	Amount       Credits
	BalanceAfter Credits // available
	HeldChange   Credits
	HeldAfter    Credits
	Operation    Operation // empty for grants and expiry
	Reference    string
	Actor        string
	At           time.Time
}

// Spent is what left the account for good with this entry.
func (e Entry) Spent() Credits {
	if e.Kind == Settled {
		return -(e.Amount + e.HeldChange)
	}
	return 0
}

// Page says which entries are wanted.
type Page struct {
	Before int64 // entries with a smaller Seq; zero: from the newest
	Limit  int   // zero: 50
}

// Entries lists the ledger, newest first.
func Entries(ctx context.Context, r tenant.Reader, p Page) ([]Entry, error) {
	before := int64(1<<63 - 1)
	if p.Before > 0 {
		before = p.Before
	}
	limit := 50
	if p.Limit > 0 {
		limit = p.Limit
	}
	var all []Entry
	err := r.Each(ctx, `
		SELECT id, seq, kind, amount, balance_after, held_change, held_after, operation, reference, actor, created_at
		FROM credit_entries WHERE account_id = $1 AND seq < $2 ORDER BY seq DESC LIMIT $3`, []any{before, limit},
		func(scan tenant.Scan) error {
			var e Entry
			var at int64
			err := scan(&e.ID, &e.Seq, &e.Kind, &e.Amount, &e.BalanceAfter, &e.HeldChange, &e.HeldAfter, &e.Operation, &e.Reference, &e.Actor, &at)
			e.At = clock.FromMicros(at)
			all = append(all, e)
			return err
		})
	return all, err
}
