package app

import (
	"net/http"
	"testing"
	"time"

	"igny8/internal/clock"
)

// TestHolds is a program that pays for its own work in credits.
func TestHolds(t *testing.T) {
	t.Parallel()
	hand := clock.NewHand(time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC))
	h := openWide(t, hand.Clock())
	token := h.send("POST", "/auth/register", "", someone("trial", "")).is(http.StatusCreated).text("access_token")
	before := h.send("GET", "/billing/credits", token, nil).is(http.StatusOK).number("available")
	reserve := func(body object, header ...string) answer {
		return h.send("POST", "/billing/credits/holds", token, body, header...)
	}
	body := object{"operation": "generate_content", "units": 450, "reference": "post 17", "lease_seconds": 60}
	hold := reserve(body, "Idempotency-Key", "once").is(http.StatusCreated)
	if again := reserve(body, "Idempotency-Key", "once").is(http.StatusCreated); again.text("id") != hold.text("id") {
		t.Errorf("sent again with the same key: %s and %s", hold.body, again.body)
	}
	if hold.number("amount") != 9 || hold.text("state") != "open" || hold.text("lease_until") != "2030-01-01T00:01:00Z" {
		t.Errorf("reserved %s", hold.body)
	}
	path := "/billing/credits/holds/" + hold.text("id")
	hand.Advance(50 * time.Second)
	h.send("POST", path+"/extend", token, object{"lease_seconds": 60}).is(http.StatusOK)
	hand.Advance(59 * time.Second)
	ended := h.send("POST", path+"/settle", token, object{"units": 210}).is(http.StatusOK)
	if ended.text("state") != "settled" || ended.number("used") != 5 {
		t.Errorf("settled %s", ended.body)
	}
	h.send("POST", path+"/release", token, nil).is(http.StatusConflict)
	h.send("POST", path+"/extend", token, object{}).is(http.StatusConflict)
	if got := h.send("GET", "/billing/credits", token, nil).number("available"); got != before-5 {
		t.Errorf("%v available, want %v", got, before-5)
	}

	forgotten := reserve(object{"operation": "auto_cluster", "units": 1000, "reference": "import", "lease_seconds": 1}).is(http.StatusCreated)
	hand.Advance(time.Second)
	if got := h.send("GET", "/billing/credits", token, nil).number("available"); got != before-5 {
		t.Errorf("%v available once the lease has run out, want %v", got, before-5)
	}
	if got := h.send("GET", "/billing/credits/holds/"+forgotten.text("id"), token, nil).is(http.StatusOK).text("state"); got != "released" {
		t.Errorf("the forgotten hold is %s", got)
	}
	for _, tt := range []struct {
		name   string
		body   object
		status int
	}{
		{"poetry has no price", object{"operation": "poetry", "units": 1, "reference": "x"}, http.StatusUnprocessableEntity},
		{"no units", object{"operation": "auto_cluster", "units": 0, "reference": "x"}, http.StatusUnprocessableEntity},
		{"a long lease", object{"operation": "auto_cluster", "units": 1, "reference": "x", "lease_seconds": 86401}, http.StatusUnprocessableEntity},
		{"no reference", object{"operation": "auto_cluster", "units": 1, "reference": ""}, http.StatusUnprocessableEntity},
		{"more than there is", object{"operation": "generate_ideas", "units": 10_000_000, "reference": "x"}, http.StatusPaymentRequired},
		{"a site of nobody", object{"operation": "auto_cluster", "units": 1, "reference": "x", "site_id": "site_00000000000000000000000000"}, http.StatusNotFound},
	} {
		if got := reserve(tt.body); got.status != tt.status {
			t.Errorf("%s: %d %s, want %d", tt.name, got.status, got.body, tt.status)
		}
	}
	list := h.send("GET", "/billing/credits/holds", token, nil).is(http.StatusOK)
	if items, _ := list.get("items").([]any); len(items) != 2 {
		t.Errorf("listed %s, want 2 holds", list.body)
	}
}
