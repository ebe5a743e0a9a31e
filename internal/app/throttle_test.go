package app

import (
	"context"
	"fmt"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"igny8/internal/account"
	"igny8/internal/clock"
	"igny8/internal/config"
	"igny8/internal/identity"
	"igny8/internal/tenant"
	"igny8/internal/throttle/redistest"
)

var newYear = time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)

// rate sets one of the rates of every plan.
func (h *house) rate(column string, n int) {
	h.t.Helper()
	err := h.s.store.UpdateShared(h.t.Context(), func(ctx context.Context, tx *tenant.SharedTx) error {
		_, err := tx.Exec(ctx, `UPDATE plans SET `+column+` = $1`, n)
		return err
	})
	if err != nil {
		h.t.Fatal(err)
	}
}

// key makes an API key that may read.
func (h *house) key(token string) string {
	h.t.Helper()
	return h.send("POST", "/account/api-keys", token, object{"name": "k", "scopes": []string{"content.read"}}).is(http.StatusCreated).text("key")
}

// counted fails the test unless the answer says how it was counted.
func (a answer) counted(policy, left string) answer {
	a.t.Helper()
	if a.header.Get("RateLimit-Policy") != policy || a.header.Get("RateLimit") != left {
		a.t.Errorf("%s: counted %q %q, want %q %q", a.what, a.header.Get("RateLimit-Policy"), a.header.Get("RateLimit"), policy, left)
	}
	return a
}

func TestOneRequestTooMany(t *testing.T) {
	t.Parallel()
	hand := clock.NewHand(newYear)
	h := open(t, hand.Clock())
	h.rate("rate_read", 5)
	token, other := h.member(), h.member()
	for i := range 5 {
		h.send("GET", "/sites", token, nil).is(http.StatusOK).counted(`"read";q=5;w=60`, fmt.Sprintf(`"read";r=%d;t=%d`, 4-i, 12*(i+1)))
	}
	refused := h.send("GET", "/planner/keywords", token, nil).fault(http.StatusTooManyRequests, "throttle.exceeded").
		counted(`"read";q=5;w=60`, `"read";r=0;t=12`)
	if refused.header.Get("Retry-After") != "12" || refused.get("retry_after") != 12.0 || refused.text("scope") != "read" {
		t.Errorf("refused with %v %s", refused.header, refused.body)
	}
	h.send("GET", "/sites", other, nil).is(http.StatusOK).counted(`"read";q=5;w=60`, `"read";r=4;t=12`)
	if a := h.send("POST", "/sites", token, object{"name": "S", "domain": "example.com"}).is(http.StatusCreated); a.header.Get("Retry-After") != "" {
		t.Errorf("a write waits for reads: %v", a.header)
	}
	hand.Advance(12*time.Second - time.Microsecond)
	h.send("GET", "/sites", token, nil).fault(http.StatusTooManyRequests, "throttle.exceeded").counted(`"read";q=5;w=60`, `"read";r=0;t=1`)
	hand.Advance(time.Microsecond)
	h.send("GET", "/sites", token, nil).is(http.StatusOK)
	h.send("GET", "/sites", token, nil).is(http.StatusTooManyRequests)
	h.rate("rate_read", 600) // counts from the next request on
	hand.Advance(100 * time.Millisecond)
	h.send("GET", "/sites", token, nil).is(http.StatusOK)
}

// TestUsersAndKeysOfAnAccountShare uses up a bucket with whatever credential
// the account has.
func TestUsersAndKeysOfAnAccountShare(t *testing.T) {
	t.Parallel()
	h := open(t, clock.At(newYear))
	h.rate("rate_read", 4)
	token := h.member()
	first, second := h.key(token), h.key(token)
	colleague := h.colleague(token)
	for i, credential := range []string{token, first, second, colleague} {
		h.send("GET", "/sites", credential, nil).is(http.StatusOK).counted(`"read";q=4;w=60`, fmt.Sprintf(`"read";r=%d;t=%d`, 3-i, 15*(i+1)))
	}
	for _, credential := range []string{token, first, second, colleague} {
		h.send("GET", "/sites", credential, nil).fault(http.StatusTooManyRequests, "throttle.exceeded")
	}
}

