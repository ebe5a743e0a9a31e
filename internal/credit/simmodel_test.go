package credit

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"
)

// simModel is an account as it must be. It keeps no balance: what is available
// is worked out from what became of each lot and from the time alone. It
// follows the ledger, and lets no entry pass that nothing asked for.
type simModel struct {
	account string
	now     int64
	lots    []*modelLot // in the order of spending
	holds   []*modelHold
	open    []*modelHold // that have not ended
	debts   []*modelDebt // oldest first
	seq     int64
	head    chainHash
	sum     Balance // of the ledger
}

type modelLot struct {
	id                 LotID
	ref                string
	amount             Credits
	rank, from, until  int64 // until: the end of time for one that does not end
	begun, revoked     bool
	used, taken, ended Credits // spent, taken back, run out
	held               Credits // by holds that have not ended in the ledger
}

type modelHold struct {
	id      HoldID
	want    Want
	parts   []modelPart
	open    bool
	lapses  bool
	fence   int64
	lease   int64
	over    bool
	handles []int64 // fences that somebody was given
}

type modelPart struct {
	lot *modelLot
	n   Credits
}

type modelDebt struct {
	lot   *modelLot
	left  Credits
	since int64
}

// rest is what nobody holds and nothing has become of.
func (l *modelLot) rest() Credits { return l.amount - l.used - l.taken - l.ended - l.held }

func (l *modelLot) alive(now int64) bool { return !l.revoked && l.from <= now && now < l.until }

func (h *modelHold) lapsed(now int64) bool { return h.lapses && h.lease <= now }

// balance is what there is now.
func (m *simModel) balance() (b Balance) {
	for _, l := range m.lots {
		if l.alive(m.now) {
			b.Available += l.rest()
		}
	}
	for _, h := range m.open {
		if !h.lapsed(m.now) {
			b.Held += h.want.Amount
			continue
		}
		for _, p := range h.parts {
			if p.lot.alive(m.now) {
				b.Available += p.n
			}
		}
	}
	return b
}

func (m *simModel) owed() (n Credits) {
	for _, d := range m.debts {
		n += d.left
	}
	return n
}

func (m *simModel) lot(id LotID) *modelLot {
	for _, l := range m.lots {
		if l.id == id {
			return l
		}
	}
	return nil
}

func (m *simModel) hold(id HoldID) *modelHold {
	for _, h := range slices.Backward(m.holds) {
		if h.id == id {
			return h
		}
	}
	return nil
}

// granted makes a lot known that a grant has made.
func (m *simModel) granted(n NewLot, id LotID) {
	rank := map[Source]int64{PlanCredits: 1, BonusCredits: 2, Adjustment: 3, Refund: 4, Purchase: 5}[n.Source]
	l := &modelLot{id: id, ref: n.Reference, amount: n.Amount, rank: rank, from: n.Effective.UnixMicro(), until: math.MaxInt64}
	if !n.Expires.IsZero() {
		l.until = n.Expires.UnixMicro()
	}
	m.lots = append(m.lots, l)
	m.sort()
}

// sort puts the lots in the order of spending; of two alike the older is first.
func (m *simModel) sort() {
	slices.SortFunc(m.lots, func(a, b *modelLot) int {
		return cmp.Or(cmp.Compare(a.rank, b.rank), cmp.Compare(a.until, b.until), cmp.Compare(a.id.String(), b.id.String()))
	})
}

// upkeep tells whether an entry is one that time alone explains.
func (m *simModel) upkeep(e *row) bool {
	switch e.kind {
	case Granted:
		l := m.lot(e.lot)
		return l != nil && l.from <= m.now
	case Expired:
		return true
	case Released:
		h := m.hold(e.hold)
		return h != nil && h.lapsed(m.now)
	case Adjusted:
		return strings.HasPrefix(e.reference, "debt ")
	case Reserved, Settled:
	}
	return false
}

// chain checks that an entry continues the ledger.
func (m *simModel) chain(e *row) error {
	m.seq++
	m.sum.Available, m.sum.Held = m.sum.Available+e.amount, m.sum.Held+e.held
	m.head = simLink(m.head, m.account, e)
	if e.seq != m.seq || e.balance != m.sum.Available || e.heldAfter != m.sum.Held || e.hash != m.head || e.at != m.now {
		return fmt.Errorf("entry %d does not continue the ledger", e.seq)
	}
	if e.balance < 0 || e.heldAfter < 0 {
		return fmt.Errorf("entry %d leaves less than nothing", e.seq)
	}
	return nil
}

