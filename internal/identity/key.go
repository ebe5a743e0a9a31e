package identity

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"igny8/internal/account"
	"igny8/internal/audit"
	"igny8/internal/clock"
	"igny8/internal/id"
	"igny8/internal/tenant"
	"igny8/internal/words"
)

// APIKey is a key as its account sees it: all but the key. It belongs to the
// account, not to who made it, and outlives a membership.
type APIKey struct {
	ID        APIKeyID
	Name      string
	Hint      string // how it begins and ends
	Scopes    []tenant.Permission
	SiteID    string // empty: all of the account
	CreatedBy string // see tenant.Actor
	Created   time.Time
	Expires   time.Time // zero: never
	Revoked   time.Time // zero: not revoked
	LastUsed  time.Time // to the minute; zero: never
}

// NewKey says what a new key is for. The caller has made sure that the site
// is one of the account's.
type NewKey struct {
	Name    string
	Scopes  []tenant.Permission
	SiteID  string
	Expires time.Time // zero: never
}

// ParseScopes reads the scopes that a program names.
func ParseScopes(names []string) ([]tenant.Permission, error) {
	var all []tenant.Permission
	for i, n := range names {
		p, ok := tenant.ParsePermission(n)
		if !ok || !tenant.KeyPermissions.Has(p) {
			return nil, ErrKeyScope.At(fmt.Sprintf("body.scopes[%d]", i), words.With("must be one of %s", strings.Join(tenant.KeyPermissions.Names(), ", ")), nil)
		}
		all = append(all, p)
	}
	return all, nil
}

// CreateKey makes an API key and returns the text of it, which is kept
// nowhere. Nobody gives a key what he may not do himself, and no key makes a
// key: one that was stolen could otherwise outlive its end.
func CreateKey(ctx context.Context, tx *tenant.Tx, n NewKey) (APIKey, string, error) {
	if err := checkKey(tx, &n); err != nil {
		return APIKey{}, "", err
	}
	plain := newKey(tx.Scope().Account())
	k := APIKey{
		ID: id.New[keyKind](), Name: n.Name, Hint: plain[:len(keyPrefix)] + "..." + plain[len(plain)-4:], Scopes: slices.Compact(slices.Sorted(slices.Values(n.Scopes))),
		SiteID: n.SiteID, CreatedBy: tx.Scope().Actor().String(), Created: tx.Now(), Expires: n.Expires,
	}
	names := tenant.Allow(n.Scopes...).Names()
	_, err := tx.Exec(ctx, `
		INSERT INTO api_keys (account_id, id, name, hash, hint, scopes, site_id, created_by, created_at, expires_at)
		VALUES ($1, $2, $3, $4, $5, $6, nullif($7, ''), $8, $9, $10)`,
		k.ID, k.Name, digest(plain), k.Hint, strings.Join(names, " "), k.SiteID, k.CreatedBy, clock.Micros(k.Created), clock.MicrosOrNull(k.Expires))
	if err != nil {
		return APIKey{}, "", fmt.Errorf("create API key %s: %w", k.ID, err)
	}
	detail := struct {
		Name   string   `json:"name"`
		Scopes []string `json:"scopes"`
		Site   string   `json:"site_id,omitempty"`
	}{k.Name, names, k.SiteID}
	return k, plain, audit.Record(ctx, tx, "api_key.created", k.ID.String(), detail)
}

func checkKey(tx *tenant.Tx, n *NewKey) error {
	if tx.Scope().Actor().Kind == tenant.APIKey {
		return tenant.ErrForbidden.Sayf("An API key cannot make another.")
	}
	name, ok := account.Printable(n.Name, 100)
	if !ok {
		return ErrKeyName.At("body.name", "1 to 100 printable characters", nil)
	}
	n.Name = name
	if len(n.Scopes) == 0 {
		return ErrKeyScope.At("body.scopes", words.With("one or more of %s", strings.Join(tenant.KeyPermissions.Names(), ", ")), nil)
	}
	for _, p := range n.Scopes {
		if !tenant.KeyPermissions.Has(p) {
			return ErrKeyScope.At("body.scopes", "no such scope", nil)
		}
		if err := tx.Scope().Require(p); err != nil {
			return err
		}
	}
	if !n.Expires.IsZero() && !n.Expires.After(tx.Now()) {
		return ErrKeyExpiry.At("body.expires_at", "must be in the future", nil)
	}
	return nil
}

