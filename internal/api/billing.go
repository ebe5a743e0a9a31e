package api

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"igny8/internal/account"
	"igny8/internal/credit"
	"igny8/internal/fault"
	"igny8/internal/identity"
	"igny8/internal/invoice"
	"igny8/internal/payment"
	"igny8/internal/plan"
	"igny8/internal/subscription"
	"igny8/internal/tenant"
)

func (a *API) billingRoutes() {
	reading := identity.TenantEvenIfUnpaid(tenant.ReadBilling)
	public(a, route{method: http.MethodGet, path: "/plans", id: "list-plans", tag: "billing", summary: "What is for sale"}, a.listPlans)
	mount(a, route{method: http.MethodGet, path: "/billing/payment-methods", id: "list-payment-methods", tag: "billing",
		summary: "Which ways to pay there are: for the account of the credential, or for a newcomer"}, identity.Anybody(), a.listMethods)
	read(a, route{method: http.MethodGet, path: "/billing/subscription", id: "get-subscription", tag: "billing", summary: "Which plan the account is on"}, reading, getSubscription)
	write(a, route{method: http.MethodPost, path: "/billing/cancel", id: "cancel-subscription", tag: "billing",
		summary: "Let the subscription end with its period"}, identity.TenantEvenIfUnpaid(tenant.ManageBilling), a.cancel(true))
	write(a, route{method: http.MethodPost, path: "/billing/resume", id: "resume-subscription", tag: "billing",
		summary: "Let a subscription that was cancelled be renewed after all"}, identity.TenantEvenIfUnpaid(tenant.ManageBilling), a.cancel(false))
	read(a, route{method: http.MethodGet, path: "/billing/invoices", id: "list-invoices", tag: "billing", summary: "The invoices, newest first"}, reading, listInvoices)
	read(a, route{method: http.MethodGet, path: "/billing/invoices/{id}", id: "get-invoice", tag: "billing", summary: "One invoice"}, reading, getInvoice)
	read(a, route{method: http.MethodGet, path: "/billing/credits", id: "get-credits", tag: "billing", summary: "The balance, and what it is made of"}, reading, getCredits)
	read(a, route{method: http.MethodGet, path: "/billing/credits/entries", id: "list-credit-entries", tag: "billing", summary: "The ledger, newest first"}, reading, listEntries)
	read(a, route{method: http.MethodGet, path: "/billing/credits/usage", id: "get-credit-usage", tag: "billing", summary: "What was spent, by day, week or month, and by operation, site or who ordered it"}, reading, getUsage)
	confirm := route{method: http.MethodPost, path: "/billing/confirm-bank-transfer", id: "confirm-bank-transfer", tag: "billing",
		summary: "Record a bank transfer that has arrived, with all that follows from it"}
	mountKeeping(a, confirm, identity.Staff(tenant.PaymentsConfirm), a.confirmTransfer(confirm))
	form := confirm
	form.path, form.id, form.maxBody = confirm.path+formPath, confirm.id+"-form", maxForm
	form.summary += ". With the file that shows it"
	mountKeeping(a, form, identity.Staff(tenant.PaymentsConfirm), a.confirmTransferForm(form))
	a.explainRoutes()
	a.packageRoutes()
	a.quoteRoutes()
	a.alertRoutes()
	a.paymentRoutes()
	a.adminPaymentRoutes()
}

func (a *API) listPlans(ctx context.Context, _ *struct{}) (*reply[page[planView]], error) {
	var offers []plan.Offer
	err := a.st.ViewShared(ctx, func(ctx context.Context, r tenant.Shared) error {
		plans, err := plan.List(ctx, r)
		if err != nil {
			return err
		}
		offers, err = plan.Offers(ctx, r, plans)
		return err
	})
	return list(offers, showPlan), err
}

type methodView struct {
	Method string `json:"method" enum:"stripe,paypal,bank_transfer"`
	Status string `json:"status" enum:"available,coming_soon" doc:"coming_soon: not set up yet, or not offered to who asks."`
}

// listMethods tells an account what it can order by, and who has none yet what
// he can register with, as far as that is open to anybody.
func (a *API) listMethods(ctx context.Context, c visit, _ *struct{}) (*reply[page[methodView]], error) {
	var methods []payment.Availability
	var err error
	if c.Scope.Account().IsZero() {
		err = a.st.ViewShared(ctx, func(ctx context.Context, r tenant.Shared) (err error) {
			methods, err = a.desk.MethodsForNewcomer(ctx, r, "")
			return err
		})
	} else {
		err = a.st.View(ctx, c.Scope, func(ctx context.Context, v *tenant.View) (err error) {
			methods, err = a.desk.Methods(ctx, v)
			return err
		})
	}
	return list(methods, func(m payment.Availability) methodView {
		if m.Available {
			return methodView{string(m.Method), "available"}
		}
		return methodView{string(m.Method), "coming_soon"}
	}), err
}

type planOfView struct {
	subscriptionView
	Waiting *subscriptionView `json:"waiting" doc:"What was ordered and begins with its payment. Null when nothing waits beside the current one."`
	Terms   planView          `json:"terms" doc:"The plan of the current one."`
}

func getSubscription(ctx context.Context, v *tenant.View, _ *struct{}) (*reply[planOfView], error) {
	s, err := subscription.Current(ctx, v)
	if err != nil {
		return nil, err
	}
	prices, err := plan.Prices(ctx, v.Shared(), s.Plan)
	if err != nil {
		return nil, err
	}
	out := planOfView{subscriptionView: showSubscription(s), Terms: showPlan(plan.Offer{Plan: s.Plan, Prices: prices})}
	w, found, err := subscription.Waiting(ctx, v)
	if found && w.ID != s.ID {
		out.Waiting = ptr(showSubscription(w))
	}
	return &reply[planOfView]{Body: out}, err
}

