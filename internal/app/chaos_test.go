package app

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"igny8/internal/clock"
	"igny8/internal/config"
	"igny8/internal/credit"
	"igny8/internal/db/dbtest"
	"igny8/internal/tenant"
)

var chaosRounds = flag.Int("chaos.rounds", 3, "how often TestChaos kills a loaded server")

// chaosChild tells the process that is killed where its database is, its folder,
// and perhaps its models.
const chaosChild = "IGNY8_APP_TEST_CHILD"

// TestChaosServer is no test but the server that is killed.
func TestChaosServer(t *testing.T) {
	told := strings.Fields(os.Getenv(chaosChild))
	if len(told) < 2 {
		t.Skip("is run by the test that kills it")
	}
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	cfg := config.Config{Addr: "127.0.0.1:0", Data: told[1], Database: told[0], AI: config.AI{Provider: config.Offline}, Debug: true, PrivateSites: true}
	if len(told) > 2 {
		cfg.AI = config.AI{Provider: config.OpenAI, BaseURL: told[2], Model: "m"}
	}
	ln, err := listen(ctx, cfg.Addr)
	if err != nil {
		t.Fatal(err)
	}
	cfg.BaseURL = "http://" + ln.Addr().String()
	s, err := build(ctx, cfg, slog.New(slog.DiscardHandler), clock.Clock{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stdout.WriteString("at " + cfg.BaseURL + "\n"); err != nil {
		t.Fatal(err)
	}
	go func() {
		_, _ = bufio.NewReader(os.Stdin).ReadString('\n') // the parent is gone, or has enough of it
		stop()
	}()
	if err := errors.Join(s.serve(ctx, ln), s.close()); err != nil {
		t.Error(err)
	}
}

// victim is a server in a process of its own.
type victim struct {
	t    *testing.T
	base string
	cmd  *exec.Cmd
}

func startVictim(t *testing.T, told ...string) *victim {
	t.Helper()
	v := &victim{t: t, cmd: exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestChaosServer$", "-test.timeout=10m")}
	v.cmd.Env = append(os.Environ(), chaosChild+"="+strings.Join(told, " "))
	in, err := v.cmd.StdinPipe() // closes when this process dies, and the child with it
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = in.Close() }) // the process at its other end is gone
	out, err := v.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := v.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var heard []string
	for said := bufio.NewScanner(out); said.Scan(); {
		heard = append(heard, said.Text())
		if base, ok := strings.CutPrefix(said.Text(), "at "); ok {
			v.base = base
			return v
		}
	}
	t.Fatalf("the server does not start; it said %q", heard)
	return nil
}

// kill ends the process as a power cut of the program would: it hears nothing.
func (v *victim) kill() {
	v.t.Helper()
	if err := v.cmd.Process.Kill(); err != nil {
		v.t.Error(err)
	}
	var killed *exec.ExitError
	if err := v.cmd.Wait(); !errors.As(err, &killed) || killed.Exited() {
		v.t.Fatalf("the server was to die of SIGKILL: %v", err)
	}
}

// promise is what a server has answered about a hold, and what was asked of it
// without an answer.
type promise struct {
	amount int
	until  time.Time
	state  string // open, settled or released, as it was last answered
	used   int
	doubt  bool // something was asked, and the server died over it
}

// chaos is one account and what its programs were told.
type chaos struct {
	t     *testing.T
	who   object // signs in
	token string
	site  string

	mu       sync.Mutex
	holds    map[string]*promise
	unheard  int // reservations asked for without an answer
	orders   map[string]bool
	answered int
}

// ask sends a request to a server that may die over it.
func (c *chaos) ask(ctx context.Context, base, method, path string, body any) (answer, bool) {
	h := &house{t: c.t, base: base}
	a, err := h.try(ctx, method, path, c.token, body)
	return a, err == nil
}

// load is one program that reserves, settles, releases and orders articles
// until the server does not answer any more.
func (c *chaos) load(ctx context.Context, base string, rnd *rand.Rand) {
	for ctx.Err() == nil {
		if rnd.IntN(12) == 0 {
			if !c.order(ctx, base) {
				return
			}
			continue
		}
		a, ok := c.ask(ctx, base, "POST", "/billing/credits/holds", object{"operation": "generate_content", "units": 50 + rnd.IntN(500), "reference": "chaos", "lease_seconds": 2 + rnd.IntN(3)})
		if !ok {
			c.mu.Lock()
			c.unheard++
			c.mu.Unlock()
			return
		}
		if a.status != http.StatusCreated {
			c.t.Errorf("reserve: %d %s", a.status, a.body)
			return
		}
		p := &promise{amount: a.number("amount"), state: "open", until: at(a.text("lease_until"))}
		id := a.text("id")
		c.mu.Lock()
		c.holds[id] = p
		c.answered++
		c.mu.Unlock()
		end, body := "release", object(nil)
		switch rnd.IntN(4) {
		case 0:
			continue // forgotten
		case 1, 2:
			end, body = "settle", object{"units": rnd.IntN(400)}
		}
		a, ok = c.ask(ctx, base, "POST", "/billing/credits/holds/"+id+"/"+end, body)
		c.mu.Lock()
		switch {
		case !ok:
			p.doubt = true
		case a.status == http.StatusOK:
			p.state, p.used = a.text("state"), a.number("used")
			c.answered++
		case a.status != http.StatusConflict || time.Now().Before(p.until):
			c.t.Errorf("%s: %d %s", end, a.status, a.body)
		}
		c.mu.Unlock()
		if !ok {
			return
		}
	}
}

// order orders an article: its credits are held with the job in one
// transaction.
func (c *chaos) order(ctx context.Context, base string) bool {
	a, ok := c.ask(ctx, base, "POST", "/writer/tasks", object{"site_id": c.site, "title": "Under fire", "words": 100})
	if !ok {
		return false
	}
	a, ok = c.ask(ctx, base, "POST", "/writer/tasks/generate_content", object{"task_ids": []string{a.text("id")}})
	if ok {
		c.mu.Lock()
		c.orders[a.text("job.id")] = true
		c.answered++
		c.mu.Unlock()
	}
	return ok
}

func at(s string) time.Time {
	t, err := time.Parse(time.RFC3339Nano, s)
	if err != nil {
		panic(err) // the server writes RFC 3339
	}
	return t
}

// check compares what was answered with what the database says.
func (c *chaos) check(st *tenant.Store, s tenant.Scope) {
	c.t.Helper()
	err := st.View(c.t.Context(), s, func(ctx context.Context, v *tenant.View) error {
		for id, p := range c.holds {
			hid, err := credit.ParseHoldID(id)
			if err != nil {
				return err
			}
			got, err := credit.LoadHeld(ctx, v, hid)
			if err != nil {
				c.t.Errorf("a hold that was answered: %v", err)
				continue
			}
			lapsed := p.state == "open" && got.State == "released" && !v.Now().Before(p.until)
			if int(got.Amount) != p.amount || !p.doubt && !lapsed && (got.State != p.state || int(got.Used) != p.used) {
				c.t.Errorf("hold %s is %+v, and %+v was answered", id, got, *p)
			}
			if got.State == "open" && got.Until.Before(v.Now()) {
				c.t.Errorf("hold %s has outlived its lease: %+v", id, got)
			}
		}
		broken, err := credit.Verify(ctx, v)
		for _, b := range broken {
			c.t.Error(b)
		}
		return err
	})
	if err != nil {
		c.t.Fatal(err)
	}
}

// TestChaos kills a server under load, again and again (make chaos: 200 times).
// What was answered is in the ledger, nothing is half done, every hold ends
// within its lease, and what was ordered is done by who comes after.
func TestChaos(t *testing.T) {
	url, data := dbtest.URL(t), filepath.Join(t.TempDir(), "data")
	v := startVictim(t, url, data)
	h := &house{t: t, base: v.base}
	who := someone("trial", "")
	r := h.send("POST", "/auth/register", "", who).is(http.StatusCreated)
	c := &chaos{t: t, who: object{"email": who["email"], "password": who["password"]}, token: r.text("access_token"), holds: map[string]*promise{}, orders: map[string]bool{}}
	c.site = h.send("POST", "/sites", c.token, object{"name": "Chaos", "domain": "chaos.example"}).is(http.StatusCreated).text("id")
	acc, err := tenant.ParseAccountID(r.text("account.id"))
	if err != nil {
		t.Fatal(err)
	}
	st, s := tenant.NewStore(dbtest.Reopen(t, url, clock.Clock{})), tenant.Mint(acc, tenant.Actor{Kind: tenant.System, ID: "test"}, tenant.AllPermissions)
	err = st.Update(t.Context(), s, func(ctx context.Context, tx *tenant.Tx) error {
		_, err := credit.Grant(ctx, tx, credit.NewLot{Source: credit.Purchase, Reference: "chaos", Amount: 10_000_000})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	seed := rand.Uint64()
	rnd := rand.New(rand.NewPCG(seed, 0))
	for round := range *chaosRounds {
		var clients sync.WaitGroup
		for i := range 6 {
			clients.Go(func() { c.load(t.Context(), v.base, rand.New(rand.NewPCG(seed, uint64(1+round*10+i)))) })
		}
		time.Sleep(time.Duration(20+rnd.IntN(200)) * time.Millisecond)
		v.kill()
		clients.Wait()
		v = startVictim(t, url, data)
		c.check(st, s)
		if t.Failed() {
			t.Fatalf("in round %d of seed %d", round+1, seed)
		}
		h.base = v.base
		c.token = h.send("POST", "/auth/login", "", c.who).is(http.StatusOK).text("access_token")
	}
	v.kill()
	t.Logf("%d answers, of which %d holds and %d orders, and %d requests that died unheard; seed %d", c.answered, len(c.holds), len(c.orders), c.unheard, seed)
	c.end(url, data, s)
}

// end is the process that comes when the dead ones' hearts have stopped for
// long: it does what they were asked for, and of nothing is anything held.
func (c *chaos) end(url, data string, s tenant.Scope) {
	c.t.Helper()
	later := clock.At(clock.Clock{}.Now().Add(2 * time.Minute))
	h := openOn(c.t, later, config.Config{Addr: "127.0.0.1:0", Data: data, Database: url, AI: config.AI{Provider: config.Offline}, Debug: true})
	c.token = h.send("POST", "/auth/login", "", c.who).is(http.StatusOK).text("access_token")
	for jid := range c.orders {
		h.done(c.token, jid)
	}
	b := h.send("GET", "/billing/credits", c.token, nil).is(http.StatusOK)
	if b.number("held") != 0 {
		c.t.Errorf("%d credits are held by nobody", b.number("held"))
	}
	c.check(h.s.store, s)
}
