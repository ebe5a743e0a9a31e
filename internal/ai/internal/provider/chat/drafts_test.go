package chat_test

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"igny8/internal/ai/internal/provider"
)

func TestIdeas(t *testing.T) {
	t.Parallel()
	h := paid(t)
	in := provider.IdeasBrief{
		Language: "en", Cluster: "Bees", Intent: provider.Informational, Count: 3, Avoid: []string{"All About Bees"},
		Keywords: []provider.Keyword{{Text: "bees"}, {Text: "bee hive"}, {Text: "honey"}},
	}
	usual := provider.Idea{Title: "T", Intent: provider.Informational, Keywords: []string{"bees"}}
	with := func(change func(i *provider.Idea)) []provider.Idea {
		i := usual
		change(&i)
		return []provider.Idea{i}
	}
	for _, tt := range []struct {
		name, answer string
		want         []provider.Idea
	}{
		{"as asked for", `{"title":"Bees at work","angle":"It counts.","audience":"Keepers","intent":"commercial",
			"outline":[{"heading":"Hives","keywords":["bee hive"]},{"heading":"End"}],"keywords":["bee hive","bees"]}`, []provider.Idea{{
			Title: "Bees at work", Angle: "It counts.", Audience: "Keepers", Intent: provider.Commercial, Keywords: []string{"bee hive", "bees"},
			Outline: []provider.Section{{Heading: "Hives", Keywords: []string{"bee hive"}}, {Heading: "End"}},
		}}},
		{"a title alone", `{"title":"T"}`, []provider.Idea{usual}},
		{"nulls", `{"title":"T","angle":null,"outline":null,"keywords":null,"intent":null},null`, []provider.Idea{usual}},
		{"an intent that there is not", `{"title":"T","intent":"Commercial!"}`, []provider.Idea{usual}},
		{"words of others", `{"title":"T","keywords":["wasps","honey","Bees","honey "],"outline":[{"heading":"H","keywords":["wasps","bees"]}]}`,
			with(func(i *provider.Idea) {
				i.Keywords, i.Outline = []string{"honey"}, []provider.Section{{Heading: "H", Keywords: []string{"bees"}}}
			})},
		{"sections without a heading", `{"title":"T","outline":[{"heading":" "},{"keywords":["bees"]},{"heading":"H"},null]}`,
			with(func(i *provider.Idea) { i.Outline = []provider.Section{{Heading: "H"}} })},
		{"white space, NUL and bytes that are no letters", "{\"title\":\" T\\n\\u0000 \xff\\ud800 \",\"angle\":\"a\\tb\\u0000c\"}",
			with(func(i *provider.Idea) { i.Title, i.Angle = "T \uFFFD\uFFFD", "a b c" })},
		{"no end", `{"title":"` + strings.Repeat("t", 300) + `","angle":"` + strings.Repeat("a", 600) + `","audience":"` + strings.Repeat("\u00fc", 400) +
			`","outline":[` + strings.Repeat(`{"heading":"H"},`, 30) + `{"heading":"H"}]}`,
			with(func(i *provider.Idea) {
				i.Title, i.Angle, i.Audience = strings.Repeat("t", 200), strings.Repeat("a", 500), strings.Repeat("\u00fc", 300)
				i.Outline = slices.Repeat([]provider.Section{{Heading: "H"}}, 20)
			})},
		{"titles to avoid, and one twice", `{"title":"all about  bees"},{"title":"T"},{"title":"t"},{"title":""}`, []provider.Idea{usual}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, u, err := over(newPeer(t, says(`{"ideas":[`+tt.answer+`]}`))).Ideas(t.Context(), h, in)
			if err != nil || !reflect.DeepEqual(got, tt.want) {
				t.Errorf("%+v, %v; want %+v", got, err, tt.want)
			}
			if want := (provider.Usage{Ideas: len(tt.want), InputTokens: 100, OutputTokens: 10}); u != want {
				t.Errorf("usage %+v, want %+v", u, want)
			}
		})
	}
}

