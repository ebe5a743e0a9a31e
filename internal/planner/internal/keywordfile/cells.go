package keywordfile

import (
	"encoding/xml"
	"errors"
	"io"
	"strconv"
	"strings"
)

// cells reads the rows of a worksheet.
type cells struct {
	part *part
	book *workbook
	row  int // its number, from 1
	text strings.Builder
}

func (w *workbook) cells(s worksheet) (*cells, error) {
	p, err := w.open(s.part)
	return &cells{part: p, book: w}, err
}

// next is the next row that has cells; io.EOF after the last.
func (c *cells) next() (record, error) {
	for {
		t, err := c.part.next()
		if err != nil {
			return record{}, err
		}
		if e, ok := t.(xml.StartElement); ok && e.Name.Local == "row" {
			// A number that does not count up is no number of a row.
			if n, err := strconv.Atoi(attr(e, "r")); err == nil && n > c.row && n <= 1<<20 {
				c.row = n
			} else {
				c.row++
			}
			return c.record()
		}
	}
}

// record reads cells until the row ends.
func (c *cells) record() (record, error) {
	r, size := record{line: c.row}, 0
	for {
		t, err := c.part.next()
		if err != nil {
			return record{}, cutShort(err)
		}
		switch e := t.(type) {
		case xml.EndElement:
			if e.Name.Local == "row" {
				return r, nil
			}
		case xml.StartElement:
			if e.Name.Local != "c" {
				continue
			}
			column := columnOf(attr(e, "r"), len(r.cells))
			if column >= maxColumns {
				return record{}, refuse(ErrLineTooLong, c.row, "Row %d has more than %d columns. Delete what stands there and import the file again.", c.row, maxColumns)
			}
			kind := attr(e, "t")
			text, err := c.cell(kind)
			if err != nil {
				return record{}, err
			}
			if size += len(text); size > maxRecord {
				return record{}, refuse(ErrLineTooLong, c.row, "Row %d is longer than 1 MB. Put one keyword on each row.", c.row)
			}
			for len(r.cells) <= column {
				r.cells = append(r.cells, "")
			}
			r.cells[column] = text
		}
	}
}

// cell reads to the end of a cell, and gives its value.
func (c *cells) cell(kind string) (string, error) {
	c.text.Reset()
	if err := collectText(c.part, "c", &c.text); err != nil {
		return "", err
	}
	value := c.text.String()
	switch kind {
	case "s":
		return c.book.texts.at(value), nil
	case "", "n":
		return plainNumber(value), nil
	case "e":
		return "", nil // a formula that failed says nothing
	}
	return value, nil
}

// collectText adds what stands in <v> and <t> up to the end of an element. How
// a phrase is pronounced (<rPh>) and formulas (<f>) are no part of it.
func collectText(p *part, end string, into *strings.Builder) error {
	in, silent := false, 0
	for {
		t, err := p.next()
		if err != nil {
			return cutShort(err)
		}
		switch e := t.(type) {
		case xml.StartElement:
			if e.Name.Local == "rPh" {
				silent++
			}
			in = e.Name.Local == "v" || e.Name.Local == "t"
		case xml.EndElement:
			if e.Name.Local == end {
				return nil
			}
			if e.Name.Local == "rPh" {
				silent--
			}
			in = false
		case xml.CharData:
			if !in || silent > 0 {
				continue
			}
			if into.Len()+len(e) > maxCell {
				return longCell(p.name)
			}
			into.Write(e)
		}
	}
}

// cutShort is an error in the middle of something: the end, too, is wrong
// there.
func cutShort(err error) error {
	if errors.Is(err, io.EOF) {
		return brokenWorkbook()
	}
	return err
}

// columnOf is the column of a reference such as "AB12", from 0; next where
// there is none, or one that stands before it.
func columnOf(ref string, next int) int {
	n := 0
	for i := 0; i < len(ref) && i < 4 && ref[i] >= 'A' && ref[i] <= 'Z'; i++ {
		n = n*26 + int(ref[i]-'A') + 1
	}
	return max(n-1, next)
}

// plainNumber writes a number of a cell as a person would: workbooks keep 0.1
// as 0.10000000000000001 and may write 1E-3. One that stands as "1.234" gets a
// fourth decimal, since nothing in a workbook groups digits.
func plainNumber(s string) string {
	if len(s) <= 15 && isDigits(s) {
		return s
	}
	f, err := strconv.ParseFloat(s, 64)
	if err != nil || f > 1e15 || f < -1e15 {
		return s
	}
	if f, err = strconv.ParseFloat(strconv.FormatFloat(f, 'g', 15, 64), 64); err != nil {
		return s
	}
	s = strconv.FormatFloat(f, 'f', -1, 64)
	if i := strings.IndexByte(s, '.'); i >= 0 && len(s)-i == 4 {
		s += "0"
	}
	return s
}
