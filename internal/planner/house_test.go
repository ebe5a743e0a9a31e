package planner_test

import (
	"context"
	"encoding/json"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"igny8/internal/ai/aitest"
	"igny8/internal/clock"
	"igny8/internal/credit"
	"igny8/internal/db"
	"igny8/internal/db/dbtest"
	"igny8/internal/job"
	"igny8/internal/planner"
	"igny8/internal/site"
	"igny8/internal/tenant"
	"igny8/internal/tenant/tenanttest"
)

// house is an account with a site and 1000 credits, and a planner.
type house struct {
	t    *testing.T
	d    *db.DB
	st   *tenant.Store
	s    tenant.Scope
	site site.ID
	q    *job.Queue
	p    *planner.Planner
}

func unlimited(context.Context, tenant.Reader, int64, int64) error { return nil }

// newHouse has a model that follows script, and a queue that runs nothing until
// start.
func newHouse(t *testing.T, script aitest.Script, allow planner.Limit) *house {
	t.Helper()
	return newHouseAt(t, dbtest.URL(t), script, allow)
}

func newHouseAt(t *testing.T, url string, script aitest.Script, allow planner.Limit) *house {
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
	h.site = h.newSite("bees.example")
	h.q, h.p = h.employ(script, allow)
	return h
}

// employ is another queue and planner on the same database, as in another
// process.
func (h *house) employ(script aitest.Script, allow planner.Limit) (*job.Queue, *planner.Planner) {
	h.t.Helper()
	q, err := job.New(h.d, slog.New(slog.DiscardHandler), job.Options{Backoff: func(int) time.Duration { return 0 }})
	if err != nil {
		h.t.Fatal(err)
	}
	p := planner.New(h.st, aitest.New(h.st, script), q, allow)
	p.Register()
	return q, p
}

// at is the house on another connection, with another clock.
func (h *house) at(url string, c clock.Clock) *house {
	h.t.Helper()
	d := dbtest.Reopen(h.t, url, c)
	return &house{t: h.t, d: d, st: tenant.NewStore(d), s: h.s, site: h.site}
}

// neighbour is another account on the same database.
func (h *house) neighbour() *house {
	h.t.Helper()
	n := &house{t: h.t, d: h.d, st: h.st, s: tenanttest.New(h.t, h.d), q: h.q, p: h.p}
	n.site = n.newSite("bees.example")
	return n
}

// start runs the jobs of q until the test ends.
func (h *house) start(q *job.Queue) {
	h.t.Helper()
	if err := q.Start(h.t.Context()); err != nil {
		h.t.Fatal(err)
	}
	h.t.Cleanup(func() { h.stop(q, 10*time.Second) })
}

