package web

import (
	"net/http"

	"igny8/internal/web/ui"
)

// changePage is the form for another password.
type changePage struct {
	ownPage
	Form ui.Form
}

func (w *Web) password(rw http.ResponseWriter, r *http.Request, v *visit) error {
	return w.showPassword(rw, r, v, http.StatusOK, ui.NewForm(nil))
}

func (w *Web) showPassword(rw http.ResponseWriter, r *http.Request, v *visit, status int, f ui.Form) error {
	p := changePage{Form: f}
	var err error
	if p.ownPage, err = w.own(r.Context(), v, "Change your password", "/password"); err != nil {
		return err
	}
	return show(r.Context(), rw, status, passwordView(p))
}

func (w *Web) changePassword(rw http.ResponseWriter, r *http.Request, v *visit) error {
	values, err := formOf(r)
	if err != nil {
		return err
	}
	t, err := w.Identity.ChangePassword(r.Context(), v.Caller, values.Get("current_password"), values.Get("password"), v.from)
	if err != nil {
		f, err := refused(err)
		if err != nil {
			return err
		}
		return w.showPassword(rw, r, v, statusOf(f), ui.NewForm(values).Refused(f, "current_password", "password"))
	}
	if err := w.keep(rw, r, t); err != nil {
		return err
	}
	w.say(rw, ui.Good, "Your password is changed. Everywhere else you are signed out.")
	return to(rw, r, "/you")
}
