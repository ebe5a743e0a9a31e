package bank

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"igny8/internal/audit"
	"igny8/internal/bank/internal/statement"
	"igny8/internal/clock"
	"igny8/internal/id"
	"igny8/internal/invoice"
	"igny8/internal/tenant"
	"igny8/internal/words"
)

// Imported is what came of a file.
type Imported struct {
	File       FileID
	Repeated   bool // the very file had been imported: nothing was done
	Statements []Statement
	New        int
	Known      int

	open []Line // the new lines that may pay for something; unless Repeated
}

// Import writes down the lines of a file that are not known. The same file
// again, or another that tells of the same lines, adds nothing. ErrForeign when
// a statement is of no bank account of ours: then nothing of the file is taken.
func Import(ctx context.Context, tx *tenant.SharedTx, f File) (Imported, error) {
	mine, err := ownAccounts(ctx, tx.Shared)
	if err != nil {
		return Imported{}, err
	}
	f.statements = mine.called(f.statements)
	if err := mine.check(f.statements); err != nil {
		return Imported{}, err
	}
	out := Imported{File: id.New[fileKind]()}
	n, err := tx.Exec(ctx, `
		INSERT INTO bank_files (id, name, format, sha256, imported_by, imported_at) VALUES ($1, $2, $3, $4, $5, $6)
		ON CONFLICT (sha256) DO NOTHING`,
		out.File, f.name, formatOf(f.statements), f.sum, tx.Operator().Actor().String(), clock.Micros(tx.Now()))
	if err != nil {
		return Imported{}, fmt.Errorf("import %q: %w", f.name, err)
	}
	if n == 0 {
		return repeated(ctx, tx.Shared, f)
	}
	if err := wait(ctx, tx, f.statements); err != nil {
		return Imported{}, err
	}
	ledgers := map[string]*known{}
	for at, s := range f.statements {
		k := ledgers[s.Account.IBAN]
		if k == nil {
			if k, err = load(ctx, tx.Shared, s.Account.IBAN, f.statements); err != nil {
				return Imported{}, err
			}
			ledgers[s.Account.IBAN] = k
		}
		if at == 0 || !samePages(f.statements[at-1], s) {
			k.forget()
		}
		one, err := keep(ctx, tx, out.File, at, s, k)
		if err != nil {
			return Imported{}, fmt.Errorf("import %q: %w", f.name, err)
		}
		out.New, out.Known, out.open = out.New+one.New, out.Known+one.Known, append(out.open, one.open...)
	}
	if out.Statements, err = statementsOf(ctx, tx.Shared, out.File); err != nil {
		return Imported{}, err
	}
	return out, audit.RecordShared(ctx, tx, tx.Operator().Actor(), "bank_statement.imported", out.File.String(), map[string]string{
		"name": f.name, "sha256": f.sum, "new": strconv.Itoa(out.New), "known": strconv.Itoa(out.Known),
	})
}

func formatOf(all []statement.Statement) string {
	if len(all) == 0 {
		return ""
	}
	return string(all[0].Format)
}

// repeated is the answer to a file that was imported before.
func repeated(ctx context.Context, r tenant.Shared, f File) (Imported, error) {
	out := Imported{Repeated: true}
	if err := r.Get(ctx, `SELECT id FROM bank_files WHERE sha256 = $1`, []any{f.sum}, &out.File); err != nil {
		return Imported{}, fmt.Errorf("file %s: %w", f.sum, err)
	}
	var err error
	if out.Statements, err = statementsOf(ctx, r, out.File); err != nil {
		return Imported{}, err
	}
	for _, s := range out.Statements {
		out.Known += s.New + s.Known
	}
	return out, nil
}

// own is the operator's bank accounts, by IBAN, and which currencies they are for.
type own map[string][]string

func ownAccounts(ctx context.Context, r tenant.Shared) (own, error) {
	all, err := invoice.BankAccounts(ctx, r)
	mine := own{}
	for _, b := range all {
		mine[b.IBAN] = append(mine[b.IBAN], b.Currency)
	}
	return mine, err
}

// called names the accounts by their IBANs, where a statement has the number
// that is within one of ours alone: MT940 often does.
func (o own) called(all []statement.Statement) []statement.Statement {
	all = slices.Clone(all)
	for i, s := range all {
		if s.Account.IBAN != "" || s.Account.Other == "" {
			continue
		}
		var mine []string
		for iban := range o {
			if within(iban, s.Account.Other) {
				mine = append(mine, iban)
			}
		}
		if len(mine) == 1 {
			all[i].Account = statement.Account{IBAN: mine[0]}
		}
	}
	return all
}

