package web

import (
	"context"
	"errors"
	"net/http"
	"time"

	"igny8/internal/account"
	"igny8/internal/erasure"
	"igny8/internal/identity"
	"igny8/internal/tenant"
	"igny8/internal/web/ui"
	"igny8/internal/words"
)

// belongs fills in whose page it is, and whether that account is to be deleted.
func belongs(ctx context.Context, r tenant.Reader, p *ui.Page) error {
	a, err := account.Load(ctx, r)
	if err != nil {
		return err
	}
	d, found, err := account.DeletionOf(ctx, r)
	if found {
		p.Ending = &ui.Ending{At: d.Due, Keep: r.Scope().Permissions().Has(tenant.DeleteAccount)}
	}
	p.Account = a.Name
	return err
}

// deletionPage is what the deletion of an account comes to, and the form that
// orders it.
type deletionPage struct {
	ui.Page
	Form    ui.Form
	Outlook erasure.Outlook
	By      words.Text // who ordered it; empty: nobody has
	Would   time.Time  // when it would be, ordered now
}

func (w *Web) askDeletion(rw http.ResponseWriter, r *http.Request, v *visit) error {
	return w.showDeletion(rw, r, v, http.StatusOK, ui.NewForm(nil))
}

func (w *Web) showDeletion(rw http.ResponseWriter, r *http.Request, v *visit, status int, f ui.Form) error {
	p := deletionPage{Form: f}
	err := w.within(r, v, &p.Page, "Delete the account", func(ctx context.Context, view *tenant.View) (err error) {
		p.Would = view.Now().Add(account.SecondThoughts)
		if p.Outlook, err = erasure.OutlookOf(ctx, view); err != nil || p.Outlook.Ordered == nil {
			return err
		}
		p.By, err = orderedBy(ctx, view, *p.Outlook.Ordered)
		return err
	})
	if err != nil {
		return err
	}
	p.Lead = "All that is in it, for good. For thirty days you can change your mind."
	return show(r.Context(), rw, status, deletionView(p))
}

func (w *Web) orderDeletion(rw http.ResponseWriter, r *http.Request, v *visit) error {
	values, err := formOf(r)
	if err != nil {
		return err
	}
	err = w.Identity.WithPassword(r.Context(), v.Caller, values.Get("password"), "body.password", func(ctx context.Context, tx *tenant.Tx) error {
		_, err := w.Eraser.Order(ctx, tx, values.Get("name"))
		return err
	})
	if err != nil {
		f, err := refused(err)
		if err != nil {
			return err
		}
		return w.showDeletion(rw, r, v, statusOf(f), ui.NewForm(values).Refused(f, "name", "password"))
	}
	w.say(rw, ui.Good, "The deletion is ordered. A letter to each owner tells of it.")
	return to(rw, r, "/account/delete")
}

func (w *Web) keepAccount(rw http.ResponseWriter, r *http.Request, v *visit) error {
	err := w.st.Update(r.Context(), v.Scope, w.Eraser.Keep)
	return w.andBack(rw, r, err, "The account stays. Everything is as it was.", "/account/delete")
}

// orderedBy is who ordered a deletion, by his name while he is a member.
func orderedBy(ctx context.Context, r tenant.Reader, d account.Deletion) (words.Text, error) {
	who, err := tenant.ParseActor(d.By)
	if err != nil {
		return "", err
	}
	u, err := account.ParseUserID(who.ID)
	if err != nil {
		return "", err
	}
	m, err := identity.MemberOf(ctx, r, u)
	if errors.Is(err, account.ErrNotMember) {
		return whoSaid(nil, d.By), nil
	}
	return words.Verbatim(fullName(m)), err
}
