package web

import (
	"net/http"

	"igny8/internal/account"
	"igny8/internal/invoice"
	"igny8/internal/web/ui"
	"igny8/internal/words"
)

// vendorPage leads on to the page of a payment provider. It is a link and not
// a redirect: the policy of our pages lets no form end elsewhere.
type vendorPage struct {
	ui.Page
	URL  string
	Back string
}

// payOnline asks for the page on which an invoice is paid.
func (w *Web) payOnline(rw http.ResponseWriter, r *http.Request, v *visit) error {
	iid, err := invoice.ParseID(r.PathValue("id"))
	if err != nil {
		return invoice.ErrNotFound
	}
	url, err := w.Desk.Pay(r.Context(), v.Scope, iid)
	return w.leadOn(rw, r, v, "Pay the invoice", url, "/billing/invoices/"+iid.String(), err)
}

// billingPortal asks for the page on which an account looks after what a
// provider takes by itself.
func (w *Web) billingPortal(rw http.ResponseWriter, r *http.Request, v *visit) error {
	url, err := w.Desk.Manage(r.Context(), v.Scope)
	return w.leadOn(rw, r, v, "How you pay", url, "/billing", err)
}

func (w *Web) leadOn(rw http.ResponseWriter, r *http.Request, v *visit, title words.Text, url, back string, err error) error {
	if err != nil {
		f, err := refused(err)
		if err != nil {
			return err
		}
		if f.Is(invoice.ErrNotFound) {
			return f
		}
		w.say(rw, ui.Warn, f.Msg)
		return to(rw, r, back)
	}
	p := vendorPage{URL: url, Back: back}
	if p.Page, err = w.personal(r.Context(), v, title); err != nil {
		return err
	}
	return show(r.Context(), rw, http.StatusOK, vendorView(p))
}

// returned leads who comes back from a provider to his invoice, which tells by
// itself when the money is there. Whether it is, nobody's browser says.
func (w *Web) returned(rw http.ResponseWriter, r *http.Request) (bool, error) {
	for name, text := range map[string]words.Text{
		"paid": "Thank you. As soon as the payment provider has told us, everything opens by itself.", "unpaid": "Nothing was paid. You can try it again here.",
	} {
		iid, err := invoice.ParseID(r.URL.Query().Get(name))
		if err != nil { // not from there
			continue
		}
		w.say(rw, ui.Note, text)
		return true, to(rw, r, "/billing/invoices/"+iid.String())
	}
	return false, nil
}

// online tells whether a provider is paid by this method.
func online(m account.PaymentMethod) bool { return m != account.BankTransfer }
