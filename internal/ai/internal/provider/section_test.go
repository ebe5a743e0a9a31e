package provider_test

import (
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"igny8/internal/ai/internal/provider"
)

func TestParts(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"":                               "[[ ]]",
		"Once.":                          "[[ Once.]]",
		"## A\n\nOne.\n\n### B\n\nTwo.":  "[[ ] [A One.\n\n### B\n\nTwo.]]",
		"Once.\n## A\n## B ##\nTwo.":     "[[ Once.] [A ] [B Two.]]",
		"```\n## no heading\n```\n##\nx": "[[ ```\n## no heading\n```] [ x]]",
		"##no heading\n    ## nor this":  "[[ ##no heading\n    ## nor this]]",
	} {
		if got := fmt.Sprint(shown(provider.Parts(in))); got != want {
			t.Errorf("%q is divided into %q, want %q", in, got, want)
		}
	}
}

// shown is sections without their places.
func shown(all []provider.Part) [][2]string {
	out := [][2]string{}
	for _, p := range all {
		out = append(out, [2]string{p.Heading, p.Text})
	}
	return out
}

// TestReplace changes one section and no other, whatever the text.
func TestReplace(t *testing.T) {
	t.Parallel()
	line := rapid.SampledFrom([]string{"", "Bees.", "## A", "### B", "# C", "```", "~~~", "  ## D", "- x", "\t## E", "##", "## F\r"})
	rapid.Check(t, func(t *rapid.T) {
		text := strings.Join(rapid.SliceOfN(line, 0, 12).Draw(t, "lines"), "\n")
		parts := provider.Parts(text)
		n := rapid.IntRange(0, len(parts)-1).Draw(t, "section")
		want := shown(parts)
		want[n][1] = "Anew."
		if open := strings.Count(parts[n].Text, "```") + strings.Count(parts[n].Text, "~~~"); open > 0 && n < len(parts)-1 {
			t.Skip("what closes a fence is replaced with it")
		}
		if got := shown(provider.Parts(provider.Replace(text, n, " Anew.\n"))); fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("%q with section %d anew is %q, want %q", text, n, got, want)
		}
		if inside := provider.Parts(provider.Inside(text, "A")); len(inside) != 1 {
			t.Errorf("%q inside of a section begins %d others", text, len(inside)-1)
		}
	})
}
