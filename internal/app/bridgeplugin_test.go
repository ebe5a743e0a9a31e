package app

import (
	"fmt"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"igny8/internal/clock"
	"igny8/internal/publish/wordpresstest"
)

// TestBridgePlugin has the plugin in a real WordPress ask a real server.
func TestBridgePlugin(t *testing.T) {
	t.Parallel()
	wp := wordpresstest.Start(t)
	dir, err := filepath.Abs("../../wordpress/igny8-bridge")
	if err != nil {
		t.Fatal(err)
	}
	wp.Install(dir)
	hand := clock.NewHand(time.Now())
	h := openWide(t, hand.Clock())
	token := h.member()
	a := &agency{house: h, token: token, site: h.site(token), wp: wp}
	h.send("PUT", "/sites/"+a.site+"/wordpress", token, object{"way": "bridge"}).is(http.StatusOK)
	key := h.send("POST", "/account/api-keys", token, object{"name": "plugin", "scopes": []string{"content.read"}, "site_id": a.site}).is(http.StatusCreated).text("key")
	all := h.send("POST", "/account/api-keys", token, object{"name": "all", "scopes": []string{"content.read", "content.write", "content.approve", "sites.manage"}}).is(http.StatusCreated).text("key")
	poll := func() string {
		return wp.Run(`$n = igny8_bridge_poll(); echo is_wp_error($n) ? $n->get_error_message() : $n;`)
	}
	if got := poll(); !strings.Contains(got, "Give the address") {
		t.Errorf("before it is set up: %q", got)
	}
	wp.Run(`update_option('igny8_bridge_server', '` + h.base + `'); update_option('igny8_bridge_key', 'igy_wrong'); update_option('igny8_bridge_author', 1);`)
	if got := poll(); !strings.Contains(got, "not valid") {
		t.Errorf("with a wrong key: %q", got)
	}
	wp.Run(`update_option('igny8_bridge_key', '` + key + `');`)

	one, two := a.article(`Bees & "honey" \ wax`), a.article("Two")
	a.token = all // which outlives what the clock is about to do
	publish := func(id string, body any) {
		t.Helper()
		h.send("POST", "/writer/content/"+id+"/publish", all, body).is(http.StatusAccepted)
	}
	publish(one, object{"categories": []string{"Insects"}, "tags": []string{"bee", "wax"}})
	publish(two, object{"status": "draft"})
	if got := poll(); got != "2" {
		t.Errorf("two were to be seen to: %q", got)
	}
	p := a.publication(one)
	first := a.post(one)
	if p.text("state") != "published" || p.number("post_id") != int(first.ID) || !strings.HasPrefix(p.text("url"), wp.URL) {
		t.Errorf("published: %s", p.body)
	}
	if first.Title != `Bees & "honey" \ wax` && first.Title != `Bees &amp; "honey" \ wax` || first.Status != "publish" || strings.Join(first.Tags, " ") != "bee wax" || first.Categories[0] != "Insects" {
		t.Errorf("the post is %+v", first)
	}
	if p := a.publication(two); p.text("state") != "draft" || a.post(two).Status != "draft" {
		t.Errorf("a draft: %s", p.body)
	}
	if r := h.send("POST", "/sites/"+a.site+"/wordpress/test", all, nil).is(http.StatusOK); r.get("ok") != true {
		t.Errorf("the site is %s", r.body)
	}

	// It dies after it has made the change, and before it says so.
	at := hand.Clock().Now().Add(48 * time.Hour)
	publish(two, object{"at": at})
	wp.Run(`$a = igny8_bridge_ask('GET', '/bridge/content'); igny8_bridge_do($a['items'][0]);`)
	if got := poll(); got != "0" {
		t.Errorf("what another has taken: %q", got)
	}
	hand.Advance(6 * time.Minute)
	if got := poll(); got != "1" || a.post(two).Status != "future" || a.publication(two).text("state") != "scheduled" {
		t.Errorf("after its lease: %q, %s", got, a.publication(two).body)
	}

	h.send("POST", "/writer/content/"+one+"/unpublish", all, nil).is(http.StatusAccepted)
	if got := poll(); got != "1" || a.post(one).Status != "draft" || a.publication(one).text("state") != "withdrawn" {
		t.Errorf("withdrawn: %q, %s", got, a.publication(one).body)
	}
	wp.Run(fmt.Sprintf(`wp_publish_post(%d);`, first.ID)) // by somebody in WordPress
	if s := a.publication(one).text("state"); s != "published" {
		t.Errorf("published in WordPress, and it is %s", s)
	}
	wp.Run(fmt.Sprintf(`update_option('igny8_bridge_server', 'http://127.0.0.1:1'); wp_trash_post(%d); update_option('igny8_bridge_server', '%s');`, first.ID, h.base))
	if poll(); a.publication(one).text("state") != "withdrawn" {
		t.Errorf("trashed while the server was away: %s", a.publication(one).body)
	}
}
