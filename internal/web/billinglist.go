package web

import (
	"context"
	"net/http"

	"igny8/internal/fault"
	"igny8/internal/invoice"
	"igny8/internal/payment"
	"igny8/internal/tenant"
	"igny8/internal/web/ui"
	"igny8/internal/words"
)

// listLimit is how many rows a page of a list has.
const listLimit = 20

var errNoPart = fault.New(fault.NotFound, "page.no_such_part", "There is no such part of the list.")

// listPage is a part of a list.
type listPage[T any] struct {
	ui.Page
	Items       []T
	First, Next string // where the list begins and goes on; empty: here
}

// part reads a part of a list: what comes after the id in the address, one
// more than is shown, to know whether there is more.
func part[T any, K any](ctx context.Context, w *Web, r *http.Request, v *visit, title words.Text, parse func(string) (K, error),
	read func(ctx context.Context, view *tenant.View, after K, limit int) ([]T, error), name func(T) string,
) (listPage[T], error) {
	var p listPage[T]
	var after K
	var err error
	if at := r.URL.Query().Get("after"); at != "" {
		if after, err = parse(at); err != nil {
			return p, errNoPart
		}
		p.First = r.URL.Path
	}
	if p.Page, err = w.personal(ctx, v, title); err != nil {
		return p, err
	}
	err = w.st.View(ctx, v.Scope, func(ctx context.Context, view *tenant.View) (err error) {
		p.Items, err = read(ctx, view, after, listLimit+1)
		return err
	})
	if len(p.Items) > listLimit {
		p.Items = p.Items[:listLimit]
		p.Next = r.URL.Path + "?after=" + name(p.Items[listLimit-1])
	}
	return p, err
}

func (w *Web) billingInvoices(rw http.ResponseWriter, r *http.Request, v *visit) error {
	p, err := part(r.Context(), w, r, v, "Invoices", invoice.ParseID,
		func(ctx context.Context, view *tenant.View, after invoice.ID, limit int) ([]invoice.Invoice, error) {
			return invoice.List(ctx, view, after, limit)
		}, func(i invoice.Invoice) string { return i.ID.String() })
	if err != nil {
		return err
	}
	return show(r.Context(), rw, http.StatusOK, invoicesView(p))
}

// paidWith is a payment, and the number of the invoice that it is for.
type paidWith struct {
	payment.Payment
	Number string // empty: it is for none
}

func (w *Web) billingPayments(rw http.ResponseWriter, r *http.Request, v *visit) error {
	p, err := part(r.Context(), w, r, v, "Payments", payment.ParseID, paymentsWith, func(p paidWith) string { return p.ID.String() })
	if err != nil {
		return err
	}
	p.Lead = "What you have paid or told us of, newest first."
	return show(r.Context(), rw, http.StatusOK, paymentsView(p))
}

func paymentsWith(ctx context.Context, view *tenant.View, after payment.ID, limit int) ([]paidWith, error) {
	all, err := payment.List(ctx, view, after, limit)
	if err != nil {
		return nil, err
	}
	numbers := map[invoice.ID]string{{}: ""}
	rows := make([]paidWith, 0, len(all))
	for _, one := range all {
		if _, known := numbers[one.Invoice]; !known {
			i, err := invoice.Load(ctx, view, one.Invoice)
			if err != nil {
				return nil, err
			}
			numbers[one.Invoice] = i.Number
		}
		rows = append(rows, paidWith{one, numbers[one.Invoice]})
	}
	return rows, nil
}

func (w *Web) creditNotes(rw http.ResponseWriter, r *http.Request, v *visit) error {
	p, err := part(r.Context(), w, r, v, "Credit notes", invoice.ParseCreditID,
		func(ctx context.Context, view *tenant.View, after invoice.CreditID, limit int) ([]invoice.CreditNote, error) {
			return invoice.Credits(ctx, view, after, limit)
		}, func(c invoice.CreditNote) string { return c.ID.String() })
	if err != nil {
		return err
	}
	p.Lead = "What was taken back of an invoice. It pays your next one by itself."
	return show(r.Context(), rw, http.StatusOK, creditNotesView(p))
}
