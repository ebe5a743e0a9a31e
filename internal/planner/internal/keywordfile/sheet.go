package keywordfile

import (
	"errors"
	"io"
)

// sheet reads records from cells that are parted already. The first of them are
// held back until the header is known.
type sheet struct {
	pull func() (record, error) // io.EOF after the last
	held []record
}

func (s *sheet) next() (record, error) {
	if len(s.held) > 0 {
		r := s.held[0]
		s.held = s.held[1:]
		return r, nil
	}
	return s.pull()
}

func (s *sheet) layout(as map[int]Meaning) (layout, error) {
	var rows []record
	for len(rows) < sampleRows {
		r, err := s.pull()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return layout{}, err
		}
		if !r.blank() {
			rows = append(rows, r)
		}
	}
	s.held = rows
	if len(rows) == 0 {
		return layout{}, ErrEmpty
	}
	if h, ok := findHeader(rows, as); ok {
		return layoutOf(h, rows, 0), nil
	}
	if t := looksTabular(rows); t != nil {
		if h, ok := t.headerAs(as); ok {
			return layoutOf(h, rows, 0), nil
		}
		return layout{}, noKeywordColumn(t.first)
	}
	return layout{bare: true, format: Plain, decimal: '.'}, nil
}
