package keywordfile

import (
	"errors"
	"fmt"
	"io"
	"iter"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"testing"
	"unicode/utf16"

	"igny8/internal/fault"
)

// read collects what Read gives.
func read(t *testing.T, file string) ([]Row, Report, error) {
	t.Helper()
	return readOpt(t, file, Options{})
}

func readOpt(t *testing.T, file string, opt Options) ([]Row, Report, error) {
	t.Helper()
	var rows []Row
	rep, err := Read(strings.NewReader(file), opt, func(r Row) error {
		rows = append(rows, r)
		return nil
	})
	return rows, rep, err
}

func mustRead(t *testing.T, file string) ([]Row, Report) {
	t.Helper()
	rows, rep, err := read(t, file)
	if err != nil {
		t.Fatalf("Read: %v", err)
	}
	return rows, rep
}

// line is a row in short, so that a table of cases can be read.
func line(r Row) string {
	s := fmt.Sprintf("%d %s", r.Line, r.Phrase)
	add := func(name string, v *int64) {
		if v != nil {
			s += fmt.Sprintf(" %s=%d", name, *v)
		}
	}
	add("vol", r.Volume)
	add("max", r.VolumeMax)
	if r.Difficulty != nil {
		s += fmt.Sprintf(" kd=%d", *r.Difficulty)
	}
	add("cpc", r.CPC)
	s += r.CPCCurrency
	add("clk", r.Clicks)
	add("imp", r.Impressions)
	add("pos", r.Position)
	for _, part := range append([]string{string(r.Intent), r.Country}, r.URLs...) {
		if part != "" {
			s += " " + part
		}
	}
	return s
}

func lines(rows []Row) []string {
	var all []string
	for _, r := range rows {
		all = append(all, line(r))
	}
	return all
}

func issues(list []Issue) []string {
	var all []string
	for _, i := range list {
		all = append(all, fmt.Sprintf("%d %s %q %s", i.Line, i.Column, i.Value, i.Reason))
	}
	return all
}

func utf16le(s string) string { return utf16bytes(s, 0, 8) }
func utf16be(s string) string { return utf16bytes(s, 8, 0) }

func utf16bytes(s string, first, second uint) string {
	var b strings.Builder
	for _, u := range utf16.Encode([]rune(s)) {
		b.WriteByte(byte(u >> first))
		b.WriteByte(byte(u >> second))
	}
	return b.String()
}

const (
	nbsp = "\u00a0"

	searchConsole = "Top queries,Clicks,Impressions,CTR,Position\n" +
		"adelphi living,255,765,33.33%,1.06\n" +
		"\"houses, perth\",\"1,234\",\"12,345\",4.78%,10.04\n" +
		"\"ndis provider\"\"\",0,1,0%,2\n"

	semrush = "Keyword,Intent,Volume,Keyword Difficulty,CPC (USD),Competitive Density,SERP Features\n" +
		"perimenopause,Informational,201000,88,0.34,0.26,\"Sitelinks, Image\"\n" +
		"menopause store,\"Navigational, Commercial\",30,,0,0.04,\n"

	ahrefs = "#\tKeyword\tCountry\tDifficulty\tVolume\tCPC\tCPS\tParent Keyword\tGlobal volume\tTraffic potential\tIntents\r\n" +
		"1\t\"running shoes\"\tus\t62\t110000\t1.1\t0.9\tshoes\t350000\t90000\tCommercial,Non-branded\r\n" +
		"2\tlaufschuhe größe 42\tuk\t\t20\t\t\t\t\t\tNon-local,Informational\r\n"

	planner = "Keyword Stats 2026-06-09 at 21_25_18\n" +
		"\"May 1, 2025 - April 30, 2026\"\n" +
		"Keyword\tCurrency\tAvg. monthly searches\tThree month change\tYoY change\tCompetition\tCompetition (indexed value)\tTop of page bid (low range)\tTop of page bid (high range)\n" +
		"running shoes\tEUR\t1K – 10K\t0%\t0%\tHigh\t100\t0,34\t1,20\n" +
		"trail shoes\tEUR\t500\t-90%\t\tLow\t3\t\t\n" +
		"old shoes\tEUR\t<10\t\t\t\t\t1.234,5\t\n"
)

