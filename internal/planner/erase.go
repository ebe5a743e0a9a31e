package planner

import (
	"context"
	"fmt"

	"igny8/internal/tenant"
)

// Erase deletes keywords, clusters, ideas and the files that they came in, at
// most limit of them, and says how many: none when nothing is left.
func Erase(ctx context.Context, tx *tenant.Tx, limit int) (int64, error) {
	n, err := tx.Purge(ctx, limit,
		`DELETE FROM import_rejections WHERE account_id = $1 AND job_id IN (SELECT job_id FROM import_rejections WHERE account_id = $1 LIMIT $2)`,
		`DELETE FROM uploads WHERE account_id = $1 AND id IN (SELECT id FROM uploads WHERE account_id = $1 LIMIT $2)`,
		`DELETE FROM ideas WHERE account_id = $1 AND id IN (SELECT id FROM ideas WHERE account_id = $1 LIMIT $2)`,
		`DELETE FROM keyword_results WHERE account_id = $1 AND (keyword_id, position) IN (SELECT keyword_id, position FROM keyword_results WHERE account_id = $1 LIMIT $2)`,
		`DELETE FROM keywords WHERE account_id = $1 AND id IN (SELECT id FROM keywords WHERE account_id = $1 LIMIT $2)`,
		`DELETE FROM clusters WHERE account_id = $1 AND id IN (SELECT id FROM clusters WHERE account_id = $1 LIMIT $2)`)
	if err != nil {
		return 0, fmt.Errorf("erase planner: %w", err)
	}
	return n, nil
}
