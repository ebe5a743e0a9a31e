package web

import (
	"context"
	"net/http"

	"igny8/internal/plan"
	"igny8/internal/tenant"
	"igny8/internal/web/ui"
	"igny8/internal/words"
)

// landingPage is what everybody sees first.
type landingPage struct {
	ui.Page
	Plans []plan.Plan
}

func (w *Web) landing(rw http.ResponseWriter, r *http.Request, v *visit) error {
	p := landingPage{Page: v.page}
	p.Title = "Search content, from keyword to article"
	var err error
	if p.Plans, err = w.plans(r.Context()); err != nil {
		return err
	}
	return show(r.Context(), rw, http.StatusOK, landingView(p))
}

// plans is what is for sale.
func (w *Web) plans(ctx context.Context) (all []plan.Plan, err error) {
	err = w.st.ViewShared(ctx, func(ctx context.Context, s tenant.Shared) error {
		all, err = plan.List(ctx, s)
		return err
	})
	return all, err
}

// step is one of what happens on the way from keyword to article.
type step struct {
	icon        ui.Icon
	title, text words.Text
}

func steps() []step {
	return []step{
		{ui.IconSearch, "Bring your keywords", "Import the export of your keyword tool as it is, up to hundreds of thousands of lines."},
		{ui.IconLayers, "See clusters", "Keywords that one page can answer are grouped, with intent, volume and difficulty."},
		{ui.IconLightbulb, "Pick ideas", "Each cluster becomes titles and outlines. Keep what fits, drop the rest."},
		{ui.IconFileText, "Publish articles", "Drafts are written, reviewed by you, and sent to WordPress once, at the time you say."},
	}
}

func reasons() []step {
	return []step{
		{ui.IconCoins, "No surprise on the bill", "Every AI step is priced in credits before it runs, and what was not used is given back."},
		{ui.IconBanknote, "Pay by bank transfer", "A reference and the bank details on every invoice; your plan opens when the money is there."},
		{ui.IconShieldCheck, "Your data stays yours", "Accounts are kept apart in the database itself, and whatever staff look at is written down."},
	}
}
