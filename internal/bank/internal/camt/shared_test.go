package camt_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"igny8/internal/bank/internal/camt"
	"igny8/internal/bank/internal/statement"
	"igny8/internal/money"
)

// folder is where the shared statements are: below IGNY8_SHARED_DATA, or in
// shared/data/ beside a folder above this one. They are nobody's to copy.
func folder(t *testing.T) string {
	t.Helper()
	if dir := os.Getenv("IGNY8_SHARED_DATA"); dir != "" {
		return filepath.Join(dir, "bank", "camt")
	}
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for last := ""; last != dir; last, dir = dir, filepath.Dir(dir) {
		if at := filepath.Join(dir, "shared", "data", "bank", "camt"); isFolder(at) {
			return at
		}
	}
	t.Skip("the shared data is not here: no shared/data/bank/camt above this folder, and no IGNY8_SHARED_DATA")
	return ""
}

func isFolder(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}

// TestExpectations compares every shared file with what another reader
// (genkgo/camt) makes of it. A field of the expectation that the test does not
// know fails it.
func TestExpectations(t *testing.T) {
	dir := folder(t)
	files, err := filepath.Glob(filepath.Join(dir, "*.xml"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no files in %s: %v", dir, err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if !camt.Is(data) {
				t.Error("is not recognised")
			}
			all, err := camt.Parse(data)
			want, missing := os.ReadFile(strings.TrimSuffix(file, ".xml") + ".json")
			if missing != nil {
				if filepath.Base(file) != "camt053.v2.wrong.xml" {
					t.Fatal(missing)
				}
				if err == nil {
					t.Errorf("a file without a statement is read as %+v", all)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			var doc map[string]any
			if err := json.Unmarshal(want, &doc); err != nil {
				t.Fatal(err)
			}
			message(expected{t, "", doc}, all)
		})
	}
}

// expected is an object of an expectation, from which fields are taken.
type expected struct {
	t    *testing.T
	path string
	left map[string]any
}

func (e expected) take(name string) any {
	v, ok := e.left[name]
	if !ok {
		e.t.Errorf("%s has no %s", e.path, name)
	}
	delete(e.left, name)
	return v
}

// leave takes fields that we do not keep.
func (e expected) leave(why string, names ...string) {
	if why == "" {
		e.t.Error("no reason")
	}
	for _, n := range names {
		delete(e.left, n)
	}
}

// absent takes fields that are null or empty in all expectations, so that
// nothing can be compared: one that is not fails the test.
func (e expected) absent(names ...string) {
	for _, n := range names {
		if v := e.left[n]; v != nil {
			e.t.Errorf("%s.%s is %v, and nobody compares it", e.path, n, v)
		}
		delete(e.left, n)
	}
}

func (e expected) equal(name string, got any) {
	if want := e.take(name); fmt.Sprint(want) != fmt.Sprint(got) && (want != nil || fmt.Sprint(got) != "") {
		e.t.Errorf("%s.%s: got %v, want %v", e.path, name, got, want)
	}
}

// object is a field that is an object; ok is false where it is null.
func (e expected) object(name string) (expected, bool) {
	v := e.take(name)
	m, ok := v.(map[string]any)
	if !ok && v != nil {
		e.t.Errorf("%s.%s is %v", e.path, name, v)
	}
	return expected{e.t, e.path + "." + name, m}, ok
}

// done fails on fields that nobody took.
func (e expected) done() {
	delete(e.left, "__CLASS__")
	for _, name := range slices.Sorted(maps.Keys(e.left)) {
		e.t.Errorf("%s.%s is not known to the test: %v", e.path, name, e.left[name])
	}
}

// list is a list of objects, of which one that was written before is "again".
func (e expected) list(name string) (all []expected, again []bool) {
	v, _ := e.take(name).([]any)
	for i, item := range v {
		m, ok := item.(map[string]any)
		all, again = append(all, expected{e.t, fmt.Sprintf("%s.%s[%d]", e.path, name, i), m}), append(again, !ok)
	}
	return all, again
}