func TestTooManyIdeas(t *testing.T) {
	t.Parallel()
	var all []string
	for i := range 50 {
		all = append(all, fmt.Sprintf(`{"title":"Number %d"}`, i))
	}
	p := newPeer(t, says(`{"ideas":[`+strings.Join(all, ",")+`]}`))
	got, u, err := over(p).Ideas(t.Context(), paid(t), provider.IdeasBrief{Cluster: "Bees", Count: 3})
	if err != nil || len(got) != 3 || u.Ideas != 3 || got[2].Title != "Number 2" {
		t.Errorf("%+v, usage %+v, %v", got, u, err)
	}
}

func TestNoIdeaIsRefused(t *testing.T) {
	t.Parallel()
	h := paid(t)
	for _, answer := range []string{`{}`, `{"ideas":null}`, `{"ideas":[]}`, `{"ideas":[null,{"title":"\u0000"}]}`, `{"ideas":[{"title":"known"}]}`, `[{"title":"T"}]`} {
		p := newPeer(t, says(answer))
		got, u, err := over(p).Ideas(t.Context(), h, provider.IdeasBrief{Cluster: "Bees", Count: 3, Avoid: []string{"Known"}})
		if !errors.Is(err, provider.ErrRefused) || got != nil || u.Ideas != 0 {
			t.Errorf("%s: %+v, usage %+v, %v", answer, got, u, err)
		}
		p.wantCalls(t, 1)
	}
}

func TestArticle(t *testing.T) {
	t.Parallel()
	h := paid(t)
	in := provider.ArticleBrief{Language: "en", Title: "\u00dcber Bienen", Words: 8}
	long := strings.Repeat("word ", 200)
	for _, tt := range []struct {
		name, answer string
		want         provider.Article
		words        int
	}{
		{"as asked for", `{"title":"Bees","slug":"bees","meta_description":"M","excerpt":"E","markdown":"## Hives\n\nBees live there.\n"}`,
			provider.Article{Title: "Bees", Slug: "bees", MetaDescription: "M", Excerpt: "E", Markdown: "## Hives\n\nBees live there."}, 4},
		{"text alone", `{"markdown":"Bees live."}`, provider.Article{Title: "\u00dcber Bienen", Slug: "uber-bienen", Markdown: "Bees live."}, 2},
		{"an address that is none", `{"title":"Bees","slug":"../Admin?x=<b>","markdown":"Bees live."}`,
			provider.Article{Title: "Bees", Slug: "admin-x-b", Markdown: "Bees live."}, 2},
		{"an address without a letter", `{"title":"Bees","slug":"//","markdown":"Bees live."}`, provider.Article{Title: "Bees", Slug: "bees", Markdown: "Bees live."}, 2},
		{"NUL and bytes that are no letters", "{\"title\":\"B\\u0000s\",\"excerpt\":\"E\\u0000\",\"markdown\":\"Bees\\u0000live\\n\\n\xff.\\u0000\"}",
			provider.Article{Title: "B s", Slug: "b-s", Excerpt: "E", Markdown: "Bees live\n\n\uFFFD."}, 2},
		{"no end", `{"title":"` + long + `","meta_description":"` + long + `","excerpt":"` + long + `","markdown":"Bees live."}`,
			provider.Article{
				Title: strings.TrimSpace(long[:200]), Slug: strings.TrimSuffix(strings.Repeat("word-", 16), "-"),
				MetaDescription: strings.TrimSpace(long[:160]), Excerpt: strings.TrimSpace(long[:600]), Markdown: "Bees live.",
			}, 2},
		{
			"answers", `{"title":"Bees","slug":"bees","markdown":"Bees live in [hives](https://evil.example).","faq":[{"question":"Do they\nsting? ","answer":"Some do. [See](https://x.example)"},{"question":"","answer":"x"},{"question":"Why?","answer":" "}]}`,
			provider.Article{Title: "Bees", Slug: "bees", Markdown: "Bees live in hives.", FAQ: []provider.Answer{{Question: "Do they sting?", Answer: "Some do. See"}}}, 10,
		},
		{"a quarter of the length", `{"markdown":"Bees - live"}`, provider.Article{Title: "\u00dcber Bienen", Slug: "uber-bienen", Markdown: "Bees - live"}, 2},
		{"far longer", `{"markdown":"` + long + `"}`, provider.Article{Title: "\u00dcber Bienen", Slug: "uber-bienen", Markdown: strings.TrimSpace(long)}, 200},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, u, err := over(newPeer(t, says(tt.answer))).Article(t.Context(), h, in)
			if err != nil || !reflect.DeepEqual(got, tt.want) {
				t.Errorf("%+v, %v; want %+v", got, err, tt.want)
			}
			if want := (provider.Usage{Words: tt.words, InputTokens: 100, OutputTokens: 10}); u != want {
				t.Errorf("usage %+v, want %+v", u, want)
			}
		})
	}
}

