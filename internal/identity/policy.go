package identity

import "igny8/internal/tenant"

// Policy is who a route lets in. Only the functions below make one that
// counts: the zero Policy is a route that nobody thought about, and Admit
// lets nobody through it.
type Policy struct {
	rule       rule
	permission tenant.Permission
	privilege  tenant.Privilege
}

type rule string

const (
	public   rule = "public"
	anybody  rule = "anybody"
	anyUser  rule = "user"
	inTenant rule = "tenant"
	unpaid   rule = "tenant_even_if_unpaid"
	bridge   rule = "bridge"
	staff    rule = "staff"
	anyStaff rule = "any_staff"
)

// Public lets everybody in. Credentials are not looked at, good or bad: the
// answer is the same for all.
func Public() Policy { return Policy{rule: public} }

// Anybody lets everybody in, and knows who comes with a credential, whatever
// the state of his account and whatever he may do: who sends none is nobody. A
// credential that does not count is refused as anywhere else, and never
// treated as none.
func Anybody() Policy { return Policy{rule: anybody} }

// AnyUser lets in a person who is signed in, whatever the state of the
// account, and staff without one. API keys are not persons.
func AnyUser() Policy { return Policy{rule: anyUser} }

// Tenant lets in who may do p in an account that may work.
func Tenant(p tenant.Permission) Policy { return Policy{rule: inTenant, permission: p} }

// TenantEvenIfUnpaid lets in who may do p in an account that may work or
// that only payment keeps from it: paying, invoices, export.
func TenantEvenIfUnpaid(p tenant.Permission) Policy { return Policy{rule: unpaid, permission: p} }

// Bridge lets in an API key that is bound to a site and may do p. Such a key
// opens nothing else, since what is not for one site would show all of them.
func Bridge(p tenant.Permission) Policy { return Policy{rule: bridge, permission: p} }

// Staff lets in one of the operator's people who has the privilege.
func Staff(p tenant.Privilege) Policy { return Policy{rule: staff, privilege: p} }

// AnyStaff lets in one of the operator's people, whatever he may do.
func AnyStaff() Policy { return Policy{rule: anyStaff} }

// Declared tells whether somebody has decided. A route for which it is false
// must keep the server from starting.
func (p Policy) Declared() bool { return p.rule != "" }

// IsBridge tells whether the route is for a connected site.
func (p Policy) IsBridge() bool { return p.rule == bridge }

// IsPublic tells whether the route looks at no credential.
func (p Policy) IsPublic() bool { return p.rule == public }

// IsForAnybody tells whether the route lets in who sends no credential, but
// looks at one that is sent.
func (p Policy) IsForAnybody() bool { return p.rule == anybody }

// String is the policy as documents and logs show it, such as
// "tenant(content.read)".
func (p Policy) String() string {
	switch p.rule {
	case inTenant, unpaid, bridge:
		return string(p.rule) + "(" + p.permission.String() + ")"
	case staff:
		return string(p.rule) + "(" + string(p.privilege) + ")"
	case public, anybody, anyUser, anyStaff:
		return string(p.rule)
	}
	return "undeclared"
}

// OfAccount tells whether the route works in the caller's account, which must
// be in a state to work.
func (p Policy) OfAccount() bool {
	return p.rule == inTenant || p.rule == unpaid || p.rule == bridge
}

// permit is the last question: may this caller, whose credential is good and
// whose account may work, do this?
func (p Policy) permit(c Caller) error {
	switch p.rule {
	case anyUser:
		return aPerson(c)
	case staff:
		if err := aPerson(c); err != nil {
			return err
		}
		return c.Operator.Require(p.privilege)
	case anyStaff:
		if err := aPerson(c); err != nil {
			return err
		}
		if len(c.Operator.Privileges()) == 0 {
			return tenant.ErrForbidden.Sayf("This is for the operator's people.")
		}
		return nil
	case bridge:
		if c.Site == "" {
			return tenant.ErrForbidden.Sayf("This needs an API key that is bound to a site.")
		}
		return c.Scope.Require(p.permission)
	case inTenant, unpaid:
		if c.Scope.Account().IsZero() {
			return tenant.ErrForbidden.Sayf("You are not a member of an account.")
		}
		if c.Site != "" {
			return tenant.ErrForbidden.Sayf("This API key is bound to a site, and opens only what is for that site.")
		}
		return c.Scope.Require(p.permission)
	case public, anybody:
		return nil
	}
	return errUndeclared
}

func aPerson(c Caller) error {
	if c.User.IsZero() {
		return tenant.ErrForbidden.Sayf("This is for a person who is signed in, not for an API key.")
	}
	return nil
}
