package app

import (
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"igny8/internal/clock"
	"igny8/internal/job"
	"igny8/internal/publish/wordpresstest"
)

// agency is a tenant with a site that is connected to a real WordPress.
type agency struct {
	*house
	token, site string
	wp          *wordpresstest.Site
}

// openAgency starts a server for which sites may be on loopback.
func openAgency(t *testing.T, c clock.Clock) *agency {
	t.Helper()
	wp := wordpresstest.Start(t)
	cfg := settings(t)
	cfg.Debug, cfg.PrivateSites = true, true
	h := openOn(t, c, cfg)
	token := h.member()
	a := &agency{h, token, h.site(token), wp}
	a.connect(wp.URL, wp.Password)
	return a
}

func (a *agency) connect(url, password string) {
	a.t.Helper()
	c := a.send("PUT", "/sites/"+a.site+"/wordpress", a.token, object{"url": url, "username": a.wp.User, "application_password": password}).is(http.StatusOK)
	if strings.Contains(string(c.body), password) {
		a.t.Errorf("the password is told: %s", c.body)
	}
}

// article writes an article and approves it.
func (a *agency) article(title string) string {
	a.t.Helper()
	task := a.send("POST", "/writer/tasks", a.token, object{"site_id": a.site, "title": title, "words": 200}).is(http.StatusCreated).text("id")
	o := a.send("POST", "/writer/tasks/generate_content", a.token, object{"task_ids": []string{task}}).is(http.StatusAccepted)
	id := a.done(a.token, o.text("job.id"))["contents"].([]any)[0].(string)
	a.send("POST", "/writer/content/"+id+"/approve", a.token, nil).is(http.StatusOK)
	return id
}

// publish orders an article's publication, and waits for its job.
func (a *agency) publish(id, action string, body any) answer {
	a.t.Helper()
	o := a.send("POST", "/writer/content/"+id+"/"+action, a.token, body).is(http.StatusAccepted)
	a.ended(o.text("job.id"))
	return a.publication(id)
}

func (a *agency) publication(id string) answer {
	a.t.Helper()
	return a.send("GET", "/writer/content/"+id+"/publication", a.token, nil).is(http.StatusOK)
}

// ended waits until a job has ended, well or not.
func (a *agency) ended(id string) answer {
	a.t.Helper()
	for range 600 {
		j := a.send("GET", "/jobs/"+id, a.token, nil).is(http.StatusOK)
		if job.State(j.text("state")).Final() {
			return j
		}
		time.Sleep(50 * time.Millisecond)
	}
	a.t.Fatalf("job %s does not end", id)
	return answer{}
}

// post is the one post of an article.
func (a *agency) post(id string) wordpresstest.Post {
	a.t.Helper()
	all := a.wp.Posts("igny8:" + id)
	if len(all) != 1 {
		a.t.Fatalf("%d posts of %s: %+v", len(all), id, all)
	}
	return all[0]
}

