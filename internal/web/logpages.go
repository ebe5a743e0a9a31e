package web

import (
	"context"
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strings"

	"igny8/internal/audit"
	"igny8/internal/identity"
	"igny8/internal/tenant"
	"igny8/internal/web/ui"
	"igny8/internal/words"
)

// logPage is what has happened in an account, and who did it: its people, its
// keys, the program, and the operator's people where they looked or acted.
type logPage struct {
	ui.Page
	Visits      []identity.Visit // that go on
	Events      []auditLine
	First, Next string
}

// mostMembers is how many members are known by their names: no plan has as many.
const mostMembers = 1000

func (w *Web) accountLog(rw http.ResponseWriter, r *http.Request, v *visit) error {
	var p logPage
	err := w.within(r, v, &p.Page, "Log", func(ctx context.Context, view *tenant.View) error {
		visits, err := identity.Visits(ctx, view, recent)
		if err != nil {
			return err
		}
		p.Visits = slices.DeleteFunc(visits, func(one identity.Visit) bool { return !one.Running(view.Now()) })
		members, err := identity.Members(ctx, view, identity.UserID{}, mostMembers)
		if err != nil {
			return err
		}
		names := map[string]string{}
		for _, m := range members {
			names["user:"+m.User.String()] = fullName(m)
		}
		all, err := audit.Of(ctx, view, behind(r, "after", audit.ParseEventID), perPage+1)
		all, p.Next = pageOf(r, "after", all, func(e audit.Event) string { return e.ID.String() })
		p.First = firstOf(r, "after")
		for _, e := range all {
			p.Events = append(p.Events, auditLine{Event: e, Who: whoSaid(names, e.Actor)})
		}
		return err
	})
	if err != nil {
		return err
	}
	p.Lead = "What has happened in this account, and who did it. Nobody can change it."
	return show(r.Context(), rw, http.StatusOK, logView(p))
}

// whoSaid is who acted, as the people of an account know him.
func whoSaid(names map[string]string, actor string) words.Text {
	if name := names[actor]; name != "" {
		return words.Verbatim(name)
	}
	kind, _, _ := strings.Cut(actor, ":")
	switch tenant.ActorKind(kind) {
	case tenant.User:
		return "Somebody who is no member any more"
	case tenant.APIKey:
		return "A program with an API key"
	case tenant.Staff:
		return "The operator"
	case tenant.System:
	}
	return "Igny8 itself"
}

// actionSaid is what was done, in words: "api_key.created" is "Api key created".
func actionSaid(action string) words.Text { return ui.Code(action) }

// detailSaid is the detail of an event as people read it: names with what they
// are, "Plan: growth, Status: trial".
func detailSaid(detail json.RawMessage) words.Text {
	var all map[string]any
	if err := json.Unmarshal(detail, &all); err != nil {
		return words.Verbatim(shortened(string(detail))) // it is no object
	}
	var said []words.Text
	for _, name := range slices.Sorted(maps.Keys(all)) {
		value, text := all[name], ""
		switch v := value.(type) {
		case string:
			text = v
		case nil:
		default:
			compact, err := json.Marshal(v)
			if err != nil {
				continue // what was read as JSON can be written
			}
			text = string(compact)
		}
		if text != "" {
			said = append(said, words.With("%s: %s", ui.Code(name), shortened(text)))
		}
	}
	return words.Join(", ", said...)
}
