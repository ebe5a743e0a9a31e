package web

import (
	"context"
	"errors"
	"net/http"
	"time"

	"igny8/internal/account"
	"igny8/internal/credit"
	"igny8/internal/identity"
	"igny8/internal/subscription"
	"igny8/internal/tenant"
	"igny8/internal/web/ui"
)

// homePage is what a member sees first: the account, its plan, its credits.
type homePage struct {
	ui.Page
	Holder       account.Account
	Verified     bool // the person's e-mail address
	Address      string
	Bills        bool // the member may see what follows
	Subscription subscription.Subscription
	Balance      credit.Balance
}

// ends is what the end of the period means.
func (p homePage) ends() string {
	switch p.Subscription.Status {
	case subscription.Trialing:
		return "Trial ends"
	case subscription.Cancelled, subscription.Expired:
		return "Ended"
	default:
		return "Paid until"
	}
}

func (w *Web) home(rw http.ResponseWriter, r *http.Request, v *visit) error {
	p := homePage{Bills: v.Scope.Permissions().Has(tenant.ReadBilling)}
	var err error
	if p.Page, err = w.member(r.Context(), v, "Home"); err != nil {
		return err
	}
	u, err := w.Identity.UserOf(r.Context(), v.User)
	if err != nil {
		return err
	}
	p.Verified, p.Address = !u.Verified.IsZero(), u.Email
	err = w.st.View(r.Context(), v.Scope, func(ctx context.Context, view *tenant.View) (err error) {
		if p.Holder, err = account.Load(ctx, view); err != nil || !p.Bills {
			return err
		}
		p.Subscription, err = subscription.Current(ctx, view)
		if err != nil && !errors.Is(err, subscription.ErrNotFound) { // an account of the operator's has none
			return err
		}
		p.Balance, err = credit.BalanceOf(ctx, view)
		return err
	})
	if err != nil {
		return err
	}
	p.Account = p.Holder.Name
	p.Lead = greeting(u)
	return show(r.Context(), rw, http.StatusOK, homeView(p))
}

func greeting(u identity.User) string { return "Welcome, " + u.FirstName + "." }

// homeCredits is the part of the page that keeps itself up to date.
func (w *Web) homeCredits(rw http.ResponseWriter, r *http.Request, v *visit) error {
	var b credit.Balance
	err := w.st.View(r.Context(), v.Scope, func(ctx context.Context, view *tenant.View) (err error) {
		b, err = credit.BalanceOf(ctx, view)
		return err
	})
	if err != nil {
		return err
	}
	return show(r.Context(), rw, http.StatusOK, creditsFigure(v.page.Locale, b))
}

// creditsEvery is how often that is.
const creditsEvery = 20 * time.Second
