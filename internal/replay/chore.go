package replay

import (
	"context"
	"fmt"
	"time"

	"igny8/internal/clock"
	"igny8/internal/db"
	"igny8/internal/job"
)

// lost is how long after its Lease a claim that nobody answered is put away:
// long after who made it could still keep an answer.
const lost = time.Hour

// part is how many claims are put away in one transaction.
const part = 500

// Chore puts away claims that nobody will answer. A request that is sent again
// is begun again, as it would be with the claim still there. Answers are kept
// as long as their owner: see Erase.
func (l *Log) Chore() job.Chore {
	return job.Chore{Name: "lost claims", Every: time.Hour, Do: l.putAway}
}

func (l *Log) putAway(ctx context.Context) (more bool, err error) {
	err = l.db.Update(ctx, func(ctx context.Context, tx *db.Tx) error {
		before := clock.Micros(tx.Now().Add(-lost))
		n, err := tx.Exec(ctx, `
			DELETE FROM replay_answers WHERE answer IS NULL AND claimed_until < $1 AND (owner, key_hash) IN (
				SELECT owner, key_hash FROM replay_answers WHERE answer IS NULL AND claimed_until < $1 ORDER BY owner, key_hash LIMIT $2)`, before, part)
		if err != nil {
			return fmt.Errorf("put claims away: %w", err)
		}
		more = n == part
		return nil
	})
	return more, err
}
