package writer

import (
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func good() Content {
	text := "The bee hive is where bees live. A bee hive has a roof and a floor. It is made of wood.\n\n## What a bee hive costs\n\n" + strings.Repeat("It costs some money. ", 50)
	return Content{
		Title: "The bee hive", MetaDescription: strings.Repeat("x", 120), Excerpt: "In short.", Markdown: text, Words: 220,
	}
}

func usual() expected { return expected{words: 200, keyword: "bee hive", language: "en"} }

// TestQuality spoils a good article in one way after the other.
func TestQuality(t *testing.T) {
	t.Parallel()
	for _, c := range examine(good(), usual()) {
		if c.Grade != Pass || c.Text == "" {
			t.Errorf("a good article: %+v", c)
		}
	}
	for _, tt := range []struct {
		code      string
		grade     Grade
		spoil     func(c *Content)
		asked     int64
		twins     int64
		others    []string
		questions int
	}{
		{code: "length", grade: Fail, asked: 1000},
		{code: "length", grade: Warn, asked: 300},
		{code: "length", grade: Warn, asked: 100},
		{code: "title_length", grade: Warn, spoil: func(c *Content) { c.Title = strings.Repeat("bee hive ", 9) }},
		{code: "title_unique", grade: Fail, twins: 2},
		{code: "meta_description", grade: Fail, spoil: func(c *Content) { c.MetaDescription = "" }},
		{code: "meta_description", grade: Warn, spoil: func(c *Content) { c.MetaDescription = "short" }},
		{code: "meta_description", grade: Warn, spoil: func(c *Content) { c.MetaDescription = strings.Repeat("ä", 161) }},
		{code: "excerpt", grade: Warn, spoil: func(c *Content) { c.Excerpt = " " }},
		{code: "headings", grade: Fail, spoil: func(c *Content) { c.Markdown += "\n\n# Again\n\nText." }},
		{code: "headings", grade: Fail, spoil: func(c *Content) { c.Markdown += "\n\n##\n\nText." }},
		{code: "headings", grade: Warn, spoil: func(c *Content) { c.Markdown += "\n\n#### Deep\n\nText." }},
		{code: "headings", grade: Warn, spoil: func(c *Content) { c.Markdown += "\n\n## Nothing below" }},
		{code: "headings", grade: Warn, asked: 4000, spoil: func(c *Content) { c.Words = 4000 }},
		{code: "keyword_title", grade: Warn, spoil: func(c *Content) { c.Title = "Honey" }},
		{code: "keyword_start", grade: Warn, spoil: func(c *Content) { c.Markdown = "Once upon a time.\n\n" + c.Markdown }},
		{code: "keyword_heading", grade: Warn, spoil: func(c *Content) { c.Markdown = strings.Replace(c.Markdown, "## What a bee hive", "## What it", 1) }},
		{code: "keyword_use", grade: Fail, spoil: func(c *Content) { c.Markdown = "## Bee hive\n\nNothing of it. At all. Really." }},
		{code: "keyword_use", grade: Warn, spoil: func(c *Content) { c.Markdown += strings.Repeat(" Bee-hive.", 10) }},
		{code: "links", grade: Warn, others: []string{"https://bees.example/honey"}},
		{code: "links", grade: Fail, spoil: func(c *Content) { c.Markdown += "\n\nSee [honey](honey)." }},
		{code: "links", grade: Fail, spoil: func(c *Content) { c.Markdown += "\n\nSee [honey](https:///x)." }},
		{code: "links", grade: Pass, others: []string{"https://bees.example/honey"}, spoil: func(c *Content) { c.Markdown += "\n\nSee https://bees.example/honey or [there](#there)." }},
		{code: "faq", grade: Warn, questions: 3},
		{code: "faq", grade: Pass, questions: 3, spoil: func(c *Content) { c.FAQ = []Answer{{"Why?", "So."}} }},
		{code: "readability", grade: Warn, spoil: func(c *Content) {
			c.Markdown += "\n\n" + strings.Repeat(strings.Repeat("incomprehensibility characteristically ", 30)+". ", 9)
		}},
	} {
		c := good()
		if tt.spoil != nil {
			tt.spoil(&c)
		}
		if tt.asked == 0 {
			tt.asked = 200
		}
		e := usual()
		e.words, e.twins, e.others, e.questions = tt.asked, tt.twins, tt.others, tt.questions
		all := examine(c, e)
		at := slices.IndexFunc(all, func(got Check) bool { return got.Code == tt.code })
		if at < 0 {
			t.Errorf("%s is not looked at", tt.code)
		} else if got := all[at]; got.Grade != tt.grade {
			t.Errorf("%s is %s, want %s: %s", got.Code, got.Grade, tt.grade, got.Text)
		}
	}
}

// TestKeywordsAreWholeWords, and one without a word is not looked for.
func TestKeywordsAreWholeWords(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		text, keyword string
		want          int64
	}{
		{"A party in the art gallery, and more ART.", "art", 2},
		{"bee bee bee", "bee bee", 1},
		{"Bee-hive, bee\nhive!", "bee hive", 2},
		{"Das Café am Weg", "café", 1},
		{"एक हिन्दी शब्द", "हिन्दी", 1},
		{"我们卖蜂箱和蜂蜜", "蜂箱", 1},
		{"anything", "?!", 0},
		{"", "bee", 0},
	} {
		if got := occurrences(tt.text, tt.keyword); got != tt.want {
			t.Errorf("%q stands %d times in %q, want %d", tt.keyword, got, tt.text, tt.want)
		}
	}
	for _, c := range examine(good(), expected{words: 200, keyword: "?!", language: "en"}) {
		if strings.HasPrefix(c.Code, "keyword") {
			t.Errorf("a keyword without a word: %+v", c)
		}
	}
}

// TestReadabilityByLanguage: each formula tells an easy text from a hard one.
func TestReadabilityByLanguage(t *testing.T) {
	t.Parallel()
	for language, hard := range map[string]string{
		"en": "internationalization ", "de": "Donaudampfschifffahrtsgesellschaft ", "fr": "anticonstitutionnellement ", "es": "electroencefalografista ", "it": "precipitevolissimevolmente ", "pl": "konstantynopolitanczykowianeczka ",
	} {
		easy := checkSentences(parse(strings.Repeat("A dog ran on. ", 9)), language)
		difficult := checkSentences(parse(strings.Repeat(strings.Repeat(hard, 30)+". ", 9)), language+"-XX")
		if easy.Grade != Pass || difficult.Grade != Warn {
			t.Errorf("%s: %+v, %+v", language, easy, difficult)
		}
	}
}

// TestAnyTextIsExamined takes whatever a model may give.
func TestAnyTextIsExamined(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		c := Content{Title: rapid.String().Draw(t, "title"), Markdown: rapid.String().Draw(t, "markdown"), Words: rapid.Int64Range(0, 5000).Draw(t, "words")}
		for _, got := range examine(c, expected{words: 100, keyword: rapid.String().Draw(t, "keyword"), language: rapid.String().Draw(t, "language")}) {
			if got.Code == "" || got.Text == "" {
				t.Errorf("%+v", got)
			}
		}
	})
}
