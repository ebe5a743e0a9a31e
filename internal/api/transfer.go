package api

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"igny8/internal/account"
	"igny8/internal/bank"
	"igny8/internal/fault"
	"igny8/internal/identity"
	"igny8/internal/money"
	"igny8/internal/payment"
	"igny8/internal/replay"
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

type transferFields struct {
	Subscription string `json:"subscription_id,omitempty" maxLength:"64"`
	Account      string `json:"account_id,omitempty" maxLength:"64" doc:"Either this or subscription_id says who paid."`
	ExternalID   string `json:"external_payment_id" maxLength:"400" doc:"What the bank calls the transfer. The same one is confirmed once."`
	Amount       amount `json:"amount"`
	PayerName    string `json:"payer_name" maxLength:"400"`
	ProofURL     string `json:"proof_url,omitempty" maxLength:"2000"`
	OtherAmount  bool   `json:"accept_other_amount,omitempty" doc:"Take it although it is not what is due: a part of it, or more. What is left over is the account's balance."`
	Preview      bool   `json:"preview,omitempty" doc:"Only show what would come of it. Nothing is changed."`
}

type transferInput struct{ Body transferFields }

type transferForm struct {
	Proof        huma.FormFile `form:"proof" required:"true" doc:"A PDF, PNG or JPEG of at most 5 MB."`
	Subscription string        `form:"subscription_id" required:"false" maxLength:"64"`
	Account      string        `form:"account_id" required:"false" maxLength:"64"`
	ExternalID   string        `form:"external_payment_id" maxLength:"400"`
	Amount       string        `form:"amount" maxLength:"400" doc:"Minor units, or an object with amount and currency."`
	PayerName    string        `form:"payer_name" maxLength:"400"`
	ProofURL     string        `form:"proof_url" required:"false" maxLength:"2000"`
	OtherAmount  bool          `form:"accept_other_amount" required:"false"`
	Preview      bool          `form:"preview" required:"false"`
}

type transferFormInput struct {
	RawBody huma.MultipartFormFiles[transferForm]
	proof   uploaded
}

// Resolve reads the file before any transaction begins.
func (in *transferFormInput) Resolve(huma.Context) []error {
	if d := in.RawBody.Data(); d != nil {
		return in.proof.read(d.Proof)
	}
	return nil
}

func (in *transferFormInput) digest() []byte {
	d := in.RawBody.Data()
	return in.proof.digest(d.Subscription, d.Account, d.ExternalID, d.Amount, d.PayerName, d.ProofURL, fmt.Sprint(d.OtherAmount, d.Preview))
}

type confirmedView struct {
	Payment      paymentView       `json:"payment"`
	Invoice      *invoiceView      `json:"invoice" doc:"The first that it went to. Null: it went to none."`
	Subscription *subscriptionView `json:"subscription"`
	Credits      creditsView       `json:"credits"`
	Account      accountView       `json:"account"`
	Balance      []money.Money     `json:"unapplied_balance" doc:"What was paid and has gone to no invoice."`
}

var errWhoPaid = fault.New(fault.Invalid, "payment.who_paid", "Say who paid: account_id or subscription_id is needed.")

// confirmTransfer finds out whose payment it is, and records it in one
// transaction of that account. Beside the natural key an Idempotency-Key is
// honoured.
func (a *API) confirmTransfer(r route) func(context.Context, visit, *transferInput) (*replyAs[confirmedView], error) {
	return func(ctx context.Context, c visit, in *transferInput) (*replyAs[confirmedView], error) {
		q, err := askedByStaff(r, c, in)
		if err != nil {
			return nil, err
		}
		return a.transfer(ctx, c, r, q, in.Body, nil)
	}
}

