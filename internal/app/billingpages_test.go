package app

import (
	"bytes"
	"image"
	"image/png"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"igny8/internal/clock"
	"igny8/internal/payment/stripetest"
	"igny8/internal/tenant"
	"igny8/internal/web/webtest"
)

// sells makes a server on which the operator has said who sells, and where
// money is to be sent.
func (h *house) sells(operator string) {
	h.t.Helper()
	h.send("PUT", "/admin/settings/company", operator, object{
		"name": "Igny8 GmbH", "line1": "Lange Straße 12", "postcode": "10115", "city": "Berlin", "country": "DE", "tax_id": "DE123456789", "footer": "Managing director: Olga O.",
		"tax_rules": []object{{"country": "DE", "buyer": "consumer", "rate": 1900}},
	}).is(http.StatusOK)
	h.send("PUT", "/admin/bank-accounts/EUR", operator, object{
		"holder": "Igny8 GmbH", "iban": "DE89370400440532013000", "bic": "COBADEFFXXX", "bank_name": "Bank of Berlin", "instructions": "Fees are the payer's.",
	}).is(http.StatusOK)
}

// drawn is a file with a picture, another one for each shade.
func drawn(t *testing.T, shade byte) string {
	t.Helper()
	picture := image.NewNRGBA(image.Rect(0, 0, 16, 16))
	picture.Pix[0], picture.Pix[3] = shade, 255
	var b bytes.Buffer
	if err := png.Encode(&b, picture); err != nil {
		t.Fatal(err)
	}
	return kept(t, "proof.png", b.Bytes())
}

