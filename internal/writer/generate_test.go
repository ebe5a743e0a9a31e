package writer_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"igny8/internal/ai"
	"igny8/internal/ai/aitest"
	"igny8/internal/credit"
	"igny8/internal/fault"
	"igny8/internal/job"
	"igny8/internal/tenant"
	"igny8/internal/writer"
)

func TestGenerateContent(t *testing.T) {
	t.Parallel()
	h := newHouse(t, aitest.Script{Article: func(_ context.Context, in ai.ArticleBrief) (ai.Article, error) {
		if in.Site != "bees.example" || in.Language != "en" || in.Words != 100 {
			t.Errorf("brief %+v", in)
		}
		return aitest.ArticleOf(in, 60), nil
	}})
	ts := []writer.TaskID{h.task("Two"), h.task("One")}
	o := h.order(ts[1], ts[0], ts[1]) // named twice, ordered once
	if o.Quote != 6 {
		t.Errorf("quote %d, want 3 for each", o.Quote)
	}
	h.want(994, 6)
	h.wantStatus(ts, writer.Queued, writer.Queued)
	if j := h.job(o.Job); j.Total != 2 || j.Quote == nil || *j.Quote != 6 {
		t.Errorf("ordered %+v", j)
	}
	h.start(h.q)
	h.wantResult(h.await(o.Job, job.Succeeded), ts[1], ts[0])
	h.wantStatus(ts, writer.Written, writer.Written)
	h.want(996, 0)
	c := h.content(h.load(ts[1]).Content)
	if c.Task != ts[1] || c.Site != h.site || c.Status != writer.Draft || c.Version != 1 || c.Title != "One" || c.Slug != "one" || c.Words != 60 ||
		!strings.HasPrefix(c.Markdown, "## Beginning\n\nOnce more") || c.Created.IsZero() {
		t.Errorf("saved %+v", c)
	}
}

func TestOrdersAreAllOrNothing(t *testing.T) {
	t.Parallel()
	h := newHouse(t, aitest.Script{})
	ts := []writer.TaskID{h.task("One"), h.task("Two")}
	order := func(ts ...writer.TaskID) error {
		return h.update(func(ctx context.Context, tx *tenant.Tx) error {
			_, err := h.w.GenerateContent(ctx, tx, ts)
			return err
		})
	}
	h.must(func(ctx context.Context, tx *tenant.Tx) error { // 5 credits are left, and 6 are needed
		_, err := credit.Reserve(ctx, tx, credit.Want{Amount: 995, Operation: credit.GenerateIdeas, Reference: "else"})
		return err
	})
	err := order(ts...)
	if f := fault.Of(err); !errors.Is(err, credit.ErrInsufficient) || f.Extra["needed"] != credit.Credits(6) || f.Extra["available"] != credit.Credits(5) {
		t.Errorf("short of credits: %v %v", err, f.Extra)
	}
	h.wantStatus(ts, writer.Todo, writer.Todo)
	h.want(5, 995)

	missing, _ := writer.ParseTaskID("task_00000000000000000000000000")
	for _, tt := range []struct {
		name string
		ts   []writer.TaskID
		want error
	}{
		{"none", nil, writer.ErrNothingChosen},
		{"too many", make([]writer.TaskID, 51), writer.ErrTooManyChosen},
		{"one that is not there", []writer.TaskID{ts[0], missing}, writer.ErrTaskNotFound},
	} {
		if err := order(tt.ts...); !errors.Is(err, tt.want) {
			t.Errorf("%s: %v, want %v", tt.name, err, tt.want)
		}
	}
	h.wantStatus(ts, writer.Todo, writer.Todo)
	h.order(ts[0])
	if err := order(ts[0]); !errors.Is(err, writer.ErrTaskBusy) {
		t.Errorf("a task that is queued, without the credits for it: %v", err)
	}
	h.must(func(ctx context.Context, tx *tenant.Tx) error {
		_, err := credit.Grant(ctx, tx, credit.NewLot{Source: credit.Purchase, Reference: "more", Amount: 3})
		return err
	})
	err = order(ts[1], ts[0])
	if f := fault.Of(err); !errors.Is(err, writer.ErrTaskBusy) || f.Kind != fault.Conflict || f.Extra["task_id"] != ts[0].String() || !strings.Contains(f.Msg.String(), `"One"`) {
		t.Errorf("a task that is queued: %v %v", err, f.Extra)
	}
	h.wantStatus(ts, writer.Queued, writer.Todo)
	h.want(5, 998)
}

