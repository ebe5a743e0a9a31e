package identity_test

import (
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"igny8/internal/account"
	"igny8/internal/identity"
	"igny8/internal/tenant"
)

// forge takes a good access token apart, lets change spoil it, and signs it
// again.
func forge(t testing.TB, access string, method jwt.SigningMethod, key any, change func(head map[string]any, body jwt.MapClaims)) string {
	t.Helper()
	token, _, err := jwt.NewParser().ParseUnverified(access, jwt.MapClaims{})
	if err != nil {
		t.Fatal(err)
	}
	body := maps.Clone(token.Claims.(jwt.MapClaims))
	again := jwt.NewWithClaims(method, body)
	again.Header["typ"], again.Header["kid"] = token.Header["typ"], token.Header["kid"]
	if change != nil {
		change(again.Header, body)
	}
	text, err := again.SignedString(key)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func TestForgedTokensOpenNothing(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	f, other := h.found("anna@example.com"), h.found("bert@example.com")
	access := f.tokens.Access
	hs := jwt.SigningMethodHS256
	claim := func(name string, v any) func(map[string]any, jwt.MapClaims) {
		return func(_ map[string]any, body jwt.MapClaims) {
			if body[name] = v; v == nil {
				delete(body, name)
			}
		}
	}
	header := func(name string, v any) func(map[string]any, jwt.MapClaims) {
		return func(head map[string]any, _ jwt.MapClaims) { head[name] = v }
	}
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	is(t, err, nil)
	now := h.hand.Clock().Now()
	otherSession := h.admit(other.tokens.Access, identity.AnyUser()).Session

	h.admit(forge(t, access, hs, signingKey, nil), identity.AnyUser()) // what is refused below is not refused for the forging
	for name, token := range map[string]string{
		"alg none":               forge(t, access, jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType, nil),
		"HS512, right key":       forge(t, access, jwt.SigningMethodHS512, signingKey, nil),
		"RS256":                  forge(t, access, jwt.SigningMethodRS256, rsaKey, nil),
		"another key":            forge(t, access, hs, []byte("another key of thirty-two bytes!"), nil),
		"no key":                 forge(t, access, hs, []byte{}, nil),
		"plain JWT":              forge(t, access, hs, signingKey, header("typ", "JWT")),
		"no type":                forge(t, access, hs, signingKey, header("typ", nil)),
		"type is a number":       forge(t, access, hs, signingKey, header("typ", 7)),
		"no key id":              forge(t, access, hs, signingKey, header("kid", nil)),
		"unknown key id":         forge(t, access, hs, signingKey, header("kid", "0123456789abcdef")),
		"a path as key id":       forge(t, access, hs, signingKey, header("kid", "../../dev/null")),
		"key id is a list":       forge(t, access, hs, signingKey, header("kid", []string{"x"})),
		"another issuer":         forge(t, access, hs, signingKey, claim("iss", "https://evil.example")),
		"issuer with a tail":     forge(t, access, hs, signingKey, claim("iss", issuer+"/")),
		"no issuer":              forge(t, access, hs, signingKey, claim("iss", nil)),
		"another audience":       forge(t, access, hs, signingKey, claim("aud", "igny8-web")),
		"no audience":            forge(t, access, hs, signingKey, claim("aud", nil)),
		"expired":                forge(t, access, hs, signingKey, claim("exp", now.Add(-31*time.Second).Unix())),
		"no end":                 forge(t, access, hs, signingKey, claim("exp", nil)),
		"end is text":            forge(t, access, hs, signingKey, claim("exp", "never")),
		"from the future":        forge(t, access, hs, signingKey, claim("iat", now.Add(31*time.Second).Unix())),
		"no beginning":           forge(t, access, hs, signingKey, claim("iat", nil)),
		"not yet":                forge(t, access, hs, signingKey, claim("nbf", now.Add(time.Minute).Unix())),
		"nobody":                 forge(t, access, hs, signingKey, claim("sub", nil)),
		"somebody else":          forge(t, access, hs, signingKey, claim("sub", other.user.ID.String())),
		"an account as a person": forge(t, access, hs, signingKey, claim("sub", f.scope.Account().String())),
		"no session":             forge(t, access, hs, signingKey, claim("sid", nil)),
		"another's session":      forge(t, access, hs, signingKey, claim("sid", otherSession.String())),
		"another's account":      forge(t, access, hs, signingKey, claim("acc", other.scope.Account().String())),
		"an unknown account":     forge(t, access, hs, signingKey, claim("acc", tenant.NewAccountID().String())),
		"a person as an account": forge(t, access, hs, signingKey, claim("acc", account.NewUserID().String())),
		"no account":             forge(t, access, hs, signingKey, claim("acc", nil)),
		"no signature":           access[:strings.LastIndex(access, ".")+1],
		"two parts":              access[:strings.LastIndex(access, ".")],
		"four parts":             access + ".e30",
		"another's signature":    access[:strings.LastIndex(access, ".")] + other.tokens.Access[strings.LastIndex(other.tokens.Access, "."):],
		"padded":                 access + "=",
		"loose last bits":        loosen(access),
		"refresh token":          f.tokens.Refresh,
		"only dots":              "..",
	} {
		for _, p := range []identity.Policy{identity.AnyUser(), identity.Tenant(tenant.ReadContent)} {
			c, err := h.ids.Admit(t.Context(), "Bearer "+token, p)
			if err != identity.ErrInvalid || !c.User.IsZero() || !c.Scope.Account().IsZero() { //nolint:errorlint // the answer must say no more than this
				t.Errorf("%s, to %s: got (%+v, %v), want %v alone", name, p, c, err, identity.ErrInvalid)
			}
		}
		if log := h.log.String(); strings.Contains(log, token[:len(token)/2]) && len(token) > 20 {
			t.Errorf("%s: the log repeats the token", name)
		}
	}
	h.admit(access, identity.Tenant(tenant.ReadContent)) // the real one is as good as before
}

// loosen changes the bits of the last letter that carry nothing: a decoder
// that is not strict takes it for the same signature.
func loosen(token string) string {
	const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	last := strings.IndexByte(letters, token[len(token)-1])
	return token[:len(token)-1] + string(letters[last^1])
}

// What a header says about where to find a key is not listened to.
func TestKeyHintsAreIgnored(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	f := h.found("anna@example.com")
	evil := []byte("another key of thirty-two bytes!")
	hints := func(head map[string]any, _ jwt.MapClaims) {
		head["x5u"] = "https://evil.example/cert"
		head["jku"] = "https://evil.example/keys"
		head["jwk"] = map[string]string{"kty": "oct", "k": base64.RawURLEncoding.EncodeToString(evil)}
	}
	h.refused(forge(t, f.tokens.Access, jwt.SigningMethodHS256, evil, hints), identity.AnyUser(), identity.ErrInvalid)
	h.admit(forge(t, f.tokens.Access, jwt.SigningMethodHS256, signingKey, hints), identity.AnyUser())
}

func TestTokenOfAnotherInstallation(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	f := h.found("anna@example.com")
	for name, other := range map[string]*identity.Service{
		"issuer": h.service("https://other.example", signingKey, nil),
		"key":    h.service(issuer, []byte("another key of thirty-two bytes!"), nil),
	} {
		if _, err := other.Admit(t.Context(), "Bearer "+f.tokens.Access, identity.AnyUser()); err != identity.ErrInvalid { //nolint:errorlint // the answer itself
			t.Errorf("another %s: got %v, want %v", name, err, identity.ErrInvalid)
		}
	}
	same := h.service(issuer, signingKey, nil)
	_, err := same.Admit(t.Context(), "Bearer "+f.tokens.Access, identity.AnyUser())
	is(t, err, nil)
}

func TestAccessTokenEnds(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	f := h.found("anna@example.com")
	h.hand.Advance(15*time.Minute + 29*time.Second) // 30 s for clocks that differ
	h.admit(f.tokens.Access, identity.AnyUser())
	h.hand.Advance(time.Second)
	h.refused(f.tokens.Access, identity.AnyUser(), identity.ErrInvalid)
}

// What may change is asked, not carried: the token has ids and times alone.
func TestTokenSaysNoMoreThanItMust(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	access := h.found("anna@example.com").tokens.Access
	body, err := base64.RawURLEncoding.DecodeString(strings.Split(access, ".")[1])
	is(t, err, nil)
	var claims map[string]json.RawMessage
	is(t, json.Unmarshal(body, &claims), nil)
	for name := range claims {
		if !slices.Contains([]string{"iss", "sub", "aud", "iat", "exp", "sid", "acc"}, name) {
			t.Errorf("the token carries %q: %s", name, claims[name])
		}
	}
	if len(claims) != 7 {
		t.Errorf("%d claims, want 7", len(claims))
	}
}

// rotated is a gate whose ring the test turns.
func rotated(h *house, ring *[]identity.SigningKey) *identity.Service {
	h.t.Helper()
	return h.serviceWith(issuer, nil, nil, func() ([]identity.SigningKey, error) { return *ring, nil })
}

func signer(t *testing.T, text string, since time.Time) identity.SigningKey {
	t.Helper()
	k, err := identity.NewSigningKey([]byte(text), since)
	is(t, err, nil)
	return k
}

// The newest key signs; the one before verifies for as long as a token of it
// can be good, and not a moment longer.
func TestKeysAreRotated(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.found("anna@example.com")
	first := signer(t, string(signingKey), time.Time{})
	ring := []identity.SigningKey{first}
	ids := rotated(h, &ring)
	login := func() string {
		tokens, _, err := ids.Login(t.Context(), "anna@example.com", password, identity.Client{})
		is(t, err, nil)
		return tokens.Access
	}
	admit := func(token string, want error) {
		t.Helper()
		_, err := ids.Admit(t.Context(), "Bearer "+token, identity.AnyUser())
		is(t, err, want)
	}
	old := login()
	h.hand.Advance(time.Minute)
	ring = append(ring, signer(t, "the second key, of thirty-two bytes or more", h.hand.Clock().Now()))
	young := login()
	admit(old, nil)
	admit(young, nil)
	if kid := func(s string) any {
		token, _, err := jwt.NewParser().ParseUnverified(s, jwt.MapClaims{})
		is(t, err, nil)
		return token.Header["kid"]
	}; kid(old) == kid(young) || kid(young) == "" {
		t.Errorf("the new key is not named: %v, %v", kid(old), kid(young))
	}
	// A token that somebody makes with a key that leaked is no good once the
	// key is out of the ring, however long it says it lasts.
	leaked := forge(t, old, jwt.SigningMethodHS256, signingKey, func(_ map[string]any, body jwt.MapClaims) {
		body["exp"] = h.hand.Clock().Now().Add(time.Hour).Unix()
	})
	h.hand.Advance(identity.KeyOverlap - time.Microsecond)
	admit(leaked, nil)
	h.hand.Advance(time.Microsecond)
	admit(leaked, identity.ErrInvalid)
	fresh := login()
	ring = ring[1:]
	admit(fresh, nil)
	ring = []identity.SigningKey{signer(t, "the third key, of thirty-two bytes or more", h.hand.Clock().Now())}
	admit(fresh, identity.ErrInvalid) // all at once
	ring = nil
	if _, _, err := ids.Login(t.Context(), "anna@example.com", password, identity.Client{}); err == nil {
		t.Error("signed with no key")
	}
}

// A ring that cannot be read is our trouble, not the bearer's.
func TestAKeyringThatFails(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	f := h.found("anna@example.com")
	boom := errors.New("boom")
	ids := h.serviceWith(issuer, nil, nil, func() ([]identity.SigningKey, error) { return nil, boom })
	_, err := ids.Admit(t.Context(), "Bearer "+f.tokens.Access, identity.AnyUser())
	is(t, err, boom)
	if k := signer(t, string(signingKey), time.Time{}); strings.Contains(fmt.Sprintf("%v %+v %#v", k, k, k), "0123456789") {
		t.Error("a key prints")
	}
	if _, err := identity.NewSigningKey(signingKey[:31], time.Time{}); err == nil {
		t.Error("a short key was taken")
	}
}
