package app

import (
	"net/http"
	"strings"
	"testing"

	"igny8/internal/clock"
	"igny8/internal/web/webtest"
)

// TestBrowserBuysCredits is warned, buys a package, sees it paid, and says when
// to be warned again.
func TestBrowserBuysCredits(t *testing.T) {
	t.Parallel()
	across(t, []string{"desktop", "telephone without scripts"}, func(t *testing.T, name string, o webtest.Options) {
		h := openWide(t, clock.Clock{})
		operator := h.operator()
		h.sells(operator)
		p := someone("trial", "")
		r := h.send("POST", "/auth/register", "", p).is(http.StatusCreated)
		h.send("PUT", "/billing/credits/threshold", r.text("access_token"), object{"threshold": 2000}).is(http.StatusOK)
		b := webtest.Open(t, h.base, o)
		b.Go("/sign-in").Type("email", p["email"].(string)).Type("password", p["password"].(string)).Submit("Sign in").Go("/billing").
			Is("/billing", "Your credits run out", "Fewer than 2,000 are left", "Buy credits")
		look(b, name+" billing with few credits")
		look(b.Press(`a[href="/billing/credits"]`).Is("/billing/credits", "500 credits", "They stay until they are used.", "Warn below"), name+" credits")
		b.Pick("package", "credits-500").Pick("payment_method", "bank_transfer").Submit("Order and get the invoice")
		id := strings.TrimPrefix(b.At("location.pathname"), "/billing/invoices/")
		look(b.Is("/billing/invoices/"+id, "to pay by", "500 credits"), name+" invoice for credits")
		i := h.send("GET", "/billing/invoices/"+id, r.text("access_token"), nil).is(http.StatusOK)
		if i.text("package.code") != "credits-500" || i.number("package.credits") != 500 {
			t.Errorf("the invoice is for %s", i.body)
		}
		h.send("POST", "/billing/confirm-bank-transfer", operator, object{
			"account_id": r.text("account.id"), "external_payment_id": "T1", "amount": i.number("amount_due.amount"), "payer_name": "P",
		}).is(http.StatusOK)
		look(b.Go("/billing/invoices/"+id).Is("/billing/invoices/"+id, "Your credits are live", "500 credits came with this invoice, and stay until they are used."), name+" credits are live")
		b.Go("/billing/credits").Type("threshold", "a few").Submit("Save").Is("/billing/credits/threshold", "A threshold is a whole number")
		if b.Value("threshold") != "a few" {
			t.Errorf("what was typed is gone: %q", b.Value("threshold"))
		}
		look(b, name+" a threshold that is none")
		b.Type("threshold", "20").Submit("Save").Is("/billing/credits", "Saved.")
		if b.Value("threshold") != "20" {
			t.Errorf("the threshold is %q", b.Value("threshold"))
		}
	})
}
