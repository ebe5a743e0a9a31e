package app

import (
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"igny8/internal/config"
)

// secretBytes is how long the secret is from which every key is derived.
const secretBytes = 32

// openData makes the data folder, for its owner only, and reads the secret in
// it, which the first start makes.
func openData(dir string) (config.Secret, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return config.Secret{}, fmt.Errorf("the data folder cannot be made: %w; choose another with IGNY8_DATA", err)
	}
	path := filepath.Join(dir, "secret")
	for {
		text, err := os.ReadFile(path) //nolint:gosec // the operator's own folder
		if err == nil {
			return decodeSecret(path, text)
		}
		if !errors.Is(err, fs.ErrNotExist) {
			return config.Secret{}, fmt.Errorf("the secret cannot be read: %w", err)
		}
		if err := makeSecret(dir, path); err != nil && !errors.Is(err, fs.ErrExist) {
			return config.Secret{}, fmt.Errorf("the data folder %s cannot be written: %w; choose another with IGNY8_DATA", dir, err)
		}
	}
}

// makeSecret writes a secret whole, or, when another process was faster, not
// at all.
func makeSecret(dir, path string) error {
	b := newSecret()
	f, err := os.CreateTemp(dir, "secret-*") // mode 0600
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(f.Name()) }() // linked under its name, or of no use
	_, err = f.WriteString(base64.StdEncoding.EncodeToString(b[:]) + "\n")
	err = errors.Join(err, f.Sync(), f.Close())
	if err != nil {
		return err
	}
	return os.Link(f.Name(), path)
}

func newSecret() (b [secretBytes]byte) {
	rand.Read(b[:])
	return b
}

func decodeSecret(path string, text []byte) (config.Secret, error) {
	b, err := base64.StdEncoding.DecodeString(strings.TrimSpace(string(text)))
	if err != nil || len(b) != secretBytes {
		return config.Secret{}, fmt.Errorf("%s is damaged: restore it from a backup; without it sessions and kept answers are lost", path)
	}
	return config.NewSecret(string(b)), nil
}

// derive is a key for one purpose, from which neither the secret nor another
// key can be found (RFC 5869).
func derive(secret config.Secret, purpose string) ([]byte, error) {
	return hkdf.Key(sha256.New, []byte(secret.Reveal()), nil, "igny8 "+purpose, secretBytes)
}
