package identity

import (
	"cmp"
	"context"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"igny8/internal/clock"
	"igny8/internal/db"
	"igny8/internal/tenant"
)

// How exactly the last use of a key is written down, and how often that may be
// a commit. Each commit makes the gate look at everything anew that it
// remembers (see memory), so one for each key would cost all the others.
const (
	useEvery   = time.Minute
	writeEvery = 5 * time.Second
	useTimeout = 2 * time.Second
)

// use is a key that was used.
type use struct {
	scope tenant.Scope
	key   APIKeyID
	at    time.Time
}

// uses collects what is to be written down. The zero uses is empty.
type uses struct {
	mu      sync.Mutex
	noted   map[APIKeyID]time.Time // in the last minute
	waiting []use
	written time.Time
}

// note takes note of a key, unless it did so within the minute, and gives back
// what is to be written now, if anything is.
func (u *uses) note(c Caller, now time.Time) []use {
	u.mu.Lock()
	defer u.mu.Unlock()
	if before, there := u.noted[c.Key]; there && now.Sub(before) < useEvery {
		return nil
	}
	if u.noted == nil {
		u.noted = map[APIKeyID]time.Time{}
	}
	u.noted[c.Key] = now
	u.waiting = append(u.waiting, use{c.Scope, c.Key, now})
	if now.Sub(u.written) < writeEvery {
		return nil
	}
	return u.take(now)
}

// take gives back what waits; the caller holds the lock.
func (u *uses) take(now time.Time) []use {
	all := u.waiting
	u.waiting, u.written = nil, now
	for k, at := range u.noted {
		if now.Sub(at) >= useEvery {
			delete(u.noted, k)
		}
	}
	return all
}

// noteUse takes note that a key was used, at most once a minute, and writes
// down those that were noted, at most every five seconds.
func (s *Service) noteUse(ctx context.Context, c Caller, last time.Time) {
	if c.Key.IsZero() {
		return
	}
	if now := s.clock.Now(); now.Sub(last) >= useEvery {
		s.writeDown(ctx, s.uses.note(c, now))
	}
}

// NoteUses writes down the uses of keys after which nobody came, until ctx
// ends, and then the last ones.
func (s *Service) NoteUses(ctx context.Context) {
	tick := time.NewTicker(writeEvery)
	defer tick.Stop()
	for open := true; open; {
		select {
		case <-tick.C:
		case <-ctx.Done():
			open = false
		}
		s.uses.mu.Lock()
		all := s.uses.take(s.clock.Now())
		s.uses.mu.Unlock()
		s.writeDown(ctx, all)
	}
}

// writeDown writes uses in one transaction, each into its account. The
// requests have been let in by then: if this fails, it is logged, and they
// go on.
func (s *Service) writeDown(ctx context.Context, all []use) {
	if len(all) == 0 {
		return
	}
	// By account and key, so that two processes lock in one order.
	slices.SortFunc(all, func(a, b use) int {
		return cmp.Or(cmp.Compare(a.scope.Account().String(), b.scope.Account().String()), cmp.Compare(a.key.String(), b.key.String()))
	})
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), useTimeout)
	defer cancel()
	err := s.d.Update(ctx, func(ctx context.Context, tx *db.Tx) error {
		for rest := all; len(rest) > 0; {
			n := 1
			for n < min(len(rest), mostInOne) && rest[n].scope.Account() == rest[0].scope.Account() {
				n++
			}
			some := rest[:n]
			rest = rest[n:]
			if err := tenant.Within(ctx, tx, some[0].scope, func(tx *tenant.Tx) error { return writeUses(ctx, tx, some) }); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		s.log.WarnContext(ctx, "uses of API keys were not written down", "keys", len(all), "err", err)
	}
}

// mostInOne is how many keys one statement names.
const mostInOne = 50

// writeUses writes down the uses of some keys of one account, all as of the last.
func writeUses(ctx context.Context, tx *tenant.Tx, some []use) error {
	at := slices.MaxFunc(some, func(a, b use) int { return a.at.Compare(b.at) }).at
	args := []any{clock.Micros(at), clock.Micros(at.Add(-useEvery))}
	var named strings.Builder
	for i, u := range some {
		args = append(args, u.key)
		if i > 0 {
			named.WriteString(", ")
		}
		named.WriteString("$" + strconv.Itoa(i+4))
	}
	_, err := tx.Exec(ctx, `
		UPDATE api_keys SET last_used_at = $2
		WHERE account_id = $1 AND (last_used_at IS NULL OR last_used_at <= $3) AND id IN (`+named.String()+`)`, args...)
	return err
}
