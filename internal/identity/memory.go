package identity

import (
	"sync"

	"igny8/internal/db"
)

// memory remembers credentials that were let in: what they prove by themselves,
// and what the database said of them, with the moment that was asked for
// before it was read. It is true while the database is at that moment, and is
// looked at for nothing else. The zero memory is empty.
type memory struct {
	mu  sync.RWMutex
	all map[name]*entry
}

// entry is never changed.
type entry struct {
	proof
	facts
	moment db.Moment
}

// mostKept bounds the memory that this takes: about 20 MB.
const mostKept = 16 << 10

func (m *memory) of(n name) *entry {
	m.mu.RLock()
	defer m.mu.RUnlock()
	return m.all[n]
}

func (m *memory) keep(n name, e *entry) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.all == nil {
		m.all = map[name]*entry{}
	}
	if _, there := m.all[n]; !there && len(m.all) >= mostKept {
		for other := range m.all { // begins anywhere; who is in use is soon back
			delete(m.all, other)
			break
		}
	}
	m.all[n] = e
}
