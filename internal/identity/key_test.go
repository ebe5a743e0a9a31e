package identity_test

import (
	"context"
	"encoding/base32"
	"encoding/binary"
	"hash/crc32"
	"slices"
	"strings"
	"testing"
	"time"

	"igny8/internal/fault"
	"igny8/internal/id"
	"igny8/internal/identity"
	"igny8/internal/tenant"
)

var readOnly = []tenant.Permission{tenant.ReadContent}

func TestKeyMayDoWhatItsScopesSay(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	f := h.found("anna@example.com")
	expires := h.hand.Clock().Now().Add(day)
	k, text := h.key(f.scope, identity.NewKey{
		Name: "  Reports ", Scopes: []tenant.Permission{tenant.ReadBilling, tenant.ReadContent, tenant.ReadBilling}, Expires: expires,
	})
	scopes := []tenant.Permission{tenant.ReadContent, tenant.ReadBilling}
	if k.Name != "Reports" || !slices.Equal(k.Scopes, scopes) || !k.Expires.Equal(expires) || k.CreatedBy != "user:"+f.user.ID.String() {
		t.Errorf("made %+v", k)
	}
	c := h.admit(text, identity.Tenant(tenant.ReadBilling))
	if c.Key != k.ID || c.Scope.Account() != f.scope.Account() || c.Scope.Permissions() != tenant.Allow(scopes...) {
		t.Errorf("let in as %+v, want %s with %v", c, k.ID, scopes)
	}
	if c.Scope.Actor() != (tenant.Actor{Kind: tenant.APIKey, ID: k.ID.String()}) || !c.User.IsZero() || len(c.Operator.Privileges()) != 0 {
		t.Errorf("acts as %+v, want the key alone", c)
	}
	for _, name := range tenant.PermissionNames() {
		p, _ := tenant.ParsePermission(name)
		_, err := h.ids.Admit(t.Context(), "Bearer "+text, identity.Tenant(p))
		if slices.Contains(scopes, p) {
			is(t, err, nil)
		} else {
			is(t, err, tenant.ErrForbidden)
		}
	}
	kept := h.keys(f.scope)
	if len(kept) != 1 || kept[0].ID != k.ID || kept[0].Name != k.Name || kept[0].Hint != k.Hint || !slices.Equal(kept[0].Scopes, scopes) ||
		!kept[0].Created.Equal(k.Created) || !kept[0].Expires.Equal(expires) || !kept[0].Revoked.IsZero() {
		t.Errorf("kept %+v, want %+v", kept, k)
	}
	if n := h.actions(f.scope)["api_key.created"]; n != 1 {
		t.Errorf("%d events, want 1", n)
	}
}

func TestKeyIsKeptNowhere(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	f := h.found("anna@example.com")
	k, text := h.key(f.scope, identity.NewKey{Name: "k", Scopes: readOnly})
	if n := h.count(`SELECT count(*) FROM api_keys WHERE hash = $1 OR hint = $1 OR hash LIKE '%igy_%'`, text); n != 0 {
		t.Error("the key is in the table in clear")
	}
	if n := h.count(`SELECT count(*) FROM audit_events WHERE detail LIKE '%' || $1 || '%'`, text[30:60]); n != 0 {
		t.Error("the key is in the audit log")
	}
	// The hint shows the prefix and the end of the checksum: none of the 52
	// letters that are secret.
	if want := "igy_..." + text[len(text)-4:]; k.Hint != want {
		t.Errorf("the hint is %q, want %q", k.Hint, want)
	}
	if _, again := h.key(f.scope, identity.NewKey{Name: "k", Scopes: readOnly}); again == text {
		t.Error("two keys are the same")
	}
}

func TestKeyEnds(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	f := h.found("anna@example.com")
	_, forever := h.key(f.scope, identity.NewKey{Name: "forever", Scopes: readOnly})
	_, text := h.key(f.scope, identity.NewKey{Name: "a day", Scopes: readOnly, Expires: h.hand.Clock().Now().Add(day)})
	h.hand.Advance(day - time.Microsecond)
	h.admit(text, identity.Tenant(tenant.ReadContent))
	h.hand.Advance(time.Microsecond)
	h.refused(text, identity.Tenant(tenant.ReadContent), identity.ErrInvalid)
	h.hand.Advance(10 * 365 * day)
	h.admit(forever, identity.Tenant(tenant.ReadContent))
}

