package api

import (
	"context"
	"encoding/json"
	"time"

	"igny8/internal/audit"
	"igny8/internal/tenant"
)

type eventView struct {
	ID        string          `json:"id"`
	Account   *string         `json:"account_id" doc:"Whose log it is in. Null: what belongs to no account."`
	Actor     string          `json:"actor" doc:"Kind and id, such as staff:usr_..."`
	Privilege *string         `json:"privilege" doc:"By which an operator acted. Null for everybody else."`
	Action    string          `json:"action"`
	Subject   string          `json:"subject"`
	Detail    json.RawMessage `json:"detail"`
	At        time.Time       `json:"created_at"`
}

func showEvent(e audit.Event) eventView {
	return eventView{
		ID: e.ID.String(), Account: text(e.Account.String()), Actor: e.Actor, Privilege: text(string(e.Privilege)),
		Action: e.Action, Subject: e.Subject, Detail: e.Detail, At: e.At,
	}
}

type auditInput struct {
	IDInput
	Limit int `query:"limit" minimum:"1" maximum:"500" default:"50"`
}

func accountAudit(ctx context.Context, tx *tenant.Tx, in *auditInput) (*reply[page[eventView]], error) {
	events, err := audit.Of(ctx, tx, audit.EventID{}, in.Limit)
	return list(events, showEvent), err
}

func ownAudit(ctx context.Context, v *tenant.View, in *Window) (*reply[page[eventView]], error) {
	after, err := cursorOf(audit.ParseEventID, in.Cursor)
	if err != nil {
		return nil, err
	}
	events, err := audit.Of(ctx, v, after, in.Limit+1)
	return part(events, in.Limit, showEvent, func(e audit.Event) string { return e.ID.String() }), err
}

type searchAuditInput struct {
	Window
	Account string    `query:"account" maxLength:"64" doc:"Of one account."`
	Actor   string    `query:"actor" maxLength:"100" doc:"By one actor, such as staff:usr_..."`
	Action  string    `query:"action" maxLength:"100" doc:"Of one kind, such as account.suspended."`
	From    time.Time `query:"from" doc:"RFC 3339. From this moment on."`
	Until   time.Time `query:"until" doc:"RFC 3339. Before this moment."`
}

func searchAudit(ctx context.Context, s *tenant.Survey, in *searchAuditInput) (*reply[page[eventView]], error) {
	f := audit.Filter{Actor: in.Actor, Action: in.Action, From: in.From, Until: in.Until, Limit: in.Limit + 1}
	var err error
	if f.After, err = cursorOf(audit.ParseEventID, in.Cursor); err != nil {
		return nil, err
	}
	if in.Account != "" {
		// An id that cannot be is one that has no events.
		if f.Account, err = tenant.ParseAccountID(in.Account); err != nil {
			return list(nil, showEvent), nil //nolint:nilerr // see above
		}
	}
	events, err := audit.Search(ctx, s, f)
	return part(events, in.Limit, showEvent, func(e audit.Event) string { return e.ID.String() }), err
}
