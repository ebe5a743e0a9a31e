// Package stripe sends payers to Stripe Checkout, and asks Stripe what became
// of it.
package stripe

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	api "github.com/stripe/stripe-go/v85"

	"igny8/internal/payment/internal/vendor"
)

// Client speaks to Stripe. The library sends the version of the API that it
// was made for, whatever version the account is set to.
type Client struct {
	api    *api.Client
	secret string
}

// New makes a client of the account that key belongs to, whose messages are
// signed with secret. An empty base is Stripe's own address.
func New(base, key, secret string, c *http.Client) *Client {
	cfg := &api.BackendConfig{HTTPClient: c, EnableTelemetry: api.Bool(false), MaxNetworkRetries: api.Int64(1), LeveledLogger: &api.LeveledLogger{Level: api.LevelNull}}
	if base != "" {
		cfg.URL = api.String(strings.TrimRight(base, "/"))
	}
	backends := &api.Backends{API: api.GetBackendWithConfig(api.APIBackend, cfg)}
	return &Client{api: api.NewClient(key, api.WithBackends(backends)), secret: secret}
}

// The names under which Stripe keeps what we say of a payment.
const (
	ofAccount      = "igny8_account"
	ofInvoice      = "igny8_invoice"
	ofSubscription = "igny8_subscription"
)

// otherUnits are currencies whose minor unit is another one for Stripe than in
// ISO 4217.
var otherUnits = map[string]bool{"ISK": true, "UGX": true}

// Begin makes a Checkout Session: one payment, or a subscription of Stripe's
// that takes the amount again and again.
func (c *Client) Begin(ctx context.Context, o vendor.Order) (vendor.Begun, error) {
	if otherUnits[o.Amount.Currency] {
		return vendor.Begun{}, fmt.Errorf("make a checkout session: %w: %s is counted otherwise there", vendor.ErrRefused, o.Amount.Currency)
	}
	ours := map[string]string{ofAccount: o.Account, ofInvoice: o.Invoice, ofSubscription: o.Subscription}
	line := &api.CheckoutSessionCreateLineItemParams{
		Quantity: api.Int64(1),
		PriceData: &api.CheckoutSessionCreateLineItemPriceDataParams{
			Currency: api.String(strings.ToLower(o.Amount.Currency)), UnitAmount: api.Int64(o.Amount.Amount),
			ProductData: &api.CheckoutSessionCreateLineItemPriceDataProductDataParams{Name: api.String(o.What)},
		},
	}
	p := &api.CheckoutSessionCreateParams{
		Mode: api.String(string(api.CheckoutSessionModePayment)), ClientReferenceID: api.String(o.Invoice),
		SuccessURL: api.String(o.Done), CancelURL: api.String(o.Back), LineItems: []*api.CheckoutSessionCreateLineItemParams{line},
	}
	p.Metadata = ours
	p.SetIdempotencyKey(o.Key)
	if o.Every == vendor.Once {
		p.PaymentIntentData = &api.CheckoutSessionCreatePaymentIntentDataParams{Metadata: ours, Description: api.String("Invoice " + o.Number)}
	} else {
		p.Mode = api.String(string(api.CheckoutSessionModeSubscription))
		line.PriceData.Recurring = &api.CheckoutSessionCreateLineItemPriceDataRecurringParams{Interval: api.String(string(o.Every))}
		p.SubscriptionData = &api.CheckoutSessionCreateSubscriptionDataParams{Metadata: ours, Description: api.String(o.What)}
	}
	s, err := c.api.V1CheckoutSessions.Create(ctx, p)
	if err != nil {
		return vendor.Begun{}, told("make a checkout session", err)
	}
	if s.ID == "" || !strings.HasPrefix(s.URL, "http") {
		return vendor.Begun{}, fmt.Errorf("make a checkout session: %w: it has no address", vendor.ErrRefused)
	}
	return vendor.Begun{ID: s.ID, URL: s.URL}, nil
}

// Manage is where a customer changes his card, or ends the agreement.
func (c *Client) Manage(ctx context.Context, a vendor.Agreement, back string) (string, error) {
	s, err := c.api.V1BillingPortalSessions.Create(ctx, &api.BillingPortalSessionCreateParams{Customer: api.String(a.Customer), ReturnURL: api.String(back)})
	if err != nil {
		return "", told("open the customer portal", err)
	}
	return s.URL, nil
}

// Stop ends an agreement at once. One that is over stays so.
func (c *Client) Stop(ctx context.Context, agreement string) error {
	_, err := c.api.V1Subscriptions.Cancel(ctx, agreement, &api.SubscriptionCancelParams{})
	if err = told("cancel "+agreement, err); errors.Is(err, vendor.ErrUnknown) {
		return nil
	}
	return err
}

// told is an error of the library's without what may be secret in it.
func told(doing string, err error) error {
	if err == nil {
		return nil
	}
	var e *api.Error
	if errors.As(err, &e) {
		return fmt.Errorf("%s: %w: status %d, %s %s: %s", doing, vendor.Failed(e.HTTPStatusCode), e.HTTPStatusCode, e.Type, e.Code, vendor.Line(e.Msg))
	}
	return fmt.Errorf("%s: %w: %w", doing, vendor.ErrAway, err)
}
