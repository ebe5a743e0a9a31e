package api

import (
	"context"
	"net/http"
	"time"

	"igny8/internal/identity"
)

func (a *API) sessionRoutes() {
	mount(a, route{method: http.MethodGet, path: "/auth/sessions", id: "list-sessions", tag: "auth", summary: "Where you are signed in"},
		identity.AnyUser(), a.listSessions)
	mount(a, route{method: http.MethodDelete, path: "/auth/sessions/{id}", id: "revoke-session", tag: "auth", status: http.StatusNoContent,
		summary: "End one of your sessions"}, identity.AnyUser(), a.revokeSession)
	mount(a, route{method: http.MethodDelete, path: "/auth/sessions", id: "revoke-other-sessions", tag: "auth", status: http.StatusNoContent,
		summary: "End all your sessions but this one"}, identity.AnyUser(), a.revokeOtherSessions)
}

type sessionView struct {
	ID       string    `json:"id"`
	Current  bool      `json:"current" doc:"The session that asks."`
	Account  *string   `json:"account_id" doc:"Null: without an account."`
	Agent    string    `json:"user_agent" doc:"Of the program that signed in, as it said."`
	Address  string    `json:"address" doc:"From where."`
	Created  time.Time `json:"created_at"`
	LastUsed time.Time `json:"last_used_at" doc:"When tokens were last given for it."`
	Expires  time.Time `json:"expires_at"`
}

func (a *API) listSessions(ctx context.Context, v visit, _ *struct{}) (*reply[page[sessionView]], error) {
	all, err := a.identity.Sessions(ctx, v.User)
	if err != nil {
		return nil, err
	}
	return list(all, func(s identity.Session) sessionView {
		return sessionView{
			ID: s.ID.String(), Current: s.ID == v.Session, Account: text(s.Account.String()), Agent: s.Client.Agent, Address: s.Client.Address,
			Created: s.Created, LastUsed: s.LastUsed, Expires: s.Expires,
		}
	}), nil
}

func (a *API) revokeSession(ctx context.Context, v visit, in *IDInput) (*none, error) {
	sid, err := named(identity.ParseSessionID, in.ID, identity.ErrSessionNotFound)
	if err != nil {
		return nil, err
	}
	return &none{}, a.identity.RevokeSession(ctx, v.User, sid)
}

func (a *API) revokeOtherSessions(ctx context.Context, v visit, _ *struct{}) (*none, error) {
	return &none{}, a.identity.RevokeOtherSessions(ctx, v.Caller)
}
