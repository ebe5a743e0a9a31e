package identity_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"igny8/internal/account"
	"igny8/internal/identity"
	"igny8/internal/tenant"
)

const day = 24 * time.Hour

func TestLogin(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	f := h.found("anna@example.com")
	tokens, u, err := h.ids.Login(t.Context(), " ANNA@example.com", password, identity.Client{})
	is(t, err, nil)
	if u != f.user || tokens.ExpiresIn != 15*time.Minute {
		t.Errorf("signed in as %+v for %v, want %+v for 15m", u, tokens.ExpiresIn, f.user)
	}
	c := h.admit(tokens.Access, identity.Tenant(tenant.ReadContent))
	if c.Scope.Account() != f.scope.Account() {
		t.Errorf("signed in to %s, want %s", c.Scope.Account(), f.scope.Account())
	}
	if was := h.admit(f.tokens.Access, identity.AnyUser()); c.Session == was.Session {
		t.Error("two sign-ins share a session")
	}
}

func TestLoginKnowsPasswordsInEitherForm(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	r := person("anna@example.com")
	r.Password = "Sch\u00f6ne Gr\u00fc\u00dfe 77" // composed
	p, err := h.ids.Prepare(t.Context(), r)
	is(t, err, nil)
	_, err = h.open(t.Context(), p, account.Active)
	is(t, err, nil)
	_, _, err = h.ids.Login(t.Context(), r.Email, "Scho\u0308ne Gru\u0308\u00dfe 77", identity.Client{}) // as a Mac types it
	is(t, err, nil)
}

// An address that nobody has, one that cannot be, and a wrong password are
// one answer, word for word, and leave nothing behind.
func TestLoginGivesOneAnswer(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.found("anna@example.com")
	before := h.count(`SELECT count(*) FROM token_families`)
	for name, try := range map[string][2]string{
		"wrong password":    {"anna@example.com", "correct horse batterz"},
		"no password":       {"anna@example.com", ""},
		"very long":         {"anna@example.com", password + strings.Repeat(" ", 1000)},
		"broken UTF-8":      {"anna@example.com", "\xff\xfe"},
		"unknown":           {"bert@example.com", password},
		"unknown, long":     {"bert@example.com", strings.Repeat("a", 1000)},
		"no address":        {"", password},
		"not an address":    {"anna", password},
		"a piece of SQL":    {"' OR 1=1 --@example.com", password},
		"address with NULs": {"anna@example.com\x00", password},
	} {
		tokens, u, err := h.ids.Login(t.Context(), try[0], try[1], identity.Client{})
		is(t, err, identity.ErrBadCredentials)
		if err == nil || err.Error() != identity.ErrBadCredentials.Error() {
			t.Errorf("%s: the answer is %q, want %q", name, err, identity.ErrBadCredentials)
		}
		if tokens != (identity.Tokens{}) || u != (identity.User{}) {
			t.Errorf("%s: refused, but with tokens or a user", name)
		}
	}
	if n := h.count(`SELECT count(*) FROM token_families`); n != before {
		t.Errorf("%d sessions, want %d as before", n, before)
	}
}

func TestLoginWaitsItsTurnNoLongerThanAsked(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, _, err := h.ids.Login(ctx, "anna@example.com", password, identity.Client{}); err == nil || errors.Is(err, identity.ErrBadCredentials) {
		t.Errorf("got %v, want to be told that the request ended", err)
	}
}

func TestRefreshGivesTheNextPair(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	f := h.found("anna@example.com")
	was := h.admit(f.tokens.Access, identity.AnyUser())
	h.hand.Advance(20 * time.Minute)
	h.refused(f.tokens.Access, identity.AnyUser(), identity.ErrInvalid)
	next, err := h.ids.Refresh(t.Context(), f.tokens.Refresh)
	is(t, err, nil)
	if next.Refresh == f.tokens.Refresh || next.Access == f.tokens.Access {
		t.Error("the next pair repeats a token")
	}
	now := h.admit(next.Access, identity.Tenant(tenant.ReadContent))
	if now.Session != was.Session || now.User != was.User || now.Scope.Account() != was.Scope.Account() {
		t.Errorf("let in as %+v, want the session of %+v", now, was)
	}
}

