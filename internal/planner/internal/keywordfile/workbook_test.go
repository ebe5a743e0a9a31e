package keywordfile

import (
	"archive/zip"
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/xuri/excelize/v2"
)

// workbookOf is a file of Excel with sheets of rows.
func workbookOf(t *testing.T, sheets map[string][][]any, order ...string) []byte {
	t.Helper()
	f := excelize.NewFile()
	for _, name := range order {
		if _, err := f.NewSheet(name); err != nil {
			t.Fatal(err)
		}
		for i, row := range sheets[name] {
			if err := f.SetSheetRow(name, "A"+string(rune('1'+i)), &row); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := f.DeleteSheet("Sheet1"); err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := errors.Join(f.Write(&b), f.Close()); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// TestWorkbook is what Search Console exports: the keywords are on the second
// sheet.
func TestWorkbook(t *testing.T) {
	t.Parallel()
	body := workbookOf(t, map[string][][]any{
		"Chart":   {{"Date", "Clicks"}, {"2026-01-01", 5}},
		"Queries": {{"Top queries", "Clicks", "Impressions", "CTR", "Position"}, {"bee hive", 12, 1234567, 0.5, 1.06}, {"", 1, 1, 1, 1}, {"honig", 3, 4, 0.1, 12.5}},
	}, "Chart", "Queries")
	var got []Row
	report, err := ReadFile(body, Options{}, func(r Row) error {
		got = append(got, r)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if report.Sheet != "Queries" || report.Encoding != Workbook || report.Format != SearchConsole || report.Rows != 2 || report.RejectedCount != 1 {
		t.Errorf("report %+v", report)
	}
	if len(got) != 2 || got[0].Phrase != "bee hive" || *got[0].Impressions != 1234567 || *got[0].Position != 106 || got[1].Line != 4 || *got[1].Position != 1250 {
		t.Errorf("rows %+v", got)
	}
}

func TestWorkbooksThatAreNone(t *testing.T) {
	t.Parallel()
	var archive bytes.Buffer
	z := zip.NewWriter(&archive)
	for _, name := range []string{"[Content_Types].xml", "xl/workbook.xml"} {
		w, err := z.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write([]byte("<" + strings.Repeat("x", 100))); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	whole := workbookOf(t, map[string][][]any{"A": {{"Keyword"}, {"bee"}}}, "A")
	for name, tt := range map[string]struct {
		body []byte
		want error
	}{
		"broken":             {archive.Bytes(), ErrNotText},
		"cut":                {whole[:len(whole)/2], ErrNotText},
		"without keywords":   {workbookOf(t, map[string][][]any{"A": {{"Date", "Clicks"}, {"2026-01-01", 1}}}, "A"), ErrNoKeywordColumn},
		"without rows":       {workbookOf(t, map[string][][]any{"A": {{"Keyword", "Volume"}}}, "A"), ErrEmpty},
		"another kind of it": {[]byte("PK\x03\x04 word/document.xml"), ErrNotText},
	} {
		if _, err := ReadFile(tt.body, Options{}, func(Row) error { return nil }); !errors.Is(err, tt.want) {
			t.Errorf("%s: %v, want %v", name, err, tt.want)
		}
	}
}
