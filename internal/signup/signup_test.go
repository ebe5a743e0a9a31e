package signup_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"igny8/internal/account"
	"igny8/internal/audit"
	"igny8/internal/clock"
	"igny8/internal/credit"
	"igny8/internal/db"
	"igny8/internal/db/dbtest"
	"igny8/internal/identity"
	"igny8/internal/identity/identitytest"
	"igny8/internal/invoice"
	"igny8/internal/money"
	"igny8/internal/payment"
	"igny8/internal/plan"
	"igny8/internal/signup"
	"igny8/internal/subscription"
	"igny8/internal/tenant"
)

// house is an installation that nobody has signed up to yet.
type house struct {
	t   testing.TB
	d   *db.DB
	st  *tenant.Store
	ids *identity.Service
}

var now = time.Date(2030, 1, 10, 12, 0, 0, 0, time.UTC)

func newHouse(t testing.TB) *house {
	t.Helper()
	d := dbtest.OpenAt(t, clock.At(now))
	h := &house{t: t, d: d, st: tenant.NewStore(d)}
	h.ids = identitytest.New(t, d, identity.Options{Standing: standing})
	if err := h.st.UpdateShared(t.Context(), plan.Seed); err != nil {
		t.Fatal(err)
	}
	return h
}

func (h *house) person(address string) identity.Prepared {
	h.t.Helper()
	p, err := h.ids.Prepare(h.t.Context(), identity.Registration{
		Email: address, Password: "correct horse battery", FirstName: "Anna", LastName: "Adler",
	})
	if err != nil {
		h.t.Fatal(err)
	}
	return p
}

// open signs up in a transaction, as the API does.
func (h *house) open(s tenant.Scope, o signup.Order) (n signup.Opened, err error) {
	err = h.st.Update(h.t.Context(), s, func(ctx context.Context, tx *tenant.Tx) error {
		n, err = signup.Open(ctx, tx, h.ids, payment.NewDesk(h.ids), o)
		return err
	})
	return n, err
}

// order is for a plan that somebody pays for by bank transfer.
func (h *house) order(address, code string) (tenant.Scope, signup.Order) {
	h.t.Helper()
	p := h.person(address)
	return h.ids.NewAccount(p), signup.Order{Person: p, AccountName: "Acme", Country: "DE", Plan: code, PaymentMethod: account.BankTransfer}
}

// rows counts the rows of each table that has any, but for those of a new
// installation.
func (h *house) rows() map[string]int {
	h.t.Helper()
	n := map[string]int{}
	for table, rows := range dbtest.Dump(h.t, h.d) {
		shared := table == "plans" || strings.HasPrefix(table, "credit_package") || table == "goose_db_version" || strings.HasPrefix(table, "river_")
		if len(rows) > 0 && !shared {
			n[table] = len(rows)
		}
	}
	return n
}

// A trial has credits and no invoice, a paid plan an invoice and no credits.
var (
	rowsOfTrial = map[string]int{
		"users": 1, "accounts": 1, "members": 1, "subscriptions": 1, "audit_events": 3, "one_time_tokens": 1, "letters": 1,
		"credit_balances": 1, "credit_alerts": 1, "credit_lots": 1, "credit_entries": 1, "token_families": 1, "refresh_tokens": 1,
	}
	rowsOfPaid = map[string]int{
		"users": 1, "accounts": 1, "members": 1, "subscriptions": 1, "audit_events": 4, "one_time_tokens": 1, "letters": 2,
		"invoices": 1, "invoice_lines": 1, "invoice_series": 1, "token_families": 1, "refresh_tokens": 1,
	}
)