func message(e expected, all []statement.Statement) {
	records, _ := e.list("getRecords")
	if len(records) != len(all) {
		e.t.Fatalf("%d statements, want %d", len(all), len(records))
	}
	var (
		lines []statement.Line
		owner []statement.Statement
	)
	// The other reader numbers the entries of each statement from 0, and of two
	// with one number its expectation has the later.
	for _, s := range all {
		for i, l := range s.Lines {
			if i == len(lines) {
				lines, owner = append(lines, l), append(owner, s)
			}
			lines[i], owner[i] = l, s
		}
	}
	entries, _ := e.list("getEntries")
	if len(entries) != len(lines) {
		e.t.Fatalf("%d lines, want %d", len(lines), len(entries))
	}
	for i, x := range entries {
		entry(x, lines[i], owner[i])
	}
	header, _ := e.object("getGroupHeader")
	header.equal("getMessageId", all[0].MessageID)
	header.leave("of the message, whose statements have their own", "getCreatedOn", "getPagination", "getAdditionalInformation")
	header.leave("we are the recipient", "getMessageRecipient")
	header.leave("what was asked of the bank", "getOriginalBusinessQuery")
	header.done()
	e.done()
}

func entry(e expected, l statement.Line, s statement.Statement) {
	e.leave("the order is that of the list", "getIndex")
	e.equal("getAccountServicerReference", l.IDs.AcctSvcrRef)
	e.equal("getAdditionalInfo", l.Info)
	e.amount("getAmount", l.Amount, l.Credit)
	e.equal("getBatchPaymentId", l.IDs.PaymentInfoID)
	e.day("getBookingDate", l.BookedOn)
	e.day("getValueDate", l.ValueOn)
	e.equal("getCreditDebitIndicator", indicator(l.Credit))
	e.equal("getReference", l.IDs.EntryRef)
	e.equal("getReversalIndicator", l.Reversal)
	e.equal("getStatus", l.Status)
	if l.Booked != (l.Status == "BOOK") {
		e.t.Errorf("%s: %s is booked: %v", e.path, l.Status, l.Booked)
	}
	e.absent("getCharges")
	if len(l.Charges) > 0 {
		e.t.Errorf("%s: charges %v", e.path, l.Charges)
	}
	if record, ok := e.object("getRecord"); ok {
		checkRecord(record, s)
	}
	details, again := e.list("getTransactionDetails")
	first, _ := e.object("getTransactionDetail")
	if len(again) == 0 || !again[0] {
		e.t.Fatalf("%s: the first detail is not the detail", e.path)
	}
	details[0] = first
	lines := l.Parts
	if len(details) == 1 {
		lines = []statement.Line{l}
	}
	if len(lines) != len(details) {
		e.t.Fatalf("%s: %d details, want %d", e.path, len(lines), len(details))
	}
	code(e, l)
	for i, d := range details {
		detail(d, lines[i])
	}
	e.done()
}

// code is compared with the details' own, which goes first, where there is one.
func code(e expected, l statement.Line) {
	x, ok := e.object("getBankTransactionCode")
	if !ok {
		return
	}
	if domain, ok := x.object("getDomain"); ok {
		domain.equal("getCode", l.Code.Domain)
		family, _ := domain.object("getFamily")
		family.equal("getCode", l.Code.Family)
		family.equal("getSubFamilyCode", l.Code.SubFamily)
		family.done()
		domain.done()
	}
	if own, ok := x.object("getProprietary"); ok {
		own.equal("getCode", l.Code.Proprietary)
		own.equal("getIssuer", l.Code.Issuer)
		own.done()
	}
	x.done()
}

func checkRecord(e expected, s statement.Statement) {
	e.leave("we came from there", "getEntries")
	e.equal("getAdditionalInformation", s.Info)
	e.equal("getCopyDuplicateIndicator", s.Copy)
	e.moment("getCreatedOn", s.Created)
	e.moment("getFromDate", s.From)
	e.moment("getToDate", s.To)
	e.equal("getElectronicSequenceNumber", s.Number)
	e.equal("getLegalSequenceNumber", s.Legal)
	e.equal("getId", s.ID)
	page, ok := e.object("getPagination")
	if ok {
		page.equal("getPageNumber", s.Page)
		page.done()
	} else if s.Page != "" {
		e.t.Errorf("%s: page %s", e.path, s.Page)
	}
	account, _ := e.object("getAccount")
	checkAccount(account, s.Account, s.Name)
	if s.Format == statement.CAMT053 {
		balances, _ := e.list("getBalances")
		if len(balances) != len(s.Balances) {
			e.t.Fatalf("%d balances, want %d", len(s.Balances), len(balances))
		}
		for i, b := range balances {
			got := s.Balances[i]
			b.amount("getAmount", got.Amount, true)
			b.day("getDate", got.On)
			b.equal("getType", kinds[got.Kind])
			b.done()
		}
	}
	e.done()
}

