package web

import (
	"context"
	"crypto/rand"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"igny8/internal/fault"
	"igny8/internal/identity"
	"igny8/internal/site"
	"igny8/internal/tenant"
	"igny8/internal/web/ui"
	"igny8/internal/words"
)

// keysPage is the API keys of an account.
type keysPage struct {
	ui.Page
	Form  ui.Form
	Keys  []identity.APIKey // those that work, and those that did
	Sites []site.Site
	Made  string // the key that was made just now, this once
	Once  string // makes the form count once
	may   tenant.Permissions
	sent  url.Values
	now   time.Time
}

// over tells why a key opens nothing any more; empty: it does.
func (p keysPage) over(k identity.APIKey) words.Text {
	switch {
	case !k.Revoked.IsZero():
		return "Revoked"
	case !k.Expires.IsZero() && !k.Expires.After(p.now):
		return "Expired"
	}
	return ""
}

// siteName is the site that a key is bound to.
func (p keysPage) siteName(id string) string {
	for _, s := range p.Sites {
		if s.ID.String() == id {
			return s.Name
		}
	}
	return id
}

// chosen tells whether a permission was ticked before the form came back.
func (p keysPage) chosen(name string) bool {
	for _, one := range p.sent["scope"] {
		if one == name {
			return true
		}
	}
	return false
}

func (w *Web) keys(rw http.ResponseWriter, r *http.Request, v *visit) error {
	return w.showKeys(rw, r, v, http.StatusOK, keysPage{})
}

func (w *Web) showKeys(rw http.ResponseWriter, r *http.Request, v *visit, status int, p keysPage) error {
	p.Once, p.may = rand.Text(), v.Scope.Permissions()
	var err error
	if p.Page, err = w.personal(r.Context(), v, "API keys"); err != nil {
		return err
	}
	p.Lead = "With a key a program works in this account, as far as the key allows."
	err = w.st.View(r.Context(), v.Scope, func(ctx context.Context, view *tenant.View) (err error) {
		p.now = view.Now()
		if p.Keys, err = identity.Keys(ctx, view); err != nil {
			return err
		}
		p.Sites, err = site.List(ctx, view, "", mostSites)
		return err
	})
	if err != nil {
		return err
	}
	return show(r.Context(), rw, status, keysView(p))
}

// keyLives is how long a key may live, in days.
func keyLives() []ui.Pick {
	return []ui.Pick{{Value: "30", Label: "30 days"}, {Value: "90", Label: "90 days"}, {Value: "365", Label: "A year"}, {Value: "never", Label: "Until it is revoked"}}
}

// keyOf is the key that a form asks for.
func keyOf(values url.Values, now time.Time) (identity.NewKey, error) {
	n := identity.NewKey{Name: values.Get("name")}
	if s := values.Get("site"); s != "all" {
		n.SiteID = s
	}
	if s := values.Get("expires"); s != "never" {
		days, err := strconv.Atoi(s)
		if err != nil || days < 1 || days > 3650 {
			return n, identity.ErrKeyExpiry.At("body.expires", "must be chosen", nil)
		}
		n.Expires = now.AddDate(0, 0, days)
	}
	var err error
	n.Scopes, err = identity.ParseScopes(values["scope"])
	return n, err
}

// createKey answers with the key and leads nowhere: it is shown this once.
// The same form sent again makes no other.
func (w *Web) createKey(rw http.ResponseWriter, r *http.Request, v *visit) error {
	values, err := formOf(r)
	if err != nil {
		return err
	}
	var made string
	err = w.st.Update(r.Context(), v.Scope, func(ctx context.Context, tx *tenant.Tx) error {
		n, err := keyOf(values, tx.Now())
		if err != nil {
			return err
		}
		if n.SiteID != "" {
			sid, err := idOf(site.ParseID, n.SiteID, site.ErrNotFound)
			if err != nil {
				return err
			}
			if _, err := site.Load(ctx, tx, sid); err != nil {
				return err
			}
		}
		_, err = w.once(ctx, tx, r, values.Get(onceField), values.Encode(), func() (string, error) {
			_, key, err := identity.CreateKey(ctx, tx, n)
			made = key
			return "made", err
		})
		return err
	})
	if err != nil {
		f, err := refused(err)
		if err != nil {
			return err
		}
		return w.showKeys(rw, r, v, statusOf(f), keysPage{Form: ui.NewForm(values).Refused(keyFault(f), "name", "scope", "site", "expires"), sent: values})
	}
	if made == "" { // sent again
		w.say(rw, ui.Note, "The key was made, and is not shown again. Revoke it if you have not kept it, and make another.")
		return to(rw, r, "/keys")
	}
	return w.showKeys(rw, r, v, http.StatusOK, keysPage{Made: made})
}

