package db_test

import (
	"context"
	"testing"

	"igny8/internal/db"
	"igny8/internal/db/dbtest"
)

// BenchmarkReach is the smallest transaction, one row by its key, for nobody's
// rows, for an account as it is done, and for an account that is set in a
// round trip of its own.
func BenchmarkReach(b *testing.B) {
	d := dbtest.Open(b)
	read := func(ctx context.Context, v *db.View) error {
		return v.Get(ctx, `SELECT count(*) FROM plans WHERE id = $1`, []any{"pln_none"}, new(int))
	}
	for _, bb := range []struct {
		name string
		view func() error
	}{
		{"none", func() error { return d.View(b.Context(), read) }},
		{"account", func() error { return d.ViewOf(b.Context(), "acc_a", read) }},
		{"account apart", func() error {
			return d.View(b.Context(), func(ctx context.Context, v *db.View) error {
				if err := v.Get(ctx, `SELECT set_config('igny8.account', $1, true)`, []any{"acc_a"}, new(string)); err != nil {
					return err
				}
				return read(ctx, v)
			})
		}},
	} {
		b.Run(bb.name, func(b *testing.B) {
			if d.Engine() != db.Postgres && bb.name == "account apart" {
				b.Skip("SQLite has no settings to set")
			}
			for b.Loop() {
				if err := bb.view(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
