package stripe

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"igny8/internal/payment/internal/vendor"
)

// tolerance is how old, or how far in the future, a signature may be.
const tolerance = 5 * time.Minute

// Header is where the signature is.
const Header = "Stripe-Signature"

// The objects that a message may be about.
const (
	aSession      vendor.Object = "checkout.session"
	anInvoice     vendor.Object = "invoice"
	aCharge       vendor.Object = "charge"
	aDispute      vendor.Object = "dispute"
	aSubscription vendor.Object = "subscription"
)

// objects says what the messages that matter to us are about.
var objects = map[string]vendor.Object{
	"checkout.session.completed":               aSession,
	"checkout.session.async_payment_succeeded": aSession,
	"checkout.session.async_payment_failed":    aSession,
	"invoice.paid":                             anInvoice,
	"invoice.payment_succeeded":                anInvoice,
	"invoice.payment_failed":                   anInvoice,
	"charge.refunded":                          aCharge,
	"charge.dispute.created":                   aDispute,
	"charge.dispute.closed":                    aDispute,
	"charge.dispute.funds_withdrawn":           aDispute,
	"charge.dispute.funds_reinstated":          aDispute,
	"customer.subscription.deleted":            aSubscription,
	"customer.subscription.updated":            aSubscription,
}

// Parse reads a message whose signature verifies: the bytes as they came. The
// library's own check asks the machine for the time, and ours is given it.
func (c *Client) Parse(_ context.Context, h http.Header, body []byte, now time.Time) (vendor.Notice, error) {
	if err := c.verify(h.Values(Header), body, now); err != nil {
		return vendor.Notice{}, err
	}
	var m struct {
		ID     string `json:"id"`
		Object string `json:"object"`
		Type   string `json:"type"`
		Data   struct {
			Object struct {
				ID string `json:"id"`
			} `json:"object"`
		} `json:"data"`
	}
	if err := json.Unmarshal(body, &m); err != nil {
		return vendor.Notice{}, fmt.Errorf("%w: it is not JSON", vendor.ErrGarbled)
	}
	if m.Object != "event" || !named(m.ID) || !named(m.Type) {
		return vendor.Notice{}, fmt.Errorf("%w: it is no event", vendor.ErrGarbled)
	}
	n := vendor.Notice{ID: m.ID, Type: m.Type, Object: objects[m.Type], Of: m.Data.Object.ID}
	if n.Object != "" && !named(n.Of) {
		return vendor.Notice{}, fmt.Errorf("%w: %s without its object", vendor.ErrGarbled, n.Type)
	}
	return n, nil
}

// named tells whether a text may be an id, or the name of a type.
func named(s string) bool {
	return s != "" && len(s) <= 255 && !strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r > '~' || r == '/' })
}

// verify looks for one signature of the current scheme that is ours. Others
// beside it are those of a secret that is being replaced.
func (c *Client) verify(headers []string, body []byte, now time.Time) error {
	if len(headers) != 1 {
		return fmt.Errorf("%w: %d headers", vendor.ErrUnsigned, len(headers))
	}
	stamp, given := "", [][]byte{}
	for part := range strings.SplitSeq(headers[0], ",") {
		name, value, _ := strings.Cut(strings.TrimSpace(part), "=")
		switch name {
		case "t":
			if stamp != "" {
				return fmt.Errorf("%w: two times", vendor.ErrUnsigned)
			}
			stamp = value
		case "v1":
			if sum, err := hex.DecodeString(value); err == nil {
				given = append(given, sum)
			}
		}
	}
	at, err := strconv.ParseInt(stamp, 10, 64)
	if err != nil || len(given) == 0 {
		return fmt.Errorf("%w: no time, or no signature of scheme v1", vendor.ErrUnsigned)
	}
	mac := hmac.New(sha256.New, []byte(c.secret))
	mac.Write([]byte(stamp + "."))
	mac.Write(body)
	want, ours := mac.Sum(nil), false
	for _, sum := range given {
		ours = hmac.Equal(sum, want) || ours
	}
	if !ours {
		return vendor.ErrUnsigned
	}
	if age := now.Sub(time.Unix(at, 0)); age > tolerance || age < -tolerance {
		return vendor.ErrOld
	}
	return nil
}