// colleague is the access token of a second member.
func (h *house) colleague(token string) string {
	h.t.Helper()
	ctx, ids := h.t.Context(), h.s.identity
	owner, err := ids.Admit(ctx, "Bearer "+token, identity.Tenant(tenant.ManageTeam))
	if err != nil {
		h.t.Fatal(err)
	}
	who, err := ids.Admit(ctx, "Bearer "+h.member(), identity.AnyUser())
	if err != nil {
		h.t.Fatal(err)
	}
	err = h.s.store.Update(ctx, owner.Scope, func(ctx context.Context, tx *tenant.Tx) error {
		return account.AddMember(ctx, tx, who.User, account.Editor)
	})
	if err != nil {
		h.t.Fatal(err)
	}
	in, err := ids.Enter(ctx, who, owner.Scope.Account(), identity.Client{})
	if err != nil {
		h.t.Fatal(err)
	}
	return in.Access
}

// TestWhatIsCountedAsWhat names the bucket of one route of each kind.
func TestWhatIsCountedAsWhat(t *testing.T) {
	t.Parallel()
	h := open(t, clock.At(newYear))
	token := h.member()
	for _, c := range []struct {
		method, path, credential string
		body                     any
		policy                   string
	}{
		{"GET", "/plans", "", nil, `"read";q=600;w=60`},
		{"GET", "/sites", token, nil, `"read";q=600;w=60`},
		{"GET", "/billing/credits", token, nil, `"read";q=600;w=60`},
		{"POST", "/sites", token, object{}, `"write";q=300;w=60`},
		{"POST", "/planner/keywords/auto_cluster", token, object{}, `"ai";q=60;w=60`},
		{"POST", "/planner/clusters/generate_ideas", token, object{}, `"ai";q=60;w=60`},
		{"POST", "/writer/tasks/generate_content", token, object{}, `"ai";q=60;w=60`},
		{"GET", "/auth/me", token, nil, `"person";q=1200;w=60`},
		{"POST", "/auth/refresh", "", object{"refresh_token": "x"}, `"auth";q=120;w=60`},
		{"POST", "/auth/login", "", object{"email": "a@example.com", "password": "x"}, `"auth";q=120;w=60, "auth_email";q=10;w=300`},
		{"GET", "/sites", "", nil, ""},
		{"GET", "/sites", token + "x", nil, ""},
		{"GET", "/admin/accounts", token, nil, ""},
	} {
		a := h.send(c.method, c.path, c.credential, c.body)
		if got := a.header.Get("RateLimit-Policy"); got != c.policy {
			t.Errorf("%s: %d, counted as %q, want %q", a.what, a.status, got, c.policy)
		}
	}
	pending := h.send("POST", "/auth/register", "", someone("growth", "bank_transfer")).is(http.StatusCreated).text("access_token")
	h.send("GET", "/billing/invoices", pending, nil).is(http.StatusOK).counted(`"read";q=600;w=60`, `"read";r=599;t=1`)
	rates := h.send("GET", "/plans", "", nil).is(http.StatusOK).get("items").([]any)[2].(map[string]any)["rates"]
	if fmt.Sprint(rates) != "map[ai:120 bridge:600 read:1200 write:600]" {
		t.Errorf("growth has the rates %v", rates)
	}
	if a := h.send("POST", "page:/setup", "", "token=x"); !strings.HasPrefix(a.header.Get("RateLimit-Policy"), `"auth"`) {
		t.Errorf("the setup page is not counted: %v", a.header)
	}
}

// TestEveryRouteIsCounted reads the document that is made from the routes. What
// is sent without a credential and is not just looked at counts as a sign-in,
// and a new route is in the test by itself.
func TestEveryRouteIsCounted(t *testing.T) {
	t.Parallel()
	h := open(t, clock.At(newYear))
	counted := 0
	for path, item := range h.send("GET", "/openapi.json", "", nil).is(http.StatusOK).get("paths").(map[string]any) {
		for method, operation := range item.(map[string]any) {
			o := operation.(map[string]any)
			scope, access := o["x-throttle"], o["x-access"]
			counted++
			if _, told := o["responses"].(map[string]any)["429"]; !told {
				t.Errorf("%s %s does not say that it may be answered 429", method, path)
			}
			switch scope {
			case "read", "write", "ai", "bridge", "person", "auth", "vendor":
			default:
				t.Errorf("%s %s is counted as %v", method, path, scope)
			}
			if access == "public" && method != "get" && scope != "auth" && scope != "vendor" {
				t.Errorf("%s %s asks for no credential, and is counted as %v", method, path, scope)
			}
		}
	}
	if counted < 40 {
		t.Errorf("looked at %d operations only", counted)
	}
	t.Logf("looked at %d operations", counted)
}

