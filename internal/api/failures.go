package api

import (
	"context"
	"net/http"
	"time"

	"igny8/internal/credit"
	"igny8/internal/tenant"
)

// failureRoutes are for who decides what failures of models cost.
func (a *API) failureRoutes() {
	onShared(a, route{method: http.MethodGet, path: "/admin/failure-rules", id: "admin-list-failure-rules", tag: "admin",
		summary: "How many failures of each class an account is forgiven"}, tenant.PlansManage, listFailureRules)
	onShared(a, route{method: http.MethodPut, path: "/admin/failure-rules/{failure}", id: "admin-set-failure-rule", tag: "admin",
		summary: "Change how many failures of a class are forgiven, from the next one on"}, tenant.PlansManage, setFailureRule)
}

type failureRuleView struct {
	Failure string `json:"failure" enum:"unsent,busy,rejected,silent,unusable,cancelled"`
	Free    *int64 `json:"free" doc:"How many of an account in the window cost nothing. Null: all."`
	Window  int64  `json:"window_seconds"`
}

func showFailureRule(r credit.FailureRule) failureRuleView {
	v := failureRuleView{Failure: string(r.Failure), Window: int64(r.Window / time.Second)}
	if !r.All {
		v.Free = &r.Free
	}
	return v
}

func listFailureRules(ctx context.Context, tx *tenant.SharedTx, _ *struct{}) (*reply[page[failureRuleView]], error) {
	all, err := credit.FailureRules(ctx, tx.Shared)
	return list(all, showFailureRule), err
}

type failureRuleInput struct {
	Failure string `path:"failure" maxLength:"40"`
	Body    struct {
		Free   *int64 `json:"free" required:"true" nullable:"true" minimum:"0" maximum:"1000000" doc:"Null: all."`
		Window int64  `json:"window_seconds" minimum:"60" maximum:"31536000"`
	}
}

func setFailureRule(ctx context.Context, tx *tenant.SharedTx, in *failureRuleInput) (*reply[failureRuleView], error) {
	r := credit.FailureRule{Failure: credit.Failure(in.Failure), All: in.Body.Free == nil, Window: time.Duration(in.Body.Window) * time.Second}
	if !r.All {
		r.Free = *in.Body.Free
	}
	err := credit.SetFailureRule(ctx, tx, tx.Operator().Actor(), r)
	return &reply[failureRuleView]{Body: showFailureRule(r)}, err
}
