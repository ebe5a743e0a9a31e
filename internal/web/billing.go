package web

import (
	"context"
	"errors"
	"net/http"
	"time"

	"igny8/internal/account"
	"igny8/internal/credit"
	"igny8/internal/fault"
	"igny8/internal/invoice"
	"igny8/internal/money"
	"igny8/internal/payment"
	"igny8/internal/subscription"
	"igny8/internal/tenant"
	"igny8/internal/web/ui"
	"igny8/internal/words"
)

// billingPage is what an account is on, what it has to pay, and what it has.
type billingPage struct {
	ui.Page
	Holder  account.Account
	Manages bool // the member may order and pay
	Closed  *fault.Fault
	Current *subscription.Subscription // nil: there never was one
	Waiting *subscription.Subscription // nil: nothing waits beside it
	Open    []invoice.Invoice          // oldest first
	Claims  int                        // reported payments that are being looked for
	Unused  []money.Money              // was paid, and went to no invoice yet
	Balance credit.Balance
	Lots    []credit.Lot
	Owed    credit.Credits
	Alert   credit.Alert
	Now     time.Time
}

func (w *Web) billing(rw http.ResponseWriter, r *http.Request, v *visit) error {
	if back, err := w.returned(rw, r); back || err != nil {
		return err
	}
	p := billingPage{Manages: v.Scope.Permissions().Has(tenant.ManageBilling)}
	var err error
	if p.Page, err = w.member(r.Context(), v, "Billing"); err != nil {
		return err
	}
	if err := w.st.View(r.Context(), v.Scope, p.read); err != nil {
		return err
	}
	return show(r.Context(), rw, http.StatusOK, billingView(p))
}

func (p *billingPage) read(ctx context.Context, v *tenant.View) (err error) {
	p.Now = v.Now()
	if p.Holder, err = account.Load(ctx, v); err != nil {
		return err
	}
	if err := belongs(ctx, v, &p.Page); err != nil {
		return err
	}
	if err := subscription.Standing(ctx, v); err != nil {
		if p.Closed, err = refused(err); err != nil {
			return err
		}
	}
	if err := p.readPlan(ctx, v); err != nil {
		return err
	}
	if err := p.readMoney(ctx, v); err != nil {
		return err
	}
	return p.readCredits(ctx, v)
}

