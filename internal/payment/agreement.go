package payment

import (
	"context"
	"fmt"

	"igny8/internal/account"
	"igny8/internal/audit"
	"igny8/internal/clock"
	"igny8/internal/invoice"
	"igny8/internal/mail"
	"igny8/internal/payment/internal/vendor"
	"igny8/internal/subscription"
	"igny8/internal/tenant"
)

// agreement is that a vendor takes an amount for a subscription again and
// again.
type agreement struct {
	method       account.PaymentMethod
	external     string
	subscription subscription.ID
	customer     string
}

// active is the agreements that go on, newest first.
func active(ctx context.Context, r tenant.Reader) ([]agreement, error) {
	var all []agreement
	err := r.Each(ctx, `
		SELECT method, external_id, subscription_id, customer FROM vendor_agreements
		WHERE account_id = $1 AND state = 'active' ORDER BY created_at DESC, external_id DESC`, nil, func(scan tenant.Scan) error {
		var a agreement
		err := scan(&a.method, &a.external, &a.subscription, &a.customer)
		all = append(all, a)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("agreements: %w", err)
	}
	return all, nil
}

// Manage is the address of a vendor's page on which the account changes how it
// pays, or ends the agreement. ErrNoAgreement where there is none.
func (d *Desk) Manage(ctx context.Context, s tenant.Scope) (string, error) {
	var all []agreement
	err := d.st.View(ctx, s, func(ctx context.Context, v *tenant.View) (err error) {
		all, err = active(ctx, v)
		return err
	})
	if err != nil {
		return "", err
	}
	for _, a := range all {
		c, there := d.vendors[a.method]
		if !there {
			continue
		}
		url, err := c.Manage(ctx, vendor.Agreement{ID: a.external, Customer: a.customer}, d.home+"/billing")
		return url, faultOf(err)
	}
	return "", ErrNoAgreement
}

// agreed writes down how an agreement stands. That an amount was not to be had
// the owners are told, once for each try.
func (d *Desk) agreed(ctx context.Context, tx *tenant.Tx, m account.PaymentMethod, sid subscription.ID, t vendor.Truth) error {
	a := t.Agreement
	now := clock.Micros(tx.Now())
	n, err := tx.Exec(ctx, `
		INSERT INTO vendor_agreements (account_id, method, external_id, subscription_id, customer, state, created_at, updated_at)
		VALUES ($1, $2, $3, $4, $5, 'active', $6, $6) ON CONFLICT (account_id, method, external_id) DO NOTHING`,
		string(m), a.ID, sid, a.Customer, now)
	if err != nil {
		return fmt.Errorf("agreement %s: %w", a.ID, err)
	}
	if n == 1 {
		if m == account.Stripe {
			if err := subscription.SetStripeID(ctx, tx, sid, a.ID); err != nil {
				return err
			}
		}
		if err := audit.Record(ctx, tx, "agreement.begun", a.ID, map[string]string{"vendor": string(m), "subscription": sid.String()}); err != nil {
			return err
		}
	}
	if t.Failed != "" {
		n, err = tx.Exec(ctx, `UPDATE vendor_agreements SET failed = $4, updated_at = $5 WHERE account_id = $1 AND method = $2 AND external_id = $3 AND failed <> $4`,
			string(m), a.ID, t.Failed, now)
		if err == nil && n == 1 {
			err = audit.Record(ctx, tx, "payment.failed", a.ID, map[string]string{"vendor": string(m), "subscription": sid.String(), "try": t.Failed})
			if err == nil {
				err = d.people.TellOwners(ctx, tx, mail.ChargeFailed{Vendor: title(m)})
			}
		}
		if err != nil {
			return fmt.Errorf("agreement %s: %w", a.ID, err)
		}
	}
	if !a.Over {
		return nil
	}
	n, err = tx.Exec(ctx, `UPDATE vendor_agreements SET state = 'over', updated_at = $4 WHERE account_id = $1 AND method = $2 AND external_id = $3 AND state <> 'over'`,
		string(m), a.ID, now)
	if err == nil && n == 1 {
		err = audit.Record(ctx, tx, "agreement.ended", a.ID, map[string]string{"vendor": string(m), "subscription": sid.String()})
	}
	if err != nil {
		return fmt.Errorf("agreement %s: %w", a.ID, err)
	}
	return nil
}

// stopping is the errand that ends an agreement at the vendor.
type stopping struct {
	Vendor    account.PaymentMethod `json:"vendor"`
	Agreement string                `json:"agreement"`
}

// Kind implements job.Args.
func (stopping) Kind() string { return "payment.stop_agreement" }

// StopAgreements ends, at the vendors, what is taken for a subscription again
// and again. It is for who cancels it, in the same transaction.
func (d *Desk) StopAgreements(ctx context.Context, tx *tenant.Tx, sid subscription.ID) error {
	all, err := active(ctx, tx)
	if err != nil {
		return err
	}
	for _, a := range all {
		if a.subscription == sid {
			if err := d.stopLater(ctx, tx, a); err != nil {
				return err
			}
		}
	}
	return nil
}

// stopOthers ends the agreements for what another subscription has replaced,
// and all but the newest for one subscription: nobody is to pay twice.
func (d *Desk) stopOthers(ctx context.Context, tx *tenant.Tx) error {
	all, err := active(ctx, tx)
	if err != nil {
		return err
	}
	kept := map[subscription.ID]bool{}
	for _, a := range all {
		s, err := subscription.Load(ctx, tx, a.subscription)
		if err != nil {
			return err
		}
		over := s.Status == subscription.Expired || s.Status == subscription.Cancelled
		if over || kept[s.ID] {
			if err := d.stopLater(ctx, tx, a); err != nil {
				return err
			}
		}
		kept[s.ID] = true
	}
	return nil
}

// stopWithdrawn ends an agreement to an order that was withdrawn before its
// page was paid. What was taken is the account's balance; more is not taken.
func (d *Desk) stopWithdrawn(ctx context.Context, tx *tenant.Tx, from account.PaymentMethod, t vendor.Truth) error {
	iid, err := invoice.ParseID(t.Invoice)
	if err != nil {
		return nil //nolint:nilerr // a later interval: it names no invoice of ours
	}
	i, err := invoice.Load(ctx, tx, iid)
	if err != nil || i.Status != invoice.Void {
		return err
	}
	all, err := active(ctx, tx)
	if err != nil {
		return err
	}
	for _, a := range all {
		if a.method == from && a.external == t.Agreement.ID {
			return d.stopLater(ctx, tx, a)
		}
	}
	return nil
}

func (d *Desk) stopLater(ctx context.Context, tx *tenant.Tx, a agreement) error {
	_, err := tx.Exec(ctx, `UPDATE vendor_agreements SET state = 'stopping', updated_at = $4 WHERE account_id = $1 AND method = $2 AND external_id = $3`,
		string(a.method), a.external, clock.Micros(tx.Now()))
	if err == nil {
		err = d.jobs.Errand(ctx, tx.SharedTx(), stopping{a.method, a.external})
	}
	if err == nil {
		err = audit.Record(ctx, tx, "agreement.stopping", a.external, map[string]string{"vendor": string(a.method), "subscription": a.subscription.String()})
	}
	if err != nil {
		return fmt.Errorf("stop agreement %s: %w", a.external, err)
	}
	return nil
}

// stop ends an agreement. That it is over the vendor tells by a message.
func (d *Desk) stop(ctx context.Context, s stopping) error {
	c, there := d.vendors[s.Vendor]
	if !there {
		return fmt.Errorf("stop agreement %s: %s is not configured any more", s.Agreement, s.Vendor)
	}
	return c.Stop(ctx, s.Agreement)
}
