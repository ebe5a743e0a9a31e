package credit

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"igny8/internal/clock"
	"igny8/internal/db"
	"igny8/internal/db/dbtest"
	"igny8/internal/tenant"
	"igny8/internal/tenant/tenanttest"
)

// ledger is an account with a ledger of about so many entries, made by the
// book and written in bulk: many lots, holds that took from two of them, holds
// that lapsed, and one in every round that has not ended.
type ledger struct {
	d  *db.DB
	st *tenant.Store
	s  tenant.Scope
}

const (
	filledLots  = 200
	filledRound = 4000 // holds that are written together
)

func newLedger(t testing.TB, entries int) ledger {
	t.Helper()
	d := dbtest.Open(t)
	l := ledger{d, tenant.NewStore(d), tenanttest.New(t, d)}
	b := &book{account: l.s.Account().String()}
	at := clock.Micros(time.Now()) - 1_000_000*int64(entries)
	who := doing{actor: "program", now: at}
	l.update(t, func(ctx context.Context, tx *tenant.Tx) error {
		if _, err := tx.Exec(ctx, `INSERT INTO credit_balances (account_id, available, held, seq) VALUES ($1, 0, 0, 0)`); err != nil {
			return err
		}
		for i := range filledLots {
			n, err := Grant(ctx, tx, NewLot{Source: PlanCredits, Reference: fmt.Sprint("filled ", i), Amount: Credits(3 * entries / filledLots), Expires: time.Now().AddDate(1, 0, i)})
			if err != nil {
				return err
			}
			b.add(&lot{Lot: n, priority: n.Source.priority(), counted: true, effective: clock.Micros(n.Effective), expires: clock.Micros(n.Expires)})
		}
		was, err := read(ctx, tx)
		if err == nil {
			b.available, b.seq, b.head, b.next, b.was, b.looked = was.available, was.seq, was.head, was.next, was.was, was.looked
		}
		return err
	})
	dice := rand.New(rand.NewPCG(1, 2))
	for int(b.seq) < entries {
		var open []*hold
		for range min(filledRound, (entries-int(b.seq)+1)/2) {
			who.now += 1_000_000
			h, err := b.reserve(who, Want{Amount: 1 + Credits(dice.Int64N(9)), Operation: GenerateContent, Reference: "tsk_06bk0v7zk5y6n8m4t3h2c1qaze"}, 0)
			if err != nil {
				t.Fatal(err)
			}
			if open = append(open, h); len(open) > 50 {
				i := dice.IntN(len(open))
				b.end(who, open[i], Settled, min(open[i].amount, Credits(dice.Int64N(10))))
				open[i] = open[len(open)-1]
				open = open[:len(open)-1]
			}
		}
		for _, h := range open[1:] {
			b.end(who, h, Released, 0)
		}
		l.write(t, b)
	}
	return l
}

func (l ledger) update(t testing.TB, fn func(context.Context, *tenant.Tx) error) {
	t.Helper()
	if err := l.st.Update(t.Context(), l.s, fn); err != nil {
		t.Fatal(err)
	}
}

// write writes what the book did, many rows in one statement.
func (l ledger) write(t testing.TB, b *book) {
	t.Helper()
	l.update(t, func(ctx context.Context, tx *tenant.Tx) error {
		holds := bulk{into: `credit_holds (account_id, id, operation, reference, amount, used, state, fence, created_at, ended_at)`}
		parts := bulk{into: `credit_hold_lots (account_id, hold_id, ordinal, lot_id, amount)`}
		entries := bulk{into: `credit_entries (account_id, seq, id, kind, amount, balance_after, held_change, held_after,
			operation, reference, hold_id, lot_id, actor, created_at, hash)`}
		for _, h := range b.holds {
			holds.add(h.id, string(h.want.Operation), h.want.Reference, h.amount, h.used, string(h.status), h.fence, h.created, orNull(h.ended))
			for i, p := range h.parts {
				parts.add(h.id, i, p.lot.ID, p.amount)
			}
		}
		for _, e := range b.entries {
			entries.add(e.seq, e.id, string(e.kind), e.amount, e.balance, e.held, e.heldAfter,
				string(e.operation), e.reference, e.hold, e.lot, e.actor, e.at, e.hash[:])
		}
		for _, k := range []bulk{holds, parts, entries} {
			if err := k.write(ctx, tx); err != nil {
				return err
			}
		}
		b.holds, b.entries = nil, nil
		return b.write(ctx, tx)
	})
}

// bulk is rows for one table.
type bulk struct {
	into string
	rows [][]any
}

func (k *bulk) add(values ...any) { k.rows = append(k.rows, values) }

func (k bulk) write(ctx context.Context, tx *tenant.Tx) error {
	for len(k.rows) > 0 {
		n := min(len(k.rows), 100)
		var q strings.Builder
		var args []any
		for i, r := range k.rows[:n] {
			q.WriteString(map[bool]string{true: "($1", false: ", ($1"}[i == 0])
			for j := range r {
				fmt.Fprintf(&q, ", $%d", len(args)+j+2)
			}
			q.WriteString(")")
			args = append(args, r...)
		}
		if _, err := tx.Exec(ctx, `INSERT INTO `+k.into+` VALUES `+q.String(), args...); err != nil {
			return err
		}
		k.rows = k.rows[n:]
	}
	return nil
}
