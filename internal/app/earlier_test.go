package app

import (
	"context"
	"net/http"
	"testing"
	"time"

	"igny8/internal/clock"
	"igny8/internal/id"
	"igny8/internal/tenant"
)

// The statements of the first release that took bank transfers, as it says
// them: with the columns that it knew.
const (
	earlierSubscription = `
		INSERT INTO subscriptions (account_id, id, plan_id, status, payment_method, current_period_start, current_period_end, created_at, updated_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $8)`
	earlierInvoice = `
		INSERT INTO invoices (account_id, id, subscription_id, number, reference, status, payment_method, currency, total, paid, issued_at, due_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 0, $10, $11)`
	earlierLine = `
		INSERT INTO invoice_lines (account_id, invoice_id, ordinal, description, quantity, unit_amount)
		VALUES ($1, $2, $3, $4, $5, $6)`
	earlierPayment = `
		INSERT INTO payments (account_id, id, invoice_id, status, method, currency, amount, allocated, external_payment_id,
			payer_name, proof_url, created_by, confirmed_by, created_at, confirmed_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $7, $8, $9, $10, $11, $11, $12, $12)`
	earlierAllocation = `
		INSERT INTO payment_allocations (account_id, payment_id, invoice_id, amount, created_at) VALUES ($1, $2, $3, $4, $5)`
	earlierSettled = `
		UPDATE invoices SET status = 'paid', paid = total, paid_at = $3 WHERE account_id = $1 AND id = $2 AND status = 'open'`
	earlierEnded = `
		UPDATE subscriptions SET status = 'expired', updated_at = $2
		WHERE account_id = $1 AND status IN ('trialing', 'active', 'past_due')`
	earlierPaid = `
		UPDATE subscriptions SET status = $3, external_payment_id = $4, current_period_start = $5, current_period_end = $6, updated_at = $7
		WHERE account_id = $1 AND id = $2`
	earlierLot = `
		INSERT INTO credit_lots (account_id, id, source, reference, amount, remaining, priority, counted, effective_at, expires_at, created_at)
		VALUES ($1, $2, $3, $4, $5, $5, $6, FALSE, $7, $8, $9)
		ON CONFLICT (account_id, reference) DO NOTHING`
	earlierCounted = `UPDATE credit_lots SET counted = TRUE WHERE account_id = $1 AND id = $2`
	earlierMoved   = `
		UPDATE credit_balances SET available = available + $2, held = held + $3, seq = seq + 1
		WHERE account_id = $1 AND available + $2 >= 0
		RETURNING available, held, seq`
	earlierEntry = `
		INSERT INTO credit_entries (account_id, seq, id, kind, amount, balance_after, held_change, held_after,
			operation, reference, hold_id, lot_id, actor, created_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)`
)

type (
	earlierKind struct{}
	said        struct {
		text string
		args []any
	}
)

func (earlierKind) Prefix() string { return "x" }

// earlierID is an id as that release made them.
func earlierID(prefix string) string { return prefix + id.New[earlierKind]().String()[1:] }

func (m tenancy) say(all ...said) {
	m.h.t.Helper()
	m.update(func(ctx context.Context, tx *tenant.Tx) error {
		for _, s := range all {
			if n, err := tx.Exec(ctx, s.text, s.args...); err != nil || n != 1 {
				m.h.t.Errorf("%d rows by %s", n, s.text)
				return err
			}
		}
		return nil
	})
}

// earlierOrder is an order of growth as that release left it: the subscription
// and its invoice.
func (m tenancy) earlierOrder(planID, number, reference string) (subscription, invoice string) {
	m.h.t.Helper()
	at := clock.Micros(m.h.s.db.Clock().Now())
	subscription, invoice = earlierID("sub"), earlierID("inv")
	m.say(
		said{earlierSubscription, []any{subscription, planID, "pending_payment", "bank_transfer", nil, nil, at}},
		said{earlierInvoice, []any{invoice, subscription, number, reference, "open", "bank_transfer", "EUR", 20000, at, at + 14*24*time.Hour.Microseconds()}},
		said{earlierLine, []any{invoice, 1, "Igny8 Growth, one month", 1, 20000}},
	)
	return subscription, invoice
}

