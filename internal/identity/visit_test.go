package identity_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"igny8/internal/account"
	"igny8/internal/audit"
	"igny8/internal/identity"
	"igny8/internal/mail"
	"igny8/internal/tenant"
)

// supporter makes one of the operator's people who may visit accounts, at a browser.
func (h *house) supporter(address string) (identity.User, identity.Cookie) {
	h.t.Helper()
	u, tokens := h.staff(address, tenant.SupportVisit)
	c, err := h.ids.Keep(h.t.Context(), tokens)
	is(h.t, err, nil)
	return u, c
}

// caller is who has a cookie, as himself.
func (h *house) caller(c identity.Cookie) identity.Caller {
	h.t.Helper()
	who, err := h.ids.AdmitCookie(h.t.Context(), c.Secret, identity.AnyUser())
	is(h.t, err, nil)
	return who
}

// visits begins a visit for an hour.
func (h *house) visits(c identity.Cookie, f founder, k identity.VisitKind) identity.Visit {
	h.t.Helper()
	v, err := h.ids.Visit(h.t.Context(), h.caller(c), identity.NewVisit{Account: f.scope.Account(), Reason: "The import fails.", Kind: k, For: time.Hour})
	is(h.t, err, nil)
	return v
}

func (h *house) visitsOf(s tenant.Scope) []identity.Visit {
	h.t.Helper()
	var all []identity.Visit
	err := h.st.View(h.t.Context(), s, func(ctx context.Context, v *tenant.View) (err error) {
		all, err = identity.Visits(ctx, v, 100)
		return err
	})
	is(h.t, err, nil)
	return all
}

func TestAVisitOpensOneAccountToOneBrowser(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	anna, bert := h.found("anna@example.com"), h.found("bert@example.com")
	u, c := h.supporter("olga@example.com")
	other := h.keep("olga@example.com")
	tokens, _, err := h.ids.Login(t.Context(), "olga@example.com", password, identity.Client{})
	is(t, err, nil)
	reading := identity.Tenant(tenant.ReadContent)
	h.sees(c, reading, tenant.ErrForbidden)
	began := h.visits(c, anna, identity.VisitToLook)
	if began.Works() || began.Email != "olga@example.com" || began.Account.ID != anna.scope.Account() || !began.Until.Equal(h.hand.Clock().Now().Add(time.Hour)) {
		t.Errorf("began %+v", began)
	}

	in, err := h.ids.AdmitCookie(t.Context(), c.Secret, reading)
	is(t, err, nil)
	if in.Scope.Account() != anna.scope.Account() || in.Scope.Actor() != (tenant.Actor{Kind: tenant.Staff, ID: u.ID.String()}) ||
		in.Scope.Privilege() != tenant.SupportVisit || in.User != u.ID || in.Support == nil || in.Support.ID != began.ID || in.Account.ID != anna.scope.Account() {
		t.Errorf("let in as %+v", in)
	}
	// As a person he is himself.
	if himself := h.caller(c); !himself.Scope.Account().IsZero() || himself.Support == nil || himself.Support.ID != began.ID {
		t.Errorf("on his own pages he is %+v", himself)
	}
	// Neither another browser of his nor a program is on it.
	h.sees(other, reading, tenant.ErrForbidden)
	h.refused(tokens.Access, reading, tenant.ErrForbidden)
	if h.caller(other).Support != nil || h.admit(tokens.Access, identity.AnyUser()).Support != nil {
		t.Error("another session of his is on the visit")
	}
	// It opens what is read and written like a member's, of that account alone.
	err = h.st.View(t.Context(), in.Scope, func(ctx context.Context, v *tenant.View) error {
		members, err := identity.Members(ctx, v, identity.UserID{}, 10)
		if len(members) != 1 || members[0].User != anna.user.ID {
			t.Errorf("he sees %+v", members)
		}
		return err
	})
	is(t, err, nil)
	is(t, h.st.Update(t.Context(), in.Scope, func(context.Context, *tenant.Tx) error { return nil }), nil)
	// The account reads of it, and no other.
	if n := h.actions(anna.scope)["support_visit.began"]; n != 1 {
		t.Errorf("%d events, want 1", n)
	}
	if all := h.visitsOf(anna.scope); len(all) != 1 || !all[0].Running(h.hand.Clock().Now()) || all[0].Reason != "The import fails." {
		t.Errorf("visits %+v", all)
	}
	if all, seen := h.visitsOf(bert.scope), h.actions(bert.scope)["support_visit.began"]; len(all) != 0 || seen != 0 {
		t.Errorf("another account reads of %+v", all)
	}
	h.in(bert.scope, func(ctx context.Context, tx *tenant.Tx) error {
		is(t, identity.EndVisit(ctx, tx, began.ID), identity.ErrVisitNotFound)
		return nil
	})
	h.sees(c, reading, nil)
}

