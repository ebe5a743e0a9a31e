package camt

import (
	"encoding/xml"
	"fmt"

	"igny8/internal/bank/internal/statement"
)

// statement reads a Stmt or an Ntfctn that has been opened. Of its elements
// only one is in memory at a time.
func (r *reader) statement() error {
	s := statement.Statement{Format: r.format, Version: r.version, MessageID: r.message, At: r.doc.line()}
	accounts := 0
	err := r.within(func(start *xml.StartElement) error {
		r.doc.forget()
		e, err := r.doc.element(*start)
		if err != nil {
			return err
		}
		switch e.name {
		case "Id":
			s.ID = e.text
		case "ElctrncSeqNb":
			s.Number = e.text
		case "LglSeqNb":
			s.Legal = e.text
		case "StmtPgntn", "NtfctnPgntn":
			s.Page = e.say("PgNb")
		case "CpyDplctInd":
			s.Copy = e.text
		case "CreDtTm":
			s.Created = r.moment(e)
		case "FrToDt":
			s.From, s.To = r.moment(e.child("FrDtTm")), r.moment(e.child("ToDtTm"))
		case "Acct":
			accounts++
			s.Account, s.Name, s.Owner, s.Currency = account(e), e.say("Nm"), name(e.child("Ownr")), e.say("Ccy")
		case "Bal":
			s.Balances = append(s.Balances, r.balance(e))
		case "Ntry":
			s.Lines = append(s.Lines, r.entry(e)...)
		case "AddtlStmtInf", "AddtlNtfctnInf":
			s.Info = e.text
		}
		if r.lines > statement.MaxLines {
			return fmt.Errorf("more than %d lines: %w", statement.MaxLines, statement.ErrTooLarge)
		}
		return nil
	})
	if err != nil {
		return err
	}
	if accounts != 1 || s.Account.Number() == "" {
		r.refusal.Add(s.At, "The statement does not say of which account it is.")
	}
	if s.Currency == "" {
		s.Currency = currency(s)
	}
	r.statements = append(r.statements, s)
	return nil
}

// currency is that of the balances or the lines of an account that does not
// say its own.
func currency(s statement.Statement) string {
	switch {
	case len(s.Balances) > 0:
		return s.Balances[0].Amount.Currency
	case len(s.Lines) > 0:
		return s.Lines[0].Amount.Currency
	}
	return ""
}

func account(e *element) statement.Account {
	return statement.ParseAccount(saying(e.say("Id", "IBAN"), e.say("Id", "Othr", "Id"), e.say("Id", "PrtryAcct", "Id"), e.say("Id", "BBAN")))
}

// balance reads a Bal. A balance of a kind without a code is information.
func (r *reader) balance(e *element) statement.Balance {
	b := statement.Balance{Kind: statement.BalanceKind(saying(e.say("Tp", "CdOrPrtry", "Cd"), string(statement.Information)))}
	b.Amount, b.On = r.amount(e.child("Amt"), e), r.day(e.child("Dt"))
	if !r.credit(e) {
		b.Amount.Amount = -b.Amount.Amount
	}
	return b
}
