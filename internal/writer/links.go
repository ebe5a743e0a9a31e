package writer

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"igny8/internal/tenant"
)

// Link is an article of the same site that can be read there.
type Link struct {
	Content ContentID `json:"content_id"`
	Title   string    `json:"title"`
	URL     string    `json:"url"`
}

// How many articles a brief sends its readers to, and among how many of the
// newest they are looked for.
const (
	mostLinks   = 5
	linksAmong  = 5000
	linkWordMin = 3 // letters: a shorter word says nothing of a subject
)

// related is the articles of the site that share most with what a task is about:
// a word counts the more, the fewer titles have it.
func related(ctx context.Context, r tenant.Reader, t Task) ([]Link, error) {
	all, err := links(ctx, r, `AND c.site_id = $2 AND c.url <> '' ORDER BY c.id DESC LIMIT $3`, t.Site, linksAmong)
	if err != nil {
		return nil, err
	}
	have := make([][]string, len(all))
	titles := map[string]int{} // that have a word
	for i, l := range all {
		have[i] = telling(l.Title)
		for _, w := range have[i] {
			titles[w]++
		}
	}
	about := telling(t.Title + " " + strings.Join(t.Brief.Keywords, " "))
	type ranked struct {
		Link
		score float64
	}
	var rank []ranked
	for i, l := range all {
		score := 0.0
		for _, w := range have[i] {
			if slices.Contains(about, w) {
				score += 1 / float64(titles[w])
			}
		}
		if score > 0 {
			rank = append(rank, ranked{l, score})
		}
	}
	slices.SortStableFunc(rank, func(a, b ranked) int { return cmp.Compare(b.score, a.score) })
	var out []Link
	for _, l := range rank[:min(len(rank), mostLinks)] {
		out = append(out, l.Link)
	}
	return out, nil
}

// telling is the words of a text that may say what it is about, each once.
func telling(s string) []string {
	ws := slices.DeleteFunc(wordsOf(s), func(w string) bool { return len([]rune(w)) < linkWordMin })
	slices.Sort(ws)
	return slices.Compact(ws)
}

// readable is those of some links that can be read still, as they are now.
func readable(ctx context.Context, r tenant.Reader, of []Link) ([]Link, error) {
	var out []Link
	for _, l := range of {
		now, err := links(ctx, r, `AND c.id = $2 AND c.url <> ''`, l.Content)
		if err != nil {
			return nil, err
		}
		out = append(out, now...)
	}
	return out, nil
}

func links(ctx context.Context, r tenant.Reader, where string, args ...any) ([]Link, error) {
	var all []Link
	err := r.Each(ctx, `
		SELECT c.id, v.title, c.url FROM contents c JOIN content_versions v ON v.account_id = c.account_id AND v.content_id = c.id AND v.version = c.version
		WHERE c.account_id = $1 `+where, args, func(scan tenant.Scan) error {
		var l Link
		err := scan(&l.Content, &l.Title, &l.URL)
		all = append(all, l)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("articles to link to: %w", err)
	}
	return all, nil
}
