package identity_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"igny8/internal/account"
	"igny8/internal/identity"
	"igny8/internal/tenant"
)

// keep signs a person in by password, in a browser.
func (h *house) keep(address string) identity.Cookie {
	h.t.Helper()
	tokens, _, err := h.ids.Login(h.t.Context(), address, password, identity.Client{})
	is(h.t, err, nil)
	c, err := h.ids.Keep(h.t.Context(), tokens)
	is(h.t, err, nil)
	return c
}

// sees fails the test unless the gate answers a cookie so.
func (h *house) sees(c identity.Cookie, p identity.Policy, want error) {
	h.t.Helper()
	if _, err := h.ids.AdmitCookie(h.t.Context(), c.Secret, p); !errors.Is(err, want) {
		h.t.Errorf("a cookie to %s: %v, want %v", p, err, want)
	}
}

func TestACookieOpensWhatItsSessionOpens(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	f := h.found("anna@example.com")
	c, err := h.ids.Keep(t.Context(), f.tokens)
	is(t, err, nil)
	caller, err := h.ids.AdmitCookie(t.Context(), c.Secret, identity.Tenant(tenant.WriteContent))
	is(t, err, nil)
	if caller.User != f.user.ID || caller.Scope.Account() != f.scope.Account() {
		t.Errorf("let in %+v", caller)
	}
	h.sees(c, identity.AnyUser(), nil)
	h.sees(c, identity.Public(), nil)
	h.sees(c, identity.Staff(tenant.AccountsRead), tenant.ErrForbidden)
	h.sees(c, identity.Bridge(tenant.ReadContent), tenant.ErrForbidden)
	h.sees(identity.Cookie{}, identity.AnyUser(), identity.ErrRequired)
	if _, err := h.ids.AdmitCookie(t.Context(), c.Secret, identity.Policy{}); err == nil {
		t.Error("a route without a policy lets somebody in")
	}
	_, staff := h.staff("olga@example.com", tenant.AccountsRead)
	s, err := h.ids.Keep(t.Context(), staff)
	is(t, err, nil)
	h.sees(s, identity.Staff(tenant.AccountsRead), nil)
	h.sees(s, identity.Staff(tenant.PlansManage), tenant.ErrForbidden)
	h.sees(s, identity.Tenant(tenant.ReadContent), tenant.ErrForbidden)
}

// TestACookieIsNoOtherCredential, and no other credential is a cookie.
func TestACookieIsNoOtherCredential(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	f := h.found("anna@example.com")
	c := h.keep("anna@example.com")
	h.refused(c.Secret, identity.AnyUser(), identity.ErrInvalid)
	_, err := h.ids.Refresh(t.Context(), c.Secret)
	is(t, err, identity.ErrInvalid)
	_, key := h.key(f.scope, identity.NewKey{Name: "k", Scopes: []tenant.Permission{tenant.ReadContent}})
	for name, secret := range map[string]string{
		"an access token": f.tokens.Access, "a refresh token": f.tokens.Refresh, "an API key": key, "cut short": c.Secret[:len(c.Secret)-1],
		"mistyped": swapTwo(c.Secret), "with a tail": c.Secret + "0", "upper case": strings.ToUpper(c.Secret), "a NUL": c.Secret + "\x00",
	} {
		if _, err := h.ids.AdmitCookie(t.Context(), secret, identity.AnyUser()); !errors.Is(err, identity.ErrInvalid) {
			t.Errorf("%s as a cookie: %v", name, err)
		}
	}
	if text := fmt.Sprintf("%v %+v %#v %s", c, c, c, c); strings.Contains(text, c.Secret) {
		t.Errorf("it prints itself: %s", text)
	}
	if n := h.count(`SELECT count(*) FROM browser_sessions WHERE hash = $1`, c.Secret); n != 0 {
		t.Error("the secret is kept as it is")
	}
}

// TestTheRefreshTokenOfABrowserIsSpent: a browser that kept both would hold a
// way to the API.
func TestTheRefreshTokenOfABrowserIsSpent(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	f := h.found("anna@example.com")
	c, err := h.ids.Keep(t.Context(), f.tokens)
	is(t, err, nil)
	_, err = h.ids.Keep(t.Context(), f.tokens)
	is(t, err, identity.ErrInvalid)
	h.sees(c, identity.AnyUser(), nil)
	_, err = h.ids.Refresh(t.Context(), f.tokens.Refresh) // as one that was stolen
	is(t, err, identity.ErrInvalid)
	h.sees(c, identity.AnyUser(), identity.ErrInvalid)
}

