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
	"igny8/internal/mail"
	"igny8/internal/tenant"
	"igny8/internal/words"
)

// letterEvery keeps one person from being sent the same letter more often,
// whoever asks for it.
const letterEvery = time.Minute

// post writes a letter in tx, in the language of the person who has the address;
// who is nobody yet is written to in English.
func (s *Service) post(ctx context.Context, tx *db.Tx, to string, m mail.Message) error {
	var language string
	err := tx.Get(ctx, `SELECT language FROM users WHERE email = $1`, []any{to}, &language)
	if err != nil && !errors.Is(err, db.ErrNotFound) {
		return fmt.Errorf("the language of letters: %w", err)
	}
	return s.mail.Post(ctx, tenant.SharedOf(tx), mail.To{Address: to, Language: words.Match(language)}, m)
}

// SetLanguage sets the language of the letters to a person.
func (s *Service) SetLanguage(ctx context.Context, u UserID, l words.Language) error {
	err := s.d.Update(ctx, func(ctx context.Context, tx *db.Tx) error {
		_, err := tx.Exec(ctx, `UPDATE users SET language = $2 WHERE id = $1 AND language <> $2`, u, l.Tag())
		return err
	})
	if err != nil {
		return fmt.Errorf("set the language of %s: %w", u, err)
	}
	return nil
}

// recordPerson writes an event of a person where its readers look: in the
// account of each membership, or in the operator's log when there is none.
func recordPerson(ctx context.Context, tx *db.Tx, u UserID, action string, detail any) error {
	actor := tenant.Actor{Kind: tenant.User, ID: u.String()}
	places, err := placesWithin(ctx, tx, u)
	if err != nil {
		return err
	}
	if len(places) == 0 {
		return recordShared(ctx, tx, actor, action, u.String(), detail)
	}
	for _, p := range places {
		err := tenant.Within(ctx, tx, tenant.Mint(p.Account, actor, 0), func(bound *tenant.Tx) error {
			return audit.Record(ctx, bound, action, u.String(), detail)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// placesWithin is Places on the snapshot of a transaction.
func placesWithin(ctx context.Context, tx *db.Tx, u UserID) (places []account.Place, err error) {
	err = tx.LookAcross(ctx, func(r db.Reader) error {
		places, err = account.Places(ctx, r, u)
		return err
	})
	return places, err
}

// lockUser reads a person and holds the row until the commit: what changes
// how somebody signs in happens one after the other.
func lockUser(ctx context.Context, tx *db.Tx, u UserID) (User, string, error) {
	var hash string
	err := tx.Get(ctx, `SELECT password_hash FROM users WHERE id = $1`+tx.ForUpdate(), []any{u}, &hash)
	if errors.Is(err, db.ErrNotFound) {
		err = ErrUserNotFound
	}
	if err != nil {
		return User{}, "", fmt.Errorf("lock user %s: %w", u, err)
	}
	p, err := userOf(ctx, tx, u)
	return p, hash, err
}

// askToVerify sends the letter with which a person shows that the address is
// his.
func (s *Service) askToVerify(ctx context.Context, tx *db.Tx, u User) error {
	token, until, err := newLink(ctx, tx, verifyEmail, u.ID)
	if err != nil {
		return err
	}
	return s.post(ctx, tx, u.Email, mail.VerifyEmail{Token: token, Until: until})
}

// ResendVerification sends the letter of registration again, and ends the
// link of the one before. Who has verified the address gets none, and nobody
// gets more than one a minute; the answer is the same.
func (s *Service) ResendVerification(ctx context.Context, u UserID) error {
	return s.d.Update(ctx, func(ctx context.Context, tx *db.Tx) error {
		p, _, err := lockUser(ctx, tx, u)
		if err != nil || !p.Verified.IsZero() {
			return err
		}
		last, err := linked(ctx, tx, verifyEmail, u)
		if err != nil || tx.Now().Sub(last) < letterEvery {
			return err
		}
		return s.askToVerify(ctx, tx, p)
	})
}

// VerifyEmail uses up the token of a letter: the address is the person's.
// ErrLink when the token does not count.
func (s *Service) VerifyEmail(ctx context.Context, token string) (User, error) {
	if !intact(token, linkPrefix, 0) {
		return User{}, linkError(verifyEmail, db.ErrNotFound)
	}
	var p User
	err := s.d.Update(ctx, func(ctx context.Context, tx *db.Tx) error {
		u, err := useLink(ctx, tx, verifyEmail, token)
		if err != nil {
			return err
		}
		if err := markVerified(ctx, tx, u); err != nil {
			return err
		}
		p, err = userOf(ctx, tx, u)
		return err
	})
	return p, err
}

func markVerified(ctx context.Context, tx *db.Tx, u UserID) error {
	n, err := tx.Exec(ctx, `UPDATE users SET verified_at = $2 WHERE id = $1 AND verified_at IS NULL`, u, clock.Micros(tx.Now()))
	if err != nil {
		return fmt.Errorf("verify the address of %s: %w", u, err)
	}
	if n == 0 {
		return nil
	}
	return recordPerson(ctx, tx, u, "user.email_verified", nil)
}
