package credit_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"

	"igny8/internal/account"
	"igny8/internal/credit"
	"igny8/internal/fault"
	"igny8/internal/tenant"
)

func (h *house) adjust(n credit.Credits, reason string) error {
	return h.update(func(ctx context.Context, tx *tenant.Tx) error {
		_, err := credit.Adjust(ctx, tx, n, reason)
		return err
	})
}

func TestAdjust(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	if err := h.adjust(-1, "of nothing"); !errors.Is(err, credit.ErrInsufficient) {
		t.Errorf("taken from an account without a balance: %v", err)
	}
	h.grant(credit.NewLot{Source: credit.PlanCredits, Reference: "plan", Amount: 10})
	if err := h.adjust(5, "a present"); err != nil {
		t.Fatal(err)
	}
	h.reserve(4)
	h.want(11, 4)
	if err := h.adjust(-8, "taken over two lots"); err != nil {
		t.Fatal(err)
	}
	h.want(3, 4)
	h.sound()
	err := h.adjust(-4, "one more than is available")
	if f := fault.Of(err); !errors.Is(err, credit.ErrInsufficient) || f.Extra["needed"] != credit.Credits(4) || f.Extra["available"] != credit.Credits(3) || f.Extra["held"] != credit.Credits(4) {
		t.Errorf("got %v with %v", err, f.Extra)
	}
	h.want(3, 4)
	err = h.st.View(t.Context(), h.s, func(ctx context.Context, v *tenant.View) error {
		all, err := credit.Entries(ctx, v, credit.Page{})
		var kinds []string
		for _, e := range all {
			kinds = append(kinds, string(e.Kind))
			if e.Kind == credit.Adjusted && (e.Amount >= 0 || e.Spent() != 0) {
				t.Errorf("entry %+v", e)
			}
		}
		if got := strings.Join(kinds, " "); got != "adjust adjust reserve grant grant" {
			t.Errorf("the ledger says %s", got)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range []credit.Credits{0, 1_000_000_001, -1_000_000_001} {
		if err := h.adjust(n, "x"); !errors.Is(err, credit.ErrInvalidAdjust) {
			t.Errorf("by %d: %v", n, err)
		}
	}
	if err := h.adjust(1, " "); !errors.Is(err, account.ErrInvalidReason) {
		t.Errorf("without a reason: %v", err)
	}
}

// Takers who come at once never take more than there is.
func TestAdjustingAtOnce(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.grant(credit.NewLot{Source: credit.PlanCredits, Reference: "plan", Amount: 10})
	errs := make([]error, 8)
	var wg sync.WaitGroup
	for i := range errs {
		wg.Go(func() { errs[i] = h.adjust(-3, "a race") })
	}
	wg.Wait()
	took := 0
	for _, err := range errs {
		switch {
		case err == nil:
			took++
		case !errors.Is(err, credit.ErrInsufficient):
			t.Error(err)
		}
	}
	if took != 3 {
		t.Errorf("%d took 3 of 10 credits, want 3", took)
	}
	h.want(1, 0)
	h.sound()
}
