package payment

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"igny8/internal/account"
	"igny8/internal/clock"
	"igny8/internal/fault"
	"igny8/internal/identity"
	"igny8/internal/invoice"
	"igny8/internal/money"
	"igny8/internal/payment/internal/vendor"
	"igny8/internal/subscription"
	"igny8/internal/tenant"
)

// look looks into a message: it asks the vendor how things stand, and records
// what is not recorded yet. So a message may come twice, late or out of order.
func (d *Desk) look(ctx context.Context, l looking) error {
	from, n, until, err := d.pick(ctx, l.Event)
	if tenant.IsNotFound(err) {
		return nil // somebody has looked into it
	}
	if err != nil {
		return fmt.Errorf("message %s: %w", l.Event, err)
	}
	whose, attention, err := d.follow(ctx, from, n)
	// The server may be stopping: what happened is still written down.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	switch {
	case err == nil && attention == "":
		return d.looked(ctx, l.Event, EventDone, whose, "", until)
	case err == nil:
		return d.looked(ctx, l.Event, EventFailed, whose, attention, until)
	case errors.Is(err, errNotOurs), errors.Is(err, vendor.ErrUnknown):
		return d.looked(ctx, l.Event, EventIgnored, whose, err.Error(), until)
	case fault.Of(err).Kind != fault.Internal:
		return d.looked(ctx, l.Event, EventFailed, whose, err.Error(), until)
	}
	if over := d.looked(ctx, l.Event, EventReceived, whose, err.Error(), until); !errors.Is(over, errOver) {
		return errors.Join(fmt.Errorf("message %s: %w", l.Event, err), over)
	}
	return nil
}

// pick counts a try, and says until when to try.
func (d *Desk) pick(ctx context.Context, eid EventID) (from account.PaymentMethod, n vendor.Notice, until time.Time, err error) {
	err = d.st.UpdateShared(ctx, func(ctx context.Context, tx *tenant.SharedTx) error {
		var asked int64
		err := tx.Get(ctx, `
			UPDATE webhook_events SET tries = tries + 1 WHERE id = $1 AND state = 'received' RETURNING vendor, external_id, type, object, about, asked_at`,
			[]any{eid}, &from, &n.ID, &n.Type, &n.Object, &n.Of, &asked)
		until = clock.FromMicros(asked).Add(keepLooking)
		return err
	})
	return from, n, until, err
}

// errOver is a message that has been tried long enough.
var errOver = errors.New("tried long enough")

// looked writes down what came of it. One that is to be tried again is errOver
// and fails when its time is over.
func (d *Desk) looked(ctx context.Context, eid EventID, s EventState, whose, why string, until time.Time) error {
	var over bool
	err := d.st.UpdateShared(ctx, func(ctx context.Context, tx *tenant.SharedTx) error {
		if over = s == EventReceived && !tx.Now().Before(until); over {
			s = EventFailed
		}
		done := tx.Now()
		if s == EventReceived {
			done = time.Time{}
		}
		_, err := tx.Exec(ctx, `UPDATE webhook_events SET state = $2, whose = $3, error = $4, done_at = $5 WHERE id = $1 AND state = 'received'`,
			eid, string(s), whose, vendor.Line(why), clock.MicrosOrNull(done))
		return err
	})
	if err != nil {
		return fmt.Errorf("message %s is %s: %w", eid, s, err)
	}
	if over {
		return errOver
	}
	return nil
}

// follow asks the vendor and records what it says, in one transaction of the
// account that it is about. attention is what somebody has to see to.
func (d *Desk) follow(ctx context.Context, from account.PaymentMethod, n vendor.Notice) (whose, attention string, err error) {
	if n.Object == "" {
		return "", "", fmt.Errorf("%w: nothing follows from this type", errNotOurs)
	}
	c, there := d.vendors[from]
	if !there {
		return "", "", fmt.Errorf("%s is not configured any more", from)
	}
	t, err := c.Fetch(ctx, n)
	if err != nil {
		return "", "", err
	}
	acc, err := tenant.ParseAccountID(t.Account)
	sid, serr := subscription.ParseID(t.Subscription)
	if err != nil || serr != nil {
		return "", "", fmt.Errorf("%w: it is of no order that was made here", errNotOurs)
	}
	err = d.st.Update(ctx, identity.Told(string(from), acc), func(ctx context.Context, tx *tenant.Tx) error {
		attention = ""
		if err := account.Lock(ctx, tx); tenant.IsNotFound(err) {
			return fmt.Errorf("%w: the account %s is not here", errNotOurs, acc)
		} else if err != nil {
			return err
		}
		if _, err := subscription.Load(ctx, tx, sid); err != nil {
			return fmt.Errorf("%w: %w", errNotOurs, err)
		}
		attention, err = d.record(ctx, tx, from, sid, t)
		return err
	})
	return acc.String(), attention, err
}

