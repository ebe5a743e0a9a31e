// Package renewal asks for the next period ahead of time, reminds, and stops
// what is not paid.
//
// It is a round (see job.Round): what is to be done with a subscription is
// decided by the moment alone, and by what has been done already, so that it
// comes to the same whether the round was made every minute or once after a
// week. Only letters that have been overtaken by a later one are not written
// any more.
package renewal

import (
	"context"
	"errors"
	"fmt"
	"time"

	"igny8/internal/account"
	"igny8/internal/audit"
	"igny8/internal/clock"
	"igny8/internal/invoice"
	"igny8/internal/job"
	"igny8/internal/mail"
	"igny8/internal/money"
	"igny8/internal/payment"
	"igny8/internal/plan"
	"igny8/internal/subscription"
	"igny8/internal/tenant"
)

// When what happens, as seen from the end of a period.
const (
	Ahead   = 14 * 24 * time.Hour // the invoice for the next is issued so long before it, and due with it
	GiveUp  = 60 * 24 * time.Hour // what is still not paid so long after it is not asked for any more
	Forget  = 30 * 24 * time.Hour // an order that is not paid so long after it was due is withdrawn
	day     = 24 * time.Hour
	forever = 365 * day // nothing is due for this long
)

// Every is how often the round is made.
const Every = 5 * time.Minute

// Keeper keeps subscriptions going.
type Keeper struct {
	desk   *payment.Desk
	people payment.People
}

// New makes a Keeper.
func New(d *payment.Desk, p payment.People) *Keeper { return &Keeper{desk: d, people: p} }

// Round is what the queue is to make.
func (k *Keeper) Round() job.Round {
	return job.Round{Name: "renewal", Every: Every, Find: subscription.ForReview, Do: k.Do}
}

// Packages is the round that withdraws what asked for a package of credits and
// is not paid Forget after it was due. It does not touch the subscription.
func (k *Keeper) Packages() job.Round {
	find := func(ctx context.Context, r job.Rows, at time.Time, limit int) ([]tenant.AccountID, error) {
		return invoice.PacksDueBefore(ctx, r, at.Add(-Forget), limit)
	}
	return job.Round{Name: "packages", Every: Every, Find: find, Do: k.forgetPackages}
}

func (k *Keeper) forgetPackages(ctx context.Context, tx *tenant.Tx) error {
	if err := account.Lock(ctx, tx); err != nil {
		return err
	}
	open, err := invoice.LockOpen(ctx, tx)
	if err != nil {
		return err
	}
	for _, i := range open {
		if i.Pack.IsZero() || tx.Now().Before(i.Due.Add(Forget)) {
			continue
		}
		if err := k.desk.Withdraw(ctx, tx, i); err != nil {
			return err
		}
	}
	return nil
}

// Do sees to the subscriptions of one account: what runs, and what waits.
func (k *Keeper) Do(ctx context.Context, tx *tenant.Tx) error {
	if err := account.Lock(ctx, tx); err != nil {
		return err
	}
	open, err := invoice.LockOpen(ctx, tx)
	if err != nil {
		return err
	}
	runs, found, err := subscription.Running(ctx, tx)
	if err != nil {
		return err
	}
	if found {
		if err := k.running(ctx, tx, runs, of(runs, open)); err != nil {
			return fmt.Errorf("subscription %s: %w", runs.ID, err)
		}
	}
	waits, found, err := subscription.Waiting(ctx, tx)
	if err != nil || !found {
		return err
	}
	if err := k.waiting(ctx, tx, waits, of(waits, open)); err != nil {
		return fmt.Errorf("subscription %s: %w", waits.ID, err)
	}
	return nil
}

// of is the open invoice of a subscription, nil for none.
func of(s subscription.Subscription, open []invoice.Invoice) *invoice.Invoice {
	for _, i := range open {
		if i.Of(s.ID) {
			return &i
		}
	}
	return nil
}

