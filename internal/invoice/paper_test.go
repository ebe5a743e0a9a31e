package invoice

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"igny8/internal/account"
	"igny8/internal/money"
)

var (
	bank = &BankAccount{
		Currency: "EUR", Holder: "Igny8 Software GmbH", IBAN: "DE89370400440532013000", BIC: "COBADEFFXXX", BankName: "Example Bank",
		Instructions: "Fees are shared (SHA).",
	}
	seller = Seller{
		Name: "Igny8 Software GmbH", Address: Address{Line1: "Lange Straße 12", Postcode: "10115", City: "Berlin", Country: "DE"},
		TaxID: "DE123456789", RegistrationNumber: "HRB 12345 B, Amtsgericht Charlottenburg", Email: "billing@igny8.example",
		Footer: "Igny8 Software GmbH, Berlin\nManaging director: Zoë Beispiel",
	}
	buyer = Buyer{
		Company: "Müller & Söhne KG", Address: Address{Line1: "Hauptstraße 1", Postcode: "80331", City: "München", Country: "DE"}, Language: "en-GB",
	}
)

// sample is an open invoice over 238 EUR, changed.
func sample(change func(*Invoice)) Invoice {
	eur := func(n int64) money.Money { return money.Of(n, "EUR") }
	at := time.Date(2030, 1, 10, 12, 0, 0, 0, time.UTC)
	i := Invoice{
		Number: "2030-000001", Reference: "RF18539007547034", Status: Open, PaymentMethod: account.BankTransfer, Issued: at, Due: at.Add(Term),
		Seller: seller, Buyer: buyer, Net: eur(20_000), Tax: eur(3_800), Total: eur(23_800), Paid: eur(0), Credited: eur(0),
		Taxed: Tax{Rate: 1900, Category: Standard}, Lines: []Line{{"Igny8 Growth, one month", 1, eur(20_000)}},
	}
	change(&i)
	return i
}

const epcGolden = `BCD
002
1
SCT
COBADEFFXXX
Igny8 Software GmbH
DE89370400440532013000
EUR238.00

RF18539007547034

Invoice 2030-000001`

func TestEPC(t *testing.T) {
	t.Parallel()
	i := sample(func(*Invoice) {})
	if got, ok := i.code(*bank); !ok || got != epcGolden {
		t.Errorf("got %v\n%s\nwant\n%s", ok, got, epcGolden)
	}
	i.Paid = money.Of(20_095, "EUR") // what is still due is asked for
	if got, _ := i.code(*bank); got != strings.Replace(epcGolden, "EUR238.00", "EUR37.05", 1) {
		t.Errorf("of the rest: %s", got)
	}
	due := money.Of(1, "EUR")
	for name, tt := range map[string]struct {
		b    func(*BankAccount)
		due  money.Money
		want bool
	}{
		"a cent":                  {nil, due, true},
		"the most":                {nil, money.Of(epcAmount, "EUR"), true},
		"a cent more":             {nil, money.Of(epcAmount+1, "EUR"), false},
		"nothing":                 {nil, money.Of(0, "EUR"), false},
		"dollars":                 {nil, money.Of(100, "USD"), false},
		"an account outside SEPA": {func(b *BankAccount) { b.IBAN = "TR330006100519786457841326" }, due, false},
		"no account":              {func(b *BankAccount) { b.IBAN = "" }, due, false},
		"no BIC":                  {func(b *BankAccount) { b.BIC = "" }, due, true},
		"a name in Greek":         {func(b *BankAccount) { b.Holder = strings.Repeat("Ω", 70) }, due, true},
		"a name beyond the code":  {func(b *BankAccount) { b.Holder = strings.Repeat("\U00010400", 70) }, due, false},
	} {
		b := *bank
		if tt.b != nil {
			tt.b(&b)
		}
		text, ok := EPC(b, tt.due, "RF18539007547034", "Invoice 2030-000001")
		if ok != tt.want || ok && strings.Count(text, "\n") != 11 {
			t.Errorf("%s: %v, %q", name, ok, text)
		}
	}
	if _, ok := sample(func(i *Invoice) { i.PaymentMethod = account.Stripe }).code(*bank); ok {
		t.Error("an invoice that is paid by card has a code")
	}
}

// program runs one that reads what we write, or skips the test where there is
// none: .ci/tools installs them.
func program(t *testing.T, name string, args ...string) []byte {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		t.Skipf("there is no %s here: .ci/tools installs zbar-tools and poppler-utils where apt can", name)
	}
	var out, errs bytes.Buffer
	c := exec.CommandContext(t.Context(), path, args...)
	c.Stdout, c.Stderr = &out, &errs
	if err := c.Run(); err != nil {
		t.Fatalf("%s: %v: %s", name, err, errs.Bytes())
	}
	return out.Bytes()
}

