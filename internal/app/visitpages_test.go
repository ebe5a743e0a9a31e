package app

import (
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"igny8/internal/clock"
	"igny8/internal/tenant"
)

// window is one browser of somebody who is signed in.
type window struct {
	*house
	tab *http.Client
}

func (h *house) window(email, password string) window {
	h.t.Helper()
	w := window{h, h.tab()}
	w.post("/sign-in", url.Values{"email": {email}, "password": {password}})
	return w
}

// seen is the page that a request led to.
type seen struct {
	window
	status int
	at     string
	text   string
}

func (w window) seen(res *http.Response, err error) seen {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
	text, err := io.ReadAll(res.Body)
	if err == nil {
		err = res.Body.Close()
	}
	if err != nil {
		w.t.Fatal(err)
	}
	return seen{w, res.StatusCode, res.Request.URL.Path, string(text)}
}

func (w window) get(path string) seen {
	w.t.Helper()
	return w.seen(w.tab.Get(w.base + path))
}

func (w window) post(path string, form url.Values) seen {
	w.t.Helper()
	return w.seen(w.tab.PostForm(w.base+path, form))
}

// is fails the test unless the page is at an address, and says each text.
func (s seen) is(status int, at string, texts ...string) seen {
	s.t.Helper()
	if s.status != status || s.at != at {
		s.t.Errorf("%d at %s, want %d at %s", s.status, s.at, status, at)
	}
	for _, text := range texts {
		if !strings.Contains(s.text, text) {
			s.t.Errorf("%s does not say %q: %s", s.at, text, s.text)
		}
	}
	return s
}

func (s seen) lacks(texts ...string) seen {
	s.t.Helper()
	for _, text := range texts {
		if strings.Contains(s.text, text) {
			s.t.Errorf("%s says %q", s.at, text)
		}
	}
	return s
}

