package chat_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"igny8/internal/ai/internal/provider"
	"igny8/internal/ai/internal/provider/chat"
	"igny8/internal/credit"
)

// embedder answers with what a test says.
type embedder func(texts []string) ([][]float32, error)

func (e embedder) Embed(_ context.Context, texts []string) ([][]float32, int, error) {
	v, err := e(texts)
	return v, 10 * len(texts), err
}

// silent is a model that is not asked.
type silent struct{}

func (silent) Ask(context.Context, string, string, int) (chat.Answer, error) {
	return chat.Answer{Text: `{"groups":[]}`}, nil
}

// TestClusteringByVectors sends every phrase once, some of what is there, never
// an empty text, and counts what it took.
func TestClusteringByVectors(t *testing.T) {
	t.Parallel()
	var sent []string
	p := chat.NewWithVectors("v", silent{}, embedder(func(texts []string) ([][]float32, error) {
		sent = append(sent, texts...)
		if len(texts) > 256 {
			t.Errorf("%d texts at once", len(texts))
		}
		out := make([][]float32, len(texts))
		for i, text := range texts {
			out[i] = []float32{1, 0}
			if strings.HasPrefix(text, "money") || strings.HasPrefix(text, "refund") {
				out[i] = []float32{0, 1}
			}
		}
		return out, nil
	}))
	in := provider.ClusterBrief{Language: "en", Phrases: []provider.Phrase{{Text: "money back"}, {Text: " "}}}
	var there provider.Cluster
	for i := range 300 {
		there.Phrases = append(there.Phrases, provider.Phrase{Text: fmt.Sprintf("refund %d", i)})
		in.Phrases = append(in.Phrases, provider.Phrase{Text: fmt.Sprintf("hive %d", i)})
	}
	in.There = []provider.Cluster{there}
	groups, u, err := p.Cluster(t.Context(), paid(t), in)
	if err != nil || u.Keywords != 302 || u.InputTokens != 3100 || len(sent) != 310 || sent[1] != "-" {
		t.Errorf("%d texts sent, usage %+v, %v", len(sent), u, err)
	}
	for _, g := range groups {
		for _, m := range g.Members {
			if in.Phrases[m].Text == "money back" && g.Into != 1 {
				t.Errorf("what means the same is in %+v", g)
			}
		}
	}
	if in.Phrases[0].Vector != nil || there.Phrases[0].Vector != nil {
		t.Error("the brief was changed")
	}
}

func TestVectorsWithoutUse(t *testing.T) {
	t.Parallel()
	in := provider.ClusterBrief{Phrases: []provider.Phrase{{Text: "a"}, {Text: "b"}}}
	zero := float32(0)
	for _, bad := range [][][]float32{nil, {{1}}, {{1}, nil}, {{1}, {1, 2}}, {{1}, {0 / zero}}, {{1}, {1 / zero}}, {{}, {}}} {
		p := chat.NewWithVectors("v", silent{}, embedder(func([]string) ([][]float32, error) { return bad, nil }))
		if _, _, err := p.Cluster(t.Context(), paid(t), in); provider.FailureOf(err) != credit.Unusable {
			t.Errorf("%v: %v", bad, err)
		}
	}
	p := chat.NewWithVectors("v", silent{}, embedder(func([]string) ([][]float32, error) { return nil, provider.ErrUnavailable }))
	if _, _, err := p.Cluster(t.Context(), paid(t), in); !errors.Is(err, provider.ErrUnavailable) {
		t.Errorf("a vendor that is away: %v", err)
	}
}
