package api

import (
	"context"
	"net/http"

	"igny8/internal/invoice"
	"igny8/internal/tenant"
)

func (a *API) companyRoutes() {
	onShared(a, route{method: http.MethodGet, path: "/admin/settings/company", id: "admin-get-company", tag: "admin", summary: "Who sells, and which taxes are charged"},
		tenant.PlansManage, getCompany)
	onShared(a, route{method: http.MethodPut, path: "/admin/settings/company", id: "admin-set-company", tag: "admin",
		summary: "Say who sells and which taxes are charged from now on; invoices that were issued stay as they are"}, tenant.PlansManage, setCompany)
	onShared(a, route{method: http.MethodGet, path: "/admin/bank-accounts", id: "admin-list-bank-accounts", tag: "admin", summary: "Where tenants send money"},
		tenant.PlansManage, listBanks)
	onShared(a, route{method: http.MethodPut, path: "/admin/bank-accounts/{currency}", id: "admin-set-bank-account", tag: "admin",
		summary: "Say where tenants send money in a currency"}, tenant.PlansManage, setBank)
	onShared(a, route{method: http.MethodPut, path: "/admin/bank-accounts/{currency}/{country}", id: "admin-set-country-bank-account", tag: "admin",
		summary: "Say where tenants of a country send money in a currency"}, tenant.PlansManage, setCountryBank)
	onShared(a, route{method: http.MethodDelete, path: "/admin/bank-accounts/{currency}/{country}", id: "admin-drop-country-bank-account", tag: "admin",
		status: http.StatusNoContent, summary: "Send tenants of a country to the account for everybody again"}, tenant.PlansManage, dropCountryBank)
}

type taxRuleView struct {
	Country string `json:"country" maxLength:"2" doc:"ISO 3166-1 alpha-2, of the buyer."`
	Buyer   string `json:"buyer" enum:"business,consumer" doc:"A business has a tax id. One without a rule of its own is charged like a consumer."`
	Rate    int64  `json:"rate" minimum:"0" maximum:"10000" doc:"In hundredths of a per cent: 1900 is 19 %."`
}

type companyInput struct {
	Body struct {
		Name               string        `json:"name" maxLength:"400"`
		Line1              string        `json:"line1" maxLength:"400"`
		Line2              string        `json:"line2,omitempty" maxLength:"400"`
		Postcode           string        `json:"postcode,omitempty" maxLength:"80"`
		City               string        `json:"city" maxLength:"400"`
		Country            string        `json:"country" maxLength:"2"`
		TaxID              string        `json:"tax_id,omitempty" maxLength:"60" doc:"Businesses in other member states of the European Union are charged by reverse charge only when this is a VAT id."`
		RegistrationNumber string        `json:"registration_number,omitempty" maxLength:"400"`
		Email              string        `json:"email,omitempty" maxLength:"254"`
		Phone              string        `json:"phone,omitempty" maxLength:"160"`
		Footer             string        `json:"footer,omitempty" maxLength:"2000" doc:"At most four lines at the foot of every page."`
		PricesIncludeTax   bool          `json:"prices_include_tax,omitempty" doc:"The prices of plans are what is paid in all."`
		Rules              []taxRuleView `json:"tax_rules,omitempty" maxItems:"600" nullable:"false" doc:"None: no tax is charged."`
	}
}

type companyView struct {
	Name               string        `json:"name" doc:"Empty: nobody has said yet who sells."`
	Line1              string        `json:"line1"`
	Line2              string        `json:"line2"`
	Postcode           string        `json:"postcode"`
	City               string        `json:"city"`
	Country            string        `json:"country"`
	TaxID              string        `json:"tax_id"`
	RegistrationNumber string        `json:"registration_number"`
	Email              string        `json:"email"`
	Phone              string        `json:"phone"`
	Footer             string        `json:"footer"`
	PricesIncludeTax   bool          `json:"prices_include_tax"`
	Rules              []taxRuleView `json:"tax_rules"`
}

