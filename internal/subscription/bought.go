package subscription

import (
	"context"
	"fmt"
	"time"

	"igny8/internal/credit"
	"igny8/internal/plan"
	"igny8/internal/tenant"
)

// Bought is what an invoice has paid for.
type Bought struct {
	Plan       plan.Plan
	Start, End time.Time
	Credits    credit.Credits // that came with it; zero: none did
}

// BoughtBy is what an invoice, by its id, has paid for, and whether there is
// anything: nothing before it is paid, nor once its payment was undone.
func BoughtBy(ctx context.Context, r tenant.Reader, invoice string) (Bought, bool, error) {
	p, found, err := periodOf(ctx, r, invoice)
	if err != nil || !found {
		return Bought{}, false, err
	}
	b := Bought{Start: p.start, End: p.end}
	if b.Plan, err = plan.Find(ctx, r.Shared(), p.plan.String()); err != nil {
		return Bought{}, false, fmt.Errorf("what invoice %s paid for: %w", invoice, err)
	}
	l, found, err := credit.GrantedFor(ctx, r, p.grantReference())
	if found {
		b.Credits = l.Amount
	}
	return b, err == nil, err
}
