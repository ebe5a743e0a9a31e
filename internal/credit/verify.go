package credit

import (
	"context"
	"fmt"

	"igny8/internal/tenant"
)

// invariants are what must hold for every account at every moment. Each query
// counts what breaks it.
var invariants = []struct{ what, query string }{
	{"the available balance is not the sum of the ledger", `
		SELECT count(*) FROM credit_balances b WHERE b.account_id = $1
		AND b.available <> (SELECT coalesce(sum(amount), 0) FROM credit_entries e WHERE e.account_id = b.account_id)`},
	{"the held balance is not the sum of the ledger", `
		SELECT count(*) FROM credit_balances b WHERE b.account_id = $1
		AND b.held <> (SELECT coalesce(sum(held_change), 0) FROM credit_entries e WHERE e.account_id = b.account_id)`},
	{"the available balance is not what is left in the lots", `
		SELECT count(*) FROM credit_balances b WHERE b.account_id = $1
		AND b.available <> (SELECT coalesce(sum(remaining), 0) FROM credit_lots l WHERE l.account_id = b.account_id AND l.counted)`},
	{"the held balance is not the sum of the holds that have not ended", `
		SELECT count(*) FROM credit_balances b WHERE b.account_id = $1
		AND b.held <> (SELECT coalesce(sum(amount), 0) FROM credit_holds h WHERE h.account_id = b.account_id AND h.ended_at IS NULL)`},
	{"holds were not taken from lots in full", `
		SELECT count(*) FROM credit_holds h WHERE h.account_id = $1
		AND h.amount <> (SELECT coalesce(sum(amount), 0) FROM credit_hold_lots b WHERE b.account_id = h.account_id AND b.hold_id = h.id)
			+ CASE WHEN h.lot_id IS NULL THEN 0 ELSE h.amount END`},
	{"entries do not continue the running sums of the entry before", `
		SELECT count(*) FROM credit_entries e LEFT JOIN credit_entries p ON p.account_id = e.account_id AND p.seq = e.seq - 1
		WHERE e.account_id = $1
		AND (e.balance_after <> coalesce(p.balance_after, 0) + e.amount OR e.held_after <> coalesce(p.held_after, 0) + e.held_change
			OR (p.seq IS NULL AND e.seq <> 1))`},
	{"the ledger does not end where the balance says", `
		SELECT count(*) FROM credit_balances b WHERE b.account_id = $1
		AND b.seq <> (SELECT coalesce(max(seq), 0) FROM credit_entries e WHERE e.account_id = b.account_id)`},
	{"holds do not have exactly one end in the ledger, or ended without one", `
		SELECT count(*) FROM credit_holds h WHERE h.account_id = $1
		AND CASE WHEN h.ended_at IS NULL THEN 0 ELSE 1 END <> (SELECT count(*) FROM credit_entries e
			WHERE e.account_id = h.account_id AND e.hold_id = h.id AND e.kind IN ('settle', 'release'))`},
	{"what was granted is not what was spent, expired, taken back, held and left", `
		SELECT count(*) FROM credit_balances b WHERE b.account_id = $1
		AND (SELECT coalesce(sum(amount), 0) FROM credit_lots l WHERE l.account_id = b.account_id AND l.counted)
		<> b.available + b.held
			+ (SELECT coalesce(sum(used), 0) FROM credit_holds h WHERE h.account_id = b.account_id)
			+ (SELECT coalesce(-sum(amount), 0) FROM credit_entries e WHERE e.account_id = b.account_id AND e.kind IN ('expire', 'adjust'))`},
}

// Verify checks every invariant of the account's credits, and returns a
// sentence for each that is broken: none means that all is well.
func Verify(ctx context.Context, r tenant.Reader) ([]string, error) {
	var broken []string
	for _, in := range invariants {
		var n int64
		if err := r.Get(ctx, in.query, nil, &n); err != nil {
			return nil, fmt.Errorf("verify that %s: %w", in.what, err)
		}
		if n > 0 {
			broken = append(broken, fmt.Sprintf("account %s: %s (%d)", r.Scope().Account(), in.what, n))
		}
	}
	return broken, nil
}
