package web

import (
	"context"
	"crypto/rand"
	"net/http"
	"net/url"
	"slices"

	"igny8/internal/account"
	"igny8/internal/identity"
	"igny8/internal/tenant"
	"igny8/internal/web/ui"
	"igny8/internal/words"
)

// peoplePage is the operator's people, and what each may do.
type peoplePage struct {
	ui.Page
	People []staffPerson
	Form   ui.Form
}

// staffPerson is one of them.
type staffPerson struct {
	identity.StaffGrant // the first
	Grants              []identity.StaffGrant
}

// name is what the person is called.
func (p staffPerson) name() string { return p.FirstName + " " + p.LastName }

func (w *Web) people(rw http.ResponseWriter, r *http.Request, v *visit) error {
	return w.showPeople(rw, r, v, http.StatusOK, ui.Form{})
}

func (w *Web) showPeople(rw http.ResponseWriter, r *http.Request, v *visit, status int, f ui.Form) error {
	p := peoplePage{Form: f}
	err := w.shared(r, v, tenant.PrivilegesManage, "admin-list-staff", func(ctx context.Context, tx *tenant.SharedTx) error {
		all, err := identity.Grants(ctx, tx)
		for _, g := range all { // those of one person follow one another
			if n := len(p.People); n > 0 && p.People[n-1].User == g.User {
				p.People[n-1].Grants = append(p.People[n-1].Grants, g)
				continue
			}
			p.People = append(p.People, staffPerson{g, []identity.StaffGrant{g}})
		}
		return err
	})
	if err != nil {
		return err
	}
	if p.Page, err = w.operator(r.Context(), v, "People"); err != nil {
		return err
	}
	p.Lead = "Who works for the operator, and what each may do. It counts from the next request on."
	return show(r.Context(), rw, status, peopleView(p))
}

// privilegePicks is privileges in words.
func privilegePicks(some []tenant.Privilege) []ui.Pick {
	var all []ui.Pick
	for _, p := range some {
		all = append(all, ui.Pick{Value: string(p), Label: does(p)})
	}
	return all
}

// grantPrivilege lets a person do something.
func (w *Web) grantPrivilege(rw http.ResponseWriter, r *http.Request, v *visit) error {
	values, err := formOf(r)
	if err != nil {
		return err
	}
	var may tenant.Privilege
	err = w.shared(r, v, tenant.PrivilegesManage, "admin-grant-privilege", func(ctx context.Context, tx *tenant.SharedTx) error {
		var ok bool
		if may, ok = tenant.ParsePrivilege(values.Get("privilege")); !ok {
			return identity.ErrPrivilege.At("body.privilege", "no such privilege", nil)
		}
		u, err := identity.PersonByEmail(ctx, tx, values.Get("email"))
		if err != nil {
			return err
		}
		_, err = identity.Grant(ctx, tx, u, may)
		return err
	})
	if err != nil {
		why, err := refused(err)
		if err != nil {
			return err
		}
		return w.showPeople(rw, r, v, statusOf(why), ui.NewForm(values).Refused(why, "email", "privilege"))
	}
	w.say(rw, ui.Good, words.With("%s may: %s.", values.Get("email"), does(may)))
	return to(rw, r, "/staff/people")
}

// taking is the question before a privilege is taken away.
func taking(g identity.StaffGrant) ui.Confirm {
	q := url.Values{"user": {g.User.String()}, "privilege": {string(g.Privilege)}}
	return ui.Confirm{
		ID: "take-" + g.User.String() + "-" + string(g.Privilege), Ask: "Take away", Title: words.With("Take this from %s?", g.Email), Do: "Take it away",
		Text: words.With("%s: from the next request on no longer.", does(g.Privilege)), Action: "/staff/people/take", Page: "/staff/people/take?" + q.Encode(), Back: "/staff/people",
		Fields: map[string]string{"user": g.User.String(), "privilege": string(g.Privilege)},
	}
}

func (w *Web) askTake(rw http.ResponseWriter, r *http.Request, v *visit) error {
	q := r.URL.Query()
	var p askPage
	err := w.shared(r, v, tenant.PrivilegesManage, "admin-list-privileges", func(ctx context.Context, tx *tenant.SharedTx) error {
		all, err := identity.Grants(ctx, tx)
		if err != nil {
			return err
		}
		at := slices.IndexFunc(all, func(g identity.StaffGrant) bool {
			return g.User.String() == q.Get("user") && string(g.Privilege) == q.Get("privilege")
		})
		if at < 0 {
			return identity.ErrUserNotFound
		}
		p.Question = taking(all[at])
		return nil
	})
	if err != nil {
		return err
	}
	if p.Page, err = w.operator(r.Context(), v, p.Question.Title); err != nil {
		return err
	}
	return show(r.Context(), rw, http.StatusOK, askView(p))
}

