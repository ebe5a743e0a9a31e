package web

import (
	"strings"
	"unicode/utf8"

	"igny8/internal/bank"
	"igny8/internal/payment"
	"igny8/internal/web/ui"
	"igny8/internal/words"
)

func paymentsHeading(view string) words.Text {
	switch view {
	case viewApproval:
		return "Waiting for a second person"
	case viewDone:
		return "Payments"
	}
	return "Reported by accounts"
}

func linesHeading(view string) words.Text {
	if view == viewDone {
		return "Matched bank lines"
	}
	return "Open bank lines"
}

// best is the proposals with the best evidence, as many as a list has room for.
func best(all []bank.Proposal) []bank.Proposal {
	n := 0
	for n < len(all) && n < 2 && all[n].Tier == all[0].Tier {
		n++
	}
	return all[:n]
}

// tierSaid is what kind of evidence speaks for a proposal.
func tierSaid(t bank.Tier) words.Text {
	switch t {
	case bank.ByReference:
		return "Reference and exact amount"
	case bank.ByReferenceOnly:
		return "Reference"
	case bank.ByNumber:
		return "Invoice number and exact amount"
	case bank.ByPayer:
		return "Known payer and exact amount"
	case bank.ByAmount:
		return "Amount alone"
	}
	return "Unknown"
}

func toneOfTier(t bank.Tier) ui.Tone {
	switch t {
	case bank.ByReference:
		return ui.Good
	case bank.ByReferenceOnly, bank.ByNumber:
		return ui.Note
	case bank.ByPayer, bank.ByAmount:
		return ui.Quiet
	}
	return ui.Quiet
}

// evidenceSaid is what one thing that speaks for a proposal is.
func evidenceSaid(kind string) words.Text {
	switch kind {
	case "reference":
		return "Reference"
	case "reference_digits":
		return "Reference without its first letters"
	case "number":
		return "Invoice number"
	case "amount":
		return "Amount"
	case "amount_differs":
		return "Another amount"
	case "payer":
		return "Payer who has paid before"
	case "reported":
		return "Reported by the account"
	}
	return ui.Code(kind)
}

// payerOf is who sent the money of a line.
func payerOf(l bank.Line) words.Text {
	switch {
	case l.Payer.Name != "":
		return words.Verbatim(l.Payer.Name)
	case l.Payer.Account != "":
		return words.Verbatim(ui.Groups(l.Payer.Account))
	}
	return "Unknown payer"
}

// shortened is as much of a text as a list has room for.
func shortened(s string) string {
	const most = 140
	if utf8.RuneCountInString(s) <= most {
		return s
	}
	return strings.TrimSpace(string([]rune(s)[:most])) + " …"
}

// hindranceSaid is why a line can never pay for anything.
func hindranceSaid(h string) words.Text {
	switch h {
	case "debit":
		return "Money went out"
	case "reversal":
		return "A reversal"
	case "unbooked":
		return "Only announced, not booked"
	case "zero":
		return "Nothing"
	case "negative":
		return "A negative amount"
	case "return":
		return "A return"
	case "undivided":
		return "A batch that is not divided"
	case "currency":
		return "In a currency that is not known"
	}
	return ui.Code(h)
}

// claimPicks is payments to choose from.
func claimPicks(l ui.Locale, all []payment.Payment) []ui.Pick {
	picks := []ui.Pick{}
	for _, p := range all {
		picks = append(picks, ui.Pick{Value: p.ID.String(), Label: words.With("%s, %s, %s", l.Money(p.Amount), p.ExternalID, p.PayerName)})
	}
	return picks
}

// invoicesSaid is what a proposal pays for.
func invoicesSaid(l ui.Locale, o bank.Proposal) words.Text {
	var parts []words.Text
	for _, i := range o.Invoices {
		parts = append(parts, words.With("Invoice %s, %s due", i.Number, l.Money(i.AmountDue())))
	}
	return words.Join("; ", parts...)
}
