package chat_test

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"testing/synctest"
	"time"

	"igny8/internal/ai/internal/provider"
	"igny8/internal/ai/internal/provider/chat"
	"igny8/internal/credit"
	"igny8/internal/httpx"
)

// TestWhatBecameOfARequest is what is told of each way to fail: from it is known
// what a failure costs.
func TestWhatBecameOfARequest(t *testing.T) {
	t.Parallel()
	status := func(code int) http.HandlerFunc {
		return func(rw http.ResponseWriter, _ *http.Request) {
			rw.Header().Set("Retry-After", "0")
			rw.WriteHeader(code)
		}
	}
	for _, tt := range []struct {
		name   string
		answer http.HandlerFunc
		want   credit.Failure
	}{
		{"a bad key", status(http.StatusUnauthorized), credit.Rejected},
		{"a bad request", status(http.StatusBadRequest), credit.Rejected},
		{"too many", status(http.StatusTooManyRequests), credit.Busy},
		{"away", status(http.StatusServiceUnavailable), credit.Busy},
		{"overloaded", status(529), credit.Busy},
		{"broken", status(http.StatusInternalServerError), credit.Silent},
		{"a gateway gave up", status(http.StatusGatewayTimeout), credit.Silent},
		{"elsewhere", func(rw http.ResponseWriter, r *http.Request) {
			http.Redirect(rw, r, "http://127.0.0.1:1/", http.StatusFound)
		}, credit.Rejected},
		{"an end in the middle", stream("data: 1\n\n", 100), credit.Silent},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			p := newPeer(t, tt.answer)
			synctest.Test(t, func(t *testing.T) { // it waits between two tries
				if _, err := listen(t.Context(), p.url, httpx.Outbound{}); err == nil || provider.FailureOf(err) != tt.want {
					t.Errorf("%v is %s, want %s", err, provider.FailureOf(err), tt.want)
				}
			})
		})
	}
	gone := httptest.NewServer(http.NotFoundHandler())
	gone.Close()
	synctest.Test(t, func(t *testing.T) {
		if _, err := listen(t.Context(), gone.URL, httpx.Outbound{}); provider.FailureOf(err) != credit.Unsent {
			t.Errorf("nobody there: %v", err)
		}
	})
}

// TestSilenceIsNoticed has an answer that begins and does not go on.
func TestSilenceIsNoticed(t *testing.T) {
	t.Parallel()
	p := newPeer(t, then("data: 1\n\n"))
	err := chat.Call{
		Client: httpx.NewClient(httpx.Outbound{AllowPrivate: true}), URL: p.url, Header: http.Header{}, Body: "x", Idle: 200 * time.Millisecond,
		Event: func([]byte) (bool, error) { return false, nil },
	}.Do(t.Context())
	if err == nil || provider.FailureOf(err) != credit.Silent {
		t.Errorf("%v is %s", err, provider.FailureOf(err))
	}
}
