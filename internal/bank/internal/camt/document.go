package camt

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"

	"golang.org/x/text/encoding/charmap"

	"igny8/internal/bank/internal/statement"
)

// Bounds of a document. Those that banks write have 15 levels.
const (
	maxDepth = 40
	slab     = 256 // elements that are made at once
)

// syntax is an error of the XML at a line.
type syntax struct {
	line int
	msg  string
}

func (s syntax) Error() string { return fmt.Sprintf("line %d: %s", s.line, s.msg) }

// document reads XML one element after the other. It takes no document type,
// so there are no entities but those of XML itself, and nothing outside the
// file is ever asked for.
type document struct {
	dec   *xml.Decoder
	open  []string // the names of the elements that are open, with prefixes
	slabs [][]element
	made  int // elements in use
}

// fresh is an empty element.
func (d *document) fresh() *element {
	if d.made == len(d.slabs)*slab {
		d.slabs = append(d.slabs, make([]element, slab))
	}
	e := &d.slabs[d.made/slab][d.made%slab]
	*e = element{}
	d.made++
	return e
}

// forget gives up all elements, so that the next are made in their place.
func (d *document) forget() { d.made = 0 }

func newDocument(data []byte) (*document, error) {
	data = bytes.TrimPrefix(data, []byte("\xef\xbb\xbf"))
	var in io.Reader = bytes.NewReader(data)
	wide := len(data) >= 2 && (data[0] >= 0xfe || data[0] == 0 || data[1] == 0)
	if wide { // UTF-16
		text, err := statement.Decode(data)
		if err != nil {
			return nil, err
		}
		in = strings.NewReader(text)
	}
	d := &document{dec: xml.NewDecoder(in)}
	d.dec.CharsetReader = func(charset string, in io.Reader) (io.Reader, error) {
		switch strings.ToLower(charset) {
		case "us-ascii", "ascii":
			return in, nil
		case "utf-16", "utf-16le", "utf-16be":
			if wide {
				return in, nil
			}
		case "iso-8859-1", "latin1":
			return charmap.ISO8859_1.NewDecoder().Reader(in), nil
		case "iso-8859-15":
			return charmap.ISO8859_15.NewDecoder().Reader(in), nil
		case "windows-1252", "cp1252":
			return charmap.Windows1252.NewDecoder().Reader(in), nil
		}
		return nil, fmt.Errorf("the encoding %s is not read", statement.Quote(charset))
	}
	return d, nil
}

func (d *document) line() int {
	line, _ := d.dec.InputPos()
	return line
}

func (d *document) broken(format string, args ...any) error {
	return syntax{d.line(), fmt.Sprintf(format, args...)}
}

// token is the next start, end or piece of text; io.EOF after the last.
func (d *document) token() (xml.Token, error) {
	for {
		t, err := d.dec.RawToken()
		if errors.Is(err, io.EOF) && len(d.open) == 0 {
			return nil, io.EOF
		}
		if errors.Is(err, io.EOF) {
			return nil, d.broken("The file ends inside of %s: it is cut off.", d.open[len(d.open)-1])
		}
		if err != nil {
			return nil, d.wording(err)
		}
		switch tag := t.(type) {
		case xml.StartElement:
			if d.open = append(d.open, spelt(tag.Name)); len(d.open) > maxDepth {
				return nil, d.broken("Elements are nested deeper than %d levels.", maxDepth)
			}
			return t, nil
		case xml.EndElement:
			name := spelt(tag.Name)
			if len(d.open) == 0 || d.open[len(d.open)-1] != name {
				return nil, d.broken("%s is closed and was not the last that was opened.", statement.Quote(name))
			}
			d.open = d.open[:len(d.open)-1]
			return t, nil
		case xml.CharData:
			return t, nil
		case xml.Directive:
			return nil, d.broken("There is a document type or another directive, which no bank writes.")
		}
	}
}

// wording is an error of the decoder with its line.
func (d *document) wording(err error) error {
	if s, ok := errors.AsType[*xml.SyntaxError](err); ok {
		return syntax{s.Line, fmt.Sprintf("This is not well-formed XML: %s.", s.Msg)}
	}
	return d.broken("This cannot be read: %s.", strings.TrimPrefix(err.Error(), "xml: "))
}

func spelt(n xml.Name) string {
	if n.Space == "" {
		return n.Local
	}
	return n.Space + ":" + n.Local
}

// next is the next element inside of the one that is open, nil at its end.
func (d *document) next() (*xml.StartElement, error) {
	for {
		t, err := d.token()
		if err != nil {
			return nil, err
		}
		switch t := t.(type) {
		case xml.StartElement:
			return &t, nil
		case xml.EndElement:
			return nil, nil
		case xml.CharData:
			if len(bytes.TrimSpace(t)) > 0 {
				return nil, d.broken("There is text where only elements can be: %s.", statement.Quote(string(t)))
			}
		}
	}
}

// element reads all of an element that has been opened.
func (d *document) element(start xml.StartElement) (*element, error) {
	e := d.fresh()
	e.name, e.line = start.Name.Local, d.line()
	for _, a := range start.Attr {
		if a.Name.Local == "Ccy" {
			e.currency = a.Value
		}
	}
	for {
		t, err := d.token()
		if err != nil {
			return nil, err
		}
		switch t := t.(type) {
		case xml.StartElement:
			child, err := d.element(t)
			if err != nil {
				return nil, err
			}
			e.append(child)
		case xml.CharData:
			if len(bytes.TrimSpace(t)) > 0 {
				e.text += string(t)
			}
		case xml.EndElement:
			e.text = statement.Clean(e.text)
			return e, nil
		}
	}
}

// skip goes past all of the element that has been opened last.
func (d *document) skip() error {
	for depth := len(d.open); len(d.open) >= depth; {
		if _, err := d.token(); err != nil {
			return err
		}
	}
	return nil
}
