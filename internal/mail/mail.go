// Package mail turns a typed message into a letter and posts it by job.
//
// Posting is a row in the transaction of what the letter tells, so there is no
// letter about what was not committed, and none is lost. The letter is sent
// later, as often as it takes, until it is of no use any more. It arrives at
// least once: if the server stops between sending and noting it, twice, under
// one Message-ID.
//
// Letters go to people, not to accounts. What a letter says is sealed in the
// database and dropped when it has gone, because it may hold a link that opens
// something; what stays is who got what, and when.
package mail

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"igny8/internal/clock"
	"igny8/internal/id"
	"igny8/internal/job"
	"igny8/internal/seal"
	"igny8/internal/tenant"
	"igny8/internal/words"
)

type letterKind struct{}

func (letterKind) Prefix() string { return "ltr" }

// ID names a letter.
type ID = id.ID[letterKind]

// ParseID reads a letter's id.
func ParseID(s string) (ID, error) { return id.Parse[letterKind](s) }

// State is where a letter is.
type State string

// The states. The last two are final.
const (
	Queued State = "queued"
	Sent   State = "sent"   // the SMTP server has taken it, or the log
	Failed State = "failed" // refused for good, or not taken while it was of use
)

// Letter is a letter as staff see it: all but what it says.
type Letter struct {
	ID      ID
	Kind    Kind
	To      string
	State   State
	Tries   int64
	Error   string // of the last try; empty: none
	Created time.Time
	Done    time.Time // sent, or given up; zero: neither
}

// Envelope is a letter for the post.
type Envelope struct {
	ID            ID
	Kind          Kind
	To            string
	Subject, Text string
}

// Sender takes letters away. An error is tried again, unless it is
// ErrRefused.
type Sender interface {
	Send(ctx context.Context, e Envelope) error
}

// ErrRefused is a letter that will not be taken however often it is tried.
var ErrRefused = errors.New("the letter is refused for good")

// Options is what the office is told at start.
type Options struct {
	BaseURL string // where links lead
	Key     []byte `json:"-"` // seals what letters say; 32 bytes
	Sender  Sender // nil: the log, see LogSender
	Log     *slog.Logger
}

// Office takes letters and posts them.
type Office struct {
	st     *tenant.Store
	jobs   *job.Queue
	box    seal.Box
	sender Sender
	writer
}

// New makes an Office, whose letters q takes away once it is started.
func New(st *tenant.Store, q *job.Queue, o Options) (*Office, error) {
	box, err := seal.New(o.Key)
	if err != nil {
		return nil, fmt.Errorf("mail: %w", err)
	}
	if o.BaseURL == "" {
		return nil, errors.New("mail: links need the base URL")
	}
	w, err := newWriter(o.BaseURL)
	if err != nil {
		return nil, err
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Sender == nil {
		o.Sender = LogSender(o.Log)
	}
	f := &Office{st: st, jobs: q, box: box, sender: o.Sender, writer: w}
	job.HandleErrand(q, f.deliver)
	return f, nil
}

// To is who gets a letter: the address, which the caller has parsed, and the
// language in which the person reads.
type To struct {
	Address  string
	Language words.Language
}

// Post writes a letter in the transaction of what it tells.
func (f *Office) Post(ctx context.Context, tx *tenant.SharedTx, to To, m Message) error {
	raw, err := json.Marshal(m)
	if err != nil {
		return fmt.Errorf("post %s: %w", m.Kind(), err)
	}
	lid := id.New[letterKind]()
	_, err = tx.Exec(ctx, `
		INSERT INTO letters (id, kind, recipient, language, state, sealed, created_at, expires_at)
		VALUES ($1, $2, $3, $4, 'queued', $5, $6, $7)`,
		lid, string(m.Kind()), to.Address, to.Language.Tag(), f.box.Close(raw, lid.String()), clock.Micros(tx.Now()), clock.Micros(m.until(tx.Now())))
	if err != nil {
		return fmt.Errorf("post %s: %w", m.Kind(), err)
	}
	return f.jobs.Errand(ctx, tx, delivery{Letter: lid})
}

// Page lists letters, newest first, those older than after; the zero ID is
// the start.
func Page(ctx context.Context, s *tenant.Survey, after ID, limit int) ([]Letter, error) {
	if err := s.Operator.Require(tenant.AuditRead); err != nil {
		return nil, err
	}
	var all []Letter
	err := s.Each(ctx, `
		SELECT id, kind, recipient, state, tries, error, created_at, done_at FROM letters
		WHERE $1 = '' OR id < $1 ORDER BY id DESC LIMIT $2`, []any{after.String(), limit}, func(scan tenant.Scan) error {
		var l Letter
		var created int64
		var done *int64
		err := scan(&l.ID, &l.Kind, &l.To, &l.State, &l.Tries, &l.Error, &created, &done)
		l.Created, l.Done = clock.FromMicros(created), clock.FromNull(done)
		all = append(all, l)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("list letters: %w", err)
	}
	return all, nil
}