func (w *Web) takePrivilege(rw http.ResponseWriter, r *http.Request, v *visit) error {
	values, err := formOf(r)
	if err != nil {
		return err
	}
	u, err := idOf(account.ParseUserID, values.Get("user"), identity.ErrUserNotFound)
	if err != nil {
		return err
	}
	err = w.shared(r, v, tenant.PrivilegesManage, "admin-revoke-privilege", func(ctx context.Context, tx *tenant.SharedTx) error {
		p, ok := tenant.ParsePrivilege(values.Get("privilege"))
		if !ok {
			return identity.ErrPrivilege.At("body.privilege", "no such privilege", nil)
		}
		return identity.Revoke(ctx, tx, u, p)
	})
	if err != nil {
		why, err := refused(err)
		if err != nil {
			return err
		}
		return w.showPeople(rw, r, v, statusOf(why), ui.NewForm(url.Values{}).Refused(why))
	}
	w.say(rw, ui.Good, "Taken away.")
	if !v.Operator.Has(tenant.PrivilegesManage) || u == v.User {
		return to(rw, r, "/staff")
	}
	return to(rw, r, "/staff/people")
}

// newSystemPage is the form for an account of the operator's own.
func (w *Web) newSystemAccount(rw http.ResponseWriter, r *http.Request, v *visit) error {
	return w.showNewSystem(rw, r, v, http.StatusOK, ui.Form{})
}

func (w *Web) showNewSystem(rw http.ResponseWriter, r *http.Request, v *visit, status int, f ui.Form) error {
	return w.showAct(rw, r, v, status, "New system account", actPage{
		Form: f, Text: "An account of the operator's own, for programs of his: it has no plan, pays nothing, and is spoken for by API keys.",
		Fields: []ui.Field{{Form: f, Name: "name", Label: "Name", Max: 120, Focus: true}}, Do: "Open the account", Action: "/staff/accounts/new-system", Back: "/staff/accounts",
	})
}

func (w *Web) openSystemAccount(rw http.ResponseWriter, r *http.Request, v *visit) error {
	values, err := formOf(r)
	if err != nil {
		return err
	}
	var acc account.Account
	err = w.shared(r, v, tenant.PrivilegesManage, "admin-create-system-account", func(ctx context.Context, tx *tenant.SharedTx) (err error) {
		acc, err = identity.OpenSystemAccount(ctx, tx, values.Get("name"))
		return err
	})
	if err != nil {
		why, err := refused(err)
		if err != nil {
			return err
		}
		return w.showNewSystem(rw, r, v, statusOf(why), ui.NewForm(values).Refused(why, "name"))
	}
	w.say(rw, ui.Good, "The account is open. Programs get into it by its API keys.")
	return to(rw, r, "/staff/accounts/"+acc.ID.String()+"/system")
}

// systemPage is what a system account may do, and its keys.
type systemPage struct {
	ui.Page
	Holder account.Account
	Grants []account.Grant
	Keys   []identity.APIKey
	Made   string // a key, to be copied
	Once   string
	Form   ui.Form
	Key    ui.Form
}

func (p systemPage) path(what string) string {
	return "/staff/accounts/" + p.Holder.ID.String() + "/system" + what
}

func (w *Web) systemAccount(rw http.ResponseWriter, r *http.Request, v *visit) error {
	return w.showSystem(rw, r, v, http.StatusOK, systemPage{})
}

func (w *Web) showSystem(rw http.ResponseWriter, r *http.Request, v *visit, status int, p systemPage) error {
	err := w.onAccount(r, v, tenant.PrivilegesManage, "admin-list-account-privileges", func(ctx context.Context, tx *tenant.Tx) (err error) {
		if err := account.RequireSystem(ctx, tx); err != nil {
			return err
		}
		if p.Holder, err = account.Load(ctx, tx); err != nil {
			return err
		}
		if p.Grants, err = account.Grants(ctx, tx); err != nil {
			return err
		}
		p.Keys, err = identity.Keys(ctx, tx)
		return err
	})
	if err != nil {
		return err
	}
	if p.Page, err = w.operator(r.Context(), v, words.Verbatim(p.Holder.Name)); err != nil {
		return err
	}
	p.Lead, p.Once = "An account of the operator's own.", rand.Text()
	return show(r.Context(), rw, status, systemView(p))
}

