// Package offline is the engine that needs no network, no key and no model: it
// groups, proposes and drafts from the account's own keywords, and the same
// brief always gives the same answer.
//
// It invents nothing. A draft says what to cover, in which order and for which
// searches, and says of itself that no model wrote it. It writes English,
// whatever the language of the site: the keywords stay in their own.
package offline

import (
	"context"
	"fmt"

	"igny8/internal/ai/internal/cluster"
	"igny8/internal/ai/internal/provider"
	"igny8/internal/credit"
)

// Provider is the offline engine.
type Provider struct{}

// New makes the offline engine.
func New() *Provider { return &Provider{} }

// Name is what the engine is called in settings and messages.
func (*Provider) Name() string { return "offline" }

// Cluster groups phrases by their words.
func (*Provider) Cluster(ctx context.Context, h *credit.Hold, in provider.ClusterBrief) ([]provider.Group, provider.Usage, error) {
	if err := ready(ctx, h); err != nil {
		return nil, provider.Usage{}, fmt.Errorf("cluster %d phrases: %w", len(in.Phrases), err)
	}
	groups, err := cluster.Run(ctx, in)
	if err != nil {
		return nil, provider.Usage{}, fmt.Errorf("cluster %d phrases: %w", len(in.Phrases), err)
	}
	return groups, provider.Usage{Keywords: len(in.Phrases)}, nil
}

// Ideas proposes articles for one cluster: fewer than asked for when the
// keywords do not support more.
func (*Provider) Ideas(ctx context.Context, h *credit.Hold, in provider.IdeasBrief) ([]provider.Idea, provider.Usage, error) {
	if err := ready(ctx, h); err != nil {
		return nil, provider.Usage{}, fmt.Errorf("ideas for %q: %w", in.Cluster, err)
	}
	ideas := ideasFor(in)
	return ideas, provider.Usage{Ideas: len(ideas)}, nil
}

// Article drafts one article.
func (*Provider) Article(ctx context.Context, h *credit.Hold, in provider.ArticleBrief) (provider.Article, provider.Usage, error) {
	if err := ready(ctx, h); err != nil {
		return provider.Article{}, provider.Usage{}, fmt.Errorf("article %q: %w", in.Title, err)
	}
	a := draft(in)
	return a, provider.Usage{Words: a.Count()}, nil
}

// Rewrite says anew what a section should have.
func (*Provider) Rewrite(ctx context.Context, h *credit.Hold, in provider.RewriteBrief) (string, provider.Usage, error) {
	if err := ready(ctx, h); err != nil {
		return "", provider.Usage{}, fmt.Errorf("section %q: %w", in.Heading, err)
	}
	text := again(in)
	return text, provider.Usage{Words: provider.Words(text)}, nil
}

// ready says whether work may begin: somebody pays for it, and somebody still
// waits for it.
func ready(ctx context.Context, h *credit.Hold) error {
	if h.Amount() <= 0 {
		return fmt.Errorf("%w: the hold pays for nothing", provider.ErrRefused)
	}
	return ctx.Err()
}
