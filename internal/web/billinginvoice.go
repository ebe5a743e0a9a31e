package web

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"igny8/internal/account"
	"igny8/internal/invoice"
	"igny8/internal/money"
	"igny8/internal/payment"
	"igny8/internal/subscription"
	"igny8/internal/tenant"
	"igny8/internal/web/ui"
	"igny8/internal/words"
)

// invoicePage is an invoice, how to pay it, and how far that has come.
type invoicePage struct {
	ui.Page
	Invoice  invoice.Invoice
	Document invoice.Document
	Bank     *invoice.BankAccount // nil: it is not to be paid there, or nobody has said where
	Payments []payment.Payment    // oldest first
	Bought   *subscription.Bought // nil: nothing yet
	Now      time.Time

	Manages bool // the member may report a payment
	Form    ui.Form
	Once    string // makes the report count once
	Part    bool   // only what changes by itself is shown, to be put into the page
}

// read is all but the form.
func (p *invoicePage) read(ctx context.Context, r *http.Request, v *tenant.View) (err error) {
	p.Now = v.Now()
	if p.Invoice, err = namedInvoice(ctx, r, v); err != nil {
		return err
	}
	if p.Document, err = invoice.DocumentOf(ctx, v, p.Invoice); err != nil {
		return err
	}
	if p.Payments, err = payment.OfInvoice(ctx, v, p.Invoice.ID); err != nil {
		return err
	}
	bought, found, err := subscription.BoughtBy(ctx, v, p.Invoice.ID.String())
	if err != nil {
		return err
	}
	if found {
		p.Bought = &bought
	}
	if !p.payable() || p.Invoice.PaymentMethod != account.BankTransfer {
		return nil
	}
	b, err := invoice.PayTo(ctx, v.Shared(), p.Invoice)
	if errors.Is(err, invoice.ErrNoBankAccount) {
		return nil
	}
	p.Bank = &b
	return err
}

func (w *Web) billingInvoice(rw http.ResponseWriter, r *http.Request, v *visit) error {
	return w.showInvoice(rw, r, v, http.StatusOK, ui.Form{})
}

func (w *Web) showInvoice(rw http.ResponseWriter, r *http.Request, v *visit, status int, f ui.Form) error {
	p := invoicePage{Form: f, Once: rand.Text(), Manages: v.Scope.Permissions().Has(tenant.ManageBilling)}
	var err error
	if p.Page, err = w.personal(r.Context(), v, "Invoice"); err != nil {
		return err
	}
	err = w.st.View(r.Context(), v.Scope, func(ctx context.Context, view *tenant.View) error { return p.read(ctx, r, view) })
	if err != nil {
		return err
	}
	p.Title = words.With("Invoice %s", p.Invoice.Number)
	if f.Blank() { // what is due is what most people send
		p.Form = ui.NewForm(url.Values{"amount": {p.typed(p.Invoice.AmountDue())}})
	}
	return show(r.Context(), rw, status, invoiceView(p))
}

// invoiceProgress is the part of the page that keeps itself up to date. Who has
// seen it already is told nothing, so that nothing moves or is read out again.
func (w *Web) invoiceProgress(rw http.ResponseWriter, r *http.Request, v *visit) error {
	p := invoicePage{Page: v.page, Part: true, Manages: v.Scope.Permissions().Has(tenant.ManageBilling)}
	err := w.st.View(r.Context(), v.Scope, func(ctx context.Context, view *tenant.View) error { return p.read(ctx, r, view) })
	if err != nil {
		return err
	}
	if p.mark() == r.URL.Query().Get("seen") {
		rw.Header().Set("Cache-Control", "no-store")
		rw.WriteHeader(http.StatusNoContent)
		return nil
	}
	return show(r.Context(), rw, http.StatusOK, invoiceParts(p))
}

// progressEvery is how often that is.
const progressEvery = 5 * time.Second

// mark changes with what the page shows of the progress.
func (p invoicePage) mark() string {
	sum := sha256.Sum256(fmt.Append(nil, p.Invoice.Status, p.Invoice.Paid, p.Bank, p.lede(), p.steps()))
	return hex.EncodeToString(sum[:8])
}

func (p invoicePage) path() string { return "/billing/invoices/" + p.Invoice.ID.String() }

// payable tells whether something is still due.
func (p invoicePage) payable() bool { return p.Invoice.AmountDue().Amount > 0 }

// codePath is the picture that a banking app reads, for what is due now.
func (p invoicePage) codePath() string {
	return fmt.Sprintf("%s/qr.png?due=%d", p.path(), p.Invoice.AmountDue().Amount)
}

