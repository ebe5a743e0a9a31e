package invoice

import (
	"regexp"
	"strings"
)

// vatForm is how VAT ids of a member state are written.
type vatForm struct {
	prefix  string // Greece's is not its code
	shape   *regexp.Regexp
	example string
}

func vat(prefix, shape, example string) vatForm {
	return vatForm{prefix: prefix, shape: regexp.MustCompile(`^(?:` + shape + `)$`), example: prefix + example}
}

// union is the European Union, and how each member state writes VAT ids.
var union = map[string]vatForm{
	"AT": vat("AT", `U\d{8}`, "U12345678"),
	"BE": vat("BE", `[01]\d{9}`, "0123456789"),
	"BG": vat("BG", `\d{9,10}`, "123456789"),
	"CY": vat("CY", `\d{8}[A-Z]`, "12345678X"),
	"CZ": vat("CZ", `\d{8,10}`, "12345678"),
	"DE": vat("DE", `\d{9}`, "123456789"),
	"DK": vat("DK", `\d{8}`, "12345678"),
	"EE": vat("EE", `\d{9}`, "123456789"),
	"ES": vat("ES", `[A-Z]\d{7}[A-Z0-9]|\d{8}[A-Z]`, "X12345678"),
	"FI": vat("FI", `\d{8}`, "12345678"),
	"FR": vat("FR", `[A-HJ-NP-Z0-9]{2}\d{9}`, "12345678901"),
	"GR": vat("EL", `\d{9}`, "123456789"),
	"HR": vat("HR", `\d{11}`, "12345678901"),
	"HU": vat("HU", `\d{8}`, "12345678"),
	"IE": vat("IE", `\d{7}[A-W][A-IW]?|\d[A-Z+*]\d{5}[A-W]`, "1234567WA"),
	"IT": vat("IT", `\d{11}`, "12345678901"),
	"LT": vat("LT", `\d{9}|\d{12}`, "123456789"),
	"LU": vat("LU", `\d{8}`, "12345678"),
	"LV": vat("LV", `\d{11}`, "12345678901"),
	"MT": vat("MT", `\d{8}`, "12345678"),
	"NL": vat("NL", `\d{9}B\d{2}`, "123456789B01"),
	"PL": vat("PL", `\d{10}`, "1234567890"),
	"PT": vat("PT", `\d{9}`, "123456789"),
	"RO": vat("RO", `\d{2,10}`, "1234567890"),
	"SE": vat("SE", `\d{12}`, "123456789001"),
	"SI": vat("SI", `\d{8}`, "12345678"),
	"SK": vat("SK", `\d{10}`, "1234567890"),
}

// inUnion tells whether a country is a member state of the European Union.
func inUnion(country string) bool {
	_, in := union[country]
	return in
}

// VATID is a VAT id of a member state as it is written, with its prefix and
// without spaces, and whether it has the form that the state gives them. That
// it is in force it does not say: only the member states know.
func VATID(country, s string) (string, bool) {
	form, in := union[country]
	if !in {
		return "", false
	}
	s = strings.NewReplacer(" ", "", ".", "", "-", "", "\u00a0", "").Replace(strings.ToUpper(s))
	body := strings.TrimPrefix(s, form.prefix)
	if !form.shape.MatchString(body) {
		body = s // what looked like the prefix may be the first letters
	}
	if !form.shape.MatchString(body) {
		return "", false
	}
	return form.prefix + body, true
}
