package invoice_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"igny8/internal/db"
	"igny8/internal/db/dbtest"
	"igny8/internal/fault"
	"igny8/internal/invoice"
	"igny8/internal/tenant"
	"igny8/internal/tenant/tenanttest"
)

// treasury is where money goes to, without any account.
type treasury struct {
	t  testing.TB
	d  *db.DB
	st *tenant.Store
}

func newTreasury(t testing.TB) treasury {
	t.Helper()
	d := dbtest.Open(t)
	return treasury{t: t, d: d, st: tenant.NewStore(d)}
}

func (y treasury) set(b invoice.BankAccount) (got invoice.BankAccount, err error) {
	op := tenanttest.Operator(tenant.PlansManage)
	err = y.st.UpdateShared(y.t.Context(), func(ctx context.Context, tx *tenant.SharedTx) error {
		got, err = invoice.SetBankAccount(ctx, tx, op, b)
		return err
	})
	return got, err
}

func (y treasury) of(currency string) (b invoice.BankAccount, err error) {
	err = y.st.ViewShared(y.t.Context(), func(ctx context.Context, r tenant.Shared) error {
		b, err = invoice.BankAccountOf(ctx, r, currency)
		return err
	})
	return b, err
}

var euros = invoice.BankAccount{
	Currency: "EUR", Holder: "Igny8 GmbH", IBAN: "DE89370400440532013000", BIC: "COBADEFFXXX", BankName: "Bank", Instructions: "By the 10th",
}

func TestBankAccountIsKeptAsItIsWritten(t *testing.T) {
	t.Parallel()
	y := newTreasury(t)
	_, err := y.of("EUR")
	is(t, err, invoice.ErrNoBankAccount)
	got, err := y.set(invoice.BankAccount{
		Currency: " eur", Holder: " Igny8 GmbH ", IBAN: "de89 3704 0044 0532 0130 00", BIC: "cobadeffxxx ", BankName: "Bank", Instructions: " By the 10th\n",
	})
	if err != nil || got != euros {
		t.Errorf("set %+v, %v", got, err)
	}
	if kept, err := y.of("EUR"); err != nil || kept != euros {
		t.Errorf("kept %+v, %v", kept, err)
	}
	pounds := invoice.BankAccount{Currency: "GBP", Holder: "Igny8 Ltd", IBAN: "GB82WEST12345698765432", BankName: "West"}
	for _, b := range []invoice.BankAccount{pounds, euros} {
		b.Holder += " & Co"
		if _, err := y.set(b); err != nil {
			t.Errorf("set %+v: %v", b, err)
		}
	}
	is(t, y.st.ViewShared(t.Context(), func(ctx context.Context, r tenant.Shared) error {
		all, err := invoice.BankAccounts(ctx, r)
		if len(all) != 2 || all[0].Currency != "EUR" || all[0].Holder != "Igny8 GmbH & Co" || all[1].Currency != "GBP" || all[1].BIC != "" {
			t.Errorf("listed %+v", all)
		}
		return err
	}), nil)
	events := dbtest.Dump(t, y.d)["staff_audit_events"]
	if len(events) != 3 || !strings.Contains(events[0], "staff:usr_staff | bank_account.set | EUR") {
		t.Errorf("events: %q", events)
	}
}

func TestBankAccountsAreChecked(t *testing.T) {
	t.Parallel()
	y := newTreasury(t)
	before := dbtest.Dump(t, y.d)
	for name, tt := range map[string]struct {
		change func(*invoice.BankAccount)
		want   []string // where it is told to be wrong
	}{
		"an unknown currency":      {func(b *invoice.BankAccount) { b.Currency = "XX1" }, []string{"currency"}},
		"no currency":              {func(b *invoice.BankAccount) { b.Currency = "" }, []string{"currency"}},
		"an IBAN with a slip":      {func(b *invoice.BankAccount) { b.IBAN = "DE88370400440532013000" }, []string{"body.iban"}},
		"an IBAN with a swap":      {func(b *invoice.BankAccount) { b.IBAN = "DE89370400440532010300" }, []string{"body.iban"}},
		"an IBAN cut short":        {func(b *invoice.BankAccount) { b.IBAN = "DE8937040044053" }, []string{"body.iban"}},
		"no IBAN":                  {func(b *invoice.BankAccount) { b.IBAN = "" }, []string{"body.iban"}},
		"an IBAN in other letters": {func(b *invoice.BankAccount) { b.IBAN = "DЕ89370400440532013000" }, []string{"body.iban"}}, // Cyrillic Е
		"a short BIC":              {func(b *invoice.BankAccount) { b.BIC = "COBADEF" }, []string{"body.bic"}},
		"a long BIC":               {func(b *invoice.BankAccount) { b.BIC = "COBADEFFXXXX" }, []string{"body.bic"}},
		"digits for a country":     {func(b *invoice.BankAccount) { b.BIC = "COBA12FF" }, []string{"body.bic"}},
		"no holder":                {func(b *invoice.BankAccount) { b.Holder = " " }, []string{"body.holder"}},
		"a holder beyond the QR":   {func(b *invoice.BankAccount) { b.Holder = strings.Repeat("x", 71) }, []string{"body.holder"}},
		"a holder over two lines":  {func(b *invoice.BankAccount) { b.Holder = "Igny8\nGmbH" }, []string{"body.holder"}},
		"no bank":                  {func(b *invoice.BankAccount) { b.BankName = "" }, []string{"body.bank_name"}},
		"all of it": {func(b *invoice.BankAccount) {
			*b = invoice.BankAccount{Currency: "XX1", Holder: "\u202e", IBAN: "DE88370400440532013000", BIC: "1"}
		}, []string{"currency", "body.iban", "body.bic", "body.holder", "body.bank_name"}},
	} {
		b := euros
		tt.change(&b)
		_, err := y.set(b)
		if !errors.Is(err, invoice.ErrInvalidBankAccount) {
			t.Errorf("%s: %v", name, err)
			continue
		}
		var got []string
		for _, f := range fault.Of(err).Fields {
			got = append(got, f.Location)
		}
		if !slices.Equal(got, tt.want) {
			t.Errorf("%s: told %v, want %v", name, got, tt.want)
		}
	}
	for table, rows := range dbtest.Dump(t, y.d) {
		if !slices.Equal(rows, before[table]) {
			t.Errorf("something stayed in %s: %q", table, rows)
		}
	}
	for _, iban := range []string{"GB82 WEST 1234 5698 7654 32", "NO93 8601 1117 947", "MT84 MALT 0110 0001 2345 MTLC AST0 01S", "FR14 2004 1010 0505 0001 3M02 606"} {
		b := euros
		b.IBAN = iban
		if _, err := y.set(b); err != nil {
			t.Errorf("%s: %v", iban, err)
		}
	}
}
