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
	ID        EventID
	Account   tenant.AccountID // whose log it is in; zero: what belongs to no account
	Actor     string           // "kind:id", see tenant.Actor
	Privilege tenant.Privilege // by which an operator acted; empty for everybody else
	Action    string           // a dotted verb of the past, such as "account.suspended"
	Subject   string           // the id of what it was done to
	Detail    json.RawMessage  // what else a reader of the log wants; never a secret
	At        time.Time
}

// Record writes an event in the account of tx, by the actor of its scope.
// detail is marshalled to JSON and may be nil.
func Record(ctx context.Context, tx *tenant.Tx, action, subject string, detail any) error {
	text, err := detailText(action, detail)
	if err != nil {
		return err
	}
	_, err = tx.Exec(ctx, `
		INSERT INTO audit_events (account_id, id, actor, privilege, action, subject, detail, created_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
		id.New[eventKind](), tx.Scope().Actor().String(), string(tx.Scope().Privilege()), action, subject, text, clock.Micros(tx.Now()))
	if err != nil {
		return fmt.Errorf("audit %s of %s: %w", action, subject, err)
	}
	tenant.Note(tx)
	return nil
}

// RecordShared writes an event that belongs to no account.
func RecordShared(ctx context.Context, tx *tenant.SharedTx, by tenant.Actor, action, subject string, detail any) error {
	text, err := detailText(action, detail)
	if err != nil {
		return err
	}
	_, err = tx.Exec(ctx, `
		INSERT INTO staff_audit_events (id, actor, privilege, action, subject, detail, created_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7)`,
		id.New[eventKind](), by.String(), string(tx.Privilege()), action, subject, text, clock.Micros(tx.Now()))
	if err != nil {
		return fmt.Errorf("audit %s of %s: %w", action, subject, err)
	}
	tenant.NoteShared(tx, by)
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
