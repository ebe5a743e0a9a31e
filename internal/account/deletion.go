package account

import (
	"context"
	"fmt"
	"strings"
	"time"

	"igny8/internal/audit"
	"igny8/internal/clock"
	"igny8/internal/fault"
	"igny8/internal/tenant"
)

// SecondThoughts is how long after its deletion was ordered an account can
// still be kept.
const SecondThoughts = 30 * 24 * time.Hour

// LastWord is how long before the deletion its owners are reminded of it.
const LastWord = 3 * 24 * time.Hour

// Settling is how long after an account was shut what is in it stays: a request
// that was let in before has ended by then, however slowly it was sent.
const Settling = time.Hour

// ErasedName is what an account is called that has been deleted.
const ErasedName = "Deleted account"

// What a caller can be told of a deletion.
var (
	ErrNoDeletion      = fault.New(fault.NotFound, "account.no_deletion", "No deletion of this account is ordered.")
	ErrDeletionOrdered = fault.New(fault.Conflict, "account.deletion_ordered", "The deletion of this account has been ordered already.")
	ErrToBeDeleted     = fault.New(fault.Conflict, "account.to_be_deleted", "This account is to be deleted, so nothing begins in it by itself and nothing is sold to it. Keep it to go on.")
	ErrSystemStays     = fault.New(fault.Conflict, "account.system_stays", "A system account cannot be deleted.")
	ErrOtherName       = fault.New(fault.Invalid, "account.other_name", "This is not the name of the account.")
)

// Deletion is that an account is to be deleted, and how far that is.
type Deletion struct {
	By            string // see tenant.Actor
	Ordered       time.Time
	Due           time.Time
	PlanCancelled bool      // by the order: it was to be renewed before
	Reminded      time.Time // zero: not yet
	Begun         time.Time // the account is shut since then; zero: it can still be kept
	Erased        time.Time // nothing is left since then but what has to be kept; zero: not yet
}

// OrderDeletion says that the account is to be deleted when SecondThoughts have
// passed. Who orders it types the account's name, else it is ErrOtherName.
// ErrDeletionOrdered when it was ordered before, ErrSystemStays for a system
// account, and tenant.ErrForbidden for whoever is no person.
func OrderDeletion(ctx context.Context, tx *tenant.Tx, name string, planCancelled bool) (Deletion, error) {
	by := tx.Scope().Actor()
	if by.Kind != tenant.User {
		return Deletion{}, tenant.ErrForbidden.Sayf("An account is deleted by a person who is signed in.")
	}
	a, err := Load(ctx, tx)
	switch {
	case err != nil:
		return Deletion{}, err
	case a.Kind == System:
		return Deletion{}, ErrSystemStays
	case strings.TrimSpace(name) != a.Name:
		return Deletion{}, ErrOtherName.At("body.name", "is not the name of the account", nil)
	}
	d := Deletion{By: by.String(), Ordered: tx.Now(), Due: tx.Now().Add(SecondThoughts), PlanCancelled: planCancelled}
	n, err := tx.Exec(ctx, `
		INSERT INTO account_deletions (account_id, ordered_by, ordered_at, due_at, plan_cancelled) VALUES ($1, $2, $3, $4, $5)
		ON CONFLICT (account_id) DO NOTHING`, d.By, clock.Micros(d.Ordered), clock.Micros(d.Due), planCancelled)
	if err == nil && n == 0 {
		err = ErrDeletionOrdered
	}
	if err != nil {
		return Deletion{}, fmt.Errorf("order the deletion of account %s: %w", a.ID, err)
	}
	return d, audit.Record(ctx, tx, "account.deletion_ordered", a.ID.String(), map[string]string{"due": d.Due.UTC().Format(time.RFC3339)})
}

// Keep takes back that the account is to be deleted, and tells what had been
// ordered. ErrNoDeletion when it was not, or has begun.
func Keep(ctx context.Context, tx *tenant.Tx) (Deletion, error) {
	if err := Lock(ctx, tx); err != nil {
		return Deletion{}, err
	}
	d, found, err := DeletionOf(ctx, tx)
	if err == nil && (!found || !d.Begun.IsZero()) {
		err = ErrNoDeletion
	}
	if err == nil {
		_, err = tx.Exec(ctx, `DELETE FROM account_deletions WHERE account_id = $1`)
	}
	if err != nil {
		return Deletion{}, fmt.Errorf("keep account %s: %w", tx.Scope().Account(), err)
	}
	return d, audit.Record(ctx, tx, "account.kept", tx.Scope().Account().String(), nil)
}

