package web

import (
	"context"
	"net/http"

	"igny8/internal/credit"
	"igny8/internal/fault"
	"igny8/internal/id"
	"igny8/internal/identity"
	"igny8/internal/planner"
	"igny8/internal/tenant"
	"igny8/internal/web/ui"
	"igny8/internal/words"
	"igny8/internal/writer"
)

// mountIdeas is what could be written.
func (w *Web) mountIdeas() {
	reading, writing := identity.Tenant(tenant.ReadContent), identity.Tenant(tenant.WriteContent)
	w.mount("GET /ideas", reading, w.ideas)
	w.mount("POST /ideas/write", writing, w.writeIdeas)
	w.mount("GET /ideas/{id}", reading, w.idea)
	w.mount("POST /ideas/{id}/status", writing, w.decideIdea)
}

// ticked is ids that were ticked in a form.
func ticked[K id.Kind](values []string, parse func(string) (id.ID[K], error), none *fault.Fault) ([]id.ID[K], error) {
	var all []id.ID[K]
	for _, v := range values {
		got, err := parse(v)
		if err != nil {
			return nil, none
		}
		all = append(all, got)
	}
	return all, nil
}

// ideasPage is the ideas of a site.
type ideasPage struct {
	ui.Page
	placed
	Write       bool
	Status      string // empty: those to decide on
	Ideas       []planner.Idea
	Price       credit.Credits // of an article of the site's length, at most
	Available   credit.Credits
	Form        ui.Form
	First, Next string
}

func (w *Web) ideas(rw http.ResponseWriter, r *http.Request, v *visit) error {
	return w.showIdeas(rw, r, v, http.StatusOK, ideasPage{}, r.URL.Query().Get("site"))
}

func (w *Web) showIdeas(rw http.ResponseWriter, r *http.Request, v *visit, status int, p ideasPage, named string) error {
	p.Write = v.Scope.Permissions().Has(tenant.WriteContent)
	if p.Status = r.URL.Query().Get("status"); p.Status == "" {
		p.Status = planner.IdeaProposed
	}
	err := w.within(r, v, &p.Page, "Ideas", func(ctx context.Context, view *tenant.View) error {
		if err := p.find(ctx, view, named); err != nil || p.Site.ID.IsZero() {
			return err
		}
		all, err := planner.Ideas(ctx, view, planner.IdeaFilter{
			Site: p.Site.ID, Status: p.Status, After: behind(r, "after", planner.ParseIdeaID).String(), Limit: perPage + 1,
		})
		if err != nil {
			return err
		}
		p.Ideas, p.Next = pageOf(r, "after", all, func(i planner.Idea) string { return i.ID.String() })
		p.First = firstOf(r, "after")
		words := p.Site.Words
		if words == 0 {
			words = writer.UsualWords
		}
		if p.Price, err = writer.Cost(ctx, view, words); err != nil {
			return err
		}
		b, err := credit.BalanceOf(ctx, view)
		p.Available = b.Available
		return err
	})
	if err != nil {
		return err
	}
	return show(r.Context(), rw, status, ideasView(p))
}

// kinds is the parts of the list, as links.
func (p ideasPage) kinds() []ui.View {
	at := "/ideas?site=" + p.Site.ID.String()
	var all []ui.View
	for _, k := range []struct {
		name   words.Text
		status string
	}{{"To decide", planner.IdeaProposed}, {"Accepted", planner.IdeaAccepted}, {"Dismissed", planner.IdeaDismissed}} {
		all = append(all, ui.View{Name: k.name, Path: at + "&status=" + k.status, Count: -1, Here: p.Status == k.status})
	}
	return all
}

// ideaTone is what the status of an idea means.
func ideaTone(status string) ui.Tone {
	switch status {
	case planner.IdeaAccepted:
		return ui.Good
	case planner.IdeaDismissed:
		return ui.Quiet
	}
	return ui.Note
}

var errNoIdea = fault.New(fault.Invalid, "page.no_idea", "Choose at least one idea.")

// writeIdeas makes tasks of the ideas that were chosen, and orders their
// articles, all or none.
func (w *Web) writeIdeas(rw http.ResponseWriter, r *http.Request, v *visit) error {
	values, err := formOf(r)
	if err != nil {
		return err
	}
	is, err := ticked(values["idea"], planner.ParseIdeaID, planner.ErrIdeaNotFound)
	if err != nil {
		return err
	}
	var o writer.Ordered
	err = w.st.Update(r.Context(), v.Scope, func(ctx context.Context, tx *tenant.Tx) error {
		if len(is) == 0 {
			return errNoIdea
		}
		var ts []writer.TaskID
		for _, iid := range is {
			i, err := planner.LoadIdea(ctx, tx, iid)
			if err != nil {
				return err
			}
			if i.Status == planner.IdeaAccepted {
				return planner.ErrIdeaAccepted
			}
			t, err := writer.CreateTask(ctx, tx, writer.NewTask{Site: i.Site, Idea: iid})
			if err != nil {
				return err
			}
			ts = append(ts, t.ID)
		}
		o, err = w.Writer.GenerateContent(ctx, tx, ts)
		return err
	})
	if err != nil {
		f, err := refused(err)
		if err != nil {
			return err
		}
		return w.showIdeas(rw, r, v, statusOf(f), ideasPage{Form: ui.NewForm(values).Refused(f)}, values.Get("site"))
	}
	return to(rw, r, "/jobs/"+o.Job.String())
}

// ideaPage is one idea, with its brief.
type ideaPage struct {
	ui.Page
	Idea    planner.Idea
	Cluster planner.Cluster
	Write   bool
}

func (w *Web) idea(rw http.ResponseWriter, r *http.Request, v *visit) error {
	iid, err := idOf(planner.ParseIdeaID, r.PathValue("id"), planner.ErrIdeaNotFound)
	if err != nil {
		return err
	}
	p := ideaPage{Write: v.Scope.Permissions().Has(tenant.WriteContent)}
	err = w.within(r, v, &p.Page, "Idea", func(ctx context.Context, view *tenant.View) error {
		if p.Idea, err = planner.LoadIdea(ctx, view, iid); err != nil {
			return err
		}
		p.Cluster, err = planner.LoadCluster(ctx, view, p.Idea.Cluster)
		return err
	})
	if err != nil {
		return err
	}
	p.Title = words.Verbatim(p.Idea.Title)
	return show(r.Context(), rw, http.StatusOK, ideaView(p))
}

// decideIdea dismisses an idea, or takes it up again.
func (w *Web) decideIdea(rw http.ResponseWriter, r *http.Request, v *visit) error {
	iid, err := idOf(planner.ParseIdeaID, r.PathValue("id"), planner.ErrIdeaNotFound)
	if err != nil {
		return err
	}
	values, err := formOf(r)
	if err != nil {
		return err
	}
	status := values.Get("status")
	err = w.st.Update(r.Context(), v.Scope, func(ctx context.Context, tx *tenant.Tx) error {
		_, err := planner.ChangeIdea(ctx, tx, iid, planner.IdeaChange{Status: &status})
		return err
	})
	if err != nil {
		return err
	}
	w.say(rw, ui.Good, "Saved.")
	return to(rw, r, "/ideas/"+iid.String())
}
