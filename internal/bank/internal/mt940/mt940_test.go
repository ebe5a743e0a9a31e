package mt940

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"igny8/internal/bank/internal/statement"
	"igny8/internal/money"
)

// message9 is a message with some lines, of which the first is on line 5.
func message9(lines ...string) string {
	return ":20:REF1\n:25:DE89370400440532013000\n:28C:7/1\n:60F:C260101EUR100,\n" + strings.Join(lines, "\n") + "\n:62F:C260102EUR110,00\n-\n"
}

const credit = ":61:2601020102CR10,00NTRFNONREF//B1"

func one(t *testing.T, file string) statement.Line {
	t.Helper()
	all, err := Parse([]byte(file))
	if err != nil || len(all) != 1 || len(all[0].Lines) != 1 {
		t.Fatalf("%+v: %v", all, err)
	}
	return all[0].Lines[0]
}

func day(d int) time.Time { return time.Date(2026, 1, d, 0, 0, 0, 0, time.UTC) }

func TestMessage(t *testing.T) {
	file := "{1:F01X}{2:I940X}{4:\r\n" + strings.ReplaceAll(message9(":13D:2601021830+0100", credit, ":86:166?00GUTSCHRIFT?20EREF+E1", ":86:?21SVWZ+x"), "\n", "\r\n")
	file = strings.Replace(file, "-\r\n", ":64:C260102EUR110,00\r\n:65:D260103EUR1,00\r\n:86:all\r\n-}{5:}\r\n", 1)
	if !Is([]byte(file)) {
		t.Error("is not recognised")
	}
	all, err := Parse([]byte(file))
	if err != nil || len(all) != 1 {
		t.Fatal(all, err)
	}
	s := all[0]
	if s.ID != "REF1" || s.Account.IBAN != "DE89370400440532013000" || s.Number != "7" || s.Page != "1" || s.Currency != "EUR" ||
		s.Info != "all" || s.At != 2 || !s.Created.Equal(time.Date(2026, 1, 2, 17, 30, 0, 0, time.UTC)) {
		t.Errorf("%+v", s)
	}
	if gap, ok := s.Gap(); !ok || gap != money.Of(0, "EUR") {
		t.Errorf("the gap is %v, %v", gap, ok)
	}
	want := []statement.Balance{
		{Kind: statement.OpeningBooked, Amount: money.Of(10000, "EUR"), On: day(1)}, {Kind: statement.ClosingBooked, Amount: money.Of(11000, "EUR"), On: day(2)},
		{Kind: statement.ClosingAvailable, Amount: money.Of(11000, "EUR"), On: day(2)}, {Kind: statement.ForwardAvailable, Amount: money.Of(-100, "EUR"), On: day(3)},
	}
	if fmt.Sprint(s.Balances) != fmt.Sprint(want) {
		t.Errorf("got %v, want %v", s.Balances, want)
	}
	if l := s.Lines[0]; l.IDs.EndToEndID != "E1" || l.Words() != "x" || l.At != 7 {
		t.Errorf("%+v", l)
	}
}

func TestLines(t *testing.T) {
	for _, tt := range []struct {
		line string
		want string // amount, hindrance, days, references
	}{
		{credit, "1000  0102 0102  B1 "},
		{":61:260102C10,00NTRFCUST//BANK\nmore", "1000  0102 0001 CUST BANK more"},
		{":61:260102D10,NMSCCUST", "1000 debit 0102 0001 CUST  "},
		{":61:260102RC10,NMSCCUST", "1000 debit 0102 0001 CUST  "},
		{":61:260102RD10,NMSCCUST", "1000 reversal 0102 0001 CUST  "},
		{":61:260102EC10,NMSCCUST", "1000 unbooked 0102 0001 CUST  "},
		{":61:260102C0,NMSCCUST", "0 zero 0102 0001 CUST  "},
		{":61:2601020102CR\n10,5NTRFCUST", "1050  0102 0102 CUST  "},
		{":61:2601020102C 10,5NTRFCUST", "1050  0102 0102 CUST  "},
		{":61:2601021231C10NTRFCUST", "1000  0102 1231 CUST  "},
		{":61:260102C000000000010,00N1021234567890      A. Name", "1000  0102 0001 1234567890  A. Name"},
		{":61:260102C10,500NTRFKREF+", "1050  0102 0001   "},
	} {
		l := one(t, message9(tt.line))
		entered := l.BookedOn.Format("0102")
		if l.BookedOn.IsZero() {
			entered = "0001"
		}
		got := fmt.Sprintf("%d %s %s %s %s %s %s", l.Amount.Amount, l.Hindrance(), l.ValueOn.Format("0102"), entered, l.IDs.CustomerRef, l.IDs.BankRef, l.IDs.Supplementary)
		if got != tt.want {
			t.Errorf("%s: got %q, want %q", tt.line, got, tt.want)
		}
	}
	if l := one(t, message9(":61:2601021231C10NTRFCUST")); l.BookedOn.Year() != 2025 {
		t.Errorf("entered on %v", l.BookedOn)
	}
}

