package writer

import (
	"context"
	"fmt"
	"math"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	gmtext "github.com/yuin/goldmark/text"

	"igny8/internal/site"
	"igny8/internal/tenant"
	"igny8/internal/words"
)

// Grade is how an article stands a check.
type Grade string

// The grades.
const (
	Pass Grade = "pass"
	Warn Grade = "warn"
	Fail Grade = "fail"
)

// Check is one thing that was looked at in an article.
type Check struct {
	Code  string // stable, such as length
	Grade Grade
	Text  words.Text // what was found, and what to do
	Value int64      // the figure behind it, where there is one
}

// Quality looks at an article as an editor would before it is published.
func Quality(ctx context.Context, r tenant.Reader, c Content) ([]Check, error) {
	t, err := LoadTask(ctx, r, c.Task)
	if err != nil {
		return nil, err
	}
	s, err := site.Load(ctx, r, c.Site)
	if err != nil {
		return nil, err
	}
	e := expected{words: t.Words, language: s.Language, questions: len(t.Brief.Questions)}
	if len(t.Brief.Keywords) > 0 {
		e.keyword = t.Brief.Keywords[0]
	}
	if e.twins, err = twins(ctx, r, c); err != nil {
		return nil, err
	}
	others, err := links(ctx, r, `AND c.site_id = $2 AND c.url <> '' AND c.id <> $3 ORDER BY c.id DESC LIMIT $4`, c.Site, c.ID, linksAmong)
	if err != nil {
		return nil, err
	}
	for _, o := range others {
		e.others = append(e.others, o.URL)
	}
	return examine(c, e), nil
}

// expected is what an article is held against.
type expected struct {
	words     int64    // asked for
	keyword   string   // the main one; empty: none
	language  string   // of the site
	twins     int64    // other articles of its title
	questions int      // of readers, to be answered
	others    []string // where other articles of the site can be read
}

