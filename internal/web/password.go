package web

import (
	"net/http"

	"igny8/internal/throttle"
	"igny8/internal/web/ui"
	"igny8/internal/words"
)

// passwordHint is what a password has to be, where one is chosen.
const passwordHint words.Text = "At least 15 characters. A few words are easier to remember than signs and digits."

// forgotPage is the form with which somebody asks for the letter.
type forgotPage struct {
	ui.Page
	Form ui.Form
}

// resetPage is where the link of that letter leads. Opening it changes
// nothing, since programs that look through letters open links as well.
type resetPage struct {
	ui.Page
	Form ui.Form
}

func (w *Web) forgotPassword(rw http.ResponseWriter, r *http.Request, v *visit) error {
	return w.showForgot(rw, r, v, http.StatusOK, ui.NewForm(nil))
}

func (w *Web) showForgot(rw http.ResponseWriter, r *http.Request, v *visit, status int, f ui.Form) error {
	p := forgotPage{Page: v.page, Form: f}
	p.Title, p.Shell = "Forgot your password?", ui.Door
	p.Lead = "We send you a letter with a link to choose a new one."
	return show(r.Context(), rw, status, forgotView(p))
}

func (w *Web) askReset(rw http.ResponseWriter, r *http.Request, v *visit) error {
	values, err := formOf(r)
	if err != nil {
		return err
	}
	err = w.countMailbox(r.Context(), rw, "ask-password-reset", values.Get("email"), throttle.LoginByEmail)
	if err == nil {
		err = w.Identity.AskReset(r.Context(), values.Get("email"))
	}
	if err != nil {
		f, err := refused(err)
		if err != nil {
			return err
		}
		return w.showForgot(rw, r, v, statusOf(f), ui.NewForm(values).Refused(f, "email"))
	}
	return to(rw, r, "/forgot-password/sent")
}

func (w *Web) resetAsked(rw http.ResponseWriter, r *http.Request, v *visit) error {
	p := forgotPage{Page: v.page}
	p.Title, p.Shell = "Look into your mailbox", ui.Door
	return show(r.Context(), rw, http.StatusOK, resetAskedView(p))
}

func (w *Web) choosePassword(rw http.ResponseWriter, r *http.Request, v *visit) error {
	return w.showReset(rw, r, v, http.StatusOK, ui.NewForm(r.URL.Query()))
}

func (w *Web) showReset(rw http.ResponseWriter, r *http.Request, v *visit, status int, f ui.Form) error {
	p := resetPage{Page: v.page, Form: f}
	p.Title, p.Shell = "Choose a new password", ui.Door
	p.Lead = "You will be signed out everywhere."
	return show(r.Context(), rw, status, resetView(p))
}

func (w *Web) resetPassword(rw http.ResponseWriter, r *http.Request, v *visit) error {
	values, err := formOf(r)
	if err != nil {
		return err
	}
	if err := w.Identity.ResetPassword(r.Context(), values.Get("token"), values.Get("password")); err != nil {
		f, err := refused(err)
		if err != nil {
			return err
		}
		return w.showReset(rw, r, v, statusOf(f), ui.NewForm(values).Refused(f, "password"))
	}
	w.drop(rw, sessionCookie)
	w.say(rw, ui.Good, "Your password is changed. Sign in with the new one.")
	return to(rw, r, "/sign-in")
}
