package site

import (
	"context"
	"fmt"

	"igny8/internal/tenant"
)

// Erase deletes sites and their sectors, at most limit of them, and says how
// many: none when nothing is left.
func Erase(ctx context.Context, tx *tenant.Tx, limit int) (int64, error) {
	n, err := tx.Purge(ctx, limit,
		`DELETE FROM sectors WHERE account_id = $1 AND id IN (SELECT id FROM sectors WHERE account_id = $1 LIMIT $2)`,
		`DELETE FROM sites WHERE account_id = $1 AND id IN (SELECT id FROM sites WHERE account_id = $1 LIMIT $2)`)
	if err != nil {
		return 0, fmt.Errorf("erase site: %w", err)
	}
	return n, nil
}
