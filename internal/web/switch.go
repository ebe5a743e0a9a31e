package web

import (
	"net/http"
	"net/url"

	"igny8/internal/account"
	"igny8/internal/tenant"
	"igny8/internal/web/ui"
	"igny8/internal/words"
)

// placesPage is the accounts that a person is a member of.
type placesPage struct {
	ownPage
	Places []account.Place
	Here   tenant.AccountID
}

func (w *Web) places(rw http.ResponseWriter, r *http.Request, v *visit) error {
	p := placesPage{Here: v.Scope.Account()}
	var err error
	if p.ownPage, err = w.own(r.Context(), v, "Your accounts", "/accounts"); err != nil {
		return err
	}
	if p.Places, err = w.Identity.Places(r.Context(), v.User); err != nil {
		return err
	}
	return show(r.Context(), rw, http.StatusOK, placesView(p))
}

// placeIn is the account that a form or an address names.
func placeIn(values url.Values) (tenant.AccountID, error) {
	return idOf(tenant.ParseAccountID, values.Get("account"), account.ErrNotFound)
}

// enterPlace goes on in another account, in a session of its own; the one of
// this browser ends, which no one could use any more.
func (w *Web) enterPlace(rw http.ResponseWriter, r *http.Request, v *visit) error {
	values, err := formOf(r)
	if err != nil {
		return err
	}
	acc, err := placeIn(values)
	if err != nil {
		return err
	}
	t, err := w.Identity.Enter(r.Context(), v.Caller, acc, v.from)
	if err != nil {
		return err
	}
	if err := w.keep(rw, r, t); err != nil {
		return err
	}
	if err := w.Identity.EndSession(r.Context(), v.Caller); err != nil {
		return err
	}
	return to(rw, r, "/home")
}

// leaving asks whether somebody wants to leave an account.
func leaving(p account.Place) ui.Confirm {
	query := url.Values{"account": {p.Account.String()}}
	return ui.Confirm{
		ID: "leave-" + p.Account.String(), Ask: "Leave", Title: words.With("Leave %s?", p.Name),
		Text: "You see nothing of it any more. To come back you need a new invitation.",
		Do:   "Leave", Action: "/accounts/leave", Page: "/accounts/leave?" + query.Encode(), Back: "/accounts",
		Fields: map[string]string{"account": p.Account.String()},
	}
}

func (w *Web) askLeave(rw http.ResponseWriter, r *http.Request, v *visit) error {
	acc, err := placeIn(r.URL.Query())
	if err != nil {
		return err
	}
	all, err := w.Identity.Places(r.Context(), v.User)
	if err != nil {
		return err
	}
	for _, one := range all {
		if one.Account != acc {
			continue
		}
		p := askPage{Question: leaving(one)}
		own, err := w.own(r.Context(), v, p.Question.Title, "/accounts")
		if err != nil {
			return err
		}
		p.Page = own.Page
		return show(r.Context(), rw, http.StatusOK, askView(p))
	}
	return account.ErrNotFound
}

func (w *Web) leavePlace(rw http.ResponseWriter, r *http.Request, v *visit) error {
	values, err := formOf(r)
	if err != nil {
		return err
	}
	acc, err := placeIn(values)
	if err != nil {
		return err
	}
	if err := w.Identity.Leave(r.Context(), v.Caller, acc); err != nil {
		f, err := refused(err)
		if err != nil {
			return err
		}
		w.say(rw, ui.Bad, f.Msg)
		return to(rw, r, "/accounts")
	}
	if acc == v.Scope.Account() { // its sessions are over, this one too
		w.drop(rw, sessionCookie)
		w.say(rw, ui.Good, "You have left. Sign in again to go on elsewhere.")
		return to(rw, r, "/sign-in")
	}
	w.say(rw, ui.Good, "You have left.")
	return to(rw, r, "/accounts")
}
