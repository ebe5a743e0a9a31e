package api

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"igny8/internal/account"
	"igny8/internal/fault"
	"igny8/internal/identity"
	"igny8/internal/invoice"
	"igny8/internal/payment"
	"igny8/internal/tenant"
	"igny8/internal/throttle"
)

// maxWebhook is how many bytes a vendor's message may have. Stripe's and
// PayPal's have some thousands.
const maxWebhook = 256 << 10

func (a *API) vendorRoutes() {
	managing := identity.TenantEvenIfUnpaid(tenant.ManageBilling)
	order := route{method: http.MethodPost, path: checkoutPath, id: "checkout", tag: "billing", needsKey: true, status: http.StatusCreated,
		summary: "Order a plan: its invoice says what to pay and where"}
	mountKeeping(a, order, managing, checkout(a, order, a.takeOrder))
	mount(a, route{method: http.MethodPost, path: "/billing/invoices/{id}/pay", id: "pay-invoice", tag: "billing",
		summary: "Where an open invoice is paid by Stripe or PayPal"}, managing, a.payInvoice)
	mount(a, route{method: http.MethodPost, path: "/billing/portal", id: "open-billing-portal", tag: "billing",
		summary: "Where the account looks after what Stripe or PayPal takes by itself"}, managing, a.openPortal)
	for _, m := range []account.PaymentMethod{account.Stripe, account.PayPal} {
		r := route{method: http.MethodPost, path: "/billing/webhooks/" + string(m), id: string(m) + "-webhook", tag: "billing",
			summary: "For the messages of the payment provider, which are signed", maxBody: maxWebhook, scope: throttle.Vendor, asItCame: true}
		public(a, r, a.hear(m))
	}
	survey(a, route{method: http.MethodGet, path: "/admin/webhook-events", id: "admin-list-webhook-events", tag: "admin",
		summary: "The messages of payment providers, newest first"}, tenant.PaymentsConfirm, adminMessages)
	survey(a, route{method: http.MethodGet, path: "/admin/webhook-events/{id}", id: "admin-get-webhook-event", tag: "admin",
		summary: "One message, as it came"}, tenant.PaymentsConfirm, a.adminMessage)
	onShared(a, route{method: http.MethodPost, path: "/admin/webhook-events/{id}/replay", id: "admin-replay-webhook-event", tag: "admin",
		summary: "Look into a message again"}, tenant.PaymentsConfirm, a.adminReplay)
}

type checkoutView struct {
	Subscription subscriptionView `json:"subscription"`
	Invoice      invoiceView      `json:"invoice"`
	Redirect     *string          `json:"redirect_url" doc:"Where to pay, by Stripe or PayPal. Null: by bank transfer, as the invoice says, or the balance has paid it."`
}

// checkout orders in one transaction, which keeps its answer. Where to pay the
// vendor is asked for after it, and asked or looked up anew when the request
// is sent again.
func checkout[In any](a *API, r route, take func(context.Context, *tenant.Tx, *In) (*reply[checkoutView], error)) func(context.Context, visit, *In) (*reply[checkoutView], error) {
	return func(ctx context.Context, c visit, in *In) (*reply[checkoutView], error) {
		q, err := asked(r, c, c.Scope.Account().String(), c.Scope.Actor(), in)
		if err != nil {
			return nil, err
		}
		var out outcome[reply[checkoutView]]
		err = a.st.Update(ctx, c.Scope, func(ctx context.Context, tx *tenant.Tx) error {
			out, err = once(ctx, a, tx, r, q, func() (*reply[checkoutView], error) { return take(ctx, tx, in) })
			return err
		})
		if err != nil {
			return nil, err
		}
		if out.kept != nil {
			out.fresh = &reply[checkoutView]{}
			if err := json.Unmarshal(out.kept.Text, &out.fresh.Body); err != nil {
				return nil, err
			}
		}
		i := out.fresh.Body.Invoice
		if i.PaymentMethod == string(account.BankTransfer) || i.AmountDue.Amount == 0 {
			return out.told(nil)
		}
		iid, err := invoice.ParseID(i.ID)
		if err != nil {
			return nil, err
		}
		url, err := a.desk.Pay(ctx, c.Scope, iid)
		if errors.Is(err, invoice.ErrNotOpen) { // it has been paid since, or withdrawn
			return out.told(nil)
		}
		out.fresh.Body.Redirect = text(url)
		return out.fresh, orderStands(err, i.ID)
	}
}

// orderStands names the invoice of an order that could not be sent on to the
// vendor.
func orderStands(err error, iid string) error {
	if errors.Is(err, payment.ErrVendorAway) || errors.Is(err, payment.ErrVendorRefused) {
		return errors.Join(fault.Of(err).With("invoice_id", iid).With("pay", Base+"/billing/invoices/"+iid+"/pay"), err)
	}
	return err
}

