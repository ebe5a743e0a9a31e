package replay

import (
	"context"
	"fmt"

	"igny8/internal/tenant"
)

// Erase deletes the answers that were kept for an owner who is being deleted,
// at most limit of them, and says how many: none when nothing is left.
func Erase(ctx context.Context, tx tenant.Unit, owner string, limit int) (int64, error) {
	n, err := tenant.Raw(tx).Exec(ctx, `
		DELETE FROM replay_answers WHERE owner = $1 AND key_hash IN (SELECT key_hash FROM replay_answers WHERE owner = $1 LIMIT $2)`, owner, limit)
	if err != nil {
		return 0, fmt.Errorf("erase kept answers: %w", err)
	}
	return n, nil
}

// EraseAll is Erase, to the end.
func EraseAll(ctx context.Context, tx tenant.Unit, owner string) error {
	for {
		n, err := Erase(ctx, tx, owner, part)
		if err != nil || n == 0 {
			return err
		}
	}
}