func TestATrialBeginsAtOnce(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	p := h.person("anna@example.com")
	s := h.ids.NewAccount(p)
	n, err := h.open(s, signup.Order{Person: p, AccountName: "Acme", Country: "de"}) // no plan, no method
	if err != nil {
		t.Fatal(err)
	}
	if n.User.ID != p.User() || n.User.Email != "anna@example.com" || n.Account.ID != s.Account() {
		t.Errorf("opened %+v for %+v", n.Account, n.User)
	}
	if a := n.Account; a.Status != account.Trial || a.Country != "DE" || a.Kind != account.Tenant || a.PaymentMethod != account.Stripe {
		t.Errorf("account %+v", a)
	}
	if sub := n.Subscription; sub.Status != subscription.Trialing || sub.Plan.Code != signup.TrialPlan || !sub.PeriodEnd.Equal(now.AddDate(0, 0, 14)) {
		t.Errorf("subscription %+v", sub)
	}
	if n.Invoice != nil || n.Balance != (credit.Balance{Available: 1000}) || len(n.Lots) != 1 || n.Lots[0].Amount != 1000 {
		t.Errorf("invoice %+v, balance %+v, lots %+v", n.Invoice, n.Balance, n.Lots)
	}
	if got := h.rows(); !maps.Equal(got, rowsOfTrial) {
		t.Errorf("rows %v, want %v", got, rowsOfTrial)
	}
	h.works(n, nil)
}

func TestAPaidPlanBeginsWithItsInvoice(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	n, err := h.open(h.order("anna@example.com", "growth"))
	if err != nil {
		t.Fatal(err)
	}
	if n.Account.Status != account.PendingPayment || n.Account.PaymentMethod != account.BankTransfer || n.Subscription.Status != subscription.PendingPayment {
		t.Errorf("account %+v, subscription %+v", n.Account, n.Subscription)
	}
	if i := n.Invoice; i == nil || i.Status != invoice.Open || i.Total != money.Of(20_000, "EUR") || i.Number != "2030-000001" || i.Subscription != n.Subscription.ID {
		t.Errorf("invoice %+v", i)
	}
	if n.Balance != (credit.Balance{}) || len(n.Lots) != 0 {
		t.Errorf("balance %+v, lots %+v", n.Balance, n.Lots)
	}
	if got := h.rows(); !maps.Equal(got, rowsOfPaid) {
		t.Errorf("rows %v, want %v", got, rowsOfPaid)
	}
	h.works(n, account.ErrPaymentRequired)
}

// works fails the test unless the new session is let in to work, or told why
// not.
func (h *house) works(n signup.Opened, want error) {
	h.t.Helper()
	c, err := h.ids.Admit(h.t.Context(), "Bearer "+n.Tokens.Access, identity.Tenant(tenant.WriteContent))
	if !errors.Is(err, want) || want == nil && (c.Scope.Account() != n.Account.ID || c.User != n.User.ID) {
		h.t.Errorf("let in as %+v, %v; want %v", c, err, want)
	}
	if _, err := h.ids.Admit(h.t.Context(), "Bearer "+n.Tokens.Access, identity.TenantEvenIfUnpaid(tenant.ManageBilling)); err != nil {
		h.t.Errorf("to pay: %v", err)
	}
}

// TestRegistrationIsWhole fails each statement of a registration in turn, and
// its commit: every table is as it was, and the same registration goes
// through when it is sent again.
func TestRegistrationIsWhole(t *testing.T) {
	t.Parallel()
	for code, want := range map[string]map[string]int{"trial": rowsOfTrial, "growth": rowsOfPaid} {
		t.Run(code, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t)
			s, o := h.order("anna@example.com", code)
			var n signup.Opened
			failed := dbtest.FailEverywhere(t, h.d, func() (err error) {
				n, err = h.open(s, o)
				return err
			})
			written := 0
			for _, rows := range want {
				written += rows
			}
			if failed <= written {
				t.Errorf("%d statements failed, but %d rows were written", failed, written)
			}
			if got := h.rows(); !maps.Equal(got, want) {
				t.Errorf("rows %v, want %v", got, want)
			}
			if n.Account.ID != s.Account() || n.Invoice != nil && n.Invoice.Number != "2030-000001" {
				t.Errorf("opened %+v", n)
			}
		})
	}
}

// TestASecondAccountIsWholeToo meets the rows of the first on its way.
func TestASecondAccountIsWholeToo(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	if _, err := h.open(h.order("anna@example.com", "growth")); err != nil {
		t.Fatal(err)
	}
	s, o := h.order("bert@example.com", "growth")
	var n signup.Opened
	dbtest.FailEverywhere(t, h.d, func() (err error) {
		n, err = h.open(s, o)
		return err
	})
	if n.Invoice == nil || n.Invoice.Number != "2030-000002" {
		t.Errorf("opened %+v", n)
	}
}

