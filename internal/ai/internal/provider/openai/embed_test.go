package openai_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"reflect"
	"testing"

	"igny8/internal/ai/internal/provider"
	"igny8/internal/ai/internal/provider/openai"
	"igny8/internal/ai/internal/provider/vendortest"
	"igny8/internal/credit"
	"igny8/internal/httpx"
)

func TestEmbed(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, answer, want string }{
		{"the vendor's, in another order", `{"object":"list","data":[{"object":"embedding","index":1,"embedding":[0.5,-1e-3]},{"index":0,"embedding":[1,2]}],"model":"m","usage":{"prompt_tokens":8,"total_tokens":8}}`, "[[1 2] [0.5 -0.001]] 8"},
		{"without indexes", `{"data":[{"embedding":[1]},{"embedding":[2]}]}`, "[[1] [2]] 0"},
		{"too few", `{"data":[{"index":1,"embedding":[1]}],"usage":{"prompt_tokens":-5}}`, "[[] [1]] 0"},
	} {
		v := vendortest.New(t, tt.answer)
		m := openai.Embeddings{Client: httpx.NewClient(httpx.Outbound{AllowPrivate: true}), BaseURL: v.URL + "/", Key: key, Name: "e"}
		got, tokens, err := m.Embed(t.Context(), []string{"one", "<b>two"})
		if fmt.Sprint(got, tokens) != tt.want || err != nil {
			t.Errorf("%s: %v %d, %v", tt.name, got, tokens, err)
		}
		r := v.Requests()[0]
		var sent any
		if err := json.Unmarshal([]byte(r.Body), &sent); err != nil {
			t.Fatal(err)
		}
		want := map[string]any{"model": "e", "input": []any{"one", "<b>two"}, "encoding_format": "float"}
		if r.Method != http.MethodPost || r.URL != "/embeddings" || r.Header.Get("Authorization") != "Bearer "+key || r.Header.Get("Accept") != "application/json" || !reflect.DeepEqual(sent, want) {
			t.Errorf("sent %s %s %v %v", r.Method, r.URL, r.Header, sent)
		}
	}
}

func TestEmbedWithoutUse(t *testing.T) {
	t.Parallel()
	for _, answer := range []string{
		"", "<html>", "[]", `{"data":{}}`, `{"data":[{"index":2,"embedding":[1]}]}`, `{"data":[{"index":-1,"embedding":[1]}]}`,
		`{"data":[{"index":0,"embedding":[1]},{"index":0,"embedding":[1]}]}`, `{"data":[{"embedding":["x"]}]}`, `{"data":[{"embedding":[1e99]}]}`,
		`{"data":[{"embedding":[1]},{"embedding":[1]},{"embedding":[1]}]}`,
	} {
		v := vendortest.New(t, answer)
		m := openai.Embeddings{Client: httpx.NewClient(httpx.Outbound{AllowPrivate: true}), BaseURL: v.URL, Name: "e"}
		_, _, err := m.Embed(t.Context(), []string{"one", "two"})
		if !errors.Is(err, provider.ErrRefused) || provider.FailureOf(err) != credit.Unusable {
			t.Errorf("%q: %v", answer, err)
		}
	}
}
