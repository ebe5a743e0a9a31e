package tenant

import "slices"

// Privilege is one thing that the operator's people may be allowed to do.
// Privileges are granted one by one and kept as data.
type Privilege string

// The privileges.
const (
	AccountsRead     Privilege = "accounts.read"
	AccountsSuspend  Privilege = "accounts.suspend"
	PaymentsConfirm  Privilege = "payments.confirm"
	PaymentsApprove  Privilege = "payments.approve"
	CreditsAdjust    Privilege = "credits.adjust"
	PlansManage      Privilege = "plans.manage"
	FlagsManage      Privilege = "flags.manage"
	PrivilegesManage Privilege = "privileges.manage"
	ThrottleExempt   Privilege = "throttle.exempt"
	AuditRead        Privilege = "audit.read"
	JobsManage       Privilege = "jobs.manage"
)

// AllPrivileges lists every privilege.
func AllPrivileges() []Privilege {
	return []Privilege{
		AccountsRead, AccountsSuspend, PaymentsConfirm, PaymentsApprove, CreditsAdjust, PlansManage,
		FlagsManage, PrivilegesManage, ThrottleExempt, AuditRead, JobsManage,
	}
}

// ParsePrivilege reads the name of a privilege.
func ParsePrivilege(s string) (Privilege, bool) {
	p := Privilege(s)
	return p, slices.Contains(AllPrivileges(), p)
}

// Operator is the proof that one of the operator's people was let in, and
// with which privileges. Only MintOperator makes one, and only identity may
// call it. The zero Operator may do nothing.
type Operator struct {
	user string
	may  []Privilege
}

// MintOperator makes an Operator. The caller has verified who it is and read
// the grants.
func MintOperator(user string, may []Privilege) Operator {
	return Operator{user: user, may: slices.Clone(may)}
}

// Actor is who acts.
func (o Operator) Actor() Actor { return Actor{Kind: Staff, ID: o.user} }

// Privileges lists what the operator may do.
func (o Operator) Privileges() []Privilege { return slices.Clone(o.may) }

// Has tells whether the operator has the privilege.
func (o Operator) Has(p Privilege) bool { return slices.Contains(o.may, p) }

// Require is ErrForbidden, naming the privilege, unless the operator has it.
func (o Operator) Require(p Privilege) error {
	if o.Has(p) {
		return nil
	}
	return ErrForbidden.Sayf("This needs the staff privilege %q.", p)
}