func TestFormats(t *testing.T) {
	for _, tt := range []struct {
		name, file string
		format     Format
		encoding   Encoding
		delimiter  string
		want       []string
	}{
		{"search console", searchConsole, SearchConsole, UTF8, ",", []string{
			"2 adelphi living clk=255 imp=765 pos=106",
			"3 houses, perth clk=1234 imp=12345 pos=1004",
			`4 ndis provider" clk=0 imp=1 pos=200`,
		}},
		{
			"search console, German", "Häufigste Suchanfragen;Klicks;Impressionen;CTR;Position\nmöbel;1.234;12.345;3,0 %;4,25\n",
			SearchConsole, UTF8, ";", []string{"2 möbel clk=1234 imp=12345 pos=425"},
		},
		{
			"search console, German, as Excel saves it", "H\xe4ufigste Suchanfragen;Klicks;Impressionen;Klickrate;Durchschnittliche Position\r\nm\xf6bel \x80 5;4;5;80 %;1,5\r\n",
			SearchConsole, Windows1252, ";", []string{"2 möbel € 5 clk=4 imp=5 pos=150"},
		},
		{
			"search console, French", "\xef\xbb\xbfRequêtes les plus fréquentes,Clics,Impressions,CTR,Position moyenne\n\"café\",\"1" + nbsp + "234\",2,\"1,5 %\",\"1,06\"\n",
			SearchConsole, UTF8, ",", []string{"2 café clk=1234 imp=2 pos=106"},
		},
		{
			"search console, Spanish", "Consultas principales,Clics,Impresiones,CTR,Posición media\naño nuevo,4,5,80%,1\n",
			SearchConsole, UTF8, ",", []string{"2 año nuevo clk=4 imp=5 pos=100"},
		},
		{
			"search console, by page", "Query,Page,Clicks,Impressions,CTR,Position\na b,https://e.com/x?y=1,1,2,50%,1\n",
			SearchConsole, UTF8, ",", []string{"2 a b clk=1 imp=2 pos=100 https://e.com/x?y=1"},
		},
		{"semrush", semrush, Semrush, UTF8, ",", []string{
			"2 perimenopause vol=201000 kd=88 cpc=340000USD informational",
			"3 menopause store vol=30 cpc=0USD navigational",
		}},
		{
			"semrush API", "database;Keyword;Search Volume;CPC;Keyword Difficulty Index;Intent\nus;ebay;8100;7.44;95.10;1,0\n",
			Semrush, UTF8, ";", []string{"2 ebay vol=8100 kd=95 cpc=7440000 informational US"},
		},
		{"ahrefs", "\xff\xfe" + utf16le(ahrefs), Ahrefs, UTF16LE, "\t", []string{
			"2 running shoes vol=110000 kd=62 cpc=1100000 commercial US",
			"3 laufschuhe größe 42 vol=20 informational GB",
		}},
		{
			"ahrefs, site explorer", "Keyword,Volume,KD,CPC,Previous position,Current position,Current URL,Global volume,Informational,Navigational,Commercial,Transactional\n" +
				"a,10,5,,9,3,https://e.com/,70,false,false,true,true\n",
			Ahrefs, UTF8, ",", []string{"2 a vol=10 kd=5 pos=300 commercial https://e.com/"},
		},
		{"keyword planner", "\xff\xfe" + utf16le(planner), KeywordPlanner, UTF16LE, "\t", []string{
			"4 running shoes vol=1000 max=10000 cpc=340000EUR",
			"5 trail shoes vol=500",
			"6 old shoes vol=0 max=10 cpc=1234500000EUR",
		}},
		{"plain list", "running shoes\nplumber perth, wa\n\n  trail   shoes \n27\" monitor\n\"boots\" for men\n", Plain, UTF8, "", []string{
			"1 running shoes", "2 plumber perth, wa", "4 trail shoes", `5 27" monitor`, `6 "boots" for men`,
		}},
		{"list with a header", "Keyword\nshoes, red\nkeyword\nboots", Plain, UTF8, "", []string{"2 shoes, red", "3 keyword", "4 boots"}},
		{"one keyword", "shoes", Plain, UTF8, "", []string{"1 shoes"}},
		{
			"the word keyword in a list", "seo\nkeyword\nquery\n", Plain, UTF8, "",
			[]string{"1 seo", "2 keyword", "3 query"},
		},
		{
			"any table", "id|Search_Term|Search Volume|country\n7|a b|1.2K|USA\n",
			Generic, UTF8, "|", []string{"2 a b vol=1200 US"},
		},
		{
			"told by Excel", "sep=;\nKeyword;Volume\na, b;1\n",
			Generic, UTF8, ";", []string{"3 a, b vol=1"},
		},
		{
			"fewer cells than columns", "Keyword,Volume,KD\na\nb,,3\n,,\n\nc,1,2,,\n",
			Generic, UTF8, ",", []string{"2 a", "3 b kd=3", "6 c vol=1 kd=2"},
		},
		{
			"line break in a keyword", "Keyword,Volume\n\"a,\nb\",1\nc,2\n",
			Generic, UTF8, ",", []string{"2 a, b vol=1", "4 c vol=2"},
		},
		{
			"blanks around quotes", "Keyword, Volume\n\"a, b\" , \"1,000\" \n",
			Generic, UTF8, ",", []string{"2 a, b vol=1000"},
		},
		{
			"quotes inside a cell", "Keyword,Volume\n\"a\" b,1\nc \"d\",2\n",
			Generic, UTF8, ",", []string{`2 "a" b vol=1`, `3 c "d" vol=2`},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			rows, rep, err := read(t, tt.file)
			if err != nil {
				t.Fatalf("Read: %v", err)
			}
			if got := lines(rows); !slices.Equal(got, tt.want) {
				t.Errorf("rows\n got %q\nwant %q", got, tt.want)
			}
			if rep.Format != tt.format || rep.Encoding != tt.encoding || rep.Delimiter != tt.delimiter {
				t.Errorf("report: got %s, %s, %q, want %s, %s, %q",
					rep.Format, rep.Encoding, rep.Delimiter, tt.format, tt.encoding, tt.delimiter)
			}
			if rep.Rows != len(rows) || rep.WarningCount != 0 || rep.RejectedCount != 0 {
				t.Errorf("report: got %d rows, warnings %q, rejected %q", rep.Rows, issues(rep.Warnings), issues(rep.Rejected))
			}
		})
	}
}

