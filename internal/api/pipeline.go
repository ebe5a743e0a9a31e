package api

import (
	"context"
	"errors"
	"net/http"
	"time"

	"igny8/internal/automation"
	"igny8/internal/credit"
	"igny8/internal/fault"
	"igny8/internal/identity"
	"igny8/internal/site"
	"igny8/internal/tenant"
)

// pipelineRoutes are for what the program orders for a site by itself.
func (a *API) pipelineRoutes() {
	reading, managing := identity.Tenant(tenant.ReadContent), identity.Tenant(tenant.ManageSites)
	read(a, route{method: http.MethodGet, path: "/sites/{id}/pipeline", id: "get-pipeline", tag: "sites", summary: "What is ordered for a site by itself, and what it waits for"},
		reading, ofSite(func(ctx context.Context, v *tenant.View, sid site.ID, _ *IDInput) (*reply[pipelineView], error) {
			p, err := automation.Load(ctx, v, sid)
			return &reply[pipelineView]{Body: showPipeline(p)}, err
		}))
	write(a, route{method: http.MethodPut, path: "/sites/{id}/pipeline", id: "set-pipeline", tag: "sites", summary: "Set the pipeline of a site up, or change it"},
		managing, ofSite(setPipeline))
	for path, paused := range map[string]bool{"pause": true, "resume": false} {
		write(a, route{method: http.MethodPost, path: "/sites/{id}/pipeline/" + path, id: path + "-pipeline", tag: "sites", summary: map[bool]string{
			true: "Let the pipeline order nothing more; what it has ordered goes on", false: "Let the pipeline go on",
		}[paused]}, managing, ofSite(func(ctx context.Context, tx *tenant.Tx, sid site.ID, _ *IDInput) (*reply[pipelineView], error) {
			p, err := automation.Pause(ctx, tx, sid, paused)
			return &reply[pipelineView]{Body: showPipeline(p)}, err
		}))
	}
	mount(a, route{method: http.MethodPost, path: "/sites/{id}/pipeline/preview", id: "preview-pipeline", tag: "sites",
		summary: "What the next turn of the pipeline would order, and for how much. Nothing is ordered"}, reading, a.previewPipeline)
	read(a, route{method: http.MethodGet, path: "/sites/{id}/pipeline/runs", id: "list-pipeline-runs", tag: "sites", summary: "What the pipeline has ordered, newest first"},
		reading, listPipelineRuns)
}

// ofSite is an operation on the site that the path names.
func ofSite[T tenant.Reader, I pathed, O any](do func(context.Context, T, site.ID, I) (*O, error)) func(context.Context, T, I) (*O, error) {
	return func(ctx context.Context, r T, in I) (*O, error) {
		sid, err := named(site.ParseID, in.path(), site.ErrNotFound)
		if err != nil {
			return nil, err
		}
		return do(ctx, r, sid, in)
	}
}

type pipelineView struct {
	Site     string     `json:"site_id"`
	Paused   bool       `json:"paused"`
	Steps    []string   `json:"steps" doc:"What it does by itself: cluster, ideas, write, approve, publish."`
	Ideas    int64      `json:"ideas_per_day"`
	Articles int64      `json:"articles_per_day"`
	Posts    int64      `json:"posts_per_day"`
	Budget   *int64     `json:"budget" doc:"Credits that it may spend in a month (UTC). Null: as many as there are."`
	Waits    *string    `json:"waits_for" doc:"The code of what it waits for. Null: for nothing."`
	Next     *time.Time `json:"next_at" doc:"When it looks for work. Null: it is paused."`
}

func showPipeline(p automation.Pipeline) pipelineView {
	v := pipelineView{
		Site: p.Site.String(), Paused: p.Paused, Steps: []string{}, Ideas: p.Ideas, Articles: p.Articles, Posts: p.Posts,
		Budget: (*int64)(p.Budget), Waits: text(p.Waits), Next: moment(p.Next),
	}
	for _, s := range p.Steps {
		v.Steps = append(v.Steps, string(s))
	}
	return v
}