// twins is how many other articles of the site have the title of this one,
// whatever the case. The databases know no case but that of ASCII.
func twins(ctx context.Context, r tenant.Reader, c Content) (n int64, err error) {
	err = r.Each(ctx, `
		SELECT v.title FROM contents c JOIN content_versions v ON v.account_id = c.account_id AND v.content_id = c.id AND v.version = c.version
		WHERE c.account_id = $1 AND c.site_id = $2 AND c.id <> $3`, []any{c.Site, c.ID}, func(scan tenant.Scan) error {
		var title string
		err := scan(&title)
		if strings.EqualFold(title, c.Title) {
			n++
		}
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("titles of %s: %w", c.Site, err)
	}
	return n, nil
}

// examine is Quality without a database.
func examine(c Content, e expected) []Check {
	d := parse(c.Markdown)
	all := []Check{
		checkLength(c.Words, e.words), checkTitle(c.Title), checkTwins(e.twins), checkDescription(c.MetaDescription), checkExcerpt(c.Excerpt),
		checkHeadings(d, c.Words), checkSentences(d, e.language), checkLinks(d, e.others),
	}
	if e.questions > 0 {
		all = append(all, checkAnswers(len(c.FAQ), e.questions))
	}
	if len(wordsOf(e.keyword)) > 0 {
		all = append(all, checkKeyword(c, d, e.keyword)...)
	}
	return all
}

func graded(code string, g Grade, value int64, format words.Text, args ...any) Check {
	return Check{Code: code, Grade: g, Text: words.With(format, args...), Value: value}
}

// checkLength wants what was asked for, give or take a quarter.
func checkLength(words, asked int64) Check {
	switch {
	case words*2 < asked:
		return graded("length", Fail, words, "%d words are less than half of the %d that were asked for.", words, asked)
	case words*4 < asked*3:
		return graded("length", Warn, words, "%d words are fewer than the %d that were asked for.", words, asked)
	case words*4 > asked*5:
		return graded("length", Warn, words, "%d words are more than the %d that were asked for.", words, asked)
	}
	return graded("length", Pass, words, "%d words, and %d were asked for.", words, asked)
}

// What search engines show of a title and a description before they cut it, in
// characters.
const (
	titleShown       = 65
	descriptionLeast = 70
	descriptionShown = 160
)

func checkTitle(title string) Check {
	n := int64(utf8.RuneCountInString(title))
	if n > titleShown {
		return graded("title_length", Warn, n, "The title has %d characters; search engines cut it after about %d.", n, titleShown)
	}
	return graded("title_length", Pass, n, "The title has %d characters.", n)
}

func checkTwins(n int64) Check {
	if n > 0 {
		return graded("title_unique", Fail, n, "The site has %d more of this title. Two pages of one title compete with each other.", n)
	}
	return graded("title_unique", Pass, n, "No other article of the site has this title.")
}

func checkDescription(s string) Check {
	n := int64(utf8.RuneCountInString(s))
	switch {
	case n == 0:
		return graded("meta_description", Fail, n, "There is no meta description: search engines show any part of the text.")
	case n < descriptionLeast:
		return graded("meta_description", Warn, n, "The meta description has %d characters; there is room for %d.", n, descriptionShown)
	case n > descriptionShown:
		return graded("meta_description", Warn, n, "The meta description has %d characters; search engines cut it after %d.", n, descriptionShown)
	}
	return graded("meta_description", Pass, n, "The meta description has %d characters.", n)
}

func checkExcerpt(s string) Check {
	if strings.TrimSpace(s) == "" {
		return graded("excerpt", Warn, 0, "There is no excerpt for lists of articles.")
	}
	return graded("excerpt", Pass, 0, "There is an excerpt.")
}

// doc is what is looked at of a text: its headings, and its plain paragraphs.
type doc struct {
	headings   []heading
	paragraphs []string
	links      []string // where they lead
}

type heading struct {
	level int
	text  string
	empty bool // nothing stands below it before the next of its level
}

var parser = goldmark.New(goldmark.WithExtensions(extension.GFM)).Parser()

func parse(markdown string) doc {
	source := []byte(markdown)
	var d doc
	root := parser.Parse(gmtext.NewReader(source))
	for n := root.FirstChild(); n != nil; n = n.NextSibling() {
		switch n := n.(type) {
		case *ast.Heading:
			next := n.NextSibling()
			below, isHeading := next.(*ast.Heading)
			d.headings = append(d.headings, heading{n.Level, plain(n, source), next == nil || isHeading && below.Level <= n.Level})
		default:
			if s := strings.TrimSpace(plain(n, source)); s != "" {
				d.paragraphs = append(d.paragraphs, s)
			}
		}
	}
	_ = ast.Walk(root, func(n ast.Node, entering bool) (ast.WalkStatus, error) { // the walker gives no error
		switch n := n.(type) {
		case *ast.Link:
			if entering {
				d.links = append(d.links, string(n.Destination))
			}
		case *ast.AutoLink:
			if entering {
				d.links = append(d.links, string(n.URL(source)))
			}
		}
		return ast.WalkContinue, nil
	})
	return d
}

// checkLinks looks where the links lead: somewhere, and to other articles of the
// site where there are some.
func checkLinks(d doc, others []string) Check {
	inside := int64(0)
	for _, l := range d.links {
		u, err := url.Parse(l)
		switch {
		case err != nil, u.Scheme == "" && !strings.HasPrefix(l, "/") && !strings.HasPrefix(l, "#"), (u.Scheme == "http" || u.Scheme == "https") && u.Host == "":
			return graded("links", Fail, int64(len(d.links)), "The link to %q leads nowhere: give it a whole address, such as https://example.com/page.", l)
		case slices.Contains(others, l):
			inside++
		}
	}
	if inside == 0 && len(others) > 0 {
		return graded("links", Warn, inside, "The article links to none of the %d others that can be read on the site.", len(others))
	}
	return graded("links", Pass, inside, "%d links, %d of them to other articles of the site.", len(d.links), inside)
}

func checkAnswers(answered, asked int) Check {
	if answered == 0 {
		return graded("faq", Warn, 0, "None of the %d questions of the brief is answered apart from the text.", asked)
	}
	return graded("faq", Pass, int64(answered), "%d questions are answered apart from the text.", answered)
}

// plain is the text of a node.
func plain(n ast.Node, source []byte) string {
	var b strings.Builder
	_ = ast.Walk(n, func(n ast.Node, entering bool) (ast.WalkStatus, error) { // the walker gives no error
		switch n := n.(type) {
		case *ast.Text:
			if entering {
				b.Write(n.Segment.Value(source))
				b.WriteByte(' ')
			}
		case *ast.String:
			if entering {
				b.Write(n.Value)
			}
		case *ast.ListItem, *ast.Paragraph:
			if !entering {
				b.WriteString(". ")
			}
		}
		return ast.WalkContinue, nil
	})
	return b.String()
}

// wordsPerHeading is how long a text may go on without a heading.
const wordsPerHeading = 400

func checkHeadings(d doc, words int64) Check {
	n := int64(len(d.headings))
	level := 1
	for _, h := range d.headings {
		switch {
		case h.level == 1:
			return graded("headings", Fail, n, "The text has a heading of the first level, %q: that is the title's. Make it a second one.", h.text)
		case strings.TrimSpace(h.text) == "":
			return graded("headings", Fail, n, "A heading is empty.")
		case h.level > level+1:
			return graded("headings", Warn, n, "The heading %q is of level %d and stands below one of level %d: a level is left out.", h.text, h.level, level)
		case h.empty:
			return graded("headings", Warn, n, "Nothing stands below the heading %q.", h.text)
		}
		level = h.level
	}
	if words > wordsPerHeading && n < words/wordsPerHeading {
		return graded("headings", Warn, n, "%d headings are few for %d words: readers look for their place in them.", n, words)
	}
	return graded("headings", Pass, n, "%d headings, in order.", n)
}

// checkKeyword looks for the main keyword where readers and search engines do.
func checkKeyword(c Content, d doc, keyword string) []Check {
	has := func(s string) bool { return occurrences(s, keyword) > 0 }
	where := func(code string, ok bool, place words.Text) Check {
		if ok {
			return graded(code, Pass, 0, "%q is in %s.", keyword, place)
		}
		return graded(code, Warn, 0, "%q is not in %s.", keyword, place)
	}
	all := []Check{where("keyword_title", has(c.Title), "the title")}
	first := ""
	if len(d.paragraphs) > 0 {
		first = d.paragraphs[0]
	}
	all = append(all, where("keyword_start", has(first), "the first paragraph"))
	in := false
	for _, h := range d.headings {
		in = in || has(h.text)
	}
	all = append(all, where("keyword_heading", in, "a heading"))
	return append(all, checkDensity(c, d, keyword))
}

// stuffed is how often of a thousand words the main keyword may be.
const stuffed = 30

func checkDensity(c Content, d doc, keyword string) Check {
	n := occurrences(strings.Join(d.paragraphs, " "), keyword)
	per := int64(0)
	if c.Words > 0 {
		per = n * int64(len(wordsOf(keyword))) * 1000 / c.Words
	}
	switch {
	case n == 0:
		return graded("keyword_use", Fail, n, "%q is not in the text.", keyword)
	case per > stuffed:
		return graded("keyword_use", Warn, n, "%q is in the text %d times, which reads as stuffed.", keyword, n)
	}
	return graded("keyword_use", Pass, n, "%q is in the text %d times.", keyword, n)
}

// wordsOf is the words of a text, in small letters.
func wordsOf(s string) []string {
	return strings.FieldsFunc(strings.ToLower(s), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsNumber(r) && !unicode.IsMark(r) })
}

