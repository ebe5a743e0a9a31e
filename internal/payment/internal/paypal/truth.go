package paypal

import (
	"context"
	"fmt"
	"net/url"
	"strings"

	"igny8/internal/payment/internal/vendor"
)

// Fetch asks PayPal how things stand with what a message is about. Money is
// known by its capture, or by its sale where a subscription took it. An order
// that the payer has approved is captured: that is what he approved.
func (c *Client) Fetch(ctx context.Context, n vendor.Notice) (t vendor.Truth, err error) {
	switch n.Object {
	case anOrder:
		err = c.order(ctx, &t, n.Of)
	case aCapture:
		err = c.capture(ctx, &t, n.Of)
	case aRefund:
		err = c.refund(ctx, &t, n.Of)
	case aSale:
		err = c.sale(ctx, &t, n.Of)
	case aSaleRefund:
		err = c.saleRefund(ctx, &t, n.Of)
	case aSubscription:
		err = c.subscription(ctx, &t, n.Of)
	default:
		err = fmt.Errorf("%w: nothing is asked about %q", vendor.ErrRefused, n.Object)
	}
	if err != nil {
		return vendor.Truth{}, fmt.Errorf("read %s %s: %w", n.Object, n.Of, err)
	}
	// PayPal has no state for money that a payer's bank took back: that it did
	// is only in the message.
	if n.Type == typeCaptureReversed || n.Type == typeSaleReversed {
		for i := range t.Payments {
			t.Payments[i].Reversed = true
		}
	}
	return t, nil
}

type payer struct {
	Name struct {
		Given   string `json:"given_name"`
		Surname string `json:"surname"`
	} `json:"name"`
	ID string `json:"payer_id"`
}

func (p payer) name() string { return strings.TrimSpace(p.Name.Given + " " + p.Name.Surname) }

type captured struct {
	ID     string `json:"id"`
	Status string `json:"status"`
	Amount amount `json:"amount"`
	Custom string `json:"custom_id"`
}

func (c *Client) order(ctx context.Context, t *vendor.Truth, oid string) error {
	var o struct {
		Status string `json:"status"`
		Payer  payer  `json:"payer"`
		Units  []struct {
			Custom   string `json:"custom_id"`
			Payments struct {
				Captures []captured `json:"captures"`
			} `json:"payments"`
		} `json:"purchase_units"`
	}
	path := "/v2/checkout/orders/" + url.PathEscape(oid)
	if err := c.call(ctx, request{path: path}, &o); err != nil {
		return err
	}
	for _, u := range o.Units {
		own(t, u.Custom)
	}
	if o.Status == "APPROVED" && t.Account != "" {
		if err := c.call(ctx, request{path: path + "/capture", key: oid + "-capture", body: object{}}, &o); err != nil {
			return err
		}
	}
	for _, u := range o.Units {
		for _, got := range u.Payments.Captures {
			if err := add(t, got, o.Payer.name()); err != nil {
				return err
			}
		}
	}
	return nil
}

func (c *Client) capture(ctx context.Context, t *vendor.Truth, cid string) error {
	var got captured
	if err := c.call(ctx, request{path: "/v2/payments/captures/" + url.PathEscape(cid)}, &got); err != nil {
		return err
	}
	return add(t, got, "")
}

// add is a capture, if the money came.
func add(t *vendor.Truth, got captured, who string) error {
	own(t, got.Custom)
	m, err := got.Amount.money()
	if err != nil {
		return err
	}
	p := vendor.Payment{ID: got.ID, Amount: m, Payer: who}
	switch got.Status {
	case "COMPLETED", "PARTIALLY_REFUNDED":
	case "REFUNDED":
		p.Returned = m.Amount
	default: // it is not there yet, or never will be
		return nil
	}
	t.Payments = append(t.Payments, p)
	return nil
}

func (c *Client) refund(ctx context.Context, t *vendor.Truth, rid string) error {
	var r struct {
		Links     []link `json:"links"`
		Breakdown struct {
			Total amount `json:"total_refunded_amount"`
		} `json:"seller_payable_breakdown"`
	}
	if err := c.call(ctx, request{path: "/v2/payments/refunds/" + url.PathEscape(rid)}, &r); err != nil {
		return err
	}
	up := follow(r.Links, "up")
	if up == "" {
		return fmt.Errorf("%w: a refund of nothing", vendor.ErrUnknown)
	}
	if err := c.capture(ctx, t, up[strings.LastIndexByte(up, '/')+1:]); err != nil {
		return err
	}
	return returned(t, r.Breakdown.Total)
}

// returned says how much of the payment went back, where PayPal says it.
func returned(t *vendor.Truth, total amount) error {
	if total.Value == "" {
		return nil
	}
	m, err := total.money()
	if err != nil {
		return err
	}
	for i := range t.Payments {
		t.Payments[i].Returned = max(t.Payments[i].Returned, m.Amount)
	}
	return nil
}

func (c *Client) sale(ctx context.Context, t *vendor.Truth, sid string) error {
	var s struct {
		ID        string    `json:"id"`
		State     string    `json:"state"`
		Amount    oldAmount `json:"amount"`
		Agreement string    `json:"billing_agreement_id"`
	}
	if err := c.call(ctx, request{path: "/v1/payments/sale/" + url.PathEscape(sid)}, &s); err != nil {
		return err
	}
	if s.Agreement == "" {
		return nil // not of a subscription, so not of ours
	}
	name, err := c.agreement(ctx, t, s.Agreement)
	if err != nil {
		return err
	}
	return add(t, captured{ID: s.ID, Status: strings.ToUpper(s.State), Amount: amount{s.Amount.Total, s.Amount.Currency}}, name)
}

func (c *Client) saleRefund(ctx context.Context, t *vendor.Truth, rid string) error {
	var r struct {
		Sale  string `json:"sale_id"`
		Total amount `json:"total_refunded_amount"`
	}
	if err := c.call(ctx, request{path: "/v1/payments/refund/" + url.PathEscape(rid)}, &r); err != nil {
		return err
	}
	if err := c.sale(ctx, t, r.Sale); err != nil {
		return err
	}
	if r.Total.Currency == "" && len(t.Payments) > 0 { // the older answers name the currency beside it
		r.Total.Currency = t.Payments[0].Amount.Currency
	}
	return returned(t, r.Total)
}

func (c *Client) subscription(ctx context.Context, t *vendor.Truth, sid string) error {
	_, err := c.agreement(ctx, t, sid)
	return err
}

// agreement is a subscription of PayPal's, and the name of who pays.
func (c *Client) agreement(ctx context.Context, t *vendor.Truth, sid string) (string, error) {
	var s struct {
		ID         string `json:"id"`
		Status     string `json:"status"`
		Custom     string `json:"custom_id"`
		Subscriber payer  `json:"subscriber"`
		Billing    struct {
			Failed int `json:"failed_payments_count"`
		} `json:"billing_info"`
	}
	if err := c.call(ctx, request{path: "/v1/billing/subscriptions/" + url.PathEscape(sid)}, &s); err != nil {
		return "", err
	}
	own(t, s.Custom)
	t.Agreement = vendor.Agreement{ID: s.ID, Customer: s.Subscriber.ID, Over: s.Status == "CANCELLED" || s.Status == "EXPIRED"}
	if s.Billing.Failed > 0 {
		t.Failed = fmt.Sprintf("%s, %d times", s.ID, s.Billing.Failed)
	}
	return s.Subscriber.name(), nil
}
