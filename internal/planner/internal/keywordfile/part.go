package keywordfile

import (
	"bufio"
	"encoding/xml"
	"errors"
	"io"
)

// part is one XML file of a workbook, read token by token. No token is longer
// than maxCell, and all of them together are bounded by the workbook: an
// archive that unpacks to more than it should is met in bounded memory.
type part struct {
	name  string
	file  io.Closer
	in    *bufio.Reader
	xml   *xml.Decoder
	book  *workbook
	token int64 // bytes of the current token
}

func (w *workbook) open(name string) (*part, error) {
	f := w.parts[name]
	if f == nil || f.Flags&1 != 0 { // of an encrypted one nothing can be read
		return nil, brokenWorkbook()
	}
	r, err := f.Open()
	if err != nil {
		return nil, brokenWorkbook()
	}
	p := &part{name: name, file: r, in: bufio.NewReaderSize(r, sampleSize), book: w}
	p.xml = xml.NewDecoder(p)
	return p, nil
}

func (p *part) close() { _ = p.file.Close() } // it was only read

// Read implements io.Reader, for the decoder to take this as one; it reads by
// byte.
func (p *part) Read(b []byte) (int, error) {
	if len(b) == 0 {
		return 0, nil
	}
	c, err := p.ReadByte()
	if err != nil {
		return 0, err
	}
	b[0] = c
	return 1, nil
}

// ReadByte implements io.ByteReader: the decoder then reads no further than
// the token that it is at.
func (p *part) ReadByte() (byte, error) {
	if p.token++; p.token > maxCell {
		return 0, longCell(p.name)
	}
	if p.book.left--; p.book.left < 0 {
		return 0, refuse(ErrTooLarge, 0, "This workbook unpacks to more than %s. Split it, or export less.", bytesText(p.book.most))
	}
	return p.in.ReadByte()
}

// next is the next token. Its error is io.EOF, or says why the workbook is
// refused.
func (p *part) next() (xml.Token, error) {
	p.token = 0
	t, err := p.xml.RawToken()
	switch {
	case err == nil, errors.Is(err, io.EOF), errors.Is(err, ErrTooLarge), errors.Is(err, ErrLineTooLong):
		return t, err
	}
	return nil, brokenWorkbook()
}

func longCell(where string) error {
	return refuse(ErrLineTooLong, 0, "The workbook holds a cell (in %s) that is longer than %d KB, which no keyword is. Take it out and import the file again.", where, maxCell>>10)
}
