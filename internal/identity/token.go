package identity

import (
	"errors"
	"fmt"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"igny8/internal/account"
	"igny8/internal/clock"
	"igny8/internal/id"
	"igny8/internal/tenant"
)

const (
	accessLife = 15 * time.Minute
	audience   = "igny8-api"
	tokenType  = "at+jwt" // RFC 9068: an access token, and no other kind of JWT
	leeway     = 30 * time.Second
)

// claims is what an access token says. What its bearer may do is not in it:
// that is asked on each request.
type claims struct {
	jwt.RegisteredClaims
	Session string `json:"sid"`
	Account string `json:"acc,omitempty"`
}

// evidence is what a token that verifies proves.
type evidence struct {
	user    UserID
	session SessionID
	account tenant.AccountID // zero: signed in without one
}

// newParser pins all that can be pinned: the method, the issuer, the
// audience, and that the token has an end.
func newParser(issuer string, c clock.Clock) *jwt.Parser {
	return jwt.NewParser(
		jwt.WithValidMethods([]string{jwt.SigningMethodHS256.Alg()}),
		jwt.WithIssuer(issuer), jwt.WithAudience(audience),
		jwt.WithExpirationRequired(), jwt.WithIssuedAt(), jwt.WithLeeway(leeway),
		jwt.WithTimeFunc(c.Now), jwt.WithStrictDecoding(),
	)
}

// sign makes the access token of a session, which lasts no longer than the
// session.
func (s *Service) sign(e evidence, now, sessionEnd time.Time) (string, time.Duration, error) {
	key, err := s.ring.newest()
	if err != nil {
		return "", 0, err
	}
	life := min(accessLife, sessionEnd.Sub(now))
	t := jwt.NewWithClaims(jwt.SigningMethodHS256, claims{
		RegisteredClaims: jwt.RegisteredClaims{
			Issuer: s.issuer, Subject: e.user.String(), Audience: jwt.ClaimStrings{audience},
			IssuedAt: jwt.NewNumericDate(now), ExpiresAt: jwt.NewNumericDate(now.Add(life)),
		},
		Session: e.session.String(), Account: e.account.String(),
	})
	t.Header["typ"], t.Header["kid"] = tokenType, key.id
	text, err := t.SignedString(key.key)
	if err != nil {
		return "", 0, fmt.Errorf("sign: %w", err)
	}
	return text, life, nil
}

// verify reads a token that sign made; every other is a refusal.
func (s *Service) verify(token string) (proof, error) {
	keys, err := s.ring()
	if err != nil {
		return proof{}, fmt.Errorf("signing keys: %w", err)
	}
	var c claims
	var by SigningKey
	t, err := s.parser.ParseWithClaims(token, &c, keyfunc(keys, s.clock.Now(), &by))
	if err != nil {
		return proof{}, tokenRefusal(err)
	}
	if t.Header["typ"] != tokenType || c.IssuedAt == nil {
		return proof{}, refusal("token is not an access token")
	}
	e, err := c.evidence()
	if err != nil {
		return proof{}, err
	}
	p := proof{evidence: e, by: by}
	if c.NotBefore == nil { // which sign does not write, and stands does not look at
		p.issued, p.expires = c.IssuedAt.Time, c.ExpiresAt.Time
	}
	return p, nil
}

func (c claims) evidence() (evidence, error) {
	user, uerr := account.ParseUserID(c.Subject)
	session, serr := id.Parse[sessionKind](c.Session)
	if uerr != nil || serr != nil {
		return evidence{}, refusal("token names nobody")
	}
	e := evidence{user: user, session: session}
	if c.Account != "" {
		var err error
		if e.account, err = tenant.ParseAccountID(c.Account); err != nil {
			return evidence{}, refusal("token names no account")
		}
	}
	return e, nil
}

// tokenRefusal says in words of ours what was wrong. The library's own text
// may repeat what the token says.
func tokenRefusal(err error) refusal {
	if why := refusal(""); errors.As(err, &why) {
		return why
	}
	for _, known := range []struct {
		err error
		why refusal
	}{
		{jwt.ErrTokenMalformed, "token does not decode"},
		{jwt.ErrTokenSignatureInvalid, "token is not signed by us"},
		{jwt.ErrTokenUnverifiable, "token is not signed by us"},
		{jwt.ErrTokenExpired, "token expired"},
		{jwt.ErrTokenUsedBeforeIssued, "token from the future"},
		{jwt.ErrTokenInvalidIssuer, "token of another issuer"},
		{jwt.ErrTokenInvalidAudience, "token for another audience"},
	} {
		if errors.Is(err, known.err) {
			return known.why
		}
	}
	return "token claims are not valid"
}
