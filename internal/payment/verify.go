package payment

import (
	"context"
	"fmt"

	"igny8/internal/invoice"
	"igny8/internal/subscription"
	"igny8/internal/tenant"
)

// invariants are what must hold for the money of every account at every
// moment. Each query counts what breaks it.
var invariants = []struct{ what, query string }{
	{"the unapplied balance is not the sum of its entries", `
		SELECT count(*) FROM money_balances b WHERE b.account_id = $1
		AND b.unapplied <> (SELECT coalesce(sum(amount), 0) FROM money_entries e WHERE e.account_id = b.account_id AND e.currency = b.currency)`},
	{"money entries do not continue the running sum of the entry before", `
		SELECT count(*) FROM money_entries e LEFT JOIN money_entries p ON p.account_id = e.account_id AND p.currency = e.currency AND p.seq = e.seq - 1
		WHERE e.account_id = $1 AND (e.balance_after <> coalesce(p.balance_after, 0) + e.amount OR (p.seq IS NULL AND e.seq <> 1))`},
	{"a payment's allocated amount is not the sum of its allocations", `
		SELECT count(*) FROM payments p WHERE p.account_id = $1
		AND p.allocated <> (SELECT coalesce(sum(amount), 0) FROM payment_allocations a
			WHERE a.account_id = p.account_id AND a.payment_id = p.id AND a.reversed_at IS NULL)`},
	{"a payment that does not count is allocated", `
		SELECT count(*) FROM payments p WHERE p.account_id = $1 AND p.status <> 'succeeded' AND p.allocated <> 0`},
}

// Verify checks every invariant of the account's money, and returns a sentence
// for each that is broken: none means that all is well.
func Verify(ctx context.Context, r tenant.Reader) ([]string, error) {
	var broken []string
	for _, in := range invariants {
		var n int64
		if err := r.Get(ctx, in.query, nil, &n); err != nil {
			return nil, fmt.Errorf("verify that %s: %w", in.what, err)
		}
		if n > 0 {
			broken = append(broken, fmt.Sprintf("account %s: %s (%d)", r.Scope().Account(), in.what, n))
		}
	}
	more, err := verifyInvoices(ctx, r)
	if err != nil {
		return nil, err
	}
	left, err := verifyBalances(ctx, r)
	return append(append(broken, more...), left...), err
}

// verifyInvoices checks that of each invoice as much is paid as went to it, and
// that each that is paid has bought one period or package, and no other has.
func verifyInvoices(ctx context.Context, r tenant.Reader) ([]string, error) {
	went := map[invoice.ID]int64{}
	err := r.Each(ctx, `
		SELECT invoice_id, amount FROM payment_allocations WHERE account_id = $1 AND reversed_at IS NULL
		UNION ALL SELECT invoice_id, amount FROM credit_note_allocations WHERE account_id = $1 AND reversed_at IS NULL`, nil, func(scan tenant.Scan) error {
		var i invoice.ID
		var n int64
		err := scan(&i, &n)
		went[i] += n
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("verify invoices: %w", err)
	}
	var broken []string
	say := func(i invoice.Invoice, format string, args ...any) {
		broken = append(broken, fmt.Sprintf("account %s: invoice %s: ", r.Scope().Account(), i.Number)+fmt.Sprintf(format, args...))
	}
	for after := (invoice.ID{}); ; {
		all, err := invoice.List(ctx, r, after, verifyAtOnce)
		if err != nil {
			return nil, err
		}
		for _, i := range all {
			after = i.ID
			if went[i.ID] != i.Paid.Amount {
				say(i, "%d is paid and %d went to it", i.Paid.Amount, went[i.ID])
			}
			n, err := boughtBy(ctx, r, i)
			if err != nil {
				return nil, err
			}
			early, err := byEarlierRelease(ctx, r, i)
			if err != nil {
				return nil, err
			}
			if want := map[bool]int{true: 1}[i.Status == invoice.Paid]; n != want && (n != 0 || !early) {
				say(i, "it is %s and has bought %d times", i.Status, n)
			}
		}
		if len(all) < verifyAtOnce {
			return broken, nil
		}
	}
}

// boughtBy counts what an invoice has paid for and stands: periods, or grants
// of a package.
func boughtBy(ctx context.Context, r tenant.Reader, i invoice.Invoice) (int, error) {
	if i.Pack.IsZero() {
		return subscription.PeriodsOf(ctx, r, i.ID.String())
	}
	_, found, err := standingGrant(ctx, r, i.ID)
	return map[bool]int{true: 1}[found], err
}

const verifyAtOnce = 500

// verifyBalances checks that the unapplied balance is what is left of payments
// and credit notes.
func verifyBalances(ctx context.Context, r tenant.Reader) ([]string, error) {
	balances, err := Balances(ctx, r)
	if err != nil {
		return nil, err
	}
	var broken []string
	for _, b := range balances {
		var left int64
		err := r.Get(ctx, `
			SELECT coalesce(sum(amount - allocated - refunded), 0) FROM payments WHERE account_id = $1 AND currency = $2 AND status = 'succeeded'`,
			[]any{b.Currency}, &left)
		if err != nil {
			return nil, fmt.Errorf("verify the balance of %s: %w", b.Currency, err)
		}
		notes, err := invoice.CreditsLeft(ctx, r, b.Currency)
		if err != nil {
			return nil, err
		}
		for _, n := range notes {
			left += n.Left().Amount
		}
		if left != b.Amount {
			broken = append(broken, fmt.Sprintf("account %s: the balance is %s and %d is left of payments and credit notes", r.Scope().Account(), b, left))
		}
	}
	return broken, nil
}

// byEarlierRelease tells whether a paid invoice was settled by the release that
// kept neither periods nor entries of money: what went to it left no entry.
func byEarlierRelease(ctx context.Context, r tenant.Reader, i invoice.Invoice) (bool, error) {
	if i.Status != invoice.Paid || i.Paid.Amount == 0 {
		return false, nil
	}
	var n int
	err := r.Get(ctx, `SELECT count(*) FROM money_entries WHERE account_id = $1 AND invoice_id = $2`, []any{i.ID}, &n)
	if err != nil {
		return false, fmt.Errorf("money of invoice %s: %w", i.Number, err)
	}
	return n == 0, nil
}