func keep(t *testing.T, name string, content []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func scanned(t *testing.T, picture string) string {
	t.Helper()
	return strings.TrimSuffix(string(program(t, "zbarimg", "--raw", "--quiet", picture)), "\n")
}

func TestAScannerReadsTheCode(t *testing.T) {
	t.Parallel()
	greek := *bank
	greek.Holder = "Ιγνυ8 Ελλάς & Söhne"
	for _, b := range []*BankAccount{bank, &greek} {
		text, _ := sample(func(*Invoice) {}).code(*b)
		picture, err := QR(text)
		if err != nil {
			t.Fatal(err)
		}
		if got := scanned(t, keep(t, "qr.png", picture)); got != text {
			t.Errorf("the scanner reads\n%s\nwant\n%s", got, text)
		}
	}
}

// paperCase is an invoice, and what must be on its paper.
type paperCase struct {
	name  string
	i     Invoice
	b     *BankAccount
	pages int
	says  []string
	code  bool
}

func paperCases() []paperCase {
	dollars := BankAccount{Currency: "USD", Holder: "Igny8 Software Ltd", IBAN: "GB82WEST12345698765432", BankName: "West"}
	long := strings.Repeat("Donaudampfschifffahrtsgesellschaft", 3)
	return []paperCase{
		{"euros", sample(func(*Invoice) {}), bank, 1, []string{
			"Invoice", "2030-000001", "10 January 2030", "24 January 2030", "RF18 5390 0754 7034", "DE89 3704 0044 0532 0130 00", "COBADEFFXXX",
			"Müller & Söhne KG", "80331 München", "DE123456789", "VAT 19%", "EUR 38.00", "EUR 238.00", "Fees are shared (SHA).", "Zoë Beispiel", "Page 1 of 1",
		}, true},
		{"dollars", sample(func(i *Invoice) {
			i.Buyer.Country, i.Buyer.Language = "US", "en"
			i.Net, i.Tax, i.Total, i.Paid, i.Taxed = money.Of(123_456, "USD"), money.Of(0, "USD"), money.Of(123_456, "USD"), money.Of(0, "USD"), Tax{Category: OutOfScope}
			i.Lines = []Line{{"Igny8 Scale, one year", 1, money.Of(123_456, "USD")}}
		}), &dollars, 1, []string{"USD 1,234.56", "United States", "GB82 WEST 1234 5698 7654 32", "RF18 5390 0754 7034"}, false},
		{"reverse charge", sample(func(i *Invoice) {
			i.Buyer = Buyer{Company: "Beispiel AG", Address: Address{Line1: "Ring 1", Postcode: "1010", City: "Wien", Country: "AT"}, TaxID: "ATU12345678", Language: "de"}
			i.Tax, i.Total = money.Of(0, "EUR"), i.Net
			i.Taxed = Tax{Category: ReverseCharge, Note: textsFor("de").reverseCharge}
		}), bank, 1, []string{
			"Rechnung", "10. Januar 2030", "Steuerschuldnerschaft des Leistungsempfängers", "Artikel 196", "ATU12345678", "DE123456789", "Österreich",
			"USt. 0 %", "Gesamtbetrag", "200,00", "Mit der Banking-App scannen", "Seite 1 von 1",
		}, true},
		{"forty lines", sample(func(i *Invoice) {
			i.Lines = nil
			for n := range 40 {
				i.Lines = append(i.Lines, Line{fmt.Sprintf("Site %d: Igny8 Growth, one month, in words that need a second line", n+1), 1, money.Of(500, "EUR")})
			}
		}), bank, 3, []string{"Site 1:", "Site 40:", "Page 3 of 3", "EUR 238.00", "DE89 3704 0044 0532 0130 00"}, true},
		{"long names", sample(func(i *Invoice) {
			i.Buyer.Company, i.Buyer.Line1 = long, "Πατησίων 76 улица Żółć Příliš 中文 ế ẞ"
			i.Lines = []Line{{strings.Repeat("x", 200), 1_000_000, money.Of(99_999_999, "EUR")}}
			i.Paid = money.Of(100, "EUR")
		}), bank, 2, []string{"Πατησίων 76", "улица", "Żółć Příliš ?? e SS", "Amount due", "EUR 237.00", "Page 2 of 2"}, true},
		{"paid", sample(func(i *Invoice) {
			i.Status, i.Paid, i.PaidAt = Paid, i.Total, i.Issued
		}), nil, 1, []string{"Paid on 10 January 2030", "EUR 238.00"}, false},
		{"of the release before", sample(func(i *Invoice) {
			i.Seller, i.Tax, i.Total, i.Taxed = Seller{}, money.Of(0, "EUR"), i.Net, Tax{Category: OutOfScope}
		}), nil, 1, []string{"EUR 200.00", "Method", "Bank transfer"}, false},
	}
}

// TestPaper has other programs read the PDF: what is written on it, on how many
// pages, and its code as a scanner sees the sheet.
func TestPaper(t *testing.T) {
	t.Parallel()
	for _, tt := range paperCases() {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			pdf, err := Paper(tt.i.document(tt.b))
			if err != nil {
				t.Fatal(err)
			}
			path := keep(t, "invoice.pdf", pdf)
			text := string(program(t, "pdftotext", "-layout", path, "-"))
			flat := strings.Join(strings.Fields(text), " ") // a space that does not break is one
			for _, s := range tt.says {
				if !strings.Contains(flat, s) {
					t.Errorf("%q is not on it:\n%s", s, text)
				}
			}
			if pages := strings.Count(text, "\f"); pages != tt.pages {
				t.Errorf("%d pages, want %d:\n%s", pages, tt.pages, text)
			}
			if strings.Contains(flat, "{") {
				t.Errorf("a name was not replaced:\n%s", text)
			}
			if !tt.code {
				if code, has := tt.i.code(BankAccount{}); has || strings.Contains(flat, "banking app") {
					t.Errorf("there is a code: %s", code)
				}
				return
			}
			program(t, "pdftoppm", "-r", "150", "-f", fmt.Sprint(tt.pages), "-singlefile", "-png", path, strings.TrimSuffix(path, ".pdf"))
			want, _ := tt.i.code(*tt.b)
			if got := scanned(t, strings.TrimSuffix(path, ".pdf")+".png"); got != want {
				t.Errorf("the scanner reads\n%s\nwant\n%s", got, want)
			}
		})
	}
}

