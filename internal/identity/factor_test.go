package identity_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"

	"igny8/internal/account"
	"igny8/internal/fault"
	"igny8/internal/identity"
	"igny8/internal/mail"
)

// code is what the app shows, some time from now.
func (h *house) code(secret string, from time.Duration) string {
	h.t.Helper()
	code, err := totp.GenerateCode(secret, h.hand.Clock().Now().Add(from))
	if err != nil {
		h.t.Fatal(err)
	}
	return code
}

// protect gives a founder a second factor.
func (h *house) protect(f founder) (secret string, recovery []string) {
	h.t.Helper()
	c := h.admit(f.tokens.Access, identity.AnyUser())
	e, err := h.ids.BeginSecondFactor(h.t.Context(), c, password)
	if err != nil {
		h.t.Fatal(err)
	}
	recovery, err = h.ids.ConfirmSecondFactor(h.t.Context(), c, h.code(e.Secret, 0))
	if err != nil {
		h.t.Fatal(err)
	}
	return e.Secret, recovery
}

// challenge signs in as far as the password goes.
func (h *house) challenge(address string) string {
	h.t.Helper()
	tokens, u, err := h.ids.Login(h.t.Context(), address, password, identity.Client{})
	is(h.t, err, identity.ErrSecondFactor)
	if tokens != (identity.Tokens{}) || u != (identity.User{}) {
		h.t.Error("half a sign-in gives tokens")
	}
	text, _ := fault.Of(err).Extra["challenge"].(string)
	if text == "" || strings.Contains(err.Error(), text) {
		h.t.Fatalf("no challenge, or one that prints: %v", err)
	}
	return text
}

func (h *house) answer(challenge, code string) error {
	h.t.Helper()
	_, _, err := h.ids.AnswerChallenge(h.t.Context(), challenge, code, identity.Client{})
	return err
}

func TestSecondFactor(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.run()
	f := h.found("anna@example.com")
	c := h.admit(f.tokens.Access, identity.AnyUser())
	_, err := h.ids.BeginSecondFactor(t.Context(), c, another)
	is(t, err, identity.ErrWrongPassword)
	_, err = h.ids.ConfirmSecondFactor(t.Context(), c, "123456")
	is(t, err, identity.ErrNoFactor)
	first, err := h.ids.BeginSecondFactor(t.Context(), c, password)
	is(t, err, nil)
	if !strings.HasPrefix(first.URL, "otpauth://totp/Igny8:anna@example.com?") || strings.Contains(fmt.Sprintf("%v %+v %#v", first, first, first), first.Secret) {
		t.Errorf("enrolment %v", first.URL)
	}
	_, _, err = h.ids.Login(t.Context(), "anna@example.com", password, identity.Client{})
	is(t, err, nil) // not before it is confirmed
	second, err := h.ids.BeginSecondFactor(t.Context(), c, password)
	is(t, err, nil)
	_, err = h.ids.ConfirmSecondFactor(t.Context(), c, h.code(first.Secret, 0))
	is(t, err, identity.ErrBadCode)
	recovery, err := h.ids.ConfirmSecondFactor(t.Context(), c, h.code(second.Secret, 0))
	is(t, err, nil)
	if len(recovery) != 10 || len(recovery[0]) != 27 {
		t.Errorf("recovery codes %q", recovery)
	}
	_, err = h.ids.BeginSecondFactor(t.Context(), c, password)
	is(t, err, identity.ErrFactorExists)
	_, err = h.ids.ConfirmSecondFactor(t.Context(), c, h.code(second.Secret, 30*time.Second))
	is(t, err, identity.ErrFactorExists)
	h.letter("anna@example.com", mail.KindSecondFactorChanged, 1)

	challenge := h.challenge("anna@example.com")
	is(t, h.answer(challenge, h.code(second.Secret, 0)), identity.ErrBadCode) // it confirmed the factor, and is used
	h.hand.Advance(30 * time.Second)
	code := h.code(second.Secret, 0)
	tokens, u, err := h.ids.AnswerChallenge(t.Context(), challenge, code[:3]+" "+code[3:], identity.Client{})
	is(t, err, nil)
	if u.ID != f.user.ID || u.SecondFactor.IsZero() {
		t.Errorf("signed in as %+v", u)
	}
	if in := h.admit(tokens.Access, identity.AnyUser()); in.Scope.Account() != f.scope.Account() {
		t.Errorf("signed in to %s", in.Scope.Account())
	}
	is(t, h.answer(challenge, h.code(second.Secret, 30*time.Second)), identity.ErrInvalid) // one sign-in
	is(t, h.answer(h.challenge("anna@example.com"), code), identity.ErrBadCode)            // and one use
	if n := h.count(`SELECT count(*) FROM second_factors WHERE secret = $1`, []byte(second.Secret)); n != 0 {
		t.Error("the secret is in the database as it is")
	}
}

