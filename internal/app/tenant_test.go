package app

import (
	"bytes"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"igny8/internal/clock"
)

func TestRegistrationGivesAllThatBelongsToIt(t *testing.T) {
	t.Parallel()
	h := open(t, clock.Clock{})
	p := someone("trial", "")
	a := h.send("POST", "/auth/register/", "", p).is(http.StatusCreated)
	for path, want := range map[string]any{
		"account.status": "trial", "account.name": "Agency", "account.country": "DE", "account.kind": "tenant", "account.payment_method": "stripe",
		"subscription.status": "trialing", "subscription.plan": "trial", "subscription.payment_method": "stripe",
		"subscription.external_payment_id": nil, "subscription.stripe_subscription_id": nil,
		"credits.available": 1000.0, "credits.held": 0.0, "user.email": p["email"], "token_type": "Bearer", "expires_in": 900.0,
	} {
		if got := a.get(path); got != want {
			t.Errorf("%s is %v, want %v", path, got, want)
		}
	}
	if bytes.Contains(a.body, []byte(`"invoice"`)) {
		t.Errorf("a trial has an invoice: %s", a.body)
	}
	me := h.send("GET", "/auth/me", a.text("access_token"), nil).is(http.StatusOK)
	if me.text("account.id") != a.text("account.id") {
		t.Errorf("me: %s", me.body)
	}
	in := h.send("POST", "/auth/login", "", object{"email": strings.ToUpper(p["email"].(string)), "password": p["password"]}).is(http.StatusOK)
	next := h.send("POST", "/auth/refresh", "", object{"refresh_token": in.text("refresh_token")}).is(http.StatusOK)
	h.send("GET", "/account", next.text("access_token"), nil).is(http.StatusOK)
	h.send("POST", "/auth/logout", "", object{"refresh_token": next.text("refresh_token")}).is(http.StatusNoContent)
	h.send("GET", "/account", next.text("access_token"), nil).fault(http.StatusUnauthorized, "auth.invalid")
	h.send("POST", "/auth/login", "", object{"email": p["email"], "password": "wrong " + p["password"].(string)}).
		fault(http.StatusUnauthorized, "auth.bad_credentials")
}

func TestAPaidRegistrationWaitsForItsTransfer(t *testing.T) {
	t.Parallel()
	h := open(t, clock.Clock{})
	olga := h.operator()
	h.send("PUT", "/admin/bank-accounts/EUR", olga, object{
		"holder": "Igny8", "iban": "DE89370400440532013000", "bic": "COBADEFFXXX", "bank_name": "Bank",
	}).is(http.StatusOK)
	a := h.send("POST", "/auth/register", "", someone("growth", "bank_transfer")).is(http.StatusCreated)
	token := a.text("access_token")
	for path, want := range map[string]any{
		"account.status": "pending_payment", "subscription.status": "pending_payment", "subscription.payment_method": "bank_transfer",
		"credits.available": 0.0, "invoice.status": "open", "invoice.total.amount": 20000.0, "invoice.total.currency": "EUR",
		"invoice.amount_due.amount": 20000.0, "invoice.bank_details.iban": "DE89370400440532013000",
	} {
		if got := a.get(path); got != want {
			t.Errorf("%s is %v, want %v", path, got, want)
		}
	}
	h.send("GET", "/sites", token, nil).fault(http.StatusPaymentRequired, "account.payment_required")
	h.send("GET", "/billing/invoices/"+a.text("invoice.id"), token, nil).is(http.StatusOK)
	transfer := object{"subscription_id": a.text("subscription.id"), "external_payment_id": "BANK-7", "amount": 20000, "payer_name": "P", "proof_url": "https://b.example/1"}
	h.send("POST", "/billing/confirm-bank-transfer/", token, transfer).fault(http.StatusForbidden, "auth.forbidden")
	h.send("POST", "/billing/confirm-bank-transfer/", "", transfer).fault(http.StatusUnauthorized, "auth.required")
	first := h.send("POST", "/billing/confirm-bank-transfer/", olga, transfer).is(http.StatusOK)
	second := h.send("POST", "/billing/confirm-bank-transfer", olga, transfer).is(http.StatusOK)
	if !bytes.Equal(first.body, second.body) {
		t.Errorf("told twice, answered\n%s and\n%s", first.body, second.body)
	}
	for path, want := range map[string]any{
		"payment.status": "succeeded", "payment.method": "bank_transfer", "payment.external_payment_id": "BANK-7", "invoice.status": "paid",
		"subscription.status": "active", "subscription.external_payment_id": "BANK-7", "credits.available": 2000.0, "account.status": "active",
	} {
		if got := first.get(path); got != want {
			t.Errorf("%s is %v, want %v", path, got, want)
		}
	}
	h.send("GET", "/sites", token, nil).is(http.StatusOK)
	transfer["external_payment_id"] = "BANK-8"
	h.send("POST", "/billing/confirm-bank-transfer", olga, transfer).fault(http.StatusConflict, "payment.nothing_due")
	transfer["subscription_id"] = "sub_00000000000000000000000000"
	h.send("POST", "/billing/confirm-bank-transfer", olga, transfer).fault(http.StatusNotFound, "subscription.not_found")
}

