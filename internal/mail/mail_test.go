package mail_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"igny8/internal/clock"
	"igny8/internal/db"
	"igny8/internal/db/dbtest"
	"igny8/internal/job"
	"igny8/internal/mail"
	"igny8/internal/tenant"
	"igny8/internal/tenant/tenanttest"
)

const home = "https://igny8.example"

// post is the far side of the network. fail answers for each letter.
type post struct {
	mu   sync.Mutex
	fail func(try int) error
	got  []mail.Envelope
}

func (p *post) Send(_ context.Context, e mail.Envelope) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.got = append(p.got, e)
	if p.fail == nil {
		return nil
	}
	return p.fail(len(p.got))
}

func (p *post) tries() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.got)
}

// office is a post office on an empty database, whose clock the test moves.
type office struct {
	t    *testing.T
	d    *db.DB
	st   *tenant.Store
	f    *mail.Office
	q    *job.Queue
	hand *clock.Hand
}

func newOffice(t *testing.T, s mail.Sender) *office {
	t.Helper()
	hand := clock.NewHand(time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC))
	o := &office{t: t, d: dbtest.OpenAt(t, hand.Clock()), hand: hand}
	o.st = tenant.NewStore(o.d)
	var err error
	if o.q, err = job.New(o.d, slog.New(slog.DiscardHandler), job.Options{Backoff: func(int) time.Duration { return time.Millisecond }}); err != nil {
		t.Fatal(err)
	}
	o.f, err = mail.New(o.st, o.q, mail.Options{BaseURL: home + "/", Key: bytes.Repeat([]byte("k"), 32), Sender: s})
	if err != nil {
		t.Fatal(err)
	}
	return o
}

func (o *office) run() {
	o.t.Helper()
	if err := o.q.Start(o.t.Context()); err != nil {
		o.t.Fatal(err)
	}
	o.t.Cleanup(func() {
		if err := o.q.Stop(context.Background()); err != nil {
			o.t.Error(err)
		}
	})
}

func (o *office) post(to string, m mail.Message) {
	o.t.Helper()
	if err := o.st.UpdateShared(o.t.Context(), func(ctx context.Context, tx *tenant.SharedTx) error {
		return o.f.Post(ctx, tx, mail.To{Address: to}, m)
	}); err != nil {
		o.t.Fatal(err)
	}
}

// survey runs fn for an operator with a privilege.
func (o *office) survey(may tenant.Privilege, fn func(context.Context, *tenant.Survey) error) error {
	o.t.Helper()
	return o.st.Survey(o.t.Context(), tenanttest.Look(o.t, o.st, may), fn)
}

func (o *office) outbox() []mail.Letter {
	o.t.Helper()
	var all []mail.Letter
	err := o.survey(tenant.AuditRead, func(ctx context.Context, s *tenant.Survey) (err error) {
		all, err = mail.Page(ctx, s, mail.ID{}, 100)
		return err
	})
	if err != nil {
		o.t.Fatal(err)
	}
	return all
}

// until waits for the newest letter to be in a state.
func (o *office) until(want mail.State) mail.Letter {
	o.t.Helper()
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		if all := o.outbox(); len(all) > 0 && all[0].State == want {
			return all[0]
		} else if time.Now().After(deadline) {
			o.t.Fatalf("the outbox is %+v, want the first %s", all, want)
		}
	}
}

// sealed counts the letters whose text is still kept.
func (o *office) sealed() (n int) {
	o.t.Helper()
	err := o.d.View(o.t.Context(), func(ctx context.Context, v *db.View) error {
		return v.Get(ctx, `SELECT count(*) FROM letters WHERE sealed IS NOT NULL`, nil, &n)
	})
	if err != nil {
		o.t.Fatal(err)
	}
	return n
}

func (o *office) reset() mail.ResetPassword {
	return mail.ResetPassword{Token: "igl_secret", Until: o.hand.Clock().Now().Add(time.Hour)}
}

func TestALetterArrivesAndItsTextIsDropped(t *testing.T) {
	t.Parallel()
	p := &post{}
	o := newOffice(t, p)
	o.post("anna@example.com", o.reset())
	if o.sealed() != 1 {
		t.Error("the letter has no text before it is sent")
	}
	// While it waits, nobody who has the database can read the link.
	var raw []byte
	var args string
	err := o.d.View(t.Context(), func(ctx context.Context, v *db.View) error {
		if err := v.Get(ctx, `SELECT sealed FROM letters`, nil, &raw); err != nil {
			return err
		}
		return v.Get(ctx, `SELECT args FROM river_job`, nil, &args)
	})
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(raw, []byte("igl_")) || strings.Contains(args, "igl_") {
		t.Errorf("the link is readable: %q, %s", raw, args)
	}
	o.run()
	l := o.until(mail.Sent)
	if l.To != "anna@example.com" || l.Kind != mail.KindResetPassword || l.Tries != 1 || l.Error != "" || l.Done.IsZero() {
		t.Errorf("the outbox says %+v", l)
	}
	e := p.got[0]
	if e.ID != l.ID || e.Subject != "Choose a new password" || !strings.Contains(e.Text, home+"/reset-password?token=igl_secret\n") {
		t.Errorf("got %+v", e)
	}
	if o.sealed() != 0 {
		t.Error("the text is kept after it was sent")
	}
}

