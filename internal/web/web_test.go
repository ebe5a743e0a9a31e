package web_test

import (
	"bytes"
	"context"
	"html"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"igny8/internal/api"
	"igny8/internal/clock"
	"igny8/internal/db"
	"igny8/internal/db/dbtest"
	"igny8/internal/httpx"
	"igny8/internal/identity"
	"igny8/internal/identity/identitytest"
	"igny8/internal/payment"
	"igny8/internal/plan"
	"igny8/internal/replay"
	"igny8/internal/subscription"
	"igny8/internal/tenant"
	"igny8/internal/throttle"
	"igny8/internal/web"
	"igny8/internal/web/assets"
)

// house is the pages of a server that nobody operates yet.
type house struct {
	t    testing.TB
	d    *db.DB
	ids  *identity.Service
	hand *clock.Hand
	st   *tenant.Store

	pages *web.Web
	web   http.Handler
}

// base is where people reach the server.
const base = identitytest.Issuer

func newHouse(t testing.TB) *house {
	t.Helper()
	return newHouseWith(t, true)
}

// newHouseWith counts requests unless idle.
func newHouseWith(t testing.TB, idle bool) *house {
	t.Helper()
	hand := clock.NewHand(time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC))
	h := &house{t: t, d: dbtest.OpenAt(t, hand.Clock()), hand: hand}
	log := slog.New(slog.NewTextHandler(complaint{t}, nil))
	h.ids = identitytest.New(t, h.d, identity.Options{Log: log, Standing: func(ctx context.Context, r tenant.Reader) (identity.Terms, error) {
		return subscription.TermsOf(ctx, r)
	}, Unpaid: api.Unpaid})
	st := tenant.NewStore(h.d)
	h.st = st
	if err := st.UpdateShared(t.Context(), plan.Seed); err != nil {
		t.Fatal(err)
	}
	kept, err := replay.New(h.d, bytes.Repeat([]byte{7}, 32))
	if err != nil {
		t.Fatal(err)
	}
	h.pages = web.New(web.Rooms{
		Store: st, Identity: h.ids, Desk: payment.NewDesk(h.ids), Replay: kept, Throttle: throttle.NewGate(throttle.NewMemory(hand.Clock()), idle), BaseURL: base, Log: log,
	})
	pages := h.pages
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
	r := httptest.NewRequest(method, base+path, strings.NewReader(form.Encode())).WithContext(h.t.Context())
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

// leads fails the test unless the page leads on to a path.
func (p page) leads(path string) page {
	p.t.Helper()
	if at := p.header.Get("Location"); p.status != http.StatusSeeOther || at != path {
		p.t.Errorf("%s: %d leads to %q, want %q: %s", p.what, p.status, at, path, p.text)
	}
	return p
}

// cookies is what a browser sends with its next request.
func (p page) cookies() string {
	var all []string
	for _, c := range (&http.Response{Header: p.header}).Cookies() {
		if c.MaxAge >= 0 {
			all = append(all, c.Name+"="+c.Value)
		}
	}
	return strings.Join(all, "; ")
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
	p := h.send("GET", "/", nil).is(http.StatusOK, "<!doctype html>", `<html lang="en"`, "Turn a keyword list into articles", "€100.00", `href="/docs"`)
	if got := p.header.Get("Content-Type"); got != "text/html; charset=utf-8" {
		t.Errorf("content type %q", got)
	}
	h.send("HEAD", "/", nil).is(http.StatusOK)
}

func TestNoSuchPage(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	for _, path := range []string{"/nothing", "/setup/x", "/static/app.css", "/static/nothing.css.bak/x", "/index.php"} {
		if p := h.send("GET", path, nil); p.status != http.StatusNotFound {
			t.Errorf("%s: %d", path, p.status)
		}
	}
	p := h.send("GET", "/<script>alert(1)</script>", nil).is(http.StatusNotFound, "There is no such page.", "Page not found", `href="/"`)
	if !strings.Contains(p.text, ">"+p.header.Get("X-Request-Id")+"<") || strings.Contains(p.text, "alert") {
		t.Errorf("the page says %s", p.text)
	}
	h.send("POST", "/", url.Values{}).is(http.StatusNotFound)
	h.send("DELETE", "/setup", nil).is(http.StatusNotFound)
}

// inline is what a strict policy does not let run or apply.
var inline = regexp.MustCompile(`(?i)<script>|<script [^>]*>[^<]|<style|\sstyle=|\son[a-z]+=|javascript:`)

