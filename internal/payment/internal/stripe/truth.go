package stripe

import (
	"context"
	"fmt"
	"strings"

	api "github.com/stripe/stripe-go/v85"
	"github.com/stripe/stripe-go/v85/charge"
	checkout "github.com/stripe/stripe-go/v85/checkout/session"
	"github.com/stripe/stripe-go/v85/dispute"
	"github.com/stripe/stripe-go/v85/invoice"
	"github.com/stripe/stripe-go/v85/invoicepayment"
	"github.com/stripe/stripe-go/v85/paymentintent"
	"github.com/stripe/stripe-go/v85/subscription"

	"igny8/internal/money"
	"igny8/internal/payment/internal/vendor"
)

// Fetch asks Stripe how things stand with what a message is about. Money is
// known by its PaymentIntent, whichever message tells of it.
func (c *Client) Fetch(ctx context.Context, n vendor.Notice) (t vendor.Truth, err error) {
	switch n.Object {
	case aSession:
		err = c.session(ctx, &t, n.Of)
	case anInvoice:
		err = c.invoice(ctx, &t, n.Of)
	case aCharge:
		err = c.charge(ctx, &t, n.Of)
	case aDispute:
		err = c.dispute(ctx, &t, n.Of)
	case aSubscription:
		err = c.subscription(ctx, &t, n.Of)
	default:
		err = fmt.Errorf("%w: nothing is asked about %q", vendor.ErrRefused, n.Object)
	}
	if err != nil {
		return vendor.Truth{}, err
	}
	return t, nil
}

func own(t *vendor.Truth, said map[string]string) {
	if said[ofAccount] != "" {
		t.Account, t.Invoice, t.Subscription = said[ofAccount], said[ofInvoice], said[ofSubscription]
	}
}

func (c *Client) session(ctx context.Context, t *vendor.Truth, sid string) error {
	p := &api.CheckoutSessionParams{}
	p.Context = ctx
	s, err := checkout.Client{B: c.b, Key: c.key}.Get(sid, p)
	if err != nil {
		return told("read "+sid, err)
	}
	own(t, s.Metadata)
	if s.Customer != nil {
		t.Agreement.Customer = s.Customer.ID
	}
	if s.Subscription != nil {
		if err := c.subscription(ctx, t, s.Subscription.ID); err != nil {
			return err
		}
	}
	if s.Invoice != nil {
		if err := c.invoice(ctx, t, s.Invoice.ID); err != nil {
			return err
		}
	}
	if s.PaymentIntent != nil {
		return c.intent(ctx, t, s.PaymentIntent.ID)
	}
	return nil
}

func (c *Client) subscription(ctx context.Context, t *vendor.Truth, sid string) error {
	p := &api.SubscriptionParams{}
	p.Context = ctx
	s, err := subscription.Client{B: c.b, Key: c.key}.Get(sid, p)
	if err != nil {
		return told("read "+sid, err)
	}
	own(t, s.Metadata)
	t.Agreement.ID = s.ID
	t.Agreement.Over = s.Status == api.SubscriptionStatusCanceled || s.Status == api.SubscriptionStatusIncompleteExpired
	if s.Customer != nil {
		t.Agreement.Customer = s.Customer.ID
	}
	return nil
}

// invoice is an invoice of Stripe's, which it makes for each interval, with
// all that was paid on it.
func (c *Client) invoice(ctx context.Context, t *vendor.Truth, iid string) error {
	p := &api.InvoiceParams{}
	p.Context = ctx
	i, err := invoice.Client{B: c.b, Key: c.key}.Get(iid, p)
	if err != nil {
		return told("read "+iid, err)
	}
	if i.Parent != nil && i.Parent.SubscriptionDetails != nil {
		own(t, i.Parent.SubscriptionDetails.Metadata)
		if s := i.Parent.SubscriptionDetails.Subscription; s != nil && t.Agreement.ID == "" {
			if err := c.subscription(ctx, t, s.ID); err != nil {
				return err
			}
		}
	}
	if i.BillingReason != api.InvoiceBillingReasonSubscriptionCreate {
		t.Invoice = "" // ours of the first interval is not what this one pays
	}
	if i.Status == api.InvoiceStatusOpen && i.Attempted {
		t.Failed = i.ID
	}
	list := &api.InvoicePaymentListParams{Invoice: api.String(iid), Status: api.String("paid")}
	list.Context = ctx
	all := invoicepayment.Client{B: c.b, Key: c.key}.List(list)
	for all.Next() {
		paid := all.InvoicePayment()
		if paid.Status != "paid" || paid.Payment == nil || paid.Payment.PaymentIntent == nil {
			continue
		}
		if err := c.intent(ctx, t, paid.Payment.PaymentIntent.ID); err != nil {
			return err
		}
	}
	return told("read what was paid on "+iid, all.Err())
}

