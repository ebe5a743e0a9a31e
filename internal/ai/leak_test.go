package ai_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"igny8/internal/credit"
)

// drip writes a text and then another again and again, until the client goes.
func drip(begin, again string, pause time.Duration) http.HandlerFunc {
	return func(rw http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(rw, begin)
		_ = http.NewResponseController(rw).Flush()
		for again != "" && r.Context().Err() == nil {
			if _, err := io.WriteString(rw, again); err != nil {
				return
			}
			_ = http.NewResponseController(rw).Flush()
			select {
			case <-time.After(pause):
			case <-r.Context().Done():
			}
		}
		<-r.Context().Done()
	}
}

// TestNothingIsLeftRunning: whatever a vendor does, the call ends, the credits
// are whole, and no goroutine stays behind. What would take its time to end by
// itself is ended by its caller. It is not parallel: it counts what runs.
func TestNothingIsLeftRunning(t *testing.T) {
	status := func(code int, retry string) http.HandlerFunc {
		return func(rw http.ResponseWriter, _ *http.Request) {
			rw.Header().Set("Retry-After", retry)
			rw.WriteHeader(code)
		}
	}
	raw := func(text string) http.HandlerFunc {
		return func(rw http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(rw, text) }
	}
	for _, v := range vendors {
		begun := v.begin(article(100)[:50])
		for name, answer := range map[string]http.HandlerFunc{
			"silence":                     func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() },
			"silence after the beginning": drip(begun, "", 0),
			"a byte now and then":         drip(begun, ":", 50*time.Millisecond),
			"an endless stream":           drip(begun, ": "+strings.Repeat("x", 1<<16)+"\n", 0),
			"cut JSON":                    raw(begun),
			"HTML":                        raw("<!doctype html><title>Not here</title>"),
			"too many, at an odd time":    status(http.StatusTooManyRequests, "-1e9"),
			"too many, for ever":          status(http.StatusTooManyRequests, strings.Repeat("9", 40)),
			"broken":                      status(http.StatusInternalServerError, ""),
			"reset": func(rw http.ResponseWriter, _ *http.Request) {
				c, _, err := http.NewResponseController(rw).Hijack()
				if err == nil {
					err = c.Close()
				}
				if err != nil {
					t.Error(err)
				}
			},
			"no usage": raw(strings.ReplaceAll(v.begin("x")+v.end, "9", "-9")),
			"a redirect inward": func(rw http.ResponseWriter, r *http.Request) {
				http.Redirect(rw, r, "http://127.0.0.1:1/", http.StatusFound)
			},
		} {
			t.Run(v.name+", "+name, func(t *testing.T) {
				h := newHouse(t)
				hold := h.reserve(3, credit.GenerateContent)
				before := goleak.IgnoreCurrent()
				t.Run("call", func(t *testing.T) {
					gate, _ := v.open(t, h, answer)
					ctx, stop := context.WithTimeout(t.Context(), 400*time.Millisecond)
					defer stop()
					if err := gate.Article(ctx, h.s, hold, brief, h.keep("never")); err == nil {
						t.Error("an article came of it")
					} else if errors.Is(err, credit.ErrHoldSpent) {
						t.Errorf("the hold is gone: %v", err)
					}
				})
				goleak.VerifyNone(t, before)
				h.want(97, 3)
			})
		}
	}
}