// spaceless are the scripts that put no space between words: a keyword in one of
// them is looked for anywhere.
var spaceless = []*unicode.RangeTable{unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Thai, unicode.Lao, unicode.Khmer, unicode.Myanmar}

// occurrences is how often a keyword stands in a text, as whole words.
func occurrences(text, keyword string) int64 {
	in, key := wordsOf(text), wordsOf(keyword)
	if len(key) == 0 {
		return 0
	}
	if strings.ContainsFunc(keyword, func(r rune) bool { return unicode.In(r, spaceless...) }) {
		return int64(strings.Count(strings.Join(in, " "), strings.Join(key, " ")))
	}
	n := int64(0)
	for i := 0; i+len(key) <= len(in); i++ {
		if slices.Equal(in[i:i+len(key)], key) {
			n++
			i += len(key) - 1
		}
	}
	return n
}

// ease is how easy a text is to read, from the words in a sentence and the
// syllables in a word: 100 very easy, 0 very hard.
type ease func(wordsPerSentence, syllablesPerWord float64) float64

// eases are the published formulas: Flesch (1948) for English, Amstad (1978) for
// German, Kandel and Moles (1958) for French, Fernández Huerta (1959), as
// corrected, for Spanish, Flesch-Vacca (1972) for Italian.
var eases = map[string]ease{
	"en": func(w, s float64) float64 { return 206.835 - 1.015*w - 84.6*s },
	"de": func(w, s float64) float64 { return 180 - w - 58.5*s },
	"fr": func(w, s float64) float64 { return 207 - 1.015*w - 73.6*s },
	"es": func(w, s float64) float64 { return 206.84 - 1.02*w - 60*s },
	"it": func(w, s float64) float64 { return 217 - 1.3*w - 60*s },
}

