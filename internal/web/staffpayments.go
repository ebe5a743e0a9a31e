package web

import (
	"context"
	"errors"
	"net/http"
	"net/url"

	"igny8/internal/account"
	"igny8/internal/bank"
	"igny8/internal/invoice"
	"igny8/internal/payment"
	"igny8/internal/tenant"
	"igny8/internal/web/ui"
	"igny8/internal/words"
)

// queuePage is what waits for the operator's people: transfers that were
// reported, and bank lines, side by side.
type queuePage struct {
	ui.Page
	View                  string
	Views                 []ui.View
	Payments              []queuedPayment
	Lines                 []queuedLine
	FirstLines, NextLines string
	First, Next           string
	MayTransfer           bool
}

// The views of the queue.
const (
	viewReview   = "review"
	viewApproval = "approval"
	viewLines    = "lines"
	viewDone     = "done"
)

func (p queuePage) showsPayments() bool { return p.View != viewLines }
func (p queuePage) showsLines() bool    { return p.View != viewApproval }

// both tells whether the two lists stand side by side.
func (p queuePage) both() bool { return p.showsPayments() && p.showsLines() }

type queuedPayment struct {
	payment.Queued
	Holder string
}

type queuedLine struct {
	bank.Line
	bank.Matching
	Called func(tenant.AccountID) string
}

// payers is the privilege by which somebody looks at payments.
func payers(v *visit) tenant.Privilege {
	return either(v, tenant.PaymentsConfirm, tenant.PaymentsApprove)
}

func (w *Web) staffPayments(rw http.ResponseWriter, r *http.Request, v *visit) error {
	p := queuePage{View: r.URL.Query().Get("view"), MayTransfer: v.Operator.Has(tenant.PaymentsConfirm)}
	status, state := payment.PendingReview, bank.Open
	switch p.View {
	case viewApproval:
		status = payment.AwaitingApproval
	case viewLines:
	case viewDone:
		status, state = "", bank.Matched
	default:
		p.View = viewReview
	}
	var err error
	if p.Page, err = w.operator(r.Context(), v, "Payments"); err != nil {
		return err
	}
	err = w.Identity.Survey(r.Context(), use(v, payers(v), "admin-list-payments"), func(ctx context.Context, s *tenant.Survey) error {
		called := namesOf(ctx, s)
		if p.showsPayments() {
			if err := p.readPayments(ctx, r, s, status, called); err != nil {
				return err
			}
		}
		if p.showsLines() {
			if err := p.readLines(ctx, r, s, bank.Filter{State: state}, called); err != nil {
				return err
			}
		}
		return p.count(ctx, s)
	})
	if err != nil {
		return err
	}
	return show(r.Context(), rw, http.StatusOK, queueView(p))
}

// namesOf answers the names of accounts, each read once. One that cannot be
// read is called by its id.
func namesOf(ctx context.Context, s *tenant.Survey) func(tenant.AccountID) string {
	names := map[tenant.AccountID]string{}
	return func(acc tenant.AccountID) string {
		name, known := names[acc]
		if !known {
			a, err := account.Load(ctx, s.Of(acc))
			if name = a.Name; err != nil {
				name = acc.String()
			}
			names[acc] = name
		}
		return name
	}
}

func (p *queuePage) readPayments(ctx context.Context, r *http.Request, s *tenant.Survey, status payment.Status, called func(tenant.AccountID) string) error {
	all, err := payment.Queue(ctx, s, status, behind(r, "after", payment.ParseID), perPage+1)
	if err != nil {
		return err
	}
	all, p.Next = pageOf(r, "after", all, func(q payment.Queued) string { return q.ID.String() })
	p.First = firstOf(r, "after")
	for _, q := range all {
		if waiting := q.Status == payment.PendingReview || q.Status == payment.AwaitingApproval || q.Status == payment.Pending; status == "" && waiting {
			continue
		}
		p.Payments = append(p.Payments, queuedPayment{q, called(q.Account)})
	}
	return nil
}

func (p *queuePage) readLines(ctx context.Context, r *http.Request, s *tenant.Survey, f bank.Filter, called func(tenant.AccountID) string) error {
	f.After, f.Limit = behind(r, "lines_after", bank.ParseLineID), perPage+1
	all, err := bank.Lines(ctx, s.Shared(), f)
	if err != nil {
		return err
	}
	all, p.NextLines = pageOf(r, "lines_after", all, func(l bank.Line) string { return l.ID.String() })
	p.FirstLines = firstOf(r, "lines_after")
	p.Lines, err = matched(ctx, s, all, called)
	return err
}

