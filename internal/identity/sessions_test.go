package identity_test

import (
	"strings"
	"testing"
	"time"

	"igny8/internal/identity"
	"igny8/internal/tenant"
)

func (h *house) sessions(u identity.UserID) []identity.Session {
	h.t.Helper()
	all, err := h.ids.Sessions(h.t.Context(), u)
	if err != nil {
		h.t.Fatal(err)
	}
	return all
}

func TestSessionsAreListed(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	f := h.found("anna@example.com")
	h.found("bert@example.com")
	h.hand.Advance(time.Hour)
	long := identity.Client{Agent: "Firefox \xff\x00" + strings.Repeat("x", 1000), Address: "192.0.2.7"}
	tokens, _, err := h.ids.Login(t.Context(), "anna@example.com", password, long)
	is(t, err, nil)
	h.hand.Advance(time.Hour)
	_, err = h.ids.Refresh(t.Context(), tokens.Refresh)
	is(t, err, nil)
	all := h.sessions(f.user.ID)
	if len(all) != 2 || all[0].Account != f.scope.Account() || all[0].Client.Address != "192.0.2.7" ||
		!strings.HasPrefix(all[0].Client.Agent, "Firefox ?x") || len(all[0].Client.Agent) > 300 {
		t.Fatalf("sessions %+v", all)
	}
	now := h.hand.Clock().Now()
	if !all[0].LastUsed.Equal(now) || !all[0].Created.Equal(now.Add(-time.Hour)) || !all[1].LastUsed.Equal(now.Add(-2*time.Hour)) {
		t.Errorf("times %+v", all)
	}
	h.hand.Advance(30*day - time.Hour)
	if all = h.sessions(f.user.ID); len(all) != 1 { // nobody can go on with the other
		t.Errorf("%d sessions go on, want 1", len(all))
	}
}

func TestSessionsAreRevoked(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	f, bert := h.found("anna@example.com"), h.found("bert@example.com")
	mine := h.admit(f.tokens.Access, identity.AnyUser())
	var others []identity.Tokens
	for range 3 {
		tokens, _, err := h.ids.Login(t.Context(), "anna@example.com", password, identity.Client{})
		is(t, err, nil)
		others = append(others, tokens)
	}
	first := h.admit(others[0].Access, identity.AnyUser()).Session
	is(t, h.ids.RevokeSession(t.Context(), bert.user.ID, first), identity.ErrSessionNotFound)
	h.admit(others[0].Access, identity.AnyUser())
	is(t, h.ids.RevokeSession(t.Context(), f.user.ID, first), nil)
	h.refused(others[0].Access, identity.AnyUser(), identity.ErrInvalid)
	_, err := h.ids.Refresh(t.Context(), others[0].Refresh)
	is(t, err, identity.ErrInvalid)
	is(t, h.ids.RevokeSession(t.Context(), f.user.ID, first), identity.ErrSessionNotFound)

	is(t, h.ids.RevokeOtherSessions(t.Context(), mine), nil)
	is(t, h.ids.RevokeOtherSessions(t.Context(), mine), nil)
	for _, pair := range others {
		h.refused(pair.Access, identity.AnyUser(), identity.ErrInvalid)
	}
	h.admit(f.tokens.Access, identity.Tenant(tenant.ReadContent))
	h.admit(bert.tokens.Access, identity.AnyUser())
	if got := h.sessions(f.user.ID); len(got) != 1 || got[0].ID != mine.Session {
		t.Errorf("sessions %+v", got)
	}
	if seen := h.actions(f.scope); seen["session.revoked"] != 1 || seen["session.others_revoked"] != 1 {
		t.Errorf("events %v", seen)
	}
}
