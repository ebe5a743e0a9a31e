package app

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"igny8/internal/clock"
	"igny8/internal/config"
)

// TestVersions edits an article, compares what it was with what it is, and goes
// back.
func TestVersions(t *testing.T) {
	t.Parallel()
	h := open(t, clock.Clock{})
	token := h.member()
	a := &agency{house: h, token: token, site: h.site(token)}
	id := a.article("Bees")
	path := "/writer/content/" + id
	before := h.send("GET", path, token, nil).is(http.StatusOK)
	h.send("PATCH", path, token, object{"version": 1, "title": "Wasps", "markdown": "# One\n\nNew line\n"}).is(http.StatusOK)
	d := h.send("GET", path+"/diff", token, nil).is(http.StatusOK)
	if d.text("from.title") != before.text("title") || d.text("to.title") != "Wasps" || d.number("added") == 0 || d.number("removed") == 0 || len(d.get("lines").([]any)) == 0 {
		t.Errorf("compared: %s", d.body)
	}
	if same := h.send("GET", path+"/diff?from=2&to=2", token, nil).is(http.StatusOK); same.number("added") != 0 || same.number("removed") != 0 || len(same.get("lines").([]any)) != 3 {
		t.Errorf("with itself: %s", same.body)
	}
	grades := map[any]any{}
	for _, c := range h.send("GET", path+"/checks", token, nil).is(http.StatusOK).get("items").([]any) {
		grades[c.(map[string]any)["code"]] = c.(map[string]any)["grade"]
	}
	if grades["headings"] != "fail" || grades["length"] != "fail" || grades["title_unique"] != "pass" {
		t.Errorf("the checks: %v", grades)
	}
	h.send("POST", path+"/versions/1/restore", token, object{"version": 1}).fault(http.StatusConflict, "content.changed")
	back := h.send("POST", path+"/versions/1/restore", token, object{"version": 2}).is(http.StatusOK)
	if back.number("version") != 3 || back.text("markdown") != before.text("markdown") || back.text("title") != before.text("title") {
		t.Errorf("back: %s", back.body)
	}
	if second := h.send("GET", path+"/versions/2", token, nil).is(http.StatusOK); second.text("title") != "Wasps" || second.number("version") != 2 {
		t.Errorf("the second: %s", second.body)
	}
	h.send("GET", path+"/versions/9", token, nil).fault(http.StatusNotFound, "content.version_not_found")
	h.send("GET", path+"/diff?from=1&to=9", token, nil).fault(http.StatusNotFound, "content.version_not_found")
}

// TestSiteHasAVoice: a task without a length has the site's, and the model is
// told the tone.
func TestSiteHasAVoice(t *testing.T) {
	t.Parallel()
	var asked atomic.Value
	vendor := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		asked.Store(string(body))
		rw.Header().Set("Content-Type", "text/event-stream")
		_, _ = io.WriteString(rw, `data: {"choices":[{"delta":{"content":"{\"markdown\":\"`+strings.Repeat("word ", 300)+`\"}"},"finish_reason":"stop"}]}`+"\n\ndata: [DONE]\n\n")
	}))
	defer vendor.Close()
	cfg := settings(t)
	cfg.AI = config.AI{Provider: config.OpenAI, BaseURL: vendor.URL, Model: "m"}
	h := openOn(t, clock.Clock{}, cfg)
	token := h.member()
	site := h.site(token)
	h.send("PATCH", "/sites/"+site, token, object{"tone": "like a pirate", "words": 300}).is(http.StatusOK)
	h.send("PATCH", "/sites/"+site, token, object{"words": 5}).fault(http.StatusUnprocessableEntity, "site.invalid_words")
	task := h.send("POST", "/writer/tasks", token, object{"site_id": site, "title": "Bees"}).is(http.StatusCreated)
	if task.number("words") != 300 {
		t.Errorf("the task is %s", task.body)
	}
	h.done(token, h.send("POST", "/writer/tasks/generate_content", token, object{"task_ids": []string{task.text("id")}}).is(http.StatusAccepted).text("job.id"))
	if said, _ := asked.Load().(string); !strings.Contains(said, `\"tone\":\"like a pirate\"`) {
		t.Errorf("the model was asked %s", said)
	}
}

