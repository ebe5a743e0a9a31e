package keywordfile

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
)

const (
	delimiters   = ",;\t|"
	headerSearch = 10 // a header stands within so many records
	sampleRows   = 60 // records looked at for delimiter and decimal mark
)

// layout is how a file is to be read.
type layout struct {
	delimiter byte // 0 for a list
	header    header
	bare      bool // there is no header: each line is a keyword
	format    Format
	decimal   byte // '.' or ','
}

// sniff finds the layout from the start of a text. Of the delimiters the one
// counts under which the most columns of a header are understood.
func sniff(head []byte, whole bool, as map[int]Meaning) (layout, error) {
	if whole && len(bytes.TrimSpace(head)) == 0 {
		return layout{}, ErrEmpty
	}
	if d := excelDirective(head); d != 0 {
		return sniffAs(head, whole, string(d), as)
	}
	return sniffAs(head, whole, delimiters, as)
}

func sniffAs(head []byte, whole bool, candidates string, as map[int]Meaning) (layout, error) {
	var best layout
	var like *tabular
	found, under, sample := false, byte(0), []record(nil)
	for _, d := range []byte(candidates) {
		rows := sampleRecords(head, whole, d)
		if h, ok := findHeader(rows, as); ok && (!found || len(h.index) > len(best.header.index)) {
			best, found = layoutOf(h, rows, d), true
		}
		if t := looksTabular(rows); t != nil && (like == nil || t.columns > like.columns) {
			like, under, sample = t, d, rows
		}
	}
	switch {
	case found:
		return best, nil
	case like != nil:
		if h, ok := like.headerAs(as); ok {
			return layoutOf(h, sample, under), nil
		}
		return layout{}, noKeywordColumn(like.first)
	}
	return layout{bare: true, format: Plain, decimal: '.'}, nil
}

// excelDirective is the delimiter of a first line such as "sep=;".
func excelDirective(head []byte) byte {
	line, _, _ := bytes.Cut(head, []byte("\n"))
	line = bytes.Trim(line, "\"\r ")
	if len(line) == 5 && strings.EqualFold(string(line[:4]), "sep=") && strings.IndexByte(delimiters, line[4]) >= 0 {
		return line[4]
	}
	return 0
}

// sampleRecords parts the start of a text by one delimiter, leaving out blank
// records, and the last one where the sample cuts it off.
func sampleRecords(head []byte, whole bool, delimiter byte) []record {
	src := newRecords(bufio.NewReader(bytes.NewReader(head)), delimiter)
	var rows []record
	for len(rows) < sampleRows {
		r, err := src.next()
		if errors.Is(err, io.EOF) && !whole && len(rows) > 1 {
			return rows[:len(rows)-1]
		}
		if err != nil {
			break
		}
		if !r.blank() {
			rows = append(rows, r)
		}
	}
	return rows
}

// findHeader looks for the header among the first records. The first record is
// one if it names a keyword column; a later one, behind a preamble, only if it
// names another column too, because in a list of keywords "keyword" is one.
func findHeader(rows []record, as map[int]Meaning) (header, bool) {
	for i, r := range rows[:min(len(rows), headerSearch)] {
		h := understand(r)
		if h.has(KeywordColumn) && (i == 0 || len(h.index) > 1 || isDirective(rows[0])) {
			h = h.as(as)
			return h, h.has(KeywordColumn)
		}
	}
	return header{}, false
}

func isDirective(r record) bool {
	return len(r.cells) > 0 && len(r.cells[0]) >= 4 && strings.EqualFold(r.cells[0][:4], "sep=")
}

func layoutOf(h header, rows []record, delimiter byte) layout {
	if len(h.columns) == 1 {
		delimiter = 0
	}
	return layout{
		delimiter: delimiter, header: h, format: h.format(),
		decimal: decimalMark(h, rows, delimiter),
	}
}

// tabular is a text that is a table under some delimiter.
type tabular struct {
	first   record // its header, or what stands in its place
	columns int
}

// headerAs is the header of a table that names no keywords, where a person said
// which column has them. A first record with a number in it is no header but a
// keyword.
func (t *tabular) headerAs(as map[int]Meaning) (header, bool) {
	h := understand(t.first)
	for i := range t.first.cells {
		if _, ok := (numbers{decimal: '.'}).span(t.first.cell(i), decimal); ok {
			h = header{line: t.first.line - 1, columns: make([]Column, len(t.first.cells)), index: map[Meaning]int{}}
			for n := range h.columns {
				h.columns[n] = Column{Index: n, Header: fmt.Sprintf("Column %d", n+1)}
			}
			break
		}
	}
	h = h.as(as)
	return h, h.has(KeywordColumn)
}

// looksTabular tells a table from a list: more than half of a table's records
// have more than one cell. A keyword with a comma in it does not make a table.
// What stands first is the record that has the most known headers.
func looksTabular(rows []record) *tabular {
	var first *record
	many, known, columns := 0, -1, 0
	for i := range rows {
		if len(rows[i].cells) < 2 {
			continue
		}
		many++
		columns = max(columns, len(rows[i].cells))
		if n := len(understand(rows[i]).index); i < headerSearch && n > known {
			first, known = &rows[i], n
		}
	}
	if first == nil || many*2 <= len(rows) && known < 2 {
		return nil
	}
	return &tabular{first: *first, columns: columns}
}

func noKeywordColumn(r record) error {
	found := make([]string, 0, len(r.cells))
	for i := range r.cells {
		if name := shorten(r.cell(i), 40); name != "" && len(found) < 20 {
			found = append(found, `"`+name+`"`)
		}
	}
	return refuse(ErrNoKeywordColumn, r.line,
		`No column holds the keywords. Line %d names these columns: %s. `+
			`Name one of them Keyword; Query, Top queries, Search term, Search query and Phrase are understood too, also in German, French and Spanish.`,
		r.line, strings.Join(found, ", "))
}
