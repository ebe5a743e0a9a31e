package credit_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"igny8/internal/credit"
	"igny8/internal/tenant"
)

// TestForfeit ends what is reserved, open, left, due and to come, a part at a
// time, and after each part the ledger is sound.
func TestForfeit(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	forfeit := func() (n int64) {
		t.Helper()
		h.must(func(ctx context.Context, tx *tenant.Tx) (err error) {
			n, err = credit.Forfeit(ctx, tx, 1)
			return err
		})
		return n
	}
	if n := forfeit(); n != 0 {
		t.Errorf("of nothing it did %d", n)
	}
	now := h.hand.Clock().Now()
	h.grant(credit.NewLot{Source: credit.PlanCredits, Reference: "plan", Amount: 10, Expires: now.Add(time.Hour)})
	h.grant(credit.NewLot{Source: credit.Purchase, Reference: "bought", Amount: 20})
	h.grant(credit.NewLot{Source: credit.PlanCredits, Reference: "next", Amount: 7, Effective: now.Add(24 * time.Hour), Expires: now.Add(48 * time.Hour)})
	over := h.reserve(12) // of two lots, of which one ends meanwhile
	h.reserve(3)
	hold := h.open(over)
	h.hand.Advance(2 * time.Hour)
	parts := 0
	for forfeit() > 0 {
		if parts++; parts > 10 {
			t.Fatal("it does not come to an end")
		}
	}
	if parts != 3 {
		t.Errorf("%d parts, want two reservations and what is left", parts)
	}
	h.want(0, 0)
	if err := h.update(func(ctx context.Context, tx *tenant.Tx) error { return credit.Settle(ctx, tx, hold, 5) }); err == nil {
		t.Error("what was open is settled still")
	}
	h.hand.Advance(72 * time.Hour)
	h.want(0, 0)
	err := h.st.View(t.Context(), h.s, func(ctx context.Context, v *tenant.View) error {
		all, err := credit.Entries(ctx, v, credit.Page{})
		var said []string
		for _, e := range all {
			if e.Kind == credit.Adjusted {
				said = append(said, e.Reference)
			}
		}
		if got := strings.Join(said, ", "); got != "account deleted, account deleted" {
			t.Errorf("the ledger says %q", got)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}
