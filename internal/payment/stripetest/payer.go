package stripetest

import (
	"strconv"
	"strings"
)

// Paid is what a payment made at Stripe.
type Paid struct {
	Intent, Charge        string
	Subscription, Invoice string   // of Stripe's; empty for what is paid once
	Events                [][]byte // in the order in which they happened
}

// SessionOf is the id of the session that an address leads to.
func SessionOf(url string) string { return url[strings.LastIndexByte(url, '/')+1:] }

// Pay is a payer who fills in the page of a session.
func (s *Stripe) Pay(session string) Paid {
	s.mu.Lock()
	defer s.mu.Unlock()
	o := s.things[session]
	amount, err := strconv.ParseInt(o["amount"].(string), 10, 64)
	if err != nil {
		panic(err)
	}
	o["status"], o["payment_status"], o["customer"] = "complete", "paid", "cus_1"
	if o["mode"] == "payment" {
		p := s.take(amount, o["currency"].(string), o["pi_metadata"])
		o["payment_intent"] = p.Intent
		p.Events = [][]byte{s.event("checkout.session.completed", session)}
		return p
	}
	sub := s.add("subscription", object{"status": "active", "metadata": o["sub_metadata"], "customer": "cus_1", "amount": amount, "currency": o["currency"]})
	o["subscription"] = sub
	p := s.interval(sub, "subscription_create")
	o["invoice"] = p.Invoice
	p.Events = [][]byte{s.event("checkout.session.completed", session), s.event("invoice.paid", p.Invoice), s.event("invoice.payment_succeeded", p.Invoice)}
	return p
}

// Renew is Stripe that takes the amount of a subscription once more.
func (s *Stripe) Renew(sub string) Paid {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.interval(sub, "subscription_cycle")
	p.Events = [][]byte{s.event("invoice.paid", p.Invoice), s.event("invoice.payment_succeeded", p.Invoice)}
	return p
}

// Fail is Stripe that cannot take it.
func (s *Stripe) Fail(sub string) [][]byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.things[sub]["status"] = "past_due"
	in := s.add("invoice", object{"status": "open", "attempted": true, "billing_reason": "subscription_cycle", "parent": s.parent(sub)})
	return [][]byte{s.event("invoice.payment_failed", in), s.event("customer.subscription.updated", sub)}
}

func (s *Stripe) parent(sub string) object {
	return object{"type": "subscription_details", "subscription_details": object{"subscription": sub, "metadata": s.things[sub]["metadata"]}}
}

func (s *Stripe) interval(sub, reason string) Paid {
	o := s.things[sub]
	p := s.take(o["amount"].(int64), o["currency"].(string), object{})
	p.Subscription = sub
	p.Invoice = s.add("invoice", object{"status": "paid", "attempted": true, "billing_reason": reason, "parent": s.parent(sub)})
	s.add("invoice_payment", object{
		"status": "paid", "invoice": p.Invoice, "payment_intent": p.Intent, "payment": object{"type": "payment_intent", "payment_intent": p.Intent},
	})
	return p
}

func (s *Stripe) take(amount int64, currency string, said any) (p Paid) {
	p.Intent = s.add("payment_intent", object{"status": "succeeded", "amount_received": amount, "currency": currency, "metadata": said})
	p.Charge = s.add("charge", object{
		"amount": amount, "amount_refunded": int64(0), "disputed": false, "payment_intent": p.Intent, "billing_details": object{"name": "Paula Payer"},
	})
	s.things[p.Intent]["latest_charge"] = p.Charge
	return p
}

// Refund is an operator who sends a part of a charge back.
func (s *Stripe) Refund(charge string, amount int64) []byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	o := s.things[charge]
	o["amount_refunded"] = o["amount_refunded"].(int64) + amount
	return s.event("charge.refunded", charge)
}

// Dispute is a payer's bank that takes a charge back.
func (s *Stripe) Dispute(charge string) (dispute string, event []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	o := s.things[charge]
	o["disputed"] = true
	dispute = s.add("dispute", object{"status": "needs_response", "charge": charge, "payment_intent": o["payment_intent"]})
	return dispute, s.event("charge.dispute.created", dispute)
}

// Win ends a dispute for us.
func (s *Stripe) Win(dispute string) []byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.things[dispute]["status"] = "won"
	return s.event("charge.dispute.closed", dispute)
}

// Cancel is a payer who ends a subscription.
func (s *Stripe) Cancel(sub string) []byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.things[sub]["status"] = "canceled"
	return s.event("customer.subscription.deleted", sub)
}
