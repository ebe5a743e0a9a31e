package identity

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"igny8/internal/account"
	"igny8/internal/clock"
	"igny8/internal/db"
	"igny8/internal/fault"
	"igny8/internal/tenant"
	"igny8/internal/throttle"
)

// Caller is who was let in. A person has a User and a Session; an API key has
// a Key, and a Site when it is bound to one. Scope is zero for who is a
// member of no account; Operator is zero for who is not staff. Rates is how
// often the account may ask, on routes that are the account's.
type Caller struct {
	User     UserID
	Session  SessionID
	Scope    tenant.Scope
	Operator tenant.Operator
	Key      APIKeyID
	Site     string
	Rates    throttle.Rates
}

var errUndeclared = errors.New("identity: the route declares no policy")

// refusal is why a credential does not count: for the log, never for the
// stranger who sent it, and never with any of its text.
type refusal string

func (r refusal) Error() string { return string(r) }

// Admit decides about a request by its Authorization header and the policy
// of its route, in this order: the credential (ErrRequired, ErrInvalid), the
// standing of its account (the faults of Options.Standing), the permission
// (tenant.ErrForbidden). A credential that does not count is refused, never
// treated as none.
func (s *Service) Admit(ctx context.Context, authorization string, p Policy) (Caller, error) {
	return s.decide(ctx, authorization, p, s.admit)
}

// decide is the gate for every credential; judged says what one of its kind is
// good for.
func (s *Service) decide(ctx context.Context, credential string, p Policy, judged func(context.Context, string, Policy) (Caller, error)) (Caller, error) {
	if !p.Declared() {
		return Caller{}, errUndeclared
	}
	if p.IsPublic() {
		return Caller{}, nil
	}
	if credential == "" {
		return Caller{}, ErrRequired
	}
	c, err := judged(ctx, credential, p)
	if why := refusal(""); errors.As(err, &why) {
		s.log.InfoContext(ctx, "credential refused", "reason", string(why), "policy", p.String())
		return Caller{}, ErrInvalid
	}
	if err != nil {
		return Caller{}, fmt.Errorf("admit to %s: %w", p, err)
	}
	return c, nil
}

func (s *Service) admit(ctx context.Context, authorization string, p Policy) (Caller, error) {
	token, err := bearer(authorization)
	if err != nil {
		return Caller{}, err
	}
	if strings.HasPrefix(token, keyPrefix) {
		return s.admitKey(ctx, token, p)
	}
	return s.admitToken(ctx, token, p)
}

// maxCredential is longer than any credential of ours.
const maxCredential = 2048

func bearer(authorization string) (string, error) {
	scheme, token, _ := strings.Cut(authorization, " ")
	switch token = strings.Trim(token, " "); {
	case !strings.EqualFold(scheme, "Bearer"):
		return "", refusal("scheme is not Bearer")
	case len(token) > maxCredential:
		return "", refusal("too long")
	case token == "" || strings.ContainsFunc(token, notOfToken):
		return "", refusal("not one token")
	}
	return token, nil
}

// notOfToken tells what RFC 6750, 2.1, keeps out of a bearer token. Line
// breaks matter: the decoders of base64 skip them, and one token would have
// many spellings.
func notOfToken(r rune) bool {
	return !strings.ContainsRune("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~+/=", r)
}

// judge asks for standing and permission, once the credential is good.
func (s *Service) judge(ctx context.Context, r tenant.Reader, c *Caller, p Policy) error {
	if p.OfAccount() && !c.Scope.Account().IsZero() {
		var err error
		c.Rates, err = s.standing(ctx, r)
		payable := err != nil && fault.Of(err).Kind == fault.PaymentRequired
		if payable && p.rule != unpaid {
			return s.unpaid(ctx, r, c.Scope.Permissions(), err)
		}
		if err != nil && !payable {
			return err
		}
	}
	return p.permit(*c)
}

// The grants ride along in the query for the session: one more subquery on a
// small index, and privileges are never older than the request.
const grants = `coalesce((SELECT string_agg(privilege, ' ') FROM staff_grants WHERE user_id = f.user_id), '')`

