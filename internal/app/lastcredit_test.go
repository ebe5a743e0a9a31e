package app

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"igny8/internal/config"
	"igny8/internal/credit"
	"igny8/internal/site"
	"igny8/internal/tenant"
	"igny8/internal/writer"
)

// meter is a vendor of models that counts how often it is asked.
type meter struct {
	url   string
	calls atomic.Int64
	hold  chan struct{} // it answers nothing until this is closed; nil: at once
}

// openMeter starts a vendor that names any group and writes any article, of
// 120 words.
func openMeter(t *testing.T) *meter {
	t.Helper()
	text, err := json.Marshal(object{
		"groups": []object{{"number": 0, "name": "The one", "intent": "informational"}},
		"title":  "The one", "markdown": strings.Repeat("word ", 120),
	})
	if err != nil {
		t.Fatal(err)
	}
	event, err := json.Marshal(object{"choices": []object{{"delta": object{"content": string(text)}, "finish_reason": "stop"}}})
	if err != nil {
		t.Fatal(err)
	}
	m := &meter{}
	s := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		m.calls.Add(1)
		if m.hold != nil {
			_, _ = io.Copy(io.Discard, r.Body) // else nothing tells that the client has gone
			select {
			case <-m.hold:
			case <-r.Context().Done():
			}
		}
		rw.Header().Set("Content-Type", "text/event-stream")
		rw.Header().Set("Connection", "close")
		_, _ = io.WriteString(rw, "data: "+string(event)+"\n\ndata: [DONE]\n\n")
	}))
	t.Cleanup(s.Close)
	m.url = s.URL
	return m
}

// customer is an account that two processes serve, and that has few credits.
type customer struct {
	tenancy
	houses []*house
	token  string
	site   string
	left   int // what can be spent
}

const trialCredits = 1000

// poor registers an account and sets all its credits aside but the last ones.
func poor(t *testing.T, houses []*house, left int) *customer {
	t.Helper()
	h := houses[0]
	r := h.send("POST", "/auth/register", "", someone("trial", "")).is(http.StatusCreated)
	acc, err := tenant.ParseAccountID(r.text("account.id"))
	if err != nil {
		t.Fatal(err)
	}
	c := &customer{tenancy: tenancy{h: h, acc: acc}, houses: houses, token: r.text("access_token"), left: left}
	c.site = h.site(c.token)
	c.update(func(ctx context.Context, tx *tenant.Tx) error {
		_, err := credit.Reserve(ctx, tx, credit.Want{Amount: credit.Credits(trialCredits - left), Operation: credit.GenerateIdeas, Reference: "all but the last"})
		return err
	})
	return c
}

// tasks are articles to be written, of 100 words each: 3 credits at most.
func (c *customer) tasks(n int) []string {
	c.h.t.Helper()
	all := make([]string, n)
	sid, err := site.ParseID(c.site)
	if err != nil {
		c.h.t.Fatal(err)
	}
	c.update(func(ctx context.Context, tx *tenant.Tx) error {
		for i := range all {
			k, err := writer.CreateTask(ctx, tx, writer.NewTask{Site: sid, Title: fmt.Sprint("Article ", i), Words: 100})
			if err != nil {
				return err
			}
			all[i] = k.ID.String()
		}
		return nil
	})
	return all
}

// fight sends a crowd of orders to both processes at one moment, and returns
// the one that won. All others must be refused with the figures, and whoever
// looks meanwhile sees no credit too many or too few.
func (c *customer) fight(what string, won int, order func(n int) (path string, body object)) answer {
	t := c.h.t
	t.Helper()
	answers := make([]answer, crowd)
	start, over := make(chan struct{}), make(chan struct{})
	var wg, looking sync.WaitGroup
	for n := range crowd {
		path, body := order(n)
		wg.Go(func() {
			<-start
			answers[n] = c.houses[n%len(c.houses)].send("POST", path, c.token, body)
		})
	}
	for _, h := range c.houses {
		looking.Go(func() {
			for {
				b := h.send("GET", "/billing/credits", c.token, nil).is(http.StatusOK)
				if a, held := b.number("available"), b.number("held"); a != 0 && a != c.left || held < trialCredits-c.left || a+held > trialCredits {
					t.Errorf("%s: seen meanwhile: %d available, %d held", what, a, held)
				}
				select {
				case <-over:
					return
				default:
				}
			}
		})
	}
	close(start)
	wg.Wait()
	close(over)
	looking.Wait()
	var winner answer
	winners := 0
	for _, a := range answers {
		if a.status == won {
			winner, winners = a, winners+1
			continue
		}
		a.fault(http.StatusPaymentRequired, "credit.insufficient")
		if needed, available, held := a.number("needed"), a.number("available"), a.number("held"); needed != c.left || available != 0 || held < trialCredits-c.left || held > trialCredits {
			t.Errorf("%s: refused with %d needed, %d available, %d held", what, needed, available, held)
		}
		if t.Failed() {
			break // the others say the same
		}
	}
	if winners != 1 {
		t.Fatalf("%s: %d of %d won, want 1", what, winners, crowd)
	}
	return winner
}

