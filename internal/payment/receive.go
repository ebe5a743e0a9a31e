package payment

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"igny8/internal/account"
	"igny8/internal/audit"
	"igny8/internal/clock"
	"igny8/internal/fault"
	"igny8/internal/id"
	"igny8/internal/invoice"
	"igny8/internal/mail"
	"igny8/internal/money"
	"igny8/internal/subscription"
	"igny8/internal/tenant"
	"igny8/internal/words"
)

// Received is money that came in: seen at the bank by one of the staff, or
// told by a vendor whose word was verified.
type Received struct {
	Method     account.PaymentMethod
	ExternalID string      // the bank's or vendor's own reference of this money
	Amount     money.Money // an empty currency is that of what is due
	PayerName  string
	ProofURL   string // may be empty
	// Invoices is what it is for, in this order. None: what is open and to be
	// paid by this method, oldest first.
	Invoices     []invoice.ID
	Subscription subscription.ID // only its invoices; zero: of any
	Exact        bool            // refuse it unless it is exactly what is due on one invoice
	// Checked tells that the evidence is beyond doubt: a vendor's signed word,
	// or a bank line with the reference and the exact amount.
	Checked bool
	// Doubtful tells that whose money it is was found by less than that, however
	// well the amount fits.
	Doubtful bool
	Proof    *Proof // a file that shows it; nil: none
}

// Confirmation is what a payment brought about.
type Confirmation struct {
	Payment Payment
	// Invoice is the first that the payment went to, or is to go to; zero when
	// all of it is unapplied.
	Invoice      invoice.Invoice
	Subscription subscription.Subscription // of the invoice
	New          bool                      // false: it had been told before, and nothing was changed
}

// Waits tells that a second person must approve, and nothing else has moved.
func (c Confirmation) Waits() bool { return c.Payment.Status == AwaitingApproval }

// Receive records money with all that follows from it: invoices are paid, the
// subscription runs, the account may work, the credits are granted, and who
// has to know is told. What is left over is unapplied. Where a second person
// must approve it only waits for him.
//
// Told a second time, by whomever, it changes nothing and answers the payment
// that there is; ErrConflict when that is of another amount. With Exact it is
// ErrNothingDue without an open invoice, and ErrAmountMismatch, with what is
// due, for any other amount. ErrOwnAccount for an operator who is a member of
// the account, unless the rules let a second person decide.
func (d *Desk) Receive(ctx context.Context, tx *tenant.Tx, r Received) (Confirmation, error) {
	r, err := r.parse()
	if err != nil {
		return Confirmation{}, err
	}
	// Who holds the account and its open invoices decides alone; only then can
	// it be known whether somebody else has been told of this money.
	open, err := lock(ctx, tx)
	if err != nil {
		return Confirmation{}, err
	}
	known, err := load(ctx, tx, `AND method = $2 AND external_payment_id = $3 AND status NOT IN ('rejected', 'reversed')`, string(r.Method), r.ExternalID)
	switch {
	case errors.Is(err, ErrNotFound):
		known = Payment{}
	case err != nil:
		return Confirmation{}, err
	case known.Status != Pending && known.Status != PendingReview:
		return again(ctx, tx, known, r)
	}
	targets, err := r.targets(open, known)
	if err != nil {
		return Confirmation{}, err
	}
	p, err := r.payment(ctx, tx, known, targets)
	if err != nil {
		return Confirmation{}, err
	}
	if r.Proof != nil && !p.HasProof {
		if err := attach(ctx, tx, p.ID, *r.Proof); err != nil {
			return Confirmation{}, err
		}
	}
	if why, err := secondPerson(ctx, tx, r, p, targets); err != nil {
		return Confirmation{}, err
	} else if why != "" {
		return d.await(ctx, tx, p, targets, why)
	}
	p.Status = Succeeded
	if err := save(ctx, tx, p); err != nil {
		return Confirmation{}, err
	}
	return d.settle(ctx, tx, p, targets)
}

