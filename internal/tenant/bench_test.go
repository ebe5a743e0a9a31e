package tenant_test

import (
	"context"
	"testing"

	"igny8/internal/audit"
	"igny8/internal/db/dbtest"
	"igny8/internal/tenant"
	"igny8/internal/tenant/tenanttest"
)

// BenchmarkView is the smallest thing that a request does: one row of one
// account. On PostgreSQL it is three round trips (begin, read, end), whether
// or not the account is set.
func BenchmarkView(b *testing.B) {
	d := dbtest.Open(b)
	st, s := tenant.NewStore(d), tenanttest.New(b, d)
	for b.Loop() {
		err := st.View(b.Context(), s, func(ctx context.Context, v *tenant.View) error {
			return v.Get(ctx, `SELECT name FROM accounts WHERE id = $1`, nil, new(string))
		})
		if err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkViewOfMany reads a thousand rows of one account among two.
func BenchmarkViewOfMany(b *testing.B) {
	d := dbtest.Open(b)
	st := tenant.NewStore(d)
	var s tenant.Scope
	for range 2 {
		s = tenanttest.New(b, d)
		err := st.Update(b.Context(), s, func(ctx context.Context, tx *tenant.Tx) error {
			for range 1000 {
				if err := audit.Record(ctx, tx, "site.created", "site_1", nil); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			b.Fatal(err)
		}
	}
	for b.Loop() {
		err := st.View(b.Context(), s, func(ctx context.Context, v *tenant.View) error {
			all, err := audit.Of(ctx, v, audit.EventID{}, 1000)
			if len(all) != 1000 {
				b.Errorf("%d rows, want 1000", len(all))
			}
			return err
		})
		if err != nil {
			b.Fatal(err)
		}
	}
}