// TestSupportVisitsAnAccount from the operator's page, works there, and is sent
// away; comes again, to look, and stays too long.
func TestSupportVisitsAnAccount(t *testing.T) {
	t.Parallel()
	hand := clock.NewHand(time.Date(2030, 5, 6, 7, 8, 9, 0, time.UTC))
	h := openWide(t, hand.Clock())
	olga := h.operator()
	email := h.second(olga, tenant.AccountsRead, tenant.SupportVisit)
	p := someone("trial", "")
	p["account_name"] = "Honey & Sons"
	customer := h.send("POST", "/auth/register", "", p).is(http.StatusCreated)
	acc := customer.text("account.id")
	owner, support, elsewhere := h.window(p["email"].(string), p["password"].(string)), h.window(email, goodPassword), h.window(email, goodPassword)
	account := "/staff/accounts/" + acc
	const bar, honey = `aria-label="Support visit"`, "Honey &amp; Sons"

	support.get(account).is(http.StatusOK, account, "Visit as support …").lacks(bar)
	support.get(account+"/visit").is(http.StatusOK, account+"/visit", honey, "Only look", "4 hours")
	asked := url.Values{"reason": {"Their export\x00"}, "may": {"work"}, "for": {"60"}}
	support.post(account+"/visit", asked).is(http.StatusUnprocessableEntity, account+"/visit", "field-reason-mistake", `value="work" checked`, `value="60" checked`)
	asked.Set("reason", "Their import fails.")
	asked.Set("for", "600")
	support.post(account+"/visit", asked).is(http.StatusUnprocessableEntity, account+"/visit", "field-for-mistake", "Their import fails.")
	asked.Set("for", "60")
	support.post(account+"/visit", asked).is(http.StatusOK, "/home", bar, honey, "Their import fails.", "You may change its sites and content.", `action="/visit/leave"`)

	// The bar is on each page, and his own are his.
	for _, path := range []string{"/keywords", "/sites", "/billing", "/team", "/staff", account, "/visit"} {
		support.get(path).is(http.StatusOK, path, bar, honey)
	}
	for _, path := range []string{"/you", "/password", "/sessions", "/second-factor", "/accounts"} {
		support.get(path).is(http.StatusOK, path, bar, email).lacks(p["email"].(string))
	}
	for _, path := range []string{"/keys", "/ai-provider", "/billing/plans", "/log", "/account/export", "/nothing"} {
		if s := support.get(path); s.status != http.StatusForbidden && s.status != http.StatusNotFound || !strings.Contains(s.text, bar) {
			t.Errorf("%s: %d %s", path, s.status, s.text)
		}
	}
	for path, form := range map[string]url.Values{
		"/team/invitations": {"email": {"eve@example.com"}, "role": {"owner"}}, "/billing/cancel": {}, "/keys": {"name": {"k"}}, "/log/visits/end": {},
	} {
		if s := support.post(path, form); s.status != http.StatusForbidden {
			t.Errorf("POST %s: %d %s", path, s.status, s.text)
		}
	}
	elsewhere.get("/sites").is(http.StatusOK, "/sites").lacks(bar, honey)
	support.post("/sites/new", url.Values{"name": {"Shop"}, "domain": {"shop.example"}, "language": {"en"}}).is(http.StatusOK, "/keywords")

	site := h.send("GET", "/sites", customer.text("access_token"), nil).is(http.StatusOK).item(0).text("id")
	pipeline := url.Values{"steps": {"write", "approve"}, "ideas_per_day": {"1"}, "articles_per_day": {"1"}, "posts_per_day": {"1"}}
	support.post("/sites/"+site+"/pipeline", pipeline).is(http.StatusForbidden, "/sites/"+site+"/pipeline", "content.approve", bar)
	pipeline["steps"] = pipeline["steps"][:1]
	support.post("/sites/"+site+"/pipeline", pipeline).is(http.StatusOK, "/sites/"+site+"/pipeline", "Kept.")

	// What he orders is in the ledger as his.
	access := customer.text("access_token")
	h.send("POST", "/planner/keywords", access, object{"site_id": site, "keywords": []object{{"phrase": "buy honey"}, {"phrase": "buy raw honey"}}}).is(http.StatusCreated)
	if ordered := support.post("/keywords/group", url.Values{"site": {site}}); !strings.HasPrefix(ordered.at, "/jobs/") {
		t.Errorf("ordered: %d at %s: %s", ordered.status, ordered.at, ordered.text)
	} else {
		h.done(access, strings.TrimPrefix(ordered.at, "/jobs/"))
	}
	if got := h.send("GET", "/billing/credits/entries", access, nil).is(http.StatusOK).item(0).text("actor"); !strings.HasPrefix(got, "staff:usr_") {
		t.Errorf("the ledger says that %s spent the credits", got)
	}

	// The account reads of it, and ends it.
	log := owner.get("/log").is(http.StatusOK, "/log", "Support is in this account", "Their import fails.", "Support visit began", "Site added", "The operator", "Visit accounts as support").lacks(email)
	_, rest, _ := strings.Cut(log.text, `name="visit" value="`)
	vid, _, _ := strings.Cut(rest, `"`)
	owner.post("/log/visits/end", url.Values{"visit": {vid}}).is(http.StatusOK, "/log", "Support is out of the account.", "Support visit ended").lacks("Send support away")
	owner.post("/log/visits/end", url.Values{"visit": {vid}}).is(http.StatusOK, "/log", "There is no such visit")
	support.get("/sites").is(http.StatusOK, "/visit", "The visit is over", "Somebody of the account ended it.").lacks(bar)
	support.post("/sites/new", url.Values{"name": {"Late"}, "domain": {"late.example"}}).is(http.StatusOK, "/visit", "The visit is over")
	support.post("/visit/leave", url.Values{}).is(http.StatusOK, account, "Ended by the account", "Their import fails.", email)
	support.get("/sites").lacks("shop.example")

	// Again, only to look, and for too long.
	asked = url.Values{"reason": {"Have a look."}, "may": {"look"}, "for": {"15"}}
	support.post(account+"/visit", asked).is(http.StatusOK, "/home", bar, "You may only look.")
	support.get("/sites").is(http.StatusOK, "/sites", "shop.example").lacks("/sites/new")
	support.post("/sites/new", url.Values{"name": {"Shop"}, "domain": {"two.example"}}).is(http.StatusForbidden, "/sites/new", bar)
	hand.Advance(15 * time.Minute)
	support.get("/sites").is(http.StatusOK, "/visit", "It was for 15 minutes")
	support.get("/staff").is(http.StatusOK, "/staff").lacks(bar)
	support.post("/visit/leave", url.Values{}).is(http.StatusOK, account)
	support.get("/visit").is(http.StatusNotFound, "/visit")

	// Signing out ends it too.
	support.post(account+"/visit", asked).is(http.StatusOK, "/home", bar)
	support.post("/sign-out", url.Values{}).is(http.StatusOK, "/sign-in")
	owner.get("/log").lacks("Support is in this account")
	if got := h.send("GET", "/sites", access, nil).is(http.StatusOK); strings.Contains(string(got.body), "late.example") || strings.Contains(string(got.body), "two.example") {
		t.Errorf("sites %s", got.body)
	}
}

// TestASuspendedAccountIsVisitedToLook by support, who sees what its people do not.
func TestASuspendedAccountIsVisitedToLook(t *testing.T) {
	t.Parallel()
	h := openWide(t, clock.Clock{})
	olga := h.operator()
	email := h.second(olga, tenant.SupportVisit)
	customer := h.send("POST", "/auth/register", "", someone("trial", "")).is(http.StatusCreated)
	acc := customer.text("account.id")
	h.send("POST", "/admin/accounts/"+acc+"/suspend", olga, object{"reason": "a test"}).is(http.StatusOK)
	support := h.window(email, goodPassword)
	account := "/staff/accounts/" + acc + "/visit"
	asked := url.Values{"reason": {"x"}, "may": {"work"}, "for": {"15"}}
	support.post(account, asked).is(http.StatusConflict, account, "only to look")
	asked.Set("may", "look")
	support.post(account, asked).is(http.StatusOK, "/home", "Agency")
	support.get("/billing").is(http.StatusOK, "/billing")
	// He may not look at accounts, and has one of his own.
	support.post("/visit/leave", url.Values{}).is(http.StatusOK, "/home", "You have left the account.")
	system := h.send("POST", "/admin/accounts", olga, object{"kind": "system", "name": "Reports"}).is(http.StatusCreated).text("id")
	account = "/staff/accounts/" + system + "/visit"
	support.post(account, asked).is(http.StatusConflict, account, "cannot be visited")
	nobody := "/staff/accounts/" + tenant.NewAccountID().String() + "/visit"
	support.post(nobody, asked).is(http.StatusNotFound, nobody)
}
