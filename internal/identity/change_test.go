package identity_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"igny8/internal/account"
	"igny8/internal/identity"
	"igny8/internal/mail"
	"igny8/internal/tenant"
)

const another = "purple monkeys eat dishwashers"

func TestRegistrationIsVerifiedByLetter(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.run()
	f := h.found("anna@example.com")
	token := h.link(h.letter("anna@example.com", mail.KindVerifyEmail, 1))
	_, err := h.ids.VerifyEmail(t.Context(), swapTwo(token))
	is(t, err, identity.ErrLink)
	is(t, h.ids.ResetPassword(t.Context(), token, another), identity.ErrLink) // good for one purpose
	h.hand.Advance(24*time.Hour - time.Microsecond)
	u, err := h.ids.VerifyEmail(t.Context(), token)
	is(t, err, nil)
	if u.ID != f.user.ID || u.Verified != h.hand.Clock().Now() {
		t.Errorf("verified %+v", u)
	}
	_, err = h.ids.VerifyEmail(t.Context(), token)
	is(t, err, identity.ErrLink)
	if n := h.actions(f.scope)["user.email_verified"]; n != 1 {
		t.Errorf("%d events, want 1", n)
	}
	is(t, h.ids.ResendVerification(t.Context(), f.user.ID), nil)
	h.noMore("anna@example.com", mail.KindVerifyEmail, 1)
}

func TestANewLinkEndsTheOlder(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.run()
	f := h.found("anna@example.com")
	first := h.link(h.letter("anna@example.com", mail.KindVerifyEmail, 1))
	is(t, h.ids.ResendVerification(t.Context(), f.user.ID), nil)
	h.noMore("anna@example.com", mail.KindVerifyEmail, 1) // one a minute
	h.hand.Advance(time.Minute)
	is(t, h.ids.ResendVerification(t.Context(), f.user.ID), nil)
	second := h.link(h.letter("anna@example.com", mail.KindVerifyEmail, 2))
	_, err := h.ids.VerifyEmail(t.Context(), first)
	is(t, err, identity.ErrLink)
	h.hand.Advance(24 * time.Hour)
	_, err = h.ids.VerifyEmail(t.Context(), second)
	is(t, err, identity.ErrLink) // too late
}

func TestStaffGetLettersWithoutAnAccount(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.run()
	u, tokens := h.staff("olga@example.com", tenant.AuditRead)
	_, err := h.ids.VerifyEmail(t.Context(), h.link(h.letter("olga@example.com", mail.KindVerifyEmail, 1)))
	is(t, err, nil)
	_, err = h.ids.ChangePassword(t.Context(), h.admit(tokens.Access, identity.AnyUser()), password, another, identity.Client{})
	is(t, err, nil)
	h.letter("olga@example.com", mail.KindPasswordChanged, 1)
	for _, action := range []string{"user.email_verified", "user.password_changed"} {
		if n := h.count(`SELECT count(*) FROM staff_audit_events WHERE action = $1 AND subject = $2`, action, u.ID); n != 1 {
			t.Errorf("%d events %s, want 1", n, action)
		}
	}
}