func TestDialects(t *testing.T) {
	for _, tt := range []struct {
		name, details string
		want          statement.Line // what of it is compared
	}{
		{"SEPA", ":86:166?00GUTSCHRIFT?109310?20EREF+E-1?21KREF+K1?22MREF+M1?23CRED+DE98ZZZ?24SVWZ+RF18 5390 0754?25\n7034 Rechnung?26ABWA+Max Muster?30BYLADEM1001?31DE02120300000000202051?32Erika ?33Muster?34997?60 zwei", statement.Line{
			Info: "GUTSCHRIFT", IDs: statement.Identities{EndToEndID: "E-1", CustomerRef: "K1", MandateID: "M1", CreditorID: "DE98ZZZ", BankRef: "B1"},
			Text: []string{"RF18 5390 07547034 Rechnung"}, UltimateDebtor: "Max Muster zwei",
			Debtor: statement.Party{Name: "Erika Muster", BIC: "BYLADEM1001", Account: statement.Account{IBAN: "DE02120300000000202051"}},
			Code:   statement.Code{Proprietary: "NTRF+166+9310+997"},
		}},
		{"several words in a subfield", ":86:166?20EREF+E1 SVWZ+Rechnung 7 IBAN+DE02120300000000202051 BIC+BYLADEM1001", statement.Line{
			IDs: statement.Identities{EndToEndID: "E1", BankRef: "B1"}, Text: []string{"Rechnung 7"},
			Debtor: statement.Party{BIC: "BYLADEM1001", Account: statement.Account{IBAN: "DE02120300000000202051"}}, Code: statement.Code{Proprietary: "NTRF+166"},
		}},
		{"before SEPA", ":86:051?00UEBERWEISUNG?20RECHNUNG 1?21KUNDE 2?3037040044?31532013001?32MAX?99x", statement.Line{
			Info: "UEBERWEISUNG", Text: []string{"RECHNUNG 1", "KUNDE 2"}, IDs: statement.Identities{BankRef: "B1"},
			Debtor: statement.Party{Name: "MAX?99x", BankCode: "37040044", Account: statement.Account{Other: "532013001"}}, Code: statement.Code{Proprietary: "NTRF+051"},
		}},
		{"a return", ":86:159?00RETOURE?34914?20SVWZ+zurueck", statement.Line{
			Info: "RETOURE", Returned: "914", Text: []string{"zurueck"}, IDs: statement.Identities{BankRef: "B1"}, Code: statement.Code{Proprietary: "NTRF+159++914"},
		}},
		{"another sign", ":86:000>100987654321\n>20RENT>21 MAY>31DE89370400440532013000", statement.Line{
			Text: []string{"RENT", "MAY"}, IDs: statement.Identities{BankRef: "B1"}, Debtor: statement.Party{Account: statement.Account{Other: "0987654321"}},
			Code: statement.Code{Proprietary: "NTRF+000"},
		}},
		{"an original amount", ":86:166?20OAMT+USD 11,50?21SVWZ+x", statement.Line{
			Text: []string{"x"}, IDs: statement.Identities{BankRef: "B1"}, Code: statement.Code{Proprietary: "NTRF+166"},
			Original: &statement.Original{Amount: money.Of(1150, "USD")},
		}},
		{"strokes", ":86:/TRTP/SEPA OVERBOEKING/IBAN/NL91ABNA0417164300/BIC/ABNANL2A/NAME/J D\nOE/REMI/Factuur 1/2 /NAME/ X/EREF/NOTPROVIDED", statement.Line{
			Info: "SEPA OVERBOEKING", Text: []string{"Factuur 1/2 /NAME/ X"}, IDs: statement.Identities{BankRef: "B1"},
			Debtor: statement.Party{Name: "J DOE", BIC: "ABNANL2A", Account: statement.Account{IBAN: "NL91ABNA0417164300"}}, Code: statement.Code{Proprietary: "NTRF"},
		}},
		{"strokes of another bank", ":86:/EREF/E1//CNTP/NL91ABNA0417164300/ABNANL2A/J DOE/CITY//REMI/STRD/CUR/9001/", statement.Line{
			IDs: statement.Identities{EndToEndID: "E1", BankRef: "B1"}, References: []statement.Reference{{Type: "CUR", Value: "9001"}},
			Debtor: statement.Party{Name: "J DOE", BIC: "ABNANL2A", Account: statement.Account{IBAN: "NL91ABNA0417164300"}}, Code: statement.Code{Proprietary: "NTRF"},
		}},
		{"REK and NAAM", ":86:FACTUUR 1\nREK: NL91ABNA0417164300/NAAM: J DOE", statement.Line{
			Text: []string{"FACTUUR 1"}, IDs: statement.Identities{BankRef: "B1"},
			Debtor: statement.Party{Name: "J DOE", Account: statement.Account{IBAN: "NL91ABNA0417164300"}}, Code: statement.Code{Proprietary: "NTRF"},
		}},
		{"plain", ":86:Rechnung  7\n\n vom 1.1.", statement.Line{
			Text: []string{"Rechnung 7", "vom 1.1."}, IDs: statement.Identities{BankRef: "B1"}, Code: statement.Code{Proprietary: "NTRF"},
		}},
		{"a date that looks German", ":86:201-20 Rechnung", statement.Line{
			Text: []string{"201-20 Rechnung"}, IDs: statement.Identities{BankRef: "B1"}, Code: statement.Code{Proprietary: "NTRF"},
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := one(t, message9(credit, tt.details))
			if got.Original != nil && *got.Original != *tt.want.Original {
				t.Errorf("original %v, want %v", got.Original, tt.want.Original)
			}
			if want := strings.TrimSpace(strings.ReplaceAll(strings.TrimPrefix(tt.details, ":86:"), "\n\n", "\n")); got.Raw != want {
				t.Errorf("raw %q, want %q", got.Raw, want)
			}
			tt.want.At, tt.want.BookedOn, tt.want.ValueOn, tt.want.Raw = 5, day(2), day(2), got.Raw
			tt.want.Amount, tt.want.Credit, tt.want.Booked, tt.want.Original = money.Of(1000, "EUR"), true, true, got.Original
			if fmt.Sprintf("%+v", got) != fmt.Sprintf("%+v", tt.want) {
				t.Errorf("got\n%+v, want\n%+v", got, tt.want)
			}
		})
	}
}

