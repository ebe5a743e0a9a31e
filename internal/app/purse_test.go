package app

import (
	"fmt"
	"math"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/anishathalye/porcupine"
)

// purse is what the credits of one account are said to be: the specification
// that a history of many clients is held against.
type purse struct {
	available, held int64
	open            []opened // by id; a hold whose answer was lost is in held alone, for nobody can name it
}

type opened struct {
	id     string
	amount int64
}

// wish is what a client asks for.
type wish struct {
	kind string // reserve, settle, release, extend, adjust, read
	hold string // which one, of settle, release and extend
	n    int64  // credits
}

// told is what it is answered.
type told struct {
	lost   bool // it is not known what, nor whether anything was done
	status int
	hold   string // the one that was made
	state  string // of the hold

	amount, used            int64 // of the hold
	available, held, needed int64 // after it, or why not
}

// does is what a purse answers to a wish, and the purse after it. A hold that
// is made is called id.
func (p purse) does(w wish, id string) (told, purse) {
	at, found := slices.BinarySearchFunc(p.open, w.hold, func(o opened, id string) int { return strings.Compare(o.id, id) })
	switch w.kind {
	case "read":
		return told{status: http.StatusOK, available: p.available, held: p.held}, p
	case "adjust":
		if p.available+w.n < 0 {
			return p.short(-w.n), p
		}
		p.available += w.n
		return told{status: http.StatusOK, available: p.available, held: p.held}, p
	case "reserve":
		if p.available < w.n {
			return p.short(w.n), p
		}
		p.available, p.held = p.available-w.n, p.held+w.n
		if id != "" {
			at, _ := slices.BinarySearchFunc(p.open, id, func(o opened, id string) int { return strings.Compare(o.id, id) })
			p.open = slices.Insert(slices.Clone(p.open), at, opened{id, w.n})
		}
		return told{status: http.StatusCreated, hold: id, state: "open", amount: w.n}, p
	}
	if !found { // it was: nobody names one before it is made
		return told{status: http.StatusConflict}, p
	}
	o := p.open[at]
	if w.kind == "extend" {
		return told{status: http.StatusOK, state: "open", amount: o.amount}, p
	}
	out := told{status: http.StatusOK, state: "released", amount: o.amount}
	if w.kind == "settle" {
		out.state, out.used = "settled", min(w.n, o.amount)
	}
	p.available, p.held = p.available+o.amount-out.used, p.held-o.amount
	p.open = slices.Delete(slices.Clone(p.open), at, at+1)
	return out, p
}

func (p purse) short(needed int64) told {
	return told{status: http.StatusPaymentRequired, available: p.available, held: p.held, needed: needed}
}

// pursed is the model of an account that has credits to begin with. Of an
// operation whose answer was lost any answer is right: it has its effect
// whenever that fits, which may be after all others and so never.
func pursed(first purse) porcupine.Model {
	return porcupine.Model{
		Init: func() any { return first },
		Step: func(state, input, output any) (bool, any) {
			got := output.(told)
			want, next := state.(purse).does(input.(wish), got.hold)
			return got.lost || got == want, next
		},
		Equal: func(a, b any) bool {
			x, y := a.(purse), b.(purse)
			return x.available == y.available && x.held == y.held && slices.Equal(x.open, y.open)
		},
		DescribeOperation: func(input, output any) string { return fmt.Sprintf("%+v: %+v", input, output) },
		DescribeState:     func(state any) string { return fmt.Sprintf("%+v", state) },
	}
}

// never is when an answer that was lost came.
const never = math.MaxInt64

