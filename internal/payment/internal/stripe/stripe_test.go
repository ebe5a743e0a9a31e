package stripe

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stripe/stripe-go/v85/webhook"

	"igny8/internal/money"
	"igny8/internal/payment/internal/vendor"
	"igny8/internal/payment/stripetest"
)

func anOrder() vendor.Order {
	return vendor.Order{
		Key: "pse_1", Account: "acc_1", Invoice: "inv_1", Subscription: "sub_1", Number: "2030-000001", What: "Igny8 Growth, one month",
		Amount: money.Of(20_000, "EUR"), Done: "https://igny8.example/billing?paid=1", Back: "https://igny8.example/billing?unpaid=1",
	}
}

// TestRequestsAreAsStripeWants: stripe-mock refuses what Stripe's description
// of its API does not allow.
func TestRequestsAreAsStripeWants(t *testing.T) {
	t.Parallel()
	c := New(stripetest.Mock(t), "sk_test_123", "whsec_x", vendor.Client())
	for _, every := range []vendor.Interval{vendor.Once, vendor.Month, vendor.Year} {
		o := anOrder()
		o.Every = every
		b, err := c.Begin(t.Context(), o)
		// The sample has no address; all that was asked for is allowed.
		if err != nil && !strings.Contains(err.Error(), "it has no address") {
			t.Errorf("every %q: %+v, %v", every, b, err)
		}
	}
	o := anOrder()
	o.Every = "fortnight"
	if _, err := c.Begin(t.Context(), o); !errors.Is(err, vendor.ErrRefused) || strings.Contains(err.Error(), "no address") {
		t.Errorf("stripe-mock takes anything: %v", err)
	}
	if to, err := c.Manage(t.Context(), vendor.Agreement{Customer: "cus_1"}, "https://igny8.example/billing"); err != nil || !strings.HasPrefix(to, "http") {
		t.Errorf("the portal: %q, %v", to, err)
	}
	if err := c.Stop(t.Context(), "sub_1"); err != nil {
		t.Errorf("cancel: %v", err)
	}
	for n, of := range map[vendor.Object]string{aSession: "cs_1", anInvoice: "in_1", aCharge: "ch_1", aDispute: "du_1", aSubscription: "sub_1"} {
		if _, err := c.Fetch(t.Context(), vendor.Notice{Object: n, Of: of}); err != nil {
			t.Errorf("read a %s: %v", n, err)
		}
	}
}

// TestSignaturesAreStripes compares with the library's own.
func TestSignaturesAreStripes(t *testing.T) {
	t.Parallel()
	now := time.Date(2030, 1, 10, 12, 0, 0, 0, time.UTC)
	c := New("", "sk", "whsec_x", vendor.Client())
	body := []byte(`{"id":"evt_1","object":"event","type":"invoice.paid","data":{"object":{"id":"in_1"}}}`)
	signed := webhook.GenerateTestSignedPayload(&webhook.UnsignedPayload{Payload: body, Secret: "whsec_x", Timestamp: now})
	n, err := c.Parse(t.Context(), http.Header{Header: {signed.Header}}, body, now)
	if want := (vendor.Notice{ID: "evt_1", Type: "invoice.paid", Object: anInvoice, Of: "in_1"}); err != nil || n != want {
		t.Errorf("got %+v, %v", n, err)
	}
	if signed.Header != stripetest.Sign("whsec_x", body, now) {
		t.Errorf("stripetest signs otherwise: %s", signed.Header)
	}
	for at, want := range map[time.Duration]error{
		-tolerance - time.Second: vendor.ErrOld, -tolerance: nil, tolerance: nil, tolerance + time.Second: vendor.ErrOld,
	} {
		if _, err := c.Parse(t.Context(), http.Header{Header: {signed.Header}}, body, now.Add(at)); !errors.Is(err, want) {
			t.Errorf("after %s: %v, want %v", at, err, want)
		}
	}
	for i := range body {
		other := append([]byte(nil), body...)
		other[i] ^= 1
		if _, err := c.Parse(t.Context(), http.Header{Header: {signed.Header}}, other, now); !errors.Is(err, vendor.ErrUnsigned) {
			t.Fatalf("byte %d changed: %v", i, err)
		}
	}
	if _, err := c.Parse(t.Context(), http.Header{Header: {signed.Header, signed.Header}}, body, now); !errors.Is(err, vendor.ErrUnsigned) {
		t.Errorf("two headers: %v", err)
	}
}

func TestWhatStripeCountsOtherwiseIsNotAsked(t *testing.T) {
	t.Parallel()
	s := stripetest.New(t)
	c := New(s.URL, stripetest.Key, stripetest.Secret, vendor.Client())
	o := anOrder()
	o.Amount = money.Of(20_000, "ISK")
	if _, err := c.Begin(t.Context(), o); !errors.Is(err, vendor.ErrRefused) || s.Asked("POST /v1/checkout/sessions") != 0 {
		t.Errorf("króna: %v", err)
	}
	wrong := New(s.URL, "sk_hunter2", stripetest.Secret, vendor.Client())
	if _, err := wrong.Begin(t.Context(), anOrder()); !errors.Is(err, vendor.ErrRefused) || strings.Contains(err.Error(), "hunter2") {
		t.Errorf("a wrong key: %v", err)
	}
	if err := c.Stop(t.Context(), "sub_none"); err != nil {
		t.Errorf("an agreement that is not there: %v", err)
	}
}