// TestTwoOrderOneTask has many people press the button at once.
func TestTwoOrderOneTask(t *testing.T) {
	t.Parallel()
	h := newHouse(t, aitest.Script{})
	tid := h.task("One")
	var won, busy atomic.Int64
	var all sync.WaitGroup
	for range 6 {
		all.Go(func() {
			err := h.update(func(ctx context.Context, tx *tenant.Tx) error {
				_, err := h.w.GenerateContent(ctx, tx, []writer.TaskID{tid})
				return err
			})
			switch {
			case err == nil:
				won.Add(1)
			case errors.Is(err, writer.ErrTaskBusy):
				busy.Add(1)
			default:
				t.Error(err)
			}
		})
	}
	all.Wait()
	if won.Load() != 1 || busy.Load() != 5 {
		t.Errorf("%d won and %d were told that it is busy", won.Load(), busy.Load())
	}
	h.want(997, 3)
}

// TestOneOfSeveralFails keeps what is written, gives back what is not, and says
// which it was. A model that refuses one article writes the next; one that is
// away writes none.
func TestOneOfSeveralFails(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name  string
		fails error
		tries int64
		code  string
	}{
		{"refused", aitest.ErrRefused, 1, "ai.refused"},
		{"away", aitest.ErrUnavailable, 4, "ai.unavailable"},
		{"breaks off", errors.New("unexpected EOF"), 4, "ai.unavailable"},
		{"answers with nothing", nil, 1, "writer.empty_article"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var tries atomic.Int64
			h := newHouse(t, aitest.Script{Article: func(_ context.Context, in ai.ArticleBrief) (ai.Article, error) {
				if in.Title != "Two" {
					return aitest.ArticleOf(in, 100), nil
				}
				tries.Add(1)
				return ai.Article{Title: "Half", Markdown: "\x00 ## --"}, tt.fails
			}})
			ts := []writer.TaskID{h.task("One"), h.task("Two"), h.task("Three")}
			o := h.order(ts...)
			h.start(h.q)
			if tt.tries == 1 {
				var got writer.Drafted
				j := h.await(o.Job, job.Succeeded)
				if err := json.Unmarshal(j.Result, &got); err != nil {
					t.Fatal(err)
				}
				if len(got.Contents) != 2 || len(got.Failed) != 1 || got.Failed[0].Task != ts[1] || got.Failed[0].Code != tt.code || got.Failed[0].Title != "Two" {
					t.Errorf("result %s", j.Result)
				}
				h.wantStatus(ts, writer.Written, writer.Todo, writer.Written)
				h.want(996, 0)
			} else {
				j := h.await(o.Job, job.Failed)
				if j.Error == nil || j.Error.Code != tt.code || !strings.Contains(j.Error.Detail.String(), `"Two"`) {
					t.Errorf("failed with %+v, want %s", j.Error, tt.code)
				}
				h.wantStatus(ts, writer.Written, writer.Todo, writer.Todo)
				h.want(998, 0)
			}
			if tries.Load() != tt.tries {
				t.Errorf("%d tries, want %d", tries.Load(), tt.tries)
			}
			h.order(ts[1]) // and can be ordered again
		})
	}
}

