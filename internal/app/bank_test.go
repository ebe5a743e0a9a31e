package app

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"strings"
	"sync"
	"testing"

	"igny8/internal/clock"
	"igny8/internal/tenant"
)

const operatorsIBAN = "DE89370400440532013000"

// bankFile is the form of an import.
type bankFile struct{ content, mapping string }

func (f bankFile) encode(t testing.TB) (io.Reader, string) {
	t.Helper()
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	var err error
	if f.mapping != "" {
		err = w.WriteField("mapping", f.mapping)
	}
	part, failed := w.CreateFormFile("file", "statement.txt")
	if err = errors.Join(err, failed); err == nil {
		_, err = io.WriteString(part, f.content)
	}
	if err := errors.Join(err, w.Close()); err != nil {
		t.Fatal(err)
	}
	return &b, w.FormDataContentType()
}

// entry is a line of a CAMT statement.
type entry struct {
	ref, amount, text string
	side, status      string // empty: CRDT, BOOK
	currency, name    string // empty: EUR, Payer
}

func camt053(iban string, entries ...entry) bankFile {
	or := func(s, otherwise string) string {
		if s == "" {
			return otherwise
		}
		return s
	}
	var b strings.Builder
	b.WriteString(`<?xml version="1.0" encoding="UTF-8"?>
<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.08"><BkToCstmrStmt><GrpHdr><MsgId>M</MsgId><CreDtTm>2030-01-09T20:00:00Z</CreDtTm></GrpHdr>
<Stmt><Id>S` + rand.Text() + `</Id><CreDtTm>2030-01-09T20:00:00Z</CreDtTm><Acct><Id><IBAN>` + iban + `</IBAN></Id><Ccy>EUR</Ccy></Acct>
`)
	for _, e := range entries {
		fmt.Fprintf(&b, `<Ntry><Amt Ccy="%s">%s</Amt><CdtDbtInd>%s</CdtDbtInd><Sts><Cd>%s</Cd></Sts><BookgDt><Dt>2030-01-09</Dt></BookgDt><ValDt><Dt>2030-01-09</Dt></ValDt>
<AcctSvcrRef>%s</AcctSvcrRef><BkTxCd><Prtry><Cd>X</Cd></Prtry></BkTxCd><NtryDtls><TxDtls><Refs><EndToEndId>E2E%s</EndToEndId></Refs>
<RltdPties><Dbtr><Pty><Nm>%s</Nm></Pty></Dbtr><DbtrAcct><Id><IBAN>GB82WEST12345698765432</IBAN></Id></DbtrAcct></RltdPties>
<RmtInf><Ustrd>%s</Ustrd></RmtInf></TxDtls></NtryDtls></Ntry>
`, or(e.currency, "EUR"), e.amount, or(e.side, "CRDT"), or(e.status, "BOOK"), e.ref, e.ref, or(e.name, "Payer"), e.text)
	}
	b.WriteString(`</Stmt></BkToCstmrStmt></Document>`)
	return bankFile{content: b.String()}
}

func (h *house) bankAccount(operator string) {
	h.t.Helper()
	h.send("PUT", "/admin/bank-accounts/EUR", operator, object{"holder": "Igny8", "iban": operatorsIBAN, "bank_name": "Bank"}).is(http.StatusOK)
}

// newLine imports a line that is like no other, and is the answer that tells of it.
func (h *house) newLine(operator string, minor int) answer {
	h.t.Helper()
	h.send("POST", "/admin/bank-statements", operator, camt053(operatorsIBAN, entry{ref: rand.Text(), amount: fmt.Sprintf("%d.%02d", minor/100, minor%100)})).is(http.StatusOK)
	return h.send("GET", "/admin/bank-lines?limit=1", operator, nil).is(http.StatusOK).item(0)
}

// item is one item of a list.
func (a answer) item(n int) answer {
	a.t.Helper()
	items, ok := a.get("items").([]any)
	if !ok || len(items) <= n {
		a.t.Fatalf("%s has no item %d: %s", a.what, n, a.body)
	}
	text, err := json.Marshal(items[n])
	if err != nil {
		a.t.Fatal(err)
	}
	a.body = text
	return a
}