// kept is a file with a content.
func kept(t *testing.T, name string, content []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// served is what the browser gets at an address of ours, with its cookie: its
// status and headers, and the bytes.
func (h *house) served(b *webtest.Browser, path string) answer {
	h.t.Helper()
	var cookies []string
	for name, c := range b.Cookies() {
		cookies = append(cookies, name+"="+c.Value)
	}
	return h.send("GET", "page:"+path, "", nil, "Cookie", strings.Join(cookies, "; "))
}

// scanned is what a phone reads in a picture.
func scanned(t *testing.T, picture []byte) string {
	t.Helper()
	program, err := exec.LookPath("zbarimg")
	if err != nil {
		t.Skip("there is no zbarimg here: .ci/tools installs zbar-tools where apt can")
	}
	out, err := exec.CommandContext(t.Context(), program, "--raw", "--quiet", kept(t, "code.png", picture)).Output()
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

// TestBrowserPaysByTransfer is the whole way: the order, the report, what the
// operator says about it, and the credits.
func TestBrowserPaysByTransfer(t *testing.T) {
	t.Parallel()
	h := openPages(t)
	operator := h.operator()
	h.sells(operator)
	across(t, []string{"desktop", "telephone", "telephone without scripts"}, func(t *testing.T, name string, o webtest.Options) {
		b := webtest.Open(t, h.base, o)
		email := someone("", "")["email"].(string)
		signUp(b.Go("/sign-up?plan=growth"), email).Submit("Create the account")
		look(b.Is("/billing", "Your account waits for a payment", "Growth", "How to pay"), name+" billing unpaid")
		b.Go("/billing/invoices")
		look(b.Is("/billing/invoices", "Open"), name+" invoices")
		at := b.At(`document.querySelector('main td a').getAttribute('href')`)
		look(b.Go(at).Is(at, "to pay by", "Waiting for your transfer", "DE89 3704 0044 0532 0130 00", "I have paid", "Lange Straße 12", "VAT 19"), name+" invoice open")
		reference := strings.ReplaceAll(b.At(`document.querySelector('button[aria-label="Copy the reference"]').dataset.copy`), " ", "")
		if len(reference) < 10 || !strings.HasPrefix(reference, "RF") {
			t.Errorf("the reference is %q", reference)
		}
		code := h.served(b, b.At(`document.querySelector('#pay img').getAttribute('src')`)).is(http.StatusOK)
		if code.header.Get("Content-Type") != "image/png" {
			t.Errorf("the code is %v", code.header)
		}
		if text := scanned(t, code.body); !strings.Contains(text, "\nDE89370400440532013000\nEUR238.00\n") || !strings.Contains(text, reference) {
			t.Errorf("a phone reads %q", text)
		}
		paper := h.served(b, at+"/pdf").is(http.StatusOK)
		if !bytes.HasPrefix(paper.body, []byte("%PDF-")) || !strings.HasPrefix(paper.header.Get("Content-Disposition"), "attachment; ") {
			t.Errorf("the PDF: %v", paper.header)
		}

		// What is wrong comes back beside the field, and what was typed stays.
		b.Type("external_payment_id", "TRANSFER "+name).Type("amount", "much").Type("payer_name", "Dora Dietrich").Submit("Report the payment")
		look(b.Is(at, "Something is not right yet", "Enter the amount that you sent"), name+" report refused")
		b.Type("amount", "238,00").Attach("proof", kept(t, "proof.txt", []byte("I have paid, believe me"))).Submit("Report the payment")
		b.Is(at, "The file is neither a PDF nor a PNG nor a JPEG.")
		if b.Status() != http.StatusUnprocessableEntity {
			t.Errorf("status %d", b.Status())
		}
		b.Attach("proof", kept(t, "large.png", bytes.Repeat([]byte("x"), 6<<20))).Submit("Report the payment")
		b.Is(at, "more than 5 MB")
		for field, want := range map[string]string{"external_payment_id": "TRANSFER " + name, "amount": "238,00", "payer_name": "Dora Dietrich"} {
			if got := b.Value(field); got != want {
				t.Errorf("%s: %q is in the form, want %q", field, got, want)
			}
		}
		b.Attach("proof", drawn(t, byte(len(name)))).Submit("Report the payment")
		look(b.Is(at, "We look for your transfer", "You reported", "TRANSFER "+name, "We look for it at the bank", "Your proof"), name+" reported")
		proof := h.served(b, b.At(`document.querySelector('.steps a').getAttribute('href')`)).is(http.StatusOK)
		if proof.header.Get("Content-Type") != "image/png" || proof.header.Get("X-Content-Type-Options") != "nosniff" ||
			!strings.HasPrefix(proof.header.Get("Content-Disposition"), "attachment") || !strings.HasPrefix(proof.header.Get("Content-Security-Policy"), "sandbox") {
			t.Errorf("the proof: %v", proof.header)
		}
		look(b.Go("/billing/payments").Is("/billing/payments", "Pending review", "238", "Proof"), name+" payments")
		b.Go("/billing").Is("/billing", "we look for it at the bank", "See how far it is")

		// The page knows by itself.
		b.Go(at)
		account := h.send("POST", "/auth/login", "", object{"email": email, "password": goodPassword}).is(http.StatusOK)
		id := h.send("GET", "/account", account.text("access_token"), nil).is(http.StatusOK).text("id")
		h.send("POST", "/billing/confirm-bank-transfer", operator, object{
			"account_id": id, "external_payment_id": "TRANSFER " + name, "amount": 23800, "payer_name": "Dora Dietrich",
		}).is(http.StatusOK)
		if o.NoScripts {
			b.Press(`a[href="` + at + `"]`)
		} else {
			b.Until(`document.querySelector('main').innerText.includes('Your credits are live')`)
		}
		look(b.Is(at, "Your credits are live", "seen at the bank", "credits live", "Paid on"), name+" invoice paid")
		if text := b.Text(); strings.Contains(text, "I have paid") || strings.Contains(text, "Scan with your banking app") {
			t.Errorf("the page still asks: %s", text)
		}
		look(b.Go("/billing").Is("/billing", "Renews on", "Cancel the plan"), name+" billing paid")
		b.Go("/home").Is("/home").Clean()
	})
}

// TestBrowserWhatBecomesOfAPayment: it is rejected; it waits for a second
// person; it is taken back. The page tells each by itself.
func TestBrowserWhatBecomesOfAPayment(t *testing.T) {
	t.Parallel()
	onSQLite(t)
	h := openPages(t)
	operator, second := h.operator(), h.staff(tenant.PaymentsApprove)
	h.sells(operator)
	h.send("PUT", "/admin/settings/approval", operator, object{
		"above": []object{{"amount": 20000, "currency": "EUR"}}, "uncertain": false, "own_account": false,
	}).is(http.StatusOK)
	in(t, []string{"dark"}, func(t *testing.T, name string, o webtest.Options) {
		p := someone("growth", "bank_transfer")
		r := h.send("POST", "/auth/register", "", p).is(http.StatusCreated)
		b := webtest.Open(t, h.base, o)
		b.Go("/sign-in").Type("email", p["email"].(string)).Type("password", p["password"].(string)).Submit("Sign in").Is("/billing")
		at := "/billing/invoices/" + r.text("invoice.id")
		tells := func(what string) {
			if o.NoScripts {
				b.Go(at)
			} else {
				b.Until(`document.querySelector('main').innerText.includes('` + what + `')`)
			}
			b.Is(at, what)
		}
		b.Go(at).Type("external_payment_id", "NOWHERE").Type("payer_name", "Dora").Submit("Report the payment").Is(at, "Thank you")
		claim := h.send("GET", "/billing/payments", r.text("access_token"), nil).is(http.StatusOK).get("items").([]any)[0].(map[string]any)["id"].(string)
		h.send("POST", "/admin/payments/"+claim+"/reject", operator, object{"reason": "No such transfer has arrived."}).is(http.StatusOK)
		tells("Your payment was not found")
		look(b.Is(at, "Rejected", "No such transfer has arrived.", "Waiting for your transfer", "I have paid"), name+" rejected")

		paid := h.send("POST", "/billing/confirm-bank-transfer", operator, object{
			"account_id": r.text("account.id"), "external_payment_id": "REAL " + name, "amount": 23800, "payer_name": "Dora",
		}).is(http.StatusAccepted).text("payment.id")
		tells("Your payment is being checked")
		look(b.Is(at, "A second person checks it"), name+" second person")
		h.send("POST", "/admin/payments/"+paid+"/approve", second, object{}).is(http.StatusOK)
		tells("Your credits are live")
		h.send("POST", "/admin/payments/"+paid+"/undo", operator, object{"reason": "It was another customer's."}).is(http.StatusOK)
		b.Go(at)
		look(b.Is(at, "Confirmation taken back", "It was another customer's."), name+" taken back")
		look(b.Go("/billing/payments").Is("/billing/payments", "Reversed", "Rejected", "No such transfer has arrived."), name+" payments of all kinds")
		over := h.send("POST", "/billing/confirm-bank-transfer", operator, object{
			"account_id": r.text("account.id"), "external_payment_id": "OVER " + name, "amount": 25000, "payer_name": "Dora", "accept_other_amount": true,
		}).is(http.StatusAccepted).text("payment.id")
		h.send("POST", "/admin/payments/"+over+"/approve", second, object{}).is(http.StatusOK)
		h.send("POST", "/admin/accounts/"+r.text("account.id")+"/credit-notes", operator, object{
			"invoice_id": r.text("invoice.id"), "amount": 5000, "reason": "For the trouble",
		}, "Idempotency-Key", r.text("account.id")).is(http.StatusCreated)
		look(b.Go("/billing/credit-notes").Is("/billing/credit-notes", "For the trouble", "PDF"), name+" credit notes")
		if paper := h.served(b, b.At(`document.querySelector('td[data-actions] a').getAttribute('href')`)).is(http.StatusOK); !bytes.HasPrefix(paper.body, []byte("%PDF-")) {
			t.Errorf("the credit note begins with %q", paper.body[:8])
		}
		b.Go("/billing").Is("/billing", "Your balance")
		look(b, name+" billing balance").Clean()
	})
}

// TestBrowserOrdersAndCancels is the life of a plan after the first.
func TestBrowserOrdersAndCancels(t *testing.T) {
	t.Parallel()
	onSQLite(t)
	h := openPages(t)
	operator := h.operator()
	h.sells(operator)
	in(t, []string{"telephone in the dark", "no scripts"}, func(t *testing.T, name string, o webtest.Options) {
		b := webtest.Open(t, h.base, o)
		email := someone("", "")["email"].(string)
		signUp(b.Go("/sign-up"), email).Submit("Create the account").Is("/home")
		look(b.Go("/billing").Is("/billing", "Trial ends"), name+" billing trial")
		look(b.Go("/billing/payments").Is("/billing/payments", "No payments"), name+" no payments")
		look(b.Go("/billing/plans").Is("/billing/plans", "Change the plan", "Coming soon"), name+" plans")
		b.Pick("plan", "scale").Submit("Order and get the invoice")
		first := b.At(`location.pathname`)
		b.Is(first, "Thank you for your order.", "Scale")
		look(b.Go("/billing/plans").Is("/billing/plans", "Scale is ordered and waits for its payment"), name+" plans ordered")
		b.Go("/billing").Is("/billing", "Scale, as soon as its invoice is paid")

		look(b.Go("/billing/details").Type("tax_id", "DE1").Submit("Save").Is("/billing/details", "VAT id of this country"), name+" details refused")
		b.Type("tax_id", "DE136695976").Type("line1", "Am Ring 1").Type("city", "Köln").Choose("language", "de").Submit("Save")
		look(b.Is("/billing/details", "The billing details are saved."), name+" details")
		if got := b.Value("language"); got != "de" {
			t.Errorf("the language is %q", got)
		}
		// The next invoice is written in German, to the new address.
		b.Go("/billing/plans").Pick("plan", "growth").Submit("Order and get the invoice")
		next := b.At(`location.pathname`)
		look(b.Is(next, "Rechnung", "Zahlungsreferenz", "Köln"), name+" invoice in German")
		look(b.Go(first).Is(first, "Nothing is to be paid"), name+" invoice void")

		token := h.send("POST", "/auth/login", "", object{"email": email, "password": goodPassword}).is(http.StatusOK).text("access_token")
		due := h.send("GET", "/billing/invoices/"+strings.TrimPrefix(next, "/billing/invoices/"), token, nil).is(http.StatusOK).get("amount_due.amount")
		h.send("POST", "/billing/confirm-bank-transfer", operator, object{
			"account_id": h.send("GET", "/account", token, nil).text("id"), "external_payment_id": "B " + name, "amount": due, "payer_name": "Dora",
		}).is(http.StatusOK)
		b.Go("/billing").Is("/billing", "Growth", "Renews on").Click(`[data-dialog="cancel-plan"]`)
		if o.NoScripts {
			look(b.Is("/billing/cancel", "Cancel Growth?"), name+" cancel")
		} else {
			look(b, name+" cancel")
		}
		b.Press(`form[action="/billing/cancel"] button`).Is("/billing", "The plan ends on", "Ends on", "Keep the plan after all")
		look(b, name+" billing cancelled")
		b.Submit("Keep the plan after all").Is("/billing", "The plan goes on", "Renews on").Clean()
		b.Go("/billing/plans").Is("/billing/plans", "Growth – your plan now").Clean()
	})
}

// TestBrowserPaysByCard goes to the payment provider and back.
func TestBrowserPaysByCard(t *testing.T) {
	t.Parallel()
	onSQLite(t)
	s := openTill(t, clock.Clock{})
	in(t, []string{"telephone"}, func(t *testing.T, name string, o webtest.Options) {
		b := webtest.Open(t, s.base, o)
		signUp(b.Go("/sign-up"), someone("", "")["email"].(string)).Submit("Create the account").Is("/home")
		look(b.Go("/billing/plans").Pick("payment_method", "stripe"), name+" plans online")
		b.Pick("plan", "growth").Submit("Order and get the invoice")
		at := b.At(`location.pathname`)
		look(b.Is(at, "Thank you for your order.", "This invoice is paid by Card (Stripe).", "Waiting for your payment"), name+" invoice by card")
		look(b.Submit("Pay now").Is(at+"/pay", "On to the payment provider"), name+" to the provider")
		away := b.At(`document.querySelector('main a.btn').href`)
		if !strings.HasPrefix(away, s.stripe.URL+"/") {
			t.Fatalf("leads to %q", away)
		}
		b.Go("/billing?unpaid="+strings.TrimPrefix(at, "/billing/invoices/")).Is(at, "Nothing was paid.")
		paid := s.stripe.Pay(stripetest.SessionOf(away))
		b.Go("/billing?paid="+strings.TrimPrefix(at, "/billing/invoices/")).Is(at, "As soon as the payment provider has told us")
		s.tell("stripe", paid.Events...)
		s.calm()
		if o.NoScripts {
			b.Go(at)
		} else {
			b.Until(`document.querySelector('main').innerText.includes('Your credits are live')`)
		}
		look(b.Is(at, "Your credits are live", "received by Card (Stripe)"), name+" paid by card")
		b.Go("/billing").Is("/billing", "Change how you pay")
		look(b.Submit("Change how you pay").Is("/billing/portal", "On to the payment provider"), name+" portal").Clean()
	})
}

// TestBrowserRestsWhileNobodyLooks, and prints the document alone.
func TestBrowserRestsWhileNobodyLooks(t *testing.T) {
	t.Parallel()
	onSQLite(t)
	h := openPages(t)
	h.sells(h.operator())
	b := webtest.Open(t, h.base, webtest.Options{})
	signUp(b.Go("/sign-up?plan=growth"), someone("", "")["email"].(string)).Submit("Create the account").Is("/billing")
	b.Go(b.At(`document.querySelector('main .card a.btn').getAttribute('href')`))
	const often = `{ window.asked = 0; document.addEventListener('htmx:after:request', () => { window.asked++; });
		const part = document.querySelector('[hx-get]'); part.setAttribute('hx-trigger', 'every 50ms'); htmx.process(part, true); }`
	b.Eval(often, nil).Until(`window.asked > 2`)
	b.Eval(`Object.defineProperty(document, 'hidden', {get: () => true, configurable: true})`, nil)
	b.Eval(`new Promise((done) => setTimeout(() => { window.asked = 0; setTimeout(() => { window.resting = window.asked === 0; done(); }, 500); }, 500))`, nil)
	b.Until(`window.resting !== undefined`)
	if b.At(`String(window.resting)`) != "true" {
		t.Error("a page that nobody sees goes on asking")
	}
	b.Eval(`delete document.hidden`, nil).Until(`window.asked > 0`).Clean()
	look(b.Print(), "print")
	if text := b.Text(); strings.Contains(text, "I have paid") || strings.Contains(text, "Progress") || strings.Contains(text, "Sessions") ||
		!strings.Contains(text, "Scan") && !strings.Contains(text, "DE89 3704") {
		t.Errorf("on paper: %s", text)
	}
}
