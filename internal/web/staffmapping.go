package web

import (
	"net/url"
	"strconv"
	"strings"

	"igny8/internal/bank"
	"igny8/internal/web/ui"
	"igny8/internal/words"
)

// mappingField is one thing that a mapping says.
type mappingField struct {
	name        string
	label, hint words.Text
	of          func(*bank.Mapping) *string
}

// mappingFields is all that are a line of text, in the order of the form.
var mappingFields = []mappingField{
	{"iban", "Our IBAN", "Where the file has no column for it.", func(m *bank.Mapping) *string { return &m.IBAN }},
	{"date", "Day of booking", "", func(m *bank.Mapping) *string { return &m.Columns.Date }},
	{"date_format", "How days are written", "Such as DD.MM.YYYY or YYYY-MM-DD.", func(m *bank.Mapping) *string { return &m.Columns.DateFormat }},
	{"amount", "Amount", "", func(m *bank.Mapping) *string { return &m.Columns.Amount }},
	{"direction", "Direction of the amount", "Where the amount has no sign.", func(m *bank.Mapping) *string { return &m.Columns.Direction }},
	{"credit", "Money that came in", "Where there is one column for each side.", func(m *bank.Mapping) *string { return &m.Columns.Credit }},
	{"debit", "Money that went out", "", func(m *bank.Mapping) *string { return &m.Columns.Debit }},
	{"decimal", "Sign before the decimals", "A comma or a point.", func(m *bank.Mapping) *string { return &m.Columns.Decimal }},
	{"currency", "Currency", "", func(m *bank.Mapping) *string { return &m.Columns.Currency }},
	{"fixed_currency", "Currency of all lines", "Where there is no column for it, such as EUR.", func(m *bank.Mapping) *string { return &m.Columns.FixedCurrency }},
	{"account", "Our account", "", func(m *bank.Mapping) *string { return &m.Columns.Account }},
	{"payer", "Payer", "", func(m *bank.Mapping) *string { return &m.Columns.Payer }},
	{"payer_account", "Payer's account", "", func(m *bank.Mapping) *string { return &m.Columns.PayerAccount }},
	{"payer_bic", "Payer's BIC", "", func(m *bank.Mapping) *string { return &m.Columns.PayerBIC }},
	{"reference", "Reference", "", func(m *bank.Mapping) *string { return &m.Columns.Reference }},
	{"end_to_end", "End-to-end id", "", func(m *bank.Mapping) *string { return &m.Columns.EndToEnd }},
	{"id", "The bank's id of a line", "", func(m *bank.Mapping) *string { return &m.Columns.ID }},
	{"info", "Kind of booking", "", func(m *bank.Mapping) *string { return &m.Columns.Info }},
	{"status", "Whether it is booked", "", func(m *bank.Mapping) *string { return &m.Columns.Status }},
	{"value_date", "Day of value", "", func(m *bank.Mapping) *string { return &m.Columns.Value }},
	{"delimiter", "Sign between the columns", "One of ; , | or nothing for a file that says so itself.", func(m *bank.Mapping) *string { return &m.Columns.Delimiter }},
}

func mappingNames() []string {
	names := []string{"name", "text", "skip"}
	for _, f := range mappingFields {
		names = append(names, f.name)
	}
	return names
}

// mappingValues is a mapping as its form begins.
func mappingValues(name string, m bank.Mapping) url.Values {
	values := url.Values{"name": {name}, "text": {strings.Join(m.Columns.Text, "\n")}, "skip": {strconv.Itoa(m.Columns.Skip)}}
	for _, f := range mappingFields {
		values.Set(f.name, *f.of(&m))
	}
	return values
}

// mappingOf is what the form says.
func mappingOf(values url.Values) (m bank.Mapping, err error) {
	for _, f := range mappingFields {
		s := values.Get(f.name)
		if f.name != "delimiter" {
			s = strings.TrimSpace(s)
		}
		*f.of(&m) = s
	}
	for _, line := range strings.Split(values.Get("text"), "\n") {
		if line = strings.TrimSpace(line); line != "" {
			m.Columns.Text = append(m.Columns.Text, line)
		}
	}
	if skip := strings.TrimSpace(values.Get("skip")); skip != "" {
		if m.Columns.Skip, err = strconv.Atoi(skip); err != nil {
			return m, bank.ErrInvalidMapping.Sayf("How many lines stand before the headings is a whole number.").At("body.skip", "must be a whole number", nil)
		}
	}
	return m, nil
}

// field is one thing of the form.
func (f mappingField) field(form ui.Form) ui.Field {
	return ui.Field{Form: form, Name: f.name, Label: f.label, Hint: f.hint, Optional: f.name != "date", Max: 200}
}

func mappingPath(name string) string {
	return "/staff/mappings?" + url.Values{"name": {name}}.Encode()
}
