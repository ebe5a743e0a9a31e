package tenant

import (
	"context"
	"errors"
	"slices"

	"igny8/internal/db"
)

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
	PromptsManage    Privilege = "prompts.manage"
	SupportVisit     Privilege = "support.visit"
)

// AllPrivileges lists every privilege.
func AllPrivileges() []Privilege {
	return []Privilege{
		AccountsRead, AccountsSuspend, PaymentsConfirm, PaymentsApprove, CreditsAdjust, PlansManage,
		FlagsManage, PrivilegesManage, ThrottleExempt, AuditRead, JobsManage, PromptsManage, SupportVisit,
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

// ErrUnwritten is an operator's work on an account, or on what is shared, that
// would leave no line in the audit log. Nothing of it is read or kept.
var ErrUnwritten = errors.New("tenant: what an operator does is written down in the transaction that does it")

// MintStaff makes the Scope of an operator who works on an account by one of
// his privileges. It opens no View, and an Update with it is committed only
// with an event in the account's audit log. Only identity may call it, and it
// has checked the privilege.
func MintStaff(account AccountID, o Operator, p Privilege, may Permissions) Scope {
	return Scope{account: account, actor: o.Actor(), may: may, by: p}
}

// MintVisit makes the Scope of an operator who visits an account as support. It
// opens what a member's does: that the visit began is in the account's log
// already, with the reason, and everything done in it names the operator. Only
// identity may call it, and it has looked at the visit.
func MintVisit(account AccountID, o Operator, p Privilege, may Permissions) Scope {
	return Scope{account: account, actor: o.Actor(), may: may, by: p, announced: true}
}

// Unit is a transaction: a Tx, or a SharedTx.
type Unit interface{ raw() *db.Tx }

func (t *Tx) raw() *db.Tx       { return t.tx }
func (s *SharedTx) raw() *db.Tx { return s.tx }

// Note lets the transaction know that its event has been written. Only audit
// may call it.
func Note(t *Tx) { t.noted = true }

// Noted tells whether an event of the account has been written.
func (t *Tx) Noted() bool { return t.noted }

// NoteShared is Note for what belongs to no account: it counts when who is
// written down is the operator of the transaction.
func NoteShared(s *SharedTx, by Actor) { s.noted = s.noted || by == s.operator.Actor() }

// Noted tells whether an event by the operator has been written.
func (s *SharedTx) Noted() bool { return s.noted }

// Operator is who the transaction was opened for, by UpdateFor; zero for the
// program itself.
func (s *SharedTx) Operator() Operator { return s.operator }

// Privilege is what the operator acts by.
func (s *SharedTx) Privilege() Privilege { return s.by }

// UpdateFor is UpdateShared for an operator who has the privilege. It is
// committed only with an event by the operator.
func (st *Store) UpdateFor(ctx context.Context, o Operator, p Privilege, fn func(context.Context, *SharedTx) error) error {
	if err := o.Require(p); err != nil {
		return err
	}
	return st.db.Update(ctx, func(ctx context.Context, tx *db.Tx) error {
		s := &SharedTx{Shared: Shared{r: tx}, tx: tx, operator: o, by: p}
		if err := fn(ctx, s); err != nil {
			return err
		}
		if !s.noted {
			return ErrUnwritten
		}
		return nil
	})
}

// BindShared is an operator's transaction, narrowed to the account that it
// opens. Its own event, which the commit asks for, is in the operator's log.
// Only identity may call it.
func BindShared(ctx context.Context, s *SharedTx, a AccountID, may Permissions) (*Tx, error) {
	switch {
	case a.IsZero():
		return nil, ErrNoScope
	case s.by == "":
		return nil, ErrUnwritten
	}
	if err := s.tx.Narrow(ctx, a.String()); err != nil {
		return nil, err
	}
	return bind(s.tx, MintStaff(a, s.operator, s.by, may)), nil
}

// Look is the proof that an operator's look across accounts is in the audit
// log. The zero Look opens nothing.
type Look struct {
	operator Operator
	by       Privilege
}

// Look is good once the transaction, which must have written the event, has
// been committed.
func (s *SharedTx) Look() (Look, error) {
	if !s.noted {
		return Look{}, ErrUnwritten
	}
	return Look{operator: s.operator, by: s.by}, nil
}
