package planner_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"igny8/internal/ai"
	"igny8/internal/ai/aitest"
	"igny8/internal/clock"
	"igny8/internal/credit"
	"igny8/internal/db"
	"igny8/internal/db/dbtest"
	"igny8/internal/fault"
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
	rule *atomic.Pointer[clusterRule] // of the models whose script has none
}

func unlimited(context.Context, tenant.Reader, int64, int64) error { return nil }

var errFull = fault.New(fault.PaymentRequired, "test.full", "Your plan is full.")

// upTo is a plan that allows n keywords.
func upTo(n int64) planner.Limit {
	return func(_ context.Context, _ tenant.Reader, have, more int64) error {
		if have+more > n {
			return errFull
		}
		return nil
	}
}

// newHouse has a model that follows script, and a queue that runs nothing until
// start.
func newHouse(t *testing.T, script aitest.Script, allow planner.Limit) *house {
	t.Helper()
	return newHouseAt(t, dbtest.URL(t), script, allow)
}

func newHouseAt(t *testing.T, url string, script aitest.Script, allow planner.Limit) *house {
	t.Helper()
	d := dbtest.Reopen(t, url, clock.Clock{})
	h := &house{t: t, d: d, st: tenant.NewStore(d), s: tenanttest.New(t, d), rule: new(atomic.Pointer[clusterRule])}
	if err := h.st.UpdateShared(t.Context(), credit.SeedPrices); err != nil {
		t.Fatal(err)
	}
	h.grant(1000)
	h.site = h.newSite("bees.example")
	h.q, h.p = h.employ(script, allow)
	return h
}

// employ is another queue and planner on the same database, as in another
// process. The queue runs one job after the other, in the order in which they
// were ordered.
func (h *house) employ(script aitest.Script, allow planner.Limit) (*job.Queue, *planner.Planner) {
	h.t.Helper()
	q, err := job.New(h.d, slog.New(slog.DiscardHandler), job.Options{Workers: 1, Backoff: func(int) time.Duration { return 0 }})
	if err != nil {
		h.t.Fatal(err)
	}
	if script.Cluster == nil {
		script.Cluster = func(ctx context.Context, in ai.ClusterBrief) ([]ai.Group, error) { return (*h.rule.Load())(ctx, in) }
	}
	p := planner.New(h.st, aitest.New(h.st, script), q, allow)
	p.Register()
	return q, p
}

// at is the house on another connection, with another clock.
func (h *house) at(url string, c clock.Clock) *house {
	h.t.Helper()
	d := dbtest.Reopen(h.t, url, c)
	return &house{t: h.t, d: d, st: tenant.NewStore(d), s: h.s, site: h.site, rule: h.rule}
}

