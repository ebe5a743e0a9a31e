package identity_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"regexp"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"igny8/internal/account"
	"igny8/internal/audit"
	"igny8/internal/clock"
	"igny8/internal/db"
	"igny8/internal/db/dbtest"
	"igny8/internal/identity"
	"igny8/internal/job"
	"igny8/internal/mail"
	"igny8/internal/tenant"
)

// TestMain also looks for goroutines that the tests' calls left behind.
func TestMain(m *testing.M) {
	code := m.Run()
	stacks := make([]byte, 1<<20)
	stacks = stacks[:runtime.Stack(stacks, true)]
	if code == 0 && bytes.Contains(stacks, []byte("igny8/internal/identity.")) {
		fmt.Fprintf(os.Stderr, "goroutines of identity are left:\n%s", stacks)
		code = 1
	}
	os.Exit(code)
}

const (
	issuer   = "https://igny8.example"
	password = "correct horse battery"
)

var signingKey = []byte("0123456789abcdef0123456789abcdef")

// logbook is a log that a test can read while it is written.
type logbook struct {
	mu   sync.Mutex
	text strings.Builder
}

func (l *logbook) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(b)
}

func (l *logbook) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// house is a gate on an empty database, with a clock that the test moves.
type house struct {
	t    testing.TB
	d    *db.DB
	st   *tenant.Store
	ids  *identity.Service
	hand *clock.Hand
	log  *logbook
	post *post
	jobs *job.Queue
}

// post is the far side of the network: it keeps the letters that arrive.
type post struct {
	mu      sync.Mutex
	letters []mail.Envelope
}

func (p *post) Send(_ context.Context, e mail.Envelope) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.letters = append(p.letters, e)
	return nil
}

func (p *post) to(address string, k mail.Kind) []mail.Envelope {
	p.mu.Lock()
	defer p.mu.Unlock()
	var all []mail.Envelope
	for _, e := range p.letters {
		if e.To == address && e.Kind == k {
			all = append(all, e)
		}
	}
	return all
}

// letter waits for the nth letter of a kind to somebody.
func (h *house) letter(address string, k mail.Kind, n int) mail.Envelope {
	h.t.Helper()
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		if all := h.post.to(address, k); len(all) >= n {
			return all[n-1]
		}
		if time.Now().After(deadline) {
			h.t.Fatalf("%s did not get letter %d of %s", address, n, k)
		}
	}
}

// noMore waits until no letter and no errand is left to run, and fails the
// test unless somebody has got n letters of a kind.
func (h *house) noMore(address string, k mail.Kind, n int) {
	h.t.Helper()
	for deadline := time.Now().Add(30 * time.Second); h.count(`SELECT count(*) FROM river_job WHERE kind = 'errand' AND state <> 'completed'`) > 0; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			h.t.Fatal("errands do not end")
		}
	}
	if got := len(h.post.to(address, k)); got != n {
		h.t.Errorf("%s got %d letters of %s, want %d", address, got, k, n)
	}
}

// link is the token of the link in a letter.
func (h *house) link(e mail.Envelope) string {
	h.t.Helper()
	m := regexp.MustCompile(regexp.QuoteMeta(issuer) + `/[a-z-]+\?token=(igl_[0-9a-z]+)`).FindStringSubmatch(e.Text)
	if m == nil {
		h.t.Fatalf("no link in %q", e.Text)
	}
	return m[1]
}

func newHouse(t testing.TB) *house {
	t.Helper()
	return newHouseWith(t, nil)
}

// newHouseWith has a standing of its own.
func newHouseWith(t testing.TB, standing identity.Standing) *house {
	t.Helper()
	hand := clock.NewHand(time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC))
	d := dbtest.OpenAt(t, hand.Clock())
	h := &house{t: t, d: d, st: tenant.NewStore(d), hand: hand, log: new(logbook), post: new(post)}
	h.ids = h.service(issuer, signingKey, standing)
	return h
}

// run takes letters away until the test ends.
func (h *house) run() {
	h.t.Helper()
	if err := h.jobs.Start(h.t.Context()); err != nil {
		h.t.Fatal(err)
	}
	h.t.Cleanup(func() {
		if err := h.jobs.Stop(context.Background()); err != nil {
			h.t.Error(err)
		}
	})
}

// service is one more process on the same database.
func (h *house) service(issuer string, key []byte, standing identity.Standing) *identity.Service {
	h.t.Helper()
	return h.serviceWith(issuer, key, standing, nil)
}