// running sees to what runs.
func (k *Keeper) running(ctx context.Context, tx *tenant.Tx, s subscription.Subscription, asked *invoice.Invoice) error {
	now := tx.Now()
	switch {
	case s.Status == subscription.Trialing:
		next, err := k.tell(ctx, tx, s, []notice{
			{"trial_ending", s.PeriodEnd.Add(-3 * day), mail.TrialEnding{Until: s.PeriodEnd}},
			{"trial_ended", s.PeriodEnd, mail.TrialEnded{At: s.PeriodEnd}},
		})
		if err != nil {
			return err
		}
		return subscription.Review(ctx, tx, s, next)
	case s.CancelAtEnd && !now.Before(s.PeriodEnd):
		if err := subscription.End(ctx, tx, s, subscription.Cancelled); err != nil {
			return err
		}
		return k.people.TellOwners(ctx, tx, mail.SubscriptionEnded{Plan: s.Plan.Name, At: s.PeriodEnd})
	case s.CancelAtEnd:
		ends, err := subscription.Turn(ctx, tx, s)
		if err != nil {
			return err
		}
		return subscription.Review(ctx, tx, s, sooner(tx.Now(), s.PeriodEnd, ends))
	case now.Before(s.PeriodEnd.Add(-Ahead)):
		ends, err := subscription.Turn(ctx, tx, s)
		if err != nil {
			return err
		}
		return subscription.Review(ctx, tx, s, sooner(tx.Now(), s.PeriodEnd.Add(-Ahead), ends))
	case !now.Before(s.PeriodEnd.Add(GiveUp)):
		return k.giveUp(ctx, tx, s, asked)
	case asked == nil && s.Plan.Active:
		if err := k.ask(ctx, tx, s); err != nil {
			return err
		}
		return k.Do(ctx, tx) // the balance may have paid for it, and a reminder may be due
	}
	return k.remind(ctx, tx, s, asked)
}

// ask issues the invoice for the next period, due with its beginning. Unapplied
// balance goes to it at once.
func (k *Keeper) ask(ctx context.Context, tx *tenant.Tx, s subscription.Subscription) error {
	due := s.PeriodEnd
	if due.Before(tx.Now()) { // nobody has looked for a long time
		due = tx.Now()
	}
	price, err := price(ctx, tx, s)
	if err != nil {
		return err
	}
	line, err := invoice.PlanLine(ctx, tx, s.Plan, price, s.PeriodEnd)
	if err != nil {
		return err
	}
	i, err := invoice.Issue(ctx, tx, invoice.New{Subscription: s.ID, PaymentMethod: s.PaymentMethod, Due: due, Lines: []invoice.Line{line}})
	if err != nil {
		return err
	}
	return k.desk.Ask(ctx, tx, i)
}

// price is what the next period costs, in the currency in which the last one
// was asked for. Where the plan is not sold in it any more, it is the plan's
// own.
func price(ctx context.Context, tx *tenant.Tx, s subscription.Subscription) (money.Money, error) {
	last, err := invoice.Last(ctx, tx, s.ID)
	if errors.Is(err, invoice.ErrNotFound) {
		return s.Plan.Price, nil
	}
	if err != nil {
		return money.Money{}, err
	}
	return plan.PriceIn(ctx, tx.Shared(), s.Plan, last.Total.Currency)
}

// remind writes what is to be written about an invoice for the next period, and
// says that the subscription is past due when it is.
func (k *Keeper) remind(ctx context.Context, tx *tenant.Tx, s subscription.Subscription, asked *invoice.Invoice) error {
	if !tx.Now().Before(s.PeriodEnd) {
		if err := subscription.Lapse(ctx, tx, s); err != nil {
			return err
		}
	}
	stops := s.PeriodEnd.Add(subscription.Grace)
	var all []notice
	if asked != nil {
		r := mail.PaymentReminder{Number: asked.Number, StillDue: asked.AmountDue().String(), Due: asked.Due, Reference: asked.Reference, Stops: stops}
		late := r
		late.Overdue = true
		all = []notice{
			{"due_soon", s.PeriodEnd.Add(-3 * day), r},
			{"overdue", s.PeriodEnd.Add(day), late},
			{"last_reminder", stops.Add(-2 * day), late},
			{"access_stopped", stops, mail.AccessStopped{Number: asked.Number, StillDue: asked.AmountDue().String(), Reference: asked.Reference}},
		}
	}
	next, err := k.tell(ctx, tx, s, all)
	if err != nil {
		return err
	}
	ends, err := subscription.Turn(ctx, tx, s)
	if err != nil {
		return err
	}
	return subscription.Review(ctx, tx, s, sooner(tx.Now(), next, ends, s.PeriodEnd, s.PeriodEnd.Add(GiveUp)))
}

