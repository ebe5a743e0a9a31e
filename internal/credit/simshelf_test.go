package credit

import (
	"errors"
	"slices"

	"igny8/internal/tenant"
)

// simShelf is the tables of one account, in memory. It reads and writes a book
// as shelf.go does with SQL: all of a transaction or nothing, whatever happens
// in between.
type simShelf struct {
	account, actor  string
	now             int64
	available, held Credits
	seq, next       int64
	head            chainHash
	lots            []*lot // in the order of spending
	holds           map[HoldID]*simHold
	open            []*simHold // that have not ended
	owed            []*Debt
	log             []row

	crash simCrash
	undo  []func()
}

// simHold is a row of credit_holds with its rows of credit_hold_lots.
type simHold struct {
	hold
	took []simPart
}

type simPart struct {
	lot    LotID
	amount Credits
}

// simCrash is when a process dies: after so many records of its transaction,
// or, with none left to write, before the commit; or after it, unheard.
type simCrash struct {
	dies  bool
	after int
	lost  bool
}

var (
	errSimDied = errors.New("died before the commit")
	errSimLost = errors.New("died after the commit")
)

func newSimShelf(s tenant.Scope) *simShelf {
	return &simShelf{account: s.Account().String(), actor: s.Actor().String(), holds: map[HoldID]*simHold{}}
}

func (s *simShelf) doing() doing { return doing{actor: s.actor, now: s.now} }

// tx is a transaction.
func (s *simShelf) tx(fn func() error) error {
	err := fn()
	if err == nil && s.crash.dies {
		err = errSimDied
	}
	if err != nil {
		for _, u := range slices.Backward(s.undo) {
			u()
		}
	}
	s.undo = s.undo[:0]
	if err == nil && s.crash.lost {
		err = errSimLost
	}
	return err
}

// record is a statement that writes, and how it is rolled back.
func (s *simShelf) record(undo func()) error {
	if s.crash.dies {
		if s.crash.after--; s.crash.after < 0 {
			return errSimDied
		}
	}
	s.undo = append(s.undo, undo)
	return nil
}

func (s *simShelf) read() *book {
	b := &book{account: s.account, available: s.available, held: s.held, seq: s.seq, head: s.head, next: s.next, was: s.seq, looked: s.next}
	for _, l := range s.lots {
		if l.Remaining > 0 {
			b.lots = append(b.lots, new(*l))
		}
	}
	return b
}

func (s *simShelf) lot(id LotID) *lot {
	i := slices.IndexFunc(s.lots, func(l *lot) bool { return l.ID == id })
	if i < 0 {
		return nil
	}
	return s.lots[i]
}

// take reads a hold and the lots that it came from.
func (s *simShelf) take(b *book, row *simHold) (*hold, error) {
	h := new(row.hold)
	for _, p := range row.took {
		if l := s.lot(p.lot); b.lot(p.lot) == nil && l != nil {
			b.add(new(*l))
		}
		if err := h.took(b.lot(p.lot), p.lot, p.amount); err != nil {
			return nil, err
		}
	}
	return h, nil
}

func (s *simShelf) current() (*book, error) {
	b := s.read()
	if !b.due(s.now) {
		return b, nil
	}
	return b, s.catchTime(b)
}

func (s *simShelf) catchTime(b *book) error {
	var lapsed []*hold
	var lease int64
	due := make([]*simHold, 0, len(s.open))
	for _, h := range s.open {
		switch {
		case !h.lapses:
		case h.lease <= s.now:
			due = append(due, h)
		case lease == 0 || h.lease < lease:
			lease = h.lease
		}
	}
	slices.SortStableFunc(due, func(a, b *simHold) int { return int(min(1, max(-1, a.lease-b.lease))) })
	for _, row := range due {
		h, err := s.take(b, row)
		if err != nil {
			return err
		}
		lapsed = append(lapsed, h)
	}
	b.debts = nil
	for _, o := range s.owed {
		if o.Remaining > 0 {
			b.debts = append(b.debts, &debt{Debt: *o})
		}
	}
	b.mature(s.doing(), lapsed, lease)
	_, err := b.repay(s.doing())
	return err
}

// write writes down what the book did.
func (s *simShelf) write(b *book) error {
	if b.seq != b.was || b.next != b.looked {
		if s.seq != b.was {
			return errMoved
		}
		a, h, q, n, d := s.available, s.held, s.seq, s.next, s.head
		if err := s.record(func() { s.available, s.held, s.seq, s.next, s.head = a, h, q, n, d }); err != nil {
			return err
		}
		s.available, s.held, s.seq, s.next, s.head = b.available, b.held, b.seq, b.next, b.head
	}
	for _, l := range b.lots {
		if l.state == clean {
			continue
		}
		if err := s.writeLot(l); err != nil {
			return err
		}
	}
	for _, d := range b.debts {
		if d.state == clean {
			continue
		}
		row := s.debt(d.Lot)
		old := *row
		if err := s.record(func() { *row = old }); err != nil {
			return err
		}
		row.Remaining, d.state = d.Remaining, clean
	}
	for _, h := range b.holds {
		if err := s.writeHold(h); err != nil {
			return err
		}
	}
	for _, e := range b.entries {
		n := len(s.log)
		if err := s.record(func() { s.log = s.log[:n] }); err != nil {
			return err
		}
		s.log = append(s.log, e)
	}
	b.was, b.looked, b.holds, b.entries = b.seq, b.next, nil, nil
	return nil
}

func (s *simShelf) writeLot(l *lot) error {
	row, lots := s.lot(l.ID), s.lots
	old, moved := *row, row.expires != l.expires
	if err := s.record(func() { *row, s.lots = old, lots }); err != nil {
		return err
	}
	row.Remaining, row.counted, row.revoked, row.expires = l.Remaining, l.counted, l.revoked, l.expires
	if moved {
		s.lots = slices.Clone(lots)
		slices.SortFunc(s.lots, (*lot).order)
	}
	l.state = clean
	return nil
}

func (s *simShelf) debt(l LotID) *Debt {
	i := slices.IndexFunc(s.owed, func(d *Debt) bool { return d.Lot == l })
	return s.owed[i]
}

func (s *simShelf) writeHold(h *hold) error {
	open := slices.Clone(s.open)
	if h.state == changed {
		row := s.holds[h.id]
		if row.ended != 0 {
			return errMoved
		}
		old := row.hold
		if err := s.record(func() { row.hold, s.open = old, open }); err != nil {
			return err
		}
		row.status, row.used, row.lease, row.ended = h.status, h.used, 0, h.ended
		s.open = slices.DeleteFunc(s.open, func(o *simHold) bool { return o == row })
		h.state = clean
		return nil
	}
	if err := s.record(func() { delete(s.holds, h.id); s.open = open }); err != nil {
		return err
	}
	h.state = clean
	row := &simHold{hold: *h}
	row.parts = nil
	for _, p := range h.parts {
		row.took = append(row.took, simPart{p.lot.ID, p.amount})
	}
	s.holds[h.id] = row
	if h.ended == 0 {
		s.open = append(s.open, row)
	}
	return nil
}
