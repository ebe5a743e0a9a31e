package keywordfile

import (
	"strings"
	"testing"
	"unicode/utf8"
)

// FuzzRead holds Read to its contract on any bytes: it ends, its rows are valid
// and in order, and its report adds up.
func FuzzRead(f *testing.F) {
	for _, seed := range []string{
		"", "a", searchConsole, semrush, planner, "\xff\xfe" + utf16le(ahrefs), utf16be(planner),
		"Keyword;CPC\r\"a\"\"b\";\"1.234,5 €\"\r", "sep=|\nQuery|Intent\nx|C", "H\xe4ufigste Suchanfragen\nm\xf6bel\n",
		"\xef\xbb\xbfKeyword\na\xff", "PK\x03\x04", "a,b\nc,d\n", "\"", "\"a\" \"b", "Keyword,URL\na,http://[::1\n",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, file []byte) {
		opt := Options{MaxIssues: 5}
		rows, last := 0, 0
		most := 1 + lineBreaks(file)
		if strings.IndexByte(string(file), 0) >= 0 {
			most = len(file) // UTF-16: its line breaks are not those of its bytes
		}
		rep, err := Read(strings.NewReader(string(file)), opt, func(r Row) error {
			checkRow(t, r)
			if r.Line <= last || r.Line > most {
				t.Fatalf("line %d after %d, of %d", r.Line, last, most)
			}
			rows, last = rows+1, r.Line
			return nil
		})
		if err != nil && (err.Error() == "" || !utf8.ValidString(err.Error())) {
			t.Fatalf("error says %q", err)
		}
		if rep.Rows != rows || len(rep.Rejected) > opt.MaxIssues || len(rep.Rejected) > rep.RejectedCount {
			t.Fatalf("%d rows, report %+v", rows, rep)
		}
		for _, i := range append(rep.Rejected, rep.Warnings...) {
			if i.Line < 1 || i.Line > most || i.Reason == "" || !utf8.ValidString(i.Value) {
				t.Fatalf("issue %+v", i)
			}
		}
	})
}

func checkRow(t *testing.T, r Row) {
	t.Helper()
	switch {
	case r.Phrase == "" || !utf8.ValidString(r.Phrase) || Clean(r.Phrase) != r.Phrase:
		t.Fatalf("phrase %q", r.Phrase)
	case Key(r.Phrase) == "" || Key(Key(r.Phrase)) != Key(r.Phrase):
		t.Fatalf("key of %q: %q", r.Phrase, Key(r.Phrase))
	case r.Difficulty != nil && (*r.Difficulty < 0 || *r.Difficulty > 100):
		t.Fatalf("difficulty %d", *r.Difficulty)
	case r.VolumeMax != nil && *r.VolumeMax < *r.Volume:
		t.Fatalf("volume from %d to %d", *r.Volume, *r.VolumeMax)
	}
	for _, n := range []*int64{r.Volume, r.CPC, r.Clicks, r.Impressions, r.Position} {
		if n != nil && *n < 0 {
			t.Fatalf("number %d", *n)
		}
	}
}