func TestWhatAVisitMayDo(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	anna := h.found("anna@example.com")
	_, c := h.supporter("olga@example.com")
	looks := []tenant.Permission{tenant.ReadContent, tenant.ReadBilling, tenant.ReadTeam}
	for kind, may := range map[identity.VisitKind][]tenant.Permission{
		identity.VisitToLook: looks, identity.VisitToWork: append(looks, tenant.WriteContent, tenant.ManageSites),
	} {
		h.visits(c, anna, kind)
		for _, name := range tenant.PermissionNames() {
			p, _ := tenant.ParsePermission(name)
			var want error
			if !tenant.Allow(may...).Has(p) {
				want = tenant.ErrForbidden
			}
			h.sees(c, identity.Tenant(p), want)
			h.sees(c, identity.TenantEvenIfUnpaid(p), want)
			h.sees(c, identity.Bridge(p), tenant.ErrForbidden)
		}
		h.sees(c, identity.Staff(tenant.SupportVisit), nil)
		h.sees(c, identity.Staff(tenant.AccountsRead), tenant.ErrForbidden)
	}
}

func TestWhatEndsAVisit(t *testing.T) {
	t.Parallel()
	reading := identity.Tenant(tenant.ReadContent)
	type scene struct {
		*house
		anna, bert founder
		user       identity.User
		cookie     identity.Cookie
		visit      identity.Visit
	}
	for name, tt := range map[string]struct {
		end    func(s scene) error
		want   error
		events int
	}{
		"leaving": {func(s scene) error {
			acc, err := s.ids.LeaveVisit(s.t.Context(), s.caller(s.cookie))
			if acc != s.anna.scope.Account() {
				s.t.Errorf("left %s", acc)
			}
			return err
		}, tenant.ErrForbidden, 1},
		"its end in time": {func(s scene) error { s.hand.Advance(time.Hour); return nil }, identity.ErrVisitOver, 0},
		"its owner": {func(s scene) error {
			return s.st.Update(s.t.Context(), s.anna.scope, func(ctx context.Context, tx *tenant.Tx) error { return identity.EndVisit(ctx, tx, s.visit.ID) })
		}, identity.ErrVisitOver, 1},
		"losing the privilege": {func(s scene) error { return s.revoke(s.ids.Console(), s.user.ID, tenant.SupportVisit) }, identity.ErrVisitOver, 0},
		"signing out":          {func(s scene) error { return s.ids.EndSession(s.t.Context(), s.caller(s.cookie)) }, identity.ErrInvalid, 1},
		"revoking the session": {func(s scene) error {
			who := s.caller(s.cookie)
			return s.ids.RevokeSession(s.t.Context(), who.User, who.Session)
		}, identity.ErrInvalid, 0},
		"another visit": {func(s scene) error {
			s.visits(s.cookie, s.bert, identity.VisitToLook)
			c, err := s.ids.AdmitCookie(s.t.Context(), s.cookie.Secret, reading)
			if c.Scope.Account() != s.bert.scope.Account() {
				s.t.Errorf("he is in %s", c.Scope.Account())
			}
			_, left := s.ids.LeaveVisit(s.t.Context(), c)
			is(s.t, left, nil)
			return err
		}, tenant.ErrForbidden, 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t)
			s := scene{house: h, anna: h.found("anna@example.com"), bert: h.found("bert@example.com")}
			s.user, s.cookie = h.supporter("olga@example.com")
			s.visit = h.visits(s.cookie, s.anna, identity.VisitToWork)
			h.sees(s.cookie, reading, nil)
			is(t, tt.end(s), nil)
			h.sees(s.cookie, reading, tt.want)
			all := h.visitsOf(s.anna.scope)
			if len(all) != 1 || all[0].Running(h.hand.Clock().Now()) {
				t.Errorf("the account sees %+v", all)
			}
			if n := h.actions(s.anna.scope)["support_visit.ended"]; n != tt.events {
				t.Errorf("%d events of the end, want %d", n, tt.events)
			}
			if tt.events > 0 && all[0].EndedBy.ID == "" {
				t.Error("nobody ended it")
			}
			h.in(s.anna.scope, func(ctx context.Context, tx *tenant.Tx) error {
				if name == "losing the privilege" || name == "revoking the session" {
					return nil // its row stands as it was: the account may still close it
				}
				is(t, identity.EndVisit(ctx, tx, s.visit.ID), identity.ErrVisitNotFound)
				return nil
			})
			if !errors.Is(tt.want, identity.ErrVisitOver) {
				return
			}
			// It is his last until he goes on from there, and his other pages are open.
			who := h.caller(s.cookie)
			last, err := h.ids.LastVisit(t.Context(), who)
			is(t, err, nil)
			if who.Support != nil || last.ID != s.visit.ID {
				t.Errorf("on %+v, last %+v", who.Support, last)
			}
			acc, err := h.ids.LeaveVisit(t.Context(), who)
			is(t, err, nil)
			if acc != s.anna.scope.Account() {
				t.Errorf("left %s", acc)
			}
			h.sees(s.cookie, reading, tenant.ErrForbidden)
			_, err = h.ids.LastVisit(t.Context(), who)
			is(t, err, identity.ErrVisitNotFound)
			_, err = h.ids.LeaveVisit(t.Context(), who)
			is(t, err, identity.ErrVisitNotFound)
		})
	}
}

