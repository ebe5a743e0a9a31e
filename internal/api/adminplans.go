package api

import (
	"context"
	"net/http"

	"igny8/internal/credit"
	"igny8/internal/money"
	"igny8/internal/plan"
	"igny8/internal/tenant"
	"igny8/internal/throttle"
)

func (a *API) adminPlanRoutes() {
	onShared(a, route{method: http.MethodGet, path: "/admin/plans", id: "admin-list-plans", tag: "admin", summary: "All plans, for sale or not"}, tenant.PlansManage, adminPlans)
	onShared(a, route{method: http.MethodPost, path: "/admin/plans", id: "admin-create-plan", tag: "admin", status: http.StatusCreated, summary: "Add a plan"}, tenant.PlansManage, createPlan)
	onShared(a, route{method: http.MethodPatch, path: "/admin/plans/{code}", id: "admin-change-plan", tag: "admin",
		summary: "Change a plan from now on; invoices that were issued keep what they ask for"}, tenant.PlansManage, changePlan)
}

type adminPlanView struct {
	planView
	Active   bool  `json:"active" doc:"For sale. False: who is on it has to choose another."`
	Position int64 `json:"position" doc:"Where it stands among those that are shown."`
}

func showAdminPlan(o plan.Offer) adminPlanView {
	return adminPlanView{planView: showPlan(o), Active: o.Active, Position: o.Position}
}

func adminPlans(ctx context.Context, tx *tenant.SharedTx, _ *struct{}) (*reply[page[adminPlanView]], error) {
	plans, err := plan.All(ctx, tx.Shared)
	if err != nil {
		return nil, err
	}
	all, err := plan.Offers(ctx, tx.Shared, plans)
	return list(all, showAdminPlan), err
}

type newPlanInput struct {
	Body struct {
		Code      string        `json:"code" maxLength:"50" doc:"Small letters, digits and hyphens. It stays."`
		Name      string        `json:"name" maxLength:"480"`
		Price     money.Money   `json:"price" doc:"For one interval, in minor units; nothing for a trial."`
		Prices    []money.Money `json:"prices,omitempty" maxItems:"51" nullable:"false" doc:"What it costs in other currencies."`
		Interval  string        `json:"interval" enum:"month,year"`
		TrialDays int           `json:"trial_days,omitempty" doc:"Of a plan that costs nothing."`
		Credits   int64         `json:"included_credits"`
		Limits    limitsView    `json:"limits"`
		Rates     *ratesView    `json:"rates,omitempty" doc:"None: those of an account without a plan."`
		Active    *bool         `json:"active,omitempty" doc:"For sale. None: it is."`
		Position  int64         `json:"position,omitempty"`
	}
}

func createPlan(ctx context.Context, tx *tenant.SharedTx, in *newPlanInput) (*reply[adminPlanView], error) {
	b := in.Body
	o := plan.Offer{
		Plan: plan.Plan{
			Code: b.Code, Name: b.Name, Price: b.Price, Interval: plan.Interval(b.Interval), TrialDays: b.TrialDays,
			Credits: credit.Credits(b.Credits), Limits: b.Limits.limits(), Rates: throttle.Basic, Active: b.Active == nil || *b.Active, Position: b.Position,
		},
		Prices: b.Prices,
	}
	if b.Rates != nil {
		o.Rates = b.Rates.rates()
	}
	o, err := plan.Create(ctx, tx, o)
	return &reply[adminPlanView]{Body: showAdminPlan(o)}, err
}

func (v limitsView) limits() plan.Limits {
	return plan.Limits{Sites: v.Sites, Users: v.Users, Keywords: v.Keywords}
}

func (v ratesView) rates() throttle.Rates {
	return throttle.Rates{Read: v.Read, Write: v.Write, AI: v.AI, Bridge: v.Bridge}
}

type changePlanInput struct {
	Code string `path:"code" maxLength:"100" doc:"A plan's code or id."`
	Body struct {
		Name      *string        `json:"name,omitempty" maxLength:"480"`
		Price     *money.Money   `json:"price,omitempty"`
		Prices    *[]money.Money `json:"prices,omitempty" maxItems:"51" nullable:"false" doc:"All that it costs in other currencies; what is not named is gone."`
		Interval  *string        `json:"interval,omitempty" enum:"month,year" doc:"Only of a plan that was never for sale."`
		TrialDays *int           `json:"trial_days,omitempty"`
		Credits   *int64         `json:"included_credits,omitempty" doc:"Counts for what is paid from now on, open invoices included."`
		Limits    *limitsView    `json:"limits,omitempty" doc:"All three."`
		Rates     *ratesView     `json:"rates,omitempty" doc:"All four."`
		Active    *bool          `json:"active,omitempty"`
		Position  *int64         `json:"position,omitempty"`
	}
}

func changePlan(ctx context.Context, tx *tenant.SharedTx, in *changePlanInput) (*reply[adminPlanView], error) {
	o, err := plan.Change(ctx, tx, in.Code, in.edit)
	return &reply[adminPlanView]{Body: showAdminPlan(o)}, err
}

// edit makes the plan what is asked for; what is not named stays.
func (in *changePlanInput) edit(o *plan.Offer) {
	b := in.Body
	set(&o.Name, b.Name)
	set(&o.Price, b.Price)
	set(&o.Prices, b.Prices)
	set(&o.TrialDays, b.TrialDays)
	set(&o.Active, b.Active)
	set(&o.Position, b.Position)
	if b.Interval != nil {
		o.Interval = plan.Interval(*b.Interval)
	}
	if b.Credits != nil {
		o.Credits = credit.Credits(*b.Credits)
	}
	if b.Limits != nil {
		o.Limits = b.Limits.limits()
	}
	if b.Rates != nil {
		o.Rates = b.Rates.rates()
	}
}

// set replaces what was, where something is given.
func set[T any](was, is *T) {
	if is != nil {
		*was = *is
	}
}
