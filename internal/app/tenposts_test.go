package app

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"igny8/internal/db/dbtest"
	"igny8/internal/job"
	"igny8/internal/publish/wordpresstest"
)

// scribe is a vendor of models that takes its time, so that a server can be
// killed over it: it names groups, has five ideas, and writes articles of 130
// words, each with a title of its own.
func scribe(t *testing.T) string {
	t.Helper()
	var asked atomic.Int64
	s := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if _, err := io.Copy(io.Discard, r.Body); err != nil {
			return // the server that asked was killed
		}
		n := asked.Add(1)
		time.Sleep(100 * time.Millisecond)
		ideas := make([]object, 5)
		for i := range ideas {
			ideas[i] = object{"title": fmt.Sprintf("Idea %d of %d", i+1, n), "angle": "A", "audience": "B", "outline": []object{{"heading": "C"}}}
		}
		text, err := json.Marshal(object{"groups": []object{}, "ideas": ideas, "title": fmt.Sprint("Article ", n), "slug": fmt.Sprint("article-", n), "markdown": "## Once\n\n" + strings.Repeat("word ", 129)})
		if err != nil {
			t.Error(err)
		}
		event, err := json.Marshal(object{"choices": []object{{"delta": object{"content": string(text)}, "finish_reason": "stop"}}})
		if err != nil {
			t.Error(err)
		}
		rw.Header().Set("Content-Type", "text/event-stream")
		_, _ = fmt.Fprintf(rw, "data: %s\n\ndata: [DONE]\n\n", event)
	}))
	t.Cleanup(s.Close)
	return s.URL
}

// way is one run from an export to posts, on servers that are killed.
type way struct {
	*house
	victim *victim
	told   []string
	token  string
}

func (w *way) start() {
	w.t.Helper()
	w.victim = startVictim(w.t.(*testing.T), w.told...)
	w.base = w.victim.base
}

// killed kills the server once a job has done so many items, and starts the
// next. It tells how far the job was.
func (w *way) killed(jid string, done int) {
	w.t.Helper()
	for range 2000 {
		j := w.send("GET", "/jobs/"+jid, w.token, nil).is(http.StatusOK)
		if job.State(j.text("state")).Final() {
			w.t.Fatalf("the job ended before the server could be killed: %s", j.body)
		}
		if j.number("done") >= done {
			w.t.Logf("killed at %d of %d: %s", j.number("done"), j.number("total"), j.text("message"))
			w.victim.kill()
			w.start()
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	w.t.Fatal("the job does not get on")
}

// TestFromAnExportToTenPosts goes from the real export to ten posts on a real
// WordPress. The server is killed while it writes, and while it publishes. At
// the end there are ten posts, and every credit is where it should be.
func TestFromAnExportToTenPosts(t *testing.T) {
	t.Parallel()
	content, err := os.ReadFile(shared(t, "keywords/semrush-keywords.csv"))
	if err != nil {
		t.Fatal(err)
	}
	wp := wordpresstest.Start(t)
	w := &way{house: &house{t: t}, told: []string{dbtest.URL(t), filepath.Join(t.TempDir(), "data"), scribe(t)}}
	w.start()
	// A key is good for every address that the next server may have.
	w.token = w.send("POST", "/account/api-keys", w.member(), object{"name": "all", "scopes": []string{
		"content.read", "content.write", "content.approve", "sites.manage", "billing.read",
	}}).is(http.StatusCreated).text("key")
	site := w.site(w.token)
	w.send("PUT", "/sites/"+site+"/wordpress", w.token, object{"url": wp.URL, "username": wp.User, "application_password": wp.Password}).is(http.StatusOK)

	var j shownJob
	if err := w.caller(w.token).upload(t.Context(), "semrush.csv", content, site, &j); err != nil {
		t.Fatal(err)
	}
	imported := w.done(w.token, j.ID)
	if imported["imported"] != 17595.0 {
		t.Errorf("imported %v", imported)
	}
	o := w.send("POST", "/planner/keywords/auto_cluster", w.token, object{"site_id": site}).is(http.StatusAccepted)
	spent := o.number("quote")
	w.done(w.token, o.text("job.id"))
	var clusters []any
	for _, c := range w.send("GET", "/planner/clusters?limit=2&site_id="+site, w.token, nil).is(http.StatusOK).get("items").([]any) {
		clusters = append(clusters, c.(map[string]any)["id"])
	}
	o = w.send("POST", "/planner/clusters/generate_ideas", w.token, object{"cluster_ids": clusters, "count": 5}).is(http.StatusAccepted)
	ideas := w.done(w.token, o.text("job.id"))["ideas"].([]any)
	spent += 5 * len(ideas)
	var tasks []string
	for _, i := range ideas {
		tasks = append(tasks, w.send("POST", "/writer/tasks", w.token, object{"site_id": site, "idea_id": i, "words": 150}).is(http.StatusCreated).text("id"))
	}
	o = w.send("POST", "/writer/tasks/generate_content", w.token, object{"task_ids": tasks}).is(http.StatusAccepted)
	w.killed(o.text("job.id"), 3)
	articles := w.done(w.token, o.text("job.id"))["contents"].([]any)
	if len(articles) != 10 {
		t.Fatalf("%d articles", len(articles))
	}
	spent += 3 * len(articles) // 130 words: 2 credits for each hundred that has begun

	var last string
	for _, a := range articles {
		path := "/writer/content/" + a.(string)
		w.send("POST", path+"/approve", w.token, nil).is(http.StatusOK)
		last = w.send("POST", path+"/publish", w.token, object{"tags": []string{"bees"}}).is(http.StatusAccepted).text("job.id")
	}
	for len(wp.Posts("igny8:"+articles[0].(string))) == 0 { // the others are on their way
		time.Sleep(10 * time.Millisecond)
	}
	w.victim.kill()
	there := 0
	for _, a := range articles {
		there += len(wp.Posts("igny8:" + a.(string)))
	}
	t.Logf("killed when %d posts were there", there)
	w.start()
	w.done(w.token, last)
	posts, published := 0, 0
	for _, a := range articles {
		for deadline := 600; w.send("GET", "/writer/content/"+a.(string)+"/publication", w.token, nil).text("state") != "published"; deadline-- {
			if deadline == 0 {
				t.Fatalf("%s is not published", a)
			}
			time.Sleep(50 * time.Millisecond)
		}
		published++
		for _, p := range wp.Posts("igny8:" + a.(string)) {
			if posts++; p.Status != "publish" {
				t.Errorf("a post is %s", p.Status)
			}
		}
	}
	if published != 10 || posts != 10 {
		t.Errorf("%d articles are published, and there are %d posts", published, posts)
	}
	c := w.send("GET", "/billing/credits", w.token, nil).is(http.StatusOK)
	if c.number("held") != 0 || c.number("available") != 1000-spent {
		t.Errorf("the credits are %s, and %d of 1000 were to be spent", c.body, spent)
	}
	w.victim.kill()
	var out, errs bytes.Buffer
	environ := []string{"IGNY8_DATABASE_URL=" + w.told[0], "IGNY8_DATA=" + w.told[1]}
	if code := Main(t.Context(), []string{"verify"}, environ, Streams{In: strings.NewReader(""), Out: &out, Err: &errs}); code != 0 {
		t.Errorf("verify: exit %d\n%s%s", code, &out, &errs)
	}
}