type checkoutInput struct {
	Body struct {
		Plan          string `json:"plan" maxLength:"100" doc:"A plan's code or id."`
		Currency      string `json:"currency,omitempty" maxLength:"3" doc:"One of the plan's prices. None: that of the account's country where there is one, or else the plan's price."`
		PaymentMethod string `json:"payment_method,omitempty" maxLength:"100" doc:"stripe, paypal or bank_transfer. None: stripe."`
	}
}

// takeOrder is what is asked for before anybody is sent to a vendor.
func (a *API) takeOrder(ctx context.Context, tx *tenant.Tx, in *checkoutInput) (*reply[checkoutView], error) {
	method, err := account.ParsePaymentMethod(in.Body.PaymentMethod)
	if err != nil {
		return nil, err
	}
	acc, err := account.Load(ctx, tx)
	if err != nil {
		return nil, err
	}
	p, err := plan.ForSaleIn(ctx, tx.Shared(), in.Body.Plan, plan.Wish{Currency: in.Body.Currency, Country: acc.Country})
	if err != nil {
		return nil, err
	}
	s, i, err := a.desk.Checkout(ctx, tx, p, method)
	if err != nil {
		return nil, err
	}
	v, err := invoiceOf(ctx, tx, i)
	return &reply[checkoutView]{Body: checkoutView{Subscription: showSubscription(s), Invoice: v}}, err
}

func (a *API) cancel(cancel bool) func(context.Context, *tenant.Tx, *struct{}) (*reply[subscriptionView], error) {
	return func(ctx context.Context, tx *tenant.Tx, _ *struct{}) (*reply[subscriptionView], error) {
		s, err := a.desk.Cancel(ctx, tx, cancel)
		return &reply[subscriptionView]{Body: showSubscription(s)}, err
	}
}

func listInvoices(ctx context.Context, v *tenant.View, in *Window) (*reply[page[invoiceView]], error) {
	after, err := cursorOf(invoice.ParseID, in.Cursor)
	if err != nil {
		return nil, err
	}
	all, err := invoice.List(ctx, v, after, in.Limit+1)
	if err != nil {
		return nil, err
	}
	out := part(all, in.Limit, func(i invoice.Invoice) invoiceView {
		var shown invoiceView
		if err == nil {
			shown, err = invoiceOf(ctx, v, i)
		}
		return shown
	}, func(i invoice.Invoice) string { return i.ID.String() })
	return out, err
}

func getInvoice(ctx context.Context, v *tenant.View, in *IDInput) (*reply[invoiceView], error) {
	iid, err := named(invoice.ParseID, in.ID, invoice.ErrNotFound)
	if err != nil {
		return nil, err
	}
	i, err := invoice.Load(ctx, v, iid)
	if err != nil {
		return nil, err
	}
	shown, err := invoiceOf(ctx, v, i)
	return &reply[invoiceView]{Body: shown}, err
}

func listPayments(ctx context.Context, v *tenant.View, in *Window) (*reply[page[paymentView]], error) {
	after, err := cursorOf(payment.ParseID, in.Cursor)
	if err != nil {
		return nil, err
	}
	all, err := payment.List(ctx, v, after, in.Limit+1)
	return part(all, in.Limit, showPayment, func(p payment.Payment) string { return p.ID.String() }), err
}

func getCredits(ctx context.Context, v *tenant.View, _ *struct{}) (*reply[creditsView], error) {
	c, err := creditsOf(ctx, v)
	return &reply[creditsView]{Body: c}, err
}

type entryView struct {
	ID           string    `json:"id"`
	Kind         string    `json:"kind" enum:"grant,reserve,settle,release,expire,adjust"`
	Amount       int64     `json:"amount" doc:"What the entry did to the available credits."`
	BalanceAfter int64     `json:"balance_after" doc:"The available credits after it."`
	HeldChange   int64     `json:"held_change" doc:"What the entry did to the held credits."`
	HeldAfter    int64     `json:"held_after"`
	Operation    *string   `json:"operation"`
	Reference    string    `json:"reference"`
	Actor        string    `json:"actor"`
	Created      time.Time `json:"created_at"`
}

func listEntries(ctx context.Context, v *tenant.View, in *Window) (*reply[page[entryView]], error) {
	before := int64(0)
	if in.Cursor != "" {
		var err error
		if before, err = strconv.ParseInt(in.Cursor, 10, 64); err != nil || before <= 0 {
			return nil, errCursor
		}
	}
	entries, err := credit.Entries(ctx, v, credit.Page{Before: before, Limit: in.Limit + 1})
	return part(entries, in.Limit, showEntry, func(e credit.Entry) string { return strconv.FormatInt(e.Seq, 10) }), err
}

func showEntry(e credit.Entry) entryView {
	return entryView{
		ID: e.ID.String(), Kind: string(e.Kind), Amount: int64(e.Amount), BalanceAfter: int64(e.BalanceAfter),
		HeldChange: int64(e.HeldChange), HeldAfter: int64(e.HeldAfter), Operation: text(string(e.Operation)),
		Reference: e.Reference, Actor: e.Actor, Created: e.At,
	}
}

var errCursor = fault.New(fault.Invalid, "request.invalid_cursor", "This cursor is not one that a list gave.")

// cursorOf reads a cursor that is an id; none is the zero one.
func cursorOf[T any](parse func(string) (T, error), s string) (T, error) {
	var none T
	if s == "" {
		return none, nil
	}
	v, err := parse(s)
	if err != nil {
		return none, errCursor.At("query.cursor", "give the next_cursor of the part before", nil)
	}
	return v, nil
}
