package job_test

import (
	"context"
	"errors"
	"log/slog"
	"sync/atomic"
	"testing"
	"time"

	"igny8/internal/clock"
	"igny8/internal/db"
	"igny8/internal/db/dbtest"
	"igny8/internal/fault"
	"igny8/internal/job"
	"igny8/internal/tenant"
	"igny8/internal/tenant/tenanttest"
	"igny8/internal/words"
)

type paint struct {
	Wall string `json:"wall"`
}

func (paint) Kind() string { return "test.paint" }

// painter is a handler that does what a test says.
type painter struct {
	do        func(context.Context, tenant.Scope, *job.Run, paint) (any, error)
	abandoned atomic.Int64
}

func (p *painter) Do(ctx context.Context, s tenant.Scope, r *job.Run, a paint) (any, error) {
	return p.do(ctx, s, r, a)
}

func (p *painter) Abandon(context.Context, *tenant.Tx, paint) error {
	p.abandoned.Add(1)
	return nil
}

// shop is a queue with one painter.
type shop struct {
	t  *testing.T
	d  *db.DB
	st *tenant.Store
	s  tenant.Scope
	q  *job.Queue
	p  *painter
}

func newShop(t *testing.T, opt job.Options, do func(context.Context, tenant.Scope, *job.Run, paint) (any, error)) *shop {
	t.Helper()
	d := dbtest.Open(t)
	sh := &shop{t: t, d: d, st: tenant.NewStore(d), s: tenanttest.New(t, d), p: &painter{do: do}}
	opt.Backoff = func(int) time.Duration { return 0 }
	sh.q = sh.newQueue(opt)
	return sh
}

func (sh *shop) newQueue(opt job.Options) *job.Queue {
	sh.t.Helper()
	q, err := job.New(sh.d, slog.New(slog.DiscardHandler), opt)
	if err != nil {
		sh.t.Fatal(err)
	}
	job.Handle(q, sh.p)
	return q
}

func (sh *shop) start() {
	sh.t.Helper()
	if err := sh.q.Start(sh.t.Context()); err != nil {
		sh.t.Fatal(err)
	}
	sh.t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if err := sh.q.Stop(ctx); err != nil {
			sh.t.Errorf("stop: %v", err)
		}
	})
}

func (sh *shop) enqueue(wall string) job.ID {
	sh.t.Helper()
	var id job.ID
	err := sh.st.Update(sh.t.Context(), sh.s, func(ctx context.Context, tx *tenant.Tx) (err error) {
		id, err = sh.q.Enqueue(ctx, tx, paint{Wall: wall}, job.Order{Total: 3, Message: "Waiting"})
		return err
	})
	if err != nil {
		sh.t.Fatal(err)
	}
	return id
}

func (sh *shop) load(id job.ID) job.Job {
	sh.t.Helper()
	var j job.Job
	err := sh.st.View(sh.t.Context(), sh.s, func(ctx context.Context, v *tenant.View) (err error) {
		j, err = job.Load(ctx, v, id)
		return err
	})
	if err != nil {
		sh.t.Fatal(err)
	}
	return j
}

func (sh *shop) await(id job.ID, want job.State) job.Job {
	sh.t.Helper()
	for range 1500 {
		if j := sh.load(id); j.State == want {
			return j
		} else if j.State.Final() {
			sh.t.Fatalf("job is %s (%+v), want %s", j.State, j.Error, want)
		}
		time.Sleep(20 * time.Millisecond)
	}
	sh.t.Fatalf("job is still %s, want %s", sh.load(id).State, want)
	return job.Job{}
}

