package bank

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"igny8/internal/account"
	"igny8/internal/audit"
	"igny8/internal/clock"
	"igny8/internal/invoice"
	"igny8/internal/money"
	"igny8/internal/payment"
	"igny8/internal/subscription"
	"igny8/internal/tenant"
	"igny8/internal/words"
)

// Choice is what somebody of the staff says that a line is.
type Choice struct {
	Invoices []invoice.ID // what it pays, in this order
	// Payment is the payment that it is already, confirmed by hand; or the claim
	// of the tenant that it bears out. Zero: none that is known.
	Payment payment.ID
	// Another says that the line is not the payment that it probably is.
	Another bool
}

// Outcome is what came of a confirmed line.
type Outcome struct {
	payment.Confirmation
	Line Line
}

// Confirm makes a line a payment of the account of tx, with all that follows
// from it: see payment.Receive. A line whose money is recorded already, by one
// of the line's own names, becomes that payment and moves nothing; of one that
// has only probably been recorded it is ErrProbablyKnown, unless the choice says
// which or that it is another. Confirmed again for the same account, it answers
// the payment that there is; for another, it is ErrHandled.
func Confirm(ctx context.Context, tx *tenant.Tx, desk *payment.Desk, lid LineID, c Choice) (Outcome, error) {
	return confirm(ctx, tx, desk, lid, c, false)
}

// ConfirmCertain is Confirm of a line whose matching is certain (see
// Matching.Certain), and looks at all of that once more, under the lock of the
// account, that can have changed since. It is done false, and nothing is
// changed, when the line is not certain any more.
func ConfirmCertain(ctx context.Context, tx *tenant.Tx, desk *payment.Desk, lid LineID, p Proposal) (out Outcome, done bool, err error) {
	if err := account.Lock(ctx, tx); err != nil {
		return Outcome{}, false, err
	}
	l, err := LoadLine(ctx, tx.Shared(), lid)
	if err != nil || l.Handling.State != Open || len(p.Invoices) != 1 {
		return Outcome{}, false, err
	}
	i, err := invoice.Load(ctx, tx, p.Invoices[0].ID)
	if err != nil || !bears(l, i) {
		return Outcome{}, false, err
	}
	out, err = confirm(ctx, tx, desk, lid, Choice{Invoices: ids(p.Invoices)}, true)
	return out, err == nil, err
}

// bears tells whether a line has the reference of an open invoice and exactly
// what is due.
func bears(l Line, i invoice.Invoice) bool {
	return i.Status == invoice.Open && i.AmountDue() == l.Amount &&
		slices.ContainsFunc(references(l.told), func(f found) bool { return f.what == i.Reference })
}

func confirm(ctx context.Context, tx *tenant.Tx, desk *payment.Desk, lid LineID, c Choice, exact bool) (Outcome, error) {
	// The account is held before anything is read, in the order of payment, so
	// that who confirms by hand meanwhile is waited for and seen.
	if err := account.Lock(ctx, tx); err != nil {
		return Outcome{}, err
	}
	l, err := LoadLine(ctx, tx.Shared(), lid)
	if err != nil {
		return Outcome{}, err
	}
	if known, err := l.settled(ctx, tx); err != nil || !known.Payment.ID.IsZero() {
		return Outcome{known, l}, err
	}
	if err := onOurs(ctx, tx.Shared(), l); err != nil {
		return Outcome{}, err
	}
	same, claim, err := recorded(ctx, tx, l, c)
	if err != nil {
		return Outcome{}, err
	}
	if same != nil && exact {
		return Outcome{}, ErrProbablyKnown
	}
	var out payment.Confirmation
	if same != nil {
		out, err = again(ctx, tx, *same)
	} else {
		sure := exact || certain(ctx, tx, l, c)
		var called string
		if called, err = externalID(ctx, tx.Shared(), l, claim); err != nil {
			return Outcome{}, err
		}
		out, err = desk.Receive(ctx, tx, payment.Received{
			Method: account.BankTransfer, ExternalID: called, Amount: l.Amount, PayerName: payerName(l), Invoices: c.Invoices,
			Exact: exact, Checked: sure, Doubtful: !sure,
		})
	}
	if err != nil {
		return Outcome{}, fmt.Errorf("confirm bank line %s: %w", lid, err)
	}
	if err := match(ctx, tx, lid, out.Payment.ID); err != nil {
		return Outcome{}, err
	}
	how := "by hand"
	switch {
	case same != nil:
		how = "recorded before"
	case exact:
		how = "reference and amount"
	}
	if err := audit.Record(ctx, tx, "bank_line.matched", lid.String(), map[string]string{
		"payment": out.Payment.ID.String(), "amount": l.Amount.String(), "iban": l.IBAN, "payer_account": l.Payer.Account, "how": how,
	}); err != nil {
		return Outcome{}, err
	}
	l, err = LoadLine(ctx, tx.Shared(), lid)
	return Outcome{out, l}, err
}