func TestEveryAnswerIsGuarded(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	for _, p := range []page{
		h.send("GET", "/", nil), h.send("GET", "/nothing", nil), h.send("GET", "/setup?token=x", nil), h.send("GET", assets.Path("app.css"), nil), h.send("GET", "/home", nil),
		h.send("POST", "/setup", olga("x")), h.send("POST", "/setup", olga("x"), "Sec-Fetch-Site", "cross-site"),
	} {
		csp := p.header.Get("Content-Security-Policy")
		for _, rule := range []string{"default-src 'none'", "frame-ancestors 'none'", "form-action 'self'", "base-uri 'none'"} {
			if !strings.Contains(csp, rule) {
				t.Errorf("%s: the policy %q lacks %q", p.what, csp, rule)
			}
		}
		if strings.Contains(csp, "unsafe") || strings.Contains(csp, "*") || strings.Contains(csp, "http") {
			t.Errorf("%s: the policy %q lets in what is not ours", p.what, csp)
		}
		if p.header.Get("X-Content-Type-Options") != "nosniff" || p.header.Get("Referrer-Policy") != "same-origin" {
			t.Errorf("%s: headers %v", p.what, p.header)
		}
		if p.status == http.StatusOK && strings.Contains(p.header.Get("Content-Type"), "text/html") && p.header.Get("Cache-Control") != "no-store" {
			t.Errorf("%s may be kept: %v", p.what, p.header)
		}
		if inline.MatchString(p.text) {
			t.Errorf("%s holds what its own policy forbids: %s", p.what, inline.FindString(p.text))
		}
	}
}

func TestTheFirstOperatorComesByTheForm(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	token := h.token()
	h.send("GET", "/setup?token="+token, nil).is(http.StatusOK, "Become the operator</h1>", `value="`+token+`"`, `<form method="post" action="/setup"`)
	p := h.send("POST", "/setup", olga(token), "Sec-Fetch-Site", "same-origin").leads("/staff")
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
	h.send("POST", "/setup", second).is(http.StatusUnprocessableEntity, `role="alert"`)
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
		"a token of nobody's": {"token", "igl_" + strings.Repeat("0", 40), http.StatusUnprocessableEntity, ""},
		"no token":            {"token", "", http.StatusUnprocessableEntity, ""},
		"a NUL in the name":   {"first_name", "Ol\x00ga", http.StatusUnprocessableEntity, "name"},
		"a NUL in the token":  {"token", token + "\x00", http.StatusUnprocessableEntity, ""},
	} {
		form := olga(token)
		form.Set(tt.field, tt.value)
		p := h.send("POST", "/setup", form).is(tt.status, "Become the operator</h1>", `role="alert"`)
		// What is wrong with a field is said beside it, and nowhere else.
		beside := regexp.MustCompile(`id="field-` + tt.field + `-mistake"[^>]*>(?s:.*?)<span>([^<]*)</span>`).FindStringSubmatch(p.text)
		if tt.trouble != "" && (beside == nil || !strings.Contains(strings.ToLower(beside[1]), tt.trouble) || !strings.Contains(p.text, `aria-describedby="field-`+tt.field+`-mistake`)) {
			t.Errorf("%s: told %q", name, beside)
		}
		for _, field := range []string{"token", "email", "first_name", "last_name"} {
			want := regexp.MustCompile(`name="` + field + `"( type="\w+")? value="` + regexp.QuoteMeta(html.EscapeString(form.Get(field))) + `"`)
			if !want.MatchString(p.text) {
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
	h.send("POST", "/setup", olga(token)).leads("/staff") // the token is as good as before
}

func TestALinkLastsADay(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	token := h.token()
	h.hand.Advance(24 * time.Hour)
	h.send("POST", "/setup", olga(token)).is(http.StatusUnprocessableEntity, `role="alert"`)
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
			if strings.Contains(p.text, evil) || strings.Contains(p.text, "<img") {
				t.Errorf("%s with %q: %s", p.what, evil, p.text)
			}
			p.is(p.status, html.EscapeString(evil[:1]))
		}
	}
	form := olga(h.token())
	form.Set("first_name", "<script>alert(1)</script>") // a name may be strange
	if p := h.send("GET", "/staff", nil, "Cookie", h.send("POST", "/setup", form).leads("/staff").cookies()).is(http.StatusOK); strings.Contains(p.text, "alert(1)") {
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
	h.send("POST", "/setup", olga(token), "Origin", base).leads("/staff")
}

func TestAFormThatCannotBeRead(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	big := olga(h.token())
	big.Set("last_name", strings.Repeat("x", 16<<10))
	h.send("POST", "/setup", big).is(http.StatusBadRequest, "could not be read")
	h.send("POST", "/setup", nil, "Content-Type", "application/json").is(http.StatusUnprocessableEntity, "Become the operator</h1>")
}