// lock holds the account and its open invoices, oldest first, in the order in
// which everybody takes them.
func lock(ctx context.Context, tx *tenant.Tx) ([]invoice.Invoice, error) {
	if err := account.Lock(ctx, tx); err != nil {
		return nil, err
	}
	return invoice.LockOpen(ctx, tx)
}

// parse is the payment without what nobody meant, or ErrInvalid with every
// field that cannot be.
func (r Received) parse() (Received, error) {
	f := ErrInvalid
	r.ExternalID, f = named(f, "body.external_payment_id", "the bank's reference, 1 to 140 printable characters", r.ExternalID)
	r.PayerName, f = named(f, "body.payer_name", "1 to 140 printable characters", r.PayerName)
	if r.Amount.Amount <= 0 {
		f = f.At("body.amount", "must be above zero, in minor units", r.Amount.Amount)
	}
	if r.Amount.Currency != "" && r.Amount.Check() != nil {
		f = f.At("body.amount.currency", "is not an ISO 4217 code such as EUR", nil)
	}
	if r.ProofURL = strings.TrimSpace(r.ProofURL); r.ProofURL != "" {
		u, err := url.Parse(r.ProofURL)
		if err != nil || (u.Scheme != "https" && u.Scheme != "http") || u.Host == "" || len(r.ProofURL) > 2000 {
			f = f.At("body.proof_url", "must be an http or https address", nil)
		}
	}
	if len(f.Fields) > 0 {
		return Received{}, f
	}
	return r, nil
}

func named(f *fault.Fault, where string, what words.Text, s string) (string, *fault.Fault) {
	s, ok := account.Printable(s, 140)
	if !ok {
		f = f.At(where, what, nil)
	}
	return s, f
}

// targets finds the invoices that the money is for. Those of another currency
// are never among them. What the tenant reported it for comes first.
func (r Received) targets(open []invoice.Invoice, known Payment) ([]invoice.Invoice, error) {
	var all []invoice.Invoice
	for _, i := range open {
		fits := len(r.Invoices) > 0 || i.PaymentMethod == r.Method
		if fits && r.asksFor(i) && (r.Amount.Currency == "" || i.Total.Currency == r.Amount.Currency) {
			all = append(all, i)
		}
	}
	slices.SortStableFunc(all, func(a, b invoice.Invoice) int { // what keeps the account going before what it only ordered
		return cmp.Compare(a.Pack.Code, "") - cmp.Compare(b.Pack.Code, "")
	})
	wanted := r.Invoices
	if len(wanted) == 0 && !known.Invoice.IsZero() {
		wanted = []invoice.ID{known.Invoice}
	}
	all, err := first(all, wanted, len(r.Invoices) > 0)
	if err != nil {
		return nil, err
	}
	if !r.Exact {
		return all, nil
	}
	if len(all) == 0 {
		return nil, r.nothingDue(open)
	}
	due := all[0].AmountDue()
	if r.Amount.Currency == "" {
		r.Amount.Currency = due.Currency
	}
	if r.Amount != due {
		return nil, mismatch(all[0], r.Amount)
	}
	return all[:1], nil
}

// asksFor tells whether the money may be for an invoice: with a subscription
// named only for what asks for it, or for an invoice that is named with it.
func (r Received) asksFor(i invoice.Invoice) bool {
	if r.Subscription.IsZero() || i.Of(r.Subscription) {
		return true
	}
	return !i.Pack.IsZero() && i.Subscription == r.Subscription && slices.Contains(r.Invoices, i.ID)
}

// nothingDue tells apart an account that owes nothing from one that owes in
// another currency.
func (r Received) nothingDue(open []invoice.Invoice) error {
	for _, i := range open {
		if i.PaymentMethod == r.Method && i.Total.Currency != r.Amount.Currency && r.asksFor(i) {
			return mismatch(i, r.Amount)
		}
	}
	return ErrNothingDue
}

