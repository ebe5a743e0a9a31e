package identity

import (
	"context"
	"errors"
	"fmt"
	"time"

	"igny8/internal/account"
	"igny8/internal/clock"
	"igny8/internal/db"
	"igny8/internal/mail"
	"igny8/internal/tenant"
)

// Member is a person's place in an account, and who he is. He is named by his
// user's id.
type Member struct {
	User                UserID
	Email               string
	FirstName, LastName string
	Role                account.Role
	Joined              time.Time
}

var memberColumns = `SELECT u.id, u.email, u.first_name, u.last_name, m.role, m.created_at FROM users u ` + account.JoinMembers("u.id")

func readMember(scan tenant.Scan) (Member, error) {
	var m Member
	var joined int64
	err := scan(&m.User, &m.Email, &m.FirstName, &m.LastName, &m.Role, &joined)
	m.Joined = clock.FromMicros(joined)
	return m, err
}

// Members lists the members of the account by their ids, from the one after on,
// at most limit.
func Members(ctx context.Context, r tenant.Reader, after UserID, limit int) ([]Member, error) {
	var all []Member
	err := r.Each(ctx, memberColumns+` WHERE u.id > $2 ORDER BY u.id LIMIT $3`, []any{after.String(), limit}, func(scan tenant.Scan) error {
		m, err := readMember(scan)
		all = append(all, m)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("list members: %w", err)
	}
	return all, nil
}

// MemberOf is one member, or account.ErrNotMember.
func MemberOf(ctx context.Context, r tenant.Reader, u UserID) (Member, error) {
	m, err := readMember(func(dest ...any) error { return r.Get(ctx, memberColumns+` WHERE u.id = $2`, []any{u}, dest...) })
	if tenant.IsNotFound(err) {
		err = account.ErrNotMember
	}
	if err != nil {
		return Member{}, fmt.Errorf("member %s: %w", u, err)
	}
	return m, nil
}

// ChangeRole is account.SetRole, and tells the member.
func (s *Service) ChangeRole(ctx context.Context, tx *tenant.Tx, u UserID, r account.Role) (Member, error) {
	changed, err := account.SetRole(ctx, tx, u, r)
	if err != nil {
		return Member{}, err
	}
	m, err := MemberOf(ctx, tx, u)
	if err != nil || !changed || itself(tx, u) {
		return m, err
	}
	return m, s.post(ctx, tenant.Raw(tx), m.Email, mail.RoleChanged{Account: tx.Scope().Account().String(), Role: string(r), At: tx.Now()})
}

// RemoveMember is account.RemoveMember; the person's sessions in the account
// end, with all their tokens, and he is told.
func (s *Service) RemoveMember(ctx context.Context, tx *tenant.Tx, u UserID) error {
	m, err := MemberOf(ctx, tx, u)
	if err != nil {
		return err
	}
	if err := account.RemoveMember(ctx, tx, u); err != nil {
		return err
	}
	if err := endSessionsIn(ctx, tx, u); err != nil || itself(tx, u) {
		return err
	}
	return s.post(ctx, tenant.Raw(tx), m.Email, mail.MemberRemoved{Account: tx.Scope().Account().String(), At: tx.Now()})
}

// itself tells whether who acts is the person, who need not be told.
func itself(tx *tenant.Tx, u UserID) bool {
	return tx.Scope().Actor() == tenant.Actor{Kind: tenant.User, ID: u.String()}
}

// endSessionsIn ends the sessions of a person in the account of tx. Those in
// other accounts are not its business.
func endSessionsIn(ctx context.Context, tx *tenant.Tx, u UserID) error {
	_, err := tx.Exec(ctx, `UPDATE token_families SET ended_at = $3, end_reason = 'removed' WHERE account_id = $1 AND user_id = $2 AND ended_at IS NULL`,
		u, clock.Micros(tx.Now()))
	if err != nil {
		return fmt.Errorf("end the sessions of %s: %w", u, err)
	}
	return nil
}

// Leave ends the caller's own membership of an account, whatever the account's
// state, and his sessions in it. account.ErrNotFound when he is no member;
// account.ErrLastOwner.
func (s *Service) Leave(ctx context.Context, c Caller, acc tenant.AccountID) error {
	return s.asMember(ctx, c, acc, func(ctx context.Context, tx *tenant.Tx) error {
		if err := account.Leave(ctx, tx, c.User); err != nil {
			return err
		}
		return endSessionsIn(ctx, tx, c.User)
	})
}

// asMember runs fn in an account of which the caller is a member: he acts as
// himself, whatever his role allows. Any other account is account.ErrNotFound.
func (s *Service) asMember(ctx context.Context, c Caller, acc tenant.AccountID, fn func(context.Context, *tenant.Tx) error) error {
	if acc.IsZero() || c.User.IsZero() {
		return account.ErrNotFound
	}
	scope := tenant.Mint(acc, tenant.Actor{Kind: tenant.User, ID: c.User.String()}, 0)
	return s.st.Update(ctx, scope, func(ctx context.Context, tx *tenant.Tx) error {
		if err := stillIn(ctx, tenant.Raw(tx), c); err != nil {
			return err
		}
		_, err := account.RoleOf(ctx, tx, c.User)
		if errors.Is(err, account.ErrNotMember) {
			err = account.ErrNotFound
		}
		if err != nil {
			return fmt.Errorf("in %s: %w", acc, err)
		}
		return fn(ctx, tx)
	})
}

// among tells whether somebody with an address is a member of the account.
func among(ctx context.Context, r tenant.Reader, e email) (bool, error) {
	var n int
	err := r.Get(ctx, `SELECT count(*) FROM users u `+account.JoinMembers("u.id")+` WHERE u.email_key = $2`, []any{e.key}, &n)
	if err != nil {
		return false, fmt.Errorf("look for a member: %w", err)
	}
	return n > 0, nil
}

// sameAddress tells whether a person has an address, however it is spelt.
func sameAddress(p User, address string) (bool, error) {
	theirs, err := parseEmail(p.Email)
	if err != nil {
		return false, fmt.Errorf("address of %s: %w", p.ID, err)
	}
	other, err := parseEmail(address)
	return err == nil && theirs.key == other.key, err
}

// verifiedBy marks a person's address as verified, by a letter that arrived.
func verifiedBy(ctx context.Context, tx *db.Tx, p User) (User, error) {
	if !p.Verified.IsZero() {
		return p, nil
	}
	if err := markVerified(ctx, tx, p.ID); err != nil {
		return User{}, err
	}
	return userOf(ctx, tx, p.ID)
}
