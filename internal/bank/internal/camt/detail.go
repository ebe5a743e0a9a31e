package camt

import "igny8/internal/bank/internal/statement"

// detail is a line of an entry's details: what these say goes before what the
// entry says. The amount is still the entry's.
func (r *reader) detail(whole statement.Line, d *element) statement.Line {
	l := whole
	l.At = d.line
	l.IDs = identities(whole.IDs, d.child("Refs"))
	l.Charges = r.charges(d)
	if c := code(d.child("BkTxCd")); c != (statement.Code{}) {
		l.Code = c
	}
	if back := d.child("RtrInf"); back != nil {
		l.Returned = saying(back.say("Rsn", "Cd"), back.say("Rsn", "Prtry"), "?")
	}
	if own := d.say("AddtlTxInf"); own != "" && own != l.Info {
		l.Info = statement.Clean(own + " " + l.Info)
	}
	parties, agents := d.child("RltdPties"), d.child("RltdAgts")
	l.Debtor = party(parties.child("Dbtr"), parties.child("DbtrAcct"), agents.child("DbtrAgt"))
	l.Creditor = party(parties.child("Cdtr"), parties.child("CdtrAcct"), agents.child("CdtrAgt"))
	l.UltimateDebtor, l.UltimateCreditor = name(parties.child("UltmtDbtr")), name(parties.child("UltmtCdtr"))
	l.Text, l.References = remittance(d.child("RmtInf"))
	return l
}

func identities(ids statement.Identities, refs *element) statement.Identities {
	ids.TxAcctSvcrRef = refs.identity("AcctSvcrRef")
	ids.EndToEndID = refs.identity("EndToEndId")
	ids.TxID = refs.identity("TxId")
	ids.UETR = refs.identity("UETR")
	ids.InstructionID = refs.identity("InstrId")
	ids.MessageID = saying(refs.identity("MsgId"), ids.MessageID)
	ids.PaymentInfoID = saying(refs.identity("PmtInfId"), ids.PaymentInfoID)
	ids.MandateID = refs.identity("MndtId")
	ids.ClearingRef = refs.identity("ClrSysRef")
	ids.ChequeNumber = refs.identity("ChqNb")
	ids.OwnerTxID = refs.identity("AcctOwnrTxId")
	ids.ServicerTxID = refs.identity("AcctSvcrTxId")
	ids.MarketTxID = refs.identity("MktInfrstrctrTxId")
	ids.ProcessingID = refs.identity("PrcgId")
	for p := range refs.all("Prtry") {
		ids.Proprietary = append(ids.Proprietary, statement.Reference{Type: p.say("Tp"), Value: p.identity("Ref")})
	}
	return ids
}

// party is one side of a payment. Since version 8 it may be a bank itself.
func party(who, acct, agent *element) statement.Party {
	bank := agent.child("FinInstnId")
	return statement.Party{
		Name:        name(who),
		Account:     account(acct),
		AccountName: acct.say("Nm"),
		BIC:         saying(bic(bank), bic(who.at("Agt", "FinInstnId"))),
		BankCode:    bank.say("ClrSysMmbId", "MmbId"),
		BankName:    bank.say("Nm"),
	}
}

func bic(bank *element) string { return saying(bank.say("BICFI"), bank.say("BIC")) }

func name(who *element) string {
	return saying(who.say("Nm"), who.say("Pty", "Nm"), who.say("Agt", "FinInstnId", "Nm"))
}

// remittance is what the payer wrote: texts in their order, and references.
func remittance(e *element) (texts []string, refs []statement.Reference) {
	add := func(text string) {
		if text != "" {
			texts = append(texts, text)
		}
	}
	for u := range e.all("Ustrd") {
		add(u.text)
	}
	for s := range e.all("Strd") {
		if ref := s.identity("CdtrRefInf", "Ref"); ref != "" {
			refs = append(refs, statement.Reference{Type: kindOf(s.at("CdtrRefInf", "Tp")), Value: ref})
		}
		for doc := range s.all("RfrdDocInf") {
			if number := doc.identity("Nb"); number != "" {
				refs = append(refs, statement.Reference{Type: kindOf(doc.child("Tp")), Value: number})
			}
		}
		for more := range s.all("AddtlRmtInf") {
			add(more.text)
		}
	}
	return texts, refs
}

func kindOf(tp *element) string {
	return saying(tp.say("CdOrPrtry", "Cd"), tp.say("CdOrPrtry", "Prtry"), tp.say("Cd"), tp.say("Prtry"))
}
