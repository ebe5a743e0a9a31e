package api

import (
	"context"
	"net/http"

	"igny8/internal/account"
	"igny8/internal/credit"
	"igny8/internal/identity"
	"igny8/internal/money"
	"igny8/internal/plan"
	"igny8/internal/subscription"
	"igny8/internal/tenant"
)

func (a *API) packageRoutes() {
	read(a, route{method: http.MethodGet, path: "/billing/credit-packages", id: "list-credit-packages", tag: "billing",
		summary: "The packages of credits that are for sale"}, identity.TenantEvenIfUnpaid(tenant.ReadBilling), listPackages)
	order := route{method: http.MethodPost, path: "/billing/credit-packages/checkout", id: "checkout-credit-package", tag: "billing", needsKey: true,
		status: http.StatusCreated, summary: "Order a package of credits: its invoice says what to pay and where"}
	mountKeeping(a, order, identity.TenantEvenIfUnpaid(tenant.ManageBilling), checkout(a, order, a.takePackageOrder))
	onShared(a, route{method: http.MethodGet, path: "/admin/credit-packages", id: "admin-list-credit-packages", tag: "admin",
		summary: "All packages of credits, for sale or not"}, tenant.PlansManage, adminPackages)
	onShared(a, route{method: http.MethodPost, path: "/admin/credit-packages", id: "admin-create-credit-package", tag: "admin", status: http.StatusCreated,
		summary: "Add a package of credits"}, tenant.PlansManage, createPackage)
	onShared(a, route{method: http.MethodPatch, path: "/admin/credit-packages/{code}", id: "admin-change-credit-package", tag: "admin",
		summary: "Change a package of credits from now on; invoices that were issued keep what they sell"}, tenant.PlansManage, changePackage)
}

type packageView struct {
	ID      string        `json:"id"`
	Code    string        `json:"code"`
	Name    string        `json:"name"`
	Credits int64         `json:"credits"`
	Price   money.Money   `json:"price" doc:"In the currency of the account's country, where the package is sold in it."`
	Prices  []money.Money `json:"prices" doc:"In each currency that the package is sold in, its own first."`
	Days    int64         `json:"valid_days" doc:"How long the credits are valid from their payment on. 0: for ever."`
}

func showPackage(p plan.Pack, currency string) packageView {
	return packageView{
		ID: p.ID.String(), Code: p.Code, Name: p.Name, Credits: int64(p.Credits), Price: p.PriceIn(currency), Prices: p.Prices, Days: p.Days,
	}
}

func listPackages(ctx context.Context, v *tenant.View, _ *struct{}) (*reply[page[packageView]], error) {
	acc, err := account.Load(ctx, v)
	if err != nil {
		return nil, err
	}
	all, err := plan.Packs(ctx, v.Shared())
	return list(all, func(p plan.Pack) packageView { return showPackage(p, money.OfCountry(acc.Country)) }), err
}

type packageOrderInput struct {
	Body struct {
		Package       string `json:"package" maxLength:"100" doc:"The code or id of a package of credits."`
		Currency      string `json:"currency,omitempty" maxLength:"3" doc:"One of the package's prices. None: that of the account's country where there is one, or else the package's own."`
		PaymentMethod string `json:"payment_method,omitempty" maxLength:"100" doc:"stripe, paypal or bank_transfer. None: stripe."`
	}
}

// takePackageOrder is what is asked for before anybody is sent to a vendor.
func (a *API) takePackageOrder(ctx context.Context, tx *tenant.Tx, in *packageOrderInput) (*reply[checkoutView], error) {
	method, err := account.ParsePaymentMethod(in.Body.PaymentMethod)
	if err != nil {
		return nil, err
	}
	acc, err := account.Load(ctx, tx)
	if err != nil {
		return nil, err
	}
	p, err := plan.PackForSale(ctx, tx.Shared(), in.Body.Package)
	if err != nil {
		return nil, err
	}
	i, err := a.desk.BuyPack(ctx, tx, p, plan.Wish{Currency: in.Body.Currency, Country: acc.Country}, method)
	if err != nil {
		return nil, err
	}
	s, err := subscription.Current(ctx, tx)
	if err != nil {
		return nil, err
	}
	v, err := invoiceOf(ctx, tx, i)
	return &reply[checkoutView]{Body: checkoutView{Subscription: showSubscription(s), Invoice: v}}, err
}

type adminPackageView struct {
	packageView
	Active   bool  `json:"active" doc:"For sale."`
	Position int64 `json:"position" doc:"Where it stands among those that are shown."`
}

func showAdminPackage(p plan.Pack) adminPackageView {
	v := adminPackageView{Active: p.Active, Position: p.Position}
	if len(p.Prices) > 0 {
		v.packageView = showPackage(p, p.Prices[0].Currency)
	}
	return v
}

func adminPackages(ctx context.Context, tx *tenant.SharedTx, _ *struct{}) (*reply[page[adminPackageView]], error) {
	all, err := plan.AllPacks(ctx, tx.Shared)
	return list(all, showAdminPackage), err
}

type newPackageInput struct {
	Body struct {
		Code     string        `json:"code" maxLength:"50" doc:"Small letters, digits and hyphens. It stays."`
		Name     string        `json:"name" maxLength:"480"`
		Credits  int64         `json:"credits"`
		Prices   []money.Money `json:"prices" maxItems:"51" nullable:"false" doc:"One for each currency, in minor units, its own first."`
		Days     int64         `json:"valid_days,omitempty"`
		Active   *bool         `json:"active,omitempty" doc:"For sale. None: it is."`
		Position int64         `json:"position,omitempty"`
	}
}

func createPackage(ctx context.Context, tx *tenant.SharedTx, in *newPackageInput) (*reply[adminPackageView], error) {
	b := in.Body
	p, err := plan.CreatePack(ctx, tx, plan.Pack{
		Code: b.Code, Name: b.Name, Credits: credit.Credits(b.Credits), Prices: b.Prices, Days: b.Days,
		Active: b.Active == nil || *b.Active, Position: b.Position,
	})
	return &reply[adminPackageView]{Body: showAdminPackage(p)}, err
}

type changePackageInput struct {
	Code string `path:"code" maxLength:"100" doc:"The code or id of a package."`
	Body struct {
		Name     *string        `json:"name,omitempty" maxLength:"480"`
		Credits  *int64         `json:"credits,omitempty" doc:"Of what is ordered from now on."`
		Prices   *[]money.Money `json:"prices,omitempty" maxItems:"51" nullable:"false" doc:"All that it costs, its own first; what is not named is gone."`
		Days     *int64         `json:"valid_days,omitempty"`
		Active   *bool          `json:"active,omitempty"`
		Position *int64         `json:"position,omitempty"`
	}
}

func changePackage(ctx context.Context, tx *tenant.SharedTx, in *changePackageInput) (*reply[adminPackageView], error) {
	b := in.Body
	p, err := plan.ChangePack(ctx, tx, in.Code, func(p *plan.Pack) {
		set(&p.Name, b.Name)
		set(&p.Prices, b.Prices)
		set(&p.Days, b.Days)
		set(&p.Active, b.Active)
		set(&p.Position, b.Position)
		if b.Credits != nil {
			p.Credits = credit.Credits(*b.Credits)
		}
	})
	return &reply[adminPackageView]{Body: showAdminPackage(p)}, err
}
