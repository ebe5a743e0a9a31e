package web

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"

	"igny8/internal/account"
	"igny8/internal/bank"
	"igny8/internal/invoice"
	"igny8/internal/payment"
	"igny8/internal/tenant"
	"igny8/internal/web/ui"
	"igny8/internal/words"
)

// linePage is one bank line: what the bank says, what it may pay for, and what
// choosing that would do.
type linePage struct {
	ui.Page
	Line      queuedLine
	Statement bank.Statement
	Form      ui.Form
	By        words.Text
	Chosen    *lineChoice // nil: nothing was chosen yet
	Foreseen  *foreseen
}

// lineChoice is what somebody says that a line is.
type lineChoice struct {
	bank.Choice
	Account tenant.AccountID
	Holder  string
	Open    []invoice.Invoice // of the account, to choose from
	Claims  []payment.Payment // that the account has reported
}

// has tells whether the invoice is among those chosen.
func (c lineChoice) has(i invoice.ID) bool { return slices.Contains(c.Invoices, i) }

func (p linePage) path(what string) string { return "/staff/bank-lines/" + p.Line.ID.String() + what }

// choose is the address that looks at what a proposal would do.
func (p linePage) choose(o bank.Proposal) string {
	q := url.Values{"account_id": {o.Account.String()}}
	for _, i := range o.Invoices {
		q.Add("invoice", i.ID.String())
	}
	return p.path("?" + q.Encode())
}

// is is the address that looks at the line being a payment that is known.
func (p linePage) is(f bank.Finding) string {
	return p.path("?" + url.Values{"account_id": {f.Account.String()}, "payment_id": {f.Payment.String()}}.Encode())
}

func lineOf(r *http.Request) (bank.LineID, error) {
	return idOf(bank.ParseLineID, r.PathValue("id"), bank.ErrLineNotFound)
}

// choiceOf reads what was chosen. No account is no choice.
func choiceOf(values url.Values) (c lineChoice, err error) {
	if c.Account, err = idOf(tenant.ParseAccountID, values.Get("account_id"), account.ErrNotFound.At("body.account_id", "is none", nil)); err != nil {
		return c, err
	}
	for _, s := range values["invoice"] {
		i, err := idOf(invoice.ParseID, s, invoice.ErrNotFound)
		if err != nil {
			return c, err
		}
		c.Invoices = append(c.Invoices, i)
	}
	if s := values.Get("payment_id"); s != "" {
		if c.Payment, err = idOf(payment.ParseID, s, payment.ErrNotFound); err != nil {
			return c, err
		}
	}
	c.Another = values.Get("another") == "yes"
	return c, nil
}

func (w *Web) bankLine(rw http.ResponseWriter, r *http.Request, v *visit) error {
	return w.showLine(rw, r, v, r.URL.Query(), nil)
}

// showLine shows a line, with what was chosen and, where that was refused, why.
func (w *Web) showLine(rw http.ResponseWriter, r *http.Request, v *visit, values url.Values, why error) error {
	lid, err := lineOf(r)
	if err != nil {
		return err
	}
	p, status := linePage{Form: ui.NewForm(values)}, http.StatusOK
	err = w.Identity.Survey(r.Context(), use(v, tenant.PaymentsConfirm, "admin-list-bank-lines"), func(ctx context.Context, s *tenant.Survey) error {
		l, err := bank.LoadLine(ctx, s.Shared(), lid)
		if err != nil {
			return err
		}
		if p.Statement, err = bank.LoadStatement(ctx, s.Shared(), l.Statement); err != nil {
			return err
		}
		all, err := matched(ctx, s, []bank.Line{l}, namesOf(ctx, s))
		if err != nil {
			return err
		}
		p.Line = all[0]
		return nil
	})
	if err != nil {
		return err
	}
	if p.Page, err = w.operator(r.Context(), v, words.With("Bank line of %s", v.page.Locale.Money(p.Line.Amount))); err != nil {
		return err
	}
	p.By = w.actorSaid(r.Context(), p.Line.Handling.By)
	if p.Line.Handling.State == bank.Open {
		if err := w.consider(r.Context(), v, &p, values); err != nil {
			if why, err = refused(err); err != nil {
				return err
			}
		}
	}
	if why != nil {
		f, err := refused(why)
		if err != nil {
			return err
		}
		p.Form, status = p.Form.Refused(f, "account_id"), statusOf(f)
	}
	return show(r.Context(), rw, status, lineView(p))
}

// consider works out what the choice would do: that of the form, or the one
// thing that is beyond doubt.
func (w *Web) consider(ctx context.Context, v *visit, p *linePage, values url.Values) error {
	if values.Get("account_id") == "" {
		o, certain := p.Line.Certain()
		if !certain {
			return nil
		}
		values = url.Values{"account_id": {o.Account.String()}}
		for _, i := range o.Invoices {
			values.Add("invoice", i.ID.String())
		}
	}
	c, err := choiceOf(values)
	if err != nil {
		return err
	}
	u := use(v, tenant.PaymentsConfirm, "admin-confirm-bank-line")
	err = w.Identity.Act(ctx, u, c.Account, c.read)
	if err != nil {
		return err
	}
	p.Chosen = &c
	f, err := w.foresee(ctx, u, c.Account, func(ctx context.Context, tx *tenant.Tx) (payment.Payment, bool, error) {
		done, err := bank.Confirm(ctx, tx, w.Desk, p.Line.ID, c.Choice)
		return done.Payment, done.Waits(), err
	})
	p.Foreseen = &f
	return err
}