func (p *billingPage) readPlan(ctx context.Context, v *tenant.View) error {
	s, err := subscription.Current(ctx, v)
	if errors.Is(err, subscription.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	p.Current = &s
	next, found, err := subscription.Waiting(ctx, v)
	if found && next.ID != s.ID {
		p.Waiting = &next
	}
	return err
}

func (p *billingPage) readMoney(ctx context.Context, v *tenant.View) (err error) {
	if p.Open, err = invoice.ListOpen(ctx, v); err != nil {
		return err
	}
	for _, i := range p.Open {
		all, err := payment.OfInvoice(ctx, v, i.ID)
		if err != nil {
			return err
		}
		for _, one := range all {
			if one.Status == payment.PendingReview || one.Status == payment.AwaitingApproval {
				p.Claims++
			}
		}
	}
	all, err := payment.Balances(ctx, v)
	for _, m := range all {
		if m.Amount != 0 {
			p.Unused = append(p.Unused, m)
		}
	}
	return err
}

func (p *billingPage) readCredits(ctx context.Context, v *tenant.View) (err error) {
	if p.Balance, err = credit.BalanceOf(ctx, v); err != nil {
		return err
	}
	if p.Lots, err = credit.Lots(ctx, v); err != nil {
		return err
	}
	if p.Alert, err = credit.AlertOf(ctx, v); err != nil {
		return err
	}
	debts, err := credit.Debts(ctx, v)
	for _, d := range debts {
		p.Owed += d.Remaining
	}
	return err
}

// ordered tells whether what waits is the only plan there is.
func (p billingPage) ordered() bool {
	return p.Current != nil && p.Current.Status == subscription.PendingPayment
}

// renews tells whether the plan goes on by itself.
func (p billingPage) renews() bool {
	return p.running() && p.Current.Status != subscription.Trialing && !p.Current.CancelAtEnd
}

// running tells whether the account is on a plan now.
func (p billingPage) running() bool {
	if p.Current == nil {
		return false
	}
	switch p.Current.Status {
	case subscription.Trialing, subscription.Active, subscription.PastDue:
		return true
	case subscription.PendingPayment, subscription.Cancelled, subscription.Expired:
	}
	return false
}

// late tells whether the plan's time is over and the account works on until a
// payment comes.
func (p billingPage) late() bool {
	return p.Closed == nil && p.running() && p.Current.Status != subscription.Trialing && !p.Now.Before(p.Current.PeriodEnd)
}

// grace is the end of that.
func (p billingPage) grace() time.Time { return p.Current.PeriodEnd.Add(subscription.Grace) }

// cancelled tells whether the plan ends with its period.
func (p billingPage) cancelled() bool { return p.running() && p.Current.CancelAtEnd }

// ends is what the end of the period means.
func (p billingPage) ends() words.Text {
	switch {
	case p.Current.Status == subscription.Trialing && p.Closed == nil:
		return "Trial ends"
	case !p.running() || p.Closed != nil:
		return "Ended"
	case p.Current.CancelAtEnd:
		return "Ends on"
	}
	return "Renews on"
}

// closedTitle is what a member is told of why the account does not work.
func closedTitle(a account.Account, f *fault.Fault) words.Text {
	switch {
	case a.Status == account.PendingPayment:
		return "Your account waits for a payment"
	case f.Code == "trial.ended":
		return "Your trial is over"
	case f.Code == "plan.inactive":
		return "Your plan is no longer offered"
	}
	return "Your account has stopped until it is paid"
}

// sourceName is where a lot's credits come from, in words.
func sourceName(s credit.Source) words.Text {
	if s == credit.PlanCredits {
		return "From the plan"
	}
	return "Extra"
}

// billingPlaces is the pages about money.
func billingPlaces() []ui.Place {
	return []ui.Place{
		{Name: "Overview", Path: "/billing"}, {Name: "Usage", Path: "/billing/usage"}, {Name: "Ledger", Path: "/billing/ledger"}, {Name: "Invoices", Path: "/billing/invoices"},
		{Name: "Payments", Path: "/billing/payments"}, {Name: "Credit notes", Path: "/billing/credit-notes"}, {Name: "Details", Path: "/billing/details"},
	}
}

// askCancel is the question as a page of its own.
func (w *Web) askCancel(rw http.ResponseWriter, r *http.Request, v *visit) error {
	var s subscription.Subscription
	err := w.st.View(r.Context(), v.Scope, func(ctx context.Context, view *tenant.View) (err error) {
		s, err = subscription.Current(ctx, view)
		return err
	})
	if err != nil {
		return err
	}
	p := askPage{Question: cancelQuestion(v.page.Locale, s)}
	if p.Page, err = w.personal(r.Context(), v, p.Question.Title); err != nil {
		return err
	}
	return show(r.Context(), rw, http.StatusOK, askView(p))
}

func cancelQuestion(l ui.Locale, s subscription.Subscription) ui.Confirm {
	return ui.Confirm{
		ID: "cancel-plan", Ask: "Cancel the plan", Title: words.With("Cancel %s?", s.Plan.Name),
		Text: words.With("Everything works until %s. After that there is no further invoice, and the account stops. You can change your mind until then.", l.Date(s.PeriodEnd)),
		Do:   "Cancel at the end of the period", Action: "/billing/cancel", Page: "/billing/cancel", Back: "/billing",
	}
}

func (w *Web) cancelPlan(rw http.ResponseWriter, r *http.Request, v *visit) error {
	return w.renewal(rw, r, v, true)
}

func (w *Web) resumePlan(rw http.ResponseWriter, r *http.Request, v *visit) error {
	return w.renewal(rw, r, v, false)
}

func (w *Web) renewal(rw http.ResponseWriter, r *http.Request, v *visit, cancel bool) error {
	var s subscription.Subscription
	err := w.st.Update(r.Context(), v.Scope, func(ctx context.Context, tx *tenant.Tx) (err error) {
		s, err = w.Desk.Cancel(ctx, tx, cancel)
		return err
	})
	if f, err := refused(err); err != nil || f != nil {
		if err == nil {
			w.say(rw, ui.Warn, f.Msg)
			err = to(rw, r, "/billing")
		}
		return err
	}
	if cancel {
		w.say(rw, ui.Good, words.With("The plan ends on %s. Until then everything works.", v.page.Locale.Date(s.PeriodEnd)))
	} else {
		w.say(rw, ui.Good, words.With("The plan goes on. You get the next invoice before %s.", v.page.Locale.Date(s.PeriodEnd)))
	}
	return to(rw, r, "/billing")
}
