package writer

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"strings"
	"sync"

	"github.com/microcosm-cc/bluemonday"
	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/extension"

	"igny8/internal/site"
	"igny8/internal/tenant"
)

var renderer = sync.OnceValues(func() (goldmark.Markdown, *bluemonday.Policy) {
	return goldmark.New(goldmark.WithExtensions(extension.GFM)), bluemonday.UGCPolicy()
})

// HTML is an article as readers see it, safe to show: its text, and below that
// the answers under a heading in the site's language.
func HTML(ctx context.Context, r tenant.Reader, c Content) (string, error) {
	if len(c.FAQ) == 0 {
		return Render(c.Markdown)
	}
	s, err := site.Load(ctx, r, c.Site)
	if err != nil {
		return "", err
	}
	return Render(c.whole(s.Language))
}

// whole is the text of an article with its answers, in Markdown.
func (c Content) whole(language string) string {
	if len(c.FAQ) == 0 {
		return c.Markdown
	}
	base, _, _ := strings.Cut(strings.ToLower(language), "-")
	var b strings.Builder
	b.WriteString(strings.TrimRight(c.Markdown, "\n") + "\n\n## " + cmp.Or(faqHeadings[base], faqHeadings["en"]) + "\n")
	for _, a := range c.FAQ {
		b.WriteString("\n### " + a.Question + "\n\n" + strings.TrimSpace(a.Answer) + "\n")
	}
	return b.String()
}

// faqHeadings is what stands above the answers, by language.
var faqHeadings = map[string]string{
	"cs": "Časté otázky", "da": "Ofte stillede spørgsmål", "de": "Häufige Fragen", "en": "Frequently asked questions", "es": "Preguntas frecuentes",
	"fi": "Usein kysyttyä", "fr": "Questions fréquentes", "it": "Domande frequenti", "nl": "Veelgestelde vragen", "no": "Ofte stilte spørsmål",
	"nb": "Ofte stilte spørsmål", "pl": "Najczęstsze pytania", "pt": "Perguntas frequentes", "ro": "Întrebări frecvente", "sv": "Vanliga frågor",
	"tr": "Sık sorulan sorular", "uk": "Поширені запитання", "ja": "よくある質問", "zh": "常见问题",
}

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