// TestTheFootStaysOnItsPage: there are as many sheets as the last one says,
// however high what is above the foot. See loose.
func TestTheFootStaysOnItsPage(t *testing.T) {
	t.Parallel()
	for notes := range 8 {
		for foot := range 5 {
			to := *bank
			to.Instructions = strings.TrimSpace(strings.Repeat("Note\n", notes))
			i := sample(func(i *Invoice) {
				i.Seller.Footer = strings.TrimSpace(strings.Repeat("Foot\n", foot))
				for range 30 {
					i.Lines = append(i.Lines, i.Lines[0])
				}
			})
			pdf, err := Paper(i.document(&to))
			if err != nil {
				t.Fatal(err)
			}
			text := string(program(t, "pdftotext", keep(t, "invoice.pdf", pdf), "-"))
			sheets := strings.Count(text, "\f")
			if says := fmt.Sprintf("Page %d of %d\n", sheets, sheets); !strings.Contains(text, says) || strings.Count(text, "Foot\n") != sheets*foot {
				t.Errorf("%d notes, %d lines at the foot: %d sheets, with the foot %d times, and none says %s", notes, foot, sheets, strings.Count(text, "Foot\n"), says)
			}
		}
	}
}

// TestCatalogueIsComplete: a language says everything, or is not there.
func TestCatalogueIsComplete(t *testing.T) {
	t.Parallel()
	for _, words := range catalogue {
		v := reflect.ValueOf(words)
		for n := range v.NumField() {
			if v.Field(n).IsZero() {
				t.Errorf("%s does not say %s", words.language, v.Type().Field(n).Name)
			}
		}
		for n, m := range words.months {
			if m == "" {
				t.Errorf("%s has no month %d", words.language, n+1)
			}
		}
		for _, m := range []account.PaymentMethod{account.Stripe, account.PayPal, account.BankTransfer} {
			if words.methods[string(m)] == "" {
				t.Errorf("%s has no word for %s", words.language, m)
			}
		}
	}
	for tag, want := range map[string]string{"de": "de", "de-AT": "de", "en-US": "en", "fr": "en", "": "en", "nonsense!": "en"} {
		if got := textsFor(tag).language; got != want {
			t.Errorf("texts for %q are %s, want %s", tag, got, want)
		}
	}
}

func TestRatesAndLocales(t *testing.T) {
	t.Parallel()
	de, en := textsFor("de"), textsFor("en")
	for r, want := range map[Rate]string{1900: "19\u00a0%", 750: "7,5\u00a0%", 805: "8,05\u00a0%", 0: "0\u00a0%"} {
		if got := de.rate(r); got != want {
			t.Errorf("%d is %q, want %q", r, got, want)
		}
	}
	if got := en.rate(2050); got != "20.5%" {
		t.Errorf("got %q", got)
	}
	for _, tt := range []struct {
		words    texts
		language string
		country  string
		want     string
	}{
		{en, "en", "GB", "en-GB"}, {en, "en-US", "DE", "en-US"}, {de, "de", "AT", "de-AT"}, {en, "fr", "FR", "en-FR"}, {de, "de", "", "de"},
	} {
		if got := tt.words.locale(Buyer{Language: tt.language, Address: Address{Country: tt.country}}); got != tt.want {
			t.Errorf("%s in %s: %s, want %s", tt.language, tt.country, got, tt.want)
		}
	}
}

func TestEveryLanguageThatIsOfferedHasItsTexts(t *testing.T) {
	t.Parallel()
	all := Languages()
	if len(all) != len(catalogue) || all[0] != english {
		t.Errorf("%q", all)
	}
	for _, l := range all {
		if got := textsFor(l).language; got != l {
			t.Errorf("%s is written in %s", l, got)
		}
	}
}
