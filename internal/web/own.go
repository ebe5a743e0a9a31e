package web

import (
	"context"
	"net/http"

	"igny8/internal/export"
	"igny8/internal/identity"
	"igny8/internal/tenant"
	"igny8/internal/web/ui"
	"igny8/internal/words"
)

// mountOwn is what a person does about himself, and an account about who works
// in it.
func (w *Web) mountOwn() {
	w.mount("GET /you", identity.AnyUser(), w.you)
	w.mount("POST /you/letter", identity.AnyUser(), w.sendVerification)
	w.mount("GET /password", identity.AnyUser(), w.password)
	w.mountSeldom("POST /password", identity.AnyUser(), w.changePassword)
	w.mount("GET /second-factor", identity.AnyUser(), w.factor)
	w.mountSeldom("POST /second-factor", identity.AnyUser(), w.beginFactor)
	w.mountSeldom("POST /second-factor/confirm", identity.AnyUser(), w.confirmFactor)
	w.mountSeldom("POST /second-factor/remove", identity.AnyUser(), w.removeFactor)
	w.mount("GET /accounts", identity.AnyUser(), w.places)
	w.mount("POST /accounts/enter", identity.AnyUser(), w.enterPlace)
	w.mount("GET /accounts/leave", identity.AnyUser(), w.askLeave)
	w.mount("POST /accounts/leave", identity.AnyUser(), w.leavePlace)
	w.mountTeam()
	w.mount("GET /log", identity.TenantEvenIfUnpaid(tenant.ManageTeam), w.accountLog)
	w.mount("POST /log/visits/end", identity.TenantEvenIfUnpaid(tenant.ManageTeam), w.endVisit)
	w.mount("GET /account/export", identity.TenantEvenIfUnpaid(tenant.ManageTeam), w.exportAccount)
	deleting := identity.TenantEvenIfUnpaid(tenant.DeleteAccount)
	w.mount("GET /account/delete", deleting, w.askDeletion)
	w.mountSeldom("POST /account/delete", deleting, w.orderDeletion)
	w.mount("POST /account/keep", deleting, w.keepAccount)
}

// exportAccount is all of the account, as a file.
func (w *Web) exportAccount(rw http.ResponseWriter, r *http.Request, v *visit) error {
	name, content, err := export.Take(r.Context(), w.st, v.Scope)
	if err != nil {
		return err
	}
	return sendFile(rw, "application/zip", name, content)
}

// ownTabs is the parts of what is a person's own.
func ownTabs() []ui.Place {
	return []ui.Place{
		{Name: "You", Path: "/you"}, {Name: "Password", Path: "/password"}, {Name: "Second factor", Path: "/second-factor"},
		{Name: "Sessions", Path: "/sessions"}, {Name: "Accounts", Path: "/accounts"},
	}
}

// ownPage is a page of a person's own: Part is the tab that is open.
type ownPage struct {
	ui.Page
	Part string
}

// own is a page in the shell of whoever he is, which marks the place "You".
func (w *Web) own(ctx context.Context, v *visit, title words.Text, part string) (ownPage, error) {
	p, err := w.personal(ctx, v, title)
	p.Path = "/you"
	return ownPage{Page: p, Part: part}, err
}

// youPage is who somebody is here.
type youPage struct {
	ownPage
	User   identity.User
	Places int
}

func (w *Web) you(rw http.ResponseWriter, r *http.Request, v *visit) error {
	var p youPage
	var err error
	if p.ownPage, err = w.own(r.Context(), v, "You", "/you"); err != nil {
		return err
	}
	if p.User, err = w.Identity.UserOf(r.Context(), v.User); err != nil {
		return err
	}
	all, err := w.Identity.Places(r.Context(), v.User)
	if err != nil {
		return err
	}
	p.Places = len(all)
	return show(r.Context(), rw, http.StatusOK, youView(p))
}

// sendVerification sends the letter that verifies the address again.
func (w *Web) sendVerification(rw http.ResponseWriter, r *http.Request, v *visit) error {
	if err := w.Identity.ResendVerification(r.Context(), v.User); err != nil {
		return err
	}
	w.say(rw, ui.Good, "A letter with a new link is on its way. Look into your mailbox.")
	return to(rw, r, "/you")
}

// nobodys tells whether somebody works in no account, and is none of the
// operator's people.
func nobodys(c identity.Caller) bool {
	return c.Scope.Account().IsZero() && len(c.Operator.Privileges()) == 0
}

// may tells whether a member may do something.
func (v *visit) may(p tenant.Permission) bool { return v.Scope.Permissions().Has(p) }
