package credit

import (
	"context"
	"strings"
	"testing"

	"igny8/internal/db"
	"igny8/internal/db/dbtest"
	"igny8/internal/tenant"
	"igny8/internal/tenant/tenanttest"
)

// TestUsageReadsNoMoreThanItMust asks SQLite how it would read the usage: no
// table from one end to the other, however much is in it.
func TestUsageReadsNoMoreThanItMust(t *testing.T) {
	if dbtest.Engine() != db.SQLite {
		t.Skip("PostgreSQL plans by what is in the tables, and they are empty")
	}
	d := dbtest.Open(t)
	st, s := tenant.NewStore(d), tenanttest.New(t, d)
	err := st.View(t.Context(), s, func(ctx context.Context, v *tenant.View) error {
		return v.Each(ctx, `EXPLAIN QUERY PLAN SELECT * FROM `+usageSums, []any{1, 2}, func(scan tenant.Scan) error {
			var step, within, unused int64
			var what string
			err := scan(&step, &within, &unused, &what)
			for _, table := range []string{"credit_usage", "credit_usage_cursor", "credit_entries", "h", "o"} {
				if strings.HasPrefix(what, "SCAN "+table+" ") || what == "SCAN "+table {
					t.Error(what)
				}
			}
			if strings.Contains(what, "SEARCH credit_entries") && !strings.Contains(what, "seq>?") {
				t.Error(what)
			}
			return err
		})
	})
	if err != nil {
		t.Fatal(err)
	}
}