// TestAnArticleComesToWordPress goes from an approved article to a post, edits
// it, schedules it, and takes it back.
func TestAnArticleComesToWordPress(t *testing.T) {
	t.Parallel()
	a := openAgency(t, clock.Clock{})
	if r := a.send("POST", "/sites/"+a.site+"/wordpress/test", a.token, nil).is(http.StatusOK); r.get("ok") != true {
		t.Errorf("the connection: %s", r.body)
	}
	id := a.article("Bees & honey")
	path := "/writer/content/" + id
	a.send("GET", path+"/publication", a.token, nil).fault(http.StatusNotFound, "publish.none")
	p := a.publish(id, "publish", object{"categories": []string{"Insects"}, "tags": []string{"bee"}})
	if p.text("state") != "published" || p.get("stale") != false || !strings.HasPrefix(p.text("url"), a.wp.URL) || p.get("error") != nil {
		t.Errorf("published: %s", p.body)
	}
	first := a.post(id)
	if first.Status != "publish" || first.Categories[0] != "Insects" || first.Tags[0] != "bee" || !strings.Contains(first.Content, "<h2") {
		t.Errorf("the post is %+v", first)
	}
	if s := a.send("GET", path, a.token, nil).text("status"); s != "published" {
		t.Errorf("the article is %s", s)
	}

	a.send("PATCH", path, a.token, object{"version": 1, "markdown": "## New\n\nText <script>alert(1)</script>"}).is(http.StatusOK)
	if p := a.publication(id); p.get("stale") != true {
		t.Errorf("edited: %s", p.body)
	}
	a.send("POST", path+"/publish", a.token, object{}).fault(http.StatusConflict, "publish.not_approved")
	a.send("POST", path+"/approve", a.token, nil).is(http.StatusOK)
	at := time.Now().Add(72 * time.Hour).UTC().Truncate(time.Second)
	if p := a.publish(id, "publish", object{"at": at}); p.text("state") != "scheduled" || p.get("stale") != false {
		t.Errorf("scheduled: %s", p.body)
	}
	second := a.post(id)
	if second.ID != first.ID || second.Status != "future" || second.Date != at.Format(time.DateTime) || !strings.Contains(second.Content, "New") || strings.Contains(second.Content, "script") {
		t.Errorf("the post is %+v", second)
	}
	cal := a.send("GET", "/writer/calendar?site_id="+a.site+"&from="+url.QueryEscape(time.Now().Format(time.RFC3339)), a.token, nil).is(http.StatusOK)
	if items := cal.get("items").([]any); len(items) != 1 || items[0].(map[string]any)["content_id"] != id || items[0].(map[string]any)["title"] != "Bees & honey" {
		t.Errorf("the calendar: %s", cal.body)
	}
	if p := a.publish(id, "publish", object{}); p.text("state") != "published" || a.post(id).Status != "publish" {
		t.Errorf("at once after all: %s", p.body)
	}
	if p := a.publish(id, "unpublish", nil); p.text("state") != "withdrawn" || a.post(id).Status != "draft" {
		t.Errorf("withdrawn: %s", p.body)
	}
	if s := a.send("GET", path, a.token, nil).text("status"); s != "approved" {
		t.Errorf("the article is %s", s)
	}
	a.send("DELETE", "/sites/"+a.site+"/wordpress", a.token, nil).is(http.StatusNoContent)
	a.send("POST", path+"/publish", a.token, object{}).fault(http.StatusConflict, "publish.no_channel")
}

// TestALostAnswerMakesNoSecondPost has the site do what is asked, and its answer
// lost on the way.
func TestALostAnswerMakesNoSecondPost(t *testing.T) {
	t.Parallel()
	a := openAgency(t, clock.Clock{})
	to, err := url.Parse(a.wp.URL)
	if err != nil {
		t.Fatal(err)
	}
	var made atomic.Int64
	proxy := &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(to) },
		ModifyResponse: func(r *http.Response) error {
			if r.Request.Method == http.MethodPost && strings.HasSuffix(r.Request.URL.Query().Get("rest_route"), "/posts") && made.Add(1) == 1 {
				return http.ErrAbortHandler
			}
			return nil
		},
		ErrorHandler: func(http.ResponseWriter, *http.Request, error) { panic(http.ErrAbortHandler) },
	}
	between := httptest.NewServer(proxy)
	defer between.Close()
	between.Config.ErrorLog = log.New(io.Discard, "", 0)
	a.connect(between.URL, a.wp.Password)
	id := a.article("Once")
	if p := a.publish(id, "publish", object{}); p.text("state") != "published" {
		t.Errorf("published: %s", p.body)
	}
	if a.post(id).Status != "publish" || made.Load() != 1 {
		t.Errorf("%d were made", made.Load())
	}
}

