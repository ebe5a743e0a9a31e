package app

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/term"

	"igny8/internal/account"
	"igny8/internal/credit"
	"igny8/internal/identity"
	"igny8/internal/payment"
	"igny8/internal/tenant"
)

type verifyCommand struct{}

// Run checks every account and says what is wrong, where, and how much it has
// read in what time.
func (verifyCommand) Run(ctx context.Context, c command) (err error) {
	s, err := build(ctx, c.cfg, c.log(), c.clock)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.close()) }()
	began := c.clock.Now()
	accounts, broken, entries := 0, 0, int64(0)
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
			accounts, broken, entries = accounts+1, broken+len(a.found), entries+a.entries
			after = a.ID.String()
		}
		c.progress("%d accounts, %d entries", accounts, entries)
		if len(batch) < verifyBatch {
			break
		}
	}
	c.progress("")
	took := c.clock.Now().Sub(began).Round(time.Millisecond)
	if _, err := fmt.Fprintf(c.Out, "%d entries of %d accounts checked in %s\n", entries, accounts, took); err != nil {
		return err
	}
	if broken > 0 {
		return fmt.Errorf("%d things are wrong in the credits and the money of %d accounts", broken, accounts)
	}
	_, err = fmt.Fprintf(c.Out, "the credits and the money of all %d accounts are right\n", accounts)
	return err
}

// progress shows how far a command is, in a line that the next one takes the
// place of, where somebody can see it.
func (c command) progress(format string, args ...any) {
	if f, ok := c.Err.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		_, _ = fmt.Fprintf(f, "\r\x1b[K"+format, args...) // progress, not the result
	}
}

const verifyBatch = 200

// verified is an account and what is wrong with its credits and money.
type verified struct {
	account.Account
	entries int64
	found   []string
}

// verify checks the next accounts by id, several at a time and each on one
// snapshot.
func (s *server) verify(ctx context.Context, after string) ([]verified, error) {
	use := identity.Use{Operator: s.identity.Console(), Privilege: tenant.AccountsRead, Operation: "verify"}
	var batch []verified
	err := s.identity.Survey(ctx, use, func(ctx context.Context, v *tenant.Survey) error {
		page, err := account.Page(ctx, v, after, verifyBatch)
		for _, a := range page {
			batch = append(batch, verified{Account: a})
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	hands := min(runtime.GOMAXPROCS(0), len(batch))
	errs := make([]error, hands)
	var next atomic.Int64
	var wg sync.WaitGroup
	for hand := range hands {
		wg.Go(func() {
			errs[hand] = s.identity.Survey(ctx, use, func(ctx context.Context, v *tenant.Survey) error {
				for i := int(next.Add(1)) - 1; i < len(batch); i = int(next.Add(1)) - 1 {
					if err := batch[i].check(ctx, v); err != nil {
						return err
					}
				}
				return nil
			})
		})
	}
	wg.Wait()
	return batch, errors.Join(errs...)
}

func (a *verified) check(ctx context.Context, v *tenant.Survey) error {
	credits, err := credit.Check(ctx, v.Of(a.ID))
	if err != nil {
		return err
	}
	usage, err := credit.CheckUsage(ctx, v.Of(a.ID))
	if err != nil {
		return err
	}
	money, err := payment.Verify(ctx, v.Of(a.ID))
	a.entries, a.found = credits.Entries, slices.Concat(credits.Broken, usage, money)
	return err
}
