package db_test

import (
	"testing"

	"igny8/internal/db/dbtest"
)

// BenchmarkMoment is what one caller waits, and what each of a crowd costs.
func BenchmarkMoment(b *testing.B) {
	d := dbtest.Open(b)
	b.Run("alone", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := d.Moment(b.Context()); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("crowd", func(b *testing.B) {
		b.SetParallelism(8)
		b.RunParallel(func(p *testing.PB) {
			for p.Next() {
				if _, err := d.Moment(b.Context()); err != nil {
					b.Error(err)
					return
				}
			}
		})
	})
}
