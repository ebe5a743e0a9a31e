package anthropic_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"reflect"
	"strings"
	"testing"
	"testing/synctest"

	"igny8/internal/ai/internal/provider"
	"igny8/internal/ai/internal/provider/anthropic"
	"igny8/internal/ai/internal/provider/chat"
	"igny8/internal/ai/internal/provider/vendortest"
	"igny8/internal/httpx"
)

const key = "sk-ant-test"

func ask(ctx context.Context, v *vendortest.Vendor) (chat.Answer, error) {
	m := anthropic.Model{Client: httpx.NewClient(httpx.Outbound{AllowPrivate: true}), BaseURL: v.URL, Key: key, Name: "claude-x"}
	return m.Ask(ctx, "Instructions.", `{"text":"<b>\u2028"}`, 77)
}

// The parts of an answer as api.anthropic.com gives it.
const (
	start = vendortest.AnthropicStart
	block = vendortest.AnthropicBlock
	ping  = vendortest.AnthropicPing
	text  = vendortest.AnthropicText
	stop  = vendortest.AnthropicStop
	end   = vendortest.AnthropicEnd
	last  = vendortest.AnthropicLast

	answered = vendortest.Anthropic
)

var good = chat.Answer{Text: "Good \u00fcber \"all\"", InputTokens: 25, OutputTokens: 15}

