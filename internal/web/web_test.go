package web_test

import (
	"html"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"igny8/internal/clock"
	"igny8/internal/db"
	"igny8/internal/db/dbtest"
	"igny8/internal/httpx"
	"igny8/internal/identity"
	"igny8/internal/identity/identitytest"
	"igny8/internal/tenant"
	"igny8/internal/throttle"
	"igny8/internal/web"
)

// house is the pages of a server that nobody operates yet.
type house struct {
	t    testing.TB
	d    *db.DB
	ids  *identity.Service
	hand *clock.Hand
	web  http.Handler
}

func newHouse(t testing.TB) *house {
	t.Helper()
	hand := clock.NewHand(time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC))
	h := &house{t: t, d: dbtest.OpenAt(t, hand.Clock()), hand: hand}
	log := slog.New(slog.NewTextHandler(complaint{t}, nil))
	h.ids = identitytest.New(t, h.d, identity.Options{Log: log})
	pages := web.New(h.ids, throttle.NewGate(throttle.NewMemory(hand.Clock()), true), httpx.Proxies{}, log)
	h.web = httpx.Trace(pages, slog.New(slog.DiscardHandler), hand.Clock())
	return h
}

// complaint is a log in which only an error of ours is written.
type complaint struct{ t testing.TB }

func (c complaint) Write(b []byte) (int, error) {
	if strings.Contains(string(b), "level=ERROR") {
		c.t.Errorf("%s", b)
	}
	return len(b), nil
}

// page is what a browser got.
type page struct {
	t      testing.TB
	what   string
	status int
	header http.Header
	text   string
}

// send sends what a browser would; a form makes it a POST.
func (h *house) send(method, path string, form url.Values, header ...string) page {
	h.t.Helper()
	r := httptest.NewRequest(method, "https://igny8.example"+path, strings.NewReader(form.Encode())).WithContext(h.t.Context())
	if form != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	rec := httptest.NewRecorder()
	h.web.ServeHTTP(rec, r)
	return page{t: h.t, what: method + " " + path, status: rec.Code, header: rec.Header(), text: rec.Body.String()}
}

// is fails the test unless the page has the status and holds the texts.
func (p page) is(status int, texts ...string) page {
	p.t.Helper()
	if p.status != status {
		p.t.Errorf("%s: %d, want %d: %s", p.what, p.status, status, p.text)
	}
	for _, text := range texts {
		if !strings.Contains(p.text, text) {
			p.t.Errorf("%s does not say %q: %s", p.what, text, p.text)
		}
	}
	return p
}

// token is that of a link that makes the first operator.
func (h *house) token() string {
	h.t.Helper()
	token, ok, err := h.ids.FirstStaffToken(h.t.Context())
	if err != nil || !ok {
		h.t.Fatalf("no token for the first operator: %v", err)
	}
	return token
}

func olga(token string) url.Values {
	return url.Values{
		"token": {token}, "email": {"olga@example.com"}, "password": {"correct horse battery"}, "first_name": {"Olga"}, "last_name": {"O'Neil"},
	}
}

func TestHome(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	p := h.send("GET", "/", nil).is(http.StatusOK, "<!doctype html>", `<html lang="en">`, "<h1>Igny8 is running</h1>", "/api/v1/openapi.json")
	if got := p.header.Get("Content-Type"); got != "text/html; charset=utf-8" {
		t.Errorf("content type %q", got)
	}
	h.send("HEAD", "/", nil).is(http.StatusOK)
	css := h.send("GET", "/static/style.css", nil).is(http.StatusOK)
	if got := css.header.Get("Content-Type"); !strings.HasPrefix(got, "text/css") {
		t.Errorf("the style sheet is %q", got)
	}
}

