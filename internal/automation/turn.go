package automation

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"igny8/internal/account"
	"igny8/internal/clock"
	"igny8/internal/credit"
	"igny8/internal/fault"
	"igny8/internal/id"
	"igny8/internal/job"
	"igny8/internal/planner"
	"igny8/internal/publish"
	"igny8/internal/site"
	"igny8/internal/tenant"
	"igny8/internal/writer"
)

// Rooms are those whose work a pipeline orders.
type Rooms struct {
	Planner *planner.Planner
	Writer  *writer.Writer
	Press   *publish.Press
	// Admit says why the account may not order anything, or nil.
	Admit credit.Admit
}

// Manager runs pipelines.
type Manager struct{ r Rooms }

// New makes a Manager.
func New(r Rooms) *Manager { return &Manager{r: r} }

// Actor is who orders what pipelines order, as the ledger and the log write it.
const Actor = "pipeline"

// When a pipeline is looked at.
const (
	every = 5 * time.Second
	soon  = 15 * time.Second // while something is being done
	later = 5 * time.Minute  // when it waits for something
)

// Round is what the queue is to make.
func (m *Manager) Round() job.Round {
	return job.Round{Name: "pipelines", As: Actor, Every: every, Find: due, Do: m.Do}
}

func due(ctx context.Context, r job.Rows, at time.Time, limit int) ([]tenant.AccountID, error) {
	var all []tenant.AccountID
	err := r.Each(ctx, `SELECT account_id FROM pipelines WHERE next_at <= $1 GROUP BY account_id ORDER BY min(next_at) LIMIT $2`,
		[]any{clock.Micros(at), limit}, func(scan tenant.Scan) error {
			var a tenant.AccountID
			err := scan(&a)
			all = append(all, a)
			return err
		})
	if err != nil {
		return nil, fmt.Errorf("pipelines that are due: %w", err)
	}
	return all, nil
}

// Do gives each pipeline of an account that is due its turn.
func (m *Manager) Do(ctx context.Context, tx *tenant.Tx) error {
	if err := account.Lock(ctx, tx); err != nil { // two processes: the second finds nothing due
		return err
	}
	var all []Pipeline
	err := tx.Each(ctx, `SELECT `+columns+` FROM pipelines WHERE account_id = $1 AND next_at <= $2 ORDER BY next_at`,
		[]any{clock.Micros(tx.Now())}, func(scan tenant.Scan) error {
			p, err := read(scan)
			all = append(all, p)
			return err
		})
	if err != nil {
		return fmt.Errorf("pipelines that are due: %w", err)
	}
	for _, p := range all {
		runs, waits, err := m.turn(ctx, tx, p)
		if err != nil {
			return fmt.Errorf("pipeline of %s: %w", p.Site, err)
		}
		if err := p.note(ctx, tx, runs, waits); err != nil {
			return fmt.Errorf("pipeline of %s: %w", p.Site, err)
		}
	}
	return nil
}

