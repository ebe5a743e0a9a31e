// Package erasure ends an account for good, when an owner says so and has had
// time to change his mind.
//
// It is a round (see job.Round). When the time has come one transaction shuts
// the account: nobody is let in any more, and what it ordered ends. Then each
// room erases what it owns, a part in each transaction, in an order that
// references allow: a server that dies in between goes on where it was, since
// what is left says what is to be done. What bookkeeping has to keep stays:
// invoices, payments, the ledger of credits and the log.
package erasure

import (
	"context"
	"errors"
	"fmt"
	"time"

	"igny8/internal/account"
	"igny8/internal/ai"
	"igny8/internal/automation"
	"igny8/internal/credit"
	"igny8/internal/flag"
	"igny8/internal/identity"
	"igny8/internal/invoice"
	"igny8/internal/job"
	"igny8/internal/mail"
	"igny8/internal/money"
	"igny8/internal/payment"
	"igny8/internal/planner"
	"igny8/internal/publish"
	"igny8/internal/replay"
	"igny8/internal/site"
	"igny8/internal/subscription"
	"igny8/internal/tenant"
	"igny8/internal/writer"
)

// Rooms are those that have a part in it beside their rows.
type Rooms struct {
	Identity *identity.Service
	Desk     *payment.Desk
	Jobs     *job.Queue
}

// Eraser deletes accounts.
type Eraser struct {
	r     Rooms
	batch int
}

// New makes an Eraser.
func New(r Rooms) *Eraser { return &Eraser{r: r, batch: 500} }

// InPartsOf is the Eraser with so many rows at most in a transaction.
func (e *Eraser) InPartsOf(n int) *Eraser { return &Eraser{r: e.r, batch: n} }

// Order says that the account is to be deleted, as account.OrderDeletion does,
// cancels its plan at the end of the period, and tells its owners.
func (e *Eraser) Order(ctx context.Context, tx *tenant.Tx, name string) (account.Deletion, error) {
	if err := account.Lock(ctx, tx); err != nil {
		return account.Deletion{}, err
	}
	renews, err := isRenewed(ctx, tx)
	if err != nil {
		return account.Deletion{}, err
	}
	d, err := account.OrderDeletion(ctx, tx, name, renews)
	if err == nil && renews {
		_, err = e.r.Desk.Cancel(ctx, tx, true)
	}
	if err != nil {
		return account.Deletion{}, err
	}
	return d, e.r.Identity.TellOwners(ctx, tx, mail.DeletionOrdered{Account: tx.Scope().Account().String(), At: d.Ordered, Due: d.Due})
}

// isRenewed tells whether something runs that was paid for and goes on with
// another period.
func isRenewed(ctx context.Context, r tenant.Reader) (bool, error) {
	s, found, err := subscription.Running(ctx, r)
	return found && s.Status != subscription.Trialing && !s.CancelAtEnd, err
}

// Keep takes the order back, as account.Keep does, and tells the owners. A plan
// that the order cancelled is renewed again, unless it has ended meanwhile.
func (e *Eraser) Keep(ctx context.Context, tx *tenant.Tx) error {
	d, err := account.Keep(ctx, tx)
	if err != nil {
		return err
	}
	if d.PlanCancelled {
		if _, err := e.r.Desk.Cancel(ctx, tx, false); err != nil && !errors.Is(err, subscription.ErrOver) {
			return err
		}
	}
	return e.r.Identity.TellOwners(ctx, tx, mail.AccountKept{Account: tx.Scope().Account().String(), At: tx.Now()})
}

// Outlook is what a deletion would come to.
type Outlook struct {
	Ordered   *account.Deletion // nil: it is not ordered
	Credits   credit.Credits    // left or reserved, which are lost
	Undecided int64             // payments that the operator has to look at first
	Balance   []money.Money     // paid and not used, which is the account's still
}

