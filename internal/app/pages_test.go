package app

import (
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"slices"
	"strings"
	"testing"

	"igny8/internal/clock"
	"igny8/internal/tenant"
)

// tab is a browser's window without a browser: it keeps cookies, and follows
// where it is led.
func (h *house) tab() *http.Client {
	h.t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		h.t.Fatal(err)
	}
	return &http.Client{Jar: jar}
}

// TestTheCookieOpensNothingOfTheAPI: a page of another site can make a browser
// send it, and a script of ours that was tricked could read the answer.
func TestTheCookieOpensNothingOfTheAPI(t *testing.T) {
	t.Parallel()
	h := open(t, machine)
	tab := h.tab()
	p := someone("trial", "")
	form := url.Values{"country": {"DE"}, "payment_method": {"bank_transfer"}}
	for name, value := range p {
		form.Set(name, value.(string))
	}
	res, err := tab.PostForm(h.base+"/sign-up", form)
	if err != nil {
		t.Fatal(err)
	}
	if err := res.Body.Close(); err != nil || res.StatusCode != http.StatusOK || res.Request.URL.Path != "/home" {
		t.Fatalf("sign up: %d at %s %v", res.StatusCode, res.Request.URL, err)
	}
	base, err := url.Parse(h.base)
	if err != nil {
		t.Fatal(err)
	}
	var cookie, secret string
	for _, c := range tab.Jar.Cookies(base) {
		cookie, secret = cookie+c.Name+"="+c.Value+"; ", c.Value
	}
	if !strings.HasPrefix(secret, "igs_") {
		t.Fatalf("the cookies are %q", cookie)
	}
	for _, o := range h.operations() {
		if o.policy == "public" {
			continue
		}
		path := o.at(func(string) string { return "x" })
		// Who may come without a credential is a newcomer with the cookie too.
		if a := h.send(o.method, path, "", nil, "Cookie", cookie); o.policy != "anybody" && a.status != http.StatusUnauthorized {
			t.Errorf("%s with the cookie: %d %s", a.what, a.status, a.body)
		}
		if a := h.send(o.method, path, secret, nil); a.status != http.StatusUnauthorized {
			t.Errorf("%s with what is in the cookie: %d %s", a.what, a.status, a.body)
		}
	}
	// A new password ends it, whoever changed it, and where.
	in := h.send("POST", "/auth/login", "", object{"email": p["email"], "password": p["password"]}).is(http.StatusOK)
	h.send("POST", "/auth/password", in.text("access_token"), object{"current_password": p["password"], "password": "an entirely new one"}).is(http.StatusOK)
	if res, err = tab.Get(h.base + "/home"); err != nil {
		t.Fatal(err)
	}
	if err := res.Body.Close(); err != nil || res.Request.URL.Path != "/sign-in" {
		t.Errorf("after a new password the browser is at %s %v", res.Request.URL, err)
	}
}

// TestStaffsPagesNeedTheirPrivileges goes to each as somebody who has one
// privilege alone, and finds its use in the log.
func TestStaffsPagesNeedTheirPrivileges(t *testing.T) {
	t.Parallel()
	h := openWide(t, clock.Clock{})
	olga := h.operator()
	h.bankAccount(olga)
	line := h.newLine(olga, 100).text("id")
	payer := h.send("POST", "/auth/register", "", someone("growth", "bank_transfer")).is(http.StatusCreated)
	claim := h.send("POST", "/billing/payments", payer.text("access_token"), object{
		"invoice_id": payer.text("invoice.id"), "external_payment_id": "B-1", "amount": 20000, "payer_name": "B",
	}, "Idempotency-Key", "claim-one").is(http.StatusCreated).text("id")
	statement := h.send("GET", "/admin/bank-statements", olga, nil).is(http.StatusOK).item(0).text("id")
	account := "/staff/accounts/" + payer.text("account.id")
	confirm := []tenant.Privilege{tenant.PaymentsConfirm}
	both := []tenant.Privilege{tenant.PaymentsConfirm, tenant.PaymentsApprove}
	pages := map[string][]tenant.Privilege{
		"/staff/payments": both, "/staff/payments/" + claim: both, "/staff/payments/" + claim + "/reject": confirm, "/staff/payments/" + claim + "/undo": confirm,
		"/staff/payments/" + claim + "/send-back": confirm, "/staff/transfer": nil, "/staff/statements": confirm, "/staff/statements/" + statement: confirm,
		"/staff/mappings": confirm, "/staff/bank-lines/" + line: confirm, "/staff/bank-lines/" + line + "/ignore": confirm,
		"/staff/accounts": {tenant.AccountsRead}, account: {tenant.AccountsRead}, account + "/suspend": {tenant.AccountsSuspend}, account + "/reactivate": {tenant.AccountsSuspend},
		account + "/visit":   {tenant.SupportVisit},
		account + "/credits": {tenant.CreditsAdjust}, account + "/write-off": {tenant.CreditsAdjust}, "/staff/settings/bank-accounts": {tenant.PlansManage},
		"/staff/settings/company": {tenant.PlansManage}, "/staff/settings/approval": {tenant.PlansManage}, "/staff/settings/imports": both,
		"/staff/settings/flags": {tenant.FlagsManage}, "/staff/letters": {tenant.AuditRead}, "/staff/queue/": {tenant.JobsManage}, "/staff/audit": {tenant.AuditRead},
	}
	for _, p := range tenant.AllPrivileges() {
		who := someone("trial", "")
		a := h.send("POST", "/auth/register", "", who).is(http.StatusCreated)
		h.send("POST", "/admin/privileges", olga, object{"email": who["email"], "privilege": p}).is(http.StatusCreated)
		tab := h.tab()
		get := func(path string) int {
			t.Helper()
			res, err := tab.Get(h.base + path)
			if err == nil {
				err = res.Body.Close()
			}
			if err != nil {
				t.Fatal(err)
			}
			return res.StatusCode
		}
		res, err := tab.PostForm(h.base+"/sign-in", url.Values{"email": {who["email"].(string)}, "password": {who["password"].(string)}})
		if err == nil {
			err = res.Body.Close()
		}
		if err != nil || res.Request.URL.Path != "/home" {
			t.Fatalf("sign in: %v at %s", err, res.Request.URL)
		}
		for path, may := range pages {
			want := http.StatusForbidden
			if slices.Contains(may, p) || path == "/staff/transfer" && p == tenant.PaymentsConfirm {
				want = http.StatusOK
			}
			before := 0
			if want == http.StatusOK {
				before = h.events(olga, "staff:"+a.text("user.id"), p)
			}
			if got := get(path); got != want {
				t.Errorf("%s with %s: %d, want %d", path, p, got, want)
			}
			if want == http.StatusOK && len(may) > 0 && h.events(olga, "staff:"+a.text("user.id"), p) == before {
				t.Errorf("%s with %s is not in the log", path, p)
			}
		}
	}
}
