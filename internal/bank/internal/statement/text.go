package statement

import (
	"bytes"
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"
)

// Decode is a text file as UTF-8. It knows a byte order mark, UTF-16 by its
// zero bytes, and Windows-1252 as what is left when a file is not UTF-8. A file
// that is UTF-8 but for some bytes is refused at their line, as is one with
// zero bytes or with bytes that mean nothing in Windows-1252.
func Decode(data []byte) (string, error) {
	switch {
	case bytes.HasPrefix(data, []byte("\xef\xbb\xbf")):
		return fromUTF8(data[3:])
	case bytes.HasPrefix(data, []byte("\xff\xfe")):
		return fromUTF16(data[2:], 1)
	case bytes.HasPrefix(data, []byte("\xfe\xff")):
		return fromUTF16(data[2:], 0)
	case len(data) >= 4 && data[0] != 0 && data[1] == 0 && data[2] != 0 && data[3] == 0:
		return fromUTF16(data, 1)
	case len(data) >= 4 && data[0] == 0 && data[1] != 0 && data[2] == 0 && data[3] != 0:
		return fromUTF16(data, 0)
	case utf8.Valid(data) || mostlyUTF8(data):
		return fromUTF8(data)
	}
	return fromWindows(data)
}

// mostlyUTF8 is true where more characters beyond ASCII are sound UTF-8 than
// not: in Windows-1252 next to no two of them are so by chance.
func mostlyUTF8(data []byte) bool {
	sound, broken := 0, 0
	for len(data) > 0 {
		r, n := utf8.DecodeRune(data)
		switch {
		case r == utf8.RuneError && n == 1:
			broken++
		case n > 1:
			sound++
		}
		data = data[n:]
	}
	return sound > broken
}

func fromUTF8(data []byte) (string, error) {
	var r Refusal
	line := 1
	for i := 0; i < len(data); {
		c, n := utf8.DecodeRune(data[i:])
		switch {
		case c == '\n':
			line++
		case c == 0:
			r.Add(line, "There is a zero byte, which no text has.")
		case c == utf8.RuneError && n == 1:
			r.Add(line, "There is a byte that is not UTF-8 (%#x).", data[i])
		}
		i += n
	}
	return string(data), r.Err()
}

// fromUTF16 is told which byte of a pair is the high one.
func fromUTF16(data []byte, high int) (string, error) {
	var r Refusal
	if len(data)%2 != 0 {
		r.Add(0, "The file ends in the middle of a character.")
		return "", r.Err()
	}
	units := make([]uint16, len(data)/2)
	for i := range units {
		units[i] = uint16(data[2*i+high])<<8 | uint16(data[2*i+1-high])
	}
	var b strings.Builder
	line := 1
	for i := 0; i < len(units); i++ {
		c := rune(units[i])
		if utf16.IsSurrogate(c) {
			c = utf8.RuneError
			if i+1 < len(units) {
				c = utf16.DecodeRune(rune(units[i]), rune(units[i+1]))
			}
			if i++; c == utf8.RuneError {
				r.Add(line, "There is half a character.")
			}
		}
		switch c {
		case '\n':
			line++
		case 0:
			r.Add(line, "There is a zero, which no text has.")
		}
		b.WriteRune(c)
	}
	return b.String(), r.Err()
}

func fromWindows(data []byte) (string, error) {
	var (
		r    Refusal
		b    strings.Builder
		line = 1
	)
	b.Grow(len(data) + len(data)/16)
	for _, c := range data {
		u := charmap.Windows1252.DecodeByte(c)
		switch {
		case c == '\n':
			line++
		case c == 0:
			r.Add(line, "There is a zero byte, which no text has.")
		case u == utf8.RuneError || c >= 0x80 && u < 0xa0:
			r.Add(line, "There is a byte that is neither UTF-8 nor Windows-1252 (%#x).", c)
		}
		b.WriteRune(u)
	}
	return b.String(), r.Err()
}

// Clean is text without what does not print: control characters and runs of
// white space become one space each, at the ends none.
func Clean(s string) string {
	if clean(s) {
		return s
	}
	return strings.Join(strings.FieldsFunc(s, func(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) }), " ")
}

// clean is true of printable ASCII with single spaces inside.
func clean(s string) bool {
	for i := range len(s) {
		if s[i] < ' ' || s[i] > '~' || s[i] == ' ' && (i == 0 || i == len(s)-1 || s[i-1] == ' ') {
			return false
		}
	}
	return true
}