// bankOperations is what to send to the operations on bank statements.
func (h *house) bankOperations(operator string) map[string]any {
	h.t.Helper()
	h.bankAccount(operator)
	payer := h.send("POST", "/auth/register", "", someone("growth", "bank_transfer")).is(http.StatusCreated)
	mapping := object{"iban": operatorsIBAN, "columns": object{"date": "Date", "amount": "Amount", "fixed_currency": "EUR", "text": []string{"Text"}}}
	h.send("PUT", "/admin/bank-mappings/bank", operator, mapping).is(http.StatusOK)
	return map[string]any{
		"admin-import-bank-statement": camt053(operatorsIBAN, entry{ref: "ONE", amount: "1.00"}),
		"admin-list-bank-statements":  nil, "admin-get-bank-statement": nil, "admin-list-bank-lines": nil,
		"admin-confirm-bank-line": object{"account_id": payer.text("account.id")}, "admin-ignore-bank-line": object{"reason": "interest"},
		"admin-reopen-bank-line": nil, "admin-get-bank-settings": nil, "admin-set-bank-settings": object{"auto_confirm": false},
		"admin-list-bank-mappings": nil, "admin-get-bank-mapping": nil, "admin-set-bank-mapping": mapping,
		"admin-propose-bank-mapping": bankFile{content: "Date;Amount;Currency;Text\n2030-01-09;1,00;EUR;x\n"},
	}
}

// number reads a whole number of the answer.
func (a answer) number(path string) int {
	a.t.Helper()
	n, ok := a.get(path).(float64)
	if !ok {
		a.t.Fatalf("%s: %s is no number: %s", a.what, path, a.body)
	}
	return int(n)
}

// TestABankLineOpensAnAccount goes from the invoice to the statement to the
// account that works, as an operator does it.
func TestABankLineOpensAnAccount(t *testing.T) {
	t.Parallel()
	h := openWide(t, clock.Clock{})
	olga := h.operator()
	h.bankAccount(olga)
	alice := h.send("POST", "/auth/register", "", someone("growth", "bank_transfer")).is(http.StatusCreated)
	bob := h.send("POST", "/auth/register", "", someone("growth", "bank_transfer")).is(http.StatusCreated)
	reference := alice.text("invoice.reference")
	spread := "thanks " + strings.ToLower(reference[:7]) + " " + reference[7:11] + "-" + reference[11:]
	file := camt053(operatorsIBAN,
		entry{ref: "A1", amount: "200.00", text: spread},
		entry{ref: "A2", amount: "200.00", text: "no word of what it is for"},
		entry{ref: "A3", amount: "200.00", text: reference, side: "DBIT"},
		entry{ref: "A4", amount: "200.00", text: reference, status: "PDNG"},
	)
	in := h.send("POST", "/admin/bank-statements", olga, file).is(http.StatusOK)
	if in.number("new") != 4 || in.number("open") != 2 || in.number("matched.reference") != 1 || in.number("matched.amount") != 1 || in.get("repeated") != false {
		t.Errorf("got %s", in.body)
	}
	if again := h.send("POST", "/admin/bank-statements", olga, file).is(http.StatusOK); again.get("repeated") != true || again.number("new") != 0 || again.number("known") != 4 {
		t.Errorf("the same file again: %s", again.body)
	}
	if h.send("GET", "/sites", alice.text("access_token"), nil).fault(http.StatusPaymentRequired, "account.payment_required"); in.number("known") != 0 {
		t.Errorf("got %s", in.body)
	}
	sid := h.send("GET", "/admin/bank-statements", olga, nil).is(http.StatusOK).item(0).text("id")
	if got := h.send("GET", "/admin/bank-statements/"+sid, olga, nil).is(http.StatusOK).get("lines").([]any); len(got) != 4 {
		t.Errorf("%d lines of 4", len(got))
	}

	// The queue shows why.
	queue := h.send("GET", "/admin/bank-lines", olga, nil).is(http.StatusOK)
	suggestion, match := queue.item(0), queue.item(1)
	if match.get("certain") != true || suggestion.get("certain") != false || suggestion.get("tie") != true {
		t.Errorf("got %s", queue.body)
	}
	p := match.get("proposals").([]any)[0].(map[string]any)
	if e := p["evidence"].([]any)[0].(map[string]any); p["tier"] != 1.0 || p["account_id"] != alice.text("account.id") || e["kind"] != "reference" || e["found"] != reference || e["where"] != "text" {
		t.Errorf("got %v", p)
	}
	choice := object{"account_id": alice.text("account.id"), "invoice_ids": []string{alice.text("invoice.id")}}
	line := "/admin/bank-lines/" + match.text("id")
	done := h.send("POST", line+"/confirm", olga, choice).is(http.StatusOK)
	if done.text("payment.external_payment_id") != "A1" || done.text("account.status") != "active" || done.text("bank_line.state") != "matched" ||
		done.text("invoice.status") != "paid" || done.number("credits.available") != 2000 {
		t.Errorf("got %s", done.body)
	}
	// Once more, or typed in under another of its names, it is the same payment.
	again := h.send("POST", line+"/confirm", olga, choice).is(http.StatusOK)
	typed := h.send("POST", "/billing/confirm-bank-transfer", olga, object{
		"account_id": alice.text("account.id"), "external_payment_id": "e2eA1", "amount": 20000, "payer_name": "P",
	}).is(http.StatusOK)
	if first := done.text("payment.id"); again.text("payment.id") != first || typed.text("payment.id") != first {
		t.Errorf("payments %s, %s and %s", first, again.text("payment.id"), typed.text("payment.id"))
	}
	h.send("POST", line+"/confirm", olga, object{"account_id": bob.text("account.id")}).fault(http.StatusConflict, "bank_line.handled")
	h.send("POST", line+"/ignore", olga, object{"reason": "no"}).fault(http.StatusConflict, "bank_line.handled")
	h.send("POST", line+"/reopen", olga, nil).fault(http.StatusConflict, "bank_line.payment_counts")

	// What pays for nothing leaves the queue, and can come back.
	other := "/admin/bank-lines/" + suggestion.text("id")
	h.send("POST", other+"/ignore", olga, object{"reason": "a gift"}).is(http.StatusOK)
	if got := h.send("GET", "/admin/bank-lines", olga, nil).is(http.StatusOK).get("items").([]any); len(got) != 0 {
		t.Errorf("open are still %v", got)
	}
	if got := h.send("GET", "/admin/bank-lines?state=ignored", olga, nil).is(http.StatusOK).item(0); got.text("reason") != "a gift" {
		t.Errorf("got %s", got.body)
	}
	h.send("POST", other+"/reopen", olga, nil).is(http.StatusOK)
	h.send("POST", "/admin/bank-lines/bln_"+strings.Repeat("0", 26)+"/reopen", olga, nil).fault(http.StatusNotFound, "bank_line.not_found")
	h.verify()
}