// Every session of the person ends, also that which asked; API keys belong to
// the account and stay.
func TestChangedPasswordEndsEverySession(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.run()
	f, other := h.found("anna@example.com"), h.found("bert@example.com")
	_, key := h.key(f.scope, identity.NewKey{Name: "k", Scopes: []tenant.Permission{tenant.ReadContent}})
	second, _, err := h.ids.Login(t.Context(), "anna@example.com", password, identity.Client{})
	is(t, err, nil)
	c := h.admit(f.tokens.Access, identity.AnyUser())

	for _, wrong := range []string{"", another, password + " ", strings.Repeat("a", 2000)} {
		_, err = h.ids.ChangePassword(t.Context(), c, wrong, another, identity.Client{})
		is(t, err, identity.ErrWrongPassword)
	}
	for _, weak := range []string{"short", password, "anna@example.com"} {
		_, err = h.ids.ChangePassword(t.Context(), c, password, weak, identity.Client{})
		is(t, err, identity.ErrWeakPassword)
	}
	h.admit(second.Access, identity.AnyUser()) // nothing of it ended anything

	fresh, err := h.ids.ChangePassword(t.Context(), c, password, another, identity.Client{})
	is(t, err, nil)
	for _, old := range []identity.Tokens{f.tokens, second} {
		h.refused(old.Access, identity.AnyUser(), identity.ErrInvalid)
		_, err := h.ids.Refresh(t.Context(), old.Refresh)
		is(t, err, identity.ErrInvalid)
	}
	if now := h.admit(fresh.Access, identity.Tenant(tenant.ReadContent)); now.Scope.Account() != f.scope.Account() {
		t.Errorf("signed in to %s", now.Scope.Account())
	}
	h.admit(key, identity.Tenant(tenant.ReadContent))
	h.admit(other.tokens.Access, identity.AnyUser())
	_, _, err = h.ids.Login(t.Context(), "anna@example.com", password, identity.Client{})
	is(t, err, identity.ErrBadCredentials)
	_, _, err = h.ids.Login(t.Context(), "anna@example.com", another, identity.Client{})
	is(t, err, nil)
	if n := h.actions(f.scope)["user.password_changed"]; n != 1 {
		t.Errorf("%d events, want 1", n)
	}
	if e := h.letter("anna@example.com", mail.KindPasswordChanged, 1); strings.Contains(e.Text, "igl_") {
		t.Errorf("a link in %q", e.Text)
	}
}

func TestPasswordChangedAtOnceIsChangedOnce(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	f := h.found("anna@example.com")
	c := h.admit(f.tokens.Access, identity.AnyUser())
	tokens := make([]identity.Tokens, 4)
	errs := atOnce(4, func(i int) (err error) {
		tokens[i], err = h.ids.ChangePassword(t.Context(), c, password, another+strings.Repeat("!", i), identity.Client{})
		return err
	})
	if won := split(t, errs, identity.ErrWrongPassword); won != 1 {
		t.Errorf("%d won, want 1", won)
	}
	if n := h.count(`SELECT count(*) FROM token_families WHERE ended_at IS NULL`); n != 1 {
		t.Errorf("%d sessions go on, want 1", n)
	}
}

// A session that was begun with the old password does not outlive it, however
// close the two come.
func TestNoSessionSlipsPastAPasswordChange(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	f := h.found("anna@example.com")
	c := h.admit(f.tokens.Access, identity.AnyUser())
	old := make([]identity.Tokens, 8)
	errs := atOnce(len(old), func(i int) (err error) {
		switch {
		case i == 4:
			_, err = h.ids.ChangePassword(t.Context(), c, password, another, identity.Client{})
		case i%2 == 0:
			old[i], _, err = h.ids.Login(t.Context(), "anna@example.com", password, identity.Client{})
		default:
			old[i], err = h.ids.Enter(t.Context(), c, f.scope.Account(), identity.Client{})
		}
		return err
	})
	for _, err := range errs {
		if err != nil && !errors.Is(err, identity.ErrBadCredentials) && !errors.Is(err, identity.ErrInvalid) {
			t.Error(err)
		}
	}
	for _, pair := range old {
		if pair.Access != "" {
			h.refused(pair.Access, identity.AnyUser(), identity.ErrInvalid)
		}
	}
	if n := h.count(`SELECT count(*) FROM token_families WHERE ended_at IS NULL`); n != 1 {
		t.Errorf("%d sessions go on, want the new one alone", n)
	}
}

func TestResetByLetter(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.run()
	f := h.foundAs("anna@example.com", account.Cancelled) // the letter comes all the same
	is(t, h.ids.AskReset(t.Context(), " ANNA@example.com"), nil)
	first := h.link(h.letter("anna@example.com", mail.KindResetPassword, 1))
	is(t, h.ids.AskReset(t.Context(), "anna@example.com"), nil)
	h.noMore("anna@example.com", mail.KindResetPassword, 1) // one a minute
	h.hand.Advance(time.Minute)
	is(t, h.ids.AskReset(t.Context(), "anna@example.com"), nil)
	token := h.link(h.letter("anna@example.com", mail.KindResetPassword, 2))

	is(t, h.ids.ResetPassword(t.Context(), first, another), identity.ErrLink)
	is(t, h.ids.ResetPassword(t.Context(), token, "short"), identity.ErrWeakPassword)
	is(t, h.ids.ResetPassword(t.Context(), token, another), nil)
	is(t, h.ids.ResetPassword(t.Context(), token, another), identity.ErrLink)
	h.refused(f.tokens.Access, identity.AnyUser(), identity.ErrInvalid)
	_, u, err := h.ids.Login(t.Context(), "anna@example.com", another, identity.Client{})
	is(t, err, nil)
	if u.Verified.IsZero() {
		t.Error("who got the letter has shown that the address is his")
	}
	if n := h.actions(f.scope)["user.password_reset"]; n != 1 {
		t.Errorf("%d events, want 1", n)
	}
	h.letter("anna@example.com", mail.KindPasswordChanged, 1)
}

