package planner

import (
	"fmt"

	"igny8/internal/fault"
	"igny8/internal/planner/internal/keywordfile"
)

// ErrInvalidColumns is a mapping of columns that cannot be followed.
var ErrInvalidColumns = fault.New(fault.Invalid, "import.invalid_columns",
	"Columns are given by their index and what they mean: keyword, volume, difficulty, cpc, currency, intent, country, position, url or ignore, each of them for one column.")

// Columns is what columns of a file hold, by their index from 0, where a person
// knows better than their headers.
type Columns map[int]string

// ignore is the meaning of a column that is not read.
const ignore = "ignore"

func (c Columns) parse() (map[int]keywordfile.Meaning, error) {
	var all map[int]keywordfile.Meaning
	given := map[keywordfile.Meaning]bool{}
	for i, name := range c {
		m, at := keywordfile.Meaning(name), fmt.Sprintf("body.columns[%d]", i)
		switch {
		case i < 0:
			return nil, ErrInvalidColumns.At(at, "columns count from 0", i)
		case name == ignore:
			m = ""
		case !keywordfile.IsMeaning(m):
			return nil, ErrInvalidColumns.At(at, "is nothing that a column can mean", name)
		case given[m]:
			return nil, ErrInvalidColumns.At(at, "two columns cannot both mean this", name)
		}
		if given[m] = true; all == nil {
			all = make(map[int]keywordfile.Meaning, len(c))
		}
		all[i] = m
	}
	return all, nil
}
