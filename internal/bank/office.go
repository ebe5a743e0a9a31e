package bank

import (
	"context"
	"errors"
	"fmt"

	"igny8/internal/fault"
	"igny8/internal/identity"
	"igny8/internal/payment"
	"igny8/internal/tenant"
)

// Office is where statements arrive. It works in several transactions, since a
// file belongs to no account and each of its payments to one.
type Office struct {
	ids  *identity.Service
	desk *payment.Desk
}

// NewOffice makes an Office.
func NewOffice(ids *identity.Service, desk *payment.Desk) *Office {
	return &Office{ids: ids, desk: desk}
}

// Report is what came of an import.
type Report struct {
	Imported
	Open      int          // lines of the file that wait to be handled
	Tiers     map[Tier]int // of those, how many have proposals, by the best
	Findings  int          // of those, how many have findings
	Confirmed []Outcome    // by this import, where the operator has allowed that
}

// Import writes down what a file tells, says what its lines may pay for, and,
// where the operator has allowed it, confirms those that leave no doubt, each in
// a transaction of its account, as the operator who imports. The same file
// again adds nothing, and goes on where an import was cut off.
func (o *Office) Import(ctx context.Context, u identity.Use, f File) (Report, error) {
	var out Report
	var s Settings
	err := o.ids.ActShared(ctx, u, func(ctx context.Context, tx *tenant.SharedTx) (err error) {
		if s, err = LoadSettings(ctx, tx.Shared); err != nil {
			return err
		}
		out.Imported, err = Import(ctx, tx, f)
		return err
	})
	if err != nil {
		return Report{}, err
	}
	var sure []certainty
	err = o.ids.Survey(ctx, u, func(ctx context.Context, v *tenant.Survey) error {
		sure, err = out.match(ctx, v)
		return err
	})
	if err != nil || !s.AutoConfirm {
		return out, err
	}
	for _, c := range sure {
		if err := o.confirm(ctx, u, c, &out); err != nil {
			return Report{}, err
		}
	}
	return out, nil
}

// certainty is a line that leaves no doubt.
type certainty struct {
	line LineID
	Proposal
}

// match counts what the lines of the file may pay for.
func (r *Report) match(ctx context.Context, v *tenant.Survey) ([]certainty, error) {
	lines := r.open
	if r.Repeated {
		var err error
		if lines, err = Lines(ctx, v.Shared(), Filter{File: r.File, State: Open}); err != nil {
			return nil, err
		}
	}
	book, err := Compare(ctx, v, lines)
	if err != nil {
		return nil, err
	}
	var sure []certainty
	r.Open, r.Tiers = len(lines), map[Tier]int{}
	for _, l := range lines {
		m := book.Match(l)
		if len(m.Proposals) > 0 {
			r.Tiers[m.Proposals[0].Tier]++
		}
		if len(m.Findings) > 0 {
			r.Findings++
		}
		if p, ok := m.Certain(); ok {
			sure = append(sure, certainty{l.ID, p})
		}
	}
	return sure, nil
}

func (o *Office) confirm(ctx context.Context, u identity.Use, c certainty, r *Report) error {
	var out Outcome
	var done bool
	err := o.ids.Act(ctx, u, c.Account, func(ctx context.Context, tx *tenant.Tx) (err error) {
		out, done, err = ConfirmCertain(ctx, tx, o.desk, c.line, c.Proposal)
		return err
	})
	var f *fault.Fault
	switch {
	case errors.As(err, &f): // somebody has to look at it: it stays open
	case err != nil:
		return fmt.Errorf("confirm bank line %s: %w", c.line, err)
	case done:
		r.Confirmed = append(r.Confirmed, out)
	}
	return nil
}