func TestFiftyRepeatsMakeOneAccount(t *testing.T) {
	t.Parallel()
	h := open(t, clock.Clock{})
	p := someone("trial", "")
	answers := make([]answer, 50)
	var wg sync.WaitGroup
	for i := range answers {
		wg.Go(func() {
			answers[i] = h.send("POST", "/auth/register", "", p, "Idempotency-Key", "one")
		})
	}
	wg.Wait()
	for _, a := range answers {
		a.is(http.StatusCreated)
		if !bytes.Equal(a.body, answers[0].body) {
			t.Fatalf("two answers:\n%s\n%s", answers[0].body, a.body)
		}
	}
	entries := h.send("GET", "/billing/credits/entries", answers[0].text("access_token"), nil).is(http.StatusOK)
	if n := len(entries.get("items").([]any)); n != 1 {
		t.Errorf("%d entries, want one grant: %s", n, entries.body)
	}
	p["account_name"] = "Another"
	h.send("POST", "/auth/register", "", p, "Idempotency-Key", "one").fault(http.StatusUnprocessableEntity, "idempotency.mismatch")
	h.send("POST", "/auth/register", "", p, "Idempotency-Key", "two").fault(http.StatusConflict, "identity.email_taken")
}

func TestRegistrationsThatCannotBe(t *testing.T) {
	t.Parallel()
	h := open(t, clock.Clock{})
	for code, change := range map[string]object{
		"request.invalid":            {"email": nil},
		"identity.invalid_email":     {"email": "nobody"},
		"identity.weak_password":     {"password": "password"},
		"identity.invalid_name":      {"first_name": "\u202e"},
		"account.invalid_name":       {"account_name": "  "},
		"account.invalid_country":    {"country": "D1"},
		"payment_method.unknown":     {"payment_method": "gold"},
		"payment_method.unavailable": {"plan": "growth", "payment_method": "stripe"},
	} {
		p := someone("trial", "")
		for k, v := range change {
			p[k] = v
		}
		h.send("POST", "/auth/register", "", p).fault(http.StatusUnprocessableEntity, code)
	}
	p := someone("no such plan", "")
	h.send("POST", "/auth/register", "", p).fault(http.StatusNotFound, "plan.not_found")
	h.send("POST", "/auth/register", "", `{"email": `).fault(http.StatusBadRequest, "request.malformed")
	h.send("POST", "/auth/register", "", `{"email": "a\u0000b"}`).is(http.StatusUnprocessableEntity)
	h.send("POST", "/auth/register", "", strings.Repeat(" ", 2<<20)+"{}").fault(http.StatusRequestEntityTooLarge, "request.too_large")
}

// TestSuspensionStopsTheNextRequest tries a session and an API key.
func TestSuspensionStopsTheNextRequest(t *testing.T) {
	t.Parallel()
	h := open(t, clock.Clock{})
	olga := h.operator()
	a := h.send("POST", "/auth/register", "", someone("trial", "")).is(http.StatusCreated)
	token, acc := a.text("access_token"), a.text("account.id")
	key := h.send("POST", "/account/api-keys", token, object{"name": "k", "scopes": []string{"content.read", "content.write"}}).is(http.StatusCreated).text("key")
	h.send("GET", "/sites", key, nil).is(http.StatusOK)
	h.send("GET", "/account/api-keys", key, nil).fault(http.StatusForbidden, "auth.forbidden")
	h.send("POST", "/admin/accounts/"+acc+"/suspend", olga, object{"reason": "test"}).is(http.StatusOK)
	h.send("GET", "/sites", key, nil).fault(http.StatusForbidden, "account.suspended")
	h.send("GET", "/sites", token, nil).fault(http.StatusForbidden, "account.suspended")
	h.send("GET", "/billing/invoices", token, nil).fault(http.StatusForbidden, "account.suspended")
	h.send("POST", "/admin/accounts/"+acc+"/reactivate", olga, object{"reason": "test"}).is(http.StatusOK)
	h.send("GET", "/sites", key, nil).is(http.StatusOK)
	events := h.send("GET", "/admin/accounts/"+acc+"/audit", olga, nil).is(http.StatusOK)
	for _, action := range []string{"account.suspended", "account.reactivated", "account.created", "subscription.created"} {
		if !bytes.Contains(events.body, []byte(action)) {
			t.Errorf("%s is not in the audit log: %s", action, events.body)
		}
	}
}

func TestATrialEndsForEveryCredential(t *testing.T) {
	t.Parallel()
	hand := clock.NewHand(time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC))
	h := open(t, hand.Clock())
	a := h.send("POST", "/auth/register", "", someone("trial", "")).is(http.StatusCreated)
	key := h.send("POST", "/account/api-keys", a.text("access_token"), object{"name": "k", "scopes": []string{"content.read"}}).is(http.StatusCreated).text("key")
	hand.Advance(14*24*time.Hour - time.Second)
	h.send("GET", "/sites", key, nil).is(http.StatusOK)
	hand.Advance(time.Second)
	h.send("GET", "/sites", key, nil).fault(http.StatusPaymentRequired, "trial.ended")
	h.send("GET", "/sites", a.text("access_token"), nil).fault(http.StatusUnauthorized, "auth.invalid")
	p := h.send("POST", "/auth/refresh", "", object{"refresh_token": a.text("refresh_token")}).is(http.StatusOK).text("access_token")
	h.send("GET", "/sites", p, nil).fault(http.StatusPaymentRequired, "trial.ended")
	h.send("POST", "/billing/checkout", p, object{"plan": "starter", "payment_method": "bank_transfer"}).fault(http.StatusBadRequest, "idempotency.required")
	order := object{"plan": "starter", "payment_method": "bank_transfer"}
	first := h.send("POST", "/billing/checkout", p, order, "Idempotency-Key", "o1").is(http.StatusCreated)
	again := h.send("POST", "/billing/checkout", p, order, "Idempotency-Key", "o1").is(http.StatusCreated)
	if first.text("invoice.number") != again.text("invoice.number") {
		t.Errorf("ordered twice: %s and %s", first.body, again.body)
	}
}
