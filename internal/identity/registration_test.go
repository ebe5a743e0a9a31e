package identity_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"igny8/internal/account"
	"igny8/internal/fault"
	"igny8/internal/identity"
	"igny8/internal/tenant"
)

func TestPrepareRefuses(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	for _, tt := range []struct {
		name   string
		change func(*identity.Registration)
		want   error // nil: it is fine
		field  string
	}{
		{"all is well", func(*identity.Registration) {}, nil, ""},
		{"one name only", func(r *identity.Registration) { r.LastName = " " }, nil, ""},
		{"space around the address", func(r *identity.Registration) { r.Email = " anna@example.com " }, nil, ""},
		{"localhost", func(r *identity.Registration) { r.Email = "anna@localhost" }, nil, ""},
		{"no address", func(r *identity.Registration) { r.Email = "" }, identity.ErrInvalidEmail, "body.email"},
		{"a name with the address", func(r *identity.Registration) { r.Email = "Anna <anna@example.com>" }, identity.ErrInvalidEmail, "body.email"},
		{"quotes", func(r *identity.Registration) { r.Email = `"a@b"@example.com` }, identity.ErrInvalidEmail, "body.email"},
		{"two addresses", func(r *identity.Registration) { r.Email = "a@example.com,b@example.com" }, identity.ErrInvalidEmail, "body.email"},
		{"a line break", func(r *identity.Registration) { r.Email = "a@example.com\r\nBcc: b@example.com" }, identity.ErrInvalidEmail, "body.email"},
		{"no dot", func(r *identity.Registration) { r.Email = "a@example" }, identity.ErrInvalidEmail, "body.email"},
		{"an address in brackets", func(r *identity.Registration) { r.Email = "a@[127.0.0.1]" }, identity.ErrInvalidEmail, "body.email"},
		{"not ASCII", func(r *identity.Registration) { r.Email = "änna@example.com" }, identity.ErrInvalidEmail, "body.email"},
		{"too long before the @", func(r *identity.Registration) { r.Email = strings.Repeat("a", 65) + "@example.com" }, identity.ErrInvalidEmail, "body.email"},
		{"too long", func(r *identity.Registration) { r.Email = "a@" + strings.Repeat("abcdefg.", 32) + "com" }, identity.ErrInvalidEmail, "body.email"},
		{"short password", func(r *identity.Registration) { r.Password = "correct horses" }, identity.ErrWeakPassword, "body.password"},
		{"few characters of many bytes", func(r *identity.Registration) { r.Password = "äöüßéè" }, identity.ErrWeakPassword, "body.password"},
		{"fifteen characters of many bytes", func(r *identity.Registration) { r.Password = "äöüßéèàñçøåœþšž" }, nil, ""},
		{"64 characters of four bytes", func(r *identity.Registration) {
			r.Password = strings.Repeat("🐎🔋🧷🐒🍽🧀🌍🎈", 7) + "🐎🔋🧷🐒🍽🧀🌍🌙"
		}, nil, ""},
		{"words", func(r *identity.Registration) { r.Password = "anna loves green tea" }, nil, ""},
		{"long password", func(r *identity.Registration) { r.Password = strings.Repeat("correct horse battery ", 50) }, identity.ErrWeakPassword, "body.password"},
		{"two characters", func(r *identity.Registration) { r.Password = "abababababababab" }, identity.ErrWeakPassword, "body.password"},
		{"common password", func(r *identity.Registration) { r.Password = "Password1234567" }, identity.ErrWeakPassword, "body.password"},
		{"common password, wide letters", func(r *identity.Registration) { r.Password = "ｐａｓｓｗｏｒｄ１２３４９８７" }, identity.ErrWeakPassword, "body.password"},
		{"common, as it stands", func(r *identity.Registration) { r.Password = "1qaz2wsx3edc4rfv" }, identity.ErrWeakPassword, "body.password"},
		{"common, in disguise", func(r *identity.Registration) { r.Password = "!!P@ssw0rd!!2024" }, identity.ErrWeakPassword, "body.password"},
		{"common, again and again", func(r *identity.Registration) { r.Password = "LiverpoolLiverpool" }, identity.ErrWeakPassword, "body.password"},
		{"the same again and again", func(r *identity.Registration) { r.Password = "xq7Zxq7Zxq7Zxq7Z" }, identity.ErrWeakPassword, "body.password"},
		{"digits in order", func(r *identity.Registration) { r.Password = "123456789012345" }, identity.ErrWeakPassword, "body.password"},
		{"the keyboard", func(r *identity.Registration) { r.Password = "qwertyuiopasdfgh" }, identity.ErrWeakPassword, "body.password"},
		{"the alphabet backwards", func(r *identity.Registration) { r.Password = "zyxwvutsrqponmlk" }, identity.ErrWeakPassword, "body.password"},
		{"the name", func(r *identity.Registration) { r.Password = "Anna.Adler.1987!" }, identity.ErrWeakPassword, "body.password"},
		{"the account", func(r *identity.Registration) { r.AccountName, r.Password = "Blue Whale", "bluewhale-2030-!" }, identity.ErrWeakPassword, "body.password"},
		{"the program", func(r *identity.Registration) { r.Password = "igny8-igny8-pass" }, identity.ErrWeakPassword, "body.password"},
		{"the address", func(r *identity.Registration) { r.Password = "ANNA@example.com" }, identity.ErrWeakPassword, "body.password"},
		{"broken UTF-8", func(r *identity.Registration) { r.Password = "correct horse \xff" }, identity.ErrWeakPassword, "body.password"},
		{"a NUL", func(r *identity.Registration) { r.Password = "correct horse \x00" }, identity.ErrWeakPassword, "body.password"},
		{"no first name", func(r *identity.Registration) { r.FirstName = "" }, identity.ErrInvalidName, "body.first_name"},
		{"control character", func(r *identity.Registration) { r.LastName = "Ad\x07ler" }, identity.ErrInvalidName, "body.last_name"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r := person("anna@example.com")
			tt.change(&r)
			p, err := h.ids.Prepare(t.Context(), r)
			is(t, err, tt.want)
			if tt.want == nil {
				if p.User().IsZero() {
					t.Error("the person has no id")
				}
				return
			}
			f := fault.Of(err)
			if len(f.Fields) != 1 || f.Fields[0].Location != tt.field || f.Fields[0].Value != nil {
				t.Errorf("blames %+v, want %s alone and without its value", f.Fields, tt.field)
			}
		})
	}
}

