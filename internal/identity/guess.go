package identity

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"igny8/internal/identity/internal/wordlist"
	"igny8/internal/words"
)

// about is what others know of a person: it is no password of his.
type about struct {
	email email
	words []string // names: of the person, of the account
}

// houseWords are the words that everybody thinks of here.
var houseWords = []string{"igny8", "igny", "ignyeight", "password", "passwort", "keyword", "content", "wordpress"}

// guessed tells why a password, in lower case, is among the first that
// somebody would try; empty: it is not.
//
// NIST SP 800-63B-4, 3.1.1.2, has the whole password compared with a list of
// what is common, expected or known from leaks, and not the words in it: four
// words in a row are a good password though each is common. With 15
// characters or more hardly anything of such a list is left as it stands, so
// that what it grows to is looked for too: a word of the list, or of what is
// known of the person, with nothing but digits and signs around it; the same
// again and again; and walks along the keyboard.
func guessed(lower string, a about) words.Text {
	switch {
	case distinct(lower) < 4:
		return "made of more than three different characters"
	case walks(lower):
		return "no row of the keyboard, alphabet or digits"
	}
	once := unrepeated(lower)
	switch {
	case utf8.RuneCountInString(once) < shortest:
		return "more than the same again and again"
	case wordlist.Has(lower), wordlist.Has(once), wordlist.Has(bare(once)), wordlist.Has(bare(unleet(once))):
		return "none of the commonest passwords, with or without digits around it"
	case utf8.RuneCountInString(bare(a.without(once))) < shortest, utf8.RuneCountInString(bare(a.without(unleet(once)))) < shortest:
		return "more than your name, your address or the name of this program"
	}
	return ""
}

// shortest is how many letters have to be left of a password without what
// everybody knows.
const shortest = 6

// bare is s without the digits and signs at its ends.
func bare(s string) string {
	return strings.TrimFunc(s, func(r rune) bool {
		return unicode.IsDigit(r) || unicode.IsPunct(r) || unicode.IsSpace(r) || r < utf8.RuneSelf && !unicode.IsLetter(r)
	})
}

// unleet undoes the letters that people write as digits and signs.
func unleet(s string) string {
	return strings.NewReplacer("@", "a", "4", "a", "3", "e", "1", "i", "!", "i", "0", "o", "$", "s", "5", "s", "7", "t").Replace(s)
}

// unrepeated is what s repeats, or s when it repeats nothing. The last time
// may be cut short.
func unrepeated(s string) string {
	for n := 1; n <= len(s)/2; n++ {
		if strings.HasPrefix(strings.Repeat(s[:n], len(s)/n+1), s) {
			return s[:n]
		}
	}
	return s
}

// without is s without what is known of the person, and of us.
func (a about) without(s string) string {
	known := append([]string{a.email.key}, houseWords...)
	known = append(known, strings.FieldsFunc(a.email.key, notLetter)...)
	for _, w := range a.words {
		w = strings.ToLower(w)
		known = append(append(known, w), strings.FieldsFunc(w, notLetter)...)
	}
	for _, w := range known {
		if utf8.RuneCountInString(w) >= 3 {
			s = strings.ReplaceAll(s, w, "")
		}
	}
	return s
}

func notLetter(r rune) bool { return !unicode.IsLetter(r) }

// rows is what fingers and minds walk along.
var rows = []string{
	"abcdefghijklmnopqrstuvwxyz", "01234567890", "qwertyuiop", "qwertzuiopü", "azertyuiop", "asdfghjkl", "zxcvbnm", "yxcvbnm", "qsdfghjklm", "wxcvbn",
	"1qaz", "2wsx", "3edc", "4rfv", "5tgb", "6yhn", "7ujm",
}

// walks tells whether nearly every character is beside the one before it, or
// the same.
func walks(s string) bool {
	beside, steps := 0, -1
	var last rune
	for _, r := range s {
		if steps++; steps > 0 && (r == last || neighbours(last, r)) {
			beside++
		}
		last = r
	}
	return steps > 0 && beside*4 >= steps*3
}

func neighbours(a, b rune) bool {
	forth, back := string([]rune{a, b}), string([]rune{b, a})
	for _, row := range rows {
		if strings.Contains(row, forth) || strings.Contains(row, back) {
			return true
		}
	}
	return false
}

func distinct(s string) int {
	seen := make(map[rune]bool)
	for _, r := range s {
		seen[r] = true
	}
	return len(seen)
}