// TestAVisitorWithAnAccountOfHisOwn is in his own again when he leaves, and acts
// there as himself.
func TestAVisitorWithAnAccountOfHisOwn(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	anna, own := h.found("anna@example.com"), h.found("olga@example.com")
	is(t, h.grant(h.ids.Console(), own.user.ID, tenant.SupportVisit), nil)
	c := h.keep("olga@example.com")
	h.visits(c, anna, identity.VisitToLook)
	if himself := h.caller(c); himself.Scope.Account() != own.scope.Account() || himself.Scope.Actor().Kind != tenant.User {
		t.Errorf("as a person he is %+v", himself)
	}
	h.sees(c, identity.Tenant(tenant.ManageBilling), tenant.ErrForbidden)
	_, err := h.ids.Enter(t.Context(), h.caller(c), anna.scope.Account(), identity.Client{})
	is(t, err, account.ErrNotFound)
	is(t, h.ids.Leave(t.Context(), h.caller(c), anna.scope.Account()), account.ErrNotFound)
	_, err = h.ids.LeaveVisit(t.Context(), h.caller(c))
	is(t, err, nil)
	in, err := h.ids.AdmitCookie(t.Context(), c.Secret, identity.Tenant(tenant.ManageBilling))
	is(t, err, nil)
	if in.Scope.Account() != own.scope.Account() || in.Scope.Privilege() != "" {
		t.Errorf("back as %+v", in)
	}
}

func TestWhoMayVisitWhatAndWhy(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	anna := h.found("anna@example.com")
	_, c := h.supporter("olga@example.com")
	who := h.caller(c)
	_, tokens := h.staff("peter@example.com", tenant.AccountsRead)
	var system account.Account
	is(t, h.as(h.ids.Console(), func(ctx context.Context, tx *tenant.SharedTx) (err error) {
		system, err = identity.OpenSystemAccount(ctx, tx, "Reports")
		return err
	}), nil)
	good := identity.NewVisit{Account: anna.scope.Account(), Reason: "x", Kind: identity.VisitToWork, For: time.Hour}
	for name, tt := range map[string]struct {
		who    identity.Caller
		change func(n *identity.NewVisit)
		want   error
	}{
		"without the privilege": {h.admit(tokens.Access, identity.AnyUser()), nil, tenant.ErrForbidden},
		"an owner":              {h.admit(anna.tokens.Access, identity.AnyUser()), nil, tenant.ErrForbidden},
		"no reason":             {who, func(n *identity.NewVisit) { n.Reason = " " }, account.ErrInvalidReason},
		"a reason of lines":     {who, func(n *identity.NewVisit) { n.Reason = "a\nb" }, account.ErrInvalidReason},
		"a long reason":         {who, func(n *identity.NewVisit) { n.Reason = strings.Repeat("é", 501) }, account.ErrInvalidReason},
		"for nothing":           {who, func(n *identity.NewVisit) { n.Kind = "" }, identity.ErrVisitKind},
		"for ever":              {who, func(n *identity.NewVisit) { n.For = 5 * time.Hour }, identity.ErrVisitLength},
		"nowhere":               {who, func(n *identity.NewVisit) { n.Account = tenant.AccountID{} }, account.ErrNotFound},
		"no such account":       {who, func(n *identity.NewVisit) { n.Account = tenant.NewAccountID() }, account.ErrNotFound},
		"the operator's own":    {who, func(n *identity.NewVisit) { n.Account = system.ID }, identity.ErrVisitSystem},
	} {
		n := good
		if tt.change != nil {
			tt.change(&n)
		}
		if _, err := h.ids.Visit(t.Context(), tt.who, n); !errors.Is(err, tt.want) {
			t.Errorf("%s: %v, want %v", name, err, tt.want)
		}
	}
	// A session of a program has no pages to visit.
	again, _, err := h.ids.Login(t.Context(), "olga@example.com", password, identity.Client{})
	is(t, err, nil)
	_, err = h.ids.Visit(t.Context(), h.admit(again.Access, identity.AnyUser()), good)
	is(t, err, identity.ErrInvalid)
	if n := h.count(`SELECT count(*) FROM support_visits`); n != 0 {
		t.Errorf("%d visits are left of those that were refused", n)
	}
}

