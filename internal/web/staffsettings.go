package web

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"igny8/internal/bank"
	"igny8/internal/fault"
	"igny8/internal/flag"
	"igny8/internal/invoice"
	"igny8/internal/money"
	"igny8/internal/payment"
	"igny8/internal/tenant"
	"igny8/internal/web/ui"
	"igny8/internal/words"
)

// settingsPage is the parts of the settings that somebody may see.
type settingsPage struct {
	ui.Page
	Parts []settingsPart
}

type settingsPart struct {
	Name words.Text
	Path string
	Says words.Text
}

// settingsParts is every part, with the privileges of which one lets in.
func settingsParts(o tenant.Operator) []settingsPart {
	var all []settingsPart
	if o.Has(tenant.PlansManage) {
		all = append(all,
			settingsPart{"Bank accounts", "/staff/settings/bank-accounts", "Where money is sent, by currency and country."},
			settingsPart{"Company and taxes", "/staff/settings/company", "Who sells, and which taxes are charged."},
			settingsPart{"Approval", "/staff/settings/approval", "When a second person must approve a payment."})
	}
	if o.Has(tenant.PaymentsConfirm) || o.Has(tenant.PaymentsApprove) {
		all = append(all, settingsPart{"Imports", "/staff/settings/imports", "What an import of a statement may confirm by itself."})
	}
	if o.Has(tenant.FlagsManage) {
		all = append(all, settingsPart{"Features", "/staff/settings/flags", "What is switched on, for how many accounts."})
	}
	return all
}

func (w *Web) settings(rw http.ResponseWriter, r *http.Request, v *visit) error {
	p := settingsPage{Parts: settingsParts(v.Operator)}
	var err error
	if p.Page, err = w.operator(r.Context(), v, "Settings"); err != nil {
		return err
	}
	return show(r.Context(), rw, http.StatusOK, settingsView(p))
}

// banksPage is where money is sent.
type banksPage struct {
	ui.Page
	All  []invoice.BankAccount
	Form ui.Form
	Edit bool // the form is shown
}

// bankFields are those of the form, by the names of the API.
var bankFields = []string{"currency", "country", "holder", "iban", "bic", "bank_name", "instructions"}

func (w *Web) bankAccounts(rw http.ResponseWriter, r *http.Request, v *visit) error {
	return w.showBanks(rw, r, v, http.StatusOK, banksPage{}, r.URL.Query())
}

func (w *Web) showBanks(rw http.ResponseWriter, r *http.Request, v *visit, status int, p banksPage, wanted url.Values) error {
	err := w.shared(r, v, tenant.PlansManage, "admin-list-bank-accounts", func(ctx context.Context, tx *tenant.SharedTx) (err error) {
		p.All, err = invoice.BankAccounts(ctx, tx.Shared)
		return err
	})
	if err != nil {
		return err
	}
	if wanted.Has("currency") && !p.Edit {
		values := url.Values{"currency": {wanted.Get("currency")}, "country": {wanted.Get("country")}}
		for _, b := range p.All {
			if b.Currency == wanted.Get("currency") && b.Country == wanted.Get("country") {
				values = url.Values{
					"currency": {b.Currency}, "country": {b.Country}, "holder": {b.Holder}, "iban": {ui.Groups(b.IBAN)}, "bic": {b.BIC}, "bank_name": {b.BankName},
					"instructions": {b.Instructions},
				}
			}
		}
		p.Edit, p.Form = true, ui.NewForm(values)
	}
	if p.Page, err = w.operator(r.Context(), v, "Bank accounts"); err != nil {
		return err
	}
	return show(r.Context(), rw, status, banksView(p))
}

