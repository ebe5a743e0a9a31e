package web

import (
	"encoding/base64"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"

	"igny8/internal/identity"
	"igny8/internal/invoice"
	"igny8/internal/web/ui"
)

// factorPage is the second factor of a person: whether there is one, and the
// step at which somebody is who sets one up.
type factorPage struct {
	ownPage
	Form  ui.Form
	Since time.Time // zero: there is none
	// While it is set up: what the app is told, as text and as a picture.
	URL, Secret, Picture string
	Codes                []string // the recovery codes, this once
}

// factorPlace is where a second factor is set up and taken away.
const factorPlace = "/second-factor"

func (w *Web) factor(rw http.ResponseWriter, r *http.Request, v *visit) error {
	return w.showFactor(rw, r, v, http.StatusOK, factorPage{})
}

func (w *Web) showFactor(rw http.ResponseWriter, r *http.Request, v *visit, status int, p factorPage) error {
	var err error
	if p.ownPage, err = w.own(r.Context(), v, "Second factor", factorPlace); err != nil {
		return err
	}
	u, err := w.Identity.UserOf(r.Context(), v.User)
	if err != nil {
		return err
	}
	p.Since = u.SecondFactor
	return show(r.Context(), rw, status, factorView(p))
}

// beginFactor answers with the secret and leads nowhere: it is shown this
// once, and a page with it has no address.
func (w *Web) beginFactor(rw http.ResponseWriter, r *http.Request, v *visit) error {
	values, err := formOf(r)
	if err != nil {
		return err
	}
	e, err := w.Identity.BeginSecondFactor(r.Context(), v.Caller, values.Get("password"))
	if errors.Is(err, identity.ErrFactorExists) {
		return to(rw, r, factorPlace)
	}
	if err != nil {
		f, err := refused(err)
		if err != nil {
			return err
		}
		return w.showFactor(rw, r, v, statusOf(f), factorPage{Form: ui.NewForm(values).Refused(f, "password")})
	}
	return w.showEnrolment(rw, r, v, http.StatusOK, e.URL, ui.NewForm(nil))
}

// showEnrolment shows what the app is told. Where a code was wrong the address
// comes from the form, which is the only one that knows it still.
func (w *Web) showEnrolment(rw http.ResponseWriter, r *http.Request, v *visit, status int, address string, f ui.Form) error {
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "otpauth" || u.Query().Get("secret") == "" {
		w.say(rw, ui.Warn, "Begin again.")
		return to(rw, r, factorPlace)
	}
	picture, err := invoice.QR(address)
	if err != nil {
		return errForm // longer than any that we make
	}
	return w.showFactor(rw, r, v, status, factorPage{
		Form: f, URL: address, Secret: u.Query().Get("secret"), Picture: "data:image/png;base64," + base64.StdEncoding.EncodeToString(picture),
	})
}

func (w *Web) confirmFactor(rw http.ResponseWriter, r *http.Request, v *visit) error {
	values, err := formOf(r)
	if err != nil {
		return err
	}
	codes, err := w.Identity.ConfirmSecondFactor(r.Context(), v.Caller, strings.ReplaceAll(values.Get("code"), " ", ""))
	switch {
	case errors.Is(err, identity.ErrFactorExists), errors.Is(err, identity.ErrNoFactor):
		return to(rw, r, factorPlace)
	case err != nil:
		f, err := refused(err)
		if err != nil {
			return err
		}
		return w.showEnrolment(rw, r, v, statusOf(f), values.Get("url"), ui.NewForm(nil).Refused(f, "code"))
	}
	return w.showFactor(rw, r, v, http.StatusOK, factorPage{Codes: codes})
}

func (w *Web) removeFactor(rw http.ResponseWriter, r *http.Request, v *visit) error {
	values, err := formOf(r)
	if err != nil {
		return err
	}
	err = w.Identity.RemoveSecondFactor(r.Context(), v.Caller, values.Get("password"), values.Get("code"))
	if errors.Is(err, identity.ErrNoFactor) {
		return to(rw, r, factorPlace)
	}
	if err != nil {
		f, err := refused(err)
		if err != nil {
			return err
		}
		return w.showFactor(rw, r, v, statusOf(f), factorPage{Form: ui.NewForm(nil).Refused(f, "password", "code")})
	}
	w.say(rw, ui.Good, "The second factor is removed. Your password alone signs you in.")
	return to(rw, r, factorPlace)
}
