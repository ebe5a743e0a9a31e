// Package mt940 reads customer statement messages of SWIFT (MT940) as banks
// write them, with and without the blocks around them. The text of :86: is
// read in these dialects: the German subfields (166?00...?20EREF+...), also
// with another sign than the question mark; words between strokes
// (/TRTP/.../IBAN/.../REMI/...); REK: and NAAM: lines; anything else is text.
// What becomes which field is written at the fields of package statement.
package mt940

import (
	"bytes"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"igny8/internal/bank/internal/statement"
	"igny8/internal/money"
)

var first = regexp.MustCompile(`(?m)^(?:\{.*\{4:\s*)?:20:`)

// Is is whether data looks like MT940.
func Is(data []byte) bool {
	head := bytes.ReplaceAll(data[:min(len(data), 8<<10)], []byte{0}, nil) // UTF-16
	head = bytes.ReplaceAll(bytes.TrimLeft(head, "\xef\xbb\xbf\xff\xfe \t\r\n"), []byte("\r"), []byte("\n"))
	return first.Match(head) && (bytes.Contains(head, []byte("\n:25")) || bytes.Contains(head, []byte("\n:60")))
}

// Parse reads a whole file. Its error is a *statement.Refusal with the lines
// that are wrong, or statement.ErrTooLarge; then nothing of the file is given.
//
// A message needs its account, an opening and a closing balance: without the
// last it may have been cut off. A second :25: is refused too, since it is a
// damaged field, and so is a field that MT940 does not have. Amounts are read
// into minor units of the currency of :60:, and never rounded: decimals that
// the currency does not have must be zeros.
func Parse(data []byte) ([]statement.Statement, error) {
	if err := statement.CheckSize(data); err != nil {
		return nil, err
	}
	text, err := statement.Decode(data)
	if err != nil {
		return nil, err
	}
	r := reader{}
	if err := r.read(text); err != nil {
		return nil, err
	}
	if len(r.messages) == 0 {
		r.refusal.Add(0, "The file holds no statement.")
	}
	all := make([]statement.Statement, len(r.messages))
	for i, m := range r.messages {
		r.complete(m)
		all[i] = m.Statement
	}
	if err := r.refusal.Err(); err != nil {
		return nil, err
	}
	return all, nil
}

// reader makes messages of fields.
type reader struct {
	refusal  statement.Refusal
	messages []*message
	current  *message // nil: none is open
	lines    int      // of all messages
}

// message is a statement while it is read.
type message struct {
	statement.Statement
	seen   map[string]bool // tags
	pieces []string        // lines of :86: of the last line
}

func (m *message) has(tags ...string) bool {
	return slices.ContainsFunc(tags, func(t string) bool { return m.seen[t] })
}

func (r *reader) read(text string) error {
	for _, f := range fields(text) {
		switch {
		case f.tag == "-":
			r.close()
			continue
		case r.current == nil && slices.Contains(ignored, f.tag):
			continue
		case f.tag == "20" || r.current == nil:
			r.close()
			r.open(f)
		}
		if r.field(f); r.lines > statement.MaxLines {
			return fmt.Errorf("more than %d lines: %w", statement.MaxLines, statement.ErrTooLarge)
		}
	}
	r.close()
	return nil
}

func (r *reader) open(f field) {
	r.current = &message{seen: make(map[string]bool), Statement: statement.Statement{Format: statement.MT940, At: f.at}}
}

// close ends the message that is open. One in which nothing was said is none.
func (r *reader) close() {
	if m := r.current; m != nil && len(m.seen) > 0 {
		r.explain()
		r.messages = append(r.messages, m)
	}
	r.current = nil
}

// complete refuses a message that lacks what it needs.
func (r *reader) complete(m *message) {
	for _, need := range []struct {
		what string
		tags []string
	}{
		{"reference (:20:)", []string{"20"}}, {"account (:25:)", []string{"25", "25P"}},
		{"opening balance (:60F: or :60M:)", []string{"60F", "60M"}},
		{"closing balance (:62F: or :62M:): it may have been cut off", []string{"62F", "62M"}},
	} {
		if !m.has(need.tags...) {
			r.refusal.Add(m.At, "The statement that begins here has no %s.", need.what)
		}
	}
	for _, b := range m.Balances {
		if b.Amount.Currency != m.Currency {
			r.refusal.Add(m.At, "The statement that begins here is in %s, and has a balance in %s.", m.Currency, b.Amount.Currency)
		}
	}
}