// within tells whether a number is the whole of an IBAN behind its check
// digits: as it stands, or as the bank and the account with a stroke between,
// where the account's leading zeros may be missing and its currency may follow.
func within(iban, number string) bool {
	rest := iban[4:]
	bank, acc, two := strings.Cut(number, "/")
	if !two {
		return letters(number) == rest
	}
	bank, acc = letters(bank), strings.TrimRight(letters(acc), "ABCDEFGHIJKLMNOPQRSTUVWXYZ")
	behind, ok := strings.CutPrefix(rest, bank)
	return ok && bank != "" && strings.TrimLeft(acc, "0") != "" && strings.TrimLeft(behind, "0") == strings.TrimLeft(acc, "0")
}

// check is ErrForeign with every statement that is not of an account of ours.
func (o own) check(all []statement.Statement) error {
	f := ErrForeign
	for _, s := range all {
		switch _, mine := o[s.Account.IBAN]; {
		case s.Account.IBAN == "" && s.Account.Other == "":
			f = f.At(place(s), "names no account: say in the mapping of which IBAN it is", nil)
		case s.Account.IBAN == "":
			f = f.At(place(s), words.With("is of account %s, which is no IBAN", statement.Quote(s.Account.Other)), nil)
		case !mine:
			f = f.At(place(s), words.With("is of %s, which is none of our bank accounts", s.Account.IBAN), nil)
		}
	}
	if len(f.Fields) == 0 {
		return nil
	}
	return f
}

func place(s statement.Statement) string { return "line " + strconv.Itoa(max(s.At, 1)) }

// samePages tells whether b goes on where a ends: pages of one statement do not
// overlap.
func samePages(a, b statement.Statement) bool {
	return a.Account == b.Account && a.Format == b.Format && a.Page != "" && b.Page != "" && a.Page != b.Page &&
		(a.Number != "" && a.Number == b.Number || a.Number == "" && b.Number == "" && a.ID != "" && a.ID == b.ID)
}

// wait holds the bank accounts of a file until the transaction ends, in an
// order that is the same for all.
func wait(ctx context.Context, tx *tenant.SharedTx, all []statement.Statement) error {
	var ibans []string
	for _, s := range all {
		ibans = append(ibans, s.Account.IBAN)
	}
	slices.Sort(ibans)
	for _, iban := range slices.Compact(ibans) {
		_, err := tx.Exec(ctx, `
			INSERT INTO bank_ledgers (iban, imports) VALUES ($1, 1)
			ON CONFLICT (iban) DO UPDATE SET imports = bank_ledgers.imports + 1`, iban)
		if err != nil {
			return fmt.Errorf("wait for other imports of %s: %w", iban, err)
		}
	}
	return nil
}

// load is the lines of a bank account on the days that the file tells of.
func load(ctx context.Context, r tenant.Shared, iban string, all []statement.Statement) (*known, error) {
	k := newKnown()
	first, last, some := days(iban, all)
	if !some {
		return k, nil
	}
	err := r.Each(ctx, `
		SELECT format, day, currency, amount, credit, booked, reversal, identity, bank_reference, end_to_end, payer_account, words
		FROM bank_lines WHERE account_iban = $1 AND day BETWEEN $2 AND $3 ORDER BY id`, []any{iban, first, last},
		func(scan tenant.Scan) error {
			var x features
			err := scan(&x.format, &x.day, &x.currency, &x.amount, &x.credit, &x.booked, &x.reversal, &x.identity,
				&x.bank, &x.endToEnd, &x.payer, &x.words)
			k.add(x)
			return err
		})
	if err != nil {
		return nil, fmt.Errorf("known lines of %s: %w", iban, err)
	}
	return k, nil
}

func days(iban string, all []statement.Statement) (first, last int64, some bool) {
	for _, s := range all {
		if s.Account.IBAN != iban {
			continue
		}
		for _, l := range s.Lines {
			day := clock.Micros(dayOf(l))
			if !some {
				first, last, some = day, day, true
			}
			first, last = min(first, day), max(last, day)
		}
	}
	return first, last, some
}

// kept is a statement that was written, and which of its new lines may pay for
// something.
type kept struct {
	Statement
	open []Line
}

