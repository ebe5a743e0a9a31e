package openai_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"reflect"
	"strings"
	"testing"
	"testing/synctest"

	"igny8/internal/ai/internal/provider"
	"igny8/internal/ai/internal/provider/chat"
	"igny8/internal/ai/internal/provider/openai"
	"igny8/internal/ai/internal/provider/vendortest"
	"igny8/internal/httpx"
)

const key = "sk-proj-test"

func ask(ctx context.Context, v *vendortest.Vendor) (chat.Answer, error) {
	m := openai.Model{Client: httpx.NewClient(httpx.Outbound{AllowPrivate: true}), BaseURL: v.URL, Key: key, Name: "m"}
	return m.Ask(ctx, "Instructions.", "Message.", 77)
}

// detour leads what is meant for the vendor to a peer on loopback.
type detour struct {
	to   *url.URL
	seen *string
}

func (d detour) RoundTrip(r *http.Request) (*http.Response, error) {
	*d.seen = r.URL.String()
	r = r.Clone(r.Context())
	r.URL.Scheme, r.URL.Host = d.to.Scheme, d.to.Host
	return http.DefaultTransport.RoundTrip(r)
}

const answered = vendortest.OpenAI

var good = chat.Answer{Text: "Good \u00fcber \"all\"", InputTokens: 19, OutputTokens: 10}

// TestRequest is what is sent, to the vendor itself and to those that speak as
// it does.
func TestRequest(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, base, path, key, limit string }{
		{"the vendor", openai.BaseURL, "/v1/chat/completions", key, "max_completion_tokens"},
		{"another", "http://models.test/api/v1", "/api/v1/chat/completions", key, "max_tokens"},
		{"another, with a slash", "http://models.test/", "/chat/completions", key, "max_tokens"},
		{"one without keys", "http://models.test", "/chat/completions", "", "max_tokens"},
	} {
		v := vendortest.New(t, answered)
		to, err := url.Parse(v.URL)
		if err != nil {
			t.Fatal(err)
		}
		seen := ""
		m := openai.Model{Client: &http.Client{Transport: detour{to, &seen}}, BaseURL: tt.base, Key: tt.key, Name: "gpt-x"}
		if got, err := m.Ask(t.Context(), "Instructions.", `{"text":"<b>\u2028"}`, 77); err != nil || got != good {
			t.Errorf("%s: %+v, %v", tt.name, got, err)
		}
		r := v.Requests()[0]
		if host := strings.TrimRight(tt.base, "/"); r.Method != http.MethodPost || r.URL != tt.path || seen != host+"/chat/completions" {
			t.Errorf("%s: %s %s, that is %s", tt.name, r.Method, r.URL, seen)
		}
		bearer := ""
		if tt.key != "" {
			bearer = "Bearer " + tt.key
		}
		if r.Header.Get("Authorization") != bearer || r.Header.Get("Content-Type") != "application/json" || r.Header.Get("Accept") != "text/event-stream" {
			t.Errorf("%s: header %v", tt.name, r.Header)
		}
		if strings.Contains(r.Body, key) {
			t.Errorf("%s: the key is in the body", tt.name)
		}
		var got any
		if err := json.Unmarshal([]byte(r.Body), &got); err != nil {
			t.Fatal(err)
		}
		want := map[string]any{
			"model": "gpt-x", "stream": true, tt.limit: 77.0,
			"stream_options": map[string]any{"include_usage": true}, "response_format": map[string]any{"type": "json_object"},
			"messages": []any{
				map[string]any{"role": "system", "content": "Instructions."},
				map[string]any{"role": "user", "content": `{"text":"<b>\u2028"}`},
			},
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%s: sent %v, want %v", tt.name, got, want)
		}
	}
}

