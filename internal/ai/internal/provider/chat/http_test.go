package chat_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"igny8/internal/ai/internal/provider"
	"igny8/internal/ai/internal/provider/chat"
	"igny8/internal/httpx"
)

// listen makes a request to the peer and gives back the data of the events
// until one that says END.
func listen(ctx context.Context, url string, o httpx.Outbound) (heard []string, err error) {
	o.AllowPrivate = true
	err = chat.Call{
		Client: httpx.NewClient(o), URL: url, Header: http.Header{"X-Api-Key": {"sk-test"}}, Body: map[string]string{"say": "END"},
		Event: func(data []byte) (bool, error) {
			if string(data) == "BUSY" {
				return false, provider.ErrUnavailable
			}
			heard = append(heard, string(data))
			return string(data) == "END", nil
		},
	}.Do(ctx)
	return heard, err
}

const good = "data: 1\n\ndata: END\n\n"

func TestEvents(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, text string
		want       []string
	}{
		{"line feeds", "data: 1\n\ndata: END\n\n", []string{"1", "END"}},
		{"carriage returns too", "data: 1\r\n\r\ndata: END\r\n\r\n", []string{"1", "END"}},
		{"no space", "data:1\n\ndata:END\n\n", []string{"1", "END"}},
		{"one space is the format's, the next is the data's", "data:  1 \n\ndata: END\n\n", []string{" 1 ", "END"}},
		{"data of many lines", "data: {\ndata: }\n\ndata: END\n\n", []string{"{\n}", "END"}},
		{"data around other fields", "data: {\nid: 7\ndata: }\nevent: x\n\ndata: END\n\n", []string{"{\n}", "END"}},
		{"comments", ": keep-alive\n\n:\n\ndata: 1\n: more\n\ndata: END\n\n", []string{"1", "END"}},
		{"events without data", "event: ping\n\n\n\n\ndata: END\n\n", []string{"END"}},
		{"fields that nobody knows", "retry: 10\nid: 1\nfoo: bar\ndataset: x\ndata: END\n\n", []string{"END"}},
		{"the last blank line is missing", "data: 1\n\ndata: END", []string{"1", "END"}},
		{"letters of many bytes", "data: \u00fcber \u65e5\u672c\u8a9e \U0001F41D\n\ndata: END\n\n", []string{"\u00fcber \u65e5\u672c\u8a9e \U0001F41D", "END"}},
		{"what comes after the end", "data: END\n\ndata: 1\n\n", []string{"END"}},
	} {
		for _, piece := range []int{1, 3, 1000} {
			p := newPeer(t, stream(tt.text, piece))
			got, err := listen(t.Context(), p.url, httpx.Outbound{})
			if err != nil || !slices.Equal(got, tt.want) {
				t.Errorf("%s, in pieces of %d: %q, %v; want %q", tt.name, piece, got, err, tt.want)
			}
		}
	}
}

// TestWaits is how long we wait before we ask a vendor again that is away: as
// long as it says, with an end. The clock is a false one: nobody waits.
func TestWaits(t *testing.T) {
	t.Parallel()
	const date = "Mon, 02 Jan 2006 15:04:05 GMT"
	for _, tt := range []struct {
		name   string
		status int
		header []string
		want   time.Duration
	}{
		{"the vendor does not say", 503, nil, time.Second},
		{"seconds", 429, []string{"Retry-After", "7"}, 7 * time.Second},
		{"seconds, when overloaded", 529, []string{"Retry-After", "7"}, 7 * time.Second},
		{"no time at all", 429, []string{"Retry-After", "0"}, time.Second},
		{"less than none", 429, []string{"Retry-After", "-7"}, time.Second},
		{"far less than none", 429, []string{"Retry-After", "-99999999999999999999"}, time.Second},
		{"words", 429, []string{"Retry-After", "in a while"}, time.Second},
		{"parts of a second", 429, []string{"Retry-After", "7.5"}, time.Second},
		{"nothing", 429, []string{"Retry-After", ""}, time.Second},
		{"an hour", 429, []string{"Retry-After", "3600"}, 30 * time.Second},
		{"more than a duration holds", 429, []string{"Retry-After", "10000000000"}, 30 * time.Second},
		{"more than a number holds", 429, []string{"Retry-After", "99999999999999999999"}, 30 * time.Second},
		{"a date", 429, []string{"Date", date, "Retry-After", "Mon, 02 Jan 2006 15:04:12 GMT"}, 7 * time.Second},
		{"a date of the old form", 503, []string{"Date", date, "Retry-After", "Monday, 02-Jan-06 15:04:12 GMT"}, 7 * time.Second},
		{"a date that has been", 429, []string{"Date", date, "Retry-After", "Mon, 02 Jan 2006 15:04:00 GMT"}, time.Second},
		{"a date far away", 429, []string{"Date", date, "Retry-After", "Fri, 31 Dec 9999 23:59:59 GMT"}, 30 * time.Second},
		{"a date that nothing is known about", 429, []string{"Date", "today", "Retry-After", "Mon, 02 Jan 2006 15:04:12 GMT"}, time.Second},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			p := newPeer(t, status(tt.status, tt.header...), stream(good, 1000))
			synctest.Test(t, func(t *testing.T) {
				begun := time.Now()
				if _, err := listen(t.Context(), p.url, httpx.Outbound{}); err != nil {
					t.Error(err)
				}
				if took := time.Since(begun); took != tt.want {
					t.Errorf("waited %v, want %v", took, tt.want)
				}
			})
			p.wantCalls(t, 2)
		})
	}
}

