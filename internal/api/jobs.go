package api

import (
	"context"
	"encoding/json"
	"net/http"
	"time"

	"igny8/internal/credit"
	"igny8/internal/identity"
	"igny8/internal/job"
	"igny8/internal/tenant"
)

func (a *API) jobRoutes() {
	read(a, route{method: http.MethodGet, path: "/jobs/{id}", id: "get-job", tag: "jobs", summary: "How far a job is"}, identity.Tenant(tenant.ReadContent), getJob)
	write(a, route{method: http.MethodPost, path: "/jobs/{id}/cancel", id: "cancel-job", tag: "jobs", summary: "End a job; what it has done stays"},
		identity.Tenant(tenant.WriteContent), a.cancelJob)
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
	Quote    *int64          `json:"quote" doc:"What it costs at most, in credits. Null: free."`
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
		ID: j.ID.String(), Kind: j.Kind, State: string(j.State), Done: j.Done, Total: j.Total, Message: j.Message, Quote: j.Quote,
		Created: j.Created, Started: moment(j.Started), Finished: moment(j.Finished),
	}
	if j.Error != nil {
		v.Error = &jobProblemView{j.Error.Code, j.Error.Detail}
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

// orderedView is work that was ordered and what it costs at most.
type orderedView struct {
	Job   jobView `json:"job"`
	Quote int64   `json:"quote" doc:"Credits that are reserved for it. What it does not use goes back."`
}

func showOrdered(ctx context.Context, r tenant.Reader, jid job.ID, quote credit.Credits) (*reply[orderedView], error) {
	j, err := loadJob(ctx, r, jid)
	return &reply[orderedView]{Body: orderedView{Job: j, Quote: int64(quote)}}, err
}
