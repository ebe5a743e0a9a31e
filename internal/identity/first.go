package identity

import (
	"context"
	"fmt"
	"time"

	"igny8/internal/clock"
	"igny8/internal/db"
	"igny8/internal/tenant"
)

const firstStaffLife = 24 * time.Hour

// FirstStaffToken is the token of a link that makes the first staff user, and
// ok while there is none who manages privileges. It is good once, for a day,
// and ends those made before it.
func (s *Service) FirstStaffToken(ctx context.Context) (token string, ok bool, err error) {
	token = newSecret(linkPrefix, "")
	err = s.d.Update(ctx, func(ctx context.Context, tx *db.Tx) error {
		if ok, err = noManager(ctx, tx); err != nil || !ok {
			return err
		}
		if _, err := endFirstStaffTokens(ctx, tx, token); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, `INSERT INTO one_time_tokens (hash, purpose, created_at, expires_at) VALUES ($1, 'first_staff', $2, $3)`,
			digest(token), clock.Micros(tx.Now()), clock.Micros(tx.Now().Add(firstStaffLife)))
		return err
	})
	if err != nil || !ok {
		return "", false, err
	}
	return token, true, nil
}

func noManager(ctx context.Context, r db.Reader) (bool, error) {
	var n int
	err := r.Get(ctx, `SELECT count(*) FROM staff_grants WHERE privilege = 'privileges.manage'`, nil, &n)
	if err != nil {
		return false, fmt.Errorf("who manages privileges: %w", err)
	}
	return n == 0, nil
}

// endFirstStaffTokens ends every token that is open, which also locks them,
// and tells whether the one given was among them and in time.
func endFirstStaffTokens(ctx context.Context, tx *db.Tx, token string) (bool, error) {
	among, mine := false, digest(token)
	err := tx.Each(ctx, `UPDATE one_time_tokens SET used_at = $1 WHERE purpose = 'first_staff' AND used_at IS NULL RETURNING hash, expires_at`,
		[]any{clock.Micros(tx.Now())}, func(scan db.Scan) error {
			var hash string
			var expires int64
			err := scan(&hash, &expires)
			among = among || hash == mine && expires > clock.Micros(tx.Now())
			return err
		})
	if err != nil {
		return false, fmt.Errorf("end first-staff tokens: %w", err)
	}
	return among, nil
}

// ClaimFirstStaff uses up a token of FirstStaffToken: the person gets every
// privilege and is signed in. ErrInvalid when the token does not count or
// somebody was faster; when the address is taken the token stays good.
func (s *Service) ClaimFirstStaff(ctx context.Context, token string, p Prepared, from Client) (Tokens, User, error) {
	if !intact(token, linkPrefix, 0) {
		return Tokens{}, User{}, ErrInvalid
	}
	var t Tokens
	var u User
	err := s.d.Update(ctx, func(ctx context.Context, tx *db.Tx) error {
		mine, err := endFirstStaffTokens(ctx, tx, token)
		if err != nil {
			return err
		}
		// Asked after the tokens are locked: who claimed at the same moment
		// with another token has committed by now.
		none, err := noManager(ctx, tx)
		if err != nil {
			return err
		}
		if !mine || !none {
			return fmt.Errorf("claim the first staff user: %w", ErrInvalid)
		}
		himself := tenant.Actor{Kind: tenant.Staff, ID: p.user.String()}
		if u, err = s.createStaff(ctx, tenant.SharedOf(tx), p, tenant.AllPrivileges(), himself); err != nil {
			return err
		}
		t, err = s.start(ctx, tx, u.ID, tenant.AccountID{}, from)
		return err
	})
	return t, u, err
}