const keyColumns = `id, name, hint, scopes, coalesce(site_id, ''), created_by, created_at, expires_at, revoked_at, last_used_at`

func readKey(scan tenant.Scan) (APIKey, error) {
	var k APIKey
	var scopes string
	var created int64
	var expires, revoked, used *int64
	if err := scan(&k.ID, &k.Name, &k.Hint, &scopes, &k.SiteID, &k.CreatedBy, &created, &expires, &revoked, &used); err != nil {
		return APIKey{}, err
	}
	for name := range strings.FieldsSeq(scopes) {
		if p, ok := tenant.ParsePermission(name); ok {
			k.Scopes = append(k.Scopes, p)
		}
	}
	k.Created, k.Expires = clock.FromMicros(created), clock.FromNull(expires)
	k.Revoked, k.LastUsed = clock.FromNull(revoked), clock.FromNull(used)
	return k, nil
}

// factsOfKey is what the gate has to know of a key: a refusal when there is
// none, or it was revoked.
func factsOfKey(ctx context.Context, r tenant.Reader, hash string) (facts, error) {
	k, err := readKey(func(dest ...any) error {
		return r.Get(ctx, `SELECT `+keyColumns+` FROM api_keys WHERE account_id = $1 AND hash = $2`, []any{hash}, dest...)
	})
	switch {
	case tenant.IsNotFound(err):
		return facts{}, refusal("no such API key")
	case err != nil:
		return facts{}, fmt.Errorf("look up an API key: %w", err)
	case !k.Revoked.IsZero():
		return facts{}, refusal("API key revoked")
	}
	actor := tenant.Actor{Kind: tenant.APIKey, ID: k.ID.String()}
	c := Caller{Key: k.ID, Site: k.SiteID, Scope: tenant.Mint(r.Scope().Account(), actor, tenant.Allow(k.Scopes...))}
	return facts{caller: c, expires: k.Expires, lastUsed: k.LastUsed}, nil
}

// Keys lists the account's keys, newest first, those that were revoked
// included.
func Keys(ctx context.Context, r tenant.Reader) ([]APIKey, error) {
	var all []APIKey
	err := r.Each(ctx, `SELECT `+keyColumns+` FROM api_keys WHERE account_id = $1 ORDER BY id DESC`, nil, func(scan tenant.Scan) error {
		k, err := readKey(scan)
		all = append(all, k)
		return err
	})
	return all, err
}

// RevokeKey ends a key, from the next request on. One that was revoked stays
// so, with no second event. ErrKeyNotFound when the account has no such key.
func RevokeKey(ctx context.Context, tx *tenant.Tx, k APIKeyID) error {
	n, err := tx.Exec(ctx, `UPDATE api_keys SET revoked_at = $3 WHERE account_id = $1 AND id = $2 AND revoked_at IS NULL`, k, clock.Micros(tx.Now()))
	if err != nil {
		return fmt.Errorf("revoke %s: %w", k, err)
	}
	if n > 0 {
		return audit.Record(ctx, tx, "api_key.revoked", k.String(), nil)
	}
	err = tx.Get(ctx, `SELECT id FROM api_keys WHERE account_id = $1 AND id = $2`, []any{k}, new(string))
	if tenant.IsNotFound(err) {
		err = ErrKeyNotFound
	}
	if err != nil {
		return fmt.Errorf("revoke %s: %w", k, err)
	}
	return nil
}
