package identity

import (
	"context"
	"errors"
	"fmt"
	"time"

	"igny8/internal/account"
	"igny8/internal/audit"
	"igny8/internal/clock"
	"igny8/internal/db"
	"igny8/internal/tenant"
)

// recordShared writes an audit event that belongs to no account, in tx.
func recordShared(ctx context.Context, tx *db.Tx, by tenant.Actor, action, subject string, detail any) error {
	return audit.RecordShared(ctx, tenant.BindShared(tx), by, action, subject, detail)
}

// CreateStaff makes a person who is a member of no account and has the
// privileges given.
func (s *Service) CreateStaff(ctx context.Context, p Prepared, may []tenant.Privilege, by tenant.Actor) (User, error) {
	var u User
	err := s.d.Update(ctx, func(ctx context.Context, tx *db.Tx) (err error) {
		u, err = createStaff(ctx, tx, p, may, by)
		return err
	})
	return u, err
}

func createStaff(ctx context.Context, tx *db.Tx, p Prepared, may []tenant.Privilege, by tenant.Actor) (User, error) {
	u, err := insertUser(ctx, tx, p)
	if err != nil {
		return User{}, err
	}
	if err := recordShared(ctx, tx, by, "staff.created", u.ID.String(), nil); err != nil {
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
func grant(ctx context.Context, tx *db.Tx, u UserID, p tenant.Privilege, by tenant.Actor) error {
	if err := known(p); err != nil {
		return err
	}
	n, err := tx.Exec(ctx, `
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
	return recordShared(ctx, tx, by, "privilege.granted", u.String(), privilegeDetail{p})
}

func known(p tenant.Privilege) error {
	if _, ok := tenant.ParsePrivilege(string(p)); !ok {
		return ErrPrivilege.At("body.privilege", "no such privilege", nil)
	}
	return nil
}

// Grant gives a person a privilege, from the next request on. It needs
// privileges.manage.
func (s *Service) Grant(ctx context.Context, op tenant.Operator, u UserID, p tenant.Privilege) error {
	if err := op.Require(tenant.PrivilegesManage); err != nil {
		return err
	}
	return s.d.Update(ctx, func(ctx context.Context, tx *db.Tx) error { return grant(ctx, tx, u, p, op.Actor()) })
}

// Revoke takes a privilege from a person, from the next request on. Taking
// one that is not there changes nothing. It needs privileges.manage, and
// ErrLastPrivilege keeps one person who has that.
func (s *Service) Revoke(ctx context.Context, op tenant.Operator, u UserID, p tenant.Privilege) error {
	if err := op.Require(tenant.PrivilegesManage); err != nil {
		return err
	}
	if err := known(p); err != nil {
		return err
	}
	return s.d.Update(ctx, func(ctx context.Context, tx *db.Tx) error { return revoke(ctx, tx, op.Actor(), u, p) })
}

func revoke(ctx context.Context, tx *db.Tx, by tenant.Actor, u UserID, p tenant.Privilege) error {
	if p == tenant.PrivilegesManage {
		if err := notLastManager(ctx, tx, u); err != nil {
			return err
		}
	}
	n, err := tx.Exec(ctx, `DELETE FROM staff_grants WHERE user_id = $1 AND privilege = $2`, u, string(p))
	if err != nil {
		return fmt.Errorf("revoke %s from %s: %w", p, u, err)
	}
	if n == 0 {
		return nil
	}
	return recordShared(ctx, tx, by, "privilege.revoked", u.String(), privilegeDetail{p})
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
	User      UserID
	Email     string
	Privilege tenant.Privilege
	GrantedBy string // see tenant.Actor
	Granted   time.Time
}

// Grants lists who has which privilege, by address. It needs
// privileges.manage.
func (s *Service) Grants(ctx context.Context, op tenant.Operator) ([]StaffGrant, error) {
	if err := op.Require(tenant.PrivilegesManage); err != nil {
		return nil, err
	}
	var all []StaffGrant
	err := s.d.View(ctx, func(ctx context.Context, v *db.View) error {
		return v.Each(ctx, `
			SELECT g.user_id, u.email, g.privilege, g.granted_by, g.granted_at
			FROM staff_grants g JOIN users u ON u.id = g.user_id ORDER BY u.email_key, g.privilege`, nil,
			func(scan db.Scan) error {
				var g StaffGrant
				var at int64
				err := scan(&g.User, &g.Email, &g.Privilege, &g.GrantedBy, &at)
				g.Granted = clock.FromMicros(at)
				all = append(all, g)
				return err
			})
	})
	if err != nil {
		return nil, fmt.Errorf("list privileges: %w", err)
	}
	return all, nil
}

// ActFor lets an operator who has the privilege work on one account: the
// scope names the operator, so that what the rooms write down says who it
// was, and carries none of the account's own permissions. account.ErrNotFound
// when there is no such account.
func (s *Service) ActFor(ctx context.Context, op tenant.Operator, p tenant.Privilege, acc tenant.AccountID) (tenant.Scope, error) {
	if err := op.Require(p); err != nil {
		return tenant.Scope{}, err
	}
	if acc.IsZero() {
		return tenant.Scope{}, account.ErrNotFound
	}
	scope := tenant.Mint(acc, op.Actor(), 0)
	err := s.st.View(ctx, scope, func(ctx context.Context, v *tenant.View) error {
		_, err := account.Load(ctx, v)
		return err
	})
	if err != nil {
		return tenant.Scope{}, fmt.Errorf("act for: %w", err)
	}
	return scope, nil
}

// Console is the operator of who sits at the machine and runs a command on the
// data folder: nobody else stands above the one who has the secret. Only
// package app may ask for it.
func (s *Service) Console() tenant.Operator {
	return tenant.MintOperator("console", tenant.AllPrivileges())
}
