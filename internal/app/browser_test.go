package app

import (
	"context"
	"maps"
	"net/http"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/chromedp/chromedp/kb"
	"github.com/pquerna/otp/totp"

	"igny8/internal/clock"
	"igny8/internal/db"
	"igny8/internal/db/dbtest"
	"igny8/internal/web/webtest"
)

// openPages is a server for journeys in a browser, which count no requests.
func openPages(t *testing.T) *house {
	t.Helper()
	return openWide(t, clock.Clock{})
}

// onSQLite keeps a look at pages to one database: none makes them different. The
// journeys from the first visit to the published article, and from the bank's
// statement to an account that works, are made on both.
func onSQLite(t *testing.T) {
	t.Helper()
	if dbtest.Engine() != db.SQLite {
		t.Skip("these pages are looked at on SQLite")
	}
}

// pictures is a folder for pictures of every page, to be looked at by a
// person: go test ./internal/app -run Browser -args pictures=/tmp/pages.
func pictures() string {
	for _, arg := range os.Args {
		if len(arg) > 9 && arg[:9] == "pictures=" {
			return arg[9:]
		}
	}
	return ""
}

// look is what is asked of every page.
func look(b *webtest.Browser, name string) *webtest.Browser {
	return b.Shoot(pictures(), name).Fits().Accessible().Clean()
}

const goodPassword = "a rather long sentence"

// code is the one that an authenticator app shows, some time from now.
func code(t *testing.T, secret string, from time.Duration) string {
	t.Helper()
	c, err := totp.GenerateCode(secret, time.Now().Add(from))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// signUp fills in the form for an account.
func signUp(b *webtest.Browser, email string) *webtest.Browser {
	return b.Type("first_name", "Dora").Type("last_name", "Dietrich").Type("email", email).Type("password", goodPassword).
		Type("account_name", "Dora's Agency").Choose("country", "DE")
}

var browsers = map[string]webtest.Options{
	"desktop": {}, "telephone": {Width: 390, Height: 844}, "dark": {Dark: true, Language: "fr-FR"}, "telephone in the dark": {Width: 390, Height: 844, Dark: true},
	"no scripts": {NoScripts: true}, "telephone without scripts": {Width: 390, Height: 844, NoScripts: true},
}

// in makes a journey in a few browsers; in all of them where pictures are
// taken.
func in(t *testing.T, names []string, journey func(t *testing.T, name string, o webtest.Options)) {
	if pictures() != "" {
		names = slices.Sorted(maps.Keys(browsers))
	}
	for _, name := range names {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			journey(t, name, browsers[name])
		})
	}
}

// across is in for the main journeys, which are made on both databases: in the
// first browser on SQLite, and in the others on PostgreSQL. What a page looks
// like is not the database's doing. With -args everywhere all are made on each.
func across(t *testing.T, names []string, journey func(t *testing.T, name string, o webtest.Options)) {
	switch {
	case slices.Contains(os.Args, "everywhere"):
	case dbtest.Engine() == db.Postgres:
		names = names[1:]
	default:
		names = names[:1]
	}
	in(t, names, journey)
}

// leave signs out: on a telephone the button is in the drawer.
func leave(b *webtest.Browser, o webtest.Options) *webtest.Browser {
	if o.Width == 390 {
		b.Click(`[popovertarget="side"]`)
	}
	return b.Submit("Sign out")
}

func TestBrowserSignUpSignOutSignIn(t *testing.T) {
	t.Parallel()
	h := openPages(t)
	across(t, []string{"desktop", "telephone without scripts"}, func(t *testing.T, name string, o webtest.Options) {
		email := someone("", "")["email"].(string)
		b := webtest.Open(t, h.base, o)
		look(b.Go("/").Is("/", "Plans and prices", "Trial", "Scale"), name+" landing")
		look(b.Go("/sign-up").Pick("plan", "growth").Is("/sign-up", "Coming soon"), name+" sign-up paid")
		look(b.Pick("plan", "trial"), name+" sign-up")
		signUp(b, email).Submit("Create the account")
		look(b.Is("/home", "Your trial has begun", "Dora's Agency", "Trial"), name+" home")
		b.Go("/home")
		look(b.Go("/billing").Is("/billing", "Nothing to pay"), name+" nothing to pay")
		if o.Width == 390 {
			look(b.Click(`[popovertarget="side"]`), name+" drawer").Go("/home")
		}
		leave(b, o).Is("/sign-in", "You are signed out.")
		b.Go("/home").Is("/sign-in")
		look(b.Type("email", email).Type("password", goodPassword+"!").Submit("Sign in").Is("/sign-in", "is wrong"), name+" sign-in refused")
		if b.Status() != http.StatusUnprocessableEntity || b.Value("email") != email || b.Value("password") != "" {
			t.Errorf("%d, typed %q and %q", b.Status(), b.Value("email"), b.Value("password"))
		}
		b.Type("password", goodPassword).Submit("Sign in").Is("/home", "Welcome, Dora.").Clean()
	})
}

