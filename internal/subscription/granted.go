package subscription

import (
	"context"
	"fmt"
	"strings"
	"time"

	"igny8/internal/plan"
	"igny8/internal/tenant"
)

// Period is an interval of a plan that an invoice has paid for.
type Period struct {
	Invoice    string // its id
	Plan       plan.Plan
	Start, End time.Time
	Undone     bool // the payment was
}

// GrantedBy is the period that credits were granted for, by the reference of
// the grant, and whether it was for one: a trial's, say, are for none. Credits
// that came back with the undoing of a change of plan are of the period that
// they had been for.
func GrantedBy(ctx context.Context, r tenant.Reader, reference string) (Period, bool, error) {
	if back, ok := strings.CutPrefix(reference, "back "); ok {
		_, reference, _ = strings.Cut(back, " ")
	}
	var undone bool
	p, err := readPeriod(func(dest ...any) error {
		return r.Get(ctx, `SELECT `+periodColumns+`, reversed_at IS NOT NULL FROM subscription_periods WHERE account_id = $1 AND grant_reference = $2`,
			[]any{reference}, append(dest, &undone)...)
	})
	if tenant.IsNotFound(err) {
		return Period{}, false, nil
	}
	if err != nil {
		return Period{}, false, fmt.Errorf("period of the grant %q: %w", reference, err)
	}
	out := Period{Invoice: p.invoice, Start: p.start, End: p.end, Undone: undone}
	if out.Plan, err = plan.Find(ctx, r.Shared(), p.plan.String()); err != nil {
		return Period{}, false, fmt.Errorf("period of the grant %q: %w", reference, err)
	}
	return out, true, nil
}
