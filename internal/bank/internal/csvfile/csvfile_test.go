package csvfile_test

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"igny8/internal/bank/internal/csvfile"
	"igny8/internal/bank/internal/statement"
)

const german = "Umsätze;;;;;\n\nBuchungstag;Wertstellung;Auftraggeber/Begünstigter;Kontonummer/IBAN;Verwendungszweck;Betrag (EUR)\n" +
	"02.01.2026;03.01.2026;Erika Muster;DE02120300000000202051;\"RF18 5390;\n0754 7034\";1.234,50\n" +
	"03.01.2026;03.01.2026;Miete;;Büro;-10,00\n"

func guessed(t *testing.T, file string) csvfile.Mapping {
	t.Helper()
	m, _, err := csvfile.Guess([]byte(file))
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestGuessAndParse(t *testing.T) {
	for _, tt := range []struct{ name, file, want string }{
		{"German", german, "4 2026-01-02 123450 EUR  Erika Muster DE02120300000000202051|RF18 5390; 0754 7034; 6 2026-01-03 1000 EUR debit Miete |Büro; "},
		{"Windows-1252", strings.NewReplacer("ä", "\xe4", "ü", "\xfc").Replace(german), "4 2026-01-02 123450 EUR  Erika Muster DE02120300000000202051|RF18 5390; 0754 7034; 6 2026-01-03 1000 EUR debit Miete |Büro; "},
		{"English", "Date,Description,Paid in,Paid out,Currency\n2026-01-02,RENT,\"1,234.50\",,GBP\n2026-01-03,FEE,,-2.00,GBP\n",
			"2 2026-01-02 123450 GBP   |RENT; 3 2026-01-03 200 GBP debit  |FEE; "},
		{"Dutch", "Datum;Naam / Omschrijving;Tegenrekening;Af Bij;Bedrag (EUR);Mededelingen\n20260102;J DOE;NL91ABNA0417164300;Bij;10,50;Factuur 1\n20260103;J DOE;;Af;1,00;x\n",
			"2 2026-01-02 1050 EUR  J DOE NL91ABNA0417164300|Factuur 1; 3 2026-01-03 100 EUR debit J DOE |x; "},
		{"French", "Date opération\tLibellé\tDébit EUR\tCrédit EUR\n31/01/2026\tVIR\t\t1 000,00\n", "2 2026-01-31 100000 EUR   |VIR; "},
	} {
		t.Run(tt.name, func(t *testing.T) {
			all, err := csvfile.Parse([]byte(tt.file), guessed(t, tt.file))
			if err != nil {
				t.Fatal(err)
			}
			got := ""
			for _, l := range all[0].Lines {
				who := l.Counterparty()
				got += fmt.Sprintf("%d %s %d %s %s %s %s|%s; ", l.At, l.BookedOn.Format("2006-01-02"), l.Amount.Amount, l.Amount.Currency, l.Hindrance(), who.Name, who.Account.Number(), l.Words())
			}
			if got != tt.want {
				t.Errorf("got  %q\nwant %q", got, tt.want)
			}
		})
	}
}

var simple = csvfile.Mapping{Date: "d", Amount: "a", FixedCurrency: "EUR", Status: "s", Direction: ""}

func TestRefused(t *testing.T) {
	for _, tt := range []struct{ name, rows, want string }{
		{"no amount", "2026-01-02;;\n", "line 2: There is no amount"},
		{"a word", "2026-01-02;ten;\n", `line 2: "ten" is no amount`},
		{"a fraction of a cent", "2026-01-02;1,005,5;\n2026-01-02;1.5;", `line 2: "1,005,5" is no amount`},
		{"too many decimals", "2026-01-02;1.0055;\n", "line 2: The amount \"1.0055\" \"EUR\": more decimals"},
		{"both marks", "2026-01-02;1,5;\n2026-01-02;1.5;\n", "line 3: Some amounts"},
		{"a mark that does not tell", "2026-01-02;1.234;\n", "line 2: It cannot be told"},
		{"another currency", "2026-01-02;1.50 USD;\n", `line 2: The amount "1.50 USD" is not in "EUR"`},
		{"two signs", "2026-01-02;-1.50-;\n", `line 2: "-1.50-" is no amount`},
		{"days that do not tell", "01/02/2026;1.50;\n", "line 2: The days can be read as DD/MM/YYYY or as MM/DD/YYYY"},
		{"no day", "32.01.2026;1.50;\n", "line 2: The days of the file are in no one format"},
		{"an empty day", "2026-01-02;1.50;\n;1.50;\n", "line 3: There is no day"},
		{"too few cells", "2026-01-02;1.50\n", "line 2: The line has 2 cells"},
		{"too many cells", "2026-01-02;1.50;;x\n", "line 2: The line has 4 cells"},
		{"an open quotation mark", "2026-01-02;\"1.50;\n", "line 2: This is not a CSV record"},
		{"no lines", "", "file: The file has a header and no lines"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			all, err := csvfile.Parse([]byte("d;a;s\n"+tt.rows), simple)
			r, ok := errors.AsType[*statement.Refusal](err)
			if !ok || all != nil || !strings.HasPrefix(r.Issues[0].String(), tt.want) {
				t.Errorf("got %v, %v; want %q", all, err, tt.want)
			}
		})
	}
}