// neighbour is another account on the same database, with a site and credits
// like the first.
func (h *house) neighbour() *house {
	h.t.Helper()
	n := &house{t: h.t, d: h.d, st: h.st, s: tenanttest.New(h.t, h.d), q: h.q, p: h.p, rule: h.rule}
	n.grant(1000)
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

// stop waits so long for what runs, and then interrupts it.
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

func (h *house) grant(n credit.Credits) {
	h.t.Helper()
	h.must(func(ctx context.Context, tx *tenant.Tx) error {
		_, err := credit.Grant(ctx, tx, credit.NewLot{Source: credit.BonusCredits, Reference: fmt.Sprintf("bonus of %d", n), Amount: n})
		return err
	})
}

// promise leaves n credits available: the others are held by other work.
func (h *house) promise(all, n credit.Credits) {
	h.t.Helper()
	h.must(func(ctx context.Context, tx *tenant.Tx) error {
		_, err := credit.Reserve(ctx, tx, credit.Want{Amount: all - n, Operation: credit.GenerateContent, Reference: "else"})
		return err
	})
}

func (h *house) newSite(domain string) site.ID {
	h.t.Helper()
	var made site.Site
	h.must(func(ctx context.Context, tx *tenant.Tx) (err error) {
		made, err = site.Create(ctx, tx, site.New{Name: "Bees", Domain: domain, Language: "de", Industry: "Beekeeping"}, unlimited)
		return err
	})
	return made.ID
}

// beside is the same account's house on another site.
func (h *house) beside(domain string) *house {
	h.t.Helper()
	b := *h
	b.site = h.newSite(domain)
	return &b
}

func (h *house) newSector(sid site.ID, name string) site.SectorID {
	h.t.Helper()
	var made site.Sector
	h.must(func(ctx context.Context, tx *tenant.Tx) (err error) {
		made, err = site.AddSector(ctx, tx, sid, name)
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
			n.Volume = new(int64)
			if err := json.Unmarshal([]byte(volume), n.Volume); err != nil {
				h.t.Fatal(err)
			}
		}
		ks = append(ks, n)
	}
	all, err := h.tryAdd(ks...)
	if err != nil {
		h.t.Fatal(err)
	}
	return all
}

func (h *house) tryAdd(ks ...planner.NewKeyword) (all []planner.Keyword, err error) {
	err = h.update(func(ctx context.Context, tx *tenant.Tx) (err error) {
		all, err = h.p.Add(ctx, tx, ks)
		return err
	})
	return all, err
}

func (h *house) tryUpload(u planner.Upload) (jid job.ID, err error) {
	err = h.update(func(ctx context.Context, tx *tenant.Tx) (err error) {
		jid, err = h.p.Import(ctx, tx, u)
		return err
	})
	return jid, err
}

// upload orders the import of a file.
func (h *house) upload(body string) job.ID {
	h.t.Helper()
	jid, err := h.tryUpload(planner.Upload{Site: h.site, Name: "list.csv", Body: []byte(body)})
	if err != nil {
		h.t.Fatal(err)
	}
	return jid
}

// imported is a file imported by the queue, which runs.
func (h *house) imported(body string) planner.Imported {
	h.t.Helper()
	return result[planner.Imported](h, h.upload(body))
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

func (h *house) tryCluster(sid site.ID, ks ...planner.KeywordID) (o planner.Ordered, err error) {
	err = h.update(func(ctx context.Context, tx *tenant.Tx) (err error) {
		o, err = h.p.AutoCluster(ctx, tx, sid, ks)
		return err
	})
	return o, err
}

// cluster orders the clustering of keywords of the site.
func (h *house) cluster(ks ...planner.KeywordID) planner.Ordered {
	h.t.Helper()
	o, err := h.tryCluster(h.site, ks...)
	if err != nil {
		h.t.Fatal(err)
	}
	return o
}

// clusterBy has keywords clustered by a rule, in a queue of its own: the house's
// need not run, and may be busy. Where it runs and has a rule in its script, it
// may come first.
func (h *house) clusterBy(rule clusterRule, ks ...planner.KeywordID) planner.Clustered {
	h.t.Helper()
	h.rule.Store(&rule)
	q, _ := h.employ(aitest.Script{}, unlimited)
	if err := q.Start(h.t.Context()); err != nil {
		h.t.Fatal(err)
	}
	defer h.stop(q, 10*time.Second)
	return result[planner.Clustered](h, h.cluster(ks...).Job)
}

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

type clusterRule func(context.Context, ai.ClusterBrief) ([]ai.Group, error)

// firstWord puts together what has the same first word.
func firstWord(_ context.Context, in ai.ClusterBrief) ([]ai.Group, error) {
	var groups []ai.Group
	for i, ph := range in.Phrases {
		word, _, _ := strings.Cut(ph.Text, " ")
		g := slices.IndexFunc(groups, func(g ai.Group) bool { return g.Name == word })
		if g < 0 {
			g, groups = len(groups), append(groups, ai.Group{Name: word, Pillar: i, Intent: ph.Intent, Cohesion: 0.5})
		}
		groups[g].Members = append(groups[g].Members, i)
	}
	return groups, nil
}

// together puts all into one cluster.
func together(name string) clusterRule {
	return func(ctx context.Context, in ai.ClusterBrief) ([]ai.Group, error) {
		groups, err := aitest.Cluster(ctx, in)
		groups[0].Name = name
		return groups, err
	}
}

func (h *house) ideate(count int, cs ...planner.ClusterID) (o planner.Ordered, err error) {
	err = h.update(func(ctx context.Context, tx *tenant.Tx) (err error) {
		o, err = h.p.GenerateIdeas(ctx, tx, cs, count)
		return err
	})
	return o, err
}

// order orders ideas: count for each of these clusters.
func (h *house) order(count int, cs ...planner.ClusterID) planner.Ordered {
	h.t.Helper()
	o, err := h.ideate(count, cs...)
	if err != nil {
		h.t.Fatal(err)
	}
	return o
}

func (h *house) cancel(jid job.ID) {
	h.t.Helper()
	h.must(func(ctx context.Context, tx *tenant.Tx) error { return h.q.Cancel(ctx, tx, jid) })
}
