package identity

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"igny8/internal/clock"
	"igny8/internal/tenant"
)

// FuzzAuthorization sends what it likes as an Authorization header through
// all that reads it before the database does. Nothing panics, every refusal
// is one of our own words, and what is let on is one token, spelt one way.
func FuzzAuthorization(f *testing.F) {
	at := clock.At(time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC))
	ring, err := oneKey([]byte("0123456789abcdef0123456789abcdef"))
	if err != nil {
		f.Fatal(err)
	}
	s := &Service{issuer: "https://igny8.example", ring: ring, clock: at, parser: newParser("https://igny8.example", at)}
	// Fixed ids: the fuzzer's workers are processes of their own, and have to
	// make the same token as the one that made the seeds.
	const body = "06h0x2ngv9vsxe5h0w3vm716cw"
	who, err := claims{RegisteredClaims: jwt.RegisteredClaims{Subject: "usr_" + body}, Session: "ses_" + body, Account: "acc_" + body}.evidence()
	if err != nil {
		f.Fatal(err)
	}
	good, _, err := s.sign(who, at.Now(), at.Now().Add(time.Hour))
	if err != nil {
		f.Fatal(err)
	}
	if _, err := s.verify(good); err != nil {
		f.Fatalf("what is signed does not verify: %v", err)
	}
	key := newKey(tenant.NewAccountID())
	for _, seed := range []string{
		"", " ", "Bearer", "Bearer ", "bearer x", "Basic eDp5", "Bearer a b", "Bearer a,b", "Bearer a\nb", "Bearer \x00", "Bearer \xff\xfe",
		"Bearer ..", "Bearer e30.e30.", "Bearer eyJhbGciOiJub25lIn0.e30.", "Bearer igy_", "Bearer " + key, "Bearer " + key[:40], "Bearer " + good,
		"BEARER  " + good + " ", "Bearer " + good + "=", "Bearer " + strings.Repeat("a", maxCredential+1), "Bearer " + newSecret(refreshPrefix, ""),
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, header string) {
		token, err := bearer(header)
		if err != nil {
			ours(t, header, err)
			return
		}
		if token == "" || len(token) > maxCredential || !strings.Contains(header, token) || strings.ContainsAny(token, " ,\t\r\n\x00") {
			t.Fatalf("%q gives the token %q", header, token)
		}
		if acc, err := keyAccount(token); err != nil {
			ours(t, header, err)
		} else if again := newKey(acc); again[:len(keyPrefix)+accountLen] != token[:len(keyPrefix)+accountLen] {
			t.Fatalf("%q names %s, which is written %q", header, acc, again)
		}
		if _, err := s.verify(token); err != nil {
			ours(t, header, err)
		} else if token != good {
			t.Fatalf("%q verifies, and we did not sign it", header)
		}
	})
}

// ours fails the test unless err is a refusal, which cannot repeat the header.
func ours(t *testing.T, header string, err error) {
	t.Helper()
	if why := refusal(""); !errors.As(err, &why) || len(why) > 60 {
		t.Fatalf("%q: got %v, want a refusal in our own words", header, err)
	}
}