func TestExemptByPrivilegeAndDebugAlone(t *testing.T) {
	t.Parallel()
	h := open(t, clock.At(newYear))
	h.send("GET", "/admin/accounts", h.operator(), nil).is(http.StatusOK).counted("", "")
	h.send("GET", "/admin/accounts", h.staff(tenant.AccountsRead), nil).is(http.StatusOK).counted(`"person";q=1200;w=60`, `"person";r=1199;t=1`)

	olga := h.staff(tenant.PrivilegesManage)
	acc := "/admin/accounts/" + h.send("POST", "/admin/accounts", olga, object{"kind": "system", "name": "Watchdog"}).is(http.StatusCreated).text("id")
	key := h.send("POST", acc+"/api-keys", olga, object{"name": "k", "scopes": []string{"content.read"}}).is(http.StatusCreated).text("key")
	h.send("GET", "/sites", key, nil).is(http.StatusOK).counted(`"read";q=600;w=60`, `"read";r=599;t=1`)
	h.send("POST", acc+"/privileges", olga, object{"privilege": "throttle.exempt"}).is(http.StatusCreated)
	h.send("GET", "/sites", key, nil).is(http.StatusOK).counted("", "")

	cfg := settings(t)
	cfg.Debug = true
	open := openOn(t, clock.At(newYear), cfg)
	open.rate("rate_read", 1)
	token := open.member()
	for range 3 {
		open.send("GET", "/sites", token, nil).is(http.StatusOK).counted("", "")
	}
}

// TestForwardedAddressesAreNotBelieved signs out 121 times, with another
// X-Forwarded-For each time.
func TestForwardedAddressesAreNotBelieved(t *testing.T) {
	t.Parallel()
	out := func(h *house, from int) answer {
		return h.send("POST", "/auth/logout", "", object{"refresh_token": "x"}, "X-Forwarded-For", fmt.Sprintf("198.51.100.%d", from))
	}
	h := open(t, clock.At(newYear))
	for i := range 120 {
		if a := out(h, i); a.status == http.StatusTooManyRequests {
			t.Fatalf("request %d: %s", i, a.body)
		}
	}
	out(h, 200).fault(http.StatusTooManyRequests, "throttle.exceeded").counted(`"auth";q=120;w=60`, `"auth";r=0;t=1`)

	cfg := settings(t)
	cfg.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}
	behind := openOn(t, clock.At(newYear), cfg)
	for range 120 {
		out(behind, 1)
	}
	out(behind, 1).fault(http.StatusTooManyRequests, "throttle.exceeded")
	if a := out(behind, 2).counted(`"auth";q=120;w=60`, `"auth";r=119;t=1`); a.status == http.StatusTooManyRequests {
		t.Errorf("another client of the proxy: %s", a.body)
	}
}

// TestOneMailboxFromManyAddresses tries passwords from everywhere.
func TestOneMailboxFromManyAddresses(t *testing.T) {
	t.Parallel()
	hand := clock.NewHand(newYear)
	cfg := settings(t)
	cfg.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}
	h := openOn(t, hand.Clock(), cfg)
	p := someone("trial", "")
	h.send("POST", "/auth/register", "", p).is(http.StatusCreated)
	spellings := []string{p["email"].(string), strings.ToUpper(p["email"].(string)), " " + p["email"].(string)}
	guess := func(i int, password any) answer {
		return h.send("POST", "/auth/login", "", object{"email": spellings[i%3], "password": password}, "X-Forwarded-For", fmt.Sprintf("2001:db8:%d::1", i))
	}
	for i := range 10 {
		guess(i, "guess").fault(http.StatusUnauthorized, "auth.bad_credentials")
	}
	refused := guess(10, p["password"]).fault(http.StatusTooManyRequests, "throttle.exceeded").
		counted(`"auth";q=120;w=60, "auth_email";q=10;w=300`, `"auth";r=119;t=1, "auth_email";r=0;t=30`)
	if refused.header.Get("Retry-After") != "30" || refused.text("scope") != "auth_email" {
		t.Errorf("refused with %v %s", refused.header, refused.body)
	}
	h.send("POST", "/auth/login", "", object{"email": "nobody@example.com", "password": "guess"}).fault(http.StatusUnauthorized, "auth.bad_credentials")
	hand.Advance(30 * time.Second)
	guess(11, p["password"]).is(http.StatusOK)
}

