package keywordfile

import (
	"strings"

	"golang.org/x/text/currency"
)

// signs are currency signs, the longer before those that they end with. A bare
// dollar is the American one: the tools count in it. Signs that several
// countries share are taken off, and say nothing.
var signs = []struct{ sign, code string }{
	{"US$", "USD"}, {"CA$", "CAD"}, {"C$", "CAD"}, {"AU$", "AUD"}, {"A$", "AUD"}, {"NZ$", "NZD"},
	{"HK$", "HKD"}, {"S$", "SGD"}, {"R$", "BRL"}, {"MX$", "MXN"}, {"$", "USD"},
	{"€", "EUR"}, {"£", "GBP"}, {"₹", "INR"}, {"₺", "TRY"}, {"₽", "RUB"}, {"₴", "UAH"}, {"₩", "KRW"},
	{"₪", "ILS"}, {"₫", "VND"}, {"₱", "PHP"}, {"₦", "NGN"}, {"฿", "THB"}, {"₨", ""}, {"¥", ""},
	{"zł", "PLN"}, {"Kč", "CZK"}, {"Ft", "HUF"}, {"Fr.", "CHF"}, {"Rs.", ""}, {"Rs", ""}, {"kr", ""},
}

// cutCurrency takes a currency sign or ISO code off either end of an amount.
func cutCurrency(cell string) (amount, code string) {
	cell = strings.TrimSpace(cell)
	if cell == "" || isNumeral(cell[0]) && isNumeral(cell[len(cell)-1]) {
		return cell, ""
	}
	for _, s := range signs {
		if rest, ok := strings.CutPrefix(cell, s.sign); ok {
			return strings.TrimSpace(rest), s.code
		}
		if rest, ok := strings.CutSuffix(cell, s.sign); ok {
			return strings.TrimSpace(rest), s.code
		}
	}
	if len(cell) > 3 && isCode(cell[:3]) {
		return strings.TrimSpace(cell[3:]), cell[:3]
	}
	if n := len(cell) - 3; n > 0 && isCode(cell[n:]) {
		return strings.TrimSpace(cell[:n]), cell[n:]
	}
	return cell, ""
}

func isNumeral(b byte) bool { return b >= '0' && b <= '9' }

// parseCurrency reads a code or a sign that stands alone.
func parseCurrency(s string) (code string, ok bool) {
	for _, sign := range signs {
		if s == sign.sign {
			return sign.code, true
		}
	}
	return s, isCode(s)
}

// isCode is true of a code of ISO 4217, in capitals.
func isCode(s string) bool {
	_, err := currency.ParseISO(s)
	return err == nil && s == strings.ToUpper(s)
}
