package identity

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base32"
	"encoding/binary"
	"encoding/hex"
	"hash/crc32"
	"strings"

	"igny8/internal/tenant"
)

// What a secret begins with says what it is, to a person and to a scanner for
// leaked secrets.
const (
	keyPrefix     = "igy_"
	refreshPrefix = "igr_"
	linkPrefix    = "igl_"
	invitePrefix  = "igi_"

	challengePrefix = "igc_"
	cookiePrefix    = "igs_"
)

// The letters are those of ids: digits and lower case, without i, l, o and u.
var letters = base32.NewEncoding("0123456789abcdefghjkmnpqrstvwxyz").WithPadding(base32.NoPadding)

const (
	accountLen = 26 // the account's id without its prefix
	randomLen  = 52 // 32 bytes
	sumLen     = 7  // CRC-32 of all that is before it
)

// newSecret is the prefix, what is said openly, 256 random bits and a
// checksum. The checksum lets a typing error and a leak be recognised without
// a database; it protects nothing.
func newSecret(prefix, open string) string {
	var random [32]byte
	rand.Read(random[:]) // never fails: see its documentation
	s := prefix + open + letters.EncodeToString(random[:])
	return s + checksum(s)
}

func checksum(s string) string {
	return letters.EncodeToString(binary.BigEndian.AppendUint32(nil, crc32.ChecksumIEEE([]byte(s))))
}

// intact tells whether s could be a secret that newSecret made.
func intact(s, prefix string, openLen int) bool {
	if len(s) != len(prefix)+openLen+randomLen+sumLen || !strings.HasPrefix(s, prefix) {
		return false
	}
	at := len(s) - sumLen
	return checksum(s[:at]) == s[at:]
}

// digest is how a secret is kept. One round of SHA-256 is enough for 256
// random bits: there is nothing to guess.
func digest(s string) string {
	sum := sha256.Sum256([]byte(s))
	return hex.EncodeToString(sum[:])
}

// newKey is the plaintext of an API key. It names its account, which is no
// secret, so that looking it up is bound to the account like every other
// query.
func newKey(a tenant.AccountID) string {
	_, body, _ := strings.Cut(a.String(), "_")
	return newSecret(keyPrefix, body)
}

// newInvitation is the plaintext of an invitation. Like a key it names its
// account.
func newInvitation(a tenant.AccountID) string {
	_, body, _ := strings.Cut(a.String(), "_")
	return newSecret(invitePrefix, body)
}

// keyAccount is the account that a key names.
func keyAccount(key string) (tenant.AccountID, error) {
	if !intact(key, keyPrefix, accountLen) {
		return tenant.AccountID{}, refusal("API key is not one of ours, or mistyped")
	}
	a, err := namedAccount(key, keyPrefix)
	if err != nil {
		return tenant.AccountID{}, refusal("API key names no account")
	}
	return a, nil
}

// invitationAccount is the account that an invitation names, or ErrLink.
func invitationAccount(token string) (tenant.AccountID, error) {
	if !intact(token, invitePrefix, accountLen) {
		return tenant.AccountID{}, errNoInvitation()
	}
	a, err := namedAccount(token, invitePrefix)
	if err != nil {
		return tenant.AccountID{}, errNoInvitation()
	}
	return a, nil
}

func namedAccount(secret, prefix string) (tenant.AccountID, error) {
	return tenant.ParseAccountID("acc_" + secret[len(prefix):len(prefix)+accountLen])
}