// hasCode tells whether there is such a picture.
func (p invoicePage) hasCode() bool {
	return p.Document.Payment != nil && p.Document.Payment.Code != ""
}

// typed is an amount as the person would type it, and as it is read again.
func (p invoicePage) typed(m money.Money) string {
	s := m.NumberIn(p.Locale.String())
	if read, err := money.ParseTyped(s, m.Currency); err != nil || read != m {
		return m.NumberIn("en")
	}
	return s
}

// claimed is the last payment that is being looked at; nil: none is.
func (p invoicePage) claimed() *payment.Payment {
	for n := len(p.Payments) - 1; n >= 0; n-- {
		if s := p.Payments[n].Status; s == payment.PendingReview || s == payment.AwaitingApproval {
			return &p.Payments[n]
		}
	}
	return nil
}

// refusedLast is the last payment, if it was rejected; nil: it was not.
func (p invoicePage) refusedLast() *payment.Payment {
	if n := len(p.Payments); n > 0 && p.Payments[n-1].Status == payment.Rejected {
		return &p.Payments[n-1]
	}
	return nil
}

// lede is what matters most now.
type lede struct {
	Tone        ui.Tone
	Title, Text words.Text
}

func (p invoicePage) lede() lede {
	switch p.Invoice.Status {
	case invoice.Paid:
		return p.paidLede()
	case invoice.Void:
		return lede{ui.Quiet, "Nothing is to be paid", "This invoice was withdrawn. If you ordered something else, its invoice is in the list."}
	case invoice.Uncollectible:
		return lede{ui.Bad, "This invoice was given up", "Write to the operator if you want to pay it after all."}
	case invoice.Draft, invoice.Open:
	}
	due, by := p.Locale.Money(p.Invoice.AmountDue()), p.Locale.Date(p.Invoice.Due)
	if c := p.claimed(); c != nil && c.Status == payment.AwaitingApproval {
		return lede{ui.Note, "Your payment is being checked", "It was seen at the bank. A second person looks at it, and then everything opens by itself."}
	} else if c != nil {
		return lede{ui.Note, "We are looking for your transfer", "Transfers take a day or two. As soon as it is at the bank everything opens by itself, and you get a letter."}
	}
	if bad := p.refusedLast(); bad != nil {
		return lede{ui.Bad, "Your payment was not found", words.With("%s – %s is still due. Check the transfer, and report it again below.", bad.Reason, due)}
	}
	if online(p.Invoice.PaymentMethod) {
		return lede{ui.Warn, words.With("%s to pay by %s", due, by), words.With("Pay it by %s below. Everything opens by itself when that is done.", methodName(p.Invoice.PaymentMethod))}
	}
	if p.Now.After(p.Invoice.Due) {
		return lede{ui.Warn, words.With("%s is overdue", due), words.With("It was due on %s. Transfer it with the reference below as the purpose, and nothing else.", by)}
	}
	return lede{ui.Warn, words.With("%s to pay by %s", due, by), "Transfer it with the reference below as the purpose, and nothing else. Then tell us, so that we find it sooner."}
}

func (p invoicePage) paidLede() lede {
	if !p.Invoice.Pack.IsZero() {
		return lede{ui.Good, "Your credits are live", words.With("%s came with this invoice%s.", p.packed(), p.packEnd())}
	}
	b := p.Bought
	switch {
	case b == nil:
		return lede{ui.Good, "This invoice is paid", "Thank you."}
	case b.Credits == 0 || !p.Now.Before(b.End):
		return lede{ui.Good, "This invoice is paid", words.With("It paid for %s until %s.", b.Plan.Name, p.Locale.Date(b.End))}
	case p.Now.Before(b.Start):
		return lede{ui.Good, "This invoice is paid", words.With("%s come on %s, when the next period begins.", p.credits(), p.Locale.Date(b.Start))}
	}
	return lede{ui.Good, "Your credits are live", words.With("%s came with %s, and last until %s.", p.credits(), b.Plan.Name, p.Locale.Date(b.End))}
}

// packed is how many credits an invoice for a package sells.
func (p invoicePage) packed() words.Text {
	return words.With("%s credits", p.Locale.Number(int64(p.Invoice.Pack.Credits)))
}

// packEnd is until when they are good.
func (p invoicePage) packEnd() words.Text {
	if p.Invoice.Pack.Days == 0 {
		return ", and stay until they are used"
	}
	return words.With(", and last until %s", p.Locale.Date(p.Invoice.PaidAt.Add(time.Duration(p.Invoice.Pack.Days)*24*time.Hour)))
}

func (p invoicePage) credits() words.Text {
	return words.With("%s credits", p.Locale.Number(int64(p.Bought.Credits)))
}
