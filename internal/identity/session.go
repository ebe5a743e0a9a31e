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
	"igny8/internal/id"
	"igny8/internal/tenant"
)

const (
	refreshLife = 30 * 24 * time.Hour // a refresh token that nobody uses
	sessionLife = 90 * 24 * time.Hour // whoever uses it
)

// Tokens is what a sign-in gives: an access token for requests, and a refresh
// token that is good for one exchange for the next pair. It does not print
// them.
type Tokens struct {
	Access    string        `json:"-"`
	Refresh   string        `json:"-"`
	ExpiresIn time.Duration // of Access
}

// StartSession signs a person in to the account of tx. The caller has made
// sure who it is and that he is a member.
func (s *Service) StartSession(ctx context.Context, tx *tenant.Tx, u UserID, from Client) (Tokens, error) {
	return s.start(ctx, tenant.Raw(tx), u, tx.Scope().Account(), from)
}

// start makes a session; the zero account is one without an account.
func (s *Service) start(ctx context.Context, tx *db.Tx, u UserID, acc tenant.AccountID, from Client) (Tokens, error) {
	e := evidence{user: u, account: acc, session: id.New[sessionKind]()}
	end := tx.Now().Add(sessionLife)
	from = from.kept()
	_, err := tx.Exec(ctx, `
		INSERT INTO token_families (id, user_id, account_id, user_agent, address, created_at, last_used_at, expires_at)
		VALUES ($1, $2, $3, $4, $5, $6, $6, $7)`,
		e.session, u, acc, from.Agent, from.Address, clock.Micros(tx.Now()), clock.Micros(end))
	if err != nil {
		return Tokens{}, fmt.Errorf("start a session of %s: %w", u, err)
	}
	return s.issue(ctx, tx, e, end)
}

// issue makes the next pair of a session's tokens.
func (s *Service) issue(ctx context.Context, tx *db.Tx, e evidence, end time.Time) (Tokens, error) {
	refresh := newSecret(refreshPrefix, "")
	_, err := tx.Exec(ctx, `INSERT INTO refresh_tokens (hash, family_id, created_at) VALUES ($1, $2, $3)`,
		digest(refresh), e.session, clock.Micros(tx.Now()))
	if err != nil {
		return Tokens{}, fmt.Errorf("issue tokens of %s: %w", e.session, err)
	}
	access, life, err := s.sign(e, tx.Now(), end)
	return Tokens{Access: access, Refresh: refresh, ExpiresIn: life}, err
}

// Login signs a person in by e-mail address and password: to the account of
// which he has been a member longest, or to none. For an address that nobody
// has and a wrong password the answer is the same and takes the same work.
// Who has a second factor is answered ErrSecondFactor, with a member
// "challenge" for AnswerChallenge.
func (s *Service) Login(ctx context.Context, address, password string, from Client) (Tokens, User, error) {
	known, hash, err := s.byPassword(ctx, address, password)
	if err != nil {
		return Tokens{}, User{}, err
	}
	// Who is no member any more when the session begins is told so by the gate.
	places, err := s.Places(ctx, known)
	if err != nil {
		return Tokens{}, User{}, err
	}
	var t Tokens
	var u User
	var owes string
	err = s.d.Update(ctx, func(ctx context.Context, tx *db.Tx) error {
		if u, owes, err = proven(ctx, tx, known, hash); err != nil || owes != "" {
			return err
		}
		t, err = s.start(ctx, tx, known, longest(places), from)
		return err
	})
	if err == nil && owes != "" {
		return Tokens{}, User{}, ErrSecondFactor.With("challenge", owes)
	}
	return t, u, err
}

// byPassword is the person with an address, and the hash that the password fits, or
// ErrBadCredentials after the same work.
func (s *Service) byPassword(ctx context.Context, address, password string) (UserID, string, error) {
	known, hash, err := s.passwordOf(ctx, address)
	if err != nil {
		return UserID{}, "", err
	}
	if len(password) > maxPassword {
		password, hash = password[:maxPassword], s.nobody
	}
	ok, err := s.matches(ctx, password, hash)
	if err != nil {
		return UserID{}, "", fmt.Errorf("compare a password: %w", err)
	}
	if !ok {
		s.log.InfoContext(ctx, "sign-in refused", "user", known.String())
		return UserID{}, "", ErrBadCredentials
	}
	return known, hash, nil
}

// proven locks the person whose password byPassword compared with hash, and begins a
// challenge for who owes a code.
func proven(ctx context.Context, tx *db.Tx, known UserID, hash string) (u User, owes string, err error) {
	u, now, err := lockUser(ctx, tx, known)
	if err != nil {
		return User{}, "", err
	}
	if now != hash { // changed since it was compared
		return User{}, "", ErrBadCredentials
	}
	owes, err = challenge(ctx, tx, u)
	return u, owes, err
}