// keyFault blames the fields of the form, where the room names none or those
// of the API.
func keyFault(f *fault.Fault) *fault.Fault {
	field := map[string]string{
		identity.ErrKeyName.Code: "name", identity.ErrKeyScope.Code: "scope", identity.ErrKeyExpiry.Code: "expires", site.ErrNotFound.Code: "site",
	}[f.Code]
	if field == "" {
		return f
	}
	g := *f
	g.Fields = []fault.Field{{Location: "body." + field, Msg: f.Msg}}
	return &g
}

// revoking asks whether a key is to be revoked.
func revoking(k identity.APIKey) ui.Confirm {
	query := url.Values{"key": {k.ID.String()}}
	return ui.Confirm{
		ID: "revoke-" + k.ID.String(), Ask: "Revoke", Title: words.With("Revoke the key %s?", k.Name),
		Text: "Programs that use it are refused from their next request on. It cannot be taken back.",
		Do:   "Revoke", Action: "/keys/revoke", Page: "/keys/revoke?" + query.Encode(), Back: "/keys",
		Fields: map[string]string{"key": k.ID.String()},
	}
}

func (w *Web) askRevoke(rw http.ResponseWriter, r *http.Request, v *visit) error {
	kid, err := keyIn(r.URL.Query())
	if err != nil {
		return err
	}
	var found *identity.APIKey
	err = w.st.View(r.Context(), v.Scope, func(ctx context.Context, view *tenant.View) error {
		all, err := identity.Keys(ctx, view)
		for _, k := range all {
			if k.ID == kid {
				found = &k
			}
		}
		return err
	})
	if err != nil {
		return err
	}
	if found == nil {
		return identity.ErrKeyNotFound
	}
	return w.ask(rw, r, v, revoking(*found))
}

func (w *Web) revokeKey(rw http.ResponseWriter, r *http.Request, v *visit) error {
	values, err := formOf(r)
	if err != nil {
		return err
	}
	kid, err := keyIn(values)
	if err == nil {
		err = w.st.Update(r.Context(), v.Scope, func(ctx context.Context, tx *tenant.Tx) error { return identity.RevokeKey(ctx, tx, kid) })
	}
	return w.andBack(rw, r, err, "The key is revoked.", "/keys")
}

// permissionSaid is what a permission lets a program do.
func permissionSaid(p tenant.Permission) words.Text {
	switch p {
	case tenant.ReadContent:
		return "Read sites, keywords, clusters, ideas, articles and jobs"
	case tenant.WriteContent:
		return "Change those, and spend credits on them"
	case tenant.ApproveContent:
		return "Approve and publish articles"
	case tenant.ManageSites:
		return "Add and connect sites"
	case tenant.ReadBilling:
		return "Read plan, invoices and credits"
	case tenant.ManageBilling:
		return "Order and pay"
	case tenant.ReadTeam:
		return "See who is a member"
	case tenant.ManageTeam:
		return "Change the account's name and country"
	case tenant.ManageKeys:
		return "See and revoke API keys"
	case tenant.DeleteAccount: // no program may
	}
	return words.Verbatim(p.String())
}

// grantable is the permissions that a member can give a key: his own, but for
// what keys cannot have.
func grantable(may tenant.Permissions) []tenant.Permission {
	var all []tenant.Permission
	for _, name := range may.And(tenant.KeyPermissions).Names() {
		if p, ok := tenant.ParsePermission(name); ok {
			all = append(all, p)
		}
	}
	return all
}

// sitePicks is what a key can be bound to.
func (p keysPage) sitePicks() []ui.Pick {
	picks := []ui.Pick{{Value: "all", Label: "All of the account"}}
	for _, s := range p.Sites {
		picks = append(picks, ui.Pick{Value: s.ID.String(), Label: words.Verbatim(s.Name)})
	}
	return picks
}

// scopesSaid is what a key may do, in a line.
func scopesSaid(k identity.APIKey) string {
	var names []string
	for _, s := range k.Scopes {
		names = append(names, s.String())
	}
	return strings.Join(names, ", ")
}
