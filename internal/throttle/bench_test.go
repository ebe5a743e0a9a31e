package throttle_test

import (
	"testing"

	"igny8/internal/clock"
	"igny8/internal/throttle"
	"igny8/internal/throttle/redistest"
)

// takes measures decisions about 1,000 accounts.
func takes(b *testing.B, s throttle.Store) {
	keys := make([]throttle.Key, 1000)
	for i := range keys {
		keys[i] = one()
	}
	rate := throttle.PerMinute(600)
	b.ReportAllocs()
	b.RunParallel(func(p *testing.PB) {
		for i := 0; p.Next(); i++ {
			s.Take(b.Context(), keys[i%len(keys)], rate)
		}
	})
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "ops/s")
}

func BenchmarkMemory(b *testing.B) { takes(b, throttle.NewMemory(clock.Clock{})) }

func BenchmarkRedis(b *testing.B) {
	s := process(b, redistest.Start(b).URL(), new(logbook))
	b.ResetTimer()
	takes(b, s)
	if st := s.State(); st.Fallbacks != 0 {
		b.Errorf("Redis was away: %+v", st)
	}
}

func BenchmarkRedisClients64(b *testing.B) {
	s := process(b, redistest.Start(b).URL(), new(logbook))
	b.SetParallelism(32)
	b.ResetTimer()
	takes(b, s)
}