// TestArticleTooShort is refused, and not asked for again: the model did what
// it can.
func TestArticleTooShort(t *testing.T) {
	t.Parallel()
	h := paid(t)
	for _, answer := range []string{`{}`, `{"markdown":null}`, `{"title":"Bees","markdown":"Bees - - - - -"}`, `{"markdown":"\u0000\u0000\u0000"}`} {
		p := newPeer(t, says(answer))
		got, u, err := over(p).Article(t.Context(), h, provider.ArticleBrief{Title: "Bees", Words: 8})
		if !errors.Is(err, provider.ErrRefused) || !reflect.DeepEqual(got, provider.Article{}) || u.InputTokens != 100 {
			t.Errorf("%s: %+v, usage %+v, %v", answer, got, u, err)
		}
		p.wantCalls(t, 1)
	}
}

// TestWhatAnAnswerMayCost is the tokens that a model is allowed for each
// operation.
func TestWhatAnAnswerMayCost(t *testing.T) {
	t.Parallel()
	h := paid(t)
	p := newPeer(t, says("{}"))
	c := over(p)
	_, _, _ = c.Ideas(t.Context(), h, provider.IdeasBrief{Cluster: "Bees", Count: 2})
	_, _, _ = c.Article(t.Context(), h, provider.ArticleBrief{Title: "Bees", Words: 1000})
	_, _, _ = c.Cluster(t.Context(), h, provider.ClusterBrief{Phrases: []provider.Phrase{{Text: "bees"}}})
	for i, want := range []string{`"max_tokens":2000`, `"max_tokens":5000`, `"max_tokens":140`} {
		if body := p.bodies()[i]; !strings.Contains(body, want) {
			t.Errorf("%s is not in %s", want, body)
		}
	}
}

// TestRewrite keeps to its section and to its links, and is told what the
// operator says.
func TestRewrite(t *testing.T) {
	t.Parallel()
	h := paid(t)
	in := provider.RewriteBrief{Title: "Bees", Heading: "Honey", Text: "See [wax](/wax).", Words: 8, Guide: "Do it well."}
	for _, tt := range []struct{ name, answer, want string }{
		{"as asked for", `{"markdown":"It is sweet."}`, "It is sweet."},
		{"with its heading", `{"markdown":"## Honey\n\nIt is sweet."}`, "It is sweet."},
		{"with others", `{"markdown":"It is sweet.\n\n# Wax\n\nIt burns."}`, "It is sweet.\n\n### Wax\n\nIt burns."},
		{"with links", `{"markdown":"See [wax](/wax) and [more](https://evil.example)."}`, "See [wax](/wax) and more."},
	} {
		p := newPeer(t, says(tt.answer))
		got, u, err := over(p).Rewrite(t.Context(), h, in)
		if err != nil || got != tt.want || u.Words != provider.Words(tt.want) || u.InputTokens != 100 {
			t.Errorf("%s: %q, %+v, %v; want %q", tt.name, got, u, err, tt.want)
		}
		if instructions, message := told(t, p.sent[0]); !strings.Contains(instructions, "Do it well. Answer {") || !strings.Contains(message, `"heading":"Honey"`) {
			t.Errorf("%s: told %q, %q", tt.name, instructions, message)
		}
	}
	for _, answer := range []string{`{}`, `{"markdown":"One."}`} {
		if _, _, err := over(newPeer(t, says(answer))).Rewrite(t.Context(), h, in); !errors.Is(err, provider.ErrRefused) {
			t.Errorf("%s: %v", answer, err)
		}
	}
}
