package app

import (
	"bytes"
	"fmt"
	"net/http"
	"os"
	"strings"
	"testing"

	"igny8/internal/clock"
	"igny8/internal/config"
	"igny8/internal/db/dbtest"
	"igny8/internal/payment/stripetest"
	"igny8/internal/tenant"
)

// clerk is one of the staff with the privileges given, and signed in.
func (h *house) clerk(manager string, may ...tenant.Privilege) (token, user, email string) {
	h.t.Helper()
	p := someone("trial", "") // anybody may be given a privilege
	a := h.send("POST", "/auth/register", "", p).is(http.StatusCreated)
	email = p["email"].(string)
	for _, m := range may {
		h.send("POST", "/admin/privileges", manager, object{"email": email, "privilege": m}).is(http.StatusCreated)
	}
	return a.text("access_token"), a.text("user.id"), email
}

// events counts what the log says an actor did, all of which must have been
// by the privilege.
func (h *house) events(auditor, actor string, p tenant.Privilege) int {
	h.t.Helper()
	a := h.send("GET", "/admin/audit?limit=500&actor="+actor, auditor, nil).is(http.StatusOK)
	items := a.get("items").([]any)
	for _, i := range items {
		if got := i.(map[string]any)["privilege"]; got != string(p) {
			h.t.Errorf("by %v, want %s: %v", got, p, i)
		}
	}
	return len(items)
}

