package planner_test

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"igny8/internal/ai"
	"igny8/internal/credit"
	"igny8/internal/db/dbtest"
	"igny8/internal/job"
	"igny8/internal/planner"
	"igny8/internal/site"
	"igny8/internal/tenant"
	"igny8/internal/tenant/tenanttest"
)

// BenchmarkImport imports the real Semrush export, from the upload to the end
// of the job.
func BenchmarkImport(b *testing.B) {
	body := realFile(b, "semrush-keywords.csv")
	for b.Loop() {
		open(b).imports(body)
	}
}

// BenchmarkCluster is the whole job of a clustering: what is imported first, and
// then 1,000 keywords more that join.
func BenchmarkCluster(b *testing.B) {
	for _, n := range []int{10_000, 100_000} {
		b.Run(strconv.Itoa(n), func(b *testing.B) { clustering(b, madeUp(0, n)) })
	}
	b.Run("semrush", func(b *testing.B) { clustering(b, realFile(b, "semrush-keywords.csv")) })
}

func clustering(b *testing.B, body string) {
	b.Helper()
	for b.Loop() {
		b.StopTimer()
		w := open(b)
		w.imports(body)
		b.StartTimer()
		w.clusters()
		b.StopTimer()
		w.imports(madeUp(200_000, 1000))
		start := time.Now()
		w.clusters()
		b.ReportMetric(time.Since(start).Seconds(), "s/1000-more")
		b.StartTimer()
	}
}

// madeUp is a list of n keywords that no list with another beginning has.
func madeUp(from, n int) string {
	subjects := []string{"coffee", "shoe", "bee", "loan", "garden", "yoga", "bike", "tax", "tea", "lamp", "phone", "boat"}
	r := rand.New(rand.NewPCG(1, uint64(from)))
	var out strings.Builder
	out.WriteString("Keyword,Volume\n")
	for i := range n {
		fmt.Fprintf(&out, "%s %s%d %s%d,%d\n", subjects[r.IntN(len(subjects))], subjects[r.IntN(len(subjects))], r.IntN(400), []string{"best", "buy", "how"}[r.IntN(3)], from+i, r.IntN(5000))
	}
	return out.String()
}

// bench is a site of an account with credits, and a queue that runs.
type bench struct {
	b    *testing.B
	st   *tenant.Store
	s    tenant.Scope
	p    *planner.Planner
	site site.ID
}

func open(b *testing.B) *bench {
	b.Helper()
	d := dbtest.Open(b)
	w := &bench{b: b, st: tenant.NewStore(d), s: tenanttest.New(b, d)}
	q, err := job.New(d, slog.New(slog.DiscardHandler), job.Options{})
	if err != nil {
		b.Fatal(err)
	}
	w.p = planner.New(w.st, ai.NewOffline(w.st), q, unlimited)
	w.p.Register()
	ctx := context.WithoutCancel(b.Context())
	if err := q.Start(ctx); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		if err := q.Stop(ctx); err != nil {
			b.Error(err)
		}
	})
	if err := w.st.UpdateShared(ctx, credit.SeedPrices); err != nil {
		b.Fatal(err)
	}
	w.do(func(ctx context.Context, tx *tenant.Tx) error {
		made, err := site.Create(ctx, tx, site.New{Name: "S", Domain: "example.com"}, unlimited)
		if err != nil {
			return err
		}
		w.site = made.ID
		_, err = credit.Grant(ctx, tx, credit.NewLot{Source: credit.BonusCredits, Reference: "b", Amount: 100_000})
		return err
	})
	return w
}

func (w *bench) do(fn func(context.Context, *tenant.Tx) error) {
	w.b.Helper()
	if err := w.st.Update(context.WithoutCancel(w.b.Context()), w.s, fn); err != nil {
		w.b.Fatal(err)
	}
}

func (w *bench) imports(body string) {
	w.b.Helper()
	w.run(func(ctx context.Context, tx *tenant.Tx) (job.ID, error) {
		return w.p.Import(ctx, tx, planner.Upload{Site: w.site, Name: "list.csv", Body: []byte(body)})
	})
}

func (w *bench) clusters() {
	w.b.Helper()
	w.run(func(ctx context.Context, tx *tenant.Tx) (job.ID, error) {
		o, err := w.p.AutoCluster(ctx, tx, w.site, nil)
		return o.Job, err
	})
}

// run orders a job and waits for its end.
func (w *bench) run(order func(context.Context, *tenant.Tx) (job.ID, error)) {
	w.b.Helper()
	var jid job.ID
	w.do(func(ctx context.Context, tx *tenant.Tx) (err error) {
		jid, err = order(ctx, tx)
		return err
	})
	for {
		var j job.Job
		err := w.st.View(context.WithoutCancel(w.b.Context()), w.s, func(ctx context.Context, v *tenant.View) (err error) {
			j, err = job.Load(ctx, v, jid)
			return err
		})
		if err != nil {
			w.b.Fatal(err)
		}
		if j.State.Final() {
			if j.State != job.Succeeded {
				w.b.Fatal(j.Error)
			}
			return
		}
		time.Sleep(5 * time.Millisecond)
	}
}

// realFile is a keyword file of the shared data.
func realFile(t testing.TB, name string) string {
	t.Helper()
	if dir := os.Getenv("IGNY8_SHARED_DATA"); dir != "" {
		return read(t, filepath.Join(dir, "keywords", name))
	}
	for dir, err := os.Getwd(); err == nil && dir != filepath.Dir(dir); dir = filepath.Dir(dir) {
		path := filepath.Join(dir, "shared", "data", "keywords", name)
		if _, err := os.Stat(path); err == nil {
			return read(t, path)
		}
	}
	t.Skipf("the shared data is not here: no shared/data/keywords/%s above this folder, and no IGNY8_SHARED_DATA", name)
	return ""
}

func read(t testing.TB, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Skipf("the shared data is not here: %v", err)
	}
	return string(b)
}
