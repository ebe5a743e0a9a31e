package web

import (
	"time"

	"igny8/internal/account"
	"igny8/internal/invoice"
	"igny8/internal/payment"
	"igny8/internal/web/ui"
	"igny8/internal/words"
)

// stepState is how far a step of the progress is.
type stepState string

const (
	stepDone  stepState = "done"
	stepNow   stepState = "now"   // it is being waited for
	stepAhead stepState = "ahead" // it comes later
	stepBad   stepState = "bad"   // it went wrong
)

// said is the state in words, for who does not see its mark.
func (s stepState) said() words.Text {
	switch s {
	case stepDone:
		return "Done:"
	case stepNow:
		return "Now:"
	case stepAhead:
		return "To come:"
	case stepBad:
		return "Went wrong:"
	}
	return ""
}

// icon is its mark.
func (s stepState) icon() ui.Icon {
	switch s {
	case stepDone:
		return ui.IconCheck
	case stepNow, stepAhead:
		return ui.IconClock
	case stepBad:
		return ui.IconX
	}
	return ui.IconInfo
}

// waypoint is one of what happens between an invoice and its credits.
type waypoint struct {
	State stepState
	Title words.Text
	Text  words.Text // empty: nothing more is to be said
	At    time.Time  // zero: not yet, or nobody wrote it down
	Proof payment.ID // zero: there is no file
}

// steps is what has happened to an invoice, and what will.
func (p invoicePage) steps() []waypoint {
	all := []waypoint{{State: stepDone, Title: "Invoice issued", Text: words.With("%s, due on %s", p.Locale.Money(p.Invoice.Total), p.Locale.Date(p.Invoice.Due)), At: p.Invoice.Issued}}
	for _, one := range p.Payments {
		all = append(all, p.stepsOf(one)...)
	}
	switch p.Invoice.Status {
	case invoice.Paid:
		return append(all, p.stepsPaid()...)
	case invoice.Void:
		return append(all, waypoint{State: stepDone, Title: "Withdrawn", Text: "Nothing is to be paid any more."})
	case invoice.Uncollectible:
		return append(all, waypoint{State: stepBad, Title: "Given up", Text: "No payment arrived."})
	case invoice.Draft, invoice.Open:
	}
	return append(all, p.stepsAhead()...)
}

// stepsOf is what has happened to a payment.
func (p invoicePage) stepsOf(one payment.Payment) []waypoint {
	if one.Invoice != p.Invoice.ID && !one.Confirmed.After(p.Invoice.Issued) {
		return []waypoint{{State: stepDone, Title: "Used from your balance", Text: words.With("What you had paid before, with the bank's reference %s", one.ExternalID), At: p.Invoice.Issued}}
	}
	var all []waypoint
	if one.Reported.Amount > 0 {
		s := waypoint{State: stepDone, Title: words.With("You reported %s", p.Locale.Money(one.Reported)), Text: words.With("Bank reference %s, from %s", one.ExternalID, one.PayerName), At: one.Created}
		if one.HasProof {
			s.Proof = one.ID
		}
		all = append(all, s)
	}
	seen := waypoint{State: stepDone, Title: words.With("%s seen at the bank", p.Locale.Money(one.Amount)), At: one.Confirmed}
	if one.Method != account.BankTransfer {
		seen.Title = words.With("%s received by %s", p.Locale.Money(one.Amount), methodName(one.Method))
	}
	switch one.Status {
	case payment.Pending, payment.PendingReview:
		return append(all, waypoint{State: stepNow, Title: "We look for it at the bank", Text: "That takes a day or two."})
	case payment.AwaitingApproval:
		return append(all, seen, waypoint{State: stepNow, Title: "A second person checks it", Text: "That is a rule for payments like this one."})
	case payment.Succeeded:
		if all = append(all, seen); one.ApprovedBy != "" {
			all = append(all, waypoint{State: stepDone, Title: "Approved by a second person"})
		}
		return all
	case payment.Rejected:
		return append(all, waypoint{State: stepBad, Title: "Rejected", Text: words.Verbatim(one.Reason), At: one.Ended})
	case payment.Refunded:
		return append(all, seen, waypoint{State: stepBad, Title: "Sent back", Text: words.Verbatim(one.Reason), At: one.Ended})
	case payment.Reversed:
		return append(all, seen, waypoint{State: stepBad, Title: "Confirmation taken back", Text: words.Verbatim(one.Reason), At: one.Ended})
	}
	return all
}

// stepsPaid is the end of a good story.
func (p invoicePage) stepsPaid() []waypoint {
	all := []waypoint{{State: stepDone, Title: "Invoice paid", At: p.Invoice.PaidAt}}
	if !p.Invoice.Pack.IsZero() {
		return append(all, waypoint{State: stepDone, Title: words.With("%s live", p.packed()), At: p.Invoice.PaidAt})
	}
	b := p.Bought
	switch {
	case b == nil:
		return all
	case b.Credits == 0:
		return append(all, waypoint{State: stepDone, Title: words.With("%s runs", b.Plan.Name), Text: words.With("Until %s", p.Locale.Date(b.End)), At: b.Start})
	case p.Now.Before(b.Start):
		return append(all, waypoint{State: stepAhead, Title: words.With("%s come", p.credits()), Text: "When the next period begins", At: b.Start})
	case !p.Now.Before(b.End):
		return append(all, waypoint{State: stepDone, Title: words.With("%s were live", p.credits()), Text: words.With("Until %s", p.Locale.Date(b.End)), At: b.Start})
	}
	return append(all, waypoint{State: stepDone, Title: words.With("%s live", p.credits()), Text: words.With("Until %s", p.Locale.Date(b.End)), At: b.Start})
}

// stepsAhead is what is still to come for an open invoice.
func (p invoicePage) stepsAhead() []waypoint {
	var all []waypoint
	if p.claimed() == nil {
		next := waypoint{State: stepAhead, Title: "Seen at the bank"}
		waits := waypoint{State: stepNow, Title: "Waiting for your transfer", Text: words.With("%s is due", p.Locale.Money(p.Invoice.AmountDue()))}
		if online(p.Invoice.PaymentMethod) {
			waits.Title, next.Title = "Waiting for your payment", words.With("Received by %s", methodName(p.Invoice.PaymentMethod))
		}
		all = append(all, waits, next)
	}
	return append(all, waypoint{State: stepAhead, Title: "Your credits go live"})
}
