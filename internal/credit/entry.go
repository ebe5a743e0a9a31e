package credit

import (
	"context"
	"fmt"
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

// UsageLine is what one operation spent in one UTC day.
type UsageLine struct {
	Day       string // 2030-01-31
	Operation Operation
	Credits   Credits
	Count     int64
}

// Usage sums what was spent from one moment until another, by day and
// operation, oldest first.
func Usage(ctx context.Context, r tenant.Reader, from, until time.Time) ([]UsageLine, error) {
	const day = 24 * 60 * 60 * 1_000_000
	var all []UsageLine
	err := r.Each(ctx, `
		SELECT created_at / `+fmt.Sprint(int64(day))+`, operation, sum(-(amount + held_change)), count(*)
		FROM credit_entries
		WHERE account_id = $1 AND kind = 'settle' AND created_at >= $2 AND created_at < $3
		GROUP BY 1, 2 ORDER BY 1, 2`, []any{clock.Micros(from), clock.Micros(until)},
		func(scan tenant.Scan) error {
			var l UsageLine
			var number int64
			err := scan(&number, &l.Operation, &l.Credits, &l.Count)
			l.Day = clock.FromMicros(number * day).Format(time.DateOnly)
			all = append(all, l)
			return err
		})
	return all, err
}
