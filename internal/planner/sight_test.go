package planner_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"igny8/internal/credit"
	"igny8/internal/job"
	"igny8/internal/planner"
	"igny8/internal/tenant"
)

// What a house has, and what it should have.

// patience is how long a test waits for what should take no time.
const patience = 30 * time.Second

func receive[T any](t *testing.T, from <-chan T) (v T) {
	t.Helper()
	select {
	case v = <-from:
	case <-time.After(patience):
		t.Fatal("nothing came")
	}
	return v
}

func (h *house) job(jid job.ID) (j job.Job) {
	h.t.Helper()
	h.view(func(ctx context.Context, v *tenant.View) (err error) {
		j, err = job.Load(ctx, v, jid)
		return err
	})
	return j
}

// awaitEnd waits until the job has ended.
func (h *house) awaitEnd(jid job.ID) job.Job {
	h.t.Helper()
	for range patience / (20 * time.Millisecond) {
		if j := h.job(jid); j.State.Final() {
			return j
		}
		time.Sleep(20 * time.Millisecond)
	}
	h.t.Fatalf("job is still %s", h.job(jid).State)
	return job.Job{}
}

// await waits until the job has ended in this state.
func (h *house) await(jid job.ID, want job.State) job.Job {
	h.t.Helper()
	j := h.awaitEnd(jid)
	if j.State != want {
		h.t.Fatalf("job is %s (%+v), want %s", j.State, j.Error, want)
	}
	return j
}

// fails waits until the job has failed, and fails the test unless it says why.
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

func (h *house) clusters(f planner.ClusterFilter) (all []planner.Cluster) {
	h.t.Helper()
	h.view(func(ctx context.Context, v *tenant.View) (err error) {
		all, err = planner.Clusters(ctx, v, f)
		return err
	})
	return all
}

// named is the ids of the clusters with these names.
func (h *house) named(names ...string) []planner.ClusterID {
	h.t.Helper()
	all := h.clusters(planner.ClusterFilter{})
	ids := make([]planner.ClusterID, 0, len(names))
	for _, name := range names {
		i := slices.IndexFunc(all, func(c planner.Cluster) bool { return c.Name == name })
		if i < 0 {
			h.t.Fatalf("there is no cluster %s, only %+v", name, all)
		}
		ids = append(ids, all[i].ID)
	}
	return ids
}

func (h *house) ideas(f planner.IdeaFilter) (all []planner.Idea) {
	h.t.Helper()
	h.view(func(ctx context.Context, v *tenant.View) (err error) {
		all, err = planner.Ideas(ctx, v, f)
		return err
	})
	return all
}

// uploads is the names of the files that wait.
func (h *house) uploads() (names []string) {
	h.t.Helper()
	h.view(func(ctx context.Context, v *tenant.View) error {
		return v.Each(ctx, `SELECT name FROM uploads WHERE account_id = $1 ORDER BY id`, nil, func(scan tenant.Scan) error {
			var name string
			err := scan(&name)
			names = append(names, name)
			return err
		})
	})
	return names
}

// shown is a keyword in short, so that a test can be read.
func shown(k planner.Keyword) string {
	s := k.Phrase
	for _, n := range []struct {
		name  string
		value *int64
	}{{"vol", k.Volume}, {"kd", k.Difficulty}, {"cpc", k.CPCMicros}} {
		if n.value != nil {
			s += fmt.Sprintf(" %s=%d", n.name, *n.value)
		}
	}
	for _, word := range []string{k.CPCCurrency, k.Intent, k.Country} {
		if word != "" {
			s += " " + word
		}
	}
	return s
}

// wantKeywords fails the test unless these are the keywords, in the order in
// which they came.
func (h *house) wantKeywords(f planner.KeywordFilter, want ...string) {
	h.t.Helper()
	var got []string
	for _, k := range h.keywords(f) {
		got = append(got, shown(k))
	}
	if !slices.Equal(got, want) {
		h.t.Errorf("keywords of %+v:\n%q, want\n%q", f, got, want)
	}
}

// wantClusters fails the test unless these are the clusters, each as its name
// and its phrases in alphabetical order, and their figures are true of them.
// A cluster without keywords keeps the figures it had.
func (h *house) wantClusters(want ...string) {
	h.t.Helper()
	var got []string
	for _, c := range h.clusters(planner.ClusterFilter{}) {
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
		if size > 0 && (c.Size != size || c.Volume != volume) {
			h.t.Errorf("cluster %s says %d keywords with %d searches and has %d with %d", c.Name, c.Size, c.Volume, size, volume)
		}
	}
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		h.t.Errorf("clusters\n%q, want\n%q", got, want)
	}
}

// wantIdeas fails the test unless these are the titles of the ideas.
func (h *house) wantIdeas(want ...string) {
	h.t.Helper()
	var got []string
	for _, i := range h.ideas(planner.IdeaFilter{}) {
		got = append(got, i.Title)
	}
	if !slices.Equal(got, want) {
		h.t.Errorf("ideas\n%q, want\n%q", got, want)
	}
}

// wantResult fails the test unless the job's result is all the ideas there are.
func (h *house) wantResult(jid job.ID) {
	h.t.Helper()
	got := result[planner.Ideated](h, jid).Ideas
	var want []planner.IdeaID
	for _, i := range h.ideas(planner.IdeaFilter{}) {
		want = append(want, i.ID)
	}
	if !slices.Equal(got, want) {
		h.t.Errorf("result %v, want %v", got, want)
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
