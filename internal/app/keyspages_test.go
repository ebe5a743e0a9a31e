package app

import (
	"strings"
	"testing"

	"github.com/chromedp/chromedp/kb"

	"igny8/internal/web/webtest"
)

// reach moves to what a selector finds, by the tabulator alone.
func reach(b *webtest.Browser, t *testing.T, sel string) *webtest.Browser {
	t.Helper()
	for range 120 {
		var there bool
		b.Eval("document.activeElement.matches(`"+sel+"`)", &there)
		if there {
			return b
		}
		b.Key(kb.Tab)
	}
	t.Fatalf("the tabulator does not lead to %s; it is at %s", sel, b.At("location.pathname"))
	return b
}

// TestBrowserKeyboardAlone signs up for a paid plan, pays by bank transfer, says
// so, and works the operator's queue until the account is open, without a mouse.
func TestBrowserKeyboardAlone(t *testing.T) {
	t.Parallel()
	h := openPages(t)
	olga, staff := h.employ()
	h.bankAccount(olga)
	email := someone("", "")["email"].(string)
	b := webtest.Open(t, h.base, webtest.Options{})
	arrived := func(path string) {
		b.Until("location.pathname === `" + path + "` && document.readyState === `complete`")
	}

	b.Go("/")
	reach(b, t, `a[href="/sign-up"]`).Key(kb.Enter)
	arrived("/sign-up")
	reach(b, t, `[name="plan"]`)
	for b.At(`document.querySelector('[name=plan]:checked').value`) != "growth" {
		b.Key(kb.ArrowDown)
	}
	reach(b, t, `[name="payment_method"]`)
	for n := 0; b.At(`document.querySelector('[name=payment_method]:checked').value`) != "bank_transfer" && n < 5; n++ {
		b.Key(kb.ArrowDown)
	}
	for _, field := range []struct{ name, text string }{
		{"first_name", "Dora"}, {"last_name", "Dietrich"}, {"email", email}, {"password", goodPassword}, {"account_name", "Dora's Agency"}, {"country", "Ger"},
	} {
		reach(b, t, `[name="`+field.name+`"]`).Key(field.text)
	}
	if got := b.Value("country"); got != "DE" {
		t.Fatalf("typing Ger chooses %q", got)
	}
	b.Key(kb.Enter)
	reach(b, t, `main form button:not([type])`).Key(kb.Enter)
	arrived("/billing")
	b.Is("/billing", "Your account waits for a payment", "Reference")
	reach(b, t, `main a[href^="/billing/invoices/"]`).Key(kb.Enter)
	b.Until(`location.pathname.startsWith("/billing/invoices/") && document.querySelector('[name="payer_name"]')`)
	for _, field := range []struct{ name, text string }{{"external_payment_id", "DORA-1"}, {"payer_name", "Dora Dietrich"}} {
		reach(b, t, `[name="`+field.name+`"]`).Key(field.text)
	}
	b.Key(kb.Enter).Until(`document.querySelector("main [role=status]")`)

	o := webtest.Open(t, h.base, webtest.Options{})
	o.Go("/sign-in?next=/staff/payments")
	reach(o, t, `[name="email"]`).Key(staff)
	reach(o, t, `[name="password"]`).Key(goodPassword + kb.Enter)
	o.Until("location.pathname === `/staff/payments` && document.readyState === `complete`")
	o.Key("j").Key(kb.Enter).Until(`location.pathname.startsWith("/staff/payments/") && document.readyState === "complete"`)
	o.Is(o.At("location.pathname"), "What confirming will do", "Dora Dietrich")
	reach(o, t, `main form[action$="/confirm"] button`)
	if said := o.At("document.activeElement.textContent"); !strings.Contains(said, "Confirm") {
		t.Errorf("the button says %q", said)
	}
	o.Key(kb.Enter).Until(`document.body.innerText.includes("Succeeded")`)
	b.Go("/home").Is("/home", "Growth", "2,000").Clean()
	o.Clean()
}