func TestWhatEndsASessionEndsItsCookie(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		end  func(h *house, f founder, c identity.Caller) error
		want error
	}{
		"signing out": {func(h *house, _ founder, c identity.Caller) error { return h.ids.EndSession(h.t.Context(), c) }, identity.ErrInvalid},
		"revoking it": {func(h *house, _ founder, c identity.Caller) error {
			return h.ids.RevokeSession(h.t.Context(), c.User, c.Session)
		}, identity.ErrInvalid},
		"another password": {func(h *house, _ founder, c identity.Caller) error {
			_, err := h.ids.ChangePassword(h.t.Context(), c, password, "an entirely newer one", identity.Client{})
			return err
		}, identity.ErrInvalid},
		"suspension": {func(h *house, f founder, _ identity.Caller) error { h.suspend(f); return nil }, account.ErrSuspended},
		"its end in time": {func(h *house, _ founder, c identity.Caller) error {
			for range 4 {
				h.hand.Advance(29 * day)
			}
			return nil
		}, identity.ErrInvalid},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t)
			f := h.found("anna@example.com")
			cookie := h.keep("anna@example.com")
			c, err := h.ids.AdmitCookie(t.Context(), cookie.Secret, identity.Tenant(tenant.ReadContent))
			is(t, err, nil)
			is(t, tt.end(h, f, c), nil)
			h.sees(cookie, identity.Tenant(tenant.ReadContent), tt.want)
		})
	}
}

// TestACookieLastsWhileItIsUsed: thirty days without a visit end it.
func TestACookieLastsWhileItIsUsed(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.found("anna@example.com")
	c := h.keep("anna@example.com")
	for range 2 {
		h.hand.Advance(30*day - time.Second)
		h.sees(c, identity.AnyUser(), nil)
	}
	h.hand.Advance(29*day + 23*time.Hour) // 90 days are not over yet
	h.sees(c, identity.AnyUser(), nil)
	idle := h.keep("anna@example.com")
	h.hand.Advance(30 * day)
	h.sees(idle, identity.AnyUser(), identity.ErrInvalid)
	h.sees(c, identity.AnyUser(), identity.ErrInvalid)
}

// TestAVisitIsNotedNowAndThen, and not with every page.
func TestAVisitIsNotedNowAndThen(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	f := h.found("anna@example.com")
	c := h.keep("anna@example.com")
	used := func() time.Time { return h.sessions(f.user.ID)[0].LastUsed }
	began := used()
	h.hand.Advance(59 * time.Minute)
	h.sees(c, identity.AnyUser(), nil)
	if !used().Equal(began) {
		t.Errorf("noted after %s", used().Sub(began))
	}
	h.hand.Advance(time.Minute)
	h.sees(c, identity.AnyUser(), nil)
	if got := used().Sub(began); got != time.Hour {
		t.Errorf("noted %s after it began, want an hour", got)
	}
}

// TestNobodyKeepsASessionThatIsNot: a session that ended in between has no cookie.
func TestNobodyKeepsASessionThatIsNot(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	f := h.found("anna@example.com")
	for name, tokens := range map[string]identity.Tokens{
		"no tokens": {}, "no refresh token": {Access: f.tokens.Access}, "no access token": {Refresh: f.tokens.Refresh},
	} {
		if _, err := h.ids.Keep(t.Context(), tokens); err == nil {
			t.Errorf("%s: kept", name)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := h.ids.Keep(ctx, f.tokens); err == nil {
		t.Error("kept after the request was given up")
	}
	if n := h.count(`SELECT count(*) FROM browser_sessions`); n != 0 {
		t.Errorf("%d cookies", n)
	}
}

func TestAnyStaffIsForStaff(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	_, staff := h.staff("olga@example.com", tenant.JobsManage)
	h.admit(staff.Access, identity.AnyStaff())
	_, none := h.staff("bert@example.com")
	h.refused(none.Access, identity.AnyStaff(), tenant.ErrForbidden)
	f := h.found("anna@example.com")
	h.refused(f.tokens.Access, identity.AnyStaff(), tenant.ErrForbidden)
	_, key := h.key(f.scope, identity.NewKey{Name: "k", Scopes: []tenant.Permission{tenant.ReadContent}})
	h.refused(key, identity.AnyStaff(), tenant.ErrForbidden)
}
