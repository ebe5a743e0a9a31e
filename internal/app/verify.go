package app

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"igny8/internal/account"
	"igny8/internal/credit"
	"igny8/internal/identity"
	"igny8/internal/payment"
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
		batch, err := s.verify(ctx, after)
		if err != nil {
			return err
		}
		for _, a := range batch {
			for _, sentence := range a.found {
				if _, err := fmt.Fprintf(c.Out, "%s (%s): %s\n", a.ID, a.Name, sentence); err != nil {
					return err
				}
			}
			checked, broken = checked+1, broken+len(a.found)
			after = a.ID.String()
		}
		if len(batch) < verifyBatch {
			break
		}
	}
	if broken > 0 {
		return fmt.Errorf("%d things are wrong in the credits and the money of %d accounts", broken, checked)
	}
	_, err = fmt.Fprintf(c.Out, "the credits and the money of all %d accounts are right\n", checked)
	return err
}

const verifyBatch = 200

// verified is an account and what is wrong with its credits and money.
type verified struct {
	account.Account
	found []string
}

// verify checks the next accounts by id, on one snapshot.
func (s *server) verify(ctx context.Context, after string) (batch []verified, err error) {
	use := identity.Use{Operator: s.identity.Console(), Privilege: tenant.AccountsRead, Operation: "verify"}
	err = s.identity.Survey(ctx, use, func(ctx context.Context, v *tenant.Survey) error {
		page, err := account.Page(ctx, v, after, verifyBatch)
		if err != nil {
			return err
		}
		for _, a := range page {
			found, err := credit.Verify(ctx, v.Of(a.ID))
			if err != nil {
				return err
			}
			usage, err := credit.CheckUsage(ctx, v.Of(a.ID))
			if err != nil {
				return err
			}
			money, err := payment.Verify(ctx, v.Of(a.ID))
			if err != nil {
				return err
			}
			batch = append(batch, verified{a, slices.Concat(found, usage, money)})
		}
		return nil
	})
	return batch, err
}