type pipelineInput struct {
	IDInput
	Body struct {
		Paused   bool     `json:"paused,omitempty"`
		Steps    []string `json:"steps" maxItems:"10" nullable:"false" doc:"Of cluster, ideas, write, approve, publish. Approve: without a person having looked. The last two need content.approve, where it is not paused."`
		Ideas    int64    `json:"ideas_per_day" doc:"0 to 100."`
		Articles int64    `json:"articles_per_day" doc:"0 to 50."`
		Posts    int64    `json:"posts_per_day" doc:"0 to 50."`
		Budget   *int64   `json:"budget,omitempty" nullable:"true" doc:"Credits a month (UTC). None or null: as many as there are."`
	}
}

func setPipeline(ctx context.Context, tx *tenant.Tx, sid site.ID, in *pipelineInput) (*reply[pipelineView], error) {
	b := in.Body
	s := automation.Settings{Paused: b.Paused, Ideas: b.Ideas, Articles: b.Articles, Posts: b.Posts, Budget: (*credit.Credits)(b.Budget)}
	for _, step := range b.Steps {
		s.Steps = append(s.Steps, automation.Step(step))
	}
	p, err := automation.Set(ctx, tx, sid, s)
	return &reply[pipelineView]{Body: showPipeline(p)}, err
}

type pipelineRunView struct {
	ID      *string    `json:"id" doc:"Null: it was only foreseen."`
	Step    string     `json:"step" enum:"cluster,ideas,write,approve,publish"`
	Items   int64      `json:"items" doc:"How many keywords, ideas, articles or posts."`
	Quote   int64      `json:"quote" doc:"Credits that were reserved for it."`
	Job     *string    `json:"job_id"`
	Created *time.Time `json:"created_at"`
}

func showPipelineRun(r automation.Run) pipelineRunView {
	return pipelineRunView{
		ID: text(r.ID.String()), Step: string(r.Step), Items: r.Items, Quote: int64(r.Quote), Job: text(r.Job.String()), Created: moment(r.Created),
	}
}

type pipelineRunsInput struct {
	IDInput
	Window
}

func listPipelineRuns(ctx context.Context, v *tenant.View, in *pipelineRunsInput) (*reply[page[pipelineRunView]], error) {
	sid, err := named(site.ParseID, in.ID, site.ErrNotFound)
	if err != nil {
		return nil, err
	}
	if _, err := automation.Load(ctx, v, sid); err != nil {
		return nil, err
	}
	before, err := cursorOf(automation.ParseRunID, in.Cursor)
	if err != nil {
		return nil, err
	}
	all, err := automation.Runs(ctx, v, sid, before, in.Limit+1)
	return part(all, in.Limit, showPipelineRun, func(r automation.Run) string { return r.ID.String() }), err
}

type pipelinePreview struct {
	Items []pipelineRunView `json:"items" doc:"What would be ordered now."`
	Waits *string           `json:"waits_for" doc:"The code of what it waits for. Null: for nothing."`
	Why   *string           `json:"why" doc:"That in words."`
}

// previewPipeline lets the pipeline have its turn, and takes it back.
func (a *API) previewPipeline(ctx context.Context, c visit, in *IDInput) (*reply[pipelinePreview], error) {
	sid, err := named(site.ParseID, in.ID, site.ErrNotFound)
	if err != nil {
		return nil, err
	}
	out := pipelinePreview{Items: []pipelineRunView{}}
	err = a.st.Update(ctx, c.Scope, func(ctx context.Context, tx *tenant.Tx) error {
		runs, waits, err := a.pipelines.Foresee(ctx, tx, sid)
		if err != nil {
			return err
		}
		out.show(runs, waits)
		return errTakenBack
	})
	if !errors.Is(err, errTakenBack) {
		return nil, err
	}
	return &reply[pipelinePreview]{Body: out}, nil
}

func (p *pipelinePreview) show(runs []automation.Run, waits *fault.Fault) {
	p.Items = []pipelineRunView{}
	for _, r := range runs {
		p.Items = append(p.Items, pipelineRunView{Step: string(r.Step), Items: r.Items, Quote: int64(r.Quote)})
	}
	if waits != nil {
		why := waits.Msg.String()
		p.Waits, p.Why = &waits.Code, &why
	}
}
