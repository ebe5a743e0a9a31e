package invoice

import (
	"fmt"
	"strings"
	"time"

	"golang.org/x/text/language"
)

// english is the language of who has chosen none, or one without texts.
const english = "en"

// texts is what documents say in one language. A language is complete or it is
// not in the list; a test looks.
type texts struct {
	language string

	invoice, creditNote                        string
	seller, billTo                             string
	number, issued, due, reference, correction string
	reason                                     string
	description, quantity, unitPrice, amount   string
	net, total, paid, amountDue                string
	vat, tax                                   string // with the rate after it
	included                                   string // the prices have the tax in them
	taxID, registration, email, phone          string
	payment, method, holder, iban, bic, bank   string
	howToPay, scan                             string
	paidOn, void                               string // paidOn with a date after it
	reverseCharge                              string
	creditUse                                  string
	page                                       string            // with {current} and {total}
	paymentNote                                string            // in a banking app, with the number after it
	onePeriod                                  map[string]string // of a plan, by its interval; %s the plan
	pack                                       string            // credits that are sold for themselves; %d how many
	onePeriodFrom                              string            // %[1]s what onePeriod says, %[2]s the day it begins

	months  [12]string
	date    string // %[1]d day, %[2]s month, %[3]d year
	percent string // %s the number
	comma   string
	methods map[string]string
}

// catalogue is every language that documents are written in, English first.
var catalogue = []texts{
	{
		language: english,
		invoice:  "Invoice", creditNote: "Credit note",
		seller: "From", billTo: "Bill to",
		number: "Number", issued: "Date of issue", due: "Due date", reference: "Payment reference", correction: "Corrects invoice",
		reason:      "Reason",
		description: "Description", quantity: "Quantity", unitPrice: "Unit price", amount: "Amount",
		net: "Net", total: "Total", paid: "Paid", amountDue: "Amount due",
		vat: "VAT", tax: "Tax",
		included: "Prices of the lines include tax.",
		taxID:    "Tax ID", registration: "Registration number", email: "E-mail", phone: "Phone",
		payment: "Payment", method: "Method", holder: "Account holder", iban: "IBAN", bic: "BIC", bank: "Bank",
		howToPay: "Please transfer the amount due with the payment reference, and nothing else, as the remittance information.",
		scan:     "Scan with your banking app",
		paidOn:   "Paid on", void: "Void: this invoice is not to be paid.",
		reverseCharge: "Reverse charge: VAT is to be accounted for by the recipient (Article 196 of Directive 2006/112/EC).",
		creditUse:     "The total is credited to your account.",
		page:          "Page {current} of {total}",
		paymentNote:   "Invoice",
		onePeriod:     map[string]string{"month": "Igny8 %s, one month", "year": "Igny8 %s, one year"},
		onePeriodFrom: "%[1]s from %[2]s",
		pack:          "Igny8, %d credits",
		months: [12]string{
			"January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December",
		},
		date: "%[1]d %[2]s %[3]d", percent: "%s%%", comma: ".",
		methods: map[string]string{"stripe": "Card (Stripe)", "paypal": "PayPal", "bank_transfer": "Bank transfer"},
	},
	{
		language: "de",
		invoice:  "Rechnung", creditNote: "Rechnungskorrektur",
		seller: "Von", billTo: "Rechnung an",
		number: "Nummer", issued: "Rechnungsdatum", due: "Zahlbar bis", reference: "Zahlungsreferenz", correction: "Korrigiert Rechnung",
		reason:      "Grund",
		description: "Beschreibung", quantity: "Menge", unitPrice: "Einzelpreis", amount: "Betrag",
		net: "Nettobetrag", total: "Gesamtbetrag", paid: "Bezahlt", amountDue: "Offener Betrag",
		vat: "USt.", tax: "Steuer",
		included: "Die Preise der Positionen enthalten die Steuer.",
		taxID:    "USt-IdNr. / Steuernummer", registration: "Registernummer", email: "E-Mail", phone: "Telefon",
		payment: "Zahlung", method: "Zahlungsweise", holder: "Kontoinhaber", iban: "IBAN", bic: "BIC", bank: "Bank",
		howToPay: "Bitte überweisen Sie den offenen Betrag und geben Sie als Verwendungszweck nur die Zahlungsreferenz an.",
		scan:     "Mit der Banking-App scannen",
		paidOn:   "Bezahlt am", void: "Storniert: Diese Rechnung ist nicht zu bezahlen.",
		reverseCharge: "Steuerschuldnerschaft des Leistungsempfängers (Reverse Charge, Artikel 196 der Richtlinie 2006/112/EG).",
		creditUse:     "Der Gesamtbetrag wird Ihrem Konto gutgeschrieben.",
		page:          "Seite {current} von {total}",
		paymentNote:   "Rechnung",
		onePeriod:     map[string]string{"month": "Igny8 %s, ein Monat", "year": "Igny8 %s, ein Jahr"},
		onePeriodFrom: "%[1]s ab %[2]s",
		pack:          "Igny8, %d Credits",
		months: [12]string{
			"Januar", "Februar", "März", "April", "Mai", "Juni", "Juli", "August", "September", "Oktober", "November", "Dezember",
		},
		date: "%[1]d. %[2]s %[3]d", percent: "%s\u00a0%%", comma: ",",
		methods: map[string]string{"stripe": "Karte (Stripe)", "paypal": "PayPal", "bank_transfer": "Überweisung"},
	},
}

// Languages is those that invoices are written in, English first. Who names
// another is written to in English.
func Languages() []string {
	var all []string
	for _, t := range catalogue {
		all = append(all, t.language)
	}
	return all
}

// textsFor is the texts for a language tag: those of its language, or English.
func textsFor(tag string) texts {
	base, _ := language.Make(tag).Base()
	for _, t := range catalogue {
		if t.language == base.String() {
			return t
		}
	}
	return catalogue[0]
}

// locale is how numbers are written in the texts' language where the buyer is.
func (t texts) locale(b Buyer) string {
	if tag := language.Make(b.Language); strings.HasPrefix(tag.String(), t.language) {
		if region, sure := tag.Region(); sure == language.Exact {
			return t.language + "-" + region.String()
		}
	}
	if b.Country == "" {
		return t.language
	}
	return t.language + "-" + b.Country
}

// day is a date in words. No country reads it as another day.
func (t texts) day(at time.Time) string {
	return fmt.Sprintf(t.date, at.Day(), t.months[at.Month()-1], at.Year())
}

// rate is a rate in per cent, with the decimals that it has.
func (t texts) rate(r Rate) string {
	n := fmt.Sprint(int64(r / 100))
	if cents := int64(r % 100); cents != 0 {
		n += t.comma + strings.TrimRight(fmt.Sprintf("%02d", cents), "0")
	}
	return fmt.Sprintf(t.percent, n)
}
