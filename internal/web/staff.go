package web

import (
	"context"
	"net/http"

	"igny8/internal/account"
	"igny8/internal/bank"
	"igny8/internal/credit"
	"igny8/internal/job"
	"igny8/internal/payment"
	"igny8/internal/tenant"
	"igny8/internal/web/ui"
	"igny8/internal/words"
)

// staffPage is what one of the operator's people sees first: what waits for
// somebody, how the house is, and what the person may do. Each part needs its
// own privilege.
type staffPage struct {
	ui.Page
	Money      bool // the next two are known
	Payments   map[payment.Status]int64
	Lines      map[bank.State]int64
	Accounts   map[account.Status]int64 // nil: not to be seen
	Turnover   credit.Turnover
	Work       bool // the next are known
	Failed     []job.Watched
	Called     func(tenant.AccountID) string
	Privileges []tenant.Privilege
}

// What the overview shows of the past.
const (
	turnoverDays = 30
	failedShown  = 5
)

func (w *Web) staffHome(rw http.ResponseWriter, r *http.Request, v *visit) error {
	p := staffPage{Privileges: v.Operator.Privileges(), Money: v.Operator.Has(payers(v)), Work: v.Operator.Has(tenant.JobsManage)}
	var err error
	if p.Page, err = w.operator(r.Context(), v, "Overview"); err != nil {
		return err
	}
	if p.Money {
		err = w.Identity.Survey(r.Context(), use(v, payers(v), "admin-list-payments"), func(ctx context.Context, s *tenant.Survey) (err error) {
			if p.Payments, err = payment.Counts(ctx, s); err != nil {
				return err
			}
			p.Lines, err = bank.Counts(ctx, s.Shared())
			return err
		})
	}
	if err == nil && v.Operator.Has(tenant.AccountsRead) {
		err = w.Identity.Survey(r.Context(), use(v, tenant.AccountsRead, "admin-list-accounts"), func(ctx context.Context, s *tenant.Survey) (err error) {
			if p.Accounts, err = account.Census(ctx, s); err != nil {
				return err
			}
			p.Turnover, err = credit.TurnoverOf(ctx, s, turnoverDays)
			return err
		})
	}
	if err == nil && p.Work {
		err = w.Identity.Survey(r.Context(), use(v, tenant.JobsManage, "admin-list-jobs"), func(ctx context.Context, s *tenant.Survey) (err error) {
			p.Called = namesOf(ctx, s)
			p.Failed, err = job.Watch(ctx, s, job.Failed, job.ID{}, failedShown)
			for _, j := range p.Failed { // while the snapshot is open
				p.Called(j.Account)
			}
			return err
		})
	}
	if err != nil {
		return err
	}
	return show(r.Context(), rw, http.StatusOK, staffView(p))
}

// waiting is the payments and bank lines that somebody has to look at.
func (p staffPage) waiting() []ui.View {
	return []ui.View{
		{Name: "Waiting for review", Path: "/staff/payments?view=" + viewReview, Count: p.Payments[payment.PendingReview]},
		{Name: "For a second person", Path: "/staff/payments?view=" + viewApproval, Count: p.Payments[payment.AwaitingApproval]},
		{Name: "Open bank lines", Path: "/staff/payments?view=" + viewLines, Count: p.Lines[bank.Open]},
	}
}

// statuses is the accounts by what they are.
func (p staffPage) statuses() []ui.View {
	var all []ui.View
	for _, s := range accountStatuses() {
		if n := p.Accounts[account.Status(s.Value)]; n > 0 {
			all = append(all, ui.View{Name: s.Label, Path: "/staff/accounts?status=" + s.Value, Count: n})
		}
	}
	return all
}

// staffJobsPage is the work of all accounts.
type staffJobsPage struct {
	ui.Page
	State       job.State
	Jobs        []job.Watched
	Called      func(tenant.AccountID) string
	First, Next string
}

func (w *Web) staffJobs(rw http.ResponseWriter, r *http.Request, v *visit) error {
	p := staffJobsPage{State: job.State(r.URL.Query().Get("state"))}
	var err error
	if p.Page, err = w.operator(r.Context(), v, "Jobs"); err != nil {
		return err
	}
	p.Lead = "The work of all accounts, newest first: what it is and how far, not what came of it."
	err = w.Identity.Survey(r.Context(), use(v, tenant.JobsManage, "admin-list-jobs"), func(ctx context.Context, s *tenant.Survey) error {
		all, err := job.Watch(ctx, s, p.State, behind(r, "after", job.ParseID), perPage+1)
		p.Jobs, p.Next = pageOf(r, "after", all, func(j job.Watched) string { return j.ID.String() })
		p.First = firstOf(r, "after")
		p.Called = namesOf(ctx, s)
		for _, j := range p.Jobs { // while the snapshot is open
			p.Called(j.Account)
		}
		return err
	})
	if err != nil {
		return err
	}
	return show(r.Context(), rw, http.StatusOK, staffJobsView(p))
}

// states is the parts of the list, as links.
func (p staffJobsPage) states() []ui.View {
	return jobStates("/staff/jobs", p.State)
}

// endingJob is the question before a job of some account is ended.
func endingJob(jid string, name words.Text) actPage {
	at := "/staff/jobs/" + jid
	return actPage{
		Text: "What it has done stays. The account gets the credits back of what was not begun, and sees that the operator has ended it.",
		Do:   "End the job", Bad: true, Action: at + "/cancel", Back: "/staff/jobs", Facts: []fact{{"Job", name}},
	}
}

