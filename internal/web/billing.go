package web

import (
	"context"
	"errors"
	"net/http"

	"igny8/internal/account"
	"igny8/internal/invoice"
	"igny8/internal/tenant"
	"igny8/internal/web/ui"
)

// billingPage is what has to be paid, and how.
type billingPage struct {
	ui.Page
	Holder account.Account
	Open   *invoice.Invoice     // nil: nothing has to be paid
	Bank   *invoice.BankAccount // nil: the operator has not said where yet
}

func (w *Web) billing(rw http.ResponseWriter, r *http.Request, v *visit) error {
	var p billingPage
	var err error
	if p.Page, err = w.member(r.Context(), v, "Billing"); err != nil {
		return err
	}
	err = w.st.View(r.Context(), v.Scope, func(ctx context.Context, view *tenant.View) (err error) {
		if p.Holder, err = account.Load(ctx, view); err != nil {
			return err
		}
		i, err := invoice.OldestOpen(ctx, view)
		if errors.Is(err, invoice.ErrNotFound) {
			return nil
		}
		if err != nil {
			return err
		}
		p.Open = &i
		b, err := invoice.BankAccountOf(ctx, view.Shared(), i.Total.Currency)
		if errors.Is(err, invoice.ErrNoBankAccount) {
			return nil
		}
		p.Bank = &b
		return err
	})
	if err != nil {
		return err
	}
	p.Account = p.Holder.Name
	return show(r.Context(), rw, http.StatusOK, billingView(p))
}
