package main

import (
	"bytes"
	"context"
	"encoding/xml"
	"errors"
	"io"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"

	"igny8/internal/db"
	"igny8/internal/db/dbtest"
)

// everyPeer opens each peer of the engine that the tests run on.
func everyPeer(t *testing.T, f func(t *testing.T, d desk, url string)) {
	for name, open := range openers(dbtest.Engine()) {
		t.Run(name, func(t *testing.T) {
			url := dbtest.BareURL(t)
			d, err := open(t.Context(), place{url: url, pool: 8, accounts: 20})
			if err != nil {
				t.Fatal(err)
			}
			defer func() {
				if err := d.close(); err != nil {
					t.Error(err)
				}
			}()
			f(t, d, url)
		})
	}
}

func TestPeersKeepTheirBooks(t *testing.T) {
	everyPeer(t, func(t *testing.T, d desk, _ string) {
		c := counter{desk: d}
		for _, s := range []setting{
			{clients: 1, hot: true},
			{clients: 8, hot: true, settles: true},
			{clients: 8, settles: true, http: true},
			{clients: 8},
		} {
			if _, err := c.measure(t.Context(), s, 20*time.Millisecond); err != nil {
				t.Fatalf("%s: %v", s, err)
			}
		}
		if c.told.reserved == 0 || c.told.settled == 0 {
			t.Errorf("nobody came: %+v", c.told)
		}
		if err := d.check(t.Context(), tally{c.told.reserved + 1, c.told.settled}); err == nil {
			t.Error("work that has no entry was not noticed")
		}
	})
}

func TestPeersNoticeWrongBooks(t *testing.T) {
	for _, damage := range []string{
		`UPDATE balances SET available = available + 1 WHERE account = 7`,
		`UPDATE balances SET held = held + 1 WHERE account = 8`,
		`UPDATE entries SET balance_after = balance_after + 1`,
	} {
		everyPeer(t, func(t *testing.T, d desk, url string) {
			if _, own := d.(*product); own {
				t.Skip("the product's books are tampered with in internal/credit")
			}
			if _, err := d.reserve(t.Context(), 7); err != nil {
				t.Fatal(err)
			}
			if err := d.check(t.Context(), tally{reserved: 1}); err != nil {
				t.Fatal(err)
			}
			dbtest.AsOwner(t, url, damage)
			if err := d.check(t.Context(), tally{reserved: 1}); err == nil {
				t.Errorf("not noticed: %s", damage)
			}
		})
	}
}

func TestPeersRefuseToSettleWhatIsNotHeld(t *testing.T) {
	everyPeer(t, func(t *testing.T, d desk, _ string) {
		if err := d.settle(t.Context(), 7, "a hold that is none"); err == nil {
			t.Error("it was settled")
		}
		if err := d.check(t.Context(), tally{}); err != nil {
			t.Error(err)
		}
	})
}

// lossy forgets every third hold and says that it was kept.
type lossy struct {
	desk
	n int
}

func (l *lossy) reserve(ctx context.Context, account int) (string, error) {
	if l.n++; l.n%3 == 0 {
		return "lost", nil
	}
	return l.desk.reserve(ctx, account)
}

func TestLostWorkIsNoticed(t *testing.T) {
	everyPeer(t, func(t *testing.T, d desk, _ string) {
		c := counter{desk: &lossy{desk: d}}
		if _, err := c.measure(t.Context(), setting{clients: 1, hot: true}, 20*time.Millisecond); err == nil {
			t.Error("nobody noticed")
		}
	})
}

type broken struct{ desk }

var errBroken = errors.New("broken")

func (broken) reserve(context.Context, int) (string, error) { return "", errBroken }

func TestAnErrorEndsTheWindow(t *testing.T) {
	for _, http := range []bool{false, true} {
		c := counter{desk: broken{}}
		if _, err := c.measure(t.Context(), setting{clients: 2, http: http}, time.Minute); err == nil || !strings.Contains(err.Error(), "broken") {
			t.Errorf("over HTTP %t: %v", http, err)
		}
	}
}

func TestArrange(t *testing.T) {
	got := arrange([]asked{
		{move: move{account: 5, available: -1, held: 1, hold: "a"}},
		{move: move{account: 3, available: -1, held: 1, hold: "b"}},
		{move: move{account: 5, available: -1, held: 1, hold: "c"}},
		{move: move{account: 5, held: -1, hold: "a"}},
	})
	var want batch
	want.accounts, want.available, want.held = []int64{5, 3}, []int64{-2, -1}, []int64{1, 1}
	want.moves.accounts, want.moves.holds = []int64{5, 3, 5, 5}, []string{"a", "b", "c", "a"}
	want.moves.available, want.moves.held = []int64{-1, -1, -1, 0}, []int64{1, 1, 1, -1}
	want.moves.running = []int64{-1, -1, -2, -2}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v\nwant %+v", got, want)
	}
}

