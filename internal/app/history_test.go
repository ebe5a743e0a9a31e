package app

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"
)

// operations is how long the history is: go test -run History -args -operations 20000
var operations = flag.Int("operations", 400, "how many operations the history of an account has")

// historian writes down what the clients of one account ask two processes, and
// when they are answered what.
type historian struct {
	t       *testing.T
	houses  []*house
	owner   string // an access token of the account
	staff   string // and of the staff
	account string // where the staff finds the account
	start   time.Time

	mu       sync.Mutex
	all      []porcupine.Operation
	holds    []string // that were told of, oldest first
	seen     map[string]int
	repeated int // were lost, sent again, and answered
}

// TestTheHistoryOfAnAccountIsLinear lets clients of one account reserve,
// settle, release, extend, read, give and take at two processes at once, some
// of whom go away before they are answered. All that anybody was told must be
// what one purse would have said, had it been asked one after the other, each
// between its question and its answer.
func TestTheHistoryOfAnAccountIsLinear(t *testing.T) {
	t.Parallel()
	houses := twoProcesses(t)
	h := houses[0]
	r := h.send("POST", "/auth/register", "", someone("trial", "")).is(http.StatusCreated)
	log := &historian{
		t: t, houses: houses, owner: r.text("access_token"), staff: h.operator(), account: "/admin/accounts/" + r.text("account.id"),
		start: time.Now(), seen: map[string]int{},
	}
	const first = 20 // little enough that many are refused
	h.send("POST", log.account+"/credits", log.staff, object{"amount": first - 1000, "reason": "test"}, "Idempotency-Key", "first").is(http.StatusOK)

	const clients = 8
	seed := rand.Uint64()
	var wg sync.WaitGroup
	for n := range clients {
		wg.Go(func() {
			c := &client{historian: log, n: n, dice: rand.New(rand.NewPCG(seed, uint64(n)))}
			for i := range *operations / clients {
				c.does(c.wish(), fmt.Sprintf("%d-of-%d", i, n))
			}
		})
	}
	wg.Wait()
	for n := range houses { // and at last both say the same
		(&client{historian: log, n: n}).does(wish{kind: "read"}, "")
	}
	t.Logf("seed %d, %d operations, %d of them lost and sent again: %v", seed, len(log.all), log.repeated, log.seen)
	for _, kind := range []string{"reserve 201", "reserve 402", "settle 200", "settle 409", "release 200", "extend 200", "adjust 200", "read 200"} {
		if log.seen[kind] == 0 {
			t.Errorf("nobody was answered %s: the history says little", kind)
		}
	}
	log.check(pursed(purse{available: first}))
	h.verify()
}

// check fails the test unless the history is one of the model's, and leaves a
// page that shows where it is not.
func (l *historian) check(m porcupine.Model) {
	l.t.Helper()
	const patience = 2 * time.Minute
	switch porcupine.CheckOperationsTimeout(m, l.all, patience) {
	case porcupine.Ok:
		return
	case porcupine.Unknown:
		l.t.Fatalf("whether %d operations are linear is not known after %s", len(l.all), patience)
	case porcupine.Illegal:
	}
	_, info := porcupine.CheckOperationsVerbose(m, l.all, patience)
	f, err := os.CreateTemp("", "igny8-history-*.html")
	if err != nil {
		l.t.Fatal(err)
	}
	if err := porcupine.Visualize(m, info, f); err != nil {
		l.t.Error(err)
	}
	if err := f.Close(); err != nil {
		l.t.Error(err)
	}
	l.t.Errorf("no order of these operations explains their answers; %s shows it in a browser", f.Name())
}

// client asks for one thing after the other.
type client struct {
	*historian
	n    int
	dice *rand.Rand // nil: goes away never
}

