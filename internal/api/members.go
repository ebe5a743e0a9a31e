package api

import (
	"context"
	"net/http"
	"time"

	"igny8/internal/account"
	"igny8/internal/identity"
	"igny8/internal/tenant"
)

func (a *API) memberRoutes() {
	managing := identity.Tenant(tenant.ManageTeam)
	read(a, route{method: http.MethodGet, path: "/account/members", id: "list-members", tag: "team", summary: "Who is a member, and with which role"},
		identity.Tenant(tenant.ReadTeam), listMembers)
	write(a, route{method: http.MethodPatch, path: "/account/members/{id}", id: "change-member", tag: "team", summary: "Give a member another role"},
		managing, a.changeMember)
	write(a, route{method: http.MethodDelete, path: "/account/members/{id}", id: "remove-member", tag: "team", status: http.StatusNoContent,
		summary: "Remove a member, whose sessions in the account end at once"}, managing, a.removeMember)
	mount(a, route{method: http.MethodPost, path: "/auth/leave", id: "leave-account", tag: "auth", status: http.StatusNoContent,
		summary: "Stop being a member of an account"}, identity.AnyUser(), a.leave)
	mount(a, route{method: http.MethodPost, path: "/auth/switch", id: "switch-account", tag: "auth",
		summary: "Sign in to another account that you are a member of; this session goes on"}, identity.AnyUser(), a.switchAccount)
}

type memberView struct {
	ID        string    `json:"id" doc:"The user's id: a member is named by it."`
	User      string    `json:"user_id"`
	Email     string    `json:"email"`
	FirstName string    `json:"first_name"`
	LastName  string    `json:"last_name"`
	Role      string    `json:"role" enum:"owner,admin,editor,viewer"`
	Joined    time.Time `json:"joined_at"`
}

func showMember(m identity.Member) memberView {
	return memberView{
		ID: m.User.String(), User: m.User.String(), Email: m.Email, FirstName: m.FirstName, LastName: m.LastName, Role: string(m.Role), Joined: m.Joined,
	}
}

func listMembers(ctx context.Context, v *tenant.View, in *Window) (*reply[page[memberView]], error) {
	after, err := cursorOf(account.ParseUserID, in.Cursor)
	if err != nil {
		return nil, err
	}
	all, err := identity.Members(ctx, v, after, in.Limit+1)
	return part(all, in.Limit, showMember, func(m identity.Member) string { return m.User.String() }), err
}

type changeMemberInput struct {
	IDInput
	Body struct {
		Role string `json:"role" maxLength:"100" doc:"owner, admin, editor or viewer."`
	}
}

func (a *API) changeMember(ctx context.Context, tx *tenant.Tx, in *changeMemberInput) (*reply[memberView], error) {
	u, err := named(account.ParseUserID, in.ID, account.ErrNotMember)
	if err != nil {
		return nil, err
	}
	r, err := account.ParseRole(in.Body.Role)
	if err != nil {
		return nil, err
	}
	m, err := a.identity.ChangeRole(ctx, tx, u, r)
	return &reply[memberView]{Body: showMember(m)}, err
}

func (a *API) removeMember(ctx context.Context, tx *tenant.Tx, in *IDInput) (*none, error) {
	u, err := named(account.ParseUserID, in.ID, account.ErrNotMember)
	if err != nil {
		return nil, err
	}
	return &none{}, a.identity.RemoveMember(ctx, tx, u)
}

// placeView is an account in the list of those that somebody is a member of.
type placeView struct {
	ID     string    `json:"id"`
	Name   string    `json:"name"`
	Status string    `json:"status" enum:"trial,pending_payment,active,past_due,suspended,cancelled"`
	Role   string    `json:"role" enum:"owner,admin,editor,viewer"`
	Joined time.Time `json:"joined_at"`
}

func showPlace(p account.Place) placeView {
	return placeView{ID: p.Account.String(), Name: p.Name, Status: string(p.Status), Role: string(p.Role), Joined: p.Joined}
}

type placeInput struct {
	Body struct {
		Account string `json:"account_id" maxLength:"64" doc:"One of the accounts that GET /auth/me lists."`
	}
}

func (a *API) leave(ctx context.Context, v visit, in *placeInput) (*none, error) {
	acc, err := named(tenant.ParseAccountID, in.Body.Account, account.ErrNotFound)
	if err != nil {
		return nil, err
	}
	return &none{}, a.identity.Leave(ctx, v.Caller, acc)
}

func (a *API) switchAccount(ctx context.Context, v visit, in *placeInput) (*reply[tokensView], error) {
	acc, err := named(tenant.ParseAccountID, in.Body.Account, account.ErrNotFound)
	if err != nil {
		return nil, err
	}
	t, err := a.identity.Enter(ctx, v.Caller, acc, v.from)
	if err != nil {
		return nil, err
	}
	return &reply[tokensView]{Body: showTokens(t)}, nil
}
