// Package replay answers a request that is sent again with its first answer.
//
// A program that does not know whether its request arrived sends it again
// with the same Idempotency-Key. The key is written in the transaction of the
// request's effect, so there is one effect, and everybody who sends the key
// is told of that one. A request that failed left no key, and can be sent
// again.
package replay

import (
	"context"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"

	"igny8/internal/clock"
	"igny8/internal/db"
	"igny8/internal/fault"
	"igny8/internal/seal"
	"igny8/internal/tenant"
)

// What a caller can be told.
var (
	ErrMismatch   = fault.New(fault.Invalid, "idempotency.mismatch", "This Idempotency-Key was used for another request. Use a new key for a new request.")
	ErrInProgress = fault.New(fault.Conflict, "idempotency.in_progress", "The first request with this Idempotency-Key is still running. Ask again in a moment.")
	ErrRequired   = fault.New(fault.Malformed, "idempotency.required", "This request needs an Idempotency-Key header, since money moves: any text that you use once, such as a UUID.")
	ErrInvalidKey = fault.New(fault.Malformed, "idempotency.invalid_key", "An Idempotency-Key is 1 to 255 visible ASCII characters.")
)

// Key is an Idempotency-Key as it was sent.
type Key struct{ text string }

// ParseKey reads the header. Empty text is the zero Key: none was sent.
func ParseKey(s string) (Key, error) {
	if len(s) > 255 {
		return Key{}, ErrInvalidKey
	}
	for _, c := range []byte(s) {
		if c <= ' ' || c > '~' {
			return Key{}, ErrInvalidKey
		}
	}
	return Key{text: s}, nil
}

// IsZero tells whether none was sent.
func (k Key) IsZero() bool { return k.text == "" }

// Request is what a key is bound to: the same key with any other of these is
// a mistake of the sender.
type Request struct {
	Owner string // whose keys these are: an account, or a route that anybody may use
	Key   Key
	Route string
	Actor string
	Body  []byte
}

// Log keeps answers, sealed with a key that is not in the database: an answer
// may hold a token, and a request a password.
type Log struct {
	db   *db.DB
	seal seal.Box
	mac  []byte
}

// New makes a Log in d whose keys are derived from secret, at least 32 bytes.
func New(d *db.DB, secret []byte) (*Log, error) {
	keys, err := hkdf.Key(sha256.New, secret, nil, "igny8 replay 1", 64)
	if err != nil {
		return nil, fmt.Errorf("replay: derive the keys: %w", err)
	}
	box, err := seal.New(keys[:32])
	return &Log{db: d, seal: box, mac: keys[32:]}, err
}

// Once runs do in tx unless the request was answered before, and returns the
// first answer. The second of two that arrive together waits for the first to
// commit. Without a key it just runs do.
func (l *Log) Once(ctx context.Context, tx tenant.Unit, r Request, do func() ([]byte, error)) ([]byte, error) {
	if r.Key.IsZero() {
		return do()
	}
	raw := tenant.Raw(tx)
	owner, key, route, body := l.row(r)
	n, err := raw.Exec(ctx, `
		INSERT INTO replay_answers (owner, key_hash, route, body_hash, created_at)
		VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING`, owner, key, route, body, clock.Micros(raw.Now()))
	if err != nil {
		return nil, fmt.Errorf("keep an idempotency key: %w", err)
	}
	if n == 0 {
		return l.answer(ctx, raw, r)
	}
	answer, err := do()
	if err != nil {
		return nil, err
	}
	if _, err := raw.Exec(ctx, `UPDATE replay_answers SET answer = $3 WHERE owner = $1 AND key_hash = $2`,
		owner, key, l.seal.Close(answer, owner+key)); err != nil {
		return nil, fmt.Errorf("keep an answer: %w", err)
	}
	return answer, nil
}

// Answered is the first answer to a request, when it has been given: to be
// asked before work that the answer would make needless.
func (l *Log) Answered(ctx context.Context, r Request) (answer []byte, ok bool, err error) {
	if r.Key.IsZero() {
		return nil, false, nil
	}
	err = l.db.View(ctx, func(ctx context.Context, v *db.View) error {
		answer, err = l.answer(ctx, v, r)
		return err
	})
	if errors.Is(err, db.ErrNotFound) {
		return nil, false, nil
	}
	return answer, err == nil, err
}

func (l *Log) answer(ctx context.Context, v db.Reader, r Request) ([]byte, error) {
	k, err := l.find(ctx, v, r)
	if err != nil {
		return nil, err
	}
	if k.sealed == nil {
		return nil, ErrInProgress
	}
	return l.unseal(r, k)
}

// kept is the row of a key.
type kept struct {
	sealed []byte // nil: the first request has not been answered
	claim  string
	until  int64
}

func (l *Log) find(ctx context.Context, v db.Reader, r Request) (kept, error) {
	owner, key, route, body := l.row(r)
	var had struct{ route, body string }
	var k kept
	err := v.Get(ctx, `
		SELECT route, body_hash, answer, coalesce(claim, ''), coalesce(claimed_until, 0)
		FROM replay_answers WHERE owner = $1 AND key_hash = $2`, []any{owner, key}, &had.route, &had.body, &k.sealed, &k.claim, &k.until)
	if err != nil {
		return kept{}, fmt.Errorf("find the first answer: %w", err)
	}
	if had.route != route || had.body != body {
		return kept{}, ErrMismatch
	}
	return k, nil
}

func (l *Log) unseal(r Request, k kept) ([]byte, error) {
	owner, key, _, _ := l.row(r)
	return l.seal.Open(k.sealed, owner+key)
}

// row is the request as its row says it. The body is hashed with a secret, so
// that nobody who has the table can guess what was in it.
func (l *Log) row(r Request) (owner, key, route, body string) {
	return r.Owner, l.sum(r.Key.text), r.Route + " " + r.Actor, l.sum(string(r.Body))
}

func (l *Log) sum(s string) string {
	h := hmac.New(sha256.New, l.mac)
	h.Write([]byte(s))
	return hex.EncodeToString(h.Sum(nil))
}
