package credit

import (
	"context"
	"fmt"

	"igny8/internal/audit"
	"igny8/internal/tenant"
)

// Erase deletes when the account is warned, and says whether it was to be. The
// ledger, and all that it is proved by, is kept: see Forfeit.
func Erase(ctx context.Context, tx *tenant.Tx, _ int) (int64, error) {
	n, err := tx.Exec(ctx, `DELETE FROM credit_alerts WHERE account_id = $1`)
	if err != nil {
		return 0, fmt.Errorf("erase credit_alerts: %w", err)
	}
	return n, nil
}

// forfeited is what the ledger gives as the reason.
const forfeited = "account deleted"

// Forfeit ends all credits of an account that is being deleted: first what is
// reserved still, at most limit of it at a time, for nobody works for it any
// more; then what is left of every grant, also of those that have not begun,
// each by an entry of its own. It says how much it did: none when nothing is
// left. What is owed stays owed.
func Forfeit(ctx context.Context, tx *tenant.Tx, limit int) (int64, error) {
	b, err := current(ctx, tx)
	if err == nil {
		err = b.write(ctx, tx) // what has lapsed is no hold any more
	}
	if err != nil {
		return 0, fmt.Errorf("forfeit credits: %w", err)
	}
	n, err := b.releaseAll(ctx, tx, limit)
	if n == 0 && err == nil {
		n, err = b.emptyAll(ctx, tx)
	}
	if err != nil {
		return 0, fmt.Errorf("forfeit credits: %w", err)
	}
	return n, nil
}

func (b *book) releaseAll(ctx context.Context, tx *tenant.Tx, limit int) (int64, error) {
	var all []*hold
	err := tx.Each(ctx, `
		SELECT id, operation, reference, amount FROM credit_holds WHERE account_id = $1 AND ended_at IS NULL ORDER BY id LIMIT $2`+tx.ForUpdate(),
		[]any{limit}, func(scan tenant.Scan) error {
			h := new(hold)
			err := scan(&h.id, &h.want.Operation, &h.want.Reference, &h.amount)
			all = append(all, h)
			return err
		})
	if err != nil {
		return 0, err
	}
	d := by(tx)
	for _, h := range all {
		if err := b.readParts(ctx, tx, h); err != nil {
			return 0, err
		}
		b.end(d, h, Released, 0)
	}
	if err := b.write(ctx, tx); err != nil {
		return 0, err
	}
	if b.due(d.now) { // a lot ended while a hold kept it alive
		if err := b.catchTime(ctx, tx); err != nil {
			return 0, err
		}
	}
	return int64(len(all)), b.write(ctx, tx)
}

func (b *book) emptyAll(ctx context.Context, tx *tenant.Tx) (int64, error) {
	d := by(tx)
	var n int64
	var sum Credits
	for _, l := range b.lots {
		if l.Remaining == 0 {
			continue
		}
		if !l.counted { // it begins now, for what is left to be taken
			b.begin(d, l)
		}
		sum += l.Remaining
		b.shrink(d, l, l.Remaining, Adjusted, forfeited)
		n++
	}
	if n == 0 {
		return 0, nil
	}
	if err := b.write(ctx, tx); err != nil {
		return 0, err
	}
	return n, audit.Record(ctx, tx, "credits.forfeited", tx.Scope().Account().String(), map[string]Credits{"amount": sum})
}
