package app

import (
	"bufio"
	"encoding/json"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"igny8/internal/api"
	"igny8/internal/clock"
	"igny8/internal/config"
)

// telling is one connection that a job is told on.
type telling struct {
	t      *testing.T
	res    *http.Response
	events *bufio.Scanner
}

func (h *house) follow(t *testing.T, token, job string) telling {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, h.base+api.Base+"/jobs/"+job+"/events", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+token)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = res.Body.Close() })
	return telling{t, res, bufio.NewScanner(res.Body)}
}

// next is the next event; "" for none any more.
func (f telling) next() (name string, data object) {
	f.t.Helper()
	for f.events.Scan() {
		l := f.events.Text()
		if n, ok := strings.CutPrefix(l, "event: "); ok {
			name = n
		}
		if text, ok := strings.CutPrefix(l, "data: "); ok {
			if err := json.Unmarshal([]byte(text), &data); err != nil {
				f.t.Fatal(err)
			}
			return name, data
		}
	}
	return "", nil
}

func TestJobIsToldUntilItEnds(t *testing.T) {
	t.Parallel()
	h := open(t, clock.Clock{})
	token, site := h.flow(coffee)
	jid := h.send("POST", "/planner/keywords/auto_cluster", token, object{"site_id": site}).is(http.StatusAccepted).text("job.id")
	f := h.follow(t, token, jid)
	if f.res.StatusCode != http.StatusOK || f.res.Header.Get("Content-Type") != "text/event-stream" {
		t.Fatalf("%d %v", f.res.StatusCode, f.res.Header)
	}
	last := object{}
	for name, data := f.next(); name != ""; name, data = f.next() {
		if name != "job" || data["id"] != jid {
			t.Errorf("%s: %v", name, data)
		}
		last = data
	}
	if last["state"] != "succeeded" || last["result"] == nil {
		t.Errorf("the last that was told: %v", last)
	}
	again := h.follow(t, token, jid)
	if name, data := again.next(); name != "job" || data["state"] != "succeeded" {
		t.Errorf("a job that has ended: %s %v", name, data)
	}
	if name, _ := again.next(); name != "" {
		t.Errorf("and then %s", name)
	}
	h.send("GET", "/jobs/"+jid+"/events", h.member(), nil).fault(http.StatusNotFound, "job.not_found")

	list := h.send("GET", "/jobs?limit=1", token, nil).is(http.StatusOK)
	if items := list.get("items").([]any); len(items) != 1 || items[0].(map[string]any)["id"] != jid || list.text("next_cursor") == "" {
		t.Errorf("the jobs: %s", list.body)
	}
	for path, want := range map[string]int{
		"/jobs?cursor=" + list.text("next_cursor"): 1, "/jobs?state=failed": 0, "/jobs?kind=planner.auto_cluster": 1, "/jobs": 2,
	} {
		if items := h.send("GET", path, token, nil).is(http.StatusOK).get("items").([]any); len(items) != want {
			t.Errorf("%s has %d", path, len(items))
		}
	}
}

// openStuck is a server whose model answers nothing, and a job that waits for
// it until answer is called, or the test is over.
func openStuck(t *testing.T) (h *house, token, job string, answer func()) {
	t.Helper()
	m := openMeter(t)
	m.hold = make(chan struct{})
	cfg := settings(t)
	cfg.AI = config.AI{Provider: config.OpenAI, BaseURL: m.url, Model: "m"}
	h = openOn(t, clock.Clock{}, cfg)
	answer = sync.OnceFunc(func() { close(m.hold) })
	t.Cleanup(answer) // before the server stops, which waits for its jobs
	token, site := h.flow(coffee)
	job = h.send("POST", "/planner/keywords/auto_cluster", token, object{"site_id": site}).is(http.StatusAccepted).text("job.id")
	for deadline := 200; m.calls.Load() == 0; deadline-- {
		if deadline == 0 {
			t.Fatal("the model was not asked")
		}
		time.Sleep(50 * time.Millisecond)
	}
	return h, token, job, answer
}

// TestSuspendedAccountIsToldNoMore has the connection open when it happens.
func TestSuspendedAccountIsToldNoMore(t *testing.T) {
	t.Parallel()
	h, token, jid, _ := openStuck(t)
	f := h.follow(t, token, jid)
	if name, data := f.next(); name != "job" || data["state"] != "running" {
		t.Fatalf("%s %v", name, data)
	}
	acc := h.send("GET", "/auth/me", token, nil).text("account.id")
	h.send("POST", "/admin/accounts/"+acc+"/suspend", h.operator(), object{"reason": "a test"}).is(http.StatusOK)
	for {
		name, data := f.next()
		if name == "job" {
			continue
		}
		if name != "problem" || data["code"] != "account.suspended" || data["status"] != 403.0 {
			t.Errorf("%q %v", name, data)
		}
		break
	}
	if name, _ := f.next(); name != "" {
		t.Errorf("and then %s", name)
	}
}

// TestFollowersAreBounded opens more connections than an account may have.
func TestFollowersAreBounded(t *testing.T) {
	t.Parallel()
	h, token, jid, answer := openStuck(t)
	var open []telling
	for range 20 {
		f := h.follow(t, token, jid)
		if name, _ := f.next(); name != "job" {
			t.Fatalf("connection %d: %s", len(open), f.res.Status)
		}
		open = append(open, f)
	}
	h.send("GET", "/jobs/"+jid+"/events", token, nil).fault(http.StatusTooManyRequests, "job.too_many_followed")
	if err := open[0].res.Body.Close(); err != nil {
		t.Fatal(err)
	}
	for deadline := 200; ; deadline-- {
		f := h.follow(t, token, jid)
		if f.res.StatusCode == http.StatusOK {
			break
		}
		if deadline == 0 {
			t.Fatal("the place of who left stays taken")
		}
		time.Sleep(50 * time.Millisecond)
	}
	answer()
	h.stop() // and the server stops though they are there
	for _, f := range open[1:] {
		for name, _ := f.next(); name != ""; name, _ = f.next() {
			if name != "job" {
				t.Errorf("at the end %s", name)
			}
		}
	}
}
