package app

import (
	"context"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"igny8/internal/account"
	"igny8/internal/clock"
	"igny8/internal/identity"
	"igny8/internal/tenant"
	"igny8/internal/web/webtest"
)

// own is in which browsers the journeys below are made.
var ownBrowsers = []string{"desktop", "telephone", "telephone without scripts"}

// TestBrowserProtectsHimself sets up a second factor in the browser, signs in
// with it, changes the password and takes the second factor away again.
func TestBrowserProtectsHimself(t *testing.T) {
	t.Parallel()
	onSQLite(t)
	h := openPages(t)
	in(t, ownBrowsers, func(t *testing.T, name string, o webtest.Options) {
		o.Language = ""
		b := webtest.Open(t, h.base, o)
		email := someone("", "")["email"].(string)
		signUp(b.Go("/sign-up?plan=trial"), email).Submit("Create the account").Is("/home")
		look(b.Go("/you").Is("/you", "Dora Dietrich", email, "Not confirmed", "Off. With it"), name+" you")
		b.Press(`form[action="/you/letter"] button`).Is("/you", "is on its way")

		look(b.Go("/second-factor").Is("/second-factor", "Protect your account"), name+" factor none")
		b.Type("password", "not this one").Submit("Set it up").Is("/second-factor", "This is not your password.")
		b.Type("password", goodPassword).Submit("Set it up")
		look(b.Is("/second-factor", "Scan the code", "Secret"), name+" factor enrol")
		secret := b.At(`new URL(document.querySelector('[name=url]').value).searchParams.get('secret')`)
		if !strings.HasPrefix(b.At(`document.querySelector('main img').getAttribute('src')`), "data:image/png;base64,") || len(secret) < 16 {
			t.Errorf("the secret is %q", secret)
		}
		// A wrong code keeps the code that was scanned.
		b.Type("code", "000000").Submit("Switch it on")
		look(b.Is("/second-factor/confirm", "is not right"), name+" factor refused")
		if again := b.At(`new URL(document.querySelector('[name=url]').value).searchParams.get('secret')`); again != secret {
			t.Errorf("the secret is %q now, and was %q", again, secret)
		}
		b.Type("code", code(t, secret, -30*time.Second)).Submit("Switch it on")
		look(b.Is("/second-factor/confirm", "The second factor is on", "Your recovery codes"), name+" factor codes")
		recovery := b.At(`document.querySelector('main li code').textContent`)
		b.Go("/second-factor").Is("/second-factor", "Your account is protected")
		if strings.Contains(b.Text(), recovery) {
			t.Error("the recovery codes are shown again")
		}

		leave(b, o).Go("/sign-in")
		b.Type("email", email).Type("password", goodPassword).Submit("Sign in").Is("/sign-in/code")
		b.Type("code", code(t, secret, 0)).Submit("Sign in").Is("/home")

		const another = "quite another long sentence"
		look(b.Go("/password").Is("/password", "Your password now"), name+" password")
		b.Type("current_password", "wrong").Type("password", another).Submit("Change the password").Is("/password", "This is not your password.")
		b.Type("current_password", goodPassword).Type("password", another).Submit("Change the password").Is("/you", "Your password is changed.", "On since")

		look(b.Go("/second-factor").Is("/second-factor", "Remove it"), name+" factor on")
		b.Type("password", another).Type("code", "000000").Submit("Remove the second factor").Is("/second-factor/remove", "is not right")
		b.Type("password", another).Type("code", recovery).Submit("Remove the second factor").Is("/second-factor", "is removed", "Protect your account")
		b.Clean()
	})
}