// record brings the books to where the vendor's are.
func (d *Desk) record(ctx context.Context, tx *tenant.Tx, from account.PaymentMethod, sid subscription.ID, t vendor.Truth) (attention string, err error) {
	if t.Agreement.ID != "" {
		if err := d.agreed(ctx, tx, from, sid, t); err != nil {
			return "", err
		}
	}
	for _, p := range t.Payments {
		more, err := d.took(ctx, tx, from, t, p)
		if err != nil {
			return "", err
		}
		attention = strings.TrimSpace(attention + " " + more)
	}
	if t.Agreement.ID != "" {
		if err := d.stopWithdrawn(ctx, tx, from, t); err != nil {
			return "", err
		}
	}
	return attention, d.stopOthers(ctx, tx)
}

// took records money that a vendor has taken, and what of it went back.
func (d *Desk) took(ctx context.Context, tx *tenant.Tx, from account.PaymentMethod, t vendor.Truth, p vendor.Payment) (attention string, err error) {
	known, err := load(ctx, tx, `AND method = $2 AND external_payment_id = $3 ORDER BY id DESC LIMIT 1`, string(from), p.ID)
	if err != nil && !errors.Is(err, ErrNotFound) {
		return "", err
	}
	there := err == nil
	switch {
	case p.Reversed:
		if there && known.Status == Succeeded {
			_, err = d.Undo(ctx, tx, known.ID, "The payer's bank took the money back, as "+title(from)+" says.")
			return "", err
		}
		return "", nil
	case p.Returned >= p.Amount.Amount:
		if there && known.Status == Succeeded {
			_, err = d.Refunded(ctx, tx, known.ID, "The money was sent back at "+title(from)+".")
			return "", err
		}
		return "", nil
	case there && known.Status == Reversed && !p.Restored:
		return "", nil
	}
	r := Received{Method: from, ExternalID: p.ID, Amount: p.Amount, PayerName: title(from) + " customer", Checked: true}
	if who, ok := account.Printable(p.Payer, 140); ok {
		r.PayerName = who
	}
	if iid, err := invoice.ParseID(t.Invoice); err == nil {
		i, err := invoice.Load(ctx, tx, iid)
		if err != nil && !errors.Is(err, invoice.ErrNotFound) {
			return "", err
		}
		if err == nil && i.Status == invoice.Open {
			r.Invoices = []invoice.ID{iid}
		}
	}
	c, err := d.Receive(ctx, tx, r)
	if err != nil {
		return "", err
	}
	return d.sentBack(ctx, tx, from, c.Payment, p)
}

// sentBack records that a part went back. What no invoice needed is simply
// gone; how the rest is to be made good in the books, a person must say.
func (d *Desk) sentBack(ctx context.Context, tx *tenant.Tx, from account.PaymentMethod, known Payment, p vendor.Payment) (attention string, err error) {
	more := money.Of(p.Returned-known.Refunded.Amount, p.Amount.Currency)
	if known.Status != Succeeded || more.Amount <= 0 {
		return "", nil
	}
	if more.Amount > known.Unapplied().Amount {
		return fmt.Sprintf("%s of payment %s went back at %s, and an invoice needed it: correct the invoice, or take the payment back.", more, known.ExternalID, title(from)), nil
	}
	_, err = d.SentBack(ctx, tx, known.ID, more, "A part was sent back at "+title(from)+".")
	return "", err
}

func title(m account.PaymentMethod) string {
	switch m {
	case account.Stripe:
		return "Stripe"
	case account.PayPal:
		return "PayPal"
	case account.BankTransfer:
	}
	return "the bank"
}