func TestRevokedKeyIsOutOnTheNextRequest(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	f := h.found("anna@example.com")
	k, text := h.key(f.scope, identity.NewKey{Name: "k", Scopes: readOnly})
	_, other := h.key(f.scope, identity.NewKey{Name: "other", Scopes: readOnly})
	h.admit(text, identity.Tenant(tenant.ReadContent))
	for range 2 {
		h.in(f.scope, func(ctx context.Context, tx *tenant.Tx) error { return identity.RevokeKey(ctx, tx, k.ID) })
		h.refused(text, identity.Tenant(tenant.ReadContent), identity.ErrInvalid)
		h.hand.Advance(time.Hour)
	}
	h.admit(other, identity.Tenant(tenant.ReadContent))
	if n := h.actions(f.scope)["api_key.revoked"]; n != 1 {
		t.Errorf("%d events of the revocation, want 1", n)
	}
	if kept := h.keys(f.scope); len(kept) != 2 || kept[0].Name != "other" || !kept[1].Revoked.Equal(k.Created) {
		t.Errorf("keys %+v, want the other and the one revoked at %v", kept, k.Created)
	}
}

func TestKeyRefusesWhatMakesNoSense(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	f := h.found("anna@example.com")
	now := h.hand.Clock().Now()
	for name, tt := range map[string]struct {
		n    identity.NewKey
		want error
	}{
		"no name":           {identity.NewKey{Scopes: readOnly}, identity.ErrKeyName},
		"long name":         {identity.NewKey{Name: strings.Repeat("k", 101), Scopes: readOnly}, identity.ErrKeyName},
		"control":           {identity.NewKey{Name: "a\x1bb", Scopes: readOnly}, identity.ErrKeyName},
		"no scope":          {identity.NewKey{Name: "k"}, identity.ErrKeyScope},
		"unknown scope":     {identity.NewKey{Name: "k", Scopes: []tenant.Permission{63}}, identity.ErrKeyScope},
		"a scope of people": {identity.NewKey{Name: "k", Scopes: []tenant.Permission{tenant.DeleteAccount}}, identity.ErrKeyScope},
		"expired":           {identity.NewKey{Name: "k", Scopes: readOnly, Expires: now.Add(-time.Second)}, identity.ErrKeyExpiry},
		"expires as made":   {identity.NewKey{Name: "k", Scopes: readOnly, Expires: now}, identity.ErrKeyExpiry},
	} {
		err := h.st.Update(t.Context(), f.scope, func(ctx context.Context, tx *tenant.Tx) error {
			_, text, err := identity.CreateKey(ctx, tx, tt.n)
			if text != "" {
				t.Errorf("%s: refused, but with a key", name)
			}
			return err
		})
		is(t, err, tt.want)
	}
	if kept := h.keys(f.scope); len(kept) != 0 {
		t.Errorf("keys %+v, want none", kept)
	}
}

func TestParseScopes(t *testing.T) {
	t.Parallel()
	got, err := identity.ParseScopes([]string{"content.write", "content.read"})
	is(t, err, nil)
	if want := []tenant.Permission{tenant.WriteContent, tenant.ReadContent}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	_, err = identity.ParseScopes([]string{"content.read", "content.*"})
	is(t, err, identity.ErrKeyScope)
	if f := fault.Of(err).Fields; len(f) != 1 || f[0].Location != "body.scopes[1]" {
		t.Errorf("blames %+v, want the second scope", f)
	}
}

// Nobody hands on what he does not have, and a key hands on nothing.
func TestKeyIsNoEscalation(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	f := h.found("anna@example.com")
	_, text := h.key(f.scope, identity.NewKey{Name: "all", Scopes: []tenant.Permission{tenant.ReadContent, tenant.ManageKeys}})
	key := h.admit(text, identity.Tenant(tenant.ManageKeys)).Scope
	admin := tenant.Mint(f.scope.Account(), f.scope.Actor(), tenant.Allow(tenant.ManageKeys, tenant.ReadContent))
	for name, tt := range map[string]struct {
		by   tenant.Scope
		may  []tenant.Permission
		want error
	}{
		"what he has":            {admin, readOnly, nil},
		"what he does not have":  {admin, []tenant.Permission{tenant.WriteContent}, tenant.ErrForbidden},
		"some of each":           {admin, []tenant.Permission{tenant.ReadContent, tenant.ManageBilling}, tenant.ErrForbidden},
		"a key, less than it is": {key, readOnly, tenant.ErrForbidden},
		"nothing at all":         {tenant.Mint(f.scope.Account(), f.scope.Actor(), 0), readOnly, tenant.ErrForbidden},
	} {
		err := h.st.Update(t.Context(), tt.by, func(ctx context.Context, tx *tenant.Tx) error {
			_, _, err := identity.CreateKey(ctx, tx, identity.NewKey{Name: name, Scopes: tt.may})
			return err
		})
		is(t, err, tt.want)
	}
	if kept := h.keys(f.scope); len(kept) != 2 || kept[0].Name != "what he has" {
		t.Errorf("keys %+v, want the one that was allowed, and the first", kept)
	}
}

