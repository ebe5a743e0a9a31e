package web

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"igny8/internal/account"
	"igny8/internal/credit"
	"igny8/internal/identity"
	"igny8/internal/invoice"
	"igny8/internal/payment"
	"igny8/internal/subscription"
	"igny8/internal/tenant"
	"igny8/internal/web/ui"
	"igny8/internal/words"
)

// accountsPage is the accounts that somebody looked for.
type accountsPage struct {
	ui.Page
	Form        ui.Form
	Accounts    []account.Account
	Opens       bool // may open an account of the operator's own
	First, Next string
}

// accountStatuses is what one can look for.
func accountStatuses() []ui.Pick {
	picks := []ui.Pick{{Value: "any", Label: "Any"}}
	for _, s := range []account.Status{account.Trial, account.PendingPayment, account.Active, account.PastDue, account.Suspended, account.Cancelled} {
		picks = append(picks, ui.Pick{Value: string(s), Label: ui.Code(string(s))})
	}
	return picks
}

func (w *Web) accounts(rw http.ResponseWriter, r *http.Request, v *visit) error {
	q := r.URL.Query()
	p := accountsPage{Form: ui.NewForm(q), Opens: v.Operator.Has(tenant.PrivilegesManage)}
	var err error
	if p.Page, err = w.operator(r.Context(), v, "Accounts"); err != nil {
		return err
	}
	status := account.Status(q.Get("status"))
	if status == "any" {
		status = ""
	}
	err = w.Identity.Survey(r.Context(), use(v, tenant.AccountsRead, "admin-list-accounts"), func(ctx context.Context, s *tenant.Survey) error {
		all, err := account.Search(ctx, s, account.Wanted{
			Text: q.Get("q"), Status: status, After: behind(r, "after", tenant.ParseAccountID), Limit: perPage + 1,
		})
		p.Accounts, p.Next = pageOf(r, "after", all, func(a account.Account) string { return a.ID.String() })
		p.First = firstOf(r, "after")
		return err
	})
	if err != nil {
		return err
	}
	return show(r.Context(), rw, http.StatusOK, accountsView(p))
}

// accountPage is one account as the operator's people see it: each part needs
// its own privilege.
type accountPage struct {
	ui.Page
	Holder                                  account.Account
	Subscription                            *subscription.Subscription // nil: there is none
	Credits                                 credit.Balance
	Lots                                    []credit.Lot
	Money                                   bool // what follows may be seen
	Invoices                                []invoice.Invoice
	Payments                                []payment.Payment
	Balances                                words.Text
	Debts                                   []credit.Debt
	Visits                                  []identity.Visit
	Now                                     time.Time
	MaySuspend, MayAdjust, MayConfirm, Logs bool
	MayVisit                                bool
	Deletion                                *account.Deletion // nil: none is ordered
	DeletedBy                               words.Text
	Undecided                               int64 // payments that the deletion waits for
	Opens                                   bool  // may say what an account of the operator's own may do
}

func (p accountPage) path(what string) string {
	return "/staff/accounts/" + p.Holder.ID.String() + what
}

// recent is how many invoices, payments and visits of an account are shown.
const recent = 20

func (w *Web) account(rw http.ResponseWriter, r *http.Request, v *visit) error {
	p := accountPage{
		MaySuspend: v.Operator.Has(tenant.AccountsSuspend), MayAdjust: v.Operator.Has(tenant.CreditsAdjust),
		MayConfirm: v.Operator.Has(tenant.PaymentsConfirm), MayVisit: v.Operator.Has(tenant.SupportVisit), Logs: v.Operator.Has(tenant.AuditRead), Opens: v.Operator.Has(tenant.PrivilegesManage),
	}
	p.Money = v.Operator.Has(payers(v))
	err := w.onAccount(r, v, tenant.AccountsRead, "admin-get-account", p.read)
	if err == nil && p.Money {
		err = w.onAccount(r, v, payers(v), "admin-get-account", func(ctx context.Context, tx *tenant.Tx) error { return p.readMoney(ctx, tx, v.page.Locale) })
	}
	if err == nil && p.MayAdjust {
		err = w.onAccount(r, v, tenant.CreditsAdjust, "admin-list-debts", func(ctx context.Context, tx *tenant.Tx) (err error) {
			p.Debts, err = credit.Debts(ctx, tx)
			return err
		})
	}
	if err != nil {
		return err
	}
	if p.Page, err = w.operator(r.Context(), v, words.Verbatim(p.Holder.Name)); err != nil {
		return err
	}
	return show(r.Context(), rw, http.StatusOK, accountView(p))
}

func (p *accountPage) read(ctx context.Context, tx *tenant.Tx) (err error) {
	if p.Holder, err = account.Load(ctx, tx); err != nil {
		return err
	}
	d, found, err := account.DeletionOf(ctx, tx)
	if err == nil && found {
		p.Deletion = &d
		p.DeletedBy, err = orderedBy(ctx, tx, d)
	}
	if err == nil && found {
		p.Undecided, err = payment.Undecided(ctx, tx)
	}
	if err != nil {
		return err
	}
	s, err := subscription.Current(ctx, tx)
	switch {
	case err == nil:
		p.Subscription = &s
	case !errors.Is(err, subscription.ErrNotFound): // an account of the operator's has none
		return err
	}
	if p.Credits, err = credit.BalanceOf(ctx, tx); err != nil {
		return err
	}
	if p.Lots, err = credit.Lots(ctx, tx); err != nil {
		return err
	}
	p.Now = tx.Now()
	p.Visits, err = identity.Visits(ctx, tx, recent)
	return err
}

