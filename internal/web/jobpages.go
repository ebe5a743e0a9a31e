package web

import (
	"context"
	"encoding/json"
	"net/http"
	"time"

	"igny8/internal/identity"
	"igny8/internal/job"
	"igny8/internal/planner"
	"igny8/internal/publish"
	"igny8/internal/tenant"
	"igny8/internal/web/ui"
	"igny8/internal/words"
	"igny8/internal/writer"
)

// mountJobs is the work that was ordered.
func (w *Web) mountJobs() {
	reading, writing := identity.Tenant(tenant.ReadContent), identity.Tenant(tenant.WriteContent)
	w.mount("GET /jobs", reading, w.listJobs)
	w.mount("GET /jobs/{id}", reading, w.job)
	w.mount("GET /jobs/{id}/cancel", writing, w.askCancelJob)
	w.mount("POST /jobs/{id}/cancel", writing, w.cancelJob)
}

// jobsPage is the work of an account, newest first.
type jobsPage struct {
	ui.Page
	State       job.State // empty: in any
	Jobs        []job.Job
	First, Next string
}

func (w *Web) listJobs(rw http.ResponseWriter, r *http.Request, v *visit) error {
	p := jobsPage{State: job.State(r.URL.Query().Get("state"))}
	err := w.within(r, v, &p.Page, "Jobs", func(ctx context.Context, view *tenant.View) error {
		all, err := job.List(ctx, view, job.Filter{State: p.State, Before: behind(r, "before", job.ParseID), Limit: perPage + 1})
		p.Jobs, p.Next = pageOf(r, "before", all, func(j job.Job) string { return j.ID.String() })
		p.First = firstOf(r, "before")
		return err
	})
	if err != nil {
		return err
	}
	return show(r.Context(), rw, http.StatusOK, jobsView(p))
}

// states is the parts of the list, as links.
func (p jobsPage) states() []ui.View { return jobStates("/jobs", p.State) }

// jobStates is a list of jobs by their state, as links.
func jobStates(path string, here job.State) []ui.View {
	all := []ui.View{{Name: "All", Path: path, Count: -1, Here: here == ""}}
	for _, s := range []struct {
		name  words.Text
		state job.State
	}{{"Running", job.Running}, {"Waiting", job.Queued}, {"Done", job.Succeeded}, {"Failed", job.Failed}, {"Cancelled", job.Cancelled}} {
		all = append(all, ui.View{Name: s.name, Path: path + "?state=" + string(s.state), Count: -1, Here: here == s.state})
	}
	return all
}

// jobName is what a job does, in words.
func jobName(kind string) words.Text {
	switch kind {
	case planner.ImportArgs{}.Kind():
		return "Import keywords"
	case planner.ClusterArgs{}.Kind():
		return "Group keywords"
	case planner.IdeasArgs{}.Kind():
		return "Find ideas"
	case writer.DraftArgs{}.Kind():
		return "Write articles"
	case writer.RewriteArgs{}.Kind():
		return "Write a section anew"
	case publish.SendArgs{}.Kind():
		return "Publish"
	case publish.LookArgs{}.Kind():
		return "Look at what is published"
	}
	return words.Verbatim(kind)
}

// jobPage is one job, and what came of it.
type jobPage struct {
	ui.Page
	Job       job.Job
	Write     bool
	Imported  *planner.Imported
	Grouped   *planner.Clustered
	Ideated   *planner.Ideated
	Drafted   *writer.Drafted
	Rewritten *writer.Rewritten
	Sent      *publish.Sent
	Titles    map[writer.ContentID]writer.Headline
}

// jobEvery is how often the page of a job that is at work renews itself.
const jobEvery = 2 * time.Second

// job shows how far work has come. Asked for by a script it answers the part
// that changes alone.
func (w *Web) job(rw http.ResponseWriter, r *http.Request, v *visit) error {
	jid, err := idOf(job.ParseID, r.PathValue("id"), job.ErrNotFound)
	if err != nil {
		return err
	}
	p := jobPage{Write: v.Scope.Permissions().Has(tenant.WriteContent)}
	err = w.within(r, v, &p.Page, "Job", func(ctx context.Context, view *tenant.View) error {
		if p.Job, err = job.Load(ctx, view, jid); err != nil {
			return err
		}
		return p.readResult(ctx, view)
	})
	if err != nil {
		return err
	}
	p.Title = jobName(p.Job.Kind)
	if r.Header.Get("HX-Request") != "" {
		return show(r.Context(), rw, http.StatusOK, jobFigure(p))
	}
	return show(r.Context(), rw, http.StatusOK, jobView(p))
}

// readResult reads what came of a job that has succeeded.
func (p *jobPage) readResult(ctx context.Context, r tenant.Reader) error {
	if p.Job.State != job.Succeeded || p.Job.Result == nil {
		return nil
	}
	into := map[string]any{
		planner.ImportArgs{}.Kind(): &p.Imported, planner.ClusterArgs{}.Kind(): &p.Grouped, planner.IdeasArgs{}.Kind(): &p.Ideated,
		writer.DraftArgs{}.Kind(): &p.Drafted, writer.RewriteArgs{}.Kind(): &p.Rewritten, publish.SendArgs{}.Kind(): &p.Sent,
	}[p.Job.Kind]
	if into == nil {
		return nil
	}
	if err := json.Unmarshal(p.Job.Result, into); err != nil {
		return err
	}
	var err error
	if p.Drafted != nil {
		p.Titles, err = writer.Headlines(ctx, r, p.Drafted.Contents)
	}
	return err
}

// share is how far it has come, in per cent.
func (p jobPage) share() int64 { return 100 * p.Job.Done / max(1, p.Job.Total) }

func cancelling(j job.Job) ui.Confirm {
	at := "/jobs/" + j.ID.String()
	return ui.Confirm{
		ID: "cancel-job", Ask: "Cancel", Title: "Cancel this job?", Do: "Cancel the job", Action: at + "/cancel", Page: at + "/cancel", Back: at,
		Text: "What it has done stays. The credits of what it has not begun come back; a model that is at work already is paid.",
	}
}

func (w *Web) askCancelJob(rw http.ResponseWriter, r *http.Request, v *visit) error {
	jid, err := idOf(job.ParseID, r.PathValue("id"), job.ErrNotFound)
	if err != nil {
		return err
	}
	var p askPage
	err = w.within(r, v, &p.Page, "Cancel this job?", func(ctx context.Context, view *tenant.View) error {
		j, err := job.Load(ctx, view, jid)
		p.Question = cancelling(j)
		return err
	})
	if err != nil {
		return err
	}
	return show(r.Context(), rw, http.StatusOK, askView(p))
}

func (w *Web) cancelJob(rw http.ResponseWriter, r *http.Request, v *visit) error {
	jid, err := idOf(job.ParseID, r.PathValue("id"), job.ErrNotFound)
	if err != nil {
		return err
	}
	err = w.st.Update(r.Context(), v.Scope, func(ctx context.Context, tx *tenant.Tx) error { return w.Jobs.Cancel(ctx, tx, jid) })
	if err != nil {
		return err
	}
	w.say(rw, ui.Good, "It is being cancelled.")
	return to(rw, r, "/jobs/"+jid.String())
}
