package credit

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
)

// follow lets the model see what an operation answered and what it wrote.
func (m *simModel) follow(op *simOp, err error, seen *simSeen) error {
	news := seen.news
	for i := range news {
		if err := m.chain(&news[i]); err != nil {
			return err
		}
	}
	if err != nil {
		if len(news) > 0 {
			return fmt.Errorf("%w, and %d entries were written", err, len(news))
		}
		return m.mayRefuse(op, err)
	}
	f := &follower{m: m, news: news}
	if op.verb == simGrant && !slices.ContainsFunc(m.lots, func(l *modelLot) bool { return l.ref == op.lot.Reference }) {
		i := slices.IndexFunc(seen.lots, func(l *lot) bool { return l.Reference == op.lot.Reference })
		if i < 0 {
			return errors.New("granted nothing")
		}
		m.granted(op.lot, seen.lots[i].ID)
	}
	if err := f.upkeep(); err != nil {
		return err
	}
	if (f.paid || f.begun) && m.owed() > 0 && m.balance().Available > 0 {
		return fmt.Errorf("%d are owed and %d are there", m.owed(), m.balance().Available)
	}
	if err := f.verb(op); err != nil {
		return err
	}
	if err := f.upkeep(); err != nil {
		return err
	}
	if len(f.news) > 0 {
		return fmt.Errorf("nothing asked for %+v", f.news[0])
	}
	return nil
}

// follower goes through what was written.
type follower struct {
	m           *simModel
	news        []row
	paid, begun bool
}

func (f *follower) upkeep() error {
	for len(f.news) > 0 && f.m.upkeep(&f.news[0]) {
		f.paid = f.paid || f.news[0].kind == Adjusted
		f.begun = f.begun || f.news[0].kind == Granted
		if err := f.m.keep(f.next()); err != nil {
			return err
		}
	}
	return nil
}

func (f *follower) next() *row {
	if len(f.news) == 0 {
		return &row{}
	}
	e := &f.news[0]
	f.news = f.news[1:]
	return e
}

func (f *follower) verb(op *simOp) error {
	m := f.m
	h := m.hold(op.hold)
	if h != nil && m.spent(op, h) {
		return fmt.Errorf("%s of what has ended or is somebody else's", op.verb)
	}
	switch op.verb {
	case simReserve:
		for _, w := range op.wants {
			if _, err := m.reserve(f.next(), w); err != nil {
				return err
			}
		}
	case simTeller:
		return f.teller(op)
	case simSettle, simRelease:
		e := f.next()
		if settled := op.verb == simSettle; settled != (e.kind == Settled) || !settled && e.kind != Released {
			return fmt.Errorf("%s wrote %+v", op.verb, *e)
		}
		return m.end(e, h, max(0, op.used))
	case simTake:
		return f.take(op)
	case simRevoke:
		return f.revoke(op)
	case simOpen:
		h.fence++
		h.open, h.lease = true, m.now+Lease.Microseconds()
		h.handles = append(h.handles, h.fence)
	case simExtend:
		h.lease = max(m.now+Lease.Microseconds(), h.lease)
	case simReturn:
		h.open, h.lease = false, 0
	case simReclaim:
		if h.open && !h.lapses {
			h.open, h.lease = false, 0
			h.fence++
		}
	}
	return nil
}

// spent tells whether an operation on a hold must be refused.
func (m *simModel) spent(op *simOp, h *modelHold) bool {
	mine := h.open && h.fence == op.fence
	switch op.verb {
	case simOpen:
		return h.over || h.lapses || h.open && h.lease > m.now
	case simExtend:
		return h.over || !mine && !h.lapses || h.lapsed(m.now)
	case simReturn, simSettle:
		return h.over || !mine
	case simRelease:
		return h.over || h.lapsed(m.now)
	}
	return false
}

// mayRefuse tells whether the model would have refused too.
func (m *simModel) mayRefuse(op *simOp, err error) error {
	need := op.used
	for _, w := range op.wants {
		need += w.Amount
	}
	has := m.balance().Available - m.owed() // of which what is owed may have been paid
	switch h := m.hold(op.hold); {
	case errors.Is(err, ErrInsufficient) && (op.verb == simReserve || op.verb == simTake) && need > has:
		return nil
	case errors.Is(err, ErrHoldSpent) && h != nil && m.spent(op, h):
		return nil
	case errors.Is(err, ErrLotNotFound) && op.verb == simRevoke && !slices.ContainsFunc(m.lots, func(l *modelLot) bool { return l.ref == op.ref }):
		return nil
	}
	return fmt.Errorf("refused, though it can be done: %w", err)
}