func TestResetLinkEnds(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.run()
	f := h.found("anna@example.com")
	ask := func(n int) string {
		h.hand.Advance(time.Minute)
		is(t, h.ids.AskReset(t.Context(), "anna@example.com"), nil)
		return h.link(h.letter("anna@example.com", mail.KindResetPassword, n))
	}
	late := ask(1)
	h.hand.Advance(time.Hour)
	is(t, h.ids.ResetPassword(t.Context(), late, another), identity.ErrLink)

	open := ask(2)
	tokens, _, err := h.ids.Login(t.Context(), f.user.Email, password, identity.Client{})
	is(t, err, nil)
	_, err = h.ids.ChangePassword(t.Context(), h.admit(tokens.Access, identity.AnyUser()), password, another, identity.Client{})
	is(t, err, nil)
	is(t, h.ids.ResetPassword(t.Context(), open, "yet another password"), identity.ErrLink)

	token := ask(3)
	errs := atOnce(6, func(int) error { return h.ids.ResetPassword(t.Context(), token, "yet another password") })
	if won := split(t, errs, identity.ErrLink); won != 1 {
		t.Errorf("one link was used %d times", won)
	}
}

// What the database is asked to do for an address is the same whether
// somebody has it: one errand, and no password is hashed.
func TestAskingForAResetTellsNothing(t *testing.T) {
	t.Parallel()
	h := newHouse(t) // whose errands nobody runs
	h.found("anna@example.com")
	work := map[string][2]int{}
	for _, address := range []string{"anna@example.com", "nobody@example.com"} {
		hashes, steps := h.ids.Hashes(), 0
		h.d.Disturb(func() error { steps++; return nil })
		is(t, h.ids.AskReset(t.Context(), address), nil)
		h.d.Disturb(nil)
		work[address] = [2]int{int(h.ids.Hashes() - hashes), steps}
	}
	if work["anna@example.com"] != work["nobody@example.com"] {
		t.Errorf("hashes and statements: %v", work)
	}
	if n := h.count(`SELECT count(*) FROM river_job WHERE kind = 'errand'`); n != 3 { // with the letter of registration
		t.Errorf("%d errands, want 3", n)
	}
	is(t, h.ids.AskReset(t.Context(), "nobody"), identity.ErrInvalidEmail)
}

// The same work for a sign-in, counted in hashes.
func TestSignInTakesTheSameWork(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.found("anna@example.com")
	for _, try := range [][2]string{{"anna@example.com", "wrong horse battery"}, {"nobody@example.com", password}, {"nobody", password}, {"anna@example.com", strings.Repeat("x", 5000)}} {
		before := h.ids.Hashes()
		_, _, err := h.ids.Login(t.Context(), try[0], try[1], identity.Client{})
		is(t, err, identity.ErrBadCredentials)
		if n := h.ids.Hashes() - before; n != 1 {
			t.Errorf("%s: %d hashes, want 1", try[0], n)
		}
	}
}

func TestNoLetterIsWrittenOfWhatWasUndone(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	p := h.prepare("anna@example.com")
	boom := errors.New("boom")
	err := h.st.Update(t.Context(), h.ids.NewAccount(p), func(ctx context.Context, tx *tenant.Tx) error {
		if _, err := account.Create(ctx, tx, account.New{Name: "Acme", Country: "DE", Kind: account.Tenant, Status: account.Trial}); err != nil {
			return err
		}
		if _, err := h.ids.CreateOwner(ctx, tx, p); err != nil {
			return err
		}
		return boom
	})
	is(t, err, boom)
	if n := h.count(`SELECT (SELECT count(*) FROM letters) + (SELECT count(*) FROM one_time_tokens) + (SELECT count(*) FROM river_job)`); n != 0 {
		t.Errorf("%d rows are left", n)
	}
}
