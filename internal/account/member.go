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

// Permissions is what a role allows. An admin runs everything but does not
// bind the account to pay: that stays with owners. An editor makes, approves
// and publishes content, and sees what is left of the credits spent on it. A
// viewer reads content.
func (r Role) Permissions() tenant.Permissions {
	switch r {
	case Owner:
		return tenant.AllPermissions
	case Admin:
		return tenant.Allow(tenant.ReadContent, tenant.WriteContent, tenant.ApproveContent, tenant.ManageSites,
			tenant.ReadBilling, tenant.ManageTeam, tenant.ManageKeys)
	case Editor:
		return tenant.Allow(tenant.ReadContent, tenant.WriteContent, tenant.ApproveContent, tenant.ReadBilling)
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

// SetRole changes a member's role. ErrLastOwner when no owner would be left.
func SetRole(ctx context.Context, tx *tenant.Tx, u UserID, r Role) error {
	if _, err := ParseRole(string(r)); err != nil {
		return err
	}
	if r != Owner {
		if err := notLastOwner(ctx, tx, u); err != nil {
			return err
		}
	}
	n, err := tx.Exec(ctx, `UPDATE members SET role = $3 WHERE account_id = $1 AND user_id = $2`, u, string(r))
	return changed(ctx, tx, n, err, "member.role_changed", u, map[string]string{"role": string(r)})
}

// RemoveMember ends a membership, and with it what it allows, from the next
// request on. ErrLastOwner when no owner would be left.
func RemoveMember(ctx context.Context, tx *tenant.Tx, u UserID) error {
	if err := notLastOwner(ctx, tx, u); err != nil {
		return err
	}
	n, err := tx.Exec(ctx, `DELETE FROM members WHERE account_id = $1 AND user_id = $2`, u)
	return changed(ctx, tx, n, err, "member.removed", u, nil)
}

func changed(ctx context.Context, tx *tenant.Tx, n int64, err error, action string, u UserID, detail any) error {
	if err == nil && n == 0 {
		err = ErrNotMember
	}
	if err != nil {
		return fmt.Errorf("%s %s: %w", action, u, err)
	}
	return audit.Record(ctx, tx, action, u.String(), detail)
}

// notLastOwner locks the owners' rows, in one order, so that two who leave at
// once are looked at one after the other.
func notLastOwner(ctx context.Context, tx *tenant.Tx, u UserID) error {
	owners, among := 0, false
	err := tx.Each(ctx, `SELECT user_id FROM members WHERE account_id = $1 AND role = 'owner' ORDER BY user_id`+tx.ForUpdate(), nil,
		func(scan tenant.Scan) error {
			var o UserID
			err := scan(&o)
			owners++
			among = among || o == u
			return err
		})
	if err != nil {
		return fmt.Errorf("owners: %w", err)
	}
	if among && owners == 1 {
		return ErrLastOwner
	}
	return nil
}

// Place is an account that a person is a member of.
type Place struct {
	Account tenant.AccountID
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
	err := r.Each(ctx, `SELECT account_id, role, created_at FROM members WHERE user_id = $1 ORDER BY created_at, account_id`, []any{u},
		func(scan tenant.Scan) error {
			var p Place
			var joined int64
			err := scan(&p.Account, &p.Role, &joined)
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
