package web

import (
	"context"
	"net/http"
	"time"

	"igny8/internal/audit"
	"igny8/internal/mail"
	"igny8/internal/tenant"
	"igny8/internal/web/ui"
	"igny8/internal/words"
)

// lettersPage is which letters went to whom.
type lettersPage struct {
	ui.Page
	Letters     []mail.Letter
	First, Next string
}

func (w *Web) letters(rw http.ResponseWriter, r *http.Request, v *visit) error {
	var p lettersPage
	var err error
	if p.Page, err = w.operator(r.Context(), v, "Letters"); err != nil {
		return err
	}
	p.Lead = "Which letters went to whom; not what they say."
	err = w.Identity.Survey(r.Context(), use(v, tenant.AuditRead, "admin-list-letters"), func(ctx context.Context, s *tenant.Survey) error {
		all, err := mail.Page(ctx, s, behind(r, "after", mail.ParseID), perPage+1)
		p.Letters, p.Next = pageOf(r, "after", all, func(l mail.Letter) string { return l.ID.String() })
		p.First = firstOf(r, "after")
		return err
	})
	if err != nil {
		return err
	}
	return show(r.Context(), rw, http.StatusOK, lettersView(p))
}

// auditPage is who did what.
type auditPage struct {
	ui.Page
	Form        ui.Form
	Events      []auditLine
	First, Next string
}

type auditLine struct {
	audit.Event
	Who words.Text
}

func (w *Web) audit(rw http.ResponseWriter, r *http.Request, v *visit) error {
	q := r.URL.Query()
	p := auditPage{Form: ui.NewForm(q)}
	var err error
	if p.Page, err = w.operator(r.Context(), v, "Log"); err != nil {
		return err
	}
	p.Lead = "Who did what, in all accounts and in none."
	f := audit.Filter{Actor: q.Get("actor"), Action: q.Get("action"), Limit: perPage + 1, After: behind(r, "after", audit.ParseEventID)}
	if f.From, err = dayOf(q.Get("from")); err == nil && q.Get("until") != "" {
		if f.Until, err = dayOf(q.Get("until")); err == nil {
			f.Until = f.Until.AddDate(0, 0, 1)
		}
	}
	none := err != nil // what is no day or no id has no events
	if s := q.Get("account"); s != "" {
		f.Account, err = tenant.ParseAccountID(s)
		none = none || err != nil
	}
	err = w.Identity.Survey(r.Context(), use(v, tenant.AuditRead, "admin-search-audit"), func(ctx context.Context, s *tenant.Survey) error {
		if none {
			return nil
		}
		all, err := audit.Search(ctx, s, f)
		all, p.Next = pageOf(r, "after", all, func(e audit.Event) string { return e.ID.String() })
		p.First = firstOf(r, "after")
		p.Events = nil
		for _, e := range all {
			p.Events = append(p.Events, auditLine{Event: e})
		}
		return err
	})
	if err != nil {
		return err
	}
	known := map[string]words.Text{}
	for n, e := range p.Events {
		if known[e.Actor] == "" {
			known[e.Actor] = w.actorSaid(r.Context(), e.Actor)
		}
		p.Events[n].Who = known[e.Actor]
	}
	return show(r.Context(), rw, http.StatusOK, auditView(p))
}

// dayOf reads a day as browsers send it; empty is none.
func dayOf(s string) (time.Time, error) {
	if s == "" {
		return time.Time{}, nil
	}
	return time.Parse(time.DateOnly, s)
}
