package web

import (
	"context"
	"net/http"
	"net/url"

	"igny8/internal/account"
	"igny8/internal/identity"
	"igny8/internal/subscription"
	"igny8/internal/tenant"
	"igny8/internal/web/ui"
	"igny8/internal/words"
)

// mountTeam is who works in an account, and the keys of its programs.
func (w *Web) mountTeam() {
	managing, keys := identity.Tenant(tenant.ManageTeam), identity.Tenant(tenant.ManageKeys)
	w.mount("GET /team", identity.Tenant(tenant.ReadTeam), w.team)
	w.mount("POST /team/invitations", managing, w.invite)
	w.mount("POST /team/invitations/resend", managing, w.inviteAgain)
	w.mount("GET /team/invitations/withdraw", managing, w.askWithdraw)
	w.mount("POST /team/invitations/withdraw", managing, w.withdrawInvitation)
	w.mount("GET /team/members/{id}", managing, w.teamMember)
	w.mount("POST /team/members/{id}", managing, w.changeRole)
	w.mount("GET /team/members/{id}/remove", managing, w.askRemove)
	w.mount("POST /team/members/{id}/remove", managing, w.removeMember)
	w.mount("GET /keys", keys, w.keys)
	w.mount("POST /keys", keys, w.createKey)
	w.mount("GET /keys/revoke", keys, w.askRevoke)
	w.mount("POST /keys/revoke", keys, w.revokeKey)
}

// mostOfTeam is how many members and invitations a page shows. No plan has as
// many seats.
const mostOfTeam = 500

// teamPage is who is a member of an account, and who is invited.
type teamPage struct {
	ui.Page
	Form        ui.Form
	Members     []identity.Member
	Invitations []account.Invitation
	Mine        identity.UserID
	Seats       int64 // of the plan; zero: it has no plan
	Taken       int64
	Upgrade     bool // the member may choose another plan
	may         tenant.Permissions
}

// Manages tells whether the member may change the team.
func (p teamPage) Manages() bool { return p.may.Has(tenant.ManageTeam) }

// over tells whether a role may do nothing that the member may not: others he
// can neither give nor take.
func (p teamPage) over(r account.Role) bool { return p.may.Covers(r.Permissions()) }

// full tells whether nobody can be invited.
func (p teamPage) full() bool { return p.Seats > 0 && p.Taken >= p.Seats }

func (w *Web) team(rw http.ResponseWriter, r *http.Request, v *visit) error {
	return w.showTeam(rw, r, v, http.StatusOK, ui.NewForm(nil))
}

func (w *Web) showTeam(rw http.ResponseWriter, r *http.Request, v *visit, status int, f ui.Form) error {
	p := teamPage{Form: f, Mine: v.User, may: v.Scope.Permissions(), Upgrade: v.may(tenant.ManageBilling)}
	var err error
	if p.Page, err = w.personal(r.Context(), v, "Team"); err != nil {
		return err
	}
	p.Lead = "Who works in this account, and what each may do."
	if err := w.st.View(r.Context(), v.Scope, p.read); err != nil {
		return err
	}
	return show(r.Context(), rw, status, teamView(p))
}

func (p *teamPage) read(ctx context.Context, v *tenant.View) (err error) {
	if p.Members, err = identity.Members(ctx, v, identity.UserID{}, mostOfTeam); err != nil {
		return err
	}
	p.Taken = int64(len(p.Members))
	all, err := account.Invitations(ctx, v, account.InvitationID{}, mostOfTeam)
	if err != nil {
		return err
	}
	for _, i := range all {
		if i.Expires.After(v.Now()) {
			p.Taken++
		}
	}
	if p.Manages() {
		p.Invitations = all
	}
	p.Seats, err = subscription.Limit(ctx, v, subscription.Users)
	return err
}

// rolePicks is the roles that a member may give.
func rolePicks(may tenant.Permissions) []ui.Pick {
	var picks []ui.Pick
	for _, r := range []account.Role{account.Viewer, account.Editor, account.Admin, account.Owner} {
		if may.Covers(r.Permissions()) {
			picks = append(picks, ui.Pick{Value: string(r), Label: ui.Code(string(r)), Hint: roleSaid(r)})
		}
	}
	return picks
}

// roleSaid is what a role may do.
func roleSaid(r account.Role) words.Text {
	switch r {
	case account.Owner:
		return "Everything, and what the account orders and pays."
	case account.Admin:
		return "Everything but ordering, paying and deleting the account: sites, team and API keys too."
	case account.Editor:
		return "Plans, writes, approves and publishes; spends credits."
	case account.Viewer:
		return "Reads content. Changes nothing and spends nothing."
	}
	return ""
}

