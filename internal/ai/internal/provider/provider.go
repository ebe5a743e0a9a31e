// Package provider says what a model vendor looks like to package ai: four
// operations, each paid for by an open hold and each answering with the usage
// that the price list turns into credits.
package provider

import (
	"context"
	"errors"

	"igny8/internal/credit"
)

// Provider is a vendor of models, or the offline engine that stands in for
// one. Every method needs the open hold that pays for it: from it comes the
// ceiling of what may be bought, and a zero hold buys nothing. An error wraps
// ErrRefused or ErrUnavailable where the caller can act on the difference.
type Provider interface {
	// Name is what the vendor is called in settings and messages.
	Name() string
	// Cluster groups phrases by meaning. Every phrase index in the answer is
	// in exactly one group; a phrase that fits nowhere is a group of its own.
	Cluster(ctx context.Context, h *credit.Hold, in ClusterBrief) ([]Group, Usage, error)
	// Ideas proposes at most in.Count articles for one cluster.
	Ideas(ctx context.Context, h *credit.Hold, in IdeasBrief) ([]Idea, Usage, error)
	// Article writes one article.
	Article(ctx context.Context, h *credit.Hold, in ArticleBrief) (Article, Usage, error)
	// Rewrite writes one section of an article anew, and answers its Markdown
	// without its heading.
	Rewrite(ctx context.Context, h *credit.Hold, in RewriteBrief) (string, Usage, error)
}

// Usage is what one call bought, as the vendor counted it. Fields that the
// operation does not count are zero.
type Usage struct {
	Keywords     int // phrases clustered
	Ideas        int // ideas proposed
	Words        int // words of article written
	InputTokens  int // as the vendor reports them; zero offline
	OutputTokens int
}

// Intent is what the searcher wants, in the four classes of the trade. Empty
// means unknown.
type Intent string

// The intents that keyword tools export.
const (
	Informational Intent = "informational"
	Navigational  Intent = "navigational"
	Commercial    Intent = "commercial"
	Transactional Intent = "transactional"
)

// ClusterBrief is the input of Cluster.
type ClusterBrief struct {
	Language string // BCP 47 primary tag such as "en"; empty: "en"
	Phrases  []Phrase
	There    []Cluster // the clusters that there are: phrases join them, and leave none
	Guide    string    `json:"-"` // what a model is told to do
}

// Phrase is one keyword to be clustered.
type Phrase struct {
	Text   string
	Volume int64 // searches a month; zero when unknown
	Intent Intent
	// Results are the pages that a search engine shows for it, best first; none:
	// unknown.
	Results []string
	Vector  []float32 // its embedding, of the length that all have; none: unknown
}

// Cluster is what is together already, and stays so.
type Cluster struct {
	Phrases []Phrase
}

// Group is one cluster: phrases that one page could answer, or those that join
// one that there is.
type Group struct {
	Into     int     // one more than the index in ClusterBrief.There; zero: a new cluster
	Name     string  // what a person would call it, such as "Perimenopause symptoms"
	Pillar   int     // index of its leading phrase in ClusterBrief.Phrases
	Members  []int   // indexes, pillar included, best first
	Intent   Intent  // the prevailing one, of the members and of those that were there
	Cohesion float64 // mean similarity of all these to the centre, 0 to 1; 1 for a single phrase
}

// Keyword is a phrase with the numbers that a writer wants to see.
type Keyword struct {
	Text       string `json:"text"`
	Volume     int64  `json:"volume,omitempty"`
	Difficulty int    `json:"difficulty,omitempty"` // 0 to 100
	Intent     Intent `json:"intent,omitempty"`
}

// IdeasBrief is the input of Ideas.
type IdeasBrief struct {
	Language string    `json:"language"`
	Site     string    `json:"site"`     // the domain that will publish
	Industry string    `json:"industry"` // may be empty
	Cluster  string    `json:"cluster"`
	Intent   Intent    `json:"intent,omitempty"`
	Keywords []Keyword `json:"keywords"`        // best first, pillar first of all
	Avoid    []string  `json:"avoid,omitempty"` // titles that the site has already
	Count    int       `json:"count"`
	Guide    string    `json:"-"` // what a model is told to do
}

// Idea is a proposed article.
type Idea struct {
	Title    string    `json:"title"`
	Angle    string    `json:"angle"` // one sentence: what makes this article worth reading
	Audience string    `json:"audience"`
	Intent   Intent    `json:"intent"`
	Outline  []Section `json:"outline"`
	Keywords []string  `json:"keywords"` // the cluster's own, the main one first
	// Questions are what readers ask about the subject, for the article to answer.
	Questions []string `json:"questions,omitempty"`
}

// Section is one heading of an outline.
type Section struct {
	Heading  string   `json:"heading"`
	Keywords []string `json:"keywords,omitempty"` // which of the idea's keywords it serves
}

// ArticleBrief is the input of Article.
type ArticleBrief struct {
	Language string    `json:"language"`
	Site     string    `json:"site"`
	Tone     string    `json:"tone,omitempty"` // as the site wants it; empty: plain
	Title    string    `json:"title"`
	Angle    string    `json:"angle"`
	Audience string    `json:"audience"`
	Intent   Intent    `json:"intent,omitempty"`
	Outline  []Section `json:"outline"`
	Keywords []Keyword `json:"keywords"`
	Words    int       `json:"words"` // the length aimed at, answers included
	// Questions are answered one by one, apart from the text.
	Questions []string `json:"questions,omitempty"`
	Links     []Link   `json:"links,omitempty"`
	Guide     string   `json:"-"` // what a model is told to do
}

// RewriteBrief is the input of Rewrite.
type RewriteBrief struct {
	Language string   `json:"language"`
	Tone     string   `json:"tone,omitempty"`
	Title    string   `json:"title"`
	Outline  []string `json:"outline"` // the headings of the article
	Heading  string   `json:"heading"` // of the section; empty: what stands before the first
	Text     string   `json:"text"`    // what it says now
	Wish     string   `json:"wish,omitempty"`
	Keywords []string `json:"keywords,omitempty"` // that the section serves
	Words    int      `json:"words"`
	Guide    string   `json:"-"` // what a model is told to do
}

// Link is a page that an article may send its readers to.
type Link struct {
	Title string `json:"title"`
	URL   string `json:"url"`
}

// Answer is a question of readers and what there is to say to it, in Markdown.
type Answer struct {
	Question string `json:"question"`
	Answer   string `json:"answer"`
}

// Article is a finished draft. Markdown holds no HTML and no top heading: the
// title stands apart, and so do the answers.
type Article struct {
	Title           string   `json:"title"`
	Slug            string   `json:"slug"`             // lower case, digits and hyphens
	MetaDescription string   `json:"meta_description"` // at most 160 characters
	Excerpt         string   `json:"excerpt"`
	Markdown        string   `json:"markdown"`
	FAQ             []Answer `json:"faq"`
}

// Count is how many words the article has, the answers included.
func (a Article) Count() int {
	n := Words(a.Markdown)
	for _, q := range a.FAQ {
		n += Words(q.Question) + Words(q.Answer)
	}
	return n
}

// Errors of providers.
var (
	// ErrRefused is an answer that trying again would not better: a key that
	// does not work, a model that is not there, a hold that pays for nothing.
	ErrRefused = errors.New("refused")
	// ErrUnavailable is a provider that is away or overloaded.
	ErrUnavailable = errors.New("unavailable")
)