// longest is the account of which somebody has been a member longest; zero for
// who is a member of none.
func longest(places []account.Place) tenant.AccountID {
	if len(places) == 0 {
		return tenant.AccountID{}
	}
	return places[0].Account
}

// passwordOf is the person with an address and the hash of the password; for
// an address that nobody has, the hash that no password fits.
func (s *Service) passwordOf(ctx context.Context, address string) (UserID, string, error) {
	e, err := parseEmail(address)
	if err != nil {
		return UserID{}, s.nobody, nil //nolint:nilerr // an address that cannot be is one that nobody has
	}
	var u UserID
	var hash string
	err = s.d.View(ctx, func(ctx context.Context, v *db.View) error {
		return v.Get(ctx, `SELECT id, password_hash FROM users WHERE email_key = $1`, []any{e.key}, &u, &hash)
	})
	if errors.Is(err, db.ErrNotFound) {
		return UserID{}, s.nobody, nil
	}
	if err != nil {
		return UserID{}, "", fmt.Errorf("look up a person: %w", err)
	}
	return u, hash, nil
}

// Places lists the accounts that a person is a member of. It is the one
// question of the gate that no account can be named in, and looks across all.
func (s *Service) Places(ctx context.Context, u UserID) ([]account.Place, error) {
	var all []account.Place
	err := s.d.ViewAcross(ctx, func(ctx context.Context, v *db.View) (err error) {
		all, err = account.Places(ctx, v, u)
		return err
	})
	return all, err
}

// Enter signs a person who is signed in to another account of which he is a
// member, in a session of its own. Any other account is account.ErrNotFound.
func (s *Service) Enter(ctx context.Context, c Caller, acc tenant.AccountID, from Client) (Tokens, error) {
	var t Tokens
	err := s.asMember(ctx, c, acc, func(ctx context.Context, tx *tenant.Tx) (err error) {
		t, err = s.StartSession(ctx, tx, c.User, from)
		return err
	})
	return t, err
}

// stillIn is ErrInvalid when the session of a person ended after he was let
// in, so that a session that ends leaves no younger one behind. It locks the
// person.
func stillIn(ctx context.Context, tx *db.Tx, c Caller) error {
	if c.User.IsZero() {
		return nil // a key has no session, and no places
	}
	if _, _, err := lockUser(ctx, tx, c.User); err != nil {
		return err
	}
	f, err := readSession(ctx, tx, c.Session)
	if err != nil {
		return err
	}
	if f.ended {
		return ErrInvalid
	}
	return nil
}

// session is a family of refresh tokens.
type session struct {
	evidence
	end   time.Time
	ended bool
}

func readSession(ctx context.Context, tx *db.Tx, sid SessionID) (session, error) {
	f := session{evidence: evidence{session: sid}}
	var end int64
	var ended *int64
	err := tx.Get(ctx, `SELECT user_id, account_id, expires_at, ended_at FROM token_families WHERE id = $1`, []any{sid},
		&f.user, &f.account, &end, &ended)
	if err != nil {
		return f, fmt.Errorf("session %s: %w", sid, err)
	}
	f.end, f.ended = clock.FromMicros(end), ended != nil
	return f, nil
}

// Refresh exchanges a refresh token for the next pair. Each token is good
// once; one that comes a second time has been copied, and since nobody can
// tell which of the two is the thief, the session ends for both (RFC 9700,
// 4.14.2). Of several exchanges of one token at once one gets a pair, and the
// others end the session: a client exchanges its token in one place.
func (s *Service) Refresh(ctx context.Context, token string) (Tokens, error) {
	if !intact(token, refreshPrefix, 0) {
		return Tokens{}, s.refuse(ctx, "refresh token is not one of ours, or mistyped")
	}
	var t Tokens
	var why refusal
	err := s.d.Update(ctx, func(ctx context.Context, tx *db.Tx) (err error) {
		t, why, err = s.exchange(ctx, tx, token)
		return err
	})
	if err != nil {
		return Tokens{}, err
	}
	if why != "" {
		return Tokens{}, s.refuse(ctx, why)
	}
	return t, nil
}

func (s *Service) refuse(ctx context.Context, why refusal) error {
	s.log.InfoContext(ctx, "credential refused", "reason", string(why), "policy", "refresh")
	return ErrInvalid
}

