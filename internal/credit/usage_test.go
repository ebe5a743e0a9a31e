package credit_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"igny8/internal/credit"
	"igny8/internal/job"
	"igny8/internal/tenant"
	"igny8/internal/tenant/tenanttest"
)

// spender orders and does work, as different people, and keeps its own account
// of what was spent.
type spender struct {
	*house
	spent map[credit.UsageLine]credit.Credits // by what a line is about
	count map[credit.UsageLine]int64
}

func newSpender(h *house) *spender {
	return &spender{h, map[credit.UsageLine]credit.Credits{}, map[credit.UsageLine]int64{}}
}

// as is the scope of somebody else in the account.
func (s *spender) as(actor string) tenant.Scope {
	who, err := tenant.ParseActor(actor)
	if err != nil {
		s.t.Fatal(err)
	}
	return tenant.Mint(s.s.Account(), who, tenant.AllPermissions)
}

// order is work that somebody ordered.
type order struct {
	id    credit.HoldID
	want  credit.Want
	actor string
}

func (s *spender) order(actor string, w credit.Want) (order, error) {
	o := order{want: w, actor: actor}
	err := s.st.Update(s.t.Context(), s.as(actor), func(ctx context.Context, tx *tenant.Tx) (err error) {
		o.id, err = credit.Reserve(ctx, tx, w)
		return err
	})
	return o, err
}

// end ends the work in the name of a job.
func (s *spender) end(o order, used credit.Credits) error {
	err := s.st.Update(s.t.Context(), s.as("system:job"), func(ctx context.Context, tx *tenant.Tx) error {
		h, err := credit.Open(ctx, tx, o.id)
		if err == nil {
			err = credit.Settle(ctx, tx, h, used)
		}
		return err
	})
	if err == nil {
		key := credit.UsageLine{
			Day: s.hand.Clock().Now().Format(time.DateOnly), Operation: o.want.Operation, Site: o.want.Site, Actor: o.actor,
		}
		s.spent[key] += used
		s.count[key]++
	}
	return err
}

// do is an order that is carried out at once.
func (s *spender) do(actor string, w credit.Want, used credit.Credits) {
	s.t.Helper()
	o, err := s.order(actor, w)
	if err == nil {
		err = s.end(o, used)
	}
	if err != nil {
		s.t.Fatal(err)
	}
}

func (s *spender) usage(q credit.UsageQuery) []credit.UsageLine {
	s.t.Helper()
	var all []credit.UsageLine
	err := s.st.View(s.t.Context(), s.s, func(ctx context.Context, v *tenant.View) (err error) {
		all, err = credit.Usage(ctx, v, q)
		return err
	})
	if err != nil {
		s.t.Fatal(err)
	}
	return all
}

func (s *spender) roll(limit int64) (more bool, err error) {
	err = s.st.Update(s.t.Context(), s.s, func(ctx context.Context, tx *tenant.Tx) (err error) {
		more, err = credit.Roll(ctx, tx, limit)
		return err
	})
	return more, err
}

func (s *spender) rebuild() error { return s.update(credit.Rebuild) }

// check is what CheckUsage finds.
func (s *spender) check() []string {
	s.t.Helper()
	var broken []string
	err := s.st.View(s.t.Context(), s.s, func(ctx context.Context, v *tenant.View) (err error) {
		broken, err = credit.CheckUsage(ctx, v)
		return err
	})
	if err != nil {
		s.t.Fatal(err)
	}
	return broken
}

// want is the answer that q should have, by the spender's own account.
func (s *spender) want(q credit.UsageQuery) []credit.UsageLine {
	sums := map[credit.UsageLine]credit.UsageLine{}
	for key, n := range s.spent {
		day, err := time.Parse(time.DateOnly, key.Day)
		if err != nil {
			s.t.Fatal(err)
		}
		if !q.From.IsZero() && day.AddDate(0, 0, 1).Compare(q.From) <= 0 || !q.Until.IsZero() && !day.Before(q.Until) ||
			q.Operation != "" && key.Operation != q.Operation || q.Site != "" && key.Site != q.Site || q.Actor != "" && key.Actor != q.Actor {
			continue
		}
		switch q.Per {
		case credit.Week:
			for day.Weekday() != time.Monday {
				day = day.AddDate(0, 0, -1)
			}
		case credit.Month:
			day = time.Date(day.Year(), day.Month(), 1, 0, 0, 0, 0, time.UTC)
		case credit.Day:
		}
		about := credit.UsageLine{Day: day.Format(time.DateOnly)}
		if q.ByOperation {
			about.Operation = key.Operation
		}
		if q.BySite {
			about.Site = key.Site
		}
		if q.ByActor {
			about.Actor = key.Actor
		}
		l := sums[about]
		n, times := l.Credits+n, l.Count+s.count[key]
		l = about
		l.Credits, l.Count = n, times
		sums[about] = l
	}
	return slices.SortedFunc(maps.Values(sums), func(a, b credit.UsageLine) int {
		return slices.Compare([]string{a.Day, string(a.Operation), a.Site, a.Actor}, []string{b.Day, string(b.Operation), b.Site, b.Actor})
	})
}

