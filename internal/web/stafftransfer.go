package web

import (
	"context"
	"net/http"
	"net/url"
	"strings"

	"igny8/internal/account"
	"igny8/internal/bank"
	"igny8/internal/fault"
	"igny8/internal/identity"
	"igny8/internal/payment"
	"igny8/internal/subscription"
	"igny8/internal/tenant"
	"igny8/internal/web/ui"
)

// transferPage is the form for a transfer that somebody saw at the bank and
// nobody has told of.
type transferPage struct {
	ui.Page
	Form     ui.Form
	Foreseen *foreseen // nil: nothing was looked at yet
}

// transferFields are those of the form, by the names of the API.
var transferFields = []string{"account_id", "subscription_id", "external_payment_id", "amount", "currency", "payer_name", "proof_url", "proof", "accept_other_amount"}

func (w *Web) transfer(rw http.ResponseWriter, r *http.Request, v *visit) error {
	values := url.Values{}
	if acc := r.URL.Query().Get("account_id"); acc != "" {
		values.Set("account_id", acc)
	}
	return w.showTransfer(rw, r, v, http.StatusOK, transferPage{Form: ui.NewForm(values)})
}

func (w *Web) showTransfer(rw http.ResponseWriter, r *http.Request, v *visit, status int, p transferPage) error {
	var err error
	if p.Page, err = w.operator(r.Context(), v, "Record a transfer"); err != nil {
		return err
	}
	p.Lead = "For money that you have seen on the bank account, and that no statement or report tells of."
	return show(r.Context(), rw, status, transferView(p))
}

// recordTransfer shows what recording would do, or does it, by which button
// was pressed.
func (w *Web) recordTransfer(rw http.ResponseWriter, r *http.Request, v *visit) error {
	values, proof, err := fileOf(r, "proof", payment.MaxProof)
	if err != nil {
		return err
	}
	p := transferPage{Form: ui.NewForm(values)}
	u := use(v, tenant.PaymentsConfirm, "confirm-bank-transfer")
	acc, t, err := w.readTransfer(r, u, values, proof)
	if err == nil && values.Get("do") == "preview" {
		f, err := w.foresee(r.Context(), u, acc, func(ctx context.Context, tx *tenant.Tx) (payment.Payment, bool, error) {
			c, err := bank.Receive(ctx, tx, w.Desk, t)
			return c.Payment, c.Waits(), err
		})
		if err != nil {
			return err
		}
		p.Foreseen = &f
		return w.showTransfer(rw, r, v, http.StatusOK, p)
	}
	var c payment.Confirmation
	if err == nil {
		err = w.Identity.Act(r.Context(), u, acc, func(ctx context.Context, tx *tenant.Tx) (err error) {
			c, err = bank.Receive(ctx, tx, w.Desk, t)
			return err
		})
	}
	if err != nil {
		why, err := refused(err)
		if err != nil {
			return err
		}
		p.Form = p.Form.Refused(why, transferFields...)
		return w.showTransfer(rw, r, v, statusOf(why), p)
	}
	w.sayConfirmed(rw, c)
	return to(rw, r, "/staff/payments/"+c.Payment.ID.String())
}

// readTransfer reads the form, and finds out whose payment it is.
func (w *Web) readTransfer(r *http.Request, u identity.Use, values url.Values, file sentFile) (acc tenant.AccountID, t payment.Received, err error) {
	t = payment.Received{
		Method: account.BankTransfer, ExternalID: values.Get("external_payment_id"), PayerName: values.Get("payer_name"),
		ProofURL: strings.TrimSpace(values.Get("proof_url")), Exact: values.Get("accept_other_amount") != "yes",
	}
	if t.Amount, err = sumOf(values.Get("amount"), values.Get("currency"), "amount"); err != nil {
		return acc, t, err
	}
	if file.Content != nil {
		proof, err := payment.ParseProof(file.Content)
		if err != nil {
			return acc, t, payment.ErrInvalidProof.At("body.proof", "must be a PDF, PNG or JPEG file", nil)
		}
		t.Proof = &proof
	}
	acc, t.Subscription, err = w.whoPaid(r, u, values)
	return acc, t, err
}

var errWhoPaid = fault.New(fault.Invalid, "page.who_paid", "Say who paid: the account or the subscription is needed.")

// whoPaid is the account, and the subscription where one was named. Two that do
// not belong together are like one that is not there.
func (w *Web) whoPaid(r *http.Request, u identity.Use, values url.Values) (acc tenant.AccountID, sub subscription.ID, err error) {
	a, s := strings.TrimSpace(values.Get("account_id")), strings.TrimSpace(values.Get("subscription_id"))
	if a == "" && s == "" {
		return acc, sub, errWhoPaid.At("body.account_id", "is needed, or the subscription", nil)
	}
	if a != "" {
		if acc, err = idOf(tenant.ParseAccountID, a, account.ErrNotFound.At("body.account_id", "is none", nil)); err != nil {
			return acc, sub, err
		}
	}
	if s == "" {
		return acc, sub, nil
	}
	none := subscription.ErrNotFound.At("body.subscription_id", "is none", nil)
	if sub, err = idOf(subscription.ParseID, s, none); err != nil {
		return acc, sub, err
	}
	var owner tenant.AccountID
	err = w.Identity.Survey(r.Context(), u, func(ctx context.Context, look *tenant.Survey) error {
		owner, err = subscription.Locate(ctx, look, sub)
		return err
	})
	if err == nil && !acc.IsZero() && acc != owner {
		err = none
	}
	return owner, sub, err
}
