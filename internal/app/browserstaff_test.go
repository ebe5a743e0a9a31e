package app

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"igny8/internal/tenant"
	"igny8/internal/web/webtest"
)

// employ makes the first of the staff, who may do all, and is his token and
// his address.
func (h *house) employ() (token, email string) {
	h.t.Helper()
	secret, ok, err := h.s.identity.FirstStaffToken(h.t.Context())
	if err != nil || !ok {
		h.t.Fatalf("no token for the first operator: %v", err)
	}
	p := someone("", "")
	email = p["email"].(string)
	token = h.send("POST", "/auth/first-staff", "", object{
		"token": secret, "email": email, "password": goodPassword, "first_name": "Olga", "last_name": "O",
	}).is(http.StatusCreated).text("access_token")
	return token, email
}

// second is another of the staff, with the privileges given.
func (h *house) second(manager string, may ...tenant.Privilege) (email string) {
	h.t.Helper()
	p := someone("trial", "")
	p["password"] = goodPassword
	email = p["email"].(string)
	h.send("POST", "/auth/register", "", p).is(http.StatusCreated)
	for _, m := range may {
		h.send("POST", "/admin/privileges", manager, object{"email": email, "privilege": m}).is(http.StatusCreated)
	}
	return email
}

// enter signs in.
func enter(b *webtest.Browser, email, path string) *webtest.Browser {
	return b.Go("/sign-in?next="+path).Type("email", email).Type("password", goodPassword).Submit("Sign in")
}

