package identity

import (
	"context"
	"errors"
	"fmt"

	"igny8/internal/clock"
	"igny8/internal/db"
	"igny8/internal/job"
	"igny8/internal/mail"
	"igny8/internal/tenant"
)

// ChangePassword gives a person who is signed in another password. It needs
// the old one, so that who finds an open session cannot take the person's
// place: ErrWrongPassword. Every session of the person ends, the one that
// asked as well, which gets tokens of a new one. API keys belong to the
// account and stay.
func (s *Service) ChangePassword(ctx context.Context, c Caller, old, password string, from Client) (Tokens, error) {
	p, had, err := s.confirmPassword(ctx, c.User, old, "body.current_password")
	if err != nil {
		return Tokens{}, err
	}
	hash, err := s.newHash(ctx, p, password)
	if err != nil {
		return Tokens{}, err
	}
	if old == password {
		return Tokens{}, weak("another one than before")
	}
	var t Tokens
	err = s.d.Update(ctx, func(ctx context.Context, tx *db.Tx) error {
		_, now, err := lockUser(ctx, tx, c.User)
		if err != nil {
			return err
		}
		if now != had { // somebody was faster
			return ErrWrongPassword.At("body.current_password", "is not the password any more", nil)
		}
		if err := s.replacePassword(ctx, tx, p, hash, "user.password_changed"); err != nil {
			return err
		}
		t, err = s.start(ctx, tx, c.User, c.Scope.Account(), from)
		return err
	})
	return t, err
}

// confirmPassword is the person and the hash of the password, if it is
// theirs; ErrWrongPassword otherwise.
func (s *Service) confirmPassword(ctx context.Context, u UserID, password, location string) (User, string, error) {
	var p User
	var hash string
	err := s.d.View(ctx, func(ctx context.Context, v *db.View) (err error) {
		if p, err = userOf(ctx, v, u); err != nil {
			return err
		}
		return v.Get(ctx, `SELECT password_hash FROM users WHERE id = $1`, []any{u}, &hash)
	})
	if err != nil {
		return User{}, "", fmt.Errorf("password of %s: %w", u, err)
	}
	ok, err := s.matches(ctx, password, hash)
	if err != nil {
		return User{}, "", fmt.Errorf("compare a password: %w", err)
	}
	if !ok {
		s.log.InfoContext(ctx, "password not confirmed", "user", u.String())
		return User{}, "", ErrWrongPassword.At(location, "is not the password", nil)
	}
	return p, hash, nil
}

// newHash checks a password of a person and hashes it.
func (s *Service) newHash(ctx context.Context, p User, password string) (string, error) {
	e, err := parseEmail(p.Email)
	if err != nil {
		return "", fmt.Errorf("address of %s: %w", p.ID, err)
	}
	if err := checkPassword(password, about{email: e, words: []string{p.FirstName, p.LastName}}); err != nil {
		return "", err
	}
	return s.hash(ctx, password)
}

// replacePassword ends all that the old password opened, and tells the person.
// The caller has locked the person.
func (s *Service) replacePassword(ctx context.Context, tx *db.Tx, p User, hash, action string) error {
	if _, err := tx.Exec(ctx, `UPDATE users SET password_hash = $2 WHERE id = $1`, p.ID, hash); err != nil {
		return fmt.Errorf("change the password of %s: %w", p.ID, err)
	}
	if err := endSignIns(ctx, tx, p.ID, "password"); err != nil {
		return err
	}
	if err := endLinks(ctx, tx, resetPassword, p.ID); err != nil {
		return err
	}
	if err := recordPerson(ctx, tx, p.ID, action, nil); err != nil {
		return err
	}
	return s.post(ctx, tx, p.Email, mail.PasswordChanged{At: tx.Now()})
}

// endSignIns ends every session of a person, and every sign-in that is half-way.
func endSignIns(ctx context.Context, tx *db.Tx, u UserID, reason string) error {
	_, err := tx.Exec(ctx, `UPDATE token_families SET ended_at = $2, end_reason = $3 WHERE user_id = $1 AND ended_at IS NULL`,
		u, clock.Micros(tx.Now()), reason)
	if err != nil {
		return fmt.Errorf("end the sessions of %s: %w", u, err)
	}
	return endChallenge(ctx, tx, `user_id = $1`, u)
}

// askedReset is the errand of a request for a new password.
type askedReset struct {
	EmailKey string `json:"email_key"`
}

// Kind implements job.Args.
func (askedReset) Kind() string { return "identity.reset_password" }

var _ job.Args = askedReset{}

// AskReset sends a letter with which the person who has an address can choose
// a new password. Whether somebody has it is found out later, by an errand:
// until this has answered, the work for an address that nobody has is the
// same to the last statement.
func (s *Service) AskReset(ctx context.Context, address string) error {
	e, err := parseEmail(address)
	if err != nil {
		return err
	}
	return s.st.UpdateShared(ctx, func(ctx context.Context, tx *tenant.SharedTx) error {
		return s.jobs.Errand(ctx, tx, askedReset{EmailKey: e.key})
	})
}

// sendReset runs the errand. An address is sent one letter a minute at most,
// and the newest link is the one that is good.
func (s *Service) sendReset(ctx context.Context, a askedReset) error {
	return s.d.Update(ctx, func(ctx context.Context, tx *db.Tx) error {
		var u UserID
		err := tx.Get(ctx, `SELECT id FROM users WHERE email_key = $1`+tx.ForUpdate(), []any{a.EmailKey}, &u)
		if errors.Is(err, db.ErrNotFound) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("look up a person: %w", err)
		}
		p, err := userOf(ctx, tx, u)
		if err != nil {
			return err
		}
		last, err := linked(ctx, tx, resetPassword, u)
		if err != nil || tx.Now().Sub(last) < letterEvery {
			return err
		}
		token, until, err := newLink(ctx, tx, resetPassword, u)
		if err != nil {
			return err
		}
		return s.post(ctx, tx, p.Email, mail.ResetPassword{Token: token, Until: until})
	})
}

// ResetPassword uses up the token of a letter for a new password. It ends
// what ChangePassword ends, signs nobody in, and takes the letter for proof
// that the address is the person's. ErrLink when the token does not count; a
// password that is refused leaves it good.
func (s *Service) ResetPassword(ctx context.Context, token, password string) error {
	if !intact(token, linkPrefix, 0) {
		return linkError(resetPassword, db.ErrNotFound)
	}
	var p User
	err := s.d.View(ctx, func(ctx context.Context, v *db.View) error {
		u, err := peekLink(ctx, v, resetPassword, token)
		if err != nil {
			return err
		}
		p, err = userOf(ctx, v, u)
		return err
	})
	if err != nil {
		return err
	}
	hash, err := s.newHash(ctx, p, password)
	if err != nil {
		return err
	}
	return s.d.Update(ctx, func(ctx context.Context, tx *db.Tx) error {
		if _, _, err := lockUser(ctx, tx, p.ID); err != nil {
			return err
		}
		if _, err := useLink(ctx, tx, resetPassword, token); err != nil {
			return err
		}
		if err := markVerified(ctx, tx, p.ID); err != nil {
			return err
		}
		return s.replacePassword(ctx, tx, p, hash, "user.password_reset")
	})
}
