// Package ai calls a model only against an open hold.
//
// The vendors' clients are closed to every other package. Each operation here
// opens the hold that was reserved for it, calls the model outside of any
// transaction, and settles the hold in the transaction that saves the answer:
// either both are there or neither. What a failure costs is a rule of package
// credit.
package ai

import (
	"context"
	"time"

	"igny8/internal/ai/internal/cluster"
	"igny8/internal/ai/internal/provider"
	"igny8/internal/credit"
	"igny8/internal/fault"
	"igny8/internal/prompt"
	"igny8/internal/tenant"
)

// Intent is what a searcher wants.
type Intent = provider.Intent

// ClusterBrief is what a model is given to cluster.
type ClusterBrief = provider.ClusterBrief

// Phrase is one keyword to be clustered.
type Phrase = provider.Phrase

// Together is a cluster that there is: phrases join it, and leave it not.
type Together = provider.Cluster

// Describe is the intent of a cluster and how alike its phrases are, from 0 to
// 1, beside others of the site that say how rare a word is there. No model is
// asked, and nothing is paid.
func Describe(ctx context.Context, language string, c Together, others []Phrase) (Intent, float64, error) {
	return cluster.Describe(ctx, language, c, others)
}

// Group is one cluster of an answer.
type Group = provider.Group

// IdeasBrief is what a model is given to find ideas.
type IdeasBrief = provider.IdeasBrief

// Keyword is a phrase with its numbers.
type Keyword = provider.Keyword

// Idea is a proposed article of an answer.
type Idea = provider.Idea

// Section is one heading of an outline.
type Section = provider.Section

// ArticleBrief is what a model is given to write an article.
type ArticleBrief = provider.ArticleBrief

// Link is a page that an article may send its readers to.
type Link = provider.Link

// Answer is a question of readers and what there is to say to it.
type Answer = provider.Answer

// RewriteBrief is what a model is given to write a section anew.
type RewriteBrief = provider.RewriteBrief

// Part is a section of an article.
type Part = provider.Part

// Parts divides the Markdown of an article into its sections: the first is what
// stands before any heading of the second level.
func Parts(markdown string) []Part { return provider.Parts(markdown) }

// Replace is the Markdown of an article with another text in one of its sections.
func Replace(markdown string, n int, text string) string { return provider.Replace(markdown, n, text) }

// Article is the article of an answer.
type Article = provider.Article

// What a caller can be told. The first is worth trying again, the others are
// not.
var (
	ErrUnavailable = fault.New(fault.Unavailable, "ai.unavailable", "The AI provider does not answer at the moment. No credits were spent.")
	ErrRefused     = fault.New(fault.Conflict, "ai.refused", "The AI provider refused the request. No credits were spent.")
	ErrUnusable    = fault.New(fault.Conflict, "ai.unusable", "The AI provider gave an answer that cannot be used. No credits were spent.")
	ErrCharged     = fault.New(fault.Conflict, "ai.failure_charged", "The AI provider gave no usable answer, as too often lately, and what it cost was spent.")
)

// Words is how many words of text a piece of Markdown has: what the price list
// charges for.
func Words(markdown string) int { return provider.Words(markdown) }

// callLimit is the longest that one call to a model may take: a small machine
// that writes a long article itself needs minutes.
const callLimit = 30 * time.Minute

// endLimit is how long settling may take once the model has answered.
const endLimit = 30 * time.Second

// Gateway is the only door to models.
type Gateway struct {
	st   *tenant.Store
	p    provider.Provider
	beat time.Duration // how often the lease of a hold at work is extended
	own  *owns         // nil: accounts have no endpoints of their own
}

// Provider is the name of the vendor behind the door.
func (g *Gateway) Provider() string { return g.p.Name() }

// Save keeps an answer, in the transaction that pays for it.
type Save[T any] func(ctx context.Context, tx *tenant.Tx, answer T) error

// Cluster groups phrases. The price counts keywords.
func (g *Gateway) Cluster(ctx context.Context, s tenant.Scope, hold credit.HoldID, in ClusterBrief, save Save[[]Group]) error {
	return call(ctx, g, s, hold, prompt.Names, save, func(ctx context.Context, h *credit.Hold, by telling) ([]Group, int64, error) {
		in.Guide = by.Text
		groups, u, err := by.p.Cluster(ctx, h, in)
		return groups, int64(u.Keywords), err
	})
}

// Ideas proposes articles for a cluster. The price counts ideas.
func (g *Gateway) Ideas(ctx context.Context, s tenant.Scope, hold credit.HoldID, in IdeasBrief, save Save[[]Idea]) error {
	return call(ctx, g, s, hold, prompt.Ideas, save, func(ctx context.Context, h *credit.Hold, by telling) ([]Idea, int64, error) {
		in.Guide = by.Text
		ideas, u, err := by.p.Ideas(ctx, h, in)
		return ideas, int64(u.Ideas), err
	})
}

// Draft is an article and the words it counts.
type Draft struct {
	Article
	Words  int
	Prompt int64 // the version of what the model was told; zero: the program's
}

// Article writes an article. The price counts words.
func (g *Gateway) Article(ctx context.Context, s tenant.Scope, hold credit.HoldID, in ArticleBrief, save Save[Draft]) error {
	return call(ctx, g, s, hold, prompt.Article, save, func(ctx context.Context, h *credit.Hold, by telling) (Draft, int64, error) {
		in.Guide = by.Text
		a, u, err := by.p.Article(ctx, h, in)
		return Draft{Article: a, Words: u.Words, Prompt: by.Version}, int64(u.Words), err
	})
}

// Passage is a section that was written anew.
type Passage struct {
	Markdown string
	Prompt   int64 // the version of what the model was told; zero: the program's
}

// Rewrite writes a section of an article anew. The price counts words.
func (g *Gateway) Rewrite(ctx context.Context, s tenant.Scope, hold credit.HoldID, in RewriteBrief, save Save[Passage]) error {
	return call(ctx, g, s, hold, prompt.Section, save, func(ctx context.Context, h *credit.Hold, by telling) (Passage, int64, error) {
		in.Guide = by.Text
		text, u, err := by.p.Rewrite(ctx, h, in)
		return Passage{Markdown: text, Prompt: by.Version}, int64(u.Words), err
	})
}