// TestWhatWordPressRefuses says why, and the article can be published again.
func TestWhatWordPressRefuses(t *testing.T) {
	t.Parallel()
	a := openAgency(t, clock.Clock{})
	id := a.article("Refused")
	a.connect(a.wp.URL, "abcd efgh ijkl mnop")
	if r := a.send("POST", "/sites/"+a.site+"/wordpress/test", a.token, nil).is(http.StatusOK); r.get("ok") != false || r.text("trouble") != "bad_password" || r.text("detail") == "" {
		t.Errorf("a wrong password: %s", r.body)
	}
	p := a.publish(id, "publish", object{})
	if p.text("state") != "failed" || p.text("error.code") != "wordpress.refused" && p.text("error.code") != "publish.stopped" {
		t.Errorf("refused: %s", p.body)
	}
	a.connect(a.wp.URL, a.wp.Password)
	if p := a.publish(id, "publish", object{"image_url": a.wp.URL + "/readme.html"}); p.text("state") != "failed" {
		t.Errorf("a page as a picture: %s", p.body)
	}
	if p := a.publish(id, "publish", object{}); p.text("state") != "published" {
		t.Errorf("with the right one: %s", p.body)
	}
	for name, body := range map[string]object{
		"no name":   {"url": "https://", "username": "a", "application_password": "b"},
		"another":   {"url": "ftp://example.com", "username": "a", "application_password": "b"},
		"no user":   {"url": a.wp.URL, "username": "", "application_password": "b"},
		"a colon":   {"url": a.wp.URL, "username": "a:b", "application_password": "b"},
		"no secret": {"url": a.wp.URL, "username": "a"},
	} {
		if r := a.send("PUT", "/sites/"+a.site+"/wordpress", a.token, body); r.status != http.StatusUnprocessableEntity {
			t.Errorf("%s: %d %s", name, r.status, r.body)
		}
	}
}

// TestWhatHappensInWordPressIsSeen trashes one post and lets another appear.
func TestWhatHappensInWordPressIsSeen(t *testing.T) {
	t.Parallel()
	hand := clock.NewHand(time.Now())
	a := openAgency(t, hand.Clock())
	trashed, scheduled := a.article("Trashed"), a.article("Scheduled")
	a.publish(trashed, "publish", object{})
	a.publish(scheduled, "publish", object{"at": time.Now().Add(time.Hour)})
	a.wp.Run(fmt.Sprintf(`wp_trash_post(%d); wp_publish_post(%d);`, a.post(trashed).ID, a.post(scheduled).ID))
	a.token = a.send("POST", "/account/api-keys", a.token, object{"name": "later", "scopes": []string{"content.read"}}).is(http.StatusCreated).text("key")
	hand.Advance(25 * time.Hour)
	if err := a.s.jobs.Make(t.Context(), a.s.press.Round()); err != nil {
		t.Fatal(err)
	}
	for id, want := range map[string]string{trashed: "failed", scheduled: "published"} {
		for deadline := 1200; a.publication(id).text("state") != want; deadline-- {
			if deadline == 0 {
				t.Fatalf("nobody has noticed: %s", a.publication(id).body)
			}
			time.Sleep(100 * time.Millisecond)
		}
	}
	if p := a.publication(trashed); p.text("error.code") != "publish.gone" {
		t.Errorf("trashed: %s", p.body)
	}
}

