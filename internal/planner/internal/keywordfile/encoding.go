package keywordfile

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"unicode/utf8"
)

// Encoding is how a file writes characters.
type Encoding string

// The encodings that are read.
const (
	UTF8        Encoding = "utf-8"
	UTF16LE     Encoding = "utf-16le"
	UTF16BE     Encoding = "utf-16be"
	Windows1252 Encoding = "windows-1252"
	Workbook    Encoding = "xlsx" // a workbook of Excel

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
	if len(head) == 0 && err != nil && !errors.Is(err, io.EOF) {
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
	return refuse(ErrNotText, line, "Line %d holds a zero byte, which no text has. Export the keywords as CSV in UTF-8 and import that file.", line)
}

// lineBreaks counts LF, CRLF and CR.
func lineBreaks(b []byte) int {
	return bytes.Count(b, []byte("\n")) + bytes.Count(b, []byte("\r")) - bytes.Count(b, []byte("\r\n"))
}

// stickyError is the error that a peek swallowed: bufio reports it once only.
func stickyError(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, bufio.ErrBufferFull) {
		return nil
	}
	return err
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
