package tenant_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"igny8/internal/audit"
	"igny8/internal/db/dbtest"
	"igny8/internal/tenant"
	"igny8/internal/tenant/tenanttest"
)

func TestAStatementMustBindTheAccount(t *testing.T) {
	d := dbtest.Open(t)
	st, s := tenant.NewStore(d), tenanttest.New(t, d)
	err := st.Update(t.Context(), s, func(ctx context.Context, tx *tenant.Tx) error {
		for _, q := range []string{`SELECT count(*) FROM audit_events`, `SELECT count(*) FROM audit_events WHERE account_id = $2`, `SELECT count(*) FROM audit_events LIMIT $10`} {
			if err := tx.Get(ctx, q, nil, new(int)); err == nil || !strings.Contains(err.Error(), "does not bind the account") {
				t.Errorf("Get(%s) = %v", q, err)
			}
			if err := tx.Each(ctx, q, nil, nil); err == nil {
				t.Errorf("Each(%s) ran", q)
			}
		}
		if _, err := tx.Exec(ctx, `DELETE FROM audit_events`); err == nil {
			t.Error("Exec without the account ran")
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestSharedIsNotAWayRound(t *testing.T) {
	d := dbtest.Open(t)
	st, s := tenant.NewStore(d), tenanttest.New(t, d)
	err := st.Update(t.Context(), s, func(ctx context.Context, tx *tenant.Tx) error {
		if err := tx.Shared().Get(ctx, `SELECT count(*) FROM plans`, nil, new(int)); err != nil {
			t.Errorf("plans are not shared: %v", err)
		}
		for _, q := range []string{`SELECT count(*) FROM accounts`, `SELECT count(*) FROM plans JOIN subscriptions ON TRUE`, `select 1 from Members`} {
			if err := tx.Shared().Get(ctx, q, nil, new(int)); err == nil {
				t.Errorf("Shared read %s", q)
			}
		}
		if _, err := tx.SharedTx().Exec(ctx, `DELETE FROM audit_events`); err == nil {
			t.Error("SharedTx deleted an account's rows")
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestZeroScopeOpensNothing(t *testing.T) {
	st := tenant.NewStore(dbtest.Open(t))
	if err := st.View(t.Context(), tenant.Scope{}, nil); !errors.Is(err, tenant.ErrNoScope) {
		t.Errorf("View = %v", err)
	}
	if err := st.Update(t.Context(), tenant.Scope{}, nil); !errors.Is(err, tenant.ErrNoScope) {
		t.Errorf("Update = %v", err)
	}
	if err := st.Survey(t.Context(), tenant.Look{}, nil); !errors.Is(err, tenant.ErrUnwritten) {
		t.Errorf("Survey = %v", err)
	}
	if err := st.UpdateFor(t.Context(), tenant.Operator{}, tenant.AccountsRead, nil); !errors.Is(err, tenant.ErrForbidden) {
		t.Errorf("UpdateFor = %v", err)
	}
}

// TestAnOperatorsScope opens nothing that is not written down; one of a visit, of
// which the log has told, opens what a member's does.
func TestAnOperatorsScope(t *testing.T) {
	d := dbtest.Open(t)
	st, acc := tenant.NewStore(d), tenanttest.New(t, d).Account()
	o := tenanttest.Operator(tenant.SupportVisit)
	for name, tt := range map[string]struct {
		scope tenant.Scope
		want  error
	}{
		"an act":  {tenant.MintStaff(acc, o, tenant.SupportVisit, 0), tenant.ErrUnwritten},
		"a visit": {tenant.MintVisit(acc, o, tenant.SupportVisit, 0), nil},
	} {
		if err := st.View(t.Context(), tt.scope, func(context.Context, *tenant.View) error { return nil }); !errors.Is(err, tt.want) {
			t.Errorf("%s: View = %v, want %v", name, err, tt.want)
		}
		if err := st.Update(t.Context(), tt.scope, func(context.Context, *tenant.Tx) error { return nil }); !errors.Is(err, tt.want) {
			t.Errorf("%s: Update = %v, want %v", name, err, tt.want)
		}
		if tt.scope.Privilege() != tenant.SupportVisit || tt.scope.Actor() != o.Actor() {
			t.Errorf("%s is by %s with %s", name, tt.scope.Actor(), tt.scope.Privilege())
		}
	}
}

func TestTwoTenants(t *testing.T) {
	d := dbtest.Open(t)
	st, a, b := tenant.NewStore(d), tenanttest.New(t, d), tenanttest.New(t, d)
	err := st.Update(t.Context(), a, func(ctx context.Context, tx *tenant.Tx) error {
		return audit.Record(ctx, tx, "site.created", "site_1", map[string]string{"domain": "a.example"})
	})
	if err != nil {
		t.Fatal(err)
	}
	for s, want := range map[tenant.Scope]int{a: 1, b: 0} {
		err := st.View(t.Context(), s, func(ctx context.Context, v *tenant.View) error {
			got, err := audit.Of(ctx, v, audit.EventID{}, 10)
			if len(got) != want {
				t.Errorf("%d events, want %d", len(got), want)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

func TestPermissionNames(t *testing.T) {
	for _, n := range tenant.PermissionNames() {
		p, ok := tenant.ParsePermission(n)
		if !ok || p.String() != n {
			t.Errorf("%q reads back as %v, %v", n, p, ok)
		}
	}
	set := tenant.Allow(tenant.ReadContent, tenant.ManageKeys)
	if got := strings.Join(set.Names(), " "); got != "content.read keys.manage" {
		t.Errorf("Names = %s", got)
	}
	if set.And(tenant.Allow(tenant.ReadContent)).Has(tenant.ManageKeys) {
		t.Error("And widened a set")
	}
	if got, err := tenant.ParseActor("user:usr_1"); err != nil || got != (tenant.Actor{Kind: tenant.User, ID: "usr_1"}) {
		t.Errorf("ParseActor = %v, %v", got, err)
	}
	for _, bad := range []string{"", "user", "root:1"} {
		if _, err := tenant.ParseActor(bad); err == nil {
			t.Errorf("ParseActor(%q) accepted", bad)
		}
	}
}
