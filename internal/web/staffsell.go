package web

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"igny8/internal/credit"
	"igny8/internal/fault"
	"igny8/internal/money"
	"igny8/internal/plan"
	"igny8/internal/tenant"
	"igny8/internal/throttle"
	"igny8/internal/web/ui"
	"igny8/internal/words"
)

// sellPage is what is for sale, and what is not any more.
type sellPage struct {
	ui.Page
	Plans []plan.Offer
	Packs []plan.Pack
	Costs []credit.Price
	Rules []credit.FailureRule
}

func (w *Web) sell(rw http.ResponseWriter, r *http.Request, v *visit) error {
	var p sellPage
	err := w.shared(r, v, tenant.PlansManage, "admin-list-plans", func(ctx context.Context, tx *tenant.SharedTx) error {
		plans, err := plan.All(ctx, tx.Shared)
		if err != nil {
			return err
		}
		if p.Plans, err = plan.Offers(ctx, tx.Shared, plans); err != nil {
			return err
		}
		if p.Packs, err = plan.AllPacks(ctx, tx.Shared); err != nil {
			return err
		}
		if p.Costs, err = credit.Prices(ctx, tx.Shared); err != nil {
			return err
		}
		p.Rules, err = credit.FailureRules(ctx, tx.Shared)
		return err
	})
	if err != nil {
		return err
	}
	if p.Page, err = w.operator(r.Context(), v, "For sale"); err != nil {
		return err
	}
	p.Lead = "Plans, packages of credits, and what work costs."
	return show(r.Context(), rw, http.StatusOK, sellView(p))
}

// goodsPage is the form of a plan or a package.
type goodsPage struct {
	ui.Page
	Form   ui.Form
	New    bool
	Code   string
	Fields []ui.Field
	Areas  []ui.Field
	Checks []ui.Field
	Choose []ui.Field
	Text   words.Text
	Action string
}

// planFields are those of the form of a plan; the API names some of them
// otherwise.
var planFields = []string{
	"code", "name", "price", "prices", "interval", "trial_days", "included_credits", "limits.sites", "limits.users", "limits.keywords",
	"rates.read", "rates.write", "rates.ai", "rates.bridge", "position",
}

// numbersOf reads whole numbers of a form, and blames each field that has none.
func numbersOf(values url.Values, into map[string]*int64) error {
	wrong := errWholeNumber
	for name, to := range into {
		n, err := strconv.ParseInt(strings.TrimSpace(values.Get(name)), 10, 64)
		if err != nil {
			wrong = wrong.At("body."+name, "must be a whole number", nil)
		}
		*to = n
	}
	if len(wrong.Fields) > 0 {
		return wrong
	}
	return nil
}

var errWholeNumber = fault.New(fault.Invalid, "page.whole_number", "This must be a whole number.")

// priceOf reads an amount with its currency, as "49.00 EUR". Nothing is written
// as "0 EUR".
func priceOf(text, field string) (money.Money, error) {
	wrong := errSum.Sayf("Write a price with its currency, such as 49.00 EUR.").At("body."+field, "must be an amount with a currency", nil)
	parts := strings.Fields(text)
	if len(parts) != 2 {
		return money.Money{}, wrong
	}
	m, err := money.Parse(strings.Replace(parts[0], ",", ".", 1), strings.ToUpper(parts[1]))
	if err != nil || m.Amount < 0 {
		return money.Money{}, wrong
	}
	return m, nil
}

// pricesOf reads prices, one a line.
func pricesOf(text, field string) ([]money.Money, error) {
	var all []money.Money
	for line := range strings.Lines(text) {
		if strings.TrimSpace(line) == "" {
			continue
		}
		m, err := priceOf(line, field)
		if err != nil {
			return nil, err
		}
		all = append(all, m)
	}
	return all, nil
}

// pricesText is prices as their field holds them.
func pricesText(all []money.Money) string {
	var b strings.Builder
	for _, m := range all {
		b.WriteString(m.String() + "\n")
	}
	return b.String()
}

