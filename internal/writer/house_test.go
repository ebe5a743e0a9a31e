package writer_test

import (
	"context"
	"encoding/json"
	"log/slog"
	"slices"
	"testing"
	"time"

	"igny8/internal/ai/aitest"
	"igny8/internal/clock"
	"igny8/internal/credit"
	"igny8/internal/db"
	"igny8/internal/db/dbtest"
	"igny8/internal/job"
	"igny8/internal/site"
	"igny8/internal/tenant"
	"igny8/internal/tenant/tenanttest"
	"igny8/internal/writer"
)

// house is an account with a site and 1000 credits, and a writer.
type house struct {
	t    *testing.T
	d    *db.DB
	st   *tenant.Store
	s    tenant.Scope
	site site.ID
	q    *job.Queue
	w    *writer.Writer
	runs bool // written has started the queue
}

// newHouse has a model that follows script, and a queue that runs nothing until
// start.
func newHouse(t *testing.T, script aitest.Script) *house {
	t.Helper()
	return newHouseAt(t, dbtest.URL(t), script)
}

func newHouseAt(t *testing.T, url string, script aitest.Script) *house {
	t.Helper()
	d := dbtest.Reopen(t, url, clock.Clock{})
	h := &house{t: t, d: d, st: tenant.NewStore(d), s: tenanttest.New(t, d)}
	if err := h.st.UpdateShared(t.Context(), credit.SeedPrices); err != nil {
		t.Fatal(err)
	}
	h.must(func(ctx context.Context, tx *tenant.Tx) error {
		_, err := credit.Grant(ctx, tx, credit.NewLot{Source: credit.BonusCredits, Reference: "bonus", Amount: 1000})
		return err
	})
	h.site = h.newSite(h.s)
	h.q, h.w = h.employ(script)
	return h
}

func (h *house) newSite(s tenant.Scope) site.ID {
	h.t.Helper()
	var made site.Site
	err := h.st.Update(h.t.Context(), s, func(ctx context.Context, tx *tenant.Tx) (err error) {
		made, err = site.Create(ctx, tx, site.New{Name: "Bees", Domain: "bees.example", Language: "en"},
			func(context.Context, tenant.Reader, int64, int64) error { return nil })
		return err
	})
	if err != nil {
		h.t.Fatal(err)
	}
	return made.ID
}

// employ is another queue and writer on the same database, as in another
// process.
func (h *house) employ(script aitest.Script) (*job.Queue, *writer.Writer) {
	h.t.Helper()
	q, err := job.New(h.d, slog.New(slog.DiscardHandler), job.Options{Backoff: func(int) time.Duration { return 0 }})
	if err != nil {
		h.t.Fatal(err)
	}
	w := writer.New(h.st, aitest.New(h.st, script), q)
	w.Register()
	return q, w
}

// start runs the jobs of q until the test ends.
func (h *house) start(q *job.Queue) {
	h.t.Helper()
	if err := q.Start(h.t.Context()); err != nil {
		h.t.Fatal(err)
	}
	h.t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if err := q.Stop(ctx); err != nil {
			h.t.Errorf("stop: %v", err)
		}
	})
}

// at is the house on another connection, with another clock.
func (h *house) at(url string, c clock.Clock) *house {
	h.t.Helper()
	d := dbtest.Reopen(h.t, url, c)
	return &house{t: h.t, d: d, st: tenant.NewStore(d), s: h.s, site: h.site}
}

func (h *house) update(fn func(context.Context, *tenant.Tx) error) error {
	return h.st.Update(h.t.Context(), h.s, fn)
}

func (h *house) must(fn func(context.Context, *tenant.Tx) error) {
	h.t.Helper()
	if err := h.update(fn); err != nil {
		h.t.Fatal(err)
	}
}

func (h *house) view(fn func(context.Context, *tenant.View) error) {
	h.t.Helper()
	if err := h.st.View(h.t.Context(), h.s, fn); err != nil {
		h.t.Fatal(err)
	}
}

// task makes a task for an article of 100 words: the quote is 3 credits, and
// exactly 100 words cost 2.
func (h *house) task(title string, with ...func(*writer.NewTask)) writer.TaskID {
	h.t.Helper()
	n := writer.NewTask{Site: h.site, Title: title, Words: 100}
	for _, w := range with {
		w(&n)
	}
	var t writer.Task
	h.must(func(ctx context.Context, tx *tenant.Tx) (err error) {
		t, err = writer.CreateTask(ctx, tx, n)
		return err
	})
	return t.ID
}

