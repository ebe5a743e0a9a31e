package identity

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strings"

	"github.com/pquerna/otp/totp"

	"igny8/internal/clock"
	"igny8/internal/db"
	"igny8/internal/mail"
)

// Enrolment is what an authenticator app is told, once. It does not print it.
type Enrolment struct {
	Secret string `json:"-"` // base32, to be typed
	URL    string `json:"-"` // otpauth://, to be shown as a QR code
}

// BeginSecondFactor makes the secret of a second factor, which counts once a
// code of it has been confirmed. It needs the password: ErrWrongPassword. Who
// finds an open session could otherwise lock the person out. ErrFactorExists
// when there is one already.
func (s *Service) BeginSecondFactor(ctx context.Context, c Caller, password string) (Enrolment, error) {
	p, had, err := s.confirmPassword(ctx, c.User, password, "body.password")
	if err != nil {
		return Enrolment{}, err
	}
	key, err := totp.Generate(totp.GenerateOpts{Issuer: "Igny8", AccountName: p.Email})
	if err != nil {
		return Enrolment{}, fmt.Errorf("make a second factor of %s: %w", p.ID, err)
	}
	err = s.d.Update(ctx, func(ctx context.Context, tx *db.Tx) error {
		_, now, err := lockUser(ctx, tx, p.ID)
		if err == nil && now != had { // changed since it was compared
			err = ErrWrongPassword
		}
		if err != nil {
			return err
		}
		n, err := tx.Exec(ctx, `
			INSERT INTO second_factors (user_id, secret, created_at) VALUES ($1, $2, $3)
			ON CONFLICT (user_id) DO UPDATE SET secret = excluded.secret, created_at = excluded.created_at, last_step = 0
			WHERE second_factors.confirmed_at IS NULL`,
			p.ID, s.box.Close([]byte(key.Secret()), factorLabel(p.ID)), clock.Micros(tx.Now()))
		if err == nil && n == 0 {
			err = ErrFactorExists
		}
		if err != nil {
			return fmt.Errorf("begin a second factor of %s: %w", p.ID, err)
		}
		return nil
	})
	if err != nil {
		return Enrolment{}, err
	}
	return Enrolment{Secret: key.Secret(), URL: key.URL()}, nil
}

func factorLabel(u UserID) string { return "second factor " + u.String() }

// ConfirmSecondFactor makes the second factor that was begun count, and
// returns the recovery codes, which are kept nowhere. ErrBadCode when the
// code is not of it.
func (s *Service) ConfirmSecondFactor(ctx context.Context, c Caller, code string) ([]string, error) {
	codes := newRecoveryCodes()
	err := s.d.Update(ctx, func(ctx context.Context, tx *db.Tx) error {
		p, _, err := lockUser(ctx, tx, c.User)
		if err != nil {
			return err
		}
		f, err := s.readFactor(ctx, tx, c.User)
		switch {
		case err != nil:
			return err
		case f.confirmed:
			return ErrFactorExists
		}
		step, ok := f.step(code, tx.Now())
		if !ok {
			return ErrBadCode.At("body.code", "is not right, or was used", nil)
		}
		if _, err := tx.Exec(ctx, `UPDATE second_factors SET confirmed_at = $2, last_step = $3 WHERE user_id = $1`, c.User, clock.Micros(tx.Now()), step); err != nil {
			return fmt.Errorf("confirm the second factor of %s: %w", c.User, err)
		}
		for _, code := range codes {
			if _, err := tx.Exec(ctx, `INSERT INTO recovery_codes (user_id, hash, created_at) VALUES ($1, $2, $3)`,
				c.User, recoveryDigest(c.User, code), clock.Micros(tx.Now())); err != nil {
				return fmt.Errorf("keep the recovery codes of %s: %w", c.User, err)
			}
		}
		if err := recordPerson(ctx, tx, c.User, "second_factor.added", nil); err != nil {
			return err
		}
		return s.post(ctx, tx, p.Email, mail.SecondFactorChanged{On: true, At: tx.Now()})
	})
	if err != nil {
		return nil, err
	}
	return codes, nil
}

// RemoveSecondFactor takes the second factor away. It needs the password and
// a code, or a recovery code.
func (s *Service) RemoveSecondFactor(ctx context.Context, c Caller, password, code string) error {
	p, _, err := s.confirmPassword(ctx, c.User, password, "body.password")
	if err != nil {
		return err
	}
	var refused error
	err = s.d.Update(ctx, func(ctx context.Context, tx *db.Tx) error {
		if _, _, err := lockUser(ctx, tx, p.ID); err != nil {
			return err
		}
		if refused, err = s.takeCode(ctx, tx, p.ID, code); err != nil || refused != nil {
			return err
		}
		for _, table := range []string{`DELETE FROM recovery_codes WHERE user_id = $1`, `DELETE FROM second_factors WHERE user_id = $1`} {
			if _, err := tx.Exec(ctx, table, p.ID); err != nil {
				return fmt.Errorf("remove the second factor of %s: %w", p.ID, err)
			}
		}
		if err := recordPerson(ctx, tx, p.ID, "second_factor.removed", nil); err != nil {
			return err
		}
		return s.post(ctx, tx, p.Email, mail.SecondFactorChanged{At: tx.Now()})
	})
	return errors.Join(err, refused)
}

const (
	recoveryCodes  = 10
	recoveryBytes  = 15 // 120 bits: above what NIST SP 800-63B-4, 3.1.2.2, asks to be hashed slowly
	recoveryGroups = 6  // letters between two dashes
)

func newRecoveryCodes() []string {
	codes := make([]string, recoveryCodes)
	for i := range codes {
		var random [recoveryBytes]byte
		rand.Read(random[:])
		text := letters.EncodeToString(random[:])
		var groups []string
		for at := 0; at < len(text); at += recoveryGroups {
			groups = append(groups, text[at:at+recoveryGroups])
		}
		codes[i] = strings.Join(groups, "-")
	}
	return codes
}

// recoveryDigest reads a code as people write it: without dashes, in capitals,
// with the letters that look like digits.
func recoveryDigest(u UserID, code string) string {
	plain := strings.NewReplacer("-", "", " ", "", "o", "0", "i", "1", "l", "1").Replace(strings.ToLower(code))
	return digest("recovery " + u.String() + " " + plain)
}
