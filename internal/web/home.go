package web

import (
	"context"
	"errors"
	"net/http"
	"time"

	"igny8/internal/account"
	"igny8/internal/automation"
	"igny8/internal/credit"
	"igny8/internal/identity"
	"igny8/internal/invoice"
	"igny8/internal/job"
	"igny8/internal/planner"
	"igny8/internal/publish"
	"igny8/internal/site"
	"igny8/internal/subscription"
	"igny8/internal/tenant"
	"igny8/internal/web/ui"
	"igny8/internal/words"
	"igny8/internal/writer"
)

// homePage is what a member sees first: what the account has, what runs, what is
// next, and what waits for somebody.
type homePage struct {
	ui.Page
	Holder       account.Account
	Verified     bool // the person's e-mail address
	Address      string
	Bills        bool // the member may see what follows
	Subscription subscription.Subscription
	Balance      credit.Balance
	Steps        []homeStep // of who begins; none once the first article is published
	Errands      []errand
	Work         homeWork
	Next         []homeNext
}

// homeStep is one of the first steps.
type homeStep struct {
	Name, Says words.Text
	Path       string
	Done       bool
}

// errand is something that waits for somebody.
type errand struct {
	Tone ui.Tone
	Says words.Text
	Path string
	Do   words.Text // the words of the link
}

// homeWork is what runs, or waits to.
type homeWork struct {
	Locale ui.Locale
	Jobs   []job.Job
}

// homeNext is what happens by itself, when.
type homeNext struct {
	At   time.Time
	Says words.Text
	Path string
	What words.Text // publishes, or looks for work
}

// tally is how many articles each site has in each status.
type tally map[site.ID]map[writer.ContentStatus]int64

// of is how many there are in a status, whatever the site.
func (t tally) of(s writer.ContentStatus) (n int64) {
	for _, on := range t {
		n += on[s]
	}
	return n
}

// ends is what the end of the period means.
func (p homePage) ends() words.Text {
	switch p.Subscription.Status {
	case subscription.Trialing:
		return "Trial ends"
	case subscription.Cancelled, subscription.Expired:
		return "Ended"
	default:
		return "Paid until"
	}
}

// done is how many of the first steps are.
func (p homePage) done() (n int64) {
	for _, s := range p.Steps {
		if s.Done {
			n++
		}
	}
	return n
}

// next is the first step that is not done.
func (p homePage) next() homeStep {
	for _, s := range p.Steps {
		if !s.Done {
			return s
		}
	}
	return homeStep{}
}

func (w *Web) home(rw http.ResponseWriter, r *http.Request, v *visit) error {
	p := homePage{Bills: v.Scope.Permissions().Has(tenant.ReadBilling)}
	u, err := w.Identity.UserOf(r.Context(), v.User)
	if err != nil {
		return err
	}
	p.Verified, p.Address = !u.Verified.IsZero() || v.Support != nil, u.Email
	err = w.within(r, v, &p.Page, "Home", p.read)
	if err != nil {
		return err
	}
	if v.Support == nil {
		p.Lead = greeting(u)
	}
	return show(r.Context(), rw, http.StatusOK, homeView(p))
}

// read reads all of the page.
func (p *homePage) read(ctx context.Context, view *tenant.View) (err error) {
	if p.Holder, err = account.Load(ctx, view); err != nil {
		return err
	}
	if p.Bills {
		if err := p.readBilling(ctx, view); err != nil {
			return err
		}
	}
	sites, err := site.List(ctx, view, "", mostSites)
	if err != nil {
		return err
	}
	channels, err := publish.Channels(ctx, view)
	if err != nil {
		return err
	}
	articles, err := writer.Tally(ctx, view)
	if err != nil {
		return err
	}
	if tally(articles).of(writer.Published) == 0 {
		if err := p.readSteps(ctx, view, sites, channels, articles); err != nil {
			return err
		}
	}
	if err := p.readErrands(ctx, view, sites, channels, articles); err != nil {
		return err
	}
	if more := len(p.Errands) - errandsShown; more > 1 {
		p.Errands = append(p.Errands[:errandsShown], errand{Tone: ui.Note, Path: "/articles", Do: "To the articles", Says: words.With("And %s more.", p.Locale.Number(int64(more)))})
	}
	if err := p.readNext(ctx, view, sites); err != nil {
		return err
	}
	p.Work, err = workNow(ctx, view, p.Locale)
	return err
}