// planOf reads the form of a plan into o.
func planOf(values url.Values, o *plan.Offer) error {
	var days int64
	err := numbersOf(values, map[string]*int64{
		"trial_days": &days, "included_credits": (*int64)(&o.Credits), "limits.sites": &o.Limits.Sites, "limits.users": &o.Limits.Users,
		"limits.keywords": &o.Limits.Keywords, "rates.read": &o.Rates.Read, "rates.write": &o.Rates.Write, "rates.ai": &o.Rates.AI,
		"rates.bridge": &o.Rates.Bridge, "position": &o.Position,
	})
	if err != nil {
		return err
	}
	o.Name, o.Interval, o.TrialDays, o.Active = values.Get("name"), plan.Interval(values.Get("interval")), int(days), values.Get("active") == "yes"
	if o.Price, err = priceOf(values.Get("price"), "price"); err != nil {
		return err
	}
	o.Prices, err = pricesOf(values.Get("prices"), "prices")
	return err
}

// planValues is a plan as its form holds it.
func planValues(o plan.Offer) url.Values {
	values := url.Values{"code": {o.Code}, "name": {o.Name}, "price": {o.Price.String()}, "interval": {string(o.Interval)}}
	for name, n := range map[string]int64{
		"trial_days": int64(o.TrialDays), "included_credits": int64(o.Credits), "limits.sites": o.Limits.Sites, "limits.users": o.Limits.Users,
		"limits.keywords": o.Limits.Keywords, "rates.read": o.Rates.Read, "rates.write": o.Rates.Write, "rates.ai": o.Rates.AI,
		"rates.bridge": o.Rates.Bridge, "position": o.Position,
	} {
		values.Set(name, strconv.FormatInt(n, 10))
	}
	if len(o.Prices) > 1 {
		values.Set("prices", pricesText(o.Prices[1:]))
	}
	if o.Active {
		values.Set("active", "yes")
	}
	return values
}

func (w *Web) newPlan(rw http.ResponseWriter, r *http.Request, v *visit) error {
	values := planValues(plan.Offer{Plan: plan.Plan{Interval: plan.Month, Rates: throttle.Basic, Active: true, Limits: plan.Limits{Sites: 1, Users: 1, Keywords: 1000}}})
	values.Set("price", "")
	return w.showPlan(rw, r, v, http.StatusOK, "", ui.NewForm(values))
}

func (w *Web) editPlan(rw http.ResponseWriter, r *http.Request, v *visit) error {
	var o plan.Offer
	err := w.shared(r, v, tenant.PlansManage, "admin-list-plans", func(ctx context.Context, tx *tenant.SharedTx) (err error) {
		o, err = plan.OfferOf(ctx, tx.Shared, r.PathValue("code"))
		return err
	})
	if err != nil {
		return err
	}
	return w.showPlan(rw, r, v, http.StatusOK, o.Code, ui.NewForm(planValues(o)))
}

func (w *Web) showPlan(rw http.ResponseWriter, r *http.Request, v *visit, status int, code string, f ui.Form) error {
	number := func(name string, label, hint words.Text) ui.Field {
		return ui.Field{Form: f, Name: name, Label: label, Hint: hint, Mode: "numeric", Max: 12}
	}
	p := goodsPage{Form: f, New: code == "", Code: code, Action: "/staff/plans/" + code}
	title := words.With("Plan %s", code)
	p.Text = "Who has the plan keeps what his invoices say. Limits and credits count from now on; credits for what is paid from now on. A plan that is off sale has to be left by who is on it."
	if p.New {
		title, p.Action, p.Text = "New plan", "/staff/plans/new", ""
		p.Fields = append(p.Fields, ui.Field{Form: f, Name: "code", Label: "Code", Hint: "Small letters, digits and hyphens. It stays.", Max: 50, Focus: true})
	}
	p.Fields = append(p.Fields,
		ui.Field{Form: f, Name: "name", Label: "Name", Max: 120},
		ui.Field{Form: f, Name: "price", Label: "Price for one interval", Hint: "With its currency, such as 49.00 EUR. 0 EUR is a trial.", Max: 40},
		number("trial_days", "Days of a trial", "Of a plan that costs nothing; else 0."),
		number("included_credits", "Credits in each interval", ""),
		number("limits.sites", "Sites", "At most."), number("limits.users", "People", "At most."), number("limits.keywords", "Keywords", "At most."),
		number("rates.read", "Reads a minute", ""), number("rates.write", "Writes a minute", ""), number("rates.ai", "Orders of a model a minute", ""),
		number("rates.bridge", "Requests of the plugin a minute", ""), number("position", "Place in the list", "The smallest is first."),
	)
	p.Choose = []ui.Field{{Form: f, Name: "interval", Label: "Interval", Hint: "It stays once the plan has been for sale.", Choices: []ui.Pick{{Value: "month", Label: "a month"}, {Value: "year", Label: "a year"}}}}
	p.Areas = []ui.Field{{Form: f, Name: "prices", Label: "In other currencies", Hint: "One price a line, such as 59.00 USD.", Optional: true}}
	p.Checks = []ui.Field{{Form: f, Name: "active", Label: "For sale"}}
	var err error
	if p.Page, err = w.operator(r.Context(), v, title); err != nil {
		return err
	}
	return show(r.Context(), rw, status, goodsView(p))
}