// OutlookOf reads it.
func OutlookOf(ctx context.Context, r tenant.Reader) (Outlook, error) {
	var o Outlook
	d, found, err := account.DeletionOf(ctx, r)
	if err != nil {
		return Outlook{}, err
	}
	if found {
		o.Ordered = &d
	}
	left, err := credit.BalanceOf(ctx, r)
	if err != nil {
		return Outlook{}, err
	}
	o.Credits = left.Available + left.Held
	if o.Undecided, err = payment.Undecided(ctx, r); err != nil {
		return Outlook{}, err
	}
	all, err := payment.Balances(ctx, r)
	for _, m := range all {
		if m.Amount > 0 {
			o.Balance = append(o.Balance, m)
		}
	}
	return o, err
}

const every = 15 * time.Second

// Round is what the queue is to make.
func (e *Eraser) Round() job.Round {
	find := func(ctx context.Context, r job.Rows, at time.Time, limit int) ([]tenant.AccountID, error) {
		return account.DeletionsDue(ctx, r, at, limit)
	}
	return job.Round{Name: "deletions", As: "deletion", Every: every, Find: find, Do: e.Do}
}

// Do does the next part of the deletion of an account, once it is due: it comes
// to the same whoever does it, and however often.
func (e *Eraser) Do(ctx context.Context, tx *tenant.Tx) error {
	if err := account.Lock(ctx, tx); err != nil { // two processes: the second does the part after this one
		return err
	}
	d, found, err := account.DeletionOf(ctx, tx)
	switch {
	case err != nil:
		return err
	case !found, !d.Erased.IsZero():
		return nil
	case tx.Now().Before(d.Due):
		return e.remind(ctx, tx, d)
	case d.Begun.IsZero():
		return e.shut(ctx, tx)
	case tx.Now().Before(d.Begun.Add(account.Settling)):
		return nil
	}
	for _, p := range e.parts() {
		if n, err := p(ctx, tx, e.batch); n > 0 || err != nil {
			return err
		}
	}
	return account.Erased(ctx, tx)
}

// remind tells the owners, once, that the deletion is near.
func (e *Eraser) remind(ctx context.Context, tx *tenant.Tx, d account.Deletion) error {
	if !d.Reminded.IsZero() || tx.Now().Before(d.Due.Add(-account.LastWord)) {
		return nil
	}
	if err := account.Remind(ctx, tx); err != nil {
		return err
	}
	return e.r.Identity.TellOwners(ctx, tx, mail.DeletionNear{Account: tx.Scope().Account().String(), Due: d.Due})
}

// part erases some of what a room owns, and says how much: none when nothing is
// left of it.
type part func(ctx context.Context, tx *tenant.Tx, limit int) (int64, error)

// parts is what is erased, in an order that references allow: nothing before
// what refers to it. While a job runs nothing is, since it would save what it
// made.
func (e *Eraser) parts() []part {
	return []part{
		e.r.Jobs.CancelAll, automation.Erase, publish.Erase, writer.Erase, planner.Erase, ai.Erase, site.Erase, job.Erase,
		flag.Erase, invoice.Erase, credit.Erase, credit.Forfeit, answers,
	}
}

// answers erases what was kept for requests that are sent again.
func answers(ctx context.Context, tx *tenant.Tx, limit int) (int64, error) {
	return replay.Erase(ctx, tx, tx.Scope().Account().String(), limit)
}

// shut ends what the account may do and has ordered, and forgets its members. It
// waits while money is in the air, so that the books are right, and while the
// account is suspended, since the operator may need what is in it.
func (e *Eraser) shut(ctx context.Context, tx *tenant.Tx) error {
	a, err := account.Load(ctx, tx)
	if err != nil || a.Status == account.Suspended {
		return err
	}
	undecided, err := payment.Undecided(ctx, tx)
	if err != nil || undecided > 0 {
		return err
	}
	if err := e.r.Desk.Close(ctx, tx); err != nil {
		return err
	}
	if _, err := e.r.Jobs.CancelAll(ctx, tx, e.batch); err != nil {
		return err
	}
	if err := e.r.Identity.EraseMembers(ctx, tx, mail.AccountDeleted{Account: a.ID.String(), At: tx.Now()}); err != nil {
		return fmt.Errorf("members: %w", err)
	}
	return account.Shut(ctx, tx)
}
