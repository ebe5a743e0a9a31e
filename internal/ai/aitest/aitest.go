// Package aitest is a model that answers what a test says: it blocks, fails or
// dies when the test wants it to. Holds are opened and settled as in the
// product.
package aitest

import (
	"context"
	"errors"
	"strings"

	"igny8/internal/ai"
	"igny8/internal/ai/internal/provider"
	"igny8/internal/credit"
	"igny8/internal/tenant"
)

// What a vendor's failure is, for a Script to return: the first is not worth
// trying again, the second is.
var (
	ErrRefused     = provider.ErrRefused
	ErrUnavailable = provider.ErrUnavailable
)

// Failed is a vendor's failure of a class.
func Failed(f credit.Failure) error { return provider.Fail(f, errors.New("as the test says")) }

// Script is what the model does. A nil field gives a small answer of its own:
// one group of all phrases, as many ideas as were asked for, an article of
// exactly as many words as were asked for. What was used is counted from the
// answer. The functions may be called by many goroutines.
type Script struct {
	Cluster func(context.Context, ai.ClusterBrief) ([]ai.Group, error)
	Ideas   func(context.Context, ai.IdeasBrief) ([]ai.Idea, error)
	Article func(context.Context, ai.ArticleBrief) (ai.Article, error)
	Rewrite func(context.Context, ai.RewriteBrief) (string, error)
}

// New is the gateway to a model that follows s.
func New(st *tenant.Store, s Script) *ai.Gateway {
	if s.Cluster == nil {
		s.Cluster = Cluster
	}
	if s.Ideas == nil {
		s.Ideas = Ideas
	}
	if s.Article == nil {
		s.Article = Article
	}
	if s.Rewrite == nil {
		s.Rewrite = Rewrite
	}
	return ai.NewScripted(st, scripted{s})
}

type scripted struct{ s Script }

// Name implements provider.Provider.
func (scripted) Name() string { return "scripted" }

// Cluster implements provider.Provider.
func (p scripted) Cluster(ctx context.Context, _ *credit.Hold, in provider.ClusterBrief) ([]provider.Group, provider.Usage, error) {
	groups, err := p.s.Cluster(ctx, in)
	return groups, provider.Usage{Keywords: len(in.Phrases)}, err
}

// Ideas implements provider.Provider.
func (p scripted) Ideas(ctx context.Context, _ *credit.Hold, in provider.IdeasBrief) ([]provider.Idea, provider.Usage, error) {
	ideas, err := p.s.Ideas(ctx, in)
	return ideas, provider.Usage{Ideas: len(ideas)}, err
}

// Article implements provider.Provider.
func (p scripted) Article(ctx context.Context, _ *credit.Hold, in provider.ArticleBrief) (provider.Article, provider.Usage, error) {
	a, err := p.s.Article(ctx, in)
	return a, provider.Usage{Words: a.Count()}, err
}

// Rewrite implements provider.Provider.
func (p scripted) Rewrite(ctx context.Context, _ *credit.Hold, in provider.RewriteBrief) (string, provider.Usage, error) {
	text, err := p.s.Rewrite(ctx, in)
	return text, provider.Usage{Words: provider.Words(text)}, err
}

// Rewrite is what a nil Script.Rewrite does.
func Rewrite(_ context.Context, in ai.RewriteBrief) (string, error) {
	return "Anew" + strings.Repeat(" and more", max(0, in.Words-1)/2) + ".", nil
}

// Cluster is what a nil Script.Cluster does.
func Cluster(_ context.Context, in ai.ClusterBrief) ([]ai.Group, error) {
	if len(in.Phrases) == 0 {
		return nil, nil
	}
	g := ai.Group{Name: in.Phrases[0].Text, Intent: in.Phrases[0].Intent, Cohesion: 1}
	for i := range in.Phrases {
		g.Members = append(g.Members, i)
	}
	return []ai.Group{g}, nil
}

// Ideas is what a nil Script.Ideas does.
func Ideas(_ context.Context, in ai.IdeasBrief) ([]ai.Idea, error) {
	main := in.Cluster
	if len(in.Keywords) > 0 {
		main = in.Keywords[0].Text
	}
	ideas := make([]ai.Idea, in.Count)
	for i := range ideas {
		ideas[i] = ai.Idea{
			Title: "All about " + in.Cluster + strings.Repeat(", again", i), Angle: "It says what others leave out.", Audience: "Beginners",
			Intent: in.Intent, Outline: []ai.Section{{Heading: "What it is", Keywords: []string{main}}, {Heading: "What to do"}}, Keywords: []string{main},
		}
	}
	return ideas, nil
}

// Article is what a nil Script.Article does.
func Article(_ context.Context, in ai.ArticleBrief) (ai.Article, error) {
	return ArticleOf(in, in.Words), nil
}

// ArticleOf is an article of exactly n words, of which there are two at least.
func ArticleOf(in ai.ArticleBrief, n int) ai.Article {
	return ai.Article{
		Title: in.Title, Slug: provider.Slug(in.Title), MetaDescription: "What to know.", Excerpt: "In short.",
		Markdown: "## Beginning\n\nOnce" + strings.Repeat(" more", n-2) + ".\n",
	}
}
