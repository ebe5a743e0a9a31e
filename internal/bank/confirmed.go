package bank

import (
	"slices"
	"time"

	"igny8/internal/account"
	"igny8/internal/invoice"
	"igny8/internal/payment"
	"igny8/internal/tenant"
	"igny8/internal/words"
)

// near is how far apart a transfer and its confirmation by hand may be.
const near = 10 * 24 * time.Hour

// counts tells whether a payment is money: there, or seen by one who waits for
// the second.
func counts(p payment.Payment) bool {
	return p.Status == payment.Succeeded || p.Status == payment.AwaitingApproval || p.Status == payment.Refunded
}

// called tells whether somebody has recorded a payment by a name of the line.
func called(l Line, p payment.Payment) bool {
	name := nameOf(p.ExternalID)
	if slices.Contains(l.Names, name) {
		return true
	}
	return slices.ContainsFunc(references(l.told), func(f found) bool { return f.what == letters(name) })
}

// maybe tells whether a payment that somebody recorded by hand may be this
// line: the same amount, about the same day.
func maybe(l Line, p payment.Payment) bool {
	if p.Method != account.BankTransfer || p.Amount != l.Amount {
		return false
	}
	apart := p.Confirmed.Sub(l.Day)
	return l.Day.IsZero() || apart < near && apart > -near
}

// claims tells whether a payment is a tenant's claim that a line bears out: by
// its name, or as the amount for one of the invoices.
func claims(l Line, p payment.Payment, invoices []invoice.ID) bool {
	return p.Status == payment.PendingReview && p.Method == account.BankTransfer && p.Amount == l.Amount &&
		(slices.Contains(l.Names, nameOf(p.ExternalID)) || slices.Contains(invoices, p.Invoice))
}

// probably is the finding of a payment that a line may be already, if it is one.
func probably(l Line, a tenant.AccountID, p payment.Payment) (Finding, bool) {
	f := Finding{Kind: "probably_confirmed", Account: a, Invoice: p.Invoice, Payment: p.ID}
	switch {
	case !counts(p):
		return Finding{}, false
	case called(l, p):
		f.Message = words.With("A payment with the reference %s, of %s, is recorded: probably this transfer.", p.ExternalID, p.Amount)
	case maybe(l, p):
		f.Message = words.With("A payment of %s was confirmed by hand on %s: probably this transfer.", p.Amount, p.Confirmed.Format(time.DateOnly))
	default:
		return Finding{}, false
	}
	return f, true
}

// confirmed finds payments that are probably this line, and tells which
// proposals a tenant has claimed.
func (m *matcher) confirmed() {
	accounts := slices.Clone(m.book.payers[letters(m.line.Payer.Account)])
	for i, p := range m.Proposals {
		accounts = append(accounts, p.Account)
		for _, c := range m.book.payments[p.Account] {
			if claims(m.line, c, ids(p.Invoices)) {
				m.Proposals[i].Evidence = append(m.Proposals[i].Evidence, Evidence{"reported", words.With("%s, which the tenant has reported", c.ExternalID), "payments"})
			}
		}
	}
	for _, f := range m.Findings {
		accounts = append(accounts, f.Account)
	}
	for _, a := range accounts {
		for _, p := range m.book.payments[a] {
			if _, taken := m.book.matched[p.ID]; taken {
				continue
			}
			if f, is := probably(m.line, a, p); is {
				m.find(f)
			}
		}
	}
}

func ids(all []invoice.Invoice) []invoice.ID {
	out := make([]invoice.ID, len(all))
	for i, one := range all {
		out[i] = one.ID
	}
	return out
}
