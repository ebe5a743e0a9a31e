package app

import (
	"archive/zip"
	"bytes"
	"encoding/csv"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"

	"igny8/internal/clock"
)

// TestAnAccountTakesItsDataAlong: all of it, in files that other programs read,
// and nothing of anybody else.
func TestAnAccountTakesItsDataAlong(t *testing.T) {
	t.Parallel()
	h := open(t, clock.Clock{})
	stranger := h.member()
	h.send("POST", "/planner/keywords", stranger, object{"site_id": h.site(stranger), "keywords": []object{{"phrase": "somebody else's"}}}).is(http.StatusCreated)
	p := someone("growth", "bank_transfer")
	p["account_name"] = "Bees & Co"
	unpaid := h.send("POST", "/auth/register", "", p).is(http.StatusCreated).text("access_token")
	if a := h.send("GET", "/account/export", unpaid, nil).is(http.StatusOK); !strings.Contains(a.header.Get("Content-Disposition"), "igny8-bees---co-") {
		t.Errorf("who has not paid gets %v", a.header)
	}
	token := h.member()
	site := h.site(token)
	h.send("POST", "/planner/keywords", token, object{"site_id": site, "keywords": []object{{"phrase": "=honey", "volume": 90}, {"phrase": "bee hotel"}}}).is(http.StatusCreated)
	h.done(token, h.send("POST", "/planner/keywords/auto_cluster", token, object{"site_id": site}).is(http.StatusAccepted).text("job.id"))
	cluster := h.send("GET", "/planner/clusters", token, nil).is(http.StatusOK).item(0).text("id")
	h.done(token, h.send("POST", "/planner/clusters/generate_ideas", token, object{"cluster_ids": []string{cluster}, "count": 1}).is(http.StatusAccepted).text("job.id"))
	idea := h.send("GET", "/planner/ideas", token, nil).is(http.StatusOK).item(0).text("id")
	task := h.send("POST", "/writer/tasks", token, object{"site_id": site, "idea_id": idea}).is(http.StatusCreated).text("id")
	h.done(token, h.send("POST", "/writer/tasks/generate_content", token, object{"task_ids": []string{task}}).is(http.StatusAccepted).text("job.id"))
	title := h.send("GET", "/writer/content", token, nil).is(http.StatusOK).item(0).text("title")

	a := h.send("GET", "/account/export", token, nil).is(http.StatusOK)
	z, err := zip.NewReader(bytes.NewReader(a.body), int64(len(a.body)))
	if err != nil {
		t.Fatal(err)
	}
	files, articles := map[string]string{}, 0
	for _, f := range z.File {
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		files[f.Name] = string(text)
		if strings.Contains(string(text), "somebody else's") {
			t.Errorf("%s has what is another account's", f.Name)
		}
		if strings.HasPrefix(f.Name, "articles/") {
			articles++
			if !strings.HasPrefix(string(text), "---\ntitle: \""+title) || !strings.Contains(string(text), "\n## ") {
				t.Errorf("%s: %.200s", f.Name, text)
			}
		}
	}
	if articles != 1 || !strings.Contains(files["README.txt"], "keywords.csv") {
		t.Errorf("%d articles in %d files", articles, len(files))
	}
	for name, want := range map[string]int{"keywords.csv": 3, "credits.csv": 2, "invoices.csv": 1} {
		rows, err := csv.NewReader(strings.NewReader(files[name])).ReadAll()
		if err != nil || len(rows) < want {
			t.Errorf("%s: %d rows, %v", name, len(rows), err)
		}
	}
	if !strings.Contains(files["keywords.csv"], "'=honey,") || !strings.Contains(files["keywords.csv"], ",90,") {
		t.Errorf("keywords: %s", files["keywords.csv"])
	}
	for _, name := range []string{"account.json", "clusters.json", "ideas.json", "tasks.json"} {
		var v any
		if err := json.Unmarshal([]byte(files[name]), &v); err != nil || len(files[name]) < 20 {
			t.Errorf("%s: %v: %s", name, err, files[name])
		}
	}
}