// wish is what the client wants next.
func (c *client) wish() wish {
	some := 1 + c.dice.Int64N(6)
	which := c.dice.IntN(100)
	switch {
	case which < 30:
		return wish{kind: "reserve", n: some}
	case which < 55:
		return wish{kind: "read"}
	case which < 65 && c.dice.IntN(2) == 0:
		return wish{kind: "adjust", n: -some}
	case which < 65:
		return wish{kind: "adjust", n: 2 * some}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	recent := c.holds[max(0, len(c.holds)-12):]
	if len(recent) == 0 {
		return wish{kind: "read"}
	}
	hold := recent[c.dice.IntN(len(recent))]
	switch {
	case which < 80:
		return wish{kind: "settle", hold: hold, n: some}
	case which < 90:
		return wish{kind: "release", hold: hold}
	default:
		return wish{kind: "extend", hold: hold}
	}
}

// hurry is one in how many goes away: of a long history fewer, for what may have
// happened at any time makes the order hard to find.
func hurry() int { return max(8, *operations/50) }

// does asks until there is an answer, or leaves it at not knowing, and writes
// down which. Who does not know sends the same request with the same key, to
// the other process: that is one operation, whatever it takes.
func (c *client) does(w wish, key string) {
	call := time.Since(c.start)
	here := c.houses[c.n%2]
	hurried, gives := false, false
	if c.dice != nil {
		hurried, gives = c.dice.IntN(hurry()) == 0, c.dice.IntN(2) == 0
	}
	a, answered := c.ask(here, w, key, hurried)
	again := !answered && !gives
	for try := 0; again && !answered; try++ {
		if try == 1000 {
			c.t.Fatalf("%+v with key %q is never answered", w, key)
		}
		a, answered = c.ask(c.houses[(c.n+1)%2], w, key, false)
	}
	back := int64(time.Since(c.start))
	if !answered {
		a, back = told{lost: true}, never
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if again {
		c.repeated++
	}
	c.seen[fmt.Sprint(w.kind, " ", a.status)]++
	c.all = append(c.all, porcupine.Operation{ClientId: c.n, Input: w, Output: a, Call: int64(call), Return: back})
	if a.hold != "" {
		c.holds = append(c.holds, a.hold)
	}
}

// ask sends a wish once. Who is hurried goes away soon, answered or not.
func (c *client) ask(h *house, w wish, key string, hurried bool) (_ told, answered bool) {
	ctx := c.t.Context()
	if hurried {
		var stop context.CancelFunc
		ctx, stop = context.WithTimeout(ctx, time.Duration(c.dice.IntN(10_000))*time.Microsecond)
		defer stop()
	}
	const holds = "/billing/credits/holds"
	method, path, credential, body := "POST", holds+"/"+w.hold+"/"+w.kind, c.owner, any(nil)
	switch w.kind { // a credit of auto_cluster is a hundred units
	case "reserve":
		path, body = holds, object{"operation": "auto_cluster", "units": 100 * w.n, "reference": key}
	case "settle":
		body = object{"units": 100 * w.n}
	case "extend":
		body = object{}
	case "adjust":
		path, credential, body = c.account+"/credits", c.staff, object{"amount": w.n, "reason": "test"}
	case "read":
		method, path = "GET", "/billing/credits"
	}
	var header []string
	if method == "POST" {
		header = []string{"Idempotency-Key", key}
	}
	a, err := h.try(ctx, method, path, credential, body, header...)
	if err != nil {
		if !hurried {
			c.t.Fatal(err)
		}
		return told{}, false
	}
	return c.heard(w, a)
}

// balance is what an answer says of the credits.
type balance struct {
	Available, Held int64
	Lots            []struct{ Remaining int64 }
}

// heard reads an answer. One that says to ask again is none.
func (c *client) heard(w wish, a answer) (out told, answered bool) {
	var b struct {
		balance
		ID, State, Code      string
		Amount, Used, Needed int64
		Credits              balance
	}
	if err := json.Unmarshal(a.body, &b); err != nil {
		c.t.Fatalf("%s: %v in %s", a.what, err, a.body)
	}
	if w.kind == "adjust" && a.status == http.StatusOK {
		b.balance = b.Credits
	}
	switch out.status = a.status; {
	case a.status == http.StatusPaymentRequired:
		out.available, out.held, out.needed = b.Available, b.Held, b.Needed
	case a.status == http.StatusConflict && b.Code == "credit.hold_spent":
	case a.status == http.StatusConflict && b.Code == "idempotency.in_progress", a.status == http.StatusServiceUnavailable:
		return told{}, false
	case a.status >= http.StatusBadRequest:
		c.t.Fatalf("%s: %d %s", a.what, a.status, a.body)
	case w.kind == "read", w.kind == "adjust":
		out.available, out.held = b.Available, b.Held
		for _, l := range b.Lots {
			b.Available -= l.Remaining
		}
		if b.Available != 0 {
			c.t.Errorf("%s: the lots do not have what is available: %s", a.what, a.body)
		}
	default:
		out.state, out.amount, out.used = b.State, b.Amount, b.Used
		if w.kind == "reserve" {
			out.hold = b.ID
		}
	}
	return out, true
}
