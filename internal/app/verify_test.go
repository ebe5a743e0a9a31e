package app

import (
	"bytes"
	"context"
	"os"
	"strings"
	"testing"

	"igny8/internal/clock"
	"igny8/internal/config"
	"igny8/internal/credit"
	"igny8/internal/db"
	"igny8/internal/db/dbtest"
	"igny8/internal/tenant"
	"igny8/internal/tenant/tenanttest"
)

// TestVerifyOnTheCommandLine checks several accounts, and then one of them with
// a balance that somebody has raised.
func TestVerifyOnTheCommandLine(t *testing.T) {
	t.Parallel()
	url := dbtest.URL(t)
	c := command{cfg: config.Config{Data: t.TempDir() + "/data", Database: url, BaseURL: "http://127.0.0.1:1", AI: config.AI{Provider: config.Offline}}}
	var out bytes.Buffer
	c.Out, c.Err = &out, os.Stderr
	d := dbtest.Reopen(t, url, clock.Clock{})
	var accounts []string
	for range 5 {
		s := tenanttest.New(t, d)
		accounts = append(accounts, s.Account().String())
		err := tenant.NewStore(d).Update(t.Context(), s, func(ctx context.Context, tx *tenant.Tx) error {
			for _, reference := range []string{"one", "two", "three"} {
				if _, err := credit.Grant(ctx, tx, credit.NewLot{Source: credit.BonusCredits, Reference: reference, Amount: 7}); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := (verifyCommand{}).Run(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"15 entries of ", " accounts checked in ", "are right"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("want %q in %s", want, out.String())
		}
	}
	out.Reset()
	raise := `UPDATE credit_balances SET available = available + 1 WHERE account_id = '` + accounts[3] + `'`
	if dbtest.Engine() == db.Postgres {
		raise = `ALTER TABLE credit_balances NO FORCE ROW LEVEL SECURITY; ` + raise + `; ALTER TABLE credit_balances FORCE ROW LEVEL SECURITY`
	}
	dbtest.AsOwner(t, url, raise)
	err := verifyCommand{}.Run(t.Context(), c)
	if err == nil || !strings.Contains(err.Error(), "2 things are wrong") {
		t.Errorf("after one was raised: %v", err)
	}
	if got := out.String(); strings.Count(got, accounts[3]+" (Test): ") != 2 || !strings.Contains(got, "the balance has 22 available, and the ledger ends with 21") || strings.Contains(got, "are right") {
		t.Errorf("it says %s", got)
	}
}
