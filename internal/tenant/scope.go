package tenant

import (
	"fmt"
	"math/bits"
	"strings"

	"igny8/internal/fault"
	"igny8/internal/id"
)

type accountKind struct{}

func (accountKind) Prefix() string { return "acc" }

// AccountID names an account.
type AccountID = id.ID[accountKind]

// NewAccountID names an account that does not exist yet.
func NewAccountID() AccountID { return id.New[accountKind]() }

// ParseAccountID reads an account id.
func ParseAccountID(s string) (AccountID, error) { return id.Parse[accountKind](s) }

// Permission is one thing that a member, an API key or staff may be allowed
// to do within an account.
type Permission uint8

// The permissions. Reading and writing are apart wherever somebody may do one
// and not the other.
const (
	ReadContent    Permission = iota // sites, keywords, clusters, ideas, tasks, articles, jobs
	WriteContent                     // change those, and spend credits on them
	ApproveContent                   // approve articles and publish them
	ManageSites                      // add sites and sectors, and their connections
	ReadBilling                      // plan, invoices, credits
	ManageBilling                    // check out, report payments, change plan
	ReadTeam                         // who is a member
	ManageTeam                       // members, roles, invitations
	ManageKeys                       // API keys
	DeleteAccount                    // have all of the account deleted, and change one's mind
	permissionCount
)

var permissionNames = [permissionCount]string{
	"content.read", "content.write", "content.approve", "sites.manage",
	"billing.read", "billing.manage", "team.read", "team.manage", "keys.manage", "account.delete",
}

// String is the name that programs and API keys use, such as "content.read".
func (p Permission) String() string {
	if p >= permissionCount {
		return fmt.Sprintf("permission(%d)", uint8(p))
	}
	return permissionNames[p]
}

// ParsePermission reads a name that String wrote.
func ParsePermission(s string) (Permission, bool) {
	for i, n := range permissionNames {
		if n == s {
			return Permission(i), true
		}
	}
	return 0, false
}

// PermissionNames lists every permission.
func PermissionNames() []string { return permissionNames[:] }

// Permissions is a set of permissions. The zero set allows nothing.
type Permissions uint64

// Allow is the set of ps.
func Allow(ps ...Permission) Permissions {
	var set Permissions
	for _, p := range ps {
		set |= 1 << p
	}
	return set
}

// AllPermissions is the set of an owner.
const AllPermissions Permissions = 1<<permissionCount - 1

// KeyPermissions is the set of an API key that may do all that a key can: what
// cannot be taken back is for people.
const KeyPermissions = AllPermissions &^ (1 << DeleteAccount)

// Has tells whether p is in the set.
func (s Permissions) Has(p Permission) bool { return s&(1<<p) != 0 }

// And is what both sets allow.
func (s Permissions) And(o Permissions) Permissions { return s & o }

// Covers tells whether the set allows all that o does.
func (s Permissions) Covers(o Permissions) bool { return s&o == o }

// Names lists the set in the order of declaration.
func (s Permissions) Names() []string {
	names := make([]string, 0, bits.OnesCount64(uint64(s)))
	for i, n := range permissionNames {
		if s.Has(Permission(i)) {
			names = append(names, n)
		}
	}
	return names
}

// ActorKind is what kind of somebody acts.
type ActorKind string

// The kinds of actors.
const (
	User   ActorKind = "user"
	APIKey ActorKind = "api_key"
	Staff  ActorKind = "staff"
	System ActorKind = "system" // the program itself: renewals, sweeps
)

// Actor is who acts, as the ledger and the audit log write it down.
type Actor struct {
	Kind ActorKind
	ID   string
}

// String is "kind:id".
func (a Actor) String() string { return string(a.Kind) + ":" + a.ID }

// ParseActor reads what String wrote.
func ParseActor(s string) (Actor, error) {
	kind, who, ok := strings.Cut(s, ":")
	switch k := ActorKind(kind); k {
	case User, APIKey, Staff, System:
		if ok {
			return Actor{Kind: k, ID: who}, nil
		}
	}
	return Actor{}, fmt.Errorf("%.60q is not an actor", s)
}

// Scope is the proof that somebody was let in: which account, who acts, and
// what they may do. Only Mint makes one, and only identity and job may call
// it. The zero Scope opens nothing.
type Scope struct {
	account AccountID
	actor   Actor
	may     Permissions
	by      Privilege // of an operator: see MintStaff

	announced bool // the log tells of all that the operator does with it: see MintVisit
}

// unwritten tells whether what is done with the scope needs an event of its own.
func (s Scope) unwritten() bool { return s.by != "" && !s.announced }

// Mint makes a Scope. The caller has verified that actor may act for account.
func Mint(account AccountID, actor Actor, may Permissions) Scope {
	return Scope{account: account, actor: actor, may: may}
}

// Account is whose data the scope opens.
func (s Scope) Account() AccountID { return s.account }

// Actor is who acts.
func (s Scope) Actor() Actor { return s.actor }

// Privilege is what an operator acts by, and empty for everybody else.
func (s Scope) Privilege() Privilege { return s.by }

// Permissions is what the actor may do.
func (s Scope) Permissions() Permissions { return s.may }

// ErrForbidden is a role, key or privilege that does not allow the act.
var ErrForbidden = fault.New(fault.Forbidden, "auth.forbidden", "You are not allowed to do this.")

// Require is ErrForbidden, naming the permission, unless the scope has it.
func (s Scope) Require(p Permission) error {
	if s.may.Has(p) {
		return nil
	}
	return ErrForbidden.Sayf("This needs the permission %q, which your role or API key does not have.", p)
}