func (w *Web) setBankAccount(rw http.ResponseWriter, r *http.Request, v *visit) error {
	values, err := formOf(r)
	if err != nil {
		return err
	}
	operation := "admin-set-bank-account"
	if values.Get("country") != "" {
		operation = "admin-set-country-bank-account"
	}
	err = w.shared(r, v, tenant.PlansManage, operation, func(ctx context.Context, tx *tenant.SharedTx) error {
		_, err := invoice.SetBankAccount(ctx, tx, tx.Operator(), invoice.BankAccount{
			Currency: strings.ToUpper(strings.TrimSpace(values.Get("currency"))), Country: values.Get("country"), Holder: values.Get("holder"),
			IBAN: values.Get("iban"), BIC: values.Get("bic"), BankName: values.Get("bank_name"), Instructions: values.Get("instructions"),
		})
		return err
	})
	if err != nil {
		why, err := refused(err)
		if err != nil {
			return err
		}
		return w.showBanks(rw, r, v, statusOf(why), banksPage{Edit: true, Form: ui.NewForm(values).Refused(why, bankFields...)}, values)
	}
	w.say(rw, ui.Good, "From now on money is sent there.")
	return to(rw, r, "/staff/settings/bank-accounts")
}

func (w *Web) dropBankAccount(rw http.ResponseWriter, r *http.Request, v *visit) error {
	values, err := formOf(r)
	if err != nil {
		return err
	}
	err = w.shared(r, v, tenant.PlansManage, "admin-drop-country-bank-account", func(ctx context.Context, tx *tenant.SharedTx) error {
		return invoice.DropBankAccount(ctx, tx, tx.Operator(), values.Get("currency"), values.Get("country"))
	})
	if err != nil {
		return err
	}
	w.say(rw, ui.Good, "Payers of that country send money to the account for everybody again.")
	return to(rw, r, "/staff/settings/bank-accounts")
}

// formPage is a form of settings.
type formPage struct {
	ui.Page
	Form ui.Form
	May  bool // change it
}

// companyFields are those of the form, by the names of the API.
var companyFields = []string{
	"name", "line1", "line2", "postcode", "city", "country", "tax_id", "registration_number", "email", "phone", "footer", "prices_include_tax", "tax_rules",
}

func (w *Web) company(rw http.ResponseWriter, r *http.Request, v *visit) error {
	var s invoice.Settings
	err := w.shared(r, v, tenant.PlansManage, "admin-get-company", func(ctx context.Context, tx *tenant.SharedTx) (err error) {
		s, err = invoice.SettingsOf(ctx, tx.Shared)
		return err
	})
	if err != nil {
		return err
	}
	values := url.Values{
		"name": {s.Name}, "line1": {s.Line1}, "line2": {s.Line2}, "postcode": {s.Postcode}, "city": {s.City}, "country": {s.Country}, "tax_id": {s.TaxID},
		"registration_number": {s.RegistrationNumber}, "email": {s.Email}, "phone": {s.Phone}, "footer": {s.Footer}, "tax_rules": {rulesText(s.Rules)},
	}
	if s.PricesIncludeTax {
		values.Set("prices_include_tax", "yes")
	}
	return w.showCompany(rw, r, v, http.StatusOK, ui.NewForm(values))
}

func (w *Web) showCompany(rw http.ResponseWriter, r *http.Request, v *visit, status int, f ui.Form) error {
	p := formPage{Form: f, May: true}
	var err error
	if p.Page, err = w.operator(r.Context(), v, "Company and taxes"); err != nil {
		return err
	}
	p.Lead = "Invoices that were issued stay as they are."
	return show(r.Context(), rw, status, companyView(p))
}

func (w *Web) setCompany(rw http.ResponseWriter, r *http.Request, v *visit) error {
	values, err := formOf(r)
	if err != nil {
		return err
	}
	rules, err := rulesOf(values.Get("tax_rules"))
	if err == nil {
		s := invoice.Settings{
			Seller: invoice.Seller{
				Name:    values.Get("name"),
				Address: invoice.Address{Line1: values.Get("line1"), Line2: values.Get("line2"), Postcode: values.Get("postcode"), City: values.Get("city"), Country: values.Get("country")},
				TaxID:   values.Get("tax_id"), RegistrationNumber: values.Get("registration_number"), Email: values.Get("email"), Phone: values.Get("phone"),
				Footer: strings.ReplaceAll(values.Get("footer"), "\r\n", "\n"),
			},
			PricesIncludeTax: values.Get("prices_include_tax") == "yes", Rules: rules,
		}
		err = w.shared(r, v, tenant.PlansManage, "admin-set-company", func(ctx context.Context, tx *tenant.SharedTx) error {
			_, err := invoice.SetSettings(ctx, tx, tx.Operator(), s)
			return err
		})
	}
	if err != nil {
		why, err := refused(err)
		if err != nil {
			return err
		}
		return w.showCompany(rw, r, v, statusOf(why), ui.NewForm(values).Refused(why, companyFields...))
	}
	w.say(rw, ui.Good, "Kept. The next invoice says so.")
	return to(rw, r, "/staff/settings/company")
}