// wantSpent fails the test unless the ledger tells of one hold beside the one
// of the beginning, and of no balance below nothing.
func (c *customer) wantSpent(what string, held, entries int) {
	t := c.h.t
	t.Helper()
	for _, h := range c.houses {
		b := h.send("GET", "/billing/credits", c.token, nil).is(http.StatusOK)
		if b.number("available") != 0 || b.number("held") != held {
			t.Errorf("%s: at the end %s, want nothing available and %d held", what, b.body, held)
		}
	}
	ledger := c.h.send("GET", "/billing/credits/entries", c.token, nil).is(http.StatusOK)
	all := ledger.get("items").([]any)
	for _, e := range all {
		if e := e.(map[string]any); e["balance_after"].(float64) < 0 || e["held_after"].(float64) < 0 {
			t.Errorf("%s: below nothing: %v", what, e)
		}
	}
	if len(all) != entries {
		t.Errorf("%s: %d entries, want %d: %s", what, len(all), entries, ledger.body)
	}
}

// TestTheLastCreditIsSpentOnce has a thousand orders at once for what an
// account can pay once: by a clustering, by articles of which each is another,
// and by holds. One is taken, and a model is asked once.
func TestTheLastCreditIsSpentOnce(t *testing.T) {
	t.Parallel()
	vendor := openMeter(t)
	cfg := settings(t)
	cfg.Debug, cfg.AI = true, config.AI{Provider: config.OpenAI, BaseURL: vendor.url, Model: "meter"}
	houses := twoOf(t, cfg)
	h := houses[0]

	c := poor(t, houses, 1)
	h.send("POST", "/planner/keywords", c.token, object{"site_id": c.site, "keywords": []object{{"phrase": "the only one"}}}).is(http.StatusCreated)
	won := c.fight("clustering", http.StatusAccepted, func(int) (string, object) {
		return "/planner/keywords/auto_cluster", object{"site_id": c.site}
	})
	h.done(c.token, won.text("job.id"))
	c.wantSpent("clustering", trialCredits-1, 4) // granted, set aside, reserved, settled
	if n := vendor.calls.Swap(0); n != 1 {
		t.Errorf("clustering: the model was asked %d times, want once", n)
	}

	c = poor(t, houses, 3)
	tasks := c.tasks(crowd)
	won = c.fight("articles", http.StatusAccepted, func(n int) (string, object) {
		return "/writer/tasks/generate_content", object{"task_ids": []string{tasks[n]}}
	})
	h.done(c.token, won.text("job.id"))
	c.wantSpent("articles", trialCredits-3, 4)
	if n := vendor.calls.Swap(0); n != 1 {
		t.Errorf("articles: the model was asked %d times, want once", n)
	}

	c = poor(t, houses, 5)
	won = c.fight("holds", http.StatusCreated, func(n int) (string, object) {
		return "/billing/credits/holds", object{"operation": "auto_cluster", "units": 500, "reference": fmt.Sprint("work ", n)}
	})
	houses[1].send("POST", "/billing/credits/holds/"+won.text("id")+"/settle", c.token, object{"units": 500}).is(http.StatusOK)
	c.wantSpent("holds", trialCredits-5, 4)
	if n := vendor.calls.Load(); n != 0 {
		t.Errorf("holds: the model was asked %d times, want never", n)
	}
	h.verify()
}
