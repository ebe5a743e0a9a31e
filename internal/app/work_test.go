package app

import (
	"errors"
	"net/http"
	"strings"
	"testing"

	"igny8/internal/clock"
)

const coffee = "Keyword,Volume,KD,CPC,Intent\n" +
	"coffee grinder,\"1,000\",12,0.5,Commercial\nburr coffee grinder,500,,,\nbest coffee grinder,400,,,\ncoffee grinders,90,,,\n" +
	"Café Crème,10,,,\ncafe creme,20,,,\nfrench press,100,,,\nhow to use a french press,80,,,\nfrench press coffee,70,,,\n,1,,,\n"

func TestImportAccountsForEveryRow(t *testing.T) {
	t.Parallel()
	h := open(t, clock.Clock{})
	token, site := h.flow(coffee)
	first := h.send("GET", "/planner/keywords?limit=4&site_id="+site, token, nil).is(http.StatusOK)
	if n := len(first.get("items").([]any)); n != 4 || first.text("next_cursor") == "" {
		t.Errorf("the first page: %s", first.body)
	}
	rest := h.send("GET", "/planner/keywords?site_id="+site+"&cursor="+first.text("next_cursor"), token, nil).is(http.StatusOK)
	if n := len(rest.get("items").([]any)); n != 4 || rest.text("next_cursor") != "" {
		t.Errorf("the second page has %d: %s", n, rest.body)
	}
	k := first.get("items").([]any)[0].(map[string]any)
	if k["phrase"] != "coffee grinder" || k["volume"] != 1000.0 || k["difficulty"] != 12.0 || k["cpc_micros"] != 500_000.0 || k["intent"] != "commercial" {
		t.Errorf("the first keyword: %v", k)
	}
	var j shownJob
	if err := h.caller(token).upload(t.Context(), "again.csv", []byte(coffee), site, &j); err != nil {
		t.Fatal(err)
	}
	again := h.done(token, j.ID)
	for name, want := range map[string]float64{"rows": 10, "imported": 0, "duplicates": 9, "rejected": 1} {
		if again[name] != want {
			t.Errorf("the second time %s is %v, want %v", name, again[name], want)
		}
	}
	h.verify()
}

func TestFilesThatCannotBeImported(t *testing.T) {
	t.Parallel()
	h := open(t, clock.Clock{})
	token := h.member()
	site := h.site(token)
	for name, c := range map[string]struct{ content, code string }{
		"empty":           {"", "keyword_file.empty"},
		"unknown columns": {"Foo,Bar\n1,2\n", "keyword_file.no_keyword_column"},
		"a picture":       {"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR", "keyword_file.not_text"},
		"an open quote":   {"Keyword,Volume\n\"coffee,1\nb,2\n" + strings.Repeat("c,3\n", 100), "keyword_file.unclosed_quote"},
		"10 MB on a line": {"Keyword\n" + strings.Repeat("x", 10<<20), "keyword_file.line_too_long"},
	} {
		err := h.caller(token).upload(t.Context(), name+".csv", []byte(c.content), site, nil)
		var r refusal
		if !errors.As(err, &r) || r.Status != http.StatusUnprocessableEntity || r.Code != c.code || r.Detail == "" {
			t.Errorf("%s: %v, want %s", name, err, c.code)
		}
	}
	err := h.caller(token).upload(t.Context(), "list.csv", []byte("a"), "site_00000000000000000000000000", nil)
	var r refusal
	if !errors.As(err, &r) || r.Code != "site.not_found" {
		t.Errorf("to a site that is not there: %v", err)
	}
	h.send("POST", "/planner/keywords/import", token, object{"site_id": site}).fault(http.StatusUnprocessableEntity, "request.invalid")
	empty := h.send("GET", "/planner/keywords", token, nil).is(http.StatusOK)
	if n := len(empty.get("items").([]any)); n != 0 {
		t.Errorf("something was imported: %s", empty.body)
	}
}