// TestSectionAnew orders one section anew over HTTP, with its price first.
func TestSectionAnew(t *testing.T) {
	t.Parallel()
	h := openWide(t, clock.Clock{})
	token := h.member()
	a := &agency{house: h, token: token, site: h.site(token)}
	id := a.article("Bees")
	path := "/writer/content/" + id
	all := h.send("GET", path+"/sections", token, nil).is(http.StatusOK)
	second := all.get("sections").([]any)[1].(map[string]any)
	if all.number("version") != 1 || second["section"] != 1.0 || second["heading"] == "" || second["words"] == 0.0 {
		t.Errorf("the sections are %s", all.body)
	}
	before := h.send("GET", path, token, nil).is(http.StatusOK)
	order := object{"version": 1, "wish": "shorter"}
	q := h.send("POST", path+"/sections/1/regenerate/quote", token, order).is(http.StatusOK)
	o := h.send("POST", path+"/sections/1/regenerate", token, order).is(http.StatusAccepted)
	if q.text("operation") != "regenerate_section" || q.number("credits") < 1 || q.number("credits") != o.number("quote") {
		t.Errorf("quoted %s, ordered %s", q.body, o.body)
	}
	h.done(token, o.text("job.id"))
	after := h.send("GET", path, token, nil).is(http.StatusOK)
	if after.number("version") != 2 || after.text("markdown") == before.text("markdown") {
		t.Errorf("after: %s", after.body)
	}
	h.send("POST", path+"/sections/1/regenerate", token, order).fault(http.StatusConflict, "content.changed")
	h.send("POST", path+"/sections/99/regenerate", token, object{"version": 2}).fault(http.StatusNotFound, "content.section_not_found")
	for _, v := range h.send("GET", path+"/versions", token, nil).is(http.StatusOK).get("items").([]any) {
		if v.(map[string]any)["prompt_version"] != 0.0 {
			t.Errorf("the version is %v", v)
		}
	}
}

// TestPrompts are changed by who may, and models are told them from then on.
func TestPrompts(t *testing.T) {
	t.Parallel()
	h := open(t, clock.Clock{})
	operator := h.operator()
	first := h.send("GET", "/admin/prompts", operator, nil).is(http.StatusOK).get("items").([]any)
	if len(first) != 4 || first[2].(map[string]any)["kind"] != "generate_content" || first[2].(map[string]any)["version"] != 0.0 {
		t.Errorf("the first are %v", first)
	}
	set := h.send("PUT", "/admin/prompts/generate_content", operator, object{"version": 0, "text": "Write well."}).is(http.StatusOK)
	if set.number("version") != 1 || set.text("actor") == "" {
		t.Errorf("set: %s", set.body)
	}
	h.send("PUT", "/admin/prompts/generate_content", operator, object{"version": 0, "text": "Write well."}).fault(http.StatusConflict, "prompt.changed")
	h.send("PUT", "/admin/prompts/generate_content", operator, object{"version": 1, "text": " "}).fault(http.StatusUnprocessableEntity, "prompt.invalid")
	h.send("PUT", "/admin/prompts/poetry", operator, object{"version": 0, "text": "Rhyme."}).fault(http.StatusNotFound, "prompt.not_found")
	if all := h.send("GET", "/admin/prompts/generate_content/versions", operator, nil).is(http.StatusOK).get("items").([]any); len(all) != 2 {
		t.Errorf("versions %v", all)
	}
	h.send("GET", "/admin/prompts", h.member(), nil).is(http.StatusForbidden)
}
