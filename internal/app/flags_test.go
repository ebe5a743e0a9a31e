package app

import (
	"bytes"
	"fmt"
	"net/http"
	"os"
	"strings"
	"testing"

	"igny8/internal/clock"
	"igny8/internal/flag"
	"igny8/internal/tenant"
)

// methods is what a caller is told of each way to pay.
func (h *house) methods(credential string) map[string]string {
	h.t.Helper()
	all := map[string]string{}
	for _, i := range h.send("GET", "/billing/payment-methods", credential, nil).is(http.StatusOK).get("items").([]any) {
		m := i.(map[string]any)
		all[m["method"].(string)] = m["status"].(string)
	}
	return all
}

func (h *house) wantTransfer(who, credential, want string) {
	h.t.Helper()
	if got := h.methods(credential); got["bank_transfer"] != want || got["stripe"] != "coming_soon" || got["paypal"] != "coming_soon" {
		h.t.Errorf("%s is told %v, want %s by bank transfer", who, got, want)
	}
}

func (h *house) checkout(token string, body object, key string) answer {
	h.t.Helper()
	return h.send("POST", "/billing/checkout", token, body, "Idempotency-Key", key)
}

// TestSwitchingBankTransfer sets each flag in one process and asks the other,
// from the next request on.
func TestSwitchingBankTransfer(t *testing.T) {
	t.Parallel()
	houses := twoProcesses(t)
	here, there := houses[0], houses[1]
	olga := here.operator()
	clerk, _, _ := here.clerk(olga, tenant.FlagsManage)
	n := 0
	order := func(token string) answer {
		n++
		return there.checkout(token, object{"plan": "growth", "payment_method": "bank_transfer"}, fmt.Sprint("order-", n))
	}
	set := func(name, state string) {
		t.Helper()
		if got := here.send("PUT", "/admin/flags/"+name, clerk, object{"state": state}).is(http.StatusOK); got.text("state") != state {
			t.Errorf("set to %s: %s", state, got.body)
		}
	}
	tenantOf := there.send("POST", "/auth/register", "", someone("trial", "")).is(http.StatusCreated)
	token, acc := tenantOf.text("access_token"), tenantOf.text("account.id")
	underway := there.send("POST", "/auth/register", "", someone("growth", "bank_transfer")).is(http.StatusCreated)
	there.wantTransfer("a newcomer", "", "available")
	there.wantTransfer("a tenant", token, "available")

	set("bank_transfer.registration", "off")
	there.wantTransfer("a newcomer", "", "coming_soon")
	there.wantTransfer("a tenant", token, "available")
	there.send("POST", "/auth/register", "", someone("growth", "bank_transfer")).fault(http.StatusUnprocessableEntity, "payment_method.switched_off")
	there.send("POST", "/auth/register", "", someone("trial", "")).is(http.StatusCreated)
	set("bank_transfer.registration", "on")
	there.send("POST", "/auth/register", "", someone("growth", "bank_transfer")).is(http.StatusCreated)

	set("bank_transfer.checkout", "off")
	there.wantTransfer("a newcomer", "", "available")
	there.wantTransfer("a tenant", token, "coming_soon")
	order(token).fault(http.StatusUnprocessableEntity, "payment_method.switched_off")
	own := "/admin/accounts/" + acc + "/flags/bank_transfer.checkout"
	if got := here.send("PUT", own, clerk, object{"enabled": true}).is(http.StatusOK); got.get("enabled") != true || got.get("override") != true {
		t.Errorf("overridden: %s", got.body)
	}
	there.wantTransfer("who was let in", token, "available")
	order(token).is(http.StatusCreated)
	set("bank_transfer.checkout", "on")
	here.send("PUT", own, clerk, object{"enabled": false}).is(http.StatusOK)
	there.wantTransfer("who was kept out", token, "coming_soon")
	order(token).fault(http.StatusUnprocessableEntity, "payment_method.switched_off")
	here.send("DELETE", own, clerk, nil).is(http.StatusNoContent)
	there.wantTransfer("who follows the share", token, "available")
	order(token).is(http.StatusCreated)

	// What is under way goes on, whatever is switched off.
	set("bank_transfer.checkout", "off")
	set("bank_transfer.registration", "off")
	owner := underway.text("access_token")
	there.send("GET", "/billing/invoices/"+underway.text("invoice.id"), owner, nil).is(http.StatusOK)
	there.send("POST", "/billing/payments", owner, object{
		"invoice_id": underway.text("invoice.id"), "external_payment_id": "B-1", "amount": 20000, "payer_name": "P",
	}, "Idempotency-Key", "reported").is(http.StatusCreated)
	paid := there.send("POST", "/billing/confirm-bank-transfer", olga, object{
		"account_id": underway.text("account.id"), "external_payment_id": "B-1", "amount": 20000, "payer_name": "P",
	}).is(http.StatusOK)
	if paid.text("subscription.status") != "active" || paid.get("credits.available") != 2000.0 {
		t.Errorf("paid with everything switched off: %s", paid.body)
	}

	set("signup.open", "off")
	there.send("POST", "/auth/register", "", someone("trial", "")).fault(http.StatusForbidden, "signup.closed")
	set("signup.open", "on")

	log := here.send("GET", "/admin/audit?limit=100&action=flag.changed", olga, nil).is(http.StatusOK)
	if c := bytes.Count(log.body, []byte(`"flag.changed"`)); c != 8 {
		t.Errorf("%d changes in the log, want 8: %s", c, log.body)
	}
	for _, want := range []string{`"before":"on"`, `"after":"off"`} {
		if !bytes.Contains(log.body, []byte(want)) {
			t.Errorf("the log does not say %s: %s", want, log.body)
		}
	}
	log = here.send("GET", "/admin/accounts/"+acc+"/audit?limit=100", olga, nil).is(http.StatusOK)
	for _, want := range []string{`"before":"share","after":"on"`, `"before":"on","after":"off"`, `"before":"off","after":"share"`} {
		if !bytes.Contains(log.body, []byte(want)) {
			t.Errorf("the account's log does not say %s: %s", want, log.body)
		}
	}
	here.verify()
}

