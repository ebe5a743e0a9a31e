package httpx

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"igny8/internal/clock"
	"igny8/internal/fault"
)

var errNoCredit = fault.New(fault.PaymentRequired, "credit.insufficient", "You do not have enough credits for this.")

func TestProblemCarriesWhatTheFaultCarries(t *testing.T) {
	err := fmt.Errorf("order art_1: %w", errNoCredit.With("needed", 7).With("status", "mine").At("body.words", "too many", 9000))
	got, mErr := json.Marshal(ProblemOf(err, "req_1"))
	if mErr != nil {
		t.Fatal(mErr)
	}
	var doc map[string]any
	if err := json.Unmarshal(got, &doc); err != nil {
		t.Fatal(err)
	}
	want := map[string]any{
		"type": "urn:igny8:problem:credit.insufficient", "title": "Payment Required", "status": 402.0,
		"detail": "You do not have enough credits for this.", "code": "credit.insufficient",
		"request_id": "req_1", "needed": 7.0,
	}
	for name, v := range want {
		if doc[name] != v {
			t.Errorf("%s: got %v, want %v", name, doc[name], v)
		}
	}
	if strings.Contains(string(got), "art_1") {
		t.Errorf("what was being done is told to a stranger: %s", got)
	}
	where := doc["errors"].([]any)[0].(map[string]any)
	if where["location"] != "body.words" || where["value"] != 9000.0 {
		t.Errorf("got %v", where)
	}
}

func TestEveryKindHasAStatus(t *testing.T) {
	for kind, want := range map[fault.Kind]int{
		fault.Internal: 500, fault.Invalid: 422, fault.Malformed: 400, fault.Unauthenticated: 401,
		fault.PaymentRequired: 402, fault.Forbidden: 403, fault.NotFound: 404, fault.Conflict: 409,
		fault.TooLarge: 413, fault.NotAllowed: 405, fault.NotAcceptable: 406, fault.TooSlow: 408, fault.WrongType: 415, fault.TooMany: 429, fault.Unavailable: 503,
	} {
		if got := Status(fault.New(kind, "x.y", "")); got != want {
			t.Errorf("%s: got %d, want %d", kind, got, want)
		}
	}
}

func TestTraceHidesAPanicAndTellsTheLog(t *testing.T) {
	var log bytes.Buffer
	h := Trace(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic("hunter2") }),
		slog.New(slog.NewJSONHandler(&log, nil)), clock.Clock{})
	rec := httptest.NewRecorder()
	h.ServeHTTP(rec, httptest.NewRequest(http.MethodGet, "/x", nil))
	if rec.Code != 500 || strings.Contains(rec.Body.String(), "hunter2") {
		t.Errorf("got %d %s", rec.Code, rec.Body)
	}
	rid := rec.Header().Get("X-Request-Id")
	if rid == "" || !strings.Contains(rec.Body.String(), rid) || !strings.Contains(log.String(), rid) || !strings.Contains(log.String(), "hunter2") {
		t.Errorf("request id %q must be in the answer and, with the cause, in the log: %s / %s", rid, rec.Body, log.String())
	}
}

// TestWhoWentAwayIsNoError has a handler fail for a client that is there and
// for one that is not.
func TestWhoWentAwayIsNoError(t *testing.T) {
	for name, gone := range map[string]bool{"there": false, "gone": true} {
		var log bytes.Buffer
		l := slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelError}))
		ctx, stop := context.WithCancel(t.Context())
		h := Trace(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
			if gone {
				stop()
			}
			WriteProblem(rw, r, l, errors.New("begin: context canceled"))
		}), l, clock.Clock{})
		h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequestWithContext(ctx, http.MethodGet, "/x", nil))
		stop()
		if lines := strings.Count(log.String(), "\n"); lines != 2 && !gone || lines != 0 && gone {
			t.Errorf("%s: %s", name, log.String())
		}
	}
}

func TestErrorWithoutAFaceSaysNothing(t *testing.T) {
	rec := httptest.NewRecorder()
	WriteProblem(rec, httptest.NewRequest(http.MethodGet, "/", nil), slog.New(slog.DiscardHandler), errors.New("dial postgres://root:pw@h"))
	if rec.Code != 500 || strings.Contains(rec.Body.String(), "postgres") || rec.Header().Get("Content-Type") != ProblemType {
		t.Errorf("got %d %s", rec.Code, rec.Body)
	}
}
