package web

import (
	"errors"
	"net/http"
	"net/url"
	"strings"

	"igny8/internal/fault"
	"igny8/internal/httpx"
	"igny8/internal/identity"
	"igny8/internal/web/ui"
	"igny8/internal/words"
)

var (
	errNoPage    = fault.New(fault.NotFound, "page.not_found", "There is no such page.")
	errElsewhere = fault.New(fault.Forbidden, "page.from_elsewhere", "This was sent from another site, and nothing was done.")
)

// faultPage tells what went wrong.
type faultPage struct {
	ui.Page
	Msg       words.Text
	RequestID string
	SignOut   bool // there is nothing else to do here
}

// fail answers with what went wrong: who has to sign in is led there, who has
// to pay to where that is done, and everybody else is told.
func (w *Web) fail(rw http.ResponseWriter, r *http.Request, err error) {
	f := fault.Of(err)
	if r.Header.Get("HX-Request") != "" && f.Kind != fault.Internal && f.Kind != fault.TooMany {
		// A part of a page asked, and the whole of it has to know.
		rw.Header().Set("HX-Refresh", "true")
		rw.WriteHeader(http.StatusNoContent)
		return
	}
	switch {
	case f.Kind == fault.Unauthenticated:
		w.toSignIn(rw, r)
		return
	case errors.Is(err, identity.ErrVisitOver):
		http.Redirect(rw, r, "/visit", http.StatusSeeOther)
		return
	case f.Kind == fault.PaymentRequired && payable(f) && r.URL.Path != "/billing":
		http.Redirect(rw, r, "/billing", http.StatusSeeOther)
		return
	}
	rid := httpx.RequestID(r.Context())
	if f.Kind == fault.Internal {
		w.Log.ErrorContext(r.Context(), "page failed", "route", r.Pattern, "request_id", rid, "err", err)
	}
	var bar *ui.Visit
	if f.Kind != fault.Internal {
		bar = w.visitOf(r)
	}
	p := faultPage{
		Page: ui.Page{Title: headline(f, httpx.Status(err)), Shell: ui.Door, Known: w.secret(r) != "", Visit: bar, Locale: w.localeOf(r)},
		Msg:  f.Msg, RequestID: rid, SignOut: strings.HasPrefix(f.Code, "account."),
	}
	if err := show(r.Context(), rw, httpx.Status(err), faultView(p)); err != nil {
		w.Log.ErrorContext(r.Context(), "page failed", "route", r.Pattern, "request_id", rid, "err", err)
	}
}

// payable tells whether the gate named a bill, or where to order: the person
// may see it.
func payable(f *fault.Fault) bool { return f.Extra["invoice"] != nil || f.Extra["checkout"] != nil }

func headline(f *fault.Fault, status int) words.Text {
	switch f.Code {
	case "account.suspended":
		return "This account is suspended"
	case "account.cancelled":
		return "This account is cancelled"
	case "page.not_found":
		return "Page not found"
	case "throttle.exceeded":
		return "That was too fast"
	}
	if f.Kind == fault.Forbidden {
		return "Not allowed"
	}
	return words.Verbatim(http.StatusText(status))
}

// toSignIn leads to the sign-in, and from there back to what was asked for. A
// session that is over is forgotten.
func (w *Web) toSignIn(rw http.ResponseWriter, r *http.Request) {
	if w.secret(r) != "" {
		w.drop(rw, sessionCookie)
		w.say(rw, ui.Note, "Your session is over. Sign in again.")
	}
	at := "/sign-in"
	if r.Method == http.MethodGet && r.URL.Path != "/home" {
		at += "?" + url.Values{"next": {r.URL.RequestURI()}}.Encode()
	}
	http.Redirect(rw, r, at, http.StatusSeeOther)
}