// A refresh token that comes back ends the session for the thief and for the
// owner, whoever came first, and the account's log says so once.
func TestRefreshTokenUsedTwiceEndsTheSession(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	f := h.found("anna@example.com")
	other, _, err := h.ids.Login(t.Context(), "anna@example.com", password, identity.Client{})
	is(t, err, nil)
	second, err := h.ids.Refresh(t.Context(), f.tokens.Refresh)
	is(t, err, nil)
	third, err := h.ids.Refresh(t.Context(), second.Refresh)
	is(t, err, nil)
	for range 2 {
		_, err = h.ids.Refresh(t.Context(), f.tokens.Refresh)
		is(t, err, identity.ErrInvalid)
	}
	for _, pair := range []identity.Tokens{f.tokens, second, third} {
		h.refused(pair.Access, identity.AnyUser(), identity.ErrInvalid)
		_, err := h.ids.Refresh(t.Context(), pair.Refresh)
		is(t, err, identity.ErrInvalid)
	}
	if n := h.actions(f.scope)["session.ended_by_reuse"]; n != 1 {
		t.Errorf("%d events of the reuse, want 1", n)
	}
	h.admit(other.Access, identity.AnyUser()) // a session of its own goes on
}

func TestRefreshAtOnceGivesOnePair(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	f := h.found("anna@example.com")
	const n = 8
	pairs := make([]identity.Tokens, n)
	errs := atOnce(n, func(i int) (err error) {
		pairs[i], err = h.ids.Refresh(t.Context(), f.tokens.Refresh)
		return err
	})
	if won := split(t, errs, identity.ErrInvalid); won != 1 {
		t.Errorf("%d exchanges of one token won, want 1", won)
	}
	h.refused(f.tokens.Access, identity.AnyUser(), identity.ErrInvalid)
	for _, pair := range pairs {
		if pair.Access != "" {
			h.refused(pair.Access, identity.AnyUser(), identity.ErrInvalid)
		}
	}
	if n := h.count(`SELECT count(*) FROM refresh_tokens`); n != 2 {
		t.Errorf("%d refresh tokens were made, want the first and one more", n)
	}
	if n := h.actions(f.scope)["session.ended_by_reuse"]; n != 1 {
		t.Errorf("%d events of the reuse, want 1", n)
	}
}

func TestRefreshRefusesOtherText(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	f := h.found("anna@example.com")
	_, key := h.key(f.scope, identity.NewKey{Name: "k", Scopes: []tenant.Permission{tenant.ReadContent}})
	for name, text := range map[string]string{
		"nothing": "", "the access token": f.tokens.Access, "an API key": key,
		"cut short": f.tokens.Refresh[:len(f.tokens.Refresh)-1], "with a tail": f.tokens.Refresh + "0",
		"mistyped": swapTwo(f.tokens.Refresh), "in capitals": strings.ToUpper(f.tokens.Refresh),
	} {
		_, err := h.ids.Refresh(t.Context(), text)
		if !errors.Is(err, identity.ErrInvalid) {
			t.Errorf("%s: got %v, want %v", name, err, identity.ErrInvalid)
		}
	}
	_, err := h.ids.Refresh(t.Context(), f.tokens.Refresh)
	is(t, err, nil) // nothing of it ended the session
}

// swapTwo is a typing error: two neighbours in the wrong order.
func swapTwo(s string) string {
	b := []byte(s)
	for i := 8; i < len(b)-1; i++ {
		if b[i] != b[i+1] {
			b[i], b[i+1] = b[i+1], b[i]
			return string(b)
		}
	}
	return ""
}

func TestRefreshTokenEnds(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	f := h.found("anna@example.com")
	h.hand.Advance(30*day - time.Microsecond)
	next, err := h.ids.Refresh(t.Context(), f.tokens.Refresh)
	is(t, err, nil)
	h.hand.Advance(30 * day)
	_, err = h.ids.Refresh(t.Context(), next.Refresh)
	is(t, err, identity.ErrInvalid)
}

