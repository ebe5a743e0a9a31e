package flag

import (
	"context"
	"fmt"

	"igny8/internal/tenant"
)

// Erase deletes what was switched for the account alone, at most limit of it,
// and says how much: none when nothing is left.
func Erase(ctx context.Context, tx *tenant.Tx, limit int) (int64, error) {
	n, err := tx.Purge(ctx, limit,
		`DELETE FROM flag_overrides WHERE account_id = $1 AND name IN (SELECT name FROM flag_overrides WHERE account_id = $1 LIMIT $2)`)
	if err != nil {
		return 0, fmt.Errorf("erase flag: %w", err)
	}
	return n, nil
}
