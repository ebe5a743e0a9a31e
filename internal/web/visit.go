package web

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"igny8/internal/account"
	"igny8/internal/identity"
	"igny8/internal/tenant"
	"igny8/internal/web/ui"
	"igny8/internal/words"
)

// visiting is the question before one of the operator's people enters an account
// as support. What he sees there, and how it ends, is in identity.Visit.
var visiting = accountAct{
	privilege: tenant.SupportVisit, operation: "admin-visit-account", path: "/visit", title: "Visit this account as support?", do: "Enter",
	text:   "Its pages are yours until the visit ends. Its owners get a letter with the reason, everything you do is in its log under your name, and they can send you away.",
	fields: visitFields,
}

func visitFields(f ui.Form) []ui.Field {
	var lengths []ui.Pick
	for _, d := range identity.VisitLengths() {
		lengths = append(lengths, ui.Pick{Value: minutes(d), Label: lengthSaid(d)})
	}
	return []ui.Field{
		{Form: f, Name: "may", Label: "What for", Start: string(identity.VisitToLook), Choices: []ui.Pick{
			{Value: string(identity.VisitToLook), Label: "Only look", Hint: "Content, what it pays, and its team. It works for an account that is suspended, too."},
			{Value: string(identity.VisitToWork), Label: "Look, and work on sites and content", Hint: "That can spend its credits. Approving stays with its people; orders, team and keys do too."},
		}},
		{Form: f, Name: "for", Label: "How long", Start: lengths[0].Value, Choices: lengths},
	}
}

func minutes(d time.Duration) string { return strconv.Itoa(int(d / time.Minute)) }

// lengthSaid is how long something is: "15 minutes", "4 hours".
func lengthSaid(d time.Duration) words.Text {
	if d >= time.Hour {
		return ui.Locale{}.Count(int64(d/time.Hour), "1 hour", "%s hours")
	}
	return ui.Locale{}.Count(int64(d/time.Minute), "1 minute", "%s minutes")
}

// visitIn is what a form says of a visit. What is none is refused by the room.
func visitIn(acc tenant.AccountID, values url.Values) identity.NewVisit {
	n, err := strconv.Atoi(values.Get("for"))
	if err != nil {
		n = 0
	}
	return identity.NewVisit{
		Account: acc, Reason: values.Get("reason"), Kind: identity.VisitKind(values.Get("may")), For: time.Duration(n) * time.Minute,
	}
}

func (w *Web) beginVisit(rw http.ResponseWriter, r *http.Request, v *visit) error {
	values, err := formOf(r)
	if err != nil {
		return err
	}
	acc, err := idOf(tenant.ParseAccountID, r.PathValue("id"), account.ErrNotFound)
	if err != nil {
		return err
	}
	_, err = w.Identity.Visit(r.Context(), v.Caller, visitIn(acc, values))
	if err != nil {
		why, ours := refused(err)
		if ours != nil || errors.Is(err, account.ErrNotFound) {
			return err
		}
		return w.showAccountAct(rw, r, v, statusOf(why), visiting, ui.NewForm(values).Refused(why, "reason", "may", "for"))
	}
	return to(rw, r, "/home")
}

// visitBar is what is said of a visit on every page.
func visitBar(v *identity.Visit) *ui.Visit {
	if v == nil {
		return nil
	}
	return &ui.Visit{Account: v.Account.Name, Reason: v.Reason, Works: v.Works(), Until: v.Until}
}

// visitOf is the same where a request was not let in.
func (w *Web) visitOf(r *http.Request) *ui.Visit {
	c, err := w.Identity.AdmitCookie(r.Context(), w.secret(r), identity.AnyUser())
	if err != nil { // nobody is here
		return nil
	}
	return visitBar(c.Support)
}

// visitMay is what a visitor may do.
func visitMay(v identity.Visit) words.Text {
	if v.Works() {
		return "May look, and work on sites and content."
	}
	return "May look."
}

// visitState is what has become of a visit.
func (p accountPage) visitState(v identity.Visit) words.Text {
	switch {
	case v.Running(p.Now):
		return "Goes on"
	case v.EndedBy.Kind == tenant.User:
		return "Ended by the account"
	case !v.Ended.IsZero():
		return "Left"
	}
	return "Over"
}

// visitPage is the visit that somebody is on, or was on until now.
type visitPage struct {
	ui.Page
	Account string
	Over    words.Text // why; empty: it goes on
}

func (w *Web) lastVisit(rw http.ResponseWriter, r *http.Request, v *visit) error {
	last, err := w.Identity.LastVisit(r.Context(), v.Caller)
	if err != nil {
		return err
	}
	p := visitPage{Account: last.Account.Name}
	title := words.With("You are visiting %s", last.Account.Name)
	if v.Support == nil {
		title, p.Over = "The visit is over", overSaid(last, v)
	}
	if p.Page, err = w.personal(r.Context(), v, title); err != nil {
		return err
	}
	return show(r.Context(), rw, http.StatusOK, visitView(p))
}

// overSaid is why a visit is over.
func overSaid(last identity.Visit, v *visit) words.Text {
	switch {
	case last.EndedBy.Kind == tenant.User:
		return "Somebody of the account ended it."
	case !v.Operator.Has(tenant.SupportVisit):
		return "You may not visit accounts any more."
	}
	return words.With("It was for %s, and that time is over.", lengthSaid(last.Until.Sub(last.Began)))
}

// leaveVisit leads back to where the visit began.
func (w *Web) leaveVisit(rw http.ResponseWriter, r *http.Request, v *visit) error {
	acc, err := w.Identity.LeaveVisit(r.Context(), v.Caller)
	switch {
	case errors.Is(err, identity.ErrVisitNotFound): // he has left, in another window
		return to(rw, r, placeOf(v.Caller))
	case err != nil:
		return err
	}
	w.say(rw, ui.Good, "You have left the account.")
	if v.Operator.Has(tenant.AccountsRead) {
		return to(rw, r, "/staff/accounts/"+acc.String())
	}
	return to(rw, r, placeOf(v.Caller))
}

// endVisit sends support away.
func (w *Web) endVisit(rw http.ResponseWriter, r *http.Request, v *visit) error {
	values, err := formOf(r)
	if err != nil {
		return err
	}
	vid, err := idOf(identity.ParseVisitID, values.Get("visit"), identity.ErrVisitNotFound)
	if err == nil {
		err = w.st.Update(r.Context(), v.Scope, func(ctx context.Context, tx *tenant.Tx) error { return identity.EndVisit(ctx, tx, vid) })
	}
	return w.andBack(rw, r, err, "Support is out of the account.", "/log")
}
