package ai_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"igny8/internal/ai"
	"igny8/internal/config"
	"igny8/internal/credit"
	"igny8/internal/fault"
	"igny8/internal/tenant"
)

// vendor is one that the program speaks to: how its gateway is made, and what
// it sends for an answer of this text.
type vendor struct {
	name  string
	dial  func(*tenant.Store, ai.VendorOptions) (*ai.Gateway, error)
	begin func(text string) string // without the end
	end   string
}

func quoted(text string) string {
	b, err := json.Marshal(text)
	if err != nil {
		panic(err)
	}
	return string(b)
}

var vendors = []vendor{
	{"openai", ai.NewOpenAI, func(text string) string {
		return "data: {\"choices\":[{\"delta\":{\"content\":" + quoted(text) + "},\"finish_reason\":null}],\"usage\":null}\n\n"
	}, "data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}],\"usage\":{\"prompt_tokens\":9,\"completion_tokens\":9}}\n\ndata: [DONE]\n\n"},
	{"anthropic", ai.NewAnthropic, func(text string) string {
		return "event: message_start\ndata: {\"type\":\"message_start\",\"message\":{\"usage\":{\"input_tokens\":9,\"output_tokens\":1}}}\n\n" +
			"event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"delta\":{\"type\":\"text_delta\",\"text\":" + quoted(text) + "}}\n\n"
	}, "event: message_delta\ndata: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"end_turn\"},\"usage\":{\"output_tokens\":9}}\n\n" +
		"event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n"},
}

func (v vendor) says(text string) http.HandlerFunc {
	return func(rw http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(rw, v.begin(text)+v.end) }
}

// open is the gateway to a vendor on loopback that answers so, and how often it
// was asked.
func (v vendor) open(t *testing.T, h *house, answer http.HandlerFunc) (*ai.Gateway, *atomic.Int32) {
	t.Helper()
	calls := new(atomic.Int32)
	s := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if _, err := io.Copy(io.Discard, r.Body); err != nil {
			t.Errorf("read the request: %v", err)
		}
		calls.Add(1)
		answer(rw, r)
	}))
	t.Cleanup(s.Close)
	g, err := v.dial(h.st, ai.VendorOptions{BaseURL: s.URL, Key: config.NewSecret("sk-test"), Model: "m"})
	if err != nil {
		t.Fatal(err)
	}
	if g.Provider() != v.name {
		t.Errorf("it is called %q", g.Provider())
	}
	return g, calls
}

// each is a test of every vendor.
func each(t *testing.T, test func(t *testing.T, v vendor)) {
	t.Helper()
	for _, v := range vendors {
		t.Run(v.name, func(t *testing.T) {
			t.Parallel()
			test(t, v)
		})
	}
}

func article(words int) string {
	return `{"title":"Bees","slug":"bees","markdown":"Once` + strings.Repeat(" more", words-1) + `"}`
}

func TestVendorsAnswersAreCharged(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, v vendor) {
		h := newHouse(t)
		gate, calls := v.open(t, h, v.says(`{"groups":[{"number":0,"name":"Bees","intent":"informational"}]}`))
		phrases := make([]ai.Phrase, 101)
		for i := range phrases {
			phrases[i].Text = fmt.Sprintf("bee hive %d", i)
		}
		var groups []ai.Group
		err := gate.Cluster(t.Context(), h.s, h.reserve(20, credit.AutoCluster), ai.ClusterBrief{Phrases: phrases}, func(_ context.Context, _ *tenant.Tx, g []ai.Group) error {
			groups = g
			return nil
		})
		if err != nil || len(groups) == 0 || groups[0].Name != "Bees" || calls.Load() == 0 {
			t.Errorf("cluster: %d groups, %d calls, %v", len(groups), calls.Load(), err)
		}
		h.want(98, 0) // 1 for every 100 keywords

		gate, _ = v.open(t, h, v.says(`{"ideas":[{"title":"A"},{"title":"a"},{"title":"B"},{"title":"Old"},null]}`))
		var ideas []ai.Idea
		in := ai.IdeasBrief{Cluster: "bees", Count: 5, Avoid: []string{"Old"}}
		err = gate.Ideas(t.Context(), h.s, h.reserve(25, credit.GenerateIdeas), in, func(_ context.Context, _ *tenant.Tx, i []ai.Idea) error {
			ideas = i
			return nil
		})
		if err != nil || len(ideas) != 2 {
			t.Errorf("ideas: %+v, %v", ideas, err)
		}
		h.want(88, 0) // 5 for each that can be used, though 5 were held for

		gate, calls = v.open(t, h, v.says(article(120)))
		var draft ai.Draft
		err = gate.Article(t.Context(), h.s, h.reserve(5, credit.GenerateContent), brief, func(_ context.Context, _ *tenant.Tx, d ai.Draft) error {
			draft = d
			return nil
		})
		if err != nil || draft.Words != 120 || draft.Slug != "bees" || calls.Load() != 1 {
			t.Errorf("article: %d words of %q, %d calls, %v", draft.Words, draft.Slug, calls.Load(), err)
		}
		h.want(85, 0) // 2 for every 100 words
	})
}

