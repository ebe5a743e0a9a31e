package credit

// conclude compares what the entries made with what the balance, the lots, the
// holds and the debts say.
func (x *examiner) conclude() {
	if x.seq != x.stated.seq {
		x.say("the balance is that of entry %d, and the last entry is %d", x.stated.seq, x.seq)
	}
	if x.stated.headSeq > x.seq || x.stated.headSeq < 0 {
		x.say("the head of the chain is entry %d, and the last entry is %d", x.stated.headSeq, x.seq)
	}
	if x.available != x.stated.available {
		x.say("the balance has %d available, and the ledger ends with %d", x.stated.available, x.available)
	}
	if x.held != x.stated.held {
		x.say("the balance has %d held, and the ledger ends with %d", x.stated.held, x.held)
	}
	due := soonest(0)
	left := x.concludeLots(&due)
	if left != x.stated.available {
		x.say("the balance has %d available, and %d is left in the lots", x.stated.available, left)
	}
	open := x.concludeHolds(&due)
	if open != x.stated.held {
		x.say("the balance has %d held, and the holds that have not ended are of %d", x.stated.held, open)
	}
	if due != 0 && (x.stated.next == 0 || x.stated.next > int64(due)) {
		x.say("something is due at %d, and the balance looks again at %d", due, x.stated.next)
	}
	x.concludeDebts()
}

// soonest is the earliest of the moments it was told; 0 of none.
type soonest int64

func (s *soonest) at(t int64) {
	if t != 0 && (*s == 0 || t < int64(*s)) {
		*s = soonest(t)
	}
}

// concludeLots is what is left in the lots that count.
func (x *examiner) concludeLots(due *soonest) int64 {
	var sum int64
	for i := range x.lots {
		l := &x.lots[i]
		switch {
		case l.counted && !l.begun:
			x.say("lot %s counts, and no entry grants it", l.id)
		case !l.counted && l.begun:
			x.say("lot %s does not count, and an entry grants it", l.id)
		}
		want := l.left
		if !l.begun {
			want = l.amount + l.left
		}
		if l.remaining != want {
			x.say("lot %s has %d left, and the ledger leaves %d", l.id, l.remaining, want)
		}
		if l.remaining < 0 || l.remaining > l.amount {
			x.say("lot %s has %d left of %d", l.id, l.remaining, l.amount)
		}
		if l.counted {
			sum += l.remaining
		}
		switch {
		case l.remaining == 0:
		case l.counted:
			due.at(l.expires)
		default:
			due.at(l.effective)
		}
	}
	return sum
}

// concludeHolds is what the holds that have not ended are of.
func (x *examiner) concludeHolds(due *soonest) int64 {
	var sum int64
	for i := range x.holds {
		h := &x.holds[i]
		var taken int64
		for _, p := range x.partsOf(h) {
			taken += p.amount
			if p.amount <= 0 {
				x.say("hold %s took %d from lot %s", h.id(), p.amount, x.lots[p.lot].id)
			}
		}
		if taken != h.amount {
			x.say("hold %s is of %d, and took %d from lots", h.id(), h.amount, taken)
		}
		if !h.begun {
			x.say("hold %s has no entry that reserves it", h.id())
		}
		if h.ended != 0 && !h.over {
			x.say("hold %s has ended, and no entry ends it", h.id())
		}
		if h.used < 0 || h.used > h.amount || h.used != 0 && h.status != settled {
			x.say("hold %s is %s, and used %d of %d", h.id(), h.status, h.used, h.amount)
		}
		if (h.ended != 0) != (h.status == settled || h.status == released) {
			x.say("hold %s is %s, and does not say so with the time of its end", h.id(), h.status)
		}
		if h.ended == 0 {
			sum += h.amount
			due.at(h.lapse)
		}
	}
	return sum
}

func (x *examiner) concludeDebts() {
	for _, d := range x.debts {
		l := x.lot(d.lot)
		switch {
		case l == nil:
			x.say("a debt is owed for lot %s, which is not there", d.lot)
		case !l.revoked:
			x.say("a debt is owed for lot %s, which was not taken back", d.lot)
		case d.amount > l.amount:
			x.say("a debt of %d is owed for lot %s of %d", d.amount, d.lot, l.amount)
		}
		if d.remaining < 0 || d.remaining+d.repaid > d.amount {
			x.say("the debt for lot %s is of %d: %d is left, and %d was repaid", d.lot, d.amount, d.remaining, d.repaid)
		}
	}
}
