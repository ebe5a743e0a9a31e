package job

import (
	"context"
	"fmt"
	"time"
)

// Chore is Round for what belongs to no account, such as putting away what
// nobody needs any more: every so often some of it is done, as long as there
// is more.
//
// Every process does its chores, and two may be at one at once: what Do does
// is the same whoever does it, and however often.
type Chore struct {
	Name  string
	Every time.Duration
	// Do does a part, in a transaction of the room whose chore it is, and tells
	// whether there is more.
	Do func(ctx context.Context) (more bool, err error)
}

// Tend does a chore from Start until Stop. It is called before Start.
func (q *Queue) Tend(c Chore) { q.chores = append(q.chores, c) }

// Do does all of a chore that there is, now.
func (q *Queue) Do(ctx context.Context, c Chore) error {
	for more := true; more; {
		var err error
		if more, err = c.Do(ctx); err != nil {
			return fmt.Errorf("chore %s: %w", c.Name, err)
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
	}
	return nil
}

// every does something now and then, until ctx ends, and logs what fails.
func (q *Queue) every(ctx context.Context, pause time.Duration, kind, name string, do func(context.Context) error) {
	tick := time.NewTicker(pause)
	defer tick.Stop()
	for {
		if err := do(ctx); err != nil && ctx.Err() == nil {
			q.log.WarnContext(ctx, kind+" failed", kind, name, "err", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}
