package chat_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"igny8/internal/ai/internal/provider"
	"igny8/internal/httpx"
)

// TestAnswersThatBreakOff are asked for again only when nothing of them has
// come: what has come would be told twice.
func TestAnswersThatBreakOff(t *testing.T) {
	t.Parallel()
	const page = "<!DOCTYPE html>\n<html><body>\n\n<h1>Back soon</h1>\n\n</body></html>\n"
	for _, tt := range []struct {
		name   string
		answer http.HandlerFunc
		calls  int
		heard  []string
	}{
		{"nothing", stream("", 1), 3, nil},
		{"comments alone", stream(": wait\n\n: wait\n\n", 1000), 3, nil},
		{"a page of HTML", func(rw http.ResponseWriter, _ *http.Request) {
			rw.Header().Set("Content-Type", "text/html")
			_, _ = io.WriteString(rw, page)
		}, 3, nil},
		{"JSON that is no stream", stream(`{"choices":[{"message":{"content":"data: END"}}]}`, 1000), 3, nil},
		{"busy from the first", stream("data: BUSY\n\n", 1000), 3, nil},
		{"busy in the middle", stream("data: 1\n\ndata: BUSY\n\n", 1000), 1, []string{"1"}},
		{"an end between events", stream("data: 1\n\n", 1000), 1, []string{"1"}},
		{"an end in an event", stream("data: 1\n\ndata: EN", 1000), 1, []string{"1", "EN"}},
		{"an end in a name", stream("data: 1\n\nda", 1000), 1, []string{"1"}},
		{"a broken connection", func(rw http.ResponseWriter, r *http.Request) {
			stream("data: 1\n\ndat", 1000)(rw, r)
			panic(http.ErrAbortHandler)
		}, 1, []string{"1"}},
		{"a connection broken at once", func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, 3, nil},
		{"a body that is shorter than it was said to be", func(rw http.ResponseWriter, _ *http.Request) {
			rw.Header().Set("Content-Length", "1000")
			_, _ = io.WriteString(rw, "data: 1\n\n")
		}, 1, []string{"1"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			p := newPeer(t, tt.answer)
			synctest.Test(t, func(t *testing.T) {
				heard, err := listen(t.Context(), p.url, httpx.Outbound{})
				if !errors.Is(err, provider.ErrUnavailable) || errors.Is(err, provider.ErrRefused) {
					t.Errorf("error %v", err)
				}
				if !slices.Equal(heard, tt.heard) {
					t.Errorf("heard %q, want %q", heard, tt.heard)
				}
			})
			p.wantCalls(t, tt.calls)
		})
	}
}

// TestAnswerWithoutEnd is refused: another would be no shorter.
func TestAnswerWithoutEnd(t *testing.T) {
	t.Parallel()
	for name, answer := range map[string]http.HandlerFunc{
		"one line":   stream("data: "+strings.Repeat("x", 1<<20)+"\n\n"+good, 64<<10),
		"many lines": stream(strings.Repeat("data: "+strings.Repeat("x", 32<<10)+"\n", 300)+"\n"+good, 64<<10),
		"all events": stream("data: 1\n\n"+strings.Repeat(": "+strings.Repeat("x", 32<<10)+"\n\n", 300)+good, 64<<10),
	} {
		p := newPeer(t, answer)
		if _, err := listen(t.Context(), p.url, httpx.Outbound{}); !errors.Is(err, provider.ErrRefused) || errors.Is(err, provider.ErrUnavailable) {
			t.Errorf("%s: %v", name, err)
		}
		p.wantCalls(t, 1)
	}
}

// TestSilence is a vendor that takes the request and says nothing: it is asked
// again.
func TestSilence(t *testing.T) {
	t.Parallel()
	p := newPeer(t, then(""), stream(good, 1000))
	if _, err := listen(t.Context(), p.url, httpx.Outbound{HeaderWait: time.Second}); err != nil {
		t.Error(err)
	}
	p.wantCalls(t, 2)
}

// TestSilenceInTheMiddle ends with the time that an exchange has, or that the
// caller has.
func TestSilenceInTheMiddle(t *testing.T) {
	t.Parallel()
	p := newPeer(t, then("data: 1\n\n"))
	heard, err := listen(t.Context(), p.url, httpx.Outbound{Timeout: time.Second})
	if !errors.Is(err, provider.ErrUnavailable) || !slices.Equal(heard, []string{"1"}) {
		t.Errorf("the exchange took too long: heard %q, %v", heard, err)
	}
	p.wantCalls(t, 1)
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	for _, text := range []string{"", "data: 1\n\n"} {
		p := newPeer(t, then(text))
		if _, err := listen(ctx, p.url, httpx.Outbound{}); !errors.Is(err, context.DeadlineExceeded) || errors.Is(err, provider.ErrUnavailable) {
			t.Errorf("the caller's time is over, after %q: %v", text, err)
		}
	}
}

// TestTheCallerGoes in the middle of an answer, and the vendor is told.
func TestTheCallerGoes(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	told := make(chan struct{})
	p := newPeer(t, func(rw http.ResponseWriter, r *http.Request) {
		stream("data: 1\n\n", 1000)(rw, r)
		cancel()
		<-r.Context().Done()
		close(told)
	})
	if _, err := listen(ctx, p.url, httpx.Outbound{}); !errors.Is(err, context.Canceled) || errors.Is(err, provider.ErrUnavailable) {
		t.Error(err)
	}
	select {
	case <-told:
	case <-time.After(10 * time.Second):
		t.Error("the connection is still there")
	}
	p.wantCalls(t, 1)
}
