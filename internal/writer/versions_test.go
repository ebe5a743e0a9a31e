package writer

import (
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// TestDiffLines: the lines that are the same or removed are the text before, and
// those that are the same or added the text after.
func TestDiffLines(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		line := rapid.SampledFrom([]string{"", "a", "b", "## c", "a b", "ä\t"})
		before := strings.Join(rapid.SliceOfN(line, 0, 12).Draw(t, "before"), "\n")
		after := strings.Join(rapid.SliceOfN(line, 0, 12).Draw(t, "after"), "\n")
		all, err := diffLines(before, after)
		if err != nil {
			t.Fatal(err)
		}
		var old, now strings.Builder
		for _, l := range all {
			if l.Op != Added {
				old.WriteString(l.Text + "\n")
			}
			if l.Op != Removed {
				now.WriteString(l.Text + "\n")
			}
		}
		ended := func(s string) string {
			if s != "" && !strings.HasSuffix(s, "\n") {
				s += "\n"
			}
			return s
		}
		if old.String() != ended(before) || now.String() != ended(after) {
			t.Errorf("%q and %q, of %q and %q", old.String(), now.String(), before, after)
		}
	})
}