// Whatever a file is written in, and however its lines end, it is the same file.
func TestEncodingsAndLineEnds(t *testing.T) {
	const file = "Keyword,Volume\n\"café\nparis\",1\ncrème,2"
	want := []string{"2 café paris vol=1", "4 crème vol=2"}
	ends := map[string]string{"LF": "\n", "CRLF": "\r\n", "CR": "\r"}
	encodings := []struct {
		name   string
		encode func(string) string
		want   Encoding
	}{
		{"UTF-8", func(s string) string { return s }, UTF8},
		{"UTF-8 with a mark", func(s string) string { return "\xef\xbb\xbf" + s }, UTF8},
		{"UTF-16LE", func(s string) string { return "\xff\xfe" + utf16le(s) }, UTF16LE},
		{"UTF-16BE", func(s string) string { return "\xfe\xff" + utf16be(s) }, UTF16BE},
		{"UTF-16LE without a mark", utf16le, UTF16LE},
		{"UTF-16BE without a mark", utf16be, UTF16BE},
		{"Windows-1252", func(s string) string { return strings.NewReplacer("é", "\xe9", "è", "\xe8").Replace(s) }, Windows1252},
	}
	for _, e := range encodings {
		for end, mark := range ends {
			t.Run(e.name+" "+end, func(t *testing.T) {
				rows, rep := mustRead(t, e.encode(strings.ReplaceAll(file, "\n", mark)))
				if got := lines(rows); !slices.Equal(got, want) {
					t.Errorf("rows: got %q, want %q", got, want)
				}
				if rep.Encoding != e.want {
					t.Errorf("encoding: got %s, want %s", rep.Encoding, e.want)
				}
			})
		}
	}
}

