package web

import (
	"errors"
	"net/http"
	"net/url"

	"igny8/internal/fault"
	"igny8/internal/httpx"
	"igny8/internal/identity"
	"igny8/internal/throttle"
	"igny8/internal/web/ui"
)

// signInPage is the form for address and password, and then the one for the
// code of who has a second factor.
type signInPage struct {
	ui.Page
	Form ui.Form
	Next string // where to go on; empty: where the person belongs
}

func (p signInPage) action(path string) string {
	if p.Next == "" {
		return path
	}
	return path + "?" + url.Values{"next": {p.Next}}.Encode()
}

// statusOf is the status of a page that comes back with what is wrong. A
// sign-in that is refused is no request to sign in.
func statusOf(f *fault.Fault) int {
	if s := httpx.Status(f); s != http.StatusUnauthorized {
		return s
	}
	return http.StatusUnprocessableEntity
}

func nextOf(r *http.Request) string { return local(r.URL.Query().Get("next")) }

func (w *Web) signIn(rw http.ResponseWriter, r *http.Request, v *visit) error {
	if c, err := w.Identity.AdmitCookie(r.Context(), w.secret(r), identity.AnyUser()); err == nil {
		return to(rw, r, placeOf(c))
	}
	return w.showSignIn(rw, r, v, http.StatusOK, ui.NewForm(nil))
}

func (w *Web) showSignIn(rw http.ResponseWriter, r *http.Request, v *visit, status int, f ui.Form) error {
	p := signInPage{Page: v.page, Form: f, Next: nextOf(r)}
	p.Title, p.Shell = "Sign in", ui.Door
	return show(r.Context(), rw, status, signInView(p))
}

func (w *Web) enter(rw http.ResponseWriter, r *http.Request, v *visit) error {
	values, err := formOf(r)
	if err != nil {
		return err
	}
	address := values.Get("email")
	err = w.countMailbox(r.Context(), rw, "login", address, throttle.LoginByEmail)
	var tokens identity.Tokens
	if err == nil {
		tokens, _, err = w.Identity.Login(r.Context(), address, values.Get("password"), v.from)
	}
	if errors.Is(err, identity.ErrSecondFactor) {
		return w.challenge(rw, r, fault.Of(err))
	}
	if err != nil {
		f, err := refused(err)
		if err != nil {
			return err
		}
		return w.showSignIn(rw, r, v, statusOf(f), ui.NewForm(values).Refused(f, "email", "password"))
	}
	return w.arrive(rw, r, tokens)
}

// challengeSeconds is how long identity keeps a challenge; one that is kept for longer
// is refused all the same.
const challengeSeconds = 300

// challenge leads to the form for the code. What the browser keeps meanwhile
// proves the password, and nothing else.
func (w *Web) challenge(rw http.ResponseWriter, r *http.Request, f *fault.Fault) error {
	token, ok := f.Extra["challenge"].(string)
	if !ok {
		return errors.New("a second factor is asked for without a challenge")
	}
	c := w.cookie(challengeCookie, token)
	c.MaxAge = challengeSeconds
	http.SetCookie(rw, c)
	return to(rw, r, signInPage{Next: nextOf(r)}.action("/sign-in/code"))
}

func (w *Web) askCode(rw http.ResponseWriter, r *http.Request, v *visit) error {
	if w.read(r, challengeCookie) == "" {
		return to(rw, r, "/sign-in")
	}
	return w.showCode(rw, r, v, http.StatusOK, ui.NewForm(nil))
}

func (w *Web) showCode(rw http.ResponseWriter, r *http.Request, v *visit, status int, f ui.Form) error {
	p := signInPage{Page: v.page, Form: f, Next: nextOf(r)}
	p.Title, p.Shell = "Enter your code", ui.Door
	p.Lead = "Your account is protected by a second factor."
	return show(r.Context(), rw, status, codeView(p))
}

func (w *Web) enterCode(rw http.ResponseWriter, r *http.Request, v *visit) error {
	values, err := formOf(r)
	if err != nil {
		return err
	}
	tokens, _, err := w.Identity.AnswerChallenge(r.Context(), w.read(r, challengeCookie), values.Get("code"), v.from)
	switch {
	case errors.Is(err, identity.ErrInvalid): // too late, or too often
		w.drop(rw, challengeCookie)
		w.say(rw, ui.Warn, "That took too long, or there were too many tries. Sign in again.")
		return to(rw, r, signInPage{Next: nextOf(r)}.action("/sign-in"))
	case err != nil:
		f, err := refused(err)
		if err != nil {
			return err
		}
		// A wrong code is not typed again.
		return w.showCode(rw, r, v, statusOf(f), ui.NewForm(nil).Refused(f, "code"))
	}
	return w.arrive(rw, r, tokens)
}

// arrive signs the browser in and leads on.
func (w *Web) arrive(rw http.ResponseWriter, r *http.Request, t identity.Tokens) error {
	if err := w.keep(rw, r, t); err != nil {
		return err
	}
	next := nextOf(r)
	if next == "" {
		c, err := w.Identity.Admit(r.Context(), "Bearer "+t.Access, identity.AnyUser())
		if err != nil {
			return err
		}
		next = placeOf(c)
	}
	return to(rw, r, next)
}

// placeOf is where somebody belongs: in his account, among the operator's
// people, or where it says that he has none.
func placeOf(c identity.Caller) string {
	switch {
	case nobodys(c):
		return "/accounts"
	case c.Scope.Account().IsZero():
		return "/staff"
	}
	return "/home"
}

func (w *Web) signOut(rw http.ResponseWriter, r *http.Request, v *visit) error {
	if err := w.Identity.EndSession(r.Context(), v.Caller); err != nil {
		return err
	}
	w.drop(rw, sessionCookie)
	w.say(rw, ui.Good, "You are signed out.")
	return to(rw, r, "/sign-in")
}