func samples(speeds ...float64) []sample {
	all := make([]sample, len(speeds))
	for i, v := range speeds {
		all[i] = sample{perSecond: v, p50: 0.001, p99: 0.002}
	}
	return all
}

func TestRatioIsTakenRoundByRound(t *testing.T) {
	of := map[string][]sample{
		ours: samples(100, 50, 300), naive: samples(10, 10, 100), // 10, 5, 3
		single: samples(0, 1, 1), batched: samples(1),
	}
	if got := times(of, ours, naive); got != "5.00" {
		t.Errorf("got %s; want 5.00, which is not the ratio of the medians", got)
	}
	if got := timesWithin(of, ours, naive); got != "5.00 (3.00 to 10.0)" {
		t.Errorf("got %s", got)
	}
	for _, peer := range []string{single, batched, guarded, ours} {
		if got := times(of, ours, peer) + timesWithin(of, ours, peer); got != "" {
			t.Errorf("beside %s, which did nothing, or not as often, or was not there, or is the same: %s", peer, got)
		}
	}
}

func TestSummary(t *testing.T) {
	var took []time.Duration
	for i := range 200 {
		took = append(took, time.Duration(200-i)*time.Millisecond)
	}
	got := summary(took, 2*time.Second)
	if want := (sample{perSecond: 100, p50: 0.101, p99: 0.199}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if got := summary(nil, time.Second); got != (sample{}) {
		t.Errorf("of nothing: %+v", got)
	}
}

func TestSettings(t *testing.T) {
	if n := len(settings(regexp.MustCompile(""))); n != 48 {
		t.Errorf("%d settings", n)
	}
	got := settings(regexp.MustCompile("^sqlite, reserve, hot account, 64 clients, http$"))
	if want := []setting{{engine: db.SQLite, hot: true, clients: 64, http: true}}; !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	for _, g := range goals {
		if len(settings(regexp.MustCompile("^"+g.at.String()+"$"))) != 1 {
			t.Errorf("a goal is not measured: %s", g.at)
		}
	}
}

// two is what a bench of two settings might have measured.
func two() measured {
	return measured{
		drawn[0]: {naive: samples(900, 1000, 1100), single: samples(2000), ours: samples(31_000, 30_000, 29_000)},
		drawn[3]: {naive: samples(4000), ours: samples(20_000)},
	}
}

func TestTable(t *testing.T) {
	var b bytes.Buffer
	if err := showCredits(&b, []setting{drawn[0], drawn[3]}, two()); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		`hot account, 64 clients, in process +naive +1000 /s +900 /s +1100 /s +1\.00 ms +2\.00 ms`,
		`hot account, 64 clients, in process +naive +30\.0 +30\.0 \(26\.4 to 34\.4\) +met\n`,
		`hot account, 64 clients, in process +single +20\.0 *\n`,
		`10000 accounts, 64 clients, in process +naive +6\.00 +5\.00 \(5\.00 to 5\.00\) +missed\n`,
	} {
		if !regexp.MustCompile(want).MatchString(b.String()) {
			t.Errorf("no line like %s in\n%s", want, b.String())
		}
	}
}

func TestPlot(t *testing.T) {
	got := plot(two())
	if got != plot(two()) {
		t.Error("the same figures do not give the same text")
	}
	for d := xml.NewDecoder(strings.NewReader(got)); ; {
		_, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatalf("%v in\n%s", err, got)
		}
	}
	for _, want := range []string{
		`width="500.0" height="16" fill="#2563eb"`, // ours is the longest
		`>30000 /s</text>`, `>1000 /s</text>`, `width="16.7"`,
	} {
		if !strings.Contains(got, want) {
			t.Errorf("no %s in\n%s", want, got)
		}
	}
	if n := strings.Count(got, "bold"); n != 2 {
		t.Errorf("%d headings", n)
	}
	if got := plot(nil); !strings.HasPrefix(got, "<svg") {
		t.Errorf("of nothing: %s", got)
	}
}

func TestDescribeSaysWhatACommitIs(t *testing.T) {
	var b bytes.Buffer
	if err := describeSQLite(t.Context(), &b); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(b.String(), "synchronous FULL") {
		t.Error(b.String())
	}
	if dbtest.Engine() != db.Postgres {
		return
	}
	// The servers of tests wait for no disk.
	if err := describePostgres(t.Context(), options{database: dbtest.BareURL(t)}, &b); err == nil || !strings.Contains(err.Error(), "not durable: ") {
		t.Errorf("a server without fsync was taken: %v", err)
	}
}
