package audit

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"igny8/internal/clock"
	"igny8/internal/id"
	"igny8/internal/tenant"
)

// ParseEventID reads an event's id.
func ParseEventID(s string) (EventID, error) { return id.Parse[eventKind](s) }

const columns = `id, actor, privilege, action, subject, detail, created_at`

func read(scan tenant.Scan, account ...any) (Event, error) {
	var e Event
	var detail string
	var at int64
	err := scan(append(account, &e.ID, &e.Actor, &e.Privilege, &e.Action, &e.Subject, &detail, &at)...)
	e.Detail, e.At = json.RawMessage(detail), clock.FromMicros(at)
	return e, err
}

// Of lists the events of the account that are older than after, the newest
// first, at most limit; the zero after begins with the newest.
func Of(ctx context.Context, r tenant.Reader, after EventID, limit int) ([]Event, error) {
	var events []Event
	err := r.Each(ctx, `SELECT `+columns+` FROM audit_events WHERE account_id = $1 AND ($2 = '' OR id < $2) ORDER BY id DESC LIMIT $3`, []any{after.String(), limit},
		func(scan tenant.Scan) error {
			e, err := read(scan)
			e.Account = r.Scope().Account()
			events = append(events, e)
			return err
		})
	return events, err
}

// Filter says which events are wanted. What is zero does not matter.
type Filter struct {
	Account     tenant.AccountID
	Actor       string    // as in Event, such as "staff:usr_..."
	Action      string    // the whole of it
	From, Until time.Time // from the one moment on, and before the other
	After       EventID   // events older than this one
	Limit       int       // at most so many of them
}

// Search lists events of all accounts and of none, newest first.
func Search(ctx context.Context, s *tenant.Survey, f Filter) ([]Event, error) {
	var found []Event
	query, args := f.query("account_id, "+columns+" FROM audit_events", f.Account.String())
	err := s.Each(ctx, query, args, func(scan tenant.Scan) error {
		var acc tenant.AccountID
		e, err := read(scan, &acc)
		e.Account = acc
		found = append(found, e)
		return err
	})
	if err == nil && f.Account.IsZero() {
		query, args = f.query(columns+" FROM staff_audit_events", "")
		err = s.Each(ctx, query, args, func(scan tenant.Scan) error {
			e, err := read(scan)
			found = append(found, e)
			return err
		})
	}
	if err != nil {
		return nil, fmt.Errorf("search the audit log: %w", err)
	}
	slices.SortFunc(found, func(a, b Event) int { return strings.Compare(b.ID.String(), a.ID.String()) })
	return found[:min(len(found), f.Limit)], nil
}

// query is one table's part: each table is asked for as many as are wanted of
// both.
func (f Filter) query(from, account string) (string, []any) {
	var where []string
	var args []any
	need := func(condition string, value any) {
		args = append(args, value)
		where = append(where, fmt.Sprintf(condition, len(args)))
	}
	if account != "" {
		need("account_id = $%d", account)
	}
	if f.Actor != "" {
		need("actor = $%d", f.Actor)
	}
	if f.Action != "" {
		need("action = $%d", f.Action)
	}
	if !f.From.IsZero() {
		need("created_at >= $%d", clock.Micros(f.From))
	}
	if !f.Until.IsZero() {
		need("created_at < $%d", clock.Micros(f.Until))
	}
	if !f.After.IsZero() {
		need("id < $%d", f.After)
	}
	query := "SELECT " + from
	if len(where) > 0 {
		query += " WHERE " + strings.Join(where, " AND ")
	}
	args = append(args, f.Limit)
	return query + fmt.Sprintf(" ORDER BY id DESC LIMIT $%d", len(args)), args
}
