// Package identity turns evidence (a password, a token, a key) into a
// tenant.Scope or a tenant.Operator; nobody else does.
//
// Admit is the gate: every request of every route comes through it with the
// policy that the route declares, and what it answers is true of the database
// after the request came. What was read for an earlier request is used again
// only where the database says for this one that nothing was committed since
// (db.Moment), so a suspension, a removed member, a revoked key or privilege and
// an ended session count from the next request on, in every process. Only facts
// are kept, of credentials that were let in: a refusal is always read, and what
// time decides is decided anew.
//
// What is kept of a credential lets nobody in: passwords as argon2id, tokens
// and keys as SHA-256 of 256 random bits.
package identity

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"igny8/internal/account"
	"igny8/internal/clock"
	"igny8/internal/db"
	"igny8/internal/fault"
	"igny8/internal/id"
	"igny8/internal/job"
	"igny8/internal/mail"
	"igny8/internal/seal"
	"igny8/internal/tenant"
	"igny8/internal/throttle"
)

type (
	sessionKind struct{}
	keyKind     struct{}
	visitKind   struct{}
)

func (sessionKind) Prefix() string { return "ses" }
func (keyKind) Prefix() string     { return "key" }
func (visitKind) Prefix() string   { return "vis" }

// UserID names a person.
type UserID = account.UserID

// SessionID names what a sign-in began: the family of its refresh tokens.
type SessionID = id.ID[sessionKind]

// APIKeyID names an API key.
type APIKeyID = id.ID[keyKind]

// VisitID names a visit of the operator's support.
type VisitID = id.ID[visitKind]

// ParseAPIKeyID reads an API key's id.
func ParseAPIKeyID(s string) (APIKeyID, error) { return id.Parse[keyKind](s) }

// What a caller can be told. tenant.ErrForbidden is the one for a permission
// that is missing.
var (
	ErrRequired        = fault.New(fault.Unauthenticated, "auth.required", "Sign in, or send an API key.")
	ErrInvalid         = fault.New(fault.Unauthenticated, "auth.invalid", "This credential is not valid, or not any more. Sign in again.")
	ErrBadCredentials  = fault.New(fault.Unauthenticated, "auth.bad_credentials", "The e-mail address or the password is wrong.")
	ErrWrongPassword   = fault.New(fault.Invalid, "auth.wrong_password", "This is not your password.")
	ErrLink            = fault.New(fault.Invalid, "auth.invalid_link", "This link is not valid, or not any more. Ask for a new one.")
	ErrSecondFactor    = fault.New(fault.Unauthenticated, "auth.second_factor_required", "The password is right. Send the challenge with a code of your second factor.")
	ErrBadCode         = fault.New(fault.Invalid, "auth.invalid_code", "This code is not right, or was used.")
	ErrCodeBlocked     = fault.New(fault.TooMany, "auth.second_factor_blocked", "There were too many wrong codes. Wait some minutes, or use a recovery code.")
	ErrFactorExists    = fault.New(fault.Conflict, "second_factor.exists", "There is a second factor. Remove it first.")
	ErrNoFactor        = fault.New(fault.NotFound, "second_factor.not_found", "There is no second factor.")
	ErrEmailTaken      = fault.New(fault.Conflict, "identity.email_taken", "Somebody is registered with this e-mail address.")
	ErrInvalidEmail    = fault.New(fault.Invalid, "identity.invalid_email", "This is not an e-mail address.")
	ErrWeakPassword    = fault.New(fault.Invalid, "identity.weak_password", "This password is too easy to guess.")
	ErrInvalidName     = fault.New(fault.Invalid, "identity.invalid_name", "A name has 1 to 100 printable characters.")
	ErrOtherPerson     = fault.New(fault.Forbidden, "invitation.other_person", "This invitation is for another e-mail address than the one you are signed in with.")
	ErrUserNotFound    = fault.New(fault.NotFound, "identity.user_not_found", "There is no such person.")
	ErrSessionNotFound = fault.New(fault.NotFound, "session.not_found", "There is no such session, or it has ended.")
	ErrKeyNotFound     = fault.New(fault.NotFound, "api_key.not_found", "There is no such API key.")
	ErrKeyName         = fault.New(fault.Invalid, "api_key.invalid_name", "The name of an API key has 1 to 100 printable characters.")
	ErrKeyScope        = fault.New(fault.Invalid, "api_key.invalid_scope", "An API key needs one or more scopes that exist.")
	ErrKeyExpiry       = fault.New(fault.Invalid, "api_key.invalid_expiry", "An API key cannot expire in the past.")
	ErrWhom            = fault.New(fault.Invalid, "privilege.whom", "Say who is meant: user_id or email is needed.")
	ErrPrivilege       = fault.New(fault.Invalid, "privilege.unknown", "There is no such staff privilege.")
	ErrVisitOver       = fault.New(fault.Forbidden, "support.visit_over", "This visit is over.")
	ErrVisitNotFound   = fault.New(fault.NotFound, "support.visit_not_found", "There is no such visit, or it is over.")
	ErrVisitKind       = fault.New(fault.Invalid, "support.invalid_kind", "Say what the visit is for: to look, or to work as well.")
	ErrVisitLength     = fault.New(fault.Invalid, "support.invalid_length", "A visit lasts 15 minutes, 1 hour or 4 hours.")
	ErrVisitSystem     = fault.New(fault.Conflict, "support.system_account", "An account of the operator's own cannot be visited: nobody in it would know.")
	ErrVisitWork       = fault.New(fault.Conflict, "support.only_look", "This account cannot work now. It can be visited only to look.")
	ErrLastPrivilege   = fault.New(fault.Conflict, "privilege.last_holder", "Somebody must be left who manages privileges.")
)

