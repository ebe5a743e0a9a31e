package payment

import (
	"context"
	"fmt"
	"time"

	"igny8/internal/account"
	"igny8/internal/audit"
	"igny8/internal/clock"
	"igny8/internal/credit"
	"igny8/internal/invoice"
	"igny8/internal/plan"
	"igny8/internal/subscription"
	"igny8/internal/tenant"
)

// BuyPack orders a package of credits at its price in a currency: an open
// invoice asks for it, the credits are granted when that is paid, and the
// subscription is not touched. What the account had paid and not used goes to
// the invoice: when that is enough, the credits are there at once.
// account.ErrToBeDeleted when the account's deletion is ordered,
// ErrUnavailable when the method is coming soon, ErrSwitchedOff when a flag
// keeps it from the account.
func (d *Desk) BuyPack(ctx context.Context, tx *tenant.Tx, p plan.Pack, w plan.Wish, m account.PaymentMethod) (invoice.Invoice, error) {
	if err := account.Stays(ctx, tx); err != nil {
		return invoice.Invoice{}, err
	}
	price, err := p.Wished(w)
	if err != nil {
		return invoice.Invoice{}, err
	}
	methods, err := d.Methods(ctx, tx)
	if err == nil {
		err = d.usable(m, methods)
	}
	if err != nil {
		return invoice.Invoice{}, err
	}
	if _, err := lock(ctx, tx); err != nil {
		return invoice.Invoice{}, err
	}
	s, err := subscription.Current(ctx, tx)
	if err != nil {
		return invoice.Invoice{}, err
	}
	line, err := invoice.PackLine(ctx, tx, p, price)
	if err != nil {
		return invoice.Invoice{}, err
	}
	i, err := invoice.Issue(ctx, tx, invoice.New{
		Subscription: s.ID, PaymentMethod: m, Lines: []invoice.Line{line},
		Pack: invoice.Pack{Code: p.Code, Credits: p.Credits, Days: p.Days},
	})
	if err != nil {
		return invoice.Invoice{}, err
	}
	return d.ask(ctx, tx, i)
}

// standingGrant is which grant of its credits an invoice has paid for, counted
// from one, and whether any stands.
func standingGrant(ctx context.Context, r tenant.Reader, iid invoice.ID) (ordinal int64, found bool, err error) {
	err = r.Get(ctx, `SELECT ordinal FROM package_grants WHERE account_id = $1 AND invoice_id = $2 AND reversed_at IS NULL`, []any{iid}, &ordinal)
	if tenant.IsNotFound(err) {
		return 0, false, nil
	}
	if err != nil {
		return 0, false, fmt.Errorf("grant of invoice %s: %w", iid, err)
	}
	return ordinal, true, nil
}

// packReference names the grant. An invoice whose payment was undone may be
// paid again: that is another grant.
func packReference(iid invoice.ID, ordinal int64) string { return fmt.Sprintf("%s %d", iid, ordinal) }

// grantPack grants the credits that a paid invoice has sold. The caller holds
// the invoice.
func grantPack(ctx context.Context, tx *tenant.Tx, i invoice.Invoice) error {
	var ordinal int64
	err := tx.Get(ctx, `
		INSERT INTO package_grants (account_id, invoice_id, ordinal, created_at)
		SELECT $1, $2, coalesce(max(ordinal), 0) + 1, $3 FROM package_grants WHERE account_id = $1 AND invoice_id = $2
		RETURNING ordinal`, []any{i.ID, clock.Micros(tx.Now())}, &ordinal)
	if err != nil {
		return fmt.Errorf("grant of invoice %s: %w", i.Number, err)
	}
	lot := credit.NewLot{Source: credit.Purchase, Reference: packReference(i.ID, ordinal), Amount: i.Pack.Credits}
	if i.Pack.Days > 0 {
		lot.Expires = tx.Now().Add(time.Duration(i.Pack.Days) * 24 * time.Hour)
	}
	if _, err := credit.Grant(ctx, tx, lot); err != nil {
		return err
	}
	return audit.Record(ctx, tx, "package.bought", i.ID.String(), map[string]string{
		"number": i.Number, "package": i.Pack.Code, "credits": fmt.Sprint(i.Pack.Credits),
	})
}

// revokePack takes the credits of a paid invoice back; what was spent of them
// is owed.
func revokePack(ctx context.Context, tx *tenant.Tx, i invoice.Invoice) (credit.Revocation, error) {
	ordinal, found, err := standingGrant(ctx, tx, i.ID)
	if err == nil && !found {
		err = ErrState
	}
	if err != nil {
		return credit.Revocation{}, fmt.Errorf("take back the grant of invoice %s: %w", i.Number, err)
	}
	_, err = tx.Exec(ctx, `UPDATE package_grants SET reversed_at = $4 WHERE account_id = $1 AND invoice_id = $2 AND ordinal = $3 AND reversed_at IS NULL`,
		i.ID, ordinal, clock.Micros(tx.Now()))
	if err != nil {
		return credit.Revocation{}, fmt.Errorf("take back the grant of invoice %s: %w", i.Number, err)
	}
	return credit.Revoke(ctx, tx, packReference(i.ID, ordinal))
}
