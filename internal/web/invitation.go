package web

import (
	"errors"
	"net/http"

	"igny8/internal/fault"
	"igny8/internal/httpx"
	"igny8/internal/identity"
)

// invitationPage is where the link of an invitation leads: what it invites to,
// and the form of who is new, of who is registered, or of who owes a code.
type invitationPage struct {
	Token, Challenge             string
	Account, Email, Role         string // empty Account: the link opens nothing
	Registered                   bool
	FirstName, LastName, Trouble string
	Done                         bool
}

func (w *Web) invitation(rw http.ResponseWriter, r *http.Request) error {
	p := invitationPage{Token: r.URL.Query().Get("token")}
	return w.showInvitation(rw, r, http.StatusOK, p)
}

func (w *Web) acceptInvitation(rw http.ResponseWriter, r *http.Request) error {
	r.Body = http.MaxBytesReader(rw, r.Body, formLimit)
	if err := r.ParseForm(); err != nil {
		return errForm
	}
	form := r.PostForm
	p := invitationPage{Token: form.Get("token"), Challenge: form.Get("challenge"), FirstName: form.Get("first_name"), LastName: form.Get("last_name")}
	t, u, err := w.identity.AcceptInvitation(r.Context(), identity.Acceptance{
		Token: p.Token, FirstName: p.FirstName, LastName: p.LastName, Password: form.Get("password"), Challenge: p.Challenge, Code: form.Get("code"),
	}, w.clientOf(r))
	if err == nil {
		p.Done, p.Email = true, u.Email
		// The page cannot hold the session that the acceptance began.
		if err := w.identity.Logout(r.Context(), t.Refresh); err != nil {
			return err
		}
		return w.show(rw, http.StatusOK, "invitation.html", p)
	}
	var f *fault.Fault
	if !errors.As(err, &f) || f.Kind == fault.Internal {
		return err
	}
	p.Trouble = f.Msg
	switch {
	case errors.Is(err, identity.ErrSecondFactor):
		p.Trouble = "Your password is right. Now give a code of your second factor."
		p.Challenge, _ = f.Extra["challenge"].(string)
	case errors.Is(err, identity.ErrInvalid): // the challenge has had its time
		p.Challenge = ""
	}
	return w.showInvitation(rw, r, httpx.Status(err), p)
}

// showInvitation shows the page with what the token invites to now.
func (w *Web) showInvitation(rw http.ResponseWriter, r *http.Request, status int, p invitationPage) error {
	i, err := w.identity.Invited(r.Context(), p.Token)
	switch {
	case errors.Is(err, identity.ErrLink):
		status, p.Trouble = httpx.Status(err), identity.ErrLink.Msg
	case err != nil:
		return err
	default:
		p.Account, p.Email, p.Role, p.Registered = i.Account.Name, i.Email, string(i.Role), i.Registered
	}
	return w.show(rw, status, "invitation.html", p)
}
