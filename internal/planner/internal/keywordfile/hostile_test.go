package keywordfile

import (
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
	"io"
	"runtime"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/xuri/excelize/v2"
)

// raw is a workbook of one sheet whose XML is given, in pieces.
func raw(t testing.TB, shared, sheet io.Reader) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for _, p := range []struct {
		name string
		text io.Reader
	}{
		{"[Content_Types].xml", strings.NewReader("<Types/>")},
		{"xl/workbook.xml", strings.NewReader(`<workbook xmlns:r="r"><sheets><sheet name="S" sheetId="1" r:id="rId1"/></sheets></workbook>`)},
		{"xl/_rels/workbook.xml.rels", strings.NewReader(`<Relationships><Relationship Id="rId1" Target="worksheets/sheet1.xml"/></Relationships>`)},
		{"xl/sharedStrings.xml", shared},
		{"xl/worksheets/sheet1.xml", sheet},
	} {
		w, err := z.Create(p.name)
		if err == nil {
			_, err = io.Copy(w, p.text)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

const (
	sheetHead = `<worksheet><sheetData><row r="1"><c r="A1" t="inlineStr"><is><t>Keyword</t></is></c></row>`
	sheetEnd  = `</sheetData></worksheet>`
)

// cycle reads the same text over and over.
type cycle struct {
	text string
	at   int
}

func (c *cycle) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = c.text[c.at]
		c.at = (c.at + 1) % len(c.text)
	}
	return len(p), nil
}

// repeated is a text so often that it has so many bytes.
func repeated(s string, bytes int64) io.Reader {
	return io.LimitReader(&cycle{text: s}, bytes/int64(len(s))*int64(len(s)))
}

// TestHostileWorkbooks are refused with a sentence, and in little memory.
func TestHostileWorkbooks(t *testing.T) {
	const most = 24 << 20
	of := io.MultiReader
	text := func(s string) io.Reader { return strings.NewReader(s) }
	none := func() io.Reader { return text("<sst/>") }
	for _, tt := range []struct {
		name          string
		shared, sheet io.Reader
		want          error
		mb            uint64 // how much memory it may take
	}{
		{"a cell of 24 MB", none(), of(text(sheetHead+`<row><c t="str"><v>`), repeated("x", most), text("</v></c></row>"+sheetEnd)), ErrLineTooLong, 20},
		{"a cell of small pieces", none(), of(text(sheetHead+`<row><c t="inlineStr"><is>`), repeated("<r><t>abc</t></r>", most), text("</is></c></row>"+sheetEnd)), ErrLineTooLong, 20},
		{"marked as text", none(), of(text(sheetHead+`<row><c t="str"><v><![CDATA[`), repeated("<<>>", most), text("]]></v></c></row>"+sheetEnd)), ErrLineTooLong, 20},
		{"a comment", none(), of(text(sheetHead+"<!--"), repeated("<x>", most), text("-->"+sheetEnd)), ErrLineTooLong, 20},
		{"an attribute", none(), of(text(sheetHead+`<row r="`), repeated("1", most), text(`"></row>`+sheetEnd)), ErrLineTooLong, 20},
		{"a row of many cells", none(), of(text(sheetHead+`<row>`), repeated("<c><v>1</v></c>", most), text(`</row>`+sheetEnd)), ErrLineTooLong, 20},
		{"a shared text of 24 MB", of(text("<sst><si><t>"), repeated("x", most), text("</t></si></sst>")), text(sheetHead + sheetEnd), ErrLineTooLong, 20},
		{"many shared texts", of(text("<sst>"), repeated("<si><t>"+strings.Repeat("x", 1000)+"</t></si>", maxTexts+maxTexts/8), text("</sst>")), text(sheetHead + sheetEnd), ErrTooLarge, 200},
		{"nothing, but much of it", none(), of(text(sheetHead), repeated("<row></row>", 70<<20), text(sheetEnd)), ErrTooLarge, 20},
		{"an entity", none(), text(`<!DOCTYPE x [<!ENTITY a "aaaa">]>` + sheetHead + `<row><c t="str"><v>&a;</v></c></row>` + sheetEnd), ErrNotText, 20},
		{"cut short", none(), text(sheetHead + `<row><c><v>1`), ErrNotText, 20},
	} {
		t.Run(tt.name, func(t *testing.T) {
			body := raw(t, tt.shared, tt.sheet)
			before := live()
			var peak uint64
			done := make(chan struct{})
			watched := make(chan struct{})
			go func() {
				defer close(watched)
				for {
					select {
					case <-done:
						return
					default:
						var m runtime.MemStats
						runtime.ReadMemStats(&m)
						peak = max(peak, m.HeapAlloc)
						time.Sleep(2 * time.Millisecond)
					}
				}
			}()
			_, err := ReadFile(body, Options{MaxUnpacked: 64 << 20}, func(Row) error { return nil })
			close(done)
			<-watched
			if !errors.Is(err, tt.want) {
				t.Errorf("got %v, want %v", err, tt.want)
			}
			if peak > before && (peak-before)>>20 > tt.mb {
				t.Errorf("took %d MB", (peak-before)>>20)
			}
		})
	}
}

