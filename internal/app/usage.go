package app

import (
	"context"
	"errors"
	"fmt"

	"igny8/internal/account"
	"igny8/internal/credit"
	"igny8/internal/identity"
	"igny8/internal/tenant"
)

type usageCommand struct {
	Rebuild usageRebuild `cmd:"" help:"Make the sums of what was spent anew from the ledger."`
}

type usageRebuild struct {
	Account string `help:"Only this account, by its id. None: all."`
}

// Run rebuilds what it is asked for, each account in a transaction of its own.
func (f usageRebuild) Run(ctx context.Context, c command) (err error) {
	s, err := build(ctx, c.cfg, c.log(), c.clock)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.close()) }()
	if f.Account == "" {
		rebuilt, err := s.rebuildAllUsage(ctx)
		if err == nil {
			_, err = fmt.Fprintf(c.Out, "the usage of all %d accounts has been made anew\n", rebuilt)
		}
		return err
	}
	id, err := tenant.ParseAccountID(f.Account)
	if err != nil {
		return fmt.Errorf("%q is not the id of an account: %w", f.Account, err)
	}
	if err := s.rebuildUsage(ctx, id); err != nil {
		return err
	}
	_, err = fmt.Fprintf(c.Out, "the usage of account %s has been made anew\n", id)
	return err
}

const rebuildOperation = "usage-rebuild"

func (s *server) rebuildUsage(ctx context.Context, a tenant.AccountID) error {
	use := identity.Use{Operator: s.identity.Console(), Privilege: tenant.CreditsAdjust, Operation: rebuildOperation}
	if err := s.identity.Act(ctx, use, a, credit.Rebuild); err != nil {
		return fmt.Errorf("account %s: %w", a, err)
	}
	return nil
}

func (s *server) rebuildAllUsage(ctx context.Context) (rebuilt int, err error) {
	use := identity.Use{Operator: s.identity.Console(), Privilege: tenant.AccountsRead, Operation: rebuildOperation}
	for after := ""; ; {
		var page []account.Account
		err := s.identity.Survey(ctx, use, func(ctx context.Context, v *tenant.Survey) (err error) {
			page, err = account.Page(ctx, v, after, verifyBatch)
			return err
		})
		if err != nil {
			return rebuilt, err
		}
		for _, a := range page {
			if err := s.rebuildUsage(ctx, a.ID); err != nil {
				return rebuilt, err
			}
			rebuilt++
			after = a.ID.String()
		}
		if len(page) < verifyBatch {
			return rebuilt, nil
		}
	}
}
