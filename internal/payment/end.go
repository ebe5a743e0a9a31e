package payment

import (
	"context"
	"fmt"

	"igny8/internal/account"
	"igny8/internal/audit"
	"igny8/internal/clock"
	"igny8/internal/credit"
	"igny8/internal/invoice"
	"igny8/internal/mail"
	"igny8/internal/money"
	"igny8/internal/subscription"
	"igny8/internal/tenant"
	"igny8/internal/words"
)

// Reject says that a reported payment has not arrived, or that a confirmation
// which waits for a second person was wrong. Rejected again it changes nothing.
func (d *Desk) Reject(ctx context.Context, tx *tenant.Tx, pid ID, reason string) (Payment, error) {
	why, err := parseReason(reason)
	if err != nil {
		return Payment{}, err
	}
	if _, err := lock(ctx, tx); err != nil {
		return Payment{}, err
	}
	p, err := Load(ctx, tx, pid)
	if err != nil || p.Status == Rejected {
		return p, err
	}
	if p.Status != Pending && p.Status != PendingReview && p.Status != AwaitingApproval {
		return Payment{}, wrongState(p, "rejected")
	}
	if p, err = end(ctx, tx, p, Rejected, why); err != nil {
		return Payment{}, err
	}
	if err := audit.Record(ctx, tx, "payment.rejected", p.ID.String(), map[string]string{"external_payment_id": p.ExternalID, "reason": why}); err != nil {
		return Payment{}, err
	}
	if p.Reported.Amount == 0 { // the tenant has never heard of it
		return p, nil
	}
	i, err := invoice.Load(ctx, tx, p.Invoice)
	if err != nil {
		return Payment{}, err
	}
	return p, d.people.TellOwners(ctx, tx, mail.PaymentRejected{Amount: p.Amount.String(), Invoice: i.Number, Reason: why})
}

// Undone is what undoing a confirmation took back.
type Undone struct {
	Payment  Payment
	Invoices []invoice.Invoice // that were paid by it, as they are now
	Taken    credit.Credits    // were not spent, and are gone
	Owed     credit.Credits    // had been spent or are held, and are owed
}

// Undo takes a confirmation back that was wrong, with all that followed from
// it, the last first: the periods, the credits, the allocations, the money.
// Credits that were spent are owed. Undone again it changes nothing.
// ErrState for a payment that does not count, ErrPartRefund for one of which a
// part went back, ErrOwnAccount for a member of the account, and
// subscription.ErrLaterPaid while a later period stands.
func (d *Desk) Undo(ctx context.Context, tx *tenant.Tx, pid ID, reason string) (Undone, error) {
	return d.takeBack(ctx, tx, pid, Reversed, reason)
}

// Refunded is told by a vendor, or by one of the staff, that the whole of a
// payment went back to who had sent it: what followed from it is taken back as
// by Undo.
func (d *Desk) Refunded(ctx context.Context, tx *tenant.Tx, pid ID, reason string) (Undone, error) {
	return d.takeBack(ctx, tx, pid, Refunded, reason)
}

func (d *Desk) takeBack(ctx context.Context, tx *tenant.Tx, pid ID, as Status, reason string) (Undone, error) {
	why, err := parseReason(reason)
	if err != nil {
		return Undone{}, err
	}
	if _, err := lock(ctx, tx); err != nil {
		return Undone{}, err
	}
	p, err := Load(ctx, tx, pid)
	if err != nil || p.Status == as {
		return Undone{Payment: p}, err
	}
	own, err := ownAccount(ctx, tx)
	switch {
	case err != nil:
		return Undone{}, err
	case p.Status != Succeeded:
		return Undone{}, wrongState(p, "undone")
	case p.Refunded.Amount > 0:
		return Undone{}, ErrPartRefund
	case own:
		return Undone{}, ErrOwnAccount
	}
	u, err := unwind(ctx, tx, p)
	if err != nil {
		return Undone{}, err
	}
	kind := MoneyReversed
	if as == Refunded {
		kind = MoneyRefunded
	}
	if err := move(ctx, tx, Entry{Kind: kind, Amount: money.Of(-p.Amount.Amount, p.Amount.Currency), Payment: p.ID}); err != nil {
		return Undone{}, err
	}
	p.Allocated.Amount = 0
	if u.Payment, err = end(ctx, tx, p, as, why); err != nil {
		return Undone{}, err
	}
	err = audit.Record(ctx, tx, "payment."+string(as), p.ID.String(), map[string]string{
		"amount": p.Amount.String(), "external_payment_id": p.ExternalID, "reason": why,
		"credits_taken": fmt.Sprint(u.Taken), "credits_owed": fmt.Sprint(u.Owed),
	})
	if err != nil {
		return Undone{}, err
	}
	return u, d.people.TellOwners(ctx, tx, mail.PaymentUndone{
		Amount: p.Amount.String(), Reference: p.ExternalID, Reason: why, Refunded: as == Refunded, Owed: int64(u.Owed),
	})
}