func (f *follower) take(op *simOp) error {
	for left := op.used; left > 0; {
		e := f.next()
		if e.kind != Adjusted || e.reference != op.ref || -e.amount > left {
			return fmt.Errorf("took %+v", *e)
		}
		if err := f.m.spendable(e); err != nil {
			return err
		}
		left += e.amount
	}
	return nil
}

func (f *follower) revoke(op *simOp) error {
	l := f.m.lots[slices.IndexFunc(f.m.lots, func(l *modelLot) bool { return l.ref == op.ref })]
	if l.revoked {
		return nil
	}
	if !l.begun {
		if e := f.next(); e.kind != Granted || e.lot != l.id || e.amount != l.amount {
			return fmt.Errorf("took back what had not begun with %+v", *e)
		}
	}
	if n := l.rest(); n > 0 {
		if e := f.next(); e.kind != Adjusted || e.lot != l.id || e.amount != -n || e.held != 0 {
			return fmt.Errorf("took back %+v where %d are left", *e, n)
		}
	}
	f.m.revoke(l)
	return nil
}

// teller follows orders, one after the other.
func (f *follower) teller(op *simOp) error {
	m := f.m
	for i, o := range op.orders {
		var err error
		switch {
		case o.reserves() && o.err != nil:
			if !errors.Is(o.err, ErrInsufficient) || m.balance().Available >= o.want.Amount {
				err = o.err
			}
		case o.reserves():
			var h *modelHold
			if h, err = m.reserve(f.next(), o.want); err == nil {
				h.open, h.lapses, h.fence, h.lease = true, true, 1, m.now+o.lease.Microseconds()
				h.handles = []int64{1}
			}
		default:
			h := m.hold(o.ends)
			spent := h.over || !h.lapses || h.lapsed(m.now)
			switch {
			case spent && errors.Is(o.err, ErrHoldSpent):
			case spent || o.err != nil:
				err = fmt.Errorf("ended a hold that can end: %v: %w", !spent, o.err)
			default:
				e := f.next()
				if e.kind != o.kind {
					return fmt.Errorf("order %d wrote %+v", i, *e)
				}
				err = m.end(e, h, o.used)
			}
		}
		if err == nil {
			err = f.upkeep()
		}
		if err != nil {
			return fmt.Errorf("order %d: %w", i, err)
		}
	}
	return nil
}

// compare compares what is written with what must be.
func (m *simModel) compare(seen *simSeen) error {
	b := m.balance()
	due := seen.next != 0 && seen.next <= m.now
	switch {
	case seen.row != m.sum:
		return fmt.Errorf("the balance is %+v and the ledger says %+v", seen.row, m.sum)
	case seen.balance != b:
		return fmt.Errorf("the balance is answered as %+v and must be %+v", seen.balance, b)
	case !due && seen.row != b:
		return fmt.Errorf("the balance is written as %+v and must be %+v, with nothing due", seen.row, b)
	case !due && seen.owed != m.owed():
		return fmt.Errorf("%d are owed and it must be %d", seen.owed, m.owed())
	case b.Available < 0 || b.Held < 0:
		return fmt.Errorf("less than nothing: %+v", b)
	case len(seen.lots) != len(m.lots):
		return fmt.Errorf("%d lots and it must be %d", len(seen.lots), len(m.lots))
	}
	granted, went := Credits(0), seen.row.Available+seen.row.Held
	for i, l := range m.lots {
		if s := seen.lots[i]; s.ID != l.id || s.Remaining != l.rest() || s.Remaining < 0 || s.counted != l.begun || s.revoked != l.revoked {
			return fmt.Errorf("lot %d is %+v and must be %+v", i, *s, *l)
		}
		if l.begun {
			granted += l.amount
			went += l.used + l.taken + l.ended
		}
	}
	if granted != went {
		return fmt.Errorf("%d were granted, and %d are accounted for", granted, went)
	}
	return nil
}

// simLink is the link of an entry, written again from its description: the
// version and the link before, then texts with their length in front and
// numbers of eight bytes.
func simLink(prev chainHash, account string, e *row) (link chainHash) {
	var s strings.Builder
	say := func(parts ...any) {
		for _, p := range parts {
			switch v := p.(type) {
			case string:
				s.Write(binary.AppendUvarint(nil, uint64(len(v))))
				_, _ = io.WriteString(&s, v)
			case int64:
				s.Write(binary.BigEndian.AppendUint64(nil, uint64(v)))
			}
		}
	}
	s.WriteString("igny8 credit entry 1" + string(prev[:]))
	say(account, e.seq, e.id.String(), string(e.kind), int64(e.amount), int64(e.balance), int64(e.held), int64(e.heldAfter))
	say(string(e.operation), e.reference, e.hold.String(), e.lot.String(), e.actor, e.at)
	return sha256.Sum256([]byte(s.String()))
}
