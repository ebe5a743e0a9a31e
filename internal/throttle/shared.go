package throttle

import (
	"context"
	"crypto/rand"
	"log/slog"
	"sync/atomic"
	"time"

	"igny8/internal/clock"
)

// How a process tells the others that it is there.
const (
	beatEvery = time.Second
	beatLease = 5 * beatEvery
)

// Shared keeps buckets in Redis, where several processes share them. While
// Redis is away, each process keeps its own in memory, and lets through its
// share of the rate: that of one among as many as there were. A process that
// has not seen Redis yet takes itself for the only one.
//
// When Redis goes and when it is back, the buckets of the other side are as
// full as they were left there, so that whoever used up one side may use the
// other: at most one burst more than the rate.
type Shared struct {
	redis   buckets
	local   *Memory
	log     *slog.Logger
	clock   clock.Clock
	process string

	away      atomic.Bool
	processes atomic.Int64
	since     atomic.Int64 // when Redis came back, in microseconds
	losses    atomic.Int64
	fallbacks atomic.Int64
}

// State is what Shared has to tell an operator.
type State struct {
	Away      bool  // Redis does not answer
	Processes int64 // that share the rates, as last seen
	Losses    int64 // how often Redis went away
	Fallbacks int64 // how many requests were decided without it
}

// NewShared makes a Shared on the Redis at a redis:// or rediss:// URL, and
// says there that this process is alive. Redis need not be there. The caller
// runs Beat, and closes it.
func NewShared(ctx context.Context, url string, log *slog.Logger, c clock.Clock) (*Shared, error) {
	b, err := openRedis(url)
	if err != nil {
		return nil, err
	}
	s := &Shared{redis: b, local: NewMemory(c), log: log, clock: c, process: rand.Text()}
	s.processes.Store(1)
	s.beat(ctx)
	return s, nil
}

// Take implements Store. It waits for Redis a quarter of a second at most, and
// not at all while Redis is known to be away.
func (s *Shared) Take(ctx context.Context, k Key, r Rate) Decision {
	if !s.away.Load() {
		// Who hangs up is counted all the same, and does not look like a Redis
		// that is away.
		d, err := s.redis.take(context.WithoutCancel(ctx), k, r)
		if err == nil {
			return d
		}
		s.lost(ctx, err)
	}
	s.fallbacks.Add(1)
	return s.local.Take(ctx, k, r.Share(s.processes.Load()))
}

// Beat says again and again that this process is alive, and notices when Redis
// is back, until ctx ends.
func (s *Shared) Beat(ctx context.Context) {
	tick := time.NewTicker(beatEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			s.beat(ctx)
		}
	}
}

func (s *Shared) beat(ctx context.Context) {
	n, err := s.redis.beat(ctx, s.process, beatLease)
	switch {
	case ctx.Err() != nil:
		return
	case err != nil:
		s.lost(ctx, err)
		return
	}
	now := clock.Micros(s.clock.Now())
	if s.away.CompareAndSwap(true, false) {
		s.since.Store(now)
		s.log.InfoContext(ctx, "throttle: Redis is back; rates are shared again", "fallbacks", s.fallbacks.Load())
	}
	// A Redis that has just come back may not have heard of all of us yet.
	if n < s.processes.Load() && now-s.since.Load() < beatLease.Microseconds() {
		return
	}
	s.processes.Store(n)
}

func (s *Shared) lost(ctx context.Context, err error) {
	if s.away.CompareAndSwap(false, true) {
		s.losses.Add(1)
		s.log.WarnContext(ctx, "throttle: Redis is away; this process lets through its share", "processes", s.processes.Load(), "err", err)
	}
}

// State is how it is going.
func (s *Shared) State() State {
	return State{Away: s.away.Load(), Processes: s.processes.Load(), Losses: s.losses.Load(), Fallbacks: s.fallbacks.Load()}
}

// Close says that this process goes, where Redis is there to hear it. If it is
// not, the lease of the last beat says it later.
func (s *Shared) Close(ctx context.Context) error {
	if !s.away.Load() {
		if err := s.redis.leave(ctx, s.process); err != nil {
			s.lost(ctx, err)
		}
	}
	return s.redis.c.Close()
}
