package identity

import (
	"context"
	"fmt"

	"igny8/internal/account"
	"igny8/internal/db"
	"igny8/internal/mail"
	"igny8/internal/tenant"
)

// TellOwners writes a letter to every owner of the account of tx, in its
// transaction.
func (s *Service) TellOwners(ctx context.Context, tx *tenant.Tx, m mail.Message) error {
	members, err := account.Members(ctx, tx)
	if err != nil {
		return fmt.Errorf("tell the owners: %w", err)
	}
	raw := tenant.Raw(tx)
	for _, o := range members {
		if o.Role != account.Owner {
			continue
		}
		u, err := userOf(ctx, raw, o.User)
		if err == nil {
			err = s.post(ctx, raw, u.Email, m)
		}
		if err != nil {
			return fmt.Errorf("tell the owners: %w", err)
		}
	}
	return nil
}

// TellStaff writes a letter to all of the operator's people who have a
// privilege, in the transaction of tx.
func (s *Service) TellStaff(ctx context.Context, tx *tenant.Tx, p tenant.Privilege, m mail.Message) error {
	var addresses []string
	raw := tenant.Raw(tx)
	err := raw.Each(ctx, `SELECT u.email FROM staff_grants g JOIN users u ON u.id = g.user_id WHERE g.privilege = $1 ORDER BY u.id`, []any{string(p)},
		func(scan db.Scan) error {
			var a string
			err := scan(&a)
			addresses = append(addresses, a)
			return err
		})
	for _, a := range addresses {
		if err == nil {
			err = s.post(ctx, raw, a, m)
		}
	}
	if err != nil {
		return fmt.Errorf("tell staff with %s: %w", p, err)
	}
	return nil
}