// TestAShareOfAccounts raises a percentage: who is in stays in, in every
// process, and what an account is told is what it meets.
func TestAShareOfAccounts(t *testing.T) {
	t.Parallel()
	houses := twoProcesses(t)
	olga := houses[0].operator()
	tokens := make([]string, 24)
	for i := range tokens {
		tokens[i] = houses[0].member()
	}
	in := make([]bool, len(tokens))
	for _, percent := range []int{0, 30, 70, 100} {
		houses[0].send("PUT", "/admin/flags/bank_transfer.checkout", olga, object{"percentage": percent}).is(http.StatusOK)
		count := 0
		for i, token := range tokens {
			h := houses[i%2]
			now := h.methods(token)["bank_transfer"] == "available"
			if other := houses[(i+1)%2].methods(token)["bank_transfer"] == "available"; other != now || h.methods(token)["bank_transfer"] == "available" != now {
				t.Errorf("account %d at %d%%: asked again, answered otherwise", i, percent)
			}
			if in[i] && !now {
				t.Errorf("account %d was in below %d%% and is out", i, percent)
			}
			if a := h.checkout(token, object{"plan": "starter", "payment_method": "bank_transfer"}, fmt.Sprint(percent)); (a.status == http.StatusCreated) != now {
				t.Errorf("account %d at %d%%: told %t and answered %d %s", i, percent, now, a.status, a.body)
			}
			if in[i] = now; now {
				count++
			}
		}
		if percent == 0 && count != 0 || percent == 100 && count != len(tokens) {
			t.Errorf("at %d%% there are %d of %d in", percent, count, len(tokens))
		}
	}
	// An address is in or out, however often and in whatever spelling it asks.
	houses[0].send("PUT", "/admin/flags/signup.open", olga, object{"state": "50%"}).is(http.StatusOK)
	refused := 0
	for i := range 30 {
		p := person(fmt.Sprintf("Guest%d@example.com", i), "Agency", "trial", "")
		a := houses[i%2].send("POST", "/auth/register", "", p)
		if a.status == http.StatusCreated {
			continue
		}
		refused++
		a.fault(http.StatusForbidden, "signup.closed")
		p["email"] = fmt.Sprintf("guest%d+again@EXAMPLE.com", i)
		houses[(i+1)%2].send("POST", "/auth/register", "", p).fault(http.StatusForbidden, "signup.closed")
	}
	if refused == 0 || refused == 30 {
		t.Errorf("%d of 30 were refused at 50%%", refused)
	}
}

