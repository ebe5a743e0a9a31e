// Package audit writes down who did what, in the transaction that did it: if
// the act is not committed, neither is its line, and the other way round.
package audit

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"igny8/internal/clock"
	"igny8/internal/id"
	"igny8/internal/tenant"
)

type eventKind struct{}

func (eventKind) Prefix() string { return "aud" }

// EventID names an audit event.
type EventID = id.ID[eventKind]

// Event is one line of the audit log.
type Event struct {
	ID      EventID
	Actor   string          // "kind:id", see tenant.Actor
	Action  string          // a dotted verb of the past, such as "account.suspended"
	Subject string          // the id of what it was done to
	Detail  json.RawMessage // what else a reader of the log wants; never a secret
	At      time.Time
}

// Record writes an event in the account of tx, by the actor of its scope.
// detail is marshalled to JSON and may be nil.
func Record(ctx context.Context, tx *tenant.Tx, action, subject string, detail any) error {
	text, err := detailText(action, detail)
	if err != nil {
		return err
	}
	_, err = tx.Exec(ctx, `
		INSERT INTO audit_events (account_id, id, actor, action, subject, detail, created_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7)`,
		id.New[eventKind](), tx.Scope().Actor().String(), action, subject, text, clock.Micros(tx.Now()))
	if err != nil {
		return fmt.Errorf("audit %s of %s: %w", action, subject, err)
	}
	return nil
}

// RecordShared writes an event that belongs to no account.
func RecordShared(ctx context.Context, tx *tenant.SharedTx, by tenant.Actor, action, subject string, detail any) error {
	text, err := detailText(action, detail)
	if err != nil {
		return err
	}
	_, err = tx.Exec(ctx, `
		INSERT INTO staff_audit_events (id, actor, action, subject, detail, created_at)
		VALUES ($1, $2, $3, $4, $5, $6)`,
		id.New[eventKind](), by.String(), action, subject, text, clock.Micros(tx.Now()))
	if err != nil {
		return fmt.Errorf("audit %s of %s: %w", action, subject, err)
	}
	return nil
}

func detailText(action string, detail any) (string, error) {
	if detail == nil {
		return "{}", nil
	}
	b, err := json.Marshal(detail)
	if err != nil {
		return "", fmt.Errorf("audit %s: %w", action, err)
	}
	return string(b), nil
}

// Of lists the newest events of the account, newest first, at most limit.
func Of(ctx context.Context, r tenant.Reader, limit int) ([]Event, error) {
	var events []Event
	err := r.Each(ctx, `
		SELECT id, actor, action, subject, detail, created_at FROM audit_events
		WHERE account_id = $1 ORDER BY id DESC LIMIT $2`, []any{limit},
		func(scan tenant.Scan) error {
			var e Event
			var detail string
			var at int64
			err := scan(&e.ID, &e.Actor, &e.Action, &e.Subject, &detail, &at)
			e.Detail, e.At = json.RawMessage(detail), clock.FromMicros(at)
			events = append(events, e)
			return err
		})
	return events, err
}