// However often it is refreshed, a session ends after 90 days, and its last
// access token with it.
func TestSessionEnds(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	tokens := h.found("anna@example.com").tokens
	refresh := func() (err error) {
		tokens, err = h.ids.Refresh(t.Context(), tokens.Refresh)
		return err
	}
	for range 4 {
		h.hand.Advance(20 * day)
		is(t, refresh(), nil)
	}
	h.hand.Advance(10*day - 5*time.Minute)
	is(t, refresh(), nil)
	if tokens.ExpiresIn != 5*time.Minute {
		t.Errorf("the last access token is good for %v, want 5m", tokens.ExpiresIn)
	}
	h.hand.Advance(5*time.Minute - time.Microsecond)
	h.admit(tokens.Access, identity.AnyUser())
	h.hand.Advance(time.Microsecond)
	h.refused(tokens.Access, identity.AnyUser(), identity.ErrInvalid) // no leeway for the session
	is(t, refresh(), identity.ErrInvalid)
}

func TestLogoutEndsAccessAtOnce(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	f := h.found("anna@example.com")
	next, err := h.ids.Refresh(t.Context(), f.tokens.Refresh)
	is(t, err, nil)
	other, _, err := h.ids.Login(t.Context(), "anna@example.com", password, identity.Client{})
	is(t, err, nil)

	is(t, h.ids.Logout(t.Context(), next.Refresh), nil)
	for _, pair := range []identity.Tokens{f.tokens, next} {
		h.refused(pair.Access, identity.AnyUser(), identity.ErrInvalid)
	}
	_, err = h.ids.Refresh(t.Context(), next.Refresh)
	is(t, err, identity.ErrInvalid)
	h.admit(other.Access, identity.AnyUser())

	for _, text := range []string{next.Refresh, "", "igr_", swapTwo(other.Refresh), other.Access} {
		is(t, h.ids.Logout(t.Context(), text), nil) // nothing to end
	}
	h.admit(other.Access, identity.AnyUser())
	if n := h.actions(f.scope)["session.ended_by_reuse"]; n != 0 {
		t.Errorf("a logout counts as %d thefts", n)
	}
}

func TestEndSession(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	f, g := h.found("anna@example.com"), h.found("bert@example.com")
	_, key := h.key(f.scope, identity.NewKey{Name: "k", Scopes: []tenant.Permission{tenant.ReadContent}})
	is(t, h.ids.EndSession(t.Context(), h.admit(key, identity.Tenant(tenant.ReadContent))), nil) // a key has none
	h.admit(f.tokens.Access, identity.AnyUser())
	is(t, h.ids.EndSession(t.Context(), h.admit(f.tokens.Access, identity.AnyUser())), nil)
	h.refused(f.tokens.Access, identity.AnyUser(), identity.ErrInvalid)
	h.admit(g.tokens.Access, identity.AnyUser())
}

func TestEnterOnlyWhereOneIsAMember(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	anna, bert := h.found("anna@example.com"), h.found("bert@example.com")
	c := h.admit(anna.tokens.Access, identity.AnyUser())
	for _, acc := range []tenant.AccountID{bert.scope.Account(), tenant.NewAccountID(), {}} {
		tokens, err := h.ids.Enter(t.Context(), c, acc, identity.Client{})
		is(t, err, account.ErrNotFound)
		if tokens != (identity.Tokens{}) {
			t.Error("refused, but with tokens")
		}
	}
	_, key := h.key(anna.scope, identity.NewKey{Name: "k", Scopes: []tenant.Permission{tenant.ReadContent}})
	_, err := h.ids.Enter(t.Context(), h.admit(key, identity.Tenant(tenant.ReadContent)), anna.scope.Account(), identity.Client{})
	is(t, err, account.ErrNotFound)

	h.in(bert.scope, func(ctx context.Context, tx *tenant.Tx) error {
		return account.AddMember(ctx, tx, anna.user.ID, account.Viewer)
	})
	tokens, err := h.ids.Enter(t.Context(), c, bert.scope.Account(), identity.Client{})
	is(t, err, nil)
	guest := h.admit(tokens.Access, identity.Tenant(tenant.ReadContent))
	if guest.Scope.Account() != bert.scope.Account() || guest.Scope.Permissions() != account.Viewer.Permissions() {
		t.Errorf("entered %s with %v", guest.Scope.Account(), guest.Scope.Permissions().Names())
	}
	h.refused(tokens.Access, identity.Tenant(tenant.WriteContent), tenant.ErrForbidden)
	h.admit(anna.tokens.Access, identity.Tenant(tenant.WriteContent)) // at home nothing changed
}