// keep is a file that a browser can choose.
func keep(t *testing.T, name, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestBrowserAStatementOpensAnAccount goes from the file of the bank to the
// account that works, as the operator's people do it.
func TestBrowserAStatementOpensAnAccount(t *testing.T) {
	t.Parallel()
	across(t, []string{"desktop", "telephone without scripts"}, func(t *testing.T, name string, o webtest.Options) {
		h := openPages(t)
		olga, email := h.employ()
		h.bankAccount(olga)
		alice := h.send("POST", "/auth/register", "", someone("growth", "bank_transfer")).is(http.StatusCreated)
		bob := h.send("POST", "/auth/register", "", someone("growth", "bank_transfer")).is(http.StatusCreated)
		h.send("POST", "/billing/payments", bob.text("access_token"), withProof{
			"invoice_id": bob.text("invoice.id"), "external_payment_id": "BOB-1", "amount": 20000, "payer_name": "Bob Builder",
		}, "Idempotency-Key", "claim-one").is(http.StatusCreated)
		o.Language = ""
		b := webtest.Open(t, h.base, o)
		enter(b, email, "/staff/statements").Is("/staff/statements", "No statement yet")
		look(b, name+" statements empty")

		// A file that cannot be read says where.
		b.Attach("file", keep(t, "broken.xml", strings.Replace(camt053(operatorsIBAN, entry{ref: "X", amount: "2OO.00"}).content, "2030-01-09</Dt></BookgDt>", "2030-13-09</Dt></BookgDt>", 1)))
		look(b.Submit("Import").Is("/staff/statements", "Line ", "cannot be read"), name+" statements refused")
		if b.Status() != http.StatusUnprocessableEntity {
			t.Errorf("status %d", b.Status())
		}
		file := camt053(operatorsIBAN, entry{ref: "A1", amount: "200.00", text: "thanks " + alice.text("invoice.reference")},
			entry{ref: "A2", amount: "200.00", text: "no word"}, entry{ref: "A3", amount: "7.00", side: "DBIT"})
		b.Attach("file", keep(t, "january.xml", file.content)).Submit("Import")
		look(b.Is(b.At("location.pathname"), "Imported. Lines: 3 new", "Reference and exact amount", "january.xml"), name+" statement")
		look(b.Go("/staff/statements").Is("/staff/statements", "january.xml"), name+" statements")

		look(b.Go("/staff/payments").Is("/staff/payments", "Bob Builder", "Reference and exact amount", "200.00 EUR, exactly what is due", "Waiting for review"), name+" queue")
		look(b.Go("/staff/payments?view=lines").Is("/staff/payments?view=lines", "Amount alone"), name+" lines")
		line := h.send("GET", "/admin/bank-lines", olga, nil).is(http.StatusOK).item(1)
		b.Go("/staff/bank-lines/"+line.text("id")).Is("/staff/bank-lines/"+line.text("id"), "What confirming for Agency will do", "Pending payment → Active", "0 → 2,000 available")
		look(b, name+" line")
		h.send("GET", "/sites", alice.text("access_token"), nil).fault(http.StatusPaymentRequired, "account.payment_required") // a preview moves nothing
		b.Submit("Confirm")
		look(b.Is(b.At("location.pathname"), "Confirmed. Invoice", "Succeeded", "A1"), name+" payment")
		h.send("GET", "/sites", alice.text("access_token"), nil).is(http.StatusOK)
		look(b.Go("/staff/payments?view=done").Is("/staff/payments?view=done", "Succeeded", "Matched"), name+" done")

		// What pays for nothing leaves the queue, and comes back.
		other := h.send("GET", "/admin/bank-lines", olga, nil).is(http.StatusOK).item(0).text("id")
		look(b.Go("/staff/bank-lines/"+other+"/ignore").Is("/staff/bank-lines/"+other+"/ignore", "leaves the queue"), name+" ignore")
		b.Type("reason", "a gift").Submit("Ignore").Is("/staff/payments?view=lines", "Ignored.")
		look(b.Go("/staff/bank-lines/"+other).Is("/staff/bank-lines/"+other, "a gift"), name+" line ignored")
		b.Submit("Put it back into the queue").Is("/staff/bank-lines/"+other, "in the queue again")
		// It is Bob's, who has told of it.
		b.Type("account_id", bob.text("account.id")).Submit("Preview")
		look(b.Is(b.At("location.pathname+location.search"), "What confirming for", "BOB-1"), name+" line chosen")
		h.verify()
	})
}

// TestBrowserTwoPeopleForMuchMoney: above the limit the second approves; then
// it is rejected, undone and sent back.
func TestBrowserTwoPeopleForMuchMoney(t *testing.T) {
	t.Parallel()
	onSQLite(t)
	in(t, []string{"telephone", "no scripts"}, func(t *testing.T, name string, o webtest.Options) {
		h := openPages(t)
		o.Language = ""
		olga, email := h.employ()
		h.bankAccount(olga)
		peter := h.second(olga, tenant.PaymentsApprove)
		h.send("PUT", "/admin/settings/approval", olga, object{"above": []object{{"amount": 10000, "currency": "EUR"}}, "uncertain": false, "own_account": false}).is(http.StatusOK)
		claim := func(reference string) (payer answer, path string) {
			payer = h.send("POST", "/auth/register", "", someone("growth", "bank_transfer")).is(http.StatusCreated)
			p := h.send("POST", "/billing/payments", payer.text("access_token"), withProof{
				"invoice_id": payer.text("invoice.id"), "external_payment_id": reference, "amount": 20000, "payer_name": "Bob Builder",
			}, "Idempotency-Key", "claim-"+reference).is(http.StatusCreated)
			return payer, "/staff/payments/" + p.text("id")
		}
		bob, path := claim("BOB-1")
		b := webtest.Open(t, h.base, o)
		enter(b, email, path).Is(path, "What confirming will do", "A second person must approve", "Bob Builder", "Download the file")
		look(b, name+" reported")

		// Another amount is taken only where somebody says so.
		b.Type("amount", "150.00").Submit("Preview")
		look(b.Is(b.At("location.pathname+location.search"), "This cannot be done like this", "150.00"), name+" other amount refused")
		b.Click(`[type="checkbox"][name="accept_other_amount"]`).Submit("Preview").Is(b.At("location.pathname+location.search"), "What confirming will do")
		b.Type("amount", "many").Submit("Preview").Is(b.At("location.pathname+location.search"), "This is no amount")
		b.Go(path).Submit("Confirm").Is(path, "A second person must approve before anything moves", "Awaiting approval", "Who confirmed a payment cannot approve it")
		h.send("GET", "/sites", bob.text("access_token"), nil).fault(http.StatusPaymentRequired, "account.payment_required")
		b.Clean()

		p := webtest.Open(t, h.base, o)
		enter(p, peter, "/staff/payments?view=approval").Is("/staff/payments?view=approval", "Awaiting approval", "Agency")
		look(p, name+" for a second person")
		p.Click(`a[data-item]`)
		look(p.Until(`location.pathname === "`+path+`"`).Is(path, "What approving will do", "0 → 2,000 available", "Pending payment → Active"), name+" approve")
		p.Submit("Approve").Is(path, "Approved.", "Succeeded")
		h.send("GET", "/sites", bob.text("access_token"), nil).is(http.StatusOK)
		p.Go("/staff/statements").Is("/staff/statements", "Not allowed") // that is another privilege
		p.Clean()

		// Undone, with what it takes back before.
		look(b.Go(path+"/undo").Is(path+"/undo", "Take this confirmation back?", "2,000 → 0 available", "Active → Pending payment"), name+" undo")
		b.Type("reason", "the wrong account").Submit("Take it back").Is(path, "Taken back", "Reversed", "the wrong account")
		look(b, name+" undone")
		h.send("GET", "/sites", bob.text("access_token"), nil).fault(http.StatusPaymentRequired, "account.payment_required")
		b.Go(path + "/undo").Is(path + "/undo") // undone again it changes nothing

		_, other := claim("CAROL-1")
		look(b.Go(other+"/reject").Is(other+"/reject", "Reject this payment?"), name+" reject")
		b.Type("reason", "nothing came").Submit("Reject").Is(other, "Rejected. The account is told.", "nothing came")
		b.Clean()
		h.verify()
	})
}

// TestBrowserStaffRecordsATransfer by hand, with what it will do before, and
// more than is due, of which the rest goes back.
func TestBrowserStaffRecordsATransfer(t *testing.T) {
	t.Parallel()
	onSQLite(t)
	in(t, []string{"dark"}, func(t *testing.T, name string, o webtest.Options) {
		h := openPages(t)
		o.Language = ""
		olga, email := h.employ()
		h.bankAccount(olga)
		bob := h.send("POST", "/auth/register", "", someone("growth", "bank_transfer")).is(http.StatusCreated)
		b := webtest.Open(t, h.base, o)
		enter(b, email, "/staff/transfer").Is("/staff/transfer")
		look(b, name+" transfer")
		b.Type("external_payment_id", "HAND-1").Type("payer_name", "Bob").Type("amount", "250,00").Submit("Preview")
		look(b.Is("/staff/transfer", "Say who paid"), name+" transfer refused")
		b.Type("account_id", bob.text("account.id")).Submit("Preview").Is("/staff/transfer", "This cannot be done like this", "asks for 200.00 EUR")
		b.Click(`[type="checkbox"][name="accept_other_amount"]`).Submit("Preview")
		look(b.Is("/staff/transfer", "What recording will do", "Pending payment → Active", "nothing → €50.00"), name+" transfer preview")
		b.Attach("proof", keep(t, "proof.pdf", "no picture")).Submit("Record the transfer").Is("/staff/transfer", "A proof is a PDF, PNG or JPEG file")
		b.Submit("Record the transfer")
		path := b.At("location.pathname")
		b.Is(path, "Confirmed. Invoice", "Succeeded", "HAND-1", "€50.00")
		b.Go(path+"/send-back").Is(path+"/send-back", "Was money sent back?")
		look(b, name+" send back")
		b.Type("reason", "too much").Submit("Record it").Is(path, "Written down.", "Sent back")
		look(b.Go("/staff/accounts/"+bob.text("account.id")).Is("/staff/accounts/"+bob.text("account.id"), "External payment id", "HAND-1", "Bank transfer", "2,000"), name+" account")
		b.Clean()
		h.verify()
	})
}

// TestBrowserStaffLooksAfterAccounts finds one, suspends it, lifts it, gives
// credits and forgives what is owed.
func TestBrowserStaffLooksAfterAccounts(t *testing.T) {
	t.Parallel()
	onSQLite(t)
	in(t, []string{"telephone without scripts"}, func(t *testing.T, name string, o webtest.Options) {
		h := openPages(t)
		o.Language = ""
		_, email := h.employ()
		who := someone("trial", "")
		who["account_name"] = "Zebra & Söhne 100%"
		zebra := h.send("POST", "/auth/register", "", who).is(http.StatusCreated)
		h.member()
		id := zebra.text("account.id")
		path := "/staff/accounts/" + id
		b := webtest.Open(t, h.base, o)
		enter(b, email, "/staff/accounts").Is("/staff/accounts", "Zebra & Söhne 100%", "Agency")
		look(b, name+" accounts")
		for _, q := range []string{"zebra", "SÖHNE 100%", id} {
			b.Type("q", q).Submit("Search").Is(b.At("location.pathname+location.search"), "Zebra & Söhne 100%")
			if strings.Contains(b.Text(), "Agency") {
				t.Errorf("%q finds another", q)
			}
		}
		look(b.Type("q", "100_").Submit("Search").Is(b.At("location.pathname+location.search"), "No account found"), name+" accounts none")
		b.Go("/staff/accounts?status=suspended").Is("/staff/accounts?status=suspended", "No account found")
		look(b.Go(path).Is(path, "Trial", "1,000"), name+" account")
		look(b.Go(path+"/suspend").Is(path+"/suspend", "All its access ends"), name+" suspend")
		b.Type("reason", "abuse").Submit("Suspend").Is(path, "Suspended.")
		h.send("GET", "/sites", zebra.text("access_token"), nil).fault(http.StatusForbidden, "account.suspended")
		b.Go(path+"/reactivate").Type("reason", "a mistake").Submit("Lift it").Is(path, "The suspension is lifted.")
		b.Go(path+"/credits").Type("amount", "many").Type("reason", "x").Submit("Adjust").Is(path+"/credits", "An adjustment is a whole number")
		b.Type("amount", "-200").Type("reason", "too many").Submit("Adjust").Is(path, "The credits are adjusted.", "800")
		look(b.Go(path+"/visit"), name+" visit")
		b.Type("reason", "Their import fails.").Submit("Enter")
		look(b.Is("/home", "Their import fails.", "You may only look."), name+" visiting")
		look(b.Submit("Leave").Is(path, "You have left the account.", "Support visits"), name+" visited")
		look(b.Go("/staff/audit?account="+id).Is("/staff/audit?account="+id, "Account suspended", "abuse"), name+" log")
		b.Go("/staff/audit?from=nonsense").Is("/staff/audit?from=nonsense", "Nothing found")
		look(b.Go("/staff/letters").Is("/staff/letters", "Verify email", who["email"].(string)), name+" letters")
		b.Clean()
		h.verify()
	})
}

// TestBrowserStaffSettings changes each of the settings and finds it again.
func TestBrowserStaffSettings(t *testing.T) {
	t.Parallel()
	onSQLite(t)
	in(t, []string{"telephone", "no scripts"}, func(t *testing.T, name string, o webtest.Options) {
		h := openPages(t)
		o.Language = ""
		olga, email := h.employ()
		b := webtest.Open(t, h.base, o)
		enter(b, email, "/staff/settings").Is("/staff/settings", "Company and taxes")
		look(b, name+" settings")

		at := "/staff/settings/bank-accounts"
		look(b.Go(at).Is(at, "No bank account yet"), name+" banks empty")
		b.Go(at+"?currency=").Type("currency", "EUR").Type("holder", "Igny8").Type("iban", "DE89 3704 0044 0532 0130 01").Type("bank_name", "Bank").Submit("Save")
		look(b.Is(at, "its check digits do not fit"), name+" bank refused")
		b.Type("iban", "DE89 3704 0044 0532 0130 00").Submit("Save").Is(at, "From now on money is sent there.", "DE89 3704 0044 0532 0130 00")
		b.Go(at+"?currency=").Type("currency", "EUR").Type("country", "at").Type("holder", "Igny8 AT").Type("iban", "AT611904300234573201").Type("bank_name", "Bank").Submit("Save").Is(at, "Igny8 AT")
		look(b, name+" banks")
		b.Submit("Remove").Is(at, "to the account for everybody again")

		at = "/staff/settings/company"
		b.Go(at).Type("name", "Igny8 GmbH").Type("line1", "Weg 1").Type("city", "Berlin").Choose("country", "DE").Type("tax_rules", "DE consumer nineteen").Submit("Save")
		look(b.Is(at, "Line 1 of the tax rules"), name+" company refused")
		b.Type("tax_rules", "DE consumer 19").Submit("Save").Is(at, "Kept.")
		if got := h.send("GET", "/admin/settings/company", olga, nil).is(http.StatusOK); !strings.Contains(string(got.body), `"rate":1900`) || b.Value("tax_rules") != "DE consumer 19.00\n" {
			t.Errorf("%q and %s", b.Value("tax_rules"), got.body)
		}

		at = "/staff/settings/approval"
		b.Go(at).Type("above", "300 euros").Submit("Save").Is(at, "Line 1 is not like this")
		look(b.Type("above", "300.00 EUR").Click(`[name="uncertain"]`).Submit("Save").Is(at, "Kept."), name+" approval")
		if got := h.send("GET", "/admin/settings/approval", olga, nil).is(http.StatusOK); got.get("uncertain") != true || got.get("own_account") != false || !strings.Contains(string(got.body), "30000") {
			t.Errorf("%s", got.body)
		}

		at = "/staff/settings/imports"
		look(b.Go(at).Click(`[name="auto_confirm"]`).Submit("Save").Is(at, "Kept."), name+" imports")
		if got := h.send("GET", "/admin/bank-settings", olga, nil).is(http.StatusOK); got.get("auto_confirm") != true {
			t.Errorf("%s", got.body)
		}

		at = "/staff/settings/flags"
		field := `[id="percent-paypal.checkout"]`
		press := `[aria-label="Save paypal.checkout"]`
		set := func(text string) {
			b.Eval(`document.querySelector('`+field+`').value = "`+text+`"`, nil).Press(press)
		}
		look(b.Go(at).Is(at, "paypal.checkout", "On"), name+" flags")
		set("25")
		b.Is(at, "paypal.checkout is 25% now.")
		set("200")
		look(b.Is(at, "A flag is off, on, or on for a percentage"), name+" flags refused")

		at = "/staff/mappings"
		look(b.Go(at).Is(at, "A new mapping"), name+" mappings")
		b.Attach("file", keep(t, "bank.csv", "Date;Amount;Currency;Text\n2030-01-09;1,00;EUR;x\n")).Submit("Propose a mapping")
		look(b.Is("/staff/mappings/proposal", "The file has: Date"), name+" mapping")
		b.Type("name", "My bank").Type("iban", operatorsIBAN).Type("skip", "none").Submit("Keep the mapping").Is(at, "is a whole number")
		b.Type("skip", "0").Submit("Keep the mapping").Is(at, "The mapping is kept.", "My bank")
		b.Go("/staff/statements").Attach("file", keep(t, "bank.csv", "Date;Amount;Currency;Text\n2030-01-09;1,00;EUR;x\n")).Choose("mapping", "My bank").Submit("Import")
		b.Is(b.At("location.pathname"), "Imported. Lines: 1 new")
		b.Clean()
	})
}

// TestBrowserQueueByKeys goes through the queue without a mouse.
func TestBrowserQueueByKeys(t *testing.T) {
	t.Parallel()
	onSQLite(t)
	h := openPages(t)
	olga, email := h.employ()
	h.bankAccount(olga)
	for n := 1; n <= 3; n++ {
		h.newLine(olga, n)
	}
	b := webtest.Open(t, h.base, webtest.Options{})
	enter(b, email, "/staff/payments").Is("/staff/payments", "next", "previous", "opens")
	item := func() string {
		return b.At(`String([...document.querySelectorAll('a[data-item]')].indexOf(document.activeElement))`)
	}
	for _, step := range []struct{ key, want string }{{"j", "0"}, {"j", "1"}, {"j", "2"}, {"j", "2"}, {"k", "1"}} {
		if b.Key(step.key); item() != step.want {
			t.Errorf("%s leads to %s, want %s", step.key, item(), step.want)
		}
	}
	b.Click(`[data-keys] input`).Eval(`document.activeElement.blur()`, nil).Key("j")
	if got := item(); got != "-1" {
		t.Errorf("switched off, j leads to %s", got)
	}
	b.Go("/staff/payments").Key("j")
	if got := item(); got != "-1" {
		t.Errorf("switched off before, j leads to %s", got)
	}
	b.Click(`[data-keys] input`).Key("j").Key("\r").Until(`location.pathname.startsWith('/staff/bank-lines/')`)
	b.Clean()
}
