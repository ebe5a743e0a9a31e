package credit

import (
	"context"
	"fmt"
	"time"

	"igny8/internal/job"
	"igny8/internal/tenant"
)

// What was spent is in the ledger, and summed in a rollup: by UTC day,
// operation, site and who ordered it. The rollup has the entries up to a
// cursor, and Usage adds those after it, so that how far the cursor is behind
// changes how much is read and never what comes of it.

// microsInDay makes a day of a moment: days are counted from 1 January 1970.
const microsInDay = `86400000000`

// spentIn is a sub-select of what was spent by the entries for which the
// condition holds: day, operation, site_id, actor and credits, a row for each
// work that ended there. Who ended it may be a job, so actor is who ordered it:
// in an entry for which the condition holds too, or else in known, which is an
// expression over credit_usage_orders o.
func spentIn(condition, known string) string {
	return `(SELECT t.at / ` + microsInDay + ` AS day, t.operation, coalesce(h.site_id, '') AS site_id, coalesce(t.actor, ` + known + `, '') AS actor, t.credits
		FROM (
			SELECT hold_id, max(CASE kind WHEN 'reserve' THEN actor END) AS actor,
				max(CASE kind WHEN 'settle' THEN created_at END) AS at,
				max(CASE kind WHEN 'settle' THEN operation END) AS operation,
				CAST(sum(CASE kind WHEN 'settle' THEN -(amount + held_change) ELSE 0 END) AS BIGINT) AS credits
			FROM credit_entries WHERE account_id = $1 AND kind IN ('reserve', 'settle') AND ` + condition + `
			GROUP BY hold_id HAVING max(CASE kind WHEN 'settle' THEN created_at END) IS NOT NULL
		) t
		LEFT JOIN credit_holds h ON h.account_id = $1 AND h.id = t.hold_id
		LEFT JOIN credit_usage_orders o ON o.account_id = $1 AND o.hold_id = t.hold_id)`
}

// The round that keeps rollups near the ends of their ledgers.
const (
	rollEvery = 15 * time.Second
	rollWorth = 256    // fewer entries than these are read as fast as they are rolled
	rollBatch = 10_000 // are rolled in one transaction
)

// UsageRound rolls what accounts have spent into sums. Nothing depends on it
// but how fast Usage is.
func UsageRound() job.Round {
	return job.Round{Name: "usage", Every: rollEvery, Find: unrolled, Do: func(ctx context.Context, tx *tenant.Tx) error {
		_, err := Roll(ctx, tx, rollBatch)
		return err
	}}
}