// matched is lines with what they may pay for; those that are handled have
// nothing beside them.
func matched(ctx context.Context, s *tenant.Survey, lines []bank.Line, called func(tenant.AccountID) string) ([]queuedLine, error) {
	book, err := bank.Compare(ctx, s, lines)
	if err == nil {
		err = book.Recall(ctx, s, lines)
	}
	if err != nil {
		return nil, err
	}
	var all []queuedLine
	for _, l := range lines {
		q := queuedLine{Line: l, Called: called}
		if l.Handling.State == bank.Open {
			q.Matching = book.Match(l)
		}
		// The names are read while there is something to read them from.
		if acc := l.Handling.Account; !acc.IsZero() {
			called(acc)
		}
		for _, o := range q.Proposals {
			called(o.Account)
		}
		all = append(all, q)
	}
	return all, nil
}

func (p *queuePage) count(ctx context.Context, s *tenant.Survey) error {
	payments, err := payment.Counts(ctx, s)
	if err != nil {
		return err
	}
	lines, err := bank.Counts(ctx, s.Shared())
	if err != nil {
		return err
	}
	tab := func(name words.Text, view string, n int64) {
		p.Views = append(p.Views, ui.View{Name: name, Path: "/staff/payments?view=" + view, Count: n, Here: p.View == view})
	}
	tab("Waiting for review", viewReview, payments[payment.PendingReview])
	tab("For a second person", viewApproval, payments[payment.AwaitingApproval])
	tab("Open bank lines", viewLines, lines[bank.Open])
	tab("Done", viewDone, -1)
	return nil
}

// paymentPage is one payment, and what can be done with it.
type paymentPage struct {
	ui.Page
	Payment                       payment.Payment
	Holder                        account.Account
	Account                       tenant.AccountID
	Invoices                      []invoice.Invoice // that it is for, or that are open
	Lines                         []queuedLine      // that may be this transfer
	Foreseen                      *foreseen         // nil: there is nothing to decide
	Form                          ui.Form
	MayConfirm, MayApprove        bool
	CreatedBy, Confirmer, EndedBy words.Text
}

func (p paymentPage) path(what string) string {
	return "/staff/payments/" + p.Payment.ID.String() + what
}

// locate finds whose payment the path names.
func (w *Web) locate(r *http.Request, v *visit, operation string) (payment.ID, tenant.AccountID, error) {
	var acc tenant.AccountID
	pid, err := idOf(payment.ParseID, r.PathValue("id"), payment.ErrNotFound)
	if err != nil {
		return pid, acc, err
	}
	err = w.Identity.Survey(r.Context(), use(v, payers(v), operation), func(ctx context.Context, s *tenant.Survey) (err error) {
		acc, err = payment.Locate(ctx, s, pid)
		return err
	})
	return pid, acc, err
}

// onPayment runs an act on the payment that the path names, in its account.
func (w *Web) onPayment(r *http.Request, v *visit, p tenant.Privilege, operation string, fn func(context.Context, *tenant.Tx, payment.ID) error) error {
	pid, acc, err := w.locate(r, v, operation)
	if err != nil {
		return err
	}
	return w.Identity.Act(r.Context(), use(v, p, operation), acc, func(ctx context.Context, tx *tenant.Tx) error { return fn(ctx, tx, pid) })
}

func (w *Web) staffPayment(rw http.ResponseWriter, r *http.Request, v *visit) error {
	return w.showPayment(rw, r, v, http.StatusOK, ui.NewForm(r.URL.Query()))
}

// showPayment shows a payment; the form is what somebody saw at the bank.
func (w *Web) showPayment(rw http.ResponseWriter, r *http.Request, v *visit, status int, f ui.Form) error {
	p := paymentPage{Form: f, MayConfirm: v.Operator.Has(tenant.PaymentsConfirm), MayApprove: v.Operator.Has(tenant.PaymentsApprove)}
	pid, acc, err := w.locate(r, v, "admin-get-payment")
	if err != nil {
		return err
	}
	p.Account = acc
	err = w.Identity.Act(r.Context(), use(v, payers(v), "admin-get-payment"), acc, func(ctx context.Context, tx *tenant.Tx) error {
		return p.read(ctx, tx, pid)
	})
	if err != nil {
		return err
	}
	if p.Page, err = w.operator(r.Context(), v, words.With("Payment of %s", p.Holder.Name)); err != nil {
		return err
	}
	p.CreatedBy, p.Confirmer, p.EndedBy = w.actorSaid(r.Context(), p.Payment.CreatedBy), w.actorSaid(r.Context(), p.Payment.ConfirmedBy), w.actorSaid(r.Context(), p.Payment.EndedBy)
	if err := w.foreseePayment(r, v, &p); err != nil {
		return err
	}
	if p.Payment.Status == payment.PendingReview && p.MayConfirm {
		if p.Lines, err = w.linesFor(r, v, p); err != nil {
			return err
		}
	}
	return show(r.Context(), rw, status, paymentView(p))
}