type redirectView struct {
	Redirect string `json:"redirect_url" doc:"Send the person there."`
}

func (a *API) payInvoice(ctx context.Context, c visit, in *IDInput) (*reply[redirectView], error) {
	iid, err := named(invoice.ParseID, in.ID, invoice.ErrNotFound)
	if err != nil {
		return nil, err
	}
	url, err := a.desk.Pay(ctx, c.Scope, iid)
	return &reply[redirectView]{Body: redirectView{url}}, orderStands(err, in.ID)
}

func (a *API) openPortal(ctx context.Context, c visit, _ *struct{}) (*reply[redirectView], error) {
	url, err := a.desk.Manage(ctx, c.Scope)
	return &reply[redirectView]{Body: redirectView{url}}, err
}

// messageInput is a message with the headers that prove whose it is. The bytes
// are read as they came.
type messageInput struct {
	header  http.Header
	RawBody []byte `contentType:"application/json"`
}

// Resolve implements huma.Resolver.
func (in *messageInput) Resolve(ctx huma.Context) []error {
	in.header = http.Header{}
	ctx.EachHeader(func(name, value string) { in.header.Add(name, value) })
	return nil
}

type heardView struct {
	Received bool `json:"received"`
}

// hear stores a vendor's message. It is looked into later, so that the vendor
// has its answer at once.
func (a *API) hear(from account.PaymentMethod) func(context.Context, *messageInput) (*reply[heardView], error) {
	return func(ctx context.Context, in *messageInput) (*reply[heardView], error) {
		e, err := a.desk.ParseEvent(ctx, from, in.header, in.RawBody)
		if err != nil {
			a.log.WarnContext(ctx, "message of a payment provider refused", "vendor", string(from), "bytes", len(in.RawBody), "err", err)
			return nil, err
		}
		err = a.st.UpdateShared(ctx, func(ctx context.Context, tx *tenant.SharedTx) error { return a.desk.Keep(ctx, tx, e) })
		return &reply[heardView]{Body: heardView{true}}, err
	}
}

type messagesInput struct {
	Window
	State string `query:"state" enum:"received,done,ignored,failed" doc:"Only these."`
}

type messageView struct {
	ID         string     `json:"id"`
	Vendor     string     `json:"vendor" enum:"stripe,paypal"`
	ExternalID string     `json:"external_id" doc:"What the provider calls the message."`
	Type       string     `json:"type"`
	About      string     `json:"about" doc:"What the provider calls what it is about."`
	State      string     `json:"state" enum:"received,done,ignored,failed" doc:"ignored: it is about nothing of ours. failed: somebody has to see to it."`
	Account    *string    `json:"account_id"`
	Tries      int64      `json:"tries"`
	Error      *string    `json:"error"`
	Received   time.Time  `json:"received_at"`
	Done       *time.Time `json:"done_at"`
}

func showMessage(e payment.Told) messageView {
	return messageView{
		ID: e.ID.String(), Vendor: string(e.Vendor), ExternalID: e.ExternalID, Type: e.Type, About: e.About, State: string(e.State),
		Account: text(e.Whose), Tries: e.Tries, Error: text(e.Error), Received: e.Received, Done: moment(e.Done),
	}
}

func adminMessages(ctx context.Context, s *tenant.Survey, in *messagesInput) (*reply[page[messageView]], error) {
	after, err := cursorOf(payment.ParseEventID, in.Cursor)
	if err != nil {
		return nil, err
	}
	all, err := payment.Events(ctx, s, payment.EventState(in.State), after, in.Limit+1)
	return part(all, in.Limit, showMessage, func(e payment.Told) string { return e.ID.String() }), err
}

type wholeMessageView struct {
	messageView
	Body string `json:"body" doc:"The bytes that came."`
}

func (a *API) adminMessage(ctx context.Context, s *tenant.Survey, in *IDInput) (*reply[wholeMessageView], error) {
	eid, err := named(payment.ParseEventID, in.ID, payment.ErrEventNotFound)
	if err != nil {
		return nil, err
	}
	e, body, err := a.desk.LoadEvent(ctx, s, eid)
	return &reply[wholeMessageView]{Body: wholeMessageView{showMessage(e), string(body)}}, err
}

func (a *API) adminReplay(ctx context.Context, tx *tenant.SharedTx, in *IDInput) (*reply[messageView], error) {
	eid, err := named(payment.ParseEventID, in.ID, payment.ErrEventNotFound)
	if err != nil {
		return nil, err
	}
	e, err := a.desk.Replay(ctx, tx, eid)
	return &reply[messageView]{Body: showMessage(e)}, err
}
