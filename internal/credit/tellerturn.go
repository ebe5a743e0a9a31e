package credit

import (
	"context"

	"igny8/internal/clock"
	"igny8/internal/tenant"
)

// inTurn commits groups together, account by account in one transaction.
func (q *line) inTurn(ctx context.Context, all []*group) error {
	return q.st.InTurn(ctx, func(ctx context.Context, open func(tenant.Scope, func(*tenant.Tx) error) error) error {
		for _, g := range all {
			if err := open(g.scope(), func(tx *tenant.Tx) error { return g.inTurn(ctx, tx) }); err != nil {
				return err
			}
		}
		return nil
	})
}

func (g *group) inTurn(ctx context.Context, tx *tenant.Tx) error {
	b, err := current(ctx, tx)
	if err != nil {
		return err
	}
	if err := b.write(ctx, tx); err != nil { // what lapsed has ended
		return err
	}
	holds := map[HoldID]*hold{}
	for _, o := range g.orders {
		if o.reserves() || holds[o.ends] != nil {
			continue
		}
		h, err := b.readHold(ctx, tx, o.ends)
		if err != nil {
			return err
		}
		if h != nil {
			holds[o.ends] = h
		}
	}
	if err := g.apply(b, clock.Micros(tx.Now()), holds); err != nil {
		return err
	}
	return b.write(ctx, tx)
}

// readHold reads a hold and what it took from which lots; nil when it is not
// there.
func (b *book) readHold(ctx context.Context, tx *tenant.Tx, hid HoldID) (*hold, error) {
	h := &hold{id: hid}
	var lease, ended *int64
	err := tx.Get(ctx, `
		SELECT operation, reference, amount, state, fence, lease_until, lapses, created_at, ended_at
		FROM credit_holds WHERE account_id = $1 AND id = $2`+tx.ForUpdate(), []any{hid},
		&h.want.Operation, &h.want.Reference, &h.amount, &h.status, &h.fence, &lease, &h.lapses, &h.created, &ended)
	if tenant.IsNotFound(err) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	h.lease, h.ended = orZero(lease), orZero(ended)
	return h, b.readParts(ctx, tx, h)
}

func orZero(micros *int64) int64 {
	if micros == nil {
		return 0
	}
	return *micros
}