// TestVendorsFailuresBuyNothing: the credits are whole, and the hold is there
// for the next try.
func TestVendorsFailuresBuyNothing(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, v vendor) {
		h := newHouse(t)
		hold := h.reserve(3, credit.GenerateContent)
		raw := func(text string) http.HandlerFunc {
			return func(rw http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(rw, text) }
		}
		for _, tt := range []struct {
			name   string
			answer http.HandlerFunc
			want   error
			calls  int32
		}{
			{"a key that does not work", func(rw http.ResponseWriter, _ *http.Request) { http.Error(rw, `{"error":{}}`, http.StatusUnauthorized) }, ai.ErrRefused, 1},
			{"a redirect", func(rw http.ResponseWriter, r *http.Request) {
				http.Redirect(rw, r, "/elsewhere", http.StatusTemporaryRedirect)
			}, ai.ErrRefused, 1},
			{"an answer that ends in the middle", raw(v.begin(article(100))), ai.ErrUnavailable, 1},
			{"an error in the middle", raw(v.begin(article(100)) + `data: {"type":"error","error":{"message":"busy"}}` + "\n\n" + v.end), ai.ErrUnavailable, 1},
			{"cut JSON", v.says(article(100)[:100]), ai.ErrUnusable, 2},
			{"prose", v.says("I would rather not."), ai.ErrUnusable, 2},
			{"too short", v.says(article(24)), ai.ErrUnusable, 1},
		} {
			gate, calls := v.open(t, h, tt.answer)
			err := gate.Article(t.Context(), h.s, hold, brief, h.keep("never"))
			if !errors.Is(err, tt.want) || strings.Contains(err.Error(), "sk-test") {
				t.Errorf("%s: %v, want %v", tt.name, err, tt.want)
			}
			if says := fault.Of(err).Msg; !strings.Contains(says.String(), "No credits were spent.") {
				t.Errorf("%s: the public is told %q", tt.name, says)
			}
			if calls.Load() != tt.calls {
				t.Errorf("%s: %d calls, want %d", tt.name, calls.Load(), tt.calls)
			}
			h.want(97, 3)
		}
		gate, _ := v.open(t, h, v.says(article(100)))
		if err := gate.Article(t.Context(), h.s, hold, brief, nothing); err != nil {
			t.Fatalf("the next try: %v", err)
		}
		h.want(98, 0)
	})
}

// TestVendorAwayForAMoment is asked again, and paid once. It says for how long
// it is away, and that is the least it can say.
func TestVendorAwayForAMoment(t *testing.T) {
	t.Parallel()
	for code, v := range map[int]vendor{http.StatusTooManyRequests: vendors[0], 529: vendors[1]} {
		t.Run(v.name, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t)
			var asked atomic.Int32
			gate, calls := v.open(t, h, func(rw http.ResponseWriter, r *http.Request) {
				if asked.Add(1) == 1 {
					rw.Header().Set("Retry-After", "1")
					rw.WriteHeader(code)
					return
				}
				v.says(article(100))(rw, r)
			})
			if err := gate.Article(t.Context(), h.s, h.reserve(3, credit.GenerateContent), brief, h.keep("kept")); err != nil {
				t.Fatal(err)
			}
			if calls.Load() != 2 {
				t.Errorf("%d calls", calls.Load())
			}
			h.want(98+1000, 0)
		})
	}
}

