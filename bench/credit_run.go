package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"sync"
	"time"

	"igny8/internal/db"
	"igny8/internal/db/dbtest"
)

// setting is what the desks are measured at, one after the other.
type setting struct {
	engine  db.Engine
	settles bool // each hold is settled too; both together count as one
	hot     bool // all come for one account
	clients int
	http    bool
}

func (s setting) String() string {
	what, whose, who, where := "reserve", fmt.Sprintf("%d accounts", manyAccounts), fmt.Sprintf("%d clients", s.clients), "in process"
	if s.settles {
		what = "reserve+settle"
	}
	if s.hot {
		whose = "hot account"
	}
	if s.clients == 1 {
		who = "one client"
	}
	if s.http {
		where = "http"
	}
	return fmt.Sprintf("%s, %s, %s, %s, %s", s.engine, what, whose, who, where)
}

// settings are those whose names match, in the order of the table.
func settings(only *regexp.Regexp) []setting {
	var all []setting
	for _, engine := range []db.Engine{db.Postgres, db.SQLite} {
		for _, settles := range []bool{false, true} {
			for _, hot := range []bool{true, false} {
				for _, clients := range []int{1, 8, 64} {
					for _, http := range []bool{false, true} {
						if s := (setting{engine, settles, hot, clients, http}); only.MatchString(s.String()) {
							all = append(all, s)
						}
					}
				}
			}
		}
	}
	return all
}

// sample is what one window has shown.
type sample struct {
	perSecond float64
	p50, p99  float64 // seconds
}

// measured has a sample for each round.
type measured map[setting]map[string][]sample

// benchCredits measures the desks beside each other: in every round each has a
// window at each setting, so that a machine that changes its speed changes it
// for all.
func benchCredits(ctx context.Context, o options, out io.Writer) error {
	only, err := regexp.Compile(o.only)
	if err != nil {
		return err
	}
	all := settings(only)
	if len(all) == 0 {
		return fmt.Errorf("nothing that is measured is called %q", o.only)
	}
	if usesPostgres := all[0].engine == db.Postgres; usesPostgres && o.database == "" {
		// It starts without durability, for tests; these are PostgreSQL's own settings.
		if o.database, err = dbtest.StartCluster(ctx, "fsync=on", "synchronous_commit=on", "full_page_writes=on", "shared_buffers=128MB"); err != nil {
			return err
		}
	}
	if err := describe(ctx, o, out); err != nil {
		return err
	}
	results := measured{}
	for round := range o.runs {
		for _, engine := range []db.Engine{db.Postgres, db.SQLite} {
			here := slices.DeleteFunc(slices.Clone(all), func(s setting) bool { return s.engine != engine })
			if err := creditRound(ctx, o, round, engine, here, results); err != nil {
				return fmt.Errorf("round %d: %w", round+1, err)
			}
		}
	}
	if err := showCredits(out, all, results); err != nil || o.plot == "" {
		return err
	}
	return os.WriteFile(o.plot, []byte(plot(results)), 0o644)
}

// counter is a desk that is open, for all windows of a round.
type counter struct {
	name string
	desk desk
	told tally
	wipe func() error
}

// creditRound opens every desk on a database of its own, and measures each at
// all settings. Who comes first takes turns.
func creditRound(ctx context.Context, o options, round int, engine db.Engine, at []setting, results measured) (err error) {
	if len(at) == 0 {
		return nil
	}
	var open []*counter
	defer func() {
		for _, c := range open {
			err = errors.Join(err, c.desk.close(), c.wipe())
		}
	}()
	for _, name := range desks {
		opens := openers(engine)[name]
		if opens == nil {
			continue
		}
		url, wipe, err := emptyDatabase(ctx, engine, o.database)
		if err != nil {
			return err
		}
		d, err := opens(ctx, place{url: url, pool: o.pool, accounts: manyAccounts})
		if err != nil {
			return errors.Join(fmt.Errorf("open %s on %s: %w", name, engine, err), wipe())
		}
		open = append(open, &counter{name: name, desk: d, wipe: wipe})
	}
	for _, s := range at {
		_, _ = fmt.Fprintf(os.Stderr, "round %d of %d: %s\n", round+1, o.runs, s) // progress, not the result
		if results[s] == nil {
			results[s] = map[string][]sample{}
		}
		for i := range open {
			c := open[(i+round)%len(open)]
			got, err := c.measure(ctx, s, o.window)
			if err != nil {
				return fmt.Errorf("%s: %s: %w", s, c.name, err)
			}
			results[s][c.name] = append(results[s][c.name], got)
		}
	}
	return nil
}