// sooner is the first of some moments that is still to come; next, which is,
// when there is none before it.
func sooner(now, next time.Time, others ...time.Time) time.Time {
	for _, t := range others {
		if t.After(now) && t.Before(next) {
			next = t
		}
	}
	return next
}

// giveUp ends what has not been paid for so long.
func (k *Keeper) giveUp(ctx context.Context, tx *tenant.Tx, s subscription.Subscription, asked *invoice.Invoice) error {
	if asked != nil {
		if err := k.desk.Withdraw(ctx, tx, *asked); err != nil {
			return err
		}
	}
	return subscription.End(ctx, tx, s, subscription.Expired)
}

// waiting sees to an order that is not paid yet.
func (k *Keeper) waiting(ctx context.Context, tx *tenant.Tx, s subscription.Subscription, asked *invoice.Invoice) error {
	if asked == nil {
		return subscription.Review(ctx, tx, s, tx.Now().Add(forever))
	}
	if !tx.Now().Before(asked.Due.Add(Forget)) {
		if err := k.desk.Withdraw(ctx, tx, *asked); err != nil {
			return err
		}
		return subscription.End(ctx, tx, s, subscription.Expired)
	}
	r := mail.PaymentReminder{Number: asked.Number, StillDue: asked.AmountDue().String(), Due: asked.Due, Reference: asked.Reference}
	late := r
	late.Overdue = true
	s.PeriodEnd = asked.Due // what the letters are about
	next, err := k.tell(ctx, tx, s, []notice{
		{"order_due_soon", asked.Due.Add(-3 * day), r},
		{"order_overdue", asked.Due.Add(2 * day), late},
	})
	if err != nil {
		return err
	}
	return subscription.Review(ctx, tx, s, sooner(tx.Now(), next, asked.Due.Add(Forget)))
}

// notice is a letter, and the moment from which it is to be written.
type notice struct {
	kind   string
	from   time.Time
	letter mail.Message
}

// tell writes the last of the letters that are due, if it has not been written,
// and passes over those before it. next is when the one after it is.
func (k *Keeper) tell(ctx context.Context, tx *tenant.Tx, s subscription.Subscription, all []notice) (next time.Time, err error) {
	next = tx.Now().Add(forever)
	last := -1
	for n, one := range all {
		if one.from.After(tx.Now()) {
			next = one.from
			break
		}
		last = n
	}
	for n := range last + 1 {
		fresh, err := tx.Exec(ctx, `
			INSERT INTO renewal_notices (account_id, subscription_id, period_end, kind, sent, created_at) VALUES ($1, $2, $3, $4, $5, $6)
			ON CONFLICT (account_id, subscription_id, period_end, kind) DO NOTHING`,
			s.ID, clock.Micros(s.PeriodEnd), all[n].kind, n == last, clock.Micros(tx.Now()))
		if err != nil {
			return next, fmt.Errorf("letter %s: %w", all[n].kind, err)
		}
		if fresh == 0 || n < last {
			continue
		}
		if err := k.people.TellOwners(ctx, tx, all[n].letter); err != nil {
			return next, err
		}
		if err := audit.Record(ctx, tx, "renewal."+all[n].kind, s.ID.String(), nil); err != nil {
			return next, err
		}
	}
	return next, nil
}
