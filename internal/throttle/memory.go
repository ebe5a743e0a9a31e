package throttle

import (
	"context"
	"hash/maphash"
	"sync"

	"igny8/internal/clock"
)

// How much memory buckets may take: about 30 MB when all are in use.
const (
	shardCount = 64
	shardLimit = 4096
	firstSweep = 64
)

// Memory keeps the buckets of one process. A bucket that is full again is as
// good as none, and is dropped.
type Memory struct {
	clock  clock.Clock
	seed   maphash.Seed
	shards [shardCount]shard
}

type shard struct {
	mu    sync.Mutex
	full  map[Key]int64 // when the bucket is full again, in microseconds
	sweep int           // how many more may come before those that are full are dropped
}

// NewMemory makes a Memory on a clock.
func NewMemory(c clock.Clock) *Memory {
	m := &Memory{clock: c, seed: maphash.MakeSeed()}
	for i := range m.shards {
		m.shards[i].full, m.shards[i].sweep = map[Key]int64{}, firstSweep
	}
	return m
}

// Take implements Store.
func (m *Memory) Take(_ context.Context, k Key, r Rate) Decision {
	now := clock.Micros(m.clock.Now())
	s := &m.shards[maphash.Comparable(m.seed, k)%shardCount]
	s.mu.Lock()
	defer s.mu.Unlock()
	before, there := s.full[k]
	next, d := r.take(now, before)
	d.Scope = k.scope
	if !there {
		if next <= now {
			return d
		}
		s.makeRoom(now)
	}
	s.full[k] = next
	return d
}

// Len is how many buckets are kept.
func (m *Memory) Len() int {
	n := 0
	for i := range m.shards {
		s := &m.shards[i]
		s.mu.Lock()
		n += len(s.full)
		s.mu.Unlock()
	}
	return n
}

// makeRoom drops what is full again, each time that as many have come as there
// were. Where that is not enough, as under a flood from many addresses, it
// drops the fullest of a few, which loses least.
func (s *shard) makeRoom(now int64) {
	if s.sweep--; s.sweep <= 0 {
		for k, full := range s.full {
			if full <= now {
				delete(s.full, k)
			}
		}
		s.sweep = max(len(s.full), firstSweep)
	}
	if len(s.full) >= shardLimit {
		s.dropOne()
	}
}

func (s *shard) dropOne() {
	const look = 8
	var victim Key
	var least int64
	seen := 0
	for k, full := range s.full { // begins anywhere
		if seen == 0 || full < least {
			victim, least = k, full
		}
		if seen++; seen == look {
			break
		}
	}
	delete(s.full, victim)
}
