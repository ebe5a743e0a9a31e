package keywordfile

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"unicode/utf16"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"
)

// Encoding is how a file writes characters.
type Encoding string

// The encodings that are read.
const (
	UTF8        Encoding = "utf-8"
	UTF16LE     Encoding = "utf-16le"
	UTF16BE     Encoding = "utf-16be"
	Windows1252 Encoding = "windows-1252"

	undecided Encoding = "" // ASCII so far: UTF-8 or Windows-1252
)

// sampleSize is how much of a file is looked at before it is read.
const sampleSize = 64 << 10

// text is a file as UTF-8, whatever it was.
type text struct {
	out *bufio.Reader
	dec *decoder
}

// newText recognises the encoding. It refuses what is not text at all.
func newText(src io.Reader) (*text, error) {
	in := bufio.NewReaderSize(src, sampleSize)
	head, err := in.Peek(sampleSize)
	if len(head) == 0 && err != nil && err != io.EOF {
		return nil, inputError(err)
	}
	if err := checkText(head); err != nil {
		return nil, err
	}
	enc, bom := detect(head)
	if i := bytes.IndexByte(head, 0); i >= 0 && enc != UTF16LE && enc != UTF16BE {
		return nil, zeroByte(1 + lineBreaks(head[:i]))
	}
	if _, err := in.Discard(bom); err != nil {
		return nil, inputError(err)
	}
	dec := &decoder{in: in, enc: enc, failed: stickyError(err)}
	return &text{out: bufio.NewReaderSize(dec, sampleSize), dec: dec}, nil
}

// sample is the start of the text, and whether that is all of it.
func (t *text) sample() (head []byte, whole bool) {
	head, err := t.out.Peek(sampleSize)
	return head, errors.Is(err, io.EOF)
}

func (t *text) encoding() Encoding {
	if t.dec.enc == undecided {
		return UTF8
	}
	return t.dec.enc
}

func zeroByte(line int) error {
	return ErrNotText.at(line, "Line %d holds a zero byte, which no text has. Export the keywords as CSV in UTF-8 and import that file.", line)
}

// lineBreaks counts LF, CRLF and CR.
func lineBreaks(b []byte) int {
	return bytes.Count(b, []byte("\n")) + bytes.Count(b, []byte("\r")) - bytes.Count(b, []byte("\r\n"))
}

// stickyError is the error that a peek swallowed: bufio reports it once only.
func stickyError(err error) error {
	if err == io.EOF || errors.Is(err, bufio.ErrBufferFull) {
		return nil
	}
	return err
}

// inputError leaves a refusal as it is and says of any other error where it
// came from.
func inputError(err error) error {
	if _, ok := errors.AsType[*Error](err); ok {
		return err
	}
	return fmt.Errorf("read keyword file: %w", err)
}

// detect tells the encoding from a byte order mark, or from the look of the
// first bytes, and how long the mark is.
func detect(head []byte) (enc Encoding, bom int) {
	switch {
	case bytes.HasPrefix(head, []byte("\xef\xbb\xbf")):
		return UTF8, 3
	case bytes.HasPrefix(head, []byte("\xff\xfe")):
		return UTF16LE, 2
	case bytes.HasPrefix(head, []byte("\xfe\xff")):
		return UTF16BE, 2
	}
	if enc := detectUTF16(head[:min(len(head), 2048)]); enc != undecided {
		return enc, 0
	}
	return detect8Bit(head), 0
}

// detectUTF16 recognises UTF-16 without a mark: letters and delimiters of the
// header have a zero in every second byte, and always on the same side.
func detectUTF16(head []byte) Encoding {
	var zeros [2]int
	for i, b := range head {
		if b == 0 {
			zeros[i%2]++
		}
	}
	pairs := len(head) / 2
	switch {
	case pairs < 2:
		return undecided
	case zeros[1]*4 >= pairs && zeros[0]*10 < zeros[1]:
		return UTF16LE
	case zeros[0]*4 >= pairs && zeros[1]*10 < zeros[0]:
		return UTF16BE
	}
	return undecided
}

// detect8Bit tells UTF-8 from Windows-1252 by majority: one broken byte in a
// UTF-8 file must not turn all its letters into others, and a Windows-1252 text
// has next to no byte pairs that are UTF-8 by chance.
func detect8Bit(head []byte) Encoding {
	var valid, broken int
	for len(head) > 0 {
		if !utf8.FullRune(head) {
			break // cut by the end of the sample
		}
		r, n := utf8.DecodeRune(head)
		switch {
		case r == utf8.RuneError && n == 1:
			broken++
		case n > 1:
			valid++
		}
		head = head[n:]
	}
	switch {
	case valid+broken == 0:
		return undecided
	case valid > broken:
		return UTF8
	}
	return Windows1252
}

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
