package offline

import "strings"

// safe is text that Markdown shows as it is written: no keyword can become a
// heading, a link or a tag.
func safe(s string) string {
	var b strings.Builder
	for _, r := range s {
		if strings.ContainsRune("\\`*_{}[]<>#|~&!@:", r) {
			b.WriteByte('\\')
		}
		b.WriteRune(r)
	}
	out := b.String()
	for _, w := range []string{"www.", "WWW.", "Www."} {
		out = strings.ReplaceAll(out, w, w[:3]+`\.`)
	}
	return out
}

// meta is at most 160 characters for a search result.
func meta(title, angle string) string { return clip(excerpt(title, angle), 160) }

func excerpt(title, angle string) string {
	if a := plain(angle); a != "" {
		return strings.TrimRight(title, ".?!") + ": " + a
	}
	return title
}

// clip is s in at most n characters, cut between words.
func clip(s string, n int) string {
	r := []rune(s)
	if len(r) <= n {
		return s
	}
	cut := strings.TrimRight(string(r[:n-1]), " ")
	if i := strings.LastIndex(cut, " "); i > n/2 {
		cut = cut[:i]
	}
	return strings.TrimRight(cut, " ,;:") + "…"
}
