package app

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"igny8/internal/clock"
	"igny8/internal/credit"
	"igny8/internal/tenant"
	"igny8/internal/web/webtest"
)

// spends lets somebody in an account order work and a job carry it out.
func (h *house) spends(s tenant.Scope, w credit.Want, used credit.Credits) {
	h.t.Helper()
	err := h.s.store.Update(h.t.Context(), s, func(ctx context.Context, tx *tenant.Tx) error {
		id, err := credit.Reserve(ctx, tx, w)
		if err != nil {
			return err
		}
		hold, err := credit.Open(ctx, tx, id)
		if err == nil {
			err = credit.Settle(ctx, tx, hold, used)
		}
		return err
	})
	if err != nil {
		h.t.Fatal(err)
	}
}

// TestBrowserUsage looks at what was spent in five weeks, at parts of it, and
// at the ledger.
func TestBrowserUsage(t *testing.T) {
	t.Parallel()
	onSQLite(t)
	hand := clock.NewHand(time.Now().UTC().AddDate(0, 0, -35))
	h := openWide(t, hand.Clock())
	p := someone("trial", "")
	r := h.send("POST", "/auth/register", "", p).is(http.StatusCreated)
	acc, err := tenant.ParseAccountID(r.text("account.id"))
	if err != nil {
		t.Fatal(err)
	}
	token := r.text("access_token")
	site := h.site(token)
	key := h.send("POST", "/account/api-keys", token, object{"name": "Nightly", "scopes": []string{"content.write"}}).is(http.StatusCreated).text("id")
	member := tenant.Mint(acc, tenant.Actor{Kind: tenant.User, ID: r.text("user.id")}, tenant.AllPermissions)
	program := tenant.Mint(acc, tenant.Actor{Kind: tenant.APIKey, ID: key}, tenant.AllPermissions)
	err = h.s.store.Update(t.Context(), member, func(ctx context.Context, tx *tenant.Tx) error {
		_, err := credit.Grant(ctx, tx, credit.NewLot{Source: credit.BonusCredits, Reference: "Welcome", Amount: 5000})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for d := range 35 {
		if d%7 < 5 {
			h.spends(member, credit.Want{Amount: 40, Operation: credit.GenerateContent, Reference: "tsk_" + time.Duration(d).String(), Site: site}, credit.Credits(12+d*5%23))
			h.spends(program, credit.Want{Amount: 20, Operation: credit.GenerateIdeas, Reference: "x", Site: site}, credit.Credits(2+d*7%11))
		}
		if d%7 == 1 {
			h.spends(program, credit.Want{Amount: 25, Operation: credit.AutoCluster, Reference: site, Site: site}, 25)
		}
		hand.Advance(24 * time.Hour)
	}
	in(t, []string{"desktop", "telephone without scripts"}, func(t *testing.T, name string, o webtest.Options) {
		b := webtest.Open(t, h.base, o)
		b.Go("/sign-in").Type("email", p["email"].(string)).Type("password", p["password"].(string)).Submit("Sign in").Is("/billing", "See what was spent", "See every movement")
		look(b, name+" billing with usage")
		look(b.Press(`a[href="/billing/usage"]`).Is("/billing/usage", "credits spent", "Articles", "Ideas", "Clustering", "All sites", "Nightly"), name+" usage")
		b.Choose("user", "api_key:"+key).Choose("site", site).Choose("span", "year").Submit("Show").Is("/billing/usage?span=year&site="+site+"&user=api_key%3A"+key, "Ideas", "Clustering")
		if text := b.At(`document.querySelector("main").innerText`); strings.Contains(text, "Articles") {
			t.Errorf("the key ordered articles: %s", text)
		}
		look(b, name+" usage of a key in months")
		b.Go("/billing/usage?span=90").Click("summary")
		look(b.Is("/billing/usage?span=90", "Day by day"), name+" usage day by day")
		look(b.Go("/billing/usage?site=site_00000000000000000000000000").Is("/billing/usage?site=site_00000000000000000000000000", "Nothing was spent"), name+" no usage")
		look(b.Go("/billing/ledger").Is("/billing/ledger", "Articles: done", "Ideas: held for work", "API key Nightly", "Next"), name+" ledger")
		next := b.At(`document.querySelector('a[rel="next"]').getAttribute('href')`)
		look(b.Press(`a[rel="next"]`).Is(next, "From the start"), name+" ledger further")
		if h.served(b, "/billing/ledger?after=none").status != http.StatusNotFound {
			t.Error("there is a part of the ledger after none")
		}
	})
}
