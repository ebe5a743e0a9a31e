package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"igny8/internal/clock"
	"igny8/internal/fault"
	"igny8/internal/httpx"
	"igny8/internal/identity"
	"igny8/internal/job"
	"igny8/internal/tenant"
)

// How a job is followed: how often it is looked at, after how long a silence a
// sign of life is sent, how long one connection lasts before the client has to
// come again, and how long a client may take to read what it is sent.
const (
	lookEvery   = 400 * time.Millisecond
	signOfLife  = 15 * time.Second
	longestView = 10 * time.Minute
	readWithin  = 30 * time.Second
)

// mostFollowed is how many jobs an account may follow at once on one process.
const mostFollowed = 20

var errTooManyFollowed = fault.New(fault.TooMany, "job.too_many_followed",
	"This account follows too many jobs at once. Close one of the connections, or ask with GET now and then.")

// followed counts the connections of each account.
type followed struct {
	mu sync.Mutex
	of map[tenant.AccountID]int
}

// enter counts one more, and gives what ends it.
func (f *followed) enter(a tenant.AccountID) (leave func(), err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.of[a] >= mostFollowed {
		return nil, errTooManyFollowed
	}
	if f.of == nil {
		f.of = map[tenant.AccountID]int{}
	}
	f.of[a]++
	return func() {
		f.mu.Lock()
		defer f.mu.Unlock()
		if f.of[a]--; f.of[a] == 0 {
			delete(f.of, a)
		}
	}, nil
}

// followRoutes tell of a job while it runs, as server-sent events (HTML
// standard, 9.2).
func (a *API) followRoutes() {
	r := route{
		method: http.MethodGet, path: "/jobs/{id}/events", id: "follow-job", tag: "jobs", media: "text/event-stream",
		summary: "How far a job is, told at each change until it ends. An event named problem says why it is told no more",
	}
	p := identity.Tenant(tenant.ReadContent)
	mount(a, r, p, func(ctx context.Context, c visit, in *IDInput) (*sheet, error) {
		jid, err := named(job.ParseID, in.ID, job.ErrNotFound)
		if err != nil {
			return nil, err
		}
		if _, err := a.jobOf(ctx, c.Scope, jid); err != nil {
			return nil, err
		}
		leave, err := a.followed.enter(c.Scope.Account())
		if err != nil {
			return nil, err
		}
		return &sheet{Body: func(ctx huma.Context) {
			defer leave()
			ctx.SetHeader("Content-Type", r.media)
			ctx.SetStatus(http.StatusOK)
			req, rw := humago.Unwrap(ctx)
			f := &follower{a: a, policy: p, credential: req.Header.Get("Authorization"), job: jid, rw: rw, out: http.NewResponseController(rw)}
			if err := f.follow(req.Context()); err != nil && !errors.Is(err, errGone) && req.Context().Err() == nil {
				f.refuse(req, err)
			}
		}}, nil
	})
}

func (a *API) jobOf(ctx context.Context, s tenant.Scope, jid job.ID) (v jobView, err error) {
	err = a.st.View(ctx, s, func(ctx context.Context, r *tenant.View) error {
		v, err = loadJob(ctx, r, jid)
		return err
	})
	return v, err
}

// errGone is a client that reads no more.
var errGone = errors.New("the client has gone")

// follower is one connection that a job is told on.
type follower struct {
	a          *API
	policy     identity.Policy
	credential string
	job        job.ID
	rw         http.ResponseWriter
	out        *http.ResponseController
}

// follow tells the job until it ends, the server stops or the connection is old:
// a client of server-sent events comes again by itself. Who asks is let in anew
// at each look, so that a suspended account, or a key that was revoked, is told
// nothing more.
func (f *follower) follow(ctx context.Context) error {
	ctx, stop := context.WithTimeout(ctx, longestView)
	defer stop()
	look := time.NewTicker(lookEvery)
	defer look.Stop()
	told, quiet := "", 0 // looks since something was sent
	for {
		c, err := f.a.identity.Admit(ctx, f.credential, f.policy)
		if err != nil {
			return err
		}
		v, err := f.a.jobOf(ctx, c.Scope, f.job)
		if err != nil {
			return err
		}
		text, err := json.Marshal(v)
		if err != nil {
			return err
		}
		if string(text) != told {
			if err := f.send("event: job\ndata: " + string(text) + "\n\n"); err != nil {
				return err
			}
			told, quiet = string(text), 0
		}
		if job.State(v.State).Final() {
			return nil
		}
		if quiet++; quiet == int(signOfLife/lookEvery) {
			if err := f.send(": still here\n\n"); err != nil {
				return err
			}
			quiet = 0
		}
		select {
		case <-ctx.Done():
			return errGone
		case <-f.a.ending:
			return errGone
		case <-look.C:
		}
	}
}

// refuse is the last event of a connection that may be told no more.
func (f *follower) refuse(r *http.Request, err error) {
	p := httpx.ProblemOf(err, httpx.RequestID(r.Context()))
	if p.Status == http.StatusInternalServerError {
		f.a.log.ErrorContext(r.Context(), "job cannot be followed", "job", f.job, "request_id", p.RequestID, "err", err)
	}
	text, err := json.Marshal(p)
	if err == nil {
		_ = f.send("event: problem\ndata: " + string(text) + "\n\n") // who has gone is told nothing
	}
}

func (f *follower) send(text string) error {
	err := f.out.SetWriteDeadline(clock.Clock{}.Now().Add(readWithin))
	if err == nil {
		_, err = f.rw.Write([]byte(text))
	}
	if err == nil {
		err = f.out.Flush()
	}
	if err != nil {
		return fmt.Errorf("%w (%w)", errGone, err)
	}
	return nil
}
