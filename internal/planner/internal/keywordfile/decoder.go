package keywordfile

import (
	"bufio"
	"bytes"
	"io"
	"unicode/utf16"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"
)

// decoder reads any of the encodings as UTF-8. It delivers all that stands
// before a broken byte first, so whoever reads from it knows the line on which
// the error, when it comes, is.
type decoder struct {
	in     *bufio.Reader
	enc    Encoding
	ready  []byte // decoded, not yet delivered
	buf    []byte
	failed error // met after what is ready
}

func (d *decoder) Read(p []byte) (int, error) {
	for len(d.ready) == 0 {
		if d.failed != nil && d.in.Buffered() == 0 {
			return 0, d.failed
		}
		if err := d.fill(); err != nil {
			return 0, err
		}
	}
	n := copy(p, d.ready)
	d.ready = d.ready[n:]
	return n, nil
}

// fill decodes the next piece. Its error is final: it comes again if asked.
func (d *decoder) fill() error {
	const piece = 16 << 10
	raw, err := d.in.Peek(piece)
	if err != nil && d.failed == nil {
		d.failed = err
	}
	if len(raw) == 0 {
		return d.failed
	}
	used, broken := d.decode(raw, err == io.EOF)
	if _, err := d.in.Discard(used); err != nil {
		return err
	}
	d.ready = d.buf
	if len(d.ready) > 0 {
		return nil
	}
	if broken != nil {
		d.failed = broken
	}
	return d.failed
}

// decode puts as much of raw into buf as is sound, and says how much it used.
// Its error is about the byte after that; where last is false a character cut
// by the end of raw is none.
func (d *decoder) decode(raw []byte, last bool) (used int, err error) {
	d.buf = d.buf[:0]
	if d.enc == undecided {
		d.enc = detect8Bit(raw)
	}
	switch d.enc {
	case UTF16LE, UTF16BE:
		return d.decodeUTF16(raw, last)
	case Windows1252:
		return d.decodeWindows(raw)
	default:
		return d.decodeUTF8(raw, last)
	}
}

func (d *decoder) decodeUTF8(raw []byte, last bool) (int, error) {
	if utf8.Valid(raw) && bytes.IndexByte(raw, 0) < 0 {
		d.buf = append(d.buf, raw...)
		return len(raw), nil
	}
	used := 0
	for used < len(raw) {
		rest := raw[used:]
		if !last && !utf8.FullRune(rest) {
			break
		}
		r, n := utf8.DecodeRune(rest)
		if r == utf8.RuneError && n == 1 {
			d.buf = append(d.buf, raw[:used]...)
			return used, ErrEncoding
		}
		if r == 0 {
			d.buf = append(d.buf, raw[:used]...)
			return used, ErrNotText
		}
		used += n
	}
	d.buf = append(d.buf, raw[:used]...)
	return used, nil
}

func (d *decoder) decodeWindows(raw []byte) (int, error) {
	for i, b := range raw {
		r := charmap.Windows1252.DecodeByte(b)
		switch {
		case b == 0:
			return i, ErrNotText
		case r == utf8.RuneError, r >= 0x80 && r < 0xa0:
			return i, ErrEncoding
		}
		d.buf = utf8.AppendRune(d.buf, r)
	}
	return len(raw), nil
}

func (d *decoder) decodeUTF16(raw []byte, last bool) (int, error) {
	used := 0
	for len(raw)-used >= 2 {
		r, n := rune(d.unit(raw[used:])), 2
		if utf16.IsSurrogate(r) {
			if len(raw)-used < 4 {
				break
			}
			r, n = utf16.DecodeRune(r, rune(d.unit(raw[used+2:]))), 4
			if r == utf8.RuneError {
				return used, ErrEncoding
			}
		}
		if r == 0 {
			return used, ErrNotText
		}
		d.buf = utf8.AppendRune(d.buf, r)
		used += n
	}
	if used == 0 && last {
		return 0, ErrEncoding // half a character is all that is left
	}
	return used, nil
}

func (d *decoder) unit(b []byte) uint16 {
	if d.enc == UTF16BE {
		return uint16(b[0])<<8 | uint16(b[1])
	}
	return uint16(b[1])<<8 | uint16(b[0])
}
