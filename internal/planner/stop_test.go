package planner_test

import (
	"context"
	"testing"
	"time"

	"igny8/internal/ai"
	"igny8/internal/ai/aitest"
	"igny8/internal/job"
)

// TestServerStopsWhileClustering is a deployment: the next server goes on.
func TestServerStopsWhileClustering(t *testing.T) {
	t.Parallel()
	working := make(chan bool, 1)
	h := newHouse(t, aitest.Script{Cluster: func(ctx context.Context, _ ai.ClusterBrief) ([]ai.Group, error) {
		working <- true
		<-ctx.Done()
		return nil, ctx.Err()
	}}, unlimited)
	h.add("honey", "bee")
	o := h.cluster()
	if err := h.q.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	receive(t, working)
	h.stop(h.q, time.Millisecond)
	if j := h.job(o.Job); j.State != job.Queued {
		t.Errorf("the job is %s", j.State)
	}
	h.want(999, 1)
	h.wantClusters()

	next, _ := h.employ(aitest.Script{Cluster: firstWord}, unlimited)
	h.start(next)
	h.await(o.Job, job.Succeeded)
	h.wantClusters("honey: honey", "bee: bee")
	h.want(999, 0)
}

// TestServerStopsWhileItHasIdeas keeps those of the first cluster, and the next
// server buys the others alone.
func TestServerStopsWhileItHasIdeas(t *testing.T) {
	t.Parallel()
	m := newSlow()
	h, cs := newHive(t, m.script(), "honey", "bee")
	o := h.order(1, cs...)
	if err := h.q.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	m.at(t)
	m.say(t, nil)
	m.at(t)
	h.stop(h.q, time.Millisecond)
	if j := h.job(o.Job); j.State != job.Queued {
		t.Errorf("the job is %s", j.State)
	}
	h.wantIdeas("All about honey")
	h.want(990, 5)

	next, _ := h.employ(aitest.Script{Ideas: titled("The other")}, unlimited)
	h.start(next)
	h.wantResult(o.Job)
	h.wantIdeas("All about honey", "The other")
	h.want(990, 0)
}

// TestCancelledInTheMiddle stops the models of two servers, keeps what is there,
// and gives back the rest.
func TestCancelledInTheMiddle(t *testing.T) {
	t.Parallel()
	working := make(chan bool, 1)
	m := newSlow()
	script := m.script()
	script.Cluster = func(ctx context.Context, _ ai.ClusterBrief) ([]ai.Group, error) {
		working <- true
		<-ctx.Done()
		return nil, ctx.Err()
	}
	h, cs := newHive(t, script, "honey", "bee", "wax")
	ideas, clusters := h.order(1, cs...), h.cluster()
	other, _ := h.employ(script, unlimited)
	h.start(h.q)
	h.start(other)
	m.at(t)
	m.say(t, nil)
	m.at(t)
	receive(t, working)
	h.cancel(ideas.Job)
	h.cancel(clusters.Job)
	h.await(ideas.Job, job.Cancelled)
	h.await(clusters.Job, job.Cancelled)
	h.wantIdeas("All about honey")
	h.wantClusters("honey: honey", "bee: bee", "wax: wax")
	h.want(989, 0) // what was asked before it was cancelled is paid: 5 for ideas, 1 for clusters
}
