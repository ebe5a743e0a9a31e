package payment

import (
	"context"
	"errors"
	"fmt"

	"igny8/internal/account"
	"igny8/internal/audit"
	"igny8/internal/id"
	"igny8/internal/invoice"
	"igny8/internal/mail"
	"igny8/internal/money"
	"igny8/internal/tenant"
	"igny8/internal/words"
)

// Report is what a tenant says that he has transferred. It is a claim, and
// never money.
type Report struct {
	Invoice    invoice.ID
	ExternalID string      // the bank's reference of the transfer
	Amount     money.Money // an empty currency is the invoice's
	PayerName  string
	Proof      *Proof // nil: none
}

// maxReports is how many claims of an account may wait at a time.
const maxReports = 10

// Report records a claim, for the staff to look at. The same one again, while
// it waits, is answered as it is. ErrConflict when the reference is known with
// another amount or for another invoice; invoice.ErrNotOpen when there is
// nothing to pay.
func (d *Desk) Report(ctx context.Context, tx *tenant.Tx, r Report) (Payment, error) {
	checked, err := Received{Method: account.BankTransfer, ExternalID: r.ExternalID, Amount: r.Amount, PayerName: r.PayerName}.parse()
	if err != nil {
		return Payment{}, err
	}
	open, err := lock(ctx, tx)
	if err != nil {
		return Payment{}, err
	}
	i, err := among(ctx, tx, open, r.Invoice)
	if err != nil {
		return Payment{}, err
	}
	if checked.Amount.Currency == "" {
		checked.Amount.Currency = i.Total.Currency
	}
	if checked.Amount.Currency != i.Total.Currency {
		return Payment{}, ErrInvalid.At("body.amount.currency", words.With("must be %s, the currency of the invoice", i.Total.Currency), checked.Amount.Currency)
	}
	known, err := load(ctx, tx, `AND method = 'bank_transfer' AND external_payment_id = $2 AND status NOT IN ('rejected', 'reversed')`, checked.ExternalID)
	switch {
	case err == nil && known.Amount == checked.Amount && known.Invoice == i.ID:
		return known, nil
	case err == nil:
		return Payment{}, ErrConflict
	case !errors.Is(err, ErrNotFound):
		return Payment{}, err
	}
	var waiting int
	if err := tx.Get(ctx, `SELECT count(*) FROM payments WHERE account_id = $1 AND status = 'pending_review'`, nil, &waiting); err != nil {
		return Payment{}, fmt.Errorf("count reported payments: %w", err)
	}
	if waiting >= maxReports {
		return Payment{}, ErrState.Sayf("%d reported payments wait to be looked at. Please wait until they are.", waiting)
	}
	p := Payment{
		ID: id.New[paymentKind](), Invoice: i.ID, Status: PendingReview, Method: account.BankTransfer, Amount: checked.Amount,
		Allocated: money.Of(0, i.Total.Currency), Refunded: money.Of(0, i.Total.Currency), Reported: checked.Amount,
		ExternalID: checked.ExternalID, PayerName: checked.PayerName, CreatedBy: tx.Scope().Actor().String(), Created: tx.Now(),
	}
	if err := insert(ctx, tx, p); err != nil {
		return Payment{}, err
	}
	if r.Proof != nil {
		if err := attach(ctx, tx, p.ID, *r.Proof); err != nil {
			return Payment{}, err
		}
		p.HasProof = true
	}
	err = audit.Record(ctx, tx, "payment.reported", p.ID.String(), map[string]string{
		"invoice": i.Number, "amount": p.Amount.String(), "external_payment_id": p.ExternalID, "payer_name": p.PayerName,
	})
	if err != nil {
		return Payment{}, err
	}
	return p, d.people.TellStaff(ctx, tx, tenant.PaymentsConfirm, mail.PaymentReported{Amount: p.Amount.String(), Invoice: i.Number})
}

// among is one of the open invoices; ErrNotOpen when the account has it and it
// is not open.
func among(ctx context.Context, tx *tenant.Tx, open []invoice.Invoice, wanted invoice.ID) (invoice.Invoice, error) {
	for _, i := range open {
		if i.ID == wanted {
			return i, nil
		}
	}
	i, err := invoice.Load(ctx, tx, wanted)
	if err == nil {
		err = invoice.ErrNotOpen.Sayf("Invoice %s is %s: there is nothing to pay.", i.Number, i.Status)
	}
	return invoice.Invoice{}, err
}
