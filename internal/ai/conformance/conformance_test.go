// Package conformance_test shows that the peer which our clients are tested with
// speaks as the vendors do: their own clients take the same from it as ours, and
// ask it the same.
package conformance_test

import (
	"encoding/json"
	"errors"
	"net/http"
	"reflect"
	"testing"

	vendoranthropic "github.com/anthropics/anthropic-sdk-go"
	anthropicoption "github.com/anthropics/anthropic-sdk-go/option"
	vendoropenai "github.com/openai/openai-go/v3"
	openaioption "github.com/openai/openai-go/v3/option"
	"github.com/openai/openai-go/v3/shared"

	"igny8/internal/ai/internal/provider"
	"igny8/internal/ai/internal/provider/anthropic"
	"igny8/internal/ai/internal/provider/chat"
	"igny8/internal/ai/internal/provider/openai"
	"igny8/internal/ai/internal/provider/vendortest"
	"igny8/internal/httpx"
)

const key = "sk-test"

// client reaches loopback, as that of an operator's own server does.
func client() *http.Client { return httpx.NewClient(httpx.Outbound{AllowPrivate: true}) }

func theirOpenAI(v *vendortest.Vendor) vendoropenai.Client {
	return vendoropenai.NewClient(openaioption.WithBaseURL(v.URL), openaioption.WithAPIKey(key), openaioption.WithMaxRetries(0))
}

func theirAnthropic(v *vendortest.Vendor) vendoranthropic.Client {
	return vendoranthropic.NewClient(anthropicoption.WithBaseURL(v.URL), anthropicoption.WithAPIKey(key), anthropicoption.WithMaxRetries(0))
}

// sameRequest compares the last two requests: what is asked, whose it is, and
// what is in it.
func sameRequest(t *testing.T, v *vendortest.Vendor, headers ...string) {
	t.Helper()
	all := v.Requests()
	theirs, ours := all[len(all)-2], all[len(all)-1]
	if theirs.Method != ours.Method || theirs.URL != ours.URL {
		t.Errorf("theirs is %s %s, ours %s %s", theirs.Method, theirs.URL, ours.Method, ours.URL)
	}
	for _, h := range headers {
		if got, want := ours.Header.Get(h), theirs.Header.Get(h); got != want || want == "" {
			t.Errorf("%s: ours is %q, theirs %q", h, got, want)
		}
	}
	if got, want := read(t, ours.Body), read(t, theirs.Body); !reflect.DeepEqual(got, want) {
		t.Errorf("ours asks %v, theirs %v", got, want)
	}
}

func read(t *testing.T, body string) (v map[string]any) {
	t.Helper()
	if err := json.Unmarshal([]byte(body), &v); err != nil {
		t.Fatalf("%v: %s", err, body)
	}
	if system, ok := v["system"].([]any); ok { // Anthropic takes a text for a list of one
		v["system"] = system[0].(map[string]any)["text"]
	}
	if messages, ok := v["messages"].([]any); ok {
		for _, m := range messages {
			m := m.(map[string]any)
			if parts, ok := m["content"].([]any); ok {
				m["content"] = parts[0].(map[string]any)["text"]
			}
		}
	}
	return v
}

func TestOpenAI(t *testing.T) {
	t.Parallel()
	v := vendortest.New(t, vendortest.OpenAI)
	c := theirOpenAI(v)
	s := c.Chat.Completions.NewStreaming(t.Context(), vendoropenai.ChatCompletionNewParams{
		Model: "m", MaxTokens: vendoropenai.Int(77), StreamOptions: vendoropenai.ChatCompletionStreamOptionsParam{IncludeUsage: vendoropenai.Bool(true)},
		ResponseFormat: vendoropenai.ChatCompletionNewParamsResponseFormatUnion{OfJSONObject: &shared.ResponseFormatJSONObjectParam{}},
		Messages:       []vendoropenai.ChatCompletionMessageParamUnion{vendoropenai.SystemMessage("Do it."), vendoropenai.UserMessage("This.")},
	})
	var all vendoropenai.ChatCompletionAccumulator
	for s.Next() {
		all.AddChunk(s.Current())
	}
	if s.Err() != nil || len(all.Choices) != 1 {
		t.Fatalf("theirs: %+v, %v", all, s.Err())
	}
	m := openai.Model{Client: client(), BaseURL: v.URL, Key: key, Name: "m"}
	got, err := m.Ask(t.Context(), "Do it.", "This.", 77)
	want := chat.Answer{Text: all.Choices[0].Message.Content, InputTokens: int(all.Usage.PromptTokens), OutputTokens: int(all.Usage.CompletionTokens)}
	if err != nil || got != want || want.Text == "" || want.OutputTokens == 0 {
		t.Errorf("ours is %+v, %v; theirs %+v", got, err, want)
	}
	sameRequest(t, v, "Authorization", "Content-Type")
}