// TestThePipeline follows a list to an article that is edited and approved.
func TestThePipeline(t *testing.T) {
	t.Parallel()
	h := open(t, clock.Clock{})
	token, site := h.flow(coffee)
	h.send("POST", "/planner/keywords", token, object{"site_id": site, "keywords": []object{{"phrase": "espresso"}, {"phrase": "  CAFE   créme "}}}).is(http.StatusCreated)
	o := h.send("POST", "/planner/keywords/auto_cluster", token, object{"site_id": site}, "Idempotency-Key", "c").is(http.StatusAccepted)
	if again := h.send("POST", "/planner/keywords/auto_cluster", token, object{"site_id": site}, "Idempotency-Key", "c").is(http.StatusAccepted); again.text("job.id") != o.text("job.id") {
		t.Errorf("ordered twice: %s and %s", o.body, again.body)
	}
	if r := h.done(token, o.text("job.id")); r["keywords"] != 9.0 {
		t.Errorf("clustered %v", r)
	}
	clusters := h.send("GET", "/planner/clusters?site_id="+site, token, nil).is(http.StatusOK).get("items").([]any)
	largest := clusters[0].(map[string]any)
	inside := h.send("GET", "/planner/keywords?cluster_id="+largest["id"].(string), token, nil).is(http.StatusOK)
	if n := len(inside.get("items").([]any)); float64(n) != largest["size"] {
		t.Errorf("%d keywords in a cluster of %v", n, largest["size"])
	}
	o = h.send("POST", "/planner/clusters/generate_ideas", token, object{"cluster_ids": []any{largest["id"]}, "count": 3}).is(http.StatusAccepted)
	ideas := h.done(token, o.text("job.id"))["ideas"].([]any)
	if len(ideas) != 3 {
		t.Errorf("ideas %v", ideas)
	}
	task := h.send("POST", "/writer/tasks", token, object{"site_id": site, "idea_id": ideas[0], "words": 400}).is(http.StatusCreated)
	if task.text("title") != h.send("GET", "/planner/ideas/"+ideas[0].(string), token, nil).is(http.StatusOK).text("title") {
		t.Errorf("the task has another title than its idea: %s", task.body)
	}
	order := object{"task_ids": []string{task.text("id")}}
	o = h.send("POST", "/writer/tasks/generate_content", token, order).is(http.StatusAccepted)
	id := h.done(token, o.text("job.id"))["contents"].([]any)[0].(string)
	h.send("POST", "/writer/tasks/generate_content", token, order).fault(http.StatusConflict, "writer.task_busy")
	article := h.send("GET", "/writer/content/"+id, token, nil).is(http.StatusOK)
	if !strings.Contains(article.text("markdown"), "Offline draft") || !strings.Contains(article.text("html"), "<h2") {
		t.Errorf("the article: %s", article.body)
	}
	h.edit(token, id)
	c := h.send("GET", "/billing/credits", token, nil).is(http.StatusOK)
	if c.get("held") != 0.0 || c.get("available").(float64) >= 1000 {
		t.Errorf("credits: %s", c.body)
	}
	h.verify()
}

// edit changes an article and approves it.
func (h *house) edit(token, id string) {
	h.t.Helper()
	h.send("POST", "/writer/content/"+id+"/approve", token, nil).is(http.StatusOK)
	edited := h.send("PATCH", "/writer/content/"+id, token, object{"version": 1, "markdown": "Mine. <script>alert(1)</script>"}).is(http.StatusOK)
	if edited.text("status") != "draft" || edited.get("version") != 2.0 || strings.Contains(edited.text("html"), "script") {
		h.t.Errorf("edited: %s", edited.body)
	}
	h.send("PATCH", "/writer/content/"+id, token, object{"version": 1, "title": "Late"}).fault(http.StatusConflict, "content.changed")
	h.send("PATCH", "/writer/content/"+id, token, object{"version": 2, "slug": "No Slug"}).fault(http.StatusUnprocessableEntity, "content.invalid")
	versions := h.send("GET", "/writer/content/"+id+"/versions", token, nil).is(http.StatusOK)
	if n := len(versions.get("items").([]any)); n != 2 {
		h.t.Errorf("versions: %s", versions.body)
	}
	if s := h.send("POST", "/writer/content/"+id+"/approve", token, nil).is(http.StatusOK).text("status"); s != "approved" {
		h.t.Errorf("approved: %s", s)
	}
}

