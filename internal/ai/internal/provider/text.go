package provider

import (
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// Words is how many words of text a piece of Markdown has: what a reader
// counts, and what the price list charges for.
func Words(markdown string) int {
	n := 0
	for w := range strings.FieldsSeq(markdown) {
		if strings.ContainsFunc(w, func(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }) {
			n++
		}
	}
	return n
}

// Fold takes the accents off, so that two spellings of one word meet.
func Fold(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.Is(unicode.Mn, r) {
			return -1
		}
		return r
	}, norm.NFKD.String(s))
}

// spelled is letters that have no accent to lose.
var spelled = strings.NewReplacer("ß", "ss", "æ", "ae", "ø", "o", "œ", "oe", "ð", "d", "þ", "th", "ł", "l", "đ", "d")

// longestSlug is how long an address may get, in characters.
const longestSlug = 80

// Slug is the first of the texts that has a Latin letter or a digit, in
// lower-case letters, digits and single hyphens; else "article".
func Slug(texts ...string) string {
	for _, t := range texts {
		out := ""
		for _, w := range strings.FieldsFunc(spelled.Replace(strings.ToLower(Fold(t))), func(r rune) bool {
			return (r < 'a' || r > 'z') && (r < '0' || r > '9')
		}) {
			if len(out)+len(w) >= longestSlug {
				break
			}
			out = strings.TrimPrefix(out+"-"+w, "-")
		}
		if out != "" {
			return out
		}
	}
	return "article"
}