func (w *Web) askEndJob(rw http.ResponseWriter, r *http.Request, v *visit) error {
	jid, acc, err := w.locateJob(r, v)
	if err != nil {
		return err
	}
	var j job.Job
	err = w.Identity.Act(r.Context(), use(v, tenant.JobsManage, "admin-list-jobs"), acc, func(ctx context.Context, tx *tenant.Tx) (err error) {
		j, err = job.Load(ctx, tx, jid)
		return err
	})
	if err != nil {
		return err
	}
	return w.showAct(rw, r, v, http.StatusOK, "End this job?", endingJob(jid.String(), jobName(j.Kind)))
}

// locateJob finds the job that the path names, and whose it is.
func (w *Web) locateJob(r *http.Request, v *visit) (jid job.ID, acc tenant.AccountID, err error) {
	if jid, err = idOf(job.ParseID, r.PathValue("id"), job.ErrNotFound); err != nil {
		return jid, acc, err
	}
	err = w.Identity.Survey(r.Context(), use(v, tenant.JobsManage, "admin-cancel-job"), func(ctx context.Context, s *tenant.Survey) (err error) {
		acc, err = job.Locate(ctx, s, jid)
		return err
	})
	return jid, acc, err
}

func (w *Web) endJob(rw http.ResponseWriter, r *http.Request, v *visit) error {
	jid, acc, err := w.locateJob(r, v)
	if err != nil {
		return err
	}
	err = w.Identity.Act(r.Context(), use(v, tenant.JobsManage, "admin-cancel-job"), acc, func(ctx context.Context, tx *tenant.Tx) error {
		return w.Jobs.Cancel(ctx, tx, jid)
	})
	if err != nil {
		return err
	}
	w.say(rw, ui.Good, "It is being ended.")
	return to(rw, r, "/staff/jobs")
}

// messagesPage is what payment providers have told us.
type messagesPage struct {
	ui.Page
	State       payment.EventState
	Messages    []payment.Told
	First, Next string
}

func (w *Web) messages(rw http.ResponseWriter, r *http.Request, v *visit) error {
	p := messagesPage{State: payment.EventState(r.URL.Query().Get("state"))}
	var err error
	if p.Page, err = w.operator(r.Context(), v, "Messages"); err != nil {
		return err
	}
	p.Lead = "What Stripe and PayPal have told this server, newest first."
	err = w.Identity.Survey(r.Context(), use(v, tenant.PaymentsConfirm, "admin-list-webhook-events"), func(ctx context.Context, s *tenant.Survey) error {
		all, err := payment.Events(ctx, s, p.State, behind(r, "after", payment.ParseEventID), perPage+1)
		p.Messages, p.Next = pageOf(r, "after", all, func(m payment.Told) string { return m.ID.String() })
		p.First = firstOf(r, "after")
		return err
	})
	if err != nil {
		return err
	}
	return show(r.Context(), rw, http.StatusOK, messagesView(p))
}

// states is the parts of the list, as links.
func (p messagesPage) states() []ui.View {
	all := []ui.View{{Name: "All", Path: "/staff/messages", Count: -1, Here: p.State == ""}}
	for _, s := range []struct {
		name  words.Text
		state payment.EventState
	}{{"To be looked into", payment.EventReceived}, {"Done", payment.EventDone}, {"Not ours", payment.EventIgnored}, {"Failed", payment.EventFailed}} {
		all = append(all, ui.View{Name: s.name, Path: "/staff/messages?state=" + string(s.state), Count: -1, Here: p.State == s.state})
	}
	return all
}

// messagePage is one of them, as it came.
type messagePage struct {
	ui.Page
	Message payment.Told
	Body    string
}

func (w *Web) message(rw http.ResponseWriter, r *http.Request, v *visit) error {
	eid, err := idOf(payment.ParseEventID, r.PathValue("id"), payment.ErrEventNotFound)
	if err != nil {
		return err
	}
	var p messagePage
	err = w.Identity.Survey(r.Context(), use(v, tenant.PaymentsConfirm, "admin-get-webhook-event"), func(ctx context.Context, s *tenant.Survey) error {
		m, body, err := w.Desk.LoadEvent(ctx, s, eid)
		p.Message, p.Body = m, string(body)
		return err
	})
	if err != nil {
		return err
	}
	if p.Page, err = w.operator(r.Context(), v, words.Verbatim(p.Message.Type)); err != nil {
		return err
	}
	return show(r.Context(), rw, http.StatusOK, messageView(p))
}

// replayMessage has a message looked into again.
func (w *Web) replayMessage(rw http.ResponseWriter, r *http.Request, v *visit) error {
	eid, err := idOf(payment.ParseEventID, r.PathValue("id"), payment.ErrEventNotFound)
	if err != nil {
		return err
	}
	err = w.shared(r, v, tenant.PaymentsConfirm, "admin-replay-webhook-event", func(ctx context.Context, tx *tenant.SharedTx) error {
		_, err := w.Desk.Replay(ctx, tx, eid)
		return err
	})
	if err != nil {
		return err
	}
	w.say(rw, ui.Good, "It will be looked into again.")
	return to(rw, r, "/staff/messages/"+eid.String())
}