func (w *Web) invite(rw http.ResponseWriter, r *http.Request, v *visit) error {
	values, err := formOf(r)
	if err != nil {
		return err
	}
	role, err := account.ParseRole(values.Get("role"))
	if err != nil {
		err = account.ErrUnknownRole.At("body.role", "must be chosen", nil)
	} else {
		err = w.st.Update(r.Context(), v.Scope, func(ctx context.Context, tx *tenant.Tx) error {
			_, err := w.Identity.Invite(ctx, tx, values.Get("email"), role)
			return err
		})
	}
	if err != nil {
		f, err := refused(err)
		if err != nil {
			return err
		}
		return w.showTeam(rw, r, v, statusOf(f), ui.NewForm(values).Refused(f, "email", "role"))
	}
	w.say(rw, ui.Good, words.With("The invitation is on its way to %s.", values.Get("email")))
	return to(rw, r, "/team")
}

// invitationIn is the invitation that a form or an address names.
func invitationIn(values url.Values) (account.InvitationID, error) {
	return idOf(account.ParseInvitationID, values.Get("invitation"), account.ErrNotInvited)
}

// onInvitation does something with the invitation of a form, and says what
// became of it.
func (w *Web) onInvitation(rw http.ResponseWriter, r *http.Request, v *visit, done words.Text, do func(context.Context, *tenant.Tx, account.InvitationID) error) error {
	values, err := formOf(r)
	if err != nil {
		return err
	}
	iid, err := invitationIn(values)
	if err == nil {
		err = w.st.Update(r.Context(), v.Scope, func(ctx context.Context, tx *tenant.Tx) error { return do(ctx, tx, iid) })
	}
	return w.andBack(rw, r, err, done, "/team")
}

// andBack leads back to a list with what became of a row of it.
func (w *Web) andBack(rw http.ResponseWriter, r *http.Request, err error, done words.Text, at string) error {
	if err == nil {
		w.say(rw, ui.Good, done)
		return to(rw, r, at)
	}
	f, err := refused(err)
	if err != nil {
		return err
	}
	w.say(rw, ui.Bad, f.Msg)
	return to(rw, r, at)
}

func (w *Web) inviteAgain(rw http.ResponseWriter, r *http.Request, v *visit) error {
	return w.onInvitation(rw, r, v, "The letter is on its way again. The link of the one before opens nothing any more.",
		func(ctx context.Context, tx *tenant.Tx, iid account.InvitationID) error {
			_, err := w.Identity.InviteAgain(ctx, tx, iid)
			return err
		})
}

func (w *Web) withdrawInvitation(rw http.ResponseWriter, r *http.Request, v *visit) error {
	return w.onInvitation(rw, r, v, "The invitation is withdrawn.", account.RevokeInvitation)
}

// withdrawing asks whether an invitation is to be withdrawn.
func withdrawing(i account.Invitation) ui.Confirm {
	query := url.Values{"invitation": {i.ID.String()}}
	return ui.Confirm{
		ID: "withdraw-" + i.ID.String(), Ask: "Withdraw", Title: words.With("Withdraw the invitation of %s?", i.Email),
		Text: "The link in the letter opens nothing any more, and the seat is free again.",
		Do:   "Withdraw", Action: "/team/invitations/withdraw", Page: "/team/invitations/withdraw?" + query.Encode(), Back: "/team",
		Fields: map[string]string{"invitation": i.ID.String()},
	}
}

func (w *Web) askWithdraw(rw http.ResponseWriter, r *http.Request, v *visit) error {
	iid, err := invitationIn(r.URL.Query())
	if err != nil {
		return err
	}
	var found *account.Invitation
	err = w.st.View(r.Context(), v.Scope, func(ctx context.Context, view *tenant.View) error {
		all, err := account.Invitations(ctx, view, account.InvitationID{}, mostOfTeam)
		for _, i := range all {
			if i.ID == iid {
				found = &i
			}
		}
		return err
	})
	if err != nil {
		return err
	}
	if found == nil {
		return account.ErrNotInvited
	}
	return w.ask(rw, r, v, withdrawing(*found))
}

// ask shows a question as a page of its own.
func (w *Web) ask(rw http.ResponseWriter, r *http.Request, v *visit, c ui.Confirm) error {
	p := askPage{Question: c}
	var err error
	if p.Page, err = w.personal(r.Context(), v, c.Title); err != nil {
		return err
	}
	return show(r.Context(), rw, http.StatusOK, askView(p))
}
