package identity

import (
	"context"
	"fmt"
	"strings"
	"time"

	"igny8/internal/account"
	"igny8/internal/clock"
	"igny8/internal/id"
	"igny8/internal/tenant"
)

// Visit is one of the operator's people in an account, as support. It belongs to
// the session of one browser, and ends with it; nothing else opens an account to
// somebody who is no member.
type Visit struct {
	ID       VisitID
	Account  account.Account // which is visited
	Operator UserID
	Email    string // the operator's
	Reason   string
	May      tenant.Permissions
	Began    time.Time
	Until    time.Time
	Ended    time.Time    // before Until; zero: it was not
	EndedBy  tenant.Actor // zero: nobody ended it, or its session ended
	revoked  bool         // the operator has the privilege no more
}

// ParseVisitID reads a visit's id.
func ParseVisitID(s string) (VisitID, error) { return id.Parse[visitKind](s) }

// VisitKind is what a visit is for.
type VisitKind string

// The kinds. Neither is for what the account pays, its people or its keys; and
// that an article is right is for its own people to say.
const (
	VisitToLook VisitKind = "look"
	VisitToWork VisitKind = "work" // on sites and content
)

var (
	looking = tenant.Allow(tenant.ReadContent, tenant.ReadBilling, tenant.ReadTeam)
	working = looking | tenant.Allow(tenant.WriteContent, tenant.ManageSites)
)

// permissions is what a visit of the kind may do.
func (k VisitKind) permissions() (tenant.Permissions, error) {
	switch k {
	case VisitToLook:
		return looking, nil
	case VisitToWork:
		return working, nil
	}
	return 0, ErrVisitKind.At("body.may", "look or work", nil)
}

// Works tells whether the visit may change something.
func (v Visit) Works() bool { return !looking.Covers(v.May) }

// looks tells whether this is a visit that changes nothing, which is let in
// whatever state the account is in.
func (v *Visit) looks() bool { return v != nil && !v.Works() }

// Running tells whether the visit goes on at a moment.
func (v Visit) Running(now time.Time) bool {
	return v.Ended.IsZero() && !v.revoked && now.Before(v.Until)
}

// visitColumns also asks for what ends a visit without a word: the end of its
// session, and of the privilege.
const visitColumns = `
	SELECT v.id, v.user_id, u.email, v.reason, v.permissions, v.created_at, v.ends_at, v.ended_at, coalesce(v.ended_by, ''), f.ended_at,
		NOT EXISTS (SELECT 1 FROM staff_grants g WHERE g.user_id = v.user_id AND g.privilege = 'support.visit')
	FROM support_visits v JOIN users u ON u.id = v.user_id LEFT JOIN token_families f ON f.id = v.family_id
	WHERE v.account_id = $1 `

func readVisit(scan tenant.Scan) (Visit, error) {
	var v Visit
	var names, by string
	var began, until int64
	var ended, out *int64
	if err := scan(&v.ID, &v.Operator, &v.Email, &v.Reason, &names, &began, &until, &ended, &by, &out, &v.revoked); err != nil {
		return Visit{}, err
	}
	for name := range strings.FieldsSeq(names) {
		if p, ok := tenant.ParsePermission(name); ok {
			v.May |= tenant.Allow(p)
		}
	}
	v.May = v.May.And(working) // whatever the row says
	v.Began, v.Until, v.Ended = clock.FromMicros(began), clock.FromMicros(until), clock.FromNull(ended)
	if signedOut := clock.FromNull(out); v.Ended.IsZero() && !signedOut.IsZero() && signedOut.Before(v.Until) {
		v.Ended = signedOut
	}
	if by == "" {
		return v, nil
	}
	var err error
	v.EndedBy, err = tenant.ParseActor(by)
	return v, err
}

// Visits lists the visits of an account, the newest first, at most limit.
func Visits(ctx context.Context, r tenant.Reader, limit int) ([]Visit, error) {
	holder, err := account.Load(ctx, r)
	if err != nil {
		return nil, fmt.Errorf("list visits: %w", err)
	}
	var all []Visit
	err = r.Each(ctx, visitColumns+`ORDER BY v.id DESC LIMIT $2`, []any{limit}, func(scan tenant.Scan) error {
		v, err := readVisit(scan)
		v.Account = holder
		all = append(all, v)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("list visits: %w", err)
	}
	return all, nil
}

func visitOf(ctx context.Context, r tenant.Reader, vid VisitID) (Visit, error) {
	v, err := readVisit(func(dest ...any) error { return r.Get(ctx, visitColumns+`AND v.id = $2`, []any{vid}, dest...) })
	if tenant.IsNotFound(err) {
		err = ErrVisitNotFound
	}
	if err == nil {
		v.Account, err = account.Load(ctx, r)
	}
	if err != nil {
		return Visit{}, fmt.Errorf("visit %s: %w", vid, err)
	}
	return v, nil
}

// stop is the visit that the session of a browser is on; zero: on none.
type stop struct {
	account tenant.AccountID
	visit   VisitID
}

// scope is that of the visitor, before anybody has looked at what he may do.
func (at stop) scope(u UserID) tenant.Scope {
	return tenant.MintVisit(at.account, tenant.MintOperator(u.String(), nil), tenant.SupportVisit, 0)
}

// The session, the grants and the visit are read on the snapshot of the account
// that is visited.
const sessionVisiting = `
	SELECT f.user_id, f.expires_at, f.ended_at, '', ` + grants + `
	FROM support_visits v JOIN token_families f ON f.id = v.family_id AND f.user_id = v.user_id
	WHERE v.account_id = $1 AND v.id = $2 AND f.id = $3`

// lookVisiting decides by a visit about a route of the account that is visited.
func (s *Service) lookVisiting(ctx context.Context, e evidence, at stop, p Policy) (c Caller, err error) {
	err = s.st.View(ctx, at.scope(e.user), func(ctx context.Context, r *tenant.View) error {
		f, err := e.facts(func(dest ...any) error { return r.Get(ctx, sessionVisiting, []any{at.visit, e.session}, dest...) })
		if err != nil {
			return err
		}
		v, err := visitOf(ctx, r, at.visit)
		if err != nil {
			return err
		}
		f.caller.Support = &v
		f.caller.Scope = tenant.MintVisit(at.account, f.caller.Operator, tenant.SupportVisit, v.May)
		c, err = s.judge(ctx, r, &f, p)
		return err
	})
	return c, err
}

// running is the visit that a session is on, while it goes on: for who is let in
// as himself, so that he is told.
func (s *Service) running(ctx context.Context, e evidence, at stop) (*Visit, error) {
	var found *Visit
	err := s.st.View(ctx, at.scope(e.user), func(ctx context.Context, r *tenant.View) error {
		v, err := visitOf(ctx, r, at.visit)
		if err == nil && v.Running(r.Now()) {
			found = &v
		}
		return err
	})
	return found, err
}