func TestBrowserWrongInputComesBack(t *testing.T) {
	t.Parallel()
	onSQLite(t)
	h := openPages(t)
	in(t, []string{"telephone", "no scripts"}, func(t *testing.T, name string, o webtest.Options) {
		b := webtest.Open(t, h.base, o)
		b.Go("/sign-up?plan=growth")
		email := someone("", "")["email"].(string)
		signUp(b, email).Type("password", "password password").Submit("Create the account")
		look(b.Is("/sign-up", "Something is not right yet", "password must be"), name+" sign-up refused")
		if b.Status() != http.StatusUnprocessableEntity {
			t.Errorf("status %d", b.Status())
		}
		for field, want := range map[string]string{"email": email, "first_name": "Dora", "account_name": "Dora's Agency", "country": "DE", "password": ""} {
			if got := b.Value(field); got != want {
				t.Errorf("%s: %q is in the form, want %q", field, got, want)
			}
		}
		var marked, focus, plan string
		b.Eval(`document.querySelector('[aria-invalid]').name`, &marked).Eval(`document.activeElement.name ?? ''`, &focus).
			Eval(`document.querySelector('[name=plan]:checked').value`, &plan)
		if marked != "password" || focus != "password" || plan != "growth" {
			t.Errorf("marked %q, the cursor is in %q, the plan %q", marked, focus, plan)
		}
		b.Type("password", goodPassword).Submit("Create the account")
		look(b.Is("/billing", "Your account waits for a payment", "200", "Reference"), name+" billing")
		b.Go("/home").Is("/billing").Clean() // who has not paid is led to the bill
	})
}

func TestBrowserSecondFactor(t *testing.T) {
	t.Parallel()
	onSQLite(t)
	h := openPages(t)
	in(t, []string{"dark", "telephone without scripts"}, func(t *testing.T, name string, o webtest.Options) {
		p := someone("trial", "")
		r := h.send("POST", "/auth/register", "", p).is(http.StatusCreated)
		access := r.text("access_token")
		secret := h.send("POST", "/auth/second-factor", access, object{"password": p["password"]}).is(http.StatusCreated).text("secret")
		codes := h.send("POST", "/auth/second-factor/confirm", access, object{"code": code(t, secret, -30*time.Second)}).is(http.StatusOK).get("recovery_codes").([]any)
		b := webtest.Open(t, h.base, o)
		enter := func() *webtest.Browser {
			return b.Type("email", p["email"].(string)).Type("password", p["password"].(string)).Submit("Sign in")
		}
		look(b.Go("/billing").Is("/sign-in?next=%2Fbilling"), name+" sign-in")
		enter().Is("/sign-in/code?next=%2Fbilling")
		look(b, name+" code")
		look(b.Type("code", "000000").Submit("Sign in").Is("/sign-in/code?next=%2Fbilling", "is not right"), name+" code refused")
		b.Type("code", code(t, secret, 0)).Submit("Sign in").Is("/billing", "Nothing to pay")
		leave(b, o).Go("/sign-in")
		enter().Type("code", codes[0].(string)).Submit("Sign in").Is("/home").Clean()
	})
}

// TestBrowserOtherPages looks at those that no journey above comes by.
func TestBrowserOtherPages(t *testing.T) {
	t.Parallel()
	onSQLite(t)
	h := openPages(t)
	operator := h.operator()
	in(t, []string{"telephone in the dark"}, func(t *testing.T, name string, o webtest.Options) {
		b := webtest.Open(t, h.base, o)
		look(b.Go("/nothing").Is("/nothing", "Page not found"), name+" not found")
		look(b.Go("/forgot-password").Type("email", "nobody@example.com").Submit("Send the letter").Is("/forgot-password/sent", "Look into your mailbox"), name+" letter sent")
		look(b.Go("/forgot-password"), name+" forgot")
		look(b.Go("/reset-password?token=x"), name+" reset")
		b.Type("password", goodPassword).Submit("Change the password").Is("/reset-password", "link")
		look(b.Go("/verify-email?token=x").Submit("Confirm the address").Is("/verify-email", "link"), name+" verify")
		// A suspended account sees why, and can sign out.
		p := someone("trial", "")
		r := h.send("POST", "/auth/register", "", p).is(http.StatusCreated)
		b.Go("/sign-in").Type("email", p["email"].(string)).Type("password", p["password"].(string)).Submit("Sign in").Is("/home")
		// Two sessions: the one of the registration, and this.
		look(b.Go("/sessions").Is("/sessions", "This one"), name+" sessions")
		if o.NoScripts {
			b.Click(`[data-dialog]`)
			look(b.Is("/sessions/end-others", "API keys go on"), name+" question")
		} else {
			look(b.Click(`[data-dialog]`), name+" dialog")
		}
		b.Press(`form[action="/sessions/end-others"] button`).Is("/sessions", "You are signed out everywhere else.")
		h.send("GET", "/auth/me", r.text("access_token"), nil).fault(http.StatusUnauthorized, "auth.invalid")
		h.send("POST", "/admin/accounts/"+r.text("account.id")+"/suspend", operator, object{"reason": "a test"}).is(http.StatusOK)
		look(b.Go("/home").Is("/home", "This account is suspended"), name+" suspended")
		b.Submit("Sign out").Is("/sign-in").Clean()
	})
}

