package credit

import (
	"context"
	"fmt"
	"os"
	"testing"
	"time"

	"igny8/internal/db/dbtest"
	"igny8/internal/tenant"
)

// BenchmarkVerify says what a check, the balance and a page of entries cost
// with a ledger of a thousand entries and with one of a million. It fills the
// two first, which takes longer than what it measures.
func BenchmarkVerify(b *testing.B) {
	few, many := newLedger(b, 1_000), newLedger(b, 1_000_000)
	for _, m := range []struct {
		name   string
		rounds int
		fn     func(context.Context, tenant.Reader) error
	}{
		{"check", 1, func(ctx context.Context, r tenant.Reader) error {
			c, err := Check(ctx, r)
			for _, broken := range c.Broken {
				b.Error(broken)
			}
			return err
		}},
		{"balance", 1000, func(ctx context.Context, r tenant.Reader) error {
			_, err := BalanceOf(ctx, r)
			return err
		}},
		{"newest page", 1000, func(ctx context.Context, r tenant.Reader) error {
			_, err := Entries(ctx, r, Page{})
			return err
		}},
		{"page in the middle", 1000, func(ctx context.Context, r tenant.Reader) error {
			_, err := Entries(ctx, r, Page{Before: 500})
			return err
		}},
	} {
		cost := func(l ledger) time.Duration {
			start := time.Now()
			for range m.rounds {
				if err := l.st.View(b.Context(), l.s, func(ctx context.Context, v *tenant.View) error { return m.fn(ctx, v) }); err != nil {
					b.Fatal(err)
				}
			}
			return time.Since(start) / time.Duration(m.rounds)
		}
		cost(few) // what is prepared once is prepared
		thousand, million := cost(few), cost(many)
		fmt.Fprintf(os.Stderr, "%s, %s: %s with a thousand entries, %s with a million: %.2f times\n",
			dbtest.Engine(), m.name, thousand, million, float64(million)/float64(thousand))
	}
}
