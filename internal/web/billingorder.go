package web

import (
	"context"
	"crypto/rand"
	"errors"
	"net/http"
	"net/url"
	"strings"

	"igny8/internal/account"
	"igny8/internal/fault"
	"igny8/internal/invoice"
	"igny8/internal/payment"
	"igny8/internal/plan"
	"igny8/internal/replay"
	"igny8/internal/subscription"
	"igny8/internal/tenant"
	"igny8/internal/web/ui"
	"igny8/internal/words"
)

// plansPage is what an account can order.
type plansPage struct {
	ui.Page
	Form    ui.Form
	Current *subscription.Subscription // nil: there never was one
	Waiting *subscription.Subscription // nil: nothing waits
	Running bool
	Plans   []plan.Plan // that cost something, in the currency of the account's country
	Methods []payment.Availability
	Once    string // makes the order count once

	desk *payment.Desk
}

// onceField carries what makes a form count once, however often it is sent.
const onceField = "once"

var errSentBefore = fault.New(fault.Conflict, "page.sent_before", "This form was sent before, with something else in it. Look at it again, and send it if you still want to.")

// once does what a form asks for in tx, unless the same form was sent before:
// it is answered as then. The form is sent without a key by nobody who has it
// from us.
func (w *Web) once(ctx context.Context, tx *tenant.Tx, r *http.Request, key, asks string, do func() (string, error)) (string, error) {
	k, err := replay.ParseKey(key)
	if err != nil || k.IsZero() {
		return "", errForm
	}
	by := tx.Scope()
	answer, err := w.Replay.Once(ctx, tx, replay.Request{
		Owner: by.Account().String(), Key: k, Route: "page " + r.Pattern, Actor: by.Actor().String(), Body: []byte(r.URL.Path + "\x00" + asks),
	}, func() ([]byte, error) {
		said, err := do()
		return []byte(said), err
	})
	if errors.Is(err, replay.ErrMismatch) {
		err = errSentBefore
	}
	return string(answer), err
}

func (w *Web) billingPlans(rw http.ResponseWriter, r *http.Request, v *visit) error {
	values := url.Values{}
	if wanted := r.URL.Query().Get("plan"); wanted != "" {
		values.Set("plan", wanted)
	}
	return w.showPlans(rw, r, v, http.StatusOK, ui.NewForm(values))
}

func (w *Web) showPlans(rw http.ResponseWriter, r *http.Request, v *visit, status int, f ui.Form) error {
	p := plansPage{Form: f, Once: rand.Text(), desk: w.Desk}
	var err error
	if p.Page, err = w.personal(r.Context(), v, "Choose a plan"); err != nil {
		return err
	}
	if err := w.st.View(r.Context(), v.Scope, p.read); err != nil {
		return err
	}
	return show(r.Context(), rw, status, plansView(p))
}

func (p *plansPage) read(ctx context.Context, v *tenant.View) error {
	s, err := subscription.Current(ctx, v)
	if err != nil && !errors.Is(err, subscription.ErrNotFound) {
		return err
	}
	if err == nil {
		p.Current = &s
		p.Running = subscription.Standing(ctx, v) == nil
		p.Title = "Change the plan"
	}
	next, found, err := subscription.Waiting(ctx, v)
	if err != nil {
		return err
	}
	if found {
		p.Waiting = &next
	}
	a, err := account.Load(ctx, v)
	if err != nil {
		return err
	}
	all, err := plan.List(ctx, v.Shared())
	if err != nil {
		return err
	}
	for _, one := range all {
		if one.Free() {
			continue
		}
		sold, err := plan.ForSaleIn(ctx, v.Shared(), one.Code, plan.Wish{Country: a.Country})
		if err != nil {
			return err
		}
		p.Plans = append(p.Plans, sold)
	}
	p.Methods, err = p.desk.Methods(ctx, v)
	return err
}

// on tells whether the account is on a plan now, and goes on with it.
func (p plansPage) on(o plan.Plan) bool {
	return p.Running && p.Current.Plan.ID == o.ID && p.Current.Status == subscription.Active && !p.Current.CancelAtEnd
}

// picks is what is for sale. What the account is on already cannot be ordered
// by mistake.
func (p plansPage) picks() []ui.Pick {
	picks := planPicks(p.Locale, p.Plans)
	for n, o := range p.Plans {
		if p.on(o) {
			picks[n].Label = words.With("%s – your plan now", picks[n].Label)
			picks[n].Disabled = true
		}
	}
	return picks
}

// start is the plan that is chosen before anybody chose: what waits, or the
// first that can be ordered.
func (p plansPage) start() string {
	if p.Waiting != nil {
		return p.Waiting.Plan.Code
	}
	for _, o := range p.Plans {
		if !p.on(o) {
			return o.Code
		}
	}
	return ""
}

// method is the way to pay that is chosen before anybody chose.
func (p plansPage) method() string { return firstMethod(p.Methods) }

// firstMethod is the first way to pay that there is; empty: none.
func firstMethod(all []payment.Availability) string {
	for _, m := range all {
		if m.Available {
			return string(m.Method)
		}
	}
	return ""
}

func (w *Web) orderPlan(rw http.ResponseWriter, r *http.Request, v *visit) error {
	values, err := formOf(r)
	if err != nil {
		return err
	}
	id, err := w.order(r, v, values)
	if err != nil {
		f, err := refused(err)
		if err != nil {
			return err
		}
		return w.showPlans(rw, r, v, statusOf(f), ui.NewForm(values).Refused(f, "plan", "payment_method"))
	}
	w.say(rw, ui.Good, "Thank you for your order.")
	return to(rw, r, "/billing/invoices/"+id)
}

var errNoChoice = fault.New(fault.Invalid, "page.nothing_chosen", "Choose a plan.").At("body.plan", "must be chosen", nil)

// order takes the order, and is the id of its invoice.
func (w *Web) order(r *http.Request, v *visit, values url.Values) (string, error) {
	code, method := values.Get("plan"), values.Get("payment_method")
	if strings.TrimSpace(code) == "" {
		return "", errNoChoice
	}
	m, err := account.ParsePaymentMethod(method)
	if err != nil {
		return "", err
	}
	var id string
	err = w.st.Update(r.Context(), v.Scope, func(ctx context.Context, tx *tenant.Tx) error {
		a, err := account.Load(ctx, tx)
		if err != nil {
			return err
		}
		id, err = w.once(ctx, tx, r, values.Get(onceField), code+"\x00"+method, func() (string, error) {
			p, err := plan.ForSaleIn(ctx, tx.Shared(), code, plan.Wish{Country: a.Country})
			if err != nil {
				return "", err
			}
			var i invoice.Invoice
			_, i, err = w.Desk.Checkout(ctx, tx, p, m)
			return i.ID.String(), err
		})
		return err
	})
	return id, err
}
