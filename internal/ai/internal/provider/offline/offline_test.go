package offline_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/extension"
	"pgregory.net/rapid"

	"igny8/internal/ai/internal/provider"
	"igny8/internal/ai/internal/provider/offline"
	"igny8/internal/credit"
	"igny8/internal/db/dbtest"
	"igny8/internal/tenant"
	"igny8/internal/tenant/tenanttest"
)

// paid is an open hold.
func paid(t *testing.T) *credit.Hold {
	t.Helper()
	d := dbtest.Open(t)
	var h *credit.Hold
	err := tenant.NewStore(d).Update(t.Context(), tenanttest.New(t, d), func(ctx context.Context, tx *tenant.Tx) error {
		if _, err := credit.Grant(ctx, tx, credit.NewLot{Source: credit.BonusCredits, Reference: "b", Amount: 100}); err != nil {
			return err
		}
		hid, err := credit.Reserve(ctx, tx, credit.Want{Amount: 100, Operation: credit.GenerateContent, Reference: "test"})
		if err != nil {
			return err
		}
		h, err = credit.Open(ctx, tx, hid)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func TestNothingWithoutAHold(t *testing.T) {
	t.Parallel()
	p := offline.New()
	for what, err := range map[string]error{
		"cluster": second(p.Cluster(t.Context(), nil, provider.ClusterBrief{})),
		"ideas":   second(p.Ideas(t.Context(), &credit.Hold{}, provider.IdeasBrief{Cluster: "c", Count: 1})),
		"article": second(p.Article(t.Context(), nil, provider.ArticleBrief{Title: "t"})),
	} {
		if !errors.Is(err, provider.ErrRefused) {
			t.Errorf("%s for nothing: %v", what, err)
		}
	}
}

func second[T any](_ T, _ provider.Usage, err error) error { return err }

func keywords(texts ...string) []provider.Keyword {
	var ks []provider.Keyword
	for _, t := range texts {
		ks = append(ks, provider.Keyword{Text: t})
	}
	return ks
}

func TestIdeasDifferAndKeepToTheCluster(t *testing.T) {
	t.Parallel()
	h := paid(t)
	for _, intent := range []provider.Intent{"", provider.Informational, provider.Commercial, provider.Transactional, provider.Navigational} {
		in := provider.IdeasBrief{
			Language: "en", Cluster: "Coffee grinder", Intent: intent, Count: 6, Avoid: []string{"COFFEE GRINDER: a complete guide"},
			Keywords: keywords("coffee grinder", "burr coffee grinder", "how to clean a coffee grinder"),
		}
		ideas, u, err := offline.New().Ideas(t.Context(), h, in)
		if err != nil || len(ideas) != 6 || u.Ideas != 6 {
			t.Fatalf("%q: %d ideas, usage %+v, %v", intent, len(ideas), u, err)
		}
		again, _, err := offline.New().Ideas(t.Context(), h, in)
		if err != nil || fmt.Sprint(again) != fmt.Sprint(ideas) {
			t.Errorf("%q: another answer the second time, %v", intent, err)
		}
		seen := map[string]bool{}
		for _, i := range ideas {
			low := strings.ToLower(i.Title)
			if seen[low] || low == "coffee grinder: a complete guide" {
				t.Errorf("%q: %q stands twice, or was to be avoided", intent, i.Title)
			}
			seen[low] = true
			if !strings.Contains(low, "coffee grinder") || len(i.Outline) < 4 || i.Angle == "" || i.Audience == "" || i.Intent == "" {
				t.Errorf("%q: idea %+v", intent, i)
			}
			for _, k := range i.Keywords {
				if !slices.ContainsFunc(in.Keywords, func(o provider.Keyword) bool { return o.Text == k }) {
					t.Errorf("%q: %q is not a keyword of the cluster", intent, k)
				}
			}
		}
		if !seen["how to clean a coffee grinder?"] {
			t.Errorf("%q: the question is no article: %v", intent, seen)
		}
	}
	few, _, err := offline.New().Ideas(t.Context(), h, provider.IdeasBrief{Cluster: "tea", Keywords: keywords("tea"), Count: 20})
	if err != nil || len(few) == 0 || len(few) >= 20 {
		t.Errorf("one keyword supports %d ideas, %v", len(few), err)
	}
}

var (
	sentence = regexp.MustCompile(`[^\n]{25,}?[.!?](?:\s|$)`)
	slugLike = regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*$`)
)

func TestArticlesKeepTheirPromises(t *testing.T) {
	t.Parallel()
	h := paid(t)
	nasty := []string{"coffee", "how to descale", "<script>alert(1)</script>", "](http://evil.example)", "# heading", "1. one", "a|b", "`x`", "c#", "größe für äpfel", "咖啡机", "www.evil.example", "&lt;b&gt;"}
	rapid.Check(t, func(rt *rapid.T) {
		in := provider.ArticleBrief{
			Title: rapid.SampledFrom([]string{"Coffee grinders compared", "Größe & Maß", "咖啡", "How to <b>brew</b>?"}).Draw(rt, "title"),
			Angle: rapid.SampledFrom([]string{"", "Compares what decides.", "<img src=x>"}).Draw(rt, "angle"),
			Words: rapid.IntRange(300, 5000).Draw(rt, "words"),
			Intent: rapid.SampledFrom([]provider.Intent{"", provider.Informational, provider.Commercial, provider.Transactional,
				provider.Navigational}).Draw(rt, "intent"),
		}
		in.Keywords = keywords(rapid.SliceOfNDistinct(rapid.SampledFrom(nasty), 0, 8, rapid.ID).Draw(rt, "keywords")...)
		for i := range rapid.IntRange(0, 8).Draw(rt, "sections") {
			in.Outline = append(in.Outline, provider.Section{Heading: fmt.Sprintf("Part %d of it", i)})
		}
		in.Questions = rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"How long does it last?", "<b>Why</b>", "什么?"}), 0, 3, rapid.ID).Draw(rt, "questions")
		a, u, err := offline.New().Article(context.Background(), h, in)
		if err != nil {
			rt.Fatal(err)
		}
		if u.Words*100 < in.Words*85 || u.Words*100 > in.Words*115 {
			rt.Errorf("%d words for %d", u.Words, in.Words)
		}
		if len(a.FAQ) != len(in.Questions) {
			rt.Errorf("%d answers for %d questions", len(a.FAQ), len(in.Questions))
		}
		first, rest, _ := strings.Cut(a.Markdown, "\n")
		if !strings.Contains(first, "Offline draft") {
			rt.Errorf("it begins with %q", first)
		}
		var html strings.Builder
		if err := goldmark.New(goldmark.WithExtensions(extension.GFM)).Convert([]byte(a.Markdown), &html); err != nil {
			rt.Fatal(err)
		}
		for _, bad := range []string{"<script", "<img", "<b>", "<a ", "<h1", "<ol", "<code", "<table", "raw HTML"} {
			if strings.Contains(html.String(), bad) {
				rt.Errorf("%q is in the page", bad)
			}
		}
		seen := map[string]bool{}
		for _, s := range sentence.FindAllString(strings.ReplaceAll(rest, "1. one", "one"), -1) {
			s = strings.TrimSpace(s)
			if strings.Contains(s, "**: ") {
				continue // the same advice for two keywords
			}
			if seen[s] {
				rt.Errorf("%q stands twice", s)
			}
			seen[s] = true
		}
		plain := strings.ReplaceAll(a.Markdown, `\`, "")
		for _, k := range in.Keywords {
			if !strings.Contains(plain, k.Text) {
				rt.Errorf("the keyword %q is missing", k.Text)
			}
		}
		if !slugLike.MatchString(a.Slug) || len([]rune(a.MetaDescription)) > 160 || a.Title == "" || a.Excerpt == "" {
			rt.Errorf("slug %q, meta %q, excerpt %q", a.Slug, a.MetaDescription, a.Excerpt)
		}
	})
}

// TestGolden shows what comes out: IGNY8_UPDATE=1 writes the file anew.
func TestGolden(t *testing.T) {
	t.Parallel()
	h := paid(t)
	ideas, _, err := offline.New().Ideas(t.Context(), h, provider.IdeasBrief{
		Language: "en", Cluster: "Perimenopause symptoms", Intent: provider.Informational, Count: 5,
		Keywords: keywords("perimenopause symptoms", "early perimenopause symptoms", "what are the first signs of perimenopause", "perimenopause symptoms checklist", "perimenopause age"),
	})
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	for _, i := range ideas {
		fmt.Fprintf(&b, "- %s\n", i.Title)
	}
	i := ideas[0]
	in := provider.ArticleBrief{Language: "en", Title: i.Title, Angle: i.Angle, Audience: i.Audience, Intent: i.Intent, Outline: i.Outline, Words: 500}
	in.Keywords = keywords(i.Keywords...)
	a, u, err := offline.New().Article(t.Context(), h, in)
	if err != nil {
		t.Fatal(err)
	}
	fmt.Fprintf(&b, "\n%s\n%s\n%s\n%d words\n\n%s\n", a.Title, a.Slug, a.MetaDescription, u.Words, a.Markdown)
	path := filepath.Join("testdata", "perimenopause.md")
	if os.Getenv("IGNY8_UPDATE") != "" {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(b.String()), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if b.String() != string(want) {
		t.Errorf("not as in %s:\n%s", path, b.String())
	}
}