func mismatch(i invoice.Invoice, got money.Money) error {
	due := i.AmountDue()
	return ErrAmountMismatch.Sayf("Invoice %s asks for %s, and this is %s. Nothing was changed.", i.Number, due, got).
		At("body.amount", "must be what is due", got.Amount).With("amount_due", due)
}

// first puts the wanted invoices in front, in their order, and leaves the
// others out when only they are wanted. ErrNotOpen for one that is not there.
func first(open []invoice.Invoice, wanted []invoice.ID, only bool) ([]invoice.Invoice, error) {
	var all, rest []invoice.Invoice
	for _, w := range wanted {
		found := false
		for _, i := range open {
			if i.ID == w {
				all, found = append(all, i), true
			}
		}
		if !found && only {
			return nil, fmt.Errorf("invoice %s: %w", w, invoice.ErrNotOpen)
		}
	}
	if only {
		return all, nil
	}
	for _, i := range open {
		if len(all) == 0 || i.ID != all[0].ID {
			rest = append(rest, i)
		}
	}
	return append(all, rest...), nil
}

// payment is what is to be recorded: a new payment, or the one that the tenant
// reported, with what the bank says in place of what he said.
func (r Received) payment(ctx context.Context, tx *tenant.Tx, known Payment, targets []invoice.Invoice) (Payment, error) {
	p := known
	if p.ID.IsZero() {
		p = Payment{ID: id.New[paymentKind](), Method: r.Method, ExternalID: r.ExternalID, CreatedBy: tx.Scope().Actor().String(), Created: tx.Now()}
	}
	p.Amount, p.PayerName, p.ConfirmedBy, p.Confirmed = r.Amount, r.PayerName, tx.Scope().Actor().String(), tx.Now()
	if r.ProofURL != "" {
		p.ProofURL = r.ProofURL
	}
	if len(targets) > 0 {
		p.Invoice = targets[0].ID
		if p.Amount.Currency == "" {
			p.Amount.Currency = targets[0].Total.Currency
		}
	}
	if p.Amount.Currency == "" {
		return Payment{}, ErrInvalid.At("body.amount.currency", "is needed: no invoice says which it is", nil)
	}
	p.Allocated, p.Refunded = money.Of(0, p.Amount.Currency), money.Of(0, p.Amount.Currency)
	if known.ID.IsZero() {
		return p, insert(ctx, tx, p)
	}
	return p, nil
}

// insert writes a payment that is not there yet. It counts only once save has
// said so.
func insert(ctx context.Context, tx *tenant.Tx, p Payment) error {
	var reported *int64
	if p.Reported.Amount > 0 {
		reported = &p.Reported.Amount
	}
	_, err := tx.Exec(ctx, `
		INSERT INTO payments (account_id, id, invoice_id, status, method, currency, amount, reported_amount, external_payment_id,
			payer_name, proof_url, created_by, created_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)`,
		p.ID, p.Invoice, string(PendingReview), string(p.Method), p.Amount.Currency, p.Amount.Amount, reported, p.ExternalID,
		p.PayerName, p.ProofURL, p.CreatedBy, clock.Micros(p.Created))
	if err != nil {
		return fmt.Errorf("record payment %q: %w", p.ExternalID, err)
	}
	return nil
}

// save writes what somebody of the staff decided about a payment that had not
// been decided.
func save(ctx context.Context, tx *tenant.Tx, p Payment) error {
	var approved *string
	if p.ApprovedBy != "" {
		approved = &p.ApprovedBy
	}
	n, err := tx.Exec(ctx, `
		UPDATE payments SET status = $3, invoice_id = $4, currency = $5, amount = $6, payer_name = $7, proof_url = $8,
			confirmed_by = $9, confirmed_at = $10, approved_by = $11
		WHERE account_id = $1 AND id = $2 AND status IN ('pending', 'pending_review', 'awaiting_approval')`,
		p.ID, string(p.Status), p.Invoice, p.Amount.Currency, p.Amount.Amount, p.PayerName, p.ProofURL,
		p.ConfirmedBy, clock.Micros(p.Confirmed), approved)
	if err == nil && n == 0 {
		err = ErrState
	}
	if err != nil {
		return fmt.Errorf("payment %q is %s: %w", p.ExternalID, p.Status, err)
	}
	return nil
}