// keep writes one statement and those of its lines that are new.
func keep(ctx context.Context, tx *tenant.SharedTx, file FileID, at int, s statement.Statement, k *known) (kept, error) {
	all := make([]features, len(s.Lines))
	for i, l := range s.Lines {
		all[i] = featuresOf(s.Format, l)
	}
	fresh := k.news(all)
	out := kept{Statement: Statement{ID: id.New[statementKind]()}}
	for _, isNew := range fresh {
		if isNew {
			out.New++
		} else {
			out.Known++
		}
	}
	if err := insertStatement(ctx, tx, file, at, s, out.Statement); err != nil {
		return out, err
	}
	lines := batch{table: `bank_lines`, columns: []string{
		"id", "statement_id", "ordinal", "account_iban", "format", "day", "currency", "amount", "credit", "booked", "reversal", "hindrance",
		"payer_account", "identity", "occurrence", "bank_reference", "end_to_end", "words", "detail",
	}}
	called := batch{table: `bank_line_names`, columns: []string{"name", "line_id"}}
	states := batch{table: `bank_line_states`, columns: []string{"line_id", "state", "reason", "changed_by", "changed_at"}}
	by, now := tx.Operator().Actor().String(), clock.Micros(tx.Now())
	for i, l := range s.Lines {
		if !fresh[i] {
			continue
		}
		x, lid := all[i], id.New[lineKind]()
		detail, err := detailOf(l)
		if err != nil {
			return out, fmt.Errorf("line %d: %w", l.At, err)
		}
		why, state := hindrance(s, l), Open
		if why != "" {
			state = Inert
		}
		lines.add(lid, out.ID, i, s.Account.IBAN, string(s.Format), x.day, x.currency, x.amount, x.credit, x.booked, x.reversal, why,
			x.payer, x.identity, k.add(x), x.bank, x.endToEnd, x.words, detail)
		k.claimed[len(k.claimed)-1] = true // of this statement, so no other line of it
		if state == Open {
			out.open = append(out.open, tellLine(Line{ID: lid, Statement: out.ID, IBAN: s.Account.IBAN, Day: l.Day(), Amount: l.Amount, Credit: l.Credit}, l))
		}
		states.add(lid, string(state), "", by, now)
		for _, name := range append(names(l), ownReferences(l)...) {
			called.add(name, lid)
		}
	}
	for _, b := range []batch{lines, called, states} {
		if err := b.insert(ctx, tx); err != nil {
			return out, err
		}
	}
	return out, nil
}

// hindrance is why a line can never pay for anything: its own, or that it is
// not in the currency of its account.
func hindrance(s statement.Statement, l statement.Line) string {
	if h := l.Hindrance(); h != statement.NoHindrance {
		return string(h)
	}
	if s.Currency != "" && s.Currency != l.Amount.Currency {
		return "currency"
	}
	return ""
}

func insertStatement(ctx context.Context, tx *tenant.SharedTx, file FileID, at int, s statement.Statement, n Statement) error {
	var opening, closing, gap, from, until *int64
	if b, ok := s.Opening(); ok {
		opening = &b.Amount.Amount
	}
	if b, ok := s.Closing(); ok {
		closing = &b.Amount.Amount
	}
	if g, ok := s.Gap(); ok {
		gap = &g.Amount
	}
	if first, last, some := days(s.Account.IBAN, []statement.Statement{s}); some {
		from, until = &first, &last
	}
	_, err := tx.Exec(ctx, `
		INSERT INTO bank_statements (id, file_id, ordinal, account_iban, currency, own_id, number, opening, closing, gap, first_day, last_day, new_lines, known_lines)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)`,
		n.ID, file, at, s.Account.IBAN, s.Currency, printable(s.ID, 200), printable(s.Number, 200), opening, closing, gap, from, until, n.New, n.Known)
	if err != nil {
		return fmt.Errorf("statement on line %d: %w", s.At, err)
	}
	return nil
}

// batch is rows that are written with few statements.
type batch struct {
	table   string
	columns []string
	rows    [][]any
}

func (b *batch) add(row ...any) { b.rows = append(b.rows, row) }

// batchRows is how many rows one statement writes. It is the same text for all
// but the last, so that the database reads it once.
const batchRows = 50

func (b *batch) insert(ctx context.Context, tx *tenant.SharedTx) error {
	for rows := range slices.Chunk(b.rows, batchRows) {
		var text strings.Builder
		text.WriteString("INSERT INTO " + b.table + " (" + strings.Join(b.columns, ", ") + ") VALUES ")
		args := make([]any, 0, len(rows)*len(b.columns))
		for i, row := range rows {
			if i > 0 {
				text.WriteString(", ")
			}
			for j := range row {
				text.WriteString([]string{"($", ", $"}[min(j, 1)])
				text.WriteString(strconv.Itoa(len(args) + j + 1))
			}
			text.WriteString(")")
			args = append(args, row...)
		}
		if _, err := tx.Exec(ctx, text.String(), args...); err != nil {
			return fmt.Errorf("write %s: %w", b.table, err)
		}
	}
	return nil
}
