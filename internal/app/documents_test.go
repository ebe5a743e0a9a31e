package app

import (
	"bytes"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"igny8/internal/clock"
)

// TestInvoiceDocuments is what a new tenant, who has not paid, sees of his
// invoice, and what staff do about it.
func TestInvoiceDocuments(t *testing.T) {
	t.Parallel()
	hand := clock.NewHand(time.Date(2030, 1, 10, 0, 0, 0, 0, time.UTC))
	h := open(t, hand.Clock())
	olga := h.operator()
	h.send("PUT", "/admin/settings/company", olga, object{
		"name": "Igny8 GmbH", "line1": "Lange Straße 12", "city": "Berlin", "country": "DE", "tax_id": "DE123456789",
		"tax_rules": []object{{"country": "DE", "buyer": "consumer", "rate": 1900}},
	}).is(http.StatusOK)
	h.send("PUT", "/admin/settings/company", olga, object{"name": "x", "line1": "x", "city": "x", "country": "XX"}).fault(422, "company.invalid")
	if got := h.send("GET", "/admin/settings/company", olga, nil).is(http.StatusOK); got.text("name") != "Igny8 GmbH" {
		t.Errorf("kept %s", got.body)
	}

	p := someone("growth", "bank_transfer")
	p["billing"] = object{"company": "Beispiel AG", "line1": "Ring 1", "city": "Wien", "country": "AT", "tax_id": "no", "language": "de"}
	if a := h.send("POST", "/auth/register", "", p).fault(422, "billing.invalid_details"); !bytes.Contains(a.body, []byte("body.billing.tax_id")) {
		t.Errorf("does not say where: %s", a.body)
	}
	p["billing"].(object)["tax_id"] = "ATU12345678"
	a := h.send("POST", "/auth/register", "", p).is(http.StatusCreated)
	token, invoice := a.text("access_token"), "/billing/invoices/"+a.text("invoice.id")
	if a.text("invoice.tax_category") != "AE" || a.text("invoice.buyer.company") != "Beispiel AG" || a.text("invoice.seller.name") != "Igny8 GmbH" {
		t.Errorf("the first invoice: %s", a.body)
	}
	h.send("GET", invoice+"/qr.png", token, nil).fault(404, "invoice.no_qr_code") // nobody has said where to pay

	bank := object{"holder": "Igny8 GmbH", "iban": "DE89370400440532013000", "bank_name": "Bank"}
	h.send("PUT", "/admin/bank-accounts/EUR", olga, bank).is(http.StatusOK)
	bank["iban"] = "AT611904300234573201"
	h.send("PUT", "/admin/bank-accounts/EUR/AT", olga, bank).is(http.StatusOK)
	if got := h.send("GET", invoice, token, nil).is(http.StatusOK).text("bank_details.iban"); got != "AT611904300234573201" {
		t.Errorf("who is in Austria is to pay to %s", got)
	}

	for path, kind := range map[string]string{
		"pdf": "application/pdf", "qr.png": "image/png",
	} {
		for _, accept := range []string{"*/*", kind, "text/html"} {
			got := h.send("GET", invoice+"/"+path, token, nil, "Accept", accept).is(http.StatusOK)
			if got.header.Get("Content-Type") != kind || !strings.HasPrefix(got.header.Get("Content-Disposition"), `inline; filename="2030-000001.`) {
				t.Errorf("%s as %s: %v", path, accept, got.header)
			}
			if !bytes.HasPrefix(got.body, []byte("%PDF-")) && !bytes.HasPrefix(got.body, []byte("\x89PNG")) {
				t.Errorf("%s begins with %q", path, got.body[:8])
			}
		}
	}
	h.send("GET", invoice+"/pdf", "", nil).fault(401, "auth.required")
	for _, missing := range []string{"inv_00000000000000000000000000", "nothing"} {
		h.send("GET", "/billing/invoices/"+missing+"/pdf", token, nil).fault(404, "invoice.not_found")
		h.send("GET", "/billing/credit-notes/"+missing+"/pdf", token, nil).fault(404, "credit_note.not_found")
	}
	admin := "/admin/accounts/" + a.text("account.id")
	pdf := h.send("GET", admin+"/invoices/"+a.text("invoice.id")+"/pdf", olga, nil).is(http.StatusOK)
	if text := h.written(pdf.body); !strings.Contains(text, "Steuerschuldnerschaft") || !strings.Contains(text, "Beispiel AG") {
		t.Errorf("the PDF says %s", text)
	}

	h.send("POST", admin+"/credit-notes", olga, object{"invoice_id": a.text("invoice.id"), "amount": 5_000, "reason": "Kulanz"}, "Idempotency-Key", "early").
		fault(409, "invoice.not_creditable")
	h.send("POST", "/billing/confirm-bank-transfer", olga, object{
		"account_id": a.text("account.id"), "external_payment_id": "B", "amount": a.get("invoice.total.amount"), "payer_name": "P",
	}).is(http.StatusOK)
	note := h.send("POST", admin+"/credit-notes", olga, object{"invoice_id": a.text("invoice.id"), "amount": 5_000, "reason": "Kulanz"}, "Idempotency-Key", "k").is(http.StatusCreated)
	h.send("POST", admin+"/credit-notes", olga, object{"invoice_id": a.text("invoice.id"), "amount": 15_001, "reason": "x"}, "Idempotency-Key", "l").
		fault(409, "credit_note.above_invoice")
	if got := h.send("GET", "/billing/credit-notes", token, nil).is(http.StatusOK); !bytes.Contains(got.body, []byte(`"number":"2030-C000001"`)) {
		t.Errorf("listed %s", got.body)
	}
	h.send("GET", "/billing/credit-notes/"+note.text("id"), token, nil).is(http.StatusOK)
	paper := h.send("GET", "/billing/credit-notes/"+note.text("id")+"/pdf", token, nil).is(http.StatusOK)
	if text := h.written(paper.body); !strings.Contains(text, "Rechnungskorrektur") || !strings.Contains(text, "Kulanz") || !strings.Contains(text, "2030-000001") {
		t.Errorf("the credit note says %s", text)
	}

	h.send("PUT", "/billing/details", token, object{"company": "Andere AG", "country": "DE"}).is(http.StatusOK)
	if got := h.send("GET", "/billing/details", token, nil).is(http.StatusOK); got.text("company") != "Andere AG" || got.text("language") != "en" {
		t.Errorf("kept %s", got.body)
	}
	if got := h.send("GET", invoice, token, nil).is(http.StatusOK); got.text("buyer.company") != "Beispiel AG" {
		t.Errorf("the issued invoice says %s", got.body)
	}
}

// written is the text of a PDF, as another program reads it.
func (h *house) written(pdf []byte) string {
	h.t.Helper()
	program, err := exec.LookPath("pdftotext")
	if err != nil {
		h.t.Skip("there is no pdftotext here: .ci/tools installs poppler-utils where apt can")
	}
	path := filepath.Join(h.t.TempDir(), "read.pdf")
	if err := os.WriteFile(path, pdf, 0o600); err != nil {
		h.t.Fatal(err)
	}
	out, err := exec.CommandContext(h.t.Context(), program, path, "-").Output()
	if err != nil {
		h.t.Fatal(err)
	}
	return string(out)
}