// DeletionOf is the deletion of the account, and whether one was ordered.
func DeletionOf(ctx context.Context, r tenant.Reader) (d Deletion, found bool, err error) {
	var ordered, due int64
	var reminded, begun, erased *int64
	err = r.Get(ctx, `
		SELECT ordered_by, ordered_at, due_at, plan_cancelled, reminded_at, begun_at, erased_at FROM account_deletions WHERE account_id = $1`,
		nil, &d.By, &ordered, &due, &d.PlanCancelled, &reminded, &begun, &erased)
	if tenant.IsNotFound(err) {
		return Deletion{}, false, nil
	}
	if err != nil {
		return Deletion{}, false, fmt.Errorf("deletion of account %s: %w", r.Scope().Account(), err)
	}
	d.Ordered, d.Due = clock.FromMicros(ordered), clock.FromMicros(due)
	d.Reminded, d.Begun, d.Erased = clock.FromNull(reminded), clock.FromNull(begun), clock.FromNull(erased)
	return d, true, nil
}

// Stays is ErrToBeDeleted for an account whose deletion is ordered: it works on,
// but nothing new that lasts is begun in it.
func Stays(ctx context.Context, r tenant.Reader) error {
	_, found, err := DeletionOf(ctx, r)
	if err == nil && found {
		err = ErrToBeDeleted
	}
	return err
}

// DeletionsDue is the accounts in whose deletion something is to be done at a
// moment, at most limit, those that wait longest first.
func DeletionsDue(ctx context.Context, r Rows, at time.Time, limit int) ([]tenant.AccountID, error) {
	var all []tenant.AccountID
	err := r.Each(ctx, `
		SELECT account_id FROM account_deletions
		WHERE erased_at IS NULL AND (begun_at IS NULL AND (due_at <= $1 OR reminded_at IS NULL AND due_at <= $2) OR begun_at <= $3)
		ORDER BY due_at, account_id LIMIT $4`,
		[]any{clock.Micros(at), clock.Micros(at.Add(LastWord)), clock.Micros(at.Add(-Settling)), limit}, func(scan tenant.Scan) error {
			var a tenant.AccountID
			err := scan(&a)
			all = append(all, a)
			return err
		})
	if err != nil {
		return nil, fmt.Errorf("deletions that are due: %w", err)
	}
	return all, nil
}

// Remind says that the owners are reminded of the deletion, which is done once.
func Remind(ctx context.Context, tx *tenant.Tx) error {
	_, err := tx.Exec(ctx, `UPDATE account_deletions SET reminded_at = $2 WHERE account_id = $1`, clock.Micros(tx.Now()))
	if err != nil {
		return fmt.Errorf("remind of the deletion of account %s: %w", tx.Scope().Account(), err)
	}
	return audit.Record(ctx, tx, "account.deletion_reminded", tx.Scope().Account().String(), nil)
}

// Shut begins the deletion: from its commit on the account lets nobody in, and
// says nothing of whose it was. Who its members are the caller has seen to.
func Shut(ctx context.Context, tx *tenant.Tx) error {
	now, id := clock.Micros(tx.Now()), tx.Scope().Account()
	_, err := tx.Exec(ctx, `UPDATE accounts SET name = $2, status = 'cancelled', resume_status = NULL, updated_at = $3 WHERE id = $1`, ErasedName, now)
	if err == nil {
		_, err = tx.Exec(ctx, `UPDATE account_deletions SET begun_at = $2 WHERE account_id = $1 AND begun_at IS NULL`, now)
	}
	if err != nil {
		return fmt.Errorf("shut account %s: %w", id, err)
	}
	return audit.Record(ctx, tx, "account.shut", id.String(), nil)
}

// RemoveAll ends every membership and invitation of an account that is being
// deleted.
func RemoveAll(ctx context.Context, tx *tenant.Tx) error {
	for _, text := range []string{`DELETE FROM members WHERE account_id = $1`, `DELETE FROM invitations WHERE account_id = $1`} {
		if _, err := tx.Exec(ctx, text); err != nil {
			return fmt.Errorf("remove all of account %s: %w", tx.Scope().Account(), err)
		}
	}
	return nil
}

// Erased says that nothing is left of the account but what has to be kept.
func Erased(ctx context.Context, tx *tenant.Tx) error {
	_, err := tx.Exec(ctx, `UPDATE account_deletions SET erased_at = $2 WHERE account_id = $1 AND erased_at IS NULL`, clock.Micros(tx.Now()))
	if err != nil {
		return fmt.Errorf("account %s is erased: %w", tx.Scope().Account(), err)
	}
	return audit.Record(ctx, tx, "account.erased", tx.Scope().Account().String(), nil)
}
