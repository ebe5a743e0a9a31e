package payment

import (
	"context"
	"errors"
	"fmt"

	"igny8/internal/account"
	"igny8/internal/audit"
	"igny8/internal/fault"
	"igny8/internal/invoice"
	"igny8/internal/mail"
	"igny8/internal/money"
	"igny8/internal/subscription"
	"igny8/internal/tenant"
	"igny8/internal/words"
)

// Rules says when a second person must approve what one of the staff has
// confirmed. The zero Rules ask for nobody, and let nobody confirm for an
// account that he is a member of.
type Rules struct {
	Above     []money.Money // more than this, in each currency
	Uncertain bool          // an amount that is not what was due, or a match that is not beyond doubt
	Own       bool          // for an account that the operator is a member of; false: he may not confirm at all
}

// ErrInvalidRules is rules that say nothing sensible.
var ErrInvalidRules = fault.New(fault.Invalid, "approval_rules.invalid", "These rules cannot be right.").FieldsSay()

// LoadRules reads the rules.
func LoadRules(ctx context.Context, r tenant.Shared) (Rules, error) {
	var rules Rules
	err := r.Get(ctx, `SELECT uncertain, own FROM approval_rules WHERE id = 1`, nil, &rules.Uncertain, &rules.Own)
	if err != nil && !tenant.IsNotFound(err) {
		return Rules{}, fmt.Errorf("rules of approval: %w", err)
	}
	err = r.Each(ctx, `SELECT currency, above FROM approval_limits ORDER BY currency`, nil, func(scan tenant.Scan) error {
		var m money.Money
		err := scan(&m.Currency, &m.Amount)
		rules.Above = append(rules.Above, m)
		return err
	})
	if err != nil {
		return Rules{}, fmt.Errorf("rules of approval: %w", err)
	}
	return rules, nil
}

// SetRules says when a second person must approve, from the next confirmation
// on.
func SetRules(ctx context.Context, tx *tenant.SharedTx, r Rules) error {
	seen := map[string]bool{}
	for n, m := range r.Above {
		where := fmt.Sprintf("body.above[%d]", n)
		if m.Check() != nil || m.Amount < 0 || seen[m.Currency] {
			return ErrInvalidRules.At(where, "must be an amount of zero or more in minor units, in a currency that is named once", nil)
		}
		seen[m.Currency] = true
	}
	before, err := LoadRules(ctx, tx.Shared)
	if err != nil {
		return err
	}
	_, err = tx.Exec(ctx, `
		INSERT INTO approval_rules (id, uncertain, own) VALUES (1, $1, $2)
		ON CONFLICT (id) DO UPDATE SET uncertain = $1, own = $2`, r.Uncertain, r.Own)
	if err == nil {
		_, err = tx.Exec(ctx, `DELETE FROM approval_limits`)
	}
	for _, m := range r.Above {
		if err == nil {
			_, err = tx.Exec(ctx, `INSERT INTO approval_limits (currency, above) VALUES ($1, $2)`, m.Currency, m.Amount)
		}
	}
	if err != nil {
		return fmt.Errorf("set the rules of approval: %w", err)
	}
	return audit.RecordShared(ctx, tx, tx.Operator().Actor(), "approval_rules.set", "approval_rules", map[string]Rules{"before": before, "after": r})
}

// secondPerson is why somebody else must approve a payment, or empty. What a
// vendor told needs nobody: no operator decides there.
func secondPerson(ctx context.Context, tx *tenant.Tx, r Received, p Payment, targets []invoice.Invoice) (words.Text, error) {
	if tx.Scope().Actor().Kind != tenant.Staff {
		return "", nil
	}
	rules, err := LoadRules(ctx, tx.Shared())
	if err != nil {
		return "", err
	}
	own, err := ownAccount(ctx, tx)
	switch {
	case err != nil:
		return "", err
	case own && !rules.Own:
		return "", ErrOwnAccount
	case own:
		return "the operator is a member of the account", nil
	}
	for _, m := range rules.Above {
		if m.Currency == p.Amount.Currency && p.Amount.Amount > m.Amount {
			return words.With("the amount is above %s", m), nil
		}
	}
	switch {
	case !rules.Uncertain || r.Checked:
		return "", nil
	case r.Doubtful:
		return "it is not beyond doubt whose money it is", nil
	case len(targets) == 0 || targets[0].AmountDue() != p.Amount:
		return "the amount is not what is due", nil
	}
	return "", nil
}

// ownAccount tells whether the operator of tx is a member of its account.
func ownAccount(ctx context.Context, tx *tenant.Tx) (bool, error) {
	who := tx.Scope().Actor()
	u, err := account.ParseUserID(who.ID)
	if who.Kind != tenant.Staff || err != nil {
		return false, nil //nolint:nilerr // who sits at the console, and the program itself, is no person that could be a member
	}
	switch _, err = account.RoleOf(ctx, tx, u); {
	case errors.Is(err, account.ErrNotMember):
		return false, nil
	default:
		return err == nil, err
	}
}