// TestBridge is a plugin that asks for what it is to do.
func TestBridge(t *testing.T) {
	t.Parallel()
	h := openWide(t, clock.Clock{})
	token := h.member()
	a := &agency{house: h, token: token, site: h.site(token)}
	key := h.send("POST", "/account/api-keys", token, object{"name": "plugin", "scopes": []string{"content.read"}, "site_id": a.site}).is(http.StatusCreated).text("key")
	h.send("GET", "/bridge/content", key, nil).fault(http.StatusConflict, "publish.no_channel")
	h.send("PUT", "/sites/"+a.site+"/wordpress", token, object{"way": "bridge"}).is(http.StatusOK)
	if r := h.send("POST", "/sites/"+a.site+"/wordpress/test", token, nil).is(http.StatusOK); r.text("trouble") != "not_seen" {
		t.Errorf("before the plugin has asked: %s", r.body)
	}
	one, two := a.article("One"), a.article("Two")
	for _, id := range []string{one, two} {
		if o := h.send("POST", "/writer/content/"+id+"/publish", token, object{"tags": []string{"x"}}).is(http.StatusAccepted); o.get("job") != nil {
			t.Errorf("a job for what the plugin does: %s", o.body)
		}
	}
	// What waits can be ordered otherwise; what the plugin has cannot.
	h.send("POST", "/writer/content/"+two+"/publish", token, object{"tags": []string{"y"}}).is(http.StatusAccepted)
	report := func(id string, body object) answer { return h.send("POST", "/bridge/content/"+id+"/status", key, body) }
	if p := report(two, object{"status": "published", "post_id": 9}).is(http.StatusOK); p.text("state") != "queued" || p.number("post_id") != 9 {
		t.Errorf("a report of an order before is taken for one of this: %s", p.body)
	}
	first := h.send("GET", "/bridge/content?limit=1", key, nil).is(http.StatusOK).get("items").([]any)[0].(map[string]any)
	rest := h.send("GET", "/bridge/content", key, nil).is(http.StatusOK).get("items").([]any)
	if len(rest) != 1 || first["id"] != one || rest[0].(map[string]any)["id"] != two {
		t.Errorf("the first is given %v, and then %v", first["id"], rest)
	}
	if first["action"] != "publish" || first["status"] != "publish" || !strings.Contains(first["html"].(string), "<!-- igny8:"+one+" -->") || fmt.Sprint(first["tags"]) != "[x]" || fmt.Sprint(rest[0].(map[string]any)["tags"]) != "[y]" {
		t.Errorf("the plugin is told %v", first)
	}
	h.send("POST", "/writer/content/"+one+"/publish", token, object{}).fault(http.StatusConflict, "publish.busy")
	report(one, object{"status": "published"}).fault(http.StatusUnprocessableEntity, "bridge.invalid_report")
	for range 2 {
		p := report(one, object{"status": "published", "post_id": 7, "url": "https://example.com/one"}).is(http.StatusOK)
		if p.text("state") != "published" || p.number("post_id") != 7 || p.get("stale") != false {
			t.Errorf("reported: %s", p.body)
		}
	}
	if p := report(one, object{"status": "published", "post_id": 7, "url": "javascript:alert(1)"}).is(http.StatusOK); p.get("url") != nil && p.text("url") != "" {
		t.Errorf("an address that is none of the web is shown: %s", p.body)
	}
	long := "The category is locked." + strings.Repeat(" Look\tat it.", 100)
	if p := report(two, object{"status": "failed", "error": long}).is(http.StatusOK); p.text("error.code") != "bridge.failed" || !strings.Contains(p.text("error.detail"), "The category is locked. Look at it.") || len(p.text("error.detail")) > 500 {
		t.Errorf("failed: %s", p.body)
	}
	h.send("POST", "/writer/content/"+one+"/unpublish", token, nil).is(http.StatusAccepted)
	if back := h.send("GET", "/bridge/content", key, nil).get("items").([]any)[0].(map[string]any); back["action"] != "unpublish" || back["post_id"] != 7.0 {
		t.Errorf("to be withdrawn: %v", back)
	}
	report(one, object{"status": "withdrawn"}).is(http.StatusOK)
	h.send("POST", "/bridge/health", key, object{"plugin_version": "1.0", "wordpress_version": "6.1", "php_version": "8.2", "problems": []string{"Cron is off."}}).is(http.StatusNoContent)
	c := h.send("GET", "/sites/"+a.site+"/wordpress", token, nil).is(http.StatusOK)
	if c.text("health.wordpress_version") != "6.1" || c.get("seen_at") == nil {
		t.Errorf("the site is %s", c.body)
	}
	if r := h.send("POST", "/sites/"+a.site+"/wordpress/test", token, nil).is(http.StatusOK); r.text("trouble") != "problems" || r.text("detail") != "Cron is off." {
		t.Errorf("with problems: %s", r.body)
	}

	// An order that waits for a plugin that is asked no more does not wait for ever.
	h.send("POST", "/writer/content/"+two+"/publish", token, object{}).is(http.StatusAccepted)
	h.send("DELETE", "/sites/"+a.site+"/wordpress", token, nil).is(http.StatusNoContent)
	if p := a.publication(two).is(http.StatusOK); p.text("state") != "failed" || p.text("error.code") != "publish.reconnected" {
		t.Errorf("after the connection has gone: %s", p.body)
	}

	// A key of another account, or of none, reaches nothing of it.
	stranger := h.member()
	site := h.site(stranger)
	theirs := h.send("POST", "/account/api-keys", stranger, object{"name": "plugin", "scopes": []string{"content.read"}, "site_id": site}).is(http.StatusCreated).text("key")
	h.send("PUT", "/sites/"+site+"/wordpress", stranger, object{"way": "bridge"}).is(http.StatusOK)
	h.send("POST", "/bridge/content/"+one+"/status", theirs, object{"status": "failed"}).fault(http.StatusNotFound, "content.not_found")
	h.send("GET", "/bridge/content", token, nil).is(http.StatusForbidden)
}
