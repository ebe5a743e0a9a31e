package web

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"

	"igny8/internal/identity"
	"igny8/internal/tenant"
	"igny8/internal/words"
)

// QueuePath is where River's own pages of the queue are: see job.Options.UIPath.
const QueuePath = "/staff/queue"

// queuePolicy is contentPolicy with styles that scripts make, which River's pages
// cannot do without. No script of theirs is let in but those of the binary.
var queuePolicy = strings.Replace(contentPolicy, "style-src 'self'", "style-src 'self' 'unsafe-inline'", 1)

// mountQueue is the queue as River shows it. A queue can be paused there and
// resumed. A single job is not touched: it is stopped and ordered again on the
// page of jobs, where the account is told and its credits come back, which River
// knows nothing of.
func (w *Web) mountQueue() {
	may := identity.Staff(tenant.JobsManage)
	w.mount("GET "+QueuePath+"/", may, w.queue)
	w.mount("PUT "+QueuePath+"/api/queues/{name}/pause", may, w.queueAct("admin-pause-queue"))
	w.mount("PUT "+QueuePath+"/api/queues/{name}/resume", may, w.queueAct("admin-resume-queue"))
	for _, act := range []string{"cancel", "delete", "retry"} {
		w.mount("POST "+QueuePath+"/api/jobs/"+act, may, w.refuseOnQueue)
	}
}

// queue shows a page, or a part of one. The page is written down, and what it
// asks for while it is open is not.
func (w *Web) queue(rw http.ResponseWriter, r *http.Request, v *visit) error {
	if part := strings.TrimPrefix(r.URL.Path, QueuePath); !strings.HasPrefix(part, "/api/") && !strings.HasPrefix(part, "/assets/") && !strings.Contains(part, ".") {
		if err := w.Identity.Survey(r.Context(), use(v, tenant.JobsManage, "admin-look-at-queue"), func(context.Context, *tenant.Survey) error { return nil }); err != nil {
			return err
		}
		rw.Header().Set("Cache-Control", "no-store")
		rw.Header().Set("Content-Security-Policy", queuePolicy)
	}
	w.Jobs.UI().ServeHTTP(rw, r)
	return nil
}

// queueAct lets an act through, and writes it down before.
func (w *Web) queueAct(operation string) handler {
	return func(rw http.ResponseWriter, r *http.Request, v *visit) error {
		if err := w.Identity.ActShared(r.Context(), use(v, tenant.JobsManage, operation), func(context.Context, *tenant.SharedTx) error { return nil }); err != nil {
			return err
		}
		w.Jobs.UI().ServeHTTP(rw, r)
		return nil
	}
}

const notOnQueue words.Text = "A single job is stopped, and ordered again, on the page of jobs: there the account is told, and its credits come back."

// refuseOnQueue says so in the way that River's pages show.
func (w *Web) refuseOnQueue(rw http.ResponseWriter, r *http.Request, _ *visit) error {
	rw.Header().Set("Content-Type", "application/json")
	rw.WriteHeader(http.StatusForbidden)
	return json.NewEncoder(rw).Encode(map[string]string{"message": say(r.Context(), notOnQueue)})
}
