package ai

import (
	"context"
	"fmt"

	"igny8/internal/tenant"
)

// Erase deletes the account's own endpoint with its key, and says whether there
// was one.
func Erase(ctx context.Context, tx *tenant.Tx, _ int) (int64, error) {
	n, err := tx.Exec(ctx, `DELETE FROM ai_own WHERE account_id = $1`)
	if err != nil {
		return 0, fmt.Errorf("erase ai_own: %w", err)
	}
	return n, nil
}
