package api

import (
	"context"
	"encoding/json"
	"net/http"
	"time"

	"igny8/internal/audit"
	"igny8/internal/credit"
	"igny8/internal/identity"
	"igny8/internal/job"
	"igny8/internal/tenant"
)

func (a *API) jobRoutes() {
	read(a, route{method: http.MethodGet, path: "/jobs/{id}", id: "get-job", tag: "jobs", summary: "How far a job is"}, identity.Tenant(tenant.ReadContent), getJob)
	read(a, route{method: http.MethodGet, path: "/jobs", id: "list-jobs", tag: "jobs", summary: "The jobs, newest first"}, identity.Tenant(tenant.ReadContent), listJobs)
	a.followRoutes()
	write(a, route{method: http.MethodPost, path: "/jobs/{id}/cancel", id: "cancel-job", tag: "jobs", summary: "End a job; what it has done stays"},
		identity.Tenant(tenant.WriteContent), a.cancelJob)
	survey(a, route{method: http.MethodGet, path: "/admin/jobs", id: "admin-list-jobs", tag: "admin", summary: "Jobs of all accounts, newest first"},
		tenant.JobsManage, watchJobs)
	onOwned(a, route{method: http.MethodPost, path: "/admin/jobs/{id}/cancel", id: "admin-cancel-job", tag: "admin", summary: "End a job of some account; what it has done stays"},
		tenant.JobsManage, job.ParseID, job.ErrNotFound, job.Locate, a.stopJob)
}

type watchInput struct {
	Window
	State string `query:"state" enum:"queued,running,succeeded,failed,cancelled" doc:"None: any."`
}

type watchedView struct {
	ID       string     `json:"id"`
	Account  string     `json:"account_id"`
	Kind     string     `json:"kind"`
	State    string     `json:"state" enum:"queued,running,succeeded,failed,cancelled"`
	Done     int64      `json:"done"`
	Total    int64      `json:"total"`
	Message  string     `json:"message"`
	Created  time.Time  `json:"created_at"`
	Finished *time.Time `json:"finished_at"`
}

func watchJobs(ctx context.Context, s *tenant.Survey, in *watchInput) (*reply[page[watchedView]], error) {
	after, err := cursorOf(job.ParseID, in.Cursor)
	if err != nil {
		return nil, err
	}
	all, err := job.Watch(ctx, s, job.State(in.State), after, in.Limit+1)
	return part(all, in.Limit, func(w job.Watched) watchedView {
		return watchedView{
			ID: w.ID.String(), Account: w.Account.String(), Kind: w.Kind, State: string(w.State), Done: w.Done, Total: w.Total, Message: w.Message.String(),
			Created: w.Created, Finished: moment(w.Finished),
		}
	}, func(w job.Watched) string { return w.ID.String() }), err
}

// stopJob ends a job for the operator. One that has ended stays as it is.
func (a *API) stopJob(ctx context.Context, tx *tenant.Tx, jid job.ID, _ *IDInput) (*reply[jobView], error) {
	j, err := job.Load(ctx, tx, jid)
	if err == nil && !j.State.Final() {
		err = a.jobs.Cancel(ctx, tx, jid)
	}
	if err == nil {
		err = audit.Record(ctx, tx, "job.stopped", jid.String(), map[string]string{"kind": j.Kind, "was": string(j.State)})
	}
	if err != nil {
		return nil, err
	}
	v, err := loadJob(ctx, tx, jid)
	return &reply[jobView]{Body: v}, err
}

type jobProblemView struct {
	Code   string `json:"code"`
	Detail string `json:"detail"`
}

type jobView struct {
	ID       string          `json:"id"`
	Kind     string          `json:"kind"`
	State    string          `json:"state" enum:"queued,running,succeeded,failed,cancelled"`
	Done     int64           `json:"done"`
	Total    int64           `json:"total" doc:"Items to do, as far as known."`
	Message  string          `json:"message"`
	Quote    *int64          `json:"quote" doc:"Credits that were reserved for it. Null: free."`
	Result   *resultView     `json:"result" doc:"What came of a job that succeeded."`
	Error    *jobProblemView `json:"error" doc:"Why a job failed or was cancelled."`
	Created  time.Time       `json:"created_at"`
	Started  *time.Time      `json:"started_at"`
	Finished *time.Time      `json:"finished_at"`
}

// resultView is a JSON object whose members depend on the kind of job.
type resultView map[string]json.RawMessage

func showJob(j job.Job) (jobView, error) {
	v := jobView{
		ID: j.ID.String(), Kind: j.Kind, State: string(j.State), Done: j.Done, Total: j.Total, Message: j.Message.String(), Quote: j.Quote,
		Created: j.Created, Started: moment(j.Started), Finished: moment(j.Finished),
	}
	if j.Error != nil {
		v.Error = &jobProblemView{j.Error.Code, j.Error.Detail.String()}
	}
	if len(j.Result) > 0 {
		return v, json.Unmarshal(j.Result, &v.Result)
	}
	return v, nil
}

func loadJob(ctx context.Context, r tenant.Reader, jid job.ID) (jobView, error) {
	j, err := job.Load(ctx, r, jid)
	if err != nil {
		return jobView{}, err
	}
	return showJob(j)
}

type jobsInput struct {
	Window
	State string `query:"state" enum:"queued,running,succeeded,failed,cancelled" doc:"None: any."`
	Kind  string `query:"kind" maxLength:"60" doc:"Such as writer.generate_content. None: any."`
}

func listJobs(ctx context.Context, v *tenant.View, in *jobsInput) (*reply[page[jobView]], error) {
	before, err := cursorOf(job.ParseID, in.Cursor)
	if err != nil {
		return nil, err
	}
	all, err := job.List(ctx, v, job.Filter{State: job.State(in.State), Kind: in.Kind, Before: before, Limit: in.Limit + 1})
	if err != nil {
		return nil, err
	}
	return part(all, in.Limit, func(j job.Job) jobView {
		var shown jobView
		if err == nil {
			shown, err = showJob(j)
		}
		return shown
	}, func(j job.Job) string { return j.ID.String() }), err
}

func getJob(ctx context.Context, v *tenant.View, in *IDInput) (*reply[jobView], error) {
	jid, err := named(job.ParseID, in.ID, job.ErrNotFound)
	if err != nil {
		return nil, err
	}
	j, err := loadJob(ctx, v, jid)
	return &reply[jobView]{Body: j}, err
}

func (a *API) cancelJob(ctx context.Context, tx *tenant.Tx, in *IDInput) (*reply[jobView], error) {
	jid, err := named(job.ParseID, in.ID, job.ErrNotFound)
	if err != nil {
		return nil, err
	}
	if err := a.jobs.Cancel(ctx, tx, jid); err != nil {
		return nil, err
	}
	j, err := loadJob(ctx, tx, jid)
	return &reply[jobView]{Body: j}, err
}

// orderedView is work that was ordered and what is reserved for it.
type orderedView struct {
	Job   jobView `json:"job"`
	Quote int64   `json:"quote" doc:"Credits that are reserved for it. What it does not use goes back."`
}

func showOrdered(ctx context.Context, r tenant.Reader, jid job.ID, quote credit.Credits) (*reply[orderedView], error) {
	j, err := loadJob(ctx, r, jid)
	return &reply[orderedView]{Body: orderedView{Job: j, Quote: int64(quote)}}, err
}