func (p *paymentPage) read(ctx context.Context, tx *tenant.Tx, pid payment.ID) (err error) {
	if p.Payment, err = payment.Load(ctx, tx, pid); err != nil {
		return err
	}
	if p.Holder, err = account.Load(ctx, tx); err != nil {
		return err
	}
	p.Invoices = nil
	all, err := invoice.List(ctx, tx, invoice.ID{}, invoicesLooked)
	for _, i := range all {
		if i.ID == p.Payment.Invoice || i.Status == invoice.Open {
			p.Invoices = append(p.Invoices, i)
		}
	}
	return err
}

// foreseePayment works out what deciding about the payment would come to.
func (w *Web) foreseePayment(r *http.Request, v *visit, p *paymentPage) error {
	var f foreseen
	var err error
	switch {
	case p.Payment.Status == payment.PendingReview && p.MayConfirm:
		as, bad := arrivedOf(p.Form, p.Payment)
		if bad != nil {
			why, err := refused(bad)
			if err == nil {
				p.Form = p.Form.Refused(why, confirmFields...)
			}
			return err
		}
		f, err = w.foresee(r.Context(), use(v, tenant.PaymentsConfirm, "admin-confirm-payment"), p.Account, func(ctx context.Context, tx *tenant.Tx) (payment.Payment, bool, error) {
			c, err := bank.ConfirmReported(ctx, tx, w.Desk, p.Payment.ID, as)
			return c.Payment, c.Waits(), err
		})
	case p.Payment.Status == payment.AwaitingApproval && p.MayApprove:
		f, err = w.foresee(r.Context(), use(v, tenant.PaymentsApprove, "admin-approve-payment"), p.Account, func(ctx context.Context, tx *tenant.Tx) (payment.Payment, bool, error) {
			c, err := w.Desk.Approve(ctx, tx, p.Payment.ID)
			return c.Payment, c.Waits(), err
		})
	default:
		return nil
	}
	p.Foreseen = &f
	return err
}

// arrivedOf is what somebody saw at the bank.
func arrivedOf(f ui.Form, p payment.Payment) (bank.Arrived, error) {
	as := bank.Arrived{PayerName: f.Value("payer_name"), OtherAmount: f.Value("accept_other_amount") == "yes"}
	var err error
	as.Amount, err = sumOf(f.Value("amount"), p.Amount.Currency, "amount")
	return as, err
}

// linesFor is the open bank lines that may be the transfer: those that may pay
// for an invoice of its account.
func (w *Web) linesFor(r *http.Request, v *visit, p paymentPage) (some []queuedLine, err error) {
	err = w.Identity.Survey(r.Context(), use(v, tenant.PaymentsConfirm, "admin-list-bank-lines"), func(ctx context.Context, s *tenant.Survey) error {
		lines, err := bank.Lines(ctx, s.Shared(), bank.Filter{State: bank.Open, Limit: linesLooked})
		if err != nil {
			return err
		}
		all, err := matched(ctx, s, lines, namesOf(ctx, s))
		for _, l := range all {
			for _, o := range l.Proposals {
				if o.Account == p.Account {
					some = append(some, l)
					break
				}
			}
		}
		return err
	})
	return some, err
}

// linesLooked is how many of the newest open bank lines are compared with a
// payment.
const linesLooked = 200

// confirmFields are those of the form, by the names of the API.
var confirmFields = []string{"amount", "payer_name", "accept_other_amount"}

