package web

import (
	"errors"
	"net/http"

	"igny8/internal/fault"
	"igny8/internal/identity"
	"igny8/internal/web/ui"
	"igny8/internal/words"
)

// invitationPage is where the link of an invitation leads: what it invites to,
// and the form of who is new, of who is registered, or of who owes a code.
type invitationPage struct {
	ui.Page
	Form      ui.Form
	Invited   identity.Invited
	Challenge string // of who owes a code; empty: he does not
}

func (w *Web) invitation(rw http.ResponseWriter, r *http.Request, v *visit) error {
	return w.showInvitation(rw, r, v, http.StatusOK, invitationPage{Form: ui.NewForm(r.URL.Query())})
}

func (w *Web) acceptInvitation(rw http.ResponseWriter, r *http.Request, v *visit) error {
	values, err := formOf(r)
	if err != nil {
		return err
	}
	t, _, err := w.Identity.AcceptInvitation(r.Context(), identity.Acceptance{
		Token: values.Get("token"), FirstName: values.Get("first_name"), LastName: values.Get("last_name"), Password: values.Get("password"),
		Challenge: values.Get("challenge"), Code: values.Get("code"), Language: v.page.Locale.Language(),
	}, v.from)
	if err == nil {
		w.say(rw, ui.Good, "Welcome. You are a member now.")
		return w.arrive(rw, r, t)
	}
	f, err := refused(err)
	if err != nil {
		return err
	}
	p := invitationPage{Form: ui.NewForm(values), Challenge: values.Get("challenge")}
	switch {
	case errors.Is(f, identity.ErrSecondFactor):
		p.Challenge, _ = f.Extra["challenge"].(string)
		return w.showInvitation(rw, r, v, http.StatusOK, p)
	case errors.Is(f, identity.ErrInvalid): // the challenge has had its time
		p.Challenge = ""
	}
	p.Form = p.Form.Refused(f, "first_name", "last_name", "password", "code")
	return w.showInvitation(rw, r, v, statusOf(f), p)
}

// showInvitation shows the page with what the token invites to now.
func (w *Web) showInvitation(rw http.ResponseWriter, r *http.Request, v *visit, status int, p invitationPage) error {
	p.Page = v.page
	p.Title, p.Shell = "You are invited", ui.Door
	var err error
	p.Invited, err = w.Identity.Invited(r.Context(), p.Form.Value("token"))
	if errors.Is(err, identity.ErrLink) {
		return fault.Of(err)
	}
	if err != nil {
		return err
	}
	p.Lead = words.With("Somebody invited %s to %s as %s. If you do not know it, close this page: nothing happens.", p.Invited.Email, p.Invited.Account.Name, string(p.Invited.Role))
	return show(r.Context(), rw, status, invitationView(p))
}
