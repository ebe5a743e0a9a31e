package web

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"igny8/internal/automation"
	"igny8/internal/credit"
	"igny8/internal/identity"
	"igny8/internal/site"
	"igny8/internal/tenant"
	"igny8/internal/web/ui"
	"igny8/internal/words"
)

// mountPipelines is what the program orders for a site by itself.
func (w *Web) mountPipelines() {
	reading, managing := identity.Tenant(tenant.ReadContent), identity.Tenant(tenant.ManageSites)
	w.mount("GET /sites/{id}/pipeline", reading, w.pipeline)
	w.mount("POST /sites/{id}/pipeline", managing, w.setPipeline)
	w.mount("POST /sites/{id}/pipeline/pause", managing, w.pausePipeline(true))
	w.mount("POST /sites/{id}/pipeline/resume", managing, w.pausePipeline(false))
}

// pipelinePage is a site's pipeline: what it may do, what it would do now, and
// what it has done.
type pipelinePage struct {
	ui.Page
	Site        site.Site
	Pipeline    *automation.Pipeline // nil: there is none yet
	Foreseen    []automation.Run     // by its next turn
	Why         words.Text           // it would do nothing
	Runs        []automation.Run
	First, Next string
	Manage      bool
	Form        ui.Form
}

// pipelineFields are those of the form, by the names of the API.
var pipelineFields = []string{"steps", "ideas_per_day", "articles_per_day", "posts_per_day", "budget"}

// pipelineStep is one step as the form offers it.
type pipelineStep struct {
	Step       automation.Step
	Name, Says words.Text
}

func pipelineSteps() []pipelineStep {
	return []pipelineStep{
		{automation.Cluster, "Group keywords", "New keywords join clusters, or form new ones."},
		{automation.Ideas, "Find ideas", "For clusters that have none yet."},
		{automation.Write, "Write articles", "Of the ideas that are there, the oldest first."},
		{automation.Approve, "Approve them", "Without a person having read them. Leave it out to read first."},
		{automation.Publish, "Publish", "What is approved goes to WordPress."},
	}
}

// stepName is a step in words.
func stepName(s automation.Step) words.Text {
	for _, one := range pipelineSteps() {
		if one.Step == s {
			return one.Name
		}
	}
	return words.Verbatim(string(s))
}

// does tells whether the form has a step.
func (p pipelinePage) does(s automation.Step) bool {
	if !p.Form.Blank() {
		return slices.Contains(p.Form.Values("steps"), string(s))
	}
	return p.Pipeline == nil && s != automation.Approve && s != automation.Publish || p.Pipeline != nil && slices.Contains(p.Pipeline.Steps, s)
}

// start is what a field of numbers begins with.
func (p pipelinePage) start(of func(automation.Settings) int64, otherwise int64) string {
	if p.Pipeline != nil {
		otherwise = of(p.Pipeline.Settings)
	}
	return strconv.FormatInt(otherwise, 10)
}

func (p pipelinePage) budget() string {
	if p.Pipeline == nil || p.Pipeline.Budget == nil {
		return ""
	}
	return strconv.FormatInt(int64(*p.Pipeline.Budget), 10)
}

func (p pipelinePage) path(what string) string {
	return "/sites/" + p.Site.ID.String() + "/pipeline" + what
}

func (w *Web) pipeline(rw http.ResponseWriter, r *http.Request, v *visit) error {
	return w.showPipeline(rw, r, v, http.StatusOK, ui.Form{})
}

