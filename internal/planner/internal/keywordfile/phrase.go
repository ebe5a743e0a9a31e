package keywordfile

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"

	"igny8/internal/words"
)

const (
	maxPhraseRunes = 200
	maxPhraseWords = 20

	quotes = `"'` + "`´“”„‟‘’‚‛«»‹›＂＇"
)

// Clean is a phrase as it is stored: composed (NFC), each run of white space one
// blank, none at the ends, without invisible format characters such as soft
// hyphens and byte order marks. Joiners stay, because Persian and Indic words
// need them. Clean(Clean(s)) is Clean(s).
func Clean(phrase string) string {
	if isClean(phrase) {
		return phrase
	}
	phrase = strings.Map(dropInvisible, strings.ToValidUTF8(phrase, "\uFFFD"))
	return strings.Join(strings.Fields(norm.NFC.String(phrase)), " ")
}

// isClean is a quick yes for what nearly every phrase is: ASCII words with
// single blanks between them.
func isClean(s string) bool {
	space := true
	for i := range len(s) {
		b := s[i]
		if b >= utf8.RuneSelf || b < ' ' || (b == ' ' && space) {
			return false
		}
		space = b == ' '
	}
	return !space || s == ""
}

const (
	nonJoiner = '\u200c'
	joiner    = '\u200d'
)

func dropInvisible(r rune) rune {
	if r == nonJoiner || r == joiner {
		return r
	}
	return dropFormat(r)
}

// Key is the identity of a phrase: two phrases with one key are the same
// keyword. Compatible forms (NFKC), case, accents, white space, quotes around
// the phrase, curled quotes and invisible characters do not count, so "Café  Paris" and
// "cafe paris" are the same.
//
// Accents are dropped from Latin and Greek letters, and from Cyrillic ones only
// where the sign is optional (ё, stress marks): й is not и. Vowel signs and
// voicing marks of other scripts are letters and stay. A phrase of nothing but
// blanks and quotes has the key "". Key(Key(s)) is Key(s).
func Key(phrase string) string {
	if isClean(phrase) {
		return trimKey(strings.ToLower(phrase))
	}
	for range 4 { // folding can reveal what composes, and composing what folds
		folded := fold(phrase)
		if folded == phrase {
			break
		}
		phrase = folded
	}
	return phrase
}

func fold(s string) string {
	s = trimKey(strings.Map(dropFormat, strings.ToValidUTF8(s, "\uFFFD")))
	s = norm.NFKD.String(cases.Fold().String(norm.NFKD.String(s)))
	s = norm.NFKC.String(dropMarks(s))
	return trimKey(strings.Join(strings.Fields(s), " "))
}

func trimKey(s string) string { return strings.Trim(s, quotes+" ") }

func dropFormat(r rune) rune {
	if unicode.Is(unicode.Cf, r) {
		return -1
	}
	return r
}

// dropMarks removes accents from decomposed text.
func dropMarks(s string) string {
	var b strings.Builder
	b.Grow(len(s))
	var base rune
	for _, r := range s {
		switch {
		case isAccent(r) && isOptional(base, r):
			continue
		case !unicode.Is(unicode.M, r):
			base = r
		}
		b.WriteRune(straight(r))
	}
	return b.String()
}

// straight makes one apostrophe and one quote of the printed ones.
func straight(r rune) rune {
	switch r {
	case '‘', '’', '‛', '′':
		return '\''
	case '“', '”', '„', '‟', '″':
		return '"'
	}
	return r
}

// isAccent is true of the general combining marks, which any letter can carry.
func isAccent(r rune) bool {
	return r >= 0x0300 && r <= 0x036f || r >= 0x1ab0 && r <= 0x1aff ||
		r >= 0x1dc0 && r <= 0x1dff || r >= 0x20d0 && r <= 0x20ff || r >= 0xfe20 && r <= 0xfe2f
}

func isOptional(base, mark rune) bool {
	if unicode.Is(unicode.Cyrillic, base) {
		const grave, acute, diaeresis = 0x0300, 0x0301, 0x0308
		return mark == acute && base != 'г' && base != 'к' || mark == grave ||
			mark == diaeresis && base == 'е'
	}
	return base == 0 || base == ' ' || unicode.Is(unicode.Latin, base) || unicode.Is(unicode.Greek, base)
}

// checkPhrase says why a phrase, as Clean gives it, cannot be a keyword.
func checkPhrase(phrase string) (Reason, words.Text) {
	switch {
	case Key(phrase) == "":
		return NoKeyword, "The row has no keyword."
	case strings.ContainsFunc(phrase, unicode.IsControl):
		return ControlCharacters, "The keyword holds control characters."
	case strings.ContainsRune(phrase, utf8.RuneError):
		return ControlCharacters, "The keyword holds characters that were lost when the file was saved."
	case utf8.RuneCountInString(phrase) > maxPhraseRunes:
		return TooLong, "The keyword is longer than 200 characters."
	case strings.Count(phrase, " ") >= maxPhraseWords:
		return TooManyWords, "The keyword has more than 20 words."
	}
	return "", ""
}
