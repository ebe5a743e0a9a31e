package app

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"igny8/internal/config"
	"igny8/internal/identity"
)

// keyring is the file of the keys that sign access tokens, oldest first, each
// with the moment since when it signs. Until the first rotation there is no
// file, and one key, which is derived from the secret.
type keyring struct {
	path  string
	first []byte

	mu   sync.Mutex
	seen os.FileInfo // of the file that keys are from
	keys []identity.SigningKey
}

// signer is one line of the file.
type signer struct {
	since time.Time
	key   []byte
}

// openKeyring refuses a file that it cannot read, so that a damaged one stops
// the start and not the first request.
func openKeyring(dir string, secret config.Secret) (*keyring, error) {
	first, err := derive(secret, "tokens")
	if err != nil {
		return nil, err
	}
	k := &keyring{path: filepath.Join(dir, "signing-keys"), first: first}
	_, err = k.read()
	return k, err
}

// read is an identity.Keyring. It looks at the file each time, and reads it
// when it is another one than before: a rotation counts from the next request
// on, in every process that has the folder.
func (k *keyring) read() ([]identity.SigningKey, error) {
	info, err := os.Stat(k.path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.keys != nil && same(k.seen, info) {
		return k.keys, nil
	}
	lines, err := k.lines()
	if err != nil {
		return nil, err
	}
	keys := make([]identity.SigningKey, len(lines))
	for i, l := range lines {
		if keys[i], err = identity.NewSigningKey(l.key, l.since); err != nil {
			return nil, fmt.Errorf("%s: %w", k.path, err)
		}
	}
	k.seen, k.keys = info, keys
	return keys, nil
}

func same(a, b os.FileInfo) bool {
	if a == nil || b == nil {
		return a == nil && b == nil
	}
	return os.SameFile(a, b) && a.ModTime().Equal(b.ModTime()) && a.Size() == b.Size()
}

func (k *keyring) lines() ([]signer, error) {
	text, err := os.ReadFile(k.path)
	if errors.Is(err, fs.ErrNotExist) {
		return []signer{{key: k.first}}, nil
	}
	if err != nil {
		return nil, err
	}
	var all []signer
	for line := range strings.Lines(string(text)) {
		at, key, ok := strings.Cut(strings.TrimSpace(line), " ")
		since, terr := time.Parse(time.RFC3339Nano, at)
		raw, berr := base64.StdEncoding.DecodeString(key)
		if !ok || terr != nil || berr != nil {
			return nil, fmt.Errorf("%s is damaged: restore it from a backup, or remove it and run igny8 secret rotate", k.path)
		}
		all = append(all, signer{since, raw})
	}
	if len(all) == 0 {
		return nil, fmt.Errorf("%s is empty: restore it from a backup, or remove it and run igny8 secret rotate", k.path)
	}
	return all, nil
}

// rotate adds a key that signs from now on. Keys from which no token can be
// good any more are left out; with atOnce, all but the new one.
func (k *keyring) rotate(now time.Time, atOnce bool) error {
	lines, err := k.lines()
	if err != nil {
		return err
	}
	fresh := newSecret()
	lines = append(lines, signer{now, fresh[:]})
	var b bytes.Buffer
	for i, l := range lines {
		newest := i == len(lines)-1
		if !newest && (atOnce || !now.Before(lines[i+1].since.Add(identity.KeyOverlap))) {
			continue
		}
		_, _ = fmt.Fprintf(&b, "%s %s\n", l.since.UTC().Format(time.RFC3339Nano), base64.StdEncoding.EncodeToString(l.key)) // to memory
	}
	return replaceFile(k.path, b.Bytes())
}

// replaceFile writes a file whole or not at all, for its owner only.
func replaceFile(path string, text []byte) error {
	f, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+"-*") // mode 0600
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(f.Name()) }() // renamed, or of no use
	_, err = f.Write(text)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}

type secretCommand struct {
	Rotate secretRotate `cmd:"" help:"Sign access tokens with a new key."`
}

type secretRotate struct {
	AtOnce bool `help:"Refuse tokens of the older keys at once, because one has become known. Programs then exchange their refresh tokens."`
}

// Run rotates the key. A server that runs takes notice at its next request.
func (f secretRotate) Run(c command) error {
	secret, err := openData(c.cfg.Data)
	if err != nil {
		return err
	}
	k, err := openKeyring(c.cfg.Data, secret)
	if err != nil {
		return err
	}
	if err := k.rotate(c.clock.Now(), f.AtOnce); err != nil {
		return fmt.Errorf("rotate the signing key: %w", err)
	}
	text := fmt.Sprintf("A new key signs access tokens. Those signed before are good for %s more at most.\n", identity.KeyOverlap)
	if f.AtOnce {
		text = "A new key signs access tokens. Those signed before are refused; refresh tokens are good as they were.\n"
	}
	_, err = fmt.Fprint(c.Out, text)
	return err
}
