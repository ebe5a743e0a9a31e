package identity

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"strings"
	"time"

	"igny8/internal/tenant"
)

// proof is what a credential shows by itself, before the database is asked.
type proof struct {
	evidence        // of an API key: the account alone
	hash     string // of an API key; empty for a token

	// Of a token: who signed it, and from when to when it is good. zero times
	// for one that verify must look at each time.
	by              SigningKey
	issued, expires time.Time
}

// prove reads a credential. What is not one of ours is a refusal.
func (s *Service) prove(credential string) (proof, error) {
	if !strings.HasPrefix(credential, keyPrefix) {
		return s.verify(credential)
	}
	acc, err := keyAccount(credential)
	if err != nil {
		return proof{}, err
	}
	return proof{evidence: evidence{account: acc}, hash: digest(credential)}, nil
}

// stands tells whether a proof that was verified before is one now: that the
// signature is right does not change, but which keys sign does, and the time.
// Where it does not stand, verify says why.
func (s *Service) stands(p proof, now time.Time) bool {
	if p.hash != "" {
		return true
	}
	if p.issued.IsZero() || p.expires.IsZero() {
		return false
	}
	keys, err := s.ring()
	if err != nil {
		return false
	}
	by, err := counted(keys, p.by.id, now)
	return err == nil && hmac.Equal(by.key, p.by.key) &&
		now.Before(p.expires.Add(leeway)) && !now.Before(p.issued.Add(-leeway))
}

// name is what a credential is remembered by, which tells nothing of it.
type name [sha256.Size]byte

func nameOf(credential string) name { return sha256.Sum256([]byte(credential)) }

// facts is what the database says of a credential that counts. It holds no
// answer: what is a question of time is asked of it at each request.
type facts struct {
	caller   Caller    // without Rates
	expires  time.Time // of the session or key; zero: never
	lastUsed time.Time // of a key
	terms    Terms     // nil: not asked for, or there is no account
}

// decide is the answer at a moment: whether the credential goes on, whether
// the account may work, whether the caller may do this.
func (f facts) decide(now time.Time, p Policy) (Caller, error) {
	if !f.expires.IsZero() && !f.expires.After(now) {
		return Caller{}, refusal("session or API key expired")
	}
	c := f.caller
	if c.Support != nil && !c.Support.Running(now) {
		return Caller{}, ErrVisitOver
	}
	if f.terms != nil && p.OfAccount() {
		var err error
		c.Account = f.terms.Account()
		c.Rates, err = f.terms.Standing(now)
		if err != nil && !c.Support.looks() && (!payable(err) || p.rule != unpaid) {
			return c, err
		}
	}
	return c, p.permit(c)
}

// suffice tells whether they are all that the policy has to know.
func (f facts) suffice(p Policy) bool {
	return f.terms != nil || !p.OfAccount() || f.caller.Scope.Account().IsZero()
}

// learn adds the terms of the account, where the policy asks for them.
func (s *Service) learn(ctx context.Context, r tenant.Reader, f *facts, p Policy) error {
	if f.suffice(p) {
		return nil
	}
	var err error
	f.terms, err = s.standing(ctx, r)
	return err
}
