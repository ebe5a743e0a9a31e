package web

import (
	"net/http"

	"igny8/internal/web/ui"
)

// verifyPage is where the link of the first letter leads. Opening it changes
// nothing, since programs that look through letters open links as well.
type verifyPage struct {
	ui.Page
	Form ui.Form
}

func (w *Web) verifyEmail(rw http.ResponseWriter, r *http.Request, v *visit) error {
	return w.showVerify(rw, r, v, http.StatusOK, ui.NewForm(r.URL.Query()))
}

func (w *Web) showVerify(rw http.ResponseWriter, r *http.Request, v *visit, status int, f ui.Form) error {
	p := verifyPage{Page: v.page, Form: f}
	p.Title, p.Shell = "Confirm your address", ui.Door
	return show(r.Context(), rw, status, verifyView(p))
}

func (w *Web) confirmEmail(rw http.ResponseWriter, r *http.Request, v *visit) error {
	values, err := formOf(r)
	if err != nil {
		return err
	}
	if _, err := w.Identity.VerifyEmail(r.Context(), values.Get("token")); err != nil {
		f, err := refused(err)
		if err != nil {
			return err
		}
		return w.showVerify(rw, r, v, statusOf(f), ui.NewForm(values).Refused(f))
	}
	w.say(rw, ui.Good, "Thank you. Your e-mail address is confirmed.")
	return to(rw, r, "/sign-in")
}