func TestRunsForWhoAsked(t *testing.T) {
	sh := newShop(t, job.Options{}, func(ctx context.Context, s tenant.Scope, r *job.Run, a paint) (any, error) {
		if s.Actor() != (tenant.Actor{Kind: tenant.User, ID: "usr_test"}) {
			t.Errorf("runs as %s", s.Actor())
		}
		if err := r.Progress(ctx, 2, 3, words.With("Painting %s", a.Wall)); err != nil {
			return nil, err
		}
		return map[string]string{"painted": a.Wall}, nil
	})
	sh.start()
	j := sh.await(sh.enqueue("north"), job.Succeeded)
	if string(j.Result) != `{"painted":"north"}` || j.Done != 3 || j.Total != 3 || j.Finished.IsZero() || j.Started.IsZero() {
		t.Errorf("ended as %+v, result %s", j, j.Result)
	}
	if n := sh.p.abandoned.Load(); n != 0 {
		t.Errorf("abandoned %d times", n)
	}
}

func TestNotCommittedIsNotRun(t *testing.T) {
	var ran atomic.Int64
	sh := newShop(t, job.Options{}, func(context.Context, tenant.Scope, *job.Run, paint) (any, error) {
		ran.Add(1)
		return nil, nil
	})
	sh.start()
	undo := errors.New("undo")
	err := sh.st.Update(t.Context(), sh.s, func(ctx context.Context, tx *tenant.Tx) error {
		if _, err := sh.q.Enqueue(ctx, tx, paint{Wall: "lost"}, job.Order{}); err != nil {
			return err
		}
		return undo
	})
	if !errors.Is(err, undo) {
		t.Fatal(err)
	}
	sh.await(sh.enqueue("kept"), job.Succeeded)
	if ran.Load() != 1 {
		t.Errorf("ran %d jobs, want 1", ran.Load())
	}
}

func TestTriesAgainThenGivesUp(t *testing.T) {
	var tries atomic.Int64
	sh := newShop(t, job.Options{}, func(_ context.Context, _ tenant.Scope, _ *job.Run, a paint) (any, error) {
		if n := tries.Add(1); a.Wall == "third time lucky" && n == 3 {
			return nil, nil
		}
		return nil, errors.New("wet")
	})
	sh.start()
	sh.await(sh.enqueue("third time lucky"), job.Succeeded)
	if tries.Load() != 3 {
		t.Errorf("tried %d times, want 3", tries.Load())
	}
	tries.Store(0)
	j := sh.await(sh.enqueue("never dry"), job.Failed)
	if tries.Load() != 4 || j.Error == nil || j.Error.Code != "internal" || sh.p.abandoned.Load() != 1 {
		t.Errorf("after %d tries: %+v, abandoned %d", tries.Load(), j.Error, sh.p.abandoned.Load())
	}
}

func TestPublicErrorsAreFinal(t *testing.T) {
	var tries atomic.Int64
	sh := newShop(t, job.Options{}, func(context.Context, tenant.Scope, *job.Run, paint) (any, error) {
		tries.Add(1)
		return nil, fault.New(fault.Invalid, "test.no_wall", "There is no such wall.")
	})
	sh.start()
	j := sh.await(sh.enqueue("fourth"), job.Failed)
	if tries.Load() != 1 || *j.Error != (job.Problem{Code: "test.no_wall", Detail: "There is no such wall."}) || sh.p.abandoned.Load() != 1 {
		t.Errorf("after %d tries: %+v, abandoned %d", tries.Load(), j.Error, sh.p.abandoned.Load())
	}
}

func TestCancelWaiting(t *testing.T) {
	sh := newShop(t, job.Options{}, func(context.Context, tenant.Scope, *job.Run, paint) (any, error) {
		t.Error("a cancelled job ran")
		return nil, nil
	})
	id := sh.enqueue("north")
	cancel := func() error {
		return sh.st.Update(t.Context(), sh.s, func(ctx context.Context, tx *tenant.Tx) error { return sh.q.Cancel(ctx, tx, id) })
	}
	if err := cancel(); err != nil {
		t.Fatal(err)
	}
	if j := sh.load(id); j.State != job.Cancelled || j.Error.Code != "job.cancelled" || sh.p.abandoned.Load() != 1 {
		t.Errorf("%+v, abandoned %d", j, sh.p.abandoned.Load())
	}
	if err := cancel(); !errors.Is(err, job.ErrOver) {
		t.Errorf("cancelling twice: %v", err)
	}
	sh.start()
	time.Sleep(300 * time.Millisecond) // long enough for the queue to have looked
}

