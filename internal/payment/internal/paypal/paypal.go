// Package paypal sends payers to PayPal, and asks PayPal what became of it.
//
// An amount that is taken again and again is a subscription of PayPal's; one
// that is paid once is an order.
package paypal

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"

	"igny8/internal/payment/internal/vendor"
)

// BaseURL is PayPal's own address.
const BaseURL = "https://api-m.paypal.com"

// Client speaks to PayPal for the application that id and secret belong to.
type Client struct {
	base, id, secret string
	webhook          string // PayPal's id of the address that its messages go to
	http             *http.Client

	mu    sync.Mutex
	token string // of the last sign-in; PayPal says when it is good no more
}

// New makes a client. An empty base is PayPal's own address.
func New(base, id, secret, webhook string, c *http.Client) *Client {
	if base == "" {
		base = BaseURL
	}
	return &Client{base: strings.TrimRight(base, "/"), id: id, secret: secret, webhook: webhook, http: c}
}

// link is where an answer says that one can go on.
type link struct {
	Href string `json:"href"`
	Rel  string `json:"rel"`
}

func follow(links []link, rels ...string) string {
	for _, l := range links {
		for _, rel := range rels {
			if l.Rel == rel {
				return l.Href
			}
		}
	}
	return ""
}

// object is a JSON object that we send.
type object map[string]any

// Begin makes an order, or a subscription of PayPal's on a billing plan, which
// is made where there is none for the price yet.
func (c *Client) Begin(ctx context.Context, o vendor.Order) (vendor.Begun, error) {
	price, err := amountOf(o.Amount)
	if err != nil {
		return vendor.Begun{}, fmt.Errorf("%w: %w", vendor.ErrRefused, err)
	}
	var made struct {
		ID    string `json:"id"`
		Links []link `json:"links"`
	}
	if o.Every == vendor.Once {
		err = c.call(ctx, request{path: "/v2/checkout/orders", key: o.Key, body: object{
			"intent": "CAPTURE",
			"purchase_units": []object{{
				"custom_id": owned(o), "invoice_id": o.Key, "description": cut("Invoice "+o.Number+": "+o.What, 127), "amount": price,
			}},
			"payment_source": object{"paypal": object{"experience_context": object{
				"return_url": o.Done, "cancel_url": o.Back, "user_action": "PAY_NOW", "shipping_preference": "NO_SHIPPING",
			}}},
		}}, &made)
	} else {
		if o.Price == "" {
			if o.Price, err = c.plan(ctx, o, price); err != nil {
				return vendor.Begun{}, err
			}
		}
		err = c.call(ctx, request{path: "/v1/billing/subscriptions", key: o.Key, body: object{
			"plan_id": o.Price, "custom_id": owned(o),
			"application_context": object{
				"return_url": o.Done, "cancel_url": o.Back, "user_action": "SUBSCRIBE_NOW", "shipping_preference": "NO_SHIPPING",
			},
		}}, &made)
	}
	if err != nil {
		return vendor.Begun{}, fmt.Errorf("begin a payment: %w", err)
	}
	to := follow(made.Links, "payer-action", "approve")
	if made.ID == "" || !strings.HasPrefix(to, "http") {
		return vendor.Begun{}, fmt.Errorf("begin a payment: %w: it has no address", vendor.ErrRefused)
	}
	return vendor.Begun{ID: made.ID, URL: to, Price: o.Price}, nil
}

// plan makes the billing plan of a price, and the product that it is of.
func (c *Client) plan(ctx context.Context, o vendor.Order, price amount) (string, error) {
	var product, plan struct {
		ID string `json:"id"`
	}
	err := c.call(ctx, request{path: "/v1/catalogs/products", key: o.Key + "-product", body: object{
		"name": cut(o.What, 127), "type": "SERVICE", "category": "SOFTWARE",
	}}, &product)
	if err != nil {
		return "", fmt.Errorf("make a product: %w", err)
	}
	err = c.call(ctx, request{path: "/v1/billing/plans", key: o.Key + "-plan", body: object{
		"product_id": product.ID, "name": cut(o.What, 127), "status": "ACTIVE",
		"billing_cycles": []object{{
			"frequency":   object{"interval_unit": strings.ToUpper(string(o.Every)), "interval_count": 1},
			"tenure_type": "REGULAR", "sequence": 1, "total_cycles": 0, "pricing_scheme": object{"fixed_price": price},
		}},
		"payment_preferences": object{"auto_bill_outstanding": true, "payment_failure_threshold": 3},
	}}, &plan)
	if err == nil && (product.ID == "" || plan.ID == "") {
		err = fmt.Errorf("%w: it has no id", vendor.ErrRefused)
	}
	if err != nil {
		return "", fmt.Errorf("make a billing plan: %w", err)
	}
	return plan.ID, nil
}

// Manage is where a payer ends the agreement: PayPal has one page for all.
func (c *Client) Manage(context.Context, vendor.Agreement, string) (string, error) {
	if strings.Contains(c.base, "sandbox") {
		return "https://www.sandbox.paypal.com/myaccount/autopay/", nil
	}
	return "https://www.paypal.com/myaccount/autopay/", nil
}

// Stop ends an agreement at once. One that is over stays so.
func (c *Client) Stop(ctx context.Context, agreement string) error {
	path := "/v1/billing/subscriptions/" + url.PathEscape(agreement)
	err := c.call(ctx, request{path: path + "/cancel", key: agreement + "-cancel", body: object{"reason": "Ended at Igny8."}}, nil)
	switch {
	case err == nil || errors.Is(err, vendor.ErrUnknown):
		return nil
	case !errors.Is(err, vendor.ErrRefused):
		return fmt.Errorf("cancel %s: %w", agreement, err)
	}
	var t vendor.Truth
	if again := c.subscription(ctx, &t, agreement); again != nil || !t.Agreement.Over {
		return errors.Join(fmt.Errorf("cancel %s: %w", agreement, err), again)
	}
	return nil
}

// owned is what PayPal keeps for us of whose payment it is: 127 characters at
// most.
func owned(o vendor.Order) string { return o.Account + " " + o.Invoice + " " + o.Subscription }

func own(t *vendor.Truth, said string) {
	parts := strings.Fields(said)
	if len(parts) == 3 {
		t.Account, t.Invoice, t.Subscription = parts[0], parts[1], parts[2]
	}
}

func cut(s string, n int) string {
	if r := []rune(s); len(r) > n {
		return string(r[:n])
	}
	return s
}