// TestEveryUseOfEveryPrivilegeIsInTheLog uses each operation of the staff by
// somebody who has its privilege and no other, twice: what changes nothing the
// second time is a use too. A new operation has to be given its request here.
func TestEveryUseOfEveryPrivilegeIsInTheLog(t *testing.T) {
	t.Parallel()
	cfg := settings(t)
	cfg.Stripe = config.Stripe{Key: config.NewSecret(stripetest.Key), Webhook: config.NewSecret(stripetest.Secret), BaseURL: "http://127.0.0.1:1"}
	h := openOn(t, clock.Clock{}, cfg)
	olga := h.operator()
	auditor, _, _ := h.clerk(olga, tenant.AuditRead)
	victim := h.send("POST", "/auth/register", "", someone("trial", "")).is(http.StatusCreated)
	payer := h.send("POST", "/auth/register", "", someone("growth", "bank_transfer")).is(http.StatusCreated)
	watchdog := h.send("POST", "/admin/accounts", olga, object{"kind": "system", "name": "Watchdog"}).is(http.StatusCreated).text("id")
	reason := object{"reason": "a test"}
	owing := func() answer {
		return h.send("POST", "/auth/register", "", someone("growth", "bank_transfer")).is(http.StatusCreated)
	}
	reported := func() string {
		a := owing()
		return h.send("POST", "/billing/payments", a.text("access_token"), withProof{
			"invoice_id": a.text("invoice.id"), "external_payment_id": "R", "amount": 20000, "payer_name": "P",
		}, "Idempotency-Key", "one").is(http.StatusCreated).text("id")
	}
	h.send("PUT", "/admin/settings/approval", olga, object{"above": []object{{"amount": 30000, "currency": "EUR"}}, "uncertain": false, "own_account": false}).is(http.StatusOK)
	received := func(amount int) string {
		a := h.send("POST", "/billing/confirm-bank-transfer", olga, object{
			"account_id": owing().text("account.id"), "external_payment_id": "M", "amount": amount, "payer_name": "P", "accept_other_amount": true,
		})
		if a.status >= 300 {
			t.Fatalf("%d %s", a.status, a.body)
		}
		return a.text("payment.id")
	}
	message := func() string {
		const body = `{"id":"evt_1","object":"event","type":"price.created","data":{"object":{"id":"price_1"}}}`
		signed := stripetest.Sign(stripetest.Secret, []byte(body), h.s.db.Clock().Now())
		h.send("POST", "/billing/webhooks/stripe", "", body, "Stripe-Signature", signed).is(http.StatusOK)
		return h.send("GET", "/admin/webhook-events", olga, nil).get("items").([]any)[0].(map[string]any)["id"].(string)
	}
	bought := owing()
	h.send("POST", "/billing/confirm-bank-transfer", olga, object{
		"account_id": bought.text("account.id"), "external_payment_id": "M", "amount": 20000, "payer_name": "P",
	}).is(http.StatusOK)
	debtor := h.furnish(t, olga, "debtor")
	paid := h.send("GET", "/billing/payments", debtor.owner, nil).get("items").([]any)
	h.send("POST", "/admin/payments/"+paid[len(paid)-1].(map[string]any)["id"].(string)+"/undo", olga, reason).is(http.StatusOK)
	owed := h.send("GET", "/admin/accounts/"+debtor.ids["account"]+"/debts", olga, nil).is(http.StatusOK).get("items").([]any)
	if len(owed) != 1 {
		t.Fatalf("owed are %v", owed)
	}
	lot := owed[0].(map[string]any)["lot_id"]
	transfer := object{"account_id": payer.text("account.id"), "external_payment_id": "B1", "amount": 20000, "payer_name": "P"}
	euro := object{"amount": 100, "currency": "EUR"}
	bank := object{"holder": "Igny8", "iban": "DE89370400440532013000", "bank_name": "Bank"}
	bodies := map[string]any{
		"admin-list-accounts": nil, "admin-get-account": nil, "admin-account-audit": nil, "admin-search-audit": nil,
		"admin-list-bank-accounts": nil, "admin-list-privileges": nil, "admin-list-staff": nil, "admin-list-account-privileges": nil,
		"admin-revoke-privilege": nil, "admin-revoke-account-privilege": nil, "admin-list-letters": nil,
		"admin-suspend-account": reason, "admin-reactivate-account": reason,
		"admin-adjust-credits":   object{"amount": 5, "reason": "a test"},
		"admin-set-bank-account": bank,
		"admin-get-company":      nil, "admin-get-invoice-pdf": nil, "admin-drop-country-bank-account": nil,
		"admin-set-country-bank-account": bank,
		"admin-set-company":              object{"name": "Igny8", "line1": "Street 1", "city": "Berlin", "country": "DE"},
		"admin-issue-credit-note":        object{"invoice_id": bought.text("invoice.id"), "amount": 100, "reason": "a test"},
		"admin-grant-privilege":          object{"user_id": victim.text("user.id"), "privilege": "flags.manage"},
		"admin-create-system-account":    object{"kind": "system", "name": "Another"},
		"admin-create-system-key":        object{"name": "k", "scopes": []string{"content.read"}},
		"admin-grant-account-privilege":  object{"privilege": "throttle.exempt"},
		"confirm-bank-transfer":          transfer,
		"confirm-bank-transfer-form":     withProof{"account_id": owing().text("account.id"), "external_payment_id": "B2", "amount": 20000, "payer_name": "P"},
		"admin-list-payments":            nil, "admin-get-payment": nil, "admin-get-payment-proof": nil, "admin-approve-payment": object{},
		"admin-confirm-payment": object{}, "admin-reject-payment": reason, "admin-undo-payment": reason,
		"admin-send-payment-back":  object{"amount": 5000, "reason": "too much"},
		"admin-get-approval-rules": nil, "admin-set-approval-rules": object{"above": []object{{"amount": 30000, "currency": "EUR"}}, "uncertain": false, "own_account": false},
		"admin-list-flags": nil, "admin-set-flag": object{"state": "25%"}, "admin-list-account-flags": nil, "admin-get-account-flag": nil,
		"admin-override-flag": object{"enabled": true}, "admin-drop-flag-override": nil, "admin-list-plans": nil,
		"admin-list-prompts": nil, "admin-list-prompt-versions": nil, "admin-set-prompt": object{"version": 0, "text": "Write well."},
		"admin-list-failure-rules": nil, "admin-set-failure-rule": object{"free": 3, "window_seconds": 3600},
		"admin-list-credit-packages": nil, "admin-change-credit-package": object{"position": 9},
		"admin-create-credit-package": object{
			"code": "credits-9", "name": "Nine", "credits": 9, "prices": []object{{"amount": 900, "currency": "EUR"}}, "position": 9,
		},
		"admin-create-plan": object{
			"code": "team", "name": "Team", "price": euro, "interval": "month", "included_credits": 10, "limits": object{"sites": 1, "users": 1, "keywords": 1},
		},
		"admin-change-plan": object{"prices": []object{{"amount": 21900, "currency": "USD"}}},
		"admin-list-debts":  nil, "admin-write-off-debt": object{"lot_id": lot, "reason": "a test"},
		"admin-list-webhook-events": nil, "admin-get-webhook-event": nil, "admin-replay-webhook-event": object{},
		"admin-list-jobs": nil, "admin-cancel-job": object{},
		"admin-explain-credit-entry": nil, "admin-explain-credit-lot": nil,
	}
	for id, body := range h.bankOperations(olga) {
		bodies[id] = body
	}
	// What the path names, where that is not the victim's account.
	named := map[string]func() string{
		"admin-cancel-job":      func() string { return debtor.ids["job"] },
		"admin-get-invoice-pdf": func() string { return payer.text("account.id") }, "admin-issue-credit-note": func() string { return bought.text("account.id") },
		"admin-get-payment": reported, "admin-get-payment-proof": reported, "admin-confirm-payment": reported, "admin-reject-payment": reported,
		"admin-undo-payment":      func() string { return received(20000) },
		"admin-send-payment-back": func() string { return received(25000) },
		"admin-approve-payment":   func() string { return received(40000) },
		"admin-list-debts":        func() string { return debtor.ids["account"] },
		"admin-write-off-debt":    func() string { return debtor.ids["account"] },

		"admin-explain-credit-entry": func() string { return debtor.ids["account"] },
		"admin-explain-credit-lot":   func() string { return debtor.ids["account"] },

		"admin-get-bank-statement": func() string { return h.newLine(olga, 1).text("statement_id") },
		"admin-confirm-bank-line":  func() string { return h.newLine(olga, 20000).text("id") },
		"admin-ignore-bank-line":   func() string { return h.newLine(olga, 2).text("id") },
		"admin-reopen-bank-line": func() string {
			lid := h.newLine(olga, 3).text("id")
			h.send("POST", "/admin/bank-lines/"+lid+"/ignore", olga, reason).is(http.StatusOK)
			return lid
		},
		"admin-get-webhook-event": message, "admin-replay-webhook-event": message,
	}
	operations, used := 0, map[tenant.Privilege]bool{}
	for _, op := range h.operations() {
		if op.policy != "staff" {
			continue
		}
		body, known := bodies[op.id]
		if !known {
			t.Errorf("%s is not tried here", op.id)
			continue
		}
		p := tenant.Privilege(op.needs)
		operations, used[p] = operations+1, true
		token, user, _ := h.clerk(olga, p)
		acc := victim.text("account.id")
		if strings.Contains(op.id, "system-key") || strings.Contains(op.id, "account-privilege") {
			acc = watchdog
		}
		if name := named[op.id]; name != nil {
			acc = name()
		}
		name := "bank"
		if strings.Contains(op.path, "/flags/") {
			name = "paypal.checkout"
		}
		code := "growth"
		if strings.Contains(op.path, "/credit-packages/") {
			code = "credits-500"
		}
		path := strings.NewReplacer("{id}", acc, "{currency}", "EUR", "{name}", name, "{country}", "AT", "{invoice_id}", payer.text("invoice.id"),
			"{entry_id}", debtor.ids["credit entry"], "{lot_id}", debtor.ids["credit lot"], "{user_id}", user, "{privilege}", "flags.manage", "{code}", code, "{failure}", "silent", "{kind}", "generate_ideas").Replace(op.path)
		for n := 1; n <= 2; n++ {
			before := h.events(auditor, "staff:"+user, p)
			// Each time with a key: the repeat of an answered request is a use too.
			if a := h.send(op.method, path, token, body, "Idempotency-Key", "one"); a.status >= 300 {
				t.Fatalf("%s by who may %s: %d %s", op.id, p, a.status, a.body)
			}
			if after := h.events(auditor, "staff:"+user, p); after <= before {
				t.Errorf("%s, time %d: %d events before and %d after", op.id, n, before, after)
			}
		}
	}
	if len(bodies) != operations {
		t.Errorf("%d operations are tried, and there are %d", len(bodies), operations)
	}
	t.Logf("%d operations of the staff by %d privileges", operations, len(used))
	h.verify()
}