func (h *house) stop(q *job.Queue, patience time.Duration) {
	h.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := q.Stop(ctx); err != nil {
		h.t.Errorf("stop: %v", err)
	}
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

func (h *house) newSite(domain string) site.ID {
	h.t.Helper()
	var made site.Site
	h.must(func(ctx context.Context, tx *tenant.Tx) (err error) {
		made, err = site.Create(ctx, tx, site.New{Name: "Bees", Domain: domain}, unlimited)
		return err
	})
	return made.ID
}

// add adds keywords by hand; "honey:90" has the volume 90.
func (h *house) add(phrases ...string) []planner.Keyword {
	h.t.Helper()
	var ks []planner.NewKeyword
	for _, ph := range phrases {
		ph, volume, known := strings.Cut(ph, ":")
		n := planner.NewKeyword{Site: h.site, Phrase: ph}
		if known {
			n.Volume = new(number(h.t, volume))
		}
		ks = append(ks, n)
	}
	all, err := h.tryAdd(ks...)
	if err != nil {
		h.t.Fatal(err)
	}
	return all
}

func number(t *testing.T, s string) (n int64) {
	t.Helper()
	if err := json.Unmarshal([]byte(s), &n); err != nil {
		t.Fatal(err)
	}
	return n
}

func (h *house) tryAdd(ks ...planner.NewKeyword) (all []planner.Keyword, err error) {
	err = h.update(func(ctx context.Context, tx *tenant.Tx) (err error) {
		all, err = h.p.Add(ctx, tx, ks)
		return err
	})
	return all, err
}

func (h *house) tryImport(body string) (jid job.ID, err error) {
	err = h.update(func(ctx context.Context, tx *tenant.Tx) (err error) {
		jid, err = h.p.Import(ctx, tx, planner.Upload{Site: h.site, Name: "list\x00\xff.csv", Body: []byte(body)})
		return err
	})
	return jid, err
}

func (h *house) order(body string) job.ID {
	h.t.Helper()
	jid, err := h.tryImport(body)
	if err != nil {
		h.t.Fatal(err)
	}
	return jid
}

// imported is a file imported by the queue, which runs.
func (h *house) imported(body string) planner.Imported {
	h.t.Helper()
	return result[planner.Imported](h, h.order(body))
}

// result is what a job that succeeds comes to.
func result[T any](h *house, jid job.ID) (r T) {
	h.t.Helper()
	j := h.await(jid, job.Succeeded)
	if err := json.Unmarshal(j.Result, &r); err != nil {
		h.t.Fatalf("result %s: %v", j.Result, err)
	}
	return r
}

func (h *house) cluster(ks ...planner.KeywordID) (o planner.Ordered, err error) {
	err = h.update(func(ctx context.Context, tx *tenant.Tx) (err error) {
		o, err = h.p.AutoCluster(ctx, tx, h.site, ks)
		return err
	})
	return o, err
}

// clustered is an order of clustering carried out by the queue, which runs.
func (h *house) clustered(ks ...planner.KeywordID) planner.Clustered {
	h.t.Helper()
	o, err := h.cluster(ks...)
	if err != nil {
		h.t.Fatal(err)
	}
	return result[planner.Clustered](h, o.Job)
}

func (h *house) ideate(count int, cs ...planner.ClusterID) (o planner.Ordered, err error) {
	err = h.update(func(ctx context.Context, tx *tenant.Tx) (err error) {
		o, err = h.p.GenerateIdeas(ctx, tx, cs, count)
		return err
	})
	return o, err
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
	for range 3000 {
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

func (h *house) fails(jid job.ID, code string) {
	h.t.Helper()
	if j := h.await(jid, job.Failed); j.Error == nil || j.Error.Code != code {
		h.t.Errorf("failed with %+v, want %s", j.Error, code)
	}
}

func (h *house) keywords(f planner.KeywordFilter) (all []planner.Keyword) {
	h.t.Helper()
	h.view(func(ctx context.Context, v *tenant.View) (err error) {
		all, err = planner.Keywords(ctx, v, f)
		return err
	})
	return all
}

func (h *house) clusters() (all []planner.Cluster) {
	h.t.Helper()
	h.view(func(ctx context.Context, v *tenant.View) (err error) {
		all, err = planner.Clusters(ctx, v, planner.ClusterFilter{})
		return err
	})
	return all
}

func (h *house) ideas() (all []planner.Idea) {
	h.t.Helper()
	h.view(func(ctx context.Context, v *tenant.View) (err error) {
		all, err = planner.Ideas(ctx, v, planner.IdeaFilter{})
		return err
	})
	return all
}

func (h *house) uploads() (n int64) {
	h.t.Helper()
	h.view(func(ctx context.Context, v *tenant.View) error {
		return v.Get(ctx, `SELECT count(*) FROM uploads WHERE account_id = $1`, nil, &n)
	})
	return n
}

// wantClusters fails the test unless these are the clusters, each as its name
// and its phrases in alphabetical order, and their figures are true of them.
func (h *house) wantClusters(want ...string) {
	h.t.Helper()
	var got []string
	for _, c := range h.clusters() {
		size, volume := int64(0), int64(0)
		var phrases []string
		for _, k := range h.keywords(planner.KeywordFilter{Cluster: c.ID}) {
			size++
			if k.Volume != nil {
				volume += *k.Volume
			}
			phrases = append(phrases, k.Phrase)
		}
		slices.Sort(phrases)
		got = append(got, c.Name+": "+strings.Join(phrases, ", "))
		if c.Size != size || c.Volume != volume {
			h.t.Errorf("cluster %s says %d keywords with %d searches and has %d with %d", c.Name, c.Size, c.Volume, size, volume)
		}
	}
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		h.t.Errorf("clusters %q, want %q", got, want)
	}
}

// want fails the test unless the balance is this and every credit is accounted
// for.
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
