package payment

import (
	"context"
	"errors"
	"fmt"
	"time"

	"igny8/internal/account"
	"igny8/internal/clock"
	"igny8/internal/id"
	"igny8/internal/invoice"
	"igny8/internal/payment/internal/vendor"
	"igny8/internal/plan"
	"igny8/internal/subscription"
	"igny8/internal/tenant"
)

type sessionKind struct{}

func (sessionKind) Prefix() string { return "pse" }

// How long the page of a vendor is good. Stripe's is good for a day and
// PayPal's for some hours; one that was asked for and never came is asked for
// again under the same key as long as both remember the key.
const sessionLasts = 3 * time.Hour

// payTime is how long somebody waits for the page.
const payTime = 25 * time.Second

// session is a payer who was sent to a vendor. Its id is the key under which
// the vendor does it once.
type session struct {
	id    id.ID[sessionKind]
	url   string // empty: not there yet
	order vendor.Order
	price string // under which the vendor's name of the price is kept; empty: none is
}

// Pay is the address on which the payer of an open invoice pays what is due.
// The same one is answered as long as it is good. An order of a plan for its
// whole price is an agreement: the vendor takes it again each interval.
//
// The vendor is asked between two transactions. ErrVendorAway and
// ErrVendorRefused leave the invoice open, and it can be asked again.
func (d *Desk) Pay(ctx context.Context, s tenant.Scope, iid invoice.ID) (string, error) {
	var m account.PaymentMethod
	var e session
	err := d.st.Update(ctx, s, func(ctx context.Context, tx *tenant.Tx) (err error) {
		m, e, err = d.page(ctx, tx, iid)
		return err
	})
	if err != nil || e.url != "" {
		return e.url, err
	}
	asking, cancel := context.WithTimeout(ctx, payTime)
	begun, failed := d.vendors[m].Begin(asking, e.order)
	cancel()
	// The payer may be gone: what came of it is still written down.
	ctx, cancel = context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	err = d.st.Update(ctx, s, func(ctx context.Context, tx *tenant.Tx) error { return answered(ctx, tx, m, e, begun, failed) })
	if failed != nil {
		return "", errors.Join(fmt.Errorf("pay invoice %s: %w", iid, faultOf(failed)), err)
	}
	return begun.URL, err
}

// page finds the page that there is, or writes down that one is asked for.
func (d *Desk) page(ctx context.Context, tx *tenant.Tx, iid invoice.ID) (m account.PaymentMethod, e session, err error) {
	if err := account.Lock(ctx, tx); err != nil {
		return m, e, err
	}
	i, err := invoice.Load(ctx, tx, iid)
	if err != nil {
		return m, e, err
	}
	m = i.PaymentMethod
	due := i.AmountDue()
	switch {
	case i.Status != invoice.Open || due.Amount <= 0:
		return m, e, fmt.Errorf("pay invoice %s: %w", i.Number, invoice.ErrNotOpen)
	case m == account.BankTransfer:
		return m, e, ErrNotOnline
	}
	if _, there := d.vendors[m]; !there { // a flag does not keep anybody from paying what he has ordered
		return m, e, ErrUnavailable
	}
	var url *string
	err = tx.Get(ctx, `
		SELECT id, url FROM payment_sessions
		WHERE account_id = $1 AND invoice_id = $2 AND method = $3 AND amount = $4 AND state <> 'failed' AND created_at > $5 ORDER BY id DESC LIMIT 1`,
		[]any{iid, string(m), due.Amount, clock.Micros(tx.Now().Add(-sessionLasts))}, &e.id, &url)
	switch {
	case err == nil && url != nil:
		e.url = *url
		return m, e, nil
	case tenant.IsNotFound(err):
		e.id = id.New[sessionKind]()
		_, err = tx.Exec(ctx, `
			INSERT INTO payment_sessions (account_id, id, invoice_id, method, currency, amount, state, created_at) VALUES ($1, $2, $3, $4, $5, $6, 'asked', $7)`,
			e.id, iid, string(m), due.Currency, due.Amount, clock.Micros(tx.Now()))
	}
	if err != nil {
		return m, e, fmt.Errorf("pay invoice %s: %w", i.Number, err)
	}
	err = d.orderOf(ctx, tx, i, &e)
	return m, e, err
}

// orderOf says what the vendor is asked for.
func (d *Desk) orderOf(ctx context.Context, tx *tenant.Tx, i invoice.Invoice, e *session) error {
	s, err := subscription.Load(ctx, tx, i.Subscription)
	if err != nil {
		return err
	}
	what := "Igny8 " + s.Plan.Name
	if len(i.Lines) == 1 {
		what = i.Lines[0].Description
	}
	e.order = vendor.Order{
		Key: e.id.String(), Account: tx.Scope().Account().String(), Invoice: i.ID.String(), Subscription: s.ID.String(),
		Number: i.Number, What: what, Amount: i.AmountDue(), Done: d.home + "/billing?paid=" + i.ID.String(), Back: d.home + "/billing?unpaid=" + i.ID.String(),
	}
	if !i.Pack.IsZero() {
		return nil // once, and no agreement
	}
	price, err := plan.PriceIn(ctx, tx.Shared(), s.Plan, i.Total.Currency)
	if err != nil {
		return err
	}
	if i.AmountDue() != price || s.Status != subscription.PendingPayment {
		return nil // something else than the plan's price, or what an agreement takes already
	}
	e.order.Every = vendor.Interval(s.Plan.Interval)
	e.price = fmt.Sprintf("%s %s %s", s.Plan.ID, s.Plan.Interval, price)
	err = tx.Shared().Get(ctx, `SELECT external_id FROM vendor_prices WHERE vendor = $1 AND price = $2`, []any{string(i.PaymentMethod), e.price}, &e.order.Price)
	if err != nil && !tenant.IsNotFound(err) {
		return fmt.Errorf("what %s calls a price: %w", i.PaymentMethod, err)
	}
	return nil
}

// answered writes down what a vendor said. One that did not answer may have
// made the page all the same, and is asked under the same key again.
func answered(ctx context.Context, tx *tenant.Tx, m account.PaymentMethod, e session, b vendor.Begun, failed error) error {
	var err error
	switch {
	case failed == nil:
		_, err = tx.Exec(ctx, `UPDATE payment_sessions SET state = 'open', external_id = $3, url = $4 WHERE account_id = $1 AND id = $2`, e.id, b.ID, b.URL)
		if err == nil && b.Price != "" && e.price != "" {
			_, err = tx.SharedTx().Exec(ctx, `INSERT INTO vendor_prices (vendor, price, external_id) VALUES ($1, $2, $3) ON CONFLICT (vendor, price) DO NOTHING`,
				string(m), e.price, b.Price)
		}
	case !errors.Is(failed, vendor.ErrAway):
		_, err = tx.Exec(ctx, `UPDATE payment_sessions SET state = 'failed' WHERE account_id = $1 AND id = $2 AND state = 'asked'`, e.id)
	}
	if err != nil {
		return fmt.Errorf("payment session %s: %w", e.id, err)
	}
	return nil
}
