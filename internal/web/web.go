// Package web is for people with a browser: pages that translate a form into
// a call of a room, and its answer into a page.
//
// routes.go lists the pages, gate.go lets people in, ui has what they are made
// of. A page is a struct that embeds ui.Page, a templ component that takes it,
// and a handler that fills it. Each works without a script.
package web

import (
	"bytes"
	"context"
	"log/slog"
	"net/http"
	"strings"

	"github.com/a-h/templ"

	"igny8/internal/ai"
	"igny8/internal/automation"
	"igny8/internal/bank"
	"igny8/internal/erasure"
	"igny8/internal/httpx"
	"igny8/internal/identity"
	"igny8/internal/job"
	"igny8/internal/payment"
	"igny8/internal/planner"
	"igny8/internal/publish"
	"igny8/internal/replay"
	"igny8/internal/site"
	"igny8/internal/tenant"
	"igny8/internal/throttle"
	"igny8/internal/words"
	"igny8/internal/writer"
)

// Rooms is what the pages are for.
type Rooms struct {
	Store     *tenant.Store
	Identity  *identity.Service
	Desk      *payment.Desk
	Bank      *bank.Office
	Jobs      *job.Queue
	Planner   *planner.Planner
	Writer    *writer.Writer
	Press     *publish.Press
	Pipelines *automation.Manager
	Models    *ai.Gateway
	Eraser    *erasure.Eraser
	Sites     site.Limit  // how many sites an account may have
	Replay    *replay.Log // of forms that must count once
	Throttle  *throttle.Gate
	Proxies   httpx.Proxies
	BaseURL   string // how people reach the server; with https, cookies are bound to it
	Log       *slog.Logger
}

// Web serves the pages.
type Web struct {
	Rooms
	st      *tenant.Store
	mux     *http.ServeMux
	routes  []Route
	handler http.Handler
	secure  bool // people come by https
}

// New mounts every page. A route that declares no policy stops it.
func New(r Rooms) *Web {
	w := &Web{Rooms: r, st: r.Store, mux: http.NewServeMux(), secure: strings.HasPrefix(r.BaseURL, "https://")}
	w.mountAll()
	guard := http.NewCrossOriginProtection()
	guard.SetDenyHandler(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) { w.fail(rw, r, errElsewhere) }))
	w.handler = guard.Handler(w.mux)
	return w
}

// contentPolicy lets a page load what the binary serves, and nothing else. The
// pictures in the style sheet are data addresses.
const contentPolicy = "default-src 'none'; script-src 'self'; style-src 'self'; font-src 'self'; img-src 'self' data:; connect-src 'self'; " +
	"form-action 'self'; frame-ancestors 'none'; base-uri 'none'"

// ServeHTTP implements http.Handler.
func (w *Web) ServeHTTP(rw http.ResponseWriter, r *http.Request) {
	h := rw.Header()
	h.Set("Content-Security-Policy", contentPolicy)
	// An address may hold a one-time token, so nobody else is told of it. Our
	// own pages are: without an Origin a form could not be told from another
	// site's where browsers send no Sec-Fetch-Site, which is plain http.
	h.Set("Referrer-Policy", "same-origin")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	w.handler.ServeHTTP(rw, r)
}

// show renders a page whole before the first byte goes out.
func show(ctx context.Context, rw http.ResponseWriter, status int, page templ.Component) error {
	var b bytes.Buffer
	if err := page.Render(ctx, &b); err != nil {
		return err
	}
	rw.Header().Set("Content-Type", "text/html; charset=utf-8")
	rw.Header().Set("Cache-Control", "no-store")
	rw.WriteHeader(status)
	_, err := b.WriteTo(rw)
	return err
}

// say is words.In, for pages.
func say(ctx context.Context, t words.Text, args ...any) string { return words.In(ctx, t, args...) }
