package web

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"golang.org/x/text/language"
	"golang.org/x/text/language/display"

	"igny8/internal/fault"
	"igny8/internal/invoice"
	"igny8/internal/tenant"
	"igny8/internal/web/ui"
	"igny8/internal/words"
)

// detailsPage is to whom invoices are written.
type detailsPage struct {
	ui.Page
	Form    ui.Form
	Manages bool // the member may change it
}

// detailsFields are those that the form has, by the names of the API.
var detailsFields = []string{"company", "line1", "line2", "postcode", "city", "country", "tax_id", "email", "phone", "language"}

func (w *Web) billingDetails(rw http.ResponseWriter, r *http.Request, v *visit) error {
	var b invoice.Buyer
	err := w.st.View(r.Context(), v.Scope, func(ctx context.Context, view *tenant.View) (err error) {
		b, err = invoice.BuyerOf(ctx, view)
		return err
	})
	if err != nil {
		return err
	}
	return w.showDetails(rw, r, v, http.StatusOK, ui.NewForm(url.Values{
		"company": {b.Company}, "line1": {b.Line1}, "line2": {b.Line2}, "postcode": {b.Postcode}, "city": {b.City}, "country": {b.Country},
		"tax_id": {b.TaxID}, "email": {b.Email}, "phone": {b.Phone}, "language": {b.Language},
	}))
}

func (w *Web) showDetails(rw http.ResponseWriter, r *http.Request, v *visit, status int, f ui.Form) error {
	p := detailsPage{Form: f, Manages: v.Scope.Permissions().Has(tenant.ManageBilling)}
	var err error
	if p.Page, err = w.personal(r.Context(), v, "Billing details"); err != nil {
		return err
	}
	p.Lead = "To whom the next invoices are written. Those that you have already stay as they are."
	return show(r.Context(), rw, status, detailsView(p))
}

func (w *Web) setBillingDetails(rw http.ResponseWriter, r *http.Request, v *visit) error {
	values, err := formOf(r)
	if err != nil {
		return err
	}
	b := invoice.Buyer{
		Company: values.Get("company"), TaxID: values.Get("tax_id"), Email: values.Get("email"), Phone: values.Get("phone"), Language: values.Get("language"),
		Address: invoice.Address{
			Line1: values.Get("line1"), Line2: values.Get("line2"), Postcode: values.Get("postcode"), City: values.Get("city"), Country: values.Get("country"),
		},
	}
	err = w.st.Update(r.Context(), v.Scope, func(ctx context.Context, tx *tenant.Tx) error {
		_, err := invoice.SetBuyer(ctx, tx, b, "body")
		return err
	})
	if err != nil {
		f, err := refused(err)
		if err != nil {
			return err
		}
		return w.showDetails(rw, r, v, statusOf(f), ui.NewForm(values).Refused(inPlace(f), detailsFields...))
	}
	w.say(rw, ui.Good, "The billing details are saved.")
	return to(rw, r, "/billing/details")
}

// inPlace is a fault whose sentence is about the one field that it blames, so
// that it can stand beside it. With several each has its own words.
func inPlace(f *fault.Fault) *fault.Fault {
	if len(f.Fields) != 1 {
		return f
	}
	return f.FieldsSay()
}

// languagePicks is what invoices can be written in, and what the account has
// chosen, each in its own words.
func languagePicks(chosen string) []ui.Pick {
	all := invoice.Languages()
	if chosen != "" && !slices.Contains(all, chosen) {
		all = append(all, chosen)
	}
	var picks []ui.Pick
	for _, code := range all {
		tag := language.Make(code)
		name := display.Self.Name(tag)
		if name == "" {
			name = code
		}
		picks = append(picks, ui.Pick{Value: code, Label: words.Verbatim(strings.ToUpper(name[:1]) + name[1:])})
	}
	return picks
}