func (w *Web) confirmPayment(rw http.ResponseWriter, r *http.Request, v *visit) error {
	values, err := formOf(r)
	if err != nil {
		return err
	}
	f := ui.NewForm(values)
	var c payment.Confirmation
	err = w.onPayment(r, v, tenant.PaymentsConfirm, "admin-confirm-payment", func(ctx context.Context, tx *tenant.Tx, pid payment.ID) error {
		p, err := payment.Load(ctx, tx, pid)
		if err != nil {
			return err
		}
		as, err := arrivedOf(f, p)
		if err != nil {
			return err
		}
		c, err = bank.ConfirmReported(ctx, tx, w.Desk, pid, as)
		return err
	})
	if err != nil {
		return w.paymentRefused(rw, r, v, err, f)
	}
	w.sayConfirmed(rw, c)
	return to(rw, r, "/staff/payments/"+c.Payment.ID.String())
}

// paymentRefused shows the payment again with what is wrong.
func (w *Web) paymentRefused(rw http.ResponseWriter, r *http.Request, v *visit, err error, f ui.Form) error {
	why, ours := refused(err)
	if ours != nil || errors.Is(err, payment.ErrNotFound) || errors.Is(err, tenant.ErrForbidden) {
		return err
	}
	return w.showPayment(rw, r, v, statusOf(why), f.Refused(why, confirmFields...))
}

// sayConfirmed tells what became of money that was taken.
func (w *Web) sayConfirmed(rw http.ResponseWriter, c payment.Confirmation) {
	switch {
	case c.Waits():
		w.say(rw, ui.Note, "Confirmed. A second person must approve before anything moves.")
	case c.Invoice.ID.IsZero():
		w.say(rw, ui.Good, "Confirmed. No invoice was open: the money is the account's balance.")
	case c.Invoice.Status == invoice.Paid:
		w.say(rw, ui.Good, words.With("Confirmed. Invoice %s is paid, and what it was for is open.", c.Invoice.Number))
	default:
		w.say(rw, ui.Good, words.With("Confirmed. Invoice %s is paid in part.", c.Invoice.Number))
	}
}

func (w *Web) approvePayment(rw http.ResponseWriter, r *http.Request, v *visit) error {
	var c payment.Confirmation
	err := w.onPayment(r, v, tenant.PaymentsApprove, "admin-approve-payment", func(ctx context.Context, tx *tenant.Tx, pid payment.ID) (err error) {
		c, err = w.Desk.Approve(ctx, tx, pid)
		return err
	})
	if err != nil {
		return w.paymentRefused(rw, r, v, err, ui.Form{})
	}
	w.say(rw, ui.Good, "Approved. The money counts, with all that follows.")
	return to(rw, r, "/staff/payments/"+c.Payment.ID.String())
}

func (w *Web) staffProof(rw http.ResponseWriter, r *http.Request, v *visit) error {
	var f payment.Proof
	var name string
	err := w.onPayment(r, v, payers(v), "admin-get-payment-proof", func(ctx context.Context, tx *tenant.Tx, pid payment.ID) (err error) {
		name = pid.String()
		f, err = payment.ProofOf(ctx, tx, pid)
		return err
	})
	if err != nil {
		return err
	}
	h := rw.Header()
	h.Set("Content-Type", f.MediaType)
	h.Set("Content-Disposition", `attachment; filename="`+name+proofEndings[f.MediaType]+`"`)
	h.Set("Content-Security-Policy", "sandbox; default-src 'none'")
	h.Set("Cache-Control", "no-store")
	_, err = rw.Write(f.Content)
	return err
}

// The questions about a payment: each is a page of its own, with the reason.

func (w *Web) askReject(rw http.ResponseWriter, r *http.Request, v *visit) error {
	return w.askAboutPayment(rw, r, v, http.StatusOK, rejecting, ui.Form{})
}

func (w *Web) rejectPayment(rw http.ResponseWriter, r *http.Request, v *visit) error {
	return w.endPayment(rw, r, v, rejecting)
}

func (w *Web) askUndo(rw http.ResponseWriter, r *http.Request, v *visit) error {
	return w.askAboutPayment(rw, r, v, http.StatusOK, undoing, ui.Form{})
}

func (w *Web) undoPayment(rw http.ResponseWriter, r *http.Request, v *visit) error {
	return w.endPayment(rw, r, v, undoing)
}

func (w *Web) askSendBack(rw http.ResponseWriter, r *http.Request, v *visit) error {
	return w.askAboutPayment(rw, r, v, http.StatusOK, sendingBack, ui.Form{})
}

func (w *Web) sendPaymentBack(rw http.ResponseWriter, r *http.Request, v *visit) error {
	return w.endPayment(rw, r, v, sendingBack)
}