func TestBoundKeyOpensItsSiteAlone(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	f := h.found("anna@example.com")
	k, text := h.key(f.scope, identity.NewKey{Name: "blog", Scopes: readOnly, SiteID: "site_1"})
	c := h.admit(text, identity.Bridge(tenant.ReadContent))
	if c.Site != "site_1" || c.Key != k.ID || c.Scope.Account() != f.scope.Account() {
		t.Errorf("let in as %+v, want %s on site_1", c, k.ID)
	}
	for _, p := range []identity.Policy{
		identity.Tenant(tenant.ReadContent), identity.TenantEvenIfUnpaid(tenant.ReadContent), identity.AnyUser(),
		identity.Bridge(tenant.WriteContent), identity.Staff(tenant.AccountsRead),
	} {
		h.refused(text, p, tenant.ErrForbidden)
	}
	if kept := h.keys(f.scope); len(kept) != 1 || kept[0].SiteID != "site_1" {
		t.Errorf("keys %+v, want one of site_1", kept)
	}
}

// The account in a key is read before the key is known to be good: writing
// another's into it must open nothing.
func TestKeyWithAnothersAccountInIt(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	a, b := h.found("anna@example.com"), h.found("bert@example.com")
	_, text := h.key(a.scope, identity.NewKey{Name: "k", Scopes: readOnly})
	h.admit(text, identity.Tenant(tenant.ReadContent))
	for _, acc := range []tenant.AccountID{b.scope.Account(), tenant.NewAccountID()} {
		_, body, _ := strings.Cut(acc.String(), "_")
		forged := "igy_" + body + text[30:len(text)-7]
		h.refused(forged+sum(forged), identity.Tenant(tenant.ReadContent), identity.ErrInvalid)
	}
	_, body, _ := strings.Cut(a.scope.Account().String(), "_")
	guess := "igy_" + body + strings.Repeat("0", 52)
	h.refused(guess+sum(guess), identity.Tenant(tenant.ReadContent), identity.ErrInvalid)
	notAnAccount := "igy_" + strings.Repeat("u", 26) + text[30:len(text)-7] // u is no letter of ids
	h.refused(notAnAccount+sum(notAnAccount), identity.Tenant(tenant.ReadContent), identity.ErrInvalid)
	same := text[:len(text)-7]
	if same+sum(same) != text {
		t.Error("the test does not know how a key is summed up")
	}
}

// sum is the checksum of a secret, as anybody can compute it.
func sum(s string) string {
	return base32.NewEncoding("0123456789abcdefghjkmnpqrstvwxyz").WithPadding(base32.NoPadding).
		EncodeToString(binary.BigEndian.AppendUint32(nil, crc32.ChecksumIEEE([]byte(s))))
}

// B gets nothing of A's: what is another's is as if it were not there.
func TestKeysOfAnotherAccount(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	a, b := h.found("anna@example.com"), h.found("bert@example.com")
	k, text := h.key(a.scope, identity.NewKey{Name: "k", Scopes: readOnly})
	if kept := h.keys(b.scope); len(kept) != 0 {
		t.Errorf("B sees %+v", kept)
	}
	unknown, err := identity.ParseAPIKeyID("key_" + strings.Repeat("0", 26))
	is(t, err, nil)
	var texts []string
	for _, foreign := range []identity.APIKeyID{k.ID, unknown} {
		err := h.st.Update(t.Context(), b.scope, func(ctx context.Context, tx *tenant.Tx) error { return identity.RevokeKey(ctx, tx, foreign) })
		is(t, err, identity.ErrKeyNotFound)
		if err != nil {
			texts = append(texts, strings.ReplaceAll(err.Error(), foreign.String(), "ID"))
		}
	}
	if len(texts) == 2 && texts[0] != texts[1] {
		t.Errorf("another's key is told from none: %q", texts)
	}
	h.admit(text, identity.Tenant(tenant.ReadContent))
	if _, err := identity.ParseAPIKeyID(a.scope.Account().String()); err == nil {
		t.Errorf("an account's id reads as a key's, want %v", id.ErrSyntax)
	}
}

func TestUseOfAKeyIsWrittenDownOnceAMinute(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	f := h.found("anna@example.com")
	_, text := h.key(f.scope, identity.NewKey{Name: "k", Scopes: readOnly})
	begin := h.hand.Clock().Now()
	lastUsed := func(want time.Time) {
		t.Helper()
		if got := h.keys(f.scope)[0].LastUsed; !got.Equal(want) {
			t.Errorf("last used %v, want %v", got, want)
		}
	}
	lastUsed(time.Time{})
	h.refused(text, identity.Tenant(tenant.WriteContent), tenant.ErrForbidden)
	lastUsed(time.Time{})
	use := func() { h.admit(text, identity.Tenant(tenant.ReadContent)) }
	use()
	lastUsed(begin)
	h.hand.Advance(59 * time.Second)
	use()
	lastUsed(begin)
	h.hand.Advance(time.Second)
	errs := atOnce(8, func(int) error {
		_, err := h.ids.Admit(t.Context(), "Bearer "+text, identity.Tenant(tenant.ReadContent))
		return err
	})
	if n := split(t, errs, nil); n != 8 {
		t.Errorf("%d of 8 came in", n)
	}
	lastUsed(begin.Add(time.Minute))
}