func TestPrivilegesAreGrantedAndRevoked(t *testing.T) {
	t.Parallel()
	h := open(t, clock.Clock{})
	olga := h.operator()
	token, user, email := h.clerk(olga)
	h.send("GET", "/admin/accounts", token, nil).fault(http.StatusForbidden, "auth.forbidden")
	g := h.send("POST", "/admin/privileges", olga, object{"email": strings.ToUpper(email), "privilege": "accounts.read"}).is(http.StatusCreated)
	if g.text("user_id") != user || g.text("email") != email || g.text("privilege") != "accounts.read" || !strings.HasPrefix(g.text("granted_by"), "staff:usr_") {
		t.Errorf("granted %s", g.body)
	}
	h.send("GET", "/admin/accounts", token, nil).is(http.StatusOK)
	for _, path := range []string{"/admin/privileges", "/admin/staff"} {
		h.send("GET", path, token, nil).fault(http.StatusForbidden, "auth.forbidden")
		if a := h.send("GET", path, olga, nil).is(http.StatusOK); !bytes.Contains(a.body, []byte(email)) {
			t.Errorf("%s without the clerk: %s", path, a.body)
		}
	}
	one := "/admin/privileges/" + user + "/accounts.read"
	h.send("DELETE", one, token, nil).fault(http.StatusForbidden, "auth.forbidden")
	for range 2 {
		h.send("DELETE", one, olga, nil).is(http.StatusNoContent)
		h.send("GET", "/admin/accounts", token, nil).fault(http.StatusForbidden, "auth.forbidden")
	}
	boss := h.send("GET", "/auth/me", olga, nil).text("user.id")
	h.send("DELETE", "/admin/privileges/"+boss+"/privileges.manage", olga, nil).fault(http.StatusConflict, "privilege.last_holder")
	for _, tt := range []struct {
		body   object
		status int
		code   string
	}{
		{object{"privilege": "accounts.read"}, 422, "privilege.whom"},
		{object{"email": email, "privilege": "everything"}, 422, "privilege.unknown"},
		{object{"email": "nobody@example.com", "privilege": "accounts.read"}, 404, "identity.user_not_found"},
		{object{"user_id": "usr_00000000000000000000000000", "privilege": "accounts.read"}, 404, "identity.user_not_found"},
		{object{"user_id": boss, "email": email, "privilege": "accounts.read"}, 404, "identity.user_not_found"},
		{object{"email": email}, 422, "request.invalid"},
	} {
		h.send("POST", "/admin/privileges", olga, tt.body).fault(tt.status, tt.code)
	}
}