// A server that is down loses nothing: the letter is tried until it is taken.
func TestALetterIsTriedAgain(t *testing.T) {
	t.Parallel()
	p := &post{fail: func(try int) error {
		if try < 6 { // more often than a job of an account
			return errors.New("421 come\x00 back \xff\nlater")
		}
		return nil
	}}
	o := newOffice(t, p)
	o.run()
	o.post("anna@example.com", o.reset())
	if l := o.until(mail.Sent); l.Tries != 6 || p.tries() != 6 {
		t.Errorf("sent with %d tries, %d at the post", l.Tries, p.tries())
	}
}

func TestARefusedLetterIsGivenUp(t *testing.T) {
	t.Parallel()
	p := &post{fail: func(int) error { return fmt.Errorf("550 no such mailbox: %w", mail.ErrRefused) }}
	o := newOffice(t, p)
	o.run()
	o.post("anna@example.com", o.reset())
	if l := o.until(mail.Failed); l.Tries != 1 || !strings.Contains(l.Error, "550") || o.sealed() != 0 {
		t.Errorf("given up as %+v", l)
	}
}

// A letter whose link has ended is of no use, and is not sent.
func TestALateLetterIsGivenUp(t *testing.T) {
	t.Parallel()
	p := &post{}
	o := newOffice(t, p)
	o.post("anna@example.com", o.reset())
	o.hand.Advance(time.Hour)
	o.run()
	if l := o.until(mail.Failed); l.Error == "" || p.tries() != 0 || o.sealed() != 0 {
		t.Errorf("given up as %+v after %d tries", l, p.tries())
	}
}

func TestNoLetterWithoutItsCommit(t *testing.T) {
	t.Parallel()
	o := newOffice(t, &post{})
	boom := errors.New("boom")
	err := o.st.UpdateShared(t.Context(), func(ctx context.Context, tx *tenant.SharedTx) error {
		return errors.Join(o.f.Post(ctx, tx, mail.To{Address: "anna@example.com"}, o.reset()), boom)
	})
	if !errors.Is(err, boom) || len(o.outbox()) != 0 {
		t.Errorf("%v, and in the outbox %+v", err, o.outbox())
	}
}

func TestTheOutboxIsForWhoMayReadTheLog(t *testing.T) {
	t.Parallel()
	o := newOffice(t, &post{})
	for i := range 5 {
		o.post(fmt.Sprintf("p%d@example.com", i), mail.PasswordChanged{At: o.hand.Clock().Now()})
	}
	var got []string
	err := o.survey(tenant.AuditRead, func(ctx context.Context, s *tenant.Survey) error {
		first, err := mail.Page(ctx, s, mail.ID{}, 3)
		if err != nil {
			return err
		}
		rest, err := mail.Page(ctx, s, first[2].ID, 3)
		for _, l := range append(first, rest...) {
			got = append(got, l.To[:2])
		}
		return err
	})
	if s := strings.Join(got, " "); err != nil || s != "p4 p3 p2 p1 p0" {
		t.Errorf("%s, %v", s, err)
	}
	err = o.survey(tenant.AccountsRead, func(ctx context.Context, s *tenant.Survey) error {
		_, err := mail.Page(ctx, s, mail.ID{}, 3)
		return err
	})
	if !errors.Is(err, tenant.ErrForbidden) {
		t.Errorf("without audit.read: %v", err)
	}
}

// Every letter can be written, and the log keeps its text to itself unless it
// is asked for all.
func TestTheLogIsThePostOfWhoHasNone(t *testing.T) {
	t.Parallel()
	at := time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)
	for level, links := range map[slog.Level]int{slog.LevelInfo: 0, slog.LevelDebug: 3} {
		var mu sync.Mutex
		var out strings.Builder
		log := slog.New(slog.NewTextHandler(locked{&mu, &out}, &slog.HandlerOptions{Level: level}))
		o := newOffice(t, mail.LogSender(log))
		o.run()
		for _, m := range []mail.Message{
			mail.VerifyEmail{Token: "igl_1", Until: at.Add(time.Hour)}, mail.ResetPassword{Token: "igl_2", Until: at.Add(time.Hour)},
			mail.PasswordChanged{At: at}, mail.SecondFactorChanged{On: true, At: at}, mail.SecondFactorChanged{At: at},
			mail.Invited{Token: "igi_3", Role: "editor", Until: at.Add(time.Hour)}, mail.RoleChanged{Account: "acc_1", Role: "viewer", At: at},
			mail.MemberRemoved{Account: "acc_1", At: at}, mail.SupportVisit{Account: "acc_1", Reason: "You asked.", At: at, Until: at.Add(time.Hour)},
		} {
			o.post("anna@example.com", m)
			o.until(mail.Sent)
		}
		mu.Lock()
		text := out.String()
		mu.Unlock()
		if n := strings.Count(text, "token=ig"); n != links || strings.Count(text, "anna@example.com") != 9 {
			t.Errorf("at %s the log has %d links, want %d:\n%s", level, n, links, text)
		}
	}
}

type locked struct {
	mu  *sync.Mutex
	out *strings.Builder
}

func (l locked) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.out.Write(b)
}

func TestNewRefusesWhatWouldNotHold(t *testing.T) {
	t.Parallel()
	o := newOffice(t, &post{})
	for name, opt := range map[string]mail.Options{
		"a short key": {BaseURL: home, Key: []byte("short")},
		"no address":  {Key: bytes.Repeat([]byte("k"), 32)},
	} {
		if _, err := mail.New(o.st, o.q, opt); err == nil {
			t.Errorf("%s was accepted", name)
		}
	}
}