// TestDialects are good answers as servers give them that speak this format.
func TestDialects(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, answer string
		want         chat.Answer
	}{
		{"the vendor's", answered, good},
		{"carriage returns", strings.ReplaceAll(answered, "\n", "\r\n"), good},
		{"comments", ": OPENROUTER PROCESSING\n\n" + strings.ReplaceAll(answered, "\n\n", "\n\n: wait\n\n"), good},
		{"names of events", strings.ReplaceAll(answered, "data: ", "event: message\nid: 1\ndata: "), good},
		{"nulls", `data: {"choices":null,"usage":null,"error":null}` + "\n\n" +
			`data: {"choices":[{"delta":null,"finish_reason":null}]}` + "\n\n" +
			`data: {"choices":[{"delta":{"role":null,"content":null}}]}` + "\n\n" +
			`data: {"choices":[null,{"delta":{"content":"x"},"finish_reason":"stop"}],"usage":{"prompt_tokens":null,"completion_tokens":2}}` + "\n\n" +
			`data: null` + "\n\ndata: [DONE]\n\n", chat.Answer{Text: "x", OutputTokens: 2}},
		{"events of another kind", `data: {"choices":[],"prompt_filter_results":[{"prompt_index":0}]}` + "\n\n" +
			`data: {"object":"ping","x":{"y":[1]}}` + "\n\n" + answered, good},
		{"thoughts", `data: {"choices":[{"delta":{"content":null,"reasoning_content":"{\"no\":1}"}}]}` + "\n\n" + answered, good},
		{"usage that grows", `data: {"choices":[{"delta":{"content":"x"}}],"usage":{"prompt_tokens":5,"completion_tokens":1}}` + "\n\n" +
			`data: {"choices":[{"delta":{},"finish_reason":"stop"}],"usage":{"prompt_tokens":5,"completion_tokens":2}}` + "\n\ndata: [DONE]\n\n",
			chat.Answer{Text: "x", InputTokens: 5, OutputTokens: 2}},
		{"no usage", `data: {"choices":[{"delta":{"content":"x"},"finish_reason":"stop"}]}` + "\n\ndata: [DONE]", chat.Answer{Text: "x"}},
		{"bytes that are no letters", `data: {"choices":[{"delta":{"content":"a` + "\xff\xfe" + `b"}}]}` + "\n\ndata: [DONE]\n\n", chat.Answer{Text: "a\uFFFD\uFFFDb"}},
		{"data of two lines", "data: {\"choices\":\ndata: [{\"delta\":{\"content\":\"x\"}}]}\n\ndata: [DONE]\n\n", chat.Answer{Text: "x"}},
	} {
		if got, err := ask(t.Context(), vendortest.New(t, tt.answer)); err != nil || got != tt.want {
			t.Errorf("%s: %+v, %v; want %+v", tt.name, got, err, tt.want)
		}
	}
}

const begun = `data: {"choices":[{"delta":{"content":"{\"title\":"}}],"usage":{"prompt_tokens":19,"completion_tokens":1}}` + "\n\n"

// TestFailures: what was begun and not ended is not asked for again here, for
// it would be told twice.
func TestFailures(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, answer string
		want         error
		calls        int
	}{
		{"the end is missing", begun, provider.ErrUnavailable, 1},
		{"cut JSON", begun + `data: {"choices":[{"del`, provider.ErrUnavailable, 1},
		{"cut JSON, as an event", begun + `data: {"choices":[{"del` + "\n\n", provider.ErrUnavailable, 1},
		{"another shape", begun + `data: {"choices":[{"delta":{"content":["x"]}}]}` + "\n\n", provider.ErrUnavailable, 1},
		{"an error", begun + `data: {"error":{"message":"The server had an error","type":"server_error","param":null,"code":null}}` + "\n\n", provider.ErrUnavailable, 1},
		{"an error at once", `data: {"error":{"message":"overloaded","code":503}}` + "\n\n", provider.ErrUnavailable, 3},
		{"an error that is a word", `data: {"error":"overloaded"}` + "\n\n", provider.ErrUnavailable, 3},
		{"HTML", "<!DOCTYPE html>\n<title>Welcome</title>\n", provider.ErrUnavailable, 3},
		{"JSON that is no stream", `{"choices":[{"message":{"content":"x"}}]}` + "\n", provider.ErrUnavailable, 3},
		{"too long", begun + `data: {"choices":[{"delta":{},"finish_reason":"length"}]}` + "\n\ndata: [DONE]\n\n", provider.ErrRefused, 1},
		{"filtered", begun + `data: {"choices":[{"delta":{},"finish_reason":"content_filter"}]}` + "\n\ndata: [DONE]\n\n", provider.ErrRefused, 1},
	} {
		v := vendortest.New(t, tt.answer)
		synctest.Test(t, func(t *testing.T) {
			got, err := ask(t.Context(), v)
			if !errors.Is(err, tt.want) || strings.Contains(err.Error(), key) {
				t.Errorf("%s: %v, want %v", tt.name, err, tt.want)
			}
			if strings.HasPrefix(tt.answer, begun) && got.InputTokens != 19 {
				t.Errorf("%s: what was counted is lost: %+v", tt.name, got)
			}
		})
		if n := len(v.Requests()); n != tt.calls {
			t.Errorf("%s: asked %d times, want %d", tt.name, n, tt.calls)
		}
	}
}

// TestAgainAfterAnError has only the second answer in it.
func TestAgainAfterAnError(t *testing.T) {
	t.Parallel()
	v := vendortest.New(t, `data: {"error":{"message":"overloaded"},"choices":[{"delta":{"content":"Bad "}}]}`+"\n\n", answered)
	synctest.Test(t, func(t *testing.T) {
		if got, err := ask(t.Context(), v); err != nil || got != good {
			t.Errorf("%+v, %v", got, err)
		}
	})
}

// TestRefusal is a model that says no in words of its own: there is no text to
// read.
func TestRefusal(t *testing.T) {
	t.Parallel()
	v := vendortest.New(t, `data: {"choices":[{"delta":{"content":null,"refusal":"I cannot help with that."}}]}`+"\n\n"+
		`data: {"choices":[{"delta":{},"finish_reason":"stop"}]}`+"\n\ndata: [DONE]\n\n")
	if got, err := ask(t.Context(), v); err != nil || got.Text != "" {
		t.Errorf("%+v, %v", got, err)
	}
}
