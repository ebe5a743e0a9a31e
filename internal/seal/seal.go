// Package seal closes what the database must keep and must not be able to
// read: with a key that is kept outside of it.
package seal

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"errors"
	"fmt"
)

// ErrBroken is what does not open: it was sealed with another key or under
// another label, or somebody changed it.
var ErrBroken = errors.New("seal: this was sealed with another secret, or changed: was the data folder's secret replaced?")

// Box seals with one key. It does not print it.
type Box struct{ aead cipher.AEAD }

// New makes a Box with a key of 32 bytes (AES-256-GCM, NIST SP 800-38D).
func New(key []byte) (Box, error) {
	if len(key) != 32 {
		return Box{}, fmt.Errorf("seal: the key has %d bytes, want 32", len(key))
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return Box{}, fmt.Errorf("seal: %w", err)
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		return Box{}, fmt.Errorf("seal: %w", err)
	}
	return Box{aead: aead}, nil
}

// Close seals plain under a label, which says what it is and whose: sealed
// text that is moved to another row does not open there.
func (b Box) Close(plain []byte, label string) []byte {
	nonce := make([]byte, b.aead.NonceSize())
	rand.Read(nonce)
	return b.aead.Seal(nonce, nonce, plain, []byte(label))
}

// Open is what was closed under the label, or ErrBroken.
func (b Box) Open(sealed []byte, label string) ([]byte, error) {
	n := b.aead.NonceSize()
	if len(sealed) < n {
		return nil, ErrBroken
	}
	plain, err := b.aead.Open(nil, sealed[:n], sealed[n:], []byte(label))
	if err != nil {
		return nil, ErrBroken
	}
	return plain, nil
}

// Format does not tell the key.
func (Box) Format(f fmt.State, _ rune) { _, _ = fmt.Fprint(f, "(sealing key)") }
