package credit

import (
	"cmp"
	"slices"

	"igny8/internal/clock"
	"igny8/internal/id"
)

func (s *simShelf) at(now int64) { s.now = now }

// do does an operation as the functions of the package do it.
func (s *simShelf) do(op *simOp, crash simCrash) error {
	s.crash = crash
	return s.tx(func() error {
		switch op.verb {
		case simGrant:
			return s.grant(op.lot)
		case simOpen, simExtend, simReturn, simReclaim:
			return s.mark(op)
		case simRevoke:
			return s.revoke(op.ref)
		case simTeller:
			return s.teller(op.orders)
		case simSettle:
			return s.end(op.hold, Settled, op.used, op.fence)
		case simRelease:
			return s.end(op.hold, Released, 0, 0)
		}
		b, err := s.current()
		switch {
		case err != nil:
			return err
		case op.verb == simReserve:
			err = s.reserve(b, op.wants)
		case op.verb == simTake:
			err = b.take(s.doing(), op.used, op.ref)
		}
		if err != nil {
			return err
		}
		return s.write(b)
	})
}

func (s *simShelf) grant(n NewLot) error {
	if slices.ContainsFunc(s.lots, func(l *lot) bool { return l.Reference == n.Reference }) {
		return nil
	}
	l := &lot{Lot: Lot{ID: id.New[lotKind](), Source: n.Source, Reference: n.Reference, Amount: n.Amount, Remaining: n.Amount},
		priority: n.Source.priority(), effective: clock.Micros(n.Effective), expires: simEnd(n.Expires)}
	lots := slices.Clone(s.lots)
	if err := s.record(func() { s.lots = lots }); err != nil {
		return err
	}
	at, _ := slices.BinarySearchFunc(s.lots, l, (*lot).order)
	s.lots = slices.Insert(s.lots, at, l)
	b := s.read()
	b.bringForward(l.effective)
	if b.due(s.now) {
		if err := s.catchTime(b); err != nil {
			return err
		}
	}
	return s.write(b)
}

func (s *simShelf) reserve(b *book, wants []Want) error {
	var sum Credits
	for _, w := range wants {
		sum += w.Amount
	}
	if b.available < sum {
		return b.short(sum)
	}
	for _, w := range wants {
		if _, err := b.reserve(s.doing(), w, 0); err != nil {
			return err
		}
	}
	return nil
}

// mark changes the row of a hold and no credits.
func (s *simShelf) mark(op *simOp) error {
	h := s.holds[op.hold]
	if h == nil {
		return ErrHoldNotFound
	}
	to, ok := h.hold, false
	switch until := s.now + Lease.Microseconds(); op.verb {
	case simOpen:
		ok = h.status == reserved || h.status == opened && !h.lapses && h.lease <= s.now
		to.status, to.fence, to.lease = opened, h.fence+1, until
	case simExtend:
		ok = h.status == opened && h.fence == op.fence
		if h.lapses { // Prolong
			ok = h.ended == 0 && h.lease > s.now
		}
		to.lease = max(until, h.lease)
	case simReturn:
		ok = h.status == opened && h.fence == op.fence
		to.status, to.lease = reserved, 0
	case simReclaim:
		if h.status != opened || h.lapses {
			return nil
		}
		ok = true
		to.status, to.lease, to.fence = reserved, 0, h.fence+1
	}
	if !ok {
		return ErrHoldSpent
	}
	old := h.hold
	if err := s.record(func() { h.hold = old }); err != nil {
		return err
	}
	h.hold = to
	return nil
}

// end ends a hold; a fence of zero is that of nobody.
func (s *simShelf) end(hid HoldID, kind Kind, used Credits, fence int64) error {
	b, err := s.current()
	if err == nil {
		err = s.write(b)
	}
	if err != nil {
		return err
	}
	row := s.holds[hid]
	switch {
	case row == nil:
		return ErrHoldNotFound
	case row.ended != 0, kind == Settled && (row.status != opened || row.fence != fence):
		return ErrHoldSpent
	}
	h, err := s.take(b, row)
	if err != nil {
		return err
	}
	b.end(s.doing(), h, kind, max(0, min(used, h.amount)))
	if b.due(s.now) {
		if err := s.write(b); err != nil {
			return err
		}
		if err := s.catchTime(b); err != nil {
			return err
		}
	}
	return s.write(b)
}

func (s *simShelf) revoke(ref string) error {
	b, err := s.current()
	if err != nil {
		return err
	}
	i := slices.IndexFunc(s.lots, func(l *lot) bool { return l.Reference == ref })
	if i < 0 {
		return ErrLotNotFound
	}
	if b.lot(s.lots[i].ID) == nil {
		b.add(new(*s.lots[i]))
	}
	l := b.lot(s.lots[i].ID)
	if l.revoked {
		return nil
	}
	if !l.counted {
		b.begin(s.doing(), l)
	}
	if err := s.write(b); err != nil {
		return err
	}
	owed := l.Amount - l.Remaining
	for i := range s.log {
		if e := &s.log[i]; e.lot == l.ID && (e.kind == Expired || e.kind == Adjusted) {
			owed += e.amount
		}
	}
	if l.Remaining > 0 {
		b.shrink(s.doing(), l, l.Remaining, Adjusted, l.Reference)
	}
	l.revoke(s.now)
	if err := s.write(b); err != nil || owed == 0 {
		return err
	}
	debts := slices.Clone(s.owed)
	if err := s.record(func() { s.owed = debts }); err != nil {
		return err
	}
	s.owed = append(s.owed, &Debt{Lot: l.ID, Reference: ref, Amount: owed, Remaining: owed, Created: clock.FromMicros(s.now)})
	slices.SortFunc(s.owed, func(a, b *Debt) int {
		return cmp.Or(a.Created.Compare(b.Created), cmp.Compare(a.Lot.String(), b.Lot.String()))
	})
	return nil
}

// teller is what a teller does in turn.
func (s *simShelf) teller(orders []*order) error {
	b, err := s.current()
	if err == nil {
		err = s.write(b)
	}
	holds := map[HoldID]*hold{}
	for _, o := range orders {
		if row := s.holds[o.ends]; err == nil && row != nil && holds[o.ends] == nil {
			holds[o.ends], err = s.take(b, row)
		}
	}
	if err != nil {
		return err
	}
	g := &group{account: s.account, orders: orders}
	if err := g.apply(b, s.now, holds); err != nil {
		return err
	}
	return s.write(b)
}
