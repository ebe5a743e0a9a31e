package identity_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"igny8/internal/account"
	"igny8/internal/fault"
	"igny8/internal/identity"
	"igny8/internal/tenant"
	"igny8/internal/throttle"
)

// member makes a person with a role in the account of f, signed in there.
func (h *house) member(f founder, address string, r account.Role) founder {
	h.t.Helper()
	g := h.found(address)
	h.in(f.scope, func(ctx context.Context, tx *tenant.Tx) (err error) {
		if err = account.AddMember(ctx, tx, g.user.ID, r); err != nil {
			return err
		}
		g.tokens, err = h.ids.StartSession(ctx, tx, g.user.ID, identity.Client{})
		return err
	})
	return g
}

func (h *house) suspend(f founder) {
	h.t.Helper()
	h.in(f.scope, func(ctx context.Context, tx *tenant.Tx) error {
		_, err := account.Suspend(ctx, tx, "a test")
		return err
	})
}

func TestUndeclaredRouteLetsNobodyIn(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	f := h.found("anna@example.com")
	for _, header := range []string{"", "Bearer " + f.tokens.Access, "Bearer nonsense"} {
		_, err := h.ids.Admit(t.Context(), header, identity.Policy{})
		if err == nil || fault.Of(err).Kind != fault.Internal {
			t.Errorf("got %v, want an internal error", err)
		}
	}
	if p := (identity.Policy{}); p.Declared() || p.IsPublic() || p.String() != "undeclared" {
		t.Errorf("the zero policy is %s", p)
	}
}

func TestPublicRouteLooksAtNothing(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	f := h.found("anna@example.com")
	for _, header := range []string{"", "Bearer " + f.tokens.Access, "Bearer nonsense", "\x00"} {
		c, err := h.ids.Admit(t.Context(), header, identity.Public())
		if err != nil || !c.User.IsZero() || !c.Scope.Account().IsZero() {
			t.Errorf("%q: got (%+v, %v), want nobody and no error", header, c, err)
		}
	}
}

// A route for anybody knows who comes with a credential, and refuses one that
// does not count.
func TestARouteForAnybody(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	f := h.found("anna@example.com")
	for header, want := range map[string]error{
		"": nil, "Bearer " + f.tokens.Access: nil, "Bearer nonsense": identity.ErrInvalid, "\x00": identity.ErrInvalid, "Basic x": identity.ErrInvalid,
		"Bearer " + f.tokens.Refresh: identity.ErrInvalid, " ": identity.ErrInvalid,
	} {
		c, err := h.ids.Admit(t.Context(), header, identity.Anybody())
		if !errors.Is(err, want) {
			t.Errorf("%q: got %v, want %v", header, err, want)
		}
		if known := !c.Scope.Account().IsZero(); known != (header == "Bearer "+f.tokens.Access) {
			t.Errorf("%q is %+v", header, c)
		}
	}
	if p := identity.Anybody(); !p.Declared() || p.IsPublic() || !p.IsForAnybody() || p.OfAccount() || p.String() != "anybody" {
		t.Errorf("the policy is %s", p)
	}
}

func TestAuthorizationHeader(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	access := h.found("anna@example.com").tokens.Access
	for header, want := range map[string]error{
		"":                                identity.ErrRequired,
		"Bearer " + access:                nil,
		"bearer " + access:                nil,
		"BEARER   " + access + "  ":       nil,
		" ":                               identity.ErrInvalid,
		"Bearer":                          identity.ErrInvalid,
		"Bearer ":                         identity.ErrInvalid,
		access:                            identity.ErrInvalid,
		" Bearer " + access:               identity.ErrInvalid,
		"Bearer\t" + access:               identity.ErrInvalid,
		"Bearer \t" + access:              identity.ErrInvalid,
		"Basic " + access:                 identity.ErrInvalid,
		"Bearer " + access + " x":         identity.ErrInvalid,
		"Bearer " + access + ",x":         identity.ErrInvalid,
		"Bearer " + access + ", Bearer x": identity.ErrInvalid,
		"Bearer " + access[:9] + "\r\n" + access[9:]: identity.ErrInvalid,
		"Bearer " + access + "\n":                    identity.ErrInvalid,
		"Bearer " + access + "\x00":                  identity.ErrInvalid,
		"Bearer null":                                identity.ErrInvalid,
		"Bearer " + strings.Repeat("a", 3e4):         identity.ErrInvalid,
	} {
		c, err := h.ids.Admit(t.Context(), header, identity.AnyUser())
		if !errors.Is(err, want) || (err == nil) == c.User.IsZero() {
			t.Errorf("%.60q: got (%+v, %v), want %v", header, c, err, want)
		}
	}
}

