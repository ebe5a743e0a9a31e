package app

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"igny8/internal/clock"
	"igny8/internal/tenant"
)

// turned is an order of a pipeline, as the API shows it.
type turned struct {
	step  string
	items int
	quote int
	job   string
}

// runs is what the pipeline of a site has ordered, oldest first.
func (h *house) runs(token, site string) []turned {
	h.t.Helper()
	items := h.send("GET", "/sites/"+site+"/pipeline/runs", token, nil).is(http.StatusOK).get("items").([]any)
	var all []turned
	for i := range items {
		r := items[len(items)-1-i].(map[string]any)
		job, _ := r["job_id"].(string)
		all = append(all, turned{r["step"].(string), int(r["items"].(float64)), int(r["quote"].(float64)), job})
	}
	return all
}

// waits waits until the pipeline of a site waits for something.
func (h *house) waits(token, site, code string) {
	h.t.Helper()
	var last any
	for deadline := 600; deadline > 0; deadline-- {
		last = h.send("GET", "/sites/"+site+"/pipeline", token, nil).is(http.StatusOK).get("waits_for")
		if last == code {
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	h.t.Fatalf("the pipeline waits for %v, want %s; it has ordered %v", last, code, h.runs(token, site))
}

// hurry lets the pipelines of an account look for work all the time.
func (h *house) hurry(token string) (stop func()) {
	h.t.Helper()
	acc, err := tenant.ParseAccountID(h.send("GET", "/auth/me", token, nil).is(http.StatusOK).text("account.id"))
	if err != nil {
		h.t.Fatal(err)
	}
	done, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		for {
			select {
			case <-done:
				return
			case <-time.After(100 * time.Millisecond):
				h.sqlOf(acc, `UPDATE pipelines SET next_at = 1 WHERE next_at IS NOT NULL AND waits IN ('', 'pipeline.working')`)
			}
		}
	}()
	return func() { close(done); <-ended }
}

// TestPipeline goes from keywords to approved articles by itself, on two
// processes, keeps ideas for three days in store, and stops where the day's
// limits are.
func TestPipeline(t *testing.T) {
	t.Parallel()
	cfg := settings(t)
	cfg.Debug = true
	houses := twoOf(t, cfg)
	h := houses[0]
	token, site := h.flow(coffee)
	path := "/sites/" + site + "/pipeline"
	h.send("GET", path, token, nil).fault(http.StatusNotFound, "pipeline.none")
	settings := object{"steps": []string{"cluster", "ideas", "write", "approve"}, "ideas_per_day": 10, "articles_per_day": 2, "posts_per_day": 0, "paused": true}
	h.send("PUT", path, token, settings).is(http.StatusOK)
	seen := h.send("POST", path+"/preview", token, nil).is(http.StatusOK)
	first := seen.get("items").([]any)[0].(map[string]any)
	if first["step"] != "cluster" || first["items"] != 8.0 || first["quote"] != 1.0 || seen.get("waits_for") != nil || len(h.runs(token, site)) != 0 {
		t.Errorf("foreseen: %s", seen.body)
	}
	defer h.hurry(token)()
	h.send("POST", path+"/resume", token, nil).is(http.StatusOK)
	h.waits(token, site, "pipeline.day_done")
	got := h.runs(token, site)
	if len(got) != 5 {
		t.Fatalf("ordered %+v", got)
	}
	for i, want := range []turned{{"cluster", 8, 1, ""}, {"ideas", 5, 25, ""}, {"write", 2, 58, ""}, {"approve", 2, 0, ""}, {"ideas", 3, 15, ""}} {
		r := got[i]
		if r.job == "" != (r.step == "approve") {
			t.Errorf("the job of %+v", r)
		}
		if r.job = ""; r != want {
			t.Errorf("order %d is %+v, want %+v", i, r, want)
		}
	}
	articles := h.send("GET", "/writer/content?site_id="+site, token, nil).is(http.StatusOK).get("items").([]any)
	if len(articles) != 2 {
		t.Errorf("%d articles", len(articles))
	}
	for _, a := range articles {
		if a.(map[string]any)["status"] != "approved" {
			t.Errorf("an article is %v", a)
		}
	}
	h.send("POST", path+"/pause", token, nil).is(http.StatusOK)
	if p := h.send("GET", path, token, nil); p.get("next_at") != nil || p.get("paused") != true {
		t.Errorf("paused: %s", p.body)
	}
	h.verify()
}

// TestPipelineKeepsToItsBudget has credits, and may not spend them.
func TestPipelineKeepsToItsBudget(t *testing.T) {
	t.Parallel()
	h := openWide(t, clock.Clock{})
	token, site := h.flow(coffee)
	path := "/sites/" + site + "/pipeline"
	before := h.send("GET", "/billing/credits", token, nil).number("available")
	defer h.hurry(token)()
	h.send("PUT", path, token, object{"steps": []string{"cluster", "ideas", "write"}, "ideas_per_day": 1, "articles_per_day": 1, "posts_per_day": 0, "budget": 7}).is(http.StatusOK)
	h.waits(token, site, "pipeline.budget_spent")
	if got := h.send("GET", "/billing/credits", token, nil).number("available"); before-got != 6 {
		t.Errorf("%d credits were spent: clusters cost 1, an idea 5, and an article more than is left of 7", before-got)
	}
	if p := h.send("POST", path+"/preview", token, nil).is(http.StatusOK); p.get("waits_for") != "pipeline.budget_spent" || p.text("why") == "" {
		t.Errorf("foreseen: %s", p.body)
	}
	h.verify()
}

func TestPipelineSettings(t *testing.T) {
	t.Parallel()
	h := openWide(t, clock.Clock{})
	token := h.member()
	path := "/sites/" + h.site(token) + "/pipeline"
	for name, body := range map[string]object{
		"a step that is none": {"steps": []string{"dance"}, "ideas_per_day": 1, "articles_per_day": 1, "posts_per_day": 1},
		"too many ideas":      {"steps": []string{}, "ideas_per_day": 101, "articles_per_day": 1, "posts_per_day": 1},
		"fewer than none":     {"steps": []string{}, "ideas_per_day": 1, "articles_per_day": -1, "posts_per_day": 1},
		"a budget below none": {"steps": []string{}, "ideas_per_day": 1, "articles_per_day": 1, "posts_per_day": 1, "budget": -1},
	} {
		if a := h.send("PUT", path, token, body); a.status != http.StatusUnprocessableEntity {
			t.Errorf("%s: %d %s", name, a.status, a.body)
		}
	}
	h.send("PUT", "/sites/site_00000000000000000000000000/pipeline", token,
		object{"steps": []string{}, "ideas_per_day": 1, "articles_per_day": 1, "posts_per_day": 1}).fault(http.StatusNotFound, "site.not_found")
	h.send("POST", path+"/pause", token, nil).fault(http.StatusNotFound, "pipeline.none")
	h.send("PUT", path, token, object{"steps": []string{"write", "write"}, "ideas_per_day": 0, "articles_per_day": 1, "posts_per_day": 0, "budget": nil}).is(http.StatusOK)
	p := h.send("GET", path, token, nil).is(http.StatusOK)
	if fmt.Sprint(p.get("steps")) != "[write]" || p.get("budget") != nil {
		t.Errorf("set: %s", p.body)
	}
	h.waits(token, h.send("GET", "/sites", token, nil).get("items").([]any)[0].(map[string]any)["id"].(string), "pipeline.nothing_to_do")
}
