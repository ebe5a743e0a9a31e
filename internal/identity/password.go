package identity

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"strings"
	"sync/atomic"
	"unicode/utf8"

	"github.com/alexedwards/argon2id"
	"golang.org/x/crypto/argon2"
	"golang.org/x/text/unicode/norm"

	"igny8/internal/words"
)

// passwords hashes, at most two at a time: each takes a core and 32 MiB, and
// a crowd at the door must not take the machine.
type passwords struct {
	params argon2id.Params
	turns  chan struct{}
	nobody string // the hash of no password, for who is not registered
	count  *atomic.Int64
}

const (
	defaultMemoryKiB = 32 << 10
	defaultPasses    = 3
	hashesAtOnce     = 2
)

func newPasswords(memoryKiB, passes uint32) (passwords, error) {
	if memoryKiB == 0 {
		memoryKiB = defaultMemoryKiB
	}
	if passes == 0 {
		passes = defaultPasses
	}
	p := passwords{
		params: argon2id.Params{Memory: memoryKiB, Iterations: passes, Parallelism: 1, SaltLength: 16, KeyLength: 32},
		turns:  make(chan struct{}, hashesAtOnce),
		count:  new(atomic.Int64),
	}
	// Random salt and key: as much work to compare with as any, and no
	// password in the world fits.
	var random [48]byte
	rand.Read(random[:])
	b64 := base64.RawStdEncoding
	p.nobody = fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=1$%s$%s", argon2.Version, memoryKiB, passes,
		b64.EncodeToString(random[:16]), b64.EncodeToString(random[16:]))
	if _, _, _, err := argon2id.DecodeHash(p.nobody); err != nil {
		return passwords{}, fmt.Errorf("identity: the hash of nobody: %w", err)
	}
	return p, nil
}

// hash waits for its turn, or until ctx ends.
func (p passwords) hash(ctx context.Context, password string) (hash string, err error) {
	err = p.inTurn(ctx, func() (err error) {
		hash, err = argon2id.CreateHash(norm.NFKC.String(password), &p.params)
		return err
	})
	return hash, err
}

// matches tells whether hash is of password.
func (p passwords) matches(ctx context.Context, password, hash string) (ok bool, err error) {
	err = p.inTurn(ctx, func() (err error) {
		ok, err = argon2id.ComparePasswordAndHash(norm.NFKC.String(password), hash)
		return err
	})
	return ok, err
}

func (p passwords) inTurn(ctx context.Context, fn func() error) error {
	select {
	case p.turns <- struct{}{}:
		defer func() { <-p.turns }()
		p.count.Add(1)
		return fn()
	case <-ctx.Done():
		return fmt.Errorf("wait to hash a password: %w", ctx.Err())
	}
}

// NIST SP 800-63B-4, 3.1.1.2: a password that alone lets a person in has 15
// characters or more; one of a pair may have 8. There is one rule here, the
// stricter: a second factor can be taken away, and a password that was too
// short for that would have to be changed first. There are no rules about
// capitals, digits and signs, and no password grows old: the same text tells
// to ask for neither.
const (
	minPassword = 15   // characters
	maxPassword = 1024 // bytes; 64 characters of any script must fit
)

// checkPassword is ErrWeakPassword with what is wrong with it, and never the
// password. It looks at what will be hashed: letters of another width are the
// same password.
func checkPassword(password string, a about) error {
	plain := norm.NFKC.String(password)
	switch {
	case utf8.RuneCountInString(plain) < minPassword:
		return weak("at least 15 characters long; a few words are easier to remember than signs and digits")
	case len(password) > maxPassword:
		return weak("at most 1024 bytes long")
	case !utf8.ValidString(password) || strings.ContainsRune(password, 0):
		return weak("text in UTF-8")
	}
	if why := guessed(strings.ToLower(plain), a); why != "" {
		return weak(why)
	}
	return nil
}

func weak(why words.Text) error {
	return ErrWeakPassword.Sayf("A password must be %s.", why).At("body.password", words.With("must be %s", why), nil)
}
