package identity

import (
	"context"
	"fmt"

	"igny8/internal/account"
	"igny8/internal/audit"
	"igny8/internal/db"
	"igny8/internal/mail"
	"igny8/internal/replay"
	"igny8/internal/tenant"
)

// WithPassword runs fn in a transaction of the caller's account, once he has
// shown his password: for what somebody who finds an open session must not be
// able to do. ErrWrongPassword, at the location; tenant.ErrForbidden for who is
// no person.
func (s *Service) WithPassword(ctx context.Context, c Caller, password, location string, fn func(context.Context, *tenant.Tx) error) error {
	if err := aPerson(c); err != nil {
		return err
	}
	p, had, err := s.confirmPassword(ctx, c.User, password, location)
	if err != nil {
		return err
	}
	return s.st.Update(ctx, c.Scope, func(ctx context.Context, tx *tenant.Tx) error {
		_, now, err := lockUser(ctx, tenant.Raw(tx), p.ID)
		if err == nil && now != had { // changed since it was compared
			err = ErrWrongPassword.At(location, "is not the password any more", nil)
		}
		if err != nil {
			return err
		}
		return fn(ctx, tx)
	})
}

// EraseMembers ends every membership, session and key of an account that is
// being deleted, and writes a letter to each who was a member. Who is a member
// of no other account then, and none of the operator's people, is forgotten: his
// address can be registered anew, and the account's log keeps the id alone. Who
// was invited and never came is forgotten as well.
func (s *Service) EraseMembers(ctx context.Context, tx *tenant.Tx, m mail.Message) error {
	members, err := account.Members(ctx, tx)
	if err != nil {
		return fmt.Errorf("members of the account: %w", err)
	}
	raw := tenant.Raw(tx)
	people := make([]User, len(members))
	for i, one := range members {
		if people[i], _, err = lockUser(ctx, raw, one.User); err != nil {
			return err
		}
		if err := s.post(ctx, raw, people[i].Email, m); err != nil {
			return err
		}
	}
	if err := s.forgetInvited(ctx, tx); err != nil {
		return err
	}
	if err := account.RemoveAll(ctx, tx); err != nil {
		return err
	}
	for _, text := range []string{
		`DELETE FROM api_keys WHERE account_id = $1`,
		`DELETE FROM browser_sessions WHERE family_id IN (SELECT id FROM token_families WHERE account_id = $1)`,
		`DELETE FROM refresh_tokens WHERE family_id IN (SELECT id FROM token_families WHERE account_id = $1)`,
		`DELETE FROM token_families WHERE account_id = $1`,
	} {
		if _, err := tx.Exec(ctx, text); err != nil {
			return fmt.Errorf("end the keys and sessions of the account: %w", err)
		}
	}
	for _, p := range people {
		if err := s.forget(ctx, tx, p); err != nil {
			return fmt.Errorf("forget %s: %w", p.ID, err)
		}
	}
	return nil
}

// forgetInvited deletes the letters to who was invited and never came. Those to
// who is registered go when he does.
func (s *Service) forgetInvited(ctx context.Context, tx *tenant.Tx) error {
	all, err := account.Invited(ctx, tx)
	if err != nil {
		return err
	}
	for _, a := range all {
		var known int
		if err := tenant.Raw(tx).Get(ctx, `SELECT count(*) FROM users WHERE email_key = $1`, []any{a.Key}, &known); err != nil {
			return fmt.Errorf("who has an address that was invited: %w", err)
		}
		if known > 0 {
			continue
		}
		if err := s.mail.Forget(ctx, tx.SharedTx(), a.Email); err != nil {
			return err
		}
	}
	return nil
}

// forget deletes a person who is needed nowhere any more. The caller has locked
// him.
func (s *Service) forget(ctx context.Context, tx *tenant.Tx, p User) error {
	raw := tenant.Raw(tx)
	needed, err := isNeeded(ctx, raw, p.ID)
	if err != nil || needed {
		return err
	}
	for _, text := range []string{
		`DELETE FROM browser_sessions WHERE family_id IN (SELECT id FROM token_families WHERE user_id = $1)`,
		`DELETE FROM refresh_tokens WHERE family_id IN (SELECT id FROM token_families WHERE user_id = $1)`,
		`DELETE FROM token_families WHERE user_id = $1`,
		`DELETE FROM one_time_tokens WHERE user_id = $1`,
		`DELETE FROM sign_in_challenges WHERE user_id = $1`,
		`DELETE FROM recovery_codes WHERE user_id = $1`,
		`DELETE FROM second_factors WHERE user_id = $1`,
		`DELETE FROM users WHERE id = $1`,
	} {
		if _, err := raw.Exec(ctx, text, p.ID); err != nil {
			return err
		}
	}
	if err := s.mail.Forget(ctx, tx.SharedTx(), p.Email); err != nil {
		return err
	}
	if err := replay.EraseAll(ctx, tx, tenant.Actor{Kind: tenant.User, ID: p.ID.String()}.String()); err != nil {
		return err
	}
	return audit.Record(ctx, tx, "user.erased", p.ID.String(), nil)
}

// isNeeded tells whether a person is a member of any account, or one of the
// operator's people.
func isNeeded(ctx context.Context, tx *db.Tx, u UserID) (bool, error) {
	places, err := placesWithin(ctx, tx, u)
	if err != nil || len(places) > 0 {
		return true, err
	}
	var privileges int
	err = tx.Get(ctx, `SELECT count(*) FROM staff_grants WHERE user_id = $1`, []any{u}, &privileges)
	return privileges > 0, err
}