// TestBrowserInvitesAColleague makes a team and a key.
func TestBrowserInvitesAColleague(t *testing.T) {
	t.Parallel()
	h := openPages(t)
	in(t, ownBrowsers, func(t *testing.T, name string, o webtest.Options) {
		o.Language = ""
		b := webtest.Open(t, h.base, o)
		p := someone("growth", "bank_transfer")
		r := h.send("POST", "/auth/register", "", p).is(http.StatusCreated)
		acc, err := tenant.ParseAccountID(r.text("account.id"))
		if err != nil {
			t.Fatal(err)
		}
		tenancy{h: h, acc: acc}.put(active)
		invited, colleague := "otto@"+word(name)+".example", "anna@"+word(name)+".example"
		h.send("POST", "/account/invitations", r.text("access_token"), object{"email": invited, "role": "editor"}).is(http.StatusCreated)
		b.Go("/sign-in").Type("email", p["email"].(string)).Type("password", p["password"].(string)).Submit("Sign in").Is("/home")
		look(b.Go("/team").Is("/team", "2 of 3 seats", invited), name+" team")
		look(b.Go("/log").Is("/log", "Account created", "Dora Demo"), name+" log")
		b.Go("/team")
		b.Type("email", p["email"].(string)).Submit("Send the invitation").Is("/team/invitations", "is a member already")
		b.Type("email", colleague).Pick("role", "viewer").Submit("Send the invitation").Is("/team", "on its way to "+colleague, "Every seat of your plan is taken")
		look(b, name+" team full")
		b.Type("email", "too@many.example").Pick("role", "editor").Submit("Send the invitation").Is("/team/invitations", "allows 3 users")
		if b.Value("email") != "too@many.example" {
			t.Errorf("%q is in the form", b.Value("email"))
		}
		b.Go("/team").Press(`form[action="/team/invitations/resend"] button`).Is("/team")
		asks(b, o, `a[href^="/team/invitations/withdraw"]`, name+" withdraw")
		b.Is("/team", "The invitation is withdrawn.")
		b.Go("/team").Click(`a[aria-label^="Change "]`)
		b.Is(b.At("location.pathname"), "This is you.")
		look(b, name+" member")
		b.Pick("role", "viewer").Submit("Save the role").Is(b.At("location.pathname"), "at least one owner").Clean()

		b.Go("/keys")
		look(b.Is("/keys", "No key yet", "content.read"), name+" keys")
		b.Type("name", "Reports").Submit("Make the key")
		look(b.Is("/keys", "An API key needs one or more scopes"), name+" keys refused")
		if b.Value("name") != "Reports" {
			t.Errorf("%q is in the form", b.Value("name"))
		}
		b.Click(`input[value="content.read"]`).Click(`input[value="sites.manage"]`).Submit("Make the key")
		look(b.Is("/keys", "Your new key", "not shown again"), name+" key made")
		key := b.At(`document.querySelector('main .alert code').textContent`)
		h.send("GET", "/sites", key, nil).is(http.StatusOK)
		h.send("GET", "/billing/credits", key, nil).fault(http.StatusForbidden, "auth.forbidden")
		if b.Go("/keys"); strings.Contains(b.Text(), key) {
			t.Error("the key is shown again")
		}
		asks(b, o, `a[href^="/keys/revoke"]`, name+" revoke")
		b.Is("/keys", "The key is revoked.")
		h.send("GET", "/sites", key, nil).fault(http.StatusUnauthorized, "auth.invalid")

		b.Go("/account/delete").Type("name", "not this one").Type("password", p["password"].(string)).Press(`form[action="/account/delete"] button[data-variant]`)
		look(b.Is("/account/delete", "This is not the name of the account."), name+" delete account")
		b.Clean()
	})
}

// asks goes through the question behind the first link of a kind: a dialog,
// or a page for who has no scripts.
func asks(b *webtest.Browser, o webtest.Options, link, name string) {
	if o.NoScripts {
		look(b.Press(link), name).Press(`main form button`)
		return
	}
	look(b.Click(link), name)
	b.Press(`dialog[open] form[method="post"] button`)
}

// word is a name as one lower-case word.
func word(name string) string { return strings.ReplaceAll(name, " ", "") }

// joins makes somebody a member of an owner's account.
func (h *house) joins(owner, token string, role account.Role) {
	h.t.Helper()
	ctx, ids := h.t.Context(), h.s.identity
	by, err := ids.Admit(ctx, "Bearer "+owner, identity.Tenant(tenant.ManageTeam))
	if err != nil {
		h.t.Fatal(err)
	}
	who, err := ids.Admit(ctx, "Bearer "+token, identity.AnyUser())
	if err != nil {
		h.t.Fatal(err)
	}
	err = h.s.store.Update(ctx, by.Scope, func(ctx context.Context, tx *tenant.Tx) error { return account.AddMember(ctx, tx, who.User, role) })
	if err != nil {
		h.t.Fatal(err)
	}
}

// visits is a tab of somebody who is signed in.
func (h *house) visits(email, password string) *http.Client {
	h.t.Helper()
	tab := h.tab()
	res, err := tab.PostForm(h.base+"/sign-in", url.Values{"email": {email}, "password": {password}})
	if err == nil {
		err = res.Body.Close()
	}
	if err != nil || res.StatusCode != http.StatusOK {
		h.t.Fatalf("sign in as %s: %v", email, err)
	}
	return tab
}

