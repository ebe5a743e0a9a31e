package api

import (
	"context"
	"net/http"
	"time"

	"igny8/internal/credit"
	"igny8/internal/identity"
	"igny8/internal/tenant"
)

// alertRoutes decide when an account is warned that its credits run out.
func (a *API) alertRoutes() {
	read(a, route{method: http.MethodGet, path: "/billing/credits/threshold", id: "get-credit-threshold", tag: "billing", summary: "When the account is warned that its credits run out"},
		identity.TenantEvenIfUnpaid(tenant.ReadBilling), getThreshold)
	write(a, route{method: http.MethodPut, path: "/billing/credits/threshold", id: "set-credit-threshold", tag: "billing", summary: "Decide below how many credits the owners get a letter"},
		identity.TenantEvenIfUnpaid(tenant.ManageBilling), setThreshold)
}

type thresholdView struct {
	Threshold int64      `json:"threshold" doc:"The owners get a letter when fewer are left, held ones included. 0: never."`
	Automatic bool       `json:"automatic" doc:"It is a tenth of what the plan grants, or of a larger grant."`
	Low       bool       `json:"low" doc:"Fewer are left than that."`
	Warned    *time.Time `json:"warned_at" doc:"When the letter was written since they fell below."`
}

func showThreshold(a credit.Alert) thresholdView {
	return thresholdView{Threshold: int64(a.Threshold), Automatic: a.Automatic, Low: a.Low, Warned: moment(a.Warned)}
}

func getThreshold(ctx context.Context, v *tenant.View, _ *struct{}) (*reply[thresholdView], error) {
	a, err := credit.AlertOf(ctx, v)
	return &reply[thresholdView]{Body: showThreshold(a)}, err
}

type thresholdInput struct {
	Body struct {
		Threshold *int64 `json:"threshold" required:"true" nullable:"true" doc:"0 to 1000000000; 0 is never. Null: a tenth of what the plan grants."`
	}
}

func setThreshold(ctx context.Context, tx *tenant.Tx, in *thresholdInput) (*reply[thresholdView], error) {
	a, err := credit.SetThreshold(ctx, tx, (*credit.Credits)(in.Body.Threshold))
	return &reply[thresholdView]{Body: showThreshold(a)}, err
}
