package publish

import (
	"context"
	"fmt"

	"igny8/internal/tenant"
)

// Erase deletes what became of articles on sites, and the connections with
// their passwords, at most limit of them, and says how many: none when nothing
// is left. Posts stay where they are: the sites are not ours.
func Erase(ctx context.Context, tx *tenant.Tx, limit int) (int64, error) {
	n, err := tx.Purge(ctx, limit,
		`DELETE FROM publications WHERE account_id = $1 AND content_id IN (SELECT content_id FROM publications WHERE account_id = $1 LIMIT $2)`,
		`DELETE FROM site_channels WHERE account_id = $1 AND site_id IN (SELECT site_id FROM site_channels WHERE account_id = $1 LIMIT $2)`)
	if err != nil {
		return 0, fmt.Errorf("erase publish: %w", err)
	}
	return n, nil
}