func greeting(u identity.User) words.Text { return words.With("Welcome, %s.", u.FirstName) }

// readBilling reads the plan and the credits, and what has to be done about them.
func (p *homePage) readBilling(ctx context.Context, r tenant.Reader) (err error) {
	p.Subscription, err = subscription.Current(ctx, r)
	if err != nil && !errors.Is(err, subscription.ErrNotFound) { // an account of the operator's has none
		return err
	}
	if p.Balance, err = credit.BalanceOf(ctx, r); err != nil {
		return err
	}
	due, err := invoice.ListOpen(ctx, r)
	if err != nil {
		return err
	}
	for _, i := range due {
		p.Errands = append(p.Errands, errand{
			Tone: ui.Warn, Path: "/billing/invoices/" + i.ID.String(), Do: "Look at it",
			Says: words.With("Invoice %s of %s is open.", i.Number, p.Locale.Money(i.AmountDue())),
		})
	}
	low, err := credit.AlertOf(ctx, r)
	if err == nil && low.Low {
		p.Errands = append(p.Errands, errand{Tone: ui.Warn, Path: "/billing/credits", Do: "Buy credits", Says: "Your credits run out."})
	}
	return err
}

// readSteps reads how far an account has come that has published nothing yet.
func (p *homePage) readSteps(ctx context.Context, r tenant.Reader, sites []site.Site, channels []publish.Channel, articles tally) error {
	begun, err := planner.HasBegun(ctx, r)
	if err != nil {
		return err
	}
	connect := "/sites"
	if len(sites) > 0 {
		connect = "/sites/" + sites[0].ID.String()
	}
	p.Steps = []homeStep{
		{"Add a site", "Where you publish: a domain with its language.", "/sites/new", len(sites) > 0},
		{"Import keywords", "The export of Semrush, Ahrefs, Search Console or Keyword Planner, or a list of your own.", "/keywords", begun.Keywords},
		{"Group them into clusters", "What people search for in different words, on one page each.", "/keywords", begun.Clusters},
		{"Find ideas", "What to write for each cluster.", "/clusters", begun.Ideas},
		{"Write an article", "You see what it costs before it is written.", "/ideas", len(articles) > 0},
		{"Connect WordPress", "With its application password, or with our plugin.", connect, len(channels) > 0},
		{"Publish", "Read it, approve it, and choose when it appears.", "/articles", false},
	}
	return nil
}

// waitingShown is how many approved articles of a site are counted at most.
const waitingShown = 20

// errandsShown is how many errands are told one by one.
const errandsShown = 20

// failuresShown is how many failures of a kind are named one by one.
const failuresShown = 3

// failedLately is how old a failed job may be that is still named.
const failedLately = 3 * 24 * time.Hour