// TestASuspendedAccountCanBeLookedAt, and no more.
func TestASuspendedAccountCanBeLookedAt(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	anna := h.found("anna@example.com")
	_, c := h.supporter("olga@example.com")
	h.visits(c, anna, identity.VisitToWork)
	h.suspend(anna)
	h.sees(c, identity.Tenant(tenant.ReadContent), account.ErrSuspended)
	_, err := h.ids.Visit(t.Context(), h.caller(c), identity.NewVisit{Account: anna.scope.Account(), Reason: "x", Kind: identity.VisitToWork, For: time.Hour})
	is(t, err, identity.ErrVisitWork)
	h.visits(c, anna, identity.VisitToLook)
	h.sees(c, identity.Tenant(tenant.ReadContent), nil)
	h.sees(c, identity.Tenant(tenant.WriteContent), tenant.ErrForbidden)
}

func TestOwnersAreToldOfAVisit(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	anna := h.found("anna@example.com")
	_, c := h.supporter("olga@example.com")
	h.run()
	v := h.visits(c, anna, identity.VisitToWork)
	e := h.letter("anna@example.com", mail.KindSupportVisit, 1)
	for _, want := range []string{"Why: The import fails.", "work on sites and content", anna.scope.Account().String(), issuer + "/log", v.Until.Format("2 January 2006, 15:04 UTC")} {
		if !strings.Contains(e.Text, want) {
			t.Errorf("the letter does not say %q: %s", want, e.Text)
		}
	}
	h.noMore("olga@example.com", mail.KindSupportVisit, 0)
}

// TestAVisitorsWorkIsHis in the log, with the privilege that he had it by.
func TestAVisitorsWorkIsHis(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	anna := h.found("anna@example.com")
	u, c := h.supporter("olga@example.com")
	h.visits(c, anna, identity.VisitToWork)
	in, err := h.ids.AdmitCookie(t.Context(), c.Secret, identity.Tenant(tenant.WriteContent))
	is(t, err, nil)
	h.in(in.Scope, func(ctx context.Context, tx *tenant.Tx) error {
		return audit.Record(ctx, tx, "site.created", "site_1", nil)
	})
	err = h.st.View(t.Context(), anna.scope, func(ctx context.Context, v *tenant.View) error {
		all, err := audit.Of(ctx, v, audit.EventID{}, 2)
		for _, e := range all {
			if e.Actor != "staff:"+u.ID.String() || e.Privilege != tenant.SupportVisit {
				t.Errorf("%+v", e)
			}
		}
		if len(all) == 2 && !strings.Contains(string(all[1].Detail), `"reason":"The import fails."`) {
			t.Errorf("the beginning says %s", all[1].Detail)
		}
		return err
	})
	is(t, err, nil)
	// What carries his name cannot end the visit for the account, or bring a member.
	h.in(in.Scope, func(ctx context.Context, tx *tenant.Tx) error {
		is(t, identity.EndVisit(ctx, tx, in.Support.ID), tenant.ErrForbidden)
		_, err := h.ids.Invite(ctx, tx, "eve@example.com", account.Owner)
		is(t, err, tenant.ErrForbidden)
		return nil
	})
}

// TestAVisitOutlivesItsSession, for who looks into what happened.
func TestAVisitOutlivesItsSession(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	anna := h.found("anna@example.com")
	_, c := h.supporter("olga@example.com")
	h.visits(c, anna, identity.VisitToLook)
	who := h.caller(c)
	is(t, h.ids.RevokeSession(t.Context(), who.User, who.Session), nil)
	h.hand.Advance(31 * day)
	is(t, h.jobs.Do(t.Context(), h.ids.Chore()), nil)
	if n := h.count(`SELECT count(*) FROM browser_visits`); n != 0 {
		t.Errorf("%d browsers are left", n)
	}
	if all := h.visitsOf(anna.scope); len(all) != 1 || all[0].Running(h.hand.Clock().Now()) {
		t.Errorf("visits %+v", all)
	}
}
