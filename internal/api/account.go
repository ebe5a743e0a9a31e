package api

import (
	"context"
	"net/http"
	"time"

	"igny8/internal/account"
	"igny8/internal/export"
	"igny8/internal/fault"
	"igny8/internal/identity"
	"igny8/internal/site"
	"igny8/internal/tenant"
)

func (a *API) accountRoutes() {
	know(a, route{method: http.MethodGet, path: "/account", id: "get-account", tag: "account", summary: "The account"},
		identity.TenantEvenIfUnpaid(tenant.ReadContent), getAccount)
	write(a, route{method: http.MethodPatch, path: "/account", id: "change-account", tag: "account", summary: "Change the account's name or country"},
		identity.TenantEvenIfUnpaid(tenant.ManageTeam), changeAccount)
	read(a, route{method: http.MethodGet, path: "/account/audit", id: "account-audit", tag: "account",
		summary: "What has happened in the account, newest first, and who did it, the operator's people too"}, identity.Tenant(tenant.ManageTeam), ownAudit)
	mount(a, route{method: http.MethodGet, path: "/account/export", id: "export-account", tag: "account", media: "application/zip",
		summary: "All that the account has, as a ZIP of CSV, JSON and Markdown"}, identity.TenantEvenIfUnpaid(tenant.ManageTeam), a.exportAccount)
	a.deletionRoutes()
	read(a, route{method: http.MethodGet, path: "/account/api-keys", id: "list-api-keys", tag: "account", summary: "The API keys, without the keys themselves"},
		identity.Tenant(tenant.ManageKeys), listKeys)
	write(a, route{method: http.MethodPost, path: "/account/api-keys", id: "create-api-key", tag: "account", status: http.StatusCreated,
		summary: "Make an API key, which is shown this once"}, identity.Tenant(tenant.ManageKeys), createKey)
	write(a, route{method: http.MethodDelete, path: "/account/api-keys/{id}", id: "revoke-api-key", tag: "account", status: http.StatusNoContent,
		summary: "End an API key"}, identity.Tenant(tenant.ManageKeys), revokeKey)
}

func getAccount(c identity.Caller, _ *struct{}) (*reply[accountView], error) {
	return &reply[accountView]{Body: showAccount(c.Account)}, nil
}

type changeAccountInput struct {
	Body struct {
		Name    *string `json:"name,omitempty" maxLength:"480"`
		Country *string `json:"country,omitempty" maxLength:"2"`
	}
}

func changeAccount(ctx context.Context, tx *tenant.Tx, in *changeAccountInput) (*reply[accountView], error) {
	acc, err := account.Rename(ctx, tx, account.Change{Name: in.Body.Name, Country: in.Body.Country})
	return &reply[accountView]{Body: showAccount(acc)}, err
}

type keyView struct {
	ID       string     `json:"id"`
	Name     string     `json:"name"`
	Hint     string     `json:"hint" doc:"How the key begins and ends."`
	Scopes   []string   `json:"scopes"`
	Site     *string    `json:"site_id" doc:"The one site that the key is bound to, if any."`
	Created  time.Time  `json:"created_at"`
	Expires  *time.Time `json:"expires_at"`
	Revoked  *time.Time `json:"revoked_at"`
	LastUsed *time.Time `json:"last_used_at"`
}

func showKey(k identity.APIKey) keyView {
	v := keyView{
		ID: k.ID.String(), Name: k.Name, Hint: k.Hint, Scopes: []string{}, Site: text(k.SiteID), Created: k.Created,
		Expires: moment(k.Expires), Revoked: moment(k.Revoked), LastUsed: moment(k.LastUsed),
	}
	for _, s := range k.Scopes {
		v.Scopes = append(v.Scopes, s.String())
	}
	return v
}

func listKeys(ctx context.Context, v *tenant.View, _ *struct{}) (*reply[page[keyView]], error) {
	keys, err := identity.Keys(ctx, v)
	return list(keys, showKey), err
}

type createKeyInput struct {
	Body struct {
		Name    string     `json:"name" maxLength:"400"`
		Scopes  []string   `json:"scopes" maxItems:"64" nullable:"false" doc:"What the key may do, such as content.read; GET /auth/me lists what you may. No key can have account.delete."`
		Site    string     `json:"site_id,omitempty" maxLength:"64" doc:"Bind the key to one site."`
		Expires *time.Time `json:"expires_at,omitempty"`
	}
}

type newKeyView struct {
	keyView
	Key string `json:"key" doc:"The key itself. It is not shown again."`
}

func createKey(ctx context.Context, tx *tenant.Tx, in *createKeyInput) (*reply[newKeyView], error) {
	scopes, err := identity.ParseScopes(in.Body.Scopes)
	if err != nil {
		return nil, err
	}
	n := identity.NewKey{Name: in.Body.Name, Scopes: scopes, SiteID: in.Body.Site}
	if n.SiteID != "" {
		sid, err := named(site.ParseID, n.SiteID, site.ErrNotFound)
		if err != nil {
			return nil, err
		}
		if _, err := site.Load(ctx, tx, sid); err != nil {
			return nil, err
		}
	}
	if in.Body.Expires != nil {
		n.Expires = in.Body.Expires.UTC()
	}
	k, key, err := identity.CreateKey(ctx, tx, n)
	return &reply[newKeyView]{Body: newKeyView{keyView: showKey(k), Key: key}}, err
}

// IDInput names a thing by the id in the path. Like Window it is exported because
// huma reads embedded inputs only when they are.
type IDInput struct {
	ID string `path:"id" maxLength:"64"`
}

func revokeKey(ctx context.Context, tx *tenant.Tx, in *IDInput) (*none, error) {
	k, err := named(identity.ParseAPIKeyID, in.ID, identity.ErrKeyNotFound)
	if err != nil {
		return nil, err
	}
	return &none{}, identity.RevokeKey(ctx, tx, k)
}

// named reads an id. One that cannot be is told like one that is not there:
// nobody learns from the answer which it was.
func named[T any](parse func(string) (T, error), s string, missing *fault.Fault) (T, error) {
	v, err := parse(s)
	if err != nil {
		return v, missing
	}
	return v, nil
}

// list is a whole list as one page.
func list[T, V any](items []T, show func(T) V) *reply[page[V]] {
	p := page[V]{Items: make([]V, 0, len(items))}
	for _, i := range items {
		p.Items = append(p.Items, show(i))
	}
	return &reply[page[V]]{Body: p}
}

// part is one page of a list that was asked for one item more than limit, so
// that it is known whether there is a next one.
func part[T, V any](items []T, limit int, show func(T) V, cursor func(T) string) *reply[page[V]] {
	next := ""
	if len(items) > limit {
		items = items[:limit]
		next = cursor(items[limit-1])
	}
	out := list(items, show)
	out.Body.NextCursor = next
	return out
}

func (a *API) exportAccount(ctx context.Context, c visit, _ *struct{}) (*file, error) {
	name, content, err := export.Take(ctx, a.st, c.Scope)
	return attachment("application/zip", name, content), err
}
