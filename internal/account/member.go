package account

import (
	"context"
	"fmt"
	"time"

	"igny8/internal/audit"
	"igny8/internal/clock"
	"igny8/internal/id"
	"igny8/internal/tenant"
)

type userKind struct{}

func (userKind) Prefix() string { return "usr" }

// UserID names a person. Package identity owns people; a member is named by
// one.
type UserID = id.ID[userKind]

// ParseUserID reads a user's id.
func ParseUserID(s string) (UserID, error) { return id.Parse[userKind](s) }

// NewUserID names a person who is not yet known.
func NewUserID() UserID { return id.New[userKind]() }

// Role is what a member is in an account.
type Role string

// The roles, from the one who may do all to the one who may look.
const (
	Owner  Role = "owner"
	Admin  Role = "admin"
	Editor Role = "editor"
	Viewer Role = "viewer"
)

// ParseRole reads the name of a role.
func ParseRole(s string) (Role, error) {
	switch r := Role(s); r {
	case Owner, Admin, Editor, Viewer:
		return r, nil
	}
	return "", ErrUnknownRole.At("body.role", "must be owner, admin, editor or viewer", shown(s))
}

// Permissions is what a role allows. An admin runs everything but neither
// binds the account to pay nor deletes it: that stays with owners. An editor makes, approves
// and publishes content, sees what is left of the credits spent on it, and with
// whom he works. A viewer reads content.
func (r Role) Permissions() tenant.Permissions {
	switch r {
	case Owner:
		return tenant.AllPermissions
	case Admin:
		return tenant.Allow(tenant.ReadContent, tenant.WriteContent, tenant.ApproveContent, tenant.ManageSites,
			tenant.ReadBilling, tenant.ReadTeam, tenant.ManageTeam, tenant.ManageKeys)
	case Editor:
		return tenant.Allow(tenant.ReadContent, tenant.WriteContent, tenant.ApproveContent, tenant.ReadBilling, tenant.ReadTeam)
	case Viewer:
		return tenant.Allow(tenant.ReadContent)
	}
	return 0
}

// Member is a person's place in an account.
type Member struct {
	User   UserID
	Role   Role
	Joined time.Time
}

// AddMember gives a person a role. ErrMember when the person has one.
func AddMember(ctx context.Context, tx *tenant.Tx, u UserID, r Role) error {
	if _, err := ParseRole(string(r)); err != nil {
		return err
	}
	n, err := tx.Exec(ctx, `
		INSERT INTO members (account_id, user_id, role, created_at) VALUES ($1, $2, $3, $4)
		ON CONFLICT (account_id, user_id) DO NOTHING`, u, string(r), clock.Micros(tx.Now()))
	if err == nil && n == 0 {
		err = ErrMember
	}
	if err != nil {
		return fmt.Errorf("add member %s: %w", u, err)
	}
	return audit.Record(ctx, tx, "member.added", u.String(), map[string]string{"role": string(r)})
}

// Members lists the members, in the order in which they joined.
func Members(ctx context.Context, r tenant.Reader) ([]Member, error) {
	var all []Member
	err := r.Each(ctx, `SELECT user_id, role, created_at FROM members WHERE account_id = $1 ORDER BY created_at, user_id`, nil,
		func(scan tenant.Scan) error {
			var m Member
			var joined int64
			err := scan(&m.User, &m.Role, &joined)
			m.Joined = clock.FromMicros(joined)
			all = append(all, m)
			return err
		})
	return all, err
}

// RoleOf is the role of a person, or ErrNotMember.
func RoleOf(ctx context.Context, r tenant.Reader, u UserID) (Role, error) {
	var role Role
	err := r.Get(ctx, `SELECT role FROM members WHERE account_id = $1 AND user_id = $2`, []any{u}, &role)
	if tenant.IsNotFound(err) {
		err = ErrNotMember
	}
	if err != nil {
		return "", fmt.Errorf("role of %s: %w", u, err)
	}
	return role, nil
}

// above is tenant.ErrForbidden unless who acts may do all that the role may:
// nobody gives or takes what he has not. So an admin neither makes owners nor
// removes them. And the team is changed by people: a stolen API key could
// otherwise let somebody in who outlives it.
func above(tx *tenant.Tx, r Role) error {
	switch s := tx.Scope(); {
	case s.Actor().Kind == tenant.APIKey:
		return tenant.ErrForbidden.Sayf("The team is changed by people, not by an API key.")
	case !s.Permissions().Covers(r.Permissions()):
		return tenant.ErrForbidden.Sayf("The role %s may do what you may not, so you can neither give nor take it.", r)
	}
	return nil
}