// TestThePurseRefusesWhatCannotBe has histories as a broken teller would write
// them, and beside each one the nearest that a whole one may.
func TestThePurseRefusesWhatCannotBe(t *testing.T) {
	t.Parallel()
	step := func(call, back int64, w wish, a told) porcupine.Operation {
		return porcupine.Operation{ClientId: int(call), Input: w, Output: a, Call: call, Return: back}
	}
	created := func(id string, n int64) told {
		return told{status: http.StatusCreated, hold: id, state: "open", amount: n}
	}
	reads := func(available, held int64) told {
		return told{status: http.StatusOK, available: available, held: held}
	}
	short := func(needed, available, held int64) told {
		return told{status: http.StatusPaymentRequired, available: available, held: held, needed: needed}
	}
	released, spent, lost := told{status: http.StatusOK, state: "released", amount: 1}, told{status: http.StatusConflict}, told{lost: true}
	reserve, read, settle, release := wish{kind: "reserve", n: 1}, wish{kind: "read"}, wish{kind: "settle", hold: "a", n: 1}, wish{kind: "release", hold: "a"}
	settled := told{status: http.StatusOK, state: "settled", amount: 1, used: 1}
	for _, tt := range []struct {
		name string
		all  []porcupine.Operation
		ok   bool
	}{
		{"the last credit is reserved twice at once", []porcupine.Operation{step(1, 9, reserve, created("a", 1)), step(2, 8, reserve, created("b", 1))}, false},
		{"the last credit is reserved once", []porcupine.Operation{step(1, 9, reserve, created("a", 1)), step(2, 8, reserve, short(1, 0, 1))}, true},
		{"who is refused is told of the credit that he is refused", []porcupine.Operation{step(1, 9, reserve, created("a", 1)), step(2, 8, reserve, short(1, 1, 0))}, false},
		{"a balance from before a reservation that was answered", []porcupine.Operation{step(1, 2, reserve, created("a", 1)), step(3, 4, read, reads(1, 0))}, false},
		{"a balance from before a reservation that goes on", []porcupine.Operation{step(1, 4, reserve, created("a", 1)), step(2, 3, read, reads(1, 0))}, true},
		{"a balance that goes back", []porcupine.Operation{
			step(1, 9, reserve, created("a", 1)), step(2, 3, read, reads(0, 1)), step(4, 5, read, reads(1, 0)),
		}, false},
		{"a balance of two moments", []porcupine.Operation{step(1, 9, reserve, created("a", 1)), step(2, 3, read, reads(0, 0))}, false},
		{"a hold that ends twice", []porcupine.Operation{
			step(1, 2, reserve, created("a", 1)), step(3, 9, settle, settled), step(4, 8, release, released),
		}, false},
		{"a hold that ends once", []porcupine.Operation{
			step(1, 2, reserve, created("a", 1)), step(3, 9, settle, settled), step(4, 8, release, spent),
		}, true},
		{"a hold that lives on", []porcupine.Operation{
			step(1, 2, reserve, created("a", 1)), step(3, 4, release, released), step(5, 6, wish{kind: "extend", hold: "a"}, told{status: http.StatusOK, state: "open", amount: 1}),
		}, false},
		{"refused what was given back", []porcupine.Operation{
			step(1, 2, reserve, created("a", 1)), step(3, 4, release, released), step(5, 6, reserve, short(1, 0, 1)),
		}, false},
		{"a grant that counts twice", []porcupine.Operation{step(1, 2, wish{kind: "adjust", n: 2}, reads(3, 0)), step(3, 4, read, reads(5, 0))}, false},
		{"a taking below nothing", []porcupine.Operation{step(1, 2, wish{kind: "adjust", n: -2}, reads(-1, 0))}, false},
		{"an answer that was lost, and was done", []porcupine.Operation{step(1, never, reserve, lost), step(2, 3, read, reads(0, 1))}, true},
		{"an answer that was lost, and was done later", []porcupine.Operation{
			step(1, never, reserve, lost), step(2, 3, read, reads(1, 0)), step(4, 5, read, reads(0, 1)),
		}, true},
		{"an answer that was lost, and was never done", []porcupine.Operation{step(1, never, reserve, lost), step(2, 3, reserve, created("b", 1))}, true},
		{"an answer that was lost, and was done and undone", []porcupine.Operation{
			step(1, never, reserve, lost), step(2, 3, read, reads(0, 1)), step(4, 5, read, reads(1, 0)),
		}, false},
	} {
		if got := porcupine.CheckOperations(pursed(purse{available: 1}), tt.all); got != tt.ok {
			t.Errorf("%s: accepted is %t", tt.name, got)
		}
	}
}
