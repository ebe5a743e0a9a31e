package api

import (
	"context"
	"errors"
	"net/http"

	"igny8/internal/credit"
	"igny8/internal/fault"
	"igny8/internal/identity"
	"igny8/internal/tenant"
)

// quoteRoutes say what work costs before it is ordered.
func (a *API) quoteRoutes() {
	reading, writing := identity.TenantEvenIfUnpaid(tenant.ReadBilling), identity.Tenant(tenant.WriteContent)
	read(a, route{method: http.MethodGet, path: "/billing/credits/prices", id: "list-credit-prices", tag: "billing", summary: "What each operation costs"}, reading, listPrices)
	read(a, route{method: http.MethodPost, path: "/billing/credits/quote", id: "quote-operation", tag: "billing",
		summary: "What so many units of an operation cost. Nothing is reserved"}, reading, quoteOperation)
	quoted(a, route{path: "/planner/keywords/auto_cluster/quote", id: "quote-auto-cluster", tag: "planner",
		summary: "What grouping these keywords would reserve. Nothing is ordered"}, writing, credit.AutoCluster, a.autoCluster)
	quoted(a, route{path: "/planner/clusters/generate_ideas/quote", id: "quote-generate-ideas", tag: "planner",
		summary: "What ideas for these clusters would reserve. Nothing is ordered"}, writing, credit.GenerateIdeas, a.generateIdeas)
	quoted(a, route{path: "/writer/tasks/generate_content/quote", id: "quote-generate-content", tag: "writer",
		summary: "What writing the articles of these tasks would reserve. Nothing is ordered"}, writing, credit.GenerateContent, a.generateContent)
	quoted(a, route{path: "/writer/content/{id}/sections/{section}/regenerate/quote", id: "quote-regenerate-section", tag: "writer",
		summary: "What writing this section anew would reserve. Nothing is ordered"}, writing, credit.RegenerateSection, a.regenerateSection)
}

type priceView struct {
	Operation string `json:"operation"`
	Unit      string `json:"unit" doc:"What is counted, such as a word."`
	Per       int64  `json:"per" doc:"How many units cost credits."`
	Credits   int64  `json:"credits" doc:"For each such number of units, begun ones too."`
	Minimum   int64  `json:"minimum" doc:"In credits."`
	Overrun   int64  `json:"overrun_percent" doc:"How far above what was reserved the work may be charged when it becomes larger."`
}

func showPrice(p credit.Price) priceView {
	return priceView{
		Operation: string(p.Operation), Unit: p.Unit, Per: p.Per, Credits: int64(p.Credits), Minimum: int64(p.Minimum), Overrun: p.Overrun,
	}
}

func listPrices(ctx context.Context, v *tenant.View, _ *struct{}) (*reply[page[priceView]], error) {
	all, err := credit.Prices(ctx, v.Shared())
	return list(all, showPrice), err
}

type quoteView struct {
	Operation string `json:"operation"`
	Credits   int64  `json:"credits" doc:"What is reserved. What the work does not use goes back."`
	Most      int64  `json:"at_most" doc:"What can be charged if the work becomes larger than was foreseen."`
	Available int64  `json:"available"`
	Held      int64  `json:"held"`
	Enough    bool   `json:"enough" doc:"There are as many available as would be reserved."`
}

// showQuote compares a price with what there is.
func showQuote(ctx context.Context, r tenant.Reader, op credit.Operation, n credit.Credits) (*reply[quoteView], error) {
	p, err := credit.PriceOf(ctx, r, op)
	if err != nil {
		return nil, err
	}
	b, err := credit.BalanceOf(ctx, r)
	return &reply[quoteView]{Body: quoteView{
		Operation: string(op), Credits: int64(n), Most: int64(n + p.OverrunOf(n)), Available: int64(b.Available), Held: int64(b.Held), Enough: n <= b.Available,
	}}, err
}

type quoteInput struct {
	Body struct {
		Operation string `json:"operation" maxLength:"60" doc:"One of the price list, such as generate_content."`
		Units     int64  `json:"units" minimum:"1" maximum:"10000000" doc:"What the price counts: words, keywords, ideas."`
	}
}

func quoteOperation(ctx context.Context, v *tenant.View, in *quoteInput) (*reply[quoteView], error) {
	op := credit.Operation(in.Body.Operation)
	n, err := credit.Quote(ctx, v, op, in.Body.Units)
	if errors.Is(err, credit.ErrUnknownPrice) {
		err = errUnknownOperation.At("body.operation", "must be an operation of the price list", in.Body.Operation)
	}
	if err != nil {
		return nil, err
	}
	return showQuote(ctx, v, op, n)
}

// errTakenBack ends the transaction of an order that was only to be priced.
var errTakenBack = errors.New("the order is taken back: only its price was asked for")

// quoted mounts the price of an order: the order itself is made, and taken back
// before it is committed. So it says exactly what the order would, also why it
// would be refused; for want of credits alone it is not.
func quoted[I any](a *API, r route, p identity.Policy, op credit.Operation, order func(context.Context, *tenant.Tx, *I) (*reply[orderedView], error)) {
	r.method = http.MethodPost
	mount(a, r, p, func(ctx context.Context, c visit, in *I) (out *reply[quoteView], err error) {
		var needed credit.Credits
		err = a.st.Update(ctx, c.Scope, func(ctx context.Context, tx *tenant.Tx) error {
			o, err := order(ctx, tx, in)
			if err != nil {
				return err
			}
			needed = credit.Credits(o.Body.Quote)
			return errTakenBack
		})
		if n, ok := fault.Of(err).Extra["needed"].(credit.Credits); ok && errors.Is(err, credit.ErrInsufficient) {
			needed, err = n, errTakenBack
		}
		if !errors.Is(err, errTakenBack) {
			return nil, err
		}
		err = a.st.View(ctx, c.Scope, func(ctx context.Context, v *tenant.View) error {
			out, err = showQuote(ctx, v, op, needed)
			return err
		})
		return out, err
	})
}
