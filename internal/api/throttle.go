package api

import (
	"context"
	"net/http"

	"igny8/internal/identity"
	"igny8/internal/tenant"
	"igny8/internal/throttle"
)

// scopeOf is with which other requests those of a route are counted, where
// the route does not say.
func scopeOf(r route, p identity.Policy) throttle.Scope {
	switch {
	case r.scope != "":
		return r.scope
	case p.IsBridge():
		return throttle.Bridge
	case !p.IsPublic() && !p.IsForAnybody() && !p.OfAccount():
		return throttle.Person
	case r.method == http.MethodGet:
		return throttle.Read
	}
	return throttle.Write
}

// bucketOf is what a request is counted in: the account's, for whoever acts
// in it; a person's own; or, where nobody need be known, the address's.
func (a *API) bucketOf(req *http.Request, r route, p identity.Policy, c identity.Caller) (throttle.Key, throttle.Rate) {
	switch {
	case p.OfAccount():
		return throttle.ByAccount(r.scope, c.Scope.Account()), c.Rates.Of(r.scope)
	case p.IsPublic(), p.IsForAnybody():
		return throttle.ByAddress(r.scope, a.proxies.Client(req)), throttle.Basic.Of(r.scope)
	default:
		return throttle.ByUser(r.scope, c.User.String()), throttle.Basic.Of(r.scope)
	}
}

// count counts a request that was let in, says so in the header h of its
// answer, and is throttle.ErrExceeded when it is one too many.
func (a *API) count(req *http.Request, h http.Header, r route, p identity.Policy, c identity.Caller) error {
	if c.Operator.Has(tenant.ThrottleExempt) || c.Rates.Exempt {
		return nil
	}
	k, rate := a.bucketOf(req, r, p, c)
	d := a.throttle.Take(req.Context(), k, rate)
	d.Tell(h)
	return d.Err()
}

// mailbox is an input that asks about an e-mail address, which nobody may do
// often, from however many client addresses.
type mailbox interface {
	mailbox() (address string, rate throttle.Rate)
}

func (in *loginInput) mailbox() (string, throttle.Rate) {
	return in.Body.Email, throttle.LoginByEmail
}

func (in *registerInput) mailbox() (string, throttle.Rate) {
	return in.Body.Email, throttle.RegisterByEmail
}

func (in *firstStaffInput) mailbox() (string, throttle.Rate) {
	return in.Body.Email, throttle.RegisterByEmail
}

func (in *askResetInput) mailbox() (string, throttle.Rate) {
	return in.Body.Email, throttle.LoginByEmail
}

// Who tries passwords with an invitation tries those of one person.
func (in *acceptInput) mailbox() (string, throttle.Rate) {
	return in.Body.Token, throttle.LoginByEmail
}

// countMailbox is count for the e-mail address that an input asks about.
func (a *API) countMailbox(ctx context.Context, v visit, r route, in any) error {
	m, ok := in.(mailbox)
	if !ok {
		return nil
	}
	address, rate := m.mailbox()
	d := a.throttle.Take(ctx, throttle.ByEmail(r.id, address), rate)
	d.Tell(v.answer)
	return d.Err()
}
