package payment

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"
	"unicode/utf8"

	"igny8/internal/account"
	"igny8/internal/audit"
	"igny8/internal/clock"
	"igny8/internal/id"
	"igny8/internal/payment/internal/vendor"
	"igny8/internal/tenant"
)

type eventKind struct{}

func (eventKind) Prefix() string { return "whe" }

// EventID names a message of a vendor's.
type EventID = id.ID[eventKind]

// ParseEventID reads a message's id.
func ParseEventID(s string) (EventID, error) { return id.Parse[eventKind](s) }

// Event is a message of a vendor's whose signature verified. Only ParseEvent
// makes one: the zero Event is nothing that can be kept.
type Event struct {
	from   account.PaymentMethod
	notice vendor.Notice
	body   []byte
}

// ParseEvent checks the signature of the bytes that came, and how old it is.
// ErrNoVendor, ErrUnsigned, ErrTooOld, ErrUnreadable; ErrVendorAway when
// PayPal, who alone can tell, cannot be asked.
func (d *Desk) ParseEvent(ctx context.Context, from account.PaymentMethod, h http.Header, body []byte) (Event, error) {
	c, there := d.vendors[from]
	if !there {
		return Event{}, ErrNoVendor
	}
	if len(body) == 0 || !utf8.Valid(body) {
		return Event{}, ErrUnreadable
	}
	n, err := c.Parse(ctx, h, body, d.clock.Now())
	if err != nil {
		return Event{}, faultOf(err)
	}
	return Event{from: from, notice: n, body: body}, nil
}

// EventState is where a message is in its life.
type EventState string

// The states. The last three stay until somebody asks for another look.
const (
	EventReceived EventState = "received" // it will be looked into
	EventDone     EventState = "done"
	EventIgnored  EventState = "ignored" // it is about nothing of ours
	EventFailed   EventState = "failed"  // somebody has to see to it
)

// Told is a message as staff see it.
type Told struct {
	ID         EventID
	Vendor     account.PaymentMethod
	ExternalID string // what the vendor calls the message
	Type       string // in the vendor's words
	About      string // what the vendor calls what it is about
	State      EventState
	Whose      string // the account, once it is known
	Tries      int64
	Error      string // why it was ignored or failed, or its last try did
	Received   time.Time
	Done       time.Time // zero: not yet
}

// looking is the errand that looks into a message.
type looking struct {
	Event EventID `json:"event"`
}

// Kind implements job.Args.
func (looking) Kind() string { return "payment.webhook" }

// Keep stores a message, to be looked into. One that is known already, by the
// vendor's own id, changes nothing.
func (d *Desk) Keep(ctx context.Context, tx *tenant.SharedTx, e Event) error {
	if e.notice.ID == "" {
		return ErrUnsigned
	}
	eid := id.New[eventKind]()
	n, err := tx.Exec(ctx, `
		INSERT INTO webhook_events (id, vendor, external_id, type, object, about, state, sealed, received_at, asked_at)
		VALUES ($1, $2, $3, $4, $5, $6, 'received', $7, $8, $8) ON CONFLICT (vendor, external_id) DO NOTHING`,
		eid, string(e.from), e.notice.ID, e.notice.Type, string(e.notice.Object), e.notice.Of, d.box.Close(e.body, eid.String()), clock.Micros(tx.Now()))
	if err != nil {
		return fmt.Errorf("keep message %s of %s: %w", e.notice.ID, e.from, err)
	}
	if n == 0 {
		return nil
	}
	return d.jobs.Errand(ctx, tx, looking{eid})
}

// Replay has a message looked into again, whatever came of it before. That
// does no harm: what it brings about is what the vendor says today.
func (d *Desk) Replay(ctx context.Context, tx *tenant.SharedTx, eid EventID) (Told, error) {
	n, err := tx.Exec(ctx, `UPDATE webhook_events SET state = 'received', tries = 0, error = '', asked_at = $2, done_at = NULL WHERE id = $1`, eid, clock.Micros(tx.Now()))
	if err == nil && n == 0 {
		err = ErrEventNotFound
	}
	if err == nil {
		err = d.jobs.Errand(ctx, tx, looking{eid})
	}
	if err == nil {
		err = audit.RecordShared(ctx, tx, tx.Operator().Actor(), "webhook_event.replayed", eid.String(), nil)
	}
	if err != nil {
		return Told{}, fmt.Errorf("replay message %s: %w", eid, err)
	}
	e, err := readTold(func(dest ...any) error {
		return tx.Get(ctx, `SELECT `+toldColumns+` FROM webhook_events WHERE id = $1`, []any{eid}, dest...)
	})
	return e, err
}

const toldColumns = `id, vendor, external_id, type, about, state, whose, tries, error, received_at, done_at`

func readTold(scan tenant.Scan, more ...any) (Told, error) {
	var e Told
	var received int64
	var done *int64
	err := scan(append([]any{&e.ID, &e.Vendor, &e.ExternalID, &e.Type, &e.About, &e.State, &e.Whose, &e.Tries, &e.Error, &received, &done}, more...)...)
	e.Received, e.Done = clock.FromMicros(received), clock.FromNull(done)
	return e, err
}

// Events lists messages, newest first, those older than after; the zero ID is
// the start. An empty state is any.
func Events(ctx context.Context, s *tenant.Survey, state EventState, after EventID, limit int) ([]Told, error) {
	var all []Told
	err := s.Each(ctx, `
		SELECT `+toldColumns+` FROM webhook_events
		WHERE ($1 = '' OR id < $1) AND ($2 = '' OR state = $2) ORDER BY id DESC LIMIT $3`, []any{after.String(), string(state), limit}, func(scan tenant.Scan) error {
		e, err := readTold(scan)
		all = append(all, e)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("list messages of vendors: %w", err)
	}
	return all, nil
}

// LoadEvent reads one message, with the bytes that came.
func (d *Desk) LoadEvent(ctx context.Context, s *tenant.Survey, eid EventID) (Told, []byte, error) {
	var sealed []byte
	e, err := readTold(func(dest ...any) error {
		return s.Get(ctx, `SELECT `+toldColumns+`, sealed FROM webhook_events WHERE id = $1`, []any{eid}, dest...)
	}, &sealed)
	if tenant.IsNotFound(err) {
		err = ErrEventNotFound
	}
	if err != nil {
		return Told{}, nil, fmt.Errorf("message %s: %w", eid, err)
	}
	body, err := d.box.Open(sealed, eid.String())
	return e, body, err
}

// keepLooking is how long a message is tried that something stands in the way
// of.
const keepLooking = 24 * time.Hour

// errNotOurs is a message about nothing of ours. It is kept, and that is all.
var errNotOurs = errors.New("not ours")