// ending is a way in which a payment, or a part of it, ends.
type ending struct {
	operation, path string
	title, text, do words.Text
	done            words.Text
	amount          bool // of how much is asked
	act             func(ctx context.Context, d *payment.Desk, tx *tenant.Tx, p payment.Payment, values url.Values) error
}

var rejecting = ending{
	operation: "admin-reject-payment", path: "/reject", title: "Reject this payment?", do: "Reject",
	text: "The account is told that the money has not arrived, with your reason. Nothing else changes.", done: "Rejected. The account is told.",
	act: func(ctx context.Context, d *payment.Desk, tx *tenant.Tx, p payment.Payment, values url.Values) error {
		_, err := d.Reject(ctx, tx, p.ID, values.Get("reason"))
		return err
	},
}

var undoing = ending{
	operation: "admin-undo-payment", path: "/undo", title: "Take this confirmation back?", do: "Take it back",
	text: "All that followed from it is taken back with entries that say so. Nothing is deleted.", done: "Taken back, with all that followed.",
	act: func(ctx context.Context, d *payment.Desk, tx *tenant.Tx, p payment.Payment, values url.Values) error {
		_, err := d.Undo(ctx, tx, p.ID, values.Get("reason"))
		return err
	},
}

var sendingBack = ending{
	operation: "admin-send-payment-back", path: "/send-back", title: "Was money sent back?", do: "Record it",
	text: "Only what no invoice needed can go back. This writes down that you sent it; the transfer itself is yours to make.", done: "Written down.", amount: true,
	act: func(ctx context.Context, d *payment.Desk, tx *tenant.Tx, p payment.Payment, values url.Values) error {
		sum, err := sumOf(values.Get("amount"), p.Amount.Currency, "amount")
		if err != nil {
			return err
		}
		_, err = d.SentBack(ctx, tx, p.ID, sum, values.Get("reason"))
		return err
	},
}

// askAboutPayment asks, with what would come of it.
func (w *Web) askAboutPayment(rw http.ResponseWriter, r *http.Request, v *visit, status int, e ending, f ui.Form) error {
	pid, acc, err := w.locate(r, v, e.operation)
	if err != nil {
		return err
	}
	var p payment.Payment
	u := use(v, tenant.PaymentsConfirm, e.operation)
	load := func(ctx context.Context, tx *tenant.Tx) (err error) {
		p, err = payment.Load(ctx, tx, pid)
		return err
	}
	if err := w.Identity.Act(r.Context(), u, acc, load); err != nil {
		return err
	}
	at := "/staff/payments/" + pid.String()
	page := actPage{Form: f, Text: e.text, Do: e.do, Bad: true, Reason: "Reason", Action: at + e.path, Back: at}
	page.Facts = []fact{{"Payment", words.With("%s from %s", v.page.Locale.Money(p.Amount), p.PayerName)}}
	if e.amount {
		page.Fields = []ui.Field{{Form: f, Name: "amount", Label: words.With("Amount in %s", p.Amount.Currency), Mode: "decimal", Start: decimals(p.Unapplied())}}
	} else {
		seen, err := w.foresee(r.Context(), u, acc, func(ctx context.Context, tx *tenant.Tx) (payment.Payment, bool, error) {
			return p, false, e.act(ctx, w.Desk, tx, p, url.Values{"reason": {"preview"}})
		})
		if err != nil {
			return err
		}
		if seen.Refused != nil && !f.Bad() {
			page.Form = f.Refused(seen.Refused)
		}
		page.Facts = append(page.Facts, seen.lines(v.page.Locale)...)
	}
	return w.showAct(rw, r, v, status, e.title, page)
}

func (w *Web) endPayment(rw http.ResponseWriter, r *http.Request, v *visit, e ending) error {
	values, err := formOf(r)
	if err != nil {
		return err
	}
	err = w.onPayment(r, v, tenant.PaymentsConfirm, e.operation, func(ctx context.Context, tx *tenant.Tx, pid payment.ID) error {
		p, err := payment.Load(ctx, tx, pid)
		if err != nil {
			return err
		}
		return e.act(ctx, w.Desk, tx, p, values)
	})
	if err != nil {
		why, ours := refused(err)
		if ours != nil || errors.Is(err, payment.ErrNotFound) {
			return err
		}
		return w.askAboutPayment(rw, r, v, statusOf(why), e, ui.NewForm(values).Refused(why, "reason", "amount"))
	}
	w.say(rw, ui.Good, e.done)
	return to(rw, r, "/staff/payments/"+r.PathValue("id"))
}