// TestWhoCannotPayBuysNothing orders more than there are credits for.
func TestWhoCannotPayBuysNothing(t *testing.T) {
	t.Parallel()
	h := open(t, clock.Clock{})
	token, site := h.flow(coffee)
	var tasks []string
	for range 12 {
		tasks = append(tasks, h.send("POST", "/writer/tasks", token, object{"site_id": site, "title": "Long", "words": 5000}).is(http.StatusCreated).text("id"))
	}
	refused := h.send("POST", "/writer/tasks/generate_content", token, object{"task_ids": tasks}).fault(http.StatusPaymentRequired, "credit.insufficient")
	if refused.get("available") == nil || refused.get("needed") == nil || refused.get("held") == nil {
		t.Errorf("without figures: %s", refused.body)
	}
	for _, item := range h.send("GET", "/writer/tasks", token, nil).is(http.StatusOK).get("items").([]any) {
		if s := item.(map[string]any)["status"]; s != "todo" {
			t.Errorf("a task is %v", s)
		}
	}
	if c := h.send("GET", "/billing/credits", token, nil).is(http.StatusOK); c.get("available") != 1000.0 || c.get("held") != 0.0 {
		t.Errorf("credits: %s", c.body)
	}
	h.verify()
}

// TestNothingOfAnotherTenant asks with a second tenant's credential for every
// thing that the first has.
func TestNothingOfAnotherTenant(t *testing.T) {
	t.Parallel()
	h := open(t, clock.Clock{})
	token, site := h.flow(coffee)
	o := h.send("POST", "/planner/keywords/auto_cluster", token, object{"site_id": site}).is(http.StatusAccepted)
	h.done(token, o.text("job.id"))
	cluster := h.send("GET", "/planner/clusters", token, nil).is(http.StatusOK).get("items").([]any)[0].(map[string]any)["id"].(string)
	task := h.send("POST", "/writer/tasks", token, object{"site_id": site, "title": "T"}).is(http.StatusCreated).text("id")
	key := h.send("POST", "/account/api-keys", token, object{"name": "k", "scopes": []string{"content.read"}}).is(http.StatusCreated).text("id")
	other := h.member()
	for _, c := range []struct {
		method, path string
		body         any
		code         string
	}{
		{"GET", "/sites/" + site, nil, "site.not_found"},
		{"PATCH", "/sites/" + site, object{"name": "mine"}, "site.not_found"},
		{"GET", "/sites/" + site + "/sectors", nil, "site.not_found"},
		{"POST", "/sites/" + site + "/sectors", object{"name": "mine"}, "site.not_found"},
		{"POST", "/planner/keywords", object{"site_id": site, "keywords": []object{{"phrase": "x"}}}, "site.not_found"},
		{"POST", "/planner/keywords/auto_cluster", object{"site_id": site}, "site.not_found"},
		{"GET", "/planner/clusters/" + cluster, nil, "cluster.not_found"},
		{"POST", "/planner/clusters/generate_ideas", object{"cluster_ids": []string{cluster}}, "cluster.not_found"},
		{"POST", "/writer/tasks", object{"site_id": site, "title": "x"}, "site.not_found"},
		{"POST", "/writer/tasks/generate_content", object{"task_ids": []string{task}}, "task.not_found"},
		{"GET", "/jobs/" + o.text("job.id"), nil, "job.not_found"},
		{"POST", "/jobs/" + o.text("job.id") + "/cancel", nil, "job.not_found"},
		{"DELETE", "/account/api-keys/" + key, nil, "api_key.not_found"},
		{"GET", "/admin/accounts", nil, "auth.forbidden"},
	} {
		status := http.StatusNotFound
		if c.code == "auth.forbidden" {
			status = http.StatusForbidden
		}
		h.send(c.method, c.path, other, c.body).fault(status, c.code)
	}
	for _, path := range []string{"/sites", "/planner/keywords", "/planner/clusters", "/planner/ideas", "/writer/tasks", "/writer/content", "/billing/invoices", "/account/api-keys"} {
		if n := len(h.send("GET", path, other, nil).is(http.StatusOK).get("items").([]any)); n != 0 {
			t.Errorf("%s shows %d items of another tenant", path, n)
		}
	}
}
