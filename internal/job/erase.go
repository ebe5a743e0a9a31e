package job

import (
	"context"
	"fmt"

	"igny8/internal/tenant"
)

// Erase deletes jobs, at most limit of them, and says how many: none when
// nothing is left. The caller knows that all have ended.
func Erase(ctx context.Context, tx *tenant.Tx, limit int) (int64, error) {
	n, err := tx.Purge(ctx, limit,
		`DELETE FROM jobs WHERE account_id = $1 AND id IN (SELECT id FROM jobs WHERE account_id = $1 LIMIT $2)`)
	if err != nil {
		return 0, fmt.Errorf("erase job: %w", err)
	}
	return n, nil
}
