package mt940

import (
	"encoding/base64"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"go.yaml.in/yaml/v3"

	"igny8/internal/bank/internal/statement"
	"igny8/internal/money"
)

// folder is where the shared statements are: below IGNY8_SHARED_DATA, or in
// shared/data/ beside a folder above this one. They are nobody's to copy.
func folder(t *testing.T) string {
	t.Helper()
	if dir := os.Getenv("IGNY8_SHARED_DATA"); dir != "" {
		return filepath.Join(dir, "bank", "mt940")
	}
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for last := ""; last != dir; last, dir = dir, filepath.Dir(dir) {
		at := filepath.Join(dir, "shared", "data", "bank", "mt940")
		if info, err := os.Stat(at); err == nil && info.IsDir() {
			return at
		}
	}
	t.Skip("the shared data is not here: no shared/data/bank/mt940 above this folder, and no IGNY8_SHARED_DATA")
	return ""
}

// fragments are files that hold single fields and no statement. They are
// refused; what their fields say is compared all the same.
var fragments = map[string]string{
	"amount_formats.sta":      "line 2: The field :60F: comes a second time in this statement.",
	"currency_in_25.sta":      "line 1: The statement that begins here has no reference (:20:).",
	"empty_86.sta":            "line 1: The statement that begins here has no reference (:20:).",
	"empty_entry_date.sta":    `line 1: The amount "50,00" "": "": not an ISO 4217 currency.`,
	"empty_line.sta":          "line 2: The statement that begins here has no account (:25:).",
	"missing_crlf_at_end.sta": "line 1: The statement that begins here has no reference (:20:).",
}

// broken are files whose damage the other reader does not see.
var broken = map[string]string{
	"sepa_snippet_broken.sta": "line 6: The field :25: comes a second time in this statement.",
}

