package mt940

import (
	"regexp"
	"strings"
)

// field is one field of a message: its tag, its first line, and those after.
type field struct {
	tag   string // such as "61" or "60F"; "-" at the end of a message
	at    int    // the line of the file, from 1
	lines []string
}

var (
	tagged = regexp.MustCompile(`^:(\d{2,3}[A-Z]?|NS):`)
	ending = regexp.MustCompile(`^-(\}.*|XXX)?\s*$`)
)

// fields cuts a file into fields. Blank lines are nothing; what stands before
// the first field of a message (addresses, blocks in braces) is left out, and
// what stands before any field at all too.
func fields(text string) []field {
	var all []field
	at, inside := 0, false
	for rest := text; rest != ""; {
		var line string
		line, rest = cutLine(rest)
		at++
		if strings.HasPrefix(line, "{") {
			_, line, _ = strings.Cut(line, "{4:")
		}
		switch m := tag(line); {
		case strings.TrimSpace(line) == "":
		case m != "":
			all = append(all, field{tag: m, at: at, lines: []string{line[len(m)+2:]}})
			inside = true
		case line[0] == '-' && ending.MatchString(line):
			all = append(all, field{tag: "-", at: at})
			inside = false
		case inside:
			f := &all[len(all)-1]
			f.lines = append(f.lines, line)
		}
	}
	return all
}

func tag(line string) string {
	if !strings.HasPrefix(line, ":") {
		return ""
	}
	if m := tagged.FindStringSubmatch(line); m != nil {
		return m[1]
	}
	return ""
}

// cutLine takes the first line off a text, whatever ends it.
func cutLine(text string) (line, rest string) {
	i := strings.IndexAny(text, "\r\n")
	switch {
	case i < 0:
		return text, ""
	case strings.HasPrefix(text[i:], "\r\n"):
		return text[:i], text[i+2:]
	}
	return text[:i], text[i+1:]
}