// read is what there is to choose from in the account.
func (c *lineChoice) read(ctx context.Context, tx *tenant.Tx) error {
	a, err := account.Load(ctx, tx)
	if err != nil {
		return err
	}
	c.Holder, c.Open, c.Claims = a.Name, nil, nil
	all, err := invoice.List(ctx, tx, invoice.ID{}, invoicesLooked)
	if err != nil {
		return err
	}
	for _, i := range all {
		if i.Status == invoice.Open {
			c.Open = append(c.Open, i)
		}
	}
	told, err := payment.List(ctx, tx, payment.ID{}, invoicesLooked)
	for _, p := range told {
		if p.Status == payment.PendingReview || p.ID == c.Payment {
			c.Claims = append(c.Claims, p)
		}
	}
	return err
}

func (w *Web) confirmLine(rw http.ResponseWriter, r *http.Request, v *visit) error {
	values, err := formOf(r)
	if err != nil {
		return err
	}
	lid, err := lineOf(r)
	if err != nil {
		return err
	}
	c, err := choiceOf(values)
	if err != nil {
		return w.showLine(rw, r, v, url.Values{}, err)
	}
	var done bank.Outcome
	err = w.Identity.Act(r.Context(), use(v, tenant.PaymentsConfirm, "admin-confirm-bank-line"), c.Account, func(ctx context.Context, tx *tenant.Tx) (err error) {
		done, err = bank.Confirm(ctx, tx, w.Desk, lid, c.Choice)
		return err
	})
	if err != nil {
		return w.showLine(rw, r, v, values, err)
	}
	w.sayConfirmed(rw, done.Confirmation)
	return to(rw, r, "/staff/payments/"+done.Payment.ID.String())
}

func (w *Web) askIgnore(rw http.ResponseWriter, r *http.Request, v *visit) error {
	lid, err := lineOf(r)
	if err != nil {
		return err
	}
	return w.showIgnore(rw, r, v, lid, http.StatusOK, ui.Form{})
}

func (w *Web) showIgnore(rw http.ResponseWriter, r *http.Request, v *visit, lid bank.LineID, status int, f ui.Form) error {
	var l bank.Line
	err := w.shared(r, v, tenant.PaymentsConfirm, "admin-ignore-bank-line", func(ctx context.Context, tx *tenant.SharedTx) (err error) {
		l, err = bank.LoadLine(ctx, tx.Shared, lid)
		return err
	})
	if err != nil {
		return err
	}
	at := "/staff/bank-lines/" + lid.String()
	return w.showAct(rw, r, v, status, "Ignore this bank line?", actPage{
		Form: f, Text: "It pays for nothing and leaves the queue. It can be put back.", Reason: "Reason", Do: "Ignore", Action: at + "/ignore", Back: at,
		Facts: []fact{{"Line", words.With("%s from %s", v.page.Locale.Money(l.Amount), payerOf(l))}, {"Text", words.Verbatim(shortened(l.Words))}},
	})
}

func (w *Web) ignoreLine(rw http.ResponseWriter, r *http.Request, v *visit) error {
	values, err := formOf(r)
	if err != nil {
		return err
	}
	lid, err := lineOf(r)
	if err != nil {
		return err
	}
	err = w.shared(r, v, tenant.PaymentsConfirm, "admin-ignore-bank-line", func(ctx context.Context, tx *tenant.SharedTx) error {
		_, err := bank.Ignore(ctx, tx, lid, values.Get("reason"))
		return err
	})
	if err != nil {
		why, ours := refused(err)
		if ours != nil || errors.Is(err, bank.ErrLineNotFound) {
			return err
		}
		return w.showIgnore(rw, r, v, lid, statusOf(why), ui.NewForm(values).Refused(why, "reason"))
	}
	w.say(rw, ui.Good, "Ignored.")
	return to(rw, r, "/staff/payments?view="+viewLines)
}

// reopenLine finds out whether the line is an account's payment, since then it
// is put back in a transaction of that account.
func (w *Web) reopenLine(rw http.ResponseWriter, r *http.Request, v *visit) error {
	lid, err := lineOf(r)
	if err != nil {
		return err
	}
	var acc tenant.AccountID
	err = w.shared(r, v, tenant.PaymentsConfirm, "admin-reopen-bank-line", func(ctx context.Context, tx *tenant.SharedTx) error {
		l, err := bank.LoadLine(ctx, tx.Shared, lid)
		if acc = l.Handling.Account; err != nil || !acc.IsZero() {
			return err
		}
		_, err = bank.Reopen(ctx, tx, lid)
		return err
	})
	if err == nil && !acc.IsZero() {
		err = w.Identity.Act(r.Context(), use(v, tenant.PaymentsConfirm, "admin-reopen-bank-line"), acc, func(ctx context.Context, tx *tenant.Tx) error {
			_, err := bank.Release(ctx, tx, lid)
			return err
		})
	}
	if err != nil {
		if errors.Is(err, bank.ErrLineNotFound) {
			return err
		}
		return w.showLine(rw, r, v, url.Values{}, err)
	}
	w.say(rw, ui.Good, "The line is in the queue again.")
	return to(rw, r, "/staff/bank-lines/"+lid.String())
}
