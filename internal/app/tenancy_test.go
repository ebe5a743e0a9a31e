package app

import (
	"context"
	"net/http"
	"strconv"
	"strings"
	"time"

	"igny8/internal/account"
	"igny8/internal/clock"
	"igny8/internal/db"
	"igny8/internal/identity"
	"igny8/internal/tenant"
)

// tenancy makes credentials of one account without the API, which would refuse
// to make some of them in some states.
type tenancy struct {
	h   *house
	acc tenant.AccountID
}

const someSite = "site_00000000000000000000000000"

func (m tenancy) update(fn func(context.Context, *tenant.Tx) error) {
	m.h.t.Helper()
	s := tenant.Mint(m.acc, tenant.Actor{Kind: tenant.User, ID: "usr_test"}, tenant.AllPermissions)
	if err := m.h.s.store.Update(m.h.t.Context(), s, fn); err != nil {
		m.h.t.Fatal(err)
	}
}

// member adds a person, who has no password.
func (m tenancy) member(r account.Role) identity.UserID {
	m.h.t.Helper()
	u := account.NewUserID()
	m.h.sql(`INSERT INTO users (id, email, email_key, password_hash, first_name, last_name, created_at) VALUES ('$1', '$1', '$1', '', 'A', 'B', 0)`, u.String())
	m.update(func(ctx context.Context, tx *tenant.Tx) error { return account.AddMember(ctx, tx, u, r) })
	return u
}

func (m tenancy) sessionOf(u identity.UserID) (t identity.Tokens) {
	m.h.t.Helper()
	m.update(func(ctx context.Context, tx *tenant.Tx) (err error) {
		t, err = m.h.s.identity.StartSession(ctx, tx, u, identity.Client{})
		return err
	})
	return t
}

// session signs in somebody new with a role.
func (m tenancy) session(r account.Role) identity.Tokens {
	m.h.t.Helper()
	return m.sessionOf(m.member(r))
}

// ended is the access token of a session that was ended.
func (m tenancy) ended() string {
	m.h.t.Helper()
	t := m.session(account.Owner)
	if err := m.h.s.identity.Logout(m.h.t.Context(), t.Refresh); err != nil {
		m.h.t.Fatal(err)
	}
	return t.Access
}

// removed is the access token of who is a member no more.
func (m tenancy) removed() string {
	m.h.t.Helper()
	u := m.member(account.Admin)
	t := m.sessionOf(u)
	m.update(func(ctx context.Context, tx *tenant.Tx) error { return account.RemoveMember(ctx, tx, u) })
	return t.Access
}

// key makes an API key that ends after life, or never, bound to a site or to
// none.
func (m tenancy) key(life time.Duration, site string, scopes ...string) string {
	m.h.t.Helper()
	_, text := m.makeKey(life, site, scopes...)
	return text
}

func (m tenancy) makeKey(life time.Duration, site string, scopes ...string) (k identity.APIKey, text string) {
	m.h.t.Helper()
	may, err := identity.ParseScopes(scopes)
	if err != nil {
		m.h.t.Fatal(err)
	}
	m.update(func(ctx context.Context, tx *tenant.Tx) (err error) {
		n := identity.NewKey{Name: "Key", Scopes: may, SiteID: site}
		if life > 0 {
			n.Expires = tx.Now().Add(life)
		}
		k, text, err = identity.CreateKey(ctx, tx, n)
		return err
	})
	return k, text
}

func (m tenancy) revoked() string {
	m.h.t.Helper()
	k, text := m.makeKey(0, "", tenant.KeyPermissions.Names()...)
	m.update(func(ctx context.Context, tx *tenant.Tx) error { return identity.RevokeKey(ctx, tx, k.ID) })
	return text
}

// put brings the account into a state that takes time to come about.
func (m tenancy) put(sql string) {
	m.h.t.Helper()
	if sql != "" {
		m.h.sqlOf(m.acc, sql, m.acc.String(), strconv.FormatInt(clock.Micros(m.h.s.db.Clock().Now()), 10))
	}
}

// sql runs statements on what belongs to no account, with their parameters
// written into them.
func (h *house) sql(text string, args ...string) {
	h.t.Helper()
	if err := h.s.db.Update(h.t.Context(), statements(text, args)); err != nil {
		h.t.Fatalf("%v in %s", err, text)
	}
}

// sqlOf is sql on the rows of an account as well.
func (h *house) sqlOf(acc tenant.AccountID, text string, args ...string) {
	h.t.Helper()
	if err := h.s.db.UpdateOf(h.t.Context(), acc.String(), statements(text, args)); err != nil {
		h.t.Fatalf("%v in %s", err, text)
	}
}

func statements(text string, args []string) func(context.Context, *db.Tx) error {
	for i, a := range args {
		of := "$" + strconv.Itoa(i+1)
		text = strings.ReplaceAll(text, "'"+of+"'", "'"+a+"'")
		if _, err := strconv.Atoi(a); err != nil {
			a = "'" + a + "'"
		}
		text = strings.ReplaceAll(text, of, a)
	}
	return func(ctx context.Context, tx *db.Tx) error {
		for statement := range strings.SplitSeq(text, ";") {
			if _, err := tx.Exec(ctx, statement); err != nil {
				return err
			}
		}
		return nil
	}
}

// staffCredentials signs in one person for each privilege, and one without.
func (h *house) staffCredentials() []credential {
	h.t.Helper()
	all := []credential{{name: "staff with nothing", text: h.staff(), kind: ofStaff, outside: true}}
	for _, p := range tenant.AllPrivileges() {
		all = append(all, credential{name: "staff with " + string(p), text: h.staff(p), kind: ofStaff, may: set(string(p)), outside: true})
	}
	return all
}

// staff signs in somebody new of the operator's people.
func (h *house) staff(may ...tenant.Privilege) string {
	h.t.Helper()
	p := someone("", "")
	email, password := p["email"].(string), p["password"].(string)
	made, err := h.s.identity.Prepare(h.t.Context(), identity.Registration{Email: email, Password: password, FirstName: "S"})
	if err == nil {
		use := identity.Use{Operator: h.s.identity.Console(), Privilege: tenant.PrivilegesManage, Operation: "test"}
		err = h.s.identity.ActShared(h.t.Context(), use, func(ctx context.Context, tx *tenant.SharedTx) error {
			_, err := h.s.identity.CreateStaff(ctx, tx, made, may)
			return err
		})
	}
	if err != nil {
		h.t.Fatal(err)
	}
	return h.send("POST", "/auth/login", "", object{"email": email, "password": password}).is(http.StatusOK).text("access_token")
}
