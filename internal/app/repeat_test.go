package app

import (
	"bytes"
	"context"
	"net/http"
	"path/filepath"
	"sync"
	"testing"

	"igny8/internal/clock"
	"igny8/internal/config"
	"igny8/internal/db"
	"igny8/internal/db/dbtest"
)

func (h *house) count(query string) (n int) {
	h.t.Helper()
	err := h.s.db.View(h.t.Context(), func(ctx context.Context, v *db.View) error { return v.Get(ctx, query, nil, &n) })
	if err != nil {
		h.t.Fatal(err)
	}
	return n
}

// TestRepeatsAreAnsweredAlikeAfterARestart sends one POST of every kind of
// owner twice, and once more to the next process on the same data.
func TestRepeatsAreAnsweredAlikeAfterARestart(t *testing.T) {
	t.Parallel()
	cfg := config.Config{Addr: "127.0.0.1:0", Data: filepath.Join(t.TempDir(), "data"), Database: dbtest.URL(t), AI: config.AI{Provider: config.Offline}}
	h := openOn(t, clock.Clock{}, cfg)
	olga := h.operator()
	p := someone("trial", "")
	a := h.send("POST", "/auth/register", "", p, "Idempotency-Key", "k").is(http.StatusCreated)
	token, acc := a.text("access_token"), "/admin/accounts/"+a.text("account.id")
	in := h.send("POST", "/auth/login", "", object{"email": p["email"], "password": p["password"]}).is(http.StatusOK)
	out := h.send("POST", "/auth/login", "", object{"email": p["email"], "password": p["password"]}).is(http.StatusOK)
	requests := []struct {
		path, credential string
		body             object
		other            object // another body
	}{
		{"/auth/register", "", p, someone("trial", "")},
		{"/auth/login", "", object{"email": p["email"], "password": p["password"]}, object{"email": p["email"], "password": "another"}},
		{"/auth/refresh", "", object{"refresh_token": in.text("refresh_token")}, object{"refresh_token": "another"}},
		{"/auth/logout", "", object{"refresh_token": out.text("refresh_token")}, object{"refresh_token": "another"}},
		{"/sites", token, object{"name": "Site", "domain": "example.com"}, object{"name": "Site", "domain": "example.org"}},
		{"/admin/privileges", olga, object{"email": p["email"], "privilege": "audit.read"}, object{"email": p["email"], "privilege": "flags.manage"}},
		{"/admin/accounts", olga, object{"kind": "system", "name": "One"}, object{"kind": "system", "name": "Two"}},
		{acc + "/credits", olga, object{"amount": 5, "reason": "x"}, object{"amount": 6, "reason": "x"}},
		{acc + "/suspend", olga, object{"reason": "x"}, object{"reason": "y"}},
	}
	first := make([]answer, len(requests))
	key := func(i int) string { return string(rune('k' + i)) }
	for i, r := range requests {
		first[i] = h.send("POST", r.path, r.credential, r.body, "Idempotency-Key", key(i))
		if first[i].status >= 300 {
			t.Fatalf("%s: %d %s", r.path, first[i].status, first[i].body)
		}
	}
	h.send("POST", acc+"/reactivate", olga, object{"reason": "x"}).is(http.StatusOK)
	sessions, sites, users := h.count(`SELECT count(*) FROM token_families`), h.count(`SELECT count(*) FROM sites`), h.count(`SELECT count(*) FROM accounts`)
	alike := func(h *house) {
		t.Helper()
		for i, r := range requests {
			again := h.send("POST", r.path, r.credential, r.body, "Idempotency-Key", key(i))
			if again.status != first[i].status || !bytes.Equal(again.body, first[i].body) || again.header.Get("Content-Type") != first[i].header.Get("Content-Type") {
				t.Errorf("%s answered %d %s\n%s\nand then %d %s\n%s", r.path, first[i].status, first[i].header, first[i].body, again.status, again.header, again.body)
			}
			h.send("POST", r.path, r.credential, r.other, "Idempotency-Key", key(i)).fault(422, "idempotency.mismatch")
		}
		if h.count(`SELECT count(*) FROM token_families`) != sessions || h.count(`SELECT count(*) FROM sites`) != sites || h.count(`SELECT count(*) FROM accounts`) != users {
			t.Error("a repeat had an effect")
		}
	}
	alike(h)
	h.send("POST", "/sites", token, object{"name": "x", "domain": "x.example"}, "Idempotency-Key", "has a space").fault(400, "idempotency.invalid_key")
	h.stop()
	next := openOn(t, clock.Clock{}, config.Config{Addr: h.base[len("http://"):], Data: cfg.Data, Database: cfg.Database, AI: cfg.AI})
	alike(next)
	next.verify()
}

// The same exchange at once, which without a key would end the session, has
// one effect: all are told of it, or that it is being done.
func TestManyExchangesWithOneKey(t *testing.T) {
	t.Parallel()
	h := open(t, clock.Clock{})
	a := h.send("POST", "/auth/register", "", someone("trial", "")).is(http.StatusCreated)
	answers := make([]answer, 20)
	var wg sync.WaitGroup
	for i := range answers {
		wg.Go(func() {
			answers[i] = h.send("POST", "/auth/refresh", "", object{"refresh_token": a.text("refresh_token")}, "Idempotency-Key", "one")
		})
	}
	wg.Wait()
	told := h.send("POST", "/auth/refresh", "", object{"refresh_token": a.text("refresh_token")}, "Idempotency-Key", "one").is(http.StatusOK)
	for _, got := range answers {
		if got.status == http.StatusConflict {
			got.fault(http.StatusConflict, "idempotency.in_progress")
		} else if !bytes.Equal(got.is(http.StatusOK).body, told.body) {
			t.Errorf("two pairs:\n%s\n%s", got.body, told.body)
		}
	}
	h.send("GET", "/sites", told.text("access_token"), nil).is(http.StatusOK)
	h.send("POST", "/auth/refresh", "", object{"refresh_token": told.text("refresh_token")}).is(http.StatusOK)
	// What was refused left no key.
	h.send("POST", "/auth/login", "", object{"email": "nobody@example.com", "password": "x"}, "Idempotency-Key", "l").fault(401, "auth.bad_credentials")
	h.send("POST", "/auth/login", "", object{"email": "nobody@example.com", "password": "y"}, "Idempotency-Key", "l").fault(401, "auth.bad_credentials")
}
