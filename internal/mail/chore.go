package mail

import (
	"context"
	"fmt"
	"time"

	"igny8/internal/clock"
	"igny8/internal/job"
	"igny8/internal/tenant"
)

// Kept is how long it can be looked up who got what, after a letter was sent
// or given up.
const Kept = 90 * 24 * time.Hour

// part is how many letters are put away in one transaction.
const part = 500

// Chore puts away the letters that have been done with for long.
func (f *Office) Chore() job.Chore {
	return job.Chore{Name: "old letters", Every: time.Hour, Do: f.putAway}
}

// Forget deletes the letters to an address that have gone or been given up: who
// had it is forgotten. What has yet to go tells him of that.
func (f *Office) Forget(ctx context.Context, tx *tenant.SharedTx, address string) error {
	if _, err := tx.Exec(ctx, `DELETE FROM letters WHERE recipient = $1 AND state <> 'queued'`, address); err != nil {
		return fmt.Errorf("forget the letters to somebody: %w", err)
	}
	return nil
}

func (f *Office) putAway(ctx context.Context) (more bool, err error) {
	err = f.st.UpdateShared(ctx, func(ctx context.Context, tx *tenant.SharedTx) error {
		n, err := tx.Exec(ctx, `
			DELETE FROM letters WHERE id IN (SELECT id FROM letters WHERE state <> 'queued' AND done_at < $1 ORDER BY id LIMIT $2)`,
			clock.Micros(tx.Now().Add(-Kept)), part)
		if err != nil {
			return fmt.Errorf("put letters away: %w", err)
		}
		more = n == part
		return nil
	})
	return more, err
}
