package web

import (
	"net/http"

	"igny8/internal/identity"
	"igny8/internal/throttle"
	"igny8/internal/web/ui"
)

// setupPage is the form with which the first operator is made.
type setupPage struct {
	ui.Page
	Form ui.Form
}

func (w *Web) setup(rw http.ResponseWriter, r *http.Request, v *visit) error {
	return w.showSetup(rw, r, v, http.StatusOK, ui.NewForm(r.URL.Query()))
}

func (w *Web) showSetup(rw http.ResponseWriter, r *http.Request, v *visit, status int, f ui.Form) error {
	p := setupPage{Page: v.page, Form: f}
	p.Title, p.Shell = "Become the operator", ui.Door
	p.Lead = "This makes the first person who operates this server. The link works once."
	return show(r.Context(), rw, status, setupView(p))
}

func (w *Web) claim(rw http.ResponseWriter, r *http.Request, v *visit) error {
	values, err := formOf(r)
	if err != nil {
		return err
	}
	err = w.countMailbox(r.Context(), rw, "create-first-staff", values.Get("email"), throttle.RegisterByEmail)
	var made identity.Prepared
	if err == nil {
		made, err = w.Identity.Prepare(r.Context(), identity.Registration{
			Email: values.Get("email"), Password: values.Get("password"), FirstName: values.Get("first_name"), LastName: values.Get("last_name"),
		})
	}
	var tokens identity.Tokens
	if err == nil {
		tokens, _, err = w.Identity.ClaimFirstStaff(r.Context(), values.Get("token"), made, v.from)
	}
	if err != nil {
		f, err := refused(err)
		if err != nil {
			return err
		}
		return w.showSetup(rw, r, v, statusOf(f), ui.NewForm(values).Refused(f, "email", "password", "first_name", "last_name"))
	}
	if err := w.keep(rw, r, tokens); err != nil {
		return err
	}
	w.say(rw, ui.Good, "Welcome. You operate this server now, with every privilege.")
	return to(rw, r, "/staff")
}