// TestExpectations compares every shared file with what another reader
// (wolph/mt940) makes of it. A field of the expectation that the test does not
// know fails it.
func TestExpectations(t *testing.T) {
	dir := folder(t)
	files, err := filepath.Glob(filepath.Join(dir, "*", "*.sta"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no files in %s: %v", dir, err)
	}
	for _, file := range files {
		name := filepath.Base(file)
		t.Run(name, func(t *testing.T) {
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			want := load(t, strings.TrimSuffix(file, ".sta")+".yml")
			all, err := Parse(data)
			refused := fragments[name] + broken[name]
			if r, ok := errors.AsType[*statement.Refusal](err); refused != "" && (!ok || r.Issues[0].String() != refused) || refused == "" && err != nil {
				t.Fatalf("got %v, %v; want the refusal %q", all, err, refused)
			}
			if refused == "" && !Is(data) {
				t.Error("is not recognised")
			}
			if broken[name] != "" {
				return
			}
			var r reader
			text, err := statement.Decode(data)
			if err != nil {
				t.Fatal(err)
			}
			if err := r.read(text); err != nil {
				t.Fatal(err)
			}
			compare(t, want, r.messages)
		})
	}
}

// expected is a mapping of an expectation, from which fields are taken.
type expected struct {
	t    *testing.T
	path string
	left map[string]any
}

func (e expected) take(name string) any {
	v := e.left[name]
	delete(e.left, name)
	return v
}

func (e expected) text(name string) string {
	s, _ := e.take(name).(string)
	return s
}

func (e expected) equal(name string, got string) {
	e.t.Helper()
	if want := e.text(name); want != got {
		e.t.Errorf("%s.%s: got %q, want %q", e.path, name, got, want)
	}
}

// empty takes fields that are null in all expectations: nothing compares them.
func (e expected) empty(names ...string) {
	for _, n := range names {
		if v := e.take(n); v != nil && v != "" {
			e.t.Errorf("%s.%s is %v, and nobody compares it", e.path, n, v)
		}
	}
}

func (e expected) object(name string) (expected, bool) {
	m, ok := e.take(name).(map[string]any)
	return expected{e.t, e.path + "." + name, m}, ok
}

func (e expected) done() {
	for _, name := range slices.Sorted(maps.Keys(e.left)) {
		e.t.Errorf("%s.%s is not known to the test: %v", e.path, name, e.left[name])
	}
}

func (e expected) day(name string, got time.Time) {
	e.t.Helper()
	want, ok := e.take(name).([]any)
	if !ok {
		if !got.IsZero() {
			e.t.Errorf("%s.%s: got %v", e.path, name, got)
		}
		return
	}
	b := want[0].([]byte)
	if day := time.Date(int(b[0])<<8|int(b[1]), time.Month(b[2]), int(b[3]), 0, 0, 0, 0, time.UTC); !day.Equal(got) {
		e.t.Errorf("%s.%s: got %v, want %v", e.path, name, got, day)
	}
}

// amount is compared with one that is negative for what went out.
func (e expected) amount(name string, got money.Money) {
	e.t.Helper()
	x, _ := e.object(name)
	number := x.take("amount").([]any)[0].(string)
	want, err := money.Parse(number, got.Currency)
	if got.Currency == "" { // a fragment: the currency of its account is not there
		want, err = money.Parse(number, "EUR")
		want.Currency = ""
		got.Amount = want.Amount
	}
	if err != nil || want != got {
		e.t.Errorf("%s.%s: got %v, want %v (%v)", e.path, name, got, want, err)
	}
	x.equal("currency", got.Currency)
	x.done()
}

// compare takes the expectation of a file. What it says of "the statement" is
// what came last.
func compare(t *testing.T, want map[string]any, all []*message) {
	e := expected{t, "", want}
	delete(e.left, "tags") // how the other reader works
	data, _ := e.object("data")
	last := all[len(all)-1]
	if v := data.text("account_identification"); v != "" && strings.TrimSuffix(v, "EUR") != last.Account.Number() {
		t.Errorf("account %v, want %s", last.Account, v)
	}
	data.equal("transaction_reference", last.ID)
	data.equal("statement_number", last.Number)
	data.equal("sequence_number", last.Page)
	for name, kind := range map[string]statement.BalanceKind{
		"final_opening_balance": statement.OpeningBooked, "final_closing_balance": statement.ClosingBooked,
		"intermediate_opening_balance": statement.InterimOpening, "intermediate_closing_balance": statement.InterimClosing,
		"available_balance": statement.ClosingAvailable,
	} {
		if x, ok := data.object(name); ok {
			checkBalance(x, latest(all, kind))
		}
	}
	data.done()
	var lines []statement.Line
	var owner []*message
	for _, m := range all {
		for _, l := range m.Lines {
			lines, owner = append(lines, l), append(owner, m)
		}
	}
	list, _ := e.take("transactions").([]any)
	if len(list) != len(lines) {
		t.Fatalf("%d lines, want %d", len(lines), len(list))
	}
	for i, item := range list {
		x := expected{t, fmt.Sprintf("transactions[%d]", i), item.(map[string]any)}
		data, _ := x.object("data")
		checkLine(data, lines[i], owner[i])
		delete(x.left, "transactions") // the whole file again
		x.done()
	}
	e.done()
}

// latest is the last balance of a kind in all messages.
func latest(all []*message, kind statement.BalanceKind) statement.Balance {
	var last statement.Balance
	for _, m := range all {
		for _, b := range m.Balances {
			if b.Kind == kind {
				last = b
			}
		}
	}
	return last
}

func checkBalance(e expected, b statement.Balance) {
	e.amount("amount", b.Amount)
	e.day("date", b.On)
	e.equal("status", map[bool]string{true: "D", false: "C"}[b.Amount.Amount < 0])
	e.done()
}

func checkLine(e expected, l statement.Line, m *message) {
	e.equal("transaction_reference", m.ID)
	e.equal("currency", l.Amount.Currency)
	mark := map[bool]string{true: "R"}[l.Reversal] + map[bool]string{true: "C", false: "D"}[l.Credit != l.Reversal]
	e.equal("status", mark)
	signed := l.Amount
	// The other reader counts a reversed credit as money that came in; it went out.
	if !l.Credit && mark != "RC" {
		signed.Amount = -signed.Amount
	}
	e.amount("amount", signed)
	e.day("date", l.ValueOn)
	entered := l.BookedOn
	e.day("entry_date", entered)
	e.day("guessed_entry_date", entered)
	e.take("funds_code") // the third letter of the currency, which :60F: says
	message := checkReferences(e, l)
	code := append(strings.Split(l.Code.Proprietary, "+"), "", "", "")
	e.equal("id", code[0])
	checkDetails(e, l, m, code, message)
	e.empty("FRST_ONE_OFF_RECC", "additional_position_date", "additional_position_reference", "applicant_creditor_id",
		"compensation_amount", "debitor_identifier", "deviate_applicant", "deviate_recipient", "gvc_applicant_bin",
		"gvc_applicant_iban", "old_SEPA_CI", "old_SEPA_additional_position_reference", "original_amount", "purpose_code",
		"recipient_name", "settlement_tag")
	e.done()
}

// checkReferences knows the words that say that there is no reference, or
// where it is. It gives what the bank has to say behind the customer's, which
// we put with the text.
func checkReferences(e expected, l statement.Line) (message string) {
	e.equal("bank_reference", orNone(l.IDs.BankRef, e.left["bank_reference"]))
	want := strings.TrimSpace(strings.TrimPrefix(e.text("customer_reference"), "KREF+\n"))
	text, message, found := strings.Cut(want, "MTLG:")
	if found {
		message = "MTLG:" + message
	}
	if text = statement.Identity(text); !pointers[text] && text != l.IDs.CustomerRef && text != "" {
		e.t.Errorf("%s: customer reference %q, want %q", e.path, l.IDs.CustomerRef, want)
	}
	e.equal("extra_details", l.IDs.Supplementary)
	return message
}

// checkDetails compares :86:. The other reader gives a plain text as it stands,
// and a German one in parts.
func checkDetails(e expected, l statement.Line, m *message, code []string, message string) {
	if _, ok := e.left["transaction_details"]; ok {
		// The other reader puts what is said of the statement, and an end that it
		// does not know, to the last line.
		whole := strings.TrimSuffix(strings.TrimSuffix(e.text("transaction_details"), "\n-XXX"), "\n"+m.Info)
		if whole != l.Raw {
			e.t.Errorf("%s: got %q, want %q", e.path, l.Raw, whole)
		}
		checkWords(e, l, whole)
		return
	}
	e.equal("transaction_code", code[1])
	e.equal("prima_nota", code[2])
	e.equal("return_debit_notes", code[3])
	e.equal("posting_text", l.Info)
	e.equal("applicant_bin", other(&l).BIC+other(&l).BankCode)
	e.equal("applicant_iban", other(&l).Account.Number())
	if want := statement.Clean(e.text("applicant_name")); want != other(&l).Name {
		e.t.Errorf("%s: name %q, want %q", e.path, other(&l).Name, want)
	}
	ref, more, found := strings.Cut(e.text("end_to_end_reference"), "MTLG:")
	if statement.Identity(ref) != l.IDs.EndToEndID {
		e.t.Errorf("%s: end to end %q, want %q", e.path, l.IDs.EndToEndID, ref)
	}
	purpose := e.text("purpose") + e.text("additional_purpose")
	if found {
		purpose += "MTLG:" + more
	}
	if got := strings.Join(l.Text, ""); spaceless(got) != spaceless(purpose+message) {
		e.t.Errorf("%s: purpose %q, want %q", e.path, got, purpose)
	}
}

func checkWords(e expected, l statement.Line, whole string) {
	all := spaceless(fmt.Sprintf("%s %+v %v %v %v", l.Text, l.IDs, l.Debtor, l.Creditor, l.Code))
	for _, w := range strings.Fields(whole) {
		if known := strings.ContainsAny(w, "/>:"); !known && !strings.Contains(all, w) {
			e.t.Errorf("%s: the word %q of %q is nowhere in %s", e.path, w, whole, all)
		}
	}
}

func spaceless(s string) string { return strings.Join(strings.Fields(s), "") }

func orNone(got string, want any) string {
	if got == "" && want == "NONREF" {
		return "NONREF"
	}
	return got
}

// load reads YAML with the tags of another language: objects are mappings, and
// an alias, which points back to the whole, is nothing.
func load(t *testing.T, file string) map[string]any {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var doc yaml.Node
	if err := yaml.Unmarshal(data, &doc); err != nil {
		t.Fatal(err)
	}
	m, ok := value(t, doc.Content[0]).(map[string]any)
	if !ok {
		t.Fatalf("%s is no mapping", file)
	}
	return m
}

func value(t *testing.T, n *yaml.Node) any {
	switch n.Kind {
	case yaml.MappingNode:
		m := make(map[string]any)
		for i := 0; i < len(n.Content); i += 2 {
			m[n.Content[i].Value] = value(t, n.Content[i+1])
		}
		return m
	case yaml.SequenceNode:
		all := make([]any, len(n.Content))
		for i, c := range n.Content {
			all[i] = value(t, c)
		}
		return all
	case yaml.ScalarNode:
		switch n.ShortTag() {
		case "!!null":
			return nil
		case "!!binary":
			b, err := base64.StdEncoding.DecodeString(strings.TrimSpace(n.Value))
			if err != nil {
				t.Fatal(err)
			}
			return b
		}
		return n.Value
	default: // an alias
		return nil
	}
}