// TestWhoMayOnlyReadSeesNoButtons: and is refused where he knows the address.
func TestWhoMayOnlyReadSeesNoButtons(t *testing.T) {
	t.Parallel()
	h := open(t, clock.Clock{})
	f := h.furnish(t, h.operator(), "alice")
	for role, want := range map[string]struct {
		team, keys int
		invites    bool
	}{
		"viewer": {http.StatusForbidden, http.StatusForbidden, false}, "editor": {http.StatusOK, http.StatusForbidden, false}, "admin": {http.StatusOK, http.StatusOK, true},
	} {
		p := someone("trial", "")
		h.joins(f.owner, h.send("POST", "/auth/register", "", p).is(http.StatusCreated).text("access_token"), account.Role(role))
		tab := h.visits(p["email"].(string), p["password"].(string))
		entered, err := tab.PostForm(h.base+"/accounts/enter", url.Values{"account": {f.ids["account"]}})
		if err == nil {
			err = entered.Body.Close()
		}
		if err != nil || entered.StatusCode != http.StatusOK {
			t.Fatalf("%s enters: %v", role, err)
		}
		team, text := got(t, tab, h.base+"/team")
		keys, _ := got(t, tab, h.base+"/keys")
		if team != want.team || keys != want.keys || strings.Contains(text, "Invite a colleague") != want.invites {
			t.Errorf("%s: team %d, keys %d, want %+v", role, team, keys, want)
		}
		res, err := tab.PostForm(h.base+"/team/invitations", url.Values{"email": {"x@" + role + ".example"}, "role": {"viewer"}})
		if err == nil {
			err = res.Body.Close()
		}
		if refused := http.StatusForbidden; err != nil || (res.StatusCode == refused) == want.invites {
			t.Errorf("%s invites: %d %v", role, res.StatusCode, err)
		}
		// An admin gives no role that may do more than his own.
		if role == "admin" && strings.Contains(text, `value="owner"`) {
			t.Error("an admin is offered to make an owner")
		}
	}
}

// TestGoingToAnotherAccount: the browser goes on there, and leaves.
func TestGoingToAnotherAccount(t *testing.T) {
	t.Parallel()
	h := open(t, clock.Clock{})
	f := h.furnish(t, h.operator(), "alice")
	p := someone("trial", "")
	r := h.send("POST", "/auth/register", "", p).is(http.StatusCreated)
	home := r.text("account.id")
	h.joins(f.owner, r.text("access_token"), account.Editor)
	tab := h.visits(p["email"].(string), p["password"].(string))
	post := func(path, account string) (int, string) {
		t.Helper()
		res, err := tab.PostForm(h.base+path, url.Values{"account": {account}})
		if err == nil {
			err = res.Body.Close()
		}
		if err != nil {
			t.Fatal(err)
		}
		return res.StatusCode, res.Request.URL.Path
	}
	if _, text := got(t, tab, h.base+"/accounts"); !strings.Contains(text, "alice") || !strings.Contains(text, "You are here") {
		t.Errorf("the accounts are not listed: %s", text)
	}
	for _, there := range []string{home, f.ids["account"]} {
		if status, path := post("/accounts/enter", there); status != http.StatusOK || path != "/home" {
			t.Errorf("enter %s: %d at %s", there, status, path)
		}
		if _, text := got(t, tab, h.base+"/home"); !strings.Contains(text, there) {
			t.Errorf("the browser is not in %s", there)
		}
	}
	if status, _ := post("/accounts/enter", "acc_00000000000000000000000000"); status != http.StatusNotFound {
		t.Errorf("an account that is not: %d", status)
	}
	if status, path := post("/accounts/leave", home); status != http.StatusOK || path != "/accounts" {
		t.Errorf("the last owner left: %d at %s", status, path)
	}
	if _, path := post("/accounts/leave", f.ids["account"]); path != "/sign-in" {
		t.Errorf("who left is at %s", path)
	}
	tab = h.visits(p["email"].(string), p["password"].(string))
	if _, text := got(t, tab, h.base+"/accounts"); strings.Contains(text, "alice") {
		t.Error("who left is a member still")
	}
	// Who is a member of nothing is told what to do.
	own, err := tenant.ParseAccountID(home)
	if err != nil {
		t.Fatal(err)
	}
	h.sqlOf(own, `DELETE FROM members WHERE account_id = $1`, home)
	tab = h.visits(p["email"].(string), p["password"].(string))
	if status, text := got(t, tab, h.base+"/accounts"); status != http.StatusOK || !strings.Contains(text, "member of no account") {
		t.Errorf("%d: %s", status, text)
	}
}

// got is the status and the text of a page.
func got(t *testing.T, tab *http.Client, address string) (int, string) {
	t.Helper()
	res, err := tab.Get(address)
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(res.Body)
	if err == nil {
		err = res.Body.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, string(text)
}