// kinds are the other reader's words for balances.
var kinds = map[statement.BalanceKind]string{
	statement.OpeningBooked: "opening", statement.PreviousClosing: "opening", statement.OpeningAvailable: "opening_available",
	statement.ClosingBooked: "closing", statement.ClosingAvailable: "closing_available", statement.ForwardAvailable: "forward_available",
	statement.Information: "information", statement.InterimAvailable: "interim_available", statement.InterimBooked: "interim",
	statement.Expected: "expected_credit",
}

func checkAccount(e expected, a statement.Account, name string) {
	e.equal("getIdentification", a.Number())
	if _, ok := e.left["getIban"]; ok {
		iban, _ := e.object("getIban")
		iban.equal("getIban", a.IBAN)
		iban.done()
	} else {
		e.absent("getIssuer", "getSchemeName")
	}
	if _, ok := e.left["getName"]; ok {
		e.equal("getName", name)
	}
	e.done()
}

func detail(e expected, l statement.Line) {
	e.absent("getAdditionalTransactionInformation", "getCharges", "getRelatedDates", "getReturnInformation")
	if l.Returned != "" {
		e.t.Errorf("%s: returned for %s", e.path, l.Returned)
	}
	e.detailAmount("getAmount", l)
	e.detailAmount("getAmountDetails", l)
	// The other reader gives every detail the direction of its entry.
	e.equal("getCreditDebitIndicator", indicator(l.Credit))
	code(e, l)
	if refs, ok := e.object("getReference"); ok {
		references(refs, l.IDs)
	}
	agents(e, l)
	parties(e, l)
	remittance(e, l)
	e.done()
}

func references(e expected, ids statement.Identities) {
	for name, got := range map[string]string{
		"getAccountOwnerTransactionId": ids.OwnerTxID, "getAccountServicerReference": ids.TxAcctSvcrRef,
		"getAccountServicerTransactionId": ids.ServicerTxID, "getChequeNumber": ids.ChequeNumber,
		"getClearingSystemReference": ids.ClearingRef, "getEndToEndId": ids.EndToEndID, "getInstructionId": ids.InstructionID,
		"getMandateId": ids.MandateID, "getMarketInfrastructureTransactionId": ids.MarketTxID,
		"getPaymentInformationId": ids.PaymentInfoID, "getProcessingId": ids.ProcessingID,
		"getTransactionId": ids.TxID, "getUuidEndToEndReference": ids.UETR,
	} {
		e.equal(name, got)
	}
	if want := e.take("getMessageId"); want != nil && want != ids.MessageID {
		e.t.Errorf("%s: message %s, want %v", e.path, ids.MessageID, want)
	}
	own, _ := e.list("getProprietaries")
	if len(own) != len(ids.Proprietary) {
		e.t.Fatalf("%s: %v, want %d", e.path, ids.Proprietary, len(own))
	}
	for i, p := range own {
		p.equal("getType", ids.Proprietary[i].Type)
		p.equal("getReference", ids.Proprietary[i].Value)
		p.done()
	}
	e.done()
}

func agents(e expected, l statement.Line) {
	all, _ := e.list("getRelatedAgents")
	if first, ok := e.object("getRelatedAgent"); ok {
		all[0] = first
	}
	for _, a := range all {
		kind, _ := a.object("getRelatedAgentType")
		party := l.Debtor
		if strings.HasSuffix(kind.left["__CLASS__"].(string), "CreditorAgent") {
			party = l.Creditor
		}
		kind.equal("getBIC", party.BIC)
		kind.equal("getName", party.BankName)
		kind.done()
		a.done()
	}
}

