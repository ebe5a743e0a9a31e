package statement

import "strings"

// ParseIBAN is an IBAN (ISO 13616) without spaces and in capitals, and whether
// s is one: two letters, two check digits that are right, 11 to 30 more.
func ParseIBAN(s string) (string, bool) {
	s = strings.ToUpper(strings.Join(strings.Fields(s), ""))
	if len(s) < 15 || len(s) > 34 || !isLetter(s[0]) || !isLetter(s[1]) || !isDigit(s[2]) || !isDigit(s[3]) {
		return "", false
	}
	rest := 0
	for i := range len(s) { // ISO 7064 MOD 97-10, the first four characters last
		switch c := s[(i+4)%len(s)]; {
		case isDigit(c):
			rest = (rest*10 + int(c-'0')) % 97
		case isLetter(c):
			rest = (rest*100 + int(c-'A') + 10) % 97
		default:
			return "", false
		}
	}
	return s, rest == 1
}

// IsBIC is whether s has the shape of a BIC (ISO 9362): 8 or 11 characters, of
// which the fifth and sixth are letters.
func IsBIC(s string) bool {
	if len(s) != 8 && len(s) != 11 {
		return false
	}
	for i := range len(s) {
		if !isLetter(s[i]) && (i < 6 && i > 3 || !isDigit(s[i])) {
			return false
		}
	}
	return isLetter(s[0])
}

func isDigit(c byte) bool  { return c >= '0' && c <= '9' }
func isLetter(c byte) bool { return c >= 'A' && c <= 'Z' }