// settled is what a matched line is already. It is no payment for an open line,
// ErrHandled when it is another account's or ignored, and ErrInert.
func (l Line) settled(ctx context.Context, tx *tenant.Tx) (payment.Confirmation, error) {
	h := l.Handling
	switch {
	case h.State == Inert:
		return payment.Confirmation{}, ErrInert.Sayf("This line can never pay for anything: %s.", l.Hindrance)
	case h.State == Open:
		return payment.Confirmation{}, nil
	case h.State == Matched && h.Account == tx.Scope().Account():
		p, err := payment.Load(ctx, tx, h.Payment)
		if err != nil {
			return payment.Confirmation{}, err
		}
		return again(ctx, tx, p)
	}
	return payment.Confirmation{}, ErrHandled.Sayf("This line is %s already.", h.State)
}

// again is a payment that is recorded already, as a confirmation.
func again(ctx context.Context, tx *tenant.Tx, p payment.Payment) (c payment.Confirmation, err error) {
	c.Payment = p
	if p.Invoice.IsZero() {
		return c, nil
	}
	if c.Invoice, err = invoice.Load(ctx, tx, p.Invoice); err == nil {
		c.Subscription, err = subscription.Load(ctx, tx, c.Invoice.Subscription)
	}
	return c, err
}

// onOurs is ErrInert for money in a currency that the bank account is not for.
func onOurs(ctx context.Context, r tenant.Shared, l Line) error {
	mine, err := ownAccounts(ctx, r)
	if err == nil && !slices.Contains(mine[l.IBAN], l.Amount.Currency) {
		err = ErrInert.Sayf("This line is in %s, and %s is not our bank account for that.", l.Amount.Currency, l.IBAN)
	}
	return err
}

// recorded finds the payment that the line is already, and the claim that it
// bears out. It is ErrProbablyKnown when somebody has to say which.
func recorded(ctx context.Context, tx *tenant.Tx, l Line, c Choice) (same, claim *payment.Payment, err error) {
	taken := map[payment.ID]LineID{}
	if err := matchedOf(ctx, tx.Shared(), tx.Scope().Account(), taken); err != nil {
		return nil, nil, err
	}
	if !c.Payment.IsZero() {
		return chosen(ctx, tx, l, c, taken)
	}
	all, err := payment.List(ctx, tx, payment.ID{}, recentPayments)
	if err != nil {
		return nil, nil, err
	}
	var likely []payment.Payment
	for i, p := range all {
		if _, is := taken[p.ID]; is {
			continue
		}
		_, probable := probably(l, tx.Scope().Account(), p)
		switch {
		case claims(l, p, c.Invoices):
			claim = &all[i]
		case probable && p.Amount == l.Amount && p.Method == account.BankTransfer && slices.Contains(l.Names, nameOf(p.ExternalID)):
			return &all[i], nil, nil
		case probable:
			likely = append(likely, p)
		}
	}
	if len(likely) > 0 && !c.Another {
		f := ErrProbablyKnown
		for _, p := range likely {
			f = f.At("body.payment_id", words.With("%s: %s, %s, confirmed on %s", p.ID, p.Amount, p.ExternalID, p.Confirmed.Format("2006-01-02")), p.ID.String())
		}
		return nil, nil, f
	}
	return nil, claim, nil
}

