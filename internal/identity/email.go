package identity

import (
	"net/mail"
	"regexp"
	"strings"
)

// email is an address as it was typed, and the key under which two spellings
// of it meet. Nobody gives two mailboxes names that differ in case alone.
type email struct{ text, key string }

// A domain is what DNS can hold. One without a dot is a slip of the hand,
// except on a machine that talks to itself.
var domainName = regexp.MustCompile(`^(localhost|([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)$`)

// parseEmail reads a bare address: no display name, no comment, no quotes,
// ASCII, within the lengths of RFC 5321.
func parseEmail(s string) (email, error) {
	s = strings.TrimSpace(s)
	a, err := mail.ParseAddress(s)
	local, domain, _ := strings.Cut(s, "@")
	key := strings.ToLower(s)
	if err != nil || a.Address != s || len(s) > 254 || len(local) > 64 || !ascii(s) || !domainName.MatchString(strings.ToLower(domain)) {
		return email{}, ErrInvalidEmail.At("body.email", "must be an e-mail address such as anna@example.com", nil)
	}
	return email{text: s, key: key}, nil
}

func ascii(s string) bool {
	for i := range len(s) {
		if s[i] <= ' ' || s[i] >= 0x7f {
			return false
		}
	}
	return true
}
