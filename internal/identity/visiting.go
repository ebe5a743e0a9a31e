package identity

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"igny8/internal/account"
	"igny8/internal/audit"
	"igny8/internal/clock"
	"igny8/internal/db"
	"igny8/internal/id"
	"igny8/internal/mail"
	"igny8/internal/tenant"
)

// NewVisit is what an operator says before he visits an account.
type NewVisit struct {
	Account tenant.AccountID
	Reason  string // 1 to 500 printable characters
	Kind    VisitKind
	For     time.Duration // one of VisitLengths
}

// VisitLengths is how long a visit may be.
func VisitLengths() []time.Duration {
	return []time.Duration{15 * time.Minute, time.Hour, 4 * time.Hour}
}

// begunDetail is the detail of the event "support_visit.began".
type begunDetail struct {
	Reason string    `json:"reason"`
	Kind   VisitKind `json:"for"`
	Until  time.Time `json:"until"`
}

// Visit begins a visit of an account by the session of c, which must be that of a
// browser: its pages of an account are those of this one from the next request
// on, until the visit or the session ends. A visit that the session is on ends.
// It needs support.visit. That it begins is in the account's log, and each owner
// gets a letter, in the same transaction.
//
// An account that may not work can be visited to look alone (ErrVisitWork), and
// one of the operator's own not at all (ErrVisitSystem): nobody in it would read
// of it, or could end it.
func (s *Service) Visit(ctx context.Context, c Caller, n NewVisit) (Visit, error) {
	if err := c.Operator.Require(tenant.SupportVisit); err != nil {
		return Visit{}, err
	}
	why, ok := account.Printable(n.Reason, 500)
	if !ok {
		return Visit{}, account.ErrInvalidReason.At("body.reason", "1 to 500 printable characters", nil)
	}
	may, err := n.Kind.permissions()
	if err != nil {
		return Visit{}, err
	}
	switch {
	case !slices.Contains(VisitLengths(), n.For):
		return Visit{}, ErrVisitLength.At("body.for", "15 minutes, 1 hour or 4 hours", nil)
	case n.Account.IsZero():
		return Visit{}, account.ErrNotFound
	}
	var v Visit
	err = s.d.Update(ctx, func(ctx context.Context, tx *db.Tx) error {
		if err := stillIn(ctx, tx, c); err != nil {
			return err
		}
		if _, err := leaveVisit(ctx, tx, c); err != nil && !errors.Is(err, ErrVisitNotFound) {
			return err
		}
		at := stop{n.Account, id.New[visitKind]()}
		err := tenant.Within(ctx, tx, at.scope(c.User), func(bound *tenant.Tx) (err error) {
			if err := s.welcomes(ctx, bound, n.Kind); err != nil {
				return err
			}
			v, err = s.begin(ctx, bound, c, at, begunDetail{why, n.Kind, bound.Now().Add(n.For)}, may)
			return err
		})
		if err != nil {
			return err
		}
		_, err = tx.Exec(ctx, `INSERT INTO browser_visits (family_id, visited_id, visit_id) VALUES ($1, $2, $3)`, c.Session, at.account, at.visit)
		if errors.Is(err, db.ErrForeignKey) { // the session is no browser's
			err = ErrInvalid
		}
		return err
	})
	if err != nil {
		return Visit{}, fmt.Errorf("visit %s: %w", n.Account, err)
	}
	return v, nil
}

// welcomes tells whether an account can be visited for something.
func (s *Service) welcomes(ctx context.Context, tx *tenant.Tx, k VisitKind) error {
	a, err := account.Load(ctx, tx)
	if err != nil {
		return err
	}
	if a.Kind == account.System {
		return ErrVisitSystem
	}
	if k == VisitToLook {
		return nil
	}
	terms, err := s.standing(ctx, tx)
	if err != nil {
		return err
	}
	if _, err := terms.Standing(tx.Now()); err != nil {
		return ErrVisitWork.At("body.may", "only look", nil)
	}
	return nil
}