func (h *house) serviceWith(issuer string, key []byte, standing identity.Standing, ring identity.Keyring) *identity.Service {
	h.t.Helper()
	log := slog.New(slog.NewTextHandler(h.log, nil))
	jobs, err := job.New(h.d, log, job.Options{Backoff: func(int) time.Duration { return time.Millisecond }})
	if err != nil {
		h.t.Fatal(err)
	}
	office, err := mail.New(h.st, jobs, mail.Options{BaseURL: issuer, Key: []byte("letters-letters-letters-letters-"), Sender: h.post, Log: log})
	if err != nil {
		h.t.Fatal(err)
	}
	if h.jobs == nil {
		h.jobs = jobs
	}
	ids, err := identity.New(h.st, h.d, identity.Options{
		Secret: key, Keys: ring, Issuer: issuer, Standing: standing, Log: log, Mail: office, Jobs: jobs, Seal: []byte("sealing-sealing-sealing-sealing-"),
		HashMemoryKiB: 64, HashPasses: 1,
	})
	if err != nil {
		h.t.Fatal(err)
	}
	return ids
}

func person(address string) identity.Registration {
	return identity.Registration{Email: address, Password: password, FirstName: "Anna", LastName: "Adler"}
}

func (h *house) prepare(address string) identity.Prepared {
	h.t.Helper()
	p, err := h.ids.Prepare(h.t.Context(), person(address))
	if err != nil {
		h.t.Fatal(err)
	}
	return p
}

// founder owns an account and is signed in to it.
type founder struct {
	scope  tenant.Scope
	user   identity.User
	tokens identity.Tokens
}

// open makes an account and its owner, as signup does.
func (h *house) open(ctx context.Context, p identity.Prepared, status account.Status) (founder, error) {
	f := founder{scope: h.ids.NewAccount(p)}
	err := h.st.Update(ctx, f.scope, func(ctx context.Context, tx *tenant.Tx) (err error) {
		if _, err = account.Create(ctx, tx, account.New{Name: "Acme", Country: "DE", Kind: account.Tenant, Status: status}); err != nil {
			return err
		}
		if f.user, err = h.ids.CreateOwner(ctx, tx, p); err != nil {
			return err
		}
		f.tokens, err = h.ids.StartSession(ctx, tx, f.user.ID, identity.Client{})
		return err
	})
	return f, err
}

func (h *house) found(address string) founder {
	h.t.Helper()
	return h.foundAs(address, account.Active)
}

func (h *house) foundAs(address string, status account.Status) founder {
	h.t.Helper()
	f, err := h.open(h.t.Context(), h.prepare(address), status)
	if err != nil {
		h.t.Fatal(err)
	}
	return f
}

func (h *house) in(s tenant.Scope, fn func(context.Context, *tenant.Tx) error) {
	h.t.Helper()
	if err := h.st.Update(h.t.Context(), s, fn); err != nil {
		h.t.Fatal(err)
	}
}

// staff makes one of the operator's people and signs him in.
func (h *house) staff(address string, may ...tenant.Privilege) (identity.User, identity.Tokens) {
	h.t.Helper()
	p := h.prepare(address)
	var u identity.User
	err := h.as(h.ids.Console(), func(ctx context.Context, tx *tenant.SharedTx) (err error) {
		u, err = h.ids.CreateStaff(ctx, tx, p, may)
		return err
	})
	if err != nil {
		h.t.Fatal(err)
	}
	tokens, _, err := h.ids.Login(h.t.Context(), address, password, identity.Client{})
	if err != nil {
		h.t.Fatal(err)
	}
	return u, tokens
}

// as runs fn for an operator who manages privileges.
func (h *house) as(op tenant.Operator, fn func(context.Context, *tenant.SharedTx) error) error {
	return h.ids.ActShared(h.t.Context(), identity.Use{Operator: op, Privilege: tenant.PrivilegesManage, Operation: "test"}, fn)
}

func (h *house) grant(op tenant.Operator, u identity.UserID, p tenant.Privilege) error {
	return h.as(op, func(ctx context.Context, tx *tenant.SharedTx) error {
		_, err := identity.Grant(ctx, tx, u, p)
		return err
	})
}

func (h *house) revoke(op tenant.Operator, u identity.UserID, p tenant.Privilege) error {
	return h.as(op, func(ctx context.Context, tx *tenant.SharedTx) error { return identity.Revoke(ctx, tx, u, p) })
}

func (h *house) grants(op tenant.Operator) (all []identity.StaffGrant, err error) {
	err = h.as(op, func(ctx context.Context, tx *tenant.SharedTx) error {
		all, err = identity.Grants(ctx, tx)
		return err
	})
	return all, err
}

