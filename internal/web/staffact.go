package web

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"

	"igny8/internal/account"
	"igny8/internal/fault"
	"igny8/internal/id"
	"igny8/internal/identity"
	"igny8/internal/money"
	"igny8/internal/tenant"
	"igny8/internal/web/ui"
	"igny8/internal/words"
)

// use is a privilege as a page uses it. The operation has the name that it has
// in the API, so that the log tells of both alike.
func use(v *visit, p tenant.Privilege, operation string) identity.Use {
	return identity.Use{Operator: v.Operator, Privilege: p, Operation: operation}
}

// either is the first of the privileges that somebody has; where there is
// none, the first, by which he is then refused.
func either(v *visit, may ...tenant.Privilege) tenant.Privilege {
	for _, p := range may {
		if v.Operator.Has(p) {
			return p
		}
	}
	return may[0]
}

// errImagined keeps a transaction from being committed.
var errImagined = errors.New("this was a preview")

// imagine does what an act does and takes it back before anybody has seen it:
// what it would come to is what fn found. That somebody looked is in the
// account's log.
func (w *Web) imagine(ctx context.Context, u identity.Use, acc tenant.AccountID, fn func(context.Context, *tenant.Tx) error) error {
	err := w.Identity.Act(ctx, u, acc, func(ctx context.Context, tx *tenant.Tx) error {
		if err := fn(ctx, tx); err != nil {
			return err
		}
		return errImagined
	})
	if !errors.Is(err, errImagined) {
		return err
	}
	return w.Identity.Act(ctx, u, acc, func(context.Context, *tenant.Tx) error { return nil })
}

// idOf reads an id that somebody typed or followed; one that cannot be is
// like one that is not there.
func idOf[K id.Kind](parse func(string) (id.ID[K], error), s string, none *fault.Fault) (id.ID[K], error) {
	got, err := parse(strings.TrimSpace(s))
	if err != nil {
		return got, none
	}
	return got, nil
}

// sumOf reads an amount as people write it, with a comma or a point before
// the decimals. Empty is nothing of no currency.
func sumOf(number, currency, field string) (money.Money, error) {
	number = strings.TrimSpace(number)
	if number == "" {
		return money.Money{}, nil
	}
	if strings.Count(number, ",") == 1 && !strings.Contains(number, ".") {
		number = strings.Replace(number, ",", ".", 1)
	}
	m, err := money.Parse(number, strings.ToUpper(strings.TrimSpace(currency)))
	if err != nil || m.Amount <= 0 {
		return money.Money{}, errSum.At("body."+field, "must be an amount above zero, such as 200.00", nil)
	}
	return m, nil
}

var errSum = fault.New(fault.Invalid, "page.amount", "This is no amount. Write it like 200.00, with the currency's code beside it.")

// decimals is an amount as a field holds it: without the currency.
func decimals(m money.Money) string {
	if m.Currency == "" {
		return ""
	}
	number, _, _ := strings.Cut(m.String(), " ")
	return number
}

// actPage is a question before something that has to be explained: what will
// come of it, and why it is done.
type actPage struct {
	ui.Page
	Form   ui.Form
	Text   words.Text
	Facts  []fact
	Fields []ui.Field // besides the reason
	Reason words.Text // the label; empty: none is asked for
	Do     words.Text // the words of the button
	Bad    bool       // it is hard to take back
	Action string
	Back   string
}

// fact is a name with what it is.
type fact struct{ Name, Value words.Text }

func (p actPage) variant() string {
	if p.Bad {
		return "danger"
	}
	return "primary"
}

// reasonField is where it is said why.
func (p actPage) reasonField() ui.Field {
	return ui.Field{Form: p.Form, Name: "reason", Label: p.Reason, Hint: "It goes into the log.", Max: 500, Focus: true}
}

// showAct shows the question in the operator's shell.
func (w *Web) showAct(rw http.ResponseWriter, r *http.Request, v *visit, status int, title words.Text, p actPage) error {
	var err error
	if p.Page, err = w.operator(r.Context(), v, title); err != nil {
		return err
	}
	return show(r.Context(), rw, status, actView(p))
}

// onAccount runs an act on the account that the path names.
func (w *Web) onAccount(r *http.Request, v *visit, p tenant.Privilege, operation string, fn func(context.Context, *tenant.Tx) error) error {
	acc, err := idOf(tenant.ParseAccountID, r.PathValue("id"), account.ErrNotFound)
	if err != nil {
		return err
	}
	return w.Identity.Act(r.Context(), use(v, p, operation), acc, fn)
}

// shared runs an act on what belongs to no account.
func (w *Web) shared(r *http.Request, v *visit, p tenant.Privilege, operation string, fn func(context.Context, *tenant.SharedTx) error) error {
	return w.Identity.ActShared(r.Context(), use(v, p, operation), fn)
}

// pageOf is a list without its last row, where there is one more than a page
// has, and the address of the next page. param is what the address calls the
// row that a page begins behind.
func pageOf[T any](r *http.Request, param string, all []T, key func(T) string) ([]T, string) {
	if len(all) <= perPage {
		return all, ""
	}
	all = all[:perPage]
	q := r.URL.Query()
	q.Set(param, key(all[perPage-1]))
	return all, withQuery(r.URL.Path, q)
}

// perPage is how many rows a page has.
const perPage = 25

// firstOf is the address of the first page, where this is another one.
func firstOf(r *http.Request, param string) string {
	q := r.URL.Query()
	if !q.Has(param) {
		return ""
	}
	q.Del(param)
	return withQuery(r.URL.Path, q)
}

func withQuery(path string, q url.Values) string {
	if len(q) == 0 {
		return path
	}
	return path + "?" + q.Encode()
}

// behind is the row that the page begins behind; what is none is the start.
func behind[K id.Kind](r *http.Request, param string, parse func(string) (id.ID[K], error)) id.ID[K] {
	got, err := parse(r.URL.Query().Get(param))
	if err != nil {
		return id.ID[K]{}
	}
	return got
}

// actorSaid is who acted, as people know him: the operator's people by their
// address.
func (w *Web) actorSaid(ctx context.Context, actor string) words.Text {
	kind, who, _ := strings.Cut(actor, ":")
	switch kind {
	case "":
		return "–"
	case "user":
		return "A member of the account"
	case "staff":
		uid, err := account.ParseUserID(who)
		if err != nil {
			return words.Verbatim(actor)
		}
		u, err := w.Identity.UserOf(ctx, uid)
		if err != nil {
			return words.Verbatim(actor) // who is gone has no address
		}
		return words.Verbatim(u.Email)
	}
	return words.Verbatim(actor)
}