// exchange tells by a refusal, not by an error, that the token does not
// count: what it writes about a stolen one must be committed.
func (s *Service) exchange(ctx context.Context, tx *db.Tx, token string) (Tokens, refusal, error) {
	var sid SessionID
	var created int64
	err := tx.Get(ctx, `UPDATE refresh_tokens SET used_at = $2 WHERE hash = $1 AND used_at IS NULL RETURNING family_id, created_at`,
		[]any{digest(token), clock.Micros(tx.Now())}, &sid, &created)
	if errors.Is(err, db.ErrNotFound) {
		why, err := s.reused(ctx, tx, token)
		return Tokens{}, why, err
	}
	if err != nil {
		return Tokens{}, "", fmt.Errorf("use a refresh token: %w", err)
	}
	f, err := readSession(ctx, tx, sid)
	switch {
	case err != nil:
		return Tokens{}, "", err
	case f.ended:
		return Tokens{}, "session ended", nil
	case !tx.Now().Before(f.end), !tx.Now().Before(clock.FromMicros(created).Add(refreshLife)):
		return Tokens{}, "refresh token expired", nil
	}
	if _, err := tx.Exec(ctx, `UPDATE token_families SET last_used_at = $2 WHERE id = $1`, sid, clock.Micros(tx.Now())); err != nil {
		return Tokens{}, "", fmt.Errorf("use of %s: %w", sid, err)
	}
	t, err := s.issue(ctx, tx, f.evidence, f.end)
	return t, "", err
}

// reused ends the session of a token that was used before.
func (s *Service) reused(ctx context.Context, tx *db.Tx, token string) (refusal, error) {
	f, ended, err := endByToken(ctx, tx, token, "reuse")
	if errors.Is(err, db.ErrNotFound) {
		return "no such refresh token", nil
	}
	if err != nil || !ended {
		return "session ended", err
	}
	return "refresh token used twice", recordFor(ctx, tx, f, "session.ended_by_reuse")
}

// endByToken ends the session of any of its refresh tokens. ended is false
// when it had ended before.
func endByToken(ctx context.Context, tx *db.Tx, token, reason string) (f session, ended bool, err error) {
	var sid SessionID
	if err := tx.Get(ctx, `SELECT family_id FROM refresh_tokens WHERE hash = $1`, []any{digest(token)}, &sid); err != nil {
		return session{}, false, fmt.Errorf("refresh token: %w", err)
	}
	if f, err = readSession(ctx, tx, sid); err != nil {
		return session{}, false, err
	}
	ended, err = end(ctx, tx, sid, reason)
	return f, ended, err
}

func end(ctx context.Context, tx *db.Tx, sid SessionID, reason string) (bool, error) {
	n, err := tx.Exec(ctx, `UPDATE token_families SET ended_at = $2, end_reason = $3 WHERE id = $1 AND ended_at IS NULL`,
		sid, clock.Micros(tx.Now()), reason)
	if err != nil {
		return false, fmt.Errorf("end session %s: %w", sid, err)
	}
	return n > 0, nil
}

// recordFor writes an event of a session where its readers look: in its
// account, or in the operator's log when it has none.
func recordFor(ctx context.Context, tx *db.Tx, f session, action string) error {
	actor := tenant.Actor{Kind: tenant.User, ID: f.user.String()}
	if f.account.IsZero() {
		return recordShared(ctx, tx, actor, action, f.session.String(), nil)
	}
	bound, err := tenant.Bind(ctx, tx, tenant.Mint(f.account, actor, 0))
	if err != nil {
		return err
	}
	return audit.Record(ctx, bound, action, f.session.String(), nil)
}

// Logout ends the session that a refresh token belongs to. Its access tokens
// stop at once, since Admit looks at the session. A token that is unknown has
// nothing to end, and is no error (RFC 7009, 2.2).
func (s *Service) Logout(ctx context.Context, refresh string) error {
	if !intact(refresh, refreshPrefix, 0) {
		return nil
	}
	err := s.d.Update(ctx, func(ctx context.Context, tx *db.Tx) error {
		_, _, err := endByToken(ctx, tx, refresh, "logout")
		return err
	})
	if errors.Is(err, db.ErrNotFound) {
		return nil
	}
	return err
}

// EndSession is Logout for who was let in. A visit that the session is on ends
// with it.
func (s *Service) EndSession(ctx context.Context, c Caller) error {
	return s.d.Update(ctx, func(ctx context.Context, tx *db.Tx) error {
		if _, err := leaveVisit(ctx, tx, c); err != nil && !errors.Is(err, ErrVisitNotFound) {
			return err
		}
		_, err := end(ctx, tx, c.Session, "logout")
		return err
	})
}
