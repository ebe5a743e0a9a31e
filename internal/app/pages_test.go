package app

import (
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"testing"
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
		if a := h.send(o.method, path, "", nil, "Cookie", cookie); a.status != http.StatusUnauthorized {
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