// TestUsageIsTheLedger orders, ends, rolls and rebuilds in any order, and asks
// all sorts of questions meanwhile.
func TestUsageIsTheLedger(t *testing.T) {
	base := newHouse(t)
	actors := []string{"user:usr_a", "user:usr_b", "api_key:key_a"}
	sites := []string{"", "site_a", "site_b"}
	operations := []credit.Operation{credit.AutoCluster, credit.GenerateIdeas, credit.GenerateContent}
	rapid.Check(t, func(r *rapid.T) {
		s := newSpender(&house{t: t, d: base.d, st: base.st, s: tenanttest.New(t, base.d), hand: base.hand})
		s.grant(credit.NewLot{Source: credit.BonusCredits, Reference: "bonus", Amount: 100_000})
		began := s.hand.Clock().Now()
		var open []order
		pick := func() order {
			if len(open) == 0 {
				r.Skip()
			}
			n := rapid.IntRange(0, len(open)-1).Draw(r, "which")
			o := open[n]
			open = slices.Delete(open, n, n+1)
			return o
		}
		fatal := func(err error) {
			if err != nil {
				r.Fatal(err)
			}
		}
		r.Repeat(map[string]func(*rapid.T){
			"order": func(r *rapid.T) {
				o, err := s.order(rapid.SampledFrom(actors).Draw(r, "actor"), credit.Want{
					Amount: credit.Credits(rapid.IntRange(1, 9).Draw(r, "amount")), Reference: "x",
					Operation: rapid.SampledFrom(operations).Draw(r, "operation"), Site: rapid.SampledFrom(sites).Draw(r, "site"),
				})
				fatal(err)
				open = append(open, o)
			},
			"settle": func(r *rapid.T) {
				o := pick()
				fatal(s.end(o, credit.Credits(rapid.Int64Range(0, int64(o.want.Amount)).Draw(r, "used"))))
			},
			"release": func(*rapid.T) {
				o := pick()
				fatal(s.update(func(ctx context.Context, tx *tenant.Tx) error { return credit.Release(ctx, tx, o.id) }))
			},
			"roll": func(r *rapid.T) {
				_, err := s.roll(rapid.Int64Range(1, 20).Draw(r, "limit"))
				fatal(err)
			},
			"rolled back": func(*rapid.T) {
				lost := errors.New("lost")
				err := s.update(func(ctx context.Context, tx *tenant.Tx) error {
					if _, err := credit.Roll(ctx, tx, 20); err != nil {
						return err
					}
					return lost
				})
				if !errors.Is(err, lost) {
					r.Fatal(err)
				}
			},
			"rebuild": func(*rapid.T) { fatal(s.rebuild()) },
			"wait": func(r *rapid.T) {
				s.hand.Advance(time.Duration(rapid.IntRange(1, 80).Draw(r, "hours")) * time.Hour)
			},
			"": func(r *rapid.T) {
				q := credit.UsageQuery{
					Per:         rapid.SampledFrom([]credit.Period{"", credit.Day, credit.Week, credit.Month}).Draw(r, "per"),
					ByOperation: rapid.Bool().Draw(r, "by operation"), BySite: rapid.Bool().Draw(r, "by site"), ByActor: rapid.Bool().Draw(r, "by actor"),
					Operation: rapid.SampledFrom(append(operations, "")).Draw(r, "operation"),
					Site:      rapid.SampledFrom(sites).Draw(r, "site"), Actor: rapid.SampledFrom(append(actors, "")).Draw(r, "actor"),
				}
				if rapid.Bool().Draw(r, "bounded") {
					q.From = began.Add(time.Duration(rapid.IntRange(0, 300).Draw(r, "from")) * time.Hour)
					q.Until = q.From.Add(time.Duration(rapid.IntRange(1, 300).Draw(r, "until")) * time.Hour)
				}
				if got, want := fmt.Sprintf("%+v", s.usage(q)), fmt.Sprintf("%+v", s.want(q)); got != want {
					r.Fatalf("%+v is\n%s, want\n%s", q, got, want)
				}
				if broken := s.check(); len(broken) > 0 {
					r.Fatal(broken)
				}
			},
		})
	})
}

