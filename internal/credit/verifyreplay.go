package credit

import (
	"context"
	"crypto/sha256"
	"fmt"
	"slices"
	"strings"
	"sync"

	"igny8/internal/tenant"
)

// written is an entry as its row says it is.
type written struct {
	said
	hash stored
}

// stored is a link that may be NULL, as the release before this one leaves it.
type stored struct {
	link  chainHash
	there bool
}

// Scan takes the link over.
func (s *stored) Scan(src any) error {
	b, ok := src.([]byte)
	if src != nil && (!ok || len(b) != len(s.link)) {
		return fmt.Errorf("a link of the chain is %T of %d bytes", src, len(b))
	}
	s.there = ok
	copy(s.link[:], b)
	return nil
}

const replayBatch = 512

// replay reads the ledger in order and does it again. Reading and doing are two
// hands that pass batches.
func (x *examiner) replay(ctx context.Context, r tenant.Reader) error {
	full, empty := make(chan []written, 4), make(chan []written, 4)
	for range cap(empty) {
		empty <- make([]written, 0, replayBatch)
	}
	var wg sync.WaitGroup
	wg.Go(func() {
		for batch := range full {
			for i := range batch {
				x.entry(&batch[i])
			}
			empty <- batch[:0]
		}
	})
	batch := <-empty
	err := r.Each(ctx, `
		SELECT seq, amount, balance_after, held_change, held_after, created_at, hash,
			concat_ws($2, id, kind, operation, coalesce(hold_id, ''), coalesce(lot_id, ''), actor, reference)
		FROM credit_entries WHERE account_id = $1 ORDER BY seq`, []any{between}, func(scan tenant.Scan) error {
		batch = batch[:len(batch)+1]
		err := batch[len(batch)-1].read(scan)
		if len(batch) == cap(batch) {
			full <- batch
			batch = <-empty
		}
		return err
	})
	full <- batch
	close(full)
	wg.Wait()
	if err != nil {
		return fmt.Errorf("entries: %w", err)
	}
	return nil
}

func (e *written) read(scan tenant.Scan) error {
	var texts string
	err := scan(&e.seq, &e.amount, &e.balance, &e.held, &e.heldAfter, &e.at, &e.hash, &texts)
	cut(texts, &e.id, &e.kind, &e.operation, &e.hold, &e.lot, &e.who, &e.reference)
	return err
}

// entry does one entry again. After a mistake it goes on from what is written,
// so that one mistake is said once.
func (x *examiner) entry(e *written) {
	x.read++
	switch missing := e.seq - x.seq - 1; {
	case missing == 1:
		x.say("entry %d is missing", e.seq-1)
	case missing != 0:
		x.say("after entry %d comes entry %d", x.seq, e.seq)
	}
	if e.balance != x.available+e.amount {
		x.say("entry %d (%s): %d and a change of %d do not make %d available", e.seq, e.id, x.available, e.amount, e.balance)
	}
	if e.heldAfter != x.held+e.held {
		x.say("entry %d (%s): %d and a change of %d do not make %d held", e.seq, e.id, x.held, e.held, e.heldAfter)
	}
	if e.balance < 0 || e.heldAfter < 0 {
		x.say("entry %d (%s): %d available and %d held after it", e.seq, e.id, e.balance, e.heldAfter)
	}
	x.seq, x.available, x.held = e.seq, e.balance, e.heldAfter
	x.chain(e)
	switch Kind(e.kind) {
	case Granted:
		x.granted(e)
	case Expired, Adjusted:
		x.taken(e)
	case Reserved:
		x.reserved(e)
	case Settled, Released:
		x.ended(e)
	default:
		x.say("entry %d (%s) is of the kind %q, which is none", e.seq, e.id, e.kind)
	}
}

// chain works out the link of an entry. The release before this one writes
// none, but whoever writes one writes the head as well.
func (x *examiner) chain(e *written) {
	x.text = e.append(x.text[:0], x.link, x.account)
	x.link = sha256.Sum256(x.text)
	if e.seq == x.stated.headSeq && x.link != x.stated.head {
		x.say("the head of the chain is not the link of entry %d (%s)", e.seq, e.id)
	}
	if !e.hash.there {
		return
	}
	if e.hash.link != x.link {
		x.say("entry %d (%s): the chain is broken: it, or what comes before it, was changed", e.seq, e.id)
	}
	if e.seq > x.stated.headSeq {
		x.say("entry %d (%s) has a link, and the head of the chain is entry %d", e.seq, e.id, x.stated.headSeq)
	}
	x.link = e.hash.link
}

// ofLot is the lot that an entry is about, which it must be, and alone.
func (x *examiner) ofLot(e *written) *pastLot {
	l := x.lot(e.lot)
	switch {
	case l == nil:
		x.say("entry %d (%s) is about lot %q, which is not there", e.seq, e.id, e.lot)
	case e.held != 0 || e.hold != "":
		x.say("entry %d (%s) is about lot %s, and changes what is held", e.seq, e.id, e.lot)
	}
	return l
}

