package api

import (
	"context"
	"net/http"
	"time"

	"igny8/internal/account"
	"igny8/internal/identity"
	"igny8/internal/tenant"
	"igny8/internal/throttle"
)

func (a *API) invitationRoutes() {
	managing := identity.Tenant(tenant.ManageTeam)
	read(a, route{method: http.MethodGet, path: "/account/invitations", id: "list-invitations", tag: "team", summary: "Who is invited and has not accepted yet"},
		managing, listInvitations)
	write(a, route{method: http.MethodPost, path: "/account/invitations", id: "invite", tag: "team", status: http.StatusCreated,
		summary: "Invite an e-mail address by letter, in place of an earlier invitation of it"}, managing, a.invite)
	write(a, route{method: http.MethodPost, path: "/account/invitations/{id}/resend", id: "resend-invitation", tag: "team",
		summary: "Send the letter again, with a new link and the whole time"}, managing, a.resendInvitation)
	write(a, route{method: http.MethodDelete, path: "/account/invitations/{id}", id: "revoke-invitation", tag: "team", status: http.StatusNoContent,
		summary: "Take an invitation back"}, managing, revokeInvitation)
	public(a, route{method: http.MethodPost, scope: throttle.Auth, path: "/auth/invitation", id: "read-invitation", tag: "auth",
		summary: "What the token of a letter invites to"}, a.readInvitation)
	mount(a, route{method: http.MethodPost, scope: throttle.Auth, path: "/auth/accept-invitation", id: "accept-invitation", tag: "auth",
		summary: "Become a member with the token of a letter, and sign in to the account"}, identity.Public(), a.acceptInvitation)
	mount(a, route{method: http.MethodPost, path: "/auth/join", id: "join-account", tag: "auth",
		summary: "Accept an invitation as who is signed in"}, identity.AnyUser(), a.join)
}

type invitationView struct {
	ID        string    `json:"id"`
	Email     string    `json:"email"`
	Role      string    `json:"role" enum:"owner,admin,editor,viewer"`
	InvitedBy string    `json:"invited_by" doc:"Who acted, such as user:usr_..."`
	Created   time.Time `json:"created_at"`
	Sent      time.Time `json:"sent_at" doc:"The newest letter."`
	Expires   time.Time `json:"expires_at" doc:"From then on it takes no seat, and can only be sent again or revoked."`
}

func showInvitation(i account.Invitation) invitationView {
	return invitationView{
		ID: i.ID.String(), Email: i.Email, Role: string(i.Role), InvitedBy: i.InvitedBy, Created: i.Created, Sent: i.Sent, Expires: i.Expires,
	}
}

func listInvitations(ctx context.Context, v *tenant.View, in *Window) (*reply[page[invitationView]], error) {
	after, err := cursorOf(account.ParseInvitationID, in.Cursor)
	if err != nil {
		return nil, err
	}
	all, err := account.Invitations(ctx, v, after, in.Limit+1)
	return part(all, in.Limit, showInvitation, func(i account.Invitation) string { return i.ID.String() }), err
}

type inviteInput struct {
	Body struct {
		Email string `json:"email" maxLength:"254" example:"dora@example.com"`
		Role  string `json:"role" maxLength:"100" doc:"owner, admin, editor or viewer."`
	}
}

func (a *API) invite(ctx context.Context, tx *tenant.Tx, in *inviteInput) (*reply[invitationView], error) {
	r, err := account.ParseRole(in.Body.Role)
	if err != nil {
		return nil, err
	}
	i, err := a.identity.Invite(ctx, tx, in.Body.Email, r)
	return &reply[invitationView]{Body: showInvitation(i)}, err
}

func (a *API) resendInvitation(ctx context.Context, tx *tenant.Tx, in *IDInput) (*reply[invitationView], error) {
	iid, err := named(account.ParseInvitationID, in.ID, account.ErrNotInvited)
	if err != nil {
		return nil, err
	}
	i, err := a.identity.InviteAgain(ctx, tx, iid)
	return &reply[invitationView]{Body: showInvitation(i)}, err
}

func revokeInvitation(ctx context.Context, tx *tenant.Tx, in *IDInput) (*none, error) {
	iid, err := named(account.ParseInvitationID, in.ID, account.ErrNotInvited)
	if err != nil {
		return nil, err
	}
	return &none{}, account.RevokeInvitation(ctx, tx, iid)
}

// invitedView is what the holder of a letter is told of its invitation.
type invitedView struct {
	AccountName string    `json:"account_name"`
	Email       string    `json:"email"`
	Role        string    `json:"role" enum:"owner,admin,editor,viewer"`
	Registered  bool      `json:"registered" doc:"Somebody is registered with the address: accept with his password, or signed in. Otherwise with a name and a new password."`
	Expires     time.Time `json:"expires_at"`
}

func (a *API) readInvitation(ctx context.Context, in *linkInput) (*reply[invitedView], error) {
	i, err := a.identity.Invited(ctx, in.Body.Token)
	if err != nil {
		return nil, err
	}
	return &reply[invitedView]{Body: invitedView{
		AccountName: i.Account.Name, Email: i.Email, Role: string(i.Role), Registered: i.Registered, Expires: i.Expires,
	}}, nil
}

type acceptInput struct {
	Body struct {
		Token     string `json:"token" maxLength:"2048" doc:"From the link in the letter."`
		Password  string `json:"password,omitempty" maxLength:"1024" doc:"Yours; for who is new, the one he chooses."`
		FirstName string `json:"first_name,omitempty" maxLength:"400" doc:"For who is new."`
		LastName  string `json:"last_name,omitempty" maxLength:"400" doc:"For who is new."`
		Challenge string `json:"challenge,omitempty" maxLength:"2048" doc:"In place of the password: the member of that name in the answer auth.second_factor_required."`
		Code      string `json:"code,omitempty" maxLength:"100" doc:"With the challenge: a code, or a recovery code."`
	}
}

func (a *API) acceptInvitation(ctx context.Context, v visit, in *acceptInput) (*reply[signedInView], error) {
	b := in.Body
	t, u, err := a.identity.AcceptInvitation(ctx, identity.Acceptance{
		Token: b.Token, Password: b.Password, FirstName: b.FirstName, LastName: b.LastName, Challenge: b.Challenge, Code: b.Code,
	}, v.from)
	if err != nil {
		return nil, err
	}
	return &reply[signedInView]{Body: signedInView{User: showUser(u), tokensView: showTokens(t)}}, nil
}

func (a *API) join(ctx context.Context, v visit, in *linkInput) (*reply[signedInView], error) {
	t, u, err := a.identity.Join(ctx, v.Caller, in.Body.Token, v.from)
	if err != nil {
		return nil, err
	}
	return &reply[signedInView]{Body: signedInView{User: showUser(u), tokensView: showTokens(t)}}, nil
}
