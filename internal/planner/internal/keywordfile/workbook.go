package keywordfile

import (
	"bytes"
	"errors"
	"fmt"
	"iter"
	"slices"

	"github.com/xuri/excelize/v2"
)

// Bounds of a workbook. A sheet that unpacks to more than fits into memory is
// put into a temporary file by the library.
const (
	maxUnpacked = 512 << 20
	inMemory    = 16 << 20
	maxSheets   = 20
)

// isWorkbook tells whether a file begins as a workbook of Excel does.
func isWorkbook(body []byte) bool {
	return bytes.HasPrefix(body, []byte("PK\x03\x04")) && (bytes.Contains(body[:min(len(body), sampleSize)], []byte("xl/")) ||
		bytes.Contains(body[:min(len(body), sampleSize)], []byte("[Content_Types].xml")))
}

// ReadFile is Read for a whole file, which may be a workbook of Excel too: then
// the first sheet that has a column of keywords is read.
func ReadFile(body []byte, opt Options, each func(Row) error) (Report, error) {
	if !isWorkbook(body) {
		return Read(bytes.NewReader(body), opt, each)
	}
	if opt = opt.withDefaults(); int64(len(body)) > opt.MaxBytes {
		return Report{}, refuse(ErrTooLarge, 0, "This workbook is larger than %d MB. Split it, or export less.", opt.MaxBytes>>20)
	}
	f, err := excelize.OpenReader(bytes.NewReader(body), excelize.Options{RawCellValue: true, UnzipSizeLimit: maxUnpacked, UnzipXMLSizeLimit: inMemory})
	if err != nil {
		return Report{}, notText("an Excel workbook that cannot be opened", "Open it, save it again, without a password, and import that file. "+saveAsCSV)
	}
	defer func() { _ = f.Close() }() // it drops its temporary files
	var first error
	for _, sheet := range f.GetSheetList()[:min(len(f.GetSheetList()), maxSheets)] {
		report, err := ReadCells(rowsOf(f, sheet), opt, each)
		if !errors.Is(err, ErrNoKeywordColumn) && !errors.Is(err, ErrEmpty) {
			if err == nil {
				report.Encoding, report.Sheet = Workbook, sheet
			}
			return report, err
		}
		if first == nil {
			first = fmt.Errorf("sheet %q: %w", sheet, err)
		}
	}
	return Report{}, first
}

// rowsOf is the rows of a sheet, one after the other.
func rowsOf(f *excelize.File, sheet string) iter.Seq2[[]string, error] {
	return func(yield func([]string, error) bool) {
		rows, err := f.Rows(sheet)
		if err != nil {
			yield(nil, err)
			return
		}
		defer func() { _ = rows.Close() }() // what mattered was read
		for rows.Next() {
			cells, err := rows.Columns()
			if !yield(slices.Clone(cells), err) || err != nil {
				return
			}
		}
		if err := rows.Error(); err != nil {
			yield(nil, err)
		}
	}
}
