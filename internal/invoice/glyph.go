package invoice

import (
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"

	"golang.org/x/image/font/gofont/goregular"
	"golang.org/x/image/font/sfnt"
	"golang.org/x/text/unicode/norm"
)

// drawn is a text as the font can draw it. The font has the letters of the
// languages that are written in Latin, Greek or Cyrillic; an accent that it
// lacks is left out, and what it cannot write at all becomes a question mark.
func drawn(s string) string {
	f, err := face()
	if err != nil {
		return s // the font is part of the program: a test would not pass
	}
	var buf sfnt.Buffer
	has := func(r rune) bool {
		n, err := f.GlyphIndex(&buf, r)
		return err == nil && n != 0
	}
	var b strings.Builder
	for _, r := range norm.NFC.String(s) {
		switch {
		case has(r):
			b.WriteRune(r)
		case r == 'ẞ':
			b.WriteString("SS")
		case unicode.IsSpace(r):
			b.WriteRune('\u00a0') // a narrow one, in French amounts
		case unicode.Is(unicode.Mn, r) || r == '\u200c' || r == '\u200d':
		default:
			b.WriteRune(plain(r, has))
		}
	}
	return b.String()
}

// plain is a letter without its accents.
func plain(r rune, has func(rune) bool) rune {
	if base, _ := utf8.DecodeRuneInString(norm.NFD.String(string(r))); has(base) {
		return base
	}
	return '?'
}

// face is the font, read once.
var face = sync.OnceValues(func() (*sfnt.Font, error) { return sfnt.Parse(goregular.TTF) })
