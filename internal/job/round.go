package job

import (
	"context"
	"errors"
	"fmt"
	"time"

	"igny8/internal/db"
	"igny8/internal/tenant"
)

// Rows reads across accounts, with args that begin at $1.
type Rows interface {
	Each(ctx context.Context, query string, args []any, row func(tenant.Scan) error) error
}

// Round is work of the program's own that nobody orders: every so often it
// looks for the accounts in which something has become due, and sees to each
// in a transaction of its own.
//
// Every process makes its rounds, and two may come to one account at once: Do
// holds the account before it looks, and finds nothing to do where another has
// been. What it does is decided by the transaction's time, so that a round
// that comes late does what the ones before it would have done.
type Round struct {
	Name  string
	As    string // who does it, as the log writes it; empty: job
	Every time.Duration
	// Find is the accounts in which something is due at a moment, at most limit
	// of them.
	Find func(ctx context.Context, r Rows, at time.Time, limit int) ([]tenant.AccountID, error)
	Do   func(ctx context.Context, tx *tenant.Tx) error
}

// roundLimit is how many accounts are found at a time.
const roundLimit = 200

// Patrol makes a round from Start until Stop. It is called before Start.
func (q *Queue) Patrol(r Round) { q.rounds = append(q.rounds, r) }

// Make makes a round once, now. An account that fails keeps no other from its
// turn; it comes again with the next round.
func (q *Queue) Make(ctx context.Context, r Round) error {
	seen := map[tenant.AccountID]bool{}
	var failed error
	for {
		var due []tenant.AccountID
		at := q.d.Clock().Now()
		err := q.d.ViewAcross(ctx, func(ctx context.Context, v *db.View) (err error) {
			due, err = r.Find(ctx, v, at, roundLimit+len(seen))
			return err
		})
		if err != nil {
			return errors.Join(failed, fmt.Errorf("round %s: %w", r.Name, err))
		}
		fresh := 0
		for _, a := range due {
			if seen[a] {
				continue
			}
			seen[a] = true
			fresh++
			if err := q.updateAs(ctx, r.As, a, r.Do); err != nil {
				failed = errors.Join(failed, fmt.Errorf("round %s, account %s: %w", r.Name, a, err))
			}
			if ctx.Err() != nil {
				return errors.Join(failed, ctx.Err())
			}
		}
		if fresh == 0 {
			return failed
		}
	}
}