// await keeps a payment, with what it is for and what was due then, until a
// second person decides.
func (d *Desk) await(ctx context.Context, tx *tenant.Tx, p Payment, targets []invoice.Invoice, why words.Text) (Confirmation, error) {
	p.Status = AwaitingApproval
	if err := save(ctx, tx, p); err != nil {
		return Confirmation{}, err
	}
	if _, err := tx.Exec(ctx, `DELETE FROM payment_targets WHERE account_id = $1 AND payment_id = $2`, p.ID); err != nil {
		return Confirmation{}, fmt.Errorf("payment %q: %w", p.ExternalID, err)
	}
	for n, i := range targets {
		_, err := tx.Exec(ctx, `INSERT INTO payment_targets (account_id, payment_id, ordinal, invoice_id, due) VALUES ($1, $2, $3, $4, $5)`,
			p.ID, n, i.ID, i.AmountDue().Amount)
		if err != nil {
			return Confirmation{}, fmt.Errorf("payment %q: %w", p.ExternalID, err)
		}
	}
	c, err := confirmed(ctx, tx, p)
	if err != nil {
		return Confirmation{}, err
	}
	c.New = true
	err = audit.Record(ctx, tx, "payment.awaits_approval", p.ID.String(), map[string]string{
		"amount": p.Amount.String(), "external_payment_id": p.ExternalID, "invoice": c.Invoice.Number, "why": why.String(),
	})
	if err != nil {
		return Confirmation{}, err
	}
	return c, d.people.TellStaff(ctx, tx, tenant.PaymentsApprove, mail.ApprovalNeeded{Amount: p.Amount.String(), Reference: p.ExternalID, Why: why.Packed()})
}

// Approve is the second person's yes: the payment counts, with all that
// follows. ErrSamePerson for who confirmed it, ErrOwnAccount for a member of
// the account, ErrState when it does not wait for approval, and ErrChanged when
// what was due is not so any more. Approved again it changes nothing.
func (d *Desk) Approve(ctx context.Context, tx *tenant.Tx, pid ID) (Confirmation, error) {
	open, err := lock(ctx, tx)
	if err != nil {
		return Confirmation{}, err
	}
	p, err := Load(ctx, tx, pid)
	if err != nil {
		return Confirmation{}, err
	}
	me := tx.Scope().Actor().String()
	if p.Status == Succeeded && p.ApprovedBy == me {
		return confirmed(ctx, tx, p)
	}
	own, err := ownAccount(ctx, tx)
	switch {
	case err != nil:
		return Confirmation{}, err
	case p.Status != AwaitingApproval:
		return Confirmation{}, wrongState(p, "approved")
	case p.ConfirmedBy == me:
		return Confirmation{}, ErrSamePerson
	case own:
		return Confirmation{}, ErrOwnAccount
	}
	targets, err := unchanged(ctx, tx, p, open)
	if err != nil {
		return Confirmation{}, err
	}
	p.Status, p.ApprovedBy = Succeeded, me
	if err := save(ctx, tx, p); err != nil {
		return Confirmation{}, err
	}
	return d.settle(ctx, tx, p, targets)
}

func wrongState(p Payment, what words.Text) error {
	return ErrState.Sayf("The payment is %s and cannot be %s.", p.Status, what).With("status", string(p.Status))
}

// unchanged is the invoices that a payment was confirmed for, if each asks for
// what it asked for then.
func unchanged(ctx context.Context, tx *tenant.Tx, p Payment, open []invoice.Invoice) ([]invoice.Invoice, error) {
	var targets []invoice.Invoice
	err := tx.Each(ctx, `SELECT invoice_id, due FROM payment_targets WHERE account_id = $1 AND payment_id = $2 ORDER BY ordinal`, []any{p.ID},
		func(scan tenant.Scan) error {
			var iid invoice.ID
			var due int64
			if err := scan(&iid, &due); err != nil {
				return err
			}
			for _, i := range open {
				if i.ID == iid && i.AmountDue().Amount == due {
					targets = append(targets, i)
					return nil
				}
			}
			return ErrChanged
		})
	if err != nil {
		return nil, fmt.Errorf("payment %q: %w", p.ExternalID, err)
	}
	for _, i := range targets {
		if !i.Pack.IsZero() {
			continue
		}
		s, err := subscription.Load(ctx, tx, i.Subscription)
		if err != nil {
			return nil, err
		}
		if s.Status == subscription.Expired || s.Status == subscription.Cancelled {
			return nil, fmt.Errorf("payment %q: %w", p.ExternalID, ErrChanged)
		}
	}
	return targets, nil
}