// confirmTransferForm is confirmTransfer with a file that shows the transfer.
func (a *API) confirmTransferForm(r route) func(context.Context, visit, *transferFormInput) (*replyAs[confirmedView], error) {
	return func(ctx context.Context, c visit, in *transferFormInput) (*replyAs[confirmedView], error) {
		q, err := askedByStaff(r, c, in)
		if err != nil {
			return nil, err
		}
		d := in.RawBody.Data()
		sum, err := amountOf(d.Amount)
		if err != nil {
			return nil, err
		}
		proof, err := payment.ParseProof(in.proof.content)
		if err != nil {
			return nil, err
		}
		return a.transfer(ctx, c, r, q, transferFields{
			Subscription: d.Subscription, Account: d.Account, ExternalID: d.ExternalID, Amount: amount(sum), PayerName: d.PayerName,
			ProofURL: d.ProofURL, OtherAmount: d.OtherAmount, Preview: d.Preview,
		}, &proof)
	}
}

func (a *API) transfer(ctx context.Context, c visit, r route, q replay.Request, f transferFields, proof *payment.Proof) (*replyAs[confirmedView], error) {
	u := use(r, c, tenant.PaymentsConfirm)
	acc, sub, err := a.whoPaid(ctx, u, f)
	if err != nil {
		return nil, err
	}
	t := payment.Received{
		Method: account.BankTransfer, Subscription: sub, ExternalID: f.ExternalID, Amount: money.Money(f.Amount),
		PayerName: f.PayerName, ProofURL: f.ProofURL, Exact: !f.OtherAmount, Proof: proof,
	}
	if f.Preview {
		return a.previewTransfer(ctx, u, acc, t)
	}
	var out outcome[replyAs[confirmedView]]
	err = a.identity.Act(ctx, u, acc, func(ctx context.Context, tx *tenant.Tx) error {
		out, err = once(ctx, a, tx, r, q, func() (*replyAs[confirmedView], error) {
			c, err := bank.Receive(ctx, tx, a.desk, t)
			if err != nil {
				return nil, err
			}
			return confirmedAs(ctx, tx, c)
		})
		return err
	})
	return out.told(err)
}

// previewTransfer does what a confirmation does in a transaction that is not
// committed, and shows what it would have come to. That somebody looked is in
// the account's log.
func (a *API) previewTransfer(ctx context.Context, u identity.Use, acc tenant.AccountID, t payment.Received) (*replyAs[confirmedView], error) {
	var p *previewed
	err := a.identity.Act(ctx, u, acc, func(ctx context.Context, tx *tenant.Tx) error {
		c, err := bank.Receive(ctx, tx, a.desk, t)
		if err != nil {
			return err
		}
		v, err := showConfirmed(ctx, tx, c)
		if err != nil {
			return err
		}
		return &previewed{v}
	})
	if !errors.As(err, &p) {
		return nil, err
	}
	err = a.identity.Act(ctx, u, acc, func(context.Context, *tenant.Tx) error { return nil })
	return &replyAs[confirmedView]{Status: http.StatusOK, Body: p.view}, err
}

func showConfirmed(ctx context.Context, tx *tenant.Tx, c payment.Confirmation) (confirmedView, error) {
	v := confirmedView{Payment: showPayment(c.Payment)}
	var err error
	if !c.Invoice.ID.IsZero() {
		v.Subscription = ptr(showSubscription(c.Subscription))
		i, err := invoiceOf(ctx, tx, c.Invoice)
		if err != nil {
			return v, err
		}
		v.Invoice = &i
	}
	if v.Balance, err = payment.Balances(ctx, tx); err != nil {
		return v, err
	}
	if v.Balance == nil {
		v.Balance = []money.Money{}
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
func (a *API) whoPaid(ctx context.Context, u identity.Use, f transferFields) (acc tenant.AccountID, sub subscription.ID, err error) {
	if f.Account == "" && f.Subscription == "" {
		return acc, sub, errWhoPaid.At("body.account_id", "is needed, or subscription_id", nil)
	}
	if f.Account != "" {
		if acc, err = named(tenant.ParseAccountID, f.Account, account.ErrNotFound); err != nil {
			return acc, sub, err
		}
	}
	if f.Subscription == "" {
		return acc, sub, nil
	}
	if sub, err = named(subscription.ParseID, f.Subscription, subscription.ErrNotFound); err != nil {
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