// settle is what follows from a payment that counts.
func (d *Desk) settle(ctx context.Context, tx *tenant.Tx, p Payment, targets []invoice.Invoice) (Confirmation, error) {
	if err := move(ctx, tx, Entry{Kind: MoneyReceived, Amount: p.Amount, Payment: p.ID}); err != nil {
		return Confirmation{}, err
	}
	for _, i := range targets {
		part := min(p.Unapplied().Amount, i.AmountDue().Amount)
		if part == 0 {
			continue
		}
		var err error
		if p, err = d.allocate(ctx, tx, p, i, part); err != nil {
			return Confirmation{}, err
		}
	}
	detail := map[string]string{
		"amount": p.Amount.String(), "method": string(p.Method), "external_payment_id": p.ExternalID, "payer_name": p.PayerName,
		"proof_url": p.ProofURL, "unapplied": p.Unapplied().String(),
	}
	if p.Reported.Amount > 0 && p.Reported != p.Amount {
		detail["reported"] = p.Reported.String()
	}
	c, err := confirmed(ctx, tx, p)
	if err != nil {
		return Confirmation{}, err
	}
	c.New, detail["invoice"] = true, c.Invoice.Number
	if err := audit.Record(ctx, tx, "payment.confirmed", p.ID.String(), detail); err != nil {
		return Confirmation{}, err
	}
	return c, d.people.TellOwners(ctx, tx, mail.PaymentConfirmed{
		Amount: p.Amount.String(), Reference: p.ExternalID, Invoice: c.Invoice.Number, StillDue: still(c.Invoice), Unapplied: positive(p.Unapplied()),
		Plan: c.Subscription.Plan.Name, Until: c.Subscription.PeriodEnd, Credits: int64(c.Invoice.Pack.Credits),
	})
}

// still is what is left to pay, and empty when nothing is.
func still(i invoice.Invoice) string {
	if i.ID.IsZero() {
		return ""
	}
	return positive(i.AmountDue())
}

func positive(m money.Money) string {
	if m.Amount <= 0 {
		return ""
	}
	return m.String()
}

// confirmed is a payment with the invoice and subscription that it was for, as
// they are now.
func confirmed(ctx context.Context, tx *tenant.Tx, p Payment) (c Confirmation, err error) {
	if c.Payment, err = Load(ctx, tx, p.ID); err != nil || p.Invoice.IsZero() {
		return c, err
	}
	if c.Invoice, err = invoice.Load(ctx, tx, p.Invoice); err != nil {
		return c, err
	}
	c.Subscription, err = subscription.Load(ctx, tx, c.Invoice.Subscription)
	return c, err
}

// again answers for money that is known.
func again(ctx context.Context, tx *tenant.Tx, p Payment, r Received) (Confirmation, error) {
	if p.Amount.Amount != r.Amount.Amount || (r.Amount.Currency != "" && p.Amount.Currency != r.Amount.Currency) {
		return Confirmation{}, ErrConflict.Sayf("A payment with the reference %q is known already, of %s. Nothing was changed.", p.ExternalID, p.Amount)
	}
	c, err := confirmed(ctx, tx, p)
	if err == nil && !r.Subscription.IsZero() && c.Subscription.ID != r.Subscription {
		err = ErrConflict.Sayf("The payment with the reference %q was for another subscription of this account.", p.ExternalID)
	}
	return c, err
}