func (w *Web) createPlan(rw http.ResponseWriter, r *http.Request, v *visit) error {
	return w.sellGoods(rw, r, v, "admin-create-plan", "The plan is there.", planFields,
		func(ctx context.Context, tx *tenant.SharedTx, values url.Values) error {
			var o plan.Offer
			if err := planOf(values, &o); err != nil {
				return err
			}
			o.Code = values.Get("code")
			_, err := plan.Create(ctx, tx, o)
			return err
		}, func(status int, f ui.Form) error { return w.showPlan(rw, r, v, status, "", f) })
}

func (w *Web) changePlan(rw http.ResponseWriter, r *http.Request, v *visit) error {
	code := r.PathValue("code")
	return w.sellGoods(rw, r, v, "admin-change-plan", "Saved.", planFields,
		func(ctx context.Context, tx *tenant.SharedTx, values url.Values) error {
			if err := planOf(values, &plan.Offer{}); err != nil {
				return err
			}
			var wrong error
			_, err := plan.Change(ctx, tx, code, func(o *plan.Offer) { wrong = planOf(values, o) })
			if err == nil {
				err = wrong
			}
			return err
		}, func(status int, f ui.Form) error { return w.showPlan(rw, r, v, status, code, f) })
}

// sellGoods does something with what is for sale; back shows the form again
// where it cannot be done.
func (w *Web) sellGoods(rw http.ResponseWriter, r *http.Request, v *visit, operation string, said words.Text, fields []string,
	do func(context.Context, *tenant.SharedTx, url.Values) error, back func(int, ui.Form) error,
) error {
	values, err := formOf(r)
	if err != nil {
		return err
	}
	err = w.shared(r, v, tenant.PlansManage, operation, func(ctx context.Context, tx *tenant.SharedTx) error { return do(ctx, tx, values) })
	if err != nil {
		why, err := refused(err)
		if err != nil || why.Kind == fault.NotFound {
			return firstOfErrors(err, why)
		}
		return back(statusOf(why), ui.NewForm(values).Refused(why, fields...))
	}
	w.say(rw, ui.Good, said)
	return to(rw, r, "/staff/sell")
}

// firstOfErrors is err, or else what was refused.
func firstOfErrors(err error, why *fault.Fault) error {
	if err != nil {
		return err
	}
	return why
}

var packFields = []string{"code", "name", "credits", "prices", "valid_days", "position"}

// packOf reads the form of a package into p.
func packOf(values url.Values, p *plan.Pack) error {
	err := numbersOf(values, map[string]*int64{"credits": (*int64)(&p.Credits), "valid_days": &p.Days, "position": &p.Position})
	if err != nil {
		return err
	}
	p.Name, p.Active = values.Get("name"), values.Get("active") == "yes"
	p.Prices, err = pricesOf(values.Get("prices"), "prices")
	return err
}

func packValues(p plan.Pack) url.Values {
	values := url.Values{
		"code": {p.Code}, "name": {p.Name}, "credits": {strconv.FormatInt(int64(p.Credits), 10)}, "prices": {pricesText(p.Prices)},
		"valid_days": {strconv.FormatInt(p.Days, 10)}, "position": {strconv.FormatInt(p.Position, 10)},
	}
	if p.Active {
		values.Set("active", "yes")
	}
	return values
}

func (w *Web) newPack(rw http.ResponseWriter, r *http.Request, v *visit) error {
	return w.showPack(rw, r, v, http.StatusOK, "", ui.NewForm(packValues(plan.Pack{Credits: 1000, Active: true})))
}

