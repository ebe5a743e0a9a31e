package mail

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"igny8/internal/clock"
	"igny8/internal/tenant"
	"igny8/internal/words"
)

// delivery is the errand of one letter.
type delivery struct {
	Letter ID `json:"letter"`
}

// Kind implements job.Args.
func (delivery) Kind() string { return "mail.deliver" }

// errLate is a letter that nobody took while it was of use.
var errLate = errors.New("not taken while the letter was of use")

// sendTime is how long the post may take, well below what an errand may.
const sendTime = 40 * time.Second

// deliver sends a letter that is not sent yet. Between its two transactions
// is the network.
func (f *Office) deliver(ctx context.Context, d delivery) error {
	e, err := f.pick(ctx, d.Letter)
	switch {
	case tenant.IsNotFound(err):
		return nil // it has gone already
	case errors.Is(err, errLate):
		return f.done(ctx, d.Letter, Failed, err)
	case err != nil:
		return fmt.Errorf("letter %s: %w", d.Letter, err)
	}
	sending, cancel := context.WithTimeout(ctx, sendTime)
	err = f.sender.Send(sending, e)
	cancel()
	// The server may be stopping: what happened is still written down.
	ctx, cancel = context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	switch {
	case err == nil:
		return f.done(ctx, d.Letter, Sent, nil)
	case errors.Is(err, ErrRefused):
		return f.done(ctx, d.Letter, Failed, err)
	default:
		return errors.Join(fmt.Errorf("send letter %s: %w", d.Letter, err), f.note(ctx, d.Letter, err))
	}
}

// pick counts a try and opens the letter. errLate when its time is over.
func (f *Office) pick(ctx context.Context, lid ID) (Envelope, error) {
	var kind Kind
	var language string
	var sealed []byte
	e := Envelope{ID: lid}
	err := f.st.UpdateShared(ctx, func(ctx context.Context, tx *tenant.SharedTx) error {
		var expires int64
		err := tx.Get(ctx, `UPDATE letters SET tries = tries + 1 WHERE id = $1 AND state = 'queued' RETURNING kind, recipient, language, sealed, expires_at`,
			[]any{lid}, &kind, &e.To, &language, &sealed, &expires)
		if err == nil && expires <= clock.Micros(tx.Now()) {
			err = errLate
		}
		return err
	})
	if err != nil {
		return Envelope{}, err
	}
	raw, err := f.box.Open(sealed, lid.String())
	if err != nil {
		return Envelope{}, err
	}
	m, err := decode(kind, raw)
	if err != nil {
		return Envelope{}, err
	}
	e.Kind = kind
	e.Subject, e.Text, err = f.write(words.Match(language), m)
	return e, err
}

// done ends a letter, and drops what it said.
func (f *Office) done(ctx context.Context, lid ID, s State, why error) error {
	return f.st.UpdateShared(ctx, func(ctx context.Context, tx *tenant.SharedTx) error {
		_, err := tx.Exec(ctx, `UPDATE letters SET state = $2, sealed = NULL, error = $3, done_at = $4 WHERE id = $1 AND state = 'queued'`,
			lid, string(s), short(why), clock.Micros(tx.Now()))
		if err != nil {
			return fmt.Errorf("letter %s is %s: %w", lid, s, err)
		}
		return nil
	})
}

// note keeps why a try failed, for who asks where his letter is.
func (f *Office) note(ctx context.Context, lid ID, why error) error {
	return f.st.UpdateShared(ctx, func(ctx context.Context, tx *tenant.SharedTx) error {
		_, err := tx.Exec(ctx, `UPDATE letters SET error = $2 WHERE id = $1 AND state = 'queued'`, lid, short(why))
		return err
	})
}

// short is an error as a line that a database can keep: an SMTP server may
// say anything.
func short(err error) string {
	if err == nil {
		return ""
	}
	line := strings.Join(strings.Fields(strings.ToValidUTF8(strings.ReplaceAll(err.Error(), "\x00", ""), "?")), " ")
	const limit = 500
	if len(line) > limit {
		line = strings.ToValidUTF8(line[:limit], "")
	}
	return line
}

// LogSender is the post of who has configured none: the log says that there
// is a letter, and what is in it only at debug level, because the log is read
// by more people than the letter is for.
func LogSender(log *slog.Logger) Sender { return logSender{log} }

type logSender struct{ log *slog.Logger }

// Send implements Sender.
func (s logSender) Send(ctx context.Context, e Envelope) error {
	s.log.InfoContext(ctx, "letter not sent, since IGNY8_SMTP_URL is not set; IGNY8_DEBUG=1 shows what it says",
		"letter", e.ID, "kind", string(e.Kind), "to", e.To, "subject", e.Subject)
	s.log.DebugContext(ctx, "letter", "letter", e.ID, "text", e.Text)
	return nil
}
