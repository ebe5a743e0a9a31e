package invoice

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"igny8/internal/account"
	"igny8/internal/audit"
	"igny8/internal/clock"
	"igny8/internal/id"
	"igny8/internal/money"
	"igny8/internal/plan"
	"igny8/internal/subscription"
	"igny8/internal/tenant"
)

// Term is how long an account has to pay.
const Term = 14 * 24 * time.Hour

// New says what is charged: one line at least, all in one currency.
type New struct {
	Subscription  subscription.ID
	Pack          Pack // zero: it asks for the subscription
	PaymentMethod account.PaymentMethod
	Lines         []Line
	Due           time.Time // zero: Term from now
}

// PlanLine is one interval of a plan at a price, in the words of the account's
// buyer. A zero from is an interval that begins with its payment.
func PlanLine(ctx context.Context, r tenant.Reader, p plan.Plan, price money.Money, from time.Time) (Line, error) {
	b, err := BuyerOf(ctx, r)
	if err != nil {
		return Line{}, err
	}
	t := textsFor(b.Language)
	text := fmt.Sprintf(t.onePeriod[string(p.Interval)], p.Name)
	if !from.IsZero() {
		text = fmt.Sprintf(t.onePeriodFrom, text, t.day(from))
	}
	return Line{Description: text, Quantity: 1, Unit: price}, nil
}

// PackLine is a package of credits at a price, in the words of the account's
// buyer.
func PackLine(ctx context.Context, r tenant.Reader, p plan.Pack, price money.Money) (Line, error) {
	b, err := BuyerOf(ctx, r)
	if err != nil {
		return Line{}, err
	}
	return Line{Description: fmt.Sprintf(textsFor(b.Language).pack, p.Credits), Quantity: 1, Unit: price}, nil
}

// Issue makes an open invoice with the next number of the year, for the
// account's buyer as he is now, with the tax that is due now.
func Issue(ctx context.Context, tx *tenant.Tx, n New) (Invoice, error) {
	sum, err := totalOf(n.Lines)
	if err != nil {
		return Invoice{}, fmt.Errorf("issue an invoice: %w", err)
	}
	i := Invoice{
		ID: id.New[invoiceKind](), Subscription: n.Subscription, Pack: n.Pack, Reference: NewReference(), Status: Open,
		PaymentMethod: n.PaymentMethod, Paid: money.Of(0, sum.Currency), Credited: money.Of(0, sum.Currency), Lines: n.Lines,
		Issued: tx.Now(), Due: tx.Now().Add(Term),
	}
	if !n.Due.IsZero() {
		i.Due = n.Due
	}
	if err := i.tax(ctx, tx, sum); err != nil {
		return Invoice{}, err
	}
	if i.Number, err = nextNumber(ctx, tx.SharedTx(), ""); err != nil {
		return Invoice{}, err
	}
	if err := insert(ctx, tx, i); err != nil {
		return Invoice{}, err
	}
	return i, audit.Record(ctx, tx, "invoice.issued", i.ID.String(), map[string]string{
		"number": i.Number, "total": i.Total.String(), "tax": i.Tax.String(), "buyer": i.Buyer.Company,
	})
}

// tax takes down who sells and who buys, and what tax that makes of a sum.
func (i *Invoice) tax(ctx context.Context, tx *tenant.Tx, sum money.Money) error {
	s, err := SettingsOf(ctx, tx.Shared())
	if err != nil {
		return err
	}
	if i.Buyer, err = BuyerOf(ctx, tx); err != nil {
		return err
	}
	i.Seller, i.TaxIncluded, i.Taxed = s.Seller, s.PricesIncludeTax, s.taxFor(i.Buyer)
	if i.Net, i.Tax, err = i.Taxed.Rate.split(sum, i.TaxIncluded); err == nil {
		i.Total, err = i.Net.Add(i.Tax)
	}
	if err != nil {
		return fmt.Errorf("issue an invoice: %w", err)
	}
	return nil
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

// nextNumber takes the next number of the year in a series: that of invoices
// has no mark, that of credit notes a C. Who issues at the same moment waits:
// that is the price of having no gap.
func nextNumber(ctx context.Context, tx *tenant.SharedTx, mark string) (string, error) {
	year := tx.Now().Format("2006")
	series := year
	if mark != "" {
		series += "-" + mark
	}
	if _, err := tx.Exec(ctx, `
		INSERT INTO invoice_series (name, last) VALUES ($1, 1)
		ON CONFLICT (name) DO UPDATE SET last = invoice_series.last + 1`, series); err != nil {
		return "", fmt.Errorf("take a number of %s: %w", series, err)
	}
	var last int64
	if err := tx.Get(ctx, `SELECT last FROM invoice_series WHERE name = $1`, []any{series}, &last); err != nil {
		return "", fmt.Errorf("take a number of %s: %w", series, err)
	}
	return fmt.Sprintf("%s-%s%06d", year, mark, last), nil
}

func insert(ctx context.Context, tx *tenant.Tx, i Invoice) error {
	seller, err := json.Marshal(i.Seller)
	if err != nil {
		return fmt.Errorf("the seller of invoice %s: %w", i.Number, err)
	}
	buyer, err := json.Marshal(i.Buyer)
	if err != nil {
		return fmt.Errorf("the buyer of invoice %s: %w", i.Number, err)
	}
	_, err = tx.Exec(ctx, `
		INSERT INTO invoices (account_id, id, subscription_id, number, reference, status, payment_method, currency, total, paid, issued_at, due_at,
			net, tax, tax_rate, tax_category, tax_note, prices_include_tax, seller, buyer, package_code, package_credits, package_days)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 0, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22)`,
		i.ID, i.Subscription, i.Number, i.Reference, string(i.Status), string(i.PaymentMethod), i.Total.Currency, i.Total.Amount,
		clock.Micros(i.Issued), clock.Micros(i.Due), i.Net.Amount, i.Tax.Amount, int64(i.Taxed.Rate), string(i.Taxed.Category), i.Taxed.Note,
		i.TaxIncluded, string(seller), string(buyer), i.Pack.Code, i.Pack.Credits, i.Pack.Days)
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
