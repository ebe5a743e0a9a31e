package keywordfile

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"igny8/internal/words"
)

// importer makes rows of records.
type importer struct {
	opt    Options
	each   func(Row) error
	report Report

	header  header
	keyword int // its column
	numbers numbers
}

// run gives out the rows of a source whose layout is known.
func (im *importer) run(lay layout, next func() (record, error)) error {
	im.start(lay)
	for {
		r, err := next()
		if errors.Is(err, io.EOF) {
			return im.finish()
		}
		if err != nil {
			return err
		}
		if r.line <= im.header.line || r.blank() {
			continue
		}
		if err := im.take(r); err != nil {
			return fmt.Errorf("line %d: %w", r.line, err)
		}
	}
}

func (im *importer) start(lay layout) {
	im.header, im.numbers = lay.header, numbers{decimal: lay.decimal}
	im.report.Format, im.report.Columns = lay.format, lay.header.columns
	if lay.delimiter != 0 {
		im.report.Delimiter = string(lay.delimiter)
	}
	if lay.bare {
		im.report.Columns = []Column{{Meaning: KeywordColumn}}
		return
	}
	im.keyword = lay.header.column(KeywordColumn)
}

// finish refuses a file of headers only: somebody exported nothing.
func (im *importer) finish() error {
	if im.report.Rows+im.report.RejectedCount > 0 {
		return nil
	}
	if im.header.line == 0 {
		return ErrEmpty
	}
	return refuse(ErrEmpty, im.header.line,
		"The file has its column names on line %d and no rows below them. Export it again and check that the export holds keywords.", im.header.line)
}

func (im *importer) take(r record) error {
	row := Row{Line: r.line, Phrase: strings.Clone(Clean(r.cell(im.keyword)))}
	if im.reject(r, row.Phrase) {
		return nil
	}
	im.fill(&row, r)
	im.report.Rows++
	return im.each(row)
}

// reject notes a row that cannot be kept, and says that it did.
func (im *importer) reject(r record, phrase string) bool {
	column, value := im.name(im.keyword), phrase
	reason, msg := checkPhrase(phrase)
	switch {
	case im.header.repeats(r):
		reason, msg = RepeatedHeader, "The row repeats the column names."
	case im.extra(r) != "":
		column, value = "", im.extra(r)
		reason, msg = ExtraCells, "The row has more cells than there are column names. A keyword that holds the delimiter must stand in quotation marks."
	}
	if reason == "" {
		return false
	}
	im.report.RejectedCount++
	if len(im.report.Rejected) < im.opt.MaxIssues {
		im.report.Rejected = append(im.report.Rejected, Issue{r.line, column, shorten(value, maxValueRunes), reason, msg})
	}
	return true
}

// extra is the first cell, not blank, that has no column.
func (im *importer) extra(r record) string {
	for i := len(im.report.Columns); i < len(r.cells); i++ {
		if c := r.cell(i); c != "" {
			return c
		}
	}
	return ""
}

func (im *importer) warn(r record, m Meaning, reason Reason, msg words.Text) {
	im.report.WarningCount++
	if len(im.report.Warnings) < im.opt.MaxIssues {
		i := im.header.column(m)
		im.report.Warnings = append(im.report.Warnings, Issue{r.line, im.name(i), shorten(r.cell(i), maxValueRunes), reason, msg})
	}
}

func (im *importer) name(column int) string {
	if column < 0 || column >= len(im.header.columns) {
		return ""
	}
	return im.header.columns[column].Header
}

func (im *importer) fill(row *Row, r record) {
	if im.report.Format == Plain {
		return
	}
	im.volume(row, r)
	im.difficulty(row, r)
	im.cost(row, r)
	row.Intent = im.intent(r)
	row.Country = im.country(r)
	row.Clicks = im.number(r, ClicksColumn, count, micro)
	row.Impressions = im.number(r, ImpressionsColumn, count, micro)
	row.Position = im.number(r, PositionColumn, decimal, micro/100)
	row.URLs = im.urls(r)
}

// span reads a number, and warns of one that is none or below zero.
func (im *importer) span(r record, m Meaning, k kind) (span, bool) {
	cell := r.cell(im.header.column(m))
	if isUnknown(cell) {
		return span{}, false
	}
	s, ok := im.numbers.span(cell, k)
	switch {
	case !ok:
		im.warn(r, m, BadNumber, "This is not a number; the keyword was kept without it.")
		return span{}, false
	case s.low < 0:
		im.warn(r, m, Negative, "A number below zero cannot be right; the keyword was kept without it.")
		return span{}, false
	}
	return s, true
}

// number is a number in steps of unit millionths.
func (im *importer) number(r record, m Meaning, k kind, unit int64) *int64 {
	s, ok := im.span(r, m, k)
	if !ok {
		return nil
	}
	return new(round(s.low, unit))
}

func (im *importer) volume(row *Row, r record) {
	s, ok := im.span(r, VolumeColumn, count)
	if !ok {
		return
	}
	row.Volume, row.VolumeExact = new(round(s.low, micro)), s.low == s.high && !s.open
	if s.high > s.low && !s.open {
		row.VolumeMax = new(round(s.high, micro))
	}
}

func (im *importer) difficulty(row *Row, r record) {
	s, ok := im.span(r, DifficultyColumn, decimal)
	if !ok {
		return
	}
	if s.low > 100*micro {
		im.warn(r, DifficultyColumn, OutOfRange, "A difficulty is between 0 and 100; the keyword was kept without it.")
		return
	}
	row.Difficulty = new(int(round(s.low, micro)))
}

// cost reads the cost per click. Its currency is that of the cell, else of the
// currency column, else of the header.
func (im *importer) cost(row *Row, r record) {
	s, ok := im.span(r, CPCColumn, money)
	if !ok {
		return
	}
	row.CPC = new(s.low)
	row.CPCCurrency = strings.Clone(s.currency)
	if row.CPCCurrency == "" {
		row.CPCCurrency = im.currency(r)
	}
	if row.CPCCurrency == "" {
		row.CPCCurrency = im.header.currency
	}
}

func (im *importer) currency(r record) string {
	cell := r.cell(im.header.column(CurrencyColumn))
	if isUnknown(cell) {
		return ""
	}
	if code, ok := parseCurrency(cell); ok {
		return strings.Clone(code)
	}
	im.warn(r, CurrencyColumn, BadCurrency, "This is not a currency code such as USD; the cost was kept without it.")
	return ""
}

func (im *importer) intent(r record) Intent {
	cell := r.cell(im.header.column(IntentColumn))
	if isUnknown(cell) {
		return im.header.flaggedIntent(r)
	}
	in, ok := parseIntent(cell)
	if !ok {
		im.warn(r, IntentColumn, BadIntent, "An intent is informational, navigational, commercial or transactional; the keyword was kept without it.")
	}
	return in
}

func (im *importer) country(r record) string {
	cell := r.cell(im.header.column(CountryColumn))
	if isUnknown(cell) {
		return ""
	}
	country, ok := parseCountry(cell)
	if !ok {
		im.warn(r, CountryColumn, BadCountry, "This is not a country code such as US; the keyword was kept without it.")
	}
	return country
}

func (im *importer) urls(r record) []string {
	cell := r.cell(im.header.column(URLColumn))
	if isUnknown(cell) {
		return nil
	}
	urls, ok := parseURLs(cell)
	if !ok {
		im.warn(r, URLColumn, BadURL, "This is not a web address that starts with https:// or http://; the keyword was kept without it.")
	}
	return urls
}
