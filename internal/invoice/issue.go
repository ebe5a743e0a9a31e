package invoice

import (
	"context"
	"fmt"
	"time"

	"igny8/internal/account"
	"igny8/internal/audit"
	"igny8/internal/clock"
	"igny8/internal/id"
	"igny8/internal/money"
	"igny8/internal/subscription"
	"igny8/internal/tenant"
)

// Term is how long an account has to pay.
const Term = 14 * 24 * time.Hour

// New says what is charged: one line at least, all in one currency.
type New struct {
	Subscription  subscription.ID
	PaymentMethod account.PaymentMethod
	Lines         []Line
}

// Issue makes an open invoice with the next number of the year.
func Issue(ctx context.Context, tx *tenant.Tx, n New) (Invoice, error) {
	total, err := totalOf(n.Lines)
	if err != nil {
		return Invoice{}, fmt.Errorf("issue an invoice: %w", err)
	}
	i := Invoice{
		ID: id.New[invoiceKind](), Subscription: n.Subscription, Reference: NewReference(), Status: Open,
		PaymentMethod: n.PaymentMethod, Total: total, Paid: money.Of(0, total.Currency), Lines: n.Lines,
		Issued: tx.Now(), Due: tx.Now().Add(Term),
	}
	if i.Number, err = nextNumber(ctx, tx.SharedTx()); err != nil {
		return Invoice{}, err
	}
	if err := insert(ctx, tx, i); err != nil {
		return Invoice{}, err
	}
	return i, audit.Record(ctx, tx, "invoice.issued", i.ID.String(), map[string]string{"number": i.Number, "total": i.Total.String()})
}

func totalOf(lines []Line) (money.Money, error) {
	if len(lines) == 0 {
		return money.Money{}, fmt.Errorf("no lines")
	}
	total := money.Of(0, lines[0].Unit.Currency)
	if err := total.Check(); err != nil {
		return money.Money{}, err
	}
	for _, l := range lines {
		sum, err := l.Unit.Times(l.Quantity)
		if err == nil {
			total, err = total.Add(sum)
		}
		if err != nil {
			return money.Money{}, fmt.Errorf("line %q: %w", l.Description, err)
		}
	}
	return total, nil
}

// nextNumber takes the next number of the year. Who issues at the same moment
// waits: that is the price of having no gap.
func nextNumber(ctx context.Context, tx *tenant.SharedTx) (string, error) {
	year := tx.Now().Format("2006")
	if _, err := tx.Exec(ctx, `
		INSERT INTO invoice_series (name, last) VALUES ($1, 1)
		ON CONFLICT (name) DO UPDATE SET last = invoice_series.last + 1`, year); err != nil {
		return "", fmt.Errorf("take an invoice number of %s: %w", year, err)
	}
	var last int64
	if err := tx.Get(ctx, `SELECT last FROM invoice_series WHERE name = $1`, []any{year}, &last); err != nil {
		return "", fmt.Errorf("take an invoice number of %s: %w", year, err)
	}
	return fmt.Sprintf("%s-%06d", year, last), nil
}

func insert(ctx context.Context, tx *tenant.Tx, i Invoice) error {
	_, err := tx.Exec(ctx, `
		INSERT INTO invoices (account_id, id, subscription_id, number, reference, status, payment_method, currency, total, paid, issued_at, due_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 0, $10, $11)`,
		i.ID, i.Subscription, i.Number, i.Reference, string(i.Status), string(i.PaymentMethod), i.Total.Currency, i.Total.Amount,
		clock.Micros(i.Issued), clock.Micros(i.Due))
	if err != nil {
		return fmt.Errorf("issue invoice %s: %w", i.Number, err)
	}
	for n, l := range i.Lines {
		_, err := tx.Exec(ctx, `
			INSERT INTO invoice_lines (account_id, invoice_id, ordinal, description, quantity, unit_amount)
			VALUES ($1, $2, $3, $4, $5, $6)`, i.ID, n+1, l.Description, l.Quantity, l.Unit.Amount)
		if err != nil {
			return fmt.Errorf("line %d of invoice %s: %w", n+1, i.Number, err)
		}
	}
	return nil
}

// Withdraw makes an open invoice void: its number stays, nobody is to pay it.
func Withdraw(ctx context.Context, tx *tenant.Tx, i Invoice) error {
	n, err := tx.Exec(ctx, `
		UPDATE invoices SET status = 'void' WHERE account_id = $1 AND id = $2 AND status = 'open' AND paid = 0`, i.ID)
	if err == nil && n == 0 {
		err = ErrNotOpen
	}
	if err != nil {
		return fmt.Errorf("withdraw invoice %s: %w", i.Number, err)
	}
	return audit.Record(ctx, tx, "invoice.voided", i.ID.String(), map[string]string{"number": i.Number})
}
