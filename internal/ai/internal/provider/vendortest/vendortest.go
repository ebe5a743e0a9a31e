// Package vendortest is a vendor's endpoint on loopback, for tests of the
// clients that ask one.
package vendortest

import (
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
)

// Request is what a client sent.
type Request struct {
	Method, URL string
	Header      http.Header
	Body        string
}

// Vendor gives each request the next of its answers, and the last one ever after:
// a stream of events, or JSON where it begins as that does.
type Vendor struct {
	URL  string
	mu   sync.Mutex
	sent []Request
}

// New starts a vendor that is there until the test ends.
func New(t testing.TB, answers ...string) *Vendor { return Refusing(t, http.StatusOK, answers...) }

// Refusing is New for a vendor whose answers have another status.
func Refusing(t testing.TB, status int, answers ...string) *Vendor {
	t.Helper()
	v := &Vendor{}
	s := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Errorf("read the request: %v", err)
		}
		v.mu.Lock()
		v.sent = append(v.sent, Request{r.Method, r.URL.String(), r.Header, string(body)})
		n := min(len(v.sent), len(answers))
		v.mu.Unlock()
		kind := "text/event-stream; charset=utf-8"
		if strings.HasPrefix(answers[n-1], "{") {
			kind = "application/json"
		}
		rw.Header().Set("Content-Type", kind)
		rw.Header().Set("Connection", "close") // so that nothing of the client is left in a bubble of synctest
		rw.WriteHeader(status)
		_, _ = io.WriteString(rw, answers[n-1])
	}))
	t.Cleanup(s.Close)
	v.URL = s.URL
	return v
}

// Requests is what the vendor was asked so far, in order.
func (v *Vendor) Requests() []Request {
	v.mu.Lock()
	defer v.mu.Unlock()
	return slices.Clone(v.sent)
}
