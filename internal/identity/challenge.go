package identity

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/pquerna/otp"
	"github.com/pquerna/otp/hotp"

	"igny8/internal/clock"
	"igny8/internal/db"
)

const (
	codePeriod     = 30 // seconds, RFC 6238
	codeSkew       = 1  // periods that a clock may be off
	challengeLife  = 5 * time.Minute
	challengeTries = 5

	// After this many wrong codes in a row none is taken for a while, which
	// doubles: the password was right, so whoever guesses has half the way
	// behind him. Recovery codes are taken all the same; nobody guesses 120
	// bits.
	failuresToBlock = 5
	blockTime       = 15 * time.Minute
	blockDoublings  = 7
)

// factor is the second factor of a person.
type factor struct {
	secret    string
	last      int64 // step of the newest code that was taken
	failures  int64
	blocked   time.Time
	confirmed bool
}

// readFactor is ErrNoFactor when the person has none, not even begun.
func (s *Service) readFactor(ctx context.Context, r db.Reader, u UserID) (factor, error) {
	var f factor
	var sealed []byte
	var blocked int64
	var confirmed *int64
	err := r.Get(ctx, `SELECT secret, last_step, failures, blocked_until, confirmed_at FROM second_factors WHERE user_id = $1`, []any{u},
		&sealed, &f.last, &f.failures, &blocked, &confirmed)
	if errors.Is(err, db.ErrNotFound) {
		err = ErrNoFactor
	}
	if err != nil {
		return factor{}, fmt.Errorf("second factor of %s: %w", u, err)
	}
	secret, err := s.box.Open(sealed, factorLabel(u))
	if err != nil {
		return factor{}, fmt.Errorf("second factor of %s: %w", u, err)
	}
	f.secret, f.blocked, f.confirmed = string(secret), clock.FromMicros(blocked), confirmed != nil
	return f, nil
}

// step is the time step that a code is of: about now, and later than that of
// the newest code that was taken.
func (f factor) step(code string, now time.Time) (step int64, ok bool) {
	opts := hotp.ValidateOpts{Digits: otp.DigitsSix, Algorithm: otp.AlgorithmSHA1}
	at := now.Unix() / codePeriod
	for n := at - codeSkew; n <= at+codeSkew; n++ {
		// A text that is no code at all is an error of the library's, and no
		// match to us.
		if match, err := hotp.ValidateCustom(code, uint64(n), f.secret, opts); err == nil && match && n > f.last { //nolint:gosec // the time is after 1970
			step, ok = n, true
		}
	}
	return step, ok
}

// takeCode takes a code or a recovery code of a person, whom the caller has
// locked, and never twice. What is counted about a wrong one must be
// committed, so the refusal is no error: ErrBadCode, ErrCodeBlocked.
func (s *Service) takeCode(ctx context.Context, tx *db.Tx, u UserID, code string) (refused, err error) {
	f, err := s.readFactor(ctx, tx, u)
	if err != nil {
		return nil, err
	}
	if !f.confirmed {
		return nil, ErrNoFactor
	}
	code = strings.ReplaceAll(strings.TrimSpace(code), " ", "")
	n, err := tx.Exec(ctx, `UPDATE recovery_codes SET used_at = $3 WHERE user_id = $1 AND hash = $2 AND used_at IS NULL`,
		u, recoveryDigest(u, code), clock.Micros(tx.Now()))
	if err != nil {
		return nil, fmt.Errorf("use a recovery code of %s: %w", u, err)
	}
	if n > 0 {
		if err := recordPerson(ctx, tx, u, "second_factor.recovery_code_used", nil); err != nil {
			return nil, err
		}
		return nil, saveFactor(ctx, tx, u, f.last, 0, time.Time{})
	}
	if tx.Now().Before(f.blocked) {
		return ErrCodeBlocked, nil
	}
	if step, ok := f.step(code, tx.Now()); ok {
		return nil, saveFactor(ctx, tx, u, step, 0, time.Time{})
	}
	f.failures++
	if f.failures%failuresToBlock == 0 {
		f.blocked = tx.Now().Add(blockTime << min(f.failures/failuresToBlock-1, blockDoublings))
		if err := recordPerson(ctx, tx, u, "second_factor.blocked", nil); err != nil {
			return nil, err
		}
	}
	return ErrBadCode.At("body.code", "is not right, or was used", nil), saveFactor(ctx, tx, u, f.last, f.failures, f.blocked)
}