// TestALineMayNeedASecondPerson confirms a line above the limit: it waits, and
// who imported cannot approve. Rejected, the line can be put back.
func TestALineMayNeedASecondPerson(t *testing.T) {
	t.Parallel()
	h := openWide(t, clock.Clock{})
	olga := h.operator()
	peter, _, _ := h.clerk(olga, tenant.PaymentsApprove, tenant.PaymentsConfirm)
	h.bankAccount(olga)
	h.send("PUT", "/admin/settings/approval", olga, object{"above": []object{{"amount": 10000, "currency": "EUR"}}, "uncertain": false, "own_account": false}).is(http.StatusOK)
	h.send("PUT", "/admin/bank-settings", olga, object{"auto_confirm": true}).is(http.StatusOK)
	alice := h.send("POST", "/auth/register", "", someone("growth", "bank_transfer")).is(http.StatusCreated)
	in := h.send("POST", "/admin/bank-statements", olga, camt053(operatorsIBAN, entry{ref: "A1", amount: "200.00", text: alice.text("invoice.reference")})).is(http.StatusOK)
	line := h.send("GET", "/admin/bank-lines?state=matched", olga, nil).is(http.StatusOK).item(0)
	pid := "/admin/payments/" + line.text("payment_id")
	if c := in.get("confirmed").([]any); len(c) != 1 || c[0].(map[string]any)["status"] != "awaiting_approval" {
		t.Errorf("got %s", in.body)
	}
	h.send("POST", pid+"/approve", olga, object{}).fault(http.StatusForbidden, "payment.same_person")
	lid := "/admin/bank-lines/" + line.text("id")
	h.send("POST", lid+"/reopen", olga, nil).fault(http.StatusConflict, "bank_line.payment_counts")
	h.send("POST", pid+"/reject", peter, object{"reason": "not ours"}).is(http.StatusOK)
	h.send("POST", lid+"/reopen", olga, nil).is(http.StatusOK)
	again := h.send("POST", lid+"/confirm", olga, object{"account_id": alice.text("account.id")}).is(http.StatusAccepted)
	h.send("POST", "/admin/payments/"+again.text("payment.id")+"/approve", peter, object{}).is(http.StatusOK)
	h.send("GET", "/sites", alice.text("access_token"), nil).is(http.StatusOK)
	h.verify()
}

// TestBrokenStatementsAreRefusedWhole tells what is wrong, and on which line.
func TestBrokenStatementsAreRefusedWhole(t *testing.T) {
	t.Parallel()
	h := openWide(t, clock.Clock{})
	olga := h.operator()
	h.bankAccount(olga)
	broken := camt053(operatorsIBAN, entry{ref: "A1", amount: "1.00"}, entry{ref: "A2", amount: "1,5x"})
	a := h.send("POST", "/admin/bank-statements", olga, broken).fault(http.StatusUnprocessableEntity, "bank_statement.refused")
	if first := a.get("errors").([]any)[0].(map[string]any); !strings.HasPrefix(first["location"].(string), "line ") {
		t.Errorf("got %v", first)
	}
	h.send("POST", "/admin/bank-statements", olga, camt053("GB82WEST12345698765432", entry{ref: "A1", amount: "1.00"})).
		fault(http.StatusUnprocessableEntity, "bank_statement.foreign_account")
	h.send("POST", "/admin/bank-statements", olga, bankFile{content: "Date;Amount\n"}).fault(http.StatusUnprocessableEntity, "bank_statement.unknown_format")
	h.send("POST", "/admin/bank-statements", olga, bankFile{content: "Date;Amount\n", mapping: "none"}).fault(http.StatusNotFound, "bank_mapping.not_found")
	if got := h.send("GET", "/admin/bank-statements", olga, nil).is(http.StatusOK).get("items").([]any); len(got) != 0 {
		t.Errorf("taken were %v", got)
	}
}

