package httpx

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"runtime/debug"
	"time"

	"igny8/internal/clock"
	"igny8/internal/id"
)

type requestKind struct{}

func (requestKind) Prefix() string { return "req" }

type requestKey struct{}

// RequestID is the id that Trace gave to the request of ctx.
func RequestID(ctx context.Context) string {
	rid, _ := ctx.Value(requestKey{}).(string)
	return rid
}

// Trace gives each request an id, tells it in X-Request-Id, and writes one
// line to the log when the request ends: an error when it failed and the
// client was still there. A panic becomes a 500 that says nothing but that id.
func Trace(next http.Handler, log *slog.Logger, c clock.Clock) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		began := c.Now()
		rid := id.New[requestKind]().String()
		r = r.WithContext(context.WithValue(r.Context(), requestKey{}, rid))
		rw := &recorder{ResponseWriter: w}
		rw.Header().Set("X-Request-Id", rid)
		defer func() {
			if cause := recover(); cause != nil {
				if cause == http.ErrAbortHandler { //nolint:errorlint // recover gives the very value
					panic(cause)
				}
				log.ErrorContext(r.Context(), "request panicked", "request_id", rid, "err", cause, "stack", string(debug.Stack()))
				if rw.status == 0 {
					WriteProblem(rw, r, log, errPanic)
				}
			}
			log.LogAttrs(r.Context(), level(r.Context(), rw.status), "request",
				slog.String("method", r.Method), slog.String("path", r.URL.Path), slog.Int("status", rw.status),
				slog.Int64("bytes", rw.bytes), slog.Duration("took", c.Now().Sub(began).Round(time.Microsecond)),
				slog.String("request_id", rid))
		}()
		next.ServeHTTP(rw, r)
	})
}

// errPanic has no face, so it is told as a 500 that says nothing.
var errPanic = errors.New("the handler panicked")

func level(ctx context.Context, status int) slog.Level {
	if status >= http.StatusInternalServerError && ctx.Err() == nil {
		return slog.LevelError
	}
	return slog.LevelInfo
}

// recorder remembers what was answered.
type recorder struct {
	http.ResponseWriter
	status int
	bytes  int64
}

func (r *recorder) WriteHeader(status int) {
	if r.status == 0 {
		r.status = status
	}
	r.ResponseWriter.WriteHeader(status)
}

func (r *recorder) Write(b []byte) (int, error) {
	if r.status == 0 {
		r.status = http.StatusOK
	}
	n, err := r.ResponseWriter.Write(b)
	r.bytes += int64(n)
	return n, err
}

// Unwrap lets http.ResponseController reach what is beneath.
func (r *recorder) Unwrap() http.ResponseWriter { return r.ResponseWriter }
