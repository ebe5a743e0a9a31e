package app

import (
	"net/http"
	"testing"
	"time"

	"igny8/internal/clock"
)

// TestUnpaidAnswersNameWhatToPay asks as an owner and as a key that may not
// read bills.
func TestUnpaidAnswersNameWhatToPay(t *testing.T) {
	t.Parallel()
	hand := clock.NewHand(time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC))
	h := open(t, hand.Clock())
	olga := h.operator()
	a := h.send("POST", "/auth/register", "", someone("growth", "bank_transfer")).is(http.StatusCreated)
	token := a.text("access_token")
	refused := h.send("GET", "/sites", token, nil).fault(402, "account.payment_required")
	for path, want := range map[string]any{
		"invoice.id": a.text("invoice.id"), "invoice.number": a.text("invoice.number"), "invoice.reference": a.text("invoice.reference"),
		"invoice.amount_due.amount": 20000.0, "invoice.amount_due.currency": "EUR", "invoice.due_at": a.text("invoice.due_at"),
		"invoice.bank_details": nil, "checkout": nil,
	} {
		if got := refused.get(path); got != want {
			t.Errorf("%s is %v, want %v", path, got, want)
		}
	}
	h.send("PUT", "/admin/bank-accounts/EUR", olga, object{"holder": "Igny8", "iban": "DE89370400440532013000", "bank_name": "Bank"}).is(http.StatusOK)
	if got := h.send("POST", "/sites", token, object{"name": "x", "domain": "x.example"}).fault(402, "account.payment_required"); got.text("invoice.bank_details.iban") != "DE89370400440532013000" {
		t.Errorf("where to pay: %s", got.body)
	}

	b := h.send("POST", "/auth/register", "", someone("trial", "")).is(http.StatusCreated)
	key := h.send("POST", "/account/api-keys", b.text("access_token"), object{"name": "k", "scopes": []string{"content.read"}}).is(http.StatusCreated).text("key")
	payer := h.send("POST", "/account/api-keys", b.text("access_token"), object{"name": "k", "scopes": []string{"content.read", "billing.read"}}).is(http.StatusCreated).text("key")
	hand.Advance(15 * 24 * time.Hour)
	ended := h.send("GET", "/sites", payer, nil).fault(402, "trial.ended")
	if ended.get("checkout") != "/api/v1/billing/checkout" || ended.get("invoice") != nil {
		t.Errorf("says %s", ended.body)
	}
	poor := h.send("GET", "/sites", key, nil).fault(402, "trial.ended")
	if poor.get("checkout") != nil || poor.get("invoice") != nil || poor.text("detail") == ended.text("detail") {
		t.Errorf("who may not read bills is told %s", poor.body)
	}
}