// Who may come in where, by kind of caller.
func TestPolicies(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	owner := h.found("owner@example.com")
	viewer := h.member(owner, "viewer@example.com", account.Viewer)
	_, staff := h.staff("staff@example.com", tenant.AccountsRead)
	read := []tenant.Permission{tenant.ReadContent}
	_, key := h.key(owner.scope, identity.NewKey{Name: "all", Scopes: read})
	_, bound := h.key(owner.scope, identity.NewKey{Name: "one site", Scopes: read, SiteID: "site_1"})
	credentials := []struct{ name, text string }{
		{"owner", owner.tokens.Access}, {"viewer", viewer.tokens.Access}, {"staff", staff.Access}, {"key", key}, {"bound key", bound},
	}
	for _, tt := range []struct {
		policy identity.Policy
		name   string
		may    string // who comes in; all others are forbidden
	}{
		{identity.AnyUser(), "user", "owner viewer staff"},
		{identity.Tenant(tenant.ReadContent), "tenant(content.read)", "owner viewer key"},
		{identity.Tenant(tenant.WriteContent), "tenant(content.write)", "owner"},
		{identity.TenantEvenIfUnpaid(tenant.ReadContent), "tenant_even_if_unpaid(content.read)", "owner viewer key"},
		{identity.TenantEvenIfUnpaid(tenant.ManageBilling), "tenant_even_if_unpaid(billing.manage)", "owner"},
		{identity.Bridge(tenant.ReadContent), "bridge(content.read)", "bound key"},
		{identity.Bridge(tenant.WriteContent), "bridge(content.write)", ""},
		{identity.Staff(tenant.AccountsRead), "staff(accounts.read)", "staff"},
		{identity.Staff(tenant.PrivilegesManage), "staff(privileges.manage)", ""},
	} {
		if got := tt.policy.String(); got != tt.name || !tt.policy.Declared() || tt.policy.IsPublic() {
			t.Errorf("the policy is %s, want %s", got, tt.name)
		}
		for _, c := range credentials {
			var want error = tenant.ErrForbidden
			if tt.may == c.name || (c.name != "bound key" && c.name != "key" && strings.Contains(tt.may, c.name)) || (c.name == "key" && strings.HasSuffix(tt.may, "viewer key")) {
				want = nil
			}
			if _, err := h.ids.Admit(t.Context(), "Bearer "+c.text, tt.policy); !errors.Is(err, want) {
				t.Errorf("%s to %s: got %v, want %v", c.name, tt.policy, err, want)
			}
		}
	}
}