// keep follows an entry of upkeep.
func (m *simModel) keep(e *row) error {
	wrong := func() error { return fmt.Errorf("an entry that nothing explains: %+v", *e) }
	switch e.kind {
	case Granted:
		l := m.lot(e.lot)
		if l.begun || e.amount != l.amount || e.held != 0 {
			return wrong()
		}
		l.begun = true
	case Expired:
		l := m.lot(e.lot)
		if l == nil || !l.begun || m.now < l.until && !l.revoked || e.amount != -l.rest() || e.amount == 0 || e.held != 0 {
			return wrong()
		}
		l.ended -= e.amount
	case Released:
		return m.end(e, m.hold(e.hold), 0)
	case Adjusted:
		i := slices.IndexFunc(m.debts, func(d *modelDebt) bool { return d.left > 0 })
		if i < 0 || e.reference != "debt "+m.debts[i].lot.id.String() || -e.amount > m.debts[i].left {
			return wrong()
		}
		if err := m.spendable(e); err != nil {
			return err
		}
		m.debts[i].left += e.amount
	case Reserved, Settled:
		return wrong()
	}
	return nil
}

// spendable follows an entry that takes from the lot that is spent next.
func (m *simModel) spendable(e *row) error {
	for _, l := range m.lots {
		if !l.begun || !l.alive(m.now) || l.rest() == 0 {
			continue
		}
		if l.id != e.lot || e.amount >= 0 || -e.amount > l.rest() || e.held != 0 {
			break
		}
		l.taken -= e.amount
		return nil
	}
	return fmt.Errorf("taken out of order: %+v", *e)
}

// reserve follows an entry that holds what is wanted, from the lots that are
// spent first.
func (m *simModel) reserve(e *row, w Want) (*modelHold, error) {
	if e.kind != Reserved || e.held != w.Amount || e.amount != -w.Amount || e.reference != w.Reference || m.hold(e.hold) != nil {
		return nil, fmt.Errorf("wanted %+v and reserved %+v", w, *e)
	}
	h := &modelHold{id: e.hold, want: w}
	left := w.Amount
	for _, l := range m.lots {
		if n := min(left, l.rest()); n > 0 && l.begun && l.alive(m.now) {
			h.parts = append(h.parts, modelPart{l, n})
			l.held += n
			left -= n
		}
	}
	if left > 0 {
		return nil, fmt.Errorf("reserved %d more than there are", left)
	}
	m.holds = append(m.holds, h)
	m.open = append(m.open, h)
	return h, nil
}

// end follows an entry that ends a hold. What it took first is used first.
func (m *simModel) end(e *row, h *modelHold, used Credits) error {
	used = min(used, h.want.Amount)
	if h.over || e.hold != h.id || e.amount != h.want.Amount-used || e.held != -h.want.Amount || e.reference != h.want.Reference {
		return fmt.Errorf("ended with %d used of %+v: %+v", used, h.want, *e)
	}
	h.over, h.open = true, false
	m.open = slices.DeleteFunc(m.open, func(o *modelHold) bool { return o == h })
	for _, p := range h.parts {
		n := min(used, p.n)
		used -= n
		p.lot.held -= p.n
		p.lot.used += n
		for _, d := range m.debts {
			if d.lot == p.lot {
				d.left -= min(d.left, p.n-n)
			}
		}
	}
	return nil
}

// revoke ends a lot: what it had left is taken, and the rest is owed.
func (m *simModel) revoke(l *modelLot) {
	l.taken += l.rest()
	l.begun, l.revoked, l.until = true, true, min(l.until, max(m.now, l.from+1))
	m.sort()
	if n := l.used + l.held; n > 0 {
		m.debts = append(m.debts, &modelDebt{l, n, m.now})
		slices.SortFunc(m.debts, func(a, b *modelDebt) int {
			return cmp.Or(cmp.Compare(a.since, b.since), cmp.Compare(a.lot.id.String(), b.lot.id.String()))
		})
	}
}
