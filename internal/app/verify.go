package app

import (
	"context"
	"errors"
	"fmt"

	"igny8/internal/account"
	"igny8/internal/credit"
	"igny8/internal/tenant"
)

type verifyCommand struct{}

// Run checks every account and says what is wrong, where.
func (verifyCommand) Run(ctx context.Context, c command) (err error) {
	s, err := build(ctx, c.cfg, c.log(), c.clock)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.close()) }()
	checked, broken := 0, 0
	for after := ""; ; {
		accounts, err := s.accounts(ctx, after)
		if err != nil {
			return err
		}
		for _, a := range accounts {
			found, err := s.verify(ctx, a)
			if err != nil {
				return err
			}
			for _, sentence := range found {
				if _, err := fmt.Fprintf(c.Out, "%s (%s): %s\n", a.ID, a.Name, sentence); err != nil {
					return err
				}
			}
			checked, broken = checked+1, broken+len(found)
			after = a.ID.String()
		}
		if len(accounts) < verifyBatch {
			break
		}
	}
	if broken > 0 {
		return fmt.Errorf("%d things are wrong in the credits of %d accounts", broken, checked)
	}
	_, err = fmt.Fprintf(c.Out, "the credits of all %d accounts are right\n", checked)
	return err
}

const verifyBatch = 200

func (s *server) accounts(ctx context.Context, after string) (page []account.Account, err error) {
	err = s.store.Survey(ctx, s.identity.Console(), tenant.AccountsRead, func(ctx context.Context, v *tenant.Survey) error {
		page, err = account.Page(ctx, v, after, verifyBatch)
		return err
	})
	return page, err
}

func (s *server) verify(ctx context.Context, a account.Account) (found []string, err error) {
	scope, err := s.identity.ActFor(ctx, s.identity.Console(), tenant.AccountsRead, a.ID)
	if err != nil {
		return nil, err
	}
	err = s.store.View(ctx, scope, func(ctx context.Context, v *tenant.View) error {
		found, err = credit.Verify(ctx, v)
		return err
	})
	return found, err
}
