package payment

import (
	"context"
	"fmt"

	"igny8/internal/invoice"
	"igny8/internal/money"
	"igny8/internal/tenant"
)

// Share is what of a payment, or of a credit note, went to an invoice.
type Share struct {
	Payment Payment            // zero: it was a credit note
	Note    invoice.CreditNote // zero: it was a payment
	Amount  money.Money
}

// SharesOf is what paid an invoice, oldest first: payments, then credit notes.
func SharesOf(ctx context.Context, r tenant.Reader, i invoice.Invoice) ([]Share, error) {
	type part struct {
		payment ID
		note    invoice.CreditID
		amount  int64
	}
	var parts []part
	err := r.Each(ctx, `
		SELECT payment_id, NULL, amount FROM payment_allocations WHERE account_id = $1 AND invoice_id = $2 AND reversed_at IS NULL
		UNION ALL SELECT NULL, credit_note_id, amount FROM credit_note_allocations WHERE account_id = $1 AND invoice_id = $2 AND reversed_at IS NULL
		ORDER BY 1, 2`, []any{i.ID}, func(scan tenant.Scan) error {
		var p part
		err := scan(&p.payment, &p.note, &p.amount)
		parts = append(parts, p)
		return err
	})
	all := make([]Share, 0, len(parts))
	for n := 0; n < len(parts) && err == nil; n++ {
		s := Share{Amount: money.Of(parts[n].amount, i.Total.Currency)}
		if parts[n].note.IsZero() {
			s.Payment, err = Load(ctx, r, parts[n].payment)
		} else {
			s.Note, err = invoice.LoadCredit(ctx, r, parts[n].note)
		}
		all = append(all, s)
	}
	if err != nil {
		return nil, fmt.Errorf("what paid invoice %s: %w", i.Number, err)
	}
	return all, nil
}
