// Package anthropic speaks the Messages API of Anthropic.
package anthropic

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

// BaseURL is the vendor's endpoint.
const BaseURL = "https://api.anthropic.com"

// version is the version of the API that this package was written for.
const version = "2023-06-01"

// Model is one model of an endpoint.
type Model struct {
	Client  *http.Client
	BaseURL string
	Key     string
	Name    string
}

type message struct {
	Role    string `json:"role"`
	Content string `json:"content"`
}

type request struct {
	Model     string    `json:"model"`
	MaxTokens int       `json:"max_tokens"`
	System    string    `json:"system"`
	Messages  []message `json:"messages"`
	Stream    bool      `json:"stream"`
}

type usage struct {
	Input  int `json:"input_tokens"`
	Output int `json:"output_tokens"`
}

type event struct {
	Type  string
	Delta struct {
		Text       string
		StopReason string `json:"stop_reason"`
	}
	Message struct{ Usage usage }
	Usage   usage
	Error   struct{ Type, Message string }
}

// Ask implements chat.Model.
func (m *Model) Ask(ctx context.Context, instructions, text string, tokens int) (a chat.Answer, err error) {
	header := http.Header{}
	header.Set("x-api-key", m.Key)
	header.Set("anthropic-version", version)
	var said strings.Builder
	stop := ""
	err = chat.Call{
		Client: m.Client, URL: strings.TrimRight(m.BaseURL, "/") + "/v1/messages", Header: header,
		Body: request{Model: m.Name, MaxTokens: tokens, System: instructions, Messages: []message{{"user", text}}, Stream: true},
		Event: func(data []byte) (bool, error) {
			var e event
			if err := json.Unmarshal(data, &e); err != nil {
				return false, provider.Fail(credit.Silent, errors.New("an event that is not JSON"))
			}
			switch e.Type {
			case "message_start":
				a.InputTokens = e.Message.Usage.Input
			case "content_block_delta":
				said.WriteString(e.Delta.Text)
			case "message_delta":
				a.OutputTokens = max(a.OutputTokens, e.Usage.Output) // the sum so far
				if e.Delta.StopReason != "" {
					stop = e.Delta.StopReason
				}
			case "error":
				return false, provider.Fail(credit.Silent, fmt.Errorf("%s: %s", e.Error.Type, e.Error.Message))
			}
			return e.Type == "message_stop", nil
		},
	}.Do(ctx)
	a.Text = said.String()
	if err == nil && (stop == "max_tokens" || stop == "model_context_window_exceeded" || stop == "refusal") {
		err = provider.Fail(credit.Unusable, fmt.Errorf("the model stopped early (%s)", stop))
	}
	return a, err
}
