package identity

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"unicode/utf8"

	"github.com/alexedwards/argon2id"
	"golang.org/x/crypto/argon2"
	"golang.org/x/text/unicode/norm"
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

const (
	minPassword = 10  // characters
	maxPassword = 200 // bytes
)

// commonest are the passwords of ten characters and more that lead the lists
// of what was found in leaks, in lower case.
var commonest = []string{
	"0123456789", "0987654321", "1111111111", "123123123123", "12345678910", "1234567890", "1234567891",
	"123456789a", "123456789q", "147258369a", "1q2w3e4r5t", "1q2w3e4r5t6y", "1qaz2wsx3edc", "9876543210", "a123456789", "aa123456789",
	"abc123456789", "abcd123456", "abcd1234567", "abcdefghij", "adminadmin", "administrator", "admin12345", "admin123456",
	"asdfasdfasdf", "asdfghjkl1", "asdfghjkl123", "asdfghjkl;", "basketball", "changeme123", "changeme1234", "football123", "iloveyou12",
	"iloveyou123", "letmein123", "letmein1234", "liverpool1", "manchester", "monkey12345", "p@ssw0rd123", "passw0rd123",
	"password01", "password10", "password11", "password12", "password123", "password1234", "password12345",
	"password123!", "password1!", "passwordpassword", "princess123", "q1w2e3r4t5", "q1w2e3r4t5y6", "qazwsxedc1", "qazwsxedcrfv", "qwer123456",
	"qwerty1234", "qwerty12345", "qwerty123456", "qwerty123!", "qwertyqwerty", "qwertyuiop", "qwertyuiop1", "qwertyuiop123",
	"starwars123", "superman123", "test123456", "testtest123", "trustno1234", "welcome123", "welcome1234", "zaq12wsxcde3", "zxcvbnm123", "zxcvbnm1234",
}

// about is what others know of a person: it is no password of his.
type about struct {
	email email
	words []string
}

// checkPassword is ErrWeakPassword with what is wrong with it, and never the
// password. It looks at what will be hashed: letters of another width are the
// same password.
func checkPassword(password string, a about) error {
	plain := norm.NFKC.String(password)
	lower := strings.ToLower(plain)
	local, _, _ := strings.Cut(a.email.key, "@")
	switch {
	case utf8.RuneCountInString(plain) < minPassword:
		return weak("at least 10 characters long")
	case len(password) > maxPassword:
		return weak("at most 200 bytes long")
	case !utf8.ValidString(password) || strings.ContainsRune(password, 0):
		return weak("text in UTF-8")
	case lower == a.email.key, lower == local:
		return weak("something else than the e-mail address")
	case distinct(lower) < 4:
		return weak("made of more than three different characters")
	case slices.Contains(commonest, lower):
		return weak("none of the commonest passwords")
	}
	return nil
}

func weak(why string) error {
	return ErrWeakPassword.Sayf("A password must be %s.", why).At("body.password", "must be "+why, nil)
}

func distinct(s string) int {
	seen := make(map[rune]bool)
	for _, r := range s {
		seen[r] = true
	}
	return len(seen)
}