// chosen is the payment that somebody says the line is.
func chosen(ctx context.Context, tx *tenant.Tx, l Line, c Choice, taken map[payment.ID]LineID) (same, claim *payment.Payment, err error) {
	p, err := payment.Load(ctx, tx, c.Payment)
	if err != nil {
		return nil, nil, err
	}
	other, is := taken[p.ID]
	switch {
	case is:
		return nil, nil, ErrHandled.Sayf("Payment %s is bank line %s already.", p.ID, other)
	case p.Method != account.BankTransfer || p.Amount.Currency != l.Amount.Currency:
		return nil, nil, payment.ErrConflict.Sayf("Payment %s is no bank transfer in %s.", p.ID, l.Amount.Currency)
	case p.Status == payment.PendingReview || p.Status == payment.Pending:
		return nil, &p, nil
	case !counts(p):
		return nil, nil, payment.ErrState.Sayf("Payment %s is %s.", p.ID, p.Status)
	case p.Amount != l.Amount:
		return nil, nil, payment.ErrConflict.Sayf("Payment %s is of %s, and this line of %s.", p.ID, p.Amount, l.Amount)
	}
	return &p, nil, nil
}

// externalID is the name by which the payment of a line is known: that of the
// claim which it bears out, or else the bank's own reference. Where that is of
// several lines, as of a batch, and where there is none, it is the line's id:
// what a payer wrote may be the same in two transfers.
func externalID(ctx context.Context, r tenant.Shared, l Line, claim *payment.Payment) (string, error) {
	if claim != nil {
		return claim.ExternalID, nil
	}
	n := l.told.IDs
	for _, s := range []string{n.TxAcctSvcrRef, n.AcctSvcrRef, n.BankRef, n.StatementColumn} {
		if s = printable(s, 140); strings.Trim(letters(s), "0") == "" {
			continue
		}
		var lines int
		err := r.Get(ctx, `SELECT count(*) FROM bank_line_names n JOIN bank_lines l ON l.id = n.line_id WHERE n.name = $1 AND l.account_iban = $2`,
			[]any{nameOf(s), l.IBAN}, &lines)
		if err != nil {
			return "", fmt.Errorf("lines of the name %q: %w", s, err)
		}
		if lines > 1 {
			break
		}
		return s, nil
	}
	return l.ID.String(), nil
}

func payerName(l Line) string {
	for _, s := range []string{l.Payer.Name, l.told.Ultimate(), l.Payer.Account} {
		if s = printable(s, 140); s != "" {
			return s
		}
	}
	return "unknown"
}

// certain tells whether the line itself says what was chosen: one reference and
// exactly what is due.
func certain(ctx context.Context, tx *tenant.Tx, l Line, c Choice) bool {
	if len(c.Invoices) != 1 {
		return false
	}
	i, err := invoice.Load(ctx, tx, c.Invoices[0])
	return err == nil && bears(l, i) // an invoice that is not there is told by Receive
}

// match makes an open line a payment.
func match(ctx context.Context, tx *tenant.Tx, lid LineID, p payment.ID) error {
	n, err := tx.SharedTx().Exec(ctx, `
		UPDATE bank_line_states SET state = 'matched', account_id = $2, payment_id = $3, reason = '', changed_by = $4, changed_at = $5
		WHERE line_id = $1 AND state = 'open'`,
		lid, tx.Scope().Account(), p, tx.Scope().Actor().String(), clock.Micros(tx.Now()))
	if err == nil && n == 0 || tenant.IsDuplicate(err) {
		err = ErrHandled
	}
	if err != nil {
		return fmt.Errorf("bank line %s is %s: %w", lid, p, err)
	}
	return nil
}

// Ignore says that an open line pays for nothing.
func Ignore(ctx context.Context, tx *tenant.SharedTx, lid LineID, reason string) (Line, error) {
	reason, ok := account.Printable(reason, 500)
	if !ok {
		return Line{}, ErrReason.At("body.reason", "1 to 500 printable characters", nil)
	}
	l, err := LoadLine(ctx, tx.Shared, lid)
	if err != nil {
		return Line{}, err
	}
	if err := change(ctx, tx, l, Open, Ignored, reason); err != nil {
		return Line{}, err
	}
	return LoadLine(ctx, tx.Shared, lid)
}

// Reopen puts an ignored line back into the queue. A matched one is put back by
// Release, in its account.
func Reopen(ctx context.Context, tx *tenant.SharedTx, lid LineID) (Line, error) {
	l, err := LoadLine(ctx, tx.Shared, lid)
	if err != nil {
		return Line{}, err
	}
	if err := change(ctx, tx, l, Ignored, Open, ""); err != nil {
		return Line{}, err
	}
	return LoadLine(ctx, tx.Shared, lid)
}

