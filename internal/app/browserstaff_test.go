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
	return b.Go("/sign-in?next=" + path).Type("email", email).Type("password", goodPassword).Submit("Sign in")
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
	in(t, []string{"desktop", "telephone without scripts"}, func(t *testing.T, name string, o webtest.Options) {
		h := openPages(t)
		olga, email := h.employ()
		h.bankAccount(olga)
		alice := h.send("POST", "/auth/register", "", someone("growth", "bank_transfer")).is(http.StatusCreated)
		bob := h.send("POST", "/auth/register", "", someone("growth", "bank_transfer")).is(http.StatusCreated)
		h.send("POST", "/billing/payments", bob.text("access_token"), withProof{
			"invoice_id": bob.text("invoice.id"), "external_payment_id": "BOB-1", "amount": 20000, "payer_name": "Bob Builder",
		}, "Idempotency-Key", "claim-one").is(http.StatusCreated)
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
