package planner_test

import (
	"context"
	"log/slog"
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