func emptyDatabase(ctx context.Context, engine db.Engine, server string) (url string, wipe func() error, err error) {
	if engine == db.Postgres {
		within, drop, err := db.Scratch(ctx, server)
		if err != nil {
			return "", nil, err
		}
		return within(server), func() error { return drop(context.WithoutCancel(ctx)) }, nil
	}
	dir, err := os.MkdirTemp("", "igny8-credits-")
	return "sqlite:" + filepath.Join(dir, "credits.db"), func() error { return os.RemoveAll(dir) }, err
}

// measure lets clients in for a window, and then looks into the books.
func (c *counter) measure(ctx context.Context, s setting, window time.Duration) (got sample, err error) {
	callers := slices.Repeat([]caller{c.desk}, s.clients)
	if s.http {
		addr, stop, err := serveDesk(context.WithoutCancel(ctx), c.desk)
		if err != nil {
			return sample{}, err
		}
		defer func() { err = errors.Join(err, stop()) }()
		for i := range callers {
			w, err := dial(ctx, addr)
			if err != nil {
				return sample{}, err
			}
			defer func() { _ = w.Close() }() // all was answered
			callers[i] = w
		}
	}
	took, told, err := crowdOf(ctx, callers, s, window)
	c.told.reserved += told.reserved
	c.told.settled += told.settled
	if err != nil {
		return sample{}, err
	}
	return summary(took, window), c.desk.check(ctx, c.told)
}

// settling is how long clients are there before a window opens, at least:
// until then connections and plans are made.
const settling = 300 * time.Millisecond

// crowdOf is what the calls took that ended within the window, and how many
// were answered in all.
func crowdOf(ctx context.Context, callers []caller, s setting, window time.Duration) (took []time.Duration, told tally, err error) {
	each := make([]visit, len(callers))
	opens := time.Now().Add(max(window/4, settling))
	var wg sync.WaitGroup
	for i := range callers {
		wg.Go(func() {
			v := &each[i]
			// No desk is slowed down by watching for an end that does not come.
			v.err = v.run(context.WithoutCancel(ctx), callers[i], s, rand.New(rand.NewPCG(1, uint64(i))), opens, opens.Add(window))
		})
	}
	wg.Wait()
	for _, v := range each {
		took = append(took, v.took...)
		told.reserved += v.told.reserved
		told.settled += v.told.settled
		err = errors.Join(err, v.err)
	}
	return took, told, errors.Join(err, ctx.Err())
}

// visit is what one client has seen.
type visit struct {
	took []time.Duration
	told tally
	err  error
}

func (v *visit) run(ctx context.Context, c caller, s setting, r *rand.Rand, opens, closes time.Time) error {
	for began := time.Now(); began.Before(closes); {
		account := 0
		if !s.hot {
			account = r.IntN(manyAccounts)
		}
		hold, err := c.reserve(ctx, account)
		if err != nil {
			return err
		}
		v.told.reserved++
		if s.settles {
			if err := c.settle(ctx, account, hold); err != nil {
				return err
			}
			v.told.settled++
		}
		ended := time.Now()
		if ended.After(opens) && ended.Before(closes) {
			v.took = append(v.took, ended.Sub(began))
		}
		began = ended
	}
	return nil
}

func summary(took []time.Duration, window time.Duration) sample {
	if len(took) == 0 {
		return sample{}
	}
	slices.Sort(took)
	return sample{
		perSecond: float64(len(took)) / window.Seconds(),
		p50:       took[len(took)/2].Seconds(), p99: took[len(took)*99/100].Seconds(),
	}
}
