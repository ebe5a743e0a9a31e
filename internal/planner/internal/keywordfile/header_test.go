package keywordfile

import (
	"errors"
	"slices"
	"testing"
)

// The table of names is looked up with headerKey, so it must be written so.
func TestNamesAreKeys(t *testing.T) {
	seen := make(map[string]Meaning)
	for m, list := range names {
		for _, name := range list {
			if got := headerKey(name); got != name {
				t.Errorf("%s: %q is looked up as %q", m, name, got)
			}
			if other, ok := seen[name]; ok {
				t.Errorf("%q is both %s and %s", name, other, m)
			}
			seen[name] = m
		}
	}
	for _, m := range marks {
		for _, name := range m.headers {
			if got := headerKey(name); got != name {
				t.Errorf("%s: %q is looked up as %q", m.format, name, got)
			}
		}
	}
}

func TestUnderstand(t *testing.T) {
	for _, tt := range []struct {
		name  string
		cells []string
		want  map[Meaning]int
	}{
		{"case and signs", []string{"KEYWORD", "Avg. Monthly_Searches:"}, map[Meaning]int{KeywordColumn: 0, VolumeColumn: 1}},
		{"first of equals", []string{"keyword", "Keyword"}, map[Meaning]int{KeywordColumn: 0}},
		{"the better name", []string{"Term", "Keyword"}, map[Meaning]int{KeywordColumn: 1}},
		{"other volumes", []string{"Global volume", "Parent Keyword", "Competition"}, nil},
		{"a currency", []string{"CPC (EUR)", "Keyword (main)"}, map[Meaning]int{CPCColumn: 0}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h := understand(record{line: 1, cells: tt.cells})
			if len(h.index) != len(tt.want) {
				t.Fatalf("got %v, want %v", h.index, tt.want)
			}
			for m, i := range tt.want {
				if h.column(m) != i {
					t.Errorf("%s: got column %d, want %d", m, h.column(m), i)
				}
			}
		})
	}
}

// TestColumnsAsAPersonSays has a table whose headers say nothing, or the wrong
// thing, and one without headers.
func TestColumnsAsAPersonSays(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, file string
		as         map[int]Meaning
		want       []string
		err        error
	}{
		{"as they are", "Keyword,Volume\na,1\n", nil, []string{"2 a vol=1"}, nil},
		{"unknown headers", "Ding;Zahl\na;1\n", map[int]Meaning{0: KeywordColumn, 1: VolumeColumn}, []string{"2 a vol=1"}, nil},
		{"another column", "Keyword,Volume,Mine\na,1,2\n", map[int]Meaning{2: VolumeColumn}, []string{"2 a vol=2"}, nil},
		{"two exchanged", "Keyword,Query\na,b\n", map[int]Meaning{1: KeywordColumn, 0: ""}, []string{"2 b"}, nil},
		{"one left out", "Keyword,Volume\na,1\n", map[int]Meaning{1: ""}, []string{"2 a"}, nil},
		{"no headers", "a,1\nb,2\n", map[int]Meaning{0: KeywordColumn, 1: VolumeColumn}, []string{"1 a vol=1", "2 b vol=2"}, nil},
		{"no keyword", "Keyword,Volume\na,1\n", map[int]Meaning{0: ""}, nil, ErrNoKeywordColumn},
		{"outside", "Keyword,Volume\na,1\n", map[int]Meaning{9: VolumeColumn, -1: KeywordColumn}, []string{"2 a vol=1"}, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var rows []Row
			_, err := ReadFile([]byte(tt.file), Options{Columns: tt.as}, func(r Row) error { rows = append(rows, r); return nil })
			if !errors.Is(err, tt.err) || !slices.Equal(lines(rows), tt.want) {
				t.Errorf("got %q, %v, want %q, %v", lines(rows), err, tt.want, tt.err)
			}
		})
	}
}
