package identity

import (
	"context"
	"errors"
	"fmt"
	"time"

	"igny8/internal/clock"
	"igny8/internal/db"
)

// purpose is what the token of a link is good for.
type purpose string

const (
	verifyEmail   purpose = "verify_email"
	resetPassword purpose = "reset_password"
)

// life is how long a link is good.
func (p purpose) life() time.Duration {
	if p == resetPassword {
		return time.Hour
	}
	return 24 * time.Hour
}

// newLink makes the token of a link for a person, and ends the older ones of
// its purpose. The caller has locked the person, so that of two at once one
// is the older.
func newLink(ctx context.Context, tx *db.Tx, p purpose, u UserID) (token string, until time.Time, err error) {
	if err := endLinks(ctx, tx, p, u); err != nil {
		return "", time.Time{}, err
	}
	token, until = newSecret(linkPrefix, ""), tx.Now().Add(p.life())
	_, err = tx.Exec(ctx, `INSERT INTO one_time_tokens (hash, purpose, user_id, created_at, expires_at) VALUES ($1, $2, $3, $4, $5)`,
		digest(token), string(p), u, clock.Micros(tx.Now()), clock.Micros(until))
	if err != nil {
		return "", time.Time{}, fmt.Errorf("make a link to %s for %s: %w", p, u, err)
	}
	return token, until, nil
}

func endLinks(ctx context.Context, tx *db.Tx, p purpose, u UserID) error {
	_, err := tx.Exec(ctx, `UPDATE one_time_tokens SET used_at = $3 WHERE user_id = $1 AND purpose = $2 AND used_at IS NULL`,
		u, string(p), clock.Micros(tx.Now()))
	if err != nil {
		return fmt.Errorf("end links to %s of %s: %w", p, u, err)
	}
	return nil
}

// useLink uses a token up, or is ErrLink.
func useLink(ctx context.Context, tx *db.Tx, p purpose, token string) (UserID, error) {
	var u UserID
	err := tx.Get(ctx, `
		UPDATE one_time_tokens SET used_at = $3
		WHERE hash = $1 AND purpose = $2 AND used_at IS NULL AND expires_at > $3 RETURNING user_id`,
		[]any{digest(token), string(p), clock.Micros(tx.Now())}, &u)
	return u, linkError(p, err)
}

// peekLink tells whose a token is that is good now, and leaves it so.
func peekLink(ctx context.Context, r db.Reader, p purpose, token string) (UserID, error) {
	var u UserID
	err := r.Get(ctx, `SELECT user_id FROM one_time_tokens WHERE hash = $1 AND purpose = $2 AND used_at IS NULL AND expires_at > $3`,
		[]any{digest(token), string(p), clock.Micros(r.Now())}, &u)
	return u, linkError(p, err)
}

func linkError(p purpose, err error) error {
	if errors.Is(err, db.ErrNotFound) {
		err = ErrLink.At("body.token", "is not valid, or not any more", nil)
	}
	if err != nil {
		return fmt.Errorf("link to %s: %w", p, err)
	}
	return nil
}

// linked tells when the newest open link of a purpose was made; zero: none.
func linked(ctx context.Context, r db.Reader, p purpose, u UserID) (time.Time, error) {
	var at *int64
	err := r.Get(ctx, `SELECT max(created_at) FROM one_time_tokens WHERE user_id = $1 AND purpose = $2 AND used_at IS NULL`, []any{u, string(p)}, &at)
	if err != nil {
		return time.Time{}, fmt.Errorf("links to %s of %s: %w", p, u, err)
	}
	return clock.FromNull(at), nil
}