func TestRefused(t *testing.T) {
	good := message9(credit)
	swap := func(old, other string) string {
		if !strings.Contains(good, old) {
			t.Fatalf("no %s", old)
		}
		return strings.Replace(good, old, other, 1)
	}
	for _, tt := range []struct{ name, file, want string }{
		{"empty", "", "file: The file holds no statement"},
		{"another text", "Datum;Betrag\n", "file: The file holds no statement"},
		{"zero bytes", swap("REF1", "R\x00"), "line 1: There is a zero byte"},
		{"broken UTF-8", swap("REF1", "ÄÖ\xff"), "line 1: There is a byte that is not UTF-8"},
		{"no account", swap(":25:DE89370400440532013000\n", ""), "line 1: The statement that begins here has no account"},
		{"an empty account", swap("DE89370400440532013000", " "), "line 2: The account (:25:) is empty"},
		{"two accounts", swap(":28C", ":25:1\n:28C"), "line 3: The field :25: comes a second time"},
		{"an account after lines", strings.Replace(swap(":25:DE89370400440532013000\n", ""), ":62F", ":25:1\n:62F", 1), "line 5: The account (:25:) comes after lines"},
		{"no opening balance", swap(":60F:C260101EUR100,\n", ""), `line 4: The amount "10,00" "": "": not an ISO 4217`},
		{"cut off", strings.Split(good, ":62F")[0], "line 1: The statement that begins here has no closing balance"},
		{"another currency", swap("260102EUR110", "260102USD110"), "line 1: The statement that begins here is in EUR, and has a balance in USD"},
		{"no such currency", swap("260101EUR", "260101EUX"), "line 4: The amount \"100,\" \"EUX\""},
		{"a broken balance", swap("C260101", "X260101"), "line 4: The balance :60F: cannot be read"},
		{"no such day", swap("2601020102", "2602300102"), `line 5: There is no day "260230"`},
		{"no such entry date", swap("2601020102", "2601020230"), `line 5: There is no entry date "0230"`},
		{"no mark", swap("0102CR10", "0102XR10"), "line 5: The line cannot be read"},
		{"a point", swap("10,00", "10.00"), "line 5: The line cannot be read"},
		{"thousands", swap("10,00", "1.010,00"), "line 5: The line cannot be read"},
		{"two commas", swap("10,00", "1,010,00"), "line 5: The line cannot be read"},
		{"a minus", swap("CR10,00", "CR-10,00"), "line 5: The line cannot be read"},
		{"no amount", swap("CR10,00", "CR"), "line 5: The line cannot be read"},
		{"a fraction of a cent", swap("10,00", "10,005"), "line 5: The amount \"10,005\" \"EUR\": more decimals"},
		{"an unknown field", swap(":62F", ":77:x\n:62F"), "line 6: The field :77: is not known"},
		{"a line after the end", swap("-\n", credit+"\n-\n"), "line 7: There is a line after the closing balance"},
		{"no message around a line", good + credit, "line 8: The amount"},
		{"a time that is none", swap(":28C", ":13D:x\n:28C"), "line 3: The time :13D: is none"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			all, err := Parse([]byte(tt.file))
			r, ok := errors.AsType[*statement.Refusal](err)
			if !ok || all != nil {
				t.Fatalf("got %+v, %v", all, err)
			}
			if !strings.HasPrefix(r.Issues[0].String(), tt.want) {
				t.Errorf("got %q, want %q", r.Issues[0], tt.want)
			}
		})
	}
}