func (x *examiner) granted(e *written) {
	l := x.ofLot(e)
	if l == nil {
		return
	}
	if l.begun {
		x.say("entry %d (%s) grants lot %s again", e.seq, e.id, l.id)
	}
	if e.amount != l.amount {
		x.say("entry %d (%s) grants %d, and lot %s is of %d", e.seq, e.id, e.amount, l.id, l.amount)
	}
	x.sameReference(e, l)
	l.begun = true
	l.left += e.amount
}

func (x *examiner) sameReference(e *written, l *pastLot) {
	if e.reference != l.reference {
		x.say("entry %d (%s) is for %q, and lot %s for %q", e.seq, e.id, e.reference, l.id, l.reference)
	}
}

func (x *examiner) taken(e *written) {
	l := x.ofLot(e)
	if l == nil {
		return
	}
	if e.amount >= 0 {
		x.say("entry %d (%s) takes %d from lot %s", e.seq, e.id, -e.amount, l.id)
	}
	if Kind(e.kind) == Expired {
		x.sameReference(e, l)
		if !l.revoked && (l.expires == 0 || e.at < l.expires) {
			x.say("entry %d (%s) expires lot %s before its time", e.seq, e.id, l.id)
		}
	}
	x.take(e, l, -e.amount)
	if of, ok := strings.CutPrefix(e.reference, "debt "); ok {
		for i := range x.debts {
			if x.debts[i].lot == of {
				x.debts[i].repaid -= e.amount
				return
			}
		}
		x.say("entry %d (%s) repays a debt for lot %q, and there is none", e.seq, e.id, of)
	}
}

// take takes n from a lot.
func (x *examiner) take(e *written, l *pastLot, n int64) {
	if l.left -= n; l.left < 0 && l.left+n >= 0 {
		x.say("entry %d (%s) takes %d more from lot %s than is there", e.seq, e.id, -l.left, l.id)
	}
}

// ofHold is the hold that an entry is about, which it must be, and alone.
func (x *examiner) ofHold(e *written) *pastHold {
	i := x.hold(e.hold)
	if i < 0 {
		x.say("entry %d (%s) is about hold %q, which is not there", e.seq, e.id, e.hold)
		return nil
	}
	if Kind(e.kind) == Reserved {
		x.newest, x.open[e.hold] = i, i
	} else {
		delete(x.open, e.hold)
	}
	h := &x.holds[i]
	if e.lot != "" {
		x.say("entry %d (%s) is about hold %s and about a lot", e.seq, e.id, e.hold)
	}
	if x.what(e.operation, e.reference) != h.what {
		x.say("entry %d (%s) is for %s %q, and hold %s for something else", e.seq, e.id, e.operation, e.reference, e.hold)
	}
	return h
}

func (x *examiner) reserved(e *written) {
	h := x.ofHold(e)
	if h == nil {
		return
	}
	if h.begun {
		x.say("entry %d (%s) reserves hold %s again", e.seq, e.id, e.hold)
	}
	if e.amount != -h.amount || e.held != h.amount {
		x.say("entry %d (%s) moves %d from available and %d to held, and hold %s is of %d", e.seq, e.id, -e.amount, e.held, e.hold, h.amount)
	}
	h.begun = true
	for _, p := range x.partsOf(h) {
		x.take(e, &x.lots[p.lot], p.amount)
	}
}

func (x *examiner) ended(e *written) {
	h := x.ofHold(e)
	if h == nil {
		return
	}
	switch {
	case h.over:
		x.say("entry %d (%s) ends hold %s again", e.seq, e.id, e.hold)
		return
	case !h.begun:
		x.say("entry %d (%s) ends hold %s before it was reserved", e.seq, e.id, e.hold)
	case h.ended == 0:
		x.say("entry %d (%s) ends hold %s, which has not ended", e.seq, e.id, e.hold)
	case h.ended != e.at:
		x.say("entry %d (%s) ends hold %s at another moment than the hold says", e.seq, e.id, e.hold)
	}
	if h.ended != 0 && (h.status == settled) != (Kind(e.kind) == Settled) {
		x.say("entry %d (%s) is a %s, and hold %s is %s", e.seq, e.id, e.kind, e.hold, h.status)
	}
	rest := h.amount - h.used
	if e.amount != rest || e.held != -h.amount {
		x.say("entry %d (%s) gives back %d of %d, and hold %s used %d of %d", e.seq, e.id, e.amount, -e.held, e.hold, h.used, h.amount)
	}
	h.over = true
	for _, p := range slices.Backward(x.partsOf(h)) {
		back := min(rest, p.amount)
		rest -= back
		x.lots[p.lot].left += back
	}
}
