package web

import (
	"context"
	"crypto/rand"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"igny8/internal/account"
	"igny8/internal/credit"
	"igny8/internal/fault"
	"igny8/internal/invoice"
	"igny8/internal/money"
	"igny8/internal/payment"
	"igny8/internal/plan"
	"igny8/internal/tenant"
	"igny8/internal/web/ui"
	"igny8/internal/words"
)

// packsPage is where credits are bought, and where it is said when to warn that
// they run out.
type packsPage struct {
	ui.Page
	Form    ui.Form // of the order
	Warning ui.Form // of the threshold
	Country string
	Packs   []plan.Pack
	Methods []payment.Availability
	Alert   credit.Alert
	Once    string // makes the order count once

	desk *payment.Desk
}

func (w *Web) billingPacks(rw http.ResponseWriter, r *http.Request, v *visit) error {
	return w.showPacks(rw, r, v, http.StatusOK, packsPage{})
}

func (w *Web) showPacks(rw http.ResponseWriter, r *http.Request, v *visit, status int, p packsPage) error {
	p.Once, p.desk = rand.Text(), w.Desk
	var err error
	if p.Page, err = w.personal(r.Context(), v, "Buy credits"); err != nil {
		return err
	}
	if err := w.st.View(r.Context(), v.Scope, p.read); err != nil {
		return err
	}
	return show(r.Context(), rw, status, packsView(p))
}

func (p *packsPage) read(ctx context.Context, v *tenant.View) error {
	a, err := account.Load(ctx, v)
	if err != nil {
		return err
	}
	p.Country = a.Country
	if p.Packs, err = plan.Packs(ctx, v.Shared()); err != nil {
		return err
	}
	if p.Alert, err = credit.AlertOf(ctx, v); err != nil {
		return err
	}
	p.Methods, err = p.desk.Methods(ctx, v)
	return err
}

// picks is the packages that are for sale, in the currency of the account's
// country where there is one.
func (p packsPage) picks() []ui.Pick {
	var picks []ui.Pick
	for _, one := range p.Packs {
		var hint words.Text = "They stay until they are used."
		if one.Days > 0 {
			hint = p.Locale.Count(one.Days, "They are good for one day.", "They are good for %s days.")
		}
		picks = append(picks, ui.Pick{
			Value: one.Code, Label: words.With("%s credits", p.Locale.Number(int64(one.Credits))), Hint: hint, Note: words.Verbatim(p.Locale.Money(one.PriceIn(money.OfCountry(p.Country)))),
		})
	}
	return picks
}

func (p packsPage) start() string {
	if len(p.Packs) == 0 {
		return ""
	}
	return p.Packs[0].Code
}

func (p packsPage) method() string { return firstMethod(p.Methods) }

// threshold is what the field of the threshold begins with.
func (p packsPage) threshold() string {
	if p.Alert.Automatic {
		return ""
	}
	return strconv.FormatInt(int64(p.Alert.Threshold), 10)
}

var errNoPack = fault.New(fault.Invalid, "page.no_package", "Choose a package.").At("body.package", "must be chosen", nil)

func (w *Web) orderPack(rw http.ResponseWriter, r *http.Request, v *visit) error {
	values, err := formOf(r)
	if err != nil {
		return err
	}
	id, err := w.buyPack(r, v, values)
	if err != nil {
		f, err := refused(err)
		if err != nil {
			return err
		}
		return w.showPacks(rw, r, v, statusOf(f), packsPage{Form: ui.NewForm(values).Refused(f, "package", "payment_method")})
	}
	w.say(rw, ui.Good, "Thank you for your order.")
	return to(rw, r, "/billing/invoices/"+id)
}

// buyPack takes the order, and is the id of its invoice.
func (w *Web) buyPack(r *http.Request, v *visit, values url.Values) (string, error) {
	code, method := values.Get("package"), values.Get("payment_method")
	if strings.TrimSpace(code) == "" {
		return "", errNoPack
	}
	m, err := account.ParsePaymentMethod(method)
	if err != nil {
		return "", err
	}
	var id string
	err = w.st.Update(r.Context(), v.Scope, func(ctx context.Context, tx *tenant.Tx) error {
		a, err := account.Load(ctx, tx)
		if err != nil {
			return err
		}
		id, err = w.once(ctx, tx, r, values.Get(onceField), code+"\x00"+method, func() (string, error) {
			p, err := plan.PackForSale(ctx, tx.Shared(), code)
			if err != nil {
				return "", err
			}
			var i invoice.Invoice
			i, err = w.Desk.BuyPack(ctx, tx, p, plan.Wish{Country: a.Country}, m)
			return i.ID.String(), err
		})
		return err
	})
	return id, err
}

// setThreshold decides when the owners are warned. An empty field leaves it to
// the plan.
func (w *Web) setThreshold(rw http.ResponseWriter, r *http.Request, v *visit) error {
	values, err := formOf(r)
	if err != nil {
		return err
	}
	n, err := typedThreshold(values.Get("threshold"))
	if err == nil {
		err = w.st.Update(r.Context(), v.Scope, func(ctx context.Context, tx *tenant.Tx) error {
			_, err := credit.SetThreshold(ctx, tx, n)
			return err
		})
	}
	if err != nil {
		f, err := refused(err)
		if err != nil {
			return err
		}
		return w.showPacks(rw, r, v, statusOf(f), packsPage{Warning: ui.NewForm(values).Refused(f, "threshold")})
	}
	w.say(rw, ui.Good, "Saved.")
	return to(rw, r, "/billing/credits")
}

func typedThreshold(s string) (*credit.Credits, error) {
	s = strings.TrimSpace(s)
	if s == "" {
		return nil, nil
	}
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil {
		return nil, credit.ErrInvalidThreshold.At("body.threshold", "must be a whole number, such as 100", s)
	}
	return (*credit.Credits)(&n), nil
}