func TestASystemAccount(t *testing.T) {
	t.Parallel()
	h := open(t, clock.Clock{})
	olga := h.operator()
	acc := h.send("POST", "/admin/accounts", olga, object{"kind": "system", "name": "Watchdog"}).is(http.StatusCreated)
	if acc.text("kind") != "system" || acc.text("status") != "active" {
		t.Errorf("opened %s", acc.body)
	}
	h.send("POST", "/admin/accounts", olga, object{"kind": "tenant", "name": "x"}).fault(422, "request.invalid")
	here := "/admin/accounts/" + acc.text("id")
	h.send("GET", here, olga, nil).is(http.StatusOK)
	h.send("POST", here+"/suspend", olga, object{"reason": "x"}).fault(409, "account.system")
	key := h.send("POST", here+"/api-keys", olga, object{"name": "k", "scopes": []string{"content.read", "sites.manage"}}).is(http.StatusCreated).text("key")
	h.site(key) // it has no plan, and no limit of one
	h.send("GET", "/sites", key, nil).is(http.StatusOK)
	h.send("POST", here+"/privileges", olga, object{"privilege": "throttle.exempt"}).is(http.StatusCreated)
	h.send("POST", here+"/privileges", olga, object{"privilege": "audit.read"}).fault(422, "account.not_grantable")
	if a := h.send("GET", here+"/privileges", olga, nil).is(http.StatusOK); len(a.get("items").([]any)) != 1 {
		t.Errorf("granted %s", a.body)
	}
	h.send("DELETE", here+"/privileges/throttle.exempt", olga, nil).is(http.StatusNoContent)
	log := h.send("GET", "/admin/audit?account="+acc.text("id"), olga, nil).is(http.StatusOK)
	for _, action := range []string{"account.created", "api_key.created", "privilege.granted", "privilege.revoked"} {
		if !bytes.Contains(log.body, []byte(action)) {
			t.Errorf("%s is not in the log: %s", action, log.body)
		}
	}
	tenants := "/admin/accounts/" + h.send("POST", "/auth/register", "", someone("trial", "")).text("account.id")
	h.send("POST", tenants+"/privileges", olga, object{"privilege": "throttle.exempt"}).fault(409, "account.not_system")
	h.send("POST", tenants+"/api-keys", olga, object{"name": "k", "scopes": []string{"content.read"}}).fault(409, "account.not_system")
}