// TestTheEarlierReleaseOnThisSchema runs what the release before says, while
// both are there, and reads it with this one.
func TestTheEarlierReleaseOnThisSchema(t *testing.T) {
	t.Parallel()
	h := open(t, clock.Clock{})
	olga := h.operator()
	growth := h.send("GET", "/plans", "", nil).is(http.StatusOK).get("items").([]any)[2].(map[string]any)
	if growth["code"] != "growth" {
		t.Fatalf("the third plan is %v", growth)
	}
	newcomer := func() (tenancy, string) {
		r := h.send("POST", "/auth/register", "", someone("trial", "")).is(http.StatusCreated)
		acc, err := tenant.ParseAccountID(r.text("account.id"))
		if err != nil {
			t.Fatal(err)
		}
		return tenancy{h: h, acc: acc}, r.text("access_token")
	}
	wants := func(a answer, all map[string]any) {
		t.Helper()
		for path, want := range all {
			if got := a.get(path); got != want {
				t.Errorf("%s: %s is %v, want %v", a.what, path, got, want)
			}
		}
	}

	// It has taken the order and the money.
	m, token := newcomer()
	sub, inv := m.earlierOrder(growth["id"].(string), "2020-000001", "RF18000000000000000000001")
	wants(h.send("GET", "/billing/invoices/"+inv, token, nil).is(http.StatusOK), map[string]any{
		"status": "open", "total.amount": 20000.0, "net.amount": 20000.0, "tax.amount": 0.0, "amount_due.amount": 20000.0, "seller": nil,
	})
	at, lot, pay := clock.Micros(h.s.db.Clock().Now()), earlierID("lot"), earlierID("pay")
	until := at + 30*24*time.Hour.Microseconds()
	m.say(
		said{earlierPayment, []any{pay, inv, "succeeded", "bank_transfer", "EUR", 20000, "B-1", "P", "", "staff:usr_1", at}},
		said{earlierAllocation, []any{pay, inv, 20000, at}},
		said{earlierSettled, []any{inv, at}},
		said{earlierEnded, []any{at}},
		said{earlierPaid, []any{sub, "active", "B-1", at, until, at}},
		said{earlierLot, []any{lot, "plan", sub + " 1", 2000, 10, at, until, at}},
		said{earlierCounted, []any{lot}},
		said{earlierMoved, []any{2000, 0}},
		said{earlierEntry, []any{2, earlierID("ent"), "grant", 2000, 3000, 0, 0, "", sub + " 1", nil, lot, "staff:usr_1", at}},
	)
	h.sqlOf(m.acc, `UPDATE accounts SET status = 'active' WHERE id = $1`, m.acc.String())
	wants(h.send("GET", "/billing/invoices/"+inv, token, nil).is(http.StatusOK), map[string]any{"status": "paid", "amount_due.amount": 0.0, "paid.amount": 20000.0})
	wants(h.send("GET", "/billing/subscription", token, nil).is(http.StatusOK), map[string]any{
		"status": "active", "plan": "growth", "external_payment_id": "B-1", "cancel_at_period_end": false,
	})
	wants(h.send("GET", "/admin/payments/"+pay, olga, nil).is(http.StatusOK), map[string]any{
		"status": "succeeded", "allocated.amount": 20000.0, "unapplied.amount": 0.0, "refunded.amount": 0.0, "reported_amount": nil,
	})
	wants(h.send("GET", "/billing/credits", token, nil).is(http.StatusOK), map[string]any{"available": 3000.0})
	h.site(token)

	// It has taken the order, and this one takes the money.
	m, token = newcomer()
	sub, inv = m.earlierOrder(growth["id"].(string), "2020-000002", "RF18000000000000000000002")
	wants(h.send("POST", "/billing/confirm-bank-transfer", olga, object{
		"subscription_id": sub, "external_payment_id": "B-2", "amount": 20000, "payer_name": "P",
	}).is(http.StatusOK), map[string]any{"invoice.id": inv, "invoice.status": "paid", "subscription.status": "active"})
	h.site(token)

	// This one has taken the order, and it takes the money.
	a := h.send("POST", "/auth/register", "", someone("growth", "bank_transfer")).is(http.StatusCreated)
	acc, err := tenant.ParseAccountID(a.text("account.id"))
	if err != nil {
		t.Fatal(err)
	}
	m, sub, inv, pay = tenancy{h: h, acc: acc}, a.text("subscription.id"), a.text("invoice.id"), earlierID("pay")
	m.say(
		said{earlierPayment, []any{pay, inv, "succeeded", "bank_transfer", "EUR", 20000, "B-3", "P", "", "staff:usr_1", at}},
		said{earlierAllocation, []any{pay, inv, 20000, at}},
		said{earlierSettled, []any{inv, at}},
		said{earlierPaid, []any{sub, "active", "B-3", at, until, at}},
	)
	wants(h.send("GET", "/billing/invoices/"+inv, a.text("access_token"), nil).is(http.StatusOK), map[string]any{"status": "paid", "amount_due.amount": 0.0})
	wants(h.send("GET", "/billing/subscription", a.text("access_token"), nil).is(http.StatusOK), map[string]any{"status": "active"})
	h.verify()
}
