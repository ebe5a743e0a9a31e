// Package keywordfile reads what a keyword tool exports, and says exactly what
// it could not read.
//
// A marketer drops in the file as Search Console, Semrush, Ahrefs or Keyword
// Planner wrote it, or a list typed by hand. Encoding, delimiter, preamble,
// header language and number style are recognised, never asked for. Nothing is
// lost in silence: a file that cannot be read is refused with one sentence that
// says what to do, a row that cannot be kept is rejected by its line, and a
// number that cannot be read leaves its row standing with a warning.
//
// The package knows nothing of accounts, sites or tables, and holds one record
// at a time, however long the file is.
package keywordfile

import (
	"io"
	"iter"

	"igny8/internal/words"
)

const (
	defaultMaxBytes  = 64 << 20
	defaultMaxIssues = 100
)

// Options bound a reading. The zero value is right for an upload.
type Options struct {
	MaxBytes    int64 // the largest file read; zero: 64 MB
	MaxUnpacked int64 // how much of a workbook is unpacked in all; zero: 256 MB
	MaxIssues   int   // rejections, and warnings, listed one by one; zero: 100

	// Columns says what columns mean, by their index, where a person knows
	// better than their headers: the others keep what they have. "" is a column
	// that is not read.
	Columns map[int]Meaning
}

func (o Options) withDefaults() Options {
	if o.MaxBytes == 0 {
		o.MaxBytes = defaultMaxBytes
	}
	if o.MaxUnpacked == 0 {
		o.MaxUnpacked = maxUnpacked
	}
	if o.MaxIssues == 0 {
		o.MaxIssues = defaultMaxIssues
	}
	return o
}

// Row is one keyword. A nil number is one the file does not know.
type Row struct {
	Line   int    // the line of the file on which the row starts, from 1
	Phrase string // as Clean gives it; never empty

	Volume    *int64 // searches a month; of a range its lower end
	VolumeMax *int64 // the upper end, only where the file gave a closed range

	VolumeExact bool // the file gave one number

	Difficulty  *int   // 0 (easy) to 100
	CPC         *int64 // cost per click in millionths of its currency: 1.23 is 1_230_000
	CPCCurrency string // ISO 4217; "" where CPC is nil or the file does not say

	Intent  Intent // the main one; "" where unknown
	Country string // ISO 3166 alpha-2 in capitals; "" where unknown or worldwide

	Clicks      *int64
	Impressions *int64
	Position    *int64 // average rank in hundredths: 106 is 1.06

	URLs []string // pages named beside the keyword: http or https, at most 20
}

// Report tells what was understood. It is filled as far as reading came, also
// when Read returns an error.
type Report struct {
	Format    Format
	Encoding  Encoding
	Delimiter string // ",", ";", "\t" or "|"; "" for a list
	Sheet     string // of a workbook
	Columns   []Column

	Rows          int     // rows given to the caller
	Rejected      []Issue // rows left out, the first Options.MaxIssues of them
	RejectedCount int     // all of them
	Warnings      []Issue // cells left out of rows that were kept, the first of them
	WarningCount  int     // all of them
}

// Column is one column of the file and how it was understood.
type Column struct {
	Index   int // from 0
	Header  string
	Meaning Meaning // "" for a column that is not read
}

// Issue is one thing in the file that could not be read.
type Issue struct {
	Line   int
	Column string // the header; "" where the whole row is meant
	Value  string // what stood there, shortened
	Reason Reason
	Msg    words.Text // a sentence for the person who uploaded the file
}

// Read gives each keyword of a CSV, TSV or plain list to each, in the order of
// the file. It does not remove duplicates; Key is for that.
//
// A file that cannot be read is refused with one of the faults of this package. Reading streams, so rows
// may have been given out before the line that is at fault was met: the caller
// keeps them in a transaction. An error of each ends the reading and is returned
// with its line.
func Read(r io.Reader, opt Options, each func(Row) error) (Report, error) {
	opt = opt.withDefaults()
	im := importer{opt: opt, each: each}
	text, err := newText(&limited{src: r, left: opt.MaxBytes, max: opt.MaxBytes})
	if err != nil {
		return im.report, err
	}
	head, whole := text.sample()
	lay, err := sniff(head, whole, opt.Columns)
	if err == nil {
		src := newRecords(text.out, lay.delimiter)
		err = im.run(lay, src.next)
	}
	im.report.Encoding = text.encoding()
	return im.report, err
}

// ReadCells is Read for a table whose cells another reader has already parted,
// such as a worksheet: row n of the sequence is line n. Report.Encoding and
// Report.Delimiter stay empty, and Options.MaxBytes does not apply.
func ReadCells(rows iter.Seq2[[]string, error], opt Options, each func(Row) error) (Report, error) {
	im := importer{opt: opt.withDefaults(), each: each}
	next, stop := iter.Pull2(rows)
	defer stop()
	line := 0
	src := &sheet{pull: func() (record, error) {
		cells, err, ok := next()
		if !ok {
			return record{}, io.EOF
		}
		if err != nil {
			return record{}, inputError(err)
		}
		line++
		return record{line: line, cells: cells}, nil
	}}
	lay, err := src.layout(opt.Columns)
	if err != nil {
		return im.report, err
	}
	return im.report, im.run(lay, src.next)
}