// TestWorkbookAsALibraryWritesIt compares a thousand rows with what was given
// to the library that wrote them.
func TestWorkbookAsALibraryWritesIt(t *testing.T) {
	t.Parallel()
	f := excelize.NewFile()
	w, err := f.NewStreamWriter("Sheet1")
	if err != nil {
		t.Fatal(err)
	}
	set := func(row int, cells ...any) {
		if err := w.SetRow(fmt.Sprintf("A%d", row), cells); err != nil {
			t.Fatal(err)
		}
	}
	set(1, "Schlüsselwort", nil, "Suchvolumen", "CPC (EUR)")
	for n := range 1000 {
		set(n+3, fmt.Sprintf("größe %d & <mehr>", n), nil, n*1000, float64(n)/1000)
	}
	var b bytes.Buffer
	if err := errors.Join(w.Flush(), f.Write(&b), f.Close()); err != nil {
		t.Fatal(err)
	}
	n := 0
	report, err := ReadFile(b.Bytes(), Options{}, func(r Row) error {
		if r.Line != n+3 || r.Phrase != fmt.Sprintf("größe %d & <mehr>", n) || *r.Volume != int64(n*1000) || *r.CPC != int64(n*1000) || r.CPCCurrency != "EUR" {
			t.Errorf("row %d: %+v, volume %d, cpc %d", n, r, *r.Volume, *r.CPC)
		}
		n++
		return nil
	})
	if err != nil || n != 1000 || report.WarningCount != 0 {
		t.Errorf("%d rows, %+v, %v", n, report, err)
	}
}

func TestPlainNumber(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"12": "12", "0.10000000000000001": "0.1", "1.5E-2": "0.015" + "0", "1E3": "1000", "1.234": "1.2340", "-4.5": "-4.5", "x": "x", "": "", "NaN": "NaN",
	} {
		if got := plainNumber(in); got != want {
			t.Errorf("%q is written %q, want %q", in, got, want)
		}
	}
}

// FuzzReadFile holds any bytes, as they are and as the XML of a workbook, to
// what FuzzRead holds text to.
func FuzzReadFile(f *testing.F) {
	f.Add([]byte(sheetHead+`<row r="9"><c r="B9" t="s"><v>0</v></c><c><v>1E5</v></c></row>`+sheetEnd), []byte("<sst><si><t>a</t></si></sst>"), true)
	f.Add([]byte("PK\x03\x04xl/"), []byte{}, false)
	f.Fuzz(func(t *testing.T, sheet, shared []byte, wrap bool) {
		if wrap {
			sheet = raw(t, bytes.NewReader(shared), bytes.NewReader(sheet))
		}
		last := 0
		_, err := ReadFile(sheet, Options{MaxIssues: 5}, func(r Row) error {
			checkRow(t, r)
			if r.Line <= last {
				t.Fatalf("line %d after %d", r.Line, last)
			}
			last = r.Line
			return nil
		})
		if err != nil && !utf8.ValidString(err.Error()) {
			t.Fatalf("error says %q", err)
		}
	})
}

// BenchmarkReadWorkbook reads 100,000 rows of six columns.
func BenchmarkReadWorkbook(b *testing.B) {
	f := excelize.NewFile()
	w, err := f.NewStreamWriter("Sheet1")
	if err != nil {
		b.Fatal(err)
	}
	_ = w.SetRow("A1", []any{"Keyword", "Volume", "KD", "CPC (USD)", "Intent", "Competitive Density"})
	for n := range 100_000 {
		_ = w.SetRow(fmt.Sprintf("A%d", n+2), []any{fmt.Sprint("buy running shoes number ", n), n, n % 100, float64(n%1000) / 100, "Informational", 0.5})
	}
	var out bytes.Buffer
	if err := errors.Join(w.Flush(), f.Write(&out), f.Close()); err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := ReadFile(out.Bytes(), Options{}, func(Row) error { return nil }); err != nil {
			b.Fatal(err)
		}
	}
}
