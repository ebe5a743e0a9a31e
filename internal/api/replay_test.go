package api

import (
	"bytes"
	"net/http"
	"strings"
	"sync"
	"testing"

	"igny8/internal/db/dbtest"
)

const (
	starter = `{"plan":"starter","payment_method":"bank_transfer"}`
	growth  = `{"plan":"growth","payment_method":"bank_transfer"}`
)

func TestCheckoutNeedsAnIdempotencyKey(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	signedIn := h.member()
	order := func(body string, header ...string) answer {
		t.Helper()
		return h.send("POST", "/billing/checkout", body, append(header, signedIn...)...)
	}
	before := len(dbtest.Dump(t, h.d)["invoices"])
	order(starter).fault(http.StatusBadRequest, "idempotency.required")
	order(starter, "Idempotency-Key", "").fault(http.StatusBadRequest, "idempotency.required")
	for _, bad := range []string{"two words", "é", "a\tb", strings.Repeat("x", 256)} {
		order(starter, "Idempotency-Key", bad).fault(http.StatusBadRequest, "idempotency.invalid_key")
	}
	if n := len(dbtest.Dump(t, h.d)["invoices"]); n != before {
		t.Errorf("%d invoices without a key", n)
	}
	first := order(starter, "Idempotency-Key", "one").is(http.StatusCreated)
	again := order(starter, "Idempotency-Key", "one").is(http.StatusCreated)
	spelt := order(`{ "payment_method": "bank_transfer", "plan": "starter" }`, "Idempotency-Key", "one").is(http.StatusCreated)
	if !bytes.Equal(first.body, again.body) || !bytes.Equal(first.body, spelt.body) {
		t.Errorf("answered\n%s\n%s and\n%s", first.body, again.body, spelt.body)
	}
	order(growth, "Idempotency-Key", "one").fault(http.StatusUnprocessableEntity, "idempotency.mismatch")
	h.send("POST", "/sites", `{"name":"S","domain":"example.com"}`, append([]string{"Idempotency-Key", "one"}, signedIn...)...).
		fault(http.StatusUnprocessableEntity, "idempotency.mismatch") // one key for two routes
	second := order(growth, "Idempotency-Key", strings.Repeat("x", 255)).is(http.StatusCreated)
	if second.text("invoice.number") == first.text("invoice.number") {
		t.Errorf("another key, and the same answer: %s", second.body)
	}
	// The first answer stays what it was, though its invoice is void by now.
	if again := order(starter, "Idempotency-Key", "one").is(http.StatusCreated); !bytes.Equal(first.body, again.body) {
		t.Errorf("later it is %s", again.body)
	}
}

// TestAKeyThatFailedIsGoodAgain: what did not happen is not remembered.
func TestAKeyThatFailedIsGoodAgain(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	header := append([]string{"Idempotency-Key", "one"}, h.member()...)
	h.send("POST", "/billing/checkout", `{"plan":"gold","payment_method":"bank_transfer"}`, header...).fault(http.StatusNotFound, "plan.not_found")
	h.send("POST", "/billing/checkout", starter, header...).is(http.StatusCreated)
}

func TestOneKeyOfTwoAccountsIsTwo(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	ours := h.member()
	theirs := bearer(h.send("POST", "/auth/register", with("anna@example.com", "bert@example.com")).is(http.StatusCreated).text("access_token"))
	first := h.send("POST", "/billing/checkout", starter, append([]string{"Idempotency-Key", "one"}, ours...)...).is(http.StatusCreated)
	second := h.send("POST", "/billing/checkout", growth, append([]string{"Idempotency-Key", "one"}, theirs...)...).is(http.StatusCreated)
	if first.text("invoice.id") == second.text("invoice.id") || second.text("subscription.plan") != "growth" {
		t.Errorf("the other account was told %s", second.body)
	}
}

func TestOrdersSentAtOnceAreOne(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	header := append([]string{"Idempotency-Key", "one"}, h.member()...)
	answers := make([]answer, 8)
	var wg sync.WaitGroup
	for i := range answers {
		wg.Go(func() { answers[i] = h.send("POST", "/billing/checkout", starter, header...) })
	}
	wg.Wait()
	for _, a := range answers {
		if a.status != http.StatusCreated || !bytes.Equal(a.body, answers[0].body) {
			t.Errorf("%d %s, and\n%s", a.status, a.body, answers[0].body)
		}
	}
	if all := dbtest.Dump(t, h.d)["invoices"]; len(all) != 1 {
		t.Errorf("%d invoices", len(all))
	}
}

// TestARegistrationThatFailsLeavesNothing fails each statement of a request
// in turn, those that keep its answer included. The sender is told that it is
// our fault, and his key is good for the next try.
func TestARegistrationThatFailsLeavesNothing(t *testing.T) {
	t.Parallel()
	for plan, body := range map[string]string{"trial": anna, "growth": with(`"country"`, `"plan":"growth","payment_method":"bank_transfer","country"`)} {
		t.Run(plan, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t)
			var last answer
			dbtest.FailEverywhere(t, h.d, func() error {
				last = h.send("POST", "/auth/register", body, "Idempotency-Key", "one")
				if last.status == http.StatusCreated {
					return nil
				}
				last.fault(http.StatusInternalServerError, "internal")
				return errMethod // any error: it was told above which
			})
			if again := h.send("POST", "/auth/register", body, "Idempotency-Key", "one").is(http.StatusCreated); !bytes.Equal(again.body, last.body) {
				t.Errorf("answered\n%s and then\n%s", last.body, again.body)
			}
		})
	}
}

func TestACheckoutThatFailsLeavesNothing(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	header := append([]string{"Idempotency-Key", "one"}, h.member()...)
	dbtest.FailEverywhere(t, h.d, func() error {
		a := h.send("POST", "/billing/checkout", starter, header...)
		if a.status == http.StatusCreated {
			return nil
		}
		a.fault(http.StatusInternalServerError, "internal")
		return errMethod
	})
}