// A file whose first accent stands far behind the sample is still read as what
// it is, and characters may lie across the edges of what is read at a time.
func TestEncodingIsDecidedLate(t *testing.T) {
	ascii := "Keyword,Volume\n" + strings.Repeat("shoes,1\n", 20_000)
	for _, tt := range []struct {
		name, tail, want string
		encoding         Encoding
	}{
		{"UTF-8", "café,2\n", "café", UTF8},
		{"Windows-1252", "caf\xe9,2\n", "café", Windows1252},
	} {
		t.Run(tt.name, func(t *testing.T) {
			rows, rep := mustRead(t, ascii+tt.tail)
			if last := rows[len(rows)-1]; last.Phrase != tt.want || last.Line != 20_002 || rep.Encoding != tt.encoding {
				t.Errorf("got %q on line %d, %s, want %q", last.Phrase, last.Line, rep.Encoding, tt.want)
			}
		})
	}
	for shift := range 4 {
		file := "Keyword,Volume\n" + strings.Repeat("x", shift) + "\n" + strings.Repeat("日本語🎉,1\n", 5_000)
		for _, enc := range []string{file, "\xff\xfe" + utf16le(file)} {
			rows, rep := mustRead(t, enc)
			for _, r := range rows[min(shift, 1):] {
				if r.Phrase != "日本語🎉" {
					t.Fatalf("line %d: got %q in %s", r.Line, r.Phrase, rep.Encoding)
				}
			}
		}
	}
}