func TestIsNot(t *testing.T) {
	for _, file := range []string{"", ":20:", ":20:x\n", "<Document>:20:\n:25:", "Datum;Betrag\n1;2"} {
		if Is([]byte(file)) {
			t.Errorf("%q is MT940", file)
		}
	}
	for _, file := range []string{message9(), "\xef\xbb\xbf" + message9(), "ABNANL2A\n940\nABNANL2A\n" + message9(), strings.ReplaceAll(message9(), "\n", "\r")} {
		if !Is([]byte(file)) {
			t.Errorf("%q is not", file)
		}
	}
}

func TestWindows1252(t *testing.T) {
	if got := one(t, message9(credit, ":86:M\xfcller \x80")).Words(); got != "Müller €" {
		t.Errorf("got %q", got)
	}
}

func TestTooLarge(t *testing.T) {
	if _, err := Parse(make([]byte, statement.MaxBytes+1)); !errors.Is(err, statement.ErrTooLarge) {
		t.Errorf("%v", err)
	}
	lines := strings.Repeat(":61:260102C1,NMSC\n", statement.MaxLines+1)
	if _, err := Parse([]byte(message9(lines))); !errors.Is(err, statement.ErrTooLarge) {
		t.Errorf("%v", err)
	}
}

// FuzzParse holds Parse to its contract on any bytes.
func FuzzParse(f *testing.F) {
	f.Add([]byte(message9(credit, ":86:166?00G?20EREF+1?21SVWZ+x?31DE02120300000000202051?32A")))
	f.Add([]byte(message9(credit, ":86:/TRTP/X/IBAN/NL91ABNA0417164300/REMI/USTD//x/CNTP//")))
	f.Add([]byte(message9(":61:2601020229RDR\n1,NMSC//x\n/OCMT/USD1,/CHGS/EUR1,")))
	f.Add([]byte("{1:}{4::20:x\r:25:\r\n:86:000"))
	f.Add([]byte("\xff\xfe:\x002\x000\x00"))
	f.Fuzz(func(t *testing.T, file []byte) {
		Is(file)
		all, err := Parse(file)
		if err != nil {
			if all != nil || !errors.Is(err, statement.ErrRefused) && !errors.Is(err, statement.ErrTooLarge) || !utf8.ValidString(err.Error()) {
				t.Fatalf("%v, %v", all, err)
			}
			return
		}
		for _, s := range all {
			if s.Account.Number() == "" {
				t.Fatalf("no account: %+v", s)
			}
			for _, l := range s.Lines {
				if l.Amount.Check() != nil || l.Amount.Amount < 0 || l.At < 1 || l.MayPay() && l.Amount.Amount <= 0 || !utf8.ValidString(l.Words()+l.Info+l.Raw) {
					t.Fatalf("%+v", l)
				}
			}
		}
	})
}

func BenchmarkParse10000(b *testing.B) {
	var lines bytes.Buffer
	for i := range 10_000 {
		fmt.Fprintf(&lines, ":61:2601020102CR%d,50NTRFNONREF//B%d\n:86:166?00GUTSCHRIFT?109310?20EREF+E2E%d?21SVWZ+RF18539007547034 Re?22chnung %d?30BYLADEM1001?31DE0\n2120300000000202051?32Erika Mustermann\n", i, i, i, i)
	}
	data := []byte(message9(lines.String()))
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		if all, err := Parse(data); err != nil || len(all[0].Lines) != 10_000 {
			b.Fatal(err)
		}
	}
}