func (h *house) order(ts ...writer.TaskID) writer.Ordered {
	h.t.Helper()
	var o writer.Ordered
	h.must(func(ctx context.Context, tx *tenant.Tx) (err error) {
		o, err = h.w.GenerateContent(ctx, tx, ts)
		return err
	})
	return o
}

func (h *house) load(tid writer.TaskID) (t writer.Task) {
	h.t.Helper()
	h.view(func(ctx context.Context, v *tenant.View) (err error) {
		t, err = writer.LoadTask(ctx, v, tid)
		return err
	})
	return t
}

func (h *house) content(cid writer.ContentID) (c writer.Content) {
	h.t.Helper()
	h.view(func(ctx context.Context, v *tenant.View) (err error) {
		c, err = writer.Load(ctx, v, cid)
		return err
	})
	return c
}

// written is an article that the house's own job wrote.
func (h *house) written(title string, with ...func(*writer.NewTask)) writer.Content {
	h.t.Helper()
	tid := h.task(title, with...)
	if !h.runs {
		h.runs = true
		h.start(h.q)
	}
	h.await(h.order(tid).Job, job.Succeeded)
	return h.content(h.load(tid).Content)
}

func (h *house) html(c writer.Content) (html string) {
	h.t.Helper()
	h.view(func(ctx context.Context, v *tenant.View) (err error) {
		html, err = writer.HTML(ctx, v, c)
		return err
	})
	return html
}

func (h *house) job(jid job.ID) (j job.Job) {
	h.t.Helper()
	h.view(func(ctx context.Context, v *tenant.View) (err error) {
		j, err = job.Load(ctx, v, jid)
		return err
	})
	return j
}

func (h *house) await(jid job.ID, want job.State) job.Job {
	h.t.Helper()
	for range 1500 {
		if j := h.job(jid); j.State == want {
			return j
		} else if j.State.Final() {
			h.t.Fatalf("job is %s (%+v), want %s", j.State, j.Error, want)
		}
		time.Sleep(20 * time.Millisecond)
	}
	h.t.Fatalf("job is still %s, want %s", h.job(jid).State, want)
	return job.Job{}
}

// want fails the test unless the balance is this and every credit is
// accounted for.
// balance is the credits that can be spent.
func (h *house) balance() (n credit.Credits) {
	h.t.Helper()
	h.view(func(ctx context.Context, v *tenant.View) error {
		b, err := credit.BalanceOf(ctx, v)
		n = b.Available
		return err
	})
	return n
}

func (h *house) want(available, held credit.Credits) {
	h.t.Helper()
	h.view(func(ctx context.Context, v *tenant.View) error {
		b, err := credit.BalanceOf(ctx, v)
		if err != nil {
			return err
		}
		if want := (credit.Balance{Available: available, Held: held}); b != want {
			h.t.Errorf("balance %+v, want %+v", b, want)
		}
		broken, err := credit.Verify(ctx, v)
		for _, b := range broken {
			h.t.Error(b)
		}
		return err
	})
}

// wantStatus fails the test unless the tasks are in these states, and exactly
// those that are written have an article.
func (h *house) wantStatus(ts []writer.TaskID, want ...writer.TaskStatus) {
	h.t.Helper()
	for n, tid := range ts {
		t := h.load(tid)
		if t.Status != want[n] || t.Content.IsZero() == (want[n] == writer.Written) {
			h.t.Errorf("task %d is %s with article %q, want %s", n+1, t.Status, t.Content, want[n])
		}
	}
}

// wantResult fails the test unless the job's result is the articles of the
// tasks, in their order.
func (h *house) wantResult(j job.Job, ts ...writer.TaskID) {
	h.t.Helper()
	var got, want writer.Drafted
	if err := json.Unmarshal(j.Result, &got); err != nil {
		h.t.Fatalf("result %s: %v", j.Result, err)
	}
	for _, tid := range ts {
		want.Contents = append(want.Contents, h.load(tid).Content)
	}
	if !slices.Equal(got.Contents, want.Contents) {
		h.t.Errorf("result %s, want %v", j.Result, want.Contents)
	}
}