// Terms is what decides whether an account may work. It holds what the database
// said, and no answer: the gate may keep it for as long as that has not changed.
type Terms interface {
	Account() account.Account
	// Standing says, as a fault, why the account may not work at a moment; nil
	// when it may. In either case it says how often the account may ask.
	Standing(now time.Time) (throttle.Rates, error)
}

// Standing reads the terms of an account. It must read all of them from the
// database.
type Standing func(context.Context, tenant.Reader) (Terms, error)

// Unpaid says more about a fault of Standing that a payment would lift, to a
// caller with the permissions given. It is asked only when somebody is refused.
type Unpaid func(ctx context.Context, r tenant.Reader, may tenant.Permissions, refused error) error

// Options is what the service is told at start.
type Options struct {
	Secret   []byte        `json:"-"` // signs access tokens when Keys is nil; 32 bytes or more
	Keys     Keyring       // signs access tokens
	Issuer   string        // the base URL, which access tokens name
	Standing Standing      // account and plan; nil: the status of the account alone
	Unpaid   Unpaid        // nil: Standing has said it all
	Seats    account.Limit // what the plan says about more members; nil: nothing
	Mail     *mail.Office
	Jobs     *job.Queue // the one that takes Mail's letters away
	Seal     []byte     `json:"-"` // seals what must be read again: secrets of second factors; 32 bytes
	Log      *slog.Logger

	// What hashing a password costs; zero is what the product uses. Tests
	// make it small.
	HashMemoryKiB uint32 // zero: 32 MiB
	HashPasses    uint32 // zero: 3
}

// Service is the gate, and what stands around it.
type Service struct {
	st       *tenant.Store
	d        *db.DB
	log      *slog.Logger
	standing Standing
	unpaid   Unpaid
	seats    account.Limit
	mail     *mail.Office
	jobs     *job.Queue
	box      seal.Box
	passwords
	issuer string
	ring   Keyring
	clock  clock.Clock
	parser *jwt.Parser
	memory memory
	uses   uses
}

// New makes a Service. It refuses a secret that is short and an issuer that is
// missing, because with either the gate would not hold.
func New(st *tenant.Store, d *db.DB, o Options) (*Service, error) {
	if o.Keys == nil {
		var err error
		if o.Keys, err = oneKey(o.Secret); err != nil {
			return nil, err
		}
	}
	if o.Issuer == "" {
		return nil, errors.New("identity: access tokens need an issuer, the base URL")
	}
	if o.Mail == nil || o.Jobs == nil {
		return nil, errors.New("identity: letters need a post office and a queue")
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Standing == nil {
		o.Standing = byStatus
	}
	if o.Unpaid == nil {
		o.Unpaid = func(_ context.Context, _ tenant.Reader, _ tenant.Permissions, refused error) error { return refused }
	}
	if o.Seats == nil {
		o.Seats = func(context.Context, tenant.Reader, int64, int64) error { return nil }
	}
	p, err := newPasswords(o.HashMemoryKiB, o.HashPasses)
	if err != nil {
		return nil, err
	}
	box, err := seal.New(o.Seal)
	if err != nil {
		return nil, fmt.Errorf("identity: %w", err)
	}
	s := &Service{
		st: st, d: d, log: o.Log, standing: o.Standing, unpaid: o.Unpaid, seats: o.Seats, mail: o.Mail, jobs: o.Jobs, box: box, passwords: p,
		issuer: o.Issuer, ring: o.Keys, clock: d.Clock(), parser: newParser(o.Issuer, d.Clock()),
	}
	job.HandleErrand(o.Jobs, s.sendReset)
	return s, nil
}

// statusAlone is Terms for which only the status counts.
type statusAlone struct{ account account.Account }

func byStatus(ctx context.Context, r tenant.Reader) (Terms, error) {
	a, err := account.Load(ctx, r)
	return statusAlone{a}, err
}

// Account implements Terms.
func (s statusAlone) Account() account.Account { return s.account }

// Standing implements Terms.
func (s statusAlone) Standing(time.Time) (throttle.Rates, error) {
	return throttle.Basic, s.account.Status.Standing()
}

// User is a person.
type User struct {
	ID                         UserID
	Email, FirstName, LastName string
	Verified                   time.Time // zero: the e-mail address is not verified yet
	SecondFactor               time.Time // since when there is one; zero: there is none
	Created                    time.Time
}

// UserOf reads a person, or is ErrUserNotFound.
func (s *Service) UserOf(ctx context.Context, u UserID) (User, error) {
	var p User
	err := s.d.View(ctx, func(ctx context.Context, v *db.View) (err error) {
		p, err = userOf(ctx, v, u)
		return err
	})
	return p, err
}

func userOf(ctx context.Context, r db.Reader, u UserID) (User, error) {
	p := User{ID: u}
	var verified, factor *int64
	var created int64
	err := r.Get(ctx, `
		SELECT email, first_name, last_name, verified_at, (SELECT confirmed_at FROM second_factors f WHERE f.user_id = u.id), created_at
		FROM users u WHERE id = $1`, []any{u}, &p.Email, &p.FirstName, &p.LastName, &verified, &factor, &created)
	if errors.Is(err, db.ErrNotFound) {
		err = ErrUserNotFound
	}
	if err != nil {
		return User{}, fmt.Errorf("user %s: %w", u, err)
	}
	p.Verified, p.SecondFactor, p.Created = clock.FromNull(verified), clock.FromNull(factor), clock.FromMicros(created)
	return p, nil
}