func TestFlagsThatCannotBe(t *testing.T) {
	t.Parallel()
	h := open(t, clock.Clock{})
	olga := h.operator()
	acc := "/admin/accounts/" + h.send("POST", "/auth/register", "", someone("trial", "")).text("account.id")
	all := h.send("GET", "/admin/flags", olga, nil).is(http.StatusOK).get("items").([]any)
	if len(all) != len(flag.Names()) {
		t.Errorf("listed %v", all)
	}
	if own := h.send("GET", acc+"/flags", olga, nil).is(http.StatusOK).get("items").([]any); len(own) != len(all) {
		t.Errorf("the account has %v", own)
	}
	for _, body := range []object{{}, {"state": "half"}, {"state": "101%"}, {"state": "on", "percentage": 100}, {"percentage": -1}, {"percentage": 101}, {"state": "05%"}} {
		h.send("PUT", "/admin/flags/signup.open", olga, body).fault(http.StatusUnprocessableEntity, "flag.invalid")
	}
	h.send("PUT", "/admin/flags/nothing", olga, object{"state": "on"}).fault(http.StatusNotFound, "flag.unknown")
	h.send("PUT", acc+"/flags/nothing", olga, object{"enabled": true}).fault(http.StatusNotFound, "flag.unknown")
	h.send("GET", acc+"/flags/nothing", olga, nil).fault(http.StatusNotFound, "flag.unknown")
	h.send("DELETE", acc+"/flags/nothing", olga, nil).fault(http.StatusNotFound, "flag.unknown")
	h.send("PUT", "/admin/accounts/acc_00000000000000000000000000/flags/signup.open", olga, object{"enabled": true}).fault(http.StatusNotFound, "account.not_found")
	// A credential that does not count is refused, and never taken for none.
	for _, credential := range []string{"nonsense", h.member() + "x"} {
		h.send("GET", "/billing/payment-methods", credential, nil).fault(http.StatusUnauthorized, "auth.invalid")
	}
	h.wantTransfer("staff without an account", olga, "available")
}

func TestPlansInSeveralCurrencies(t *testing.T) {
	t.Parallel()
	h := openWide(t, clock.Clock{})
	olga := h.operator()
	before := h.send("GET", "/plans", "", nil).is(http.StatusOK)
	plans := before.get("items").([]any)
	id := plans[len(plans)-1].(map[string]any)["id"].(string)
	if p := plans[1].(map[string]any); fmt.Sprint(p["prices"]) != fmt.Sprint([]any{p["price"]}) {
		t.Errorf("the prices of a plan with one: %v", p)
	}
	usd := object{"amount": 21900, "currency": "USD"}
	change := func(codeOrID string, body object) answer {
		return h.send("PATCH", "/admin/plans/"+codeOrID, olga, body)
	}
	changed := change("growth", object{"prices": []object{usd}}).is(http.StatusOK)
	if got := fmt.Sprint(changed.get("prices")); got != "[map[amount:20000 currency:EUR] map[amount:21900 currency:USD]]" {
		t.Errorf("the prices are %s", got)
	}
	register := func(country, currency, plan string) answer {
		p := someone(plan, "bank_transfer")
		p["country"] = country
		if currency != "" {
			p["currency"] = currency
		}
		return h.send("POST", "/auth/register", "", p)
	}
	growth := changed.text("id")
	for _, tt := range []struct{ country, currency, plan, want string }{
		{"DE", "", "growth", "20000 EUR"}, {"US", "", "growth", "21900 USD"}, {"DE", "USD", growth, "21900 USD"},
		{"US", "eur", growth, "20000 EUR"}, {"JP", "", "growth", "20000 EUR"}, {"US", "", "starter", "EUR"},
	} {
		a := register(tt.country, tt.currency, tt.plan).is(http.StatusCreated)
		if got := fmt.Sprintf("%v %v", a.get("invoice.total.amount"), a.get("invoice.total.currency")); !strings.HasSuffix(got, tt.want) {
			t.Errorf("%+v: asked for %s", tt, got)
		}
		token := h.send("POST", "/auth/register", "", withCountry(someone("trial", ""), tt.country)).is(http.StatusCreated).text("access_token")
		order := object{"plan": tt.plan, "payment_method": "bank_transfer"}
		if tt.currency != "" {
			order["currency"] = tt.currency
		}
		a = h.checkout(token, order, "one").is(http.StatusCreated)
		if got := fmt.Sprintf("%v %v", a.get("invoice.total.amount"), a.get("invoice.total.currency")); !strings.HasSuffix(got, tt.want) {
			t.Errorf("%+v at checkout: asked for %s", tt, got)
		}
	}
	register("DE", "GBP", "growth").fault(http.StatusUnprocessableEntity, "plan.no_such_price")
	h.checkout(h.member(), object{"plan": "growth", "payment_method": "bank_transfer", "currency": "GBP"}, "pounds").fault(http.StatusUnprocessableEntity, "plan.no_such_price")

	// An open invoice keeps what it asks for; what it buys is what the plan is at
	// its payment.
	owing := register("DE", "", "growth").is(http.StatusCreated)
	change(growth, object{"price": object{"amount": 25000, "currency": "EUR"}, "included_credits": 2500}).is(http.StatusOK)
	paid := h.send("POST", "/billing/confirm-bank-transfer", olga, object{
		"account_id": owing.text("account.id"), "external_payment_id": "B-1", "amount": 20000, "payer_name": "P",
	}).is(http.StatusOK)
	if paid.get("credits.available") != 2500.0 {
		t.Errorf("bought %s", paid.body)
	}

	limits := object{"sites": 2, "users": 2, "keywords": 200}
	team := object{"code": "team", "name": "Team", "price": usd, "interval": "year", "included_credits": 50, "limits": limits, "active": false}
	made := h.send("POST", "/admin/plans", olga, team).is(http.StatusCreated)
	h.send("POST", "/admin/plans", olga, team).fault(http.StatusConflict, "plan.exists")
	register("DE", "", "team").fault(http.StatusConflict, "plan.not_for_sale")
	change("team", object{"interval": "month", "active": true}).is(http.StatusOK)
	change(made.text("id"), object{"interval": "year"}).fault(http.StatusConflict, "plan.interval_fixed")
	register("DE", "", "team").is(http.StatusCreated)
	change("team", object{"name": " "}).fault(http.StatusUnprocessableEntity, "plan.invalid")
	change("nothing", object{"active": true}).fault(http.StatusNotFound, "plan.not_found")
	change(id, object{"active": false}).is(http.StatusOK)
	if now := h.send("GET", "/plans", "", nil).is(http.StatusOK); bytes.Contains(now.body, []byte(id)) {
		t.Errorf("still for sale: %s", now.body)
	}
	if all := h.send("GET", "/admin/plans", olga, nil).is(http.StatusOK); !bytes.Contains(all.body, []byte(id)) {
		t.Errorf("gone from the list of all: %s", all.body)
	}
	log := h.send("GET", "/admin/audit?limit=100&action=plan.changed", olga, nil).is(http.StatusOK)
	if !bytes.Contains(log.body, []byte(`"included_credits":{"after":2500,"before":2000}`)) {
		t.Errorf("the log does not say what was changed: %s", log.body)
	}
	h.verify()
}

