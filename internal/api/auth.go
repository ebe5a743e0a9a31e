package api

import (
	"context"
	"net/http"

	"igny8/internal/account"
	"igny8/internal/identity"
	"igny8/internal/signup"
	"igny8/internal/tenant"
	"igny8/internal/throttle"
)

func (a *API) authRoutes() {
	register := route{method: http.MethodPost, scope: throttle.Auth, path: "/auth/register", id: "register", tag: "auth", status: http.StatusCreated,
		summary: "Open an account: a trial begins at once, a paid plan begins with its invoice"}
	mountKeeping(a, register, identity.Public(), a.register(register))
	mount(a, route{method: http.MethodPost, scope: throttle.Auth, path: "/auth/login", id: "login", tag: "auth", summary: "Sign in by e-mail address and password"}, identity.Public(), a.login)
	public(a, route{method: http.MethodPost, scope: throttle.Auth, path: "/auth/refresh", id: "refresh", tag: "auth", summary: "Exchange a refresh token for the next pair"}, a.refresh)
	public(a, route{method: http.MethodPost, scope: throttle.Auth, path: "/auth/logout", id: "logout", tag: "auth", status: http.StatusNoContent,
		summary: "End the session of a refresh token"}, a.logout)
	mount(a, route{method: http.MethodPost, scope: throttle.Auth, path: "/auth/first-staff", id: "create-first-staff", tag: "auth", status: http.StatusCreated,
		summary: "Become the first operator, with the token that the server printed"}, identity.Public(), a.firstStaff)
	mount(a, route{method: http.MethodGet, path: "/auth/me", id: "me", tag: "auth", summary: "Who is signed in, and what he may do"}, identity.AnyUser(), a.me)
	a.passwordRoutes()
	a.sessionRoutes()
	a.factorRoutes()
}

type tokensView struct {
	Access    string `json:"access_token"`
	Refresh   string `json:"refresh_token" doc:"Good for one exchange."`
	Type      string `json:"token_type" enum:"Bearer"`
	ExpiresIn int64  `json:"expires_in" doc:"Seconds that the access token lasts."`
}

func showTokens(t identity.Tokens) tokensView {
	return tokensView{Access: t.Access, Refresh: t.Refresh, Type: "Bearer", ExpiresIn: int64(t.ExpiresIn.Seconds())}
}

type registerInput struct {
	Body struct {
		Email         string `json:"email" maxLength:"254" example:"dora@example.com"`
		Password      string `json:"password" maxLength:"1024" doc:"At least 15 characters, and none of the passwords that everybody tries first."`
		FirstName     string `json:"first_name" maxLength:"400"`
		LastName      string `json:"last_name,omitempty" maxLength:"400"`
		AccountName   string `json:"account_name" maxLength:"480"`
		Country       string `json:"country" maxLength:"2" doc:"ISO 3166-1 alpha-2." example:"DE"`
		Plan          string `json:"plan,omitempty" maxLength:"100" doc:"A plan's code or id. None: the trial."`
		Currency      string `json:"currency,omitempty" maxLength:"3" doc:"One of the plan's prices. None: that of the country where there is one, or else the plan's price."`
		PaymentMethod string `json:"payment_method,omitempty" maxLength:"100" doc:"stripe, paypal or bank_transfer. None: stripe."`

		Billing *BuyerFields `json:"billing,omitempty" doc:"To whom invoices are written, the first one too."`
	}
}

type registeredView struct {
	User         userView         `json:"user"`
	Account      accountView      `json:"account"`
	Subscription subscriptionView `json:"subscription"`
	Credits      creditsView      `json:"credits"`
	Invoice      *invoiceView     `json:"invoice,omitempty"`
	tokensView
}

// register hashes the password before the transaction, and not at all for a
// request that has been answered.
func (a *API) register(r route) func(context.Context, visit, *registerInput) (*reply[registeredView], error) {
	return func(ctx context.Context, v visit, in *registerInput) (*reply[registeredView], error) {
		q, err := asked(r, v, "auth/register", tenant.Actor{}, in)
		if err != nil {
			return nil, err
		}
		if text, ok, err := a.replay.Answered(ctx, q); ok || err != nil {
			if err != nil {
				return nil, err
			}
			k, err := recall(text)
			return outcome[reply[registeredView]]{kept: k}.told(err)
		}
		order, err := a.order(ctx, in, v.from)
		if err != nil {
			return nil, err
		}
		var out outcome[reply[registeredView]]
		err = a.st.Update(ctx, a.identity.NewAccount(order.Person), func(ctx context.Context, tx *tenant.Tx) error {
			out, err = once(ctx, a, tx, r, q, func() (*reply[registeredView], error) {
				n, err := signup.Open(ctx, tx, a.identity, a.desk, order)
				if err != nil {
					return nil, err
				}
				return showOpened(ctx, tx, n)
			})
			return err
		})
		return out.told(err)
	}
}

