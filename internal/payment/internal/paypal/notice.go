package paypal

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"igny8/internal/payment/internal/vendor"
)

// How old a message may be, and how far in the future. PayPal sends one that
// was not taken again for three days, and does not say that it signs anew: what
// keeps a repeat from having an effect is its id.
const (
	oldest = 4 * 24 * time.Hour
	ahead  = 10 * time.Minute
)

// The objects that a message may be about.
const (
	anOrder       vendor.Object = "order"
	aCapture      vendor.Object = "capture"
	aRefund       vendor.Object = "refund"
	aSale         vendor.Object = "sale"
	aSaleRefund   vendor.Object = "sale_refund"
	aSubscription vendor.Object = "subscription"
)

var objects = map[string]vendor.Object{
	"CHECKOUT.ORDER.APPROVED":             anOrder,
	"CHECKOUT.ORDER.COMPLETED":            anOrder,
	"PAYMENT.CAPTURE.COMPLETED":           aCapture,
	"PAYMENT.CAPTURE.REFUNDED":            aRefund,
	typeCaptureReversed:                   aCapture,
	"PAYMENT.SALE.COMPLETED":              aSale,
	"PAYMENT.SALE.REFUNDED":               aSaleRefund,
	typeSaleReversed:                      aSale,
	"BILLING.SUBSCRIPTION.ACTIVATED":      aSubscription,
	"BILLING.SUBSCRIPTION.UPDATED":        aSubscription,
	"BILLING.SUBSCRIPTION.CANCELLED":      aSubscription,
	"BILLING.SUBSCRIPTION.EXPIRED":        aSubscription,
	"BILLING.SUBSCRIPTION.SUSPENDED":      aSubscription,
	"BILLING.SUBSCRIPTION.PAYMENT.FAILED": aSubscription,
}

const (
	typeCaptureReversed = "PAYMENT.CAPTURE.REVERSED"
	typeSaleReversed    = "PAYMENT.SALE.REVERSED"
)

// signed is what PayPal says of a message beside it.
type signed struct {
	Algorithm string `json:"auth_algo"`
	Cert      string `json:"cert_url"`
	ID        string `json:"transmission_id"`
	Signature string `json:"transmission_sig"`
	Time      string `json:"transmission_time"`
	Webhook   string `json:"webhook_id"`
}

// Parse reads a message that PayPal says is its own. What can be seen to be
// none costs no question.
func (c *Client) Parse(ctx context.Context, h http.Header, body []byte, now time.Time) (vendor.Notice, error) {
	s := signed{
		Algorithm: h.Get("Paypal-Auth-Algo"), Cert: h.Get("Paypal-Cert-Url"), ID: h.Get("Paypal-Transmission-Id"),
		Signature: h.Get("Paypal-Transmission-Sig"), Time: h.Get("Paypal-Transmission-Time"), Webhook: c.webhook,
	}
	if err := s.plausible(c.base, now); err != nil {
		return vendor.Notice{}, err
	}
	n, err := read(body)
	if err != nil {
		return vendor.Notice{}, err
	}
	if err := c.verify(ctx, s, body); err != nil {
		return vendor.Notice{}, err
	}
	return n, nil
}

func (s signed) plausible(base string, now time.Time) error {
	for _, part := range []string{s.Algorithm, s.Cert, s.ID, s.Signature, s.Time} {
		if part == "" || len(part) > 2000 || strings.ContainsFunc(part, func(r rune) bool { return r <= ' ' || r > '~' }) {
			return fmt.Errorf("%w: a part of it is missing", vendor.ErrUnsigned)
		}
	}
	cert, err := url.Parse(s.Cert)
	ours, err2 := url.Parse(base)
	if err != nil || err2 != nil {
		return fmt.Errorf("%w: the certificate is nowhere", vendor.ErrUnsigned)
	}
	if host := cert.Hostname(); host != ours.Hostname() && (cert.Scheme != "https" || host != "paypal.com" && !strings.HasSuffix(host, ".paypal.com")) {
		return fmt.Errorf("%w: the certificate is not PayPal's", vendor.ErrUnsigned)
	}
	at, err := time.Parse(time.RFC3339, s.Time)
	if err != nil {
		return fmt.Errorf("%w: it has no time", vendor.ErrUnsigned)
	}
	if age := now.Sub(at); age > oldest || age < -ahead {
		return vendor.ErrOld
	}
	return nil
}

// verify asks PayPal. Its signature is over a checksum of the bytes, so they
// go there as they came: put through an encoder they would be others.
func (c *Client) verify(ctx context.Context, s signed, body []byte) error {
	head, err := json.Marshal(s)
	if err != nil {
		return err
	}
	var b bytes.Buffer
	b.Write(bytes.TrimSuffix(head, []byte("}")))
	b.WriteString(`,"webhook_event":`)
	b.Write(body)
	b.WriteByte('}')
	var said struct {
		Status string `json:"verification_status"`
	}
	if err := c.call(ctx, request{path: "/v1/notifications/verify-webhook-signature", raw: b.Bytes()}, &said); err != nil {
		return fmt.Errorf("verify a message: %w", err)
	}
	if said.Status != "SUCCESS" {
		return vendor.ErrUnsigned
	}
	return nil
}

func read(body []byte) (vendor.Notice, error) {
	var m struct {
		ID       string `json:"id"`
		Type     string `json:"event_type"`
		Resource struct {
			ID    string `json:"id"`
			Sale  string `json:"sale_id"`
			Links []link `json:"links"`
		} `json:"resource"`
	}
	if err := json.Unmarshal(body, &m); err != nil {
		return vendor.Notice{}, fmt.Errorf("%w: it is not JSON", vendor.ErrGarbled)
	}
	if !named(m.ID) || !named(m.Type) {
		return vendor.Notice{}, fmt.Errorf("%w: it is no event", vendor.ErrGarbled)
	}
	n := vendor.Notice{ID: m.ID, Type: m.Type, Object: objects[m.Type], Of: m.Resource.ID}
	switch up := follow(m.Resource.Links, "up"); {
	case m.Type == typeSaleReversed && m.Resource.Sale != "":
		n.Of = m.Resource.Sale
	case m.Type == typeCaptureReversed && up != "": // it is about what took the capture back
		n.Of = up[strings.LastIndexByte(up, '/')+1:]
	}
	if n.Object != "" && !named(n.Of) {
		return vendor.Notice{}, fmt.Errorf("%w: %s without its resource", vendor.ErrGarbled, n.Type)
	}
	return n, nil
}

// named tells whether a text may be an id, or the name of a type.
func named(s string) bool {
	return s != "" && len(s) <= 255 && !strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r > '~' || r == '/' })
}
