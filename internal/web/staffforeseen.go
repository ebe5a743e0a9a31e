package web

import (
	"context"
	"errors"
	"strings"

	"igny8/internal/account"
	"igny8/internal/credit"
	"igny8/internal/fault"
	"igny8/internal/identity"
	"igny8/internal/invoice"
	"igny8/internal/money"
	"igny8/internal/payment"
	"igny8/internal/subscription"
	"igny8/internal/tenant"
	"igny8/internal/web/ui"
	"igny8/internal/words"
)

// books is what an account has at a moment: what an act may change.
type books struct {
	Holder       account.Account
	Subscription subscription.Subscription // zero: there is none
	Credits      credit.Balance
	Owed         credit.Credits // that were spent and turned out not to be paid for
	Balances     []money.Money
}

func booksOf(ctx context.Context, tx *tenant.Tx) (b books, err error) {
	if b.Holder, err = account.Load(ctx, tx); err != nil {
		return b, err
	}
	b.Subscription, err = subscription.Current(ctx, tx)
	if err != nil && !errors.Is(err, subscription.ErrNotFound) {
		return b, err
	}
	if b.Credits, err = credit.BalanceOf(ctx, tx); err != nil {
		return b, err
	}
	debts, err := credit.Debts(ctx, tx)
	if err != nil {
		return b, err
	}
	for _, d := range debts {
		b.Owed += d.Remaining
	}
	b.Balances, err = payment.Balances(ctx, tx)
	return b, err
}

// foreseen is what an act would come to: it was done, looked at and taken back.
type foreseen struct {
	Before, After books
	Invoices      []invoiceChange
	Payment       payment.Payment
	Waits         bool         // a second person must approve, and nothing else moves
	Refused       *fault.Fault // why it cannot be done; nil: it can
}

// invoiceChange is an invoice before and after.
type invoiceChange struct{ Before, After invoice.Invoice }

// foresee does what fn does in a transaction that is taken back. A refusal is
// part of the answer.
func (w *Web) foresee(ctx context.Context, u identity.Use, acc tenant.AccountID, fn func(context.Context, *tenant.Tx) (payment.Payment, bool, error)) (foreseen, error) {
	var f foreseen
	err := w.imagine(ctx, u, acc, func(ctx context.Context, tx *tenant.Tx) (err error) {
		f = foreseen{}
		if err := account.Lock(ctx, tx); err != nil {
			return err
		}
		if f.Before, err = booksOf(ctx, tx); err != nil {
			return err
		}
		before, err := invoice.List(ctx, tx, invoice.ID{}, invoicesLooked)
		if err != nil {
			return err
		}
		if f.Payment, f.Waits, err = fn(ctx, tx); err != nil {
			return err
		}
		for _, i := range before {
			now, err := invoice.Load(ctx, tx, i.ID)
			if err != nil {
				return err
			}
			if now.Status != i.Status || now.Paid != i.Paid {
				f.Invoices = append(f.Invoices, invoiceChange{i, now})
			}
		}
		f.After, err = booksOf(ctx, tx)
		return err
	})
	if err == nil {
		return f, nil
	}
	refusal, err := refused(err)
	return foreseen{Before: f.Before, Refused: refusal}, err
}

// invoicesLooked is how many of an account's newest invoices are compared: the
// open ones are among them.
const invoicesLooked = 100

// lines says what changes, each as a name with before and after.
func (f foreseen) lines(l ui.Locale) []fact {
	var all []fact
	for _, c := range f.Invoices {
		all = append(all, fact{words.With("Invoice %s", c.Before.Number), words.With("%s → %s", invoiceSaid(l, c.Before), invoiceSaid(l, c.After))})
	}
	was, is := f.Before, f.After
	if was.Holder.Status != is.Holder.Status {
		all = append(all, fact{"Account", words.With("%s → %s", ui.Code(string(was.Holder.Status)), ui.Code(string(is.Holder.Status)))})
	}
	if a, b := planSaid(l, was.Subscription), planSaid(l, is.Subscription); a != b {
		all = append(all, fact{"Subscription", words.With("%s → %s", a, b)})
	}
	if was.Credits != is.Credits {
		all = append(all, fact{"Credits", words.With("%s → %s available", l.Number(int64(was.Credits.Available)), l.Number(int64(is.Credits.Available)))})
	}
	if was.Owed != is.Owed {
		all = append(all, fact{"Credits owed", words.With("%s → %s", l.Number(int64(was.Owed)), l.Number(int64(is.Owed)))})
	}
	if a, b := sums(l, was.Balances), sums(l, is.Balances); a != b {
		all = append(all, fact{"Balance", words.With("%s → %s", a, b)})
	}
	return all
}

func invoiceSaid(l ui.Locale, i invoice.Invoice) words.Text {
	s := ui.Code(string(i.Status))
	if i.Status == invoice.Open {
		s = words.With("%s, %s due", s, l.Money(i.AmountDue()))
	}
	return s
}

func planSaid(l ui.Locale, s subscription.Subscription) words.Text {
	if s.ID.IsZero() {
		return "None"
	}
	text := words.With("%s, %s", s.Plan.Name, ui.Code(string(s.Status)))
	if !s.PeriodEnd.IsZero() {
		text = words.With("%s until %s", text, l.Date(s.PeriodEnd))
	}
	return text
}

// sums is amounts in one line. What is nothing is left out.
func sums(l ui.Locale, all []money.Money) words.Text {
	var parts []string
	for _, m := range all {
		if m.Amount != 0 {
			parts = append(parts, l.Money(m))
		}
	}
	if len(parts) == 0 {
		return "nothing"
	}
	return words.Verbatim(strings.Join(parts, ", "))
}