func (p *accountPage) readMoney(ctx context.Context, tx *tenant.Tx, l ui.Locale) (err error) {
	if p.Invoices, err = invoice.List(ctx, tx, invoice.ID{}, recent); err != nil {
		return err
	}
	if p.Payments, err = payment.List(ctx, tx, payment.ID{}, recent); err != nil {
		return err
	}
	all, err := payment.Balances(ctx, tx)
	p.Balances = sums(l, all)
	return err
}

// accountAct is something that is done to an account, with a reason.
type accountAct struct {
	privilege       tenant.Privilege
	operation, path string
	title, text, do words.Text
	done            words.Text
	bad             bool
	fields          func(ui.Form) []ui.Field // besides the reason
	act             func(context.Context, *tenant.Tx, url.Values) error
}

var suspending = accountAct{
	privilege: tenant.AccountsSuspend, operation: "admin-suspend-account", path: "/suspend", title: "Suspend this account?", do: "Suspend", bad: true,
	text: "All its access ends with its next request: people, keys and work. It can be lifted again.", done: "Suspended.",
	act: func(ctx context.Context, tx *tenant.Tx, values url.Values) error {
		_, err := account.Suspend(ctx, tx, values.Get("reason"))
		return err
	},
}

var reactivating = accountAct{
	privilege: tenant.AccountsSuspend, operation: "admin-reactivate-account", path: "/reactivate", title: "Lift the suspension?", do: "Lift it",
	text: "The account is again what its subscription makes it.", done: "The suspension is lifted.",
	act: func(ctx context.Context, tx *tenant.Tx, values url.Values) error {
		_, err := account.Reactivate(ctx, tx, values.Get("reason"))
		return err
	},
}

var adjusting = accountAct{
	privilege: tenant.CreditsAdjust, operation: "admin-adjust-credits", path: "/credits", title: "Adjust the credits?", do: "Adjust",
	text: "Above zero gives credits, below zero takes available ones. What is owed is made up for first.", done: "The credits are adjusted.",
	fields: func(f ui.Form) []ui.Field {
		return []ui.Field{{Form: f, Name: "amount", Label: "Credits", Hint: "A whole number, such as 500 or -200.", Max: 20}}
	},
	act: func(ctx context.Context, tx *tenant.Tx, values url.Values) error {
		n, err := strconv.ParseInt(strings.TrimSpace(values.Get("amount")), 10, 64)
		if err != nil {
			return credit.ErrInvalidAdjust.At("body.amount", "must be a whole number", nil)
		}
		_, err = credit.Adjust(ctx, tx, credit.Credits(n), values.Get("reason"))
		return err
	},
}

var writingOff = accountAct{
	privilege: tenant.CreditsAdjust, operation: "admin-write-off-debt", path: "/write-off", title: "Forgive what is owed?", do: "Forgive it",
	text: "The credits were spent and turned out not to be paid for. Forgiven, the next grant does not make up for them.", done: "Forgiven.",
	fields: func(f ui.Form) []ui.Field {
		return []ui.Field{{Form: f, Name: "lot_id", Label: "Grant that was taken back", Max: 64}}
	},
	act: func(ctx context.Context, tx *tenant.Tx, values url.Values) error {
		lot, err := idOf(credit.ParseLotID, values.Get("lot_id"), credit.ErrNoDebt)
		if err != nil {
			return err
		}
		_, err = credit.WriteOff(ctx, tx, lot, values.Get("reason"))
		return err
	},
}

// askAccount asks whether something is to be done to the account.
func (w *Web) askAccount(a accountAct) handler {
	return func(rw http.ResponseWriter, r *http.Request, v *visit) error {
		return w.showAccountAct(rw, r, v, http.StatusOK, a, ui.NewForm(r.URL.Query()))
	}
}

func (w *Web) showAccountAct(rw http.ResponseWriter, r *http.Request, v *visit, status int, a accountAct, f ui.Form) error {
	var holder account.Account
	err := w.onAccount(r, v, a.privilege, a.operation, func(ctx context.Context, tx *tenant.Tx) (err error) {
		holder, err = account.Load(ctx, tx)
		return err
	})
	if err != nil {
		return err
	}
	at := "/staff/accounts/" + holder.ID.String()
	p := actPage{
		Form: f, Text: a.text, Facts: []fact{{"Account", words.Verbatim(holder.Name)}, {"Status", ui.Code(string(holder.Status))}}, Reason: "Reason",
		Do: a.do, Bad: a.bad, Action: at + a.path, Back: at,
	}
	if a.fields != nil {
		p.Fields = a.fields(f)
	}
	return w.showAct(rw, r, v, status, a.title, p)
}

// doAccount does it.
func (w *Web) doAccount(a accountAct) handler {
	return func(rw http.ResponseWriter, r *http.Request, v *visit) error {
		values, err := formOf(r)
		if err != nil {
			return err
		}
		err = w.onAccount(r, v, a.privilege, a.operation, func(ctx context.Context, tx *tenant.Tx) error { return a.act(ctx, tx, values) })
		if err != nil {
			why, ours := refused(err)
			if ours != nil || errors.Is(err, account.ErrNotFound) {
				return err
			}
			return w.showAccountAct(rw, r, v, statusOf(why), a, ui.NewForm(values).Refused(why, "reason", "amount", "lot_id"))
		}
		w.say(rw, ui.Good, a.done)
		if !v.Operator.Has(tenant.AccountsRead) {
			return to(rw, r, "/staff")
		}
		return to(rw, r, "/staff/accounts/"+r.PathValue("id"))
	}
}

// writeOffPath is where a debt is forgiven.
func (p accountPage) writeOffPath(d credit.Debt) string {
	return p.path("/write-off?" + url.Values{"lot_id": {d.Lot.String()}}.Encode())
}