func TestWhatIsRefusedLeavesNothing(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	if _, err := h.open(h.order("anna@example.com", "trial")); err != nil {
		t.Fatal(err)
	}
	if err := h.st.UpdateShared(t.Context(), func(ctx context.Context, tx *tenant.SharedTx) error {
		_, err := tx.Exec(ctx, `UPDATE plans SET active = FALSE WHERE code = 'scale'`)
		return err
	}); err != nil {
		t.Fatal(err)
	}
	before := dbtest.Dump(t, h.d)
	for name, tt := range map[string]struct {
		address string
		change  func(*signup.Order)
		want    error
	}{
		"an address that is taken":    {"Anna@Example.com", func(*signup.Order) {}, identity.ErrEmailTaken},
		"no such plan":                {"b@example.com", func(o *signup.Order) { o.Plan = "gold" }, plan.ErrNotFound},
		"a plan that is not sold":     {"b@example.com", func(o *signup.Order) { o.Plan = "scale" }, plan.ErrNotSold},
		"a way to pay that is not":    {"b@example.com", func(o *signup.Order) { o.PaymentMethod = account.Stripe }, payment.ErrUnavailable},
		"a way to pay nobody knows":   {"b@example.com", func(o *signup.Order) { o.PaymentMethod = "gold" }, account.ErrUnknownMethod},
		"an account without a name":   {"b@example.com", func(o *signup.Order) { o.AccountName = " " }, account.ErrInvalidName},
		"a country that there is not": {"b@example.com", func(o *signup.Order) { o.Country = "ZZ" }, account.ErrInvalidCountry},
	} {
		s, o := h.order(tt.address, "growth")
		tt.change(&o)
		if _, err := h.open(s, o); !errors.Is(err, tt.want) {
			t.Errorf("%s: %v, want %v", name, err, tt.want)
		}
	}
	if got := dbtest.Dump(t, h.d); !reflect.DeepEqual(got, before) {
		t.Errorf("something stayed: %v", h.rows())
	}
}

func TestOneAddressSignsUpOnce(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	errs := make([]error, 6)
	var wg sync.WaitGroup
	for i := range errs {
		s, o := h.order("anna@example.com", "trial")
		wg.Go(func() { _, errs[i] = h.open(s, o) })
	}
	wg.Wait()
	won := 0
	for _, err := range errs {
		if err == nil {
			won++
		} else if !errors.Is(err, identity.ErrEmailTaken) {
			t.Errorf("got %v, want %v", err, identity.ErrEmailTaken)
		}
	}
	if got := h.rows(); won != 1 || !maps.Equal(got, rowsOfTrial) {
		t.Errorf("%d signed up, rows %v", won, got)
	}
}

func TestTwoAccountsShareNothing(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	var opened [2]signup.Opened
	for i := range opened {
		var err error
		if opened[i], err = h.open(h.order(fmt.Sprintf("%d@example.com", i), "growth")); err != nil {
			t.Fatal(err)
		}
	}
	for i, n := range opened {
		other := opened[1-i]
		c, err := h.ids.Admit(t.Context(), "Bearer "+n.Tokens.Access, identity.TenantEvenIfUnpaid(tenant.ReadBilling))
		if err != nil || c.Scope.Account() != n.Account.ID {
			t.Fatalf("let in to %s, %v", c.Scope.Account(), err)
		}
		err = h.st.View(t.Context(), c.Scope, func(ctx context.Context, v *tenant.View) error {
			if _, err := invoice.Load(ctx, v, other.Invoice.ID); !errors.Is(err, invoice.ErrNotFound) {
				t.Errorf("the other's invoice: %v", err)
			}
			if _, err := subscription.Load(ctx, v, other.Subscription.ID); !errors.Is(err, subscription.ErrNotFound) {
				t.Errorf("the other's subscription: %v", err)
			}
			members, err := account.Members(ctx, v)
			if len(members) != 1 || members[0].User != n.User.ID || members[0].Role != account.Owner {
				t.Errorf("members %+v, %v", members, err)
			}
			events, err := audit.Of(ctx, v, audit.EventID{}, 100)
			if i := slices.IndexFunc(events, func(e audit.Event) bool { return e.Actor != "user:"+n.User.ID.String() }); i >= 0 {
				t.Errorf("somebody else acted: %+v", events[i])
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

func standing(ctx context.Context, r tenant.Reader) (identity.Terms, error) {
	return subscription.TermsOf(ctx, r)
}