func TestNoSuchPage(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	for _, path := range []string{"/nothing", "/setup/x", "/static/nothing.css.bak/x", "/index.php"} {
		if p := h.send("GET", path, nil); p.status != http.StatusNotFound {
			t.Errorf("%s: %d", path, p.status)
		}
	}
	p := h.send("GET", "/<script>alert(1)</script>", nil).is(http.StatusNotFound, "There is no such page.", "Not Found", `<a href="/">`)
	if !strings.Contains(p.text, "Request "+p.header.Get("X-Request-Id")) || strings.Contains(p.text, "alert") {
		t.Errorf("the page says %s", p.text)
	}
	h.send("POST", "/", url.Values{}).is(http.StatusNotFound)
	h.send("DELETE", "/setup", nil).is(http.StatusNotFound)
}

func TestEveryAnswerIsGuarded(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	for _, p := range []page{
		h.send("GET", "/", nil), h.send("GET", "/nothing", nil), h.send("GET", "/setup?token=x", nil), h.send("GET", "/static/style.css", nil),
		h.send("POST", "/setup", olga("x")), h.send("POST", "/setup", olga("x"), "Sec-Fetch-Site", "cross-site"),
	} {
		csp := p.header.Get("Content-Security-Policy")
		for _, rule := range []string{"default-src 'none'", "frame-ancestors 'none'", "form-action 'self'", "base-uri 'none'"} {
			if !strings.Contains(csp, rule) {
				t.Errorf("%s: the policy %q lacks %q", p.what, csp, rule)
			}
		}
		if strings.Contains(csp, "unsafe") || strings.Contains(csp, "script-src") {
			t.Errorf("%s: the policy %q lets scripts run", p.what, csp)
		}
		if p.header.Get("X-Content-Type-Options") != "nosniff" || p.header.Get("Referrer-Policy") != "no-referrer" {
			t.Errorf("%s: headers %v", p.what, p.header)
		}
		if strings.Contains(p.header.Get("Content-Type"), "text/html") && p.header.Get("Cache-Control") != "no-store" {
			t.Errorf("%s may be kept: %v", p.what, p.header)
		}
		if strings.Contains(p.text, "<script") || strings.Contains(p.text, "style=") {
			t.Errorf("%s holds what its own policy forbids: %s", p.what, p.text)
		}
	}
}

func TestTheFirstOperatorComesByTheForm(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	token := h.token()
	h.send("GET", "/setup?token="+token, nil).is(http.StatusOK, "<h1>Become the operator</h1>", `value="`+token+`"`, `<form method="post" action="/setup">`)
	p := h.send("POST", "/setup", olga(token), "Sec-Fetch-Site", "same-origin").is(http.StatusOK, "<h1>Welcome</h1>", "olga@example.com")
	if strings.Contains(p.text, "correct horse") || strings.Contains(p.text, token) {
		t.Errorf("the page tells a secret: %s", p.text)
	}
	tokens, _, err := h.ids.Login(t.Context(), "olga@example.com", "correct horse battery", identity.Client{})
	if err != nil {
		t.Fatal(err)
	}
	for _, privilege := range tenant.AllPrivileges() {
		if _, err := h.ids.Admit(t.Context(), "Bearer "+tokens.Access, identity.Staff(privilege)); err != nil {
			t.Errorf("%s: %v", privilege, err)
		}
	}
	second := olga(token)
	second.Set("email", "bert@example.com")
	h.send("POST", "/setup", second).is(http.StatusUnauthorized, `role="alert"`)
	if n := len(dbtest.Dump(t, h.d)["users"]); n != 1 {
		t.Errorf("%d users", n)
	}
}

