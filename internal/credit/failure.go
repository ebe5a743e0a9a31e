package credit

import (
	"context"
	"fmt"
	"time"

	"igny8/internal/audit"
	"igny8/internal/clock"
	"igny8/internal/fault"
	"igny8/internal/id"
	"igny8/internal/tenant"
)

// Failure is why work that a hold pays for came to nothing.
type Failure string

// The classes of failures. What one costs is a rule, kept as data.
const (
	Unsent    Failure = "unsent"    // nobody was asked
	Busy      Failure = "busy"      // the vendor said at once that it takes no more
	Rejected  Failure = "rejected"  // the vendor refused the request
	Silent    Failure = "silent"    // it was asked, and no whole answer came
	Unusable  Failure = "unusable"  // an answer came that is good for nothing
	Cancelled Failure = "cancelled" // the account stopped it after it was asked
)

type failureKind struct{}

func (failureKind) Prefix() string { return "flr" }

// ErrUnknownFailure is a class of failures that is none.
var ErrUnknownFailure = fault.New(fault.NotFound, "credit.unknown_failure", "There is no such class of failures: it is unsent, busy, rejected, silent, unusable or cancelled.")

// FailureRule says how many failures of a class an account is forgiven in a
// window that ends now. What comes beyond costs what was bought, and what
// asking costs at least: else failures that somebody brings about himself would
// be free for ever.
type FailureRule struct {
	Failure Failure
	Free    int64 // how many
	All     bool  // all, whatever Free says
	Window  time.Duration
}

// firstRules are the rules of a new installation. Nothing was bought of what
// was never sent, or turned away at the door. A vendor that is away is not the
// account's doing, and yet it is asked and may charge. Rejected and unusable
// are what a person's own words can bring about. Who stops work that was begun
// pays for it.
var firstRules = []FailureRule{
	{Failure: Unsent, All: true, Window: day},
	{Failure: Busy, All: true, Window: day},
	{Failure: Silent, Free: 200, Window: day},
	{Failure: Rejected, Free: 20, Window: day},
	{Failure: Unusable, Free: 20, Window: day},
	{Failure: Cancelled, Free: 0, Window: day},
}

const day = 24 * time.Hour

func seedRules(ctx context.Context, tx *tenant.SharedTx) error {
	for _, r := range firstRules {
		_, err := tx.Exec(ctx, `
			INSERT INTO credit_failure_rules (failure, free, window_us) VALUES ($1, $2, $3)
			ON CONFLICT (failure) DO NOTHING`, string(r.Failure), r.free(), r.Window.Microseconds())
		if err != nil {
			return fmt.Errorf("seed the rule of %s: %w", r.Failure, err)
		}
	}
	return nil
}

func (r FailureRule) free() *int64 {
	if r.All {
		return nil
	}
	return &r.Free
}

// FailureRules lists the rules, by the name of the class.
func FailureRules(ctx context.Context, r tenant.Shared) ([]FailureRule, error) {
	var all []FailureRule
	err := r.Each(ctx, `SELECT failure, free, window_us FROM credit_failure_rules ORDER BY failure`, nil, func(scan tenant.Scan) error {
		rule, err := scanRule(scan)
		all = append(all, rule)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("rules of failures: %w", err)
	}
	return all, nil
}

func scanRule(scan tenant.Scan) (FailureRule, error) {
	var r FailureRule
	var free *int64
	var micros int64
	err := scan(&r.Failure, &free, &micros)
	if r.All = free == nil; free != nil {
		r.Free = *free
	}
	r.Window = time.Duration(micros) * time.Microsecond
	return r, err
}

// ruleOf is the rule of a class. Of a class without a rule nothing is forgiven.
func ruleOf(ctx context.Context, r tenant.Shared, f Failure) (FailureRule, error) {
	rule, err := scanRule(func(dest ...any) error {
		return r.Get(ctx, `SELECT failure, free, window_us FROM credit_failure_rules WHERE failure = $1`, []any{string(f)}, dest...)
	})
	if tenant.IsNotFound(err) {
		return FailureRule{Failure: f, Window: day}, nil
	}
	return rule, err
}

// SetFailureRule changes the rule of a class, with its audit event. It is
// ErrUnknownFailure for a class that has none.
func SetFailureRule(ctx context.Context, tx *tenant.SharedTx, by tenant.Actor, r FailureRule) error {
	n, err := tx.Exec(ctx, `UPDATE credit_failure_rules SET free = $2, window_us = $3 WHERE failure = $1`,
		string(r.Failure), r.free(), r.Window.Microseconds())
	if err == nil && n == 0 {
		err = ErrUnknownFailure
	}
	if err == nil {
		err = audit.RecordShared(ctx, tx, by, "credits.failure_rule", string(r.Failure), struct {
			Free   *int64 `json:"free"`
			Window int64  `json:"window_seconds"`
		}{r.free(), int64(r.Window / time.Second)})
	}
	if err != nil {
		return fmt.Errorf("change the rule of %s: %w", r.Failure, err)
	}
	return nil
}

// Verdict is what a failure costs.
type Verdict struct {
	Charged bool    // the hold has ended, and this much of it is spent
	Cost    Credits // nothing, unless it is charged
	Rule    FailureRule
}

// Fail closes an open hold whose work has failed. As long as the rule of the
// failure forgives, nothing is spent, and the hold is reserved for the next try
// or for who gives up. Beyond that the hold ends: bought credits are spent of
// it, never more than it has. ErrHoldSpent when the hold has ended, or was
// opened by somebody else since.
func Fail(ctx context.Context, tx *tenant.Tx, h *Hold, f Failure, bought Credits) (Verdict, error) {
	v, err := fail(ctx, tx, h, f, bought)
	if err != nil {
		return Verdict{}, fmt.Errorf("fail %s as %s: %w", h.id, f, err)
	}
	return v, nil
}

func fail(ctx context.Context, tx *tenant.Tx, h *Hold, f Failure, bought Credits) (Verdict, error) {
	rule, err := ruleOf(ctx, tx.Shared(), f)
	if err != nil {
		return Verdict{}, err
	}
	v := Verdict{Rule: rule}
	forgiven := rule.All
	if !forgiven {
		b, err := current(ctx, tx) // the lock: two failures at once count one after the other
		if err == nil {
			err = b.write(ctx, tx)
		}
		if err != nil {
			return Verdict{}, err
		}
		n, err := forgivenSince(ctx, tx, f, tx.Now().Add(-rule.Window))
		if err != nil {
			return Verdict{}, err
		}
		forgiven = n < rule.Free
	}
	var charged *int64
	if forgiven {
		err = Return(ctx, tx, h)
	} else {
		v.Charged, v.Cost = true, max(0, min(bought, h.amount))
		charged = (*int64)(&v.Cost)
		err = Settle(ctx, tx, h, v.Cost)
	}
	if err != nil {
		return Verdict{}, err
	}
	_, err = tx.Exec(ctx, `
		INSERT INTO credit_failures (account_id, id, hold_id, failure, charged, created_at) VALUES ($1, $2, $3, $4, $5, $6)`,
		id.New[failureKind](), h.id, string(f), charged, clock.Micros(tx.Now()))
	return v, err
}

func forgivenSince(ctx context.Context, r tenant.Reader, f Failure, since time.Time) (n int64, err error) {
	err = r.Get(ctx, `
		SELECT count(*) FROM credit_failures WHERE account_id = $1 AND failure = $2 AND charged IS NULL AND created_at > $3`,
		[]any{string(f), clock.Micros(since)}, &n)
	return n, err
}
