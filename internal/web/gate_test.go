package web_test

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"igny8/internal/account"
	"igny8/internal/identity"
	"igny8/internal/tenant"
)

const good = "a rather long sentence"

// order is what the form of the sign-up sends.
func order(email, plan string) url.Values {
	return url.Values{
		"email": {email}, "password": {good}, "first_name": {"Dora"}, "last_name": {"Dietrich"}, "account_name": {"Agency"},
		"country": {"DE"}, "plan": {plan}, "payment_method": {"bank_transfer"},
	}
}

// join opens an account, and is the cookies of who did.
func (h *house) join(email, plan string) string {
	h.t.Helper()
	p := h.send("POST", "/sign-up", order(email, plan))
	if p.status != http.StatusSeeOther {
		h.t.Fatalf("sign up: %d %s", p.status, p.text)
	}
	return p.cookies()
}

// as sends a request with cookies.
func (h *house) as(cookies, method, path string) page {
	h.t.Helper()
	var form url.Values
	if method == http.MethodPost {
		form = url.Values{}
	}
	return h.send(method, path, form, "Cookie", cookies)
}

// asked is a way to ask for a route, as a browser would.
func asked(pattern string) (method, path string) {
	method, path, ok := strings.Cut(pattern, " ")
	if !ok {
		return http.MethodGet, "/nothing"
	}
	return method, strings.TrimSuffix(path, "{$}")
}

func TestEveryPageIsBehindTheGate(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	guarded := 0
	for _, route := range h.pages.Routes() {
		method, path := asked(route.Pattern)
		if !route.Policy.Declared() {
			t.Errorf("%s declares no policy", route.Pattern)
		}
		if route.Policy.IsPublic() {
			if p := h.as("", method, path); strings.HasPrefix(p.header.Get("Location"), "/sign-in?") {
				t.Errorf("%s leads to the sign-in", p.what)
			}
			continue
		}
		guarded++
		for _, cookies := range []string{"", "__Host-igny8=igs_x", "igny8=x"} {
			p := h.as(cookies, method, path)
			if p.status != http.StatusSeeOther || !strings.HasPrefix(p.header.Get("Location"), "/sign-in") {
				t.Errorf("%s with %q: %d %s", p.what, cookies, p.status, p.text)
			}
		}
	}
	if guarded < 8 {
		t.Errorf("%d pages are behind the gate", guarded)
	}
}

// TestNobodyElsesFormIsTaken, whichever it is.
func TestNobodyElsesFormIsTaken(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	cookies := h.join("dora@example.com", "trial")
	for _, route := range h.pages.Routes() {
		method, path := asked(route.Pattern)
		if method != http.MethodPost {
			continue
		}
		p := h.send(method, path, url.Values{}, "Cookie", cookies, "Sec-Fetch-Site", "cross-site").is(http.StatusForbidden, "another site")
		if p.header.Get("Set-Cookie") != "" {
			t.Errorf("%s: sets %v", p.what, p.header)
		}
	}
	h.as(cookies, "GET", "/home").is(http.StatusOK, "Agency")
}

func TestTheCookieIsTheBrowsersAlone(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	p := h.send("POST", "/sign-up", order("dora@example.com", "trial")).leads("/home")
	for _, c := range (&http.Response{Header: p.header}).Cookies() {
		if !strings.HasPrefix(c.Name, "__Host-igny8") || !c.HttpOnly || !c.Secure || c.SameSite != http.SameSiteLaxMode || c.Path != "/" || c.Domain != "" {
			t.Errorf("%+v", c)
		}
		if c.Name == "__Host-igny8" {
			if left := c.Expires.Sub(h.hand.Clock().Now()); left < 89*24*time.Hour || left > 91*24*time.Hour {
				t.Errorf("it lasts %s", left)
			}
			if strings.Contains(p.text, c.Value) {
				t.Error("the page tells it")
			}
		}
	}
}

// accountOf is the scope of who has the cookies.
func (h *house) accountOf(cookies string) tenant.Scope {
	h.t.Helper()
	_, rest, _ := strings.Cut(cookies, "__Host-igny8=")
	secret, _, _ := strings.Cut(rest, ";")
	c, err := h.ids.AdmitCookie(h.t.Context(), secret, identity.AnyUser())
	if err != nil {
		h.t.Fatal(err)
	}
	return c.Scope
}