func TestRefusals(t *testing.T) {
	long := strings.Repeat("a", 2<<20)
	for _, tt := range []struct {
		name, file string
		want       *fault.Fault
		line       int
		says       string
	}{
		{"empty", "", ErrEmpty, 0, "empty"},
		{"blank", " \r\n\t\n", ErrEmpty, 0, "empty"},
		{"blank for long", strings.Repeat(" \n", 100_000), ErrEmpty, 0, "empty"},
		{"only a mark", "\xff\xfe", ErrEmpty, 0, "empty"},
		{"only a header", "Keyword,Volume\n", ErrEmpty, 1, "no rows below"},
		{"an xlsx", "PK\x03\x04\x14\x00[Content_Types].xml..xl/workbook.xml", ErrNotText, 0, "Excel workbook (.xlsx)"},
		{"an ods", "PK\x03\x04mimetypeapplication/vnd.oasis.opendocument.spreadsheet", ErrNotText, 0, "(.ods)"},
		{"a zip", "PK\x03\x04Queries.csv", ErrNotText, 0, "Queries.csv"},
		{"an xls", "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", ErrNotText, 0, "(.xls)"},
		{"a pdf", "%PDF-1.7\n", ErrNotText, 0, "PDF"},
		{"a png", "\x89PNG\r\n\x1a\n", ErrNotText, 0, "PNG"},
		{"a web page", "\n<!DOCTYPE html><html>", ErrNotText, 0, "HTML"},
		{"JSON", `[{"keyword": "a"}]`, ErrNotText, 0, "JSON"},
		{"a zero byte", "Keyword\na\nb\x00c\n", ErrNotText, 3, "Line 3 holds a zero byte"},
		{"a zero byte, late", "Keyword\n" + strings.Repeat("a\n", 50_000) + "\x00", ErrNotText, 50_002, "zero byte"},
		{"a zero in UTF-16", "\xff\xfe" + utf16le("Keyword\na\n\x00"), ErrNotText, 3, "zero byte"},
		{
			"no keyword column", "Top pages,Clicks,Impressions\nhttps://e.com,1,2\n", ErrNoKeywordColumn, 1,
			`"Top pages", "Clicks", "Impressions"`,
		},
		{"no header", "shoes,100\nboots,20\n", ErrNoKeywordColumn, 1, `"shoes", "100"`},
		{"no keyword column, behind a preamble", "Report\n\nPage;Clicks;Position\nx;1;2\n", ErrNoKeywordColumn, 3, `"Page"`},
		{"an open quote", "Keyword,Volume\na,1\n\"b,2\nc,3\n", ErrUnclosedQuote, 3, "On line 3 a quotation mark is opened"},
		{"an open quote in a list", "a\n\"b\nc", ErrUnclosedQuote, 2, "On line 2"},
		{"an open quote in a long file", "Keyword,Volume\n\"a,1\n" + strings.Repeat("b,2\n", 300_000), ErrUnclosedQuote, 2, "not closed within 1 MB"},
		{"a long line", "Keyword,Volume\na,1\n" + long, ErrLineTooLong, 3, "Line 3 is longer"},
		{"a long header", long, ErrLineTooLong, 1, "Line 1 is longer"},
		{"a long quoted line", "Keyword\n\"" + long, ErrLineTooLong, 2, "Line 2 is longer"},
		{"broken UTF-8 with a mark", "\xef\xbb\xbfKeyword\na\nb\xe9c\n", ErrEncoding, 3, "Line 3 holds characters"},
		{"broken UTF-8 among sound", "Keyword\ncafé\nété\nb\xe9c\n", ErrEncoding, 4, "Line 4"},
		{"broken UTF-8, late", "Keyword\né\n" + strings.Repeat("a\n", 50_000) + "\xff\n", ErrEncoding, 50_003, "Line 50003"},
		{"UTF-8 cut in a character", "Keyword\ncafé\ncaf\xc3", ErrEncoding, 3, "Line 3"},
		{"not even Windows-1252", "Keyword\nb\xe9c\x81\n", ErrEncoding, 2, "Line 2"},
		{"UTF-16 with half a pair", "\xff\xfe" + utf16le("Keyword\nab") + "\x00\xd8a\x00", ErrEncoding, 2, "Line 2"},
		{"UTF-16 with half a character", "\xff\xfe" + utf16le("Keyword\nab") + "a", ErrEncoding, 2, "Line 2"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, _, err := read(t, tt.file)
			if !errors.Is(err, tt.want) {
				t.Fatalf("got %v, want %s", err, tt.want.Code)
			}
			f := fault.Of(err)
			var at []fault.Field
			if tt.line > 0 {
				at = []fault.Field{{Location: fmt.Sprintf("line %d", tt.line), Msg: f.Msg}}
			}
			if !slices.Equal(f.Fields, at) || !strings.Contains(f.Msg.String(), tt.says) {
				t.Errorf("got %+v, %q, want line %d, %q", f.Fields, f.Msg, tt.line, tt.says)
			}
		})
	}
}

func TestTooLarge(t *testing.T) {
	file := "Keyword\n" + strings.Repeat("shoes\n", 100)
	size := int64(len(file))
	for _, tt := range []struct {
		max  int64
		want error
	}{{size, nil}, {size + 1, nil}, {size - 1, ErrTooLarge}, {1, ErrTooLarge}} {
		_, _, err := readOpt(t, file, Options{MaxBytes: tt.max})
		if !errors.Is(err, tt.want) {
			t.Errorf("limit %d of %d: got %v, want %v", tt.max, size, err, tt.want)
		}
	}
	_, _, err := readOpt(t, "Keyword\ncafé\n", Options{MaxBytes: 12})
	if !errors.Is(err, ErrTooLarge) {
		t.Errorf("cut in a character: got %v, want %v", err, ErrTooLarge)
	}
}