// operator is the operator that the gate makes of a staff user's token.
func (h *house) operator(access string) tenant.Operator {
	h.t.Helper()
	return h.admit(access, identity.AnyUser()).Operator
}

// admit lets a credential in, or fails the test.
func (h *house) admit(credential string, p identity.Policy) identity.Caller {
	h.t.Helper()
	c, err := h.ids.Admit(h.t.Context(), "Bearer "+credential, p)
	if err != nil {
		h.t.Fatalf("admit to %s: %v", p, err)
	}
	return c
}

// refused fails the test unless the gate answers want and lets nobody in.
func (h *house) refused(credential string, p identity.Policy, want error) {
	h.t.Helper()
	c, err := h.ids.Admit(h.t.Context(), "Bearer "+credential, p)
	is(h.t, err, want)
	if !c.User.IsZero() || !c.Key.IsZero() || !c.Scope.Account().IsZero() || len(c.Operator.Privileges()) > 0 {
		h.t.Errorf("refused with %v, but let in as %+v", err, c)
	}
}

// key makes an API key.
func (h *house) key(s tenant.Scope, n identity.NewKey) (identity.APIKey, string) {
	h.t.Helper()
	var k identity.APIKey
	var text string
	h.in(s, func(ctx context.Context, tx *tenant.Tx) (err error) {
		k, text, err = identity.CreateKey(ctx, tx, n)
		return err
	})
	return k, text
}

func (h *house) keys(s tenant.Scope) []identity.APIKey {
	h.t.Helper()
	var all []identity.APIKey
	err := h.st.View(h.t.Context(), s, func(ctx context.Context, v *tenant.View) (err error) {
		all, err = identity.Keys(ctx, v)
		return err
	})
	if err != nil {
		h.t.Fatal(err)
	}
	return all
}

// actions counts what the account's audit log says was done.
func (h *house) actions(s tenant.Scope) map[string]int {
	h.t.Helper()
	seen := make(map[string]int)
	err := h.st.View(h.t.Context(), s, func(ctx context.Context, v *tenant.View) error {
		all, err := audit.Of(ctx, v, audit.EventID{}, 100)
		for _, e := range all {
			seen[e.Action]++
		}
		return err
	})
	if err != nil {
		h.t.Fatal(err)
	}
	return seen
}

// count asks the database behind the gate's back.
func (h *house) count(query string, args ...any) int {
	h.t.Helper()
	var n int
	err := h.d.ViewAcross(h.t.Context(), func(ctx context.Context, v *db.View) error { return v.Get(ctx, query, args, &n) })
	if err != nil {
		h.t.Fatal(err)
	}
	return n
}

// is fails the test unless got is want; a nil want is success.
func is(t testing.TB, got, want error) {
	t.Helper()
	if !errors.Is(got, want) {
		t.Errorf("got the error %v, want %v", got, want)
	}
}

// atOnce runs n calls that begin together, and returns their errors.
func atOnce(n int, call func(i int) error) []error {
	errs := make([]error, n)
	begin := make(chan struct{})
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() {
			<-begin
			errs[i] = call(i)
		})
	}
	close(begin)
	wg.Wait()
	return errs
}

// split counts the successes, and fails the test when an error is not want.
func split(t testing.TB, errs []error, want error) (won int) {
	t.Helper()
	for _, err := range errs {
		if err == nil {
			won++
			continue
		}
		is(t, err, want)
	}
	return won
}

func TestNewRefusesWhatWouldNotHold(t *testing.T) {
	t.Parallel()
	d := dbtest.Open(t)
	for name, o := range map[string]identity.Options{
		"a short secret": {Secret: signingKey[:31], Issuer: issuer},
		"no secret":      {Issuer: issuer},
		"no issuer":      {Secret: signingKey},
		"no letters":     {Secret: signingKey, Issuer: issuer},
	} {
		if s, err := identity.New(tenant.NewStore(d), d, o); err == nil || s != nil {
			t.Errorf("%s: got (%v, %v), want an error", name, s, err)
		}
	}
}

func TestUserOf(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	f := h.found("Anna@Example.com")
	got, err := h.ids.UserOf(t.Context(), f.user.ID)
	is(t, err, nil)
	if got != f.user || got.Email != "Anna@Example.com" || !got.Created.Equal(h.hand.Clock().Now()) {
		t.Errorf("got %+v, want %+v", got, f.user)
	}
	_, err = h.ids.UserOf(t.Context(), account.NewUserID())
	is(t, err, identity.ErrUserNotFound)
}
