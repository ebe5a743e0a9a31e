// Package openai speaks the chat completions of OpenAI, which most other
// vendors and local servers speak too.
package openai

import (
	"bytes"
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

// BaseURL is the vendor's own endpoint.
const BaseURL = "https://api.openai.com/v1"

// Model is one model of an endpoint.
type Model struct {
	Client  *http.Client
	BaseURL string
	Key     string // empty: the endpoint asks for none
	Name    string
}

type message struct {
	Role    string `json:"role"`
	Content string `json:"content"`
}

type request struct {
	Model     string         `json:"model"`
	Messages  []message      `json:"messages"`
	Stream    bool           `json:"stream"`
	Options   map[string]any `json:"stream_options"`
	Format    map[string]any `json:"response_format"`
	MaxTokens int            `json:"max_tokens,omitempty"`            // what compatible servers read
	MaxOutput int            `json:"max_completion_tokens,omitempty"` // what OpenAI reads since it has models that think
}

type event struct {
	Choices []struct {
		Delta        struct{ Content string }
		FinishReason string `json:"finish_reason"`
	}
	Usage *struct {
		Prompt     int `json:"prompt_tokens"`
		Completion int `json:"completion_tokens"`
	}
	Error *struct{ Message string }
}

// Ask implements chat.Model.
func (m *Model) Ask(ctx context.Context, instructions, text string, tokens int) (a chat.Answer, err error) {
	r := request{
		Model: m.Name, Stream: true, Options: map[string]any{"include_usage": true}, Format: map[string]any{"type": "json_object"},
		Messages: []message{{"system", instructions}, {"user", text}},
	}
	if m.BaseURL == BaseURL {
		r.MaxOutput = tokens
	} else {
		r.MaxTokens = tokens
	}
	var said strings.Builder
	finish := ""
	err = chat.Call{
		Client: m.Client, URL: strings.TrimRight(m.BaseURL, "/") + "/chat/completions", Header: authorized(m.Key), Body: r,
		Event: func(data []byte) (bool, error) {
			if bytes.Equal(data, []byte("[DONE]")) {
				return true, nil
			}
			var e event
			if err := json.Unmarshal(data, &e); err != nil {
				return false, provider.Fail(credit.Silent, errors.New("an event that is not JSON"))
			}
			if e.Error != nil {
				return false, provider.Fail(credit.Silent, errors.New(e.Error.Message))
			}
			for _, c := range e.Choices {
				said.WriteString(c.Delta.Content)
				if c.FinishReason != "" {
					finish = c.FinishReason
				}
			}
			if e.Usage != nil {
				a.InputTokens, a.OutputTokens = e.Usage.Prompt, e.Usage.Completion
			}
			return false, nil
		},
	}.Do(ctx)
	a.Text = said.String()
	if err == nil && (finish == "length" || finish == "content_filter") {
		err = provider.Fail(credit.Unusable, fmt.Errorf("the model stopped early (%s)", finish))
	}
	return a, err
}