// onSystem does something with a system account, and shows the page again where
// it cannot be done; back puts what was typed where it was.
func (w *Web) onSystem(rw http.ResponseWriter, r *http.Request, v *visit, operation string, said words.Text, do func(context.Context, *tenant.Tx, url.Values) error) error {
	values, err := formOf(r)
	if err != nil {
		return err
	}
	err = w.onAccount(r, v, tenant.PrivilegesManage, operation, func(ctx context.Context, tx *tenant.Tx) error {
		if err := account.RequireSystem(ctx, tx); err != nil {
			return err
		}
		return do(ctx, tx, values)
	})
	if err != nil {
		why, err := refused(err)
		if err != nil {
			return err
		}
		return w.showSystem(rw, r, v, statusOf(why), systemPage{Form: ui.NewForm(values).Refused(why, "privilege")})
	}
	w.say(rw, ui.Good, said)
	return to(rw, r, "/staff/accounts/"+r.PathValue("id")+"/system")
}

func (w *Web) entrust(rw http.ResponseWriter, r *http.Request, v *visit) error {
	return w.onSystem(rw, r, v, "admin-grant-account-privilege", "The account may do that from now on.", func(ctx context.Context, tx *tenant.Tx, values url.Values) error {
		p, ok := tenant.ParsePrivilege(values.Get("privilege"))
		if !ok {
			return identity.ErrPrivilege.At("body.privilege", "no such privilege", nil)
		}
		return account.Entrust(ctx, tx, p)
	})
}

func (w *Web) distrust(rw http.ResponseWriter, r *http.Request, v *visit) error {
	return w.onSystem(rw, r, v, "admin-revoke-account-privilege", "Taken away.", func(ctx context.Context, tx *tenant.Tx, values url.Values) error {
		p, ok := tenant.ParsePrivilege(values.Get("privilege"))
		if !ok {
			return identity.ErrPrivilege.At("body.privilege", "no such privilege", nil)
		}
		return account.Withdraw(ctx, tx, p)
	})
}

// systemKey makes a key with everything that a key can do, which is shown this
// once. The same form sent again makes no other.
func (w *Web) systemKey(rw http.ResponseWriter, r *http.Request, v *visit) error {
	values, err := formOf(r)
	if err != nil {
		return err
	}
	var made string
	err = w.onAccount(r, v, tenant.PrivilegesManage, "admin-create-system-key", func(ctx context.Context, tx *tenant.Tx) error {
		if err := account.RequireSystem(ctx, tx); err != nil {
			return err
		}
		_, err := w.once(ctx, tx, r, values.Get(onceField), values.Encode(), func() (string, error) {
			_, key, err := identity.CreateKey(ctx, tx, identity.NewKey{Name: values.Get("name"), Scopes: grantable(tenant.AllPermissions)})
			made = key
			return "made", err
		})
		return err
	})
	if err != nil {
		why, err := refused(err)
		if err != nil {
			return err
		}
		return w.showSystem(rw, r, v, statusOf(why), systemPage{Key: ui.NewForm(values).Refused(keyFault(why), "name")})
	}
	if made == "" { // sent again
		w.say(rw, ui.Note, "The key was made, and is not shown again.")
		return to(rw, r, "/staff/accounts/"+r.PathValue("id")+"/system")
	}
	return w.showSystem(rw, r, v, http.StatusOK, systemPage{Made: made})
}

// does is what a privilege lets somebody do, in words.
func does(p tenant.Privilege) words.Text {
	switch p {
	case tenant.AccountsRead:
		return "Look at accounts"
	case tenant.AccountsSuspend:
		return "Suspend accounts and lift it again"
	case tenant.PaymentsConfirm:
		return "Confirm payments that arrived"
	case tenant.PaymentsApprove:
		return "Approve what somebody else confirmed"
	case tenant.CreditsAdjust:
		return "Give and take credits"
	case tenant.PlansManage:
		return "Change what is for sale, and where money is sent"
	case tenant.FlagsManage:
		return "Switch features on and off"
	case tenant.PrivilegesManage:
		return "Say who may do what"
	case tenant.ThrottleExempt:
		return "Ask as often as needed"
	case tenant.AuditRead:
		return "Read the log of what was done"
	case tenant.JobsManage:
		return "Stop and repeat work"
	case tenant.PromptsManage:
		return "Change what models are told to do"
	case tenant.SupportVisit:
		return "Visit accounts as support"
	}
	return words.Verbatim(string(p))
}
