package identity_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"igny8/internal/account"
	"igny8/internal/identity"
	"igny8/internal/tenant"
)

// everyWay is v as careless code would show it.
func everyWay(t testing.TB, v any) string {
	t.Helper()
	var all bytes.Buffer
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d"} {
		fmt.Fprintf(&all, verb+"\n", v)
	}
	fmt.Fprintf(&all, "%v %+v %#v\n", []any{v}, struct{ V any }{v}, struct{ V any }{v})
	for _, l := range []slog.Handler{slog.NewTextHandler(&all, nil), slog.NewJSONHandler(&all, nil)} {
		slog.New(l).Info("look", "v", v, "in", struct{ V any }{v})
	}
	_ = json.NewEncoder(&all).Encode(v) // what cannot be encoded tells nothing
	return all.String()
}

// tells finds a secret in text, in clear, in hex, in base64, or byte by byte.
func tells(text, secret string) bool {
	bytewise := strings.Trim(fmt.Sprintf("%d", []byte(secret)), "[]")
	gowise := strings.TrimSuffix(strings.TrimPrefix(fmt.Sprintf("%#v", []byte(secret)), "[]byte{"), "}")
	for _, form := range []string{secret, fmt.Sprintf("%x", secret), fmt.Sprintf("%X", secret), bytewise, gowise, base64.StdEncoding.EncodeToString([]byte(secret))} {
		if strings.Contains(text, form) {
			return true
		}
	}
	return false
}

func TestSecretsAreNotPrinted(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	f := h.found("anna@example.com")
	r := person("bert@example.com")
	p, err := h.ids.Prepare(t.Context(), r)
	is(t, err, nil)
	o := identity.Options{Secret: signingKey, Issuer: issuer}
	taken := identity.Acceptance{Token: f.tokens.Refresh, Password: password, Challenge: f.tokens.Access}
	for name, v := range map[string]any{
		"tokens": f.tokens, "*tokens": &f.tokens, "registration": r, "*registration": &r,
		"prepared": p, "*prepared": &p, "options": o, "*options": &o, "service": h.ids, "acceptance": taken, "*acceptance": &taken,
	} {
		text := everyWay(t, v)
		for _, secret := range []string{f.tokens.Access, f.tokens.Refresh, password, "argon2id", string(signingKey)} {
			if tells(text, secret) {
				t.Errorf("%s tells %.12q: %s", name, secret, text)
			}
		}
	}
	if !tells(everyWay(t, struct{ Password string }{password}), password) || !tells(fmt.Sprintf("%d", signingKey), string(signingKey)) {
		t.Error("the test would not see a secret")
	}
}

// Neither an error nor the log repeats what somebody sent as a secret.
func TestErrorsAndLogsKeepSecrets(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	f := h.found("anna@example.com")
	k, key := h.key(f.scope, identity.NewKey{Name: "k", Scopes: readOnly})
	link := h.firstToken()
	const wrong = "not the password at all"
	h.in(f.scope, func(ctx context.Context, tx *tenant.Tx) error { return identity.RevokeKey(ctx, tx, k.ID) })
	is(t, h.ids.Logout(t.Context(), f.tokens.Refresh), nil)

	var errs []error
	note := func(err error) {
		t.Helper()
		if err == nil {
			t.Error("got no error where one was wanted")
		}
		errs = append(errs, err)
	}
	for _, credential := range []string{key, f.tokens.Access, f.tokens.Refresh, link} {
		_, err := h.ids.Admit(t.Context(), "Bearer "+credential, identity.Tenant(tenant.ReadContent))
		note(err)
		_, err = h.ids.Refresh(t.Context(), credential)
		note(err)
	}
	_, _, err := h.ids.ClaimFirstStaff(t.Context(), key, h.prepare("boss@example.com"), identity.Client{})
	note(err)
	_, _, err = h.ids.Login(t.Context(), "anna@example.com", wrong, identity.Client{})
	note(err)
	_, err = h.open(t.Context(), h.prepare("anna@example.com"), account.Active)
	note(err)
	weak := person("anna@example.com")
	weak.Password = "password1234"
	_, err = h.ids.Prepare(t.Context(), weak)
	note(err)

	said := h.log.String()
	for _, err := range errs {
		said += fmt.Sprintf("%v\n%+v\n", err, err)
	}
	for _, secret := range []string{key, f.tokens.Access, f.tokens.Refresh, link, password, wrong, weak.Password, "argon2id"} {
		if tells(said, secret) {
			t.Errorf("%.12q was told: %s", secret, said)
		}
	}
}

func TestPasswordsAreKeptHashed(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.found("anna@example.com")
	h.found("bert@example.com")
	if n := h.count(`SELECT count(DISTINCT password_hash) FROM users WHERE password_hash LIKE '$argon2id$v=19$m=64,t=1,p=1$%'`); n != 2 {
		t.Errorf("%d hashes of argon2id for one password of two people, want 2", n)
	}
	if n := h.count(`SELECT count(*) FROM refresh_tokens WHERE length(hash) <> 64 OR hash LIKE '%igr%'`); n != 0 {
		t.Errorf("%d refresh tokens are not kept as SHA-256", n)
	}
}
