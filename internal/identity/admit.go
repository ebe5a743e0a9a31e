package identity

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"igny8/internal/account"
	"igny8/internal/clock"
	"igny8/internal/db"
	"igny8/internal/fault"
	"igny8/internal/tenant"
	"igny8/internal/throttle"
)

// Caller is who was let in. A person has a User and a Session; an API key has
// a Key, and a Site when it is bound to one. Scope is zero for who is a
// member of no account; Operator is zero for who is not staff. Account, and
// Rates, which is how often it may ask, are told on routes that are the
// account's.
//
// Support is the visit that one of the operator's people is on. On a route that
// is the account's, Scope is that of the visit, and the account is the one he
// visits; on every other he is himself, and Scope is what he has without it.
type Caller struct {
	User     UserID
	Session  SessionID
	Scope    tenant.Scope
	Operator tenant.Operator
	Key      APIKeyID
	Site     string
	Account  account.Account
	Rates    throttle.Rates
	Support  *Visit // nil: he is on none that goes on
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
	if credential == "" && p.IsForAnybody() {
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

// admit lets a credential in by what is remembered of it only where the
// database is at the moment of what is remembered, which is asked after the
// request came: then nothing was committed since, and the facts are those that
// would be read now. Everything else, each refusal included, is read.
func (s *Service) admit(ctx context.Context, authorization string, p Policy) (Caller, error) {
	credential, err := bearer(authorization)
	if err != nil {
		return Caller{}, err
	}
	n := nameOf(credential)
	e := s.memory.of(n)
	var shown proof
	if e != nil && s.stands(e.proof, s.clock.Now()) {
		shown = e.proof
	} else if shown, err = s.prove(credential); err != nil {
		return Caller{}, err
	}
	at, err := s.d.Moment(ctx)
	if err != nil {
		return Caller{}, err
	}
	if e != nil && e.moment == at && e.suffice(p) {
		if c, err := e.decide(s.clock.Now(), p); err == nil {
			s.noteUse(ctx, c, e.lastUsed)
			return c, nil
		}
	}
	c, f, err := s.look(ctx, shown, p)
	if err != nil {
		return Caller{}, err
	}
	s.memory.keep(n, &entry{proof: shown, facts: f, moment: at})
	s.noteUse(ctx, c, f.lastUsed)
	return c, nil
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

// payable tells whether a payment would lift a refusal.
func payable(err error) bool { return fault.Of(err).Kind == fault.PaymentRequired }

// judge decides by facts that were just read.
func (s *Service) judge(ctx context.Context, r tenant.Reader, f *facts, p Policy) (Caller, error) {
	if err := s.learn(ctx, r, f, p); err != nil {
		return Caller{}, err
	}
	c, err := f.decide(r.Now(), p)
	if err != nil && payable(err) {
		return Caller{}, s.unpaid(ctx, r, c.Scope.Permissions(), err)
	}
	return c, err
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

// look reads what the database says of a credential, on one snapshot, and
// decides by it.
func (s *Service) look(ctx context.Context, shown proof, p Policy) (c Caller, f facts, err error) {
	switch {
	case shown.hash != "":
		unnamed := tenant.Mint(shown.account, tenant.Actor{Kind: tenant.APIKey}, 0)
		err = s.st.View(ctx, unnamed, func(ctx context.Context, v *tenant.View) (err error) {
			if f, err = factsOfKey(ctx, v, shown.hash); err != nil {
				return err
			}
			c, err = s.judge(ctx, v, &f, p)
			return err
		})
	case shown.account.IsZero():
		err = s.d.View(ctx, func(ctx context.Context, v *db.View) (err error) {
			if f, err = shown.facts(func(dest ...any) error { return v.Get(ctx, sessionWithout, []any{shown.session}, dest...) }); err != nil {
				return err
			}
			c, err = f.decide(v.Now(), p)
			return err
		})
	default:
		scope := tenant.Mint(shown.account, tenant.Actor{Kind: tenant.User, ID: shown.user.String()}, 0)
		err = s.st.View(ctx, scope, func(ctx context.Context, v *tenant.View) (err error) {
			if f, err = shown.facts(func(dest ...any) error { return v.Get(ctx, sessionInAccount, []any{shown.session}, dest...) }); err != nil {
				return err
			}
			c, err = s.judge(ctx, v, &f, p)
			return err
		})
	}
	return c, f, err
}

// facts looks at the session that a token names: it must be there, be the
// user's, and not have been ended.
func (e evidence) facts(get tenant.Scan) (facts, error) {
	var user UserID
	var expires int64
	var ended *int64
	var role account.Role
	var privileges string
	err := get(&user, &expires, &ended, &role, &privileges)
	switch {
	case tenant.IsNotFound(err):
		return facts{}, refusal("no such session")
	case err != nil:
		return facts{}, fmt.Errorf("session %s: %w", e.session, err)
	case user != e.user:
		return facts{}, refusal("session of somebody else")
	case ended != nil:
		return facts{}, refusal("session ended")
	}
	c := Caller{User: user, Session: e.session}
	if role != "" {
		c.Scope = tenant.Mint(e.account, tenant.Actor{Kind: tenant.User, ID: user.String()}, role.Permissions())
	}
	if privileges != "" {
		c.Operator = tenant.MintOperator(user.String(), parsePrivileges(privileges))
	}
	return facts{caller: c, expires: clock.FromMicros(expires)}, nil
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
