package api

import (
	"bytes"
	"context"
	"encoding/json"

	"github.com/danielgtaylor/huma/v2"

	"igny8/internal/account"
	"igny8/internal/fault"
	"igny8/internal/identity"
	"igny8/internal/money"
	"igny8/internal/payment"
	"igny8/internal/subscription"
	"igny8/internal/tenant"
)

// amount is money, or a bare number of minor units in the currency of what is
// paid for.
type amount money.Money

// UnmarshalJSON implements json.Unmarshaler.
func (a *amount) UnmarshalJSON(b []byte) error {
	if b = bytes.TrimSpace(b); len(b) > 0 && b[0] != '{' {
		return json.Unmarshal(b, &a.Amount)
	}
	return json.Unmarshal(b, (*money.Money)(a))
}

// Schema implements huma.SchemaProvider.
func (amount) Schema(r huma.Registry) *huma.Schema {
	return &huma.Schema{
		Description: "In minor units: 20000 is 200.00 EUR. A bare number is in the currency of the invoice.",
		OneOf: []*huma.Schema{
			{Type: huma.TypeInteger, Format: "int64", Minimum: ptr(1.0)},
			{
				Type: huma.TypeObject, Required: []string{"amount"}, AdditionalProperties: false,
				Properties: map[string]*huma.Schema{
					"amount":   {Type: huma.TypeInteger, Format: "int64", Minimum: ptr(1.0)},
					"currency": {Type: huma.TypeString, Pattern: "^[A-Z]{3}$"},
				},
			},
		},
	}
}

type transferInput struct {
	Body struct {
		Subscription string `json:"subscription_id,omitempty" maxLength:"64"`
		Account      string `json:"account_id,omitempty" maxLength:"64" doc:"Either this or subscription_id says who paid."`
		ExternalID   string `json:"external_payment_id" maxLength:"400" doc:"What the bank calls the transfer. The same one is confirmed once."`
		Amount       amount `json:"amount"`
		PayerName    string `json:"payer_name" maxLength:"400"`
		ProofURL     string `json:"proof_url,omitempty" maxLength:"2000"`
	}
}

type confirmedView struct {
	Payment      paymentView      `json:"payment"`
	Invoice      invoiceView      `json:"invoice"`
	Subscription subscriptionView `json:"subscription"`
	Credits      creditsView      `json:"credits"`
	Account      accountView      `json:"account"`
}

var errWhoPaid = fault.New(fault.Invalid, "payment.who_paid", "Say who paid: account_id or subscription_id is needed.")

// confirmTransfer finds out whose payment it is, and records it in one
// transaction of that account. Beside the natural key an Idempotency-Key is
// honoured.
func (a *API) confirmTransfer(r route) func(context.Context, visit, *transferInput) (*reply[confirmedView], error) {
	return func(ctx context.Context, c visit, in *transferInput) (*reply[confirmedView], error) {
		u := use(r, c, tenant.PaymentsConfirm)
		acc, sub, err := a.whoPaid(ctx, u, in)
		if err != nil {
			return nil, err
		}
		q, err := askedByStaff(r, c, in)
		if err != nil {
			return nil, err
		}
		t := payment.Received{
			Method: account.BankTransfer, Subscription: sub, ExternalID: in.Body.ExternalID, Amount: money.Money(in.Body.Amount),
			PayerName: in.Body.PayerName, ProofURL: in.Body.ProofURL, Exact: true,
		}
		var out outcome[reply[confirmedView]]
		err = a.identity.Act(ctx, u, acc, func(ctx context.Context, tx *tenant.Tx) error {
			out, err = once(ctx, a, tx, r, q, func() (*reply[confirmedView], error) {
				c, err := a.desk.Receive(ctx, tx, t)
				if err != nil {
					return nil, err
				}
				v, err := showConfirmed(ctx, tx, c)
				return &reply[confirmedView]{Body: v}, err
			})
			return err
		})
		return out.told(err)
	}
}

func showConfirmed(ctx context.Context, tx *tenant.Tx, c payment.Confirmation) (confirmedView, error) {
	v := confirmedView{Payment: showPayment(c.Payment), Subscription: showSubscription(c.Subscription)}
	var err error
	if v.Invoice, err = invoiceOf(ctx, tx, c.Invoice); err != nil {
		return v, err
	}
	if v.Credits, err = creditsOf(ctx, tx); err != nil {
		return v, err
	}
	acc, err := account.Load(ctx, tx)
	v.Account = showAccount(acc)
	return v, err
}

// whoPaid finds the account, and the subscription when one was named. Two
// names that do not belong together are like a name that is not there.
func (a *API) whoPaid(ctx context.Context, u identity.Use, in *transferInput) (acc tenant.AccountID, sub subscription.ID, err error) {
	if in.Body.Account == "" && in.Body.Subscription == "" {
		return acc, sub, errWhoPaid.At("body.account_id", "is needed, or subscription_id", nil)
	}
	if in.Body.Account != "" {
		if acc, err = named(tenant.ParseAccountID, in.Body.Account, account.ErrNotFound); err != nil {
			return acc, sub, err
		}
	}
	if in.Body.Subscription == "" {
		return acc, sub, nil
	}
	if sub, err = named(subscription.ParseID, in.Body.Subscription, subscription.ErrNotFound); err != nil {
		return acc, sub, err
	}
	var owner tenant.AccountID
	err = a.identity.Survey(ctx, u, func(ctx context.Context, s *tenant.Survey) error {
		owner, err = subscription.Locate(ctx, s, sub)
		return err
	})
	if err == nil && !acc.IsZero() && acc != owner {
		err = subscription.ErrNotFound
	}
	return owner, sub, err
}