// What is too hard for readers of a site.
const (
	easeHard      = 30
	sentenceLong  = 25 // words on average, in a language without a formula
	sentencesSeen = 3  // fewer say nothing
)

var sentenceEnd = regexp.MustCompile(`[.!?…]+(\s|$)`)

// checkSentences is how easy the text is to read, by the formula of its
// language, or else by how long its sentences are.
func checkSentences(d doc, language string) Check {
	sentences, words, syllables := 0, 0, 0
	for _, p := range d.paragraphs {
		for _, s := range sentenceEnd.Split(p, -1) {
			ws := strings.FieldsFunc(s, func(r rune) bool { return !unicode.IsLetter(r) && r != '\'' && r != '’' && r != '-' })
			if len(ws) == 0 {
				continue
			}
			sentences++
			words += len(ws)
			for _, w := range ws {
				syllables += syllablesOf(w)
			}
		}
	}
	if sentences < sentencesSeen {
		return graded("readability", Pass, 0, "The text is too short to say how easy it reads.")
	}
	per := float64(words) / float64(sentences)
	base, _, _ := strings.Cut(strings.ToLower(language), "-")
	average := int64(math.Round(per))
	if formula, ok := eases[base]; ok {
		score := int64(formula(per, float64(syllables)/float64(words)))
		if score < easeHard {
			return graded("readability", Warn, score, "The text is hard to read (%d of 100): sentences of %d words. Shorter sentences and words help.", max(0, score), average)
		}
		return graded("readability", Pass, score, "The text reads well (%d of 100): sentences of %d words.", min(100, score), average)
	}
	if per > sentenceLong {
		return graded("readability", Warn, int64(per), "Sentences have %d words on average. Shorter ones read better.", average)
	}
	return graded("readability", Pass, int64(per), "Sentences have %d words on average.", average)
}

// syllablesOf counts groups of vowels: as good as a formula of averages needs.
func syllablesOf(w string) int {
	n, in := 0, false
	for _, r := range strings.ToLower(w) {
		v := strings.ContainsRune("aeiouyäöüáàâéèêëíìîïóòôúùûœæåø", r)
		if v && !in {
			n++
		}
		in = v
	}
	return max(1, n)
}
