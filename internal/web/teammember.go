package web

import (
	"context"
	"net/http"
	"net/url"
	"strings"

	"igny8/internal/account"
	"igny8/internal/identity"
	"igny8/internal/tenant"
	"igny8/internal/web/ui"
	"igny8/internal/words"
)

// memberPage is one member, for who may change the team.
type memberPage struct {
	ui.Page
	Form   ui.Form
	Member identity.Member
	Roles  []ui.Pick
	Fixed  bool // the role is above who looks
	Self   bool
}

func memberPath(u identity.UserID) string { return "/team/members/" + u.String() }

// fullName is a person's name as it is written.
func fullName(m identity.Member) string { return strings.TrimSpace(m.FirstName + " " + m.LastName) }

// memberIn reads the member of an address.
func (w *Web) memberIn(r *http.Request, v *visit) (identity.Member, error) {
	var m identity.Member
	u, err := idOf(account.ParseUserID, r.PathValue("id"), account.ErrNotMember)
	if err != nil {
		return m, err
	}
	err = w.st.View(r.Context(), v.Scope, func(ctx context.Context, view *tenant.View) (err error) {
		m, err = identity.MemberOf(ctx, view, u)
		return err
	})
	return m, err
}

func (w *Web) teamMember(rw http.ResponseWriter, r *http.Request, v *visit) error {
	return w.showMember(rw, r, v, http.StatusOK, ui.NewForm(nil))
}

func (w *Web) showMember(rw http.ResponseWriter, r *http.Request, v *visit, status int, f ui.Form) error {
	p := memberPage{Form: f, Roles: rolePicks(v.Scope.Permissions())}
	var err error
	if p.Member, err = w.memberIn(r, v); err != nil {
		return err
	}
	p.Self = p.Member.User == v.User
	p.Fixed = !v.Scope.Permissions().Covers(p.Member.Role.Permissions())
	if p.Page, err = w.personal(r.Context(), v, words.Verbatim(fullName(p.Member))); err != nil {
		return err
	}
	p.Lead = words.Verbatim(p.Member.Email)
	return show(r.Context(), rw, status, memberView(p))
}

func (w *Web) changeRole(rw http.ResponseWriter, r *http.Request, v *visit) error {
	values, err := formOf(r)
	if err != nil {
		return err
	}
	m, err := w.memberIn(r, v)
	if err != nil {
		return err
	}
	role, err := account.ParseRole(values.Get("role"))
	if err != nil {
		err = account.ErrUnknownRole.At("body.role", "must be chosen", nil)
	} else {
		err = w.st.Update(r.Context(), v.Scope, func(ctx context.Context, tx *tenant.Tx) error {
			_, err := w.Identity.ChangeRole(ctx, tx, m.User, role)
			return err
		})
	}
	if err != nil {
		f, err := refused(err)
		if err != nil {
			return err
		}
		return w.showMember(rw, r, v, statusOf(f), ui.NewForm(values).Refused(f, "role"))
	}
	w.say(rw, ui.Good, words.With("%s is %s from now on.", fullName(m), string(role)))
	return to(rw, r, afterwards(m.User, v, role))
}

// afterwards is where somebody may still be who has changed a role: his own,
// perhaps.
func afterwards(u identity.UserID, v *visit, r account.Role) string {
	if u == v.User && !r.Permissions().Has(tenant.ReadTeam) {
		return "/home"
	}
	return "/team"
}

// removing asks whether a member is to be removed.
func removing(m identity.Member) ui.Confirm {
	return ui.Confirm{
		ID: "remove-" + m.User.String(), Ask: "Remove from the account", Title: words.With("Remove %s?", fullName(m)),
		Text: "All access to this account ends at once, and a letter tells so. What was made stays.",
		Do:   "Remove", Action: memberPath(m.User) + "/remove", Page: memberPath(m.User) + "/remove", Back: memberPath(m.User),
	}
}

func (w *Web) askRemove(rw http.ResponseWriter, r *http.Request, v *visit) error {
	m, err := w.memberIn(r, v)
	if err != nil {
		return err
	}
	return w.ask(rw, r, v, removing(m))
}

func (w *Web) removeMember(rw http.ResponseWriter, r *http.Request, v *visit) error {
	m, err := w.memberIn(r, v)
	if err != nil {
		return err
	}
	err = w.st.Update(r.Context(), v.Scope, func(ctx context.Context, tx *tenant.Tx) error { return w.Identity.RemoveMember(ctx, tx, m.User) })
	return w.andBack(rw, r, err, words.With("%s is not a member any more.", fullName(m)), "/team")
}

// keyIn is the key that a form or an address names.
func keyIn(values url.Values) (identity.APIKeyID, error) {
	return idOf(identity.ParseAPIKeyID, values.Get("key"), identity.ErrKeyNotFound)
}
