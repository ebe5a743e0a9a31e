package credit

import "fmt"

// balance is BalanceOf.
func (s *simShelf) balance() Balance {
	if s.next == 0 || s.next > s.now {
		return Balance{s.available, s.held}
	}
	b := Balance{Held: s.held}
	counts := func(l *lot) bool { return !l.revoked && l.effective <= s.now && (l.expires == 0 || l.expires > s.now) }
	for _, l := range s.lots {
		if counts(l) {
			b.Available += l.Remaining
		}
	}
	for _, h := range s.open {
		if !h.lapses || h.lease > s.now {
			continue
		}
		b.Held -= h.amount
		for _, p := range h.took {
			if counts(s.lot(p.lot)) {
				b.Available += p.amount
			}
		}
	}
	return b
}

// see shows what is written.
func (s *simShelf) see(after int64) (simSeen, error) {
	seen := simSeen{row: Balance{s.available, s.held}, balance: s.balance(), next: s.next, lots: s.lots, news: s.log[after:]}
	for _, d := range s.owed {
		seen.owed += d.Remaining
	}
	return seen, nil
}

// verify is the check of everything from the ledger's first entry.
func (s *simShelf) verify() error {
	var sum Balance
	var head chainHash
	var ends, begins = map[HoldID]int{}, map[HoldID]int{}
	for i := range s.log {
		e := &s.log[i]
		sum.Available, sum.Held = sum.Available+e.amount, sum.Held+e.held
		head = head.link(s.account, e)
		if e.seq != int64(i+1) || e.balance != sum.Available || e.heldAfter != sum.Held || e.hash != head {
			return fmt.Errorf("entry %d does not continue the ledger: %+v", i+1, e)
		}
		switch e.kind {
		case Reserved:
			begins[e.hold]++
		case Settled, Released:
			ends[e.hold]++
		case Granted, Expired, Adjusted:
		}
	}
	if sum != (Balance{s.available, s.held}) || head != s.head {
		return fmt.Errorf("the ledger ends with %+v and the balance says %d and %d", sum, s.available, s.held)
	}
	for _, h := range s.holds {
		if ended := ends[h.id] == 1; begins[h.id] != 1 || ends[h.id] > 1 || ended != (h.ended != 0) {
			return fmt.Errorf("hold %s begins %d times and ends %d times", h.id, begins[h.id], ends[h.id])
		}
	}
	return nil
}