func (s *Service) begin(ctx context.Context, tx *tenant.Tx, c Caller, at stop, d begunDetail, may tenant.Permissions) (Visit, error) {
	_, err := tx.Exec(ctx, `
		INSERT INTO support_visits (account_id, id, user_id, family_id, reason, permissions, created_at, ends_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
		at.visit, c.User, c.Session, d.Reason, strings.Join(may.Names(), " "), clock.Micros(tx.Now()), clock.Micros(d.Until))
	if err != nil {
		return Visit{}, err
	}
	if err := audit.Record(ctx, tx, "support_visit.began", at.visit.String(), d); err != nil {
		return Visit{}, err
	}
	v, err := visitOf(ctx, tx, at.visit)
	if err != nil {
		return Visit{}, err
	}
	return v, s.TellOwners(ctx, tx, mail.SupportVisit{
		Account: at.account.String(), Reason: d.Reason, Works: v.Works(), At: tx.Now(), Until: d.Until,
	})
}

// LeaveVisit ends the visit that the session of c is on, and is the account that
// was visited. The session forgets a visit that was over in the same way.
// ErrVisitNotFound when it is on none.
func (s *Service) LeaveVisit(ctx context.Context, c Caller) (tenant.AccountID, error) {
	var acc tenant.AccountID
	err := s.d.Update(ctx, func(ctx context.Context, tx *db.Tx) (err error) {
		acc, err = leaveVisit(ctx, tx, c)
		return err
	})
	return acc, err
}

func leaveVisit(ctx context.Context, tx *db.Tx, c Caller) (tenant.AccountID, error) {
	var at stop
	err := tx.Get(ctx, `DELETE FROM browser_visits WHERE family_id = $1 RETURNING visited_id, visit_id`, []any{c.Session}, &at.account, &at.visit)
	if errors.Is(err, db.ErrNotFound) {
		err = ErrVisitNotFound
	}
	if err == nil {
		err = tenant.Within(ctx, tx, at.scope(c.User), func(bound *tenant.Tx) error {
			_, err := endVisit(ctx, bound, at.visit)
			return err
		})
	}
	if err != nil {
		return tenant.AccountID{}, fmt.Errorf("leave a visit: %w", err)
	}
	return at.account, nil
}

// LastVisit is the visit that the session of c is on, or was on and has not left.
// ErrVisitNotFound when there is none.
func (s *Service) LastVisit(ctx context.Context, c Caller) (Visit, error) {
	var at stop
	err := s.d.View(ctx, func(ctx context.Context, v *db.View) error {
		return v.Get(ctx, `SELECT visited_id, visit_id FROM browser_visits WHERE family_id = $1`, []any{c.Session}, &at.account, &at.visit)
	})
	if errors.Is(err, db.ErrNotFound) {
		err = ErrVisitNotFound
	}
	if err != nil {
		return Visit{}, fmt.Errorf("the visit of %s: %w", c.Session, err)
	}
	var found Visit
	err = s.st.View(ctx, at.scope(c.User), func(ctx context.Context, r *tenant.View) (err error) {
		found, err = visitOf(ctx, r, at.visit)
		return err
	})
	return found, err
}

// EndVisit sends a visitor away, from his next request on. It needs team.manage.
// ErrVisitNotFound when the visit is over.
func EndVisit(ctx context.Context, tx *tenant.Tx, vid VisitID) error {
	if err := tx.Scope().Require(tenant.ManageTeam); err != nil {
		return err
	}
	ended, err := endVisit(ctx, tx, vid)
	if err == nil && !ended {
		err = fmt.Errorf("visit %s: %w", vid, ErrVisitNotFound)
	}
	return err
}

// endVisit ends a visit that goes on.
func endVisit(ctx context.Context, tx *tenant.Tx, vid VisitID) (bool, error) {
	n, err := tx.Exec(ctx, `
		UPDATE support_visits SET ended_at = $3, ended_by = $4 WHERE account_id = $1 AND id = $2 AND ended_at IS NULL AND ends_at > $3`,
		vid, clock.Micros(tx.Now()), tx.Scope().Actor().String())
	if err != nil {
		return false, fmt.Errorf("end visit %s: %w", vid, err)
	}
	if n == 0 {
		return false, nil
	}
	return true, audit.Record(ctx, tx, "support_visit.ended", vid.String(), nil)
}
