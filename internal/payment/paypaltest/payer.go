package paypaltest

import "strings"

// IDOf is the id of the order or subscription that an address leads to.
func IDOf(url string) string { return url[strings.LastIndexByte(url, '/')+1:] }

var paula = object{"payer_id": "PAULA1", "name": object{"given_name": "Paula", "surname": "Payer"}}

// Approve is a payer who agrees to an order. The money comes when it is
// captured.
func (p *PayPal) Approve(order string) []byte {
	p.mu.Lock()
	defer p.mu.Unlock()
	o := p.things[order]
	o["status"], o["payer"] = "APPROVED", paula
	return p.event("CHECKOUT.ORDER.APPROVED", order)
}

// Captured is the message about the capture of an order.
func (p *PayPal) Captured(order string) (capture string, event []byte) {
	p.mu.Lock()
	defer p.mu.Unlock()
	unit := p.things[order]["purchase_units"].([]any)[0].(map[string]any)
	capture = unit["payments"].(object)["captures"].([]object)[0]["id"].(string)
	return capture, p.event("PAYMENT.CAPTURE.COMPLETED", capture)
}

// Subscribe is a payer who agrees to a subscription, whose first amount is
// taken at once.
func (p *PayPal) Subscribe(sub string) (sale string, events [][]byte) {
	p.mu.Lock()
	o := p.things[sub]
	o["status"], o["subscriber"] = "ACTIVE", paula
	activated := p.event("BILLING.SUBSCRIPTION.ACTIVATED", sub)
	p.mu.Unlock()
	sale, taken := p.Take(sub)
	return sale, [][]byte{activated, taken}
}

// Take is PayPal that takes the amount of a subscription.
func (p *PayPal) Take(sub string) (sale string, event []byte) {
	p.mu.Lock()
	defer p.mu.Unlock()
	plan := p.things[p.things[sub]["plan_id"].(string)]
	cycle := plan["billing_cycles"].([]any)[0].(map[string]any)
	price := cycle["pricing_scheme"].(map[string]any)["fixed_price"].(map[string]any)
	sale = p.add("sale", object{
		"state": "completed", "amount": object{"total": price["value"], "currency": price["currency_code"]}, "billing_agreement_id": sub,
	})
	return sale, p.event("PAYMENT.SALE.COMPLETED", sale)
}

// Fail is PayPal that cannot take it.
func (p *PayPal) Fail(sub string) []byte {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.things[sub]["billing_info"] = object{"failed_payments_count": 1}
	return p.event("BILLING.SUBSCRIPTION.PAYMENT.FAILED", sub)
}

// RefundSale is an operator who sends the whole of a sale back.
func (p *PayPal) RefundSale(sale string) []byte {
	p.mu.Lock()
	defer p.mu.Unlock()
	o := p.things[sale]
	o["state"] = "refunded"
	total := o["amount"].(object)["total"]
	return p.event("PAYMENT.SALE.REFUNDED", p.add("refund", object{"sale_id": sale, "total_refunded_amount": object{"value": total}}))
}

// RefundCapture is an operator who sends a part of a capture back.
func (p *PayPal) RefundCapture(capture, value, currency string, all bool) []byte {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.things[capture]["status"] = "PARTIALLY_REFUNDED"
	if all {
		p.things[capture]["status"] = "REFUNDED"
	}
	return p.event("PAYMENT.CAPTURE.REFUNDED", p.add("refund", object{
		"links":                    []object{{"rel": "up", "href": p.URL + "/v2/payments/captures/" + capture}},
		"seller_payable_breakdown": object{"total_refunded_amount": object{"value": value, "currency_code": currency}},
	}))
}

// Cancel is a payer who ends a subscription.
func (p *PayPal) Cancel(sub string) []byte {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.things[sub]["status"] = "CANCELLED"
	return p.event("BILLING.SUBSCRIPTION.CANCELLED", sub)
}