func TestAdjustingCredits(t *testing.T) {
	t.Parallel()
	h := open(t, clock.Clock{})
	olga := h.operator()
	a := h.send("POST", "/auth/register", "", someone("trial", "")).is(http.StatusCreated)
	path := "/admin/accounts/" + a.text("account.id") + "/credits"
	adjust := func(amount any, key string) answer {
		return h.send("POST", path, olga, object{"amount": amount, "reason": "goodwill"}, "Idempotency-Key", key)
	}
	h.send("POST", path, olga, object{"amount": 5, "reason": "x"}).fault(400, "idempotency.required")
	first := adjust(50, "up").is(http.StatusOK)
	if again := adjust(50, "up").is(http.StatusOK); !bytes.Equal(again.body, first.body) || first.get("credits.available") != 1050.0 {
		t.Errorf("answered\n%s and\n%s", first.body, again.body)
	}
	if down := adjust(-1000, "down").is(http.StatusOK); down.get("credits.available") != 50.0 {
		t.Errorf("took 1000: %s", down.body)
	}
	if short := adjust(-51, "more").fault(402, "credit.insufficient"); short.get("needed") != 51.0 || short.get("available") != 50.0 {
		t.Errorf("does not say how much there is: %s", short.body)
	}
	adjust(-49, "more").is(http.StatusOK) // what failed left no key
	adjust(0, "none").fault(422, "credit.invalid_adjustment")
	adjust(1.5, "half").fault(422, "request.invalid")
	h.send("POST", path, a.text("access_token"), object{"amount": 5, "reason": "x"}, "Idempotency-Key", "mine").fault(403, "auth.forbidden")
	h.verify()
}

