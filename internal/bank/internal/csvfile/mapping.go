package csvfile

import (
	"fmt"
	"strings"

	"igny8/internal/fault"
	"igny8/internal/money"
	"igny8/internal/words"
)

// ErrMapping is that a mapping does not say enough, or names a column that the
// file does not have.
var ErrMapping = fault.New(fault.Invalid, "bank_statement.mapping", "The columns of this file are not understood. Say which column holds what.")

// Mapping says which column of a bank's CSV file holds what. Columns are named
// by their header, in any case; an empty name is a column that is not there.
// What is empty of Delimiter, DateFormat and Decimal is found out from the file.
type Mapping struct {
	Skip       int    `json:"skip,omitempty"`        // lines before the header
	Delimiter  string `json:"delimiter,omitempty"`   // one of ; , | and a tab
	DateFormat string `json:"date_format,omitempty"` // one of DateFormats
	Decimal    string `json:"decimal,omitempty"`     // "," or "."

	Date  string `json:"date"`                 // of booking
	Value string `json:"value_date,omitempty"` // of value

	// The amount: one column with a sign, or with its direction in another
	// column; or one column for what came in and one for what went out.
	Amount    string `json:"amount,omitempty"`
	Direction string `json:"direction,omitempty"`
	Credit    string `json:"credit,omitempty"`
	Debit     string `json:"debit,omitempty"`

	Currency      string `json:"currency,omitempty"`       // the column
	FixedCurrency string `json:"fixed_currency,omitempty"` // where there is no column

	Account      string   `json:"account,omitempty"` // the account holder's own
	Payer        string   `json:"payer,omitempty"`   // the other side, whoever pays
	PayerAccount string   `json:"payer_account,omitempty"`
	PayerBIC     string   `json:"payer_bic,omitempty"`
	Text         []string `json:"text,omitempty"` // in this order
	Reference    string   `json:"reference,omitempty"`
	EndToEnd     string   `json:"end_to_end,omitempty"`
	ID           string   `json:"id,omitempty"`     // the bank's own of a row
	Info         string   `json:"info,omitempty"`   // the kind of booking
	Status       string   `json:"status,omitempty"` // whether it is booked
}

// DateFormats are the ways of writing a day that are read. Behind the day a
// time may stand.
var DateFormats = []string{
	"YYYY-MM-DD", "DD.MM.YYYY", "DD.MM.YY", "DD-MM-YYYY", "DD-MM-YY", "DD/MM/YYYY", "DD/MM/YY", "MM/DD/YYYY", "MM/DD/YY", "YYYY/MM/DD", "YYYYMMDD",
}

// layout is a format as package time writes it.
func layout(format string) string {
	return strings.NewReplacer("YYYY", "2006", "YY", "06", "MM", "01", "DD", "02").Replace(format)
}

const delimiters = ";,\t|"

// Check refuses a mapping with which no file can be read.
func (m Mapping) Check() error {
	signed, split := m.Amount != "", m.Credit != "" && m.Debit != ""
	switch {
	case m.Skip < 0 || m.Skip > 1000:
		return wrong("skip", "There are 0 to 1000 lines before the header.")
	case m.Date == "":
		return wrong("date", "A column holds the day of booking.")
	case signed == split, signed && m.Credit+m.Debit != "", !signed && m.Direction != "":
		return wrong("amount", "One column holds the amount, or one what came in and one what went out.")
	case len(m.Delimiter) > 1 || !strings.Contains(delimiters, m.Delimiter):
		return wrong("delimiter", "The delimiter is a semicolon, a comma, a stroke or a tab.")
	case m.Decimal != "" && m.Decimal != "," && m.Decimal != ".":
		return wrong("decimal", "The decimal mark is a comma or a point.")
	case m.DateFormat != "" && !strings.Contains(" "+strings.Join(DateFormats, " ")+" ", " "+m.DateFormat+" "):
		return wrong("date_format", words.With("Days are written in one of the ways %s.", strings.Join(DateFormats, ", ")))
	case m.Currency == "" && m.FixedCurrency == "":
		return wrong("currency", "A column holds the currency, or all lines are in one that is given.")
	case m.FixedCurrency != "":
		if err := money.Of(0, m.FixedCurrency).Check(); err != nil {
			return wrong("fixed_currency", "This is not a currency of ISO 4217.")
		}
	}
	return nil
}

func wrong(field string, msg words.Text) error { return ErrMapping.At("body.mapping."+field, msg, nil) }

// columns are the places of the columns of a mapping in a file, -1 where the
// mapping names none.
type columns struct {
	date, value, amount, direction, credit, debit, currency int
	account, payer, payerAccount, payerBIC                  int
	reference, endToEnd, id, info, status                   int
	text                                                    []int
}

func (m Mapping) columns(header []string) (columns, error) {
	places := make(map[string]int)
	for i, name := range header {
		if k := key(name); k != "" {
			if _, twice := places[k]; !twice {
				places[k] = i
			}
		}
	}
	var missing error
	place := func(name string) int {
		if name == "" {
			return -1
		}
		i, ok := places[key(name)]
		if !ok && missing == nil {
			missing = ErrMapping.Sayf("The file has no column %q.", name)
		}
		return i
	}
	c := columns{
		date: place(m.Date), value: place(m.Value), amount: place(m.Amount), direction: place(m.Direction),
		credit: place(m.Credit), debit: place(m.Debit), currency: place(m.Currency), account: place(m.Account),
		payer: place(m.Payer), payerAccount: place(m.PayerAccount), payerBIC: place(m.PayerBIC),
		reference: place(m.Reference), endToEnd: place(m.EndToEnd), id: place(m.ID), info: place(m.Info), status: place(m.Status),
	}
	for _, name := range m.Text {
		c.text = append(c.text, place(name))
	}
	if missing != nil {
		return c, fmt.Errorf("header with %d columns: %w", len(header), missing)
	}
	return c, nil
}
