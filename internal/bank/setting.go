package bank

import (
	"context"
	"fmt"
	"strconv"

	"igny8/internal/audit"
	"igny8/internal/tenant"
)

// Settings is what the operator has decided about bank lines.
type Settings struct {
	// AutoConfirm lets an import confirm the lines that leave no doubt (see
	// Matching.Certain). The zero Settings have every line looked at.
	AutoConfirm bool
}

const autoConfirm = "auto_confirm"

// LoadSettings reads them.
func LoadSettings(ctx context.Context, r tenant.Shared) (Settings, error) {
	var s Settings
	err := r.Get(ctx, `SELECT value FROM bank_settings WHERE name = $1`, []any{autoConfirm}, &s.AutoConfirm)
	if err != nil && !tenant.IsNotFound(err) {
		return Settings{}, fmt.Errorf("bank settings: %w", err)
	}
	return s, nil
}

// SetSettings decides.
func SetSettings(ctx context.Context, tx *tenant.SharedTx, s Settings) error {
	before, err := LoadSettings(ctx, tx.Shared)
	if err != nil {
		return err
	}
	if _, err := tx.Exec(ctx, `INSERT INTO bank_settings (name, value) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET value = $2`,
		autoConfirm, s.AutoConfirm); err != nil {
		return fmt.Errorf("bank settings: %w", err)
	}
	return audit.RecordShared(ctx, tx, tx.Operator().Actor(), "bank_settings.set", autoConfirm, map[string]string{
		"before": strconv.FormatBool(before.AutoConfirm), "after": strconv.FormatBool(s.AutoConfirm),
	})
}