// A credential that does not count is 401 whatever else is wrong; then comes
// the standing of the account; the permission is asked last.
func TestOrderOfTheGate(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	for _, tt := range []struct {
		status       account.Status
		work, unpaid error // what its owner is told
	}{
		{account.Active, nil, nil},
		{account.Trial, nil, nil},
		{account.PastDue, nil, nil},
		{account.PendingPayment, account.ErrPaymentRequired, nil},
		{account.Cancelled, account.ErrCancelled, account.ErrCancelled},
		{account.Suspended, account.ErrSuspended, account.ErrSuspended},
	} {
		status := tt.status
		if status == account.Suspended {
			status = account.Active
		}
		owner := h.foundAs(fmt.Sprintf("owner-%s@example.com", tt.status), status)
		viewer := h.member(owner, fmt.Sprintf("viewer-%s@example.com", tt.status), account.Viewer)
		_, key := h.key(owner.scope, identity.NewKey{Name: "k", Scopes: []tenant.Permission{tenant.ReadContent}})
		_, bound := h.key(owner.scope, identity.NewKey{Name: "b", Scopes: []tenant.Permission{tenant.ReadContent}, SiteID: "site_1"})
		ended, _, err := h.ids.Login(t.Context(), owner.user.Email, password, identity.Client{})
		is(t, err, nil)
		is(t, h.ids.Logout(t.Context(), ended.Refresh), nil)
		if tt.status == account.Suspended {
			h.suspend(owner)
		}
		// standing, or else want
		or := func(standing, want error) error {
			if standing != nil {
				return standing
			}
			return want
		}
		for _, c := range []struct {
			name, credential string
			policy           identity.Policy
			want             error
		}{
			{"ended session", ended.Access, identity.Tenant(tenant.ManageBilling), identity.ErrInvalid},
			{"unknown key", swapTwo(key), identity.Tenant(tenant.ManageBilling), identity.ErrInvalid},
			{"owner", owner.tokens.Access, identity.Tenant(tenant.WriteContent), tt.work},
			{"owner, unpaid", owner.tokens.Access, identity.TenantEvenIfUnpaid(tenant.ManageBilling), tt.unpaid},
			{"viewer", viewer.tokens.Access, identity.Tenant(tenant.WriteContent), or(tt.work, tenant.ErrForbidden)},
			{"viewer, unpaid", viewer.tokens.Access, identity.TenantEvenIfUnpaid(tenant.ManageBilling), or(tt.unpaid, tenant.ErrForbidden)},
			{"key", key, identity.Tenant(tenant.ReadContent), tt.work},
			{"key without the scope", key, identity.Tenant(tenant.WriteContent), or(tt.work, tenant.ErrForbidden)},
			{"bound key", bound, identity.Bridge(tenant.ReadContent), tt.work},
			{"bound key elsewhere", bound, identity.Tenant(tenant.ReadContent), or(tt.work, tenant.ErrForbidden)},
			{"owner about himself", owner.tokens.Access, identity.AnyUser(), nil},
			{"owner as staff", owner.tokens.Access, identity.Staff(tenant.AccountsRead), tenant.ErrForbidden},
		} {
			if _, err := h.ids.Admit(t.Context(), "Bearer "+c.credential, c.policy); !errors.Is(err, c.want) {
				t.Errorf("%s, %s: got %v, want %v", tt.status, c.name, err, c.want)
			}
		}
	}
}

func TestStandingIsAskedOnEachRequest(t *testing.T) {
	t.Parallel()
	unpaid := fault.New(fault.PaymentRequired, "test.unpaid", "Pay.")
	broken := errors.New("the disk is gone")
	var says error
	var asked []tenant.AccountID
	h := newHouseWith(t, func(_ context.Context, r tenant.Reader) (identity.Terms, error) {
		return termsFunc(func(time.Time) (throttle.Rates, error) {
			asked = append(asked, r.Scope().Account())
			return throttle.Rates{Read: 7}, says
		}), nil
	})
	f := h.found("anna@example.com")
	for _, tt := range []struct {
		says         error
		work, unpaid error
	}{
		{nil, nil, nil},
		{fmt.Errorf("plan: %w", unpaid), unpaid, nil},
		{broken, broken, broken},
		{account.ErrSuspended, account.ErrSuspended, account.ErrSuspended},
		{nil, nil, nil},
	} {
		says = tt.says
		before := len(asked)
		c, err := h.ids.Admit(t.Context(), "Bearer "+f.tokens.Access, identity.Tenant(tenant.ReadContent))
		is(t, err, tt.work)
		if err == nil && c.Rates.Read != 7 {
			t.Errorf("rates %+v", c.Rates)
		}
		_, err = h.ids.Admit(t.Context(), "Bearer "+f.tokens.Access, identity.TenantEvenIfUnpaid(tenant.ReadContent))
		is(t, err, tt.unpaid)
		if len(asked) < before+2 {
			t.Errorf("asked %d times in two requests", len(asked)-before)
		}
	}
	for _, a := range asked {
		if a != f.scope.Account() {
			t.Errorf("asked about %s, want %s", a, f.scope.Account())
		}
	}
}