// ignored are fields that say nothing about lines: a related reference, a
// floor limit, numbers of entries, what is not of SWIFT.
var ignored = []string{"12", "21", "34F", "90C", "90D", "NS", "940"}

// field takes one field into the message that is open.
func (r *reader) field(f field) {
	m := r.current
	text := strings.TrimSpace(f.lines[0])
	if f.tag != "86" {
		r.explain()
	}
	once := f.tag != "61" && f.tag != "86" && f.tag != "65" && !slices.Contains(ignored, f.tag)
	if once && m.has(f.tag) {
		r.refusal.Add(f.at, "The field :%s: comes a second time in this statement.", f.tag)
	}
	m.seen[f.tag] = true
	switch f.tag {
	case "20":
		m.ID = statement.Clean(text)
	case "25", "25P":
		r.account(m, f, text)
	case "28", "28C":
		m.Number, m.Page, _ = strings.Cut(statement.Clean(text), "/")
	case "13", "13D":
		r.created(m, f, text)
	case "60F":
		r.balance(f, statement.OpeningBooked, text)
	case "60M":
		r.balance(f, statement.InterimOpening, text)
	case "62F":
		r.balance(f, statement.ClosingBooked, text)
	case "62M":
		r.balance(f, statement.InterimClosing, text)
	case "64":
		r.balance(f, statement.ClosingAvailable, text)
	case "65":
		r.balance(f, statement.ForwardAvailable, text)
	case "61":
		r.line(f)
	case "86":
		r.details(f)
	default:
		if !slices.Contains(ignored, f.tag) {
			r.refusal.Add(f.at, "The field :%s: is not known.", f.tag)
		}
	}
}

// account reads :25:, behind which some banks put the currency.
func (r *reader) account(m *message, f field, text string) {
	if m.has("61") {
		r.refusal.Add(f.at, "The account (:25:) comes after lines: the field may be damaged.")
	}
	if n := len(text) - 3; n > 0 && money.Of(0, text[n:]).Check() == nil {
		if c := text[n-1]; c >= '0' && c <= '9' || c == ' ' {
			text, m.Currency = text[:n], text[n:]
		}
	}
	if m.Account = statement.ParseAccount(text); m.Account.Number() == "" {
		r.refusal.Add(f.at, "The account (:25:) is empty.")
	}
}

// created reads :13D:, such as 2601031830+0100. What is no time is left out:
// nothing depends on it.
func (r *reader) created(m *message, f field, text string) {
	for _, layout := range []string{"0601021504-0700", "0601021504", "06010215"} {
		if t, err := time.Parse(layout, text); err == nil {
			m.Created = t.UTC()
			return
		}
	}
	r.refusal.Add(f.at, "The time :%s: is none: %s.", f.tag, statement.Quote(text))
}

var balance = regexp.MustCompile(`^([CD])(\d{6})([A-Z]{3})(\d{1,15}(?:,\d*)?)$`)

// balance reads :60F: and its like: a mark, a day, a currency, an amount.
func (r *reader) balance(f field, kind statement.BalanceKind, text string) {
	m := r.current
	part := balance.FindStringSubmatch(text)
	if part == nil {
		r.refusal.Add(f.at, "The balance :%s: cannot be read: %s.", f.tag, statement.Quote(text))
		return
	}
	amount := r.amount(f.at, part[4], part[3])
	if part[1] == "D" {
		amount.Amount = -amount.Amount
	}
	if m.Currency == "" {
		m.Currency = part[3]
	}
	m.Balances = append(m.Balances, statement.Balance{Kind: kind, Amount: amount, On: r.day(f.at, part[2])})
}

// amount reads digits with a comma before the decimals.
func (r *reader) amount(at int, digits, currency string) money.Money {
	m, err := money.Parse(strings.Replace(digits, ",", ".", 1), currency)
	if err != nil {
		r.refusal.Add(at, "The amount %s %s: %v.", statement.Quote(digits), statement.Quote(currency), err)
	}
	return m
}

// day reads YYMMDD.
func (r *reader) day(at int, digits string) time.Time {
	t, err := time.Parse("20060102", "20"+digits)
	if err != nil {
		r.refusal.Add(at, "There is no day %s.", statement.Quote(digits))
	}
	return t
}
