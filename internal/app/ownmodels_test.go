package app

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"igny8/internal/clock"
)

// endpoint is an account's own endpoint of models, which writes down the keys
// and the models of what it is asked.
type endpoint struct {
	url  string
	mu   sync.Mutex
	seen []string
	say  func(rw http.ResponseWriter, r *http.Request)
}

func newEndpoint(t *testing.T) *endpoint {
	t.Helper()
	e := &endpoint{}
	s := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		_, model, _ := strings.Cut(string(body), `"model":"`)
		model, _, _ = strings.Cut(model, `"`)
		e.mu.Lock()
		e.seen = append(e.seen, r.URL.Path+" "+r.Header.Get("Authorization")+" "+model)
		say := e.say
		e.mu.Unlock()
		if say != nil {
			say(rw, r)
			return
		}
		rw.Header().Set("Content-Type", "text/event-stream")
		_, _ = io.WriteString(rw, `data: {"choices":[{"delta":{"content":"{\"markdown\":\"`+strings.Repeat("own ", 300)+`\"}"},"finish_reason":"stop"}]}`+"\n\ndata: [DONE]\n\n")
	}))
	t.Cleanup(s.Close)
	e.url = s.URL + "/v1"
	return e
}

func (e *endpoint) asked() string {
	e.mu.Lock()
	defer e.mu.Unlock()
	out := strings.Join(e.seen, ", ")
	e.seen = nil
	return out
}

func (e *endpoint) answers(say func(rw http.ResponseWriter, r *http.Request)) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.say = say
}

// TestOwnModels: an account's work goes to its own endpoint with its own key,
// and nobody else's does; the key is told to nobody.
func TestOwnModels(t *testing.T) {
	t.Parallel()
	cfg := settings(t)
	cfg.Debug, cfg.PrivateSites = true, true
	h := openOn(t, clock.Clock{}, cfg)
	token, e := h.member(), newEndpoint(t)
	a := &agency{house: h, token: token, site: h.site(token)}
	const path, key = "/account/ai-provider", "sk-own-1234567890abcd"
	h.send("GET", path, token, nil).fault(http.StatusNotFound, "ai.no_own_provider")
	h.send("POST", path+"/test", token, nil).fault(http.StatusNotFound, "ai.no_own_provider")
	set := h.send("PUT", path, token, object{"provider": "openai", "base_url": e.url + "/", "model": "mine", "api_key": key}).is(http.StatusOK)
	if set.text("key_hint") != "abcd" || strings.Contains(string(set.body), "1234567890") || set.text("base_url") != e.url {
		t.Errorf("set: %s", set.body)
	}
	id := a.article("Bees")
	if got := e.asked(); got != "/v1/chat/completions Bearer "+key+" mine" {
		t.Errorf("asked %q", got)
	}
	if c := h.send("GET", "/writer/content/"+id, token, nil).is(http.StatusOK); !strings.HasPrefix(c.text("markdown"), "own own") {
		t.Errorf("the article is %.80s", c.body)
	}
	other := h.member()
	b := &agency{house: h, token: other, site: h.site(other)}
	b.article("Wasps")
	h.send("GET", path, other, nil).fault(http.StatusNotFound, "ai.no_own_provider")
	if got := e.asked(); got != "" {
		t.Errorf("another account's work went there: %q", got)
	}

	// The key stays for its address, and goes to no other.
	h.send("PUT", path, token, object{"provider": "openai", "base_url": e.url, "model": "newer"}).is(http.StatusOK)
	a.article("Bumblebees")
	if got := e.asked(); got != "/v1/chat/completions Bearer "+key+" newer" {
		t.Errorf("asked %q", got)
	}
	for _, tt := range []struct {
		field string
		body  object
	}{
		{"body.api_key", object{"provider": "openai", "base_url": "https://elsewhere.example/v1", "model": "m"}},
		{"body.api_key", object{"provider": "anthropic", "base_url": e.url, "model": "m"}},
		{"body.base_url", object{"provider": "openai", "base_url": "ftp://example.com", "model": "m", "api_key": key}},
		{"body.base_url", object{"provider": "openai", "base_url": "https://me:it@example.com", "model": "m", "api_key": key}},
		{"body.model", object{"provider": "openai", "base_url": e.url, "model": " "}},
		{"body.embedding_model", object{"provider": "anthropic", "model": "m", "embedding_model": "e", "api_key": key}},
		{"body.api_key", object{"provider": "openai", "model": "m", "api_key": "a b"}},
	} {
		r := h.send("PUT", path, token, tt.body).fault(http.StatusUnprocessableEntity, "ai.invalid_own_provider")
		if !strings.Contains(string(r.body), tt.field) {
			t.Errorf("%v: %s", tt.body, r.body)
		}
	}

	// The test says what is wrong.
	status := func(code int) func(http.ResponseWriter, *http.Request) {
		return func(rw http.ResponseWriter, _ *http.Request) { rw.WriteHeader(code) }
	}
	for _, tt := range []struct {
		say  func(http.ResponseWriter, *http.Request)
		want any
	}{
		{status(http.StatusUnauthorized), "bad_key"},
		{status(http.StatusNotFound), "not_there"},
		{status(http.StatusBadRequest), "refused"},
		{func(rw http.ResponseWriter, r *http.Request) { http.Redirect(rw, r, "/elsewhere", http.StatusFound) }, "redirects"},
		{nil, nil},
	} {
		e.answers(tt.say)
		r := h.send("POST", path+"/test", token, nil).is(http.StatusOK)
		if r.get("trouble") != tt.want || (r.get("detail") == nil) != (tt.want == nil) || r.get("checked_at") == nil {
			t.Errorf("tested: %s, want %v", r.body, tt.want)
		}
	}
	h.send("DELETE", path, token, nil).is(http.StatusNoContent)
	h.send("DELETE", path, token, nil).fault(http.StatusNotFound, "ai.no_own_provider")
	e.asked()
	a.article("Hornets")
	if got := e.asked(); got != "" {
		t.Errorf("asked %q after it was dropped", got)
	}
}

// TestOwnModelsAreOutside: where a server keeps tenants out of its own network,
// an endpoint there is not asked, and its work fails and says why.
func TestOwnModelsAreOutside(t *testing.T) {
	t.Parallel()
	h := open(t, clock.Clock{})
	token, e := h.member(), newEndpoint(t)
	h.send("PUT", "/account/ai-provider", token, object{"provider": "openai", "base_url": e.url, "model": "m", "api_key": "k"}).fault(http.StatusUnprocessableEntity, "ai.invalid_own_provider")
	inside := strings.Replace(e.url, "http://", "https://", 1)
	h.send("PUT", "/account/ai-provider", token, object{"provider": "openai", "base_url": inside, "model": "m", "api_key": "k"}).is(http.StatusOK)
	if r := h.send("POST", "/account/ai-provider/test", token, nil).is(http.StatusOK); r.text("trouble") != "private_address" {
		t.Errorf("tested: %s", r.body)
	}
	if got := e.asked(); got != "" {
		t.Errorf("asked %q", got)
	}
}
