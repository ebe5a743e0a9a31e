package provider

import "strings"

// Inside is the text of a section, without its own heading and without what
// would begin another section: a heading of the first or second level becomes
// one of the third.
func Inside(markdown, heading string) string {
	var out []string
	fence := ""
	first, rest, _ := strings.Cut(strings.TrimSpace(markdown), "\n")
	if headed(first) > 0 && strings.EqualFold(strings.TrimSpace(strings.Trim(strings.TrimSpace(first), "#")), strings.TrimSpace(heading)) {
		return Inside(rest, "")
	}
	for l := range strings.SplitSeq(strings.TrimSpace(markdown), "\n") {
		t := strings.TrimSpace(l)
		switch {
		case fence != "":
			if strings.HasPrefix(t, fence) {
				fence = ""
			}
		case strings.HasPrefix(t, "```"), strings.HasPrefix(t, "~~~"):
			fence = t[:3]
		case headed(l) > 0:
			text := strings.TrimSpace(strings.Trim(t, "#"))
			if headed(l) < 3 {
				l = "### " + text
			}
		}
		out = append(out, l)
	}
	return strings.TrimSpace(strings.Join(out, "\n"))
}

// headed is the level of the heading that a line of Markdown is; zero: none.
func headed(l string) int {
	t := strings.TrimLeft(l, " ")
	rest := strings.TrimLeft(t, "#")
	n := len(t) - len(rest)
	if len(l)-len(t) > 3 || n == 0 || n > 6 || rest != "" && rest[0] != ' ' && rest[0] != '\t' {
		return 0
	}
	return n
}

// Part is a section of an article: what stands under a heading of the second
// level, or before the first of them.
type Part struct {
	Heading  string // empty: of the beginning
	Text     string
	from, to int // where the text and the space around it are
}

// Parts divides the Markdown of an article into its sections. The first is what
// stands before any heading of the second level, and may be empty.
func Parts(markdown string) []Part {
	parts := []Part{{}}
	end := func(at int) {
		p := &parts[len(parts)-1]
		p.Text, p.to = strings.TrimSpace(markdown[p.from:at]), at
	}
	fence, at := "", 0
	for l := range strings.SplitAfterSeq(markdown, "\n") {
		t := strings.TrimSpace(l)
		switch {
		case fence != "":
			if strings.HasPrefix(t, fence) {
				fence = ""
			}
		case strings.HasPrefix(t, "```"), strings.HasPrefix(t, "~~~"):
			fence = t[:3]
		case headed(strings.TrimRight(l, "\r\n")) == 2:
			end(at)
			parts = append(parts, Part{Heading: strings.TrimSpace(strings.Trim(t, "#")), from: at + len(l)})
		}
		at += len(l)
	}
	end(at)
	return parts
}

// Replace is the Markdown of an article with another text in the n-th of its
// sections. The others stay as they are, to the letter.
func Replace(markdown string, n int, text string) string {
	p := Parts(markdown)[n]
	before, after := markdown[:p.from], markdown[p.to:]
	if before != "" {
		before = strings.TrimRight(before, "\r\n") + "\n\n"
	}
	if after != "" {
		after = "\n" + after
	}
	return before + strings.TrimSpace(text) + "\n" + after
}
