package web

import (
	"context"
	"errors"
	"net/http"
	"net/url"

	"igny8/internal/fault"
	"igny8/internal/invoice"
	"igny8/internal/money"
	"igny8/internal/payment"
	"igny8/internal/tenant"
	"igny8/internal/web/ui"
)

// uploadLimit is what a form with a proof may have. It is more than a proof may
// have, so that who chose a file that is somewhat too large can be told so.
const uploadLimit = 4 * payment.MaxProof

// reportFields are those that the form has, by the names of the API.
var reportFields = []string{"external_payment_id", "amount", "payer_name", "proof"}

// reportPayment takes a claim that an invoice was paid.
func (w *Web) reportPayment(rw http.ResponseWriter, r *http.Request, v *visit) error {
	values, sent, err := fileOf(r, "proof", payment.MaxProof)
	if err != nil {
		return err
	}
	err = w.report(r, v, values, sent.Content)
	if err == nil {
		w.say(rw, ui.Good, "Thank you. We look for your transfer at the bank.")
		return to(rw, r, r.URL.Path)
	}
	f, err := refused(err)
	if err != nil {
		return err
	}
	if errors.Is(f, invoice.ErrNotFound) {
		return f
	}
	return w.showInvoice(rw, r, v, statusOf(f), ui.NewForm(values).Refused(claimFault(f), reportFields...))
}

func (w *Web) report(r *http.Request, v *visit, values url.Values, file []byte) error {
	var proof *payment.Proof
	if file != nil {
		f, err := payment.ParseProof(file)
		if err != nil {
			return err
		}
		proof = &f
	}
	return w.st.Update(r.Context(), v.Scope, func(ctx context.Context, tx *tenant.Tx) error {
		i, err := namedInvoice(ctx, r, tx)
		if err != nil {
			return err
		}
		said := payment.Report{Invoice: i.ID, ExternalID: values.Get("external_payment_id"), PayerName: values.Get("payer_name"), Proof: proof}
		said.Amount, err = money.ParseTyped(values.Get("amount"), i.Total.Currency)
		if err != nil { // the desk says it, with all else that is wrong
			said.Amount = money.Of(0, i.Total.Currency)
		}
		asks := said.ExternalID + "\x00" + said.Amount.String() + "\x00" + said.PayerName
		_, err = w.once(ctx, tx, r, values.Get(onceField), asks, func() (string, error) {
			p, err := w.Desk.Report(ctx, tx, said)
			return p.ID.String(), err
		})
		return err
	})
}

// claimFault is a fault of the payment desk in the words of the form.
func claimFault(f *fault.Fault) *fault.Fault {
	const reference, proof = "body.external_payment_id", "body.proof"
	switch {
	case errors.Is(f, payment.ErrConflict):
		return f.At(reference, "is that of another payment", nil)
	case errors.Is(f, payment.ErrProofUsed):
		return f.At(proof, "is the proof of another payment", nil)
	case errors.Is(f, payment.ErrInvalidProof) && len(f.Fields) > 0:
		return f.Sayf("The file %s.", f.Fields[0].Msg)
	case !errors.Is(f, payment.ErrInvalid):
		return f
	}
	told := payment.ErrInvalid
	for _, field := range f.Fields {
		msg := field.Msg
		switch field.Location {
		case "body.amount":
			msg = "enter the amount that you sent, such as 200.00"
		case reference:
			msg = "enter what your bank calls the transfer, at most 140 characters"
		case "body.payer_name":
			msg = "enter whose bank account it came from, at most 140 characters"
		}
		told = told.At(field.Location, msg, nil)
	}
	return inPlace(told)
}
