package invoice

import (
	"errors"
	"math"
	"math/big"
	"testing"

	"pgregory.net/rapid"

	"igny8/internal/money"
)

// halfUp is n * part / of, rounded half up, by exact fractions.
func halfUp(n, part, of int64) *big.Int {
	r := new(big.Rat).SetFrac(new(big.Int).Mul(big.NewInt(n), big.NewInt(part)), big.NewInt(of))
	r.Add(r, big.NewRat(1, 2))
	return new(big.Int).Div(r.Num(), r.Denom())
}

// TestTaxAddsUp: whatever the sum and the rate, net and tax are the total, the
// one that was given is what was given, and the tax is the exact one rounded
// half up.
func TestTaxAddsUp(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		sum := rapid.OneOf(rapid.Int64Range(0, 1_000_000), rapid.Int64Range(0, math.MaxInt64)).Draw(t, "sum")
		rate := Rate(rapid.Int64Range(0, 10_000).Draw(t, "rate"))
		included := rapid.Bool().Draw(t, "included")
		base := int64(whole)
		if included {
			base += int64(rate)
		}
		exact := halfUp(sum, int64(rate), base)
		net, tax, err := rate.split(money.Of(sum, "EUR"), included)
		total := new(big.Int).Add(big.NewInt(sum), exact)
		if !included && !total.IsInt64() {
			if !errors.Is(err, money.ErrOverflow) {
				t.Fatalf("%d at %d: %v, %v, %v; want an overflow", sum, rate, net, tax, err)
			}
			return
		}
		if err != nil || exact.Cmp(big.NewInt(tax.Amount)) != 0 {
			t.Fatalf("%d at %d: tax %v, %v; want %s", sum, rate, tax, err, exact)
		}
		if all := net.Amount + tax.Amount; included && all != sum || !included && net.Amount != sum || net.Amount < 0 || tax.Amount < 0 {
			t.Fatalf("%d at %d: %v and %v", sum, rate, net, tax)
		}
	})
}

func TestTaxByHand(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		sum      int64
		rate     Rate
		included bool
		net, tax int64
	}{
		{20_000, 1900, false, 20_000, 3_800},
		{11_900, 1900, true, 10_000, 1_900},
		{10_000, 1900, true, 8_403, 1_597},
		{50, 100, false, 50, 1}, // half a cent goes up
		{49, 100, false, 49, 0},
		{1, 10_000, true, 0, 1},
		{0, 1900, false, 0, 0},
		{333, 0, true, 333, 0},
		{1_999, 550, false, 1_999, 110},
	} {
		net, tax, err := tt.rate.split(money.Of(tt.sum, "EUR"), tt.included)
		if err != nil || net.Amount != tt.net || tax.Amount != tt.tax {
			t.Errorf("%+v: net %v, tax %v, %v", tt, net, tax, err)
		}
	}
	for _, rate := range []Rate{-1, 10_001} {
		if _, _, err := rate.split(money.Of(1, "EUR"), false); err == nil {
			t.Errorf("a rate of %d was charged", rate)
		}
	}
	if _, _, err := Rate(1).split(money.Of(-1, "EUR"), false); err == nil {
		t.Error("tax of less than nothing")
	}
}

// TestCreditedTaxAddsUp cuts an invoice into credit notes: no part has a tax or
// a net below nothing, and all of them together have the invoice's.
func TestCreditedTaxAddsUp(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		total := rapid.OneOf(rapid.Int64Range(1, 300), rapid.Int64Range(1, math.MaxInt64)).Draw(t, "total")
		i := Invoice{Total: money.Of(total, "EUR"), Tax: money.Of(rapid.Int64Range(0, total).Draw(t, "tax"), "EUR")}
		before, sum := int64(0), int64(0)
		for before < total {
			amount := rapid.Int64Range(1, total-before).Draw(t, "amount")
			if rapid.IntRange(0, 5).Draw(t, "rest") == 0 {
				amount = total - before
			}
			tax, err := i.taxOf(before, money.Of(amount, "EUR"))
			if err != nil || tax.Amount < 0 || tax.Amount > amount {
				t.Fatalf("%d after %d of %d has the tax %v, %v", amount, before, total, tax, err)
			}
			before, sum = before+amount, sum+tax.Amount
		}
		if sum != i.Tax.Amount {
			t.Fatalf("the parts have the tax %d, the invoice %d", sum, i.Tax.Amount)
		}
	})
}