func withCountry(p object, country string) object {
	p["country"] = country
	return p
}

func TestFlagsOnTheCommandLine(t *testing.T) {
	t.Parallel()
	cfg := settings(t)
	cfg.BaseURL = "http://127.0.0.1:1"
	c := command{cfg: cfg}
	var out bytes.Buffer
	c.Out, c.Err = &out, os.Stderr
	for _, step := range []struct {
		err  error
		want string
	}{
		{flagList{}.Run(t.Context(), c), "never changed"},
		{flagSet{"bank_transfer.checkout", "25%"}.Run(t.Context(), c), "bank_transfer.checkout is 25%"},
		{flagSet{"bank_transfer.checkout", "25%"}.Run(t.Context(), c), "bank_transfer.checkout is 25%"},
		{flagSet{"bank_transfer.checkout", "most"}.Run(t.Context(), c), "from 0 to 100"},
		{flagSet{"nothing", "on"}.Run(t.Context(), c), "signup.open"},
		{flagList{}.Run(t.Context(), c), "by staff:console"},
	} {
		got := out.String()
		if step.err != nil {
			got = step.err.Error()
		}
		if !strings.Contains(got, step.want) {
			t.Errorf("%s, want %s", got, step.want)
		}
	}
	h := openOn(t, clock.Clock{}, cfg)
	olga := h.operator()
	if a := h.send("GET", "/admin/flags", olga, nil).is(http.StatusOK); !bytes.Contains(a.body, []byte(`"percentage":25`)) {
		t.Errorf("listed %s", a.body)
	}
	log := h.send("GET", "/admin/audit?limit=100&actor=staff:console", olga, nil).is(http.StatusOK)
	for what, want := range map[string]int{`"flag.changed"`: 1, `"before":"on"`: 1, `"after":"25%"`: 1, `"operation":"flag-list"`: 2, `"operation":"flag-set"`: 1} {
		if n := bytes.Count(log.body, []byte(what)); n != want {
			t.Errorf("%d times %s in the log, want %d: %s", n, what, want, log.body)
		}
	}
}
