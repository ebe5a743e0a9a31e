package camt

import (
	"igny8/internal/bank/internal/statement"
	"igny8/internal/money"
)

// entry is the lines of an Ntry.
func (r *reader) entry(e *element) []statement.Line {
	whole := r.whole(e)
	var details []*element
	for n := range e.all("NtryDtls") {
		for d := range n.all("TxDtls") {
			details = append(details, d)
		}
	}
	r.lines += max(1, len(details))
	switch len(details) {
	case 0:
		whole.Charges, whole.Original = r.charges(e), r.original(e, nil, whole.Amount)
		return []statement.Line{whole}
	case 1:
		l := r.detail(whole, details[0])
		l.At, l.Charges, l.Original = e.line, append(r.charges(e), l.Charges...), r.original(e, details[0], whole.Amount)
		return []statement.Line{l}
	}
	lines := make([]statement.Line, len(details))
	divided := true
	for i, d := range details {
		lines[i] = r.detail(whole, d)
		own := r.own(d, whole.Amount.Currency)
		if divided = divided && own != nil; own == nil {
			continue
		}
		lines[i].Amount = r.amount(own, d)
		if d.child("CdtDbtInd") != nil {
			lines[i].Credit = r.credit(d)
		}
	}
	if !divided {
		return []statement.Line{r.undivided(whole, e, details, lines)}
	}
	r.addUp(e, whole, lines)
	for i, d := range details {
		lines[i].Original = r.original(nil, d, lines[i].Amount)
	}
	lines[0].Charges = append(r.charges(e), lines[0].Charges...)
	return lines
}

// whole is what an entry says of itself.
func (r *reader) whole(e *element) statement.Line {
	for _, name := range []string{"Amt", "CdtDbtInd", "Sts"} {
		count := 0
		for range e.all(name) {
			count++
		}
		if count > 1 {
			r.refusal.Add(e.line, "Ntry has %s %d times.", name, count)
		}
	}
	status := saying(e.say("Sts", "Cd"), e.say("Sts", "Prtry"), e.say("Sts"))
	return statement.Line{
		At:       e.line,
		BookedOn: r.day(e.child("BookgDt")),
		ValueOn:  r.day(e.child("ValDt")),
		Amount:   r.amount(e.child("Amt"), e),
		Credit:   r.credit(e),
		Reversal: r.flag(e.child("RvslInd")),
		Booked:   status == "BOOK",
		Status:   status,
		IDs: statement.Identities{
			EntryRef:      e.identity("NtryRef"),
			AcctSvcrRef:   e.identity("AcctSvcrRef"),
			MessageID:     e.identity("NtryDtls", "Btch", "MsgId"),
			PaymentInfoID: e.identity("NtryDtls", "Btch", "PmtInfId"),
		},
		Code: code(e.child("BkTxCd")),
		Info: e.say("AddtlNtryInf"),
	}
}

// own is the amount of one of several details in the currency of the entry,
// nil where it has none.
func (r *reader) own(d *element, currency string) *element {
	for _, e := range []*element{d.child("Amt"), d.at("AmtDtls", "TxAmt", "Amt")} {
		if e != nil && e.currency == currency {
			return e
		}
	}
	return nil
}

// addUp refuses an entry that is not the sum of its details.
func (r *reader) addUp(e *element, whole statement.Line, lines []statement.Line) {
	sum, err := money.Of(0, whole.Amount.Currency), error(nil)
	for _, l := range lines {
		if l.Credit == whole.Credit {
			sum, err = sum.Add(l.Amount)
		} else {
			sum, err = sum.Sub(l.Amount)
		}
		if err != nil {
			break
		}
	}
	if err != nil || sum != whole.Amount {
		r.refusal.Add(e.line, "The entry is %v, but its %d payments add up to %v.", whole.Amount, len(lines), sum)
	}
}

// undivided is one line for details that do not say how the entry divides.
func (r *reader) undivided(whole statement.Line, e *element, details []*element, lines []statement.Line) statement.Line {
	for i, d := range details {
		lines[i].Credit, lines[i].Amount = whole.Credit, money.Of(0, whole.Amount.Currency)
		lines[i].Original = r.original(nil, d, lines[i].Amount)
		whole.Text = append(whole.Text, lines[i].Text...)
		whole.References = append(whole.References, lines[i].References...)
	}
	whole.Charges, whole.Original, whole.Parts = r.charges(e), r.original(e, nil, whole.Amount), lines
	return whole
}

// charges are those of an entry or of details.
func (r *reader) charges(e *element) []statement.Charge {
	var all []statement.Charge
	add := func(amount, of *element) {
		if amount != nil {
			all = append(all, statement.Charge{Amount: r.amount(amount, of), Credit: of.say("CdtDbtInd") == "CRDT"})
		}
	}
	for c := range e.all("Chrgs") {
		before := len(all)
		for record := range c.all("Rcrd") {
			add(record.child("Amt"), record)
		}
		if len(all) > before {
			continue
		}
		if add(c.child("Amt"), c); len(all) == before {
			add(c.child("TtlChrgsAndTaxAmt"), c)
		}
	}
	return all
}

// original is the amount before an exchange: the first that is in another
// currency than the line, else the first that is another amount.
func (r *reader) original(e, d *element, line money.Money) *statement.Original {
	var found *statement.Original
	for _, place := range []*element{d.child("AmtDtls"), e.child("AmtDtls")} {
		for _, name := range []string{"InstdAmt", "TxAmt", "CntrValAmt"} {
			found = r.differing(found, place.at(name, "Amt"), place.child(name), line)
		}
	}
	found = r.differing(found, d.child("Amt"), d, line)
	if found == nil {
		return nil
	}
	for _, place := range []*element{d.child("AmtDtls"), e.child("AmtDtls")} {
		for _, name := range []string{"InstdAmt", "TxAmt", "CntrValAmt"} {
			found.Rate = saying(found.Rate, place.say(name, "CcyXchg", "XchgRate"))
		}
	}
	return found
}

// differing is the better of what was found and another amount.
func (r *reader) differing(found *statement.Original, amount, in *element, line money.Money) *statement.Original {
	if amount == nil {
		return found
	}
	m := r.amount(amount, in)
	foreign := m.Currency != line.Currency
	if m == line || found != nil && (!foreign || found.Amount.Currency != line.Currency) {
		return found
	}
	return &statement.Original{Amount: m}
}

func code(e *element) statement.Code {
	return statement.Code{
		Domain:      e.say("Domn", "Cd"),
		Family:      e.say("Domn", "Fmly", "Cd"),
		SubFamily:   e.say("Domn", "Fmly", "SubFmlyCd"),
		Proprietary: e.say("Prtry", "Cd"),
		Issuer:      e.say("Prtry", "Issr"),
	}
}