func TestRequest(t *testing.T) {
	t.Parallel()
	v := vendortest.New(t, answered)
	if got, err := ask(t.Context(), v); err != nil || got != good {
		t.Fatalf("%+v, %v", got, err)
	}
	r := v.Requests()[0]
	if r.Method != http.MethodPost || r.URL != "/v1/messages" {
		t.Errorf("%s %s", r.Method, r.URL)
	}
	for name, want := range map[string]string{
		"X-Api-Key": key, "Anthropic-Version": "2023-06-01", "Content-Type": "application/json", "Accept": "text/event-stream", "Authorization": "",
	} {
		if got := r.Header.Get(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	if strings.Contains(r.Body, key) {
		t.Error("the key is in the body")
	}
	var got any
	if err := json.Unmarshal([]byte(r.Body), &got); err != nil {
		t.Fatal(err)
	}
	want := map[string]any{
		"model": "claude-x", "max_tokens": 77.0, "stream": true, "system": "Instructions.",
		"messages": []any{map[string]any{"role": "user", "content": `{"text":"<b>\u2028"}`}},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("sent %v, want %v", got, want)
	}
}

// TestAnswers are good ones, in every form that the vendor documents.
func TestAnswers(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, answer string
		want         chat.Answer
	}{
		{"the usual", answered, good},
		{"carriage returns", strings.ReplaceAll(answered, "\n", "\r\n"), good},
		{"comments", strings.ReplaceAll(answered, "\n\n", "\n\n: wait\n\n"), good},
		{"pings everywhere", ping + strings.ReplaceAll(answered, "\n\n", "\n\n"+ping), good},
		{"types that nobody knows", start + `data: {"type":"tea_break","delta":{"text":"no"},"usage":{"output_tokens":900}}` + "\n\n" + block + text + stop + end + last, good},
		{"thoughts", start + `data: {"type":"content_block_start","index":0,"content_block":{"type":"thinking","thinking":""}}` + "\n\n" +
			`data: {"type":"content_block_delta","index":0,"delta":{"type":"thinking_delta","thinking":"{\"no\":1}"}}` + "\n\n" +
			`data: {"type":"content_block_delta","index":0,"delta":{"type":"signature_delta","signature":"x"}}` + "\n\n" + block + text + stop + end + last, good},
		{"many message deltas", start + block + text + stop + end + `data: {"type":"message_delta","delta":{"stop_reason":null},"usage":null}` + "\n\n" + last, good},
		{"nulls", `data: {"type":"message_start","message":null,"usage":null}` + "\n\n" + `data: {"type":"content_block_delta","delta":null}` + "\n\n" +
			`data: {"type":"content_block_delta","delta":{"type":"text_delta","text":null}}` + "\n\n" +
			`data: {"type":"message_delta","delta":null,"usage":{"output_tokens":null}}` + "\n\n" + "data: null\n\n" + `data: {"type":null,"error":null}` + "\n\n" + last, chat.Answer{}},
		{"no blank line at the end", strings.TrimSpace(answered), good},
		{"bytes that are no letters", start + "data: {\"type\":\"content_block_delta\",\"delta\":{\"text\":\"a\xff\xfeb\"}}\n\n" + last, chat.Answer{Text: "a\uFFFD\uFFFDb", InputTokens: 25}},
	} {
		if got, err := ask(t.Context(), vendortest.New(t, tt.answer)); err != nil || got != tt.want {
			t.Errorf("%s: %+v, %v; want %+v", tt.name, got, err, tt.want)
		}
	}
}

func stopped(reason string) string {
	return `data: {"type":"message_delta","delta":{"stop_reason":"` + reason + `"},"usage":{"output_tokens":15}}` + "\n\n"
}

// TestFailures: what was begun and not ended is not asked for again here, for
// it would be told twice.
func TestFailures(t *testing.T) {
	t.Parallel()
	const busy = "event: error\n" + `data: {"type":"error","error":{"type":"overloaded_error","message":"Overloaded"},"request_id":"req_1"}` + "\n\n"
	for _, tt := range []struct {
		name, answer string
		want         error
		calls        int
	}{
		{"the end is missing", start + block + text + stop + end, provider.ErrUnavailable, 1},
		{"cut JSON", start + block + `data: {"type":"content_block_del`, provider.ErrUnavailable, 1},
		{"cut JSON, as an event", start + block + `data: {"type":"content_block_del` + "\n\n", provider.ErrUnavailable, 1},
		{"another shape", start + `data: {"type":"content_block_delta","delta":{"text":["x"]}}` + "\n\n" + last, provider.ErrUnavailable, 1},
		{"overloaded", start + block + text + busy, provider.ErrUnavailable, 1},
		{"overloaded at once", busy, provider.ErrUnavailable, 3},
		{"HTML", "<!DOCTYPE html>\n<title>Welcome</title>\n", provider.ErrUnavailable, 3},
		{"JSON that is no stream", `{"type":"message","content":[{"type":"text","text":"x"}]}` + "\n", provider.ErrUnavailable, 3},
		{"too long", start + block + text + stop + stopped("max_tokens") + last, provider.ErrRefused, 1},
		{"longer than the model sees", start + block + text + stop + stopped("model_context_window_exceeded") + last, provider.ErrRefused, 1},
		{"refused", start + block + text + stop + stopped("refusal") + last, provider.ErrRefused, 1},
		{"refused, with more after it", start + stopped("refusal") + `data: {"type":"message_delta","delta":{},"usage":{}}` + "\n\n" + last, provider.ErrRefused, 1},
	} {
		v := vendortest.New(t, tt.answer)
		synctest.Test(t, func(t *testing.T) {
			got, err := ask(t.Context(), v)
			if !errors.Is(err, tt.want) || strings.Contains(err.Error(), key) {
				t.Errorf("%s: %v, want %v", tt.name, err, tt.want)
			}
			if strings.HasPrefix(tt.answer, start) && got.InputTokens != 25 {
				t.Errorf("%s: what was counted is lost: %+v", tt.name, got)
			}
		})
		if n := len(v.Requests()); n != tt.calls {
			t.Errorf("%s: asked %d times, want %d", tt.name, n, tt.calls)
		}
	}
}

// TestAgainAfterAnError is a vendor that is overloaded for a moment.
func TestAgainAfterAnError(t *testing.T) {
	t.Parallel()
	v := vendortest.New(t, "event: error\n"+`data: {"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}`+"\n\n", answered)
	synctest.Test(t, func(t *testing.T) {
		if got, err := ask(t.Context(), v); err != nil || got != good {
			t.Errorf("%+v, %v", got, err)
		}
	})
}
