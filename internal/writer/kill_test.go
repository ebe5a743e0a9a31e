package writer_test

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
	"igny8/internal/tenant"
	"igny8/internal/writer"
)

// childURL names the database of the child process.
const childURL = "IGNY8_WRITER_TEST_CHILD"

// TestChild is no test but the process that TestKilledInTheMiddle kills: it
// runs jobs, says when it begins an article, writes the first and never ends
// the second.
func TestChild(t *testing.T) {
	url := os.Getenv(childURL)
	if url == "" {
		t.Skip("is run by TestKilledInTheMiddle")
	}
	h := (&house{t: t}).at(url, clock.Clock{})
	h.q, _ = h.employ(aitest.Script{Article: func(ctx context.Context, in ai.ArticleBrief) (ai.Article, error) {
		if _, err := os.Stdout.WriteString("writing " + in.Title + "\n"); err != nil {
			return ai.Article{}, err
		}
		if in.Title == "One" {
			return aitest.Article(ctx, in)
		}
		<-ctx.Done()
		return ai.Article{}, ctx.Err()
	}})
	h.start(h.q)
	if _, err := bufio.NewReader(os.Stdin).ReadString('\n'); err == nil { // until the parent is gone
		t.Error("nobody was to say anything")
	}
}

// killChild runs jobs in another process, and kills that while its model works
// on the article called last.
func killChild(t *testing.T, url, last string) {
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
		if heard = append(heard, said.Text()); said.Text() == "writing "+last {
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

// TestKilledInTheMiddle kills the whole process while the model writes the
// second of three articles, and starts another on the same database. Whatever
// comes of it then, no credit is lost, no article is paid twice, and no task is
// stuck.
func TestKilledInTheMiddle(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name   string
		fails  error
		state  job.State
		status writer.TaskStatus
		tries  int64
		left   credit.Credits
	}{
		{"and the next writes on", nil, job.Succeeded, writer.Written, 2, 994},
		{"and the next is refused", aitest.ErrRefused, job.Succeeded, writer.Todo, 2, 998},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			url := dbtest.URL(t)
			h := newHouseAt(t, url, aitest.Script{})
			ts := []writer.TaskID{h.task("One"), h.task("Two"), h.task("Three")}
			o := h.order(ts...)
			killChild(t, url, "Two")

			if j := h.job(o.Job); j.State != job.Running {
				t.Errorf("the dead job is %s", j.State)
			}
			h.wantStatus(ts, writer.Written, writer.Queued, writer.Queued)
			h.want(992, 6) // the first cost 2, the others are promised
			first := h.load(ts[0]).Content

			// The next process comes when the dead one's heart has stopped
			// for long, but its lease on the hold has not run out.
			later := h.at(url, clock.At(clock.Clock{}.Now().Add(time.Minute)))
			var tries atomic.Int64
			next, _ := later.employ(aitest.Script{Article: func(ctx context.Context, in ai.ArticleBrief) (ai.Article, error) {
				tries.Add(1)
				if tt.fails != nil {
					return ai.Article{}, tt.fails
				}
				return aitest.Article(ctx, in)
			}})
			later.start(next)
			j := h.await(o.Job, tt.state)
			if tries.Load() != tt.tries {
				t.Errorf("the next process wrote %d articles, want %d", tries.Load(), tt.tries)
			}
			h.wantStatus(ts, writer.Written, tt.status, tt.status)
			if c := h.content(h.load(ts[0]).Content); c.ID != first || c.Version != 1 {
				t.Errorf("the first article became %s in version %d", c.ID, c.Version)
			}
			h.want(tt.left, 0)
			if tt.fails == nil {
				h.wantResult(j, ts...)
			} else {
				h.wantResult(j, ts[0])
			}
		})
	}
}

// TestKilledAndCancelled is an account that gives up before another process
// comes.
func TestKilledAndCancelled(t *testing.T) {
	t.Parallel()
	url := dbtest.URL(t)
	h := newHouseAt(t, url, aitest.Script{})
	ts := []writer.TaskID{h.task("Two")}
	o := h.order(ts...)
	killChild(t, url, "Two")
	h.must(func(ctx context.Context, tx *tenant.Tx) error { return h.q.Cancel(ctx, tx, o.Job) })
	later := h.at(url, clock.At(clock.Clock{}.Now().Add(time.Minute)))
	next, _ := later.employ(aitest.Script{Article: func(context.Context, ai.ArticleBrief) (ai.Article, error) {
		t.Error("the model was asked")
		return ai.Article{}, nil
	}})
	later.start(next)
	h.await(o.Job, job.Cancelled)
	h.wantStatus(ts, writer.Todo)
	h.want(1000, 0)
}
