package chat_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"igny8/internal/ai/internal/provider/chat"
	"igny8/internal/ai/internal/provider/openai"
	"igny8/internal/credit"
	"igny8/internal/db/dbtest"
	"igny8/internal/httpx"
	"igny8/internal/tenant"
	"igny8/internal/tenant/tenanttest"
)

// peer is a vendor on loopback. It answers each request with the next of its
// answers, and with the last one ever after. Its connections serve one request,
// so that nothing is left of a client when its answer has ended: that is what
// lets a test stop the clock (testing/synctest) around the client alone.
type peer struct {
	url  string
	mu   sync.Mutex
	sent []string // the bodies
}

func newPeer(t *testing.T, answers ...http.HandlerFunc) *peer {
	t.Helper()
	p := &peer{}
	s := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Errorf("read the request: %v", err)
		}
		p.mu.Lock()
		p.sent = append(p.sent, string(body))
		n := min(len(p.sent), len(answers))
		p.mu.Unlock()
		rw.Header().Set("Connection", "close")
		answers[n-1](rw, r)
	}))
	t.Cleanup(s.Close)
	p.url = s.URL
	return p
}

func (p *peer) bodies() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]string(nil), p.sent...)
}

// wantCalls fails the test unless the peer was asked so often.
func (p *peer) wantCalls(t *testing.T, n int) {
	t.Helper()
	if got := len(p.bodies()); got != n {
		t.Errorf("the peer was asked %d times, want %d", got, n)
	}
}

// stream answers with this text as it stands, in pieces of so many bytes.
func stream(text string, piece int) http.HandlerFunc {
	return func(rw http.ResponseWriter, _ *http.Request) {
		rw.Header().Set("Content-Type", "text/event-stream")
		for text := text; text != ""; {
			n := min(piece, len(text))
			_, _ = io.WriteString(rw, text[:n]) // the client may have heard enough
			rw.(http.Flusher).Flush()
			text = text[n:]
		}
	}
}

// status answers with an error, and a header when there is one.
func status(code int, header ...string) http.HandlerFunc {
	return func(rw http.ResponseWriter, _ *http.Request) {
		for i := 0; i < len(header); i += 2 {
			rw.Header()[header[i]] = []string{header[i+1]}
		}
		http.Error(rw, `{"error":{"message":"no"}}`, code)
	}
}

// then answers with the text, and says no more until the client has gone.
func then(text string) http.HandlerFunc {
	return func(rw http.ResponseWriter, r *http.Request) {
		if text != "" {
			stream(text, len(text))(rw, r)
		}
		<-r.Context().Done()
	}
}

// says answers as a model does that says this, in the form of OpenAI's chat
// completions. It counts 100 tokens in and 10 out.
func says(text string) http.HandlerFunc {
	var b strings.Builder
	for text := []rune(text); len(text) > 0; {
		n := min(5, len(text))
		fmt.Fprintf(&b, "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":%s},\"finish_reason\":null}]}\n\n", marshal(string(text[:n])))
		text = text[n:]
	}
	b.WriteString(`data: {"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}` + "\n\n" +
		`data: {"choices":[],"usage":{"prompt_tokens":100,"completion_tokens":10}}` + "\n\ndata: [DONE]\n\n")
	return stream(b.String(), 1000)
}

func marshal(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return string(b)
}

// over is a provider over the model of this peer.
func over(p *peer) *chat.Provider {
	return chat.New("openai", &openai.Model{Client: httpx.NewClient(httpx.Outbound{AllowPrivate: true}), BaseURL: p.url, Key: "sk-test", Name: "m"})
}

// told is what the peer was told by a request: the instructions, and the
// message.
func told(t *testing.T, body string) (instructions, message string) {
	t.Helper()
	var r struct {
		Messages []struct{ Role, Content string }
	}
	if err := json.Unmarshal([]byte(body), &r); err != nil {
		t.Fatal(err)
	}
	if len(r.Messages) != 2 || r.Messages[0].Role != "system" || r.Messages[1].Role != "user" {
		t.Fatalf("the messages are %+v", r.Messages)
	}
	return r.Messages[0].Content, r.Messages[1].Content
}

// paid is an open hold.
func paid(t *testing.T) *credit.Hold {
	t.Helper()
	d := dbtest.Open(t)
	var h *credit.Hold
	err := tenant.NewStore(d).Update(t.Context(), tenanttest.New(t, d), func(ctx context.Context, tx *tenant.Tx) error {
		if _, err := credit.Grant(ctx, tx, credit.NewLot{Source: credit.BonusCredits, Reference: "b", Amount: 100}); err != nil {
			return err
		}
		hid, err := credit.Reserve(ctx, tx, credit.Want{Amount: 100, Operation: credit.GenerateContent, Reference: "test"})
		if err != nil {
			return err
		}
		h, err = credit.Open(ctx, tx, hid)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return h
}
