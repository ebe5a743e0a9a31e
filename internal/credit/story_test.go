package credit_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"igny8/internal/credit"
	"igny8/internal/tenant"
	"igny8/internal/tenant/tenanttest"
)

// TestStories tells of every lot and hold of a ledger with a little of
// everything what became of it.
func TestStories(t *testing.T) {
	w := newTold(t)
	lid := func(name string) credit.LotID {
		l, err := credit.ParseLotID(w.names.Replace("{" + name + "}"))
		if err != nil {
			t.Fatal(err)
		}
		return l
	}
	err := w.st.View(t.Context(), w.s, func(ctx context.Context, v *tenant.View) error {
		for name, want := range map[string]string{
			"plan":     "of 10: 10 spent, 0 held, 0 expired, 0 adjusted, 0 left, 0 owed; A 10-0",
			"bonus":    "of 10: 7 spent, 2 held, 0 expired, 1 adjusted, 0 left, 0 owed; A 2-1 B 3-3 C 2-0 D 6-0",
			"purchase": "of 20: 4 spent, 0 held, 0 expired, 16 adjusted, 0 left, 0 owed; D 4-0",
			"refund":   "of 8: 0 spent, 1 held, 0 expired, 4 adjusted, 3 left, 0 owed; E 1-0",
			"later":    "of 7: 0 spent, 0 held, 0 expired, 0 adjusted, 7 left, 0 owed;",
		} {
			s, err := credit.ExplainLot(ctx, v, lid(name))
			if err != nil {
				return err
			}
			got := fmt.Sprintf("of %d: %d spent, %d held, %d expired, %d adjusted, %d left, %d owed;", s.Amount, s.Spent, s.Held, s.Expired, s.Adjusted, s.Remaining, s.Owed)
			for after := (credit.HoldID{}); ; {
				some, err := credit.HoldsOf(ctx, v, s.ID, after, 2)
				if err != nil {
					return err
				}
				for _, h := range some {
					after = h.ID
					for _, hold := range strings.Fields("A B C D E") {
						for _, p := range h.Shares {
							if p.Lot == s.ID && h.ID.String() == w.names.Replace("{"+hold+"}") {
								got += fmt.Sprintf(" %s %d-%d", hold, p.Taken, p.Back)
							}
						}
					}
				}
				if len(some) < 2 {
					break
				}
			}
			if got != want {
				t.Errorf("%s: %s\nwant %s", name, got, want)
			}
		}
		some, err := credit.EntriesOf(ctx, v, lid("purchase"), 10)
		if err != nil || len(some) != 2 || some[0].Kind != credit.Granted || some[1].Amount != -16 {
			t.Errorf("entries of the purchase: %v, %v", some, err)
		}
		all, err := credit.Entries(ctx, v, credit.Page{})
		if err != nil {
			return err
		}
		e, err := credit.ExplainEntry(ctx, v, all[len(all)-4].ID) // entry 4
		if err != nil || e.Seq != 4 || e.Hold.String() != w.names.Replace("{A}") || !e.Lot.IsZero() {
			t.Errorf("entry 4: %+v, %v", e, err)
		}
		h, err := credit.ExplainHold(ctx, v, e.Hold)
		if err != nil || h.Used != 11 || len(h.Shares) != 2 || h.Shares[1].Paid != 1 {
			t.Errorf("hold A: %+v, %v", h, err)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	err = w.st.View(t.Context(), tenanttest.New(t, w.d), func(ctx context.Context, v *tenant.View) error {
		_, err := credit.ExplainLot(ctx, v, lid("bonus"))
		return err
	})
	if !errors.Is(err, credit.ErrLotNotFound) {
		t.Errorf("another's lot: %v", err)
	}
}