// unpaid takes back what followed when an invoice was paid. again tells whether
// it can be asked for again.
func unpaid(ctx context.Context, tx *tenant.Tx, i invoice.Invoice) (r credit.Revocation, again bool, err error) {
	if !i.Pack.IsZero() {
		r, err = revokePack(ctx, tx, i)
		return r, true, err
	}
	if err := uncreditUnused(ctx, tx, i); err != nil {
		return r, false, err
	}
	return subscription.Unpaid(ctx, tx, i.ID.String())
}

// unwind takes a payment off its invoices, the last first.
func unwind(ctx context.Context, tx *tenant.Tx, p Payment) (Undone, error) {
	var parts []allocation
	err := tx.Each(ctx, `
		SELECT payment_id, invoice_id, amount FROM payment_allocations
		WHERE account_id = $1 AND payment_id = $2 AND reversed_at IS NULL ORDER BY created_at DESC, invoice_id DESC`, []any{p.ID}, readInto(&parts))
	if err != nil {
		return Undone{}, fmt.Errorf("what payment %q went to: %w", p.ExternalID, err)
	}
	var u Undone
	for _, a := range parts {
		i, err := invoice.Load(ctx, tx, a.invoice)
		if err != nil {
			return Undone{}, err
		}
		askAgain := true
		if i.Status == invoice.Paid {
			var r credit.Revocation
			if r, askAgain, err = unpaid(ctx, tx, i); err != nil {
				return Undone{}, err
			}
			u.Taken, u.Owed = u.Taken+r.Taken, u.Owed+r.Owed
		}
		if i, err = release(ctx, tx, a, i); err != nil {
			return Undone{}, err
		}
		if !askAgain {
			if err := withdraw(ctx, tx, i); err != nil {
				return Undone{}, err
			}
			i.Status = invoice.Void
		}
		u.Invoices = append(u.Invoices, i)
	}
	return u, nil
}

// SentBack records that a part of a payment that no invoice needed went back
// to who had sent it. ErrInvalid for more than is unapplied of it.
func (d *Desk) SentBack(ctx context.Context, tx *tenant.Tx, pid ID, amount money.Money, reason string) (Payment, error) {
	why, err := parseReason(reason)
	if err != nil {
		return Payment{}, err
	}
	if _, err := lock(ctx, tx); err != nil {
		return Payment{}, err
	}
	p, err := Load(ctx, tx, pid)
	if err != nil {
		return Payment{}, err
	}
	if own, err := ownAccount(ctx, tx); own || err != nil {
		if err == nil {
			err = ErrOwnAccount
		}
		return Payment{}, err
	}
	left := p.Unapplied()
	if amount.Currency == "" {
		amount.Currency = left.Currency
	}
	if amount.Amount <= 0 || amount.Currency != left.Currency || amount.Amount > left.Amount {
		return Payment{}, ErrInvalid.At("body.amount", words.With("must be above zero and at most the %s that went to no invoice", left), amount.Amount).With("unapplied", left)
	}
	_, err = tx.Exec(ctx, `UPDATE payments SET refunded = refunded + $3 WHERE account_id = $1 AND id = $2 AND status = 'succeeded'`, p.ID, amount.Amount)
	if err == nil {
		err = move(ctx, tx, Entry{Kind: MoneyRefunded, Amount: money.Of(-amount.Amount, amount.Currency), Payment: p.ID})
	}
	if err != nil {
		return Payment{}, fmt.Errorf("send %s of payment %q back: %w", amount, p.ExternalID, err)
	}
	p.Refunded.Amount += amount.Amount
	return p, audit.Record(ctx, tx, "payment.sent_back", p.ID.String(), map[string]string{"amount": amount.String(), "reason": why})
}

// end writes that a payment does not count, or not any more.
func end(ctx context.Context, tx *tenant.Tx, p Payment, as Status, why string) (Payment, error) {
	before := p.Status
	p.Status, p.Reason, p.EndedBy, p.Ended = as, why, tx.Scope().Actor().String(), tx.Now()
	n, err := tx.Exec(ctx, `
		UPDATE payments SET status = $3, reason = $4, ended_by = $5, ended_at = $6 WHERE account_id = $1 AND id = $2 AND status = $7`,
		p.ID, string(p.Status), p.Reason, p.EndedBy, clock.Micros(p.Ended), string(before))
	if err == nil && n == 0 {
		err = ErrState
	}
	if err != nil {
		return Payment{}, fmt.Errorf("payment %q is %s: %w", p.ExternalID, as, err)
	}
	return p, nil
}

func parseReason(s string) (string, error) {
	why, ok := account.Printable(s, 500)
	if !ok {
		return "", account.ErrInvalidReason.At("body.reason", "1 to 500 printable characters", nil)
	}
	return why, nil
}
