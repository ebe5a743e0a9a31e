package identity

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"log/slog"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// SigningKey signs access tokens from a moment on, until a newer one does.
// Only NewSigningKey makes one that signs, and it does not print.
type SigningKey struct {
	key   []byte
	since time.Time
	id    string
}

// NewSigningKey makes a SigningKey of 32 bytes or more.
func NewSigningKey(key []byte, since time.Time) (SigningKey, error) {
	if len(key) < 32 {
		return SigningKey{}, fmt.Errorf("identity: a signing key has %d bytes, want 32 or more", len(key))
	}
	// The id is found from the key, so that all who have the key agree on it,
	// and tells nothing of it.
	h := hmac.New(sha256.New, key)
	h.Write([]byte("igny8 key id"))
	return SigningKey{key: key, since: since, id: hex.EncodeToString(h.Sum(nil)[:8])}, nil
}

// Format tells the id.
func (k SigningKey) Format(f fmt.State, _ rune) { _, _ = fmt.Fprint(f, "signing key ", k.id) }

// LogValue tells the id.
func (k SigningKey) LogValue() slog.Value { return slog.StringValue(k.id) }

// KeyOverlap is how long a token may still come that was signed with the key
// before the newest.
const KeyOverlap = accessLife + leeway

// Keyring lists the signing keys, oldest first. It is asked whenever a token
// is made or read, so that a new key counts at once; what does not change it
// may remember.
type Keyring func() ([]SigningKey, error)

// oneKey is a ring that never changes.
func oneKey(secret []byte) (Keyring, error) {
	k, err := NewSigningKey(secret, time.Time{})
	return func() ([]SigningKey, error) { return []SigningKey{k}, nil }, err
}

// newest is the key that signs.
func (r Keyring) newest() (SigningKey, error) {
	keys, err := r()
	if err == nil && len(keys) == 0 {
		err = fmt.Errorf("there is none")
	}
	if err != nil {
		return SigningKey{}, fmt.Errorf("signing keys: %w", err)
	}
	return keys[len(keys)-1], nil
}

// counted is the key with an id, if it may still verify a token.
func counted(keys []SigningKey, kid string, now time.Time) (SigningKey, error) {
	for i, k := range keys {
		if k.id != kid {
			continue
		}
		if i+1 < len(keys) && !now.Before(keys[i+1].since.Add(KeyOverlap)) {
			return SigningKey{}, refusal("token of a key that was replaced")
		}
		return k, nil
	}
	return SigningKey{}, refusal("token of an unknown key")
}

// keyfunc finds the key that a token names, and says in by which it is.
// Nothing else that the header says is listened to.
func keyfunc(keys []SigningKey, now time.Time, by *SigningKey) jwt.Keyfunc {
	return func(t *jwt.Token) (any, error) {
		kid, _ := t.Header["kid"].(string)
		var err error
		*by, err = counted(keys, kid, now)
		return by.key, err
	}
}