func TestRejections(t *testing.T) {
	_, rep := mustRead(t, "Keyword,Volume\n"+
		"ok,1\n"+
		",5\n"+
		"\"\"\"\"\"\",5\n"+
		strings.Repeat("é", 200)+",1\n"+
		strings.Repeat("é", 201)+",1\n"+
		strings.Repeat("a ", 20)+",1\n"+
		strings.Repeat("a ", 21)+",1\n"+
		"a\x07b,1\n"+
		"a\uFFFDb,1\n"+
		"red shoes, size 9,10\n"+
		"Keyword,Volume\n")
	want := []string{
		`3 Keyword "" no_keyword`,
		`4 Keyword "\"\"" no_keyword`,
		`6 Keyword "` + strings.Repeat("é", 80) + `…" too_long`,
		`8 Keyword "` + strings.TrimSpace(strings.Repeat("a ", 21)) + `" too_many_words`,
		`9 Keyword "a�b" control_characters`,
		`10 Keyword "a�b" control_characters`,
		`11  "10" extra_cells`,
		`12 Keyword "Keyword" repeated_header`,
	}
	if got := issues(rep.Rejected); !slices.Equal(got, want) {
		t.Errorf("rejected\n got %q\nwant %q", got, want)
	}
	if rep.Rows != 3 || rep.RejectedCount != len(want) {
		t.Errorf("got %d rows, %d rejected", rep.Rows, rep.RejectedCount)
	}
}

// A cell that cannot be read costs the cell, never the keyword.
func TestWarnings(t *testing.T) {
	rows, rep := mustRead(t, "Keyword;Volume;KD;CPC;Currency;Intent;Country;URL\n"+
		"a;many;101;cheap;EUR;odd;Atlantis;ftp://x\n"+
		"b;-5;-1;-0,34;EUR;;;\n"+
		"c;n/a;-;;;;worldwide;\n"+
		"d;;;0,34;euros;;;\n")
	if want := []string{"2 a", "3 b", "4 c", "5 d cpc=340000"}; !slices.Equal(lines(rows), want) {
		t.Errorf("rows: got %q, want %q", lines(rows), want)
	}
	want := []string{
		`2 Volume "many" bad_number`, `2 KD "101" out_of_range`, `2 CPC "cheap" bad_number`,
		`2 Intent "odd" bad_intent`, `2 Country "Atlantis" bad_country`, `2 URL "ftp://x" bad_url`,
		`3 Volume "-5" negative`, `3 KD "-1" negative`, `3 CPC "-0,34" negative`,
		`5 Currency "euros" bad_currency`,
	}
	if got := issues(rep.Warnings); !slices.Equal(got, want) || rep.WarningCount != len(want) {
		t.Errorf("warnings\n got %q\nwant %q", got, want)
	}
}

func TestIssuesAreCappedAndCounted(t *testing.T) {
	file := "Keyword,Volume\nok,1\n" + strings.Repeat(",1\nx,?!\n", 500)
	_, rep, err := readOpt(t, file, Options{MaxIssues: 7})
	if err != nil {
		t.Fatal(err)
	}
	if len(rep.Rejected) != 7 || rep.RejectedCount != 500 || len(rep.Warnings) != 7 || rep.WarningCount != 500 {
		t.Errorf("got %d of %d rejected, %d of %d warnings",
			len(rep.Rejected), rep.RejectedCount, len(rep.Warnings), rep.WarningCount)
	}
}

func TestColumns(t *testing.T) {
	_, rep := mustRead(t, semrush)
	want := []Column{
		{0, "Keyword", KeywordColumn},
		{1, "Intent", IntentColumn},
		{2, "Volume", VolumeColumn},
		{3, "Keyword Difficulty", DifficultyColumn},
		{4, "CPC (USD)", CPCColumn},
		{5, "Competitive Density", ""},
		{6, "SERP Features", ""},
	}
	if !reflect.DeepEqual(rep.Columns, want) {
		t.Errorf("got %+v, want %+v", rep.Columns, want)
	}
}

