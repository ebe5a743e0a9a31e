package stripe

import (
	"context"
	"fmt"
	"strings"

	api "github.com/stripe/stripe-go/v85"

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
	s, err := c.api.V1CheckoutSessions.Retrieve(ctx, sid, &api.CheckoutSessionRetrieveParams{})
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
	s, err := c.api.V1Subscriptions.Retrieve(ctx, sid, &api.SubscriptionRetrieveParams{})
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
	i, err := c.api.V1Invoices.Retrieve(ctx, iid, &api.InvoiceRetrieveParams{})
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
	for paid, err := range c.api.V1InvoicePayments.List(ctx, list).All(ctx) {
		if err != nil {
			return told("read what was paid on "+iid, err)
		}
		if paid.Status != "paid" || paid.Payment == nil || paid.Payment.PaymentIntent == nil {
			continue
		}
		if err := c.intent(ctx, t, paid.Payment.PaymentIntent.ID); err != nil {
			return err
		}
	}
	return nil
}

// intent is money, if it came, and what of it went back.
func (c *Client) intent(ctx context.Context, t *vendor.Truth, pid string) error {
	p := &api.PaymentIntentRetrieveParams{}
	p.AddExpand("latest_charge")
	i, err := c.api.V1PaymentIntents.Retrieve(ctx, pid, p)
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
	for d, err := range c.api.V1Disputes.List(ctx, &api.DisputeListParams{PaymentIntent: api.String(pid)}).All(ctx) {
		if err != nil {
			return false, told("read the disputes of "+pid, err)
		}
		switch d.Status {
		case api.DisputeStatusNeedsResponse, api.DisputeStatusUnderReview, api.DisputeStatusLost:
			return true, nil
		case api.DisputeStatusWon, api.DisputeStatusPrevented, api.DisputeStatusWarningClosed,
			api.DisputeStatusWarningNeedsResponse, api.DisputeStatusWarningUnderReview:
		}
	}
	return false, nil
}

func (c *Client) charge(ctx context.Context, t *vendor.Truth, cid string) error {
	ch, err := c.api.V1Charges.Retrieve(ctx, cid, &api.ChargeRetrieveParams{})
	if err != nil {
		return told("read "+cid, err)
	}
	if ch.PaymentIntent == nil {
		return nil // not made by a Checkout of ours
	}
	return c.whose(ctx, t, ch.PaymentIntent.ID)
}

func (c *Client) dispute(ctx context.Context, t *vendor.Truth, did string) error {
	d, err := c.api.V1Disputes.Retrieve(ctx, did, &api.DisputeRetrieveParams{})
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
	for paid, err := range c.api.V1InvoicePayments.List(ctx, list).All(ctx) {
		if err != nil {
			return told("read what "+pid+" paid", err)
		}
		if paid.Invoice != nil {
			return c.invoice(ctx, t, paid.Invoice.ID)
		}
	}
	return c.intent(ctx, t, pid)
}