func TestMarkedLines(t *testing.T) {
	all, err := csvfile.Parse([]byte("d;a;s\n2026-01-02;0,00;\n2026-01-02;5,50-;\n2026-01-02;1.234,500;Pending\n2026-01-02;€ 1,50;booked\n"), simple)
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []statement.Hindrance{statement.Zero, statement.Debit, statement.Unbooked, statement.NoHindrance} {
		if got := all[0].Lines[i].Hindrance(); got != want {
			t.Errorf("line %d: got %q, want %q", i, got, want)
		}
	}
	in := csvfile.Mapping{Date: "d", Credit: "c", Debit: "o", FixedCurrency: "EUR"}
	if all, err = csvfile.Parse([]byte("d;c;o\n2026-01-02;-5,00;\n"), in); err != nil || all[0].Lines[0].Hindrance() != statement.Negative {
		t.Errorf("%+v, %v", all, err)
	}
	if _, err = csvfile.Parse([]byte("d;c;o\n2026-01-02;5,00;5,00\n"), in); !errors.Is(err, statement.ErrRefused) {
		t.Errorf("in and out: %v", err)
	}
}

func TestMappings(t *testing.T) {
	for name, m := range map[string]csvfile.Mapping{
		"nothing":          {},
		"no amount":        {Date: "d", FixedCurrency: "EUR"},
		"two ways":         {Date: "d", Amount: "a", Credit: "c", Debit: "o", FixedCurrency: "EUR"},
		"no currency":      {Date: "d", Amount: "a"},
		"no such currency": {Date: "d", Amount: "a", FixedCurrency: "EUX"},
		"a delimiter":      {Date: "d", Amount: "a", FixedCurrency: "EUR", Delimiter: "\n"},
		"a format":         {Date: "d", Amount: "a", FixedCurrency: "EUR", DateFormat: "D"},
		"no such column":   {Date: "d", Amount: "b", FixedCurrency: "EUR"},
	} {
		if _, err := csvfile.Parse([]byte("d;a\n2026-01-02;1\n"), m); !errors.Is(err, csvfile.ErrMapping) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, _, err := csvfile.Guess([]byte("hello\nworld\n")); !errors.Is(err, csvfile.ErrMapping) {
		t.Errorf("guessed: %v", err)
	}
}

// FuzzParse holds Guess and Parse to their contract on any bytes.
func FuzzParse(f *testing.F) {
	f.Add([]byte(german))
	f.Add([]byte("d;a;s\n2026-01-02;1'234.50;\n"))
	f.Add([]byte("d;a;s\n2026-01-02;\"\x00"))
	f.Fuzz(func(t *testing.T, file []byte) {
		m, _, err := csvfile.Guess(file)
		if err != nil || m.Check() != nil {
			m = simple
		}
		all, err := csvfile.Parse(file, m)
		if err != nil {
			if all != nil || !utf8.ValidString(err.Error()) {
				t.Fatalf("%v, %v", all, err)
			}
			return
		}
		for _, s := range all {
			for _, l := range s.Lines {
				if l.Amount.Check() != nil || l.At < 1 || l.MayPay() && l.Amount.Amount <= 0 {
					t.Fatalf("%+v", l)
				}
			}
		}
	})
}

func BenchmarkParse10000(b *testing.B) {
	var file bytes.Buffer
	file.WriteString("Buchungstag;Auftraggeber;IBAN;Verwendungszweck;Betrag (EUR)\n")
	for i := range 10_000 {
		fmt.Fprintf(&file, "02.01.2026;Erika Muster;DE02120300000000202051;RF18539007547034 Rechnung %d;%d,50\n", i, i)
	}
	m, _, err := csvfile.Guess(file.Bytes())
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if all, err := csvfile.Parse(file.Bytes(), m); err != nil || len(all[0].Lines) != 10_000 {
			b.Fatal(err)
		}
	}
}
