package subscription_test

import (
	"context"
	"testing"
	"time"

	"igny8/internal/subscription"
	"igny8/internal/tenant"
)

func TestWhatAnInvoicePaidFor(t *testing.T) {
	t.Parallel()
	h := newHouse(t, noon)
	h.trial()
	s := h.order("growth")
	bought := func(invoice string) (b subscription.Bought, found bool) {
		h.view(func(ctx context.Context, v *tenant.View) (err error) {
			b, found, err = subscription.BoughtBy(ctx, v, invoice)
			return err
		})
		return b, found
	}
	pay := func(invoice string) {
		is(t, h.update(func(ctx context.Context, tx *tenant.Tx) error {
			_, err := subscription.Paid(ctx, tx, s.ID, subscription.Bill{Invoice: invoice, ExternalID: "BANK"})
			return err
		}), nil)
	}
	if b, found := bought("inv_1"); found {
		t.Errorf("before it is paid: %+v", b)
	}
	pay("inv_1")
	pay("inv_2") // ahead: the next period
	for invoice, from := range map[string]time.Time{"inv_1": noon, "inv_2": noon.AddDate(0, 1, 0)} {
		b, found := bought(invoice)
		if !found || b.Plan.Code != "growth" || !b.Start.Equal(from) || !b.End.Equal(from.AddDate(0, 1, 0)) || b.Credits != b.Plan.Credits || b.Credits == 0 {
			t.Errorf("%s: %v, %+v", invoice, found, b)
		}
	}
	is(t, h.update(func(ctx context.Context, tx *tenant.Tx) error {
		_, _, err := subscription.Unpaid(ctx, tx, "inv_2")
		return err
	}), nil)
	if b, found := bought("inv_2"); found {
		t.Errorf("after its payment was undone: %+v", b)
	}
}
