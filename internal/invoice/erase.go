package invoice

import (
	"context"
	"fmt"

	"igny8/internal/tenant"
)

// Erase deletes who the account is on invoices to come, and says whether it had
// said so. Those that were issued have it in themselves, and are kept.
func Erase(ctx context.Context, tx *tenant.Tx, _ int) (int64, error) {
	n, err := tx.Exec(ctx, `DELETE FROM billing_details WHERE account_id = $1`)
	if err != nil {
		return 0, fmt.Errorf("erase billing_details: %w", err)
	}
	return n, nil
}
