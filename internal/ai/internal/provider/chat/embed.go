package chat

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"

	"igny8/internal/ai/internal/provider"
	"igny8/internal/credit"
)

// Embedder turns texts into vectors that point the same way where the texts
// mean the same.
type Embedder interface {
	// Embed is the vectors of texts, in their order, and what reading them took
	// in tokens. Its errors wrap ErrRefused or ErrUnavailable.
	Embed(ctx context.Context, texts []string) (vectors [][]float32, tokens int, err error)
}

// NewWithVectors is New with a model of embeddings, by which clustering goes
// beside the words.
func NewWithVectors(name string, m Model, e Embedder) *Provider {
	p := New(name, m)
	p.embed = e
	return p
}

// How texts are sent: so many at once, and so many of each cluster that there is,
// which stand for the rest.
const (
	embeddedAtOnce = 256
	embeddedThere  = 8
)

// embedded is a brief with vectors.
func (p *Provider) embedded(ctx context.Context, in provider.ClusterBrief, u *provider.Usage) (provider.ClusterBrief, error) {
	in.Phrases, in.There = slices.Clone(in.Phrases), slices.Clone(in.There)
	var all []*provider.Phrase
	for i := range in.Phrases {
		all = append(all, &in.Phrases[i])
	}
	for c := range in.There {
		in.There[c].Phrases = slices.Clone(in.There[c].Phrases)
		for i := range in.There[c].Phrases[:min(len(in.There[c].Phrases), embeddedThere)] {
			all = append(all, &in.There[c].Phrases[i])
		}
	}
	length := 0
	for some := range slices.Chunk(all, embeddedAtOnce) {
		texts := make([]string, len(some))
		for i, ph := range some {
			if texts[i] = line(ph.Text, 500); texts[i] == "" {
				texts[i] = "-" // vendors refuse an empty text, and with it all of them
			}
		}
		var vectors [][]float32
		err := p.breaker.do(ctx, func() error {
			var tokens int
			var err error
			vectors, tokens, err = p.embed.Embed(ctx, texts)
			u.InputTokens += tokens
			return err
		})
		if err == nil {
			err = checkVectors(vectors, len(texts), &length)
		}
		if err != nil {
			return in, fmt.Errorf("vectors of %d phrases: %w", len(texts), err)
		}
		for i, ph := range some {
			ph.Vector = vectors[i]
		}
	}
	return in, nil
}

// checkVectors takes vectors that are as many as there are texts, all of one
// length, and of numbers.
func checkVectors(all [][]float32, n int, length *int) error {
	if len(all) != n {
		return provider.Fail(credit.Unusable, fmt.Errorf("%d vectors for %d texts", len(all), n))
	}
	for _, v := range all {
		if *length == 0 {
			*length = len(v)
		}
		if len(v) != *length || len(v) == 0 {
			return provider.Fail(credit.Unusable, fmt.Errorf("a vector of %d numbers among those of %d", len(v), *length))
		}
		for _, x := range v {
			if math.IsNaN(float64(x)) || math.IsInf(float64(x), 0) {
				return provider.Fail(credit.Unusable, errors.New("a vector with what is no number"))
			}
		}
	}
	return nil
}