// TestTwoRollers lets many roll at once while somebody spends.
func TestTwoRollers(t *testing.T) {
	s := newSpender(newHouse(t))
	s.grant(credit.NewLot{Source: credit.BonusCredits, Reference: "bonus", Amount: 1000})
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			for range 12 {
				if _, err := s.roll(7); err != nil {
					t.Error(err)
				}
			}
		})
	}
	for range 40 {
		s.do("user:usr_a", credit.Want{Amount: 5, Operation: credit.AutoCluster, Reference: "x"}, 3)
	}
	all.Wait()
	if got := fmt.Sprint(s.usage(credit.UsageQuery{ByActor: true})); got != "[{2030-01-01   user:usr_a 120 40}]" {
		t.Errorf("usage %s", got)
	}
	for more := true; more; {
		var err error
		if more, err = s.roll(50); err != nil {
			t.Fatal(err)
		}
	}
	if broken := s.check(); len(broken) > 0 {
		t.Error(broken)
	}
	if err := s.rebuild(); err != nil {
		t.Fatal(err)
	}
	if broken := s.check(); len(broken) > 0 || fmt.Sprint(s.usage(credit.UsageQuery{})) != "[{2030-01-01    120 40}]" {
		t.Errorf("rebuilt: %v, %v", broken, s.usage(credit.UsageQuery{}))
	}
}

