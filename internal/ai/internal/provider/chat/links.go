package chat

import (
	"regexp"
	"strings"

	"igny8/internal/ai/internal/provider"
)

// What leads away from an article in Markdown: a link or picture with its
// address beside it, one in angle brackets, and the line that gives an address a
// name.
var (
	besideLink = regexp.MustCompile(`(!?)\[((?:[^\[\]\\]|\\.)*)\]\(\s*(?:<([^<>\n]*)>|([^\s()<>]*(?:\([^\s()<>]*\)[^\s()<>]*)*))(?:\s+(?:"[^"\n]*"|'[^'\n]*'))?\s*\)`)
	angleLink  = regexp.MustCompile(`<(?:https?://|mailto:)[^<>\s]*>`)
	namedLink  = regexp.MustCompile(`(?m)^ {0,3}\[[^\[\]\n]+\]:[ \t]*\S+.*$`)
)

// onlyLinks takes the links to other addresses than the ones given out of a
// text, and every picture; the words stay. A model makes addresses up, and may
// have been told to by what is hidden in a keyword.
func onlyLinks(markdown string, links []provider.Link) string {
	known := map[string]bool{}
	for _, l := range links {
		known[l.URL] = true
	}
	markdown = besideLink.ReplaceAllStringFunc(markdown, func(s string) string {
		m := besideLink.FindStringSubmatch(s)
		switch {
		case m[1] != "":
			return ""
		case known[m[3]+m[4]]:
			return s
		}
		return m[2]
	})
	markdown = angleLink.ReplaceAllStringFunc(markdown, func(s string) string {
		if known[strings.Trim(s, "<>")] {
			return s
		}
		return ""
	})
	return strings.TrimSpace(namedLink.ReplaceAllString(markdown, ""))
}
