package web

import (
	"encoding/base64"
	"net/http"
	"strings"
	"time"

	"igny8/internal/identity"
	"igny8/internal/web/ui"
	"igny8/internal/words"
)

// The cookies, by their names without what https puts in front.
const (
	sessionCookie   = "igny8"
	messageCookie   = "igny8-message"
	challengeCookie = "igny8-code"
)

// cookie is one that no script and no other host can read. Lax, so that who
// follows a link from a letter is still signed in.
func (w *Web) cookie(name, value string) *http.Cookie {
	if w.secure {
		name = "__Host-" + name
	}
	return &http.Cookie{Name: name, Value: value, Path: "/", HttpOnly: true, Secure: w.secure, SameSite: http.SameSiteLaxMode}
}

func (w *Web) read(r *http.Request, name string) string {
	c, err := r.Cookie(w.cookie(name, "").Name)
	if err != nil { // there is none
		return ""
	}
	return c.Value
}

func (w *Web) drop(rw http.ResponseWriter, name string) {
	c := w.cookie(name, "")
	c.MaxAge = -1
	http.SetCookie(rw, c)
}

// secret is the session's, or empty.
func (w *Web) secret(r *http.Request) string { return w.read(r, sessionCookie) }

// keep signs the browser in with what a sign-in gave.
func (w *Web) keep(rw http.ResponseWriter, r *http.Request, t identity.Tokens) error {
	kept, err := w.Identity.Keep(r.Context(), t)
	if err != nil {
		return err
	}
	c := w.cookie(sessionCookie, kept.Secret)
	c.Expires = kept.Expires
	http.SetCookie(rw, c)
	w.drop(rw, challengeCookie)
	return nil
}

// messageLife is enough for a redirect.
const messageLife = time.Minute

// say leaves a message for the next page.
func (w *Web) say(rw http.ResponseWriter, t ui.Tone, text words.Text) {
	c := w.cookie(messageCookie, base64.RawURLEncoding.EncodeToString([]byte(string(t)+"\n"+text.Packed())))
	c.MaxAge = int(messageLife.Seconds())
	http.SetCookie(rw, c)
}

// takeMessage is the message that the page before left, which is said once.
func (w *Web) takeMessage(rw http.ResponseWriter, r *http.Request) *ui.Message {
	value := w.read(r, messageCookie)
	if value == "" {
		return nil
	}
	w.drop(rw, messageCookie)
	text, err := base64.RawURLEncoding.DecodeString(value)
	tone, said, ok := strings.Cut(string(text), "\n")
	if err != nil || !ok {
		return nil
	}
	return &ui.Message{Tone: ui.Tone(tone), Text: words.Unpack(said)}
}

// to leads on after a form, so that going back does not send it again.
func to(rw http.ResponseWriter, r *http.Request, path string) error {
	http.Redirect(rw, r, path, http.StatusSeeOther)
	return nil
}
