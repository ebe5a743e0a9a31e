package ai

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"igny8/internal/ai/internal/provider/anthropic"
	"igny8/internal/ai/internal/provider/chat"
	"igny8/internal/ai/internal/provider/openai"
	"igny8/internal/config"
	"igny8/internal/httpx"
	"igny8/internal/tenant"
)

// VendorOptions is which model of which endpoint is used.
type VendorOptions struct {
	BaseURL string // empty: the vendor's own
	Key     config.Secret
	Model   string
	// Embeddings is the model of embeddings of the same endpoint; empty: none.
	Embeddings string
}

var (
	errNoModel = errors.New("say which model to use with IGNY8_AI_MODEL")
	errNoKey   = errors.New("the provider's API key is needed in IGNY8_AI_KEY")
)

// NewOpenAI is the gateway to an endpoint that speaks OpenAI's chat
// completions. One with an address of its own may need no key.
func NewOpenAI(st *tenant.Store, o VendorOptions) (*Gateway, error) {
	base, err := o.check(openai.BaseURL)
	if err != nil {
		return nil, fmt.Errorf("AI provider openai: %w", err)
	}
	m := &openai.Model{Client: vendorClient(), BaseURL: base, Key: o.Key.Reveal(), Name: o.Model}
	if o.Embeddings == "" {
		return newGateway(st, chat.New("openai", m)), nil
	}
	return newGateway(st, chat.NewWithVectors("openai", m, &openai.Embeddings{Client: m.Client, BaseURL: base, Key: m.Key, Name: o.Embeddings})), nil
}

// NewAnthropic is the gateway to Anthropic's models.
func NewAnthropic(st *tenant.Store, o VendorOptions) (*Gateway, error) {
	base, err := o.check(anthropic.BaseURL)
	if err != nil {
		return nil, fmt.Errorf("AI provider anthropic: %w", err)
	}
	return newGateway(st, chat.New("anthropic", &anthropic.Model{Client: vendorClient(), BaseURL: base, Key: o.Key.Reveal(), Name: o.Model})), nil
}

func (o VendorOptions) check(own string) (base string, err error) {
	if o.Model == "" {
		return "", errNoModel
	}
	if o.BaseURL == "" || strings.TrimRight(o.BaseURL, "/") == own {
		if o.Key.Empty() {
			return "", errNoKey
		}
		return own, nil
	}
	u, err := url.Parse(o.BaseURL)
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
		return "", fmt.Errorf("IGNY8_AI_BASE_URL %q is not an http or https address", o.BaseURL)
	}
	return o.BaseURL, nil
}

// vendorClient may reach private addresses: where models are is the operator's
// own setting.
func vendorClient() *http.Client {
	return httpx.NewClient(httpx.Outbound{AllowPrivate: true, Timeout: callLimit, HeaderWait: 2 * time.Minute})
}