// TestNoneCanBeWritten fails, and says why.
func TestNoneCanBeWritten(t *testing.T) {
	t.Parallel()
	h := newHouse(t, aitest.Script{Article: func(context.Context, ai.ArticleBrief) (ai.Article, error) { return ai.Article{}, aitest.ErrRefused }})
	ts := []writer.TaskID{h.task("One"), h.task("Two")}
	o := h.order(ts...)
	h.start(h.q)
	if j := h.await(o.Job, job.Failed); j.Error == nil || j.Error.Code != "ai.refused" || !strings.Contains(j.Error.Detail.String(), `"One"`) {
		t.Errorf("failed with %+v", j.Error)
	}
	h.wantStatus(ts, writer.Todo, writer.Todo)
	h.want(1000, 0)
}

// TestProviderFailsOnce is what trying again is for.
func TestProviderFailsOnce(t *testing.T) {
	t.Parallel()
	var tries atomic.Int64
	h := newHouse(t, aitest.Script{Article: func(_ context.Context, in ai.ArticleBrief) (ai.Article, error) {
		if tries.Add(1) == 2 {
			return aitest.ArticleOf(in, 50), fmt.Errorf("half an answer: %w", aitest.ErrUnavailable)
		}
		return aitest.ArticleOf(in, 100), nil
	}})
	ts := []writer.TaskID{h.task("One"), h.task("Two")}
	o := h.order(ts...)
	h.start(h.q)
	h.wantResult(h.await(o.Job, job.Succeeded), ts...)
	if tries.Load() != 3 {
		t.Errorf("%d calls, want 3: the first article is not written twice", tries.Load())
	}
	h.wantStatus(ts, writer.Written, writer.Written)
	h.want(996, 0)
}

// stuck is a model that works until it is stopped.
func stuck(working chan<- string) aitest.Script {
	return aitest.Script{Article: func(ctx context.Context, in ai.ArticleBrief) (ai.Article, error) {
		working <- in.Title
		<-ctx.Done()
		return ai.Article{}, ctx.Err()
	}}
}

// TestCancelledInTheMiddle stops the model, and gives back what it did not
// earn.
func TestCancelledInTheMiddle(t *testing.T) {
	t.Parallel()
	working := make(chan string, 1)
	h := newHouse(t, stuck(working))
	ts := []writer.TaskID{h.task("One"), h.task("Two")}
	o := h.order(ts...)
	h.start(h.q)
	<-working
	h.must(func(ctx context.Context, tx *tenant.Tx) error { return h.q.Cancel(ctx, tx, o.Job) })
	h.await(o.Job, job.Cancelled)
	h.wantStatus(ts, writer.Todo, writer.Todo)
	h.want(998, 0) // the one that was asked for costs the minimum
}

func TestCancelledWhileItWaits(t *testing.T) {
	t.Parallel()
	h := newHouse(t, aitest.Script{})
	ts := []writer.TaskID{h.task("One")}
	o := h.order(ts...)
	h.must(func(ctx context.Context, tx *tenant.Tx) error { return h.q.Cancel(ctx, tx, o.Job) })
	h.wantStatus(ts, writer.Todo)
	h.want(1000, 0)
}

// TestServerStopsInTheMiddle is a deployment: the next server goes on.
func TestServerStopsInTheMiddle(t *testing.T) {
	t.Parallel()
	working := make(chan string, 1)
	h := newHouse(t, stuck(working))
	ts := []writer.TaskID{h.task("One"), h.task("Two")}
	o := h.order(ts...)
	if err := h.q.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	<-working
	impatient, cancel := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	if err := h.q.Stop(impatient); err != nil {
		t.Fatal(err)
	}
	if j := h.job(o.Job); j.State != job.Queued {
		t.Errorf("the job is %s", j.State)
	}
	h.wantStatus(ts, writer.Queued, writer.Queued)
	h.want(994, 6)

	next, _ := h.employ(aitest.Script{})
	h.start(next)
	h.wantResult(h.await(o.Job, job.Succeeded), ts...)
	h.wantStatus(ts, writer.Written, writer.Written)
	h.want(996, 0)
}
