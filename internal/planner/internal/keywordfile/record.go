package keywordfile

import (
	"bufio"
	"errors"
	"io"
	"strings"

	"igny8/internal/words"
)

// maxRecord bounds a line, and a record of several lines, in bytes of UTF-8.
const maxRecord = 1 << 20

// record is one line of a table, or more where quotes hold a line break.
type record struct {
	line  int // on which it starts, from 1
	cells []string
}

// cell is the cell of a column; "" where the record is too short.
func (r record) cell(i int) string {
	if i < 0 || i >= len(r.cells) {
		return ""
	}
	return strings.TrimSpace(r.cells[i])
}

func (r record) blank() bool {
	for _, c := range r.cells {
		if strings.TrimSpace(c) != "" {
			return false
		}
	}
	return true
}

// records parts UTF-8 text into records. Package encoding/csv is not used
// because it holds a line of any length, cannot read lines that end in CR, and
// does not say where a quote that is never closed was opened.
//
// A quote begins a quoted cell only at the start of a cell. Where text follows
// the closing quote, both quotes are taken as part of the text.
type records struct {
	in        *bufio.Reader
	delimiter byte // 0: a line is one cell
	line      int  // the current line

	size   int    // bytes of the record so far
	text   []byte // its cells, one after the other
	ends   []int  // where in text each cell ends
	state  state
	opened int // the line of the opening quote
	spaces int // blanks after the closing quote
}

type state int

const (
	atStart state = iota // of a cell, or after blanks at its start
	inPlain
	inQuotes
	afterQuote
)

func newRecords(in *bufio.Reader, delimiter byte) *records {
	return &records{in: in, delimiter: delimiter, line: 1}
}

// next is the next record. Its cells share one string.
func (r *records) next() (record, error) {
	r.size, r.text, r.ends, r.state = 0, r.text[:0], r.ends[:0], atStart
	line := r.line
	for {
		b, err := r.in.ReadByte()
		if errors.Is(err, io.EOF) {
			return r.last(line)
		}
		if err != nil {
			return record{}, r.located(err)
		}
		if r.size++; r.size > maxRecord {
			return record{}, r.tooLong()
		}
		end, err := r.step(b)
		if err != nil {
			return record{}, r.located(err)
		}
		if end {
			return r.record(line), nil
		}
	}
}

// step takes one byte, and says if it ended the record.
func (r *records) step(b byte) (end bool, err error) {
	if b == '\r' {
		if b, err = r.lineBreak(); err != nil {
			return false, err
		}
	}
	if b == '\n' {
		r.line++
	}
	switch {
	case r.state == inQuotes:
		r.quoted(b)
	case b == '\n':
		return true, nil
	case b == r.delimiter && b != 0:
		r.endCell()
	case r.state == afterQuote:
		r.trailing(b)
	case r.state == atStart:
		r.first(b)
	default:
		r.text = append(r.text, b)
	}
	return false, nil
}

// lineBreak makes CR and CRLF the same as LF.
func (r *records) lineBreak() (byte, error) {
	b, err := r.in.ReadByte()
	switch {
	case errors.Is(err, io.EOF):
		return '\n', nil
	case err != nil:
		r.line++ // what is wrong stands behind this break
		return 0, err
	case b != '\n':
		return '\n', r.in.UnreadByte()
	}
	r.size++
	return '\n', nil
}

func (r *records) first(b byte) {
	switch b {
	case '"':
		r.text = r.text[:r.start()]
		r.state, r.opened = inQuotes, r.line
	case ' ':
		r.text = append(r.text, b)
	default:
		r.text = append(r.text, b)
		r.state = inPlain
	}
}

func (r *records) quoted(b byte) {
	if b == '"' {
		r.state, r.spaces = afterQuote, 0
		return
	}
	r.text = append(r.text, b)
}

// trailing takes a byte after a closing quote that is neither delimiter nor
// line break.
func (r *records) trailing(b byte) {
	switch {
	case b == '"' && r.spaces == 0:
		r.text = append(r.text, '"')
		r.state = inQuotes
	case b == ' ':
		r.spaces++
	default:
		r.literal()
		r.text = append(r.text, b)
	}
}

// literal puts back the quotes around a cell that turned out not to be quoted
// as a whole.
func (r *records) literal() {
	cell := string(r.text[r.start():])
	r.text = append(r.text[:r.start()], '"')
	r.text = append(r.text, cell...)
	r.text = append(r.text, '"')
	for range r.spaces {
		r.text = append(r.text, ' ')
	}
	r.state = inPlain
}

func (r *records) start() int {
	if len(r.ends) == 0 {
		return 0
	}
	return r.ends[len(r.ends)-1]
}

func (r *records) endCell() {
	r.ends = append(r.ends, len(r.text))
	r.state = atStart
}

func (r *records) record(line int) record {
	r.endCell()
	all, cells, from := string(r.text), make([]string, len(r.ends)), 0
	for i, end := range r.ends {
		cells[i], from = all[from:end], end
	}
	return record{line: line, cells: cells}
}

// last is what stands before the end of the file without a line break.
func (r *records) last(line int) (record, error) {
	switch {
	case r.state == inQuotes:
		return record{}, r.unclosed("and never closed")
	case r.size == 0:
		return record{}, io.EOF
	}
	return r.record(line), nil
}

func (r *records) tooLong() error {
	if r.state == inQuotes && r.line > r.opened {
		return r.unclosed("and not closed within 1 MB")
	}
	return refuse(ErrLineTooLong, r.line, "Line %d is longer than 1 MB. Put one keyword on each line.", r.line)
}

func (r *records) unclosed(how words.Text) error {
	return refuse(ErrUnclosedQuote, r.opened,
		`On line %d a quotation mark is opened %s. Close it, or remove it, and import the file again.`, r.opened, how)
}

// located gives an error of the decoder its line.
func (r *records) located(err error) error {
	switch {
	case errors.Is(err, ErrEncoding):
		return refuse(ErrEncoding, r.line, "Line %d holds characters that cannot be read. Save the file as CSV in UTF-8 and import it again.", r.line)
	case errors.Is(err, ErrNotText):
		return zeroByte(r.line)
	}
	return inputError(err)
}