func TestSuspensionCountsOnTheNextRequest(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	f, other := h.found("anna@example.com"), h.found("bert@example.com")
	_, key := h.key(f.scope, identity.NewKey{Name: "k", Scopes: []tenant.Permission{tenant.ReadContent}})
	second := h.service(issuer, signingKey, nil) // another process
	everywhere := func(want error) {
		t.Helper()
		for _, credential := range []string{f.tokens.Access, key} {
			for _, ids := range []*identity.Service{h.ids, second} {
				_, err := ids.Admit(t.Context(), "Bearer "+credential, identity.Tenant(tenant.ReadContent))
				is(t, err, want)
			}
		}
	}
	everywhere(nil)
	h.suspend(f)
	everywhere(account.ErrSuspended)
	h.refused(f.tokens.Access, identity.TenantEvenIfUnpaid(tenant.ReadBilling), account.ErrSuspended)
	h.admit(other.tokens.Access, identity.Tenant(tenant.ReadContent))
	h.in(f.scope, func(ctx context.Context, tx *tenant.Tx) error {
		_, err := account.Reactivate(ctx, tx, "a test")
		return err
	})
	everywhere(nil)
}

func TestRemovedMemberIsOutOnTheNextRequest(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	f := h.found("anna@example.com")
	m := h.member(f, "bert@example.com", account.Admin)
	h.admit(m.tokens.Access, identity.Tenant(tenant.ManageTeam))
	h.in(f.scope, func(ctx context.Context, tx *tenant.Tx) error {
		_, err := account.SetRole(ctx, tx, m.user.ID, account.Viewer)
		return err
	})
	h.refused(m.tokens.Access, identity.Tenant(tenant.ManageTeam), tenant.ErrForbidden)
	h.admit(m.tokens.Access, identity.Tenant(tenant.ReadContent))

	h.in(f.scope, func(ctx context.Context, tx *tenant.Tx) error { return account.RemoveMember(ctx, tx, m.user.ID) })
	h.refused(m.tokens.Access, identity.Tenant(tenant.ReadContent), tenant.ErrForbidden)
	h.suspend(f) // which is no longer any business of his
	h.refused(m.tokens.Access, identity.Tenant(tenant.ReadContent), tenant.ErrForbidden)
	next, err := h.ids.Refresh(t.Context(), m.tokens.Refresh)
	is(t, err, nil)
	h.refused(next.Access, identity.Tenant(tenant.ReadContent), tenant.ErrForbidden)
	c := h.admit(next.Access, identity.AnyUser())
	if !c.Scope.Account().IsZero() || c.User != m.user.ID {
		t.Errorf("let in as %+v, want the person and no account", c)
	}
	_, err = h.ids.Enter(t.Context(), c, f.scope.Account(), identity.Client{})
	is(t, err, account.ErrNotFound)
}

// Refusals are logged by reason; an attacker's text is not.
func TestRefusalIsLoggedWithoutTheCredential(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	f := h.found("anna@example.com")
	h.refused("attack-me-if-you-can", identity.Tenant(tenant.ReadContent), identity.ErrInvalid)
	h.refused(swapTwo(f.tokens.Refresh), identity.AnyUser(), identity.ErrInvalid)
	log := h.log.String()
	if !strings.Contains(log, "credential refused") || !strings.Contains(log, `"token does not decode"`) || !strings.Contains(log, "tenant(content.read)") {
		t.Errorf("the log does not say why: %s", log)
	}
	if strings.Contains(log, "attack-me") || strings.Contains(log, swapTwo(f.tokens.Refresh)) {
		t.Errorf("the log repeats a credential: %s", log)
	}
}

// termsFunc is Terms that are asked, and not read.
type termsFunc func(time.Time) (throttle.Rates, error)

func (termsFunc) Account() account.Account { return account.Account{} }

func (f termsFunc) Standing(now time.Time) (throttle.Rates, error) { return f(now) }
