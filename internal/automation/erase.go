package automation

import (
	"context"
	"fmt"

	"igny8/internal/tenant"
)

// Erase deletes pipelines and what they have ordered, at most limit of them, and
// says how many: none when nothing is left.
func Erase(ctx context.Context, tx *tenant.Tx, limit int) (int64, error) {
	n, err := tx.Purge(ctx, limit,
		`DELETE FROM pipeline_runs WHERE account_id = $1 AND id IN (SELECT id FROM pipeline_runs WHERE account_id = $1 LIMIT $2)`,
		`DELETE FROM pipelines WHERE account_id = $1 AND site_id IN (SELECT site_id FROM pipelines WHERE account_id = $1 LIMIT $2)`)
	if err != nil {
		return 0, fmt.Errorf("erase automation: %w", err)
	}
	return n, nil
}