func TestWhoIsChargedWhat(t *testing.T) {
	t.Parallel()
	german := Settings{
		Seller: Seller{Address: Address{Country: "DE"}, TaxID: "DE123456789"},
		Rules: []TaxRule{
			{"CH", Business, 0}, {"CH", Consumer, 810}, {"DE", Consumer, 1900}, {"FR", Consumer, 2000}, {"GB", Business, 2000}, {"GB", Consumer, 2000},
		},
	}
	unregistered, none, swiss := german, german, german
	unregistered.TaxID = "12/345/67890"
	none.Rules = nil
	swiss.Country, swiss.TaxID = "CH", "CHE-123.456.789 MWST"
	for _, tt := range []struct {
		name    string
		s       Settings
		country string
		taxID   string
		want    Category
		rate    Rate
	}{
		{"a consumer at home", german, "DE", "", Standard, 1900},
		{"a business at home", german, "DE", "DE987654321", Standard, 1900},
		{"a business in another member state", german, "AT", "ATU12345678", ReverseCharge, 0},
		{"a business in a member state with a rule", german, "FR", "FR12345678901", ReverseCharge, 0},
		{"a consumer in a member state with a rule", german, "FR", "", Standard, 2000},
		{"a consumer in a member state without", german, "AT", "", Standard, 1900},
		{"somebody outside", german, "US", "12-3456789", OutOfScope, 0},
		{"a consumer outside, with a rule", german, "CH", "", Standard, 810},
		{"a business outside, with its own", german, "CH", "CHE-1", ZeroRated, 0},
		{"a seller without a VAT id", unregistered, "AT", "ATU12345678", Standard, 1900},
		{"no rules", none, "DE", "", OutOfScope, 0},
		{"no rules, yet reverse charge", none, "AT", "ATU12345678", ReverseCharge, 0},
		{"a seller outside", swiss, "DE", "DE123456789", Standard, 1900},
		{"nobody has said anything", Settings{}, "DE", "", OutOfScope, 0},
	} {
		got := tt.s.taxFor(Buyer{Address: Address{Country: tt.country}, TaxID: tt.taxID, Language: "de"})
		if got.Category != tt.want || got.Rate != tt.rate || (got.Note == textsFor("de").reverseCharge) != (tt.want == ReverseCharge) {
			t.Errorf("%s: %+v, want %s at %d", tt.name, got, tt.want, tt.rate)
		}
	}
}

func TestVATIDs(t *testing.T) {
	t.Parallel()
	for country, form := range union {
		if got, ok := VATID(country, form.example); !ok || got != form.example {
			t.Errorf("%s: the example %s is read as %q, %v", country, form.example, got, ok)
		}
		if _, ok := VATID(country, form.example+"77777"); ok {
			t.Errorf("%s: %s77777 is taken", country, form.example)
		}
	}
	if len(union) != 27 {
		t.Errorf("%d member states", len(union))
	}
	for _, tt := range []struct {
		country, in, want string
	}{
		{"DE", " de 123 456 789", "DE123456789"},
		{"DE", "123456789", "DE123456789"},
		{"GR", "EL123456789", "EL123456789"},
		{"NL", "NL123456789B01", "NL123456789B01"},
		{"IE", "IE1234567WA", "IE1234567WA"},
		{"FR", "FRXX123456789", "FRXX123456789"},
		{"FR", "FR123456789", "FRFR123456789"}, // its first two letters may be FR
		{"ES", "ESX1234567R", "ESX1234567R"},
		{"AT", "AT-U12.345.678", "ATU12345678"},
		{"DE", "ATU12345678", ""},
		{"DE", "DE12345678", ""},
		{"GR", "GR123456789", ""},
		{"US", "123456789", ""},
		{"DE", "", ""},
	} {
		got, ok := VATID(tt.country, tt.in)
		if got != tt.want || ok != (tt.want != "") {
			t.Errorf("VATID(%s, %q) = %q, %v; want %q", tt.country, tt.in, got, ok, tt.want)
		}
	}
}