func change(ctx context.Context, tx *tenant.SharedTx, l Line, from, to State, reason string) error {
	n, err := tx.Exec(ctx, `UPDATE bank_line_states SET state = $2, reason = $3, changed_by = $4, changed_at = $5 WHERE line_id = $1 AND state = $6`,
		l.ID, string(to), reason, tx.Operator().Actor().String(), clock.Micros(tx.Now()), string(from))
	if err == nil && n == 0 {
		err = l.refusal()
	}
	if err != nil {
		return fmt.Errorf("bank line %s becomes %s: %w", l.ID, to, err)
	}
	return audit.RecordShared(ctx, tx, tx.Operator().Actor(), "bank_line."+map[State]string{Ignored: "ignored", Open: "reopened"}[to], l.ID.String(),
		map[string]string{"reason": reason, "amount": l.Amount.String()})
}

// refusal is why a line is not changed.
func (l Line) refusal() error {
	switch l.Handling.State {
	case Inert:
		return ErrInert.Sayf("This line can never pay for anything: %s.", l.Hindrance)
	case Open:
		return ErrNotHandled
	case Matched, Ignored:
	}
	return ErrHandled.Sayf("This line is %s already.", l.Handling.State)
}

// Release puts a matched line back into the queue, once its payment has been
// rejected or undone. ErrPaymentCounts before that.
func Release(ctx context.Context, tx *tenant.Tx, lid LineID) (Line, error) {
	if err := account.Lock(ctx, tx); err != nil {
		return Line{}, err
	}
	l, err := LoadLine(ctx, tx.Shared(), lid)
	switch {
	case err != nil:
		return Line{}, err
	case l.Handling.State != Matched || l.Handling.Account != tx.Scope().Account():
		return Line{}, l.refusal()
	}
	p, err := payment.Load(ctx, tx, l.Handling.Payment)
	if err != nil {
		return Line{}, err
	}
	if p.Status != payment.Rejected && p.Status != payment.Reversed {
		return Line{}, ErrPaymentCounts
	}
	n, err := tx.SharedTx().Exec(ctx, `
		UPDATE bank_line_states SET state = 'open', account_id = NULL, payment_id = NULL, changed_by = $2, changed_at = $3
		WHERE line_id = $1 AND state = 'matched' AND payment_id = $4`, lid, tx.Scope().Actor().String(), clock.Micros(tx.Now()), p.ID)
	if err == nil && n == 0 {
		err = ErrHandled
	}
	if err != nil {
		return Line{}, fmt.Errorf("reopen bank line %s: %w", lid, err)
	}
	if err := audit.Record(ctx, tx, "bank_line.reopened", lid.String(), map[string]string{"payment": p.ID.String(), "amount": l.Amount.String()}); err != nil {
		return Line{}, err
	}
	return LoadLine(ctx, tx.Shared(), lid)
}

// Recorded finds the payment of the account that counts and was made of a bank
// line with this name and amount (an empty currency is any). Who is told of a
// transfer by hand asks first: the line may have been confirmed under another of
// its names. The account is held, so that who confirms the line meanwhile is
// waited for.
func Recorded(ctx context.Context, tx *tenant.Tx, name string, amount money.Money) (p payment.Payment, found bool, err error) {
	if err := account.Lock(ctx, tx); err != nil {
		return payment.Payment{}, false, err
	}
	var all []payment.ID
	err = tx.Shared().Each(ctx, `
		SELECT h.payment_id FROM bank_line_names n JOIN bank_line_states h ON h.line_id = n.line_id JOIN bank_lines l ON l.id = n.line_id
		WHERE n.name = $1 AND h.state = 'matched' AND h.account_id = $2 AND l.amount = $3 AND ($4 = '' OR l.currency = $4) ORDER BY n.line_id`,
		[]any{nameOf(name), tx.Scope().Account(), amount.Amount, amount.Currency}, func(scan tenant.Scan) error {
			var p payment.ID
			err := scan(&p)
			all = append(all, p)
			return err
		})
	if err != nil {
		return payment.Payment{}, false, fmt.Errorf("bank line %q: %w", name, err)
	}
	for _, pid := range all {
		if p, err = payment.Load(ctx, tx, pid); err != nil || counts(p) {
			return p, err == nil, err
		}
	}
	return payment.Payment{}, false, nil
}