// TestASuspensionCountsFromTheNextPage on, and the person is told.
func TestASuspensionCountsFromTheNextPage(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	cookies := h.join("dora@example.com", "trial")
	h.as(cookies, "GET", "/home").is(http.StatusOK)
	err := h.st.Update(t.Context(), h.accountOf(cookies), func(ctx context.Context, tx *tenant.Tx) error {
		_, err := account.Suspend(ctx, tx, "a test")
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"/home", "/billing", "/home/credits"} {
		h.as(cookies, "GET", path).is(http.StatusForbidden, "This account is suspended", `action="/sign-out"`)
	}
	if p := h.send("GET", "/home/credits", nil, "Cookie", cookies, "HX-Request", "true"); p.header.Get("HX-Refresh") != "true" || p.text != "" {
		t.Errorf("a part of a page is told %d %v", p.status, p.header)
	}
	h.as(cookies, "POST", "/sign-out").leads("/sign-in")
	h.as(cookies, "GET", "/home").leads("/sign-in")
}

// TestWhoHasNotPaidIsLedToTheBill, and nowhere else.
func TestWhoHasNotPaidIsLedToTheBill(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	p := h.send("POST", "/sign-up", order("dora@example.com", "growth")).leads("/billing")
	h.as(p.cookies(), "GET", "/home").leads("/billing")
	h.as(p.cookies(), "GET", "/billing").is(http.StatusOK, "waits for a payment", "€200.00", "RF", "Your account is ready.")
	h.hand.Advance(24 * time.Hour)
	trial := h.join("bert@example.com", "trial")
	h.hand.Advance(15 * 24 * time.Hour)
	h.as(trial, "GET", "/home").leads("/billing")
}

// TestAMessageIsSaidOnce, and by us.
func TestAMessageIsSaidOnce(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	p := h.send("POST", "/sign-up", order("dora@example.com", "trial"))
	home := h.as(p.cookies(), "GET", "/home").is(http.StatusOK, "Your trial has begun")
	if !strings.Contains(strings.Join(home.header.Values("Set-Cookie"), "\n"), "__Host-igny8-message=; Path=/; Max-Age=0") {
		t.Errorf("it is not forgotten: %v", home.header)
	}
	for _, value := range []string{"x", "!!", "PHNjcmlwdD4", ""} {
		h.as("__Host-igny8-message="+value, "GET", "/").is(http.StatusOK)
	}
}

func TestWhereTheSignInLeads(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.join("dora@example.com", "trial")
	h.send("GET", "/billing?a=b", nil).leads("/sign-in?next=%2Fbilling%3Fa%3Db")
	h.send("GET", "/home", nil).leads("/sign-in")
	form := url.Values{"email": {"dora@example.com"}, "password": {good}}
	for next, want := range map[string]string{
		"": "/home", "/billing?a=b": "/billing?a=b", "//evil.example/": "/home", "https://evil.example/": "/home", `/\evil.example`: "/home",
		`\\evil.example`: "/home", "billing": "/home", "javascript:alert(1)": "/home", "/\t/evil.example": "/home", "/%2F/evil.example": "/%2F/evil.example",
	} {
		h.send("POST", "/sign-in?"+url.Values{"next": {next}}.Encode(), form).leads(want)
	}
	in := h.send("POST", "/sign-in", form)
	h.as(in.cookies(), "GET", "/sign-in").leads("/home")
	h.as(in.cookies(), "GET", "/").is(http.StatusOK, "Open Igny8")
}

func TestASignInThatIsRefusedSaysNothing(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.join("dora@example.com", "trial")
	said := map[string]bool{}
	for _, email := range []string{"dora@example.com", "nobody@example.com"} {
		p := h.send("POST", "/sign-in", url.Values{"email": {email}, "password": {"another long sentence"}}).is(http.StatusUnprocessableEntity, `role="alert"`, "is wrong", email)
		if strings.Contains(p.text, "another long sentence") || p.header.Get("Set-Cookie") != "" {
			t.Errorf("%v %s", p.header, p.text)
		}
		_, body, _ := strings.Cut(p.text, "<body")
		said[strings.ReplaceAll(body, email, "")] = true
	}
	if len(said) != 1 {
		t.Error("an address that is known is told apart from one that is not")
	}
	h.send("POST", "/forgot-password", url.Values{"email": {"nobody@example.com"}}).leads("/forgot-password/sent")
	h.send("GET", "/sign-in/code", nil).leads("/sign-in")
	h.send("POST", "/sign-in/code", url.Values{"code": {"000000"}}).leads("/sign-in")
}

// TestTheSignUpComesBack with what was typed and what is wrong beside it.
func TestTheSignUpComesBack(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.join("dora@example.com", "trial")
	for name, tt := range map[string]struct{ field, value, blamed string }{
		"an address that is taken": {"email", "dora@example.com", "email"},
		"no address":               {"email", "x", "email"},
		"a weak password":          {"password", "password", "password"},
		"no name":                  {"first_name", " ", "first_name"},
		"no company":               {"account_name", "", "account_name"},
		"no such country":          {"country", "QQ", "country"},
		"a way that is not there":  {"payment_method", "stripe", "payment_method"},
		"no such way":              {"payment_method", "shells", "payment_method"},
		"no such plan":             {"plan", "nothing", ""},
	} {
		form := order("bert@example.com", "growth")
		form.Set(tt.field, tt.value)
		p := h.send("POST", "/sign-up", form)
		if p.status < 400 || p.status >= 500 || !strings.Contains(p.text, `role="alert"`) || p.header.Get("Set-Cookie") != "" {
			t.Errorf("%s: %d %v", name, p.status, p.header)
		}
		if tt.blamed != "" && !strings.Contains(p.text, `id="field-`+tt.blamed+`-mistake"`) {
			t.Errorf("%s: nothing is beside %s", name, tt.blamed)
		}
		if !strings.Contains(p.text, `value="Dietrich"`) || strings.Contains(p.text, good) {
			t.Errorf("%s: what was typed is lost, or the password shown", name)
		}
	}
	h.send("POST", "/sign-up", order("bert@example.com", "growth")).leads("/billing")
}

// TestAMailboxIsNotAskedAboutOften, from however many places.
func TestAMailboxIsNotAskedAboutOften(t *testing.T) {
	t.Parallel()
	h := newHouseWith(t, false)
	form := url.Values{"email": {"dora@example.com"}, "password": {"another long sentence"}}
	for range 10 {
		h.send("POST", "/sign-in", form).is(http.StatusUnprocessableEntity)
	}
	h.send("POST", "/sign-in", form).is(http.StatusTooManyRequests, "Too many requests")
	if _, rest, _ := strings.Cut(h.send("POST", "/sign-in", form).header.Get("RateLimit-Policy"), ";"); rest == "" {
		t.Error("it does not say how often")
	}
}
