package mt940

import (
	"regexp"
	"strings"

	"igny8/internal/bank/internal/statement"
)

// details takes an :86:. After a line it explains that line, also when it comes
// again; after the closing balance or before the first line it is about the
// whole statement.
func (r *reader) details(f field) {
	m := r.current
	if len(m.Lines) > 0 && !m.has("62F", "62M") {
		m.pieces = append(m.pieces, f.lines...)
		return
	}
	m.Info = statement.Clean(m.Info + " " + strings.Join(f.lines, " "))
}

// explain reads what was gathered about the last line.
func (r *reader) explain() {
	m := r.current
	if len(m.pieces) == 0 {
		return
	}
	l := &m.Lines[len(m.Lines)-1]
	pieces := m.pieces
	m.pieces = nil
	l.Raw = strings.TrimSpace(strings.Join(pieces, "\n"))
	whole := strings.TrimSpace(strings.Join(pieces, ""))
	switch {
	case german(l, m.Account, whole):
	case strokes(l, whole):
	default:
		plain(l, pieces)
	}
}

var knab = regexp.MustCompile(`^REK: *([A-Z0-9 ]+?) */ *NAAM: *(.*)$`)

// plain reads a text line by line. One with REK: and NAAM: names the other side.
func plain(l *statement.Line, pieces []string) {
	for _, p := range pieces {
		if part := knab.FindStringSubmatch(strings.TrimSpace(p)); part != nil {
			who := other(l)
			who.Account, who.Name = statement.ParseAccount(part[1]), statement.Clean(part[2])
			continue
		}
		text(l, p)
	}
}

func text(l *statement.Line, s string) {
	if s = statement.Clean(s); s != "" {
		l.Text = append(l.Text, s)
	}
}