func (w *Web) editPack(rw http.ResponseWriter, r *http.Request, v *visit) error {
	var p plan.Pack
	err := w.shared(r, v, tenant.PlansManage, "admin-list-credit-packages", func(ctx context.Context, tx *tenant.SharedTx) (err error) {
		p, err = plan.FindPack(ctx, tx.Shared, r.PathValue("code"))
		return err
	})
	if err != nil {
		return err
	}
	return w.showPack(rw, r, v, http.StatusOK, p.Code, ui.NewForm(packValues(p)))
}

func (w *Web) showPack(rw http.ResponseWriter, r *http.Request, v *visit, status int, code string, f ui.Form) error {
	p := goodsPage{Form: f, New: code == "", Code: code, Action: "/staff/packages/" + code, Text: "Invoices that were issued keep what they sell."}
	title := words.With("Package %s", code)
	if p.New {
		title, p.Action, p.Text = "New package of credits", "/staff/packages/new", ""
		p.Fields = append(p.Fields, ui.Field{Form: f, Name: "code", Label: "Code", Hint: "Small letters, digits and hyphens. It stays.", Max: 50, Focus: true})
	}
	p.Fields = append(p.Fields,
		ui.Field{Form: f, Name: "name", Label: "Name", Max: 120},
		ui.Field{Form: f, Name: "credits", Label: "Credits", Mode: "numeric", Max: 12},
		ui.Field{Form: f, Name: "valid_days", Label: "Days that they are valid", Hint: "From their payment on. 0: for ever.", Mode: "numeric", Max: 4},
		ui.Field{Form: f, Name: "position", Label: "Place in the list", Hint: "The smallest is first.", Mode: "numeric", Max: 9},
	)
	p.Areas = []ui.Field{{Form: f, Name: "prices", Label: "Prices", Hint: "One a line, such as 59.00 EUR. The first is shown to who pays in none of them."}}
	p.Checks = []ui.Field{{Form: f, Name: "active", Label: "For sale"}}
	var err error
	if p.Page, err = w.operator(r.Context(), v, title); err != nil {
		return err
	}
	return show(r.Context(), rw, status, goodsView(p))
}

func (w *Web) createPack(rw http.ResponseWriter, r *http.Request, v *visit) error {
	return w.sellGoods(rw, r, v, "admin-create-credit-package", "The package is there.", packFields,
		func(ctx context.Context, tx *tenant.SharedTx, values url.Values) error {
			var p plan.Pack
			if err := packOf(values, &p); err != nil {
				return err
			}
			p.Code = values.Get("code")
			_, err := plan.CreatePack(ctx, tx, p)
			return err
		}, func(status int, f ui.Form) error { return w.showPack(rw, r, v, status, "", f) })
}

func (w *Web) changePack(rw http.ResponseWriter, r *http.Request, v *visit) error {
	code := r.PathValue("code")
	return w.sellGoods(rw, r, v, "admin-change-credit-package", "Saved.", packFields,
		func(ctx context.Context, tx *tenant.SharedTx, values url.Values) error {
			if err := packOf(values, &plan.Pack{}); err != nil {
				return err
			}
			var wrong error
			_, err := plan.ChangePack(ctx, tx, code, func(p *plan.Pack) { wrong = packOf(values, p) })
			if err == nil {
				err = wrong
			}
			return err
		}, func(status int, f ui.Form) error { return w.showPack(rw, r, v, status, code, f) })
}

// ruleValues is a rule of failures as its form holds it.
func ruleValues(rule credit.FailureRule) url.Values {
	values := url.Values{"window_hours": {strconv.FormatInt(int64(rule.Window/time.Hour), 10)}, "free": {strconv.FormatInt(rule.Free, 10)}}
	if rule.All {
		values.Set("all", "yes")
		values.Set("free", "0")
	}
	return values
}

func (w *Web) editRule(rw http.ResponseWriter, r *http.Request, v *visit) error {
	failure := r.PathValue("failure")
	var found *credit.FailureRule
	err := w.shared(r, v, tenant.PlansManage, "admin-list-failure-rules", func(ctx context.Context, tx *tenant.SharedTx) error {
		all, err := credit.FailureRules(ctx, tx.Shared)
		for _, rule := range all {
			if string(rule.Failure) == failure {
				found = &rule
			}
		}
		return err
	})
	if err != nil {
		return err
	}
	if found == nil {
		return credit.ErrUnknownFailure
	}
	return w.showRule(rw, r, v, http.StatusOK, failure, ui.NewForm(ruleValues(*found)))
}

