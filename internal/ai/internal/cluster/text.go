package cluster

import (
	"strings"
	"unicode"

	"github.com/kljensen/snowball/english"
	"github.com/kljensen/snowball/french"
	"github.com/kljensen/snowball/hungarian"
	"github.com/kljensen/snowball/norwegian"
	"github.com/kljensen/snowball/russian"
	"github.com/kljensen/snowball/spanish"
	"github.com/kljensen/snowball/swedish"
	"golang.org/x/text/unicode/norm"
)

// longest is how many words of one phrase are read. What comes after them
// would not change what the phrase is about.
const longest = 48

// speech is what is known of one language: how words are cut to their stem
// and which of them carry no subject.
type speech struct {
	stem func(word string, stopWordsToo bool) string
	stop func(word string) bool
}

var languages = map[string]speech{
	"en": {english.Stem, english.IsStopWord},
	"fr": {french.Stem, french.IsStopWord},
	"es": {spanish.Stem, spanish.IsStopWord},
	"ru": {russian.Stem, russian.IsStopWord},
	"sv": {swedish.Stem, swedish.IsStopWord},
	"no": {norwegian.Stem, norwegian.IsStopWord},
	"nb": {norwegian.Stem, norwegian.IsStopWord},
	"nn": {norwegian.Stem, norwegian.IsStopWord},
	"de": {germanStem, germanStop},
	"hu": {hungarian.Stem, hungarian.IsStopWord},
}

// speechOf finds a language by its BCP 47 tag. One that is not known is left
// as it is written: no stems, no stop words.
func speechOf(tag string) speech {
	primary, _, _ := strings.Cut(strings.ToLower(strings.ReplaceAll(tag, "_", "-")), "-")
	if primary == "" {
		primary = "en"
	}
	if s, ok := languages[primary]; ok {
		return s
	}
	return speech{
		stem: func(w string, _ bool) string { return w },
		stop: func(string) bool { return false },
	}
}

// normal is the phrase as it is compared: compatibility forms folded, lower
// case, one kind of apostrophe.
func normal(s string) string {
	s = strings.ToLower(norm.NFKC.String(strings.ToValidUTF8(s, " ")))
	return strings.Map(func(r rune) rune {
		switch r {
		case '\u2018', '\u2019', '\u201b', '\u02bc', '`', '\u00b4':
			return '\''
		}
		return r
	}, s)
}

// words cuts a normal phrase into words. A run of a script that is written
// without spaces becomes its overlapping pairs of characters, which is what
// search engines do for want of a dictionary.
func words(s string) []string {
	var out []string
	var word, run []rune
	flush := func() {
		if len(word) > 0 {
			out = append(out, contraction(strings.Trim(string(word), "'"))...)
			word = word[:0]
		}
		out = append(out, pairs(run)...)
		run = run[:0]
	}
	for _, r := range s {
		switch {
		case spaceless(r):
			if len(word) > 0 {
				flush()
			}
			run = append(run, r)
		case unicode.IsLetter(r), unicode.IsDigit(r), unicode.IsMark(r) && len(word) > 0:
			if len(run) > 0 {
				flush()
			}
			word = append(word, r)
		case (r == '\'' || r == '+' || r == '#') && len(word) > 0:
			word = append(word, r)
		case unicode.Is(unicode.So, r):
			flush()
			out = append(out, string(r))
		case unicode.IsMark(r) && len(run) > 0:
			run = append(run, r)
		default:
			flush()
		}
		if len(out) >= longest {
			return out[:longest]
		}
	}
	flush()
	return out[:min(len(out), longest)]
}

// contraction undoes the English ones that hide a negation, and drops the
// possessive, so that "women's" is "women" and "isn't" is "is not".
func contraction(w string) []string {
	if stem, ok := strings.CutSuffix(w, "n't"); ok && stem != "" {
		return []string{stem, "not"}
	}
	w, _ = strings.CutSuffix(w, "'s")
	if a, b, ok := strings.Cut(w, "'"); ok && a != "" && b != "" {
		return []string{a, strings.ReplaceAll(b, "'", "")}
	}
	if w == "" {
		return nil
	}
	return []string{w}
}

func pairs(run []rune) []string {
	if len(run) == 0 {
		return nil
	}
	if len(run) == 1 {
		return []string{string(run)}
	}
	out := make([]string, 0, len(run)-1)
	for i := range len(run) - 1 {
		out = append(out, string(run[i:i+2]))
	}
	return out
}

func spaceless(r rune) bool {
	return r > 0x0e00 && unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana,
		unicode.Thai, unicode.Lao, unicode.Khmer, unicode.Myanmar)
}

// fold takes the accents off, so that "síntomas" and "sintomas" meet.
func fold(s string) string {
	plain := true
	for i := range len(s) {
		if s[i] >= 0x80 {
			plain = false
			break
		}
	}
	if plain {
		return s
	}
	out := []rune{}
	for _, r := range norm.NFD.String(s) {
		if r >= 0x300 && r < 0x370 {
			continue
		}
		out = append(out, r)
	}
	return norm.NFC.String(string(out))
}