func saveFactor(ctx context.Context, tx *db.Tx, u UserID, last, failures int64, blocked time.Time) error {
	until := int64(0)
	if !blocked.IsZero() {
		until = clock.Micros(blocked)
	}
	_, err := tx.Exec(ctx, `UPDATE second_factors SET last_step = $2, failures = $3, blocked_until = $4 WHERE user_id = $1`, u, last, failures, until)
	if err != nil {
		return fmt.Errorf("second factor of %s: %w", u, err)
	}
	return nil
}

// challenge is empty for who has no second factor, and otherwise the token
// with which, and a code, the sign-in goes on. The caller has locked the
// person.
func challenge(ctx context.Context, tx *db.Tx, p User) (string, error) {
	if p.SecondFactor.IsZero() {
		return "", nil
	}
	token := newSecret(challengePrefix, "")
	_, err := tx.Exec(ctx, `INSERT INTO sign_in_challenges (hash, user_id, created_at, expires_at) VALUES ($1, $2, $3, $4)`,
		digest(token), p.ID, clock.Micros(tx.Now()), clock.Micros(tx.Now().Add(challengeLife)))
	if err != nil {
		return "", fmt.Errorf("challenge %s: %w", p.ID, err)
	}
	return token, nil
}

// AnswerChallenge goes on with a sign-in that Login answered with
// ErrSecondFactor. A challenge is good for five minutes, for a few tries and
// for one sign-in, and ends with the password: ErrInvalid. ErrBadCode and
// ErrCodeBlocked leave it good for what is left of them.
func (s *Service) AnswerChallenge(ctx context.Context, token, code string, from Client) (Tokens, User, error) {
	if !intact(token, challengePrefix, 0) {
		return Tokens{}, User{}, ErrInvalid
	}
	var t Tokens
	var p User
	var refused error
	err := s.d.Update(ctx, func(ctx context.Context, tx *db.Tx) (err error) {
		if p, refused, err = s.useChallenge(ctx, tx, token, code); err != nil || refused != nil {
			return err
		}
		places, err := placesWithin(ctx, tx, p.ID)
		if err != nil {
			return err
		}
		t, err = s.start(ctx, tx, p.ID, longest(places), from)
		return err
	})
	if err := errors.Join(err, refused); err != nil {
		return Tokens{}, User{}, err
	}
	return t, p, nil
}

// useChallenge is the person whose sign-in a challenge goes on with, locked,
// if the code is his: it uses both up. ErrInvalid when the challenge does not
// count. The refusal of a code is no error, see takeCode.
func (s *Service) useChallenge(ctx context.Context, tx *db.Tx, token, code string) (p User, refused, err error) {
	p, refused, err = s.tryChallenge(ctx, tx, token, code)
	if errors.Is(err, db.ErrNotFound) || errors.Is(err, ErrNoFactor) {
		err = ErrInvalid
	}
	return p, refused, err
}

func (s *Service) tryChallenge(ctx context.Context, tx *db.Tx, token, code string) (p User, refused, err error) {
	var u UserID
	if err := tx.Get(ctx, `SELECT user_id FROM sign_in_challenges WHERE hash = $1`, []any{digest(token)}, &u); err != nil {
		return User{}, nil, fmt.Errorf("find a challenge: %w", err)
	}
	if p, _, err = lockUser(ctx, tx, u); err != nil {
		return User{}, nil, err
	}
	n, err := tx.Exec(ctx, `
		UPDATE sign_in_challenges SET tries = tries + 1 WHERE hash = $1 AND used_at IS NULL AND expires_at > $2 AND tries < $3`,
		digest(token), clock.Micros(tx.Now()), challengeTries)
	if err == nil && n == 0 {
		err = db.ErrNotFound
	}
	if err != nil {
		return User{}, nil, fmt.Errorf("try a challenge of %s: %w", u, err)
	}
	if refused, err = s.takeCode(ctx, tx, u, code); err != nil || refused != nil {
		return User{}, refused, err
	}
	return p, nil, endChallenge(ctx, tx, `hash = $1`, digest(token))
}

func endChallenge(ctx context.Context, tx *db.Tx, which string, arg any) error {
	_, err := tx.Exec(ctx, `UPDATE sign_in_challenges SET used_at = $2 WHERE used_at IS NULL AND `+which, arg, clock.Micros(tx.Now()))
	if err != nil {
		return fmt.Errorf("end challenges: %w", err)
	}
	return nil
}