// TestTheFormComesBack with what was typed, what is wrong, and no password.
func TestTheFormComesBack(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	token := h.token()
	for name, tt := range map[string]struct {
		field, value string
		status       int
		trouble      string
	}{
		"a weak password":     {"password", "password12", http.StatusUnprocessableEntity, "password"},
		"a short password":    {"password", "hunter2!x", http.StatusUnprocessableEntity, "password"},
		"no password":         {"password", "", http.StatusUnprocessableEntity, "password"},
		"no address":          {"email", "olga", http.StatusUnprocessableEntity, "e-mail"},
		"no name":             {"first_name", " ", http.StatusUnprocessableEntity, "name"},
		"a token of nobody's": {"token", "igl_" + strings.Repeat("0", 40), http.StatusUnauthorized, ""},
		"no token":            {"token", "", http.StatusUnauthorized, ""},
		"a NUL in the name":   {"first_name", "Ol\x00ga", http.StatusUnprocessableEntity, "name"},
		"a NUL in the token":  {"token", token + "\x00", http.StatusUnauthorized, ""},
	} {
		form := olga(token)
		form.Set(tt.field, tt.value)
		p := h.send("POST", "/setup", form).is(tt.status, "<h1>Become the operator</h1>", `role="alert"`)
		trouble, _, _ := strings.Cut(p.text[strings.Index(p.text, `role="alert">`)+len(`role="alert">`):], "<")
		if trouble == "" || !strings.Contains(strings.ToLower(trouble), tt.trouble) {
			t.Errorf("%s: told %q", name, trouble)
		}
		for _, field := range []string{"token", "email", "first_name", "last_name"} {
			want := `name="` + field + `" value="` + strings.ReplaceAll(html.EscapeString(form.Get(field)), "\x00", "\ufffd") + `"`
			if !strings.Contains(p.text, want) {
				t.Errorf("%s: %s is not in the form again: %s", name, want, p.text)
			}
		}
		if password := form.Get("password"); password != "" && strings.Contains(p.text, password) {
			t.Errorf("%s: the password is in the page", name)
		}
	}
	if n := len(dbtest.Dump(t, h.d)["users"]); n != 0 {
		t.Errorf("%d users", n)
	}
	h.send("POST", "/setup", olga(token)).is(http.StatusOK, "<h1>Welcome</h1>") // the token is as good as before
}

func TestALinkLastsADay(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	token := h.token()
	h.hand.Advance(24 * time.Hour)
	h.send("POST", "/setup", olga(token)).is(http.StatusUnauthorized, `role="alert"`)
}

func TestWhatIsTypedIsNeverMarkup(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	for _, evil := range []string{`<script>alert(1)</script>`, `"><img src=x onerror=alert(1)>`, `' autofocus onfocus='alert(1)`, `</title><svg onload=alert(1)>`} {
		form := olga("x")
		for _, field := range []string{"token", "email", "first_name", "last_name"} {
			form.Set(field, evil)
		}
		for _, p := range []page{h.send("POST", "/setup", form), h.send("GET", "/setup?token="+url.QueryEscape(evil), nil)} {
			if strings.Contains(p.text, evil) || strings.Contains(p.text, "<script") || strings.Contains(p.text, "<img") || strings.Contains(p.text, "<svg") {
				t.Errorf("%s with %q: %s", p.what, evil, p.text)
			}
			p.is(p.status, html.EscapeString(evil[:1]))
		}
	}
	form := olga(h.token())
	form.Set("first_name", "<script>alert(1)</script>") // a name may be strange
	if p := h.send("POST", "/setup", form).is(http.StatusOK, "<h1>Welcome</h1>"); strings.Contains(p.text, "<script") {
		t.Errorf("the page says %s", p.text)
	}
}

func TestAnotherSiteCannotSendTheForm(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	token := h.token()
	for _, header := range [][]string{
		{"Sec-Fetch-Site", "cross-site"},
		{"Sec-Fetch-Site", "same-site"},
		{"Origin", "https://evil.example"},
		{"Origin", "null"},
	} {
		p := h.send("POST", "/setup", olga(token), header...)
		if p.status != http.StatusForbidden {
			t.Errorf("%v: %d %s", header, p.status, p.text)
		}
	}
	if n := len(dbtest.Dump(t, h.d)["users"]); n != 0 {
		t.Errorf("%d users", n)
	}
	h.send("POST", "/setup", olga(token), "Origin", "https://igny8.example").is(http.StatusOK, "<h1>Welcome</h1>")
}

func TestAFormThatCannotBeRead(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	big := olga(h.token())
	big.Set("last_name", strings.Repeat("x", 16<<10))
	h.send("POST", "/setup", big).is(http.StatusBadRequest, "could not be read")
	h.send("POST", "/setup", nil, "Content-Type", "application/json").is(http.StatusUnprocessableEntity, "<h1>Become the operator</h1>")
}