func showCompany(s invoice.Settings) companyView {
	v := companyView{
		Name: s.Name, Line1: s.Line1, Line2: s.Line2, Postcode: s.Postcode, City: s.City, Country: s.Country, TaxID: s.TaxID,
		RegistrationNumber: s.RegistrationNumber, Email: s.Email, Phone: s.Phone, Footer: s.Footer, PricesIncludeTax: s.PricesIncludeTax,
		Rules: make([]taxRuleView, 0, len(s.Rules)),
	}
	for _, r := range s.Rules {
		v.Rules = append(v.Rules, taxRuleView{Country: r.Country, Buyer: string(r.Buyer), Rate: int64(r.Rate)})
	}
	return v
}

func getCompany(ctx context.Context, tx *tenant.SharedTx, _ *struct{}) (*reply[companyView], error) {
	s, err := invoice.SettingsOf(ctx, tx.Shared)
	return &reply[companyView]{Body: showCompany(s)}, err
}

func setCompany(ctx context.Context, tx *tenant.SharedTx, in *companyInput) (*reply[companyView], error) {
	b := in.Body
	s := invoice.Settings{
		Seller: invoice.Seller{
			Name: b.Name, Address: invoice.Address{Line1: b.Line1, Line2: b.Line2, Postcode: b.Postcode, City: b.City, Country: b.Country},
			TaxID: b.TaxID, RegistrationNumber: b.RegistrationNumber, Email: b.Email, Phone: b.Phone, Footer: b.Footer,
		},
		PricesIncludeTax: b.PricesIncludeTax,
	}
	for _, r := range b.Rules {
		s.Rules = append(s.Rules, invoice.TaxRule{Country: r.Country, Buyer: invoice.BuyerKind(r.Buyer), Rate: invoice.Rate(r.Rate)})
	}
	s, err := invoice.SetSettings(ctx, tx, tx.Operator(), s)
	return &reply[companyView]{Body: showCompany(s)}, err
}

func listBanks(ctx context.Context, tx *tenant.SharedTx, _ *struct{}) (*reply[page[bankView]], error) {
	all, err := invoice.BankAccounts(ctx, tx.Shared)
	return list(all, showBank), err
}

// BankFields is what staff say of a bank account.
type BankFields struct {
	Holder       string `json:"holder" maxLength:"400"`
	IBAN         string `json:"iban" maxLength:"60"`
	BIC          string `json:"bic,omitempty" maxLength:"20"`
	BankName     string `json:"bank_name" maxLength:"400"`
	Instructions string `json:"instructions,omitempty" maxLength:"2000" doc:"What else the payer should know."`
}

func (f BankFields) account(currency, country string) invoice.BankAccount {
	return invoice.BankAccount{
		Currency: currency, Country: country, Holder: f.Holder, IBAN: f.IBAN, BIC: f.BIC, BankName: f.BankName, Instructions: f.Instructions,
	}
}

type bankInput struct {
	Currency string `path:"currency" maxLength:"3"`
	Body     BankFields
}

func setBank(ctx context.Context, tx *tenant.SharedTx, in *bankInput) (*reply[bankView], error) {
	b, err := invoice.SetBankAccount(ctx, tx, tx.Operator(), in.Body.account(in.Currency, ""))
	return &reply[bankView]{Body: showBank(b)}, err
}

// BankPlace names a bank account for one country in the path.
type BankPlace struct {
	Currency string `path:"currency" maxLength:"3"`
	Country  string `path:"country" maxLength:"2" doc:"ISO 3166-1 alpha-2, of the payer."`
}

type countryBankInput struct {
	BankPlace
	Body BankFields
}

func setCountryBank(ctx context.Context, tx *tenant.SharedTx, in *countryBankInput) (*reply[bankView], error) {
	b, err := invoice.SetBankAccount(ctx, tx, tx.Operator(), in.Body.account(in.Currency, in.Country))
	return &reply[bankView]{Body: showBank(b)}, err
}

func dropCountryBank(ctx context.Context, tx *tenant.SharedTx, in *BankPlace) (*none, error) {
	return &none{}, invoice.DropBankAccount(ctx, tx, tx.Operator(), in.Currency, in.Country)
}
