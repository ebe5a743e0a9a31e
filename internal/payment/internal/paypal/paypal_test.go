package paypal

import (
	"errors"
	"strings"
	"testing"
	"time"

	"igny8/internal/money"
	"igny8/internal/payment/internal/vendor"
	"igny8/internal/payment/paypaltest"
)

func TestAmountsAsPayPalWritesThem(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		m     money.Money
		value string
	}{
		{money.Of(20_000, "EUR"), "200.00"}, {money.Of(1, "USD"), "0.01"}, {money.Of(20_000, "JPY"), "20000"}, {money.Of(20_000, "HUF"), "200"},
	} {
		a, err := amountOf(tt.m)
		if err != nil || a.Value != tt.value {
			t.Errorf("%s is written %q, %v, want %q", tt.m, a.Value, err, tt.value)
		}
		if back, err := a.money(); err != nil || back != tt.m {
			t.Errorf("%q is read as %s, %v", a.Value, back, err)
		}
	}
	if _, err := amountOf(money.Of(150, "HUF")); err == nil {
		t.Error("a fraction of a forint")
	}
	for _, bad := range []amount{{"", "EUR"}, {"1,00", "EUR"}, {"NaN", "EUR"}, {"1", "XXY"}, {"1", ""}} {
		if m, err := bad.money(); err == nil {
			t.Errorf("%+v is %s", bad, m)
		}
	}
}

func TestTheMessageGoesBackAsItCame(t *testing.T) {
	t.Parallel()
	p := paypaltest.New(t)
	c := New(p.URL, paypaltest.ClientID, paypaltest.Secret, paypaltest.Webhook, vendor.Client())
	now := time.Date(2030, 1, 10, 12, 0, 0, 0, time.UTC)
	body := p.Event("PAYMENT.SALE.COMPLETED", "S-1") // with spaces, < and &
	n, err := c.Parse(t.Context(), p.Sign(body, now), body, now)
	if err != nil || n.Type != "PAYMENT.SALE.COMPLETED" || n.Object != aSale || n.Of != "S-1" {
		t.Errorf("got %+v, %v", n, err)
	}
	other := []byte(strings.Replace(string(body), "S-1", "S-2", 1))
	if _, err := c.Parse(t.Context(), p.Sign(body, now), other, now); !errors.Is(err, vendor.ErrUnsigned) {
		t.Errorf("another message: %v", err)
	}
	elsewhere := New(p.URL, paypaltest.ClientID, paypaltest.Secret, "WH-OTHER", vendor.Client())
	if _, err := elsewhere.Parse(t.Context(), p.Sign(body, now), body, now); !errors.Is(err, vendor.ErrUnsigned) {
		t.Errorf("a message to another address: %v", err)
	}
	wrong := New(p.URL, paypaltest.ClientID, "hunter2", paypaltest.Webhook, vendor.Client())
	if _, err := wrong.Parse(t.Context(), p.Sign(body, now), body, now); !errors.Is(err, vendor.ErrRefused) || strings.Contains(err.Error(), "hunter2") {
		t.Errorf("a wrong secret: %v", err)
	}
}

func TestAnAgreementEndsOnce(t *testing.T) {
	t.Parallel()
	p := paypaltest.New(t)
	c := New(p.URL, paypaltest.ClientID, paypaltest.Secret, paypaltest.Webhook, vendor.Client())
	o := vendor.Order{
		Key: "pse_1", Account: "acc_1", Invoice: "inv_1", Subscription: "sub_1", Number: "1", What: "Igny8", Amount: money.Of(20_000, "EUR"), Every: vendor.Month,
		Done: "https://igny8.example/", Back: "https://igny8.example/",
	}
	b, err := c.Begin(t.Context(), o)
	if err != nil || b.Price == "" {
		t.Fatalf("got %+v, %v", b, err)
	}
	if again, err := c.Begin(t.Context(), o); err != nil || again != b {
		t.Errorf("the same again: %+v, %v, want %+v", again, err, b)
	}
	for range 2 {
		if err := c.Stop(t.Context(), b.ID); err != nil {
			t.Errorf("stop: %v", err)
		}
	}
	if err := c.Stop(t.Context(), "I-NONE"); err != nil {
		t.Errorf("one that is not there: %v", err)
	}
	sale, _ := p.Take(b.ID)
	got, err := c.Fetch(t.Context(), vendor.Notice{Object: aSale, Of: sale, Type: typeSaleReversed})
	if err != nil || got.Account != "acc_1" || len(got.Payments) != 1 || !got.Payments[0].Reversed || !got.Agreement.Over {
		t.Errorf("a sale that the payer's bank took back: %+v, %v", got, err)
	}
	n, err := read([]byte(`{"id":"WH-1","event_type":"PAYMENT.CAPTURE.REVERSED","resource":{"id":"R-1","links":[{"rel":"up","href":"https://api.paypal.com/v2/payments/captures/C-1"}]}}`))
	if err != nil || n.Object != aCapture || n.Of != "C-1" {
		t.Errorf("a reversal: %+v, %v", n, err)
	}
	n, err = read([]byte(`{"id":"WH-1","event_type":"PAYMENT.SALE.REVERSED","resource":{"id":"R-1","sale_id":"S-1"}}`))
	if err != nil || n.Object != aSale || n.Of != "S-1" {
		t.Errorf("a reversal of a sale: %+v, %v", n, err)
	}
}
