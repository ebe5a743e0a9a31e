package csvfile

import (
	"encoding/csv"
	"strings"
	"unicode"

	"igny8/internal/bank/internal/statement"
	"igny8/internal/money"
)

// names are headings of German, English, Dutch and French banks, as key gives
// them, by what they hold; the surer first.
var names = map[string][]string{
	"date": {
		"buchungstag", "buchungsdatum", "buchung", "booking date", "posting date", "transaction date", "date completed utc", "completed date", "date",
		"datum", "boekdatum", "boekingsdatum", "transactiedatum", "date de comptabilisation", "date comptable", "date operation", "date d operation", "date de l operation",
	},
	"value":     {"valutadatum", "wertstellung", "wertstellungstag", "valuta", "value date", "rentedatum", "date de valeur", "date valeur"},
	"amount":    {"betrag", "umsatz", "amount", "transaction amount", "bedrag", "bedrag eur", "montant", "transactiebedrag"},
	"direction": {"soll haben", "s h", "debit credit", "credit debit", "debit credit indicator", "af bij", "bij af", "debet credit", "sens", "richting"},
	"credit":    {"haben", "gutschrift", "credit", "credit amount", "paid in", "money in", "deposits", "credit eur", "bij", "credits"},
	"debit":     {"soll", "lastschrift", "belastung", "debit", "debit amount", "paid out", "money out", "withdrawals", "debit eur", "af", "debits"},
	"currency":  {"wahrung", "waehrung", "currency", "munt", "muntsoort", "valutacode", "devise", "payment currency"},
	"account":   {"auftragskonto", "iban auftragskonto", "own account", "rekening", "iban bban", "compte", "account number"},
	"payer": {
		"beguenstigter zahlungspflichtiger", "begunstigter zahlungspflichtiger", "name zahlungsbeteiligter", "auftraggeber begunstigter", "auftraggeber empfanger",
		"zahlungspflichtige r", "zahlungspflichtiger", "auftraggeber", "auftraggeber zahlungsempfanger", "name", "payer", "payer name", "payee", "counterparty name",
		"counterparty", "sender", "naam tegenpartij", "naam omschrijving", "tegenpartij", "naam", "nom", "nom contrepartie", "contrepartie", "beneficiaire",
	},
	"payer account": {
		"kontonummer iban", "iban zahlungsbeteiligter", "iban", "konto nr iban", "counterparty iban", "payer iban", "iban account number", "account iban", "kontonummer",
		"tegenrekening", "tegenrekening iban bban", "tegenrekening iban", "compte contrepartie", "compte de contrepartie", "iban contrepartie",
	},
	"payer bic": {"bic swift code", "bic", "bic zahlungsbeteiligter", "blz", "swift", "bic tegenpartij", "bic contrepartie"},
	"text": {
		"verwendungszweck", "buchungstext verwendungszweck", "vorgang verwendungszweck", "payment reference", "description", "details", "narrative", "memo", "remittance information",
		"omschrijving", "omschrijving 1", "omschrijving 2", "omschrijving 3", "mededelingen", "mededeling", "libelle", "communication", "communications", "detail",
	},
	"reference":  {"strukturierte referenz", "reference", "referenz", "betalingskenmerk", "reference structuree", "creditor reference"},
	"end to end": {"kundenreferenz end to end", "end to end referenz", "end to end id", "end to end reference", "kundenreferenz"},
	"id":         {"transaction id", "transaktions id", "id", "bankreferenz", "bank reference", "volgnr", "transactiereferentie", "numero d operation", "reference banque"},
	"info":       {"buchungstext", "umsatzart", "vorgang", "type", "transaction type", "mutatiesoort", "type d operation", "code"},
	"status":     {"status", "state", "info"},
}

// fold takes accents off letters.
var fold = strings.NewReplacer("ä", "a", "ö", "o", "ü", "u", "ß", "ss", "é", "e", "è", "e", "ê", "e", "ë", "e", "à", "a", "â", "a", "ç", "c", "î", "i", "ï", "i", "ô", "o", "û", "u")

// key is a heading in lower case, without accents, signs, and a currency at
// its end or in brackets.
func key(heading string) string {
	return strings.Join(strings.FieldsFunc(fold.Replace(strings.ToLower(heading)), func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r)
	}), " ")
}

// inHeading is the currency at the end of a heading, as in "Betrag (EUR)".
func inHeading(heading string) (name, code string) {
	h := strings.TrimRight(strings.TrimSpace(heading), ") ]")
	if n := len(h) - 3; n > 0 && !unicode.IsLetter(rune(h[n-1])) && money.Of(0, h[n:]).Check() == nil {
		return strings.TrimRight(h[:n], "( [-"), h[n:]
	}
	return heading, ""
}

// headerLines is in how many lines a header is looked for.
const headerLines = 40

// Guess proposes a mapping by the headings of a file, and gives these. Somebody
// has to look at it: what it does not recognise is empty. It fails where no
// line looks like a header.
func Guess(data []byte) (Mapping, []string, error) {
	if err := statement.CheckSize(data); err != nil {
		return Mapping{}, nil, err
	}
	text, err := statement.Decode(data)
	if err != nil {
		return Mapping{}, nil, err
	}
	var (
		best   Mapping
		header []string
		score  int
	)
	for skip, line := range strings.Split(unify(text), "\n") {
		if skip == headerLines {
			break
		}
		for _, d := range delimiters {
			r := csv.NewReader(strings.NewReader(line))
			r.Comma = d
			cells, err := r.Read()
			if err != nil || len(cells) < 2 {
				continue
			}
			if m, n := propose(cells); n > score {
				best, header, score = m, cells, n
				best.Skip, best.Delimiter = skip, string(d)
			}
		}
	}
	if score < 2 || best.Date == "" || best.Amount == "" && best.Credit == "" {
		return Mapping{}, header, ErrMapping.Sayf("No line of the file looks like a header with a day and an amount.")
	}
	return best, header, nil
}

// propose is a mapping for a header, and how many of its headings are known.
func propose(header []string) (m Mapping, known int) {
	find := func(what string) string {
		for _, name := range names[what] {
			for _, h := range header {
				bare, _ := inHeading(h)
				if key(h) == name || key(bare) == name {
					known++
					return h
				}
			}
		}
		return ""
	}
	m = Mapping{
		Date: find("date"), Value: find("value"), Amount: find("amount"), Direction: find("direction"), Currency: find("currency"),
		Account: find("account"), Payer: find("payer"), PayerAccount: find("payer account"), PayerBIC: find("payer bic"),
		Reference: find("reference"), EndToEnd: find("end to end"), ID: find("id"), Info: find("info"), Status: find("status"),
	}
	if m.Amount == "" {
		m.Direction = ""
		if m.Credit, m.Debit = find("credit"), find("debit"); m.Credit == "" || m.Debit == "" {
			m.Credit, m.Debit = "", ""
		}
	}
	for _, name := range names["text"] {
		for _, h := range header {
			if key(h) == name {
				m.Text = append(m.Text, h)
				known++
			}
		}
	}
	if m.Currency == "" {
		_, m.FixedCurrency = inHeading(m.Amount + m.Credit) // one of them is empty
	}
	return m, known
}

// unify ends all lines with one sign.
func unify(text string) string {
	return strings.ReplaceAll(strings.ReplaceAll(text, "\r\n", "\n"), "\r", "\n")
}
