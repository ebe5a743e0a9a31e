// Package web is for people with a browser: pages that translate a form into
// a call of a room, and its answer into a page.
package web

import (
	"bytes"
	"embed"
	"html/template"
	"io/fs"
	"log/slog"
	"net/http"

	"igny8/internal/fault"
	"igny8/internal/httpx"
	"igny8/internal/identity"
	"igny8/internal/throttle"
)

//go:embed *.html
var pages embed.FS

//go:embed static
var static embed.FS

// Web serves the pages.
type Web struct {
	identity *identity.Service
	throttle *throttle.Gate
	proxies  httpx.Proxies
	log      *slog.Logger
	pages    *template.Template
	handler  http.Handler
}

// New mounts every page.
func New(ids *identity.Service, t *throttle.Gate, p httpx.Proxies, log *slog.Logger) *Web {
	w := &Web{identity: ids, throttle: t, proxies: p, log: log, pages: template.Must(template.ParseFS(pages, "*.html"))}
	files, err := fs.Sub(static, "static")
	if err != nil {
		panic(err) // the folder is in the binary
	}
	mux := http.NewServeMux()
	mux.Handle("GET /static/", http.StripPrefix("/static/", http.FileServerFS(files)))
	mux.HandleFunc("GET /{$}", w.in(w.home))
	mux.HandleFunc("GET /setup", w.in(w.setup))
	mux.HandleFunc("POST /setup", w.in(w.seldom(w.claim)))
	mux.HandleFunc("GET /verify-email", w.in(w.verifyEmail))
	mux.HandleFunc("POST /verify-email", w.in(w.seldom(w.confirmEmail)))
	mux.HandleFunc("GET /reset-password", w.in(w.choosePassword))
	mux.HandleFunc("POST /reset-password", w.in(w.seldom(w.resetPassword)))
	mux.HandleFunc("GET /accept-invitation", w.in(w.invitation))
	mux.HandleFunc("POST /accept-invitation", w.in(w.seldom(w.acceptInvitation)))
	mux.HandleFunc("/", w.in(func(http.ResponseWriter, *http.Request) error { return errNoPage }))
	w.handler = http.NewCrossOriginProtection().Handler(mux)
	return w
}

var errNoPage = fault.New(fault.NotFound, "page.not_found", "There is no such page.")

// ServeHTTP implements http.Handler.
func (w *Web) ServeHTTP(rw http.ResponseWriter, r *http.Request) {
	h := rw.Header()
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'")
	h.Set("Referrer-Policy", "no-referrer") // an address may hold a one-time token
	h.Set("X-Content-Type-Options", "nosniff")
	w.handler.ServeHTTP(rw, r)
}

// in turns a handler's error into a page.
func (w *Web) in(do func(http.ResponseWriter, *http.Request) error) http.HandlerFunc {
	return func(rw http.ResponseWriter, r *http.Request) {
		err := do(rw, r)
		if err == nil {
			return
		}
		f := fault.Of(err)
		if f.Kind == fault.Internal {
			w.log.ErrorContext(r.Context(), "page failed", "route", r.Pattern, "request_id", httpx.RequestID(r.Context()), "err", err)
		}
		if err := w.show(rw, httpx.Status(err), "fault.html", faultPage{
			Title: http.StatusText(httpx.Status(err)), Msg: f.Msg, RequestID: httpx.RequestID(r.Context()),
		}); err != nil {
			w.log.ErrorContext(r.Context(), "page failed", "route", r.Pattern, "err", err)
		}
	}
}

// seldom lets an address do something as often as it may sign in.
func (w *Web) seldom(do func(http.ResponseWriter, *http.Request) error) func(http.ResponseWriter, *http.Request) error {
	return func(rw http.ResponseWriter, r *http.Request) error {
		d := w.throttle.Take(r.Context(), throttle.ByAddress(throttle.Auth, w.proxies.Client(r)), throttle.AuthByAddress)
		d.Tell(rw.Header())
		if err := d.Err(); err != nil {
			return err
		}
		return do(rw, r)
	}
}

// faultPage tells what went wrong.
type faultPage struct{ Title, Msg, RequestID string }

// show renders a page whole before the first byte goes out.
func (w *Web) show(rw http.ResponseWriter, status int, name string, page any) error {
	var b bytes.Buffer
	if err := w.pages.ExecuteTemplate(&b, name, page); err != nil {
		return err
	}
	rw.Header().Set("Content-Type", "text/html; charset=utf-8")
	rw.Header().Set("Cache-Control", "no-store")
	rw.WriteHeader(status)
	_, err := b.WriteTo(rw)
	return err
}

func (w *Web) home(rw http.ResponseWriter, _ *http.Request) error {
	return w.show(rw, http.StatusOK, "home.html", nil)
}