// SetRole changes a member's role, from the next request on, and tells whether
// it was another before. ErrNotMember; tenant.ErrForbidden where either role is
// above who acts; ErrLastOwner when no owner would be left.
func SetRole(ctx context.Context, tx *tenant.Tx, u UserID, r Role) (bool, error) {
	if _, err := ParseRole(string(r)); err != nil {
		return false, err
	}
	had, err := lockRole(ctx, tx, u)
	if err != nil {
		return false, err
	}
	for _, either := range []Role{had, r} {
		if err := above(tx, either); err != nil {
			return false, err
		}
	}
	if had == r {
		return false, nil
	}
	if had == Owner {
		if err := anotherOwner(ctx, tx, u); err != nil {
			return false, err
		}
	}
	_, err = tx.Exec(ctx, `UPDATE members SET role = $3 WHERE account_id = $1 AND user_id = $2`, u, string(r))
	if err != nil {
		return false, fmt.Errorf("role of %s: %w", u, err)
	}
	return true, audit.Record(ctx, tx, "member.role_changed", u.String(), map[string]string{"role": string(r), "was": string(had)})
}

// RemoveMember ends a membership, and with it what it allows, from the next
// request on. ErrNotMember; tenant.ErrForbidden where the role is above who
// acts; ErrLastOwner when no owner would be left.
func RemoveMember(ctx context.Context, tx *tenant.Tx, u UserID) error {
	return remove(ctx, tx, u, "member.removed", func(had Role) error { return above(tx, had) })
}

// Leave ends the membership of who acts. ErrNotMember; ErrLastOwner when no
// owner would be left.
func Leave(ctx context.Context, tx *tenant.Tx, u UserID) error {
	return remove(ctx, tx, u, "member.left", func(Role) error { return nil })
}

func remove(ctx context.Context, tx *tenant.Tx, u UserID, action string, may func(Role) error) error {
	had, err := lockRole(ctx, tx, u)
	if err != nil {
		return err
	}
	if err := may(had); err != nil {
		return err
	}
	if had == Owner {
		if err := anotherOwner(ctx, tx, u); err != nil {
			return err
		}
	}
	if _, err := tx.Exec(ctx, `DELETE FROM members WHERE account_id = $1 AND user_id = $2`, u); err != nil {
		return fmt.Errorf("%s %s: %w", action, u, err)
	}
	return audit.Record(ctx, tx, action, u.String(), map[string]string{"was": string(had)})
}

// lockRole is RoleOf, held until the commit. All changes of an account's team
// are made one after the other: each begins with the lock of the account, so
// that two owners who leave at once do not both see the other.
func lockRole(ctx context.Context, tx *tenant.Tx, u UserID) (Role, error) {
	if err := Lock(ctx, tx); err != nil {
		return "", err
	}
	return RoleOf(ctx, tx, u)
}

// anotherOwner is ErrLastOwner unless there is an owner beside u. The caller
// holds the account.
func anotherOwner(ctx context.Context, r tenant.Reader, u UserID) error {
	var others int
	err := r.Get(ctx, `SELECT count(*) FROM members WHERE account_id = $1 AND role = 'owner' AND user_id <> $2`, []any{u}, &others)
	if err != nil {
		return fmt.Errorf("owners: %w", err)
	}
	if others == 0 {
		return ErrLastOwner
	}
	return nil
}

// Place is an account that a person is a member of.
type Place struct {
	Account tenant.AccountID
	Name    string
	Status  Status
	Role    Role
	Joined  time.Time
}

// Rows reads across accounts, with args that begin at $1: a view of package
// identity's that looks across them, or an operator's Survey.
type Rows interface {
	Each(ctx context.Context, query string, args []any, row func(tenant.Scan) error) error
}

// Places lists where a person is a member, the longest-standing first. It
// answers the person who signs in, and nobody else.
func Places(ctx context.Context, r Rows, u UserID) ([]Place, error) {
	var all []Place
	err := r.Each(ctx, `
		SELECT m.account_id, a.name, a.status, m.role, m.created_at FROM members m JOIN accounts a ON a.id = m.account_id
		WHERE m.user_id = $1 ORDER BY m.created_at, m.account_id`, []any{u},
		func(scan tenant.Scan) error {
			var p Place
			var joined int64
			err := scan(&p.Account, &p.Name, &p.Status, &p.Role, &joined)
			p.Joined = clock.FromMicros(joined)
			all = append(all, p)
			return err
		})
	if err != nil {
		return nil, fmt.Errorf("accounts of %s: %w", u, err)
	}
	return all, nil
}

// RoleColumn is the fragment that reads the role of the person in the column
// named, empty for who is no member, in a query bound to an account. It lets
// the gate learn in one query what RoleOf would ask in a second.
func RoleColumn(user string) string {
	return `coalesce((SELECT role FROM members WHERE account_id = $1 AND user_id = ` + user + `), '')`
}

// JoinMembers is the fragment that joins, as m, the membership of the person in
// the column named, in a query bound to an account: package identity shows who
// the members are.
func JoinMembers(user string) string {
	return `JOIN members m ON m.account_id = $1 AND m.user_id = ` + user
}