// TestCSVByMapping proposes a mapping, keeps it, and reads a file by it; the
// same lines in CAMT add nothing.
func TestCSVByMapping(t *testing.T) {
	t.Parallel()
	h := openWide(t, clock.Clock{})
	olga := h.operator()
	h.bankAccount(olga)
	csv := "Booking date;Value date;Amount;Currency;Payer;Payer IBAN;Text;End to end\n" +
		"2030-01-09;2030-01-09;200,00;EUR;Payer;GB82WEST12345698765432;thanks;E2EA1\n" +
		"2030-01-09;2030-01-09;-5,00;EUR;Bank;;fee;\n"
	p := h.send("POST", "/admin/bank-mappings/proposal", olga, bankFile{content: csv}).is(http.StatusOK)
	if p.text("mapping.columns.amount") != "Amount" || len(p.get("headings").([]any)) != 8 {
		t.Errorf("got %s", p.body)
	}
	columns := p.get("mapping.columns").(map[string]any)
	columns["end_to_end"] = "End to end"
	h.send("PUT", "/admin/bank-mappings/house-bank", olga, object{"iban": "DE00", "columns": columns}).fault(http.StatusUnprocessableEntity, "bank_mapping.invalid")
	h.send("PUT", "/admin/bank-mappings/house-bank", olga, object{"iban": operatorsIBAN, "columns": columns}).is(http.StatusOK)
	in := h.send("POST", "/admin/bank-statements", olga, bankFile{content: csv, mapping: "house-bank"}).is(http.StatusOK)
	if in.number("new") != 2 || in.number("open") != 1 {
		t.Errorf("got %s", in.body)
	}
	in = h.send("POST", "/admin/bank-statements", olga, camt053(operatorsIBAN, entry{ref: "A1", amount: "200.00", text: "thanks"})).is(http.StatusOK)
	if in.number("new") != 0 || in.number("known") != 1 {
		t.Errorf("the same line in another format: %s", in.body)
	}
	if got := h.send("GET", "/admin/bank-mappings", olga, nil).is(http.StatusOK).item(0); got.text("name") != "house-bank" {
		t.Errorf("got %s", got.body)
	}
}

// TestAnImportConfirmsWhatLeavesNoDoubt, where the operator has allowed it, and
// two of the staff who import the same file at once confirm it once.
func TestAnImportConfirmsWhatLeavesNoDoubt(t *testing.T) {
	t.Parallel()
	h := openWide(t, clock.Clock{})
	olga := h.operator()
	h.bankAccount(olga)
	h.send("PUT", "/admin/bank-settings", olga, object{"auto_confirm": true}).is(http.StatusOK)
	var entries []entry
	var tokens []string
	for n := range 5 {
		a := h.send("POST", "/auth/register", "", someone("growth", "bank_transfer")).is(http.StatusCreated)
		tokens = append(tokens, a.text("access_token"))
		amount := "200.00"
		if n == 4 {
			amount = "199.00"
		}
		entries = append(entries, entry{ref: fmt.Sprint("AUTO", n), amount: amount, text: a.text("invoice.reference")})
	}
	file := camt053(operatorsIBAN, entries...)
	answers := make([]answer, 2)
	var wg sync.WaitGroup
	for n := range answers {
		wg.Go(func() { answers[n] = h.send("POST", "/admin/bank-statements", olga, file) })
	}
	wg.Wait()
	confirmed := 0
	for _, a := range answers {
		confirmed += len(a.is(http.StatusOK).get("confirmed").([]any))
	}
	if fresh := answers[0].number("new") + answers[1].number("new"); fresh != 5 || confirmed != 4 {
		t.Errorf("%d new lines and %d confirmed; %s %s", fresh, confirmed, answers[0].body, answers[1].body)
	}
	for n, token := range tokens {
		a := h.send("GET", "/billing/payments", token, nil).is(http.StatusOK)
		if want := min(1, 4-n); len(a.get("items").([]any)) != want {
			t.Errorf("tenant %d: %s", n, a.body)
		}
		c := h.send("GET", "/billing/credits", token, nil).is(http.StatusOK)
		if want := 2000 * min(1, 4-n); c.number("available") != want {
			t.Errorf("tenant %d has %d credits, want %d", n, c.number("available"), want)
		}
	}
	h.verify()
}