// note writes down what a turn came to, and when the next one is.
func (p Pipeline) note(ctx context.Context, tx *tenant.Tx, runs []Run, waits *fault.Fault) error {
	for _, n := range runs {
		_, err := tx.Exec(ctx, `
			INSERT INTO pipeline_runs (account_id, id, site_id, step, items, quote, job_id, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
			n.ID, n.Site, string(n.Step), n.Items, n.Quote, n.Job, clock.Micros(n.Created))
		if err != nil {
			return err
		}
	}
	code, pause := "", soon
	if waits != nil {
		code = waits.Code
	}
	if waits != nil && !errors.Is(waits, errWorking) {
		pause = later
	}
	_, err := tx.Exec(ctx, `UPDATE pipelines SET waits = $3, next_at = $4 WHERE account_id = $1 AND site_id = $2`,
		p.Site, code, clock.Micros(tx.Now().Add(pause)))
	return err
}

// Foresee is what the next turn of a site's pipeline would order, and what it
// waits for. It does it: the caller takes the transaction back.
func (m *Manager) Foresee(ctx context.Context, tx *tenant.Tx, sid site.ID) ([]Run, *fault.Fault, error) {
	p, err := Load(ctx, tx, sid)
	if err != nil {
		return nil, nil, err
	}
	return m.turn(ctx, tx, p)
}

// turn orders what is next, and says what it waits for when that is nothing. Of
// the steps that cost credits one is ordered at a time.
func (m *Manager) turn(ctx context.Context, tx *tenant.Tx, p Pipeline) ([]Run, *fault.Fault, error) {
	if err := m.r.Admit(ctx, tx); err != nil {
		return waiting(err)
	}
	if err := account.Stays(ctx, tx); err != nil {
		return waiting(err)
	}
	t := &turn{m: m, p: p, day: p.dayOf(tx.Now())}
	if err := t.ready(ctx, tx); err != nil {
		return waiting(err)
	}
	var runs []Run
	reason := errNothingToDo
	for _, s := range []struct {
		step Step
		do   func(context.Context, *tenant.Tx) (Run, error)
	}{{Publish, t.publish}, {Approve, t.approve}, {Write, t.write}, {Ideas, t.ideas}, {Cluster, t.cluster}} {
		if !slices.Contains(p.Steps, s.step) {
			continue
		}
		n, err := s.do(ctx, tx)
		switch f := fault.Of(err); {
		case err == nil:
			n.ID, n.Site, n.Step, n.Created = id.New[runKind](), p.Site, s.step, tx.Now()
			if runs = append(runs, n); n.Quote > 0 {
				return runs, nil, nil
			}
		case errors.Is(err, errNothingWasThere):
		case errors.Is(err, errDayDone):
			reason = errDayDone
		case f.Kind == fault.PaymentRequired:
			return runs, f, nil
		case errors.Is(err, publish.ErrNoChannel):
			reason = publish.ErrNoChannel
		default:
			return nil, nil, err
		}
	}
	if len(runs) > 0 {
		return runs, nil, nil
	}
	return nil, reason, nil
}

// waiting tells a fault, which is what a pipeline waits for, from an error.
func waiting(err error) ([]Run, *fault.Fault, error) {
	if f := fault.Of(err); f.Kind != fault.Internal && f.Kind != fault.Unavailable {
		return nil, f, nil
	}
	return nil, nil, err
}

// turn is one look at a pipeline.
type turn struct {
	m       *Manager
	p       Pipeline
	day     time.Time
	today   map[Step]int64 // what was ordered since the day began
	purse   credit.Credits // what may be spent
	lacking *fault.Fault   // what it is called when that is not enough
}

// dayOf is when the day began.
func (Pipeline) dayOf(t time.Time) time.Time { return t.UTC().Truncate(24 * time.Hour) }

// lookedAt is how many of the newest runs are looked at for work that goes on.
const lookedAt = 100

// ready reads what has been done, and is errWorking while what was ordered last
// goes on.
func (t *turn) ready(ctx context.Context, tx *tenant.Tx) error {
	newest, err := Runs(ctx, tx, t.p.Site, RunID{}, lookedAt)
	if err != nil {
		return err
	}
	var jobs []job.ID
	for _, n := range newest {
		if !n.Job.IsZero() {
			jobs = append(jobs, n.Job)
		}
	}
	if n, err := job.Unfinished(ctx, tx, jobs); err != nil || n > 0 {
		return errors.Join(err, working(n))
	}
	t.today = map[Step]int64{}
	err = tx.Each(ctx, `SELECT step, sum(items) FROM pipeline_runs WHERE account_id = $1 AND site_id = $2 AND created_at >= $3 GROUP BY step`,
		[]any{t.p.Site, clock.Micros(t.day)}, func(scan tenant.Scan) error {
			var s Step
			var n int64
			err := scan(&s, &n)
			t.today[s] = n
			return err
		})
	if err != nil {
		return fmt.Errorf("what was ordered today: %w", err)
	}
	return t.open(ctx, tx)
}

func working(n int64) error {
	if n == 0 {
		return nil
	}
	return errWorking
}

// open finds out what may be spent: what there is, and what of the month's
// budget is left.
func (t *turn) open(ctx context.Context, r tenant.Reader) error {
	b, err := credit.BalanceOf(ctx, r)
	if err != nil {
		return err
	}
	t.purse, t.lacking = b.Available, credit.ErrInsufficient
	if t.p.Budget == nil {
		return nil
	}
	month := time.Date(t.day.Year(), t.day.Month(), 1, 0, 0, 0, 0, time.UTC)
	lines, err := credit.Usage(ctx, r, credit.UsageQuery{
		From: month, Until: t.day.Add(24 * time.Hour), Per: credit.Month, Site: t.p.Site.String(),
		Actor: tenant.Actor{Kind: tenant.System, ID: Actor}.String(),
	})
	if err != nil {
		return err
	}
	left := *t.p.Budget
	for _, l := range lines {
		left -= l.Credits
	}
	if left = max(0, left); left < t.purse {
		t.purse, t.lacking = left, errBudgetSpent
	}
	return nil
}

// most is how many of a step may be ordered still today, which is errDayDone
// for none.
func (t *turn) most(s Step, perDay int64) (int64, error) {
	if n := perDay - t.today[s]; n > 0 {
		return n, nil
	}
	return 0, errDayDone
}

// cluster groups what is in no cluster yet.
func (t *turn) cluster(ctx context.Context, tx *tenant.Tx) (Run, error) {
	n, err := planner.Unclustered(ctx, tx, t.p.Site)
	if err != nil {
		return Run{}, err
	}
	if n == 0 {
		return Run{}, errNothingWasThere
	}
	cost, err := credit.Quote(ctx, tx, credit.AutoCluster, n)
	if err != nil {
		return Run{}, err
	}
	if cost > t.purse {
		return Run{}, t.lacking
	}
	o, err := t.m.r.Planner.AutoCluster(ctx, tx, t.p.Site, nil)
	return Run{Items: n, Quote: o.Quote, Job: o.Job}, err
}

// How many ideas are asked of a cluster at once, and for how many days of
// writing ideas are kept in store.
const (
	ideasEach = 5
	daysAhead = 3
)

// ideas finds ideas for clusters that have none, those most searched for first:
// as many as are written in the days ahead, where they are written.
func (t *turn) ideas(ctx context.Context, tx *tenant.Tx) (Run, error) {
	most, err := t.most(Ideas, t.p.Ideas)
	if err != nil {
		return Run{}, err
	}
	if slices.Contains(t.p.Steps, Write) {
		stored, err := planner.Proposed(ctx, tx, t.p.Site, int(t.p.Articles*daysAhead))
		if err != nil {
			return Run{}, err
		}
		most = min(most, t.p.Articles*daysAhead-int64(len(stored)))
	}
	if most <= 0 {
		return Run{}, errNothingWasThere
	}
	each := min(most, ideasEach)
	clusters, err := planner.Barren(ctx, tx, t.p.Site, int(most/each))
	if err != nil {
		return Run{}, err
	}
	if len(clusters) == 0 {
		return Run{}, errNothingWasThere
	}
	cost, err := credit.Quote(ctx, tx, credit.GenerateIdeas, each)
	if err != nil {
		return Run{}, err
	}
	for cost > 0 && cost*credit.Credits(len(clusters)) > t.purse {
		if clusters = clusters[:len(clusters)-1]; len(clusters) == 0 {
			return Run{}, t.lacking
		}
	}
	o, err := t.m.r.Planner.GenerateIdeas(ctx, tx, clusters, int(each))
	return Run{Items: each * int64(len(clusters)), Quote: o.Quote, Job: o.Job}, err
}

// write orders articles: of the tasks that wait, and then of ideas.
func (t *turn) write(ctx context.Context, tx *tenant.Tx) (Run, error) {
	most, err := t.most(Write, t.p.Articles)
	if err != nil {
		return Run{}, err
	}
	tasks, err := writer.Tasks(ctx, tx, writer.TaskFilter{Site: t.p.Site, Status: writer.Todo, Limit: int(most)})
	if err != nil {
		return Run{}, err
	}
	ideas, err := planner.Proposed(ctx, tx, t.p.Site, int(most)-len(tasks))
	if err != nil {
		return Run{}, err
	}
	if len(tasks)+len(ideas) == 0 {
		return Run{}, errNothingWasThere
	}
	var chosen []writer.TaskID
	left := t.purse
	for _, k := range tasks {
		cost, err := writer.Cost(ctx, tx, k.Words)
		if err != nil {
			return Run{}, err
		}
		if cost > left {
			break
		}
		left -= cost
		chosen = append(chosen, k.ID)
	}
	where, err := site.Load(ctx, tx, t.p.Site)
	if err != nil {
		return Run{}, err
	}
	for _, i := range ideas {
		cost, err := writer.Cost(ctx, tx, cmp.Or(where.Words, writer.UsualWords))
		if err != nil {
			return Run{}, err
		}
		if cost > left {
			break
		}
		left -= cost
		k, err := writer.CreateTask(ctx, tx, writer.NewTask{Site: t.p.Site, Idea: i})
		if err != nil {
			return Run{}, err
		}
		chosen = append(chosen, k.ID)
	}
	if len(chosen) == 0 {
		return Run{}, t.lacking
	}
	o, err := t.m.r.Writer.GenerateContent(ctx, tx, chosen)
	return Run{Items: int64(len(chosen)), Quote: o.Quote, Job: o.Job}, err
}

// approvedAtOnce is how many articles one turn approves.
const approvedAtOnce = 50

// approve approves articles as they were written. One that a person has edited,
// or that fails a check, is left to a person.
func (t *turn) approve(ctx context.Context, tx *tenant.Tx) (Run, error) {
	fresh, err := writer.Fresh(ctx, tx, t.p.Site, approvedAtOnce)
	if err != nil {
		return Run{}, err
	}
	var n int64
	for _, c := range fresh {
		sound, err := isSound(ctx, tx, c)
		if err != nil {
			return Run{}, err
		}
		if !sound {
			continue
		}
		if _, err := writer.Approve(ctx, tx, c, 0); err != nil {
			return Run{}, err
		}
		n++
	}
	if n == 0 {
		return Run{}, errNothingWasThere
	}
	return Run{Items: n}, nil
}

// isSound tells whether an article fails no check.
func isSound(ctx context.Context, r tenant.Reader, cid writer.ContentID) (bool, error) {
	c, err := writer.Load(ctx, r, cid)
	if err != nil {
		return false, err
	}
	checks, err := writer.Quality(ctx, r, c)
	for _, c := range checks {
		if c.Grade == writer.Fail {
			return false, err
		}
	}
	return true, err
}

// publish orders that approved articles appear: as many as may in a day, spread
// over what is left of it, so that a site does not get all of them in a minute.
func (t *turn) publish(ctx context.Context, tx *tenant.Tx) (Run, error) {
	most, err := t.most(Publish, t.p.Posts)
	if err != nil {
		return Run{}, err
	}
	waiting, err := publish.Waiting(ctx, tx, t.p.Site, int(most))
	if err != nil {
		return Run{}, err
	}
	if len(waiting) == 0 {
		return Run{}, errNothingWasThere
	}
	if _, err := publish.LoadChannel(ctx, tx, t.p.Site); err != nil {
		return Run{}, err
	}
	last := job.ID{}
	gap := t.day.Add(24*time.Hour).Sub(tx.Now()) / time.Duration(most)
	for i, c := range waiting {
		o := publish.Order{Wanted: publish.AsPost}
		if i > 0 {
			o.At = tx.Now().Add(time.Duration(i) * gap)
		}
		p, err := t.m.r.Press.Publish(ctx, tx, c, o)
		if err != nil {
			return Run{}, err
		}
		last = p.Job
	}
	return Run{Items: int64(len(waiting)), Job: last}, nil
}