func TestSearchingTheAuditLog(t *testing.T) {
	t.Parallel()
	h := open(t, clock.Clock{})
	olga := h.operator()
	a := h.send("POST", "/auth/register", "", someone("trial", "")).is(http.StatusCreated)
	h.clerk(olga, tenant.AccountsRead)
	var ids []string
	for path := "/admin/audit?limit=2&until=2200-01-01T00:00:00Z&from=2000-01-01T00:00:00Z"; ; {
		p := h.send("GET", path, olga, nil).is(http.StatusOK)
		for _, i := range p.get("items").([]any) {
			ids = append(ids, i.(map[string]any)["id"].(string))
		}
		next := p.text("next_cursor")
		if next == "" {
			break
		}
		path = "/admin/audit?limit=2&cursor=" + next
	}
	for i := range ids[1:] {
		if ids[i] <= ids[i+1] {
			t.Errorf("event %d, %s, is not newer than %s", i, ids[i], ids[i+1])
		}
	}
	for query, want := range map[string]int{
		"account=" + a.text("account.id") + "&action=account.created": 1, "action=account.created": 2, "action=staff.created": 1,
		"account=" + a.text("account.id") + "&action=staff.created": 0, "account=nothing": 0, "until=2000-01-01T00:00:00Z": 0,
		"action=privilege.granted": len(tenant.AllPrivileges()) + 1, "actor=system:nobody": 0,
	} {
		if got := h.send("GET", "/admin/audit?limit=100&"+query, olga, nil).is(http.StatusOK); len(got.get("items").([]any)) != want {
			t.Errorf("%s: want %d of %s", query, want, got.body)
		}
	}
	h.send("GET", "/admin/audit?cursor=x", olga, nil).fault(422, "request.invalid_cursor")
}

func TestStaffOnTheCommandLine(t *testing.T) {
	t.Parallel()
	url := dbtest.URL(t)
	c := command{cfg: config.Config{Data: t.TempDir() + "/data", Database: url, BaseURL: "http://127.0.0.1:1", AI: config.AI{Provider: config.Offline}}}
	var out bytes.Buffer
	c.Out, c.Err = &out, os.Stderr
	said := func(err error) string {
		t.Helper()
		defer out.Reset()
		if err != nil {
			return err.Error()
		}
		return out.String()
	}
	who := func(ps ...string) whose { return whose{Email: "boss@example.com", Privilege: ps} }
	c.In = strings.NewReader("correct horse battery\n")
	create := staffCreate{Email: "boss@example.com", FirstName: "B", LastName: "O", Privilege: []string{"privileges.manage"}, PasswordStdin: true}
	for i, step := range []struct {
		run  func() error
		want string
	}{
		{func() error { return staffList{}.Run(t.Context(), c) }, "no privileges"},
		{func() error { return create.Run(t.Context(), c) }, "boss@example.com may sign in"},
		{func() error { return staffGrant{who("audit.read")}.Run(t.Context(), c) }, "audit.read"},
		{func() error { return staffGrant{who("everything")}.Run(t.Context(), c) }, `no privilege "everything"`},
		{func() error { return staffGrant{who()}.Run(t.Context(), c) }, "at least one --privilege"},
		{func() error {
			return staffGrant{whose{Email: "x@example.com", AllPrivileges: true}}.Run(t.Context(), c)
		}, "There is no such person"},
		{func() error { return staffRevoke{who("audit.read", "privileges.manage")}.Run(t.Context(), c) }, "Somebody must be left"},
		{func() error { return staffList{}.Run(t.Context(), c) }, "audit.read"}, // all or none
		{func() error { return staffRevoke{who("audit.read")}.Run(t.Context(), c) }, "privileges.manage"},
	} {
		if got := said(step.run()); !strings.Contains(got, step.want) {
			t.Errorf("step %d: %s, want %s", i, got, step.want)
		}
	}
	c.cfg.Addr = "127.0.0.1:0"
	h := openOn(t, clock.Clock{}, c.cfg)
	boss := h.send("POST", "/auth/login", "", object{"email": "boss@example.com", "password": "correct horse battery"}).is(http.StatusOK).text("access_token")
	h.send("GET", "/admin/audit", boss, nil).fault(403, "auth.forbidden")
	h.send("POST", "/admin/privileges", boss, object{"email": "boss@example.com", "privilege": "audit.read"}).is(http.StatusCreated)
	log := h.send("GET", "/admin/audit?limit=100&actor=staff:console", boss, nil).is(http.StatusOK)
	for action, want := range map[string]int{"staff.created": 1, "privilege.granted": 2, "privilege.revoked": 1} {
		if n := strings.Count(string(log.body), fmt.Sprintf("%q", action)); n != want {
			t.Errorf("%d events %s, want %d: %s", n, action, want, log.body)
		}
	}
}
