package app

import (
	"net/http"
	"testing"

	"igny8/internal/clock"
)

// TestQuoteIsWhatTheOrderReserves asks for the price of each kind of work, and
// then orders it.
func TestQuoteIsWhatTheOrderReserves(t *testing.T) {
	t.Parallel()
	h := open(t, clock.Clock{})
	token, site := h.flow(coffee)
	before := h.send("GET", "/billing/credits", token, nil).is(http.StatusOK).number("available")
	order := func(path, operation string, body object) answer {
		t.Helper()
		q := h.send("POST", path+"/quote", token, body).is(http.StatusOK)
		if got := h.send("GET", "/billing/credits", token, nil); got.number("available") != before || got.number("held") != 0 {
			t.Errorf("%s/quote reserved something: %s", path, got.body)
		}
		o := h.send("POST", path, token, body).is(http.StatusAccepted)
		if q.text("operation") != operation || q.number("credits") != o.number("quote") || q.number("credits") == 0 || q.get("enough") != true || q.number("available") != before {
			t.Errorf("%s: the quote %s, and the order %s", path, q.body, o.body)
		}
		h.done(token, o.text("job.id"))
		before = h.send("GET", "/billing/credits", token, nil).is(http.StatusOK).number("available")
		return q
	}
	order("/planner/keywords/auto_cluster", "auto_cluster", object{"site_id": site})
	cluster := h.send("GET", "/planner/clusters?site_id="+site, token, nil).is(http.StatusOK).get("items").([]any)[0].(map[string]any)
	order("/planner/clusters/generate_ideas", "generate_ideas", object{"cluster_ids": []any{cluster["id"]}, "count": 2})
	idea := h.send("GET", "/planner/ideas?site_id="+site, token, nil).is(http.StatusOK).get("items").([]any)[0].(map[string]any)
	task := h.send("POST", "/writer/tasks", token, object{"site_id": site, "idea_id": idea["id"], "words": 1000}).is(http.StatusCreated)
	q := order("/writer/tasks/generate_content", "generate_content", object{"task_ids": []string{task.text("id")}})
	if q.number("at_most") != q.number("credits")*5/4 {
		t.Errorf("an article may overrun by a quarter: %s", q.body)
	}
	h.send("POST", "/writer/tasks/generate_content/quote", token, object{"task_ids": []string{task.text("id")}}).fault(http.StatusConflict, "writer.task_busy")
	h.verify()
}

// TestQuoteOfWhatCannotBePaid says the price all the same.
func TestQuoteOfWhatCannotBePaid(t *testing.T) {
	t.Parallel()
	h := open(t, clock.Clock{})
	token := h.member()
	site := h.site(token)
	var tasks []string
	for range 50 {
		tasks = append(tasks, h.send("POST", "/writer/tasks", token, object{"site_id": site, "title": "Long", "words": 5000}).is(http.StatusCreated).text("id"))
	}
	body := object{"task_ids": tasks}
	refused := h.send("POST", "/writer/tasks/generate_content", token, body).fault(http.StatusPaymentRequired, "credit.insufficient")
	q := h.send("POST", "/writer/tasks/generate_content/quote", token, body).is(http.StatusOK)
	if q.get("enough") != false || q.number("credits") <= q.number("available") || q.number("credits") != refused.number("needed") {
		t.Errorf("the quote %s, and the refusal %s", q.body, refused.body)
	}
}

func TestQuoteOfAnOperation(t *testing.T) {
	t.Parallel()
	h := open(t, clock.Clock{})
	token := h.member()
	q := h.send("POST", "/billing/credits/quote", token, object{"operation": "auto_cluster", "units": 101}).is(http.StatusOK)
	if q.number("credits") != 2 || q.number("at_most") != 2 || q.get("enough") != true {
		t.Errorf("101 keywords: %s", q.body)
	}
	h.send("POST", "/billing/credits/quote", token, object{"operation": "poetry", "units": 1}).fault(http.StatusUnprocessableEntity, "credit.unknown_operation")
	prices := h.send("GET", "/billing/credits/prices", token, nil).is(http.StatusOK)
	for _, p := range prices.get("items").([]any) {
		p := p.(map[string]any)
		if p["operation"] == "generate_content" && (p["unit"] != "word" || p["per"] != 100.0 || p["credits"] != 2.0 || p["overrun_percent"] != 25.0) {
			t.Errorf("an article costs %v", p)
		}
	}
}

// TestFailureRules are changed by who may, and told.
func TestFailureRules(t *testing.T) {
	t.Parallel()
	h := open(t, clock.Clock{})
	operator := h.operator()
	set := h.send("PUT", "/admin/failure-rules/unusable", operator, object{"free": 3, "window_seconds": 3600}).is(http.StatusOK)
	if set.number("free") != 3 || set.number("window_seconds") != 3600 {
		t.Errorf("set: %s", set.body)
	}
	h.send("PUT", "/admin/failure-rules/busy", operator, object{"free": nil, "window_seconds": 60}).is(http.StatusOK)
	h.send("PUT", "/admin/failure-rules/odd", operator, object{"free": 3, "window_seconds": 3600}).fault(http.StatusNotFound, "credit.unknown_failure")
	h.send("PUT", "/admin/failure-rules/busy", operator, object{"window_seconds": 60}).is(http.StatusUnprocessableEntity)
	h.send("PUT", "/admin/failure-rules/busy", operator, object{"free": -1, "window_seconds": 60}).is(http.StatusUnprocessableEntity)
	rules := map[any]any{}
	for _, r := range h.send("GET", "/admin/failure-rules", operator, nil).is(http.StatusOK).get("items").([]any) {
		rules[r.(map[string]any)["failure"]] = r.(map[string]any)["free"]
	}
	if len(rules) != 6 || rules["unusable"] != 3.0 || rules["busy"] != nil || rules["cancelled"] != 0.0 {
		t.Errorf("the rules are %v", rules)
	}
}
