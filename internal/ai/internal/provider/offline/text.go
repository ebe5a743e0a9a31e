package offline

import (
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// safe is text that Markdown shows as it is written: no keyword can become a
// heading, a link or a tag.
func safe(s string) string {
	var b strings.Builder
	for _, r := range s {
		if strings.ContainsRune("\\`*_{}[]<>#|~&!@:", r) {
			b.WriteByte('\\')
		}
		b.WriteRune(r)
	}
	out := b.String()
	for _, w := range []string{"www.", "WWW.", "Www."} {
		out = strings.ReplaceAll(out, w, w[:3]+`\.`)
	}
	return out
}

// count is how many words of text a piece of Markdown has.
func count(markdown string) int {
	n := 0
	for w := range strings.FieldsSeq(markdown) {
		if strings.ContainsFunc(w, func(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }) {
			n++
		}
	}
	return n
}

// fold takes the accents off.
func fold(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.Is(unicode.Mn, r) {
			return -1
		}
		return r
	}, norm.NFKD.String(s))
}

// spelled is letters that have no accent to lose.
var spelled = strings.NewReplacer("ß", "ss", "æ", "ae", "ø", "o", "œ", "oe", "ð", "d", "þ", "th", "ł", "l", "đ", "d")

// slug is a title in lower-case letters, digits and hyphens. A title without
// any Latin letter or digit gets a plain one.
func slug(title string) string {
	words := strings.FieldsFunc(spelled.Replace(strings.ToLower(fold(title))), func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < '0' || r > '9')
	})
	out := ""
	for _, w := range words {
		if len(out)+len(w) >= 80 {
			break
		}
		out = strings.TrimPrefix(out+"-"+w, "-")
	}
	if out == "" {
		return "article"
	}
	return out
}

// meta is at most 160 characters for a search result.
func meta(title, angle string) string { return clip(excerpt(title, angle), 160) }

func excerpt(title, angle string) string {
	if a := plain(angle); a != "" {
		return strings.TrimRight(title, ".?!") + ": " + a
	}
	return title
}

// clip is s in at most n characters, cut between words.
func clip(s string, n int) string {
	r := []rune(s)
	if len(r) <= n {
		return s
	}
	cut := strings.TrimRight(string(r[:n-1]), " ")
	if i := strings.LastIndex(cut, " "); i > n/2 {
		cut = cut[:i]
	}
	return strings.TrimRight(cut, " ,;:") + "…"
}
