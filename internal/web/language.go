package web

import (
	"net/http"
	"net/url"

	"igny8/internal/fault"
	"igny8/internal/identity"
	"igny8/internal/web/ui"
	"igny8/internal/words"
)

// languageCookie is the language that somebody has chosen, whoever he is. Until
// he chooses, the browser's counts.
const languageCookie = "igny8-language"

// languageLife is as long as browsers keep a cookie at most (RFC 6265bis, 5.5).
const languageLife = 400 * 24 * 60 * 60

// localeOf is the language and the numbers for who asks.
func (w *Web) localeOf(r *http.Request) ui.Locale {
	return ui.ParseLocale(r.Header.Get("Accept-Language")).Speaking(w.read(r, languageCookie))
}

// chooseLanguage sets the language of the pages, and for who is signed in that
// of his letters, and leads back to where he was.
func (w *Web) chooseLanguage(rw http.ResponseWriter, r *http.Request, _ *visit) error {
	values, err := formOf(r)
	if err != nil {
		return err
	}
	l := words.Match(values.Get("speak"))
	if l.Tag() != values.Get("speak") {
		return errNoSuchThing
	}
	c := w.cookie(languageCookie, l.Tag())
	c.MaxAge = languageLife
	http.SetCookie(rw, c)
	if secret := w.secret(r); secret != "" {
		who, err := w.Identity.AdmitCookie(r.Context(), secret, identity.AnyUser())
		if err == nil {
			err = w.Identity.SetLanguage(r.Context(), who.User, l)
		}
		// Who was signed out meanwhile reads the pages nevertheless.
		if err != nil && fault.Of(err).Kind != fault.Unauthenticated {
			return err
		}
	}
	return to(rw, r, w.readable(values.Get("back")))
}

// readable is a page of ours that can be asked for again, or else the first one:
// what was the answer to a form has no address of its own.
func (w *Web) readable(path string) string {
	at, err := url.Parse(local(path))
	if err != nil || at.Path == "" {
		return "/"
	}
	if _, pattern := w.mux.Handler(&http.Request{Method: http.MethodGet, URL: at, Host: ""}); pattern == "" || pattern == "/" {
		return "/"
	}
	return at.String()
}
