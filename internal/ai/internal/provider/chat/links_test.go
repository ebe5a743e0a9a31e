package chat

import (
	"testing"

	"igny8/internal/ai/internal/provider"
)

// TestOnlyLinks keeps what was offered, and the words of the rest.
func TestOnlyLinks(t *testing.T) {
	t.Parallel()
	offered := []provider.Link{{Title: "Honey", URL: "https://bees.example/honey_(raw)"}}
	for in, want := range map[string]string{
		"See [honey](https://bees.example/honey_(raw)).":               "See [honey](https://bees.example/honey_(raw)).",
		`See [honey](<https://bees.example/honey_(raw)> "Honey").`:     `See [honey](<https://bees.example/honey_(raw)> "Honey").`,
		"See [cheap pills](https://evil.example/x?y=(1)) now.":         "See cheap pills now.",
		`See [a \] b](https://evil.example "t") now.`:                  `See a \] b now.`,
		"Look: ![a bee](https://evil.example/pixel.gif) here":          "Look:  here",
		"Write to <mailto:a@evil.example> or <https://evil.example>.":  "Write to  or .",
		"See [there][1].\n\n[1]: https://evil.example 'x'\n\nThe end.": "See [there][1].\n\n\n\nThe end.",
		"[x](javascript:alert(1)) [y](/etc) [z]()":                     "x y z",
		"An array a[1](2) of 3":                                        "An array a1 of 3",
		"- [ ] a task (open)":                                          "- [ ] a task (open)",
	} {
		if got := onlyLinks(in, offered); got != want {
			t.Errorf("%q becomes %q, want %q", in, got, want)
		}
	}
}
