package planner_test

import (
	"bufio"
	"context"
	"errors"
	"os"
	"os/exec"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"igny8/internal/ai"
	"igny8/internal/ai/aitest"
	"igny8/internal/clock"
	"igny8/internal/credit"
	"igny8/internal/db/dbtest"
	"igny8/internal/job"
	"igny8/internal/planner"
	"igny8/internal/tenant"
)

// childURL names the database of the child process.
const childURL = "IGNY8_PLANNER_TEST_CHILD"

// TestChild is no test but the process that is killed: it runs jobs, and says
// what it begins. It never ends a clustering, an import, or the ideas for
// anything but honey.
func TestChild(t *testing.T) {
	url := os.Getenv(childURL)
	if url == "" {
		t.Skip("is run by the tests that kill it")
	}
	stuck := func(ctx context.Context, on string) error {
		if _, err := os.Stdout.WriteString("at " + on + "\n"); err != nil {
			return err
		}
		<-ctx.Done()
		return ctx.Err()
	}
	h := (&house{t: t}).at(url, clock.Clock{})
	h.q, _ = h.employ(aitest.Script{
		Cluster: func(ctx context.Context, _ ai.ClusterBrief) ([]ai.Group, error) { return nil, stuck(ctx, "clusters") },
		Ideas: func(ctx context.Context, in ai.IdeasBrief) ([]ai.Idea, error) {
			if in.Cluster == "honey" {
				return aitest.Ideas(ctx, in)
			}
			return nil, stuck(ctx, in.Cluster)
		},
	}, func(ctx context.Context, _ tenant.Reader, _, _ int64) error { return stuck(ctx, "import") })
	h.start(h.q)
	if _, err := bufio.NewReader(os.Stdin).ReadString('\n'); err == nil { // until the parent is gone
		t.Error("nobody was to say anything")
	}
}

// killChild runs jobs in another process, and kills that when it is at this.
func killChild(t *testing.T, url, at string) {
	t.Helper()
	child := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestChild$", "-test.timeout=2m")
	child.Env = append(os.Environ(), childURL+"="+url)
	in, err := child.StdinPipe() // closes when this process dies, and the child with it
	if err != nil {
		t.Fatal(err)
	}
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	said := bufio.NewScanner(out)
	var heard []string
	for said.Scan() {
		if heard = append(heard, said.Text()); said.Text() == "at "+at {
			break
		}
	}
	if err := child.Process.Kill(); err != nil {
		t.Error(err)
	}
	var killed *exec.ExitError
	if err := child.Wait(); !errors.As(err, &killed) || killed.Exited() {
		t.Fatalf("the child was to die of SIGKILL: %v; it said %q", err, strings.Join(heard, "\n"))
	}
	_ = in.Close() // the process at its other end is gone
}

// next is the process that comes when the dead one's heart has stopped for
// long, but its lease on the hold has not run out.
func (h *house) next(url string, script aitest.Script) {
	h.t.Helper()
	later := h.at(url, clock.At(clock.Clock{}.Now().Add(time.Minute)))
	q, _ := later.employ(script, unlimited)
	later.start(q)
}

// TestKilledWhileClustering loses no credit, whatever comes of the work then.
func TestKilledWhileClustering(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name     string
		fails    error
		state    job.State
		clusters []string
		left     credit.Credits
	}{
		{"and the next goes on", nil, job.Succeeded, []string{"honey: honey", "bee: bee"}, 999},
		{"and the next is refused", aitest.ErrRefused, job.Failed, nil, 1000},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			url := dbtest.URL(t)
			h := newHouseAt(t, url, aitest.Script{}, unlimited)
			h.add("honey", "bee")
			o := h.cluster()
			killChild(t, url, "clusters")
			if j := h.job(o.Job); j.State != job.Running {
				t.Errorf("the dead job is %s", j.State)
			}
			h.want(999, 1)
			h.next(url, aitest.Script{Cluster: func(ctx context.Context, in ai.ClusterBrief) ([]ai.Group, error) {
				groups, err := firstWord(ctx, in)
				return groups, errors.Join(err, tt.fails)
			}})
			h.await(o.Job, tt.state)
			h.wantClusters(tt.clusters...)
			h.want(tt.left, 0)
		})
	}
}

// TestKilledWhileItHasIdeas keeps those of the first of three clusters, and buys
// none of them again.
func TestKilledWhileItHasIdeas(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name  string
		fails error
		state job.State
		ideas []string
		calls int64
		left  credit.Credits
	}{
		{"and the next goes on", nil, job.Succeeded, []string{"All about honey", "All about bee", "All about wax"}, 2, 985},
		{"and the next is refused", aitest.ErrRefused, job.Succeeded, []string{"All about honey"}, 2, 995},
		{"and the account gives up", nil, job.Cancelled, []string{"All about honey"}, 0, 995},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			url := dbtest.URL(t)
			h := newHouseAt(t, url, aitest.Script{}, unlimited)
			o := h.order(1, h.hive("honey", "bee", "wax")...)
			killChild(t, url, "bee")
			if j := h.job(o.Job); j.State != job.Running {
				t.Errorf("the dead job is %s", j.State)
			}
			h.wantIdeas("All about honey")
			h.want(985, 10)
			if tt.state == job.Cancelled {
				h.cancel(o.Job)
			}
			var calls atomic.Int64
			h.next(url, aitest.Script{Ideas: func(ctx context.Context, in ai.IdeasBrief) ([]ai.Idea, error) {
				calls.Add(1)
				ideas, err := aitest.Ideas(ctx, in)
				return ideas, errors.Join(err, tt.fails)
			}})
			j := h.await(o.Job, tt.state)
			if calls.Load() != tt.calls {
				t.Errorf("the next process asked the model %d times, want %d", calls.Load(), tt.calls)
			}
			h.wantIdeas(tt.ideas...)
			h.want(tt.left, 0)
			if j.State == job.Succeeded {
				h.wantResult(o.Job)
			}
		})
	}
}

// TestKilledWhileImporting is as if the import had not begun: the next process
// imports the file, once.
func TestKilledWhileImporting(t *testing.T) {
	t.Parallel()
	url := dbtest.URL(t)
	h := newHouseAt(t, url, aitest.Script{}, unlimited)
	jid := h.upload("honey\nbee\n")
	killChild(t, url, "import")
	h.wantKeywords(planner.KeywordFilter{})
	if files := h.uploads(); len(files) != 1 {
		t.Errorf("the files %q wait, want one", files)
	}
	h.next(url, aitest.Script{})
	if got := result[planner.Imported](h, jid); got.Imported != 2 || got.Duplicates != 0 {
		t.Errorf("imported %+v, want 2", got)
	}
	h.wantKeywords(planner.KeywordFilter{}, "honey", "bee")
	if files := h.uploads(); len(files) != 0 {
		t.Errorf("the files %q still wait", files)
	}
}
