// Package csvfile reads the CSV files of banks, which agree on nothing, with a
// mapping that somebody has confirmed once for each bank. What the mapping
// leaves open is found out from the whole file, and where the file can be read
// in two ways it is refused: no amount and no day is ever a guess.
package csvfile

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"strings"

	"igny8/internal/bank/internal/statement"
)

// Parse reads a whole file with a mapping. Its error is a *statement.Refusal
// with the lines that are wrong, statement.ErrTooLarge or ErrMapping; then
// nothing of the file is given. There is a statement for each account of the
// column Account, or one.
//
// An amount below zero went out, but in a column of what came in, or beside a
// direction: there it is kept below zero, and can pay for nothing. Decimals
// that the currency does not have must be zeros.
func Parse(data []byte, m Mapping) ([]statement.Statement, error) {
	if err := m.Check(); err != nil {
		return nil, err
	}
	if err := statement.CheckSize(data); err != nil {
		return nil, err
	}
	text, err := statement.Decode(data)
	if err != nil {
		return nil, err
	}
	r := reader{mapping: m}
	rows, err := r.rows(unify(text))
	if err != nil {
		return nil, err
	}
	r.settle(rows)
	if err := r.refusal.Err(); err != nil {
		return nil, err
	}
	all := r.statements(rows)
	if err := r.refusal.Err(); err != nil {
		return nil, err
	}
	return all, nil
}

// row is a record with the line of the file on which it begins.
type row struct {
	at    int
	cells []string
}

// cell is that of a column, "" of one that the mapping does not name.
func (r row) cell(column int) string {
	if column < 0 || column >= len(r.cells) {
		return ""
	}
	return strings.TrimSpace(r.cells[column])
}

// reader makes statements of rows.
type reader struct {
	refusal statement.Refusal
	mapping Mapping
	columns columns
	layout  string // of days
	decimal string // the mark
}

// rows reads the header and all records below it but blank ones.
func (r *reader) rows(text string) ([]row, error) {
	for range r.mapping.Skip {
		_, text, _ = strings.Cut(text, "\n")
	}
	in := csv.NewReader(strings.NewReader(text))
	in.FieldsPerRecord = -1
	in.Comma = r.delimiter(text)
	header, err := in.Read()
	if errors.Is(err, io.EOF) {
		r.refusal.Add(0, "The file is empty.")
		return nil, r.refusal.Err()
	}
	if err != nil {
		return nil, r.malformed(err)
	}
	if r.columns, err = r.mapping.columns(header); err != nil {
		return nil, err
	}
	var rows []row
	for {
		cells, err := in.Read()
		if errors.Is(err, io.EOF) {
			return rows, r.refusal.Err()
		}
		if err != nil {
			return nil, r.malformed(err)
		}
		line, _ := in.FieldPos(0)
		at := line + r.mapping.Skip
		switch extra := cells[min(len(cells), len(header)):]; {
		case strings.TrimSpace(strings.Join(cells, "")) == "":
			continue
		case len(cells) < len(header) || strings.TrimSpace(strings.Join(extra, "")) != "":
			r.refusal.Add(at, "The line has %d cells, the header has %d.", len(cells), len(header))
		}
		if rows = append(rows, row{at, cells}); len(rows) > statement.MaxLines {
			return nil, fmt.Errorf("more than %d lines: %w", statement.MaxLines, statement.ErrTooLarge)
		}
	}
}

// delimiter is the mapping's, or the one that is most often in the header.
func (r *reader) delimiter(text string) rune {
	if r.mapping.Delimiter != "" {
		return rune(r.mapping.Delimiter[0])
	}
	head, _, _ := strings.Cut(text, "\n")
	best := ';'
	for _, d := range delimiters {
		if strings.Count(head, string(d)) > strings.Count(head, string(best)) {
			best = d
		}
	}
	return best
}

func (r *reader) malformed(err error) error {
	if e, ok := errors.AsType[*csv.ParseError](err); ok {
		r.refusal.Add(e.StartLine+r.mapping.Skip, "This is not a CSV record: %v.", e.Err)
		return r.refusal.Err()
	}
	return fmt.Errorf("read CSV: %w", err)
}

// settle finds out how the file writes days and amounts.
func (r *reader) settle(rows []row) {
	var days, amounts []row
	for _, x := range rows {
		for _, c := range []int{r.columns.date, r.columns.value} {
			if s := x.cell(c); s != "" {
				days = append(days, row{x.at, []string{s}})
			}
		}
		for _, c := range []int{r.columns.amount, r.columns.credit, r.columns.debit} {
			if s := x.cell(c); s != "" {
				amounts = append(amounts, row{x.at, []string{s}})
			}
		}
	}
	r.layout, r.decimal = r.dayLayout(days), r.decimalMark(amounts)
}

// statements makes lines of rows.
func (r *reader) statements(rows []row) []statement.Statement {
	var all []statement.Statement
	places := make(map[string]int)
	for _, x := range rows {
		l := r.line(x)
		account := x.cell(r.columns.account)
		i, ok := places[account]
		if !ok {
			i, places[account] = len(all), len(all)
			all = append(all, statement.Statement{
				Format: statement.CSV, At: x.at, Account: statement.ParseAccount(account), Currency: l.Amount.Currency,
			})
		}
		all[i].Lines = append(all[i].Lines, l)
	}
	if len(all) == 0 {
		r.refusal.Add(0, "The file has a header and no lines below it.")
	}
	return all
}

// line makes a line of a row.
func (r *reader) line(x row) statement.Line {
	c := r.columns
	l := statement.Line{
		At: x.at, BookedOn: r.day(x, c.date), ValueOn: r.day(x, c.value), Booked: booked(x.cell(c.status)),
		Status: statement.Clean(x.cell(c.status)), Info: statement.Clean(x.cell(c.info)),
		IDs: statement.Identities{StatementColumn: statement.Identity(x.cell(c.id)), EndToEndID: statement.Identity(x.cell(c.endToEnd))},
	}
	if l.BookedOn.IsZero() {
		r.refusal.Add(x.at, "There is no day of booking.")
	}
	r.money(&l, x)
	who := statement.Party{Name: statement.Clean(x.cell(c.payer)), Account: statement.ParseAccount(x.cell(c.payerAccount))}
	if bic := statement.Clean(x.cell(c.payerBIC)); statement.IsBIC(bic) {
		who.BIC = bic
	} else {
		who.BankCode = bic
	}
	if l.Credit {
		l.Debtor = who
	} else {
		l.Creditor = who
	}
	if ref := statement.Identity(x.cell(c.reference)); ref != "" {
		l.References = []statement.Reference{{Value: ref}}
	}
	for _, t := range c.text {
		if s := statement.Clean(x.cell(t)); s != "" {
			l.Text = append(l.Text, s)
		}
	}
	return l
}

// booked is false of a status that is not one of these.
func booked(status string) bool {
	switch key(status) {
	case "", "booked", "gebucht", "umsatz gebucht", "completed", "posted", "settled", "geboekt", "verwerkt", "comptabilise", "execute", "cleared":
		return true
	}
	return false
}