func TestRecoveryCodesAreGoodOnce(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	f, other := h.found("anna@example.com"), h.found("bert@example.com")
	_, recovery := h.protect(f)
	_, foreign := h.protect(other)
	is(t, h.answer(h.challenge("anna@example.com"), foreign[0]), identity.ErrBadCode)
	is(t, h.answer(h.challenge("anna@example.com"), strings.ToUpper(strings.ReplaceAll(recovery[0], "-", " "))), nil)
	is(t, h.answer(h.challenge("anna@example.com"), recovery[0]), identity.ErrBadCode)
	a, b := h.challenge("anna@example.com"), h.challenge("anna@example.com")
	errs := atOnce(2, func(i int) error { return h.answer([]string{a, b}[i], recovery[1]) })
	if won := split(t, errs, identity.ErrBadCode); won != 1 {
		t.Errorf("one code was used %d times", won)
	}
	if n := h.actions(f.scope)["second_factor.recovery_code_used"]; n != 2 {
		t.Errorf("%d events, want 2", n)
	}
	if n := h.count(`SELECT count(*) FROM recovery_codes WHERE hash LIKE '%-%'`); n != 0 {
		t.Error("recovery codes are kept as they are")
	}
}

func TestAChallengeEnds(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	f := h.found("anna@example.com")
	secret, recovery := h.protect(f)
	h.hand.Advance(time.Minute)
	for _, text := range []string{"", f.tokens.Refresh, "igc_", swapTwo(h.challenge("anna@example.com"))} {
		is(t, h.answer(text, h.code(secret, 0)), identity.ErrInvalid)
	}
	late := h.challenge("anna@example.com")
	h.hand.Advance(5 * time.Minute)
	is(t, h.answer(late, h.code(secret, 0)), identity.ErrInvalid)

	// Five tries of one challenge, and five wrong codes in a row, are enough.
	tried := h.challenge("anna@example.com")
	for range 4 {
		is(t, h.answer(tried, "000000"), identity.ErrBadCode)
	}
	for _, junk := range []string{strings.Repeat("x", 100)} {
		is(t, h.answer(tried, junk), identity.ErrBadCode)
	}
	is(t, h.answer(tried, h.code(secret, 0)), identity.ErrInvalid)
	is(t, h.answer(h.challenge("anna@example.com"), h.code(secret, 0)), identity.ErrCodeBlocked)
	is(t, h.answer(h.challenge("anna@example.com"), recovery[0]), nil) // the owner has a way in, and lifts it
	is(t, h.answer(h.challenge("anna@example.com"), h.code(secret, 0)), nil)
	if n := h.actions(f.scope)["second_factor.blocked"]; n != 1 {
		t.Errorf("%d events, want 1", n)
	}
}

// Whoever has the password and guesses gets fewer tries each day than NIST SP
// 800-63B-4 allows in all.
func TestGuessingCodesIsSlow(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.protect(h.found("anna@example.com"))
	guesses := 0
	for range 24 * 4 {
		for guesses <= 40 {
			err := h.answer(h.challenge("anna@example.com"), "00000x") // counted as any guess is, and never right
			if errors.Is(err, identity.ErrCodeBlocked) {
				break
			}
			is(t, err, identity.ErrBadCode)
			guesses++
		}
		h.hand.Advance(15 * time.Minute)
	}
	if guesses < 5 || guesses > 40 {
		t.Errorf("%d guesses in a day", guesses)
	}
}

func TestAChangedPasswordEndsChallenges(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	f := h.found("anna@example.com")
	secret, _ := h.protect(f)
	open := h.challenge("anna@example.com")
	_, err := h.ids.ChangePassword(t.Context(), h.admit(f.tokens.Access, identity.AnyUser()), password, another, identity.Client{})
	is(t, err, nil)
	h.hand.Advance(time.Minute)
	is(t, h.answer(open, h.code(secret, 0)), identity.ErrInvalid)
}

func TestSecondFactorIsRemovedWithBoth(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.run()
	f := h.foundAs("anna@example.com", account.Trial)
	secret, _ := h.protect(f)
	c := h.admit(f.tokens.Access, identity.AnyUser())
	h.hand.Advance(time.Minute)
	is(t, h.ids.RemoveSecondFactor(t.Context(), c, another, h.code(secret, 0)), identity.ErrWrongPassword)
	is(t, h.ids.RemoveSecondFactor(t.Context(), c, password, "123"), identity.ErrBadCode)
	is(t, h.ids.RemoveSecondFactor(t.Context(), c, password, h.code(secret, 0)), nil)
	is(t, h.ids.RemoveSecondFactor(t.Context(), c, password, h.code(secret, 30*time.Second)), identity.ErrNoFactor)
	_, _, err := h.ids.Login(t.Context(), "anna@example.com", password, identity.Client{})
	is(t, err, nil)
	h.letter("anna@example.com", mail.KindSecondFactorChanged, 2)
	if n := h.count(`SELECT count(*) FROM recovery_codes`); n != 0 {
		t.Errorf("%d recovery codes are left", n)
	}
}