func TestErrorOfEachEndsTheReading(t *testing.T) {
	stop := errors.New("stop")
	n := 0
	rep, err := Read(strings.NewReader("Keyword\na\nb\nc\n"), Options{}, func(Row) error {
		if n++; n == 2 {
			return stop
		}
		return nil
	})
	if !errors.Is(err, stop) || err.Error() != "line 3: stop" || n != 2 {
		t.Errorf("got %v after %d rows, want line 3: stop after 2", err, n)
	}
	if rep.Encoding != UTF8 || rep.Format != Plain {
		t.Errorf("the report is not filled: %+v", rep)
	}
}

type brokenReader struct{ err error }

func (r brokenReader) Read([]byte) (int, error) { return 0, r.err }

func TestErrorOfTheReaderIsKept(t *testing.T) {
	gone := errors.New("connection gone")
	for _, start := range []string{"", "Keyword\na\n", "Keyword\n" + strings.Repeat("a\n", 100_000)} {
		src := io.MultiReader(strings.NewReader(start), brokenReader{gone})
		_, err := Read(src, Options{}, func(Row) error { return nil })
		if !errors.Is(err, gone) {
			t.Errorf("after %d bytes: got %v, want %v", len(start), err, gone)
		}
	}
}

func sheetOf(rows ...[]string) iter.Seq2[[]string, error] {
	return func(yield func([]string, error) bool) {
		for _, r := range rows {
			if !yield(r, nil) {
				return
			}
		}
	}
}

func TestReadCells(t *testing.T) {
	for _, tt := range []struct {
		name  string
		sheet iter.Seq2[[]string, error]
		want  []string
		err   error
	}{
		{"a table", sheetOf([]string{"Report"}, nil, []string{"Keyword", "CPC (USD)"}, []string{"a, b", "0.34"}, []string{"c"}),
			[]string{"4 a, b cpc=340000USD", "5 c"}, nil},
		{"a list", sheetOf([]string{"a, b"}, nil, []string{"c"}), []string{"1 a, b", "3 c"}, nil},
		{"nothing", sheetOf(nil, []string{"", " "}), nil, ErrEmpty},
		{"no keywords", sheetOf([]string{"Page", "Clicks"}, []string{"x", "1"}), nil, ErrNoKeywordColumn},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var rows []Row
			_, err := ReadCells(tt.sheet, Options{}, func(r Row) error { rows = append(rows, r); return nil })
			if !errors.Is(err, tt.err) || !slices.Equal(lines(rows), tt.want) {
				t.Errorf("got %q, %v, want %q, %v", lines(rows), err, tt.want, tt.err)
			}
		})
	}
}

// repeat is an endless file, so that a limit is what ends it.
type repeat string

func (r repeat) Read(p []byte) (int, error) {
	n := 0
	for n < len(p) {
		n += copy(p[n:], r)
	}
	return n, nil
}

// Memory does not grow with the file, whether it has many lines or one.
func TestMemoryIsBounded(t *testing.T) {
	for _, tt := range []struct {
		name string
		src  io.Reader
		opt  Options
		want error
	}{
		{"8 MB of rows", repeat("running shoes,100,Informational\n"), Options{MaxBytes: 8 << 20}, ErrTooLarge},
		{"one endless line", repeat("x"), Options{MaxBytes: 1 << 40}, ErrLineTooLong},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var peak uint64
			n := 0
			src := io.MultiReader(strings.NewReader("Keyword,Volume,Intent\n"), tt.src)
			_, err := Read(src, tt.opt, func(Row) error {
				if n++; n%50_000 == 1 {
					peak = max(peak, live())
				}
				return nil
			})
			if !errors.Is(err, tt.want) {
				t.Fatalf("got %v, want %v", err, tt.want)
			}
			if peak > 8<<20 {
				t.Errorf("%d MB live while reading", peak>>20)
			}
		})
	}
}

func live() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}