func (w *Web) showRule(rw http.ResponseWriter, r *http.Request, v *visit, status int, failure string, f ui.Form) error {
	p := goodsPage{Form: f, Code: failure, Action: "/staff/failures/" + failure, Text: failureSaid(credit.Failure(failure))}
	p.Fields = []ui.Field{
		{Form: f, Name: "free", Label: "Free", Hint: "How many of an account in the time below cost nothing. What goes beyond costs what was bought.", Mode: "numeric", Max: 7},
		{Form: f, Name: "window_hours", Label: "In so many hours", Mode: "numeric", Max: 5},
	}
	p.Checks = []ui.Field{{Form: f, Name: "all", Label: "All of them cost nothing"}}
	var err error
	if p.Page, err = w.operator(r.Context(), v, words.With("Failures: %s", ui.Code(failure))); err != nil {
		return err
	}
	return show(r.Context(), rw, status, goodsView(p))
}

func (w *Web) changeRule(rw http.ResponseWriter, r *http.Request, v *visit) error {
	failure := r.PathValue("failure")
	return w.sellGoods(rw, r, v, "admin-set-failure-rule", "Kept. It counts from the next failure on.", []string{"free", "window_hours"},
		func(ctx context.Context, tx *tenant.SharedTx, values url.Values) error {
			rule := credit.FailureRule{Failure: credit.Failure(failure), All: values.Get("all") == "yes"}
			var hours int64
			if err := numbersOf(values, map[string]*int64{"free": &rule.Free, "window_hours": &hours}); err != nil {
				return err
			}
			if hours < 1 || hours > 24*365 || rule.Free < 0 || rule.Free > 1_000_000 {
				return errWholeNumber.Sayf("Up to 1,000,000 can be free, in 1 to 8,760 hours.")
			}
			rule.Window = time.Duration(hours) * time.Hour
			return credit.SetFailureRule(ctx, tx, tx.Operator().Actor(), rule)
		}, func(status int, f ui.Form) error { return w.showRule(rw, r, v, status, failure, f) })
}

// failureSaid is a class of failures in words.
func failureSaid(f credit.Failure) words.Text {
	switch f {
	case credit.Unsent:
		return "The vendor was not asked: nothing was bought."
	case credit.Busy:
		return "The vendor turned us away because it had too much to do."
	case credit.Rejected:
		return "The vendor would not do what was asked."
	case credit.Silent:
		return "The vendor was asked and did not answer in time."
	case credit.Unusable:
		return "The answer of the model could not be used."
	case credit.Cancelled:
		return "A person cancelled work that a model had begun."
	}
	return ""
}

// ruleSaid is what a rule means, in a few words.
func ruleSaid(l ui.Locale, r credit.FailureRule) words.Text {
	hours := l.Number(int64(r.Window / time.Hour))
	switch {
	case r.All:
		return "all free"
	case r.Free == 0:
		return "none free"
	}
	return words.With("%s free in %s hours", l.Number(r.Free), hours)
}

// unitSaid is one of what an operation is counted in.
func unitSaid(unit string) words.Text {
	switch unit {
	case "keyword":
		return "keyword"
	case "idea":
		return "idea"
	case "word":
		return "word"
	}
	return words.Verbatim(unit)
}

// unitsSaid is several of them.
func unitsSaid(unit string) words.Text {
	switch unit {
	case "keyword":
		return "keywords"
	case "idea":
		return "ideas"
	case "word":
		return "words"
	}
	return words.Verbatim(unit)
}

// costSaid is what an operation costs, in a few words.
func costSaid(l ui.Locale, p credit.Price) words.Text {
	said := words.With("%s for each %s", l.Number(int64(p.Credits)), unitSaid(p.Unit))
	if p.Per > 1 {
		said = words.With("%s for every %s %s", l.Number(int64(p.Credits)), l.Number(p.Per), unitsSaid(p.Unit))
	}
	if p.Minimum > 0 {
		said = words.With("%s, at least %s", said, l.Number(int64(p.Minimum)))
	}
	return said
}