func TestOpenAIEmbeddings(t *testing.T) {
	t.Parallel()
	v := vendortest.New(t, vendortest.Embeddings)
	c := theirOpenAI(v)
	texts := []string{"one", "two"}
	theirs, err := c.Embeddings.New(t.Context(), vendoropenai.EmbeddingNewParams{
		Model: "m", EncodingFormat: vendoropenai.EmbeddingNewParamsEncodingFormatFloat, Input: vendoropenai.EmbeddingNewParamsInputUnion{OfArrayOfStrings: texts},
	})
	if err != nil {
		t.Fatal(err)
	}
	want := make([][]float32, len(texts))
	for _, d := range theirs.Data {
		for _, x := range d.Embedding {
			want[d.Index] = append(want[d.Index], float32(x))
		}
	}
	m := openai.Embeddings{Client: client(), BaseURL: v.URL, Key: key, Name: "m"}
	got, tokens, err := m.Embed(t.Context(), texts)
	if err != nil || !reflect.DeepEqual(got, want) || len(want[0]) != 2 || tokens != int(theirs.Usage.PromptTokens) {
		t.Errorf("ours is %v, %d, %v; theirs %v, %d", got, tokens, err, want, theirs.Usage.PromptTokens)
	}
	sameRequest(t, v, "Authorization", "Content-Type", "Accept")
}

func TestAnthropic(t *testing.T) {
	t.Parallel()
	v := vendortest.New(t, vendortest.Anthropic)
	c := theirAnthropic(v)
	s := c.Messages.NewStreaming(t.Context(), vendoranthropic.MessageNewParams{
		Model: "m", MaxTokens: 77, System: []vendoranthropic.TextBlockParam{{Text: "Do it."}},
		Messages: []vendoranthropic.MessageParam{vendoranthropic.NewUserMessage(vendoranthropic.NewTextBlock("This."))},
	})
	var all vendoranthropic.Message
	for s.Next() {
		if err := all.Accumulate(s.Current()); err != nil {
			t.Fatal(err)
		}
	}
	if s.Err() != nil || len(all.Content) != 1 {
		t.Fatalf("theirs: %+v, %v", all, s.Err())
	}
	m := anthropic.Model{Client: client(), BaseURL: v.URL, Key: key, Name: "m"}
	got, err := m.Ask(t.Context(), "Do it.", "This.", 77)
	want := chat.Answer{Text: all.Content[0].Text, InputTokens: int(all.Usage.InputTokens), OutputTokens: int(all.Usage.OutputTokens)}
	if err != nil || got != want || want.Text == "" || want.OutputTokens == 0 {
		t.Errorf("ours is %+v, %v; theirs %+v", got, err, want)
	}
	sameRequest(t, v, "X-Api-Key", "Anthropic-Version", "Content-Type")
}

// TestRefusals are read as such by both, with the same status.
func TestRefusals(t *testing.T) {
	t.Parallel()
	for _, status := range []int{http.StatusBadRequest, http.StatusUnauthorized, http.StatusForbidden, http.StatusNotFound} {
		v := vendortest.Refusing(t, status, vendortest.OpenAIRefusal)
		c := theirOpenAI(v)
		_, err := c.Chat.Completions.New(t.Context(), vendoropenai.ChatCompletionNewParams{Model: "m"})
		var theirs *vendoropenai.Error
		if !errors.As(err, &theirs) || theirs.StatusCode != status || theirs.Message == "" {
			t.Errorf("OpenAI %d: theirs is %v", status, err)
		}
		m := openai.Model{Client: client(), BaseURL: v.URL, Key: key, Name: "m"}
		if _, err := m.Ask(t.Context(), "Do it.", "This.", 77); !errors.Is(err, provider.ErrRefused) {
			t.Errorf("OpenAI %d: ours is %v", status, err)
		}
		w := vendortest.Refusing(t, status, vendortest.AnthropicRefusal)
		d := theirAnthropic(w)
		_, err = d.Messages.New(t.Context(), vendoranthropic.MessageNewParams{Model: "m", MaxTokens: 1})
		var other *vendoranthropic.Error
		if !errors.As(err, &other) || other.StatusCode != status {
			t.Errorf("Anthropic %d: theirs is %v", status, err)
		}
		n := anthropic.Model{Client: client(), BaseURL: w.URL, Key: key, Name: "m"}
		if _, err := n.Ask(t.Context(), "Do it.", "This.", 77); !errors.Is(err, provider.ErrRefused) {
			t.Errorf("Anthropic %d: ours is %v", status, err)
		}
	}
}