func TestStatuses(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		status int
		want   error
		calls  int
		wait   time.Duration
	}{
		{400, provider.ErrRefused, 1, 0},
		{401, provider.ErrRefused, 1, 0},
		{403, provider.ErrRefused, 1, 0},
		{404, provider.ErrRefused, 1, 0},
		{413, provider.ErrRefused, 1, 0},
		{422, provider.ErrRefused, 1, 0},
		{204, provider.ErrRefused, 1, 0}, // a success that is none
		{408, provider.ErrUnavailable, 3, 5 * time.Second},
		{429, provider.ErrUnavailable, 3, 5 * time.Second},
		{500, provider.ErrUnavailable, 3, 5 * time.Second},
		{502, provider.ErrUnavailable, 3, 5 * time.Second},
		{503, provider.ErrUnavailable, 3, 5 * time.Second},
		{529, provider.ErrUnavailable, 3, 5 * time.Second},
	} {
		p := newPeer(t, status(tt.status))
		synctest.Test(t, func(t *testing.T) {
			begun := time.Now()
			_, err := listen(t.Context(), p.url, httpx.Outbound{})
			if !errors.Is(err, tt.want) || strings.Contains(err.Error(), "sk-test") {
				t.Errorf("%d: %v, want %v", tt.status, err, tt.want)
			}
			if took := time.Since(begun); took != tt.wait {
				t.Errorf("%d: waited %v, want %v", tt.status, took, tt.wait)
			}
		})
		p.wantCalls(t, tt.calls)
	}
}

// TestNobodyThere is an endpoint whose port is closed.
func TestNobodyThere(t *testing.T) {
	t.Parallel()
	s := httptest.NewServer(http.NotFoundHandler())
	s.Close()
	synctest.Test(t, func(t *testing.T) {
		if _, err := listen(t.Context(), s.URL, httpx.Outbound{}); !errors.Is(err, provider.ErrUnavailable) {
			t.Error(err)
		}
	})
}

// TestTheCallerDoesNotWait is a caller who goes while we wait for a vendor.
func TestTheCallerDoesNotWait(t *testing.T) {
	t.Parallel()
	p := newPeer(t, status(429, "Retry-After", "20"))
	synctest.Test(t, func(t *testing.T) {
		begun := time.Now()
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		time.AfterFunc(2*time.Second, cancel)
		if _, err := listen(ctx, p.url, httpx.Outbound{}); !errors.Is(err, context.Canceled) || errors.Is(err, provider.ErrUnavailable) {
			t.Error(err)
		}
		if took := time.Since(begun); took != 2*time.Second {
			t.Errorf("left after %v", took)
		}
	})
	p.wantCalls(t, 1)
}

// TestRedirect does not lead the key elsewhere.
func TestRedirect(t *testing.T) {
	t.Parallel()
	var reached atomic.Int32
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { reached.Add(1) }))
	defer elsewhere.Close()
	for _, code := range []int{301, 302, 303, 307, 308} {
		p := newPeer(t, func(rw http.ResponseWriter, r *http.Request) { http.Redirect(rw, r, elsewhere.URL, code) })
		_, err := listen(t.Context(), p.url, httpx.Outbound{})
		if !errors.Is(err, provider.ErrRefused) || !errors.Is(err, httpx.ErrRedirected) {
			t.Errorf("%d: %v", code, err)
		}
		p.wantCalls(t, 1)
	}
	if reached.Load() != 0 {
		t.Errorf("followed %d times", reached.Load())
	}
}