// rulesText is tax rules as their field holds them: one a line.
func rulesText(rules []invoice.TaxRule) string {
	var b strings.Builder
	for _, r := range rules {
		fmt.Fprintf(&b, "%s %s %s\n", r.Country, r.Buyer, decimals(money.Of(int64(r.Rate), "EUR")))
	}
	return b.String()
}

var errRules = fault.New(fault.Invalid, "page.tax_rules", "A line of the tax rules is a country, consumer or business, and a rate, such as: DE consumer 19.")

// rulesOf reads them.
func rulesOf(text string) ([]invoice.TaxRule, error) {
	var rules []invoice.TaxRule
	for n, line := range strings.Split(text, "\n") {
		parts := strings.Fields(line)
		if len(parts) == 0 {
			continue
		}
		wrong := errRules.Sayf("Line %d of the tax rules is not like this: DE consumer 19.", n+1).At("body.tax_rules", "cannot be read", nil)
		if len(parts) != 3 {
			return nil, wrong
		}
		// A rate has two decimals, as an amount in euros has.
		rate, err := money.Parse(strings.Replace(strings.TrimSuffix(parts[2], "%"), ",", ".", 1), "EUR")
		if err != nil {
			return nil, wrong
		}
		rules = append(rules, invoice.TaxRule{Country: strings.ToUpper(parts[0]), Buyer: invoice.BuyerKind(strings.ToLower(parts[1])), Rate: invoice.Rate(rate.Amount)})
	}
	return rules, nil
}

func (w *Web) approval(rw http.ResponseWriter, r *http.Request, v *visit) error {
	var rules payment.Rules
	err := w.shared(r, v, tenant.PlansManage, "admin-get-approval-rules", func(ctx context.Context, tx *tenant.SharedTx) (err error) {
		rules, err = payment.LoadRules(ctx, tx.Shared)
		return err
	})
	if err != nil {
		return err
	}
	values := url.Values{}
	var above []string
	for _, m := range rules.Above {
		above = append(above, m.String())
	}
	values.Set("above", strings.Join(above, "\n"))
	for name, on := range map[string]bool{"uncertain": rules.Uncertain, "own_account": rules.Own} {
		if on {
			values.Set(name, "yes")
		}
	}
	return w.showApproval(rw, r, v, http.StatusOK, ui.NewForm(values))
}

func (w *Web) showApproval(rw http.ResponseWriter, r *http.Request, v *visit, status int, f ui.Form) error {
	p := formPage{Form: f, May: true}
	var err error
	if p.Page, err = w.operator(r.Context(), v, "Approval"); err != nil {
		return err
	}
	p.Lead = "When a second person must approve what one has confirmed. Who confirmed can never be who approves."
	return show(r.Context(), rw, status, approvalView(p))
}

func (w *Web) setApproval(rw http.ResponseWriter, r *http.Request, v *visit) error {
	values, err := formOf(r)
	if err != nil {
		return err
	}
	rules := payment.Rules{Uncertain: values.Get("uncertain") == "yes", Own: values.Get("own_account") == "yes"}
	for n, line := range strings.Split(values.Get("above"), "\n") {
		parts := strings.Fields(line)
		if len(parts) == 0 || err != nil {
			continue
		}
		var m money.Money
		if len(parts) == 2 {
			m, err = sumOf(parts[0], parts[1], "above")
		}
		if len(parts) != 2 || err != nil {
			err = errSum.Sayf("Line %d is not like this: 300.00 EUR.", n+1).At("body.above", "cannot be read", nil)
		}
		rules.Above = append(rules.Above, m)
	}
	if err == nil {
		err = w.shared(r, v, tenant.PlansManage, "admin-set-approval-rules", func(ctx context.Context, tx *tenant.SharedTx) error {
			return payment.SetRules(ctx, tx, rules)
		})
	}
	if err != nil {
		why, err := refused(err)
		if err != nil {
			return err
		}
		return w.showApproval(rw, r, v, statusOf(why), ui.NewForm(values).Refused(why, "above", "uncertain", "own_account"))
	}
	w.say(rw, ui.Good, "Kept. It counts from the next confirmation on.")
	return to(rw, r, "/staff/settings/approval")
}

