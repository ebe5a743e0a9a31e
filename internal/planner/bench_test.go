package planner_test

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"time"

	"igny8/internal/ai"
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
	body := []byte(realFile(b, "semrush-keywords.csv"))
	for b.Loop() {
		d := dbtest.Open(b)
		st := tenant.NewStore(d)
		q, err := job.New(d, slog.New(slog.DiscardHandler), job.Options{})
		if err != nil {
			b.Fatal(err)
		}
		p := planner.New(st, ai.NewOffline(st), q, unlimited)
		p.Register()
		if err := q.Start(context.WithoutCancel(b.Context())); err != nil {
			b.Fatal(err)
		}
		s := tenanttest.New(b, d)
		var jid job.ID
		err = st.Update(b.Context(), s, func(ctx context.Context, tx *tenant.Tx) error {
			w, err := site.Create(ctx, tx, site.New{Name: "S", Domain: "example.com"}, unlimited)
			if err != nil {
				return err
			}
			jid, err = p.Import(ctx, tx, planner.Upload{Site: w.ID, Name: "semrush.csv", Body: body})
			return err
		})
		if err != nil {
			b.Fatal(err)
		}
		for {
			var j job.Job
			if err := st.View(b.Context(), s, func(ctx context.Context, v *tenant.View) (err error) {
				j, err = job.Load(ctx, v, jid)
				return err
			}); err != nil {
				b.Fatal(err)
			}
			if j.State.Final() {
				if j.State != job.Succeeded {
					b.Fatal(j.Error)
				}
				break
			}
			time.Sleep(5 * time.Millisecond)
		}
		if err := q.Stop(context.WithoutCancel(b.Context())); err != nil {
			b.Fatal(err)
		}
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
