package keywordfile

import "testing"

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
