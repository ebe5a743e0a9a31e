package openai

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"igny8/internal/ai/internal/provider"
	"igny8/internal/ai/internal/provider/chat"
	"igny8/internal/credit"
)

// Embeddings is one model of embeddings of an endpoint.
type Embeddings struct {
	Client  *http.Client
	BaseURL string
	Key     string // empty: the endpoint asks for none
	Name    string
}

// Embed implements chat.Embedder.
func (m *Embeddings) Embed(ctx context.Context, texts []string) (vectors [][]float32, tokens int, err error) {
	var answer struct {
		Data []struct {
			Index     *int
			Embedding []float32
		}
		Usage struct {
			Prompt int `json:"prompt_tokens"`
		}
	}
	err = chat.Call{
		Client: m.Client, URL: strings.TrimRight(m.BaseURL, "/") + "/embeddings", Header: authorized(m.Key),
		Body: map[string]any{"model": m.Name, "input": texts, "encoding_format": "float"},
		Whole: func(body []byte) error {
			if err := json.Unmarshal(body, &answer); err != nil {
				return provider.Fail(credit.Unusable, errors.New("an answer that is not JSON, or of another shape"))
			}
			return nil
		},
	}.Do(ctx)
	if err != nil {
		return nil, 0, err
	}
	tokens = max(0, answer.Usage.Prompt)
	vectors = make([][]float32, len(texts))
	for n, d := range answer.Data {
		if d.Index != nil { // some servers leave it out, and keep the order
			n = *d.Index
		}
		if n < 0 || n >= len(texts) || vectors[n] != nil {
			return nil, tokens, provider.Fail(credit.Unusable, fmt.Errorf("a vector for text %d, which is not one or has one", n))
		}
		vectors[n] = d.Embedding
	}
	return vectors, tokens, nil
}

// authorized is the header by which an endpoint knows whose the request is.
func authorized(key string) http.Header {
	header := http.Header{}
	if key != "" {
		header.Set("Authorization", "Bearer "+key)
	}
	return header
}