func TestCancelRunning(t *testing.T) {
	running := make(chan struct{})
	sh := newShop(t, job.Options{}, func(ctx context.Context, _ tenant.Scope, _ *job.Run, _ paint) (any, error) {
		close(running)
		<-ctx.Done()
		return nil, ctx.Err()
	})
	sh.start()
	id := sh.enqueue("north")
	<-running
	if err := sh.st.Update(t.Context(), sh.s, func(ctx context.Context, tx *tenant.Tx) error { return sh.q.Cancel(ctx, tx, id) }); err != nil {
		t.Fatal(err)
	}
	sh.await(id, job.Cancelled)
	if sh.p.abandoned.Load() != 1 {
		t.Errorf("abandoned %d times", sh.p.abandoned.Load())
	}
}

func TestCancelAll(t *testing.T) {
	running := make(chan struct{})
	sh := newShop(t, job.Options{Workers: 1}, func(ctx context.Context, _ tenant.Scope, _ *job.Run, _ paint) (any, error) {
		close(running)
		<-ctx.Done()
		return nil, ctx.Err()
	})
	sh.start()
	runs := sh.enqueue("north")
	<-running
	waits := []job.ID{sh.enqueue("south"), sh.enqueue("west")}
	all := func(limit int) (n int64) {
		t.Helper()
		err := sh.st.Update(t.Context(), sh.s, func(ctx context.Context, tx *tenant.Tx) (err error) {
			n, err = sh.q.CancelAll(ctx, tx, limit)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	if n := all(10); n != 3 {
		t.Errorf("%d jobs had not ended, want 3", n)
	}
	for _, id := range append(waits, runs) {
		sh.await(id, job.Cancelled)
	}
	if n := all(10); n != 0 || sh.p.abandoned.Load() != 3 {
		t.Errorf("%d have not ended, %d were abandoned", n, sh.p.abandoned.Load())
	}
}

func TestInterruptedGoesOn(t *testing.T) {
	var runs atomic.Int64
	running := make(chan struct{}, 2)
	sh := newShop(t, job.Options{}, func(ctx context.Context, _ tenant.Scope, _ *job.Run, _ paint) (any, error) {
		running <- struct{}{}
		if runs.Add(1) == 1 {
			<-ctx.Done()
			return nil, ctx.Err()
		}
		return nil, nil
	})
	if err := sh.q.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	id := sh.enqueue("north")
	<-running
	stopNow, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if err := sh.q.Stop(stopNow); err != nil {
		t.Fatal(err)
	}
	if j := sh.load(id); j.State != job.Queued {
		t.Fatalf("interrupted: %+v", j)
	}
	sh.q = sh.newQueue(job.Options{})
	sh.start()
	sh.await(id, job.Succeeded)
	if sh.p.abandoned.Load() != 0 {
		t.Errorf("abandoned %d times", sh.p.abandoned.Load())
	}
}

func TestTakesOverFromTheDead(t *testing.T) {
	sh := newShop(t, job.Options{}, func(context.Context, tenant.Scope, *job.Run, paint) (any, error) { return nil, nil })
	id, poison := sh.enqueue("north"), sh.enqueue("south")
	// Both were running in a process that died long ago, the second for the
	// fifth time.
	err := sh.d.UpdateOf(t.Context(), sh.s.Account().String(), func(ctx context.Context, tx *db.Tx) error {
		long := clock.Micros(tx.Now().Add(-time.Hour))
		if _, err := tx.Exec(ctx, `UPDATE jobs SET state = 'running', heartbeat_at = $1`, long); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, `UPDATE jobs SET token = 5 WHERE id = $1`, poison)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	sh.start()
	sh.await(id, job.Succeeded)
	if j := sh.await(poison, job.Failed); j.Error.Code != "job.gave_up" || sh.p.abandoned.Load() != 1 {
		t.Errorf("%+v, abandoned %d", j, sh.p.abandoned.Load())
	}
}

// TestTakenByTheDead has a process that took a job from the queue and died
// before it began it.
func TestTakenByTheDead(t *testing.T) {
	sh := newShop(t, job.Options{}, func(context.Context, tenant.Scope, *job.Run, paint) (any, error) { return nil, nil })
	id := sh.enqueue("north")
	err := sh.d.Update(t.Context(), func(ctx context.Context, tx *db.Tx) error {
		long := any(clock.Clock{}.Now().Add(-time.Hour))
		if tx.Engine() == db.SQLite {
			long = clock.Clock{}.Now().Add(-time.Hour).Format("2006-01-02 15:04:05")
		}
		_, err := tx.Exec(ctx, `UPDATE river_job SET state = 'running', attempt = 1, attempted_at = $1`, long)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	sh.start()
	sh.await(id, job.Succeeded)
	if sh.p.abandoned.Load() != 0 {
		t.Errorf("abandoned %d times", sh.p.abandoned.Load())
	}
}

func TestAccountMustStillBeAdmitted(t *testing.T) {
	suspended := fault.New(fault.Forbidden, "account.suspended", "Suspended.")
	sh := newShop(t, job.Options{Admit: func(context.Context, tenant.Reader) error { return suspended }},
		func(context.Context, tenant.Scope, *job.Run, paint) (any, error) {
			t.Error("a suspended account's job ran")
			return nil, nil
		})
	id := sh.enqueue("north")
	sh.start()
	if j := sh.await(id, job.Failed); j.Error.Code != "account.suspended" || sh.p.abandoned.Load() != 1 {
		t.Errorf("%+v, abandoned %d", j, sh.p.abandoned.Load())
	}
}

func TestTwoTenants(t *testing.T) {
	sh := newShop(t, job.Options{}, nil)
	id := sh.enqueue("north")
	err := sh.st.Update(t.Context(), tenanttest.New(t, sh.d), func(ctx context.Context, tx *tenant.Tx) error {
		if _, err := job.Load(ctx, tx, id); !errors.Is(err, job.ErrNotFound) {
			t.Errorf("b loads a's job: %v", err)
		}
		if err := sh.q.Cancel(ctx, tx, id); !errors.Is(err, job.ErrNotFound) {
			t.Errorf("b cancels a's job: %v", err)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if j := sh.load(id); j.State != job.Queued {
		t.Errorf("a's job is %s", j.State)
	}
}

func TestTwoHandlersPanic(t *testing.T) {
	sh := newShop(t, job.Options{}, nil)
	defer func() {
		if recover() == nil {
			t.Error("no panic")
		}
	}()
	job.Handle(sh.q, sh.p)
}

func TestAChoreIsDoneToItsEnd(t *testing.T) {
	t.Parallel()
	sh := newShop(t, job.Options{}, nil)
	left, done := 3, make(chan struct{})
	broken := errors.New("broken")
	chore := job.Chore{Name: "test", Every: time.Hour, Do: func(context.Context) (bool, error) {
		left--
		return left > 0, nil
	}}
	if err := sh.q.Do(t.Context(), chore); err != nil || left != 0 {
		t.Errorf("%d parts left, %v", left, err)
	}
	times := 0
	if err := sh.q.Do(t.Context(), job.Chore{Name: "test", Do: func(context.Context) (bool, error) { times++; return true, broken }}); !errors.Is(err, broken) || times != 1 {
		t.Errorf("a part that failed was done %d times: %v", times, err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	if err := sh.q.Do(ctx, job.Chore{Name: "test", Do: func(context.Context) (bool, error) { cancel(); return true, nil }}); !errors.Is(err, context.Canceled) {
		t.Errorf("a chore without end: %v", err)
	}
	tended := atomic.Int64{}
	sh.q.Tend(job.Chore{Name: "test", Every: time.Millisecond, Do: func(context.Context) (bool, error) {
		if tended.Add(1) == 3 {
			close(done)
		}
		return false, broken // what fails comes again
	}})
	sh.start()
	select {
	case <-done:
	case <-time.After(30 * time.Second):
		t.Errorf("tended %d times", tended.Load())
	}
}
