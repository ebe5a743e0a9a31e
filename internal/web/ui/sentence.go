package ui

import (
	"context"
	"io"
	"regexp"
	"strconv"

	"github.com/a-h/templ"

	"igny8/internal/words"
)

var slot = regexp.MustCompile(`\{[1-9]\}`)

// Sentence is words with components among them, such as a link: the first
// stands in the place of {1}, wherever a language puts it.
func Sentence(t words.Text, parts ...templ.Component) templ.Component {
	return templ.ComponentFunc(func(ctx context.Context, w io.Writer) error {
		said, from := say(ctx, t), 0
		for _, at := range slot.FindAllStringIndex(said, -1) {
			if _, err := io.WriteString(w, templ.EscapeString(said[from:at[0]])); err != nil {
				return err
			}
			from = at[1]
			if n, _ := strconv.Atoi(said[at[0]+1 : at[1]-1]); n <= len(parts) { // it is a digit
				if err := parts[n-1].Render(ctx, w); err != nil {
					return err
				}
			}
		}
		_, err := io.WriteString(w, templ.EscapeString(said[from:]))
		return err
	})
}
