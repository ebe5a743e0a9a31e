package bank

import (
	"context"

	"igny8/internal/money"
	"igny8/internal/payment"
	"igny8/internal/tenant"
)

// Receive takes a transfer that somebody has typed in: see payment.Receive.
// Where a bank line tells of it that is a payment already, under whichever of
// its names, it is that one.
func Receive(ctx context.Context, tx *tenant.Tx, desk *payment.Desk, r payment.Received) (payment.Confirmation, error) {
	p, known, err := Recorded(ctx, tx, r.ExternalID, r.Amount)
	if err != nil {
		return payment.Confirmation{}, err
	}
	if known {
		r.ExternalID = p.ExternalID
	}
	return desk.Receive(ctx, tx, r)
}

// Arrived is what somebody saw at the bank of a transfer that was reported.
// The zero Arrived is that it came as it was reported, and is what is due.
type Arrived struct {
	Amount      money.Money // the zero: what was reported
	PayerName   string      // empty: as reported
	OtherAmount bool        // take it although it is not what is due
}

// ConfirmReported says that a reported transfer has arrived, with all that
// follows: see payment.Receive. ErrProbablyKnown when it came as a bank line
// that is another payment.
func ConfirmReported(ctx context.Context, tx *tenant.Tx, desk *payment.Desk, pid payment.ID, as Arrived) (payment.Confirmation, error) {
	p, err := payment.Load(ctx, tx, pid)
	if err != nil {
		return payment.Confirmation{}, err
	}
	if p.Status == payment.Rejected || p.Status == payment.Reversed {
		return payment.Confirmation{}, payment.ErrState.Sayf("The payment is %s and cannot be confirmed.", p.Status)
	}
	r := payment.Received{
		Method: p.Method, ExternalID: p.ExternalID, Amount: p.Amount, PayerName: p.PayerName, ProofURL: p.ProofURL, Exact: !as.OtherAmount,
	}
	if as.Amount != (money.Money{}) {
		r.Amount = as.Amount
	}
	if as.PayerName != "" {
		r.PayerName = as.PayerName
	}
	if other, known, err := Recorded(ctx, tx, r.ExternalID, r.Amount); err != nil {
		return payment.Confirmation{}, err
	} else if known && other.ID != pid {
		return payment.Confirmation{}, ErrProbablyKnown.Sayf("The bank line with the reference %q is payment %s already.", r.ExternalID, other.ID)
	}
	return desk.Receive(ctx, tx, r)
}
