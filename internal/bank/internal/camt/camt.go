// Package camt reads statements (camt.053) and notices of entries (camt.054) of
// ISO 20022, in any version: what differs between versions (BIC and BICFI, a
// party in Pty, a status in Cd, charges in Rcrd) is read either way. Which
// element becomes which field is written at the fields of package statement.
package camt

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"regexp"
	"strings"

	"igny8/internal/bank/internal/statement"
)

// space is the namespace of a message, with its number and version.
var space = regexp.MustCompile(`^urn:iso:std:iso:20022:tech:xsd:camt\.(\d{3})\.001\.(\d{2})$`)

// Is is whether data looks like a statement or a notice of CAMT.
func Is(data []byte) bool {
	head := data[:min(len(data), 8<<10)]
	head = bytes.ReplaceAll(head, []byte{0}, nil) // UTF-16
	head = bytes.TrimLeft(head, "\xef\xbb\xbf\xff\xfe \t\r\n")
	return bytes.HasPrefix(head, []byte("<")) &&
		(bytes.Contains(head, []byte("xsd:camt.053.001.")) || bytes.Contains(head, []byte("xsd:camt.054.001.")))
}

// Parse reads a whole file. Its error is a *statement.Refusal with the lines
// that are wrong, or statement.ErrTooLarge; then nothing of the file is given.
//
// Amounts are decimal strings, read into minor units of their currency. One
// with more decimals than its currency has is exact only when the rest are
// zeros (8.850 EUR); any other is refused and never rounded.
func Parse(data []byte) ([]statement.Statement, error) {
	if err := statement.CheckSize(data); err != nil {
		return nil, err
	}
	d, err := newDocument(data)
	if err != nil {
		return nil, err
	}
	r := reader{doc: d}
	if err := r.read(); err != nil {
		if s, ok := errors.AsType[syntax](err); ok {
			r.refusal.Add(s.line, "%s", s.msg)
			return nil, r.refusal.Err()
		}
		return nil, err
	}
	if len(r.statements) == 0 && r.refusal.Count == 0 {
		r.refusal.Add(0, "The file holds no statement.")
	}
	if err := r.refusal.Err(); err != nil {
		return nil, err
	}
	return r.statements, nil
}

// reader makes statements of a document.
type reader struct {
	doc        *document
	refusal    statement.Refusal
	statements []statement.Statement
	lines      int // of all statements

	format  statement.Format
	version string
	message string // GrpHdr/MsgId
}

// read takes the document from its first element to its end.
func (r *reader) read() error {
	root, err := r.doc.root()
	if err != nil {
		return err
	}
	number, version := kind(root)
	r.version = version
	inner, record := "BkToCstmrStmt", "Stmt"
	switch number {
	case "053":
		r.format = statement.CAMT053
	case "054":
		r.format = statement.CAMT054
		inner, record = "BkToCstmrDbtCdtNtfctn", "Ntfctn"
	default:
		return r.doc.broken("This is not a statement (camt.053) or a notice (camt.054) of ISO 20022.")
	}
	return r.within(func(e *xml.StartElement) error {
		if e.Name.Local != inner {
			return r.doc.broken("There is %s where %s must be.", statement.Quote(e.Name.Local), inner)
		}
		return r.within(func(e *xml.StartElement) error {
			switch e.Name.Local {
			case "GrpHdr":
				header, err := r.doc.element(*e)
				r.message = header.identity("MsgId")
				return err
			case record:
				return r.statement()
			}
			return r.doc.skip()
		})
	})
}

// within does something with each element of the one that is open, and at the
// end of the root sees that nothing follows.
func (r *reader) within(do func(*xml.StartElement) error) error {
	for {
		e, err := r.doc.next()
		if err != nil {
			return err
		}
		if e == nil {
			break
		}
		if err := do(e); err != nil {
			return err
		}
	}
	if len(r.doc.open) > 0 {
		return nil
	}
	return r.doc.end()
}

// root is the first element.
func (d *document) root() (*xml.StartElement, error) {
	e, err := d.next()
	if errors.Is(err, io.EOF) {
		return nil, d.broken("The file is empty.")
	}
	return e, err
}

// end refuses what follows the root.
func (d *document) end() error {
	e, err := d.next()
	switch {
	case errors.Is(err, io.EOF):
		return nil
	case err != nil:
		return err
	}
	return d.broken("After the end of the document there is %s.", statement.Quote(e.Name.Local))
}

// kind is the number and version of a message, by the namespace of its root.
func kind(root *xml.StartElement) (number, version string) {
	if root.Name.Local != "Document" {
		return "", ""
	}
	for _, a := range root.Attr {
		mine := a.Name.Space == "xmlns" && a.Name.Local == root.Name.Space
		if root.Name.Space == "" {
			mine = a.Name.Space == "" && a.Name.Local == "xmlns"
		}
		if m := space.FindStringSubmatch(strings.TrimSpace(a.Value)); mine && m != nil {
			return m[1], m[2]
		}
	}
	return "", ""
}