// unrolled is the accounts whose rollup is far behind, those farthest behind
// first.
func unrolled(ctx context.Context, r job.Rows, _ time.Time, limit int) ([]tenant.AccountID, error) {
	var all []tenant.AccountID
	err := r.Each(ctx, `
		SELECT b.account_id FROM credit_balances b LEFT JOIN credit_usage_cursor c ON c.account_id = b.account_id
		WHERE b.seq - coalesce(c.rolled_seq, 0) >= $1
		ORDER BY b.seq - coalesce(c.rolled_seq, 0) DESC, b.account_id LIMIT $2`, []any{rollWorth, limit}, func(scan tenant.Scan) error {
		var a tenant.AccountID
		err := scan(&a)
		all = append(all, a)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("usage to roll: %w", err)
	}
	return all, nil
}

// Roll adds the next entries of the ledger to the rollup, at most limit, and
// tells whether there are more. Of two that roll at once the second waits for
// the first, and goes on where it ended.
func Roll(ctx context.Context, tx *tenant.Tx, limit int64) (more bool, err error) {
	from, err := lockCursor(ctx, tx)
	if err == nil {
		more, err = rollFrom(ctx, tx, from, limit)
	}
	if err != nil {
		return false, fmt.Errorf("roll the usage up: %w", err)
	}
	return more, nil
}

// Rebuild makes the account's rollup anew from the whole ledger.
func Rebuild(ctx context.Context, tx *tenant.Tx) error {
	if err := rebuild(ctx, tx); err != nil {
		return fmt.Errorf("rebuild the usage: %w", err)
	}
	return nil
}

func rebuild(ctx context.Context, tx *tenant.Tx) error {
	if _, err := lockCursor(ctx, tx); err != nil {
		return err
	}
	for _, q := range []string{
		`DELETE FROM credit_usage WHERE account_id = $1`,
		`DELETE FROM credit_usage_orders WHERE account_id = $1`,
		`UPDATE credit_usage_cursor SET rolled_seq = 0 WHERE account_id = $1`,
	} {
		if _, err := tx.Exec(ctx, q); err != nil {
			return err
		}
	}
	for more := true; more; {
		from, err := lockCursor(ctx, tx)
		if err != nil {
			return err
		}
		if more, err = rollFrom(ctx, tx, from, rollBatch); err != nil {
			return err
		}
	}
	return nil
}

// lockCursor holds the rollup until the commit, and tells which entry is the
// newest in it.
func lockCursor(ctx context.Context, tx *tenant.Tx) (seq int64, err error) {
	err = tx.Get(ctx, `
		INSERT INTO credit_usage_cursor (account_id, rolled_seq) VALUES ($1, 0)
		ON CONFLICT (account_id) DO UPDATE SET rolled_seq = credit_usage_cursor.rolled_seq
		RETURNING rolled_seq`, nil, &seq)
	return seq, err
}

// rollFrom adds the entries after from; the caller has locked the cursor.
// Entries are committed in the order of seq, so none can come later with a
// smaller one.
func rollFrom(ctx context.Context, tx *tenant.Tx, from, limit int64) (more bool, err error) {
	var end int64
	if err := tx.Get(ctx, `SELECT coalesce(max(seq), 0) FROM credit_entries WHERE account_id = $1`, nil, &end); err != nil {
		return false, err
	}
	to := min(end, from+limit)
	if to <= from {
		return false, nil
	}
	for _, q := range []string{rollUsage, rollOrders, dropOrders} {
		if _, err := tx.Exec(ctx, q, from, to); err != nil {
			return false, err
		}
	}
	n, err := tx.Exec(ctx, `UPDATE credit_usage_cursor SET rolled_seq = $3 WHERE account_id = $1 AND rolled_seq = $2`, from, to)
	if err == nil && n != 1 {
		err = errMoved
	}
	return to < end, err
}

var (
	rollUsage = `
		INSERT INTO credit_usage (account_id, day, operation, site_id, actor, credits, count)
		SELECT CAST($1 AS TEXT), day, operation, site_id, actor, sum(credits), count(*)
		FROM ` + spentIn(`seq > $2 AND seq <= $3`, `o.actor`) + ` s WHERE true
		GROUP BY day, operation, site_id, actor
		ON CONFLICT (account_id, day, operation, site_id, actor) DO UPDATE SET
			credits = credit_usage.credits + excluded.credits, count = credit_usage.count + excluded.count`
	rollOrders = `
		INSERT INTO credit_usage_orders (account_id, hold_id, actor)
		SELECT CAST($1 AS TEXT), hold_id, max(actor) FROM credit_entries
		WHERE account_id = $1 AND seq > $2 AND seq <= $3 AND kind IN ('reserve', 'settle', 'release')
		GROUP BY hold_id HAVING count(*) = 1 AND max(kind) = 'reserve'`
	dropOrders = `
		DELETE FROM credit_usage_orders WHERE account_id = $1 AND hold_id IN (
			SELECT hold_id FROM credit_entries
			WHERE account_id = $1 AND seq > $2 AND seq <= $3 AND kind IN ('settle', 'release'))`
)

// maxDifferences is how many differences are told one by one.
const maxDifferences = 20

// CheckUsage compares the account's rollup with its ledger, and returns a
// sentence for each difference, at most a few: none means that all is well.
func CheckUsage(ctx context.Context, r tenant.Reader) ([]string, error) {
	var broken []string
	say := func(format string, args ...any) {
		broken = append(broken, fmt.Sprintf("account %s: ", r.Scope().Account())+fmt.Sprintf(format, args...))
	}
	err := r.Each(ctx, usageDifferences, []any{maxDifferences}, func(scan tenant.Scan) error {
		var day, times, entries int64
		var operation, site, actor string
		var rolled, spent Credits
		err := scan(&day, &operation, &site, &actor, &rolled, &times, &spent, &entries)
		say("the usage of %s for %s by %s for site %q says %d credits in %d, and the ledger %d in %d", dayName(day), operation, actor, site, rolled, times, spent, entries)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("check the usage: %w", err)
	}
	for _, c := range []struct{ what, query string }{
		{"the usage goes further than the ledger", `
			SELECT count(*) FROM credit_usage_cursor c WHERE c.account_id = $1
			AND c.rolled_seq > (SELECT coalesce(max(seq), 0) FROM credit_entries e WHERE e.account_id = $1)`},
		{"who ordered work that has not ended is not what the ledger says", orderDifferences},
	} {
		var n int64
		if err := r.Get(ctx, c.query, nil, &n); err != nil {
			return nil, fmt.Errorf("check that %s: %w", c.what, err)
		}
		if n > 0 {
			say("%s (%d)", c.what, n)
		}
	}
	return broken, nil
}

// upToCursor is the entries that have been rolled.
const upToCursor = `seq <= (SELECT coalesce(max(rolled_seq), 0) FROM credit_usage_cursor WHERE account_id = $1)`

// The ledger knows by itself who ordered what ended: nothing of what is checked
// is asked.
var (
	usageDifferences = `
		SELECT day, operation, site_id, actor, sum(rolled), sum(times), sum(spent), sum(entries) FROM (
			SELECT day, operation, site_id, actor, credits AS rolled, count AS times, 0 AS spent, 0 AS entries FROM credit_usage WHERE account_id = $1
			UNION ALL
			SELECT day, operation, site_id, actor, 0, 0, credits, 1 FROM ` + spentIn(upToCursor, `NULL`) + ` s
		) b GROUP BY day, operation, site_id, actor
		HAVING sum(rolled) <> sum(spent) OR sum(times) <> sum(entries)
		ORDER BY day, operation, site_id, actor LIMIT $2`
	orderDifferences = `
		SELECT count(*) FROM (
			SELECT hold_id, actor FROM (
				SELECT hold_id, actor, 1 AS kept, 0 AS said FROM credit_usage_orders WHERE account_id = $1
				UNION ALL
				SELECT hold_id, max(actor), 0, 1 FROM credit_entries
				WHERE account_id = $1 AND kind IN ('reserve', 'settle', 'release') AND ` + upToCursor + `
				GROUP BY hold_id HAVING count(*) = 1
			) b GROUP BY hold_id, actor HAVING sum(kept) <> sum(said)
		) d`
)
