package writer_test

import (
	"strings"
	"testing"

	"igny8/internal/writer"
)

func TestRender(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, markdown, want string }{
		{"headings and emphasis", "## Bees\n\nThey *sting*.", "<h2>Bees</h2>\n<p>They <em>sting</em>.</p>\n"},
		{"a table", "| a | b |\n|---|---|\n| 1 | 2 |", "<table>\n<thead>\n<tr>\n<th>a</th>\n<th>b</th>\n</tr>\n</thead>\n<tbody>\n<tr>\n<td>1</td>\n<td>2</td>\n</tr>\n</tbody>\n</table>\n"},
		{"struck out", "~~old~~", "<p><del>old</del></p>\n"},
		{"a link", "[bees](https://bees.example/a?b=1&c=2)", `<p><a href="https://bees.example/a?b=1&amp;c=2" rel="nofollow">bees</a></p>` + "\n"},
		{"code is shown, not run", "`<script>alert(1)</script>`", "<p><code>&lt;script&gt;alert(1)&lt;/script&gt;</code></p>\n"},
	} {
		if got, err := writer.Render(tt.markdown); err != nil || got != tt.want {
			t.Errorf("%s: %q, %v, want %q", tt.name, got, err, tt.want)
		}
	}
}

// hostile is what a model, a page that it read or an editor may try.
var hostile = []string{
	"<script>alert(1)</script>",
	"a <img src=x onerror=alert(1)> b",
	"[x](javascript:alert(1))",
	"[x](JaVaScRiPt:alert(1))",
	"![x](data:text/html;base64,PHNjcmlwdD5hbGVydCgxKTwvc2NyaXB0Pg==)",
	"<javascript:alert(1)>",
	"<iframe src=\"https://evil.example\"></iframe>",
	"<svg/onload=alert(1)>",
	"[x](<https://a.example\" onmouseover=\"alert(1)>)",
	"<div style=\"background:url(javascript:alert(1))\">x</div>",
	"<form action=https://evil.example><input name=q></form>",
	"<a href=\"vbscript:msgbox(1)\">x</a>",
	"<style>*{display:none}</style>",
	"<!--[if IE]><script>alert(1)</script><![endif]-->",
}

func TestRenderIsSafe(t *testing.T) {
	t.Parallel()
	for _, markdown := range hostile {
		got, err := writer.Render("Before\n\n" + markdown + "\n\nAfter")
		if err != nil {
			t.Errorf("%s: %v", markdown, err)
		}
		wantSafe(t, markdown, got)
		if !strings.Contains(got, "<p>Before</p>") || !strings.Contains(got, "<p>After</p>") {
			t.Errorf("%s took what stands beside it: %s", markdown, got)
		}
	}
}

// wantSafe fails the test when html has an element or an attribute that can
// act. Text may say anything.
func wantSafe(t *testing.T, from, html string) {
	t.Helper()
	for _, tag := range strings.Split(html, "<")[1:] {
		tag, _, _ = strings.Cut(strings.ToLower(tag), ">")
		for _, bad := range []string{"script", "iframe", "svg", "form", "input", "style", "object", "embed", "data:", "vbscript:", "!--", " on"} {
			if strings.Contains(tag, bad) {
				t.Errorf("%q became %q: it has %q", from, html, bad)
			}
		}
	}
}

func FuzzRender(f *testing.F) {
	for _, markdown := range hostile {
		f.Add(markdown)
	}
	f.Fuzz(func(t *testing.T, markdown string) {
		got, err := writer.Render(markdown)
		if err != nil {
			t.Fatal(err)
		}
		for _, tag := range strings.Split(strings.ToLower(got), "<")[1:] {
			if strings.HasPrefix(tag, "script") || strings.HasPrefix(tag, "iframe") || strings.HasPrefix(tag, "style") {
				t.Errorf("%q became %q", markdown, got)
			}
		}
	})
}