// TestCheckUsageSeesDamage changes the rollup by hand, and makes it anew.
func TestCheckUsageSeesDamage(t *testing.T) {
	s := newSpender(newHouse(t))
	s.grant(credit.NewLot{Source: credit.BonusCredits, Reference: "bonus", Amount: 1000})
	s.do("user:usr_a", credit.Want{Amount: 5, Operation: credit.AutoCluster, Reference: "x", Site: "site_a"}, 3)
	if _, err := s.order("user:usr_a", credit.Want{Amount: 5, Operation: credit.AutoCluster, Reference: "x"}); err != nil {
		t.Fatal(err)
	}
	if _, err := s.roll(100); err != nil {
		t.Fatal(err)
	}
	for q, want := range map[string]string{
		`UPDATE credit_usage SET credits = credits + 1 WHERE account_id = $1`:       `the usage of 2030-01-01 for auto_cluster by user:usr_a for site "site_a" says 4 credits in 1, and the ledger 3 in 1`,
		`UPDATE credit_usage SET count = count + 1 WHERE account_id = $1`:           `says 3 credits in 2, and the ledger 3 in 1`,
		`UPDATE credit_usage SET actor = 'user:usr_b' WHERE account_id = $1`:        `by user:usr_b for site "site_a" says 3 credits in 1, and the ledger 0 in 0`,
		`DELETE FROM credit_usage WHERE account_id = $1`:                            `says 0 credits in 0, and the ledger 3 in 1`,
		`UPDATE credit_usage_cursor SET rolled_seq = 1 WHERE account_id = $1`:       `says 3 credits in 1, and the ledger 0 in 0`,
		`UPDATE credit_usage_cursor SET rolled_seq = 99 WHERE account_id = $1`:      `the usage goes further than the ledger`,
		`UPDATE credit_usage_orders SET actor = 'user:usr_b' WHERE account_id = $1`: `who ordered work that has not ended`,
		`DELETE FROM credit_usage_orders WHERE account_id = $1`:                     `who ordered work that has not ended`,
	} {
		if broken := s.check(); len(broken) > 0 {
			t.Fatal(broken)
		}
		err := s.update(func(ctx context.Context, tx *tenant.Tx) error {
			_, err := tx.Exec(ctx, q)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		if broken := strings.Join(s.check(), "\n"); !strings.Contains(broken, want) || !strings.Contains(broken, s.s.Account().String()) {
			t.Errorf("%s: the check says %q, want %q", q, broken, want)
		}
		if err := s.rebuild(); err != nil {
			t.Fatal(err)
		}
	}
}

// TestUsageRound rolls the accounts where it is worth it, all of them.
func TestUsageRound(t *testing.T) {
	h := newHouse(t)
	q, err := job.New(h.d, slog.New(slog.DiscardHandler), job.Options{})
	if err != nil {
		t.Fatal(err)
	}
	busy, calm := newSpender(h), newSpender(&house{t: t, d: h.d, st: h.st, s: tenanttest.New(t, h.d), hand: h.hand})
	for _, s := range []*spender{busy, calm} {
		s.grant(credit.NewLot{Source: credit.BonusCredits, Reference: "bonus", Amount: 1000})
		s.do("user:usr_a", credit.Want{Amount: 1, Operation: credit.AutoCluster, Reference: "x"}, 1)
	}
	many := make([]credit.Want, 300)
	for i := range many {
		many[i] = credit.Want{Amount: 1, Operation: credit.AutoCluster, Reference: "x"}
	}
	busy.must(func(ctx context.Context, tx *tenant.Tx) error {
		_, err := credit.ReserveAll(ctx, tx, many)
		return err
	})
	if err := q.Make(t.Context(), credit.UsageRound()); err != nil {
		t.Fatal(err)
	}
	for s, want := range map[*spender]int64{busy: 303, calm: 0} {
		var rolled int64
		err := s.st.View(t.Context(), s.s, func(ctx context.Context, v *tenant.View) error {
			return v.Get(ctx, `SELECT coalesce(max(rolled_seq), 0) FROM credit_usage_cursor WHERE account_id = $1`, nil, &rolled)
		})
		if err != nil || rolled != want {
			t.Errorf("rolled up to %d, want %d, %v", rolled, want, err)
		}
		if got := fmt.Sprint(s.usage(credit.UsageQuery{ByOperation: true})); got != "[{2030-01-01 auto_cluster   1 1}]" {
			t.Errorf("usage %s", got)
		}
	}
}

// TestUsageOfAnother is nothing.
func TestUsageOfAnother(t *testing.T) {
	s := newSpender(newHouse(t))
	s.grant(credit.NewLot{Source: credit.BonusCredits, Reference: "bonus", Amount: 1000})
	s.do("user:usr_a", credit.Want{Amount: 5, Operation: credit.AutoCluster, Reference: "x"}, 3)
	other := newSpender(&house{t: t, d: s.d, st: s.st, s: tenanttest.New(t, s.d), hand: s.hand})
	for range 2 {
		if all := other.usage(credit.UsageQuery{}); len(all) != 0 {
			t.Errorf("another sees %v", all)
		}
		if _, err := other.roll(100); err != nil {
			t.Fatal(err)
		}
		if _, err := s.roll(100); err != nil {
			t.Fatal(err)
		}
	}
}

func TestUsageFilled(t *testing.T) {
	day := func(d int) time.Time { return time.Date(2030, 1, d, 0, 0, 0, 0, time.UTC) }
	lines := []credit.UsageLine{{Day: "2030-01-02", Operation: "a", Credits: 3, Count: 1}, {Day: "2030-01-03", Operation: "b", Credits: 4, Count: 2}}
	for _, c := range []struct {
		name  string
		q     credit.UsageQuery
		lines []credit.UsageLine
		want  string
	}{
		{
			"days and operations", credit.UsageQuery{From: day(1), Until: day(3).Add(time.Hour), ByOperation: true}, lines,
			"[{2030-01-01 a   0 0} {2030-01-01 b   0 0} {2030-01-02 a   3 1} {2030-01-02 b   0 0} {2030-01-03 a   0 0} {2030-01-03 b   4 2}]",
		},
		{"nothing at all", credit.UsageQuery{From: day(1), Until: day(3)}, nil, "[{2030-01-01    0 0} {2030-01-02    0 0}]"},
		{"no operation", credit.UsageQuery{From: day(1), Until: day(3), ByOperation: true}, nil, "[]"},
		{"weeks begin on Monday", credit.UsageQuery{From: day(1), Until: day(15), Per: credit.Week}, nil, "[{2029-12-31    0 0} {2030-01-07    0 0} {2030-01-14    0 0}]"},
		{"months", credit.UsageQuery{From: day(31), Until: day(61), Per: credit.Month}, nil, "[{2030-01-01    0 0} {2030-02-01    0 0} {2030-03-01    0 0}]"},
	} {
		got, err := c.q.Filled(c.lines)
		if err != nil || fmt.Sprint(got) != c.want {
			t.Errorf("%s: %v, %v, want %s", c.name, got, err, c.want)
		}
	}
	if _, err := (credit.UsageQuery{From: day(1), Until: time.Date(9000, 1, 1, 0, 0, 0, 0, time.UTC)}).Filled(nil); !errors.Is(err, credit.ErrUsageTooWide) {
		t.Errorf("seven thousand years of days: %v", err)
	}
}