// intent is money, if it came, and what of it went back.
func (c *Client) intent(ctx context.Context, t *vendor.Truth, pid string) error {
	p := &api.PaymentIntentParams{}
	p.Context = ctx
	p.AddExpand("latest_charge")
	i, err := paymentintent.Client{B: c.b, Key: c.key}.Get(pid, p)
	if err != nil {
		return told("read "+pid, err)
	}
	own(t, i.Metadata)
	if i.Status != api.PaymentIntentStatusSucceeded || i.AmountReceived <= 0 {
		return nil
	}
	paid := vendor.Payment{ID: i.ID, Amount: money.Of(i.AmountReceived, strings.ToUpper(string(i.Currency)))}
	if ch := i.LatestCharge; ch != nil {
		paid.Returned = ch.AmountRefunded
		if ch.BillingDetails != nil {
			paid.Payer = ch.BillingDetails.Name
		}
		if ch.Disputed {
			if paid.Reversed, err = c.withdrawn(ctx, i.ID); err != nil {
				return err
			}
			paid.Restored = !paid.Reversed
		}
	}
	t.Payments = append(t.Payments, paid)
	return nil
}

// withdrawn tells whether a dispute keeps the money from us: one that goes on,
// or was lost. A warning is none yet, and what was won came back.
func (c *Client) withdrawn(ctx context.Context, pid string) (bool, error) {
	list := &api.DisputeListParams{PaymentIntent: api.String(pid)}
	list.Context = ctx
	all := dispute.Client{B: c.b, Key: c.key}.List(list)
	for all.Next() {
		switch all.Dispute().Status {
		case api.DisputeStatusNeedsResponse, api.DisputeStatusUnderReview, api.DisputeStatusLost:
			return true, nil
		case api.DisputeStatusWon, api.DisputeStatusPrevented, api.DisputeStatusWarningClosed,
			api.DisputeStatusWarningNeedsResponse, api.DisputeStatusWarningUnderReview:
		}
	}
	return false, told("read the disputes of "+pid, all.Err())
}

func (c *Client) charge(ctx context.Context, t *vendor.Truth, cid string) error {
	p := &api.ChargeParams{}
	p.Context = ctx
	ch, err := charge.Client{B: c.b, Key: c.key}.Get(cid, p)
	if err != nil {
		return told("read "+cid, err)
	}
	if ch.PaymentIntent == nil {
		return nil // not made by a Checkout of ours
	}
	return c.whose(ctx, t, ch.PaymentIntent.ID)
}

func (c *Client) dispute(ctx context.Context, t *vendor.Truth, did string) error {
	p := &api.DisputeParams{}
	p.Context = ctx
	d, err := dispute.Client{B: c.b, Key: c.key}.Get(did, p)
	if err != nil {
		return told("read "+did, err)
	}
	if d.PaymentIntent == nil {
		return nil
	}
	return c.whose(ctx, t, d.PaymentIntent.ID)
}

// whose is a payment with the invoice of Stripe's that it paid, which says
// whose it is where the payment itself does not.
func (c *Client) whose(ctx context.Context, t *vendor.Truth, pid string) error {
	list := &api.InvoicePaymentListParams{Payment: &api.InvoicePaymentListPaymentParams{Type: api.String("payment_intent"), PaymentIntent: api.String(pid)}}
	list.Context = ctx
	all := invoicepayment.Client{B: c.b, Key: c.key}.List(list)
	for all.Next() {
		if i := all.InvoicePayment().Invoice; i != nil {
			return c.invoice(ctx, t, i.ID)
		}
	}
	if err := all.Err(); err != nil {
		return told("read what "+pid+" paid", err)
	}
	return c.intent(ctx, t, pid)
}