func TestBrowserFirstOperator(t *testing.T) {
	t.Parallel()
	onSQLite(t)
	h := openPages(t)
	token, ok, err := h.s.identity.FirstStaffToken(context.Background())
	if err != nil || !ok {
		t.Fatalf("no token: %v", err)
	}
	b := webtest.Open(t, h.base, webtest.Options{Width: 390, Height: 844})
	look(b.Go("/setup?token="+token), "setup")
	b.Type("first_name", "Olga").Type("last_name", "O'Neil").Type("email", "olga@example.com").Type("password", goodPassword).
		Submit("Become the operator").Is("/staff", "You operate this server now", "Say who may do what")
	look(b, "staff telephone")
	wide := webtest.Open(t, h.base, webtest.Options{Dark: true})
	wide.Go("/sign-in").Type("email", "olga@example.com").Type("password", goodPassword).Submit("Sign in").Is("/staff")
	look(wide, "staff dark")
}

// TestBrowserKeyboard goes where a mouse would, on a telephone's width, where
// the navigation is a drawer.
func TestBrowserKeyboard(t *testing.T) {
	t.Parallel()
	onSQLite(t)
	h := openPages(t)
	b := webtest.Open(t, h.base, browsers["telephone"])
	focus := func() (what string) {
		b.Eval(`(document.activeElement.textContent || document.activeElement.ariaLabel || document.activeElement.id).trim()`, &what)
		return what
	}
	if b.Go("/").Key(kb.Tab); focus() != "Skip to the content" {
		t.Errorf("the first stop is %q", focus())
	}
	var in string
	if b.Key(kb.Enter).Eval(`document.activeElement.id`, &in); in != "content" {
		t.Errorf("skipping leads to %q", in)
	}
	signUp(b.Go("/sign-up"), someone("", "")["email"].(string)).Submit("Create the account").Is("/home")
	open := func() (open bool) {
		b.Eval(`document.getElementById('side').matches(':popover-open')`, &open)
		return open
	}
	for n := 0; b.At(`document.activeElement.getAttribute('popovertarget')`) != "side"; n++ {
		if n > 3 {
			t.Fatalf("the drawer is not among the first stops; the last is %q", focus())
		}
		b.Key(kb.Tab)
	}
	if b.Key(kb.Enter); !open() {
		t.Error("the drawer stays shut")
	}
	if b.Key(kb.Escape); open() || b.At(`document.activeElement.getAttribute('popovertarget')`) != "side" {
		t.Errorf("open: %v; the cursor is at %q", open(), focus())
	}
	b.Clean()
}

// TestBrowserPartsRenewThemselves: the credits on the first page, under the
// policy that pages have.
func TestBrowserPartsRenewThemselves(t *testing.T) {
	t.Parallel()
	onSQLite(t)
	h := openPages(t)
	b := webtest.Open(t, h.base, webtest.Options{})
	signUp(b.Go("/sign-up"), someone("", "")["email"].(string)).Submit("Create the account").Is("/home", "1,000")
	b.Eval(`{ const part = document.querySelector('[hx-get]'); part.dataset.old = 'yes'; part.setAttribute('hx-trigger', 'every 100ms'); htmx.process(part, true); }`, nil)
	b.Until(`document.querySelector('[hx-get]') && !document.querySelector('[data-old]')`)
	b.Is("/home", "1,000", "ready to be spent")
	// When the session ends, the whole page has to know.
	b.Eval(`{ const part = document.querySelector('[hx-get]'); part.setAttribute('hx-trigger', 'every 100ms'); htmx.process(part, true); }`, nil)
	h.sql(`UPDATE token_families SET ended_at = 1, end_reason = 'revoked'`)
	b.Until(`location.pathname === '/sign-in'`)
	b.Is("/sign-in", "Your session is over").Clean()
}