func (a *API) order(ctx context.Context, in *registerInput, from identity.Client) (signup.Order, error) {
	method, err := account.ParsePaymentMethod(in.Body.PaymentMethod)
	if err != nil {
		return signup.Order{}, err
	}
	person, err := a.identity.Prepare(ctx, identity.Registration{
		Email: in.Body.Email, Password: in.Body.Password, FirstName: in.Body.FirstName, LastName: in.Body.LastName, AccountName: in.Body.AccountName,
	})
	o := signup.Order{
		Person: person, AccountName: in.Body.AccountName, Country: in.Body.Country, Plan: in.Body.Plan, Currency: in.Body.Currency, PaymentMethod: method, From: from,
	}
	if in.Body.Billing != nil {
		o.Billing = ptr(in.Body.Billing.buyer())
	}
	return o, err
}

func showOpened(ctx context.Context, tx *tenant.Tx, n signup.Opened) (*reply[registeredView], error) {
	v := registeredView{
		User: showUser(n.User), Account: showAccount(n.Account), Subscription: showSubscription(n.Subscription),
		Credits: showCredits(n.Balance, n.Alert, n.Lots), tokensView: showTokens(n.Tokens),
	}
	if n.Invoice != nil {
		i, err := invoiceOf(ctx, tx, *n.Invoice)
		if err != nil {
			return nil, err
		}
		v.Invoice = &i
	}
	return &reply[registeredView]{Body: v}, nil
}

type loginInput struct {
	Body struct {
		Email    string `json:"email" maxLength:"254"`
		Password string `json:"password" maxLength:"1024"`
	}
}

type signedInView struct {
	User userView `json:"user"`
	tokensView
}

func (a *API) login(ctx context.Context, v visit, in *loginInput) (*reply[signedInView], error) {
	t, u, err := a.identity.Login(ctx, in.Body.Email, in.Body.Password, v.from)
	if err != nil {
		return nil, err
	}
	return &reply[signedInView]{Body: signedInView{User: showUser(u), tokensView: showTokens(t)}}, nil
}

type refreshInput struct {
	Body struct {
		Token string `json:"refresh_token" maxLength:"2048"`
	}
}

func (a *API) refresh(ctx context.Context, in *refreshInput) (*reply[tokensView], error) {
	t, err := a.identity.Refresh(ctx, in.Body.Token)
	if err != nil {
		return nil, err
	}
	return &reply[tokensView]{Body: showTokens(t)}, nil
}

func (a *API) logout(ctx context.Context, in *refreshInput) (*none, error) {
	return &none{}, a.identity.Logout(ctx, in.Body.Token)
}

type firstStaffInput struct {
	Body struct {
		Token     string `json:"token" maxLength:"2048"`
		Email     string `json:"email" maxLength:"254"`
		Password  string `json:"password" maxLength:"1024"`
		FirstName string `json:"first_name" maxLength:"400"`
		LastName  string `json:"last_name,omitempty" maxLength:"400"`
	}
}

func (a *API) firstStaff(ctx context.Context, v visit, in *firstStaffInput) (*reply[signedInView], error) {
	p, err := a.identity.Prepare(ctx, identity.Registration{
		Email: in.Body.Email, Password: in.Body.Password, FirstName: in.Body.FirstName, LastName: in.Body.LastName,
	})
	if err != nil {
		return nil, err
	}
	t, u, err := a.identity.ClaimFirstStaff(ctx, in.Body.Token, p, v.from)
	if err != nil {
		return nil, err
	}
	return &reply[signedInView]{Body: signedInView{User: showUser(u), tokensView: showTokens(t)}}, nil
}

type meView struct {
	User        userView     `json:"user"`
	Account     *accountView `json:"account" doc:"That of this session. Null: without one."`
	Accounts    []placeView  `json:"accounts" doc:"Every account that the user is a member of; see /auth/switch."`
	Permissions []string     `json:"permissions" doc:"What the user may do in the account."`
	Privileges  []string     `json:"privileges" doc:"What the user may do as one of the operator's people."`
}

func (a *API) me(ctx context.Context, v visit, _ *struct{}) (*reply[meView], error) {
	u, err := a.identity.UserOf(ctx, v.User)
	if err != nil {
		return nil, err
	}
	places, err := a.identity.Places(ctx, v.User)
	if err != nil {
		return nil, err
	}
	me := meView{User: showUser(u), Accounts: list(places, showPlace).Body.Items, Permissions: v.Scope.Permissions().Names(), Privileges: []string{}}
	for _, p := range v.Operator.Privileges() {
		me.Privileges = append(me.Privileges, string(p))
	}
	if v.Scope.Account().IsZero() {
		return &reply[meView]{Body: me}, nil
	}
	err = a.st.View(ctx, v.Scope, func(ctx context.Context, r *tenant.View) error {
		acc, err := account.Load(ctx, r)
		me.Account = ptr(showAccount(acc))
		return err
	})
	return &reply[meView]{Body: me}, err
}
