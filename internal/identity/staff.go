package identity

import (
	"context"
	"errors"
	"fmt"
	"time"

	"igny8/internal/audit"
	"igny8/internal/clock"
	"igny8/internal/db"
	"igny8/internal/tenant"
)

// recordShared writes an audit event that belongs to no account, in tx.
func recordShared(ctx context.Context, tx *db.Tx, by tenant.Actor, action, subject string, detail any) error {
	return audit.RecordShared(ctx, tenant.SharedOf(tx), by, action, subject, detail)
}

// CreateStaff makes a person who is a member of no account and has the
// privileges given. It needs privileges.manage.
func (s *Service) CreateStaff(ctx context.Context, tx *tenant.SharedTx, p Prepared, may []tenant.Privilege) (User, error) {
	if err := tx.Operator().Require(tenant.PrivilegesManage); err != nil {
		return User{}, err
	}
	return s.createStaff(ctx, tx, p, may, tx.Operator().Actor())
}

func (s *Service) createStaff(ctx context.Context, tx *tenant.SharedTx, p Prepared, may []tenant.Privilege, by tenant.Actor) (User, error) {
	u, err := s.insertUser(ctx, tenant.Raw(tx), p)
	if err != nil {
		return User{}, err
	}
	if err := audit.RecordShared(ctx, tx, by, "staff.created", u.ID.String(), nil); err != nil {
		return User{}, err
	}
	for _, priv := range may {
		if err := grant(ctx, tx, u.ID, priv, by); err != nil {
			return User{}, err
		}
	}
	return u, nil
}

type privilegeDetail struct {
	Privilege tenant.Privilege `json:"privilege"`
}

// grant writes a grant and its event; one that is there stays as it is, with
// no second event.
func grant(ctx context.Context, tx *tenant.SharedTx, u UserID, p tenant.Privilege, by tenant.Actor) error {
	if err := known(p); err != nil {
		return err
	}
	n, err := tenant.Raw(tx).Exec(ctx, `
		INSERT INTO staff_grants (user_id, privilege, granted_by, granted_at) VALUES ($1, $2, $3, $4)
		ON CONFLICT (user_id, privilege) DO NOTHING`, u, string(p), by.String(), clock.Micros(tx.Now()))
	if errors.Is(err, db.ErrForeignKey) {
		err = ErrUserNotFound
	}
	if err != nil {
		return fmt.Errorf("grant %s to %s: %w", p, u, err)
	}
	if n == 0 {
		return nil
	}
	return audit.RecordShared(ctx, tx, by, "privilege.granted", u.String(), privilegeDetail{p})
}

func known(p tenant.Privilege) error {
	if _, ok := tenant.ParsePrivilege(string(p)); !ok {
		return ErrPrivilege.At("body.privilege", "no such privilege", nil)
	}
	return nil
}

// Grant gives a person a privilege, from the next request on. It needs
// privileges.manage.
func Grant(ctx context.Context, tx *tenant.SharedTx, u UserID, p tenant.Privilege) (StaffGrant, error) {
	if err := tx.Operator().Require(tenant.PrivilegesManage); err != nil {
		return StaffGrant{}, err
	}
	if err := grant(ctx, tx, u, p, tx.Operator().Actor()); err != nil {
		return StaffGrant{}, err
	}
	all, err := grantsWhere(ctx, tx, `WHERE g.user_id = $1 AND g.privilege = $2`, u, string(p))
	if err == nil && len(all) != 1 {
		err = ErrUserNotFound
	}
	if err != nil {
		return StaffGrant{}, fmt.Errorf("grant %s to %s: %w", p, u, err)
	}
	return all[0], nil
}

// Revoke takes a privilege from a person, from the next request on. Taking
// one that is not there changes nothing. It needs privileges.manage, and
// ErrLastPrivilege keeps one person who has that.
func Revoke(ctx context.Context, tx *tenant.SharedTx, u UserID, p tenant.Privilege) error {
	if err := tx.Operator().Require(tenant.PrivilegesManage); err != nil {
		return err
	}
	if err := known(p); err != nil {
		return err
	}
	raw := tenant.Raw(tx)
	if p == tenant.PrivilegesManage {
		if err := notLastManager(ctx, raw, u); err != nil {
			return err
		}
	}
	n, err := raw.Exec(ctx, `DELETE FROM staff_grants WHERE user_id = $1 AND privilege = $2`, u, string(p))
	if err != nil {
		return fmt.Errorf("revoke %s from %s: %w", p, u, err)
	}
	if n == 0 {
		return nil
	}
	return audit.RecordShared(ctx, tx, tx.Operator().Actor(), "privilege.revoked", u.String(), privilegeDetail{p})
}

// PersonByEmail is who has an address, or ErrUserNotFound. It needs
// privileges.manage: who is registered is nobody else's business.
func PersonByEmail(ctx context.Context, tx *tenant.SharedTx, address string) (UserID, error) {
	if err := tx.Operator().Require(tenant.PrivilegesManage); err != nil {
		return UserID{}, err
	}
	e, err := parseEmail(address)
	if err != nil {
		return UserID{}, err
	}
	var u UserID
	err = tenant.Raw(tx).Get(ctx, `SELECT id FROM users WHERE email_key = $1`, []any{e.key}, &u)
	if errors.Is(err, db.ErrNotFound) {
		err = ErrUserNotFound.At("body.email", "nobody has this address", nil)
	}
	if err != nil {
		return UserID{}, fmt.Errorf("look up a person: %w", err)
	}
	return u, nil
}

// notLastManager locks the grants in one order, so that two who leave at once
// are looked at one after the other.
func notLastManager(ctx context.Context, tx *db.Tx, u UserID) error {
	managers, among := 0, false
	err := tx.Each(ctx, `SELECT user_id FROM staff_grants WHERE privilege = 'privileges.manage' ORDER BY user_id`+tx.ForUpdate(), nil,
		func(scan db.Scan) error {
			var m UserID
			err := scan(&m)
			managers++
			among = among || m == u
			return err
		})
	if err != nil {
		return fmt.Errorf("who manages privileges: %w", err)
	}
	if among && managers == 1 {
		return ErrLastPrivilege
	}
	return nil
}

// StaffGrant is one privilege of one person.
type StaffGrant struct {
	User                UserID
	Email               string
	FirstName, LastName string
	Privilege           tenant.Privilege
	GrantedBy           string // see tenant.Actor
	Granted             time.Time
}

// Grants lists who has which privilege, by address. It needs
// privileges.manage.
func Grants(ctx context.Context, tx *tenant.SharedTx) ([]StaffGrant, error) {
	if err := tx.Operator().Require(tenant.PrivilegesManage); err != nil {
		return nil, err
	}
	return grantsWhere(ctx, tx, ``)
}

func grantsWhere(ctx context.Context, tx *tenant.SharedTx, where string, args ...any) ([]StaffGrant, error) {
	var all []StaffGrant
	err := tenant.Raw(tx).Each(ctx, `
		SELECT g.user_id, u.email, u.first_name, u.last_name, g.privilege, g.granted_by, g.granted_at
		FROM staff_grants g JOIN users u ON u.id = g.user_id `+where+` ORDER BY u.email_key, g.privilege`, args,
		func(scan db.Scan) error {
			var g StaffGrant
			var at int64
			err := scan(&g.User, &g.Email, &g.FirstName, &g.LastName, &g.Privilege, &g.GrantedBy, &at)
			g.Granted = clock.FromMicros(at)
			all = append(all, g)
			return err
		})
	if err != nil {
		return nil, fmt.Errorf("list privileges: %w", err)
	}
	return all, nil
}