// pair is two servers on one database and one Redis.
func pair(t *testing.T, url string) (a, b *house) {
	t.Helper()
	cfg := settings(t)
	cfg.Redis = config.NewSecret(url)
	a, b = openOn(t, clock.Clock{}, cfg), openOn(t, clock.Clock{}, cfg)
	together := func() bool { return a.s.shared.State().Processes == 2 && b.s.shared.State().Processes == 2 }
	for end := time.Now().Add(30 * time.Second); !together(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("the servers have not seen each other in 30 s")
		}
	}
	return a, b
}

// storm sends n requests at once, to all servers in turn, and counts those
// that are let in; the others must be refused for their number. The bucket has
// allowed, and may have filled up by some more while the test ran.
func storm(t *testing.T, n int, key string, allowed int, each time.Duration, all ...*house) {
	t.Helper()
	began := time.Now()
	var passed atomic.Int64
	var wg sync.WaitGroup
	client := &http.Client{Transport: &http.Transport{MaxConnsPerHost: 100}}
	defer client.CloseIdleConnections()
	for i := range n {
		wg.Go(func() {
			req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, all[i%len(all)].base+"/api/v1/sites", nil)
			if err != nil {
				t.Error(err)
				return
			}
			req.Header.Set("Authorization", "Bearer "+key)
			res, err := client.Do(req)
			if err != nil {
				t.Error(err)
				return
			}
			_ = res.Body.Close() // nothing of it is read
			switch res.StatusCode {
			case http.StatusOK:
				passed.Add(1)
			case http.StatusTooManyRequests:
			default:
				t.Errorf("a request was answered %s", res.Status)
			}
		})
	}
	wg.Wait()
	got, most := int(passed.Load()), allowed+int(time.Since(began)/each)
	if got < allowed || got > most {
		t.Errorf("%d of %d were let in, want %d to %d", got, n, allowed, most)
	}
	t.Logf("%d of %d were let in, in %s", got, n, time.Since(began))
}

func TestTwoServersShareARate(t *testing.T) {
	t.Parallel()
	a, b := pair(t, redistest.Start(t).URL())
	a.rate("rate_read", 2)
	key := a.key(a.member())
	storm(t, 1000, key, 2, 30*time.Second, a, b)
	b.send("GET", "/sites", key, nil).is(http.StatusTooManyRequests)
	storm(t, 10, b.key(b.member()), 2, 30*time.Second, a, b)
	if n := a.s.shared.State().Fallbacks + b.s.shared.State().Fallbacks; n != 0 {
		t.Errorf("%d requests were decided without Redis", n)
	}
}

func TestRedisDiesInTheMiddle(t *testing.T) {
	t.Parallel()
	redis := redistest.Start(t)
	a, b := pair(t, redis.URL())
	a.rate("rate_read", 2)
	key := a.key(a.member())
	storm(t, 20, key, 2, 30*time.Second, a, b)
	redis.Stop()
	storm(t, 20, key, 1, time.Minute, a)
	storm(t, 20, key, 1, time.Minute, b)
	if policy := a.send("GET", "/sites", key, nil).is(http.StatusTooManyRequests).header.Get("RateLimit-Policy"); policy != `"read";q=1;w=60` {
		t.Errorf("the share is told as %s", policy)
	}
	if s := a.s.shared.State(); !s.Away || s.Losses != 1 || s.Fallbacks < 10 {
		t.Errorf("away: %+v", s)
	}
	redis.Again()
	for end := time.Now().Add(30 * time.Second); a.s.shared.State().Away || b.s.shared.State().Away; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("Redis has not been found again in 30 s")
		}
	}
	storm(t, 20, a.key(a.member()), 2, 30*time.Second, a, b)
}
