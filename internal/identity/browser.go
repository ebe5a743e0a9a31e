package identity

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"igny8/internal/clock"
	"igny8/internal/db"
)

// Cookie is what a browser keeps of a session: a secret that stays the same
// while the session lasts, and is good for pages alone. The API does not take
// it, and no access token can be had for it. It does not print the secret.
type Cookie struct {
	Secret  string `json:"-"`
	Expires time.Time
}

// Format hides the secret from every verb.
func (c Cookie) Format(f fmt.State, _ rune) { _, _ = fmt.Fprint(f, "cookie until ", c.Expires) }

// LogValue hides the secret from the log.
func (c Cookie) LogValue() slog.Value { return slog.TimeValue(c.Expires) }

// idleLife is how long a session in a browser lasts that nobody uses.
const idleLife = refreshLife

// idleNoted is how often its use is written down.
const idleNoted = time.Hour

// Keep turns a sign-in that has just been made into one of a browser: t is
// what Login, AnswerChallenge, StartSession, ClaimFirstStaff or ChangePassword
// gave. Its refresh token is spent, so that a browser holds one secret and
// nobody else a second.
func (s *Service) Keep(ctx context.Context, t Tokens) (Cookie, error) {
	e, err := s.verify(t.Access)
	if err != nil {
		return Cookie{}, fmt.Errorf("keep a session: %w", err)
	}
	c := Cookie{Secret: newSecret(cookiePrefix, "")}
	err = s.d.Update(ctx, func(ctx context.Context, tx *db.Tx) error {
		now := clock.Micros(tx.Now())
		n, err := tx.Exec(ctx, `UPDATE refresh_tokens SET used_at = $2 WHERE hash = $1 AND used_at IS NULL`, digest(t.Refresh), now)
		if err != nil {
			return err
		}
		if n == 0 { // exchanged since: the session is somebody's already
			return ErrInvalid
		}
		f, err := readSession(ctx, tx, e.session)
		if err != nil {
			return err
		}
		c.Expires = f.end
		_, err = tx.Exec(ctx, `INSERT INTO browser_sessions (hash, family_id, created_at) VALUES ($1, $2, $3)`, digest(c.Secret), e.session, now)
		return err
	})
	if err != nil {
		return Cookie{}, fmt.Errorf("keep session %s in a browser: %w", e.session, err)
	}
	return c, nil
}

// AdmitCookie is Admit for a page: it decides by the secret of a Cookie, empty
// where the browser sent none, under the same policies, in the same order and
// with the same answers.
func (s *Service) AdmitCookie(ctx context.Context, secret string, p Policy) (Caller, error) {
	return s.decide(ctx, secret, p, s.admitCookie)
}

func (s *Service) admitCookie(ctx context.Context, secret string, p Policy) (Caller, error) {
	if !intact(secret, cookiePrefix, 0) {
		return Caller{}, refusal("cookie is not one of ours")
	}
	var e evidence
	var at stop
	var used int64
	err := s.d.View(ctx, func(ctx context.Context, v *db.View) error {
		err := v.Get(ctx, `
			SELECT f.id, f.user_id, f.account_id, coalesce(f.last_used_at, f.created_at), w.visited_id, w.visit_id
			FROM browser_sessions b JOIN token_families f ON f.id = b.family_id LEFT JOIN browser_visits w ON w.family_id = b.family_id
			WHERE b.hash = $1`,
			[]any{digest(secret)}, &e.session, &e.user, &e.account, &used, &at.account, &at.visit)
		if errors.Is(err, db.ErrNotFound) {
			return refusal("no session of this cookie")
		}
		if err == nil && !v.Now().Before(clock.FromMicros(used).Add(idleLife)) {
			return refusal("session not used for long")
		}
		return err
	})
	if err != nil {
		return Caller{}, err
	}
	c, err := s.lookAt(ctx, e, at, p)
	if err == nil {
		s.noteSeen(ctx, c, clock.FromMicros(used))
	}
	return c, err
}

// lookAt is look for a session of a browser, which may be on a visit.
func (s *Service) lookAt(ctx context.Context, e evidence, at stop, p Policy) (Caller, error) {
	if !at.account.IsZero() && p.OfAccount() {
		return s.lookVisiting(ctx, e, at, p)
	}
	c, _, err := s.look(ctx, proof{evidence: e}, p)
	if err == nil && !at.account.IsZero() {
		c.Support, err = s.running(ctx, e, at)
	}
	return c, err
}

// noteSeen writes down that a session is used, now and then. The request has
// been let in by then: if this fails, it is logged, and the request goes on.
func (s *Service) noteSeen(ctx context.Context, c Caller, last time.Time) {
	now := s.d.Clock().Now()
	if now.Sub(last) < idleNoted {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), useTimeout)
	defer cancel()
	err := s.d.Update(ctx, func(ctx context.Context, tx *db.Tx) error {
		_, err := tx.Exec(ctx, `UPDATE token_families SET last_used_at = $2 WHERE id = $1 AND coalesce(last_used_at, created_at) <= $3`,
			c.Session, clock.Micros(now), clock.Micros(now.Add(-idleNoted)))
		return err
	})
	if err != nil {
		s.log.WarnContext(ctx, "use of a session was not written down", "session", c.Session.String(), "err", err)
	}
}
