package web

import (
	"context"
	"net/http"
	"net/url"
	"slices"

	"sync"

	"golang.org/x/text/collate"
	"golang.org/x/text/language"
	"golang.org/x/text/language/display"

	"igny8/internal/account"
	"igny8/internal/identity"
	"igny8/internal/payment"
	"igny8/internal/plan"
	"igny8/internal/signup"
	"igny8/internal/tenant"
	"igny8/internal/throttle"
	"igny8/internal/web/ui"
	"igny8/internal/words"
)

// signUpPage is the form with which somebody opens an account.
type signUpPage struct {
	ui.Page
	Form    ui.Form
	Plans   []plan.Plan
	Methods []payment.Availability
}

// signUpFields are those that the form has, by the names of the API.
var signUpFields = []string{"email", "password", "first_name", "last_name", "account_name", "country", "plan", "payment_method"}

func (w *Web) signUp(rw http.ResponseWriter, r *http.Request, v *visit) error {
	values := url.Values{}
	if wanted := r.URL.Query().Get("plan"); wanted != "" {
		values.Set("plan", wanted)
	}
	return w.showSignUp(rw, r, v, http.StatusOK, ui.NewForm(values))
}

func (w *Web) showSignUp(rw http.ResponseWriter, r *http.Request, v *visit, status int, f ui.Form) error {
	p := signUpPage{Page: v.page, Form: f}
	p.Title = "Create your account"
	var err error
	if p.Plans, err = w.plans(r.Context()); err != nil {
		return err
	}
	err = w.st.ViewShared(r.Context(), func(ctx context.Context, s tenant.Shared) error {
		p.Methods, err = w.Desk.MethodsForNewcomer(ctx, s, f.Value("email"))
		return err
	})
	if err != nil {
		return err
	}
	return show(r.Context(), rw, status, signUpView(p))
}

// register opens the account as the API does: the password is hashed before
// the transaction, and all of it is one.
func (w *Web) register(rw http.ResponseWriter, r *http.Request, v *visit) error {
	values, err := formOf(r)
	if err != nil {
		return err
	}
	opened, err := w.open(rw, r, v, values)
	if err != nil {
		f, err := refused(err)
		if err != nil {
			return err
		}
		return w.showSignUp(rw, r, v, statusOf(f), ui.NewForm(values).Refused(f, signUpFields...))
	}
	if err := w.keep(rw, r, opened.Tokens); err != nil {
		return err
	}
	if opened.Invoice != nil {
		w.say(rw, ui.Good, "Your account is ready. It opens when your payment has arrived.")
		return to(rw, r, "/billing")
	}
	w.say(rw, ui.Good, "Welcome. Your trial has begun, and a letter to confirm your address is on its way.")
	return to(rw, r, "/home")
}

func (w *Web) open(rw http.ResponseWriter, r *http.Request, v *visit, values url.Values) (signup.Opened, error) {
	if err := w.countMailbox(r.Context(), rw, "register", values.Get("email"), throttle.RegisterByEmail); err != nil {
		return signup.Opened{}, err
	}
	method, err := account.ParsePaymentMethod(values.Get("payment_method"))
	if err != nil {
		return signup.Opened{}, err
	}
	person, err := w.Identity.Prepare(r.Context(), identity.Registration{
		Email: values.Get("email"), Password: values.Get("password"), FirstName: values.Get("first_name"), LastName: values.Get("last_name"),
		AccountName: values.Get("account_name"), Language: v.page.Locale.Language(),
	})
	if err != nil {
		return signup.Opened{}, err
	}
	order := signup.Order{
		Person: person, AccountName: values.Get("account_name"), Country: values.Get("country"), Plan: values.Get("plan"),
		PaymentMethod: method, From: v.from,
	}
	var opened signup.Opened
	err = w.st.Update(r.Context(), w.Identity.NewAccount(person), func(ctx context.Context, tx *tenant.Tx) error {
		opened, err = signup.Open(ctx, tx, w.Identity, w.Desk, order)
		return err
	})
	return opened, err
}

// planPicks is what is for sale, to choose from.
func planPicks(l ui.Locale, all []plan.Plan) []ui.Pick {
	var picks []ui.Pick
	for _, p := range all {
		note := words.With("%s %s", price(l, p), per(p))
		picks = append(picks, ui.Pick{Value: p.Code, Label: words.Verbatim(p.Name), Hint: summary(l, p), Note: note, Free: p.Free()})
	}
	return picks
}

// methodPicks is how one can pay. What is not there yet is shown, so that
// nobody looks for it, and cannot be chosen.
func methodPicks(all []payment.Availability) []ui.Pick {
	var picks []ui.Pick
	for _, m := range all {
		p := ui.Pick{Value: string(m.Method), Label: methodName(m.Method), Disabled: !m.Available}
		if !m.Available {
			p.Note = "Coming soon"
		} else if m.Method == account.BankTransfer {
			p.Hint = "You get an invoice with our bank details and a reference. The account opens when the money is there."
		}
		picks = append(picks, p)
	}
	return picks
}

// methodName is a payment method as people call it.
func methodName(m account.PaymentMethod) words.Text {
	switch m {
	case account.BankTransfer:
		return "Bank transfer"
	case account.Stripe:
		return "Card (Stripe)"
	case account.PayPal:
		return "PayPal"
	}
	return words.Verbatim(string(m))
}

// countryPicks is every country by its name in the language of the pages, in the
// order of the names.
func countryPicks(l ui.Locale) []ui.Pick {
	tag := l.Language().Tag()
	if known, ok := countriesIn.Load(tag); ok {
		return known.([]ui.Pick) //nolint:forcetypeassert // it holds nothing else
	}
	names := display.Regions(language.Make(tag))
	var picks []ui.Pick
	for _, code := range account.Countries() {
		region, err := language.ParseRegion(code)
		if err != nil { // not one that has a name
			continue
		}
		picks = append(picks, ui.Pick{Value: code, Label: words.Verbatim(names.Name(region))})
	}
	order := collate.New(language.Make(tag))
	slices.SortFunc(picks, func(a, b ui.Pick) int { return order.CompareString(a.Label.String(), b.Label.String()) })
	countriesIn.Store(tag, picks)
	return picks
}

// countriesIn is countryPicks by the language. They are not to be changed.
var countriesIn sync.Map