// readErrands reads what waits for somebody.
func (p *homePage) readErrands(ctx context.Context, r tenant.Reader, sites []site.Site, channels []publish.Channel, articles tally) error {
	names := map[site.ID]string{}
	for _, s := range sites {
		names[s.ID] = s.Name
		read, list := articles[s.ID], "/articles?site="+s.ID.String()
		if n := read[writer.Review] + read[writer.Draft]; n > 0 {
			p.Errands = append(p.Errands, errand{Tone: ui.Note, Path: list, Do: "Read", Says: p.Locale.Count(n, "1 article waits to be read and approved: %s.", "%s articles wait to be read and approved: %s.", s.Name)})
		}
		if read[writer.Approved] == 0 {
			continue
		}
		waiting, err := publish.Waiting(ctx, r, s.ID, waitingShown)
		if err != nil {
			return err
		}
		if n := int64(len(waiting)); n > 0 {
			says := p.Locale.Count(n, "1 approved article is not published yet: %s.", "%s approved articles are not published yet: %s.", s.Name)
			if n == waitingShown {
				says = words.With("%s or more approved articles are not published yet: %s.", p.Locale.Number(n), s.Name)
			}
			p.Errands = append(p.Errands, errand{Tone: ui.Note, Path: list + "&status=approved", Do: "Publish", Says: says})
		}
	}
	for _, c := range channels {
		if c.Trouble != "" || c.Health != nil && len(c.Health.Problems) > 0 {
			p.Errands = append(p.Errands, errand{Tone: ui.Bad, Path: "/sites/" + c.Site.String(), Do: "Look at it", Says: words.With("The connection of %s to WordPress has a problem.", names[c.Site])})
		}
	}
	failed, err := publish.Failures(ctx, r, failuresShown)
	if err != nil {
		return err
	}
	for _, f := range failed {
		p.Errands = append(p.Errands, errand{Tone: ui.Bad, Path: "/articles/" + f.Content.String(), Do: "Look at it", Says: words.With("“%s” could not be published: %s", f.Title, f.Detail)})
	}
	jobs, err := job.List(ctx, r, job.Filter{State: job.Failed, Limit: failuresShown})
	for _, j := range jobs {
		if j.Kind != (publish.SendArgs{}).Kind() && r.Now().Sub(j.Finished) < failedLately {
			p.Errands = append(p.Errands, errand{Tone: ui.Bad, Path: "/jobs/" + j.ID.String(), Do: "Look at it", Says: words.With("%s did not work: %s", jobName(j.Kind), j.Error.Detail)})
		}
	}
	return err
}

const (
	nextDays  = 7 // of what is to appear
	nextShown = 6
)

// readNext reads what happens by itself in the days to come.
func (p *homePage) readNext(ctx context.Context, r tenant.Reader, sites []site.Site) error {
	now := r.Now()
	posts, err := publish.Calendar(ctx, r, publish.Filter{From: now, Until: now.AddDate(0, 0, nextDays), Limit: nextShown})
	if err != nil {
		return err
	}
	for _, one := range posts {
		p.Next = append(p.Next, homeNext{appears(one), words.Verbatim(one.Title), "/articles/" + one.Content.String(), "appears"})
	}
	pipelines, err := automation.All(ctx, r)
	if err != nil {
		return err
	}
	for _, s := range sites {
		for _, a := range pipelines {
			if a.Site == s.ID && !a.Next.IsZero() && !a.Paused {
				p.Next = append(p.Next, homeNext{a.Next, words.With("Pipeline of %s", s.Name), "/sites/" + s.ID.String() + "/pipeline", "looks for work"})
			}
		}
	}
	return nil
}

// workShown is how many jobs the first page shows.
const workShown = 5

// workNow is what runs, or waits to.
func workNow(ctx context.Context, r tenant.Reader, l ui.Locale) (homeWork, error) {
	now := homeWork{Locale: l}
	for _, s := range []job.State{job.Running, job.Queued} {
		some, err := job.List(ctx, r, job.Filter{State: s, Limit: workShown - len(now.Jobs)})
		if err != nil {
			return homeWork{}, err
		}
		now.Jobs = append(now.Jobs, some...)
	}
	return now, nil
}

// homeJobs is the part of the page that shows what runs.
func (w *Web) homeJobs(rw http.ResponseWriter, r *http.Request, v *visit) error {
	var now homeWork
	err := w.st.View(r.Context(), v.Scope, func(ctx context.Context, view *tenant.View) (err error) {
		now, err = workNow(ctx, view, v.page.Locale)
		return err
	})
	if err != nil {
		return err
	}
	return show(r.Context(), rw, http.StatusOK, workFigure(now))
}

// homeCredits is the part of the page that shows the balance.
func (w *Web) homeCredits(rw http.ResponseWriter, r *http.Request, v *visit) error {
	var b credit.Balance
	err := w.st.View(r.Context(), v.Scope, func(ctx context.Context, view *tenant.View) (err error) {
		b, err = credit.BalanceOf(ctx, view)
		return err
	})
	if err != nil {
		return err
	}
	return show(r.Context(), rw, http.StatusOK, creditsFigure(v.page.Locale, b))
}

// How often these parts renew themselves.
const (
	creditsEvery = 20 * time.Second
	workEvery    = 5 * time.Second
)
