package keywordfile

import (
	"archive/zip"
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"path"
	"strings"
)

// Bounds of a workbook: what may be unpacked of it unless Options say, and what
// is looked at. One cell has at most maxCell bytes, four times what Excel allows.
const (
	maxUnpacked = 256 << 20
	maxParts    = 10_000
	maxSheets   = 20
	maxColumns  = 1_000
	maxCell     = 128 << 10
)

// isWorkbook tells whether a file begins as a workbook of Excel does.
func isWorkbook(body []byte) bool {
	head := body[:min(len(body), sampleSize)]
	return bytes.HasPrefix(body, []byte("PK\x03\x04")) && (bytes.Contains(head, []byte("xl/")) || bytes.Contains(head, []byte("[Content_Types].xml")))
}

// ReadFile is Read for a whole file, which may be a workbook of Excel too: then
// the sheet in whose header the most columns are understood is read.
func ReadFile(body []byte, opt Options, each func(Row) error) (Report, error) {
	if !isWorkbook(body) {
		return Read(bytes.NewReader(body), opt, each)
	}
	if opt = opt.withDefaults(); int64(len(body)) > opt.MaxBytes {
		return Report{}, refuse(ErrTooLarge, 0, "This workbook is larger than %s. Split it, or export less.", bytesText(opt.MaxBytes))
	}
	w, err := openWorkbook(body, opt.MaxUnpacked)
	if err != nil {
		return Report{}, err
	}
	best, err := w.choose(opt)
	if err != nil {
		return Report{}, err
	}
	report, err := w.read(best, opt, each)
	report.Encoding, report.Sheet = Workbook, best.name
	return report, err
}

// workbook is an Office Open XML workbook (ECMA-376), of which the values of
// cells are read and nothing else, row by row: a part, a row or a cell that is
// too large is refused before it has been unpacked.
type workbook struct {
	parts  map[string]*zip.File
	most   int64 // bytes that may be unpacked
	left   int64 // of them, still
	sheets []worksheet
	texts  texts
}

// worksheet is a sheet by its name, and the part of the archive it is in.
type worksheet struct{ name, part string }

func openWorkbook(body []byte, most int64) (*workbook, error) {
	if bytes.Count(body, []byte("PK\x01\x02")) > maxParts { // before anything is made of them
		return nil, refuse(ErrTooLarge, 0, "This workbook has more than %d parts, which no table of keywords has. %s", maxParts, saveAsCSV)
	}
	z, err := zip.NewReader(bytes.NewReader(body), int64(len(body)))
	if err != nil {
		return nil, brokenWorkbook()
	}
	w := &workbook{parts: make(map[string]*zip.File, len(z.File)), most: most, left: most}
	for _, f := range z.File {
		w.parts[strings.TrimPrefix(f.Name, "/")] = f
	}
	if w.parts["xl/workbook.xml"] == nil {
		return nil, checkText(body[:min(len(body), sampleSize)])
	}
	if err := w.findSheets(); err != nil {
		return nil, err
	}
	return w, w.texts.load(w)
}

func brokenWorkbook() error {
	return notText("an Excel workbook that cannot be opened", "Open it, save it again, without a password, and import that file. Or export the keywords as CSV and import that file.")
}

// findSheets reads which sheets there are, and where.
func (w *workbook) findSheets() error {
	targets := map[string]string{}
	if err := w.walk("xl/_rels/workbook.xml.rels", func(e xml.StartElement) {
		if e.Name.Local == "Relationship" && len(targets) < maxParts {
			targets[attr(e, "Id")] = attr(e, "Target")
		}
	}); err != nil {
		return err
	}
	if err := w.walk("xl/workbook.xml", func(e xml.StartElement) {
		if e.Name.Local != "sheet" || len(w.sheets) == maxSheets {
			return
		}
		part := targets[attr(e, "id")]
		if strings.HasPrefix(part, "/") {
			part = strings.TrimPrefix(path.Clean(part), "/")
		} else {
			part = path.Join("xl", part)
		}
		if w.parts[part] != nil {
			w.sheets = append(w.sheets, worksheet{attr(e, "name"), part})
		}
	}); err != nil {
		return err
	}
	if len(w.sheets) == 0 {
		return brokenWorkbook()
	}
	return nil
}

// walk gives each element of a part, if there is such a part.
func (w *workbook) walk(part string, each func(xml.StartElement)) error {
	if w.parts[part] == nil {
		return nil
	}
	p, err := w.open(part)
	if err != nil {
		return err
	}
	defer p.close()
	for {
		t, err := p.next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if e, ok := t.(xml.StartElement); ok {
			each(e)
		}
	}
}

// choose finds the sheet to read. Without one that has a column of keywords the
// error is that of the first sheet with anything on it.
func (w *workbook) choose(opt Options) (worksheet, error) {
	var best worksheet
	var first error
	most := -1
	for _, s := range w.sheets {
		n, err := w.understood(s, opt)
		switch {
		case err == nil && n > most:
			best, most = s, n
		case err == nil:
		case !errors.Is(err, ErrNoKeywordColumn) && !errors.Is(err, ErrEmpty):
			return s, err
		case first == nil, errors.Is(first, ErrEmpty):
			first = fmt.Errorf("sheet %q: %w", s.name, err)
		}
	}
	if most < 0 {
		return best, first
	}
	return best, nil
}

// understood is how many columns of a sheet have a meaning.
func (w *workbook) understood(s worksheet, opt Options) (int, error) {
	c, err := w.cells(s)
	if err != nil {
		return 0, err
	}
	defer c.part.close()
	lay, err := (&sheet{pull: c.next}).layout(opt.Columns)
	return len(lay.header.index), err
}

func (w *workbook) read(s worksheet, opt Options, each func(Row) error) (Report, error) {
	im := importer{opt: opt, each: each}
	c, err := w.cells(s)
	if err != nil {
		return im.report, err
	}
	defer c.part.close()
	src := &sheet{pull: c.next}
	lay, err := src.layout(opt.Columns)
	if err != nil {
		return im.report, err
	}
	return im.report, im.run(lay, src.next)
}

func attr(e xml.StartElement, name string) string {
	for _, a := range e.Attr {
		if a.Name.Local == name {
			return a.Value
		}
	}
	return ""
}