func (w *Web) imports(rw http.ResponseWriter, r *http.Request, v *visit) error {
	p := formPage{May: v.Operator.Has(tenant.PaymentsApprove)}
	var s bank.Settings
	err := w.shared(r, v, payers(v), "admin-get-bank-settings", func(ctx context.Context, tx *tenant.SharedTx) (err error) {
		s, err = bank.LoadSettings(ctx, tx.Shared)
		return err
	})
	if err != nil {
		return err
	}
	values := url.Values{}
	if s.AutoConfirm {
		values.Set("auto_confirm", "yes")
	}
	p.Form = ui.NewForm(values)
	if p.Page, err = w.operator(r.Context(), v, "Imports"); err != nil {
		return err
	}
	return show(r.Context(), rw, http.StatusOK, importsView(p))
}

func (w *Web) setImports(rw http.ResponseWriter, r *http.Request, v *visit) error {
	values, err := formOf(r)
	if err != nil {
		return err
	}
	err = w.shared(r, v, tenant.PaymentsApprove, "admin-set-bank-settings", func(ctx context.Context, tx *tenant.SharedTx) error {
		return bank.SetSettings(ctx, tx, bank.Settings{AutoConfirm: values.Get("auto_confirm") == "yes"})
	})
	if err != nil {
		return err
	}
	w.say(rw, ui.Good, "Kept. It counts from the next import on.")
	return to(rw, r, "/staff/settings/imports")
}

// flagsPage is what is switched on.
type flagsPage struct {
	ui.Page
	Form  ui.Form
	Wrong flag.Name // whose share could not be kept
	Flags []flag.Setting
}

// share is what stands in the field of a flag.
func (p flagsPage) share(s flag.Setting) string {
	if s.Name == p.Wrong {
		return p.Form.Value("percent")
	}
	return strconv.Itoa(int(s.Share))
}

func (w *Web) flags(rw http.ResponseWriter, r *http.Request, v *visit) error {
	return w.showFlags(rw, r, v, http.StatusOK, flagsPage{})
}

func (w *Web) showFlags(rw http.ResponseWriter, r *http.Request, v *visit, status int, p flagsPage) error {
	err := w.shared(r, v, tenant.FlagsManage, "admin-list-flags", func(ctx context.Context, tx *tenant.SharedTx) (err error) {
		p.Flags, err = flag.List(ctx, tx.Shared)
		return err
	})
	if err != nil {
		return err
	}
	if p.Page, err = w.operator(r.Context(), v, "Features"); err != nil {
		return err
	}
	p.Lead = "0 is off, 100 is on. In between it is on for a share, and who is in at 10 is in at 20."
	return show(r.Context(), rw, status, flagsView(p))
}

func (w *Web) setFlag(rw http.ResponseWriter, r *http.Request, v *visit) error {
	values, err := formOf(r)
	if err != nil {
		return err
	}
	name, err := flag.Parse(values.Get("name"))
	if err != nil {
		return err
	}
	n, err := strconv.Atoi(strings.TrimSpace(values.Get("percent")))
	if err != nil {
		err = flag.ErrInvalid.At("body.percent", "must be a whole number from 0 to 100", nil)
	} else {
		err = w.shared(r, v, tenant.FlagsManage, "admin-set-flag", func(ctx context.Context, tx *tenant.SharedTx) error {
			return flag.Set(ctx, tx, name, flag.Share(n))
		})
	}
	if err != nil {
		why, ours := refused(err)
		if ours != nil || errors.Is(err, tenant.ErrForbidden) {
			return err
		}
		return w.showFlags(rw, r, v, statusOf(why), flagsPage{Wrong: name, Form: ui.NewForm(values).Refused(why)})
	}
	w.say(rw, ui.Good, words.With("%s is %s now.", string(name), flag.Share(n).String()))
	return to(rw, r, "/staff/settings/flags")
}