func (w *Web) showPipeline(rw http.ResponseWriter, r *http.Request, v *visit, status int, f ui.Form) error {
	sid, err := idOf(site.ParseID, r.PathValue("id"), site.ErrNotFound)
	if err != nil {
		return err
	}
	p := pipelinePage{Form: f, Manage: v.Scope.Permissions().Has(tenant.ManageSites)}
	err = w.within(r, v, &p.Page, "Pipeline", func(ctx context.Context, view *tenant.View) error {
		if p.Site, err = site.Load(ctx, view, sid); err != nil {
			return err
		}
		a, err := automation.Load(ctx, view, sid)
		if errors.Is(err, automation.ErrNone) {
			return nil
		}
		if err != nil {
			return err
		}
		p.Pipeline = &a
		all, err := automation.Runs(ctx, view, sid, behind(r, "before", automation.ParseRunID), perPage+1)
		p.Runs, p.Next = pageOf(r, "before", all, func(n automation.Run) string { return n.ID.String() })
		p.First = firstOf(r, "before")
		return err
	})
	if err != nil {
		return err
	}
	if p.Pipeline != nil && !p.Pipeline.Paused {
		if err := w.foreseePipeline(r.Context(), v, &p); err != nil {
			return err
		}
	}
	p.Lead = words.Verbatim(p.Site.Name)
	return show(r.Context(), rw, status, pipelineView(p))
}

// foreseePipeline lets the pipeline have its turn, and takes it back.
func (w *Web) foreseePipeline(ctx context.Context, v *visit, p *pipelinePage) error {
	err := w.st.Update(ctx, v.Scope, func(ctx context.Context, tx *tenant.Tx) error {
		runs, waits, err := w.Pipelines.Foresee(ctx, tx, p.Site.ID)
		if err != nil {
			return err
		}
		if p.Foreseen = runs; waits != nil {
			p.Why = waits.Msg
		}
		return errImagined
	})
	if errors.Is(err, errImagined) {
		return nil
	}
	return err
}

func (w *Web) setPipeline(rw http.ResponseWriter, r *http.Request, v *visit) error {
	sid, err := idOf(site.ParseID, r.PathValue("id"), site.ErrNotFound)
	if err != nil {
		return err
	}
	values, err := formOf(r)
	if err != nil {
		return err
	}
	err = w.st.Update(r.Context(), v.Scope, func(ctx context.Context, tx *tenant.Tx) error {
		s, err := pipelineOf(values)
		if err != nil {
			return err
		}
		before, err := automation.Load(ctx, tx, sid)
		if err != nil && !errors.Is(err, automation.ErrNone) {
			return err
		}
		s.Paused = before.Paused
		_, err = automation.Set(ctx, tx, sid, s)
		return err
	})
	if err != nil {
		why, err := refused(err)
		if err != nil || errors.Is(why, site.ErrNotFound) {
			return firstOfErrors(err, why)
		}
		return w.showPipeline(rw, r, v, statusOf(why), ui.NewForm(values).Refused(why, pipelineFields...))
	}
	w.say(rw, ui.Good, "Kept. It looks for work right away, and then by itself.")
	return to(rw, r, "/sites/"+sid.String()+"/pipeline")
}

// pipelineOf reads the form.
func pipelineOf(values url.Values) (automation.Settings, error) {
	var s automation.Settings
	for _, step := range values["steps"] {
		s.Steps = append(s.Steps, automation.Step(step))
	}
	into := map[string]*int64{"ideas_per_day": &s.Ideas, "articles_per_day": &s.Articles, "posts_per_day": &s.Posts}
	var budget int64
	if strings.TrimSpace(values.Get("budget")) != "" {
		into["budget"] = &budget
		s.Budget = (*credit.Credits)(&budget)
	}
	return s, numbersOf(values, into)
}

// pausePipeline stops a pipeline from ordering more, or lets it go on.
func (w *Web) pausePipeline(paused bool) handler {
	said := map[bool]words.Text{true: "It orders nothing more. What it has ordered goes on.", false: "It goes on, and looks for work right away."}[paused]
	return func(rw http.ResponseWriter, r *http.Request, v *visit) error {
		sid, err := idOf(site.ParseID, r.PathValue("id"), site.ErrNotFound)
		if err != nil {
			return err
		}
		err = w.st.Update(r.Context(), v.Scope, func(ctx context.Context, tx *tenant.Tx) error {
			_, err := automation.Pause(ctx, tx, sid, paused)
			return err
		})
		if err != nil {
			return err
		}
		w.say(rw, ui.Good, said)
		return to(rw, r, "/sites/"+sid.String()+"/pipeline")
	}
}