// TestCallerLeavesAVendor in the middle of an answer, or when its time is over.
func TestCallerLeavesAVendor(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, v vendor) {
		h := newHouse(t)
		hold := h.reserve(3, credit.GenerateContent)
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		leave := cancel
		gate, _ := v.open(t, h, func(rw http.ResponseWriter, r *http.Request) {
			_, _ = io.WriteString(rw, v.begin(article(100)))
			rw.(http.Flusher).Flush()
			leave()
			<-r.Context().Done()
		})
		if err := gate.Article(ctx, h.s, hold, brief, h.keep("never")); !errors.Is(err, context.Canceled) || errors.Is(err, ai.ErrUnavailable) {
			t.Errorf("who leaves: %v", err)
		}
		h.want(97, 3)
		leave = func() {}
		late, stop := context.WithTimeout(t.Context(), 2*time.Second)
		defer stop()
		if err := gate.Article(late, h.s, hold, brief, h.keep("never")); !errors.Is(err, ai.ErrUnavailable) || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("whose time is over: %v", err)
		}
		h.want(97, 3)
	})
}

// TestNoVendorIsAskedWithoutAHold is the promise of the package, seen from the
// other end of the line.
func TestNoVendorIsAskedWithoutAHold(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, v vendor) {
		h := newHouse(t)
		gate, calls := v.open(t, h, v.says(article(100)))
		released := h.reserve(5, credit.GenerateContent)
		if err := h.release(released); err != nil {
			t.Fatal(err)
		}
		taken := h.reserve(5, credit.GenerateContent)
		h.must(func(ctx context.Context, tx *tenant.Tx) error {
			_, err := credit.Open(ctx, tx, taken)
			return err
		})
		for name, hold := range map[string]credit.HoldID{"none": {}, "released": released, "taken": taken} {
			for what, err := range map[string]error{
				"cluster": gate.Cluster(t.Context(), h.s, hold, ai.ClusterBrief{Phrases: []ai.Phrase{{Text: "bees"}}}, nothing),
				"ideas":   gate.Ideas(t.Context(), h.s, hold, ai.IdeasBrief{Cluster: "bees", Count: 1}, nothing),
				"article": gate.Article(t.Context(), h.s, hold, brief, nothing),
			} {
				if !errors.Is(err, credit.ErrHoldNotFound) && !errors.Is(err, credit.ErrHoldSpent) {
					t.Errorf("%s, hold %s: %v", what, name, err)
				}
			}
		}
		if calls.Load() != 0 {
			t.Errorf("%d calls", calls.Load())
		}
		h.want(95, 5)
	})
}

func TestVendorOptions(t *testing.T) {
	t.Parallel()
	key := config.NewSecret("sk-test")
	own := map[string]string{"openai": "https://api.openai.com/v1", "anthropic": "https://api.anthropic.com"}
	each(t, func(t *testing.T, v vendor) {
		for _, tt := range []struct {
			name string
			o    ai.VendorOptions
			ok   bool
		}{
			{"no model", ai.VendorOptions{Key: key}, false},
			{"no key", ai.VendorOptions{Model: "m"}, false},
			{"no key, and the vendor by name", ai.VendorOptions{Model: "m", BaseURL: own[v.name]}, false},
			{"no key, and the vendor by name with a slash", ai.VendorOptions{Model: "m", BaseURL: own[v.name] + "/"}, false},
			{"the vendor's own", ai.VendorOptions{Model: "m", Key: key}, true},
			{"one of one's own without a key", ai.VendorOptions{Model: "m", BaseURL: "http://localhost:11434/v1"}, true},
			{"no address", ai.VendorOptions{Model: "m", Key: key, BaseURL: "models.example.com"}, false},
			{"another scheme", ai.VendorOptions{Model: "m", Key: key, BaseURL: "file:///etc/passwd"}, false},
			{"no host", ai.VendorOptions{Model: "m", Key: key, BaseURL: "https:///v1"}, false},
		} {
			if _, err := v.dial(nil, tt.o); (err == nil) != tt.ok || err != nil && strings.Contains(err.Error(), "sk-test") {
				t.Errorf("%s: %v", tt.name, err)
			}
		}
	})
}