var (
	sessionInAccount = `
		SELECT f.user_id, f.expires_at, f.ended_at, ` + account.RoleColumn("f.user_id") + `, ` + grants + `
		FROM token_families f WHERE f.account_id = $1 AND f.id = $2`
	sessionWithout = `
		SELECT f.user_id, f.expires_at, f.ended_at, '', ` + grants + `
		FROM token_families f WHERE f.id = $1 AND f.account_id IS NULL`
)

func (s *Service) admitToken(ctx context.Context, token string, p Policy) (Caller, error) {
	e, err := s.verify(token)
	if err != nil {
		return Caller{}, err
	}
	return s.admitSession(ctx, e, p)
}

// admitSession looks at the session that some evidence names, and at what its
// person may do.
func (s *Service) admitSession(ctx context.Context, e evidence, p Policy) (c Caller, err error) {
	if e.account.IsZero() {
		err = s.d.View(ctx, func(ctx context.Context, v *db.View) (err error) {
			if c, err = e.caller(v.Now(), func(dest ...any) error { return v.Get(ctx, sessionWithout, []any{e.session}, dest...) }); err != nil {
				return err
			}
			return p.permit(c)
		})
		return c, err
	}
	scope := tenant.Mint(e.account, tenant.Actor{Kind: tenant.User, ID: e.user.String()}, 0)
	err = s.st.View(ctx, scope, func(ctx context.Context, v *tenant.View) (err error) {
		if c, err = e.caller(v.Now(), func(dest ...any) error { return v.Get(ctx, sessionInAccount, []any{e.session}, dest...) }); err != nil {
			return err
		}
		return s.judge(ctx, v, &c, p)
	})
	return c, err
}

// caller looks at the session that the evidence names: it must be there, be the
// user's, and go on.
func (e evidence) caller(now time.Time, get tenant.Scan) (Caller, error) {
	var user UserID
	var expires int64
	var ended *int64
	var role account.Role
	var privileges string
	err := get(&user, &expires, &ended, &role, &privileges)
	switch {
	case tenant.IsNotFound(err):
		return Caller{}, refusal("no such session")
	case err != nil:
		return Caller{}, fmt.Errorf("session %s: %w", e.session, err)
	case user != e.user:
		return Caller{}, refusal("session of somebody else")
	case ended != nil:
		return Caller{}, refusal("session ended")
	case expires <= clock.Micros(now):
		return Caller{}, refusal("session expired")
	}
	c := Caller{User: user, Session: e.session}
	if role != "" {
		c.Scope = tenant.Mint(e.account, tenant.Actor{Kind: tenant.User, ID: user.String()}, role.Permissions())
	}
	if privileges != "" {
		c.Operator = tenant.MintOperator(user.String(), parsePrivileges(privileges))
	}
	return c, nil
}

// parsePrivileges leaves out names that this release does not know, which an
// older or newer one granted.
func parsePrivileges(names string) []tenant.Privilege {
	var all []tenant.Privilege
	for name := range strings.FieldsSeq(names) {
		if p, ok := tenant.ParsePrivilege(name); ok {
			all = append(all, p)
		}
	}
	return all
}

func (s *Service) admitKey(ctx context.Context, key string, p Policy) (Caller, error) {
	acc, err := keyAccount(key)
	if err != nil {
		return Caller{}, err
	}
	var c Caller
	var lastUsed time.Time
	unnamed := tenant.Mint(acc, tenant.Actor{Kind: tenant.APIKey}, 0)
	err = s.st.View(ctx, unnamed, func(ctx context.Context, v *tenant.View) error {
		k, err := keyByHash(ctx, v, digest(key))
		if err != nil {
			return err
		}
		actor := tenant.Actor{Kind: tenant.APIKey, ID: k.ID.String()}
		c = Caller{Key: k.ID, Site: k.SiteID, Scope: tenant.Mint(acc, actor, tenant.Allow(k.Scopes...))}
		lastUsed = k.LastUsed
		return s.judge(ctx, v, &c, p)
	})
	if err != nil {
		return Caller{}, err
	}
	s.noteUse(ctx, c, lastUsed)
	return c, nil
}
