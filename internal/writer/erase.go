package writer

import (
	"context"
	"fmt"

	"igny8/internal/tenant"
)

// Erase deletes articles in all their versions, and tasks, at most limit of
// them, and says how many: none when nothing is left.
func Erase(ctx context.Context, tx *tenant.Tx, limit int) (int64, error) {
	n, err := tx.Purge(ctx, limit,
		`DELETE FROM content_versions WHERE account_id = $1 AND (content_id, version) IN (SELECT content_id, version FROM content_versions WHERE account_id = $1 LIMIT $2)`,
		`DELETE FROM contents WHERE account_id = $1 AND id IN (SELECT id FROM contents WHERE account_id = $1 LIMIT $2)`,
		`DELETE FROM tasks WHERE account_id = $1 AND id IN (SELECT id FROM tasks WHERE account_id = $1 LIMIT $2)`)
	if err != nil {
		return 0, fmt.Errorf("erase writer: %w", err)
	}
	return n, nil
}
