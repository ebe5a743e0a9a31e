package bank

import (
	"context"
	"fmt"
	"strings"

	"igny8/internal/bank/internal/statement"
	"igny8/internal/clock"
	"igny8/internal/money"
	"igny8/internal/tenant"
)

const statementColumns = `s.id, s.file_id, f.name, f.format, f.sha256, s.account_iban, s.currency, s.own_id, s.number, s.opening, s.closing, s.gap,
	s.first_day, s.last_day, s.new_lines, s.known_lines, f.imported_by, f.imported_at`

func readStatement(scan tenant.Scan) (Statement, error) {
	var s Statement
	var opening, closing, gap, from, until *int64
	var imported int64
	err := scan(&s.ID, &s.File, &s.FileName, &s.Format, &s.SHA256, &s.IBAN, &s.Currency, &s.OwnID, &s.Number, &opening, &closing, &gap,
		&from, &until, &s.New, &s.Known, &s.ImportedBy, &imported)
	of := func(n *int64) *money.Money {
		if n == nil {
			return nil
		}
		m := money.Of(*n, s.Currency)
		return &m
	}
	s.Opening, s.Closing, s.Gap = of(opening), of(closing), of(gap)
	s.From, s.To, s.Imported = clock.FromNull(from), clock.FromNull(until), clock.FromMicros(imported)
	return s, err
}

func statements(ctx context.Context, r tenant.Shared, where string, args ...any) ([]Statement, error) {
	var all []Statement
	err := r.Each(ctx, `SELECT `+statementColumns+` FROM bank_statements s JOIN bank_files f ON f.id = s.file_id `+where, args,
		func(scan tenant.Scan) error {
			s, err := readStatement(scan)
			all = append(all, s)
			return err
		})
	if err != nil {
		return nil, fmt.Errorf("bank statements: %w", err)
	}
	return all, nil
}

func statementsOf(ctx context.Context, r tenant.Shared, f FileID) ([]Statement, error) {
	return statements(ctx, r, `WHERE s.file_id = $1 ORDER BY s.ordinal`, f)
}

// Statements lists what was imported, newest first, from the one after on, at
// most limit.
func Statements(ctx context.Context, r tenant.Shared, after StatementID, limit int) ([]Statement, error) {
	return statements(ctx, r, `WHERE ($1 = '' OR s.id < $1) ORDER BY s.id DESC LIMIT $2`, after.String(), limit)
}

// LoadStatement reads one statement, or is ErrStatementNotFound.
func LoadStatement(ctx context.Context, r tenant.Shared, sid StatementID) (Statement, error) {
	all, err := statements(ctx, r, `WHERE s.id = $1`, sid)
	if err == nil && len(all) == 0 {
		err = fmt.Errorf("bank statement %s: %w", sid, ErrStatementNotFound)
	}
	if err != nil {
		return Statement{}, err
	}
	return all[0], nil
}

// Filter says which lines are wanted.
type Filter struct {
	State     State       // empty: any
	Statement StatementID // zero: of any
	File      FileID      // zero: of any
	After     LineID      // from the one after this on; zero: from the newest
	Limit     int         // zero: all
}

const lineColumns = `l.id, l.statement_id, l.account_iban, l.day, l.currency, l.amount, l.credit, l.hindrance, l.detail,
	h.state, h.account_id, h.payment_id, h.reason, h.changed_by, h.changed_at`

const lineTables = ` FROM bank_lines l JOIN bank_line_states h ON h.line_id = l.id `

func readLine(scan tenant.Scan) (Line, error) {
	var l Line
	var detail string
	var day, at int64
	h := &l.Handling
	err := scan(&l.ID, &l.Statement, &l.IBAN, &day, &l.Amount.Currency, &l.Amount.Amount, &l.Credit, &l.Hindrance, &detail,
		&h.State, &h.Account, &h.Payment, &h.Reason, &h.By, &at)
	if err != nil {
		return Line{}, err
	}
	var told statement.Line
	if err := parseDetail(detail, &told); err != nil {
		return Line{}, fmt.Errorf("bank line %s: %w", l.ID, err)
	}
	if day != 0 {
		l.Day = clock.FromMicros(day)
	}
	h.At = clock.FromMicros(at)
	return tellLine(l, told), nil
}

// tellLine is the line with what the file says of it.
func tellLine(l Line, told statement.Line) Line {
	c := told.Counterparty()
	l.told, l.Payer = told, Payer{Name: c.Name, Account: c.Account.Number()}
	l.Words, l.Names = told.Words(), names(told)
	return l
}

// Lines lists bank lines, newest first.
func Lines(ctx context.Context, r tenant.Shared, f Filter) ([]Line, error) {
	var where []string
	var args []any
	add := func(condition string, arg any) {
		args = append(args, arg)
		where = append(where, fmt.Sprintf(condition, len(args)))
	}
	if f.State != "" {
		add(`h.state = $%d`, string(f.State))
	}
	if !f.Statement.IsZero() {
		add(`l.statement_id = $%d`, f.Statement)
	}
	if !f.File.IsZero() {
		add(`l.statement_id IN (SELECT id FROM bank_statements WHERE file_id = $%d)`, f.File)
	}
	if !f.After.IsZero() {
		add(`l.id < $%d`, f.After)
	}
	query := `SELECT ` + lineColumns + lineTables
	if len(where) > 0 {
		query += ` WHERE ` + strings.Join(where, ` AND `)
	}
	query += ` ORDER BY l.id DESC`
	if f.Limit > 0 {
		args = append(args, f.Limit)
		query += fmt.Sprintf(` LIMIT $%d`, len(args))
	}
	var all []Line
	err := r.Each(ctx, query, args, func(scan tenant.Scan) error {
		l, err := readLine(scan)
		all = append(all, l)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("bank lines: %w", err)
	}
	return all, nil
}

// Counts is how many bank lines there are in each state.
func Counts(ctx context.Context, r tenant.Shared) (map[State]int64, error) {
	all := map[State]int64{}
	err := r.Each(ctx, `SELECT state, COUNT(*) FROM bank_line_states GROUP BY state`, nil, func(scan tenant.Scan) error {
		var state State
		var n int64
		err := scan(&state, &n)
		all[state] = n
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("count bank lines: %w", err)
	}
	return all, nil
}

// LoadLine reads one line, or is ErrLineNotFound.
func LoadLine(ctx context.Context, r tenant.Shared, lid LineID) (Line, error) {
	l, err := readLine(func(dest ...any) error {
		return r.Get(ctx, `SELECT `+lineColumns+lineTables+`WHERE l.id = $1`, []any{lid}, dest...)
	})
	if tenant.IsNotFound(err) {
		err = ErrLineNotFound
	}
	if err != nil {
		return Line{}, fmt.Errorf("bank line %s: %w", lid, err)
	}
	return l, nil
}
