package writer

import (
	"bytes"
	"fmt"
	"sync"

	"github.com/microcosm-cc/bluemonday"
	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/extension"
)

var renderer = sync.OnceValues(func() (goldmark.Markdown, *bluemonday.Policy) {
	return goldmark.New(goldmark.WithExtensions(extension.GFM)), bluemonday.UGCPolicy()
})

// Render is Markdown (GitHub's) as HTML that is safe to show: neither the
// model nor an editor can bring in a script.
func Render(markdown string) (string, error) {
	md, policy := renderer()
	var b bytes.Buffer
	if err := md.Convert([]byte(markdown), &b); err != nil {
		return "", fmt.Errorf("render an article: %w", err)
	}
	return policy.Sanitize(b.String()), nil
}