func parties(e expected, l statement.Line) {
	all, _ := e.list("getRelatedParties")
	e.leave("the first of the list", "getRelatedParty")
	for _, p := range all {
		kind, _ := p.object("getRelatedPartyType")
		class := kind.left["__CLASS__"].(string)
		party, ok := map[string]statement.Party{
			"Debtor": l.Debtor, "Creditor": l.Creditor,
			"UltimateDebtor": {Name: l.UltimateDebtor}, "UltimateCreditor": {Name: l.UltimateCreditor},
		}[class[strings.LastIndex(class, `\`)+1:]]
		if !ok {
			e.t.Errorf("%s: unknown party %s", e.path, class)
		}
		kind.equal("getName", party.Name)
		kind.leave("where a payer lives and what numbers he has is not kept: nothing is decided by it", "getAddress", "getIdentification")
		kind.done()
		if account, ok := p.object("getAccount"); ok {
			checkAccount(account, party.Account, party.AccountName)
		} else if party.Account.Number() != "" {
			e.t.Errorf("%s: account %v", p.path, party.Account)
		}
		p.done()
	}
}

func remittance(e expected, l statement.Line) {
	info, ok := e.object("getRemittanceInformation")
	if !ok {
		if len(l.Text)+len(l.References) > 0 {
			e.t.Errorf("%s: %v %v", e.path, l.Text, l.References)
		}
		return
	}
	info.leave("the first text or reference again", "getMessage")
	var (
		text []string
		refs []statement.Reference
	)
	for _, b := range blocks(info, "getUnstructuredBlock", "getUnstructuredBlocks") {
		text = append(text, b.take("getMessage").(string))
		b.done()
	}
	first, _ := info.take("getCreditorReferenceInformation").(map[string]any)
	for _, b := range blocks(info, "getStructuredBlock", "getStructuredBlocks") {
		if more := b.take("getAdditionalRemittanceInformation"); more != nil {
			text = append(text, more.(string))
		}
		ref, ok := b.take("getCreditorReferenceInformation").(map[string]any)
		if !ok { // written above already
			ref = first
		}
		refs = append(refs, e.reference(ref))
		b.done()
	}
	info.done()
	if !slices.Equal(text, l.Text) || !slices.Equal(refs, l.References) {
		e.t.Errorf("%s: got %q and %v, want %q and %v", info.path, l.Text, l.References, text, refs)
	}
}

func (e expected) reference(ref map[string]any) statement.Reference {
	x := expected{e.t, e.path + ".reference", maps.Clone(ref)}
	r := statement.Reference{Value: x.take("getRef").(string)}
	code, own := x.take("getCode"), x.take("getProprietary")
	for _, v := range []any{code, own} {
		if s, ok := v.(string); ok {
			r.Type = s
		}
	}
	x.done()
	return r
}

// blocks is a list whose first is written as a field of its own.
func blocks(e expected, one, many string) []expected {
	all, again := e.list(many)
	first, ok := e.object(one)
	if ok && len(all) > 0 && again[0] {
		all[0] = first
	}
	return all
}

func indicator(credit bool) string {
	if credit {
		return "CRDT"
	}
	return "DBIT"
}

// amount compares with an amount that is negative for a debit.
func (e expected) amount(name string, got money.Money, credit bool) {
	x, _ := e.object(name)
	if !credit {
		got.Amount = -got.Amount
	}
	x.equal("getAmount", got.Amount)
	currency, _ := x.object("getCurrency")
	currency.equal("getCode", got.Currency)
	currency.done()
	x.done()
}

// detailAmount is the line's, or else what it was before an exchange.
func (e expected) detailAmount(name string, l statement.Line) {
	x, ok := e.object(name)
	if !ok {
		return
	}
	got := l.Amount
	if l.Original != nil {
		got = l.Original.Amount
	}
	x.left = map[string]any{name: x.left}
	x.amount(name, got, l.Credit)
}

// day compares the day only: the hour of a booking is not kept, and the day is
// the bank's own, not that of UTC.
func (e expected) day(name string, got time.Time) {
	x, ok := e.object(name)
	if !ok {
		if !got.IsZero() {
			e.t.Errorf("%s.%s: got %v", e.path, name, got)
		}
		return
	}
	if want := x.take("0").(string); want[:10] != got.Format(time.DateOnly) {
		e.t.Errorf("%s.%s: got %v, want %s", e.path, name, got, want)
	}
	x.done()
}

func (e expected) moment(name string, got time.Time) {
	x, ok := e.object(name)
	if !ok {
		if !got.IsZero() {
			e.t.Errorf("%s.%s: got %v", e.path, name, got)
		}
		return
	}
	x.equal("0", got.Format("2006-01-02T15:04:05-07:00"))
	x.done()
}
