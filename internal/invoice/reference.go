package invoice

import (
	"crypto/rand"
	"fmt"
	"math/big"
	"regexp"
	"strings"
)

// referenceDigits is how many digits the body of a reference has. They are
// random: nobody can guess another's, and two are the same once in a hundred
// million million.
const referenceDigits = 14

// NewReference makes a creditor reference (ISO 11649): RF, two check digits,
// and a body that is digits only, so that it can be typed on any keypad.
func NewReference() string {
	limit := new(big.Int).Exp(big.NewInt(10), big.NewInt(referenceDigits), nil)
	n, err := rand.Int(rand.Reader, limit)
	if err != nil {
		panic(err) // the machine has no randomness: rand.Reader never fails
	}
	body := fmt.Sprintf("%0*d", referenceDigits, n)
	return fmt.Sprintf("RF%02d%s", 98-mod97(body+"RF00"), body)
}

// ParseReference is a reference as somebody typed or a bank printed it,
// without spaces and in capitals, and whether its check digits are right.
func ParseReference(s string) (string, bool) {
	s = strings.ToUpper(strings.Join(strings.Fields(s), ""))
	if !referenceShape.MatchString(s) || mod97(s[4:]+s[:4]) != 1 {
		return "", false
	}
	return s, true
}

// referenceShape is that of ISO 11649: the two characters that check are
// digits, the body need not be.
var referenceShape = regexp.MustCompile(`^RF[0-9]{2}[A-Z0-9]{1,21}$`)

// mod97 is the remainder of ISO 7064 MOD 97-10, in which A is 10 and Z is 35;
// -1 for a text with anything else in it.
func mod97(s string) int {
	rest := 0
	for _, c := range s {
		switch {
		case c >= '0' && c <= '9':
			rest = (rest*10 + int(c-'0')) % 97
		case c >= 'A' && c <= 'Z':
			rest = (rest*100 + int(c-'A') + 10) % 97
		default:
			return -1
		}
	}
	return rest
}
