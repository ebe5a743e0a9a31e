package app

import (
	"net/http"
	"net/url"
	"testing"

	"igny8/internal/web/webtest"
)

// TestBrowserQueue: River's own pages run under our policy, and a single job is
// left alone there.
func TestBrowserQueue(t *testing.T) {
	t.Parallel()
	onSQLite(t)
	h := openPages(t)
	_, olga := h.employ()
	h.member() // whose letter is a job
	b := webtest.Open(t, h.base, webtest.Options{Width: 1280, Height: 800})
	enter(b, olga, "/staff/jobs").Press(`a[href="/staff/queue/"]`)
	b.Until(`document.body.innerText.includes("Job State")`)
	b.Shoot(pictures(), "queue").Clean()
	b.Go("/staff/queue/jobs?state=completed")
	b.Until(`document.body.innerText.includes("errand")`)
	b.Shoot(pictures(), "queue done").Clean()
	tab := &languageTab{h: h, client: h.tab()}
	tab.post("/sign-in", url.Values{"email": {olga}, "password": {goodPassword}})
	for _, act := range []struct {
		method, path string
		want         int
	}{
		{http.MethodPost, "/staff/queue/api/jobs/cancel", http.StatusForbidden}, {http.MethodPost, "/staff/queue/api/jobs/delete", http.StatusForbidden},
		{http.MethodPost, "/staff/queue/api/jobs/retry", http.StatusForbidden}, {http.MethodPut, "/staff/queue/api/queues/default/pause", http.StatusOK},
	} {
		if status := tab.send(act.method, act.path); status != act.want {
			t.Errorf("%s %s: %d, want %d", act.method, act.path, status, act.want)
		}
	}
	if n := h.count(`SELECT count(*) FROM staff_audit_events WHERE detail LIKE '%admin-pause-queue%' OR detail LIKE '%admin-look-at-queue%'`); n < 2 {
		t.Errorf("%d of the two acts are in the log", n)
	}
}