func TestOwnerComesWithTheAccount(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	f := h.found("anna@example.com")
	c := h.admit(f.tokens.Access, identity.Tenant(tenant.ManageBilling))
	if c.User != f.user.ID || c.Scope.Account() != f.scope.Account() || c.Scope.Permissions() != tenant.AllPermissions {
		t.Errorf("let in as %+v, want the owner of %s", c, f.scope.Account())
	}
	if len(c.Operator.Privileges()) != 0 {
		t.Errorf("the owner of an account has the staff privileges %v", c.Operator.Privileges())
	}
	places, err := h.ids.Places(t.Context(), f.user.ID)
	is(t, err, nil)
	if len(places) != 1 || places[0].Account != f.scope.Account() || places[0].Role != account.Owner {
		t.Errorf("places %+v, want owner of %s alone", places, f.scope.Account())
	}
}

func TestOwnerIsUndoneWithTheAccount(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	p := h.prepare("anna@example.com")
	undone := errors.New("undone")
	err := h.st.Update(t.Context(), h.ids.NewAccount(p), func(ctx context.Context, tx *tenant.Tx) error {
		if _, err := account.Create(ctx, tx, account.New{Name: "Acme", Country: "DE", Kind: account.Tenant, Status: account.Active}); err != nil {
			return err
		}
		if _, err := h.ids.CreateOwner(ctx, tx, p); err != nil {
			return err
		}
		return undone
	})
	is(t, err, undone)
	if n := h.count(`SELECT (SELECT count(*) FROM users) + (SELECT count(*) FROM members) + (SELECT count(*) FROM accounts)`); n != 0 {
		t.Errorf("%d rows are left, want none", n)
	}
	h.found("anna@example.com") // the address is free
}

func TestAddressIsTakenInAnySpelling(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.found("Anna@Example.com")
	_, err := h.open(t.Context(), h.prepare("aNNA@eXAMPLE.COM"), account.Active)
	is(t, err, identity.ErrEmailTaken)
	if strings.Contains(strings.ToLower(err.Error()), "anna") {
		t.Errorf("the error repeats the address: %v", err)
	}
	if n := h.count(`SELECT count(*) FROM accounts`); n != 1 {
		t.Errorf("%d accounts, want the first alone", n)
	}
}

func TestOneOfManyGetsTheAddress(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	const n = 8
	people := make([]identity.Prepared, n)
	for i := range people {
		people[i] = h.prepare([]string{"anna@example.com", "ANNA@example.com"}[i%2])
	}
	errs := atOnce(n, func(i int) error {
		_, err := h.open(t.Context(), people[i], account.Active)
		return err
	})
	if won := split(t, errs, identity.ErrEmailTaken); won != 1 {
		t.Errorf("%d registrations won, want 1", won)
	}
	for _, table := range []string{"users", "accounts", "members", "token_families", "refresh_tokens"} {
		if n := h.count(fmt.Sprintf(`SELECT count(*) FROM %s`, table)); n != 1 {
			t.Errorf("%d rows in %s, want 1", n, table)
		}
	}
}
